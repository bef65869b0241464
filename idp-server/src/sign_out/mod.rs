//! What happens to a browser whose session has just ended, and who hears of it? The same for every protocol.
//!
//! | file | what it answers |
//! |---|---|
//! | `leaving.rs` | whom the browser tells, and where it goes on |
//! | `page.rs` | what the person sees |
//! | `reached.rs` | who knows of the end, and who does not |
//!
//! The session is over before anything of this begins. Whoever the server can tell is told by the server, whatever becomes of
//! the browser: a person who closes the window in the middle takes nothing back.

mod leaving;
mod page;
mod reached;

use axum::response::Response;
use idp_core::{Fault, Id, session::SessionRow, store::BoxFuture};
use serde_json::Value;

pub(crate) use leaving::{Ending, Leaving, Which, here, no_session};
pub use page::{next, signed_out};
#[cfg(feature = "saml")]
pub(crate) use reached::settled;
pub(crate) use reached::{names, unreached};

use crate::{app::App, text::Language};

/// A protocol whose applications take part in sessions (session participants of SAML profiles, 4.4.1). `app.rs` names them
/// all; nothing here knows any of them.
pub(crate) trait Participants: Send + Sync {
    /// Its name, as it stands in what travels through the browser.
    fn name(&self) -> &'static str;

    /// The applications that know of a session.
    fn of<'a>(
        &'a self,
        app: &'a App,
        t: Language,
        session: Id<SessionRow>,
    ) -> BoxFuture<'a, Result<Vec<Participant>, Fault>>;

    /// What a page of ours tells in frames.
    fn frames<'a>(
        &'a self,
        app: &'a App,
        session: Id<SessionRow>,
    ) -> BoxFuture<'a, Result<Vec<FrontChannel>, Fault>>;

    /// The next application that the browser itself has to go to; none if all were.
    fn next<'a>(&'a self, app: &'a App, leaving: &'a Leaving)
    -> BoxFuture<'a, Result<Option<String>, Fault>>;

    /// Sends the browser to it. It comes back by an address of the protocol, which goes on with [`Leaving::answer`].
    fn visit<'a>(
        &'a self,
        app: &'a App,
        t: Language,
        leaving: Leaving,
        application: String,
    ) -> BoxFuture<'a, Result<Response, Fault>>;

    /// Where the person goes on whom an application of this protocol sent here.
    fn way_on<'a>(
        &'a self,
        app: &'a App,
        t: Language,
        leaving: &'a Leaving,
        asked: &'a Value,
    ) -> BoxFuture<'a, Result<WayOn, Fault>>;
}

/// An application that knows of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Participant {
    /// What people know it as.
    pub name: String,
    /// Whether it was told that the session ended.
    pub told: Told,
}

/// Whether somebody was told of the end of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// Yes, or he does not want to be.
    Yes,
    /// The server is about to.
    Soon,
    /// No, and the server cannot do it by itself.
    #[cfg_attr(
        not(feature = "saml"),
        expect(dead_code, reason = "the server tells every client of OpenID Connect")
    )]
    No,
}

/// Where a page of ours tells an application in a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FrontChannel {
    /// The address, with who says so and of which session: an address alone would be anybody's to open.
    pub uri: String,
    /// Its origin.
    pub origin: String,
}

/// Where somebody goes on whom an application sent here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WayOn {
    /// Where the browser goes by itself.
    pub address: Option<String>,
    /// Where a link leads, for somebody who is not sent on by himself.
    pub home: Option<String>,
    /// What people know the application as.
    pub name: String,
    /// Whether the application named an address that is not its own: nobody is sent there, and the page says why.
    pub is_lost: bool,
}
