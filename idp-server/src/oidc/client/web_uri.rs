//! Which address of an application's web site may be shown, asked, or sent a browser to?

use std::{fmt, str::FromStr};

use idp_protocol::link::Origin;
use serde::{Deserialize, Serialize};
use url::Url;

/// An address with `https`, or with `http` on this computer; without user and password, at most 1024 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WebUri(String);

/// The text is no such address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this address will not do: https (or http on this computer), without user and password")]
pub struct NotWeb;

impl WebUri {
    /// The address as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host, in lower case.
    #[must_use]
    pub fn host(&self) -> Option<String> {
        Url::parse(&self.0).ok()?.host_str().map(str::to_ascii_lowercase)
    }
}

impl WebUri {
    /// The origin: scheme, host and port.
    #[must_use]
    pub fn origin(&self) -> Option<String> {
        Some(Url::parse(&self.0).ok()?.origin().ascii_serialization())
    }
}

impl FromStr for WebUri {
    type Err = NotWeb;
    fn from_str(text: &str) -> Result<Self, NotWeb> {
        let url = Url::parse(text).map_err(|_| NotWeb)?;
        let is_plain = url.username().is_empty() && url.password().is_none();
        Origin::parse(&url.origin().ascii_serialization()).map_err(|_| NotWeb)?;
        if is_plain && text.len() <= 1024 { Ok(Self(text.to_owned())) } else { Err(NotWeb) }
    }
}

impl TryFrom<String> for WebUri {
    type Error = NotWeb;
    fn try_from(text: String) -> Result<Self, NotWeb> {
        text.parse()
    }
}

impl From<WebUri> for String {
    fn from(uri: WebUri) -> Self {
        uri.0
    }
}

impl fmt::Display for WebUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
