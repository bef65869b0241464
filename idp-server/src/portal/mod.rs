//! What can a person do with an account: look at devices, add one, change one, read notices?
//!
//! | file | what it answers |
//! |---|---|
//! | `home.rs` | what the account page shows |
//! | `enrol.rs` | how a device is added: the wizard |
//! | `elsewhere.rs` | how somebody goes on with that at another screen |
//! | `device.rs` | how a device is changed |
//! | `passkeys.rs` | how passkeys are listed, added, renamed and removed |
//! | `password.rs` | how the password is changed |
//! | `recovery.rs` | how recovery codes are drawn |
//! | `sessions.rs` | where the person is signed in, and how that ends |
//! | `applications.rs` | which applications may learn something, and how that is taken back |
//! | `launch.rs` | which applications can be opened from here |
//! | `offline_codes.rs` | how a phone without network becomes a soft token, and a device later |
//! | `tokens.rs` | how authenticator apps and hardware tokens are added, changed and removed |
//! | `notices.rs` | how a notice reads |
//!
//! A change that needs a fresh sign-in parks one, and leads back to the page of that change: the change
//! itself is a form again, so that no sign-in does something by itself.

pub mod applications;
mod device;
mod elsewhere;
mod enrol;
mod home;
pub mod launch;
pub(crate) mod notices;
pub mod offline_codes;
pub mod passkeys;
pub mod password;
pub mod recovery;
pub mod sessions;
pub mod tokens;

use axum::{
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use idp_core::{
    Error, Id, Refusal, credential::CredentialRow, device::DeviceRow, engine::ENROLMENT_ONLY,
    evidence::Evidence, policy::Requirement, session::SessionRow, store::BoxFuture, users::User,
};
use idp_protocol::context::Opens;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use symbolon_axum::{SignedIn, Visitor};

pub use device::{Action, ask, change};
pub use elsewhere::mail;
pub use enrol::{begin, cancel, confirm, events, new, state};
pub use home::{home, sign_out};

use crate::{
    app::App,
    interaction::{self, Parked, Protocol, Wanted},
    pages::{self, Frame},
    text::Language,
};

/// Where in the account pages somebody wanted to go. Never an address from a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum Place {
    /// The account page.
    Home,
    /// Adding a device.
    AddDevice,
    /// Adding a passkey.
    AddPasskey,
    /// A change of a passkey.
    Passkey {
        /// Which passkey.
        id: Id<CredentialRow>,
        /// Which change.
        change: passkeys::Change,
    },
    /// Another password.
    Password,
    /// Recovery codes.
    RecoveryCodes,
    /// What applications may learn.
    Applications,
    /// The applications that can be opened.
    Launch,
    /// Adding an authenticator app.
    AddApp,
    /// Adding a phone without network.
    AddOfflineCodes,
    /// A device in the place of a token.
    UpgradeToken {
        /// Which token.
        id: Id<CredentialRow>,
    },
    /// A change of a token.
    Token {
        /// Which token.
        id: Id<CredentialRow>,
        /// Which change.
        change: tokens::Change,
    },
    /// A change of a device.
    Device {
        /// Which device.
        id: Id<DeviceRow>,
        /// Which change.
        action: Action,
    },
}

impl Place {
    /// Whether any fresh sign-in opens it. A token is set right with two of its codes, which are the second factor; it may
    /// be all that its owner has beside the password.
    fn wants_any_factor(self) -> bool {
        matches!(self, Self::Token { change: tokens::Change::Resync, .. })
    }

    pub(crate) fn path(self) -> String {
        match self {
            Self::Home => "/account".to_owned(),
            Self::AddDevice => "/account/devices/new".to_owned(),
            Self::AddPasskey => "/account/passkeys/new".to_owned(),
            Self::Passkey { id, change } => format!("/account/passkeys/{id}/{}", change.name()),
            Self::Password => "/account/password".to_owned(),
            Self::RecoveryCodes => "/account/recovery-codes".to_owned(),
            Self::Applications => "/account/applications".to_owned(),
            Self::Launch => crate::routes::OPEN.to_owned(),
            Self::AddApp => "/account/authenticators".to_owned(),
            Self::AddOfflineCodes => "/account/offline-codes".to_owned(),
            Self::UpgradeToken { id } => format!("/account/tokens/{id}/upgrade"),
            Self::Token { id, change } => format!("/account/tokens/{id}/{}", change.name()),
            Self::Device { id, action } => format!("/account/devices/{id}/{}", action.name()),
        }
    }
}

/// `GET /account/sign-in`.
pub async fn sign_in(State(app): State<App>, visitor: Visitor) -> Response {
    park(&app, &visitor, Place::Home, NewPark::any()).await
}

/// The account pages, as sign-ins know them.
#[derive(Clone, Copy, Debug)]
pub struct Portal;

impl Protocol for Portal {
    fn name(&self) -> &'static str {
        "portal"
    }

    fn resume<'a>(
        &'a self,
        _: &'a App,
        _: &'a Visitor,
        _: (&'a SessionRow, &'a User),
        data: Value,
    ) -> BoxFuture<'a, Response> {
        let place = serde_json::from_value(data).unwrap_or(Place::Home);
        Box::pin(async move { Redirect::to(&place.path()).into_response() })
    }

    fn cancelled<'a>(&'a self, _: &'a App, _: &'a Visitor, _: Value) -> BoxFuture<'a, Option<Response>> {
        Box::pin(async { None })
    }
}

/// Asks for a sign-in that is fresh and strong enough for a change, and leads back to its page.
async fn refresh(app: &App, visitor: &Visitor, signed_in: &SignedIn, place: Place) -> Response {
    let user = signed_in.user.id;
    if place.wants_any_factor() {
        let not_before = Some(app.engine().now());
        let requirement = Requirement { not_before, user: Some(user), ..Requirement::default() };
        return park(app, visitor, place, NewPark { requirement, subject: Some(user), ..NewPark::any() })
            .await;
    }
    match app.engine().to_bind(&signed_in.session).await {
        Ok((requirement, ledger)) => {
            let only = signed_in.session.facts.only_client.is_some();
            let opens = if only { Opens::ThisApplication } else { Opens::AllApplications };
            park(app, visitor, place, NewPark { requirement, ledger, opens, subject: Some(user) }).await
        }
        Err(fault) => pages::failure(Frame::of(app, visitor), &fault.into()),
    }
}

/// What a sign-in is for that leads to the account pages.
pub(crate) struct NewPark {
    pub requirement: Requirement,
    pub ledger: Vec<Evidence>,
    pub opens: Opens,
    pub subject: Option<Id<User>>,
}

impl NewPark {
    fn any() -> Self {
        Self {
            requirement: Requirement::default(),
            ledger: Vec::new(),
            opens: Opens::AllApplications,
            subject: None,
        }
    }

    /// For somebody with an invitation: it leads to an enrolment, and the session opens nothing else.
    pub(crate) fn invited(subject: Option<Id<User>>) -> Self {
        let requirement = Requirement { user: subject, ..Requirement::of_invitation() };
        Self { requirement, ledger: Vec::new(), opens: Opens::ThisApplication, subject }
    }
}

pub(crate) async fn park(app: &App, visitor: &Visitor, place: Place, new: NewPark) -> Response {
    let t = Language::of(visitor);
    let data = match serde_json::to_value(place) {
        Ok(data) => data,
        Err(error) => return pages::failure(Frame::new(app, t), &error.into()),
    };
    let wanted = Wanted {
        client: t.say("account-name"),
        client_id: match new.opens {
            Opens::AllApplications => "portal".to_owned(),
            Opens::ThisApplication => ENROLMENT_ONLY.to_owned(),
        },
        returns_to: None,
        subject: new.subject,
        requirement: new.requirement,
        opens: new.opens,
        ledger: new.ledger,
        login_hint: None,
        languages: String::new(),
    };
    interaction::park(app, visitor, wanted, Parked { protocol: Portal.name().to_owned(), data }).await
}

/// The session, if it opens the account pages: one that was approved for a single application must not change the
/// account.
async fn own_session(app: &App, visitor: &Visitor) -> Result<Option<SignedIn>, Error> {
    let signed_in = visitor.session(app.engine()).await?;
    Ok(signed_in.filter(|signed_in| signed_in.session.facts.only_client.is_none()))
}

/// Who is signed in; whoever is not is sent to sign in first.
async fn signed_in(app: &App, visitor: &Visitor, place: Place) -> Result<SignedIn, Response> {
    match own_session(app, visitor).await {
        Ok(Some(signed_in)) => Ok(signed_in),
        Ok(None) => Err(park(app, visitor, place, NewPark::any()).await),
        Err(error) => Err(pages::failure(Frame::of(app, visitor), &error)),
    }
}

/// The session, if it opens the pages of an enrolment: one of an invitation does, and nothing else.
async fn enrolling_session(app: &App, visitor: &Visitor) -> Result<Option<SignedIn>, Error> {
    let signed_in = visitor.session(app.engine()).await?;
    Ok(signed_in.filter(|signed_in| match &signed_in.session.facts.only_client {
        None => true,
        Some(only) => only == ENROLMENT_ONLY,
    }))
}

/// Who may enrol a device here; whoever may not is sent to sign in first.
async fn enrolling(app: &App, visitor: &Visitor, place: Place) -> Result<SignedIn, Response> {
    match enrolling_session(app, visitor).await {
        Ok(Some(signed_in)) => Ok(signed_in),
        Ok(None) => Err(park(app, visitor, place, NewPark::any()).await),
        Err(error) => Err(pages::failure(Frame::of(app, visitor), &error)),
    }
}

/// Who is signed in, freshly enough for a change of credentials; whoever is not signs in first, before a form
/// is filled in that would be lost. The engine checks again when the change is made.
async fn fresh(app: &App, visitor: &Visitor, place: Place) -> Result<SignedIn, Response> {
    let signed_in = signed_in(app, visitor, place).await?;
    let enough = match place.wants_any_factor() {
        true => app.engine().is_fresh(&signed_in.session).await,
        false => app.engine().may_bind(&signed_in.session).await,
    };
    match enough {
        Ok(true) => Ok(signed_in),
        Ok(false) => Err(refresh(app, visitor, &signed_in, place).await),
        Err(fault) => Err(pages::failure(Frame::of(app, visitor), &fault.into())),
    }
}

/// The answer for a change that was refused: through a fresh sign-in where that helps, else in words.
async fn refused(
    app: &App,
    visitor: &Visitor,
    signed_in: &SignedIn,
    place: Place,
    error: &Error,
) -> Response {
    match error {
        Error::Refused(Refusal::FreshSignIn) => refresh(app, visitor, signed_in, place).await,
        error => pages::failure(Frame::of(app, visitor), error),
    }
}
