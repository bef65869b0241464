//! Is this text an address that we would ask?

use std::{fmt, net::IpAddr};

use http::{HeaderValue, uri::PathAndQuery};
use rustls::pki_types::ServerName;
use url::Url;

use crate::addresses::Rules;

/// How long an address may be, in bytes.
const LONGEST: usize = 2048;

/// An address that somebody else chose, and that may be asked: absolute, `https` (RFC 9110, 4.2.2), without a user
/// (RFC 9110, 4.2.4), and its host is no address of IP that is refused. [`Outbound::target`] makes one.
///
/// `Debug` and `Display` show its origin only: path and query may hold secrets.
///
/// [`Outbound::target`]: crate::Outbound::target
#[derive(Clone)]
pub struct Target {
    pub(crate) scheme: Scheme,
    pub(crate) host: Host,
    pub(crate) port: u16,
    pub(crate) server: ServerName<'static>,
    /// What the header `Host` says.
    pub(crate) authority: HeaderValue,
    pub(crate) path: PathAndQuery,
    origin: String,
}

/// How the server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Https,
    /// To this computer only.
    Http,
}

/// Whom an address names.
#[derive(Clone, Debug)]
pub(crate) enum Host {
    Name(String),
    Address(IpAddr),
}

/// What becomes of a fragment (RFC 3986, 3.5). It is never sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fragment {
    /// An address with a fragment is refused, as OpenID Connect Back-Channel Logout 1.0, 2.2 has it.
    Refused,
    /// It is cut off: a `request_uri` may carry the hash of its content there (OpenID Connect Core 1.0, 6.2).
    Dropped,
}

/// Why an address is not one to ask. It says nothing of the address itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// It is too long.
    #[error("it is longer than 2048 bytes")]
    TooLong,
    /// It is not a URL, or is written in a way that programs read differently.
    #[error("it is not an absolute URL in plain ASCII")]
    Malformed,
    /// It is not `https`.
    #[error("it does not begin with https://")]
    Scheme,
    /// It names a user.
    #[error("it has a user or a password in it")]
    User,
    /// It has a fragment.
    #[error("it has a fragment")]
    Fragment,
    /// Its port is 0.
    #[error("its port is 0")]
    Port,
    /// Its host is an address of IP that is not asked: loopback, private, link-local and the like.
    #[error("its host is not on the public Internet")]
    Forbidden,
}

impl Target {
    pub(crate) fn parse(text: &str, fragment: Fragment, rules: &Rules) -> Result<Self, TargetError> {
        check_spelling(text)?;
        let url = Url::parse(text).map_err(|_| TargetError::Malformed)?;
        if fragment == Fragment::Refused && url.fragment().is_some() {
            return Err(TargetError::Fragment);
        }
        let host = Host::of(&url).ok_or(TargetError::Malformed)?;
        let scheme = Scheme::of(&url, &host, rules)?;
        if let Host::Address(address) = host
            && !rules.permits(scheme, address)
        {
            return Err(TargetError::Forbidden);
        }
        let port = url.port_or_known_default().filter(|port| *port > 0).ok_or(TargetError::Port)?;
        Ok(Self {
            scheme,
            port,
            server: host.server_name().ok_or(TargetError::Malformed)?,
            host,
            authority: url.authority().parse().map_err(|_| TargetError::Malformed)?,
            path: path(&url)?,
            origin: url.origin().ascii_serialization(),
        })
    }

    /// The origin (RFC 6454, 6.2), such as `https://app.example.org`: for logs and counting.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({})", self.origin)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)
    }
}

impl Scheme {
    fn of(url: &Url, host: &Host, rules: &Rules) -> Result<Self, TargetError> {
        match url.scheme() {
            "https" => Ok(Self::Https),
            "http" if host.is_this_computer() && rules.allow_plain_loopback() => Ok(Self::Http),
            _ => Err(TargetError::Scheme),
        }
    }
}

impl Host {
    /// The parser reads `127.1`, `0x7f000001` and `2130706433` as the system's would: as an address.
    fn of(url: &Url) -> Option<Self> {
        Some(match url.host()? {
            url::Host::Domain(name) => Self::Name(name.to_owned()),
            url::Host::Ipv4(address) => Self::Address(address.into()),
            url::Host::Ipv6(address) => Self::Address(address.into()),
        })
    }

    fn is_this_computer(&self) -> bool {
        match self {
            Self::Name(name) => name == "localhost",
            Self::Address(address) => address.is_loopback(),
        }
    }

    fn server_name(&self) -> Option<ServerName<'static>> {
        match self {
            Self::Name(name) => ServerName::try_from(name.clone()).ok(),
            Self::Address(address) => Some(ServerName::from(*address)),
        }
    }
}

/// The parser of URLs is that of browsers, which forgives: it drops line breaks, takes `\` for `/` and looks for a host
/// behind any number of slashes. Whoever checked the same text before us may have read another host in it.
fn check_spelling(text: &str) -> Result<(), TargetError> {
    if text.len() > LONGEST {
        return Err(TargetError::TooLong);
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
        return Err(TargetError::Malformed);
    }
    let (_, rest) = text.split_once("://").ok_or(TargetError::Malformed)?;
    match rest.split(['/', '?', '#']).next() {
        None | Some("") => Err(TargetError::Malformed),
        Some(authority) if authority.contains('@') => Err(TargetError::User),
        Some(_) => Ok(()),
    }
}

fn path(url: &Url) -> Result<PathAndQuery, TargetError> {
    let text = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    PathAndQuery::try_from(text).map_err(|_| TargetError::Malformed)
}

#[cfg(test)]
mod tests;
