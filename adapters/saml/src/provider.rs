//! What does a service provider say of itself (SAML metadata, 2.4.4)?

mod choice;
mod extensions;
mod keys;
mod read;

use crate::{
    aggregate::Lifetime,
    message::Attribute,
    metadata::{Localized, Logo, Organization},
};

/// The metadata of a service provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceProvider {
    /// Its name to everybody.
    pub entity_id: String,
    /// How long this may be used.
    pub lifetime: Lifetime,
    /// Whether it signs its requests.
    pub signs_requests: bool,
    /// Whether it wants assertions that are signed themselves.
    pub wants_signed_assertions: bool,
    /// The certificates (DER) of the keys that it signs with.
    pub signing: Vec<Vec<u8>>,
    /// The keys that it decrypts with.
    pub encryption: Vec<EncryptionCertificate>,
    /// Where it takes answers.
    pub consumers: Vec<Consumer>,
    /// Where it signs people out.
    pub single_logout: Vec<LogoutService>,
    /// The formats of names that it knows, the one that it prefers first.
    pub name_id_formats: Vec<String>,
    /// What it wants to know of people, for each of its services.
    pub attribute_services: Vec<AttributeService>,
    /// Names and logo.
    pub ui: ServiceUi,
    /// Who stands behind it.
    pub organization: Option<Organization>,
    /// What a federation says of it (SAML metadata extension for entity attributes).
    pub entity_attributes: Vec<Attribute>,
}

/// A key that something can be encrypted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptionCertificate {
    /// The certificate (DER).
    pub certificate: Vec<u8>,
    /// The algorithms that it says to know, by their URIs; it does not say if there is none.
    pub methods: Vec<String>,
}

/// An address that takes answers (SAML metadata, 2.4.4, `AssertionConsumerService`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consumer {
    /// Its number.
    pub index: u16,
    /// Whether it says to be the default, or says not to be.
    pub is_default: Option<bool>,
    /// How messages travel there, such as [`binding::POST`](crate::binding::POST).
    pub binding: String,
    /// The address.
    pub location: String,
}

/// An address that signs people out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutService {
    /// How messages travel there.
    pub binding: String,
    /// The address of requests.
    pub location: String,
    /// The address of answers, if it is another one.
    pub response_location: Option<String>,
}

impl LogoutService {
    /// The address of answers.
    #[must_use]
    pub fn answers(&self) -> &str {
        self.response_location.as_deref().unwrap_or(&self.location)
    }
}

/// What one service wants to know of people (SAML metadata, 2.4.4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeService {
    /// Its number.
    pub index: u16,
    /// Whether it says to be the default, or says not to be.
    pub is_default: Option<bool>,
    /// Its names for people.
    pub names: Vec<Localized>,
    /// What it wants to know.
    pub requested: Vec<RequestedAttribute>,
}

/// Something that a service wants to know of people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestedAttribute {
    /// Its name.
    pub name: String,
    /// What the name is, such as [`name_format::URI`](crate::name_format::URI).
    pub name_format: Option<String>,
    /// Its name for people.
    pub friendly_name: Option<String>,
    /// Whether the service does not work without.
    pub is_required: bool,
}

/// What people see of a service (SAML metadata extensions for login and discovery user interface).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceUi {
    /// The name for people.
    pub display_names: Vec<Localized>,
    /// What this is.
    pub descriptions: Vec<Localized>,
    /// The logo.
    pub logos: Vec<Logo>,
    /// A page about it.
    pub information: Vec<Localized>,
    /// What it does with what it knows of people.
    pub privacy_statements: Vec<Localized>,
}
