//! Why is an aggregate not taken, or one entity of it?

use std::{fmt, io, sync::Arc};

use super::{MAX_ENTITIES, MAX_ENTITY, MAX_TOKEN, scope};
use crate::{
    guard::{MAX_ATTRIBUTES, MAX_DEPTH, MAX_NAMESPACE, MAX_NAMESPACES},
    refused::SignatureProblem,
};

/// Why an aggregate is not taken.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {problem}")]
#[non_exhaustive]
pub struct AggregateError {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong there.
    pub problem: AggregateProblem,
}

/// What is wrong with an aggregate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AggregateProblem {
    /// It could not be read.
    #[error("the file cannot be read: {0}")]
    Io(Arc<io::Error>),
    /// More bytes than the caller allowed.
    #[error("the file has more than {0} bytes; raise the limit if it may be that large")]
    Size(u64),
    /// A tag, text or comment that would have to be kept in memory.
    #[error("a tag, a text or a comment has more than {} KiB", MAX_TOKEN >> 10)]
    Token,
    /// More entities than any federation has.
    #[error("there are more than {MAX_ENTITIES} entities")]
    Entities,
    /// Not UTF-8.
    #[error("the file is not UTF-8")]
    NotUtf8,
    /// Not well-formed.
    #[error("the file is not well-formed XML")]
    NotWellFormed,
    /// A document type, which can define entities and fetch files.
    #[error("the file has a document type (DOCTYPE), which is never read")]
    DocumentType,
    /// A processing instruction.
    #[error("the file has a processing instruction, which metadata does not need")]
    Instruction,
    /// An entity beside the five of XML.
    #[error("the file uses an entity that XML itself does not have, or a character that it cannot carry")]
    Entity,
    /// Elements nested deeper than in any real file.
    #[error("elements are nested more than {MAX_DEPTH} deep")]
    Depth,
    /// More attributes on one element than on any real one.
    #[error("an element has more than {MAX_ATTRIBUTES} attributes, or two of one name")]
    Attributes,
    /// More namespaces than in any real file.
    #[error(
        "an element declares more than {MAX_NAMESPACES} namespaces, or one of more than {MAX_NAMESPACE} bytes, or more than {} are declared around each other",
        scope::MAX_IN_SCOPE
    )]
    Namespaces,
    /// A name that XML does not allow, a long one, or a prefix that is not declared.
    #[error(
        "a name is not one of XML, is longer than {} bytes, or has a prefix that is not declared",
        scope::MAX_NAME
    )]
    Name,
    /// Something else than metadata.
    #[error("this is neither an EntitiesDescriptor nor an EntityDescriptor of SAML 2.0 metadata")]
    Root,
    /// A text between entities, or one that a comment splits.
    #[error("there is a text where none belongs, or one with a comment inside")]
    Text,
    /// `validUntil` or `cacheDuration` that cannot be read.
    #[error("validUntil is not a time, or cacheDuration is not a duration")]
    Lifetime,
    /// An element with the id of the root.
    #[error("another element has the ID of the root element, so it is not clear what is signed")]
    DuplicateId,
    /// Its signature.
    #[error(transparent)]
    Signature(#[from] SignatureProblem),
    /// The staging cannot go on, and says why.
    #[error("the entities cannot be put aside: {0}")]
    Staging(String),
}

impl AggregateProblem {
    pub(super) fn at(self, line: u64) -> AggregateError {
        AggregateError { line, problem: self }
    }
}

/// An entity that was passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// Its entity id, if it has one that can be shown.
    pub entity_id: Option<String>,
    /// The line in which it begins, from 1.
    pub line: u64,
    /// Why.
    pub why: WhySkipped,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.entity_id.as_deref().unwrap_or("an entity");
        write!(f, "line {}: {id} was skipped: {}", self.line, self.why)
    }
}

/// Why an entity was passed over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WhySkipped {
    /// Too long.
    #[error("it has more than {} KiB", MAX_ENTITY >> 10)]
    Size,
    /// No entity id, or one that is longer than SAML allows.
    #[error("its entityID is missing, or has more than 1,024 characters")]
    EntityId,
    /// An entity id that another one had before.
    #[error("another entity in front of it has the same entityID")]
    Twice,
    /// A signature of its own.
    #[error("it has a signature of its own, which nobody would check")]
    Signature,
    /// A text that a comment splits. Readers differ in what remains of it.
    #[error("a comment splits one of its texts")]
    SplitText,
    /// `validUntil` or `cacheDuration` that cannot be read.
    #[error("its validUntil is not a time, or its cacheDuration is not a duration")]
    Lifetime,
    /// What the staging said.
    #[error("{0}")]
    Staging(String),
}
