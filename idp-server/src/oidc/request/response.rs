//! What does a request want back, and on which way? (OAuth 2.0 Multiple Response Types 1.0; Form Post Response Mode 1.0; JARM)

use serde::{Deserialize, Serialize};

use crate::oidc::client::Signature;

/// What comes back from the authorization endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ResponseType {
    /// A code: tokens never pass through the browser.
    #[default]
    Code,
    /// An ID token (implicit).
    IdToken,
    /// An ID token and an access token (implicit).
    IdTokenToken,
    /// A code and an ID token (hybrid).
    CodeIdToken,
    /// A code and an access token (hybrid).
    CodeToken,
    /// All of them (hybrid).
    CodeIdTokenToken,
}

/// There is no such response type; `token` alone says nothing about who signed in and is refused (RFC 9700, 2.1.2), and
/// `none` would say that somebody agreed without anything that the client could check (OAuth 2.0 Multiple Response Types
/// 1.0, 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the response types are code, id_token, id_token token, code id_token, code token, code id_token token"
)]
pub struct NoSuchType;

impl ResponseType {
    /// All of them, the safe one first.
    pub const ALL: [Self; 6] = [
        Self::Code,
        Self::IdToken,
        Self::IdTokenToken,
        Self::CodeIdToken,
        Self::CodeToken,
        Self::CodeIdTokenToken,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::IdToken => "id_token",
            Self::IdTokenToken => "id_token token",
            Self::CodeIdToken => "code id_token",
            Self::CodeToken => "code token",
            Self::CodeIdTokenToken => "code id_token token",
        }
    }

    /// The one with this name, its words in any order.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let mut words: Vec<&str> = name.split(' ').collect();
        words.sort_unstable();
        // The names above have their words in the order of the alphabet.
        Self::ALL.into_iter().find(|of| of.name() == words.join(" "))
    }

    /// Whether a code comes back.
    #[must_use]
    pub fn has_code(self) -> bool {
        self.name().split(' ').any(|word| word == "code")
    }

    /// Whether an ID token comes back.
    #[must_use]
    pub fn has_id_token(self) -> bool {
        self.name().split(' ').any(|word| word == "id_token")
    }

    /// Whether an access token comes back.
    #[must_use]
    pub fn has_token(self) -> bool {
        self.name().split(' ').any(|word| word == "token")
    }
}

impl std::str::FromStr for ResponseType {
    type Err = NoSuchType;
    fn from_str(name: &str) -> Result<Self, NoSuchType> {
        Self::from_name(name).ok_or(NoSuchType)
    }
}

impl TryFrom<String> for ResponseType {
    type Error = NoSuchType;
    fn try_from(name: String) -> Result<Self, NoSuchType> {
        name.parse()
    }
}

impl From<ResponseType> for String {
    fn from(response_type: ResponseType) -> Self {
        response_type.name().to_owned()
    }
}

/// On which way the answer travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// In the query of the address.
    #[default]
    Query,
    /// Behind the `#` of the address.
    Fragment,
    /// In a form that the browser posts.
    FormPost,
}

/// How the answer travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mode {
    /// The way.
    pub way: Way,
    /// What it is signed with, if it is one signed token (JARM).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<Signature>,
}

impl Mode {
    /// The names that discovery lists.
    pub const NAMES: [&'static str; 7] =
        ["query", "fragment", "form_post", "query.jwt", "fragment.jwt", "form_post.jwt", "jwt"];

    /// The mode where nothing is said.
    #[must_use]
    pub fn usual(response_type: ResponseType) -> Self {
        let way = if response_type == ResponseType::Code { Way::Query } else { Way::Fragment };
        Self { way, signed: None }
    }

    /// The mode of a request. `None` for a name that is none, and for tokens in a query, which ends in logs and
    /// histories (OAuth 2.0 Multiple Response Types 1.0, 3).
    #[must_use]
    pub fn read(asked: Option<&str>, response_type: ResponseType, signature: Signature) -> Option<Self> {
        let usual = Self::usual(response_type);
        let (name, signed) = match asked {
            None => return Some(usual),
            Some("jwt") => return Some(Self { signed: Some(signature), ..usual }),
            Some(name) => match name.strip_suffix(".jwt") {
                Some(way) => (way, Some(signature)),
                None => (name, None),
            },
        };
        let way = match name {
            "query" if usual.way == Way::Query => Way::Query,
            "fragment" => Way::Fragment,
            "form_post" => Way::FormPost,
            _ => return None,
        };
        Some(Self { way, signed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_the_words_does_not_matter() {
        assert_eq!(ResponseType::from_name("token id_token code"), Some(ResponseType::CodeIdTokenToken));
        for bad in ["", "token", "none", "code code", "code  token", "CODE"] {
            assert_eq!(ResponseType::from_name(bad), None, "{bad}");
        }
        for of in ResponseType::ALL {
            assert_eq!(ResponseType::from_name(of.name()), Some(of));
        }
    }

    #[test]
    fn tokens_never_stand_in_a_query() {
        let way = |asked, of| Mode::read(asked, of, Signature::Rs256).map(|mode| mode.way);
        assert_eq!(way(None, ResponseType::Code), Some(Way::Query));
        assert_eq!(way(None, ResponseType::CodeIdToken), Some(Way::Fragment));
        assert_eq!(way(Some("query"), ResponseType::IdToken), None);
        assert_eq!(way(Some("query.jwt"), ResponseType::CodeToken), None);
        assert_eq!(way(Some("jwt"), ResponseType::CodeToken), Some(Way::Fragment));
        assert_eq!(way(Some("form_post.jwt"), ResponseType::IdToken), Some(Way::FormPost));
        assert_eq!(way(Some("web_message"), ResponseType::Code), None);
    }
}
