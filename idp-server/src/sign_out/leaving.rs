//! Whom does a browser tell whose session has just ended, and where does it go on?
//!
//! Some applications can only be told by the browser itself, as their session is a cookie there. It goes from one to the next
//! in its own window: in a frame, browsers keep those cookies back. All that has to be known on the way travels with it,
//! sealed or under a reference, so it does not matter which node goes on. While it is under way it keeps the cookie of the
//! session, which opens nothing any more: it shows that this is still the same browser.

use axum::{
    http::header,
    response::{IntoResponse as _, Redirect, Response},
};
use idp_core::{Error, Fault, Id, Time, session::SessionRow};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use symbolon_axum::{Visitor, cookies::Cookies};

use super::{FrontChannel, Participants, WayOn, page};
use crate::{
    app::App,
    carried::{self, Carried},
    routes,
    text::Language,
};

/// How long the page can be loaded again, in seconds.
const LIFE: i64 = 120;

/// Where a browser goes on after its session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Leaving {
    /// The session that ended, if it was that of this browser.
    pub session: Option<Id<SessionRow>>,
    /// Sessions that ended with it, in other browsers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elsewhere: Vec<Id<SessionRow>>,
    /// The application that asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_by: Option<AskedBy>,
    /// The applications that the browser was sent to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub visited: Vec<String>,
    /// Since when.
    pub since: Time,
}

/// An application that asked for the end of a session. Only its protocol understands `data`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AskedBy {
    /// The name of the protocol.
    pub protocol: String,
    /// Which application it is, and what it wants.
    pub data: Value,
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
pub(crate) struct Ending(pub Leaving);

impl Carried for Ending {
    const KIND: &'static str = "ending";

    fn life(app: &App) -> i64 {
        app.engine().settings().session_life
    }
}

/// What an address of ours carries that goes on with it.
#[derive(Debug, Deserialize)]
pub struct Which {
    /// Where the browser goes on, sealed.
    #[serde(default)]
    pub leaving: String,
}

impl Leaving {
    /// After the end of this session, now.
    pub(crate) fn of(app: &App, session: Option<Id<SessionRow>>) -> Self {
        let since = app.engine().now();
        Self { session, elsewhere: Vec::new(), asked_by: None, visited: Vec::new(), since }
    }

    /// The same, asked for by an application.
    pub(crate) fn asked_by(self, protocol: &dyn Participants, data: Value) -> Self {
        Self { asked_by: Some(AskedBy { protocol: protocol.name().to_owned(), data }), ..self }
    }

    /// Ends the session of the browser that sent a form. A repeat finds none, and leads the same way.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub(crate) async fn after_form(app: &App, visitor: &Visitor, ending: &str) -> Result<Self, Error> {
        let leaving = match carried::open(app, ending).await {
            Ok(Ending(leaving)) => leaving,
            // The session ends all the same: that is what the person wants.
            Err(Error::Refused(_)) => Self::of(app, None),
            Err(fault) => return Err(fault),
        };
        match visitor.session(app.engine()).await? {
            Some(signed_in) => {
                app.engine().end_session(&signed_in.session).await?;
                let (session, since) = (Some(signed_in.session.id), app.engine().now());
                Ok(Self { session, since, ..leaving })
            }
            None => Ok(leaving),
        }
    }

    /// What [`Which`] carries. What cannot be read any more is no trouble: the session is over.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub(crate) async fn open(app: &App, text: &str) -> Result<Self, Fault> {
        match carried::open(app, text).await {
            Err(Error::Fault(fault)) => Err(fault),
            leaving => Ok(leaving.unwrap_or_else(|_| Self::of(app, None))),
        }
    }

    /// All sessions that ended.
    pub(crate) fn sessions(&self) -> impl Iterator<Item = Id<SessionRow>> {
        self.session.into_iter().chain(self.elsewhere.iter().copied())
    }

    /// On to the next application, or back to whoever asked, or to the page.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub(crate) async fn answer(self, app: &App, t: Language) -> Result<Response, Fault> {
        match self.next(app).await? {
            Some((protocol, application)) => protocol.visit(app, t, self, application).await,
            None => self.at_last(app, t).await,
        }
    }

    /// The same after a form of ours. Browsers hold the policy of the form's page against every address that a form leads to,
    /// and that page cannot know where applications send people in between: so a page of ours comes first. The page of the
    /// first form knows where the one that asked wants the person back; those of later ones do not.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub(crate) async fn answer_to_form(self, app: &App, t: Language) -> Result<Response, Fault> {
        let is_later = !self.visited.is_empty() && self.asked_by.is_some();
        if !is_later && self.next(app).await?.is_none() {
            return self.at_last(app, t).await;
        }
        Ok((UNSEEN, Redirect::to(&self.address(app, routes::SIGNED_OUT).await?)).into_response())
    }

    /// The application that the browser goes to next.
    pub(super) async fn next<'a>(
        &self,
        app: &'a App,
    ) -> Result<Option<(&'a dyn Participants, String)>, Fault> {
        for protocol in app.participants() {
            if let Some(application) = protocol.next(app, self).await? {
                return Ok(Some((protocol, application)));
            }
        }
        Ok(None)
    }

    /// Everybody was visited. On to the application that asked if nobody is to be told in a frame, else over the page that
    /// does; without the cookie of the session.
    async fn at_last(self, app: &App, t: Language) -> Result<Response, Fault> {
        let frames = self.frames(app).await?;
        if !frames.is_empty() {
            let page = self.address(app, routes::SIGNED_OUT).await?;
            return Ok((no_session(app), UNSEEN, Redirect::to(&page)).into_response());
        }
        let way = self.way_on(app, t).await?;
        match &way.address {
            Some(address) => Ok((no_session(app), UNSEEN, Redirect::to(address)).into_response()),
            None => Ok((no_session(app), page::told(app, t, &self, way, frames).await?).into_response()),
        }
    }

    /// The page that says that the session is over, for somebody who is not sent on.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub(crate) async fn said(self, app: &App, visitor: &Visitor) -> Result<Response, Fault> {
        let t = Language::of(visitor);
        let way = WayOn { address: None, ..self.way_on(app, t).await? };
        let page = page::told(app, t, &self, way, Vec::new()).await?;
        Ok((page::forgotten(app, visitor).await?, page).into_response())
    }

    /// An address of ours that goes on with it.
    ///
    /// # Errors
    /// [`Fault`] if it cannot be sealed, or the store fails.
    pub(crate) async fn address(&self, app: &App, path: &str) -> Result<String, Fault> {
        Ok(format!("{path}?leaving={}", carried::seal(app, self).await?))
    }

    pub(super) async fn frames(&self, app: &App) -> Result<Vec<FrontChannel>, Fault> {
        let mut frames = Vec::new();
        let Some(session) = self.session else { return Ok(frames) };
        for protocol in app.participants() {
            frames.extend(protocol.frames(app, session).await?);
        }
        Ok(frames)
    }

    pub(super) async fn way_on(&self, app: &App, t: Language) -> Result<WayOn, Fault> {
        let Some(AskedBy { protocol: name, data }) = &self.asked_by else { return Ok(WayOn::default()) };
        match app.participants().find(|protocol| protocol.name() == name) {
            Some(protocol) => protocol.way_on(app, t, self, data).await,
            // It was sealed by a node that has a protocol which this one has not.
            None => Ok(WayOn::default()),
        }
    }

    /// Whether this browser is the one whose session ended. An application learns the reference that it comes back with. If
    /// that were enough, it could ask for the next step itself, and read whom else the person knows, and under which name.
    pub(crate) async fn is_of(&self, app: &App, visitor: &Visitor) -> Result<bool, Fault> {
        let Some(session) = self.session else { return Ok(false) };
        Ok(here(app, visitor).await?.is_some_and(|row| row.id == session))
    }
}

/// What leads out of a session is not kept, and not passed on.
const UNSEEN: [(header::HeaderName, &str); 2] =
    [(header::CACHE_CONTROL, "no-store"), (header::REFERRER_POLICY, "no-referrer")];

/// The session whose cookie a browser has, also if it is over.
///
/// # Errors
/// [`Fault`] if the store fails.
pub(crate) async fn here(app: &App, visitor: &Visitor) -> Result<Option<SessionRow>, Fault> {
    match visitor.session_secret() {
        Some(secret) => app.db().session_even_if_ended(secret.digest(app.engine().crypto())).await,
        None => Ok(None),
    }
}

/// The browser forgets the session.
pub(crate) fn no_session(app: &App) -> Cookies {
    let jar = app.web().cookies();
    let watched = app.config().oidc.session_management.then(|| jar.no_browser_state());
    Cookies(std::iter::once(jar.no_session()).chain(watched).collect())
}
