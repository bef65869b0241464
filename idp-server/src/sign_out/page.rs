//! What does a person see whose session has ended?
//!
//! Where the browser goes on stands in an address of ours, sealed, for two minutes. So the page can be loaded again, and a
//! click that is sent twice leads to the same page, although the session is gone by then.

use askama::Template;
use axum::{
    Extension,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use idp_core::Fault;
use symbolon_axum::{Visitor, cookies::Cookies, headers::FrameSources};

use super::{FrontChannel, Leaving, WayOn, Which, here, no_session, unreached};
use crate::{
    app::App,
    pages::{self, Asked, Back, Frame},
    routes,
    text::Language,
};

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
    /// Where the browser goes on at once, without script.
    next: Option<String>,
    /// The applications that may not know that the session is over.
    unreached: Vec<String>,
}

/// `GET /oauth2/signed-out`: tells the applications, and offers the way on.
pub async fn signed_out(State(app): State<App>, visitor: Visitor, Asked(which): Asked<Which>) -> Response {
    let t = Language::of(&visitor);
    let shown = async {
        let leaving = Leaving::open(&app, &which.leaving).await?;
        if leaving.is_of(&app, &visitor).await? && leaving.next(&app).await?.is_some() {
            return Ok(pages::render(StatusCode::OK, &under_way(&app, t, &leaving).await?));
        }
        let (frames, way) = (leaving.frames(&app).await?, leaving.way_on(&app, t).await?);
        let page = told(&app, t, &leaving, way, frames).await?;
        Ok((forgotten(&app, &visitor).await?, page).into_response())
    };
    shown.await.unwrap_or_else(|fault: Fault| pages::failure(Frame::new(&app, t), &fault.into()))
}

/// `GET /sign-out/next`: on to the next application. It may come again: whoever was told by then is left out, and another
/// message does no harm.
pub async fn next(State(app): State<App>, visitor: Visitor, Asked(which): Asked<Which>) -> Response {
    let t = Language::of(&visitor);
    let gone_on = async {
        let leaving = Leaving::open(&app, &which.leaving).await?;
        if leaving.is_of(&app, &visitor).await? {
            return leaving.answer(&app, t).await;
        }
        let way = leaving.way_on(&app, t).await?;
        told(&app, t, &leaving, way, Vec::new()).await
    };
    gone_on.await.unwrap_or_else(|fault: Fault| pages::failure(Frame::new(&app, t), &fault.into()))
}

/// A session that is over is forgotten; one that began meanwhile stays.
pub(super) async fn forgotten(app: &App, visitor: &Visitor) -> Result<Cookies, Fault> {
    let over = here(app, visitor).await?.is_some_and(|row| !row.holds(app.engine().now()));
    Ok(if over { no_session(app) } else { Cookies::default() })
}

/// More applications have to be told: the browser goes on from here at once. No form led to this page, so nothing of it
/// decides where the browser may be sent.
async fn under_way(app: &App, t: Language, leaving: &Leaving) -> Result<SignedOut, Fault> {
    let href = leaving.address(app, routes::SIGN_OUT_NEXT).await?;
    Ok(SignedOut {
        frame: Frame::new(app, t),
        channels: Vec::new(),
        next: Some(href.clone()),
        back: Back { href, label: t.say("login-continue") },
        is_lost: false,
        goes_on: false,
        unreached: Vec::new(),
    })
}

/// The page at the end.
pub(super) async fn told(
    app: &App,
    t: Language,
    leaving: &Leaving,
    way: WayOn,
    channels: Vec<FrontChannel>,
) -> Result<Response, Fault> {
    let WayOn { address, home, name, is_lost } = way;
    let goes_on = address.is_some();
    // Nobody is to be told here any more, so there is nothing to wait for.
    let next = address.clone().filter(|_| channels.is_empty());
    // Whoever is sent on has an application that knows, and says so itself.
    let unreached = if goes_on { Vec::new() } else { unreached(app, t, leaving).await? };
    let back = match address.or(home) {
        Some(href) => Back { href, label: t.say_with("back-to-client", "client", name) },
        None => Back { href: "/account/sign-in".to_owned(), label: t.say("signed-out-again") },
    };
    let sources = FrameSources(channels.iter().map(|channel| channel.origin.clone()).collect());
    let frame = Frame::new(app, t);
    let page = SignedOut { frame, channels, back, is_lost, goes_on, next, unreached };
    Ok((Extension(sources), pages::render(StatusCode::OK, &page)).into_response())
}
