//! A client that signs whatever it is told to.

use std::sync::LazyLock;

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    rsa::{KeyPair as RsaPair, KeySize},
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
        RSA_PSS_SHA256, RsaSignatureEncoding,
    },
};
use idp_protocol::encoding::to_base64url;
use serde_json::{Value, json};
use symbolon_jose::KeySet;

/// A key pair of each kind.
pub enum Signer {
    Rsa(RsaPair, &'static RsaSignatureEncoding),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

static RSA: LazyLock<RsaPair> = LazyLock::new(|| RsaPair::generate(KeySize::Rsa2048).unwrap());

impl Signer {
    pub fn p256() -> Self {
        Self::P256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    pub fn ed25519() -> Self {
        Self::Ed25519(Ed25519KeyPair::generate().unwrap())
    }

    /// The public key as a JWK.
    pub fn jwk(&self) -> Value {
        match self {
            Self::Rsa(pair, _) => {
                let (n, e) = (pair.public_key().modulus(), pair.public_key().exponent());
                let [n, e] = [n, e].map(|number| to_base64url(number.big_endian_without_leading_zero()));
                json!({ "kty": "RSA", "n": n, "e": e })
            }
            Self::P256(pair) => {
                let point = pair.public_key().as_ref();
                let (x, y) = (to_base64url(&point[1..33]), to_base64url(&point[33..]));
                json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y })
            }
            Self::Ed25519(pair) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": to_base64url(pair.public_key().as_ref()) })
            }
        }
    }

    /// The public key with more members.
    pub fn jwk_with(&self, members: Value) -> Value {
        merged(self.jwk(), members)
    }

    pub fn signature(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature).unwrap();
                signature
            }
            Self::P256(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }

    /// A token with just this header and these claims, as they are written.
    pub fn token(&self, header: &str, claims: &str) -> String {
        assembled(header, claims, |signed| self.signature(signed))
    }

    /// An ordinary token: a header with `typ` JWT and these members, and the claims of [`CLAIMS`].
    pub fn jwt(&self, header: Value) -> String {
        self.token(&merged(json!({ "typ": "JWT" }), header).to_string(), CLAIMS)
    }
}

pub fn rs256() -> &'static Signer {
    static SIGNER: LazyLock<Signer> = LazyLock::new(|| Signer::Rsa(copy_of_rsa(), &RSA_PKCS1_SHA256));
    &SIGNER
}

pub fn ps256() -> &'static Signer {
    static SIGNER: LazyLock<Signer> = LazyLock::new(|| Signer::Rsa(copy_of_rsa(), &RSA_PSS_SHA256));
    &SIGNER
}

/// The same key for both paddings, as an attacker would have it.
fn copy_of_rsa() -> RsaPair {
    use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
    let der: Pkcs8V1Der<'_> = RSA.as_der().unwrap();
    RsaPair::from_pkcs8(der.as_ref()).unwrap()
}

pub const CLAIMS: &str = r#"{"iss":"shop","sub":"shop","n":1}"#;

/// A token with a MAC.
pub fn hs256(secret: &[u8], header: &str, claims: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    assembled(header, claims, |signed| hmac::sign(&key, signed).as_ref().to_vec())
}

fn assembled(header: &str, claims: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let signed = format!("{}.{}", to_base64url(header.as_bytes()), to_base64url(claims.as_bytes()));
    let signature = sign(signed.as_bytes());
    format!("{signed}.{}", to_base64url(&signature))
}

pub fn set(keys: &[Value]) -> KeySet {
    KeySet::from_value(&json!({ "keys": keys })).unwrap()
}

fn merged(mut to: Value, from: Value) -> Value {
    let members = from.as_object().unwrap().clone();
    to.as_object_mut().unwrap().extend(members);
    to
}
