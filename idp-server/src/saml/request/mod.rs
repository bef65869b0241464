//! What does a service provider ask for, and may it?
//!
//! | file | what it answers |
//! |---|---|
//! | `arrival.rs` | how a request arrives, and whose it is |
//! | `check.rs` | whether it may be answered |
//! | `unanswered.rs` | why it is not |

mod arrival;
mod check;
mod unanswered;

use std::sync::Arc;

use idp_core::{Error, Time, policy::Requirement};
use serde::{Deserialize, Serialize};
use symbolon_saml::{Comparison, NameId, RequestedContext};

use super::provider::{NameFormat, Provider};
use crate::{App, carried::Carried};

pub(crate) use arrival::{field, from_form, from_query, known};
pub(crate) use check::WINDOW;
pub(crate) use unanswered::{BadRequest, Declined, Failure, Unanswered};

/// How long a request may be under way from a form to the page that goes on with it, in seconds.
const UNDER_WAY: i64 = 300;

/// A request that was checked. It waits for a sign-in, or travels through the browser, in this form.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SignInRequest {
    /// Who asks, by entity id.
    pub provider: String,
    /// Where the answer goes.
    pub to: ReturnTo,
    /// Whether somebody signed it.
    pub is_signed: bool,
    /// Whether evidence must be newer than the request.
    pub force_authn: bool,
    /// Whether nobody may be seen.
    pub is_passive: bool,
    /// Which kind of name is wanted.
    pub name: NameFormat,
    /// Whom it is about, if the service provider knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<About>,
    /// How sure the sign-in is to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Wanted>,
    /// For which of its services it wants attributes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<u16>,
    /// What the sign-in that it waits for has to reach.
    #[serde(default)]
    pub requirement: Requirement,
}

/// Where an answer goes: an address of the metadata.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReturnTo {
    /// The address.
    pub location: String,
    /// How messages travel there.
    pub binding: String,
    /// What the service provider wants back with the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relay_state: Option<String>,
    /// The request that is answered; none if nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_response_to: Option<String>,
}

/// The name of whom a request is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    value: String,
    format: Option<String>,
    name_qualifier: Option<String>,
    sp_name_qualifier: Option<String>,
}

impl From<NameId> for About {
    fn from(name: NameId) -> Self {
        let NameId { value, format, name_qualifier, sp_name_qualifier } = name;
        Self { value, format, name_qualifier, sp_name_qualifier }
    }
}

impl From<About> for NameId {
    fn from(about: About) -> Self {
        let About { value, format, name_qualifier, sp_name_qualifier } = about;
        Self { value, format, name_qualifier, sp_name_qualifier }
    }
}

/// The classes that a request asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wanted {
    comparison: Compared,
    classes: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Compared {
    Exact,
    Minimum,
    Better,
    Maximum,
}

impl From<RequestedContext> for Wanted {
    fn from(asked: RequestedContext) -> Self {
        let comparison = match asked.comparison {
            Comparison::Exact => Compared::Exact,
            Comparison::Minimum => Compared::Minimum,
            Comparison::Better => Compared::Better,
            Comparison::Maximum => Compared::Maximum,
        };
        Self { comparison, classes: asked.classes }
    }
}

impl SignInRequest {
    /// How sure the sign-in is to be, as it was asked.
    pub(crate) fn requested_context(&self) -> Option<RequestedContext> {
        let Wanted { comparison, classes } = self.context.clone()?;
        let comparison = match comparison {
            Compared::Exact => Comparison::Exact,
            Compared::Minimum => Comparison::Minimum,
            Compared::Better => Comparison::Better,
            Compared::Maximum => Comparison::Maximum,
        };
        Some(RequestedContext { comparison, classes })
    }

    /// The service provider that asked, if it may still be answered: much may change while somebody signs in.
    ///
    /// # Errors
    /// [`Unanswered::Page`] if it was removed meanwhile, its metadata ran out, or no longer has the address, or if nobody
    /// asked, and people may not open it from here.
    pub(crate) async fn provider(&self, app: &App) -> Result<Arc<Provider>, Unanswered> {
        let provider = arrival::known(app, &self.provider).await?;
        // A service provider that never asks may take any answer for its own: it is for the administrator to want that.
        if self.to.in_response_to.is_none() && !provider.terms.launch.shown {
            return Err(BadRequest::NotOffered.into());
        }
        let is_there = provider
            .metadata
            .consumers
            .iter()
            .any(|it| it.location == self.to.location && it.binding == self.to.binding);
        if is_there { Ok(provider) } else { Err(BadRequest::Consumer.into()) }
    }

    /// Whom it is about.
    pub(crate) fn about(&self) -> Option<NameId> {
        self.subject.clone().map(NameId::from)
    }

    /// What the sign-in has to reach: with `ForceAuthn` by evidence that is newer than this moment.
    pub(crate) fn requiring(mut self, mut requirement: Requirement, now: Time) -> Self {
        if self.force_authn {
            requirement.not_before = Some(now);
        }
        self.requirement = requirement;
        self
    }
}

/// A request of a form, on its way to the address that goes on with it.
#[derive(Serialize, Deserialize)]
pub(crate) struct UnderWay(pub SignInRequest);

impl Carried for UnderWay {
    const KIND: &'static str = "saml-request";

    fn life(_: &App) -> i64 {
        UNDER_WAY
    }
}

impl From<Error> for Unanswered {
    fn from(error: Error) -> Self {
        Self::Trouble(error)
    }
}
