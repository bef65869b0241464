//! Where does a person go on whom an application of OpenID Connect signed out? (RP-Initiated Logout 1.0, 3)

use idp_core::Fault;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    App,
    oidc::client::{Client, RedirectUri},
    sign_out::WayOn,
    text::Language,
};

/// An application that asked for the end of a session.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct AskedFor {
    /// Which, if it said so.
    pub client_id: Option<String>,
    /// Where it wants the person back.
    pub back: WayBack,
}

/// Where an application wants the person back.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) enum WayBack {
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
pub(super) struct Onward {
    /// The address.
    pub uri: String,
    /// Its origin, or its scheme.
    pub returns_to: String,
    /// The client's state.
    pub state: Option<String>,
}

impl Onward {
    /// One that was found among the registered ones.
    pub(super) fn new(uri: &RedirectUri, state: Option<String>) -> Self {
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

/// The way on.
///
/// # Errors
/// [`Fault`] if the store fails.
pub(super) async fn of(app: &App, t: Language, asked: &Value) -> Result<WayOn, Fault> {
    let AskedFor { client_id, back } = AskedFor::deserialize(asked)?;
    let is_lost = matches!(back, WayBack::Unknown);
    let Some(id) = &client_id else { return Ok(WayOn { is_lost, ..WayOn::default() }) };
    let Some(client) = app.clients().find(id, app.engine().now()).await? else {
        return Ok(WayOn { is_lost, ..WayOn::default() });
    };
    let name = client.name(t).to_owned();
    let WayBack::To(onward) = back else { return Ok(WayOn { is_lost, name, ..WayOn::default() }) };
    // Only of an address that is registered still: the page leads nobody elsewhere.
    let address = onward.address(&client);
    let home = address.is_some().then_some(onward.returns_to).filter(|home| home.starts_with("http"));
    Ok(WayOn { address, home, name, is_lost })
}
