//! How does a phone without network become a soft token, and a device in its place once it has one?

use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use idp_core::{
    Error, Id, Refusal, credential::CredentialRow, engine::TokenFacts, evidence::Assurance,
    method::Ceremony as _, methods::otp::OfflineCodes, settings::EnrolWay, users::User,
};
use symbolon_axum::Visitor;

use super::{Place, enrol, fresh, refused, signed_in, tokens};
use crate::{
    app::App,
    pages::{self, Frame, Named},
    text::Language,
};

/// Whether a phone without network may be added here.
pub(super) fn may_add(app: &App) -> bool {
    app.engine().settings().enrol_transports.contains(&EnrolWay::Offline)
}

#[derive(Template)]
#[template(path = "offline_codes.html")]
struct Ask {
    frame: Frame,
    title: &'static str,
    name: String,
    explained: &'static str,
    action: String,
}

/// `GET /account/offline-codes`: says what it means, and offers to begin.
pub async fn start(State(app): State<App>, visitor: Visitor) -> Response {
    if !may_add(&app) {
        return pages::failure(Frame::of(&app, &visitor), &Refusal::NotAllowed.into());
    }
    match fresh(&app, &visitor, Place::AddOfflineCodes).await {
        Ok(_) => {
            let (title, explained) = ("codes-add", "codes-why");
            let (name, action) = (String::new(), Place::AddOfflineCodes.path());
            let frame = Frame::of(&app, &visitor);
            pages::render(StatusCode::OK, &Ask { frame, title, name, explained, action })
        }
        Err(response) => response,
    }
}

/// `POST /account/offline-codes`. The wizard of devices goes on with it.
pub async fn begin(State(app): State<App>, visitor: Visitor) -> Response {
    enrol::begin_kind(&app, &visitor, OfflineCodes::KIND, Place::AddOfflineCodes).await
}

/// `GET /account/tokens/{id}/upgrade`: says what it means, and offers to begin.
pub async fn ask_upgrade(
    State(app): State<App>,
    visitor: Visitor,
    Named(id): Named<Id<CredentialRow>>,
) -> Response {
    let place = Place::UpgradeToken { id };
    let signed_in = match fresh(&app, &visitor, place).await {
        Ok(signed_in) => signed_in,
        Err(response) => return response,
    };
    let t = Language::of(&visitor);
    match find(&app, signed_in.user.id, id).await {
        Ok(token) => {
            let (title, explained) = ("codes-upgrade", "codes-upgrade-why");
            let (name, action) = (tokens::name(t, &token), place.path());
            let frame = Frame::new(&app, t);
            pages::render(StatusCode::OK, &Ask { frame, title, name, explained, action })
        }
        Err(error) => pages::failure(Frame::new(&app, t), &error),
    }
}

async fn find(app: &App, user: Id<User>, id: Id<CredentialRow>) -> Result<TokenFacts, Error> {
    let tokens = app.engine().tokens(user).await?;
    let found = tokens.into_iter().find(|token| token.id == id && token.assurance == Assurance::Low);
    found.ok_or_else(|| Refusal::NotFound.into())
}

/// `POST /account/tokens/{id}/upgrade`. The second of two clicks finds what the first has begun.
pub async fn upgrade(
    State(app): State<App>,
    visitor: Visitor,
    Named(id): Named<Id<CredentialRow>>,
) -> Response {
    let place = Place::UpgradeToken { id };
    let signed_in = match signed_in(&app, &visitor, place).await {
        Ok(signed_in) => signed_in,
        Err(response) => return response,
    };
    let from = visitor.origin(app.engine());
    match app.engine().upgrade_token(&signed_in.secret, &signed_in.session, from, id).await {
        Ok(view) => enrol::to_wizard(view.id),
        Err(error) => refused(&app, &visitor, &signed_in, place, &error).await,
    }
}
