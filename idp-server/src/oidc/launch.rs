//! How does a person open an application from here? (OpenID Connect Core 1.0, 4: Initiating Login from a Third Party)

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Redirect, Response},
};
use idp_core::Fault;
use symbolon_axum::Visitor;

use super::client::Client;
use crate::{
    App,
    pages::{self, Back, Frame, Named},
    routes,
};

/// Where the browser goes to begin at this application: the address that is registered, with who sends it. Nothing of
/// the person is in it.
fn address(app: &App, client: &Client) -> Option<String> {
    let uri = client.registration.metadata.initiate_login_uri.as_ref()?;
    let mut url = url::Url::parse(uri.as_str()).ok()?;
    url.query_pairs_mut().append_pair("iss", app.issuer());
    Some(url.into())
}

/// The address here that leads there, if the application has one.
#[must_use]
pub fn link(client: &Client) -> Option<String> {
    client
        .registration
        .metadata
        .initiate_login_uri
        .as_ref()
        .map(|_| format!("{}/{}", routes::LAUNCH, client.id))
}

/// `GET /launch/{client_id}`: on to the application. Nobody has to be signed in yet: it will ask for that.
pub async fn launch(State(app): State<App>, visitor: Visitor, Named(id): Named<String>) -> Response {
    let frame = Frame::of(&app, &visitor);
    match found(&app, &id).await {
        Ok(Some(address)) => ([(header::CACHE_CONTROL, "no-store")], Redirect::to(&address)).into_response(),
        Ok(None) => {
            let t = frame.t;
            let (title, text) = (t.say("launch-nowhere-title"), t.say("launch-nowhere-text"));
            pages::message(StatusCode::NOT_FOUND, frame, title, text, Back::to_account(t))
        }
        Err(fault) => pages::failure(frame, &fault.into()),
    }
}

async fn found(app: &App, id: &str) -> Result<Option<String>, Fault> {
    let client = app.clients().find(id, app.engine().now()).await?;
    Ok(client.and_then(|client| address(app, &client)))
}
