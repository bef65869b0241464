//! What does a service provider say of itself, alone or among a thousand?

use super::{DS, Key, Party, instant};

/// How many service providers the federation has.
pub const MEMBERS: usize = 1_000;
/// Declared once, where it is used first: by a single service provider, or around all of them.
const MD: &str = " xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\"";
/// What the members ask for, as research federations do.
const ATTRIBUTES: [(&str, &str); 6] = [
    ("eduPersonPrincipalName", "urn:oid:1.3.6.1.4.1.5923.1.1.1.6"),
    ("mail", "urn:oid:0.9.2342.19200300.100.1.3"),
    ("displayName", "urn:oid:2.16.840.1.113730.3.1.241"),
    ("givenName", "urn:oid:2.5.4.42"),
    ("sn", "urn:oid:2.5.4.4"),
    ("eduPersonScopedAffiliation", "urn:oid:1.3.6.1.4.1.5923.1.1.1.9"),
];

impl Party {
    /// What it says of itself.
    pub fn metadata(&self) -> String {
        let signing = self.key.as_ref().map(|key| key_descriptor(&key.certificate())).unwrap_or_default();
        let signs = self.key.is_some();
        let inside = format!("{signing}{}", consumer(&self.acs, 0));
        entity(&self.entity_id, signs, &inside, "")
    }
}

/// The name of a member, and where answers to it go.
pub fn member(number: usize) -> (String, String) {
    let host = format!("https://service{number}.campus.example");
    (format!("{host}/shibboleth"), format!("{host}/Shibboleth.sso/SAML2/POST"))
}

/// The signed metadata of all members, of which each has the key. Its text is canonical.
///
/// # Errors
/// The federation's key does not sign.
pub fn federation(operator: &Key, key: &Key) -> anyhow::Result<String> {
    const ID: &str = "_federation";
    let head = format!(
        "<md:EntitiesDescriptor{MD} ID=\"{ID}\" Name=\"https://campus.example\" \
         validUntil=\"{}\">",
        instant(14 * 86_400)
    );
    let certificate = key.certificate();
    let members: String = (0..MEMBERS).map(|number| described(number, &certificate)).collect();
    let rest = format!("{members}</md:EntitiesDescriptor>");
    let signature = operator.envelop(&format!("{head}{rest}"), ID)?;
    Ok(format!("{head}{signature}{rest}"))
}

/// A member, as large as most are.
fn described(number: usize, certificate: &str) -> String {
    let (entity_id, acs) = member(number);
    let names = ["de", "en"].map(|lang| {
        format!(
            "<mdui:DisplayName xml:lang=\"{lang}\">Library {number} of the campus ({lang})</mdui:DisplayName>"
        )
    });
    let ui = format!(
        "<md:Extensions><mdui:UIInfo xmlns:mdui=\"urn:oasis:names:tc:SAML:metadata:ui\">{}<mdui:Logo height=\"60\" \
         width=\"80\">{entity_id}/logo.png</mdui:Logo></mdui:UIInfo></md:Extensions>",
        names.concat()
    );
    let requested = ATTRIBUTES.map(|(friendly, name)| {
        format!(
            "<md:RequestedAttribute FriendlyName=\"{friendly}\" Name=\"{name}\" \
             NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:uri\"></md:RequestedAttribute>"
        )
    });
    let inside = format!(
        "{ui}{}{}{}<md:AttributeConsumingService index=\"0\"><md:ServiceName xml:lang=\"en\">Library {number}</md:ServiceName>\
         {}</md:AttributeConsumingService>",
        key_descriptor(certificate),
        consumer(&acs, 0),
        consumer(&format!("{acs}-second"), 1),
        requested.concat(),
    );
    let organization = format!(
        "<md:Organization><md:OrganizationName xml:lang=\"en\">Campus</md:OrganizationName><md:OrganizationDisplayName \
         xml:lang=\"en\">The campus</md:OrganizationDisplayName><md:OrganizationURL xml:lang=\"en\">{entity_id}\
         </md:OrganizationURL></md:Organization>"
    );
    entity(&entity_id, false, &inside, &organization).replacen(MD, "", 1)
}

fn entity(entity_id: &str, signs: bool, inside: &str, behind: &str) -> String {
    format!(
        "<md:EntityDescriptor{MD} entityID=\"{entity_id}\"><md:SPSSODescriptor \
         AuthnRequestsSigned=\"{signs}\" protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">{inside}\
         </md:SPSSODescriptor>{behind}</md:EntityDescriptor>"
    )
}

fn key_descriptor(certificate: &str) -> String {
    format!(
        "<md:KeyDescriptor use=\"signing\"><ds:KeyInfo xmlns:ds=\"{DS}\"><ds:X509Data><ds:X509Certificate>{certificate}\
         </ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
    )
}

fn consumer(acs: &str, index: usize) -> String {
    format!(
        "<md:AssertionConsumerService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"{acs}\" \
         index=\"{index}\"></md:AssertionConsumerService>"
    )
}
