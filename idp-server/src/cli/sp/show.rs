//! What is known about the service providers?

use anyhow::bail;
use aws_lc_rs::digest::{SHA256, digest};
use idp_core::Time;

use super::happens::{cipher, happens};
use crate::{
    App,
    cli::terminal::{date, say, table},
    saml::{
        Provider,
        envelope::{Envelope, Open},
        provider::{Signed, Source},
    },
    text::Language,
};

const COLUMNS: [&str; 8] =
    ["ENTITY-ID", "NAME", "SIGNED", "ENCRYPTED", "REQUESTS", "KEY", "VALID-UNTIL", "SOURCE"];

pub(super) async fn list(app: &App) -> anyhow::Result<()> {
    let (mut rows, mut behind) = (Vec::new(), String::new());
    loop {
        let page = app.saml().providers().list(&behind).await?;
        let Some(last) = page.last() else { break };
        behind.clone_from(&last.entity_id);
        rows.extend(page.iter().map(|provider| row(provider, app.engine().now())));
    }
    table(COLUMNS, rows);
    for source in app.db().metadata_sources().await? {
        let known: Source = serde_json::from_str(&source.doc)?;
        if let Some(trouble) = known.trouble {
            let since = known.read_at.map_or_else(|| "-".to_owned(), |at| date(Time(at)));
            say(&format!("{}: not renewed since {since}: {trouble}", source.address));
        }
    }
    Ok(())
}

fn row(provider: &Provider, now: Time) -> [String; 8] {
    let terms = &provider.terms;
    let until = provider.valid_until.map_or_else(|| "-".to_owned(), date);
    let words = [
        provider.name(Language::default()),
        signed(terms.signed),
        encrypted(provider),
        if provider.must_sign() { "signed" } else { "any" },
    ];
    let [name, signed, encrypted, requests] = words.map(str::to_owned);
    [
        provider.entity_id.clone(),
        name,
        signed,
        encrypted,
        requests,
        key(provider),
        if provider.ran_out(now) { format!("{until} (ran out)") } else { until },
        provider.source.clone().unwrap_or_else(|| "-".to_owned()),
    ]
}

fn signed(signed: Signed) -> &'static str {
    match signed {
        Signed::Assertion => "assertion",
        Signed::Response => "response",
        Signed::Both => "both",
    }
}

fn encrypted(provider: &Provider) -> &'static str {
    match Envelope::of(provider) {
        Ok(envelope) => cipher(envelope.cipher),
        Err(Open::Decided) => "never",
        Err(Open::NoKey) => "no key",
        Err(_) if provider.terms.encryption.is_required() => "cannot",
        Err(_) => "no",
    }
}

/// The algorithm, and the number of the key that it still expects.
fn key(provider: &Provider) -> String {
    let name = provider.terms.algorithm.name();
    provider.terms.signing_key.map_or_else(|| name.to_owned(), |number| format!("{name} {number}"))
}

pub(super) async fn show(app: &App, entity_id: &str) -> anyhow::Result<()> {
    let now = app.engine().now();
    let Some(provider) = app.saml().providers().look(entity_id, now).await? else {
        bail!("there is no service provider {entity_id}");
    };
    let [entity_id, name, _, _, _, _, until, source] = row(&provider, now);
    let line = |what: &str, said: &str| say(&format!("{what:<18}  {said}"));
    let facts = [
        ("entity id", entity_id),
        ("name", name),
        ("added", date(provider.created_at)),
        ("source", source),
        ("valid until", until),
    ];
    facts.iter().for_each(|(what, said)| line(what, said));
    says(&provider, line);
    decided(&provider, line);
    happens(app, &provider, line).await?;
    Ok(())
}

/// What its metadata says.
fn says(provider: &Provider, line: impl Fn(&str, &str)) {
    let metadata = &provider.metadata;
    for consumer in &metadata.consumers {
        let default = if consumer.is_default == Some(true) { ", default" } else { "" };
        let binding = short(&consumer.binding);
        line("takes answers", &format!("{} {binding} {}{default}", consumer.index, consumer.location));
    }
    for service in &metadata.single_logout {
        line("signs out", &format!("{} {}", short(&service.binding), service.location));
    }
    for certificate in &metadata.signing {
        line("signs with", &fingerprint(certificate));
    }
    for key in &metadata.encryption {
        line("decrypts with", &fingerprint(&key.certificate));
    }
    metadata.name_id_formats.iter().for_each(|format| line("name format", format));
    for service in &metadata.attribute_services {
        for asked in &service.requested {
            let friendly = asked.friendly_name.as_deref().map_or_else(String::new, |it| format!(" ({it})"));
            let required = if asked.is_required { ", required" } else { "" };
            line("wants", &format!("{}{friendly}{required}", asked.name));
        }
    }
}

/// What the administrator decided.
fn decided(provider: &Provider, line: impl Fn(&str, &str)) {
    let terms = &provider.terms;
    if let Some(acr) = terms.min_acr {
        line("weakest class", acr.name());
    }
    if let Some(format) = terms.name_id {
        line("name if not asked", format.uri());
    }
    if let Some(life) = terms.session_life {
        line("session", &format!("{life} seconds"));
    }
    let consent = if terms.consent == crate::oidc::Consent::Ask { "ask" } else { "never" };
    line("consent", consent);
    line("launch", if terms.launch.shown { "shown" } else { "hidden" });
    if let Some(state) = &terms.launch.relay_state {
        line("relay state", state);
    }
}

/// The last word of the URI of a binding.
pub(super) fn short(binding: &str) -> &str {
    binding.rsplit_once(':').map_or(binding, |(_, last)| last)
}

/// SHA-256 of a certificate, as other programs print it.
pub(in crate::cli) fn fingerprint(der: &[u8]) -> String {
    let bytes: Vec<String> = digest(&SHA256, der).as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
    format!("SHA-256 {}", bytes.join(":"))
}
