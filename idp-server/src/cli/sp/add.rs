//! How does an administrator add a service provider, or those of a federation?

use std::{fs, io::BufReader};

use anyhow::{Context as _, bail};
use idp_core::store::Batch;
use symbolon_outbound::Validators;
use symbolon_sqlx::provider::{MetadataSourceRow, MetadataSourceWrite};

use super::{
    arguments::AddArguments,
    given::{is_address, pin, pinned, read},
};
use crate::{
    App,
    cli::terminal::say,
    routes,
    saml::{
        Terms,
        provider::{
            Given, Source,
            federation::{self, Loaded},
            source::{NotFetched, ask, fetch},
        },
    },
    text::Language,
};

/// How many of those that were skipped are named.
const NAMED: usize = 20;

pub(super) async fn add(app: &App, new: AddArguments) -> anyhow::Result<()> {
    let source = Source {
        entity_id: new.entity_id.clone(),
        pin: new.pin.as_deref().map(pin).transpose()?,
        every: new.refresh.map(|hours| i64::from(hours) * 3_600),
        read_at: Some(app.engine().now().0),
        ..Source::default()
    };
    let mut terms = Terms::default();
    // A page with thousands of applications helps nobody.
    terms.launch.shown = !new.aggregate;
    new.terms.apply(&mut terms);
    if new.aggregate {
        if source.pin.is_none() && !new.danger_unchecked {
            bail!(
                "the metadata of a federation needs --pin with the certificate of whoever signs it (or --danger-unchecked)"
            );
        }
        all(app, &new.from, terms, source).await
    } else {
        one(app, &new.from, terms, source).await
    }?;
    // The first one that needs them: the keys are there when our metadata is handed over.
    app.saml().keys(app.engine()).await?;
    say(&format!("Our metadata for it: {}{}", app.issuer(), routes::SAML_METADATA));
    Ok(())
}

async fn one(app: &App, from: &str, terms: Terms, mut source: Source) -> anyhow::Result<()> {
    let (pin, now) = (pinned(&source)?, app.engine().now());
    let (file, version) =
        if is_address(from) { fetch(app, from).await? } else { (read(from)?, Validators::default()) };
    let given = Given::read(&file, pin.as_ref(), source.entity_id.as_deref(), now)?;
    super::check_pin(app, &terms).await?;
    let from = if is_address(from) {
        if app.db().metadata_source(from).await?.is_some() {
            bail!("something else came from this address already: see `sp list`");
        }
        source.entity_id = Some(given.entity_id.clone());
        let due_at = Some(source.took(now, version, given.cache, given.valid_until));
        let doc = serde_json::to_string(&source)?;
        Some(MetadataSourceRow { address: from.to_owned(), doc, due_at, revision: 0 })
    } else {
        None
    };
    let fetched = from.is_some();
    let provider = app.saml().providers().add(app.engine(), given, terms, from).await?;
    say(&format!("{} is added: {}", provider.entity_id, provider.name(Language::default())));
    if !fetched {
        say("It came from a file, and changes when you name a newer one: `sp update`.");
    }
    Ok(())
}

async fn all(app: &App, from: &str, terms: Terms, mut source: Source) -> anyhow::Result<()> {
    let (pin, now) = (pinned(&source)?, app.engine().now());
    if from == "-" {
        bail!(
            "the metadata of a federation needs a name, by which it is known the next time: a file or an address"
        );
    }
    let (loaded, due_at) = if is_address(from) {
        // Whatever was known of it: somebody waits for what is there now.
        let largest = app.config().saml.federation_limit;
        let answer = ask(app, from, &Validators::default(), largest).await?.ok_or(NotFetched::Status(304))?;
        let version = answer.validators();
        let loaded = federation::load_arriving(app, from, &terms, pin, answer).await?;
        let due_at = source.took(now, version, loaded.lifetime.cache_duration, loaded.valid_until());
        (loaded, Some(due_at))
    } else {
        let file = fs::File::open(from).with_context(|| format!("{from} cannot be read"))?;
        (federation::load(app, from, &terms, pin, BufReader::new(file)).await?, None)
    };
    source.federation = Some(terms);
    let row = MetadataSourceRow {
        address: from.to_owned(),
        doc: serde_json::to_string(&source)?,
        due_at,
        revision: 0,
    };
    let _ = app.db().change(MetadataSourceWrite::Put(row), Batch::new()).await?;
    tell(from, &loaded);
    Ok(())
}

fn tell(from: &str, loaded: &Loaded) {
    say(&format!("{} service providers are taken from {from}.", loaded.taken));
    for skipped in loaded.skipped.iter().take(NAMED) {
        let entity_id = skipped.entity_id.as_deref().unwrap_or("without an entity id");
        say(&format!("not taken: {entity_id} (line {}): {}", skipped.line, skipped.why));
    }
    if loaded.skipped.len() > NAMED {
        say(&format!("not taken: {} more", loaded.skipped.len().saturating_sub(NAMED)));
    }
}
