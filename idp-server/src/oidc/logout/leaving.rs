//! What does a browser see whose session has just ended, and whom does it tell? (OpenID Connect Front-Channel Logout 1.0;
//! RP-Initiated Logout 1.0, 3)
//!
//! Where the browser goes on is sealed in an address of ours for two minutes. So the page can be loaded again, and a
//! click that is sent twice leads to the same page, although the session is gone by then.

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension,
    extract::{RawQuery, State},
    http::{StatusCode, header},
    response::{IntoResponse as _, Redirect, Response},
};
use idp_core::{
    Fault, Id, Time,
    seal::{Aad, Sealed},
    session::SessionRow,
};
use idp_protocol::encoding::{from_base64url, to_base64url};
use serde::{Deserialize, Serialize};
use symbolon_axum::{Visitor, cookies::Cookies, headers::FrameSources};

use super::parties::{FrontChannel, front_channels};
use crate::{
    App,
    oidc::{client::Client, params::Params},
    pages::{self, Back, Frame},
    routes,
    text::Language,
};

/// How long the page can be loaded again, in seconds.
const LIFE: i64 = 120;

/// Where a browser goes on after its session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Leaving {
    /// The session that ended.
    session: Option<Id<SessionRow>>,
    /// The application that asked for it.
    client_id: Option<String>,
    /// Where that wants the person back.
    onward: Option<Onward>,
    at: Time,
}

/// An address that is registered for the application, and what it wants to be told there.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Onward {
    /// The address.
    pub uri: String,
    /// Its origin, or its scheme.
    pub returns_to: String,
    /// The client's state.
    pub state: Option<String>,
}

impl Onward {
    /// The address with the state. One that was sealed is looked up again: it may be registered no more.
    fn address(&self, client: &Client) -> Option<String> {
        client.post_logout_redirect_uri(&self.uri)?;
        let mut url = url::Url::parse(&self.uri).ok()?;
        if let Some(state) = &self.state {
            url.query_pairs_mut().append_pair("state", state);
        }
        Some(url.into())
    }
}

/// The page.
#[derive(Template)]
#[template(path = "signed_out.html")]
struct SignedOut {
    frame: Frame,
    channels: Vec<FrontChannel>,
    back: Back,
    /// Whether the browser goes on by itself once everybody was told, where script runs.
    goes_on: bool,
}

fn place() -> Aad {
    Aad::row("leaving", b"")
}

impl Leaving {
    /// After the end of this session.
    #[must_use]
    pub fn of(app: &App, session: Option<Id<SessionRow>>) -> Self {
        Self { session, client_id: None, onward: None, at: app.engine().now() }
    }

    /// The same, asked for by this application.
    #[must_use]
    pub fn for_client(self, client: Option<&Client>, onward: Option<Onward>) -> Self {
        Self { client_id: client.map(|client| client.id.clone()), onward, ..self }
    }

    /// The session of which a form says that it ends. A form that is sent twice finds it ended the second time, and
    /// the browser shows the answer to that: with this it tells the same applications.
    #[must_use]
    pub fn session_of(app: &App, text: &str) -> Option<Id<SessionRow>> {
        Self::read(app, text)?.session
    }

    /// As text that only we can read or make.
    ///
    /// # Errors
    /// [`Fault`] if it cannot be sealed.
    pub fn seal(&self, app: &App) -> Result<String, Fault> {
        Ok(to_base64url(&app.provider().codes().seal_json(&place(), self)?.0))
    }

    /// What [`Leaving::seal`] made in the last two minutes.
    #[must_use]
    pub fn open(app: &App, text: &str) -> Option<Self> {
        Self::read(app, text).filter(|leaving| app.engine().now() < leaving.at + LIFE)
    }

    fn read(app: &App, text: &str) -> Option<Self> {
        app.provider().codes().open_json(&place(), &Sealed(from_base64url(text)?)).ok()
    }

    /// On to the application at once if the browser has nobody to tell, else over the page that does; without the
    /// cookie of the session.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn answer(self, app: &App, t: Language) -> Result<Response, Fault> {
        let no_session = no_session(app);
        let channels = self.channels(app).await?;
        let headers = [(header::CACHE_CONTROL, "no-store"), (header::REFERRER_POLICY, "no-referrer")];
        if !channels.is_empty() {
            let page = format!("{}?leaving={}", routes::SIGNED_OUT, self.seal(app)?);
            return Ok((no_session, headers, Redirect::to(&page)).into_response());
        }
        let (client, onward) = self.way_on(app).await?;
        match onward {
            Some(address) => Ok((no_session, headers, Redirect::to(&address)).into_response()),
            None => Ok((no_session, self.page(app, t, client.as_deref(), None, channels)).into_response()),
        }
    }

    /// The page that says that the session is over, for somebody who is not sent on.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn said(self, app: &App, t: Language) -> Result<Response, Fault> {
        let (client, _) = self.way_on(app).await?;
        let page = self.page(app, t, client.as_deref(), None, Vec::new());
        Ok((no_session(app), page).into_response())
    }

    async fn channels(&self, app: &App) -> Result<Vec<FrontChannel>, Fault> {
        match self.session {
            Some(session) => front_channels(app, session).await,
            None => Ok(Vec::new()),
        }
    }

    async fn way_on(&self, app: &App) -> Result<(Option<Arc<Client>>, Option<String>), Fault> {
        let Some(id) = &self.client_id else { return Ok((None, None)) };
        let client = app.clients().find(id, app.engine().now()).await?;
        let onward = client.as_ref().zip(self.onward.as_ref());
        let onward = onward.and_then(|(client, onward)| onward.address(client));
        Ok((client, onward))
    }

    fn page(
        &self,
        app: &App,
        t: Language,
        client: Option<&Client>,
        onward: Option<String>,
        channels: Vec<FrontChannel>,
    ) -> Response {
        let label = |client: &Client| t.say_with("back-to-client", "client", client.name(t));
        let home = self.onward.as_ref().map(|onward| onward.returns_to.clone());
        let home = home.filter(|home| home.starts_with("http"));
        let goes_on = onward.is_some();
        let back = match (onward.or(home), client) {
            (Some(href), Some(client)) => Back { href, label: label(client) },
            _ => Back { href: "/account/sign-in".to_owned(), label: t.say("signed-out-again") },
        };
        let sources = FrameSources(channels.iter().map(|channel| channel.origin.clone()).collect());
        let page = SignedOut { frame: Frame::new(app, t), channels, back, goes_on };
        (Extension(sources), pages::render(StatusCode::OK, &page)).into_response()
    }
}

/// The browser forgets the session.
fn no_session(app: &App) -> Cookies {
    let jar = app.web().cookies();
    let watched = app.config().oidc.session_management.then(|| jar.no_browser_state());
    Cookies(std::iter::once(jar.no_session()).chain(watched).collect())
}

/// `GET /oauth2/signed-out`: tells the applications, and offers the way on. What cannot be read any more is no
/// trouble: the session is over.
pub async fn signed_out(State(app): State<App>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let params = Params::parse(query.unwrap_or_default().as_bytes());
    let leaving = params.one("leaving").ok().flatten().and_then(|text| Leaving::open(&app, text));
    let t = Language::of(&visitor);
    let shown = async {
        let leaving = leaving.unwrap_or_else(|| Leaving::of(&app, None));
        let channels = leaving.channels(&app).await?;
        let (client, onward) = leaving.way_on(&app).await?;
        Ok(leaving.page(&app, t, client.as_deref(), onward, channels))
    };
    shown.await.unwrap_or_else(|fault: Fault| pages::failure(Frame::new(&app, t), &fault.into()))
}
