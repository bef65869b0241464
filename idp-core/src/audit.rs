//! The audit record: who did what, from where, and how it ended. Never a secret, never a code.

use serde::{Deserialize, Serialize};

use crate::{Id, Time, users::User};

/// An audit event as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its id.
    pub id: Id<AuditRow>,
    /// When.
    pub at: Time,
    /// About whom, if that is certain.
    pub user: Option<Id<User>>,
    /// What happened.
    pub event: Event,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Which event, such as `qr.double_claim`.
    pub name: String,
    /// The network address of whoever caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// More, in words and ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<(String, String)>,
}

impl Event {
    /// An event.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), address: None, details: Vec::new() }
    }

    /// The event with the address of whoever caused it.
    #[must_use]
    pub fn from(mut self, address: impl ToString) -> Self {
        self.address = Some(address.to_string());
        self
    }

    /// The event with one more detail.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.details.push((name.to_owned(), value.to_string()));
        self
    }
}
