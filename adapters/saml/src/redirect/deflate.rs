//! How is a message made small enough for a query, and large again without becoming too large?

use std::io::{Read as _, Write as _};

use flate2::{Compression, bufread::DeflateDecoder, write::DeflateEncoder};

use crate::refused::{QueryProblem, Refused, XmlProblem};

/// The most that a message may have once it is inflated, in bytes. Deflate makes a thousand bytes of one.
pub const MAX_INFLATED: usize = 128 * 1024;

/// Raw deflate (RFC 1951), as SAML bindings, 3.4.4.1, has it.
pub(super) fn deflate(message: &str) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    // Writing to memory does not fail. If it did, nothing would be sent that anybody could read.
    match encoder.write_all(message.as_bytes()) {
        Ok(()) => encoder.finish().unwrap_or_default(),
        Err(_) => Vec::new(),
    }
}

/// The text, as long as it is not longer than [`MAX_INFLATED`].
pub(super) fn inflate(deflated: &[u8]) -> Result<String, Refused> {
    let limit = u64::try_from(MAX_INFLATED).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    let mut decoder = DeflateDecoder::new(deflated).take(limit);
    decoder.read_to_end(&mut bytes).map_err(|_| QueryProblem::Encoding("SAMLRequest or SAMLResponse"))?;
    if bytes.len() > MAX_INFLATED {
        return Err(QueryProblem::Inflated.into());
    }
    String::from_utf8(bytes).map_err(|_| XmlProblem::NotUtf8.into())
}
