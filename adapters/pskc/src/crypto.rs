//! Which algorithms protect a container?

mod cipher;
mod derivation;
mod mac;

use zeroize::Zeroizing;

pub(crate) use cipher::Cipher;
pub(crate) use derivation::Derivation;
pub(crate) use mac::Mac;

/// Bytes that nobody else may have.
pub(crate) type SecretBytes = Zeroizing<Vec<u8>>;

/// It did not work; the reason is nobody's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failed;

impl From<aws_lc_rs::error::Unspecified> for Failed {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self
    }
}
