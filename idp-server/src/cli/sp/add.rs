//! How does an administrator add a service provider, or those of a federation?

use std::{
    fs,
    io::{self, BufReader, Cursor, Read as _},
    path::Path,
};

use anyhow::{Context as _, bail};
use data_encoding::BASE64;
use idp_core::store::Batch;
use symbolon_saml::PeerKeys;
use symbolon_sqlx::provider::{MetadataSourceRow, MetadataSourceWrite};

use super::arguments::AddArguments;
use crate::{
    App,
    cli::terminal::say,
    routes,
    saml::{
        Terms,
        provider::{
            Given, Source, federation,
            source::{MAX_ANSWER, fetch},
        },
    },
    text::Language,
};

/// How many of those that were skipped are named.
const NAMED: usize = 20;

pub(super) async fn add(app: &App, new: AddArguments) -> anyhow::Result<()> {
    let pin = new.pin.as_deref().map(certificate).transpose()?;
    let source = Source {
        entity_id: new.entity_id.clone(),
        pin: pin.map(|der| BASE64.encode(&der)),
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
    let file = if is_address(from) { fetch(app, from).await?.to_vec() } else { read(from)? };
    let given = Given::read(&file, pin.as_ref(), source.entity_id.as_deref(), now)?;
    super::check_pin(app, &terms).await?;
    let from = if is_address(from) {
        if app.db().metadata_source(from).await?.is_some() {
            bail!("something else came from this address already: see `sp list`");
        }
        source.entity_id = Some(given.entity_id.clone());
        let due_at = Some(source.next(now, given.cache, given.valid_until));
        let doc = serde_json::to_string(&source)?;
        Some(MetadataSourceRow { address: from.to_owned(), doc, due_at, revision: 0 })
    } else {
        None
    };
    let fetched = from.is_some();
    let provider = app.saml().providers().add(app.engine(), given, terms, from).await?;
    say(&format!("{} is added: {}", provider.entity_id, provider.name(Language::default())));
    if !fetched {
        say("It came from a file, and changes when you add it anew.");
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
    let loaded = if is_address(from) {
        let body = fetch(app, from).await.with_context(|| {
            format!("an address may answer with {MAX_ANSWER} bytes; fetch more than that to a file, and load the file")
        })?;
        federation::load(app, from, &terms, pin, Cursor::new(body)).await?
    } else {
        let file = fs::File::open(from).with_context(|| format!("{from} cannot be read"))?;
        federation::load(app, from, &terms, pin, BufReader::new(file)).await?
    };
    let valid_until = loaded.lifetime.valid_until.map(|until| idp_core::Time(until.timestamp()));
    let due_at = is_address(from).then(|| source.next(now, loaded.lifetime.cache_duration, valid_until));
    source.federation = Some(terms);
    let row = MetadataSourceRow {
        address: from.to_owned(),
        doc: serde_json::to_string(&source)?,
        due_at,
        revision: 0,
    };
    let _ = app.db().change(MetadataSourceWrite::Put(row), Batch::new()).await?;
    say(&format!("{} service providers are taken from {from}.", loaded.taken));
    for skipped in loaded.skipped.iter().take(NAMED) {
        let entity_id = skipped.entity_id.as_deref().unwrap_or("without an entity id");
        say(&format!("not taken: {entity_id} (line {}): {}", skipped.line, skipped.why));
    }
    if loaded.skipped.len() > NAMED {
        say(&format!("not taken: {} more", loaded.skipped.len().saturating_sub(NAMED)));
    }
    Ok(())
}

fn is_address(from: &str) -> bool {
    from.starts_with("https://") || from.starts_with("http://")
}

fn pinned(source: &Source) -> anyhow::Result<Option<PeerKeys>> {
    source.keys().context("the certificate of --pin cannot be used")
}

/// A file, or standard input. It is in memory as a whole.
fn read(from: &str) -> anyhow::Result<Vec<u8>> {
    let limit = u64::try_from(MAX_ANSWER).unwrap_or(u64::MAX);
    let mut text = Vec::new();
    let done = if from == "-" {
        io::stdin().lock().take(limit.saturating_add(1)).read_to_end(&mut text)
    } else {
        fs::File::open(from).and_then(|file| file.take(limit.saturating_add(1)).read_to_end(&mut text))
    };
    done.with_context(|| format!("{from} cannot be read"))?;
    if text.len() > MAX_ANSWER {
        bail!("{from} has more than {MAX_ANSWER} bytes; is it that of a federation (--aggregate)?");
    }
    Ok(text)
}

/// A certificate in PEM (RFC 7468) or DER.
fn certificate(path: &Path) -> anyhow::Result<Vec<u8>> {
    let bytes = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let Some(text) = str::from_utf8(&bytes).ok().filter(|text| text.contains("-----BEGIN")) else {
        return Ok(bytes);
    };
    let inside = text
        .split_once("-----BEGIN CERTIFICATE-----")
        .and_then(|(_, rest)| rest.split_once("-----END CERTIFICATE-----"));
    let Some((inside, _)) = inside else { bail!("{} has no certificate in it", path.display()) };
    let packed: String = inside.split_whitespace().collect();
    BASE64.decode(packed.as_bytes()).with_context(|| format!("{} is no certificate", path.display()))
}
