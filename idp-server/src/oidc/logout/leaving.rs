//! What does a browser see whose session has just ended, and whom does it tell? (OpenID Connect Front-Channel Logout 1.0;
//! RP-Initiated Logout 1.0, 3)
//!
//! Where the browser goes on stands in an address of ours, sealed, for two minutes. So the page can be loaded again, and a
//! click that is sent twice leads to the same page, although the session is gone by then.

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension,
    extract::{RawQuery, State},
    http::{StatusCode, header},
    response::{IntoResponse as _, Redirect, Response},
};
use idp_core::{Error, Fault, Id, session::SessionRow};
use serde::{Deserialize, Serialize};
use symbolon_axum::{Visitor, cookies::Cookies, headers::FrameSources};

use super::parties::{FrontChannel, front_channels};
use crate::{
    App,
    carried::{self, Carried},
    oidc::{
        client::{Client, RedirectUri},
        params::Params,
    },
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
    onward: WayBack,
}

impl Carried for Leaving {
    const KIND: &'static str = "leaving";

    fn life(_: &App) -> i64 {
        LIFE
    }
}

/// The same in a form that ends the session. It may stay open as long as that; and if it is sent twice, it finds the
/// session ended the second time, and the browser shows the answer to that: with this it tells the same applications.
#[derive(Debug, Serialize, Deserialize)]
pub struct Ending(pub Leaving);

impl Carried for Ending {
    const KIND: &'static str = "ending";

    fn life(app: &App) -> i64 {
        app.engine().settings().session_life
    }
}

/// Where an application wants the person back.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub enum WayBack {
    /// It does not say.
    #[default]
    Unsaid,
    /// At an address that is not registered for it: nobody is sent there, and the page says why.
    Unknown,
    /// Here.
    To(Onward),
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
    /// One that was found among the registered ones.
    #[must_use]
    pub fn new(uri: &RedirectUri, state: Option<String>) -> Self {
        Self { uri: uri.as_str().to_owned(), returns_to: uri.returns_to().to_owned(), state }
    }

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
    /// Whether the application named an address that is not registered for it.
    is_lost: bool,
    /// Whether the browser goes on by itself once everybody was told, where script runs.
    goes_on: bool,
}

impl Leaving {
    /// After the end of this session.
    #[must_use]
    pub fn of(session: Option<Id<SessionRow>>) -> Self {
        Self { session, client_id: None, onward: WayBack::Unsaid }
    }

    /// Ends the session of the browser that sent a form. A repeat finds none, and leads the same way.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn after_form(app: &App, visitor: &Visitor, ending: &str) -> Result<Self, Error> {
        let leaving = match carried::open(app, ending).await {
            Ok(Ending(leaving)) => leaving,
            // The session ends all the same: that is what the person wants.
            Err(Error::Refused(_)) => Self::of(None),
            Err(fault) => return Err(fault),
        };
        match visitor.session(app.engine()).await? {
            Some(signed_in) => {
                app.engine().end_session(&signed_in.session).await?;
                Ok(Self { session: Some(signed_in.session.id), ..leaving })
            }
            None => Ok(leaving),
        }
    }

    /// The same, asked for by this application.
    #[must_use]
    pub fn for_client(self, client_id: Option<String>, onward: WayBack) -> Self {
        Self { client_id, onward, ..self }
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
            let page = format!("{}?leaving={}", routes::SIGNED_OUT, carried::seal(app, &self).await?);
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
        let onward = match (&client, &self.onward) {
            (Some(client), WayBack::To(onward)) => onward.address(client),
            _ => None,
        };
        Ok((client, onward))
    }

    /// The origin of the way back, for somebody who is not sent on by himself.
    fn home(&self, client: &Client) -> Option<String> {
        let WayBack::To(onward) = &self.onward else { return None };
        onward.address(client)?;
        Some(onward.returns_to.clone()).filter(|home| home.starts_with("http"))
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
        // Only of an address that is registered still: the page leads nobody elsewhere.
        let home = client.and_then(|client| self.home(client));
        let (goes_on, is_lost) = (onward.is_some(), matches!(self.onward, WayBack::Unknown));
        let back = match (onward.or(home), client) {
            (Some(href), Some(client)) => Back { href, label: label(client) },
            _ => Back { href: "/account/sign-in".to_owned(), label: t.say("signed-out-again") },
        };
        let sources = FrameSources(channels.iter().map(|channel| channel.origin.clone()).collect());
        let page = SignedOut { frame: Frame::new(app, t), channels, back, is_lost, goes_on };
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
    let text = params.one("leaving").ok().flatten().unwrap_or_default();
    let t = Language::of(&visitor);
    let shown = async {
        let leaving = match carried::open(&app, text).await {
            Err(Error::Fault(fault)) => return Err(fault),
            leaving => leaving.unwrap_or_else(|_| Leaving::of(None)),
        };
        let channels = leaving.channels(&app).await?;
        let (client, onward) = leaving.way_on(&app).await?;
        Ok(leaving.page(&app, t, client.as_deref(), onward, channels))
    };
    shown.await.unwrap_or_else(|fault: Fault| pages::failure(Frame::new(&app, t), &fault.into()))
}
