//! How does an invited person begin? By a link that opens nothing by itself, or by a short address that is easy to type.
//!
//! A mail scanner follows links, and so does whoever gets the mail forwarded. So to look at the page reads and changes
//! nothing, however often; the button opens a sign-in that asks for digits which came by another way.

use std::convert::Infallible;

use askama::Template;
use axum::{
    extract::{FromRequestParts, Path, State},
    response::Response,
};
use http::{StatusCode, request::Parts};
use idp_core::{Id, methods::activation::Invitation};
use symbolon_axum::Visitor;

use crate::{
    app::App,
    pages::{self, Frame, QrCode},
    portal::{self, NewPark, Place},
};

/// What the link names; nobody by the short address, and by a link that was cut off on its way.
pub struct Name(Option<Id<Invitation>>);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        Ok(Self(path.ok().and_then(|Path(name)| name.parse().ok())))
    }
}

#[derive(Template)]
#[template(path = "activate.html")]
struct Activate {
    frame: Frame,
    action: String,
    qr: Option<QrCode>,
}

/// `GET /activate/{id}` and `GET /go`. The same page for every name, known or not.
pub async fn page(State(app): State<App>, visitor: Visitor, Name(name): Name) -> Response {
    let action = name.map_or_else(|| "/go".to_owned(), |name| format!("/activate/{name}"));
    let link = name.map(|name| link(app.issuer(), name));
    let qr = link.as_deref().and_then(QrCode::of);
    pages::render(StatusCode::OK, &Activate { frame: Frame::of(&app, &visitor), action, qr })
}

/// `POST /activate/{id}` and `POST /go`: opens the sign-in. It asks for the name, too, where the link names nobody.
pub async fn begin(State(app): State<App>, visitor: Visitor, Name(name): Name) -> Response {
    let user = match name {
        Some(name) => app.engine().invited_by(name).await,
        None => Ok(None),
    };
    match user {
        Ok(user) => {
            let new = NewPark::invited(user.map(|user| user.id));
            portal::park(&app, &visitor, Place::AddDevice, new).await
        }
        Err(fault) => pages::failure(Frame::of(&app, &visitor), &fault.into()),
    }
}

/// The link of an invitation. It names it and opens nothing.
#[must_use]
pub fn link(issuer: &str, name: Id<Invitation>) -> String {
    format!("{issuer}/activate/{name}")
}
