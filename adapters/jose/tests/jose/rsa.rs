//! How does an application open what was encrypted for its RSA key? (RFC 7516, 5.2)
//!
//! The provider has no RSA key for decryption (ADR 17), so the tests bring their own way to open. It shares nothing with
//! what encrypts.

use aws_lc_rs::{
    aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    cipher::{AES_128, AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey},
    encoding::{AsDer, Pkcs8V1Der},
    hmac::{self, HMAC_SHA256, HMAC_SHA512},
    iv::FixedLength,
    rsa::{
        KeyPair, KeySize, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey,
        PrivateDecryptingKey,
    },
    signature::KeyPair as _,
};
use idp_protocol::encoding::{from_base64url, to_base64url};
use serde_json::{Value, json};

/// An RSA key of an application, for what is encrypted for it.
pub struct RsaRecipient {
    private: OaepPrivateDecryptingKey,
    jwk: Value,
}

impl RsaRecipient {
    /// What the key calls itself.
    pub const KID: &str = "for OAEP";

    /// A new key of 2048 bits.
    pub fn generate() -> Self {
        let pair = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
        let pkcs8: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        Self::from_pkcs8(pkcs8.as_ref())
    }

    pub fn from_pkcs8(pkcs8: &[u8]) -> Self {
        let pair = KeyPair::from_pkcs8(pkcs8).unwrap();
        let numbers = [pair.public_key().modulus(), pair.public_key().exponent()];
        let [n, e] = numbers.map(|number| to_base64url(number.big_endian_without_leading_zero()));
        let private =
            OaepPrivateDecryptingKey::new(PrivateDecryptingKey::from_pkcs8(pkcs8).unwrap()).unwrap();
        Self { private, jwk: json!({ "kty": "RSA", "use": "enc", "kid": Self::KID, "n": n, "e": e }) }
    }

    /// The public key.
    pub fn jwk(&self) -> Value {
        self.jwk.clone()
    }

    /// The header and the content of a token; `None` if the content is not authentic.
    pub fn open(&self, token: &str) -> Option<(Value, Vec<u8>)> {
        let parts: Vec<&str> = token.split('.').collect();
        let [aad, key, iv, ciphertext, tag] = parts.try_into().unwrap();
        let [header, key, iv, ciphertext, tag] =
            [aad, key, iv, ciphertext, tag].map(|part| from_base64url(part).unwrap());
        let header: Value = serde_json::from_slice(&header).unwrap();
        let cek = self.cek(&header, &key);
        let aad = aad.as_bytes();
        let plain = match header["enc"].as_str().unwrap() {
            "A128GCM" => gcm(UnboundKey::new(&AES_128_GCM, &cek).unwrap(), &iv, aad, &ciphertext, &tag),
            "A256GCM" => gcm(UnboundKey::new(&AES_256_GCM, &cek).unwrap(), &iv, aad, &ciphertext, &tag),
            "A128CBC-HS256" => {
                let (mac, key) = cek.split_at(16);
                is_mac(hmac::Key::new(HMAC_SHA256, mac), [aad, &iv, &ciphertext], &tag, 16)
                    .then(|| cbc(UnboundCipherKey::new(&AES_128, key).unwrap(), &iv, &ciphertext))
            }
            "A256CBC-HS512" => {
                let (mac, key) = cek.split_at(32);
                is_mac(hmac::Key::new(HMAC_SHA512, mac), [aad, &iv, &ciphertext], &tag, 32)
                    .then(|| cbc(UnboundCipherKey::new(&AES_256, key).unwrap(), &iv, &ciphertext))
            }
            other => panic!("{other}"),
        };
        Some((header, plain?))
    }

    /// The content encryption key (RFC 7518, 4.3).
    fn cek(&self, header: &Value, encrypted: &[u8]) -> Vec<u8> {
        let algorithm = match header["alg"].as_str().unwrap() {
            "RSA-OAEP" => &OAEP_SHA1_MGF1SHA1,
            "RSA-OAEP-256" => &OAEP_SHA256_MGF1SHA256,
            other => panic!("{other}"),
        };
        let mut room = vec![0; self.private.min_output_size()];
        self.private.decrypt(algorithm, encrypted, &mut room, None).unwrap().to_vec()
    }
}

/// RFC 7518, 5.3.
fn gcm(key: UnboundKey, iv: &[u8], aad: &[u8], ciphertext: &[u8], tag: &[u8]) -> Option<Vec<u8>> {
    assert_eq!(tag.len(), 16, "the tag of GCM has 128 bits");
    let mut sealed = [ciphertext, tag].concat();
    let nonce = Nonce::try_assume_unique_for_key(iv).unwrap();
    Some(LessSafeKey::new(key).open_in_place(nonce, Aad::from(aad), &mut sealed).ok()?.to_vec())
}

/// RFC 7518, 5.2.2.2: the MAC is cut, and covers the length of the header in bits as well.
fn is_mac(key: hmac::Key, [aad, iv, ciphertext]: [&[u8]; 3], tag: &[u8], len: usize) -> bool {
    let bits = u64::try_from(8 * aad.len()).unwrap().to_be_bytes();
    let whole = hmac::sign(&key, &[aad, iv, ciphertext, &bits].concat());
    &whole.as_ref()[..len] == tag
}

fn cbc(key: UnboundCipherKey, iv: &[u8], ciphertext: &[u8]) -> Vec<u8> {
    let mut text = ciphertext.to_vec();
    let context = DecryptionContext::Iv128(FixedLength::try_from(iv).unwrap());
    PaddedBlockDecryptingKey::cbc_pkcs7(key).unwrap().decrypt(&mut text, context).unwrap().to_vec()
}
