//! What of a message from outside may be believed?
//!
//! XML and its signatures are dangerous in what they allow, not in what they are used for. So a message is taken in steps,
//! and each step only allows what SAML needs:
//!
//! 1. [`scan`]: size, depth, number of elements and attributes, no DOCTYPE, comment, instruction or CDATA. It comes first,
//!    because a parser that looks for duplicate attributes takes quadratic time.
//! 2. A strict parser with namespaces, which reads no document type and knows the five entities.
//! 3. [`place`]: the root element, every ID once, and signatures only where they sign what will be read.
//! 4. [`shape`]: each signature is built in the one way that SAML has.
//! 5. The signature itself, with the known keys of the peer.
//! 6. What was signed is cut out, made canonical and parsed again. Everything that is read later is read from there: a
//!    [`Message`] has nothing in it that was not signed, so nothing can be moved around the signature (signature wrapping).

mod detached;
mod place;
mod scan;
mod shape;

use bergshamra_c14n::{C14nMode, canonicalize_doc};
use bergshamra_dsig::verify::{VerifyResult, verify_document};
use bergshamra_xml::nodeset::NodeSet;
use uppsala::{Document, NodeId, Parser, XmlError};

pub(crate) use detached::detached;
pub use place::{Kind, Wrapping};

use crate::{
    algorithm::Method,
    element::Element,
    keys::PeerKeys,
    names::Space,
    refused::{QueryProblem, Refused, SignatureProblem, XmlProblem},
};

/// The longest message that is read, in bytes.
pub const MAX_MESSAGE: usize = 256 * 1024;
/// How deep elements may stand in each other. A signed assertion in a response in an envelope needs 12.
pub(crate) const MAX_DEPTH: usize = 48;
/// How many elements there may be. A response with a hundred attributes has 300.
pub(crate) const MAX_ELEMENTS: usize = 4_096;
/// How many attributes an element may have, its namespace declarations among them. An AuthnRequest has 12.
pub(crate) const MAX_ATTRIBUTES: usize = 48;
/// How many namespaces an element may declare.
pub(crate) const MAX_NAMESPACES: usize = 24;
/// The longest name of a namespace, in bytes.
pub(crate) const MAX_NAMESPACE: usize = 256;

/// Nothing here reads prefixes in values, so none is kept for their sake.
const NO_PREFIXES: [&str; 0] = [];

/// Who must have signed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Trust<'k> {
    /// One of these keys.
    Required(&'k PeerKeys),
    /// One of these keys, or nobody. A signature that is there must be right all the same: a peer that signs and whose
    /// signature nobody could check would believe itself protected.
    Optional(&'k PeerKeys),
}

impl<'k> Trust<'k> {
    pub(crate) fn keys(self) -> &'k PeerKeys {
        match self {
            Self::Required(keys) | Self::Optional(keys) => keys,
        }
    }

    pub(crate) fn is_required(self) -> bool {
        matches!(self, Self::Required(_))
    }
}

/// A message whose signature nobody has looked at. It only says who claims to have sent it.
pub struct Unchecked<'a> {
    document: Document<'a>,
    /// The message, and the elements inside of it that may be signed on their own, from the outside in.
    places: Vec<NodeId>,
    signatures: Vec<Enveloped>,
    issuer: Option<String>,
}

impl std::fmt::Debug for Unchecked<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Unchecked({} signatures)", self.signatures.len())
    }
}

/// A signature of the right shape, with the element that it stands in.
#[derive(Clone, Copy)]
struct Enveloped {
    holder: NodeId,
    signature: NodeId,
    key_info: Option<NodeId>,
    method: Method,
}

/// Reads a message so far that its sender can be looked up.
///
/// # Errors
/// [`Refused`] says what is wrong with it.
pub fn open(text: &str, kind: Kind, wrapping: Wrapping) -> Result<Unchecked<'_>, Refused> {
    let document = parse(text)?;
    place::check_ids(&document)?;
    let message = place::message(&document, kind, wrapping)?;
    let places = place::signable(&document, message, kind)?;
    let signatures = shape::signatures(&document, &places)?;
    let issuer = place::issuer(&document, message)?;
    Ok(Unchecked { document, places, signatures, issuer })
}

/// The tree of a text that the scan has passed.
fn parse(text: &str) -> Result<Document<'_>, Refused> {
    scan::scan(text)?;
    let depth = u32::try_from(MAX_DEPTH).unwrap_or(u32::MAX);
    // The scan has refused a DOCTYPE already. The parser is told too, so that no slip of the scan opens it.
    let parser = Parser::new().with_forbid_dtd(true).with_max_depth(depth);
    let document = parser.parse(text).map_err(|error| XmlProblem::NotWellFormed(line(&error)))?;
    place::check_namespaces(&document)?;
    Ok(document)
}

fn line(error: &XmlError) -> usize {
    match error {
        XmlError::WellFormedness(error) => error.line,
        XmlError::Namespace(error) => error.line,
        XmlError::Parse(error) => error.line,
        _ => 0,
    }
}

impl Unchecked<'_> {
    /// Who claims to have sent it: `Issuer`. Only good for looking up whose keys to check with.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// Checks every signature, and hands over what was signed and nothing else.
    ///
    /// # Errors
    /// [`Refused`] if it is not signed and must be, or if a signature is not right.
    pub fn check(mut self, trust: Trust<'_>) -> Result<Message, Refused> {
        let outermost =
            self.places.iter().find(|place| self.signatures.iter().any(|it| it.holder == **place));
        let whole = self.places.first().copied().ok_or(XmlProblem::Root)?;
        let target = match (outermost.copied(), trust.is_required()) {
            (None, true) => return Err(SignatureProblem::Missing.into()),
            (Some(signed), true) => signed,
            (_, false) => whole,
        };
        let is_signed = outermost.copied() == Some(target);
        self.verify(trust.keys())?;
        self.message(target, is_signed)
    }

    /// What is read from now on: cut out, made canonical, and parsed again.
    fn message(&self, target: NodeId, is_signed: bool) -> Result<Message, Refused> {
        let text = self.canonical(target)?;
        let document = parse(&text)?;
        let root = document.document_element().and_then(|root| Element::of(&document, root));
        let root = root.ok_or(XmlProblem::Root)?;
        Ok(Message { root, text, is_signed })
    }

    /// The message, if nothing inside of it is signed: its signature stands beside it.
    pub(crate) fn without_signature(self) -> Result<Message, Refused> {
        if self.signatures.is_empty() {
            let whole = self.places.first().copied().ok_or(XmlProblem::Root)?;
            return self.message(whole, false);
        }
        Err(QueryProblem::Enveloped.into())
    }

    /// Checks all signatures, from the outside in, and takes them out.
    fn verify(&mut self, keys: &PeerKeys) -> Result<(), Refused> {
        let found = std::mem::take(&mut self.signatures);
        if !found.is_empty() && keys.is_empty() {
            return Err(SignatureProblem::NoKey.into());
        }
        let from_outside = self.places.iter().flat_map(|place| found.iter().filter(|it| it.holder == *place));
        for enveloped in from_outside {
            if !keys.has_one_for(enveloped.method) {
                return Err(SignatureProblem::Algorithm.into());
            }
            // KeyInfo is not signed, and it names a key that the sender chose. It is gone before anybody could follow it.
            if let Some(key_info) = enveloped.key_info {
                self.document.detach(key_info);
            }
            let result =
                verify_document(keys.context(), &self.document).map_err(|_| SignatureProblem::Wrong)?;
            if !covers(&result, enveloped) {
                return Err(SignatureProblem::Wrong.into());
            }
            self.document.detach(enveloped.signature);
        }
        Ok(())
    }

    /// The canonical text of an element, from which the signatures are gone.
    fn canonical(&self, target: NodeId) -> Result<String, Refused> {
        let nodes = NodeSet::tree_without_comments(target, &self.document);
        let bytes = canonicalize_doc(&self.document, C14nMode::Exclusive, Some(&nodes), &NO_PREFIXES);
        let bytes = bytes.map_err(|_| XmlProblem::Root)?;
        String::from_utf8(bytes).map_err(|_| XmlProblem::NotUtf8.into())
    }
}

/// Whether this signature was found right, over the element that it stands in and over nothing else.
fn covers(result: &VerifyResult, enveloped: &Enveloped) -> bool {
    let VerifyResult::Valid { signature_node, references, .. } = result else { return false };
    let [reference] = references.as_slice() else { return false };
    *signature_node == enveloped.signature
        && reference.digest_verified
        && reference.resolved_node == Some(enveloped.holder)
}

/// A message, of which everything that is in it was checked as [`Trust`] wanted it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    root: Element,
    text: String,
    is_signed: bool,
}

impl Message {
    /// Whether somebody signed all of it.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        self.is_signed
    }

    /// What was checked, as canonical XML without its signatures. Never what arrived.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.text
    }

    /// The message, whatever it is.
    pub(crate) fn root(&self) -> &Element {
        &self.root
    }

    /// The message, if it is of this kind; otherwise the wrong one would be read, or only a part was signed.
    pub(crate) fn of(&self, kind: Kind) -> Result<&Element, Refused> {
        let is = self.root.is(kind.space().uri(), kind.local());
        if is { Ok(&self.root) } else { Err(XmlProblem::Root.into()) }
    }

    /// Who sent it: `Issuer`.
    ///
    /// # Errors
    /// [`Refused`] if it does not say so exactly once.
    pub fn issuer(&self) -> Result<String, Refused> {
        self.root.required(Space::Saml.uri(), "Issuer")?.text("Issuer")
    }

    /// Of a message whose signature stood beside it and was found right.
    pub(crate) fn signed_outside(self) -> Self {
        Self { is_signed: true, ..self }
    }
}

/// The tree of a text of ours that was stored, such as the message behind an artifact.
pub(crate) fn read_own(text: &str) -> Option<Element> {
    let document = parse(text).ok()?;
    Element::of(&document, document.document_element()?)
}
