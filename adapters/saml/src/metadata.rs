//! What do we say of ourselves (SAML metadata, 2, and its extension for user interfaces)?

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::{
    names::Space,
    sign::{Signer, key_info},
    time,
    writer::{Element, WriteError},
};

/// The metadata of this identity provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Its id, which the signature refers to.
    pub id: String,
    /// Our name to everybody.
    pub entity_id: String,
    /// Until when this may be believed.
    pub valid_until: Option<DateTime<Utc>>,
    /// How long a copy may be used before it is fetched again.
    pub cache_duration: Option<Duration>,
    /// Whether requests to us must be signed.
    pub want_authn_requests_signed: bool,
    /// Names and logo, for pages on which people choose where to sign in.
    pub ui: UiInfo,
    /// Whose people these are: the domains behind the `@` of what we say of them. Service providers of the Shibboleth
    /// project drop what has another one. The element is `shibmd:Scope`.
    pub scopes: Vec<String>,
    /// The certificates (DER) of the keys that we sign with: the present one and, during a change, the next one.
    pub signing_certificates: Vec<Vec<u8>>,
    /// Where artifacts are resolved.
    pub artifact_resolution: Vec<Endpoint>,
    /// Where people are signed out.
    pub single_logout: Vec<Endpoint>,
    /// The formats of names that we give.
    pub name_id_formats: Vec<String>,
    /// Where people are signed in.
    pub single_sign_on: Vec<Endpoint>,
    /// Who stands behind it.
    pub organization: Option<Organization>,
    /// Whom to write to.
    pub contacts: Vec<Contact>,
}

/// An address that takes messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// How they travel, such as [`binding::POST`](crate::binding::POST).
    pub binding: String,
    /// The address.
    pub location: String,
}

/// A text in a language (BCP 47).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Localized {
    /// The language.
    pub lang: String,
    /// The text.
    pub text: String,
}

/// Names and logo (SAML metadata extensions for login and discovery user interface, 2.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UiInfo {
    /// The name for people.
    pub display_names: Vec<Localized>,
    /// What this is.
    pub descriptions: Vec<Localized>,
    /// The logo.
    pub logos: Vec<Logo>,
}

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// Its address.
    pub url: String,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
}

/// Who stands behind a provider (SAML metadata, 2.3.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// The name.
    pub name: Localized,
    /// The name for people.
    pub display_name: Localized,
    /// The web site.
    pub url: Localized,
}

/// Whom to write to (SAML metadata, 2.3.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// `technical`, `support`, `administrative`, `billing` or `other`.
    pub kind: String,
    /// The address, with `mailto:`.
    pub email: String,
}

impl Metadata {
    /// The text, signed.
    ///
    /// # Errors
    /// [`WriteError`] if a value cannot be written, or the key cannot sign.
    pub fn write(&self, signer: &Signer) -> Result<String, WriteError> {
        signer.enveloped(self.element())?.canonical()
    }

    fn element(&self) -> Element {
        Element::new(Space::Md, "EntityDescriptor")
            .attribute("ID", &self.id)
            .attribute("entityID", &self.entity_id)
            .optional("validUntil", self.valid_until.map(time::write))
            .optional("cacheDuration", self.cache_duration.map(|it| format!("PT{}S", it.as_secs())))
            .child(self.role())
            .children(self.organization.as_ref().map(Organization::write))
            .children(self.contacts.iter().map(Contact::write))
    }

    fn extensions(&self) -> Option<Element> {
        let scope =
            |scope: &String| Element::new(Space::Shibmd, "Scope").attribute("regexp", "false").text(scope);
        if self.scopes.is_empty() && self.ui == UiInfo::default() {
            return None;
        }
        let extensions = Element::new(Space::Md, "Extensions").children(self.scopes.iter().map(scope));
        Some(extensions.children(self.ui.write()))
    }

    /// The order is that of the schema.
    fn role(&self) -> Element {
        let key = |certificate: &Vec<u8>| {
            Element::new(Space::Md, "KeyDescriptor").attribute("use", "signing").child(key_info(certificate))
        };
        let format = |format: &String| Element::new(Space::Md, "NameIDFormat").text(format);
        let resolution = self.artifact_resolution.iter().enumerate().map(|(index, endpoint)| {
            endpoint.write("ArtifactResolutionService").attribute("index", index.to_string())
        });
        Element::new(Space::Md, "IDPSSODescriptor")
            .attribute("protocolSupportEnumeration", Space::Samlp.uri())
            .attribute("WantAuthnRequestsSigned", self.want_authn_requests_signed.to_string())
            .children(self.extensions())
            .children(self.signing_certificates.iter().map(key))
            .children(resolution)
            .children(self.single_logout.iter().map(|endpoint| endpoint.write("SingleLogoutService")))
            .children(self.name_id_formats.iter().map(format))
            .children(self.single_sign_on.iter().map(|endpoint| endpoint.write("SingleSignOnService")))
    }
}

impl Endpoint {
    fn write(&self, local: &'static str) -> Element {
        Element::new(Space::Md, local)
            .attribute("Binding", &self.binding)
            .attribute("Location", &self.location)
    }
}

impl Localized {
    fn write(&self, space: Space, local: &'static str) -> Element {
        Element::new(space, local).qualified(Space::Xml, "lang", &self.lang).text(&self.text)
    }
}

impl UiInfo {
    fn write(&self) -> Option<Element> {
        let logo = |logo: &Logo| {
            Element::new(Space::Mdui, "Logo")
                .attribute("height", logo.height.to_string())
                .attribute("width", logo.width.to_string())
                .text(&logo.url)
        };
        if *self == Self::default() {
            return None;
        }
        let info = Element::new(Space::Mdui, "UIInfo")
            .children(self.display_names.iter().map(|it| it.write(Space::Mdui, "DisplayName")))
            .children(self.descriptions.iter().map(|it| it.write(Space::Mdui, "Description")))
            .children(self.logos.iter().map(logo));
        Some(info)
    }
}

impl Organization {
    fn write(&self) -> Element {
        Element::new(Space::Md, "Organization")
            .child(self.name.write(Space::Md, "OrganizationName"))
            .child(self.display_name.write(Space::Md, "OrganizationDisplayName"))
            .child(self.url.write(Space::Md, "OrganizationURL"))
    }
}

impl Contact {
    fn write(&self) -> Element {
        let email = Element::new(Space::Md, "EmailAddress").text(&self.email);
        Element::new(Space::Md, "ContactPerson").attribute("contactType", &self.kind).child(email)
    }
}
