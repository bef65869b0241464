//! What will happen when somebody signs in to a service provider?

use symbolon_saml::{Cipher, Transport};

use super::show::fingerprint;
use crate::{
    App,
    saml::{
        Provider,
        attributes::{self, Rule},
        envelope::Envelope,
        provider::{Signature, Signed},
    },
};

/// A line for each thing, by the same decisions as at a sign-in.
pub(super) async fn happens(app: &App, provider: &Provider, line: impl Fn(&str, &str)) -> anyhow::Result<()> {
    line("signed", &signed(app, provider).await?);
    line("encrypted", &encrypted(provider));
    let everybody = app.config().saml.want_signed_requests;
    let requests = match (provider.must_sign_as(everybody), provider.keys.is_empty()) {
        (true, false) => "must be signed",
        (true, true) => "must be signed, and its metadata has no key to check them: none is answered",
        (false, _) => "need not be signed; a signature that is there must be right",
    };
    line("requests", requests);
    gets(provider, line);
    Ok(())
}

async fn signed(app: &App, provider: &Provider) -> anyhow::Result<String> {
    let terms = &provider.terms;
    let what = match terms.signed {
        Signed::Assertion => "the assertion",
        Signed::Response => "the response",
        Signed::Both => "the response and the assertion",
    };
    let how = match terms.algorithm {
        Signature::Rs256 => "RSA with SHA-256",
        Signature::Es256 => "ECDSA with SHA-256",
    };
    let keys = app.saml().keys(app.engine()).await?;
    let key = match terms.signing_key {
        Some(pin) => keys.all().iter().find(|key| key.number == pin && key.algorithm == terms.algorithm),
        None => keys.signing(terms.algorithm, app.engine().now()),
    };
    let expects = if terms.signing_key.is_some() { ", which it still expects" } else { "" };
    let by = key.map_or_else(
        || "no key, so that nothing is answered".to_owned(),
        |key| format!("key {}{expects} ({})", key.number, fingerprint(key.certificate())),
    );
    Ok(format!("{what}, {how}, by {by}"))
}

fn encrypted(provider: &Provider) -> String {
    match Envelope::of(provider) {
        Ok(envelope) => {
            let transport = match envelope.transport {
                Transport::OaepSha256 => "RSA-OAEP with SHA-256",
                _ => "RSA-OAEP",
            };
            let for_key = fingerprint(&envelope.certificate);
            format!("yes, {}, its key by {transport}, for {for_key}", cipher(envelope.cipher))
        }
        Err(open) if provider.terms.encryption.is_required() => {
            format!("must be and cannot, so that nothing is answered: {open}")
        }
        Err(open) => format!("no: {open}"),
    }
}

pub(super) fn cipher(cipher: Cipher) -> &'static str {
    match cipher {
        Cipher::Aes128Gcm => "AES-128-GCM",
        Cipher::Aes256Gcm => "AES-256-GCM",
        Cipher::DangerAes128Cbc => "AES-128-CBC (danger)",
        Cipher::DangerAes256Cbc => "AES-256-CBC (danger)",
        _ => "yes",
    }
}

/// Whose rules they are, and what they give. A service of the provider that asks for something else has lines of its own.
fn gets(provider: &Provider, line: impl Fn(&str, &str)) {
    let (decided, metadata) = (&provider.terms.attributes, &provider.metadata);
    let usual = attributes::rules(decided, metadata, None);
    let why = if decided.is_empty() { "as its metadata asks" } else { "as was decided" };
    if usual.is_empty() {
        line("gets", "no attributes: nothing was decided, and its metadata asks for none that is known");
    }
    let tell = |rules: &[Rule], why: &str| {
        for rule in rules {
            line("gets", &format!("{} ({}), made of {}, {why}", rule.label(), rule.name(), rule.made_of()));
        }
    };
    tell(&usual, why);
    for service in &metadata.attribute_services {
        let rules = attributes::rules(decided, metadata, Some(service.index));
        if rules != usual {
            tell(&rules, &format!("where it asks as service {}", service.index));
        }
    }
}
