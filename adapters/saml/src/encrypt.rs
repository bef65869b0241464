//! How is an assertion encrypted, so that only one service provider reads it (XML Encryption 1.1)?
//!
//! AES with GCM: whoever decrypts CBC tells, by how it fails, what is inside (CVE-2011-1096). So CBC has a name that says so. The key
//! travels with RSA-OAEP only, because PKCS #1 v1.5 has the same flaw. The structure is written by the writer like all else, so that what
//! is around it can be signed.

use aws_lc_rs::{
    aead::{self, AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    cipher::{self, AES_128, AES_256, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey},
    error::Unspecified,
    iv::FixedLength,
    rsa::{
        OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPublicEncryptingKey,
        PublicEncryptingKey,
    },
};
use data_encoding::BASE64;
use idp_protocol::crypto::Random;
use zeroize::Zeroizing;

use crate::{
    algorithm::{KeyKind, SHA256},
    keys::{self, KeyError},
    names::Space,
    writer::{Element, WriteError},
};

const SHA1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";
const MGF1_SHA256: &str = "http://www.w3.org/2009/xmlenc11#mgf1sha256";
const TYPE_ELEMENT: &str = "http://www.w3.org/2001/04/xmlenc#Element";

/// What encrypts the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cipher {
    /// AES with 128 bits in GCM.
    Aes128Gcm,
    /// AES with 256 bits in GCM.
    Aes256Gcm,
    /// AES with 128 bits in CBC, for a service provider that knows nothing else. Somebody who sees an assertion on its way, and can
    /// send that provider some thousand changed ones, reads what is inside.
    DangerAes128Cbc,
    /// AES with 256 bits in CBC, which is as dangerous.
    DangerAes256Cbc,
}

impl Cipher {
    const fn uri(self) -> &'static str {
        match self {
            Self::Aes128Gcm => "http://www.w3.org/2009/xmlenc11#aes128-gcm",
            Self::Aes256Gcm => "http://www.w3.org/2009/xmlenc11#aes256-gcm",
            Self::DangerAes128Cbc => "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
            Self::DangerAes256Cbc => "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
        }
    }

    const fn key_length(self) -> usize {
        match self {
            Self::Aes128Gcm | Self::DangerAes128Cbc => 16,
            Self::Aes256Gcm | Self::DangerAes256Cbc => 32,
        }
    }
}

/// What encrypts the key of the content. The hashes in OAEP need not withstand collisions, so SHA-1 is no weakness there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Transport {
    /// RSA-OAEP with SHA-1, which everybody reads (`rsa-oaep-mgf1p`).
    OaepSha1,
    /// RSA-OAEP with SHA-256 in both places (XML Encryption 1.1), which older libraries do not know.
    OaepSha256,
}

impl Transport {
    fn algorithm(self) -> &'static OaepAlgorithm {
        match self {
            Self::OaepSha1 => &OAEP_SHA1_MGF1SHA1,
            Self::OaepSha256 => &OAEP_SHA256_MGF1SHA256,
        }
    }

    fn method(self) -> Element {
        let method = |uri| Element::new(Space::Xenc, "EncryptionMethod").attribute("Algorithm", uri);
        let digest = |uri| Element::new(Space::Ds, "DigestMethod").attribute("Algorithm", uri);
        match self {
            Self::OaepSha1 => method("http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p").child(digest(SHA1)),
            Self::OaepSha256 => method("http://www.w3.org/2009/xmlenc11#rsa-oaep")
                .child(digest(SHA256))
                .child(Element::new(Space::Xenc11, "MGF").attribute("Algorithm", MGF1_SHA256)),
        }
    }
}

/// The key of a service provider that assertions are encrypted for.
#[derive(Clone, Debug)]
pub struct EncryptionKey {
    spki: Vec<u8>,
}

impl EncryptionKey {
    /// The key of this certificate (DER).
    ///
    /// # Errors
    /// [`KeyError`] if it is none, or has no RSA key of at least 2,048 bits.
    pub fn from_certificate(certificate: &[u8]) -> Result<Self, KeyError> {
        let key = keys::read(certificate)?;
        if key.kind == KeyKind::Rsa { Ok(Self { spki: key.spki }) } else { Err(KeyError::Kind) }
    }
}

/// How something is encrypted, and for whom.
#[derive(Clone, Copy, Debug)]
pub struct Encryption<'a> {
    /// For whom.
    pub recipient: &'a EncryptionKey,
    /// What encrypts the content.
    pub cipher: Cipher,
    /// What encrypts the key of the content.
    pub transport: Transport,
}

impl Encryption<'_> {
    /// The element, encrypted: `xenc:EncryptedData`.
    pub(crate) fn encrypt(&self, element: &Element, random: &dyn Random) -> Result<Element, WriteError> {
        let plain = Zeroizing::new(element.canonical()?);
        let mut key = Zeroizing::new(vec![0; self.cipher.key_length()]);
        random.fill(&mut key);
        let sealed = self.seal(&key, plain.as_bytes(), random).map_err(|_| WriteError::Encryption)?;
        let wrapped = self.wrap(&key).map_err(|_| WriteError::Encryption)?;
        let encrypted_key = Element::new(Space::Xenc, "EncryptedKey")
            .child(self.transport.method())
            .child(cipher_data(&wrapped));
        let method = Element::new(Space::Xenc, "EncryptionMethod").attribute("Algorithm", self.cipher.uri());
        Ok(Element::new(Space::Xenc, "EncryptedData")
            .attribute("Type", TYPE_ELEMENT)
            .child(method)
            .child(Element::new(Space::Ds, "KeyInfo").child(encrypted_key))
            .child(cipher_data(&sealed)))
    }

    /// The content, behind the bytes that make two of the same different. The key serves this one time.
    fn seal(&self, key: &[u8], plain: &[u8], random: &dyn Random) -> Result<Vec<u8>, Unspecified> {
        match self.cipher {
            Cipher::Aes128Gcm => gcm(&AES_128_GCM, key, plain, random),
            Cipher::Aes256Gcm => gcm(&AES_256_GCM, key, plain, random),
            Cipher::DangerAes128Cbc => cbc(&AES_128, key, plain, random),
            Cipher::DangerAes256Cbc => cbc(&AES_256, key, plain, random),
        }
    }

    fn wrap(&self, key: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let recipient = PublicEncryptingKey::from_der(&self.recipient.spki).map_err(|_| Unspecified)?;
        let recipient = OaepPublicEncryptingKey::new(recipient)?;
        let mut wrapped = vec![0; recipient.ciphertext_size()];
        let length = recipient.encrypt(self.transport.algorithm(), key, &mut wrapped, None)?.len();
        wrapped.truncate(length);
        Ok(wrapped)
    }
}

/// Nonce, ciphertext and tag, one behind the other (XML Encryption 1.1, 5.2.4).
fn gcm(
    algorithm: &'static aead::Algorithm,
    key: &[u8],
    plain: &[u8],
    random: &dyn Random,
) -> Result<Vec<u8>, Unspecified> {
    let mut nonce = [0; 12];
    random.fill(&mut nonce);
    let key = LessSafeKey::new(UnboundKey::new(algorithm, key)?);
    let mut content = plain.to_vec();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut content)?;
    Ok([nonce.as_slice(), &content].concat())
}

/// Initialization vector and ciphertext (XML Encryption 1.1, 5.2.2). Of the padding only the last byte counts there, and that of
/// PKCS #7 is one of those that are allowed.
fn cbc(
    algorithm: &'static cipher::Algorithm,
    key: &[u8],
    plain: &[u8],
    random: &dyn Random,
) -> Result<Vec<u8>, Unspecified> {
    let mut vector = [0; 16];
    random.fill(&mut vector);
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(algorithm, key)?)?;
    let mut content = plain.to_vec();
    key.less_safe_encrypt(&mut content, EncryptionContext::Iv128(FixedLength::from(vector)))?;
    Ok([vector.as_slice(), &content].concat())
}

fn cipher_data(bytes: &[u8]) -> Element {
    let value = Element::new(Space::Xenc, "CipherValue").text(BASE64.encode(bytes));
    Element::new(Space::Xenc, "CipherData").child(value)
}
