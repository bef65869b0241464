//! Which algorithms of signatures and digests are taken from others?
//!
//! SHA-1 has collisions, HMAC turns a public certificate into a shared secret that everybody knows, and RSA with PSS comes
//! with parameters inside the message: none of them is here, and what is not here is refused before a key is touched.

use aws_lc_rs::{
    digest,
    signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA384_FIXED,
        RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
        UnparsedPublicKey, VerificationAlgorithm,
    },
};

/// The kind of a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyKind {
    Rsa,
    P256,
    P384,
}

/// An algorithm of signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    RsaSha256,
    RsaSha384,
    RsaSha512,
    EcdsaSha256,
    EcdsaSha384,
}

impl Method {
    const ALL: [Self; 5] =
        [Self::RsaSha256, Self::RsaSha384, Self::RsaSha512, Self::EcdsaSha256, Self::EcdsaSha384];

    /// Its URI (RFC 9231, 2.3).
    pub(crate) const fn uri(self) -> &'static str {
        match self {
            Self::RsaSha256 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            Self::RsaSha384 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
            Self::RsaSha512 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
            Self::EcdsaSha256 => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
            Self::EcdsaSha384 => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
        }
    }

    pub(crate) fn of(uri: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.uri() == uri)
    }

    /// Whether a key of this kind signs so. Without this, whoever sends a message would choose how a key is used.
    pub(crate) fn is_for(self, kind: KeyKind) -> bool {
        match self {
            Self::RsaSha256 | Self::RsaSha384 | Self::RsaSha512 => kind == KeyKind::Rsa,
            Self::EcdsaSha256 => kind == KeyKind::P256,
            Self::EcdsaSha384 => kind == KeyKind::P384,
        }
    }

    /// Checks a signature over bytes. ECDSA is sent as r ‖ s, as in XML, and by some products as ASN.1.
    pub(crate) fn verify(self, spki: &[u8], message: &[u8], signature: &[u8]) -> bool {
        let ways: &[&'static dyn VerificationAlgorithm] = match self {
            Self::RsaSha256 => &[&RSA_PKCS1_2048_8192_SHA256],
            Self::RsaSha384 => &[&RSA_PKCS1_2048_8192_SHA384],
            Self::RsaSha512 => &[&RSA_PKCS1_2048_8192_SHA512],
            Self::EcdsaSha256 => &[&ECDSA_P256_SHA256_FIXED, &ECDSA_P256_SHA256_ASN1],
            Self::EcdsaSha384 => &[&ECDSA_P384_SHA384_FIXED, &ECDSA_P384_SHA384_ASN1],
        };
        ways.iter().any(|way| UnparsedPublicKey::new(*way, spki).verify(message, signature).is_ok())
    }
}

/// The digest with which we sign.
pub(crate) const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";

/// The digest of this name, if it is taken.
pub(crate) fn digest(uri: &str) -> Option<&'static digest::Algorithm> {
    match uri {
        SHA256 => Some(&digest::SHA256),
        "http://www.w3.org/2001/04/xmldsig-more#sha384" => Some(&digest::SHA384),
        "http://www.w3.org/2001/04/xmlenc#sha512" => Some(&digest::SHA512),
        _ => None,
    }
}

/// Whether this digest is taken.
pub(crate) fn is_digest(uri: &str) -> bool {
    digest(uri).is_some()
}
