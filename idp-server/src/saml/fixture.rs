//! What do tests in this folder share?

use symbolon_saml::{ServiceProvider, ServiceUi};

/// The metadata of a service provider that says nothing.
pub(super) fn metadata() -> ServiceProvider {
    ServiceProvider {
        entity_id: "https://shop.example/metadata".to_owned(),
        lifetime: symbolon_saml::aggregate::Lifetime::default(),
        signs_requests: false,
        wants_signed_assertions: false,
        signing: Vec::new(),
        encryption: Vec::new(),
        consumers: Vec::new(),
        single_logout: Vec::new(),
        name_id_formats: Vec::new(),
        attribute_services: Vec::new(),
        ui: ServiceUi::default(),
        organization: None,
        entity_attributes: Vec::new(),
    }
}
