//! How long do authorization codes, tokens and consents live?

use serde::{Deserialize, Serialize};

use super::Broken;

const DAY: i64 = 86_400;

/// `[oidc]`: lives in seconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Oidc {
    /// An authorization code. Default 60; at most 600 (RFC 6749, 4.1.2).
    pub code_life: i64,
    /// An access token. Default 300.
    pub access_token_life: i64,
    /// An ID token. Default 300.
    pub id_token_life: i64,
    /// How long a refresh token may lie unused. Default 30 days (RFC 9700, 4.14.2).
    pub refresh_token_idle: i64,
    /// How long tokens may be refreshed in all. Default 90 days.
    pub refresh_token_life: i64,
    /// What a person allowed an application, before he is asked again. Default 365 days.
    pub consent_life: i64,
}

impl Default for Oidc {
    fn default() -> Self {
        Self {
            code_life: 60,
            access_token_life: 300,
            id_token_life: 300,
            refresh_token_idle: 30 * DAY,
            refresh_token_life: 90 * DAY,
            consent_life: 365 * DAY,
        }
    }
}

impl Oidc {
    pub(super) fn broken_rule(&self) -> Option<Broken> {
        let lives = [
            ("oidc.code_life", self.code_life, 600, "between 1 and 600 seconds (RFC 6749, 4.1.2)"),
            ("oidc.access_token_life", self.access_token_life, DAY, "between 1 and 86400 seconds"),
            ("oidc.id_token_life", self.id_token_life, DAY, "between 1 and 86400 seconds"),
            ("oidc.refresh_token_idle", self.refresh_token_idle, 365 * DAY, "between 1 second and one year"),
            ("oidc.refresh_token_life", self.refresh_token_life, 365 * DAY, "between 1 second and one year"),
            ("oidc.consent_life", self.consent_life, 5 * 365 * DAY, "between 1 second and five years"),
        ];
        let (key, life, _, right) =
            lives.into_iter().find(|(_, life, most, _)| !(1..=*most).contains(life))?;
        Broken::new(key, format!("{life} is out of range"), right)
    }
}
