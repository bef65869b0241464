//! How does metadata that stands at an address stay current?
//!
//! Every node looks once a minute whether something is due. A guarded write gives each source to one of them; whoever loses it
//! does nothing. If a node dies while it fetches, another one takes the source when its turn is over. What was read last stays
//! in use until something better was read, or until it runs out.

use std::time::Duration;

use idp_core::{Fault, Time, store::Batch};
use symbolon_sqlx::provider::{Changed, MetadataSourceRow, MetadataSourceWrite};
use tokio::time;

use super::{
    BadMetadata, BadProvider, Given, Whence,
    federation::{self, NotLoaded},
    source::{MAX_ANSWER, NotFetched, Source, ask, whole},
};
use crate::App;

/// How often a node looks.
const LOOK: Duration = Duration::from_secs(60);
/// How many sources a node takes at once.
const AT_ONCE: u32 = 8;
/// How long a node has for a source, in seconds, before another one takes it.
const TURN: i64 = 900;

/// Why metadata is not newer now.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotRefreshed {
    /// It does not come.
    #[error(transparent)]
    Fetch(#[from] NotFetched),
    /// It cannot be read, or is not signed as it has to be.
    #[error(transparent)]
    Metadata(#[from] BadMetadata),
    /// It is against what was decided.
    #[error(transparent)]
    Provider(#[from] BadProvider),
    /// That of a federation.
    #[error(transparent)]
    Federation(#[from] NotLoaded),
    /// The pinned key.
    #[error("the pinned certificate cannot be used: {0}")]
    Pin(#[from] symbolon_saml::KeyError),
    /// Trouble of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Keeps metadata current.
pub(crate) async fn keep_refreshing(app: App) {
    loop {
        time::sleep(LOOK).await;
        if let Err(fault) = refresh_due(&app).await {
            tracing::error!(%fault, "the metadata of service providers was not looked after");
        }
    }
}

/// Fetches what is due.
///
/// # Errors
/// [`Fault`] if the store fails. What is wrong with a source is written down and logged.
pub async fn refresh_due(app: &App) -> Result<(), Fault> {
    for row in app.db().due_metadata_sources(app.engine().now(), AT_ONCE).await? {
        take(app, row).await?;
    }
    Ok(())
}

async fn take(app: &App, row: MetadataSourceRow) -> Result<(), Fault> {
    let now = app.engine().now();
    let taken =
        MetadataSourceRow { due_at: Some(now + TURN), revision: row.revision.saturating_add(1), ..row };
    if app.db().change(MetadataSourceWrite::Update(taken.clone()), Batch::new()).await? != Changed::Yes {
        return Ok(());
    }
    let mut source: Source = serde_json::from_str(&taken.doc)?;
    let address = &taken.address;
    let due_at = match refresh(app, address, &mut source).await {
        Ok(next) => {
            if source.trouble.take().is_some() {
                tracing::info!(address, "metadata can be fetched again");
            }
            next
        }
        Err(error) => {
            let trouble = error.to_string();
            // Once, and not each hour.
            if source.trouble.as_ref() != Some(&trouble) {
                tracing::warn!(address, %error, "metadata was not renewed; what was read last stays in use");
            }
            source.trouble = Some(trouble);
            Source::again(now)
        }
    };
    let revision = taken.revision.saturating_add(1);
    let done = MetadataSourceRow { doc: source.doc()?, due_at: Some(due_at), revision, ..taken };
    // An administrator named the source anew meanwhile: his word counts.
    let _ = app.db().change(MetadataSourceWrite::Update(done), Batch::new()).await?;
    Ok(())
}

/// Fetches metadata and takes it over; when is it due again?
async fn refresh(app: &App, address: &str, source: &mut Source) -> Result<Time, NotRefreshed> {
    let now = app.engine().now();
    let pin = source.keys()?;
    let largest = match source.federation {
        Some(_) => app.config().saml.federation_limit,
        None => MAX_ANSWER.try_into().unwrap_or(u64::MAX),
    };
    let Some(answer) = ask(app, address, &source.version(), largest).await? else {
        // Whoever says so without end wins nothing: what is here runs out when it says.
        source.read_at = Some(now.0);
        return Ok(source.next(now));
    };
    let version = answer.validators();
    if let Some(terms) = &source.federation {
        let loaded = federation::load_arriving(app, address, terms, pin, answer).await?;
        return Ok(source.took(now, version, loaded.lifetime.cache_duration, loaded.valid_until()));
    }
    let body = whole(answer).await?;
    let given = Given::read(&body, pin.as_ref(), source.entity_id.as_deref(), now)?;
    let next = source.took(now, version, given.cache, given.valid_until);
    app.saml().providers().renew(app.engine(), given, Whence::Same(Some(address))).await?;
    Ok(next)
}
