//! How is the metadata of a service provider read?

use samael::metadata::{self as decoded, EntityDescriptor, SpSsoDescriptor};

use super::{
    AttributeService, Consumer, LogoutService, RequestedAttribute, ServiceProvider,
    extensions::{self, UNDETERMINED},
    keys::Keys,
};
use crate::{
    address::{Reach, reach},
    aggregate::{Entity, Lifetime},
    decode::{Attribute, Form, Inside, Value, decode, index, may, must},
    element::Element,
    guard::{Kind, Message, Trust, Wrapping, open},
    keys::PeerKeys,
    metadata::Localized,
    names::{MAX_ENTITY_ID, Space, binding},
    refused::{ContentProblem, Refused},
    writer,
};

/// How many addresses of one kind there may be.
const MAX_ENDPOINTS: usize = 512;
/// How many services, formats and names of a service there may be.
const MAX_LISTED: usize = 64;
/// How many attributes one service may want.
const MAX_REQUESTED: usize = 256;

const ROLE: &str = "SPSSODescriptor";
const CONSUMER: &str = "AssertionConsumerService";
const ATTRIBUTES: &str = "AttributeConsumingService";
const LOGOUT: &str = "SingleLogoutService";

/// What samael reads.
static DESCRIPTOR: Form = Form {
    space: Space::Md,
    local: ROLE,
    most: 1,
    attributes: &[
        must("protocolSupportEnumeration", Value::Text),
        may("AuthnRequestsSigned", Value::Flag),
        may("WantAssertionsSigned", Value::Flag),
    ],
    inside: Inside::Elements(&[
        md(
            LOGOUT,
            MAX_ENDPOINTS,
            &[
                must("Binding", Value::Text),
                must("Location", Value::Text),
                may("ResponseLocation", Value::Text),
            ],
            Inside::Nothing,
        ),
        md("NameIDFormat", MAX_LISTED, &[], Inside::Text),
        md(
            CONSUMER,
            MAX_ENDPOINTS,
            &[
                must("Binding", Value::Text),
                must("Location", Value::Text),
                must("index", Value::Index),
                may("isDefault", Value::Flag),
            ],
            Inside::Nothing,
        ),
        md(
            ATTRIBUTES,
            MAX_LISTED,
            &[must("index", Value::Index), may("isDefault", Value::Flag)],
            Inside::Elements(&[
                md("ServiceName", MAX_LISTED, &[may("lang", Value::Language)], Inside::Text),
                md(
                    "RequestedAttribute",
                    MAX_REQUESTED,
                    &[
                        must("Name", Value::Text),
                        may("NameFormat", Value::Text),
                        may("FriendlyName", Value::Text),
                        may("isRequired", Value::Flag),
                    ],
                    Inside::Nothing,
                ),
            ]),
        ),
    ]),
};

const fn md(local: &'static str, most: usize, attributes: &'static [Attribute], inside: Inside) -> Form {
    Form { space: Space::Md, local, most, attributes, inside }
}

impl ServiceProvider {
    /// What the metadata of one entity says of its service provider.
    ///
    /// Only what can be used is kept: addresses for answers by HTTP-POST and HTTP-Artifact, and for signing out by
    /// HTTP-Redirect, HTTP-POST and SOAP. An address that everybody on the way could listen to (`http`, unless it is on this
    /// computer) is left out. A key that cannot be used is refused, because it would be missed later.
    ///
    /// # Errors
    /// [`Refused`] if it is another message, has no service provider of SAML 2.0 or several, has nowhere to send answers to, or
    /// says something that is not understood.
    pub fn read(message: &Message) -> Result<Self, Refused> {
        let entity = message.of(Kind::EntityDescriptor)?;
        let entity_id = entity.required_attribute("entityID")?;
        if entity_id.chars().count() > MAX_ENTITY_ID {
            return Err(ContentProblem::Value("entityID").into());
        }
        let role = role(entity)?;
        let decoded = decoded_role(role)?;
        let keys = Keys::read(role)?;
        Ok(Self {
            entity_id: entity_id.to_owned(),
            lifetime: Lifetime::default().within_element(entity)?.within_element(role)?,
            signs_requests: decoded.authn_requests_signed.unwrap_or_default(),
            wants_signed_assertions: decoded.want_assertions_signed.unwrap_or_default(),
            signing: keys.signing,
            encryption: keys.encryption,
            consumers: consumers(decoded.assertion_consumer_services)?,
            single_logout: logouts(decoded.single_logout_services.unwrap_or_default())?,
            name_id_formats: decoded.name_id_formats.unwrap_or_default(),
            attribute_services: services(decoded.attribute_consuming_services.unwrap_or_default())?,
            ui: extensions::ui(role)?,
            organization: extensions::organization(entity)?,
            entity_attributes: extensions::entity_attributes(entity)?,
        })
    }

    /// What one entity of an aggregate, or of a file with comments, says. Its lifetime is what everything around it leaves of it.
    ///
    /// It is no more believed than the entity is: only once [`Staging::commit`](crate::aggregate::Staging::commit) was called.
    ///
    /// # Errors
    /// As for [`ServiceProvider::read`].
    pub fn of_entity(entity: &Entity<'_>) -> Result<Self, Refused> {
        let nobody = PeerKeys::from_certificates::<&[u8]>([]).map_err(ContentProblem::Key)?;
        let opened = open(entity.text, Kind::EntityDescriptor, Wrapping::None)?;
        let provider = Self::read(&opened.check(Trust::Optional(&nobody))?)?;
        Ok(Self { lifetime: entity.lifetime.and(provider.lifetime), ..provider })
    }
}

/// The one role of a service provider that speaks SAML 2.0. One of SAML 1.1 may stand beside it. Of two, one would be shown to
/// the administrator, and the other one might be used.
fn role(entity: &Element) -> Result<&Element, Refused> {
    let speaks = |role: &&Element| {
        let protocols = role.attribute("protocolSupportEnumeration").unwrap_or_default();
        role.is(Space::Md.uri(), ROLE) && protocols.split_whitespace().any(|it| it == Space::Samlp.uri())
    };
    let mut roles = entity.children().filter(speaks);
    match (roles.next(), roles.next()) {
        (Some(role), None) => Ok(role),
        (Some(_), Some(_)) => Err(ContentProblem::Twice(ROLE).into()),
        (None, _) => Err(ContentProblem::NoServiceProvider.into()),
    }
}

fn decoded_role(role: &Element) -> Result<SpSsoDescriptor, Refused> {
    if !role.children().any(|child| child.is(Space::Md.uri(), CONSUMER)) {
        return Err(ContentProblem::NoConsumer.into());
    }
    let entity = writer::Element::new(Space::Md, "EntityDescriptor").child(DESCRIPTOR.copy(role)?);
    let entity: EntityDescriptor = decode(&entity, ROLE)?;
    let mut roles = entity.sp_sso_descriptors.unwrap_or_default();
    roles.pop().ok_or_else(|| ContentProblem::NoServiceProvider.into())
}

fn consumers(all: Vec<decoded::IndexedEndpoint>) -> Result<Vec<Consumer>, Refused> {
    let mut consumers = Vec::new();
    for endpoint in all {
        let is_spoken = [binding::POST, binding::ARTIFACT].contains(&endpoint.binding.as_str());
        if is_spoken && reach(&endpoint.location, CONSUMER)? == Reach::Private {
            consumers.push(Consumer {
                index: index(endpoint.index, "index")?,
                is_default: endpoint.is_default,
                binding: endpoint.binding,
                location: endpoint.location,
            });
        }
    }
    if consumers.is_empty() { Err(ContentProblem::NoConsumer.into()) } else { Ok(consumers) }
}

fn logouts(all: Vec<decoded::Endpoint>) -> Result<Vec<LogoutService>, Refused> {
    let mut services = Vec::new();
    for decoded::Endpoint { binding, location, response_location } in all {
        let is_spoken = [binding::REDIRECT, binding::POST, binding::SOAP].contains(&binding.as_str());
        let addresses = [Some(&location), response_location.as_ref()];
        let mut is_private = true;
        for address in addresses.into_iter().flatten().filter(|_| is_spoken) {
            is_private &= reach(address, LOGOUT)? == Reach::Private;
        }
        if is_spoken && is_private {
            services.push(LogoutService { binding, location, response_location });
        }
    }
    Ok(services)
}

fn services(all: Vec<decoded::AttributeConsumingService>) -> Result<Vec<AttributeService>, Refused> {
    let name = |name: decoded::LocalizedName| Localized {
        lang: name.lang.unwrap_or_else(|| UNDETERMINED.to_owned()),
        text: name.value,
    };
    let requested = |attribute: decoded::RequestedAttribute| RequestedAttribute {
        name: attribute.name,
        name_format: attribute.name_format,
        friendly_name: attribute.friendly_name,
        is_required: attribute.is_required.unwrap_or_default(),
    };
    let service = |service: decoded::AttributeConsumingService| {
        Ok(AttributeService {
            index: index(service.index, "index")?,
            is_default: service.is_default,
            names: service.service_names.into_iter().map(name).collect(),
            requested: service.request_attributes.into_iter().map(requested).collect(),
        })
    };
    all.into_iter().map(service).collect()
}
