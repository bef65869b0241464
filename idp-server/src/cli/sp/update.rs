//! How does an administrator take newer metadata of one service provider?

use anyhow::{Context as _, bail};
use symbolon_sqlx::provider::MetadataSourceRow;

use super::{
    arguments::UpdateArguments,
    changes::changes,
    given::{is_address, pin, pinned, read},
};
use crate::{
    App,
    cli::terminal::say,
    saml::{
        Provider,
        provider::{Given, Source, Whence, source::fetch},
    },
};

pub(super) async fn update(app: &App, new: UpdateArguments) -> anyhow::Result<()> {
    let (entity_id, now) = (new.entity_id.as_str(), app.engine().now());
    let Some(before) = app.saml().providers().look(entity_id, now).await? else {
        bail!("there is no service provider {entity_id}: `sp add` adds one");
    };
    let source = of(app, &before).await?;
    let mut source =
        source.unwrap_or_else(|| Source { entity_id: Some(entity_id.to_owned()), ..Source::default() });
    // Whoever was pinned stays pinned, also when the metadata moves.
    if let Some(path) = &new.pin {
        source.pin_to(Some(pin(path)?));
    }
    let from = match (new.from.as_deref(), before.source.as_deref()) {
        (Some(from), _) if is_address(from) => from,
        (Some(_), Some(address)) => bail!(
            "its metadata comes from {address} by itself, which would undo what a file says: `sp update {entity_id}` fetches it now"
        ),
        (Some(from), None) => from,
        (None, Some(address)) => address,
        (None, None) => bail!("its metadata came from a file: name the newer one"),
    };
    let after = if is_address(from) {
        fetched(app, &before, source, from).await?
    } else {
        let given = Given::read(&read(from)?, pinned(&source)?.as_ref(), Some(entity_id), now)?;
        app.saml().providers().renew(app.engine(), given, Whence::Same(None)).await?
    };
    let after = after.with_context(|| format!("{entity_id} was removed or moved just now"))?;
    tell(&before, &after);
    Ok(())
}

/// Where its metadata comes from, unless that is a file.
async fn of(app: &App, provider: &Provider) -> anyhow::Result<Option<Source>> {
    let Some(address) = &provider.source else { return Ok(None) };
    let Some(row) = app.db().metadata_source(address).await? else { return Ok(None) };
    let source: Source = serde_json::from_str(&row.doc)?;
    if source.federation.is_some() {
        bail!("it is one of the federation of {address}: `sp add --aggregate {address}` reads that again");
    }
    Ok(Some(source))
}

async fn fetched(
    app: &App,
    before: &Provider,
    mut source: Source,
    address: &str,
) -> anyhow::Result<Option<Provider>> {
    if before.source.as_deref() != Some(address) && app.db().metadata_source(address).await?.is_some() {
        bail!("something else comes from this address already: see `sp list`");
    }
    let now = app.engine().now();
    let (body, version) = fetch(app, address).await?;
    let given = Given::read(&body, pinned(&source)?.as_ref(), Some(&before.entity_id), now)?;
    let due_at = Some(source.took(now, version, given.cache, given.valid_until));
    source.trouble = None;
    let doc = serde_json::to_string(&source)?;
    let row = MetadataSourceRow { address: address.to_owned(), doc, due_at, revision: 0 };
    Ok(app.saml().providers().renew(app.engine(), given, Whence::Address(row)).await?)
}

fn tell(before: &Provider, after: &Provider) {
    let mut changes = changes(&before.metadata, &after.metadata);
    if before.valid_until != after.valid_until {
        let said = |provider: &Provider| {
            provider.valid_until.map_or_else(|| "no end".to_owned(), crate::cli::terminal::date)
        };
        changes.push(format!("valid until {} instead of {}", said(after), said(before)));
    }
    if before.source != after.source {
        let said = |provider: &Provider| provider.source.clone().unwrap_or_else(|| "a file".to_owned());
        changes.push(format!("fetched from {} instead of {}", said(after), said(before)));
    }
    if changes.is_empty() {
        say(&format!("{} is as it was; what you decided about it stays.", after.entity_id));
    } else {
        say(&format!("{} is updated; what you decided about it stays.", after.entity_id));
    }
    changes.iter().for_each(|change| say(change));
}
