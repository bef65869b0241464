//! What does a service provider of SAML say, and what does it look at in an answer?
//!
//! It is written here a second time and not taken from the server: who wrote an answer should not be the one who finds it
//! right.
//!
//! | file | what it answers |
//! |---|---|
//! | `key.rs` | what somebody signs with |
//! | `party.rs` | how a service provider asks |
//! | `metadata.rs` | what it says of itself, alone or among a thousand |
//! | `judge.rs` | whether what comes back is what it asked for |

mod judge;
mod key;
mod metadata;
mod party;

pub use judge::{Judge, Wanted};
pub use key::Key;
pub use metadata::{MEMBERS, federation, member};
pub use party::Party;

const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
const ECDSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
/// One signature, as everybody of SAML writes it: enveloped, canonical, SHA-256.
const EXCLUSIVE_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// A moment, so many seconds from now, as SAML writes it.
fn instant(from_now: i64) -> String {
    let at = chrono::DateTime::from_timestamp(crate::clock::today().saturating_add(from_now), 0);
    at.unwrap_or_default().to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}
