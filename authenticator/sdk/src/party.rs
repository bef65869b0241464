//! Whom does somebody sign in to, as far as it is known before the claim?

use idp_protocol::{Octets, link::Origin};
use serde::{Deserialize, Serialize};

use crate::account::origin;

/// An identity provider, and the application behind it where a ticket tells them apart. For a proposal only: nothing of it
/// is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    /// The identity provider.
    #[serde(with = "origin")]
    pub issuer: Origin,
    /// The mark of the application: two bytes that say nothing to others.
    pub mark: Option<Octets<2>>,
}
