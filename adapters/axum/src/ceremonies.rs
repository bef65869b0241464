//! How does a page of yours run a ceremony? By these endpoints: JSON in, JSON out, bound to the browser's cookie.
//!
//! | request | what it does |
//! |---|---|
//! | `POST /ceremony/begin` `{sign_in, kind, login?}` | begins a method |
//! | `POST /ceremony/form` `{sign_in, kind, login, answer}` | answers a method whose form stands on the page |
//! | `GET /ceremony/{id}` `?wait=1&seen=…` | looks, or waits until there is something new |
//! | `GET /ceremony/{id}/events` | the same as server-sent events |
//! | `POST /ceremony/{id}` `{…}` | answers |
//! | `POST /ceremony/{id}/claim` | fetches what a device approved |
//!
//! Opening a sign-in ([`Engine::open_sign_in`]) and finishing it stay in your handlers: there you know what
//! is asked for, and what a sign-in ends in.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use idp_core::{
    Error, Id,
    ceremony::CeremonyRow,
    engine::{CeremonyView, Engine, Progress},
    signin::SignInRow,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    csrf::same_origin_only,
    errors,
    live::{Render, Wait, Watched},
    visitor::Visitor,
    web::Web,
};

/// The endpoints for pages of an embedder, refused to other sites.
pub fn ceremony_router<S>(web: Web) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    Router::new()
        .route("/ceremony/begin", post(begin))
        .route("/ceremony/form", post(form))
        .route("/ceremony/{id}", get(look).post(answer))
        .route("/ceremony/{id}/events", get(events))
        .route("/ceremony/{id}/claim", post(claim))
        .layer(axum::middleware::from_fn_with_state(web.clone(), same_origin_only))
        .with_state(web)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Begin {
    sign_in: Id<SignInRow>,
    kind: String,
    #[serde(default)]
    login: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    sign_in: Id<SignInRow>,
    kind: String,
    login: String,
    answer: Value,
}

/// What an answer led to, as JSON.
#[derive(Serialize)]
#[serde(tag = "progress", rename_all = "snake_case")]
enum Led {
    Asked { ceremony: Box<CeremonyView> },
    Missing,
    Confirm,
    Ready,
}

impl From<Progress> for Led {
    fn from(progress: Progress) -> Self {
        match progress {
            Progress::Asked(ceremony) => Self::Asked { ceremony },
            Progress::Missing => Self::Missing,
            Progress::Confirm => Self::Confirm,
            Progress::Ready => Self::Ready,
        }
    }
}

async fn begin(State(web): State<Web>, visitor: Visitor, Json(begin): Json<Begin>) -> Response {
    let begun = async {
        let claimant = visitor.initiator()?;
        web.engine().begin(claimant, begin.sign_in, &begin.kind, &begin.login).await
    };
    json(web.engine(), begun.await)
}

async fn form(State(web): State<Web>, visitor: Visitor, Json(form): Json<Form>) -> Response {
    let led = async {
        let claimant = visitor.initiator()?;
        web.engine().answer_form(claimant, form.sign_in, &form.kind, &form.login, form.answer).await
    };
    json(web.engine(), led.await.map(Led::from))
}

async fn answer(
    State(web): State<Web>,
    visitor: Visitor,
    Path(id): Path<Id<CeremonyRow>>,
    Json(value): Json<Value>,
) -> Response {
    let led = async { web.engine().answer(visitor.initiator()?, id, value).await };
    json(web.engine(), led.await.map(Led::from))
}

async fn claim(State(web): State<Web>, visitor: Visitor, Path(id): Path<Id<CeremonyRow>>) -> Response {
    let led = async { web.engine().claim(visitor.initiator()?, id).await };
    json(web.engine(), led.await.map(Led::from))
}

async fn look(
    State(web): State<Web>,
    visitor: Visitor,
    Path(id): Path<Id<CeremonyRow>>,
    Query(wait): Query<Wait>,
) -> Response {
    let state = async { watched(&web, &visitor, id)?.state(&wait).await };
    state.await.unwrap_or_else(|error| errors::json(&error, web.engine().now()))
}

async fn events(State(web): State<Web>, visitor: Visitor, Path(id): Path<Id<CeremonyRow>>) -> Response {
    let events = async { watched(&web, &visitor, id)?.events(&web).await };
    events.await.unwrap_or_else(|error| errors::json(&error, web.engine().now()))
}

fn watched(web: &Web, visitor: &Visitor, id: Id<CeremonyRow>) -> Result<Watched, Error> {
    let nothing: Render = Arc::new(|_| None);
    Ok(Watched::new(web, visitor.initiator()?.clone(), id, nothing))
}

fn json<T: Serialize>(engine: &Engine, result: Result<T, Error>) -> Response {
    match result {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => errors::json(&error, engine.now()),
    }
}
