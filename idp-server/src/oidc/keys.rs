//! What are tokens signed with, and which signatures are ours?

use std::{fmt, sync::Arc};

use idp_core::{
    Crypto, Fault, Time,
    engine::Engine,
    keys::{Handover, load_or_make},
};
use idp_protocol::{
    crypto::{Algorithm, PublicKey, SigningKey},
    encoding::{from_base64url, to_base64url},
};
use openidconnect::{
    PrivateSigningKey, SigningError,
    core::{CoreJsonWebKey, CoreJwsSigningAlgorithm},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;

use super::decryption::{self, DecryptionKeys};
use crate::document::{Document, JSON};

/// The algorithms that keys are made for, one each; another one is another entry here. RS256 and PS256 could share the
/// numbers of a key, but a key that says for what it is (`alg`) is used for nothing else by whoever reads it (RFC 8725, 3.1).
pub const ALGORITHMS: [Algorithm; 4] =
    [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa];

/// The longest token that is read, in bytes.
const MAX_TOKEN: usize = 8 * 1024;

/// The signing keys of all algorithms, shared by all nodes.
#[derive(Clone)]
pub struct SigningKeys {
    keys: Vec<TokenKey>,
    public_set: Document,
    decryption: DecryptionKeys,
    crypto: Crypto,
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| &key.kid)).finish()
    }
}

/// One signing key, as `openidconnect` takes it.
#[derive(Clone)]
pub struct TokenKey {
    kid: String,
    key: Arc<dyn SigningKey>,
    public: CoreJsonWebKey,
    not_before: Time,
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenKey({})", self.kid)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    kid: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    typ: Option<String>,
}

impl SigningKeys {
    /// Loads the keys, and makes those that are missing.
    ///
    /// # Errors
    /// [`Fault`] if the store fails or a key cannot be opened.
    pub async fn load(engine: &Engine) -> Result<Self, Fault> {
        let crypto = engine.crypto();
        let now = engine.now();
        let mut keys = Vec::new();
        for algorithm in ALGORITHMS {
            let purpose = purpose(algorithm);
            let make = || Ok(crypto.signatures.generate(algorithm)?);
            for open in load_or_make(&**engine.store(), engine.sealer(), now, &purpose, make).await? {
                let key = crypto.signatures.load(algorithm, &open.private)?;
                keys.push(TokenKey::new(crypto, key, open.not_before)?);
            }
        }
        let decryption = DecryptionKeys::load(engine, now).await?;
        let set: Result<Vec<_>, _> = keys.iter().map(|key| serde_json::to_value(&key.public)).collect();
        let mut set = set?;
        set.extend(decryption.published().map(serde_json::to_value).transpose()?);
        let public_set = Document::new(crypto, JSON, json!({ "keys": set }).to_string())?;
        Ok(Self { public_set, decryption, keys, crypto: crypto.clone() })
    }

    /// Makes a new key for each algorithm, and one for what applications encrypt. Those of the algorithms stand in the
    /// public set at once and sign from `at` on; the keys before them stay there for `keeps` seconds more, as long as a
    /// token of theirs may live. The one for encryption takes the place of the one before it in the set when every node
    /// can open with it; the one before opens for as long as the others stay.
    ///
    /// # Errors
    /// [`Fault`] if the store fails or a key cannot be made.
    pub(super) async fn rotate(engine: &Engine, handover: Handover) -> Result<(), Fault> {
        let purposes = ALGORITHMS.map(purpose);
        let mut made = Vec::new();
        for (algorithm, purpose) in ALGORITHMS.into_iter().zip(&purposes) {
            made.push((purpose.as_str(), engine.crypto().signatures.generate(algorithm)?));
        }
        made.push((decryption::PURPOSE, decryption::made(engine.crypto())?));
        engine.rotate_keys(&made, handover).await
    }

    /// The newest key of an algorithm that signs at `now`.
    ///
    /// # Errors
    /// [`Fault::Setup`] if there is none.
    pub fn signer(&self, algorithm: Algorithm, now: Time) -> Result<&TokenKey, Fault> {
        let fits = |key: &&TokenKey| key.not_before <= now && key.key.algorithm() == algorithm;
        self.keys.iter().rev().find(fits).ok_or(Fault::Setup("there is no signing key for this algorithm"))
    }

    /// The public keys as a JWK set (RFC 7517, 5), those that do not sign yet or no more among them.
    pub(super) fn public_set(&self) -> &Document {
        &self.public_set
    }

    /// What opens what applications encrypt.
    pub(super) fn decryption(&self) -> &DecryptionKeys {
        &self.decryption
    }

    /// The ids of the keys, and their algorithms.
    pub fn names(&self) -> impl Iterator<Item = (&str, Algorithm)> {
        self.keys.iter().map(|key| (key.kid.as_str(), key.key.algorithm()))
    }

    /// The claims of a token of ours, whatever time it is; `None` unless one of these keys signed it as this type.
    #[must_use]
    pub fn verified<T: DeserializeOwned>(&self, token: &str, typ: Option<&str>) -> Option<T> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Header = serde_json::from_slice(&from_base64url(header)?).ok()?;
        let key = self.keys.iter().find(|key| key.kid == header.kid)?.key.clone();
        // The key says which algorithm it is for; a header that says otherwise is an attack (RFC 8725, 3.1). The
        // type keeps an ID token from passing for an access token (RFC 8725, 3.11).
        if header.alg != key.algorithm().name() || header.typ.as_deref() != typ {
            return None;
        }
        let signature = from_base64url(signature)?;
        let signatures = &self.crypto.signatures;
        signatures.verify(key.algorithm(), key.public(), signed.as_bytes(), &signature).ok()?;
        serde_json::from_slice(&from_base64url(claims)?).ok()
    }
}

impl TokenKey {
    fn new(crypto: &Crypto, key: Arc<dyn SigningKey>, not_before: Time) -> Result<Self, Fault> {
        let kid = thumbprint(crypto, key.public())?;
        let mut jwk = members(key.public())?;
        if let Some(members) = jwk.as_object_mut() {
            members.insert("kid".to_owned(), json!(kid));
            members.insert("use".to_owned(), json!("sig"));
            members.insert("alg".to_owned(), json!(key.algorithm().name()));
        }
        Ok(Self { kid, key, public: serde_json::from_value(jwk)?, not_before })
    }

    /// Signs claims as a token of a type of its own, such as `at+jwt`.
    ///
    /// # Errors
    /// [`Fault`] if the key cannot sign.
    pub fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, Fault> {
        let alg = self.key.algorithm().name().to_owned();
        let header = Header { alg, kid: self.kid.clone(), typ: Some(typ.to_owned()) };
        let part = |json: Vec<u8>| to_base64url(&json);
        let signed = format!("{}.{}", part(serde_json::to_vec(&header)?), part(serde_json::to_vec(claims)?));
        let signature = self.key.sign(signed.as_bytes())?;
        Ok(format!("{signed}.{}", to_base64url(&signature)))
    }

    /// The algorithm as `openidconnect` calls it.
    pub(super) fn algorithm(&self) -> CoreJwsSigningAlgorithm {
        named(self.key.algorithm())
    }
}

/// What the keys of an algorithm are for, as the store calls it.
pub(super) fn purpose(algorithm: Algorithm) -> String {
    format!("oidc-{}", algorithm.name())
}

/// The algorithm as `openidconnect` calls it.
pub(super) fn named(algorithm: Algorithm) -> CoreJwsSigningAlgorithm {
    match algorithm {
        Algorithm::Es256 => CoreJwsSigningAlgorithm::EcdsaP256Sha256,
        Algorithm::Ps256 => CoreJwsSigningAlgorithm::RsaSsaPssSha256,
        Algorithm::EdDsa => CoreJwsSigningAlgorithm::EdDsa,
        _ => CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    }
}

impl PrivateSigningKey for TokenKey {
    type VerificationKey = CoreJsonWebKey;

    fn sign(&self, alg: &CoreJwsSigningAlgorithm, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        if *alg != self.algorithm() {
            return Err(SigningError::UnsupportedAlg(format!("{alg:?}")));
        }
        self.key.sign(message).map_err(|_| SigningError::CryptoError)
    }

    fn as_verification_key(&self) -> CoreJsonWebKey {
        self.public.clone()
    }
}

/// The members of a JWK that RFC 7638 counts, which `serde_json` writes in the order of their names, as it demands.
fn members(key: &PublicKey) -> Result<serde_json::Value, Fault> {
    match key {
        PublicKey::P256 { x, y } => {
            Ok(json!({ "crv": "P-256", "kty": "EC", "x": to_base64url(x), "y": to_base64url(y) }))
        }
        PublicKey::Rsa { n, e } => Ok(json!({ "e": to_base64url(e), "kty": "RSA", "n": to_base64url(n) })),
        PublicKey::Ed25519 { x } => Ok(json!({ "crv": "Ed25519", "kty": "OKP", "x": to_base64url(x) })),
        _ => Err(Fault::Setup("a signing key of a kind that tokens cannot have")),
    }
}

/// RFC 7638 with SHA-256.
fn thumbprint(crypto: &Crypto, key: &PublicKey) -> Result<String, Fault> {
    Ok(to_base64url(&crypto.hash.sha256(members(key)?.to_string().as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumbprint_of_rfc_7638() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_\
                 BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_\
                 FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI\
                 4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let key = PublicKey::Rsa { n: from_base64url(n).unwrap(), e: from_base64url("AQAB").unwrap() };
        let crypto = symbolon_aws_lc::crypto();
        assert_eq!(thumbprint(&crypto, &key).unwrap(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }
}
