//! How is something sealed with a symmetric key?

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use idp_protocol::crypto::{Aead, CryptoError};
use zeroize::Zeroizing;

/// AES-256-GCM of AWS-LC.
pub struct AwsLc;

impl Aead for AwsLc {
    #[expect(clippy::expect_used, reason = "only a text of 64 GiB could fail, and nothing here is near it")]
    fn seal(&self, key: &[u8; 32], nonce: &[u8; 12], aad: &[u8], plain: &[u8]) -> Vec<u8> {
        // Room for the tag at once: a vector that grew would leave the plain text behind in freed memory.
        let mut sealed = Vec::with_capacity(plain.len().saturating_add(AES_256_GCM.tag_len()));
        sealed.extend_from_slice(plain);
        load(key)
            .and_then(|key| {
                key.seal_in_place_append_tag(nonce_of(nonce), Aad::from(aad), &mut sealed)
                    .map_err(|_| CryptoError::Unsupported)
            })
            .expect("AES-256-GCM takes any 32-byte key and any text below 64 GiB");
        sealed
    }

    fn open(
        &self,
        key: &[u8; 32],
        nonce: &[u8; 12],
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let mut opened = Zeroizing::new(sealed.to_vec());
        let length = load(key)?
            .open_in_place(nonce_of(nonce), Aad::from(aad), &mut opened)
            .map_err(|_| CryptoError::Unauthentic)?
            .len();
        opened.truncate(length);
        Ok(opened)
    }
}

fn load(key: &[u8; 32]) -> Result<LessSafeKey, CryptoError> {
    UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).map_err(|_| CryptoError::BadKey)
}

fn nonce_of(nonce: &[u8; 12]) -> Nonce {
    Nonce::assume_unique_for_key(*nonce)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gcm_specification_case_14() {
        let sealed = AwsLc.seal(&[0; 32], &[0; 12], b"", &[0; 16]);
        let expected = "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919";
        assert_eq!(data_encoding::HEXLOWER.encode(&sealed), expected);
    }

    #[test]
    fn a_flipped_bit_anywhere_is_noticed() {
        let (key, nonce) = ([1; 32], [2; 12]);
        let sealed = AwsLc.seal(&key, &nonce, b"for", b"secret");
        assert_eq!(AwsLc.open(&key, &nonce, b"for", &sealed).unwrap().as_slice(), b"secret");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(AwsLc.open(&key, &nonce, b"for", &changed), Err(CryptoError::Unauthentic), "{at}");
        }
        assert!(AwsLc.open(&[0; 32], &nonce, b"for", &sealed).is_err());
        assert!(AwsLc.open(&key, &[0; 12], b"for", &sealed).is_err());
        assert!(AwsLc.open(&key, &nonce, b"to", &sealed).is_err());
        assert!(AwsLc.open(&key, &nonce, b"for", b"short").is_err());
    }
}
