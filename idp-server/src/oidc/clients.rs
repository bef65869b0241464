//! Which applications may ask for sign-ins, and what is known about them?

use std::fmt;

use idp_core::{Crypto, Fault, Time, policy::Acr};
use idp_protocol::{Octets, Text, context::Opens, crypto::Algorithm};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use symbolon_sqlx::{Db, provider::ClientRow};
use zeroize::Zeroizing;

use super::redirect_uri::{NotRedirect, RedirectUri};

/// The applications.
#[derive(Clone, Debug)]
pub struct Clients(Db);

/// An application.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its name in the protocol.
    pub id: String,
    /// What else is known.
    pub registration: Registration,
}

/// What is kept about an application.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Registration {
    /// Its name for people.
    pub name: Text<64>,
    /// Where a browser may be sent back to; compared letter by letter (RFC 9700, 2.1).
    pub redirect_uris: Vec<RedirectUri>,
    /// The SHA-256 digest of its secret; a public client has none. The secret has 256 random bits, so nobody finds it
    /// from the digest, and a slow hash would only slow us down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Octets<32>>,
    /// Whether it must prove that it began what it ends.
    #[serde(default)]
    pub pkce: Pkce,
    /// The weakest class of sign-in that it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_acr: Option<Acr>,
    /// What its ID tokens are signed with.
    #[serde(default, rename = "id_token_signed_response_alg")]
    pub signature: Signature,
    /// Whether the person is asked before the application learns anything.
    #[serde(default)]
    pub consent: Consent,
    /// How far a sign-in for it reaches.
    #[serde(default)]
    pub sso: Sso,
    /// Where a browser may be sent after signing out; compared letter by letter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub post_logout_redirect_uris: Vec<RedirectUri>,
}

/// What a client's ID tokens are signed with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Signature {
    /// RSASSA-PKCS1-v1_5 with SHA-256, which every application must know (OpenID Connect Core 1.0, 15.1).
    #[default]
    #[serde(rename = "RS256")]
    Rs256,
    /// ECDSA on P-256 with SHA-256: shorter tokens.
    #[serde(rename = "ES256")]
    Es256,
    /// Ed25519 (RFC 8037).
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl Signature {
    /// All of them, the default first.
    pub const ALL: [Self; 3] = [Self::Rs256, Self::Es256, Self::EdDsa];

    /// The algorithm; one more is one line here, two above, and one in [`super::ALGORITHMS`].
    #[must_use]
    pub fn algorithm(self) -> Algorithm {
        match self {
            Self::Rs256 => Algorithm::Rs256,
            Self::Es256 => Algorithm::Es256,
            Self::EdDsa => Algorithm::EdDsa,
        }
    }

    /// The one with this name in JOSE (RFC 7518, 3.1; RFC 8037, 3.1).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|signature| signature.algorithm().name() == name)
    }
}

/// Whether the person is asked before an application learns anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// No: an application of the same organisation. It may still ask for it with `prompt=consent`.
    #[default]
    Never,
    /// Yes, unless the person agreed before.
    Ask,
}

/// How far a sign-in for an application reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sso {
    /// To all applications: single sign-on.
    #[default]
    All,
    /// To this one only; any other asks again.
    Client,
}

impl Sso {
    /// What a device shows of it.
    #[must_use]
    pub fn opens(self) -> Opens {
        match self {
            Self::All => Opens::AllApplications,
            Self::Client => Opens::ThisApplication,
        }
    }
}

/// Whether a client must send a PKCE challenge (RFC 7636).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pkce {
    /// Yes.
    #[default]
    Required,
    /// No: an old client with a secret. A challenge that it sends anyway counts.
    Optional,
}

/// An application that is about to be registered.
#[derive(Clone, Debug, Default)]
pub struct NewClient {
    /// Its name in the protocol.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Where a browser may be sent back to.
    pub redirect_uris: Vec<String>,
    /// Whether it can keep a secret.
    pub keeps_secret: bool,
    /// Whether it must send a PKCE challenge.
    pub pkce: Pkce,
    /// The weakest class of sign-in that it takes.
    pub min_acr: Option<Acr>,
    /// What its ID tokens are signed with.
    pub signature: Signature,
    /// Whether the person is asked.
    pub consent: Consent,
    /// How far a sign-in for it reaches.
    pub sso: Sso,
    /// Where a browser may be sent after signing out.
    pub post_logout_redirect_uris: Vec<String>,
}

/// A registered application with its secret, which is never shown again.
pub struct Registered {
    /// The application.
    pub client: Client,
    /// Its secret, if it keeps one.
    pub secret: Option<Zeroizing<String>>,
}

impl fmt::Debug for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Registered({})", self.client.id)
    }
}

/// Why an application is not registered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BadClient {
    /// The id has other characters than it may.
    #[error("an id has 1 to 64 letters, digits and - . _ ~")]
    Id,
    /// The name cannot be shown.
    #[error("a name has 1 to 64 printable characters")]
    Name,
    /// There is no address, or one of them will not do.
    #[error(
        "the address {0:?} will not do: https, http on this computer, or a scheme of its own such as \
             com.example.app:/callback; without a fragment"
    )]
    Redirect(String),
    /// Without any address nobody comes back.
    #[error("at least one redirect address is needed")]
    NoRedirect,
    /// A public client without PKCE: whoever intercepts its code can use it (RFC 9700, 2.1.1).
    #[error("a public client needs PKCE")]
    PublicWithoutPkce,
    /// The id is taken.
    #[error("there is a client with this id already")]
    Taken,
    /// Trouble of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Clients {
    pub(crate) fn new(db: Db) -> Self {
        Self(db)
    }

    /// The application with this id.
    ///
    /// # Errors
    /// [`Fault`] if the store fails or holds something else.
    pub async fn find(&self, id: &str) -> Result<Option<Client>, Fault> {
        self.0.client(id).await?.map(Client::read).transpose()
    }

    /// All applications.
    ///
    /// # Errors
    /// [`Fault`] if the store fails or holds something else.
    pub async fn list(&self) -> Result<Vec<Client>, Fault> {
        self.0.clients().await?.into_iter().map(Client::read).collect()
    }

    /// Registers an application.
    ///
    /// # Errors
    /// [`BadClient`].
    pub async fn register(
        &self,
        crypto: &Crypto,
        now: Time,
        new: NewClient,
    ) -> Result<Registered, BadClient> {
        let secret = new.keeps_secret.then(|| Zeroizing::new(Octets(crypto.random::<32>()).to_string()));
        let digest = secret.as_ref().map(|secret| Octets(crypto.hash.sha256(secret.as_bytes())));
        let client = new.check(digest)?;
        let doc = serde_json::to_string(&client.registration).map_err(Fault::from)?;
        let row = ClientRow { client_id: client.id.clone(), doc, created_at: now, revision: 0 };
        if !self.0.insert_client(row).await? {
            return Err(BadClient::Taken);
        }
        Ok(Registered { client, secret })
    }

    /// Removes an application. `false` if there is none.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn remove(&self, id: &str) -> Result<bool, Fault> {
        self.0.remove_client(id).await
    }
}

impl NewClient {
    fn check(self, secret: Option<Octets<32>>) -> Result<Client, BadClient> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        if !(1..=64).contains(&self.id.len()) || !self.id.chars().all(fits) {
            return Err(BadClient::Id);
        }
        if secret.is_none() && self.pkce == Pkce::Optional {
            return Err(BadClient::PublicWithoutPkce);
        }
        if self.redirect_uris.is_empty() {
            return Err(BadClient::NoRedirect);
        }
        let read = |text: &String| text.parse().map_err(|NotRedirect| BadClient::Redirect(text.clone()));
        let registration = Registration {
            name: self.name.parse().map_err(|_| BadClient::Name)?,
            redirect_uris: self.redirect_uris.iter().map(read).collect::<Result<_, _>>()?,
            secret,
            pkce: self.pkce,
            min_acr: self.min_acr,
            signature: self.signature,
            consent: self.consent,
            sso: self.sso,
            post_logout_redirect_uris: self
                .post_logout_redirect_uris
                .iter()
                .map(read)
                .collect::<Result<_, _>>()?,
        };
        Ok(Client { id: self.id, registration })
    }
}

impl Client {
    fn read(row: ClientRow) -> Result<Self, Fault> {
        Ok(Self { id: row.client_id, registration: serde_json::from_str(&row.doc)? })
    }

    /// The registered address that is exactly this one.
    #[must_use]
    pub fn redirect_uri(&self, text: &str) -> Option<&RedirectUri> {
        self.registration.redirect_uris.iter().find(|uri| uri.as_str() == text)
    }

    /// The registered address for after signing out that is exactly this one.
    #[must_use]
    pub fn post_logout_redirect_uri(&self, text: &str) -> Option<&RedirectUri> {
        self.registration.post_logout_redirect_uris.iter().find(|uri| uri.as_str() == text)
    }

    /// Whether this is the client's secret. Takes the same time for every wrong one.
    #[must_use]
    pub fn has_secret(&self, crypto: &Crypto, secret: &str) -> bool {
        let digest = crypto.hash.sha256(secret.as_bytes());
        let own = self.registration.secret;
        own.is_some_and(|own| own.0.ct_eq(&digest).into())
    }
}
