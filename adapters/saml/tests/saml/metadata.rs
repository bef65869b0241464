//! What do we say of ourselves?

use std::time::Duration;

use symbolon_saml::{
    Contact, Endpoint, Kind, Localized, Logo, Metadata, Organization, UiInfo, binding, name_id,
};

use super::{
    actors::{EC, IDP, RSA, later, take},
    documents::unsigned,
};

pub fn metadata() -> Metadata {
    let localized = |lang: &str, text: &str| Localized { lang: lang.to_owned(), text: text.to_owned() };
    let endpoint = |binding: &str, path: &str| Endpoint {
        binding: binding.to_owned(),
        location: format!("https://id.example.org/saml/{path}"),
    };
    Metadata {
        id: "_metadata".to_owned(),
        entity_id: IDP.to_owned(),
        valid_until: Some(later(86_400)),
        cache_duration: Some(Duration::from_secs(3_600)),
        want_authn_requests_signed: false,
        ui: UiInfo {
            display_names: vec![localized("en", "Example & Co"), localized("de", "Beispiel <und> Söhne")],
            descriptions: vec![localized("en", "Sign in with a phone")],
            logos: vec![Logo { url: "https://id.example.org/logo.svg".to_owned(), width: 80, height: 60 }],
        },
        scopes: vec!["example.org".to_owned()],
        signing_certificates: vec![RSA.signer.certificate().to_vec(), EC.signer.certificate().to_vec()],
        artifact_resolution: vec![endpoint(binding::SOAP, "artifact")],
        single_logout: vec![endpoint(binding::REDIRECT, "logout"), endpoint(binding::SOAP, "logout/soap")],
        name_id_formats: vec![name_id::PERSISTENT.to_owned(), name_id::TRANSIENT.to_owned()],
        single_sign_on: vec![endpoint(binding::REDIRECT, "sso"), endpoint(binding::POST, "sso")],
        organization: Some(Organization {
            name: localized("en", "Example"),
            display_name: localized("en", "Example"),
            url: localized("en", "https://example.org/"),
        }),
        contacts: vec![Contact { kind: "technical".to_owned(), email: "mailto:it@example.org".to_owned() }],
    }
}

#[test]
fn our_metadata_is_signed() {
    let text = metadata().write(&RSA.signer).unwrap();
    let message = take(&text, Kind::EntityDescriptor, &RSA.keys).unwrap();
    assert!(message.is_signed());
    assert_eq!(message.canonical(), unsigned(&text));
}

/// The order of the schema, which readers insist on.
#[test]
fn our_metadata_says_what_was_asked_for_in_the_order_of_the_schema() {
    let text = metadata().write(&RSA.signer).unwrap();
    let mut rest = text.as_str();
    for part in [
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" ID=\"_metadata\" cacheDuration=\"PT3600S\" \
         entityID=\"https://id.example.org/saml\" validUntil=\"2026-11-24T09:30:00Z\">",
        "<ds:Signature ",
        "<md:IDPSSODescriptor WantAuthnRequestsSigned=\"false\" \
         protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">",
        "<md:Extensions><shibmd:Scope xmlns:shibmd=\"urn:mace:shibboleth:metadata:1.0\" regexp=\"false\">example.org\
         </shibmd:Scope><mdui:UIInfo ",
        "<mdui:DisplayName xml:lang=\"en\">Example &amp; Co</mdui:DisplayName>",
        "<mdui:DisplayName xml:lang=\"de\">Beispiel &lt;und&gt; Söhne</mdui:DisplayName>",
        "<mdui:Description xml:lang=\"en\">",
        "<mdui:Logo height=\"60\" width=\"80\">https://id.example.org/logo.svg</mdui:Logo>",
        "<md:KeyDescriptor use=\"signing\">",
        "<md:KeyDescriptor use=\"signing\">",
        "<md:ArtifactResolutionService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:SOAP\" \
         Location=\"https://id.example.org/saml/artifact\" index=\"0\">",
        "<md:SingleLogoutService ",
        "<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>",
        "<md:SingleSignOnService ",
        "</md:IDPSSODescriptor>",
        "<md:Organization>",
        "<md:ContactPerson contactType=\"technical\"><md:EmailAddress>mailto:it@example.org</md:EmailAddress>",
    ] {
        rest = rest.split_once(part).unwrap_or_else(|| panic!("{part} in {rest}")).1;
    }
}

#[test]
fn without_names_there_is_no_extension() {
    let ui = UiInfo::default();
    let plain = Metadata { ui, scopes: vec![], organization: None, contacts: vec![], ..metadata() };
    let text = plain.write(&EC.signer).unwrap();
    assert!(!text.contains("Extensions") && !text.contains("Organization"));
    assert!(take(&text, Kind::EntityDescriptor, &EC.keys).is_ok());
}
