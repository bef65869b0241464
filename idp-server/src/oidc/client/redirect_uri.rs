//! Where may a browser be sent back to?

use std::str::FromStr;

use idp_protocol::link::Origin;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::{Host, Url};

/// An address that a browser may be sent back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectUri {
    text: String,
    returns_to: String,
}

/// The text is no address that a browser may be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this address will not do: https, http on this computer, or a scheme of its own such as \
     com.example.app:/callback; without a fragment"
)]
pub struct NotRedirect;

impl RedirectUri {
    /// The address, letter by letter as it was registered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What a page's policy must let forms end at: an origin, or a scheme of an app such as `com.example.app:`.
    #[must_use]
    pub fn returns_to(&self) -> &str {
        &self.returns_to
    }
}

impl RedirectUri {
    /// The host, in lower case; none for the scheme of an app.
    #[must_use]
    pub fn host(&self) -> Option<String> {
        let url = Url::parse(&self.text).ok()?;
        url.has_authority().then(|| url.host_str().map(str::to_ascii_lowercase))?
    }

    /// The host of the web site that it leads to, in lower case. None if it leads to an app of the device that the browser
    /// runs on: at a loopback address there is another one on every device, and behind a scheme of its own an app may write
    /// the host of any site (`com.example.app://shop.example/`).
    #[must_use]
    pub fn site(&self) -> Option<String> {
        let url = Url::parse(&self.text).ok().filter(|url| matches!(url.scheme(), "https" | "http"))?;
        let is_loopback = match url.host()? {
            Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        if is_loopback { None } else { self.host() }
    }

    /// Whether what is sent there can be read on the way: by the parsed scheme, since `HTTP:` is the same one.
    #[must_use]
    pub fn is_plain_http(&self) -> bool {
        self.returns_to.starts_with("http:")
    }
}

impl RedirectUri {
    /// Whether both lead to the device that the browser runs on, and differ in nothing but the port, which an app gets
    /// from its system when it starts (RFC 8252, 7.3). All else is compared letter by letter, as in any other address.
    #[must_use]
    pub fn is_same_device(&self, text: &str) -> bool {
        without_port(&self.text).is_some_and(|registered| Some(registered) == without_port(text))
    }
}

/// A loopback address as it stands, in two parts: what is before its port, and what is behind it.
fn without_port(text: &str) -> Option<(&str, &str)> {
    let (origin, rest) = ["http://127.0.0.1", "http://[::1]"]
        .into_iter()
        .find_map(|origin| text.strip_prefix(origin).map(|rest| (origin, rest)))?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (port, behind) = rest.split_at_checked(end)?;
    // A host that only begins like this one, or what looks like a port and is a password, is another address.
    let is_port =
        |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<u16>().is_ok();
    (port.is_empty() || port.strip_prefix(':').is_some_and(is_port)).then_some((origin, behind))
}

impl FromStr for RedirectUri {
    type Err = NotRedirect;
    fn from_str(text: &str) -> Result<Self, NotRedirect> {
        // The parser drops these, and whoever compares letter by letter does not.
        let is_dropped = |c: char| matches!(c, '\t' | '\n' | '\r');
        if text.contains(is_dropped) || text.trim_matches(|c| c <= ' ') != text {
            return Err(NotRedirect);
        }
        let url = Url::parse(text).map_err(|_| NotRedirect)?;
        let plain = url.username().is_empty() && url.password().is_none();
        if url.fragment().is_some() || !plain || text.len() > 1024 {
            return Err(NotRedirect);
        }
        let returns_to = match url.scheme() {
            "https" | "http" => {
                let origin = url.origin().ascii_serialization();
                Origin::parse(&origin).map_err(|_| NotRedirect)?;
                origin
            }
            // RFC 8252, 7.1: an app's own scheme is a domain name turned round. The dot also keeps out `javascript:`.
            scheme if scheme.contains('.') => format!("{scheme}:"),
            _ => return Err(NotRedirect),
        };
        Ok(Self { text: text.to_owned(), returns_to })
    }
}

impl Serialize for RedirectUri {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for RedirectUri {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_port_of_this_device_is_free() {
        let registered: RedirectUri = "http://127.0.0.1/cb?x=1".parse().unwrap();
        for good in ["http://127.0.0.1:49152/cb?x=1", "http://127.0.0.1/cb?x=1"] {
            assert!(registered.is_same_device(good), "{good}");
        }
        for bad in [
            "http://127.0.0.1:49152/other?x=1",
            "http://127.0.0.1:49152/cb",
            "http://[::1]:49152/cb?x=1",
            "https://127.0.0.1:49152/cb?x=1",
            "http://localhost:49152/cb?x=1",
            "http://127.0.0.1.evil.example/cb?x=1",
            "http://127.0.0.1@evil.example/cb?x=1",
            "http://127.0.0.1:80@evil.example/cb?x=1",
            "http://127.0.0.1:/cb?x=1",
            "http://127.0.0.1:+80/cb?x=1",
            "http://127.0.0.1:99999/cb?x=1",
            "HTTP://127.0.0.1:49152/cb?x=1",
            "http://127.1:49152/cb?x=1",
            "http://127.0.0.1:49152/x/../cb?x=1",
            " http://127.0.0.1:49152/cb?x=1",
        ] {
            assert!(!registered.is_same_device(bad), "{bad}");
        }
        let web: RedirectUri = "https://shop.example/cb".parse().unwrap();
        assert!(!web.is_same_device("https://shop.example:8443/cb"), "that is no device of the person");
    }

    #[test]
    fn only_the_web_has_sites() {
        let site = |text: &str| text.parse::<RedirectUri>().unwrap().site();
        assert_eq!(site("HTTPS://Shop.example:8443/cb").as_deref(), Some("shop.example"));
        for on_the_device in [
            "http://127.0.0.1/cb",
            "https://127.0.0.2/cb",
            "http://[::1]:8080/cb",
            "http://localhost/cb",
            "https://app.localhost/cb",
            "com.example.app:/cb",
            "com.example.app://shop.example/cb",
        ] {
            assert_eq!(site(on_the_device), None, "{on_the_device}");
        }
    }

    #[test]
    fn only_addresses_that_are_safe_to_send_a_browser_to() {
        for good in ["https://shop.example/cb", "http://127.0.0.1:8081/cb?x=1", "com.example.app:/cb"] {
            assert!(good.parse::<RedirectUri>().is_ok(), "{good}");
        }
        for bad in [
            "http://shop.example/cb",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://shop.example/cb#x",
            "https://user@shop.example/",
            " https://shop.example/cb",
            "https://shop.example/cb\n",
            "https://shop.example/c\tb",
            "/cb",
        ] {
            assert!(bad.parse::<RedirectUri>().is_err(), "{bad}");
        }
    }
}
