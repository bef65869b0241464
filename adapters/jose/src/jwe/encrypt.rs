//! How is a token encrypted for a client?

use idp_protocol::{crypto::Random, encoding::to_base64url};
use serde_json::Value;

use super::{
    ContentEncryption, KeyManagement, Unopened,
    agreement::{self, Party},
    algorithm::Way,
    wrap::{self, Secret},
};
use crate::{
    json::Object,
    key::{Key, Material, Use},
    key_set::KeySet,
};

/// How a token is encrypted.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Encryption<'a> {
    /// `alg` (RFC 7516, 4.1.1).
    pub management: KeyManagement,
    /// `enc` (RFC 7516, 4.1.2).
    pub content: ContentEncryption,
    /// `cty` (RFC 7516, 4.1.12): `JWT` where the content is a signed token (RFC 7519, 5.2).
    pub cty: Option<&'a str>,
    /// The name of the recipient's key, where it must be this one.
    pub kid: Option<&'a str>,
}

impl<'a> Encryption<'a> {
    /// Encryption of content of any type, for any key that fits.
    #[must_use]
    pub const fn new(management: KeyManagement, content: ContentEncryption) -> Self {
        Self { management, content, cty: None, kid: None }
    }

    /// The same, saying what the content is.
    #[must_use]
    pub fn cty(self, cty: &'a str) -> Self {
        Self { cty: Some(cty), ..self }
    }

    /// The same, for the key of this name only.
    #[must_use]
    pub fn kid(self, kid: &'a str) -> Self {
        Self { kid: Some(kid), ..self }
    }
}

/// Why a token was not encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncryptError {
    /// The recipient publishes no key that fits. A set that was fetched may be out of date.
    #[error("the recipient has no key that fits")]
    NoKey,
    /// The crypto library failed.
    #[error("the token cannot be encrypted")]
    Failed,
}

/// Encrypts for one of the recipient's published keys, as compact JWE (RFC 7516, 5.1). Of several keys that fit, the first
/// that states `"use": "enc"` is taken, or else the first. The token names it if it has a name.
///
/// # Errors
/// [`EncryptError`] says why not.
pub fn encrypt(
    plain: &[u8],
    recipient: &KeySet,
    how: &Encryption<'_>,
    random: &dyn Random,
) -> Result<String, EncryptError> {
    let key = choose(recipient, how).ok_or(EncryptError::NoKey)?;
    let mut header = stated(key, how);
    let (cek, encrypted_key) = address(key, how, &mut header, random).ok_or(EncryptError::Failed)?;
    let header = to_base64url(Value::Object(header).to_string().as_bytes());
    let iv = wrap::draw(how.content.iv_len(), random);
    let sealed = how.content.seal(&cek, &iv, header.as_bytes(), plain).map_err(|_| EncryptError::Failed)?;
    let parts = [&encrypted_key, iv.as_slice(), &sealed.ciphertext, &sealed.tag].map(to_base64url);
    Ok(format!("{header}.{}", parts.join(".")))
}

/// What the header says of key and algorithms.
fn stated(key: &Key, how: &Encryption<'_>) -> Object {
    let named = [
        ("alg", Some(how.management.name())),
        ("enc", Some(how.content.name())),
        ("cty", how.cty),
        ("kid", key.kid()),
    ];
    let there = named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
    there.collect()
}

fn choose<'k>(recipient: &'k KeySet, how: &Encryption<'_>) -> Option<&'k Key> {
    let fits = |key: &&Key| key.can_encrypt(how.management) && key.is_called(how.kid);
    let mut keys = recipient.keys().iter().filter(fits);
    keys.clone().find(|key| key.usage() == Some(Use::Encryption)).or_else(|| keys.next())
}

/// The key that encrypts the content, and what is sent so that the recipient gets it too.
fn address(
    key: &Key,
    how: &Encryption<'_>,
    header: &mut Object,
    random: &dyn Random,
) -> Option<(Secret, Vec<u8>)> {
    let new = || wrap::draw(how.content.key_len(), random);
    match (how.management.way(), key.material()) {
        (Way::Oaep(algorithm), Material::Rsa { n, e }) => {
            let cek = new();
            let encrypted = wrap::encrypt_rsa(algorithm, n, e, &cek).ok()?;
            Some((cek, encrypted))
        }
        (Way::Agreed, peer) => {
            let cek = agree(peer, how.content.name(), how.content.key_len(), header, random).ok()?;
            Some((cek, Vec::new()))
        }
        (Way::Wrapped(cipher, len), peer) => {
            let cek = new();
            let with = agree(peer, how.management.name(), len, header, random).ok()?;
            let wrapped = wrap::wrap(cipher, &with, &cek).ok()?;
            Some((cek, wrapped))
        }
        _ => None,
    }
}

/// Agrees with a new key of the sender's, which goes into the header (RFC 7518, 4.6.1.1).
fn agree(
    peer: &Material,
    algorithm: &str,
    len: usize,
    header: &mut Object,
    random: &dyn Random,
) -> Result<Secret, Unopened> {
    let ephemeral = agreement::generate(random);
    let public = agreement::public(&ephemeral).ok_or(Unopened)?;
    header.insert("epk".to_owned(), Value::Object(public.members()));
    agreement::agree(&ephemeral, peer, &Party { algorithm, sender: b"", recipient: b"" }, len)
}
