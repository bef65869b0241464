//! SAML 2.0: how does a service provider learn who signed in?
//!
//! | file | what it answers |
//! |---|---|
//! | `provider/` | which service providers there are, and what was decided about them |
//! | `context.rs` | how a person proved who it is, in the words of SAML |
//! | `name_id.rs` | under which name a service provider knows a person |
//! | `attributes.rs` | what else it learns |

pub mod attributes;
mod context;
#[cfg(test)]
mod fixture;
pub(crate) mod name_id;
pub mod provider;

pub use provider::{Provider, Providers, Terms};
