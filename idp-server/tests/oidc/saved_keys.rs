//! RSA keys that all tests share: to make one takes as long as a test.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
};

use idp_core::Crypto;
use idp_protocol::crypto::{Algorithm, CryptoError, PrivateKey, PublicKey, Signatures, SigningKey};

/// The keys, in the order in which a server asks for them.
static KEYS: LazyLock<Mutex<HashMap<(Algorithm, usize), PrivateKey>>> = LazyLock::new(Mutex::default);

/// The crypto of a server; within it no RSA key comes twice.
pub fn crypto() -> Crypto {
    let crypto = symbolon_aws_lc::crypto();
    Crypto {
        signatures: Arc::new(Saved { own: crypto.signatures.clone(), asked: Mutex::default() }),
        ..crypto
    }
}

struct Saved {
    own: Arc<dyn Signatures>,
    asked: Mutex<HashMap<Algorithm, usize>>,
}

impl Signatures for Saved {
    fn generate(&self, algorithm: Algorithm) -> Result<PrivateKey, CryptoError> {
        if !matches!(algorithm, Algorithm::Rs256 | Algorithm::Ps256) {
            return self.own.generate(algorithm);
        }
        let mut asked = self.asked.lock().unwrap();
        let times = asked.entry(algorithm).or_default();
        *times += 1;
        let mut keys = KEYS.lock().unwrap();
        let key = keys.entry((algorithm, *times)).or_insert_with(|| self.own.generate(algorithm).unwrap());
        Ok(key.clone())
    }

    fn load(&self, algorithm: Algorithm, pkcs8: &[u8]) -> Result<Arc<dyn SigningKey>, CryptoError> {
        self.own.load(algorithm, pkcs8)
    }

    fn verify(
        &self,
        algorithm: Algorithm,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        self.own.verify(algorithm, key, message, signature)
    }
}
