//! A key of an application that others encrypt for, and what it encrypts for the provider.

use std::sync::LazyLock;

use serde_json::{Value, json};
use symbolon_aws_lc::SystemRandom;
use symbolon_jose::{
    Accepted, ContentEncryption, DecryptionKey, Encryption, KeyManagement, KeySet, decrypt, encrypt,
    is_encrypted,
};

use crate::{
    requests::parts,
    rsa::RsaRecipient,
    server::{Server, answer},
};

/// One RSA key for all tests: to make one takes long.
static RSA: LazyLock<RsaRecipient> = LazyLock::new(RsaRecipient::generate);

/// An application's keys for what is encrypted for it.
pub struct Recipient {
    p256: DecryptionKey,
}

impl Recipient {
    pub fn new() -> Self {
        Self { p256: p256() }
    }

    /// The public keys, with others beside them.
    pub fn jwks_with(&self, others: &[Value]) -> Value {
        let own = [RSA.jwk(), json!(self.p256.public())];
        let keys = [&own, others].concat();
        json!({ "keys": keys })
    }

    pub fn key_set(&self) -> KeySet {
        KeySet::from_value(&self.jwks_with(&[])).unwrap()
    }

    /// What is in a token that was encrypted for it, the signed one if there is one.
    pub fn open(&self, token: &str) -> String {
        assert!(is_encrypted(token), "in the clear: {token}");
        let (plain, cty) = self.opened(token);
        let text = String::from_utf8(plain).unwrap();
        let is_token = text.split('.').count() == 3;
        assert_eq!(cty.as_deref(), is_token.then_some("JWT"), "{text}");
        text
    }

    /// The content, and what its header says that it is.
    fn opened(&self, token: &str) -> (Vec<u8>, Option<String>) {
        let header = header_of(token);
        if header["alg"].as_str().unwrap().starts_with("RSA") {
            let (_, plain) = RSA.open(token).unwrap();
            return (plain, header["cty"].as_str().map(str::to_owned));
        }
        let all = Accepted::new(KeyManagement::ALL, ContentEncryption::ALL);
        let keys = std::slice::from_ref(&self.p256);
        let opened = decrypt(token, keys, &all, &SystemRandom::default()).unwrap();
        (opened.plain.to_vec(), opened.cty)
    }
}

pub fn p256() -> DecryptionKey {
    DecryptionKey::generate_p256(&SystemRandom::default()).unwrap()
}

/// The header of an encrypted token.
pub fn header_of(token: &str) -> Value {
    let header = token.split('.').next().unwrap();
    serde_json::from_slice(&idp_protocol::encoding::from_base64url(header).unwrap()).unwrap()
}

/// The header and the claims of a signed token.
pub fn read(signed: &str) -> (Value, Value) {
    parts(signed)
}

/// The provider's key for encryption, as it publishes it.
pub async fn published(server: &Server) -> KeySet {
    let (_, set) = answer(server.get("/oauth2/jwks").await).await;
    let keys = set["keys"].as_array().unwrap().iter().filter(|key| key["use"] == "enc");
    KeySet::from_value(&json!({ "keys": keys.collect::<Vec<_>>() })).unwrap()
}

/// Something encrypted for these keys.
pub fn seal(keys: &KeySet, how: (KeyManagement, ContentEncryption), plain: &str) -> String {
    let how = Encryption::new(how.0, how.1).cty("JWT");
    encrypt(plain.as_bytes(), keys, &how, &SystemRandom::default()).unwrap()
}
