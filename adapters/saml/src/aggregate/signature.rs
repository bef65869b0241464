//! Who signed the file, and with which digest?

use aws_lc_rs::digest;

use super::{AggregateProblem as Problem, canonical::Digest};
use crate::{guard, keys::PeerKeys, refused::SignatureProblem};

/// A digest with a signature of a pinned key on it. Whether it is that of this file is known at its end.
pub(super) struct Promise {
    digest: &'static digest::Algorithm,
    kept: Vec<String>,
    value: Vec<u8>,
}

impl Promise {
    /// Checks a signature that refers to this id. `text` is the canonical text of the `Signature` element.
    pub(super) fn check(text: &str, id: &str, keys: &PeerKeys) -> Result<Self, Problem> {
        if keys.is_empty() {
            return Err(SignatureProblem::NoKey.into());
        }
        let detached = guard::detached(text, id)?;
        if !keys.has_one_for(detached.method) {
            return Err(SignatureProblem::Algorithm.into());
        }
        // Only these keys: KeyInfo was not looked at.
        if !keys.signed(detached.method, detached.signed_info.as_bytes(), &detached.signature) {
            return Err(SignatureProblem::Wrong.into());
        }
        Ok(Self { digest: detached.digest, kept: detached.prefixes, value: detached.digest_value })
    }

    /// What the file is hashed with, and what must come of it.
    pub(super) fn into_digest(self) -> (Digest, Vec<u8>) {
        (Digest::new(self.digest, self.kept), self.value)
    }
}
