//! How is content encrypted and authenticated (RFC 7518, 5)?

use aws_lc_rs::{
    aead::{self, AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    cipher::{
        self, AES_128, AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey,
        PaddedBlockEncryptingKey, UnboundCipherKey,
    },
    constant_time,
    error::Unspecified,
    hmac::{self, HMAC_SHA256, HMAC_SHA512},
    iv::FixedLength,
};
use zeroize::Zeroizing;

use super::{ContentEncryption, Unopened};

/// The length of the tag of GCM, in bytes (RFC 7518, 5.3).
const GCM_TAG: usize = 16;

/// The length of a block of AES, in bytes.
const BLOCK: usize = 16;

/// Encrypted content.
pub(super) struct Sealed {
    pub(super) ciphertext: Vec<u8>,
    pub(super) tag: Vec<u8>,
}

/// The two algorithms behind the names.
enum Cipher {
    Gcm(&'static aead::Algorithm),
    CbcHmac(&'static cipher::Algorithm, hmac::Algorithm),
}

impl ContentEncryption {
    fn cipher(self) -> Cipher {
        match self {
            Self::A128Gcm => Cipher::Gcm(&AES_128_GCM),
            Self::A256Gcm => Cipher::Gcm(&AES_256_GCM),
            Self::A128CbcHs256 => Cipher::CbcHmac(&AES_128, HMAC_SHA256),
            Self::A256CbcHs512 => Cipher::CbcHmac(&AES_256, HMAC_SHA512),
        }
    }

    /// Encrypts.
    pub(super) fn seal(self, key: &[u8], iv: &[u8], aad: &[u8], plain: &[u8]) -> Result<Sealed, Unspecified> {
        // Room for padding and tag at once: a vector that grew would leave the plain text behind in freed memory.
        let mut buffer = Vec::with_capacity(plain.len().saturating_add(BLOCK));
        buffer.extend_from_slice(plain);
        match self.cipher() {
            Cipher::Gcm(algorithm) => {
                let key = LessSafeKey::new(UnboundKey::new(algorithm, key)?);
                let nonce = Nonce::try_assume_unique_for_key(iv)?;
                let tag = key.seal_in_place_separate_tag(nonce, Aad::from(aad), &mut buffer)?;
                Ok(Sealed { ciphertext: buffer, tag: tag.as_ref().to_vec() })
            }
            Cipher::CbcHmac(algorithm, mac) => {
                let (mac_key, key) = halves(key)?;
                let context = EncryptionContext::Iv128(FixedLength::try_from(iv)?);
                PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(algorithm, key)?)?
                    .less_safe_encrypt(&mut buffer, context)?;
                let tag = tag(mac, mac_key, aad, iv, &buffer)?;
                Ok(Sealed { ciphertext: buffer, tag })
            }
        }
    }

    /// Decrypts what is authentic.
    pub(super) fn open(
        self,
        key: &[u8],
        iv: &[u8],
        aad: &[u8],
        sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, Unopened> {
        let opened = match self.cipher() {
            Cipher::Gcm(algorithm) => open_gcm(algorithm, key, iv, aad, sealed),
            Cipher::CbcHmac(algorithm, mac) => open_cbc(algorithm, mac, key, iv, aad, sealed),
        };
        opened.map_err(|_| Unopened)
    }
}

fn open_gcm(
    algorithm: &'static aead::Algorithm,
    key: &[u8],
    iv: &[u8],
    aad: &[u8],
    sealed: &Sealed,
) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
    // Shorter tags are easier to guess; with another length the boundary to the ciphertext would be the sender's to choose.
    if sealed.tag.len() != GCM_TAG {
        return Err(Unspecified);
    }
    let key = LessSafeKey::new(UnboundKey::new(algorithm, key)?);
    let mut buffer = Zeroizing::new([sealed.ciphertext.as_slice(), &sealed.tag].concat());
    let nonce = Nonce::try_assume_unique_for_key(iv)?;
    let length = key.open_in_place(nonce, Aad::from(aad), &mut buffer)?.len();
    buffer.truncate(length);
    Ok(buffer)
}

fn open_cbc(
    algorithm: &'static cipher::Algorithm,
    mac: hmac::Algorithm,
    key: &[u8],
    iv: &[u8],
    aad: &[u8],
    sealed: &Sealed,
) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
    let (mac_key, key) = halves(key)?;
    let context = DecryptionContext::Iv128(FixedLength::try_from(iv)?);
    // The MAC comes before the padding is looked at, and is compared in constant time. The other way round is a padding
    // oracle, which reads a whole message without any key.
    let right = tag(mac, mac_key, aad, iv, &sealed.ciphertext)?;
    constant_time::verify_slices_are_equal(&right, &sealed.tag)?;
    let mut buffer = Zeroizing::new(sealed.ciphertext.clone());
    let length = PaddedBlockDecryptingKey::cbc_pkcs7(UnboundCipherKey::new(algorithm, key)?)?
        .decrypt(&mut buffer, context)?
        .len();
    buffer.truncate(length);
    Ok(buffer)
}

/// The key of the MAC and that of the cipher (RFC 7518, 5.2.2.1).
fn halves(key: &[u8]) -> Result<(&[u8], &[u8]), Unspecified> {
    key.split_at_checked(key.len() / 2).ok_or(Unspecified)
}

/// The first half of the MAC (RFC 7518, 5.2.2.1).
fn tag(
    algorithm: hmac::Algorithm,
    key: &[u8],
    aad: &[u8],
    iv: &[u8],
    ciphertext: &[u8],
) -> Result<Vec<u8>, Unspecified> {
    let bits = u64::try_from(aad.len()).map_err(|_| Unspecified)?.checked_mul(8).ok_or(Unspecified)?;
    let mut mac = hmac::Context::with_key(&hmac::Key::new(algorithm, key));
    for part in [aad, iv, ciphertext, &bits.to_be_bytes()] {
        mac.update(part);
    }
    let mac = mac.sign();
    halves(mac.as_ref()).map(|(tag, _)| tag.to_vec())
}

#[cfg(test)]
mod tests;
