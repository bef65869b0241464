//! SAML 2.0: how does a service provider learn who signed in?
//!
//! | file | what it answers |
//! |---|---|
//! | `provider/` | which service providers there are, and what was decided about them |

pub mod provider;

pub use provider::{Provider, Providers, Terms};
