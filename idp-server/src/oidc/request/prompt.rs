//! Whether and how may the person be asked? (OpenID Connect Core 1.0, 3.1.2.1)

use super::{Code, No};

/// The parameter `prompt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// A session that is good enough will do.
    AsNeeded,
    /// Nobody may be asked.
    None,
    /// The person signs in again.
    Login,
    /// The person chooses an account.
    SelectAccount,
}

impl Prompt {
    /// The values that discovery lists. Not `create`: people do not register themselves here, and a value that is not listed
    /// is an invalid request (Initiating User Registration via OpenID Connect 1.0).
    pub const NAMES: [&'static str; 4] = ["none", "login", "consent", "select_account"];

    /// How the person is asked, and whether he has to agree.
    pub(super) fn read(asked: Option<&str>) -> Result<(Self, bool), No> {
        let words: Vec<&str> = asked.unwrap_or_default().split(' ').filter(|word| !word.is_empty()).collect();
        if words.iter().any(|word| !Self::NAMES.contains(word)) {
            return Err((Code::InvalidRequest, "prompt has an unknown value"));
        }
        let prompt = match words.as_slice() {
            ["none"] => Self::None,
            words if words.contains(&"none") => {
                return Err((Code::InvalidRequest, "prompt=none stands alone"));
            }
            words if words.contains(&"login") => Self::Login,
            words if words.contains(&"select_account") => Self::SelectAccount,
            _ => Self::AsNeeded,
        };
        Ok((prompt, words.contains(&"consent")))
    }

    /// Whether a session may stand in for a sign-in.
    #[must_use]
    pub fn takes_session(self) -> bool {
        matches!(self, Self::AsNeeded | Self::None)
    }
}
