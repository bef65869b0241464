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
use idp_core::{Error, Id, Refusal, session::SessionRow, users::User};
use symbolon_axum::{Visitor, headers::FormTargets};

use super::{Leaving, Onward};
use crate::{
    App,
    oidc::{
        client::Client,
        params::{Duplicate, Params},
        token::id_token::Hint,
    },
    pages::{self, Frame},
    routes,
    text::Language,
};

/// What an application wants, as far as it may.
struct Wish {
    /// Whom an ID token was about that it handed in.
    person: Option<Id<User>>,
    client: Option<Arc<Client>>,
    /// Where to go on.
    back: Option<Onward>,
}

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
    client_id: String,
    uri: String,
    state: String,
    leaving: String,
}

/// `GET /oauth2/end-session`.
pub async fn ask(State(app): State<App>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let params = Params::parse(query.unwrap_or_default().as_bytes());
    let answered = asked(&app, &visitor, &params).await;
    answered.unwrap_or_else(|error| pages::failure(Frame::of(&app, &visitor), &error))
}

/// `POST /oauth2/end-session`: the same as a GET, which the browser's cookie comes with.
pub async fn ask_by_form(body: Bytes) -> Response {
    Redirect::to(&format!("{}?{}", routes::END_SESSION, Params::parse(&body).to_query())).into_response()
}

/// `POST /oauth2/end-session/confirm`: the person wants it. A repeat finds no session, and has the same answer.
pub async fn confirm(State(app): State<App>, visitor: Visitor, body: Bytes) -> Response {
    let confirmed = async {
        let params = Params::parse(&body);
        let wish = Wish::read(&app, &params).await?;
        let session = match visitor.session(app.engine()).await? {
            Some(signed_in) => {
                app.engine().end_session(&signed_in.session).await?;
                Some(signed_in.session.id)
            }
            None => params.one("leaving")?.and_then(|text| Leaving::session_of(&app, text)),
        };
        Ok(wish.leaving(&app, session).answer(&app, Language::of(&visitor)).await?)
    };
    confirmed.await.unwrap_or_else(|error: Error| pages::failure(Frame::of(&app, &visitor), &error))
}

async fn asked(app: &App, visitor: &Visitor, params: &Params) -> Result<Response, Error> {
    let t = Language::of(visitor);
    let wish = Wish::read(app, params).await?;
    match (visitor.session(app.engine()).await?, wish.person) {
        (Some(signed_in), Some(person)) if person == signed_in.user.id => {
            app.engine().end_session(&signed_in.session).await?;
            Ok(wish.leaving(app, Some(signed_in.session.id)).answer(app, t).await?)
        }
        (Some(signed_in), _) => {
            let leaving = Leaving::of(app, Some(signed_in.session.id)).seal(app)?;
            Ok(question(app, t, &signed_in.user, wish, leaving))
        }
        (None, Some(_)) => Ok(wish.leaving(app, None).answer(app, t).await?),
        // Nobody is signed in, and who sent the browser is not shown: it is not sent on by itself.
        (None, None) => Ok(wish.leaving(app, None).said(app, t).await?),
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
        let uri = params.one("post_logout_redirect_uri")?;
        let back = client.as_ref().zip(uri).and_then(|(client, uri)| client.post_logout_redirect_uri(uri));
        let state = params.one("state")?.map(str::to_owned);
        let back = back.map(|uri| Onward {
            uri: uri.as_str().to_owned(),
            returns_to: uri.returns_to().to_owned(),
            state,
        });
        let person = client.as_ref().zip(hint);
        let person = person.and_then(|(client, hint)| client.person(app.engine(), &hint.sub));
        Ok(Self { person, client, back })
    }

    fn leaving(self, app: &App, session: Option<Id<SessionRow>>) -> Leaving {
        Leaving::of(app, session).for_client(self.client.as_deref(), self.back)
    }

    fn client_name(&self, t: Language) -> String {
        self.client.as_ref().map(|client| client.name(t).to_owned()).unwrap_or_default()
    }
}

fn question(app: &App, t: Language, user: &User, wish: Wish, leaving: String) -> Response {
    let target = wish.back.as_ref().map(|back| back.returns_to.clone());
    let client = wish.client_name(t);
    let (uri, state) = wish.back.map(|back| (back.uri, back.state.unwrap_or_default())).unwrap_or_default();
    let page = Question {
        frame: Frame::new(app, t),
        client,
        name: user.display_name().to_owned(),
        login: user.login.clone(),
        client_id: wish.client.map(|client| client.id.clone()).unwrap_or_default(),
        uri,
        state,
        leaving,
    };
    let targets = FormTargets(target.into_iter().collect());
    (Extension(targets), pages::render(StatusCode::OK, &page)).into_response()
}
