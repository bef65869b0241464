//! How do the server's keys change, and how does a server that runs notice?
//!
//! | key | how it is handed over |
//! |---|---|
//! | key-encryption key | `kek` holds several; the newest seals from its time on, all open; old values are sealed anew |
//! | keys of tokens, keys of the device protocol | published at once, used from their time on |
//! | keys of SAML | published two weeks before they sign, and only by an administrator: `saml/keys.rs` |
//! | keys of tokens whose life is over | replaced by whichever server looks first, see `oidc/key_life.rs` |
//!
//! Whatever is new is known everywhere before it is used: every server reads its keys again every 30 seconds.

use std::time::Duration;

use idp_core::{Fault, Time};
use tokio::time;

use crate::{App, config::KekError, oidc::key_life};

/// How often a server reads its keys again.
const RENEWAL: Duration = Duration::from_secs(30);
/// How long it takes until every server has noticed a change, with a margin for clocks, in seconds.
const NOTICED: i64 = 300;
/// How many values are sealed anew at once: a batch must not hold up sign-ins.
const BATCH: u32 = 50;
/// How long others have the database to themselves between two batches.
const BREATH: Duration = Duration::from_millis(100);

/// Why keys are not changed, or not noticed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RotationError {
    /// The key-encryption keys.
    #[error(transparent)]
    Kek(#[from] KekError),
    /// The store.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The file lost the key that values are sealed with.
    #[error(
        "the file of the key-encryption keys does not hold key {0}, which this server seals with: bring the file back"
    )]
    Lost(u8),
    /// It is too early to remove older keys: a server may still seal with one.
    #[error("the newest key-encryption key does not seal everywhere yet: try again in {0} seconds")]
    TooEarly(i64),
    /// Values still need an older key.
    #[error(
        "{0} values still need an older key-encryption key. Running servers seal them anew; those of sign-ins that are \
         under way are over within an hour. Nothing was removed: try again later"
    )]
    StillNeeded(u64),
}

/// How many values need which key-encryption key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KekState {
    /// The number of the key that seals.
    pub sealing: u8,
    /// The numbers of the others.
    pub others: Vec<u8>,
    /// How many values were sealed with another key.
    pub waiting: u64,
}

/// Adds a key-encryption key that seals from `from` on, and returns its number.
///
/// # Errors
/// [`KekError`], for example if the keys are not in a file.
pub fn add_kek(app: &App, from: Time) -> Result<u8, KekError> {
    app.config().store.add_kek(app.engine().crypto(), from)
}

/// Removes the older key-encryption keys if nothing needs them, and returns how many they were.
///
/// # Errors
/// [`RotationError`].
pub async fn finish_kek(app: &App) -> Result<usize, RotationError> {
    let (engine, store) = (app.engine(), &app.config().store);
    let now = engine.now();
    let from = store.load_keks(engine.crypto())?.newest().map_or(Time(0), |(_, from)| from);
    if now < from + NOTICED {
        return Err(RotationError::TooEarly(from.0 + NOTICED - now.0));
    }
    renew(app).await?;
    engine.tell_of_what_ran_out().await?;
    // What is over needs no key, and where no server runs nobody else seals anew.
    while engine.store().sweep(now).await? > 0 {}
    while engine.reseal(BATCH).await? > 0 {}
    match engine.store().count_sealed_before(engine.sealer().newest()).await? {
        0 => Ok(store.remove_older_keks(engine.crypto())?),
        waiting => Err(RotationError::StillNeeded(waiting)),
    }
}

/// Which key-encryption keys there are, and how many values still need an older one.
///
/// # Errors
/// [`Fault`] if the store fails.
pub async fn kek_state(app: &App) -> Result<KekState, Fault> {
    let sealer = app.engine().sealer();
    let sealing = sealer.newest();
    let waiting = app.engine().store().count_sealed_before(sealing).await?;
    Ok(KekState { sealing, others: sealer.others(), waiting })
}

/// Reads all keys again, and works with them from now on.
///
/// # Errors
/// [`RotationError`]; the keys of before stay in use.
pub async fn renew(app: &App) -> Result<(), RotationError> {
    let (engine, store) = (app.engine(), &app.config().store);
    let keks = store.reload_keks()?;
    let (newest, others) = keks.as_ref().unwrap_or(app.keks()).at(engine.now());
    let sealing = engine.sealer().newest();
    if !engine.sealer().replace(newest, others) {
        return Err(RotationError::Lost(sealing));
    }
    engine.reload_keys().await?;
    app.provider().reload(engine).await?;
    #[cfg(feature = "saml")]
    app.saml().reload(engine).await?;
    Ok(())
}

/// What every server does now and then: reads all keys again, and replaces signing keys whose life is over.
///
/// # Errors
/// [`RotationError`]; the keys of before stay in use.
pub async fn keep(app: &App) -> Result<(), RotationError> {
    renew(app).await?;
    key_life::renew(app).await?;
    Ok(())
}

/// Keeps the keys as they should be.
pub(crate) async fn keep_renewing(app: App) {
    loop {
        time::sleep(RENEWAL).await;
        if let Err(error) = keep(&app).await {
            tracing::error!(%error, "the keys were not read again or replaced; those of before stay in use");
        }
    }
}

/// Seals old values with the newest key, a few at a time. It may be stopped at any moment and goes on at the next start.
pub(crate) async fn keep_resealing(app: App) {
    loop {
        let engine = app.engine();
        // With one key there is nothing to look for, and looking reads whole tables.
        let pause = if engine.sealer().others().is_empty() {
            RENEWAL
        } else {
            match engine.reseal(BATCH).await {
                Ok(0) => RENEWAL,
                Ok(values) => {
                    tracing::info!(values, key = engine.sealer().newest(), "sealed anew");
                    BREATH
                }
                Err(fault) => {
                    tracing::error!(%fault, "old values were not sealed anew");
                    RENEWAL
                }
            }
        };
        time::sleep(pause).await;
    }
}

/// Gives one-time codes to devices that became active under an older version, once after each start.
pub(crate) async fn equip_devices(app: App) {
    loop {
        match app.engine().equip_devices().await {
            Ok(0) => return,
            Ok(devices) => tracing::info!(devices, "devices of an older version have one-time codes now"),
            Err(error) => {
                tracing::error!(%error, "devices of an older version have no one-time codes yet");
                time::sleep(RENEWAL).await;
            }
        }
    }
}
