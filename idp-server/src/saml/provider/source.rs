//! Where does metadata come from that is fetched again, who must have signed it, and when is it due?

use std::time::Duration;

use data_encoding::BASE64;
use idp_core::{Fault, Time};
use serde::{Deserialize, Serialize};
use symbolon_outbound::{Fragment, StreamLimits, Streaming, Validators};
use symbolon_saml::{KeyError, PeerKeys};

use super::Terms;
use crate::App;

/// The longest metadata of one service provider, in bytes: it is in memory as a whole. That of a federation is not, and has
/// `saml.federation_limit`.
pub const MAX_ANSWER: usize = 8 << 20;
/// How long metadata may arrive, with what is done with it: less than a node's turn.
const TIME: Duration = Duration::from_secs(600);
/// How long nothing of it may arrive.
const SILENCE: Duration = Duration::from_secs(30);
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
    /// What the version that was read last is called where it comes from (`ETag`). Only one that was taken is named here:
    /// what was refused is looked at again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// And since when it is there (`Last-Modified`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
    /// After how many seconds that version wants to be fetched again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<u64>,
    /// Until when that version may be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<i64>,
    /// When it was read last, or found unchanged.
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

    /// Writes down what was read at `now`, and what that version is called; when is it to be fetched again?
    pub fn took(
        &mut self,
        now: Time,
        version: Validators,
        cache: Option<Duration>,
        valid_until: Option<Time>,
    ) -> Time {
        (self.etag, self.last_modified) = (version.etag, version.last_modified);
        self.cache = cache.map(|it| it.as_secs());
        self.valid_until = valid_until.map(|until| until.0);
        self.read_at = Some(now.0);
        self.next(now)
    }

    /// When it is to be fetched again after it was read at `now`: early enough that two attempts come before the end of what
    /// is there.
    #[must_use]
    pub fn next(&self, now: Time) -> Time {
        let said = self.cache.and_then(|it| i64::try_from(it).ok());
        let pause = self.every.or(said).unwrap_or(USUAL);
        let left = self.valid_until.map_or(LATEST, |until| (Time(until) - now) / 3);
        now + pause.min(left).clamp(SOONEST, LATEST)
    }

    /// The version that was read last. What is not known is not named, and comes whole.
    #[must_use]
    pub fn version(&self) -> Validators {
        Validators::new(self.etag.clone(), self.last_modified.clone())
    }

    /// Another key must have signed it from now on: what is there is looked at again, whether it changed or not.
    pub fn pin_to(&mut self, pin: Option<String>) {
        self.pin = pin;
        (self.etag, self.last_modified) = (None, None);
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

/// Asks an address for metadata of at most so many bytes; none comes if it is still the version `known`.
///
/// # Errors
/// [`NotFetched`].
pub async fn ask(
    app: &App,
    address: &str,
    known: &Validators,
    largest_body: u64,
) -> Result<Option<Streaming>, NotFetched> {
    let target = app.outbound().target(address, Fragment::Dropped)?;
    let limits = StreamLimits { largest_body, time: TIME, silence: SILENCE };
    let answer = app.outbound().stream(&target, known, limits).await?;
    match answer.status() {
        _ if answer.is_unchanged() => Ok(None),
        200 => Ok(Some(answer)),
        status => Err(NotFetched::Status(status)),
    }
}

/// All that an answer says: metadata of one service provider.
///
/// # Errors
/// [`NotFetched`].
pub async fn whole(mut answer: Streaming) -> Result<Vec<u8>, NotFetched> {
    let mut whole = Vec::new();
    while let Some(piece) = answer.piece().await? {
        whole.extend_from_slice(&piece);
    }
    Ok(whole)
}

/// Fetches metadata of one service provider, whatever was known of it before.
///
/// # Errors
/// [`NotFetched`].
pub async fn fetch(app: &App, address: &str) -> Result<(Vec<u8>, Validators), NotFetched> {
    let nothing = Validators::default();
    let answer = ask(app, address, &nothing, MAX_ANSWER.try_into().unwrap_or(u64::MAX)).await?;
    let answer = answer.ok_or(NotFetched::Status(304))?;
    let version = answer.validators();
    Ok((whole(answer).await?, version))
}
