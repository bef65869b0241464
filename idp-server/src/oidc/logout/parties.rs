//! Which applications know of a session, and want to be told when it ends?

use idp_core::{Fault, Id, Time, session::SessionRow};
use symbolon_sqlx::provider::PartyWrite;

use crate::{App, oidc::client::Client};

/// What writes down that an application learns of a session; nothing if it does not want to hear of its end.
pub fn joins(client: &Client, session: Id<SessionRow>, at: Time) -> Option<PartyWrite> {
    let metadata = &client.registration.metadata;
    let wants = metadata.backchannel_logout_uri.is_some() || metadata.frontchannel_logout_uri.is_some();
    wants.then(|| PartyWrite::Join { client_id: client.id.clone(), session, at })
}

/// The addresses that a browser opens when a session ends (Front-Channel Logout 1.0, 2).
///
/// # Errors
/// [`Fault`] if the store fails.
pub async fn front_channels(app: &App, session: Id<SessionRow>) -> Result<Vec<FrontChannel>, Fault> {
    let mut channels = Vec::new();
    for id in app.db().parties(session).await? {
        let client = app.clients().find(&id, app.engine().now()).await?;
        channels.extend(client.and_then(|client| FrontChannel::of(app, &client, session)));
    }
    Ok(channels)
}

/// Where a browser tells one application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrontChannel {
    /// The address, with who says so and of which session: an address alone would be anybody's to open.
    pub uri: String,
    /// Its origin.
    pub origin: String,
}

impl FrontChannel {
    fn of(app: &App, client: &Client, session: Id<SessionRow>) -> Option<Self> {
        let uri = client.registration.metadata.frontchannel_logout_uri.as_ref()?;
        let mut url = url::Url::parse(uri.as_str()).ok()?;
        let sid = client.sid(app.engine(), session).to_string();
        url.query_pairs_mut().append_pair("iss", app.issuer()).append_pair("sid", &sid);
        Some(Self { uri: url.to_string(), origin: url.origin().ascii_serialization() })
    }
}
