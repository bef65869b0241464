//! What is kept of the name under which a service provider knows a session? What signing out needs: all parts of the name,
//! and the index of the session.

use serde::{Deserialize, Serialize};
use symbolon_saml::NameId;

/// How a service provider knows a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Party {
    /// The name of the person.
    pub name: Name,
    /// The index of the session.
    pub session_index: String,
}

/// A name with its qualifiers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Name {
    /// The name.
    pub value: String,
    /// Its format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Who gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_qualifier: Option<String>,
    /// To whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sp_name_qualifier: Option<String>,
}

impl From<NameId> for Name {
    fn from(name: NameId) -> Self {
        let NameId { value, format, name_qualifier, sp_name_qualifier } = name;
        Self { value, format, name_qualifier, sp_name_qualifier }
    }
}

impl From<Name> for NameId {
    fn from(name: Name) -> Self {
        let Name { value, format, name_qualifier, sp_name_qualifier } = name;
        Self { value, format, name_qualifier, sp_name_qualifier }
    }
}
