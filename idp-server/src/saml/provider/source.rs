//! Where does metadata come from that is fetched again, who must have signed it, and when is it due?

use std::time::Duration;

use data_encoding::BASE64;
use idp_core::{Fault, Time};
use serde::{Deserialize, Serialize};
use symbolon_outbound::{Fragment, Limits};
use symbolon_saml::{KeyError, PeerKeys};

use super::Terms;
use crate::App;

/// The longest answer of an address, in bytes: it is in memory as a whole. A larger federation is loaded from a file.
pub const MAX_ANSWER: usize = 8 << 20;
/// How often metadata is fetched at most and at least, and where nobody says, in seconds.
const SOONEST: i64 = 3_600;
const LATEST: i64 = 7 * 86_400;
const USUAL: i64 = 86_400;

/// Where metadata comes from, beside its address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Source {
    /// Whether it is that of a federation; the terms are those of its new service providers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub federation: Option<Terms>,
    /// The service provider that it is about, otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity_id: Option<String>,
    /// The certificate (DER, base64) of the key that signs it. If none, whoever has the address is believed by TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pin: Option<String>,
    /// After how many seconds it is fetched again, if not as it says itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<i64>,
    /// When it was read last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_at: Option<i64>,
    /// What is wrong since then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// Why metadata does not come from an address.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotFetched {
    /// Nobody is asked there.
    #[error("this is no address that is asked: {0}")]
    Target(#[from] symbolon_outbound::TargetError),
    /// It does not answer.
    #[error("it cannot be fetched: {0}")]
    Outbound(#[from] symbolon_outbound::OutboundError),
    /// It answers with something else.
    #[error("it is not there: the answer has status {0}")]
    Status(u16),
}

impl Source {
    /// The pinned key.
    ///
    /// # Errors
    /// [`KeyError`] if it cannot be used.
    pub fn keys(&self) -> Result<Option<PeerKeys>, KeyError> {
        let Some(pin) = &self.pin else { return Ok(None) };
        let der = BASE64.decode(pin.as_bytes()).map_err(|_| KeyError::Certificate)?;
        PeerKeys::from_certificates([der]).map(Some)
    }

    /// When it is to be fetched again after it was read at `now`: early enough that two attempts come before the end of what
    /// is there.
    #[must_use]
    pub fn next(&self, now: Time, cache: Option<Duration>, valid_until: Option<Time>) -> Time {
        let said = cache.and_then(|it| i64::try_from(it.as_secs()).ok());
        let pause = self.every.or(said).unwrap_or(USUAL);
        let left = valid_until.map_or(LATEST, |until| (until - now) / 3);
        now + pause.min(left).clamp(SOONEST, LATEST)
    }

    /// When it is tried again after it failed at `now`.
    #[must_use]
    pub fn again(now: Time) -> Time {
        now + SOONEST
    }

    pub(super) fn doc(&self) -> Result<String, Fault> {
        Ok(serde_json::to_string(self)?)
    }
}

/// Fetches metadata.
///
/// # Errors
/// [`NotFetched`].
pub async fn fetch(app: &App, address: &str) -> Result<symbolon_outbound::Bytes, NotFetched> {
    let target = app.outbound().target(address, Fragment::Dropped)?;
    let limits = Limits::default().with_largest_body(MAX_ANSWER);
    let answer = app.outbound().get(&target, limits).await?;
    if answer.status == 200 { Ok(answer.body) } else { Err(NotFetched::Status(answer.status)) }
}
