//! How does a session end for service providers (SAML core, 3.7; profiles, 4.4)?
//!
//! | file | what it answers |
//! |---|---|
//! | `browser.rs` | what happens to a browser that a service provider sends |
//! | `soap.rs` | what a service provider is told that asks by itself |
//! | `arrival.rs` | whether a request to sign somebody out may be followed |
//! | `ending.rs` | which sessions end by it |
//! | `answer.rs` | what comes back, and on which way |
//! | `visit.rs` | how the browser tells a service provider, and how it comes back |
//! | `back_channel.rs` | whom the server tells, without a browser |
//! | `participants.rs` | which service providers know of a session |

mod answer;
mod arrival;
pub(crate) mod back_channel;
mod browser;
mod ending;
mod participants;
mod soap;
mod visit;

use std::sync::Arc;

use idp_core::Fault;
use symbolon_saml::{Head, LogoutService, Signer, WriteError, binding, fresh_id};

use super::{assertion::instant, provider::Provider};
use crate::App;

pub(crate) use answer::answer;
pub(crate) use browser::{ask, ask_by_form};
pub(crate) use soap::ask as ask_by_soap;

/// The key that a service provider expects our messages to be signed with.
async fn signer(app: &App, provider: &Provider) -> Result<Arc<Signer>, Fault> {
    let keys = app.saml().keys(app.engine()).await?;
    keys.signer(provider.terms.algorithm, provider.terms.signing_key, app.engine().now())
}

fn head(app: &App, destination: Option<&str>) -> Head {
    Head {
        id: fresh_id(&*app.engine().crypto().random),
        issued: instant(app.engine().now()),
        destination: destination.map(str::to_owned),
        issuer: app.saml().entity_id().to_owned(),
    }
}

fn written(text: Result<String, WriteError>) -> Result<String, Fault> {
    text.map_err(|error| Fault::Store(Box::new(error)))
}

/// Where the server itself tells it.
fn by_soap(provider: &Provider) -> Option<&LogoutService> {
    provider.metadata.single_logout.iter().find(|service| service.binding == binding::SOAP)
}

/// Where a browser does. An address is shorter than a form, so it comes first unless the other was used before.
fn by_browser(provider: &Provider, preferred: Option<&str>) -> Option<LogoutService> {
    let with = |binding: &str| provider.metadata.single_logout.iter().find(|it| it.binding == binding);
    let usable = preferred.filter(|it| [binding::REDIRECT, binding::POST].contains(it));
    let found = usable.and_then(with).or_else(|| with(binding::REDIRECT)).or_else(|| with(binding::POST));
    found.cloned()
}

/// An address with a query behind it.
fn with_query(location: &str, query: &str) -> String {
    let joint = if location.contains('?') { '&' } else { '?' };
    format!("{location}{joint}{query}")
}
