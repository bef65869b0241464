//! Is the server alive, and can it do its work?

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};

use crate::App;

/// `GET /healthz`: the process answers. Asks nobody, so that a dead database does not get every node restarted.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the store answers too.
pub async fn ready(State(app): State<App>) -> Response {
    match app.engine().store().ping().await {
        Ok(()) => "ok\n".into_response(),
        Err(fault) => {
            tracing::error!(%fault, "the store does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], "the store does not answer\n")
                .into_response()
        }
    }
}
