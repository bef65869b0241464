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
    let is_odd = |c: char| c.is_control() || c.is_whitespace();
    if location.len() > MAX_VALUE || location.contains(is_odd) {
        return Err(problem().into());
    }
    let url = Url::parse(location).map_err(|_| problem())?;
    let has_credentials = !url.username().is_empty() || url.password().is_some();
    if has_credentials || url.fragment().is_some() || !matches!(url.scheme(), "https" | "http") {
        return Err(problem().into());
    }
    let is_private = Origin::parse(&url.origin().ascii_serialization()).is_ok();
    Ok(if is_private { Reach::Private } else { Reach::Plain })
}

/// Whether it is an address of the web that a person may follow.
pub(crate) fn is_web(location: &str) -> bool {
    reach(location, "").is_ok()
}
