//! What did the administrator decide about a service provider?

use idp_core::policy::Acr;
use serde::{Deserialize, Serialize};
use symbolon_saml::{Signed as What, name_id};

use crate::{
    oidc::{Consent, Sso},
    saml::attributes::Rule,
};

/// What a service provider does not say of itself, or is not asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Terms {
    /// What people know it as, if not as its metadata says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What of an answer is signed.
    pub signed: Signed,
    /// With which kind of key.
    pub algorithm: Signature,
    /// Whether assertions are encrypted for it.
    pub encryption: Encrypt,
    /// Whether its requests must be signed; as its metadata says if none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_requests: Option<bool>,
    /// The weakest class of sign-in that it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_acr: Option<Acr>,
    /// Whether the person is asked before it learns anything.
    pub consent: Consent,
    /// How far a sign-in for it reaches.
    pub sso: Sso,
    /// The format of names where it asks for none; the first of its metadata that can be given if none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_id: Option<NameFormat>,
    /// What it learns of people: rules as `idp-server sp add --attribute` takes them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<Rule>,
    /// How long its own session may last (`SessionNotOnOrAfter`), in seconds; as long as ours if none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_life: Option<i64>,
    /// The number of the signing key that it still expects; the one that signs for all if none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_key: Option<i64>,
    /// Whether and how people open it from here.
    pub launch: Launch,
}

/// What of an answer is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signed {
    /// The assertion.
    Assertion,
    /// The response around it.
    Response,
    /// Each of them: what every service provider takes, for two signatures a sign-in.
    #[default]
    Both,
}

impl Signed {
    /// What of a response is signed.
    #[must_use]
    pub fn what(self) -> What {
        match self {
            Self::Assertion => What::Assertion,
            Self::Response => What::Response,
            Self::Both => What::Both,
        }
    }
}

/// With which kind of key answers are signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signature {
    /// RSA with SHA-256, which every service provider knows.
    #[default]
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
}

impl Signature {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Rs256, Self::Es256];

    /// Its name at the terminal and in the store.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "rs256",
            Self::Es256 => "es256",
        }
    }
}

/// Whether assertions are encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encrypt {
    /// Where its metadata has a key that can be used.
    #[default]
    IfPossible,
    /// Never.
    Never,
    /// Always; without a key that can be used nothing is answered.
    Required,
    /// Always, and with AES in CBC where its metadata does not name GCM: for a service provider that cannot decrypt anything
    /// else. Somebody who sees an assertion on its way, and can send that provider some thousand changed ones, reads by how
    /// it fails what is inside (CVE-2011-1096). To encrypt nothing hides less, but pretends nothing either.
    DangerCbc,
}

impl Encrypt {
    /// Whether nothing is answered where nothing can be encrypted.
    #[must_use]
    pub fn is_required(self) -> bool {
        matches!(self, Self::Required | Self::DangerCbc)
    }
}

/// What the name of a person is to a service provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameFormat {
    /// A pseudonym that no other one shares.
    Persistent,
    /// A name for one session.
    Transient,
    /// The e-mail address.
    Email,
    /// The login name.
    Unspecified,
}

impl NameFormat {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Persistent, Self::Transient, Self::Email, Self::Unspecified];

    /// Its URI (SAML core, 8.3).
    #[must_use]
    pub fn uri(self) -> &'static str {
        match self {
            Self::Persistent => name_id::PERSISTENT,
            Self::Transient => name_id::TRANSIENT,
            Self::Email => name_id::EMAIL,
            Self::Unspecified => name_id::UNSPECIFIED,
        }
    }

    /// The format with this URI.
    #[must_use]
    pub fn from_uri(uri: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.uri() == uri)
    }
}

/// Whether and how people open a service provider from here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Launch {
    /// Whether it stands on the page of applications.
    pub shown: bool,
    /// The relay state that such a sign-in carries, which many providers take for the page to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relay_state: Option<String>,
}

impl Default for Launch {
    fn default() -> Self {
        Self { shown: true, relay_state: None }
    }
}
