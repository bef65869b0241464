//! How does an application end the session? (OpenID Connect RP-Initiated Logout 1.0)
//!
//! Whoever can make a browser open an address could sign people out. An ID token of the same person shows that an
//! application asks that knows him; without one the person is asked.

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension,
    body::Bytes,
    extract::{RawQuery, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use idp_core::{Error, Fault, Id, Refusal, session::SessionRow, users::User};
use idp_protocol::Octets;
use serde::{Deserialize, Serialize};
use symbolon_axum::{SignedIn, Visitor, headers::FormTargets};

use super::way_on::{AskedFor, Onward, WayBack};
use crate::{
    App,
    carried::{self, Carried},
    oidc::{
        OpenIdConnect,
        client::Client,
        params::{Duplicate, Params},
        token::id_token::Hint,
    },
    pages::{self, Frame, Sent},
    routes,
    sign_out::{Ending, Leaving},
    text::Language,
};

/// What an application wants, as far as it may.
#[derive(Serialize, Deserialize)]
struct Wish {
    /// Whom an ID token was about that it handed in, and which session.
    about: Option<(Id<User>, Option<Octets<16>>)>,
    client_id: Option<String>,
    /// Where to go on.
    back: WayBack,
}

/// Where it came in a form.
impl Carried for Wish {
    const KIND: &'static str = "end-session";

    fn life(_: &App) -> i64 {
        LIFE
    }
}

/// How long the address counts that a form leads to, in seconds.
const LIFE: i64 = 120;

impl From<Duplicate> for Error {
    fn from(_: Duplicate) -> Self {
        Self::Refused(Refusal::Malformed)
    }
}

/// The page that asks.
#[derive(Template)]
#[template(path = "logout.html")]
struct Question {
    frame: Frame,
    client: String,
    name: String,
    login: String,
    leaving: String,
}

/// `GET /oauth2/end-session`.
pub async fn ask(State(app): State<App>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let answered = async {
        let params = Params::parse(query.unwrap_or_default().as_bytes());
        let wish = match params.one("wish")? {
            Some(sealed) => carried::open(&app, sealed).await?,
            None => Wish::read(&app, &params).await?,
        };
        asked(&app, &visitor, wish).await
    };
    answered.await.unwrap_or_else(|error| pages::failure(Frame::of(&app, &visitor), &error))
}

/// `POST /oauth2/end-session`: the same as a GET, which the browser's cookie comes with. What the form says goes there
/// sealed: an ID token in an address would stay in histories and logs.
pub async fn ask_by_form(State(app): State<App>, visitor: Visitor, body: Bytes) -> Response {
    let sealed = async {
        let wish = Wish::read(&app, &Params::parse(&body)).await?;
        Ok(carried::seal_short(&app, &wish)?.ok_or(Refusal::Malformed)?)
    };
    let sealed: Result<String, Error> = sealed.await;
    match sealed {
        Ok(sealed) => Redirect::to(&format!("{}?wish={sealed}", routes::END_SESSION)).into_response(),
        Err(error) => pages::failure(Frame::of(&app, &visitor), &error),
    }
}

/// The form of the question.
#[derive(Debug, Deserialize)]
pub struct Confirmed {
    /// What ends, sealed.
    #[serde(default)]
    leaving: String,
}

/// `POST /oauth2/end-session/confirm`: the person wants it. A repeat finds no session, and has the same answer.
pub async fn confirm(State(app): State<App>, visitor: Visitor, Sent(sent): Sent<Confirmed>) -> Response {
    let confirmed = async {
        let leaving = Leaving::after_form(&app, &visitor, &sent.leaving).await?;
        Ok(leaving.answer_to_form(&app, Language::of(&visitor)).await?)
    };
    confirmed.await.unwrap_or_else(|error: Error| pages::failure(Frame::of(&app, &visitor), &error))
}

async fn asked(app: &App, visitor: &Visitor, wish: Wish) -> Result<Response, Error> {
    let t = Language::of(visitor);
    let client = wish.client(app).await?;
    match visitor.session(app.engine()).await? {
        Some(signed_in) if wish.is_about(app, client.as_deref(), &signed_in) => {
            app.engine().end_session(&signed_in.session).await?;
            Ok(wish.leaving(app, Some(signed_in.session.id))?.answer(app, t).await?)
        }
        Some(signed_in) => question(app, t, client.as_deref(), &signed_in, wish).await,
        None if wish.about.is_some() => Ok(wish.leaving(app, None)?.answer(app, t).await?),
        // Nobody is signed in, and who sent the browser is not shown: it is not sent on by itself.
        None => Ok(wish.leaving(app, None)?.said(app, visitor).await?),
    }
}

impl Wish {
    async fn read(app: &App, params: &Params) -> Result<Self, Error> {
        if params.has_duplicates() {
            return Err(Duplicate.into());
        }
        let hint = params.one("id_token_hint")?.and_then(|token| Hint::read(app, token));
        let named = params.one("client_id")?;
        // A token of one application does not speak for another one (RP-Initiated Logout 1.0, 2).
        if let (Some(hint), Some(id)) = (&hint, named)
            && !hint.aud.iter().any(|aud| aud == id)
        {
            return Err(Refusal::Malformed.into());
        }
        let id = named.or_else(|| hint.as_ref()?.aud.first().map(String::as_str));
        let client = match id {
            Some(id) => app.clients().find(id, app.engine().now()).await?,
            None => None,
        };
        let state = params.one("state")?.map(str::to_owned);
        let back = match (params.one("post_logout_redirect_uri")?, &client) {
            (None, _) => WayBack::Unsaid,
            (Some(uri), client) => {
                let registered = client.as_ref().and_then(|client| client.post_logout_redirect_uri(uri));
                registered.map_or(WayBack::Unknown, |uri| WayBack::To(Onward::new(uri, state)))
            }
        };
        let about = client.as_ref().zip(hint);
        let about = about.and_then(|(client, hint)| {
            client.person(app.engine(), &hint.sub).map(|person| (person, hint.sid))
        });
        Ok(Self { about, client_id: client.map(|client| client.id.clone()), back })
    }

    async fn client(&self, app: &App) -> Result<Option<Arc<Client>>, Error> {
        match &self.client_id {
            Some(id) => Ok(app.clients().find(id, app.engine().now()).await?),
            None => Ok(None),
        }
    }

    /// Whether an ID token of this very session was handed in. One of an earlier session may have leaked since: with it, a
    /// link would sign the person out again and again (RP-Initiated Logout 1.0, 2).
    fn is_about(&self, app: &App, client: Option<&Client>, signed_in: &SignedIn) -> bool {
        let Some((client, (person, sid))) = client.zip(self.about) else { return false };
        let own = client.sid(app.engine(), signed_in.session.id);
        person == signed_in.user.id && sid == Some(own)
    }

    fn leaving(self, app: &App, session: Option<Id<SessionRow>>) -> Result<Leaving, Fault> {
        let asked = AskedFor { client_id: self.client_id, back: self.back };
        Ok(Leaving::of(app, session).asked_by(&OpenIdConnect, serde_json::to_value(asked)?))
    }
}

async fn question(
    app: &App,
    t: Language,
    client: Option<&Client>,
    SignedIn { session, user, .. }: &SignedIn,
    wish: Wish,
) -> Result<Response, Error> {
    let target = match &wish.back {
        WayBack::To(onward) => Some(onward.returns_to.clone()),
        _ => None,
    };
    let page = Question {
        frame: Frame::new(app, t),
        client: client.map(|client| client.name(t).to_owned()).unwrap_or_default(),
        name: user.display_name().to_owned(),
        login: user.login.clone(),
        leaving: carried::seal(app, &Ending(wish.leaving(app, Some(session.id))?)).await?,
    };
    let targets = FormTargets(target.into_iter().collect());
    Ok((Extension(targets), pages::render(StatusCode::OK, &page)).into_response())
}
