//! How does a container get written, encrypted?

mod key;
mod lock;
mod markup;

use idp_protocol::crypto::Random;
use zeroize::Zeroizing;

use crate::{
    container::Container,
    error::WriteError,
    names::{ENCRYPTION, ENCRYPTION_11, PKCS_5, PSKC, SIGNATURE},
};
use lock::Sealer;
use markup::Markup;

/// How often PBKDF2 iterates with HMAC-SHA-256, by default.
pub const ITERATIONS: std::num::NonZeroU32 = std::num::NonZeroU32::MIN.saturating_add(599_999);

/// With what a container is encrypted.
#[derive(Clone, Copy)]
pub enum Lock<'a> {
    /// With AES in CBC mode under a key of 16, 24 or 32 bytes that both sides have, and HMAC-SHA-256 (RFC 6030, 6.1).
    PreShared {
        /// The key.
        key: &'a [u8],
        /// What both sides call it.
        name: &'a str,
    },
    /// The same, with a key of 32 bytes that PBKDF2 makes of a password with HMAC-SHA-256 (RFC 6030, 6.2).
    Password {
        /// The password.
        password: &'a str,
        /// How often PBKDF2 iterates: [`ITERATIONS`].
        iterations: std::num::NonZeroU32,
    },
    /// With nothing: whoever sees the file can make every code of every token in it.
    DangerPlain,
}

/// Writes a container. That it was signed is not written: the signature was of another text. The lines of its keys are not looked at.
///
/// # Errors
/// [`WriteError`] if the key has a length that AES does not have.
pub fn write(
    container: &Container,
    lock: Lock<'_>,
    random: &dyn Random,
) -> Result<Zeroizing<String>, WriteError> {
    let sealer = Sealer::new(lock, random)?;
    let mut out = Markup::default();
    let spaces = [
        ("xmlns", PSKC),
        ("xmlns:xenc", ENCRYPTION),
        ("xmlns:xenc11", ENCRYPTION_11),
        ("xmlns:ds", SIGNATURE),
        ("xmlns:pkcs5", PKCS_5),
    ];
    let id = container.id.as_ref().map(|id| ("Id", id.as_str()));
    let attributes: Vec<_> = [("Version", "1.0")].into_iter().chain(id).chain(spaces).collect();
    out.inside("KeyContainer", &attributes, |out| {
        sealer.head(out)?;
        container.keys.iter().try_for_each(|key| key::package(out, key, &sealer))
    })?;
    Ok(out.into_text())
}
