//! A browser with a push subscription: RFC 8291 from the other side, with another implementation of the curve.

use aws_lc_rs::{
    aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    hkdf::{HKDF_SHA256, KeyType, Salt},
    signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey},
};
use idp_protocol::{Crypto, encoding::from_base64url, push::PushSubscription};
use p256::{PublicKey, SecretKey, ecdh::diffie_hellman};

pub struct Browser {
    private: SecretKey,
    public: [u8; 65],
    auth: [u8; 16],
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl Browser {
    pub fn new(crypto: &Crypto) -> Self {
        let private = crypto.agreement.generate();
        let public = crypto.agreement.public(&private).unwrap();
        Self { private: SecretKey::from_slice(private.as_slice()).unwrap(), public, auth: crypto.random() }
    }

    pub fn subscription(&self, endpoint: &str) -> PushSubscription {
        PushSubscription::new(endpoint.to_owned(), self.public, self.auth).unwrap()
    }

    pub fn public(&self) -> &[u8; 65] {
        &self.public
    }

    /// What the service worker gets, if this is for this browser.
    pub fn read(&self, body: &[u8]) -> Option<Vec<u8>> {
        let (salt, rest) = body.split_at(16);
        let (size, rest) = rest.split_at(4);
        let (length, rest) = rest.split_first()?;
        let (sender, record) = rest.split_at(usize::from(*length));
        let size: usize = u32::from_be_bytes(size.try_into().unwrap()).try_into().unwrap();
        assert!(record.len() <= size, "more than one record");
        let peer = PublicKey::from_sec1_bytes(sender).ok()?;
        let shared = diffie_hellman(self.private.to_nonzero_scalar(), peer.as_affine());
        let info = [b"WebPush: info\0".as_slice(), &self.public, sender].concat();
        let secret = derived(&self.auth, shared.raw_secret_bytes(), &info, 32);
        let key = derived(salt, &secret, b"Content-Encoding: aes128gcm\0", 16);
        let nonce = derived(salt, &secret, b"Content-Encoding: nonce\0", 12);
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).unwrap());
        let nonce = Nonce::try_assume_unique_for_key(&nonce).unwrap();
        let mut text = record.to_vec();
        let plain = key.open_in_place(nonce, Aad::empty(), &mut text).ok()?;
        // The last record ends with a 2, and padding of zeros after it.
        let end = plain.iter().rposition(|byte| *byte != 0)?;
        (plain[end] == 2).then(|| plain[..end].to_vec())
    }
}

fn derived(salt: &[u8], secret: &[u8], info: &[u8], length: usize) -> Vec<u8> {
    let mut out = vec![0; length];
    Salt::new(HKDF_SHA256, salt)
        .extract(secret)
        .expand(&[info], Length(length))
        .unwrap()
        .fill(&mut out)
        .unwrap();
    out
}

/// The claims of a token that this key signed with ES256.
pub fn verified(token: &str, public: &[u8]) -> Option<serde_json::Value> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let header: serde_json::Value = serde_json::from_slice(&from_base64url(header)?).ok()?;
    assert_eq!(header["alg"], "ES256");
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public);
    key.verify(signed.as_bytes(), &from_base64url(signature)?).ok()?;
    serde_json::from_slice(&from_base64url(claims)?).ok()
}
