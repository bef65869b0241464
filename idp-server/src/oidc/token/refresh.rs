//! What is a refresh token, and who notices that it was stolen? (RFC 6749, 6; RFC 9700, 4.14)
//!
//! A token names its grant and a generation, with a keyed digest over both: the database holds nothing that could be
//! stolen from it, and the same generation is always the same text. Each use makes the next generation. One that was
//! used before ends the grant, because either use may have been the thief's; only right after the use, when an answer
//! may have been lost on its way, the same next token comes again.
//!
//! For clients under FAPI 2.0 a generation lasts: their tokens are worth nothing without what they prove themselves with.

use idp_core::{Fault, audit::Event, store::Batch};
use idp_protocol::{
    Octets,
    encoding::{from_base64url, to_base64url},
};
use subtle::ConstantTimeEq as _;
use symbolon_sqlx::provider::{Changed, GrantWrite};
use zeroize::Zeroizing;

use super::grant::Grant;
use crate::{
    App,
    oidc::{
        client::{Client, GrantType},
        error::{Code, OAuthError},
        holder::Holder,
    },
};

/// How long after its use a token may come once more, in seconds.
const REPEATABLE: i64 = 10;

const WRONG: OAuthError = OAuthError::new(Code::InvalidGrant, "the refresh token is wrong, used, or too old");

/// A refresh token in its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    /// Its grant.
    pub grant: Octets<16>,
    /// How often the grant was refreshed before it was made.
    pub generation: u32,
}

impl RefreshToken {
    /// The newest one of a grant.
    #[must_use]
    pub fn newest(grant: &Grant) -> Self {
        Self { grant: grant.id, generation: u32::try_from(grant.generation).unwrap_or(u32::MAX) }
    }

    /// Reads a token; `None` if it is none of ours.
    #[must_use]
    pub fn read(app: &App, text: &str) -> Option<Self> {
        if text.len() > 128 {
            return None;
        }
        let bytes = Zeroizing::new(from_base64url(text)?);
        let (grant, rest) = bytes.split_first_chunk::<16>()?;
        let (generation, tag) = rest.split_first_chunk::<4>()?;
        let token = Self { grant: Octets(*grant), generation: u32::from_be_bytes(*generation) };
        bool::from(token.tag(app).as_slice().ct_eq(tag)).then_some(token)
    }

    /// The token as the application gets it.
    #[must_use]
    pub fn write(&self, app: &App) -> Zeroizing<String> {
        let parts = [self.grant.0.as_slice(), &self.generation.to_be_bytes(), &self.tag(app)];
        Zeroizing::new(to_base64url(&parts.concat()))
    }

    fn tag(&self, app: &App) -> [u8; 32] {
        app.engine().keys().digest("refresh-token", &[&self.grant.0, &self.generation.to_be_bytes()])
    }
}

/// Uses a refresh token for what `fits` the grant: the grant in its next generation.
///
/// # Errors
/// `invalid_grant`, one answer for all reasons; `invalid_dpop_proof`; those of `fits`.
pub async fn refresh(
    app: &App,
    client: &Client,
    text: &str,
    holder: &Holder,
    fits: impl Fn(&Grant) -> Result<(), OAuthError>,
) -> Result<Grant, OAuthError> {
    let token = RefreshToken::read(app, text).ok_or(WRONG)?;
    // A second look is for whoever lost a race against himself.
    for _ in 0..2 {
        let grant = Grant::find(app, token.grant).await?.filter(|grant| grant.client_id == client.id);
        let grant = grant.ok_or(WRONG)?;
        if !client.may(GrantType::RefreshToken) {
            return Err(WRONG);
        }
        // A thief has the token and not the key; its owner loses nothing by the try.
        if !grant.agreed.holder.is_met_by(holder) {
            return Err(OAuthError::new(
                Code::InvalidDpopProof,
                "the refresh token is for the holder of another key",
            ));
        }
        // Before the token is used up: a slip of the client must not cost it the grant.
        fits(&grant)?;
        let now = app.engine().now();
        match grant.generation - i64::from(token.generation) {
            0 => {
                if let Some(grant) = advance(app, client, grant).await? {
                    return Ok(grant);
                }
            }
            1 if now < grant.used_at + REPEATABLE => return Ok(grant),
            _ => {
                tracing::warn!(client = client.id, "a refresh token was used twice; its grant is ended");
                let event = Event::new("oidc.refresh_token_replayed").with("client", &client.id);
                Grant::end(app, grant.id, event).await?;
                return Err(WRONG);
            }
        }
    }
    Err(WRONG)
}

/// `None` if somebody was faster.
async fn advance(app: &App, client: &Client, grant: Grant) -> Result<Option<Grant>, Fault> {
    let at = app.engine().now();
    let expires_at = grant.end_after(app, client, at);
    if !client.profile.rotates() {
        let write = GrantWrite::Prolong { id: grant.id.0, generation: grant.generation, at, expires_at };
        let done = app.db().change(write, Batch::new()).await? == Changed::Yes;
        return Ok(done.then_some(Grant { used_at: at, expires_at, ..grant }));
    }
    let write = GrantWrite::Refresh { id: grant.id.0, from: grant.generation, at, expires_at };
    let done = app.db().change(write, Batch::new()).await? == Changed::Yes;
    Ok(done.then(|| Grant {
        generation: grant.generation.saturating_add(1),
        used_at: at,
        expires_at,
        ..grant
    }))
}
