//! A passkey in software: a key that signs what WebAuthn wants signed, and whatever else a test makes it say.

use data_encoding::BASE64URL_NOPAD;
use idp_protocol::Crypto;
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use serde_json::{Value, json};

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const COPYABLE: u8 = 0x08;
const NEW_KEY: u8 = 0x40;

/// The crypto port, for digests.
fn crypto() -> Crypto {
    symbolon_aws_lc::crypto()
}

/// What authenticator and browser say; an honest one unless a test changes it.
#[derive(Clone, Debug)]
pub struct Says {
    /// The page that asked, as the browser saw it.
    pub origin: String,
    /// The host that the key is bound to.
    pub host: String,
    /// Whether the user was verified.
    pub verified: bool,
    /// Whether the key may be copied.
    pub copyable: bool,
    /// The signature counter; 0 for an authenticator that has none.
    pub counter: u32,
    /// Whose key it is.
    pub owner: Vec<u8>,
}

/// A passkey.
#[derive(Clone)]
pub struct Passkey {
    key: SigningKey,
    /// What the outside calls it.
    pub id: Vec<u8>,
    /// What is said next.
    pub says: Says,
}

impl Passkey {
    /// A key for a provider, which nobody registered. The same name makes the same key.
    pub fn new(issuer: &str, name: &str) -> Self {
        let seed = crypto().hash.sha256(name.as_bytes());
        let says = Says {
            origin: issuer.to_owned(),
            host: issuer.split(['/', ':']).nth(3).unwrap().to_owned(),
            verified: true,
            copyable: false,
            counter: 0,
            owner: Vec::new(),
        };
        let key = SigningKey::from_slice(&seed).unwrap();
        Self { key, id: seed.get(..20).unwrap().to_vec(), says }
    }

    /// The same key with other words: what a copy of it would say.
    pub fn saying(&self, change: impl FnOnce(&mut Says)) -> Self {
        let mut other = self.clone();
        change(&mut other.says);
        other
    }

    /// What a browser sends for a new key that goes by `name`, to options of the server.
    pub fn created(&mut self, options: &Value, name: &str) -> Value {
        self.created_with(options, name, |_, _| NONE.to_vec())
    }

    /// The same with an attestation statement over the authenticator's and the browser's words: CBOR of `fmt` and `attStmt`.
    pub fn created_with(
        &mut self,
        options: &Value,
        name: &str,
        statement: impl FnOnce(&[u8], &[u8; 32]) -> Vec<u8>,
    ) -> Value {
        let user = options["publicKey"]["user"]["id"].as_str().unwrap();
        self.says.owner = BASE64URL_NOPAD.decode(user.as_bytes()).unwrap();
        let client_data = self.client_data("webauthn.create", options);
        let data = self.data(NEW_KEY, &self.attested());
        let statement = statement(&data, &crypto().hash.sha256(&client_data));
        let length = u16::try_from(data.len()).unwrap().to_be_bytes();
        let object = [&[0xA3], statement.as_slice(), b"\x68authData\x59", &length, &data].concat();
        json!({
            "name": name,
            "clientDataJSON": BASE64URL_NOPAD.encode(&client_data),
            "attestationObject": BASE64URL_NOPAD.encode(&object),
            "discoverable": true,
        })
    }

    /// What a browser sends for a sign-in with it, to options of the server.
    pub fn asserted(&self, options: &Value) -> Value {
        let client_data = self.client_data("webauthn.get", options);
        let data = self.data(0, &[]);
        let signed = [data.as_slice(), &crypto().hash.sha256(&client_data)].concat();
        let signature: Signature = self.key.sign(&signed);
        json!({
            "id": BASE64URL_NOPAD.encode(&self.id),
            "clientDataJSON": BASE64URL_NOPAD.encode(&client_data),
            "authenticatorData": BASE64URL_NOPAD.encode(&data),
            "signature": BASE64URL_NOPAD.encode(signature.to_der().as_bytes()),
            "userHandle": BASE64URL_NOPAD.encode(&self.says.owner),
        })
    }

    fn client_data(&self, what: &str, options: &Value) -> Vec<u8> {
        let challenge = &options["publicKey"]["challenge"];
        let said = json!({
            "type": what, "challenge": challenge, "origin": self.says.origin, "crossOrigin": false
        });
        said.to_string().into_bytes()
    }

    /// WebAuthn, 6.1.
    fn data(&self, flags: u8, attested: &[u8]) -> Vec<u8> {
        let verified = if self.says.verified { VERIFIED } else { 0 };
        let copyable = if self.says.copyable { COPYABLE } else { 0 };
        let flags = PRESENT | flags | verified | copyable;
        let host = crypto().hash.sha256(self.says.host.as_bytes());
        [host.as_slice(), &[flags], &self.says.counter.to_be_bytes(), attested].concat()
    }

    /// WebAuthn, 6.5.1: the model, the id and the key as COSE (RFC 9052) has it.
    fn attested(&self) -> Vec<u8> {
        let point = self.key.verifying_key().to_sec1_point(false);
        let (x, y) = (point.x().unwrap(), point.y().unwrap());
        let length = u16::try_from(self.id.len()).unwrap().to_be_bytes();
        let cose = [b"\xA5\x01\x02\x03\x26\x20\x01\x21\x58\x20", x.as_slice(), b"\x22\x58\x20", y].concat();
        [MODEL.as_slice(), &length, &self.id, &cose].concat()
    }
}

/// The model (AAGUID) that these keys say they are of.
pub const MODEL: [u8; 16] = *b"symbolon's tests";
/// `fmt` "none" with an empty statement, as CBOR.
const NONE: &[u8] = b"\x63fmt\x64none\x67attStmt\xA0";
