//! How does an application ask people without a browser? (CIBA Core 1.0, 4)

use serde::{Deserialize, Serialize};
use symbolon_jose::SignatureAlgorithm;

use super::{BadClient, Client, GrantType, Metadata, WebUri, assertion};

/// The members of a registration about backchannel authentication, under the names of the specification.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backchannel {
    /// How it learns that a person has decided.
    #[serde(default, rename = "backchannel_token_delivery_mode", skip_serializing_if = "Option::is_none")]
    pub mode: Option<DeliveryMode>,
    /// Where it is told that it can ask again.
    #[serde(
        default,
        rename = "backchannel_client_notification_endpoint",
        skip_serializing_if = "Option::is_none"
    )]
    pub notification_endpoint: Option<WebUri>,
    /// What it signs its requests with. One that says so sends no others.
    #[serde(
        default,
        rename = "backchannel_authentication_request_signing_alg",
        skip_serializing_if = "Option::is_none"
    )]
    pub request_signing_alg: Option<String>,
    /// Whether it sends a code that the person chose; there is none here.
    #[serde(default, rename = "backchannel_user_code_parameter", skip_serializing_if = "std::ops::Not::not")]
    pub user_code: bool,
}

/// How an application learns that a person has decided. There is no `push`: tokens would go to whoever answers at an
/// address, which never proved itself (FAPI-CIBA, 5.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryMode {
    /// It asks again and again.
    Poll,
    /// It is told when to ask again.
    Ping,
}

impl DeliveryMode {
    /// All of them, as discovery lists them.
    pub const NAMES: [&str; 2] = ["poll", "ping"];
}

impl Client {
    /// What it may sign requests and hints with, without a browser.
    #[must_use]
    pub fn backchannel_algorithms(&self) -> Vec<SignatureAlgorithm> {
        self.algorithms(self.registration.metadata.backchannel.request_signing_alg.as_deref())
    }
}

const fn bad(member: &'static str, why: &'static str) -> BadClient {
    BadClient::Member { member, why }
}

impl Metadata {
    pub(super) fn check_backchannel(&self, is_public: bool) -> Result<(), BadClient> {
        let own = &self.backchannel;
        let is_known = |name: &str| assertion::ALGORITHMS.iter().any(|algorithm| algorithm.name() == name);
        if own.request_signing_alg.as_deref().is_some_and(|name| !is_known(name)) {
            let why = "RS256, PS256, ES256 or EdDSA";
            return Err(bad("backchannel_authentication_request_signing_alg", why));
        }
        // Whoever relies on a code that is not compared is worse off than without one.
        if own.user_code {
            return Err(bad("backchannel_user_code_parameter", "user codes are not supported here"));
        }
        if !self.grant_types.contains(&GrantType::Ciba) {
            return Ok(());
        }
        if is_public {
            return Err(bad("grant_types", "backchannel authentication is for clients that authenticate"));
        }
        match (own.mode, &own.notification_endpoint) {
            (None, _) => Err(bad("backchannel_token_delivery_mode", "poll or ping is needed")),
            (Some(DeliveryMode::Ping), None) => {
                Err(bad("backchannel_client_notification_endpoint", "ping needs it"))
            }
            (Some(_), _) => Ok(()),
        }
    }
}
