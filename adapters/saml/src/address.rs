//! Which addresses of others may something be sent to?

use idp_protocol::link::Origin;
use url::Url;

use crate::{
    decode::MAX_VALUE,
    refused::{ContentProblem, Refused},
};

/// An address of metadata, as far as something may be sent there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// It may: over TLS, or to a program on this computer.
    Private,
    /// Everybody on the way would read it.
    Plain,
}

/// Looks at the address in an element of this name.
///
/// It ends up as the target of a form or a redirect, so a `javascript:` that somebody writes into his metadata would run on our
/// page, and a character that browsers drop would make two readers see two addresses.
pub(crate) fn reach(location: &str, of: &'static str) -> Result<Reach, Refused> {
    let problem = || ContentProblem::Address(of);
    let is_odd = |c: char| c.is_control() || c.is_whitespace() || c == '\\';
    if location.len() > MAX_VALUE || location.contains(is_odd) {
        return Err(problem().into());
    }
    let url = Url::parse(location).map_err(|_| problem())?;
    let has_credentials = !url.username().is_empty() || url.password().is_some();
    let is_web = matches!(url.scheme(), "https" | "http") && has_host(location);
    if has_credentials || url.fragment().is_some() || !is_web {
        return Err(problem().into());
    }
    let is_private = Origin::parse(&url.origin().ascii_serialization()).is_ok();
    Ok(if is_private { Reach::Private } else { Reach::Plain })
}

/// Whether a host comes behind two slashes. The parser mends `https:shop.example` and `https:///shop.example` as browsers do, and
/// others take them for something else.
fn has_host(location: &str) -> bool {
    location.split_once("://").is_some_and(|(_, behind)| !behind.is_empty() && !behind.starts_with('/'))
}

/// Whether it is an address of the web that a person may follow.
pub(crate) fn is_web(location: &str) -> bool {
    reach(location, "").is_ok()
}
