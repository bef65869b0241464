//! How is a request read?

use samael::schema::{self as decoded, AuthnContextComparison};

use super::{AskedConsumer, AuthnRequest, Comparison, NameIdPolicy, RequestedContext, Scoping};
use crate::{
    decode::{Form, Inside, Value, decode, index, may, must, value},
    element::Element,
    guard::{Kind, Message},
    message::{Head, NameId},
    names::{MAX_ENTITY_ID, Space, name_id},
    refused::{ContentProblem, Refused},
    time,
};

/// How many classes, providers or requesters one request may name.
const MAX_NAMED: usize = 64;
/// The longest id, in bytes. It comes back in the answer.
const MAX_ID: usize = 256;

const CONSUMER_INDEX: &str = "AssertionConsumerServiceIndex";
const CONSUMER_URL: &str = "AssertionConsumerServiceURL";
const ATTRIBUTE_INDEX: &str = "AttributeConsumingServiceIndex";
const BINDING: &str = "ProtocolBinding";

/// What samael reads.
static REQUEST: Form = Form {
    space: Space::Samlp,
    local: "AuthnRequest",
    most: 1,
    attributes: &[
        must("ID", Value::Text),
        must("Version", Value::Text),
        may("ForceAuthn", Value::Flag),
        may("IsPassive", Value::Flag),
        may(CONSUMER_INDEX, Value::Index),
        may(CONSUMER_URL, Value::Text),
        may(BINDING, Value::Text),
        may(ATTRIBUTE_INDEX, Value::Index),
    ],
    inside: Inside::Elements(&[
        Form {
            space: Space::Samlp,
            local: "NameIDPolicy",
            most: 1,
            attributes: &[
                may("Format", Value::Text),
                may("SPNameQualifier", Value::Text),
                may("AllowCreate", Value::Flag),
            ],
            inside: Inside::Nothing,
        },
        Form {
            space: Space::Samlp,
            local: "RequestedAuthnContext",
            most: 1,
            attributes: &[may("Comparison", Value::OneOf(&["exact", "minimum", "maximum", "better"]))],
            inside: Inside::Elements(&[Form {
                space: Space::Saml,
                local: "AuthnContextClassRef",
                most: MAX_NAMED,
                attributes: &[],
                inside: Inside::Text,
            }]),
        },
    ]),
};

impl AuthnRequest {
    /// What a message asks.
    ///
    /// `ProviderName` is not read: a name for people comes from the metadata, since whoever writes a request could call himself
    /// anything. `Conditions` are a wish that the provider may change (SAML core, 3.4.1), and it always does. Extensions are
    /// not read.
    ///
    /// # Errors
    /// [`Refused`] if it is another message, or asks in a way that is not understood.
    pub fn read(message: &Message) -> Result<Self, Refused> {
        let root = message.of(Kind::AuthnRequest)?;
        let head = head(root)?;
        let copy = REQUEST.copy(root)?.attribute("IssueInstant", time::write(head.issued));
        let asked: decoded::AuthnRequest = decode(&copy, "AuthnRequest")?;
        Ok(Self {
            head,
            force_authn: asked.force_authn.unwrap_or_default(),
            is_passive: asked.is_passive.unwrap_or_default(),
            consumer: consumer(&asked)?,
            attribute_service: number(asked.attribute_consuming_service_index, ATTRIBUTE_INDEX)?,
            subject: subject(root)?,
            name_id_policy: asked.name_id_policy.map(policy),
            context: asked.requested_authn_context.map(|asked| context(asked, root)).transpose()?,
            scoping: root.only(Space::Samlp.uri(), "Scoping")?.map(scoping).transpose()?,
        })
    }
}

fn number(number: Option<usize>, local: &'static str) -> Result<Option<u16>, Refused> {
    number.map(|number| index(number, local)).transpose()
}

fn head(root: &Element) -> Result<Head, Refused> {
    let head = Head::read(root)?;
    let issuer = root.required(Space::Saml.uri(), "Issuer")?;
    // The issuer of a request is a provider, and only a provider (SAML profiles, 4.1.4.1).
    let is_entity = issuer.attribute("Format").is_none_or(|format| format == name_id::ENTITY);
    if !is_entity || head.issuer.chars().count() > MAX_ENTITY_ID {
        return Err(ContentProblem::Value("Issuer").into());
    }
    if head.id.len() > MAX_ID {
        return Err(ContentProblem::Value("ID").into());
    }
    head.destination.as_deref().map(|text| value("Destination", text)).transpose()?;
    Ok(head)
}

/// A number rules out an address (SAML core, 3.4.1): of two answers to one question, somebody would check one and use the other.
fn consumer(asked: &decoded::AuthnRequest) -> Result<AskedConsumer, Refused> {
    let location = asked.assertion_consumer_service_url.clone();
    let binding = asked.protocol_binding.clone();
    match (asked.assertion_consumer_service_index, location, binding) {
        (Some(number), None, None) => Ok(AskedConsumer::Index(index(number, CONSUMER_INDEX)?)),
        (Some(_), Some(_), _) => Err(ContentProblem::Together(CONSUMER_INDEX, CONSUMER_URL).into()),
        (Some(_), None, Some(_)) => Err(ContentProblem::Together(CONSUMER_INDEX, BINDING).into()),
        (None, Some(location), binding) => Ok(AskedConsumer::Url { location, binding }),
        (None, None, binding) => Ok(AskedConsumer::Default { binding }),
    }
}

/// samael does not read qualifiers, and without them a persistent name is that of somebody else.
fn subject(root: &Element) -> Result<Option<NameId>, Refused> {
    let saml = Space::Saml.uri();
    let Some(subject) = root.only(saml, "Subject")? else { return Ok(None) };
    // Whoever may show the answer is for us to say, never for whoever asks (SAML profiles, 4.1.4.1).
    for unsupported in ["EncryptedID", "BaseID", "SubjectConfirmation"] {
        if subject.children().any(|child| child.is(saml, unsupported)) {
            return Err(ContentProblem::Unsupported(unsupported).into());
        }
    }
    let name = NameId::read(subject.required(saml, "NameID")?)?;
    let parts = [
        Some(&name.value),
        name.format.as_ref(),
        name.name_qualifier.as_ref(),
        name.sp_name_qualifier.as_ref(),
    ];
    for part in parts.into_iter().flatten() {
        value("NameID", part)?;
    }
    Ok(Some(name))
}

fn policy(asked: decoded::NameIdPolicy) -> NameIdPolicy {
    NameIdPolicy {
        format: asked.format,
        sp_name_qualifier: asked.sp_name_qualifier,
        allow_create: asked.allow_create.unwrap_or_default(),
    }
}

/// Only classes are understood. Whoever names a declaration must not get an answer that takes no notice of it.
fn context(asked: decoded::RequestedAuthnContext, root: &Element) -> Result<RequestedContext, Refused> {
    let element = root.required(Space::Samlp.uri(), "RequestedAuthnContext")?;
    if element.children().any(|child| child.is(Space::Saml.uri(), "AuthnContextDeclRef")) {
        return Err(ContentProblem::Unsupported("AuthnContextDeclRef").into());
    }
    let references = asked.authn_context_class_refs.unwrap_or_default();
    let classes: Vec<String> = references.into_iter().filter_map(|reference| reference.value).collect();
    if classes.is_empty() {
        return Err(ContentProblem::Missing("AuthnContextClassRef").into());
    }
    let comparison = match asked.comparison {
        None | Some(AuthnContextComparison::Exact) => Comparison::Exact,
        Some(AuthnContextComparison::Minimum) => Comparison::Minimum,
        Some(AuthnContextComparison::Maximum) => Comparison::Maximum,
        Some(AuthnContextComparison::Better) => Comparison::Better,
    };
    Ok(RequestedContext { comparison, classes })
}

/// `GetComplete` is not followed: whoever sends a request would choose an address that the server asks.
fn scoping(element: &Element) -> Result<Scoping, Refused> {
    let samlp = Space::Samlp.uri();
    let count = element.attribute("ProxyCount").map(|text| text.trim().parse::<u32>());
    let proxy_count = count.transpose().map_err(|_| ContentProblem::Value("ProxyCount"))?;
    let identity_providers = match element.only(samlp, "IDPList")? {
        Some(list) => {
            named(list, "IDPEntry", |entry| Ok(entry.required_attribute("ProviderID")?.to_owned()))?
        }
        None => Vec::new(),
    };
    // An empty list would read as "anybody", and the request has said that it is not.
    if identity_providers.is_empty() && element.children().any(|child| child.is(samlp, "IDPList")) {
        return Err(ContentProblem::Missing("IDPEntry").into());
    }
    let requesters = named(element, "RequesterID", |requester| requester.text("RequesterID"))?;
    Ok(Scoping { proxy_count, identity_providers, requesters })
}

fn named(
    element: &Element,
    local: &'static str,
    read: impl Fn(&Element) -> Result<String, Refused>,
) -> Result<Vec<String>, Refused> {
    let mut names = Vec::new();
    for child in element.children().filter(|child| child.is(Space::Samlp.uri(), local)) {
        if names.len() == MAX_NAMED {
            return Err(ContentProblem::TooMany(local).into());
        }
        let name = read(child)?;
        value(local, &name)?;
        names.push(name);
    }
    Ok(names)
}
