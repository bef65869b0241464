//! Does everything stand where it belongs: the message, its ids, what may be signed?

use std::collections::HashSet;

use uppsala::{Document, NodeId, NodeKind};

use super::{MAX_NAMESPACE, MAX_NAMESPACES};
use crate::{
    names::Space,
    refused::{ContentProblem, Refused, XmlProblem},
};

/// A kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A service provider asks who somebody is.
    AuthnRequest,
    /// The answer.
    Response,
    /// Somebody is to be signed out.
    LogoutRequest,
    /// The answer.
    LogoutResponse,
    /// An artifact is to be exchanged for the message behind it.
    ArtifactResolve,
    /// The answer.
    ArtifactResponse,
    /// What one provider says of itself.
    EntityDescriptor,
}

impl Kind {
    pub(crate) const fn space(self) -> Space {
        match self {
            Self::EntityDescriptor => Space::Md,
            _ => Space::Samlp,
        }
    }

    pub(crate) const fn local(self) -> &'static str {
        match self {
            Self::AuthnRequest => "AuthnRequest",
            Self::Response => "Response",
            Self::LogoutRequest => "LogoutRequest",
            Self::LogoutResponse => "LogoutResponse",
            Self::ArtifactResolve => "ArtifactResolve",
            Self::ArtifactResponse => "ArtifactResponse",
            Self::EntityDescriptor => "EntityDescriptor",
        }
    }
}

/// What is around a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrapping {
    /// Nothing: it is the root element.
    None,
    /// A SOAP envelope (SAML bindings, 3.2).
    Soap,
}

/// Whether an element has this name. Names are compared with their namespace, never by prefix.
pub(super) fn is(document: &Document<'_>, node: NodeId, space: Space, local: &str) -> bool {
    document.element(node).is_some_and(|element| element.matches_name_ns(space.uri(), local))
}

/// The elements in an element.
pub(super) fn children(document: &Document<'_>, node: NodeId) -> Vec<NodeId> {
    document.children_iter(node).filter(|child| document.element(*child).is_some()).collect()
}

/// The value of an attribute without a namespace.
pub(super) fn attribute<'d>(document: &'d Document<'_>, node: NodeId, local: &str) -> Option<&'d str> {
    let mut attributes = document.element(node)?.attributes.iter();
    attributes.find(|it| it.name.namespace_uri.is_none() && it.name.local_name == local).map(|it| &*it.value)
}

/// Few namespaces, with short names. The canonical form repeats a declaration wherever it is used first, so that a long
/// name that was declared once would be written thousands of times.
pub(super) fn check_namespaces(document: &Document<'_>) -> Result<(), Refused> {
    let is_fine = |node| {
        let Some(element) = document.element(node) else { return true };
        let declared = &element.namespace_declarations;
        declared.len() <= MAX_NAMESPACES && declared.iter().all(|(_, uri)| uri.len() <= MAX_NAMESPACE)
    };
    let all_fine = document.descendants(document.root()).into_iter().all(is_fine);
    if all_fine { Ok(()) } else { Err(XmlProblem::Namespaces.into()) }
}

/// Every id once. Of two elements with one id, the signature would be checked over one and the other would be read.
pub(super) fn check_ids(document: &Document<'_>) -> Result<(), Refused> {
    let mut seen = HashSet::new();
    for node in document.descendants(document.root()) {
        let Some(element) = document.element(node) else { continue };
        for attribute in &element.attributes {
            // Whatever any reader may take for an id.
            let is_id = ["ID", "Id", "id", "AssertionID"].contains(&&*attribute.name.local_name);
            if is_id && !seen.insert(&*attribute.value) {
                return Err(XmlProblem::DuplicateId.into());
            }
        }
    }
    Ok(())
}

/// The message that was asked for.
pub(super) fn message(document: &Document<'_>, kind: Kind, wrapping: Wrapping) -> Result<NodeId, Refused> {
    let root = document.document_element().ok_or(XmlProblem::Root)?;
    let message = match wrapping {
        Wrapping::None => root,
        Wrapping::Soap => in_envelope(document, root)?,
    };
    if !is(document, message, kind.space(), kind.local()) {
        return Err(XmlProblem::Root.into());
    }
    if kind != Kind::EntityDescriptor && id(document, message).is_none() {
        return Err(XmlProblem::NoId.into());
    }
    Ok(message)
}

fn in_envelope(document: &Document<'_>, root: NodeId) -> Result<NodeId, Refused> {
    let parts = children(document, root);
    let (header, body) = match parts.as_slice() {
        [body] => (None, *body),
        [header, body] => (Some(*header), *body),
        _ => return Err(XmlProblem::Envelope.into()),
    };
    let is_envelope = is(document, root, Space::Soap, "Envelope") && is(document, body, Space::Soap, "Body");
    let is_header = |header| {
        // What must be understood says how the message is to be read, and nobody here would obey.
        let passable = |block: &NodeId| {
            let block = document.element(*block);
            block.is_some_and(|block| block.get_attribute_ns(Space::Soap.uri(), "mustUnderstand").is_none())
        };
        is(document, header, Space::Soap, "Header") && children(document, header).iter().all(passable)
    };
    match (children(document, body).as_slice(), is_envelope && header.is_none_or(is_header)) {
        ([message], true) => Ok(*message),
        _ => Err(XmlProblem::Envelope.into()),
    }
}

/// The id of an element, if it has one.
pub(super) fn id<'d>(document: &'d Document<'_>, node: NodeId) -> Option<&'d str> {
    attribute(document, node, "ID").filter(|id| !id.is_empty())
}

/// The message, and the elements inside that may carry a signature of their own, from the outside in.
pub(super) fn signable(document: &Document<'_>, message: NodeId, kind: Kind) -> Result<Vec<NodeId>, Refused> {
    let mut places = vec![message];
    let mut response = (kind == Kind::Response).then_some(message);
    if kind == Kind::ArtifactResponse {
        let inner = |node: &NodeId| is(document, *node, Space::Samlp, Kind::Response.local());
        response = children(document, message).into_iter().find(inner);
        places.extend(response);
    }
    let Some(response) = response else { return Ok(places) };
    let is_assertion = |node: &NodeId| is(document, *node, Space::Saml, "Assertion");
    // A second assertion beside the one that was signed is how signatures are wrapped: one of the two is checked, the other
    // one is read.
    match document.descendants(message).into_iter().filter(is_assertion).collect::<Vec<_>>().as_slice() {
        [] => Ok(places),
        [assertion] if document.parent(*assertion) == Some(response) => {
            places.push(*assertion);
            Ok(places)
        }
        _ => Err(XmlProblem::Assertions.into()),
    }
}

/// The text of the issuer of a message.
pub(super) fn issuer(document: &Document<'_>, message: NodeId) -> Result<Option<String>, Refused> {
    let is_issuer = |node: &NodeId| is(document, *node, Space::Saml, "Issuer");
    let found: Vec<NodeId> = children(document, message).into_iter().filter(is_issuer).collect();
    match found.as_slice() {
        [] => Ok(None),
        [issuer] => text(document, *issuer).map(Some).ok_or_else(|| ContentProblem::NotText("Issuer").into()),
        _ => Err(ContentProblem::Twice("Issuer").into()),
    }
}

/// The text of an element that holds nothing but text, without white space around it.
pub(super) fn text(document: &Document<'_>, node: NodeId) -> Option<String> {
    let mut all = String::new();
    for child in document.children_iter(node) {
        match document.node_kind(child) {
            Some(NodeKind::Text(text)) => all.push_str(text),
            _ => return None,
        }
    }
    Some(all.trim().to_owned())
}
