//! What is in a token that a client encrypted for the provider?

use std::{fmt, str::FromStr};

use aws_lc_rs::agreement::PrivateKey;
use idp_protocol::{crypto::Random, encoding::from_base64url};
use zeroize::Zeroizing;

use super::{
    ContentEncryption, DecryptionKey, KeyManagement, Unopened,
    agreement::{self, Party},
    algorithm::Way,
    content::Sealed,
    wrap::{self, Secret},
};
use crate::{
    compact::{self, BadHeader},
    json::Object,
    key::Key,
};

/// The longest encrypted token that is read, in bytes.
pub const MAX_ENCRYPTED: usize = 32 * 1024;

/// The most keys that a token without `kid` is tried with.
const TRIES: usize = 4;

/// Which encrypted tokens are opened at all.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Accepted<'a> {
    /// Which `alg` are fine. Those of RSA are opened in no case: there is no private key for them.
    pub management: &'a [KeyManagement],
    /// Which `enc` are fine.
    pub content: &'a [ContentEncryption],
}

impl<'a> Accepted<'a> {
    /// These algorithms.
    #[must_use]
    pub const fn new(management: &'a [KeyManagement], content: &'a [ContentEncryption]) -> Self {
        Self { management, content }
    }
}

/// What was in an encrypted token. Anybody can encrypt for a public key, so this says nothing about who did: what must be
/// authentic has a signature inside.
#[non_exhaustive]
pub struct Opened {
    /// The content; wiped when dropped.
    pub plain: Zeroizing<Vec<u8>>,
    /// `cty` (RFC 7516, 4.1.12), as it was written.
    pub cty: Option<String>,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("cty", &self.cty).finish_non_exhaustive()
    }
}

impl From<BadHeader> for Unopened {
    fn from(_: BadHeader) -> Self {
        Self
    }
}

/// Opens a compact JWE (RFC 7516, 5.2) with one of the provider's keys: the one it names, or the first four that fit, which
/// should be the newest.
///
/// `random` makes the key that manipulated tokens fail with.
///
/// # Errors
/// [`Unopened`], whatever the reason is.
pub fn decrypt(
    token: &str,
    keys: &[DecryptionKey],
    accepted: &Accepted<'_>,
    random: &dyn Random,
) -> Result<Opened, Unopened> {
    let message = Message::parse(token, accepted)?;
    let (kid, cty) = (compact::text(&message.header, "kid")?, compact::text(&message.header, "cty")?);
    let fits =
        |key: &&DecryptionKey| key.public().can_encrypt(message.management) && key.public().is_called(kid);
    for key in keys.iter().filter(fits).take(TRIES) {
        if let Ok(plain) = message.open(key.private(), random) {
            return Ok(Opened { plain, cty: cty.map(str::to_owned) });
        }
    }
    Err(Unopened)
}

/// An encrypted token that was taken apart.
struct Message<'a> {
    management: KeyManagement,
    content: ContentEncryption,
    header: Object,
    /// What is authenticated beside the ciphertext: the header as it was sent (RFC 7516, 5.1, step 14).
    aad: &'a str,
    encrypted_key: Vec<u8>,
    iv: Vec<u8>,
    sealed: Sealed,
}

impl<'a> Message<'a> {
    fn parse(token: &'a str, accepted: &Accepted<'_>) -> Result<Self, Unopened> {
        let [aad, key, iv, ciphertext, tag] = compact::parts(token, MAX_ENCRYPTED).ok_or(Unopened)?;
        let header = compact::header(aad)?;
        let management = known(&header, "alg", accepted.management)?;
        let content = known(&header, "enc", accepted.content)?;
        let decode = |part| from_base64url(part).ok_or(Unopened);
        let sealed = Sealed { ciphertext: decode(ciphertext)?, tag: decode(tag)? };
        Ok(Self { management, content, aad, encrypted_key: decode(key)?, iv: decode(iv)?, sealed, header })
    }

    fn open(&self, key: &PrivateKey, random: &dyn Random) -> Result<Zeroizing<Vec<u8>>, Unopened> {
        let cek = self.key(key, random)?;
        self.content.open(&cek, &self.iv, self.aad.as_bytes(), &self.sealed)
    }

    /// The key of the content, or a random one where the key that was sent is not right.
    fn key(&self, own: &PrivateKey, random: &dyn Random) -> Result<Secret, Unopened> {
        let len = self.content.key_len();
        // Drawn in any case, so that a wrong key is not told from a right one by the time it takes.
        let instead = wrap::draw(len, random);
        match self.management.way() {
            // Nothing is sent where the key is agreed upon (RFC 7516, 5.2, step 10).
            Way::Agreed if self.encrypted_key.is_empty() => self.agreed(own, self.content.name(), len),
            Way::Wrapped(cipher, wrapping) => {
                let with = self.agreed(own, self.management.name(), wrapping)?;
                Ok(wrap::or_random(wrap::unwrap(cipher, &with, &self.encrypted_key), instead))
            }
            Way::Agreed | Way::Oaep(_) => Err(Unopened),
        }
    }

    /// The key that is agreed upon with the one in `epk` (RFC 7518, 4.6.1).
    fn agreed(&self, own: &PrivateKey, algorithm: &str, len: usize) -> Result<Secret, Unopened> {
        let epk = self.header.get("epk").ok_or(Unopened)?;
        let epk = Key::from_value(epk).map_err(|_| Unopened)?;
        let party = |name| match compact::text(&self.header, name)? {
            None => Ok(Vec::new()),
            Some(text) => from_base64url(text).ok_or(Unopened),
        };
        let (sender, recipient) = (party("apu")?, party("apv")?);
        agreement::agree(
            own,
            epk.material(),
            &Party { algorithm, sender: &sender, recipient: &recipient },
            len,
        )
    }
}

/// The algorithm in a parameter, if it is one of these.
fn known<T: FromStr + PartialEq>(header: &Object, parameter: &str, accepted: &[T]) -> Result<T, Unopened> {
    let value = compact::text(header, parameter)?.ok_or(Unopened)?.parse().map_err(|_| Unopened)?;
    if accepted.contains(&value) { Ok(value) } else { Err(Unopened) }
}

#[cfg(test)]
mod tests;
