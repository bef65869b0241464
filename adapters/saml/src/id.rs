//! What is the id of a new message?

use data_encoding::HEXLOWER;
use idp_protocol::crypto::Random;

/// An id that nobody guesses and nobody has used: 128 random bits (SAML core, 1.3.4). It begins with a letter or an
/// underscore, because an `xs:ID` may not begin with a digit.
#[must_use]
pub fn fresh_id(random: &dyn Random) -> String {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    format!("_{}", HEXLOWER.encode(&bytes))
}
