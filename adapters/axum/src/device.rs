//! Which request carries which signed message of a device?
//!
//! No cookie is read here and none is set: a device is its key, so there is nothing that another site could
//! make a browser send. Whether a message is authentic, fresh and allowed is the engine's to say.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State, rejection::JsonRejection},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use http::{HeaderValue, StatusCode, header};
use idp_core::{
    Error, Refusal,
    engine::{DeviceReply, DeviceRequest, Engine},
};
use idp_protocol::message::{
    AddDecision, CibaDecision, EnrolDecision, GrantDecision, Hello, Message, Pending, Posted, PushDecision,
    QrClaim, QrDecision, Register, Update,
};

use crate::{
    address::ClientAddress,
    errors,
    pending::{self, WaitingRoom},
};

/// The largest body of a device, in bytes.
const MAX_BODY: usize = 64 * 1024;
/// Where the signed list of the server's keys is.
pub const KEY_LIST: &str = "/.well-known/authenticator-configuration";

/// The endpoints of devices, each at the path of its message, and the server's key list.
///
/// It must stand at the root of the issuer: the path is under each message's signature.
pub fn device_router(engine: Arc<Engine>) -> Router {
    Router::new()
        .route(Hello::PATH, post(answer::<Hello>))
        .route(Register::PATH, post(answer::<Register>))
        .route(EnrolDecision::PATH, post(answer::<EnrolDecision>))
        .route(AddDecision::PATH, post(answer::<AddDecision>))
        .route(QrClaim::PATH, post(answer::<QrClaim>))
        .route(QrDecision::PATH, post(answer::<QrDecision>))
        .route(GrantDecision::PATH, post(answer::<GrantDecision>))
        .route(PushDecision::PATH, post(answer::<PushDecision>))
        .route(CibaDecision::PATH, post(answer::<CibaDecision>))
        .route(Update::PATH, post(answer::<Update>))
        .route(KEY_LIST, get(key_list))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(Arc::clone(&engine))
        .route(Pending::PATH, get(pending::ask).with_state(WaitingRoom::new(engine)))
}

async fn answer<M: Message>(
    State(engine): State<Arc<Engine>>,
    address: ClientAddress,
    body: Result<Json<Posted>, JsonRejection>,
) -> Response {
    match body {
        Ok(Json(posted)) => reply::<M>(&engine, posted, address).await,
        Err(rejection) => {
            let face = errors::of_refusal(&Refusal::Malformed);
            errors::json_of(errors::Face { status: rejection.status(), ..face }, None, engine.now())
        }
    }
}

async fn reply<M: Message>(
    engine: &Engine,
    posted: Posted,
    ClientAddress(address): ClientAddress,
) -> Response {
    let request = DeviceRequest { method: M::METHOD, path: M::PATH, posted, address };
    answered(engine, engine.answer_device(&request).await)
}

pub(crate) fn answered(engine: &Engine, answer: Result<DeviceReply, Error>) -> Response {
    let mut response = match answer {
        Ok(DeviceReply::Statement(statement)) => jose(statement),
        Ok(DeviceReply::Waiting(waiting)) => Json(waiting).into_response(),
        Ok(DeviceReply::Nothing) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => errors::json(&error, engine.now()),
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn key_list(State(engine): State<Arc<Engine>>) -> Response {
    jose(engine.keys().list(engine.now()).to_owned())
}

fn jose(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/jose"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")], text)
        .into_response()
}
