//! Messages of SAML 2.0: how are they written, signed, encrypted, and read without what makes XML and its signatures
//! dangerous?
//!
//! - What is sent is a tree of [`Response`], [`LogoutRequest`], [`ArtifactResponse`], [`Metadata`] and their parts. One writer
//!   turns it into text, in the exclusive canonical form, so that a [`Signer`] signs exactly what it wrote.
//! - What arrives goes through [`open`]: a strict scan, a strict parser, one shape of signature. Only [`Unchecked::check`]
//!   makes a [`Message`] of it, and a message holds nothing but what was signed.
//! - [`aggregate`] reads the metadata of a federation, however long, in one pass.
//! - [`certificate`] makes a certificate for a key of ours.
//! - [`redirect`] and [`post`] are the bindings by which messages travel; [`Encryption`] is for one service provider.
//!
//! Keys of others come from their metadata alone ([`PeerKeys`]); a key that stands inside a message is never looked at.
//!
//! **Time, addresses and repeats are not judged here.** `IssueInstant`, `NotOnOrAfter`, `Destination`, `InResponseTo` and ids
//! are read and handed over: this crate has no clock and no store, the server has both.

mod address;
pub mod aggregate;
mod algorithm;
pub mod certificate;
mod decode;
mod element;
mod encrypt;
mod guard;
mod id;
mod keys;
mod message;
mod metadata;
mod names;
pub mod post;
mod provider;
pub mod redirect;
mod refused;
mod request;
mod sign;
mod time;
mod writer;

pub use encrypt::{Cipher, Encryption, EncryptionKey, Transport};
pub use guard::{Kind, MAX_MESSAGE, Message, Trust, Unchecked, Wrapping, open};
pub use id::fresh_id;
pub use keys::{KeyError, PeerKeys};
pub use message::{
    ArtifactResolve, ArtifactResponse, Assertion, Attribute, AuthnStatement, Bearer, Conditions, Head,
    LogoutRequest, LogoutResponse, NameId, Protection, Response, Signed, Status, Subject,
};
pub use metadata::{Contact, Endpoint, Localized, Logo, Metadata, Organization, UiInfo};
pub use names::{binding, context, name_format, name_id, status};
pub use provider::{
    AttributeService, Consumer, EncryptionCertificate, LogoutService, RequestedAttribute, ServiceProvider,
    ServiceUi,
};
pub use refused::{ContentProblem, QueryProblem, Refused, SignatureProblem, XmlProblem};
pub use request::{AskedConsumer, AuthnRequest, Comparison, NameIdPolicy, RequestedContext, Scoping};
pub use sign::Signer;
pub use writer::WriteError;
