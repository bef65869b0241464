//! Which keys and times do the examples use, and how is a file compared?

use std::{fs, path::Path, sync::Arc};

use idp_protocol::{
    Crypto, P256Key,
    crypto::{Algorithm, CryptoError, PublicKey, SigningKey},
    encoding::{from_base64url, to_base64url},
};
use p256::ecdsa::{Signature, signature::Signer as _};
use serde_json::{Value, json};
use symbolon_aws_lc::SeededRandom;

pub const ISSUER: &str = "https://id.example.org";
pub const NOW: i64 = 1_800_000_000;

/// The crypto port; the randomness of HPKE begins anew with each call, so that a file repeats itself.
pub fn crypto() -> Crypto {
    symbolon_aws_lc::with_random(Arc::new(SeededRandom::new(b"symbolon vectors")))
}

/// A signing key whose scalar is one byte 32 times over, and whose signatures repeat themselves.
pub struct Fixed {
    scalar: [u8; 32],
    key: p256::ecdsa::SigningKey,
    public: PublicKey,
}

pub fn key(byte: u8) -> Fixed {
    let scalar = [byte; 32];
    let key = p256::ecdsa::SigningKey::from_bytes(&scalar.into()).unwrap();
    let public = P256Key::from_point(&crypto().agreement.public(&scalar).unwrap()).unwrap().public();
    Fixed { scalar, key, public }
}

impl Fixed {
    pub fn jwk(&self) -> P256Key {
        P256Key::try_from(&self.public).unwrap()
    }

    /// The key as the files show it.
    pub fn shown(&self) -> Value {
        json!({ "d": to_base64url(&self.scalar), "jwk": self.jwk(), "thumbprint": to_base64url(&self.thumbprint()) })
    }

    pub fn thumbprint(&self) -> [u8; 32] {
        self.jwk().thumbprint(&crypto())
    }
}

impl SigningKey for Fixed {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Es256
    }
    fn public(&self) -> &PublicKey {
        &self.public
    }
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let signature: Signature = self.key.sign(message);
        Ok(signature.to_bytes().to_vec())
    }
}

/// Compares a fresh file with the one in the repository.
pub fn compare(name: &str, fresh: &Value) {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(name);
    let kept = fs::read_to_string(kept).unwrap_or_default();
    // As values: the order of members depends on a feature of serde_json that another crate may switch on.
    if serde_json::from_str::<Value>(&kept).is_ok_and(|kept| kept == *fresh) {
        return;
    }
    let text = format!("{}\n", serde_json::to_string_pretty(fresh).unwrap());
    let made = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("vectors");
    fs::create_dir_all(&made).unwrap();
    fs::write(made.join(name), text).unwrap();
    panic!(
        "idp-protocol/vectors/{name} is not what this code makes. If that was meant: cp target/vectors/{name} idp-protocol/vectors/"
    );
}

pub fn read(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(name);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

pub fn cases<'a>(file: &'a Value, name: &str) -> &'a [Value] {
    let cases = file[name].as_array().unwrap();
    assert!(!cases.is_empty());
    cases
}

pub fn text<'a>(case: &'a Value, name: &str) -> &'a str {
    case[name].as_str().unwrap_or_else(|| panic!("{name} in {case}"))
}

pub fn octets(case: &Value, name: &str) -> Vec<u8> {
    from_base64url(text(case, name)).unwrap()
}

pub fn array<const N: usize>(case: &Value, name: &str) -> [u8; N] {
    octets(case, name).try_into().unwrap()
}

pub fn jwk(case: &Value, name: &str) -> P256Key {
    serde_json::from_value(case[name].clone()).unwrap()
}
