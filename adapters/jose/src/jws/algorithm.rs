//! Which signatures are there, and is one right?

use aws_lc_rs::signature::{
    ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters,
    RsaPublicKeyComponents, UnparsedPublicKey,
};

use crate::{
    key::{Curve, Key, Material, Use, point},
    key_set::KeySet,
    names::names,
};

names! {
    /// An algorithm of digital signatures (RFC 7518, 3.1; RFC 8037, 3.1). `none` and those with a shared secret are not
    /// among them.
    pub enum SignatureAlgorithm {
        /// RSASSA-PKCS1-v1_5 with SHA-256.
        Rs256 = "RS256",
        /// RSASSA-PKCS1-v1_5 with SHA-384.
        Rs384 = "RS384",
        /// RSASSA-PKCS1-v1_5 with SHA-512.
        Rs512 = "RS512",
        /// RSASSA-PSS with SHA-256.
        Ps256 = "PS256",
        /// RSASSA-PSS with SHA-384.
        Ps384 = "PS384",
        /// RSASSA-PSS with SHA-512.
        Ps512 = "PS512",
        /// ECDSA on P-256 with SHA-256.
        Es256 = "ES256",
        /// ECDSA on P-384 with SHA-384.
        Es384 = "ES384",
        /// ECDSA on P-521 with SHA-512.
        Es512 = "ES512",
        /// Ed25519, also read by its name in RFC 9864, 2.2.
        EdDsa = "EdDSA" | "Ed25519",
    }
}

impl SignatureAlgorithm {
    /// Whether this is the signature of `signed` with this key. A key of another kind answers no, so that no key is ever
    /// used in an algorithm that it was not made for.
    pub(super) fn verifies(self, key: &Material, signed: &str, signature: &[u8]) -> bool {
        let message = signed.as_bytes();
        match (key, self.needs()) {
            (Material::Rsa { n, e }, Needs::Rsa(parameters)) => {
                RsaPublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
            }
            (Material::Ec { curve, x, y }, Needs::Ec(needed)) if *curve == needed => {
                UnparsedPublicKey::new(curve.ecdsa(), point(x, y)).verify(message, signature).is_ok()
            }
            (Material::Ed25519 { x }, Needs::Ed25519) => {
                UnparsedPublicKey::new(&ED25519, x).verify(message, signature).is_ok()
            }
            _ => false,
        }
    }

    fn needs(self) -> Needs {
        match self {
            Self::Rs256 => Needs::Rsa(&RSA_PKCS1_2048_8192_SHA256),
            Self::Rs384 => Needs::Rsa(&RSA_PKCS1_2048_8192_SHA384),
            Self::Rs512 => Needs::Rsa(&RSA_PKCS1_2048_8192_SHA512),
            Self::Ps256 => Needs::Rsa(&RSA_PSS_2048_8192_SHA256),
            Self::Ps384 => Needs::Rsa(&RSA_PSS_2048_8192_SHA384),
            Self::Ps512 => Needs::Rsa(&RSA_PSS_2048_8192_SHA512),
            Self::Es256 => Needs::Ec(Curve::P256),
            Self::Es384 => Needs::Ec(Curve::P384),
            Self::Es512 => Needs::Ec(Curve::P521),
            Self::EdDsa => Needs::Ed25519,
        }
    }
}

/// The kind of key that an algorithm works with, and how.
enum Needs {
    Rsa(&'static RsaParameters),
    Ec(Curve),
    Ed25519,
}

impl Key {
    /// Whether signatures with this algorithm can be checked with it: by its kind, and by what it states in `alg`, `use`
    /// and `key_ops`.
    #[must_use]
    pub fn can_verify(&self, algorithm: SignatureAlgorithm) -> bool {
        let kind = match (self.material(), algorithm.needs()) {
            (Material::Ec { curve, .. }, Needs::Ec(needed)) => *curve == needed,
            (Material::Rsa { .. }, Needs::Rsa(_)) | (Material::Ed25519 { .. }, Needs::Ed25519) => true,
            _ => false,
        };
        // A key is for one algorithm only (RFC 8725, 3.1), whichever of two names of the same one it has.
        let stated = self.algorithm().is_none_or(|stated| stated.parse() == Ok(algorithm));
        kind && stated && self.is_for(Use::Signature, &["verify"])
    }
}

impl KeySet {
    /// Whether it has a key to check signatures with this algorithm.
    #[must_use]
    pub fn can_verify(&self, algorithm: SignatureAlgorithm) -> bool {
        self.keys().iter().any(|key| key.can_verify(algorithm))
    }
}

#[cfg(test)]
mod tests;
