//! SAML 2.0: how does a service provider learn who signed in?
//!
//! | file | what it answers |
//! |---|---|
//! | `context.rs` | how a person proved who it is, in the words of SAML |
//! | `name_id.rs` | under which name a service provider knows a person |
//! | `attributes/` | what else it learns |

pub mod attributes;
mod context;
#[cfg(test)]
mod fixture;
pub(crate) mod name_id;

pub use name_id::NameFormat;
