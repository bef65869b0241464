//! Which applications can a person open from here?
//!
//! Only those that the rules let this person begin at; whoever opens one is asked again there.
//!
//! Logos are not shown: a picture of somebody else's server tells it who looks at this page and when, and anybody's could be
//! that of a bank. A letter stands in its place, and beneath the name where it leads.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    Extension,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use idp_core::Fault;
use symbolon_axum::{SignedIn, Visitor, headers::FormTargets};

use super::{Place, signed_in};
use crate::{
    app::App,
    oidc::{self, allowed},
    pages::{self, Frame},
    text::Language,
};

#[derive(Template)]
#[template(path = "launch.html")]
struct Launch {
    frame: Frame,
    tiles: Vec<Tile>,
}

/// An application on the page.
struct Tile {
    /// As the rules know it.
    id: String,
    name: String,
    /// Where it leads.
    host: String,
    opens: Opens,
    redirects_to: Option<String>,
}

enum Opens {
    /// An address of ours leads to where the application begins.
    Link(String),
    /// A form, as the sign-in itself is sent.
    #[cfg_attr(not(feature = "saml"), expect(dead_code, reason = "only SAML signs in without being asked"))]
    Form,
}

impl Tile {
    fn letter(&self) -> String {
        let letter = self.name.chars().find(|c| c.is_alphanumeric());
        letter.into_iter().flat_map(char::to_uppercase).collect()
    }
}

/// `GET /account/launch`.
pub async fn page(State(app): State<App>, visitor: Visitor) -> Response {
    let signed_in = match signed_in(&app, &visitor, Place::Launch).await {
        Ok(signed_in) => signed_in,
        Err(response) => return response,
    };
    let frame = Frame::of(&app, &visitor);
    match tiles(&app, &visitor, frame.t, &signed_in).await {
        Ok(tiles) => {
            let targets = tiles.iter().filter_map(|tile| tile.redirects_to.clone()).collect();
            let page = pages::render(StatusCode::OK, &Launch { frame, tiles });
            (Extension(FormTargets(targets)), page).into_response()
        }
        Err(fault) => pages::failure(frame, &fault.into()),
    }
}

async fn tiles(app: &App, visitor: &Visitor, t: Language, signed_in: &SignedIn) -> Result<Vec<Tile>, Fault> {
    let mut tiles = clients(app, t, signed_in).await?;
    #[cfg(feature = "saml")]
    tiles.extend(providers(app, t).await?);
    let ids: Vec<&str> = tiles.iter().map(|tile| tile.id.as_str()).collect();
    let admitted = app.engine().admitted(&ids, &visitor.origin(app.engine()), signed_in.user.id).await?;
    let mut admitted = admitted.into_iter();
    tiles.retain(|_| admitted.next().unwrap_or(false));
    tiles.sort_by_key(|tile| (tile.name.to_lowercase(), tile.host.clone()));
    Ok(tiles)
}

/// Applications of OpenID Connect that have an address to begin at.
///
/// Those of the administrator. Anybody may register one, and call it as he likes: such a one stands here when the person has
/// allowed it something before.
async fn clients(app: &App, t: Language, signed_in: &SignedIn) -> Result<Vec<Tile>, Fault> {
    let mut found = BTreeMap::new();
    for client in app.clients().launched().await? {
        found.extend(tile(&client, t).map(|tile| (client.id, tile)));
    }
    for application in allowed::all(app, signed_in.user.id).await? {
        if let Some(client) = app.clients().find(&application.client_id, app.engine().now()).await? {
            found.extend(tile(&client, t).map(|tile| (application.client_id, tile)));
        }
    }
    Ok(found.into_values().collect())
}

fn tile(client: &oidc::Client, t: Language) -> Option<Tile> {
    let uri = client.registration.metadata.initiate_login_uri.as_ref()?;
    Some(Tile {
        id: client.id.clone(),
        name: client.name(t).to_owned(),
        host: url::Url::parse(uri.as_str()).ok()?.host_str()?.to_owned(),
        opens: Opens::Link(oidc::launch::link(client)?),
        redirects_to: None,
    })
}

#[cfg(feature = "saml")]
async fn providers(app: &App, t: Language) -> Result<impl Iterator<Item = Tile>, Fault> {
    let offered = crate::saml::launch::offered(app, t).await?;
    Ok(offered.into_iter().map(|offered| Tile {
        id: offered.entity_id,
        name: offered.name,
        host: offered.host,
        opens: Opens::Form,
        redirects_to: offered.redirects_to,
    }))
}
