//! What does a signature promise, when the element that it signs is too large to be kept beside it?

use aws_lc_rs::digest;
use data_encoding::BASE64;
use uppsala::{Document, NodeId};

use super::{
    NO_PREFIXES, parse,
    place::{attribute, children, text},
    shape,
};
use crate::{
    algorithm::{self, Method},
    refused::{Refused, SignatureProblem},
};
use bergshamra_c14n::{C14nMode, canonicalize_doc};
use bergshamra_xml::nodeset::NodeSet;

/// A signature of the right shape, which refers to the right element. Nobody has checked it.
pub(crate) struct Detached {
    pub(crate) method: Method,
    /// The canonical text of `SignedInfo`, which is what the key signed.
    pub(crate) signed_info: String,
    pub(crate) signature: Vec<u8>,
    pub(crate) digest: &'static digest::Algorithm,
    pub(crate) digest_value: Vec<u8>,
    /// The prefixes that the canonical form keeps; the default one is empty.
    pub(crate) prefixes: Vec<String>,
}

/// Reads the text of a `Signature` that must refer to this id.
pub(crate) fn detached(signature: &str, id: &str) -> Result<Detached, SignatureProblem> {
    let document = parse(signature).map_err(|_| SignatureProblem::Shape)?;
    let root = document.document_element().ok_or(SignatureProblem::Shape)?;
    let found = shape::read(&document, Some(id), root).map_err(|refused| match refused {
        Refused::Signature(problem) => problem,
        _ => SignatureProblem::Shape,
    })?;
    // The shape is exact, so these are what they are by their places.
    let [signed_info, value, ..] = children(&document, root)[..] else { return Err(SignatureProblem::Shape) };
    let [_, _, reference] = children(&document, signed_info)[..] else { return Err(SignatureProblem::Shape) };
    let [transforms, digest, digest_value] = children(&document, reference)[..] else {
        return Err(SignatureProblem::Shape);
    };
    let digest = attribute(&document, digest, "Algorithm").and_then(algorithm::digest);
    Ok(Detached {
        method: found.method,
        signed_info: canonical(&document, signed_info)?,
        signature: base64(&document, value)?,
        digest: digest.ok_or(SignatureProblem::Algorithm)?,
        digest_value: base64(&document, digest_value)?,
        prefixes: prefixes(&document, transforms),
    })
}

fn canonical(document: &Document<'_>, node: NodeId) -> Result<String, SignatureProblem> {
    let nodes = NodeSet::tree_without_comments(node, document);
    let bytes = canonicalize_doc(document, C14nMode::Exclusive, Some(&nodes), &NO_PREFIXES);
    let bytes = bytes.map_err(|_| SignatureProblem::Shape)?;
    String::from_utf8(bytes).map_err(|_| SignatureProblem::Shape)
}

fn base64(document: &Document<'_>, node: NodeId) -> Result<Vec<u8>, SignatureProblem> {
    let text = text(document, node).ok_or(SignatureProblem::Shape)?;
    let text: String = text.split_ascii_whitespace().collect();
    BASE64.decode(text.as_bytes()).map_err(|_| SignatureProblem::Shape)
}

fn prefixes(document: &Document<'_>, transforms: NodeId) -> Vec<String> {
    let lists =
        children(document, transforms).into_iter().flat_map(|transform| children(document, transform));
    let list = lists.filter_map(|list| attribute(document, list, "PrefixList")).next().unwrap_or_default();
    let prefix = |name: &str| if name == "#default" { String::new() } else { name.to_owned() };
    list.split_ascii_whitespace().map(prefix).collect()
}
