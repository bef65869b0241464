//! When do signing keys, and the one that applications encrypt for, change by themselves? Before their life is over, at
//! whichever node looks first.
//!
//! A new key is published [`AHEAD`] of its first signature, so that whoever keeps a copy of the public ones has it by then.

use idp_core::{Crypto, Fault, Time, engine::Renewed, keys::KeyRow};
use idp_protocol::crypto::{Algorithm, PrivateKey};

use super::{
    decryption,
    keys::{ALGORITHMS, purpose},
};
use crate::App;

/// How long before it signs a new key is published, in seconds: longer than anybody keeps the public keys.
pub const AHEAD: i64 = 3_600;

/// What a key does.
#[derive(Clone, Copy)]
enum Use {
    Signs(Algorithm),
    Decrypts,
}

impl Use {
    fn all() -> impl Iterator<Item = Self> {
        ALGORITHMS.into_iter().map(Self::Signs).chain([Self::Decrypts])
    }

    /// What it is for, as the store calls it.
    fn purpose(self) -> String {
        match self {
            Self::Signs(algorithm) => purpose(algorithm),
            Self::Decrypts => decryption::PURPOSE.to_owned(),
        }
    }

    fn made(self, crypto: &Crypto) -> Result<PrivateKey, Fault> {
        match self {
            Self::Signs(algorithm) => Ok(crypto.signatures.generate(algorithm)?),
            Self::Decrypts => decryption::made(crypto),
        }
    }
}

/// The newest key of a use.
struct Newest {
    of: Use,
    number: i64,
    /// When it began to sign, or will.
    since: Time,
}

/// When the next keys are made, if they ever are by themselves.
///
/// # Errors
/// [`Fault`] if the store fails.
pub async fn next(app: &App) -> Result<Option<Time>, Fault> {
    let rows = app.engine().store().keys().await?;
    Ok(newest(&rows).filter_map(|key| key.due(app)).min())
}

/// Makes new keys in place of those whose life is over.
///
/// # Errors
/// [`Fault`] if the store fails or a key cannot be made; the keys of before go on signing.
pub async fn renew(app: &App) -> Result<Renewed, Fault> {
    let now = app.engine().now();
    let rows = app.engine().store().keys().await?;
    let over: Vec<Newest> = newest(&rows).filter(|key| key.due(app).is_some_and(|due| due <= now)).collect();
    if over.is_empty() {
        return Ok(Renewed::Nothing);
    }
    let renewed = app.provider().renew(app, made(app, over).await?, now + AHEAD).await?;
    if renewed == Renewed::ByUs {
        tracing::info!(from = (now + AHEAD).0, "new signing keys are published, and sign in an hour");
    }
    Ok(renewed)
}

fn newest(rows: &[KeyRow]) -> impl Iterator<Item = Newest> {
    Use::all().filter_map(|of| {
        let purpose = of.purpose();
        let newest = rows.iter().filter(|row| row.purpose == purpose).max_by_key(|row| row.number)?;
        Some(Newest { of, number: newest.number, since: newest.not_before })
    })
}

impl Newest {
    /// When a key is made that follows it.
    fn due(&self, app: &App) -> Option<Time> {
        let life = app.config().oidc.signing_key_life;
        (life > 0).then(|| self.since + (life - AHEAD))
    }
}

/// A new private key for each purpose, beside the number of the key that it follows. To find primes takes a while, so
/// no request waits behind it.
async fn made(app: &App, over: Vec<Newest>) -> Result<Vec<(String, i64, PrivateKey)>, Fault> {
    let crypto = app.engine().crypto().clone();
    let make = move || {
        over.into_iter().map(|key| Ok((key.of.purpose(), key.number, key.of.made(&crypto)?))).collect()
    };
    tokio::task::spawn_blocking(make).await.map_err(|_| Fault::Busy("the making of a key was stopped"))?
}
