//! Which metadata and which certificate did the administrator name at the terminal?

use std::{
    fs,
    io::{self, Read as _},
    path::Path,
};

use anyhow::{Context as _, bail};
use data_encoding::BASE64;
use symbolon_saml::PeerKeys;

use crate::saml::provider::{Source, source::MAX_ANSWER};

pub(super) fn is_address(from: &str) -> bool {
    from.starts_with("https://") || from.starts_with("http://")
}

pub(super) fn pinned(source: &Source) -> anyhow::Result<Option<PeerKeys>> {
    source.keys().context("the certificate of --pin cannot be used")
}

/// A file, or standard input. It is in memory as a whole.
pub(super) fn read(from: &str) -> anyhow::Result<Vec<u8>> {
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

/// The certificate in this file, in PEM (RFC 7468) or DER, as it is kept.
pub(super) fn pin(path: &Path) -> anyhow::Result<String> {
    certificate(path).map(|der| BASE64.encode(&der))
}

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
