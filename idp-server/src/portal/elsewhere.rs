//! How does somebody go on with adding a device at another screen? The address goes to him by mail, and asks him to sign in
//! there.

use axum::{extract::State, response::Response};
use http::StatusCode;
use idp_core::{Refusal, outbox::Channel};
use symbolon_axum::{SignedIn, Visitor};

use super::{Place, enrol::Start, fresh, offline_codes, refused};
use crate::{
    app::App,
    pages::{self, Frame},
};

/// Where mail to this person goes, if mail is sent and the session is one that may have it sent: that of an invitation opens
/// nothing but the wizard.
pub(super) fn address(app: &App, signed_in: &SignedIn) -> Option<String> {
    let sends = app.carriers().channels().contains(&Channel::Mail);
    let opens_all = signed_in.session.facts.only_client.is_none();
    signed_in.user.profile.email.clone().filter(|_| sends && opens_all)
}

/// `POST /account/devices/mail`. The second of two clicks sends no second mail, and has the same answer.
pub async fn mail(State(app): State<App>, visitor: Visitor) -> Response {
    let signed_in = match fresh(&app, &visitor, Place::AddDevice).await {
        Ok(signed_in) => signed_in,
        Err(response) => return response,
    };
    let frame = Frame::of(&app, &visitor);
    let Some(address) = address(&app, &signed_in) else {
        return pages::failure(frame, &Refusal::NotAllowed.into());
    };
    match app.engine().mail_way_to_add(&signed_in.session).await {
        Ok(()) => {
            let (mail, offline) = (Some(address), offline_codes::may_add(&app));
            pages::render(StatusCode::OK, &Start { frame, mail, mailed: true, offline })
        }
        Err(error) => refused(&app, &visitor, &signed_in, Place::AddDevice, &error).await,
    }
}
