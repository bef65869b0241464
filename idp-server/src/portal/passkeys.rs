//! How are passkeys listed, added, renamed and removed, and how do they approve what is added to an account? A passkey is
//! begun here, and made in the wizard of `enrol.rs`, which also asks for the approval.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use http::StatusCode;
use idp_core::{Error, Id, Refusal, ceremony::CeremonyRow, credential::CredentialRow, users::User};
use idp_protocol::Text;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use symbolon_axum::{SignedIn, Visitor};
use symbolon_webauthn::{KIND, Stored};

use super::{Place, enrol, enrolling, refused, signed_in};
use crate::{
    app::App,
    pages::{self, Frame, Moment, Named, Sent},
    text::Language,
};

/// A change of a passkey, as it stands in addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Another name.
    Rename,
    /// Take it off the account.
    Remove,
}

impl Change {
    /// The name in addresses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rename => "rename",
            Self::Remove => "remove",
        }
    }
}

/// A passkey on the account page.
pub(super) struct Line {
    pub id: String,
    pub name: String,
    /// Whether it may be copied, in words.
    pub kept: String,
    pub added: Moment,
}

#[derive(Template)]
#[template(path = "passkey_start.html")]
struct Start {
    frame: Frame,
}

#[derive(Template)]
#[template(path = "passkey.html")]
struct Ask {
    frame: Frame,
    id: String,
    change: Change,
    name: String,
    label: String,
    explained: String,
    error: Option<String>,
}

/// The passkeys of a person; none is not the same as that nobody can have one.
pub(super) async fn lines(app: &App, t: Language, user: Id<User>) -> Result<Option<Vec<Line>>, Error> {
    if !app.has_passkeys() {
        return Ok(None);
    }
    let stored = app.engine().credentials(user, KIND).await?;
    let line = |row: CredentialRow, passkey: Stored| Line {
        id: row.id.to_string(),
        name: passkey.name().to_owned(),
        kept: t.say(if passkey.may_be_copied() { "passkey-copied" } else { "passkey-stays" }),
        added: Moment(row.created_at),
    };
    let read = stored.into_iter().map(|(row, own)| Ok(line(row, Stored::read(&own.secret)?)));
    read.collect::<Result<_, Error>>().map(Some)
}

/// `GET /account/passkeys/new`: what it is, and a button.
pub async fn start(State(app): State<App>, visitor: Visitor) -> Response {
    match signed_in(&app, &visitor, Place::AddPasskey).await {
        Ok(_) => pages::render(StatusCode::OK, &Start { frame: Frame::of(&app, &visitor) }),
        Err(response) => response,
    }
}

/// `POST /account/passkeys`.
pub async fn begin(State(app): State<App>, visitor: Visitor) -> Response {
    enrol::begin_kind(&app, &visitor, KIND, Place::AddPasskey).await
}

/// What the script sends for a new passkey.
#[derive(Deserialize)]
pub struct Made {
    id: Id<CeremonyRow>,
    #[serde(default)]
    name: String,
    /// JSON; empty if no script ran.
    #[serde(default)]
    answer: String,
}

/// `POST /account/passkeys/confirm`: the browser has made it.
pub async fn confirm(State(app): State<App>, visitor: Visitor, Sent(form): Sent<Made>) -> Response {
    let signed_in = match signed_in(&app, &visitor, Place::AddPasskey).await {
        Ok(signed_in) => signed_in,
        Err(response) => return response,
    };
    let answered = async {
        let mut value: Value = serde_json::from_str(&form.answer).map_err(|_| Refusal::Malformed)?;
        let members = value.as_object_mut().ok_or(Refusal::Malformed)?;
        members.insert("name".to_owned(), form.name.into());
        app.engine().answer(&signed_in.secret, form.id, value).await
    };
    enrol::answered(&app, &visitor, &signed_in, form.id, answered.await).await
}

/// What the script sends for an approval.
#[derive(Deserialize)]
pub struct Approved {
    id: Id<CeremonyRow>,
    /// JSON; empty if no script ran.
    #[serde(default)]
    answer: String,
}

/// `POST /account/devices/approve`: a passkey of the account approves what is about to be added. A repeat gets the same
/// answer.
pub async fn approve(State(app): State<App>, visitor: Visitor, Sent(form): Sent<Approved>) -> Response {
    let signed_in = match enrolling(&app, &visitor, Place::AddDevice).await {
        Ok(signed_in) => signed_in,
        Err(response) => return response,
    };
    let answered = async {
        let answer: Value = serde_json::from_str(&form.answer).map_err(|_| Refusal::Malformed)?;
        let approval = json!({ "approval": { "kind": KIND, "answer": answer } });
        app.engine().answer(&signed_in.secret, form.id, approval).await
    };
    enrol::answered(&app, &visitor, &signed_in, form.id, answered.await).await
}

/// `GET /account/passkeys/{id}/rename`.
pub async fn ask_name(
    State(app): State<App>,
    visitor: Visitor,
    Named(id): Named<Id<CredentialRow>>,
) -> Response {
    ask(&app, &visitor, id, Change::Rename).await
}

/// `GET /account/passkeys/{id}/remove`.
pub async fn ask_removal(
    State(app): State<App>,
    visitor: Visitor,
    Named(id): Named<Id<CredentialRow>>,
) -> Response {
    ask(&app, &visitor, id, Change::Remove).await
}

async fn ask(app: &App, visitor: &Visitor, id: Id<CredentialRow>, change: Change) -> Response {
    match signed_in(app, visitor, Place::Passkey { id, change }).await {
        Ok(signed_in) => page(app, visitor, &signed_in, (id, change), None).await,
        Err(response) => response,
    }
}

async fn page(
    app: &App,
    visitor: &Visitor,
    signed_in: &SignedIn,
    (id, change): (Id<CredentialRow>, Change),
    error: Option<String>,
) -> Response {
    let frame = Frame::of(app, visitor);
    let passkey = match find(app, signed_in, id).await {
        Ok(passkey) => passkey,
        Err(error) => return pages::failure(frame, &error),
    };
    let status = if error.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let (label, explained) = match change {
        Change::Rename => ("action-rename", "explain-rename-passkey"),
        Change::Remove => ("action-revoke", "explain-remove-passkey"),
    };
    let (label, explained) = (frame.t.say(label), frame.t.say(explained));
    let name = passkey.name().to_owned();
    pages::render(status, &Ask { frame, id: id.to_string(), change, name, label, explained, error })
}

async fn find(app: &App, signed_in: &SignedIn, id: Id<CredentialRow>) -> Result<Stored, Error> {
    let own = app.engine().credentials(signed_in.user.id, KIND).await?;
    let (_, own) = own.into_iter().find(|(row, _)| row.id == id).ok_or(Refusal::NotFound)?;
    Ok(Stored::read(&own.secret)?)
}

/// What the form of a new name sends.
#[derive(Debug, Deserialize)]
pub struct Fields {
    #[serde(default)]
    name: String,
}

/// `POST /account/passkeys/{id}/rename`. A repeat finds the name, and has the same answer.
pub async fn rename(
    State(app): State<App>,
    visitor: Visitor,
    Named(id): Named<Id<CredentialRow>>,
    Sent(fields): Sent<Fields>,
) -> Response {
    let change = Change::Rename;
    let signed_in = match signed_in(&app, &visitor, Place::Passkey { id, change }).await {
        Ok(signed_in) => signed_in,
        Err(response) => return response,
    };
    let Ok(name) = fields.name.parse::<Text<64>>() else {
        let error = Language::of(&visitor).say("rename-wrong");
        return page(&app, &visitor, &signed_in, (id, change), Some(error)).await;
    };
    let renamed = async {
        let passkey = find(&app, &signed_in, id).await?;
        let (from, to) = (passkey.name().to_owned(), name.to_string());
        let secret = passkey.renamed(name).to_secret()?;
        app.engine().rename_credential(&signed_in.session, (KIND, id), (&from, &to), secret).await
    };
    done(&app, &visitor, &signed_in, Place::Passkey { id, change }, renamed.await).await
}

/// `POST /account/passkeys/{id}/remove`. A repeat finds it gone, and has the same answer.
pub async fn remove(
    State(app): State<App>,
    visitor: Visitor,
    Named(id): Named<Id<CredentialRow>>,
) -> Response {
    let place = Place::Passkey { id, change: Change::Remove };
    let signed_in = match signed_in(&app, &visitor, place).await {
        Ok(signed_in) => signed_in,
        Err(response) => return response,
    };
    let removed = async {
        let passkey = match find(&app, &signed_in, id).await {
            Ok(passkey) => passkey,
            Err(Error::Refused(Refusal::NotFound)) => return Ok(()),
            Err(error) => return Err(error),
        };
        app.engine().remove_credential(&signed_in.session, (KIND, id), passkey.name()).await
    };
    done(&app, &visitor, &signed_in, place, removed.await).await
}

async fn done(
    app: &App,
    visitor: &Visitor,
    signed_in: &SignedIn,
    place: Place,
    changed: Result<(), Error>,
) -> Response {
    match changed {
        Ok(()) => Redirect::to("/account").into_response(),
        Err(error) => refused(app, visitor, signed_in, place, &error).await,
    }
}
