//! What do extensions, and the organization, say of a service provider?
//!
//! Names and pictures adorn pages. One that will not do is left out, and the provider works without it.

use super::ServiceUi;
use crate::{
    address::{Reach, is_web, reach},
    decode::{MAX_VALUE, value},
    element::Element,
    message::Attribute,
    metadata::{Localized, Logo, Organization},
    names::{ENTITY_ATTRIBUTES, Space},
    refused::{ContentProblem, Refused},
};

/// How many texts, or pictures, of each kind are kept.
const MAX_TEXTS: usize = 64;
/// How many attributes a federation may say of an entity, and how many values each may have.
const MAX_ATTRIBUTES: usize = 64;
/// The largest picture, in pixels of one side.
const MAX_PIXELS: u32 = 10_000;
/// A text whose language nobody says (BCP 47, `und`).
pub(super) const UNDETERMINED: &str = "und";

/// What people see (SAML metadata extensions for login and discovery user interface, 2.1).
pub(super) fn ui(role: &Element) -> Result<ServiceUi, Refused> {
    let Some(extensions) = role.only(Space::Md.uri(), "Extensions")? else { return Ok(ServiceUi::default()) };
    let Some(info) = extensions.only(Space::Mdui.uri(), "UIInfo")? else { return Ok(ServiceUi::default()) };
    let texts = |local| texts(info, Space::Mdui, local);
    let links = |local| texts(local).into_iter().filter(|it| is_web(&it.text)).collect();
    let logos = info.children().filter(|child| child.is(Space::Mdui.uri(), "Logo"));
    Ok(ServiceUi {
        display_names: texts("DisplayName"),
        descriptions: texts("Description"),
        logos: logos.filter_map(logo).take(MAX_TEXTS).collect(),
        information: links("InformationURL"),
        privacy_statements: links("PrivacyStatementURL"),
    })
}

fn texts(around: &Element, space: Space, local: &'static str) -> Vec<Localized> {
    let mine = around.children().filter(|child| child.is(space.uri(), local));
    mine.filter_map(|child| localized(child, local)).take(MAX_TEXTS).collect()
}

fn localized(element: &Element, local: &'static str) -> Option<Localized> {
    let text = element.text(local).ok().filter(|text| text.len() <= MAX_VALUE)?;
    let lang = element.language().filter(|lang| !lang.is_empty() && lang.len() <= MAX_VALUE);
    Some(Localized { lang: lang.unwrap_or(UNDETERMINED).to_owned(), text })
}

/// A picture on a page of ours comes over TLS, or its frame is broken.
fn logo(element: &Element) -> Option<Logo> {
    let url = element.text("Logo").ok()?;
    let pixels = |local| element.attribute(local)?.trim().parse().ok().filter(|pixels| *pixels <= MAX_PIXELS);
    let (width, height) = (pixels("width")?, pixels("height")?);
    (reach(&url, "Logo") == Ok(Reach::Private)).then_some(Logo { url, width, height })
}

/// Who stands behind it: the first of its names and addresses, which are there in one language for each.
pub(super) fn organization(entity: &Element) -> Result<Option<Organization>, Refused> {
    let Some(element) = entity.only(Space::Md.uri(), "Organization")? else { return Ok(None) };
    let first = |local| texts(element, Space::Md, local).into_iter().next();
    let url = first("OrganizationURL").filter(|url| is_web(&url.text));
    let parts = (first("OrganizationName"), first("OrganizationDisplayName"), url);
    let (Some(name), Some(display_name), Some(url)) = parts else { return Ok(None) };
    Ok(Some(Organization { name, display_name, url }))
}

/// What a federation says of it (SAML metadata extension for entity attributes, 2). It decides about what the provider may
/// know of people, so nothing of it is left out in silence but what is no text.
pub(super) fn entity_attributes(entity: &Element) -> Result<Vec<Attribute>, Refused> {
    let Some(extensions) = entity.only(Space::Md.uri(), "Extensions")? else { return Ok(Vec::new()) };
    let Some(all) = extensions.only(ENTITY_ATTRIBUTES, "EntityAttributes")? else { return Ok(Vec::new()) };
    let mine = all.children().filter(|child| child.is(Space::Saml.uri(), "Attribute"));
    let attributes = mine.map(attribute).collect::<Result<Vec<_>, _>>()?;
    if attributes.len() > MAX_ATTRIBUTES {
        return Err(ContentProblem::TooMany("EntityAttributes").into());
    }
    Ok(attributes)
}

fn attribute(element: &Element) -> Result<Attribute, Refused> {
    let optional =
        |local| element.attribute(local).map(|text| value(local, text).map(str::to_owned)).transpose();
    let mut values = Vec::new();
    for child in element.children().filter(|child| child.is(Space::Saml.uri(), "AttributeValue")) {
        if let Ok(text) = child.text("AttributeValue") {
            values.push(value("AttributeValue", &text)?.to_owned());
        }
    }
    if values.len() > MAX_ATTRIBUTES {
        return Err(ContentProblem::TooMany("AttributeValue").into());
    }
    Ok(Attribute {
        name: value("Name", element.required_attribute("Name")?)?.to_owned(),
        name_format: optional("NameFormat")?,
        friendly_name: optional("FriendlyName")?,
        values,
    })
}
