//! How does an administrator change which service providers of SAML there are?

mod add;
mod arguments;
mod changes;
mod given;
mod happens;
mod show;
mod source;
mod update;

use anyhow::bail;
use idp_core::store::Batch;
use symbolon_sqlx::provider::MetadataSourceWrite;

use super::terminal::say;
use crate::{
    App,
    saml::{Provider, Terms},
};

pub use arguments::SpCommand;
pub(super) use show::fingerprint;

pub(super) async fn run(app: &App, command: SpCommand) -> anyhow::Result<()> {
    match command {
        SpCommand::Add(new) => add::add(app, *new).await,
        SpCommand::List => show::list(app).await,
        SpCommand::Show { entity_id } => show::show(app, &entity_id).await,
        SpCommand::Set { entity_id, terms } => {
            let set = set(app, &entity_id, |decided| terms.apply(decided)).await?;
            say(&format!("{} is changed.", set.entity_id));
            Ok(())
        }
        SpCommand::Update(new) => update::update(app, new).await,
        SpCommand::Source(new) => source::source(app, new).await,
        SpCommand::Remove { entity_id, aggregate: false } => remove(app, &entity_id).await,
        SpCommand::Remove { entity_id: address, aggregate: true } => remove_all(app, &address).await,
    }
}

async fn set(app: &App, entity_id: &str, change: impl FnOnce(&mut Terms)) -> anyhow::Result<Provider> {
    let Some(now) = app.saml().providers().look(entity_id, app.engine().now()).await? else {
        bail!("there is no service provider {entity_id}");
    };
    let mut terms = now.terms.clone();
    change(&mut terms);
    check_pin(app, &terms).await?;
    let decided = app.saml().providers().decide(app.engine(), entity_id, |decided| *decided = terms).await?;
    decided.ok_or_else(|| anyhow::anyhow!("there is no service provider {entity_id}"))
}

/// Whoever is pinned to a key that is not there cannot be answered.
async fn check_pin(app: &App, terms: &Terms) -> anyhow::Result<()> {
    let Some(number) = terms.signing_key else { return Ok(()) };
    let keys = app.saml().keys(app.engine()).await?;
    if !keys.all().iter().any(|key| key.number == number) {
        bail!("there is no signing key with the number {number}: see `saml keys list`");
    }
    Ok(())
}

async fn remove(app: &App, entity_id: &str) -> anyhow::Result<()> {
    let providers = app.saml().providers();
    let of =
        providers.look(entity_id, app.engine().now()).await?.and_then(|provider| provider.source.clone());
    if !providers.remove(app.engine(), entity_id).await? {
        bail!("there is no service provider {entity_id}");
    }
    say(&format!("{entity_id} is removed; nobody can sign in to it any more."));
    if let Some(address) = of
        && app.db().metadata_source(&address).await?.is_some()
    {
        say(&format!("It was one of the federation of {address}, and comes back when that is read again."));
    }
    Ok(())
}

async fn remove_all(app: &App, address: &str) -> anyhow::Result<()> {
    if app.db().metadata_source(address).await?.is_none() {
        bail!("nothing came from {address}");
    }
    let (mut behind, mut removed) = (String::new(), 0_usize);
    loop {
        let page = app.saml().providers().list(&behind).await?;
        let Some(last) = page.last() else { break };
        behind.clone_from(&last.entity_id);
        for provider in page.iter().filter(|provider| provider.source.as_deref() == Some(address)) {
            if app.saml().providers().remove(app.engine(), &provider.entity_id).await? {
                removed = removed.saturating_add(1);
            }
        }
    }
    let _ = app.db().change(MetadataSourceWrite::Remove(address.to_owned()), Batch::new()).await?;
    say(&format!("{removed} service providers are removed, and {address} is no longer read."));
    Ok(())
}
