//! Is a signature built in the one way that SAML has (SAML core, 5.4)?
//!
//! A signature may say a great deal about how it wants to be checked. Nobody listens: one reference, to the element that it
//! stands in, with two known transforms. Every list of children is exact, so nothing is left to be taken by one reader and
//! passed over by another.

use uppsala::{Document, NodeId, NodeKind};

use super::{
    Enveloped,
    place::{attribute, children, id, is},
};
use crate::{
    algorithm::{Method, is_digest},
    names::{ENVELOPED, EXCLUSIVE_C14N, Space},
    refused::{Refused, SignatureProblem},
};

/// All signatures of a document, each in an element that may have one.
pub(super) fn signatures(document: &Document<'_>, places: &[NodeId]) -> Result<Vec<Enveloped>, Refused> {
    let mut found: Vec<Enveloped> = Vec::new();
    for signature in document.get_elements_by_tag_name_ns(Space::Ds.uri(), "Signature") {
        let holder = document.parent(signature).filter(|parent| places.contains(parent));
        let holder = holder.ok_or(SignatureProblem::Place)?;
        if found.iter().any(|other| other.holder == holder) {
            return Err(SignatureProblem::Second.into());
        }
        let Shape { key_info, method } = read(document, id(document, holder), signature)?;
        found.push(Enveloped { holder, signature, key_info, method });
    }
    Ok(found)
}

/// What a signature of the right shape has in it.
pub(super) struct Shape {
    key_info: Option<NodeId>,
    pub(super) method: Method,
}

/// Reads a signature that must refer to the element with this id.
pub(super) fn read(document: &Document<'_>, id: Option<&str>, signature: NodeId) -> Result<Shape, Refused> {
    refuse_text(document, signature)?;
    let (signed_info, key_info) = match children(document, signature).as_slice() {
        [signed_info, value] => ([*signed_info, *value], None),
        [signed_info, value, key_info] => ([*signed_info, *value], Some(*key_info)),
        _ => return Err(SignatureProblem::Shape.into()),
    };
    let [signed_info, value] = signed_info;
    named(document, signed_info, "SignedInfo", &[])?;
    named(document, value, "SignatureValue", &[])?;
    only_text(document, value)?;
    if let Some(key_info) = key_info {
        named(document, key_info, "KeyInfo", &[])?;
    }
    let method = read_signed_info(document, id, signed_info)?;
    Ok(Shape { key_info, method })
}

fn read_signed_info(document: &Document<'_>, id: Option<&str>, node: NodeId) -> Result<Method, Refused> {
    let [c14n, method, reference] = exactly(document, node)?;
    named(document, c14n, "CanonicalizationMethod", &["Algorithm"])?;
    named(document, method, "SignatureMethod", &["Algorithm"])?;
    named(document, reference, "Reference", &["URI"])?;
    // HMACOutputLength would stand in here, and cut the signature to a bit (CVE-2009-0217).
    let [] = exactly(document, c14n)?;
    let [] = exactly(document, method)?;
    if algorithm(document, c14n) != EXCLUSIVE_C14N {
        return Err(SignatureProblem::Algorithm.into());
    }
    let method = Method::of(algorithm(document, method)).ok_or(SignatureProblem::Algorithm)?;
    read_reference(document, id, reference)?;
    Ok(method)
}

fn read_reference(document: &Document<'_>, id: Option<&str>, reference: NodeId) -> Result<(), Refused> {
    // An empty URI means the whole document, and an id of another element that element: what is read must be what is
    // signed, and that is the element around the signature.
    let target = attribute(document, reference, "URI").and_then(|uri| uri.strip_prefix('#'));
    if target.is_none() || target != id {
        return Err(SignatureProblem::Reference.into());
    }
    let [transforms, digest, value] = exactly(document, reference)?;
    named(document, transforms, "Transforms", &[])?;
    named(document, digest, "DigestMethod", &["Algorithm"])?;
    named(document, value, "DigestValue", &[])?;
    only_text(document, value)?;
    let [] = exactly(document, digest)?;
    if !is_digest(algorithm(document, digest)) {
        return Err(SignatureProblem::Algorithm.into());
    }
    // Other transforms (XPath, XSLT) choose what is signed, and some of them are programs.
    let [enveloped, c14n] = exactly(document, transforms)?;
    named(document, enveloped, "Transform", &["Algorithm"])?;
    named(document, c14n, "Transform", &["Algorithm"])?;
    let [] = exactly(document, enveloped)?;
    if algorithm(document, enveloped) != ENVELOPED || algorithm(document, c14n) != EXCLUSIVE_C14N {
        return Err(SignatureProblem::Algorithm.into());
    }
    prefixes(document, c14n)
}

/// Prefixes that are kept although only values use them: some products name `xs` here, for `xsi:type`.
fn prefixes(document: &Document<'_>, c14n: NodeId) -> Result<(), Refused> {
    refuse_text(document, c14n)?;
    match children(document, c14n).as_slice() {
        [] => Ok(()),
        [list] => {
            let [] = exactly(document, *list)?;
            let element = document.element(*list).ok_or(SignatureProblem::Shape)?;
            let right = element.matches_name_ns(EXCLUSIVE_C14N, "InclusiveNamespaces")
                && has_attributes(document, *list, &["PrefixList"]);
            if right { Ok(()) } else { Err(SignatureProblem::Shape.into()) }
        }
        _ => Err(SignatureProblem::Shape.into()),
    }
}

/// Exactly so many children, and no text between them.
fn exactly<const N: usize>(document: &Document<'_>, node: NodeId) -> Result<[NodeId; N], Refused> {
    refuse_text(document, node)?;
    children(document, node).try_into().map_err(|_| SignatureProblem::Shape.into())
}

/// An element of this name, with exactly these attributes.
fn named(
    document: &Document<'_>,
    node: NodeId,
    local: &str,
    attributes: &[&str],
) -> Result<(), SignatureProblem> {
    let right = is(document, node, Space::Ds, local) && has_attributes(document, node, attributes);
    if right { Ok(()) } else { Err(SignatureProblem::Shape) }
}

fn has_attributes(document: &Document<'_>, node: NodeId, names: &[&str]) -> bool {
    let count = document.element(node).map_or(0, |element| element.attributes.len());
    count == names.len() && names.iter().all(|name| attribute(document, node, name).is_some())
}

fn algorithm<'d>(document: &'d Document<'_>, node: NodeId) -> &'d str {
    attribute(document, node, "Algorithm").unwrap_or_default()
}

fn refuse_text(document: &Document<'_>, node: NodeId) -> Result<(), SignatureProblem> {
    let is_blank = |child| match document.node_kind(child) {
        Some(NodeKind::Text(text)) => text.trim().is_empty(),
        _ => true,
    };
    if document.children_iter(node).all(is_blank) { Ok(()) } else { Err(SignatureProblem::Shape) }
}

fn only_text(document: &Document<'_>, node: NodeId) -> Result<(), SignatureProblem> {
    if children(document, node).is_empty() { Ok(()) } else { Err(SignatureProblem::Shape) }
}
