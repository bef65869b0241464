//! How does the content encryption key travel (RFC 7516, 5.1 and 5.2)?

use aws_lc_rs::{
    error::Unspecified,
    key_wrap::{AesBlockCipher, AesKek, KeyWrap as _},
    rsa::{OaepAlgorithm, OaepPublicEncryptingKey, PublicKeyComponents},
};
use idp_protocol::crypto::Random;
use zeroize::Zeroizing;

/// A key that encrypts content, or another key.
pub(super) type Secret = Zeroizing<Vec<u8>>;

/// A new key of `len` bytes.
pub(super) fn draw(len: usize, random: &dyn Random) -> Secret {
    let mut key = Zeroizing::new(vec![0; len]);
    random.fill(&mut key);
    key
}

/// The key that was wrapped, or the one in `instead` if that cannot be unwrapped or has another length. Whoever sends
/// manipulated keys then sees the same error at the same point as with manipulated content (RFC 7516, 11.5).
pub(super) fn or_random(unwrapped: Result<Secret, Unspecified>, instead: Secret) -> Secret {
    match unwrapped {
        Ok(key) if key.len() == instead.len() => key,
        _ => instead,
    }
}

/// Encrypts a key with RSAES-OAEP (RFC 7518, 4.3).
pub(super) fn encrypt_rsa(
    algorithm: &'static OaepAlgorithm,
    n: &[u8],
    e: &[u8],
    key: &Secret,
) -> Result<Vec<u8>, Unspecified> {
    let recipient = OaepPublicEncryptingKey::new(PublicKeyComponents { n, e }.try_into()?)?;
    let mut encrypted = vec![0; recipient.ciphertext_size()];
    let length = recipient.encrypt(algorithm, key, &mut encrypted, None)?.len();
    encrypted.truncate(length);
    Ok(encrypted)
}

/// Wraps a key with AES (RFC 3394). The library's copy of the wrapping key is freed unwiped; it serves one token only.
pub(super) fn wrap(
    cipher: &'static AesBlockCipher,
    with: &Secret,
    key: &Secret,
) -> Result<Vec<u8>, Unspecified> {
    let mut wrapped = vec![0; key.len().saturating_add(8)];
    let length = AesKek::new(cipher, with)?.wrap(key, &mut wrapped)?.len();
    wrapped.truncate(length);
    Ok(wrapped)
}

/// Unwraps a key with AES (RFC 3394).
pub(super) fn unwrap(
    cipher: &'static AesBlockCipher,
    with: &Secret,
    wrapped: &[u8],
) -> Result<Secret, Unspecified> {
    let mut key = Zeroizing::new(vec![0; wrapped.len()]);
    let length = AesKek::new(cipher, with)?.unwrap(wrapped, &mut key)?.len();
    key.truncate(length);
    Ok(key)
}
