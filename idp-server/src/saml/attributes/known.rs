//! Which attributes does everybody know, and what are they made of here?

use symbolon_saml::name_format;

/// An attribute that has a name in a specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::saml) struct Known {
    /// Its short name.
    pub friendly: &'static str,
    /// Its name as a URI.
    pub name: &'static str,
    /// What it is made of where nobody says otherwise.
    pub from: &'static str,
}

const fn known(friendly: &'static str, name: &'static str, from: &'static str) -> Known {
    Known { friendly, name, from }
}

/// The subject identifier that all service providers know (SAML subject identifier attributes profile, 3.3).
pub(super) const SUBJECT_ID: &str = "urn:oasis:names:tc:SAML:attribute:subject-id";
/// The one that a service provider has of its own (the same, 3.4).
pub(super) const PAIRWISE_ID: &str = "urn:oasis:names:tc:SAML:attribute:pairwise-id";

/// RFC 4519, RFC 2798, eduPerson, SCHAC and the subject identifier attributes profile.
///
/// A principal name is never made of a login: two logins may differ in their domain only, and would be one person then.
const ALL: [Known; 17] = [
    known("mail", "urn:oid:0.9.2342.19200300.100.1.3", "email"),
    known("displayName", "urn:oid:2.16.840.1.113730.3.1.241", "name ?? login"),
    known("givenName", "urn:oid:2.5.4.42", "given_name"),
    known("sn", "urn:oid:2.5.4.4", "family_name"),
    known("cn", "urn:oid:2.5.4.3", "name"),
    known("uid", "urn:oid:0.9.2342.19200300.100.1.1", "login"),
    known("eduPersonPrincipalName", "urn:oid:1.3.6.1.4.1.5923.1.1.1.6", "eduPersonPrincipalName"),
    known("eduPersonAffiliation", "urn:oid:1.3.6.1.4.1.5923.1.1.1.1", "eduPersonAffiliation"),
    known("eduPersonScopedAffiliation", "urn:oid:1.3.6.1.4.1.5923.1.1.1.9", "eduPersonScopedAffiliation"),
    known("eduPersonEntitlement", "urn:oid:1.3.6.1.4.1.5923.1.1.1.7", "eduPersonEntitlement"),
    known("eduPersonAssurance", "urn:oid:1.3.6.1.4.1.5923.1.1.1.11", "eduPersonAssurance"),
    known("isMemberOf", "urn:oid:1.3.6.1.4.1.5923.1.5.1.1", "groups"),
    known("preferredLanguage", "urn:oid:2.16.840.1.113730.3.1.39", "locale"),
    known("telephoneNumber", "urn:oid:2.5.4.20", "phone_number"),
    known("schacHomeOrganization", "urn:oid:1.3.6.1.4.1.25178.1.2.9", "schacHomeOrganization"),
    known("subject-id", SUBJECT_ID, "subject_id"),
    known("pairwise-id", PAIRWISE_ID, "pairwise_id"),
];

impl Known {
    /// All of them.
    #[cfg(test)]
    pub(in crate::saml) fn all() -> impl Iterator<Item = Self> {
        ALL.into_iter()
    }

    /// The one with this short name.
    pub(super) fn of_friendly(friendly: &str) -> Option<Self> {
        ALL.into_iter().find(|known| known.friendly == friendly)
    }

    /// The one with this URI.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        ALL.into_iter().find(|known| known.name == name)
    }

    /// The one that a service provider means: by its URI, or by a short name where it does not say what names are.
    pub(in crate::saml) fn asked(name: &str, name_format: Option<&str>) -> Option<Self> {
        match name_format {
            Some(name_format::URI) => Self::of_name(name),
            _ => Self::of_name(name).or_else(|| Self::of_friendly(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::parse::parse, ALL, Known};

    #[test]
    fn each_is_found_by_both_names_and_made_of_something() {
        for known in ALL {
            assert_eq!(Known::of_friendly(known.friendly), Some(known));
            assert_eq!(Known::of_name(known.name), Some(known));
            parse(known.from).unwrap_or_else(|_| panic!("{known:?}"));
        }
    }
}
