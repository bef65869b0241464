//! How long do authorization codes, tokens and consents live?

use serde::{Deserialize, Serialize};

use super::Broken;
use crate::oidc::{Profile, profile};

const DAY: i64 = 86_400;

/// `[oidc]`: lives in seconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Oidc {
    /// What holds for all applications beyond OpenID Connect. Default nothing.
    pub profile: Profile,
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
    /// After how long signing keys are replaced by themselves. Default 90 days; 0 for never.
    pub signing_key_life: i64,
    /// Whether proofs of possession (DPoP) must hold a number that the server gave out minutes ago. Default yes.
    pub dpop_nonce: bool,
    /// Whether pages of applications may watch in a frame whether the browser is still signed in (OpenID Connect Session
    /// Management 1.0). Default no: it needs a cookie that frames on other sites can read.
    pub session_management: bool,
    /// Whether applications register themselves.
    pub registration: Registration,
}

/// `[oidc.registration]`: applications that register themselves (RFC 7591).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Registration {
    /// Who may. Default nobody.
    pub who: Registrants,
    /// How many a network may register in an hour, where anybody may, and how often it may change what it registered.
    /// What is refused counts, too. Default 20.
    pub per_hour: u32,
    /// Whether those with a secret may do without PKCE. Default no.
    pub without_pkce: bool,
    /// Whether they may have tokens sent through the browser (implicit and hybrid). Default no.
    pub implicit: bool,
    /// Whether they may be devices without a keyboard (RFC 8628). Default no: whoever began could be far away, and only the
    /// name that the application gave itself would tell the person.
    pub device_grant: bool,
    /// Whether they may ask people without a browser (CIBA). Default no: whoever registers so can have anybody's phone ask
    /// him, under a name that he gave himself.
    pub backchannel_authentication: bool,
    /// Whether they may get tokens for themselves (`client_credentials`). Default no.
    pub client_credentials: bool,
    /// Whether people are asked before they learn anything. Default yes.
    pub consent: bool,
}

/// Who may register an application.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Registrants {
    /// Nobody but the administrator.
    #[default]
    Nobody,
    /// Whoever has an initial access token: `idp-server client invite`.
    Invited,
    /// Anybody who reaches the server.
    Anybody,
}

impl Default for Registration {
    fn default() -> Self {
        Self {
            who: Registrants::Nobody,
            per_hour: 20,
            without_pkce: false,
            implicit: false,
            device_grant: false,
            backchannel_authentication: false,
            client_credentials: false,
            consent: true,
        }
    }
}

impl Default for Oidc {
    fn default() -> Self {
        Self {
            profile: Profile::None,
            code_life: 60,
            access_token_life: 300,
            id_token_life: 300,
            refresh_token_idle: 30 * DAY,
            refresh_token_life: 90 * DAY,
            consent_life: 365 * DAY,
            signing_key_life: 90 * DAY,
            dpop_nonce: true,
            session_management: false,
            registration: Registration::default(),
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
        let key_life = self.signing_key_life;
        // A shorter one would end before whoever keeps the public keys has seen it.
        if key_life != 0 && !(DAY..=10 * 365 * DAY).contains(&key_life) {
            let right = "between one day and ten years, or 0 for never";
            return Broken::new("oidc.signing_key_life", format!("{key_life} is out of range"), right);
        }
        if !(1..=100_000).contains(&self.registration.per_hour) {
            let why = format!("{} is out of range", self.registration.per_hour);
            return Broken::new("oidc.registration.per_hour", why, "between 1 and 100000");
        }
        let found = lives.into_iter().find(|(_, life, most, _)| !(1..=*most).contains(life));
        match found {
            Some((key, life, _, right)) => Broken::new(key, format!("{life} is out of range"), right),
            None => self.against_the_profile(),
        }
    }

    /// What the profile would silently override is refused, so that nobody believes that it holds.
    fn against_the_profile(&self) -> Option<Broken> {
        let why = "it is against oidc.profile \"fapi2\"";
        match self {
            Self { profile: Profile::None, .. } => None,
            Self { code_life, .. } if *code_life > profile::CODE_LIFE => {
                Broken::new("oidc.code_life", why, "60 seconds at most (FAPI 2.0, 5.3.2.1)")
            }
            Self { registration: Registration { implicit: true, .. }, .. } => {
                Broken::new("oidc.registration.implicit", why, "false (FAPI 2.0, 5.3.2.2)")
            }
            Self { registration: Registration { device_grant: true, .. }, .. } => {
                Broken::new("oidc.registration.device_grant", why, "false (FAPI 2.0 knows no such grant)")
            }
            Self { registration: Registration { without_pkce: true, .. }, .. } => {
                Broken::new("oidc.registration.without_pkce", why, "false (FAPI 2.0, 5.3.2.2)")
            }
            _ => None,
        }
    }
}
