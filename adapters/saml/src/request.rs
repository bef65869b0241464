//! Who asks who a person is, and what does it ask for (SAML core, 3.4.1)?

mod read;

use crate::message::{Head, NameId};

/// A service provider asks who somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthnRequest {
    /// What all messages have.
    pub head: Head,
    /// Whether the person must show again who it is.
    pub force_authn: bool,
    /// Whether nobody may be seen: no page, no question.
    pub is_passive: bool,
    /// Where the answer is to go.
    pub consumer: AskedConsumer,
    /// Which of its attribute services it means, by index.
    pub attribute_service: Option<u16>,
    /// About whom it asks, if it knows.
    pub subject: Option<NameId>,
    /// Which kind of name it wants.
    pub name_id_policy: Option<NameIdPolicy>,
    /// How sure the authentication is to be.
    pub context: Option<RequestedContext>,
    /// Whom else it may be passed on to.
    pub scoping: Option<Scoping>,
}

/// Where an answer is to go. An address counts only if the metadata has it, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AskedConsumer {
    /// To the address that the metadata calls the default, with this binding if one is named.
    Default {
        /// How it is to travel, such as [`binding::POST`](crate::binding::POST).
        binding: Option<String>,
    },
    /// To the address with this index.
    Index(u16),
    /// To this address.
    Url {
        /// The address.
        location: String,
        /// How it is to travel.
        binding: Option<String>,
    },
}

/// Which kind of name is wanted (SAML core, 3.4.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameIdPolicy {
    /// The format, such as [`name_id::PERSISTENT`](crate::name_id::PERSISTENT).
    pub format: Option<String>,
    /// The provider, or group of providers, in whose namespace the name is to be.
    pub sp_name_qualifier: Option<String>,
    /// Whether a name may be made that was not there before.
    pub allow_create: bool,
}

/// How sure the authentication is to be (SAML core, 3.3.2.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestedContext {
    /// What the classes mean.
    pub comparison: Comparison,
    /// The classes, the one that is preferred first.
    pub classes: Vec<String>,
}

/// What the classes of a requested context mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Comparison {
    /// One of these.
    #[default]
    Exact,
    /// As strong as one of these, or stronger.
    Minimum,
    /// Stronger than each of these.
    Better,
    /// As strong as possible, and not stronger than one of these.
    Maximum,
}

/// Whom a request may be passed on to (SAML core, 3.4.1.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scoping {
    /// How often it may be passed on.
    pub proxy_count: Option<u32>,
    /// The identity providers that may answer, by entity id; any if empty.
    pub identity_providers: Vec<String>,
    /// Who asked whoever asks, by entity id.
    pub requesters: Vec<String>,
}
