//! What did the administrator decide about an application?

use idp_core::policy::Acr;
use idp_protocol::context::Opens;
use serde::{Deserialize, Serialize};

use crate::oidc::Profile;

/// What an application cannot say about itself. The defaults are the safe choices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The profile that it keeps to, if it is not that of the server.
    #[serde(default, skip_serializing_if = "Profile::is_none")]
    pub profile: Profile,
    /// Whether it must prove that it began what it ends.
    #[serde(default)]
    pub pkce: Pkce,
    /// The weakest class of sign-in that it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_acr: Option<Acr>,
    /// Whether the person is asked before it learns anything.
    #[serde(default)]
    pub consent: Consent,
    /// How far a sign-in for it reaches.
    #[serde(default)]
    pub sso: Sso,
    /// Whether it is a protected resource, which may ask about the tokens of others (RFC 7662).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub introspects: bool,
    /// Which resource it is: its addresses (RFC 8707). It learns only of tokens for these; without any, of tokens for us.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub serves: Vec<String>,
    /// The protected resources that it may get tokens for (RFC 8707): absolute addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
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

/// Whether a client with a secret must send a PKCE challenge (RFC 7636).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pkce {
    /// Yes.
    #[default]
    Required,
    /// No, if it sends a nonce: an old client. A challenge that it sends anyway counts.
    Optional,
    /// No, and it need not send a nonce either: whoever gets hold of a code may slip it into another browser. For clients
    /// that can do neither, and for the tests of the certification profiles.
    Untied,
}
