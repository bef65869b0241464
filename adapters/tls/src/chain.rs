//! Which certificates does a client show: in its handshake, or to a proxy that ends TLS and passes them on (RFC 9440)?

use std::str;

use data_encoding::BASE64;
use rustls::pki_types::CertificateDer;

/// The longest chain that a proxy may pass on; a longer one is nobody's honest certificate.
const LONGEST: usize = 10;

/// What a client shows: its own certificate first, and after it what helps to find an authority that vouches for it.
/// Nothing of it is checked yet but that the client has the key of the first one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain(pub(crate) Vec<CertificateDer<'static>>);

/// The headers are not those of RFC 9440.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the client's certificate is not passed on as RFC 9440 says: one certificate in base64 between colons"
)]
pub struct HeaderError;

impl Chain {
    /// What a handshake brought; nothing, if the client showed no certificate.
    pub(crate) fn of_handshake(shown: Option<&[CertificateDer<'_>]>) -> Option<Self> {
        let shown: Vec<_> = shown?.iter().map(|one| one.clone().into_owned()).collect();
        (!shown.is_empty()).then_some(Self(shown))
    }

    /// What a proxy passes on: the fields `Client-Cert` (RFC 9440, 2.2) and `Client-Cert-Chain` (2.3), each with the
    /// lines that it has. Whoever asks has to know that a trusted proxy wrote them; anybody could.
    ///
    /// # Errors
    /// [`HeaderError`] if there is not exactly one certificate in the first, or something else in one of them: a second one
    /// would be what the client itself sent along, and must not be taken for its proven certificate.
    pub fn of_proxy(leaf: &[&[u8]], others: &[&[u8]]) -> Result<Option<Self>, HeaderError> {
        let leaf = match leaf {
            [] if others.is_empty() => return Ok(None),
            [line] => byte_sequence(line)?,
            _ => return Err(HeaderError),
        };
        let mut chain = vec![leaf];
        for item in others.iter().flat_map(|line| line.split(|byte| *byte == b',')) {
            chain.push(byte_sequence(item)?);
        }
        if chain.len() > LONGEST { Err(HeaderError) } else { Ok(Some(Self(chain))) }
    }
}

/// A byte sequence without parameters (RFC 8941, 3.3.5): base64 between colons.
fn byte_sequence(item: &[u8]) -> Result<CertificateDer<'static>, HeaderError> {
    let text = str::from_utf8(item).map_err(|_| HeaderError)?.trim_matches([' ', '\t']);
    let inner = text.strip_prefix(':').and_then(|rest| rest.strip_suffix(':')).ok_or(HeaderError)?;
    let der = BASE64.decode(inner.as_bytes()).map_err(|_| HeaderError)?;
    if der.is_empty() { Err(HeaderError) } else { Ok(der.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_certificate_between_colons_and_the_rest_of_its_chain() {
        let chain = Chain::of_proxy(&[b":AAEC:"], &[b":Aw==: , :BA==:", b":BQ==:"]).unwrap().unwrap();
        let bytes: Vec<&[u8]> = chain.0.iter().map(|one| one.as_ref()).collect();
        assert_eq!(bytes, [&[0, 1, 2][..], &[3], &[4], &[5]]);
        assert_eq!(Chain::of_proxy(&[], &[]), Ok(None));
    }

    #[test]
    fn anything_else_of_a_proxy_is_refused() {
        type Lines = &'static [&'static [u8]];
        let refused: [(Lines, Lines); 12] = [
            (&[b":AAEC:", b":AAEC:"], &[]),
            (&[b":AAEC:, :AAEC:"], &[]),
            (&[b""], &[]),
            (&[b"::"], &[]),
            (&[b":"], &[]),
            (&[b"AAEC"], &[]),
            (&[b":AAEC:;a=1"], &[]),
            (&[b":AAE:"], &[]),
            (&[b":AA\xff:"], &[]),
            (&[b"-----BEGIN%20CERTIFICATE-----"], &[]),
            (&[], &[b":AAEC:"]),
            (&[b":AAEC:"], &[b":AAEC:,"]),
        ];
        for (leaf, others) in refused {
            assert_eq!(Chain::of_proxy(leaf, others), Err(HeaderError), "{leaf:?} {others:?}");
        }
        let long: &[&[u8]] = &[b":AA==:,:AA==:,:AA==:,:AA==:,:AA==:,:AA==:,:AA==:,:AA==:,:AA==:,:AA==:"];
        assert_eq!(Chain::of_proxy(&[b":AAEC:"], long), Err(HeaderError));
    }
}
