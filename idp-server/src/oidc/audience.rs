//! For whom is a token? (RFC 7519, 4.1.3)

use serde::{Deserialize, Serialize};

/// One name, or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// A text.
    One(String),
    /// A list of texts.
    Many(Vec<String>),
}

impl Audience {
    /// For these; one alone is a text.
    #[must_use]
    pub fn of(mut names: Vec<String>) -> Self {
        match names.len() {
            1 => names.pop().map_or(Self::Many(Vec::new()), Self::One),
            _ => Self::Many(names),
        }
    }

    /// Whether this is among them.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        match self {
            Self::One(one) => one == name,
            Self::Many(many) => many.iter().any(|one| one == name),
        }
    }

    /// Whether one of these is among them.
    #[must_use]
    pub fn has_any(&self, names: &[String]) -> bool {
        names.iter().any(|name| self.has(name))
    }
}
