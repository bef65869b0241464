//! Why is a message not taken?

/// Why a message is not taken. No sentence repeats a value of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// Its text.
    #[error(transparent)]
    Xml(#[from] XmlProblem),
    /// Its signature.
    #[error(transparent)]
    Signature(#[from] SignatureProblem),
    /// The query or the form that it came in.
    #[error(transparent)]
    Query(#[from] QueryProblem),
    /// What it says.
    #[error(transparent)]
    Content(#[from] ContentProblem),
}

/// What is wrong with the text of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum XmlProblem {
    /// Longer than any real message.
    #[error("the message has more than {} KiB", crate::MAX_MESSAGE >> 10)]
    Size,
    /// Not UTF-8.
    #[error("the message is not UTF-8")]
    NotUtf8,
    /// A document type, which can define entities and fetch files.
    #[error("the message has a document type (DOCTYPE), which is never read")]
    DocumentType,
    /// A comment. Readers differ in what remains of a text that a comment splits.
    #[error("the message has a comment, which no message needs")]
    Comment,
    /// A processing instruction.
    #[error("the message has a processing instruction, which no message needs")]
    Instruction,
    /// A CDATA section.
    #[error("the message has a CDATA section, which no message needs")]
    CharacterData,
    /// Elements nested deeper than in any real message.
    #[error("elements are nested more than {} deep", crate::guard::MAX_DEPTH)]
    Depth,
    /// More elements than any real message.
    #[error("the message has more than {} elements", crate::guard::MAX_ELEMENTS)]
    Elements,
    /// More attributes on one element than on any real one.
    #[error("an element has more than {} attributes", crate::guard::MAX_ATTRIBUTES)]
    Attributes,
    /// More namespace declarations on one element than on any real one, or a longer one.
    #[error(
        "an element declares more than {} namespaces, or one of more than {} bytes",
        crate::guard::MAX_NAMESPACES,
        crate::guard::MAX_NAMESPACE
    )]
    Namespaces,
    /// Not well-formed, with the line.
    #[error("the message is not well-formed XML (line {0})")]
    NotWellFormed(usize),
    /// Another element than the one that was asked for.
    #[error("this is not the message that belongs here")]
    Root,
    /// Not an envelope with one message in its body.
    #[error("the SOAP envelope does not hold exactly one message, or has a header that must be understood")]
    Envelope,
    /// Two elements with one id.
    #[error("two elements have the same ID")]
    DuplicateId,
    /// No id.
    #[error("the message has no ID")]
    NoId,
    /// Several assertions where one signature must cover what is read.
    #[error("the response has more than one assertion")]
    Assertions,
}

/// What is wrong with the signature of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureProblem {
    /// There is none.
    #[error("the message must be signed and is not")]
    Missing,
    /// There is one, and no key to check it with.
    #[error("the message is signed, but no signing key of its sender is known; its metadata must have one")]
    NoKey,
    /// It stands where it does not sign the element around it.
    #[error("a signature stands in a place where it signs nothing that is read")]
    Place,
    /// Two in one element.
    #[error("an element has two signatures")]
    Second,
    /// Built in another way than the one that SAML has (SAML core, 5.4).
    #[error("the signature is not built as SAML wants it")]
    Shape,
    /// An algorithm that is weak, or is not for signatures of others.
    #[error("the signature uses an algorithm that is not taken; sign with SHA-256 and RSA or ECDSA")]
    Algorithm,
    /// It refers to something else than the element that it stands in.
    #[error("the signature does not refer to the element that it stands in")]
    Reference,
    /// It is not right.
    #[error("the signature was not made by a key of the sender over this message")]
    Wrong,
}

/// What is wrong with the query or the form that a message came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryProblem {
    /// Longer than any real one.
    #[error("the query has more than {} KiB", crate::redirect::MAX_QUERY >> 10)]
    Size,
    /// A parameter that is there twice, or under a disguised name.
    #[error("the parameter {0} is there twice, or its name is encoded")]
    Twice(&'static str),
    /// A parameter that must be there.
    #[error("the parameter {0} is missing")]
    Missing(&'static str),
    /// A parameter that cannot be decoded.
    #[error("the parameter {0} cannot be decoded")]
    Encoding(&'static str),
    /// More than any real message, once it is inflated.
    #[error("the message has more than {} KiB once it is inflated", crate::redirect::MAX_INFLATED >> 10)]
    Inflated,
    /// A signature inside a message whose signature belongs into the query (SAML bindings, 3.4.4.1).
    #[error("a message in a query must not have a signature inside")]
    Enveloped,
}

/// What is wrong with what a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContentProblem {
    /// Something that must be there.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// Something that may be there once.
    #[error("{0} is there twice")]
    Twice(&'static str),
    /// Elements where a text belongs.
    #[error("{0} must be a text")]
    NotText(&'static str),
    /// A value that cannot be.
    #[error("{0} has a value that it cannot have")]
    Value(&'static str),
    /// Something that is not understood here.
    #[error("{0} is not supported here")]
    Unsupported(&'static str),
    /// More of something than anybody needs.
    #[error("there are more of {0} than are read")]
    TooMany(&'static str),
    /// Two things of which each one rules out the other.
    #[error("{0} and {1} rule each other out")]
    Together(&'static str, &'static str),
    /// An address that nothing is sent to.
    #[error(
        "{0} has an address that nothing is sent to; it must begin with https:// and have no password and no fragment"
    )]
    Address(&'static str),
    /// Metadata of something else: an identity provider, a group, or a service provider of SAML 1.1.
    #[error("this is no service provider of SAML 2.0: no SPSSODescriptor names its protocol")]
    NoServiceProvider,
    /// A service provider that no answer can be sent to.
    #[error(
        "the service provider takes no answers by HTTP-POST or HTTP-Artifact at an https address; its metadata needs such an \
         AssertionConsumerService"
    )]
    NoConsumer,
    /// A key of its own that cannot be used.
    #[error("a KeyDescriptor of the metadata: {0}")]
    Key(#[from] crate::KeyError),
}
