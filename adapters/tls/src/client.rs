//! What stands in the certificate of a client?

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    ops::RangeInclusive,
};

use idp_protocol::Crypto;
use x509_cert::{
    Certificate,
    der::{self, Decode as _, Encode as _},
    ext::pkix::{SubjectAltName, name::GeneralName},
};

use crate::{Authorities, Chain, PublicKey, identity::seconds, name};

/// A certificate that a client showed, and whose private key it proved to have: in the handshake, or to the trusted
/// proxy that passed it on. It proves nothing else: anybody makes certificates, with any name. Whoever looks at
/// the names has to look at `verified_chain` first (RFC 8705, 2.1); without it, only the certificate itself or its key
/// may be compared (2.2), or its thumbprint (3).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientCertificate {
    /// All of it, as DER: an element of `x5c` (RFC 7517, 4.7) before base64.
    pub der: Vec<u8>,
    /// The SHA-256 digest of `der`: `x5t#S256` (RFC 8705, 3.1) before base64url.
    pub thumbprint_sha256: [u8; 32],
    /// Whether an authority of `client_ca` vouched for it when the connection began, or the request came through a proxy.
    pub verified_chain: bool,
    /// The subject as RFC 4514 writes it, in one spelling only: `CN=app,O=Example\, Ltd,C=DE`. Empty, if there is none.
    pub subject: String,
    /// Its other names (RFC 5280, 4.2.1.6).
    pub names: AlternativeNames,
    /// The key whose private half was proved.
    pub public_key: PublicKey,
    /// The same as DER of a `SubjectPublicKeyInfo` (RFC 5280, 4.1.2.7).
    pub spki: Vec<u8>,
    /// From when until when it holds, in seconds since 1970 (RFC 5280, 4.1.2.5).
    pub validity: RangeInclusive<i64>,
}

/// The names of a certificate by which an application may be registered (RFC 8705, 2.1.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AlternativeNames {
    /// `tls_client_auth_san_dns`.
    pub dns: Vec<String>,
    /// `tls_client_auth_san_uri`.
    pub uri: Vec<String>,
    /// `tls_client_auth_san_ip`.
    pub ip: Vec<IpAddr>,
    /// `tls_client_auth_san_email`.
    pub email: Vec<String>,
}

/// It is not a certificate as RFC 5280 defines it.
#[derive(Debug, thiserror::Error)]
#[error("the client's certificate cannot be read: {0}")]
pub struct Unreadable(String);

impl From<der::Error> for Unreadable {
    fn from(error: der::Error) -> Self {
        Self(error.to_string())
    }
}

impl ClientCertificate {
    /// Reads the first certificate of a chain, and asks who vouches for it at `now`, in seconds since 1970.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn read(
        chain: &Chain,
        authorities: &Authorities,
        crypto: &Crypto,
        now: i64,
    ) -> Result<Self, Unreadable> {
        let leaf = chain.0.first().ok_or_else(|| Unreadable("there is none".to_owned()))?;
        let certificate = Certificate::from_der(leaf)?;
        let inner = certificate.tbs_certificate();
        let validity = inner.validity();
        Ok(Self {
            der: leaf.to_vec(),
            thumbprint_sha256: crypto.hash.sha256(leaf),
            verified_chain: authorities.vouch_for(chain, now),
            subject: name::in_one_spelling(inner.subject())?,
            names: match inner.get_extension::<SubjectAltName>()? {
                Some((_, SubjectAltName(names))) => AlternativeNames::read(&names),
                None => AlternativeNames::default(),
            },
            public_key: PublicKey::read(inner.subject_public_key_info())?,
            spki: inner.subject_public_key_info().to_der()?,
            validity: seconds(validity.not_before)..=seconds(validity.not_after),
        })
    }
}

impl AlternativeNames {
    /// Kinds of names by which nobody is registered are left out.
    fn read(names: &[GeneralName]) -> Self {
        let mut read = Self::default();
        for name in names {
            match name {
                GeneralName::DnsName(text) => read.dns.push(text.as_str().to_owned()),
                GeneralName::UniformResourceIdentifier(text) => read.uri.push(text.as_str().to_owned()),
                GeneralName::Rfc822Name(text) => read.email.push(text.as_str().to_owned()),
                GeneralName::IpAddress(bytes) => read.ip.extend(address(bytes.as_bytes())),
                _ => {}
            }
        }
        read
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(|bytes| IpAddr::V4(Ipv4Addr::from(bytes)));
    let v6 = || <[u8; 16]>::try_from(bytes).map(|bytes| IpAddr::V6(Ipv6Addr::from(bytes)));
    v4.or_else(|_| v6()).ok()
}
