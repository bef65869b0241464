//! The people who sign in, as the engine sees them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use unicode_normalization::UnicodeNormalization as _;

use crate::{Id, Time};

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The id, which never changes and is never given to another person.
    pub id: Id<User>,
    /// The name for signing in, normalised ([`Login`]).
    pub login: String,
    /// Whether the person may sign in.
    pub state: UserState,
    /// When the account was made.
    pub created_at: Time,
    /// What applications may learn.
    pub profile: Profile,
}

impl User {
    /// A person who may sign in, of whom nothing else is known. `login` must be normalised ([`Login`]).
    #[must_use]
    pub fn new(id: Id<Self>, login: &str, created_at: Time) -> Self {
        let (login, state, profile) = (login.to_owned(), UserState::Active, Profile::default());
        Self { id, login, state, created_at, profile }
    }

    /// The name that pages show.
    #[must_use]
    pub fn display_name(&self) -> &str {
        self.profile.name.as_deref().unwrap_or(&self.login)
    }

    /// The login with its middle hidden: `a…e@example.org`.
    #[must_use]
    pub fn masked_login(&self) -> String {
        let (name, rest) = match self.login.split_once('@') {
            Some((name, domain)) => (name, format!("@{domain}")),
            None => (self.login.as_str(), String::new()),
        };
        let mut chars = name.chars();
        match (chars.next(), chars.next_back()) {
            (Some(first), Some(last)) => format!("{first}…{last}{rest}"),
            (Some(first), None) => format!("{first}…{rest}"),
            (None, _) => format!("…{rest}"),
        }
    }
}

/// Whether a person may sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum UserState {
    /// Yes.
    Active,
    /// No: an administrator switched the account off.
    Disabled,
}

impl UserState {
    /// The name in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }

    /// Reads [`UserState::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Active, Self::Disabled].into_iter().find(|state| state.name() == name)
    }
}

/// What applications may learn about a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The full name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the address was verified.
    #[serde(default)]
    pub email_verified: bool,
    /// The preferred language (BCP 47).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// What else is known, under the names of OpenID Connect Core 1.0, 5.1, such as `given_name` or `address`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Value>,
}

/// A login that a person typed, in the one form in which logins are stored and compared: NFKC, lower
/// case, trimmed, at most 254 characters, no controls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login(String);

impl Login {
    /// Normalises what was typed; `None` if nobody can have such a login.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        if typed.len() > 1024 {
            return None;
        }
        let login: String = typed.trim().nfkc().flat_map(char::to_lowercase).collect();
        let fits = (1..=254).contains(&login.chars().count());
        (fits && !login.chars().any(|c| c.is_control() || c.is_whitespace())).then_some(Self(login))
    }

    /// The normalised login.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A change of a person.
#[derive(Debug)]
#[non_exhaustive]
pub enum UserWrite {
    /// A new person. Guard: neither id nor login is taken.
    Insert(User),
    /// Replaces state and profile. Guard: the person exists.
    Update(User),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_have_one_form() {
        let login = |typed| Login::parse(typed).map(|login| login.0);
        assert_eq!(login(" Alice@Example.ORG ").as_deref(), Some("alice@example.org"));
        assert_eq!(login("ａｌｉｃｅ").as_deref(), Some("alice"), "full-width letters are the same name");
        assert_eq!(login(""), None);
        assert_eq!(login("a b"), None);
        assert_eq!(login(&"x".repeat(255)), None);
    }
}
