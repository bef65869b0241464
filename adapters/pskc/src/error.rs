//! What can be wrong with a container, and where does it stand?

use std::io;

/// Why a container is not read, and in which line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ReadError {
    /// The line, from 1.
    pub line: u32,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with a line. No secret and no value of the file is in the sentence, but names of elements are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The file is larger than anything that is read.
    #[error("the file has more than {} MiB; split it into several containers", crate::MAX_FILE >> 20)]
    TooLarge,
    /// Not UTF-8, or declared to be something else.
    #[error("the text is not UTF-8; save the file as UTF-8")]
    NotUtf8,
    /// A character that XML does not have.
    #[error("there is a control character, which XML does not allow; remove it")]
    Control,
    /// Not well-formed.
    #[error("this is not well-formed XML: {0}")]
    Xml(String),
    /// A document type, which could define entities and fetch files.
    #[error("a document type (DOCTYPE) is never read, because it can define entities; remove it")]
    DocumentType,
    /// An entity beside the five.
    #[error("only the entities amp, lt, gt, quot and apos are known; write the characters themselves")]
    Entity,
    /// A processing instruction.
    #[error("processing instructions are not read; remove it")]
    Instruction,
    /// Larger or deeper than any real container.
    #[error("{0}; no container needs that")]
    Limit(&'static str),
    /// An element that the format does not have here.
    #[error("{0} has no place here; this program does not know what it means, so it takes none of the file")]
    Unexpected(String),
    /// Something that must be there is missing.
    #[error("{inside} needs {missing}")]
    Missing {
        /// Where.
        inside: String,
        /// What.
        missing: &'static str,
    },
    /// What may be there once is there again.
    #[error("{0} is here a second time, and only one of them can be meant; remove the other")]
    Twice(String),
    /// A value that cannot be.
    #[error("{what} must be {must}")]
    Value {
        /// Of what.
        what: String,
        /// What it must be.
        must: &'static str,
    },
    /// Something that RFC 6030 allows and this crate does not do.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// It is encrypted, and nobody said with what.
    #[error("the container is encrypted; give its key or password")]
    Locked,
    /// A key or a password for a container that is not encrypted with one.
    #[error("the container is not encrypted with {0}; look again at what the vendor sent")]
    NotLocked(&'static str),
    /// A secret in plain although the container is encrypted.
    #[error("this secret is not encrypted, but the container is: somebody may have put it there")]
    PlainSecret,
    /// Encrypted in CBC mode without a MAC.
    #[error(
        "this value is encrypted without a MAC, so anybody could have changed it; ask for a container with MACMethod"
    )]
    WithoutMac,
    /// The MAC or the padding is wrong: one answer for both.
    #[error("the key or password is not the right one, or the value was changed")]
    Unopened,
}

impl Problem {
    pub(crate) fn at(self, line: u32) -> ReadError {
        ReadError { line, problem: self }
    }
}

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The system does not give it.
    #[error("the file cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is too large, and was not read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Why a container is not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Not a key of AES.
    #[error("a pre-shared key has 16, 24 or 32 bytes")]
    KeyLength,
    /// The cryptographic library did not do it.
    #[error("the key cannot be encrypted")]
    Crypto,
}
