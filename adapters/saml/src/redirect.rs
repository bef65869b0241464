//! How does a message travel in a query (HTTP-Redirect, SAML bindings, 3.4)?
//!
//! The signature is over the query as it was sent: `SAMLRequest=…&RelayState=…&SigAlg=…`, still percent-encoded. Whoever
//! decodes and encodes again gets other bytes from senders that write `%2f` or `%20`, so nothing is encoded again here: the
//! slices of the query are what is checked, and only what was checked is decoded.

mod deflate;
mod query;

use data_encoding::BASE64;

pub use deflate::MAX_INFLATED;
pub use query::MAX_QUERY;
use query::{Parameters, decode, decode_form, encode};

use crate::{
    algorithm::Method,
    guard::{self, Kind, Message, Trust, Wrapping},
    post::from_base64,
    refused::{QueryProblem, Refused, SignatureProblem},
    sign::Signer,
    writer::WriteError,
};

/// The parameter that a message stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// `SAMLRequest`.
    Request,
    /// `SAMLResponse`.
    Response,
}

impl Parameter {
    /// Where a message of this kind stands.
    const fn of(kind: Kind) -> Self {
        match kind {
            Kind::Response | Kind::LogoutResponse | Kind::ArtifactResponse => Self::Response,
            Kind::AuthnRequest | Kind::LogoutRequest | Kind::ArtifactResolve | Kind::EntityDescriptor => {
                Self::Request
            }
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Request => "SAMLRequest",
            Self::Response => "SAMLResponse",
        }
    }
}

/// A query with a message, whose signature nobody has looked at.
#[derive(Clone, Debug)]
pub struct Query {
    message: Message,
    issuer: Option<String>,
    relay_state: Option<String>,
    signature: Option<Detached>,
}

/// A signature beside a message.
#[derive(Clone, Debug)]
struct Detached {
    method: Method,
    signed: String,
    value: Vec<u8>,
}

/// Reads the query of a request, as it was sent (without the question mark), so far that its sender can be looked up.
///
/// # Errors
/// [`Refused`] says what is wrong with it.
pub fn read(query: &str, kind: Kind) -> Result<Query, Refused> {
    let parameters = Parameters::split(query)?;
    let parameter = Parameter::of(kind);
    let raw = match (parameter, parameters.request, parameters.response) {
        // Two messages: one would be checked, the other one read.
        (_, Some(_), Some(_)) => return Err(QueryProblem::Twice("SAMLRequest").into()),
        (Parameter::Request, Some(raw), None) | (Parameter::Response, None, Some(raw)) => raw,
        _ => return Err(QueryProblem::Missing(parameter.name()).into()),
    };
    let signature = detached(&parameters, parameter, raw)?;
    let deflated = from_base64(&decode(raw, parameter.name())?, parameter.name())?;
    let text = deflate::inflate(&deflated)?;
    let opened = guard::open(&text, kind, Wrapping::None)?;
    let issuer = opened.issuer().map(str::to_owned);
    Ok(Query {
        message: opened.without_signature()?,
        issuer,
        relay_state: parameters.relay_state.map(decode_form).transpose()?,
        signature,
    })
}

fn detached(
    parameters: &Parameters<'_>,
    parameter: Parameter,
    raw: &str,
) -> Result<Option<Detached>, Refused> {
    let (algorithm, value) = match (parameters.algorithm, parameters.signature) {
        (None, None) => return Ok(None),
        (Some(algorithm), Some(value)) => (algorithm, value),
        (None, Some(_)) => return Err(QueryProblem::Missing("SigAlg").into()),
        // Half of a signature is not the same as none: a sender that signs would be taken for one that does not.
        (Some(_), None) => return Err(QueryProblem::Missing("Signature").into()),
    };
    let method = Method::of(&decode(algorithm, "SigAlg")?).ok_or(SignatureProblem::Algorithm)?;
    let value = from_base64(&decode(value, "Signature")?, "Signature")?;
    let signed = signed_part(parameter, raw, parameters.relay_state, algorithm);
    Ok(Some(Detached { method, signed, value }))
}

/// What is signed (SAML bindings, 3.4.4.1): always in this order, whatever the order in the query.
fn signed_part(parameter: Parameter, message: &str, relay_state: Option<&str>, algorithm: &str) -> String {
    let relay_state = relay_state.map(|raw| format!("&RelayState={raw}")).unwrap_or_default();
    format!("{}={message}{relay_state}&SigAlg={algorithm}", parameter.name())
}

impl Query {
    /// Who claims to have sent it: `Issuer`. Only good for looking up whose keys to check with.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// Checks the signature and hands over the message, with its relay state.
    ///
    /// # Errors
    /// [`Refused`] if there is no signature and there must be one, or if it is not right.
    pub fn check(self, trust: Trust<'_>) -> Result<(Message, Option<String>), Refused> {
        let Some(signature) = self.signature else {
            if trust.is_required() {
                return Err(SignatureProblem::Missing.into());
            }
            return Ok((self.message, self.relay_state));
        };
        let keys = trust.keys();
        if keys.is_empty() {
            return Err(SignatureProblem::NoKey.into());
        }
        if !keys.has_one_for(signature.method) {
            return Err(SignatureProblem::Algorithm.into());
        }
        if !keys.signed(signature.method, signature.signed.as_bytes(), &signature.value) {
            return Err(SignatureProblem::Wrong.into());
        }
        Ok((self.message.signed_outside(), self.relay_state))
    }
}

/// A query with a message, to be set behind the address of the receiver and a question mark. With a signer, it is signed.
///
/// # Errors
/// [`WriteError::Key`] if the key cannot sign.
pub fn write(
    parameter: Parameter,
    message: &str,
    relay_state: Option<&str>,
    signer: Option<&Signer>,
) -> Result<String, WriteError> {
    let message = encode(&BASE64.encode(&deflate::deflate(message)));
    let relay_state = relay_state.map(encode);
    let Some(signer) = signer else {
        let relay_state = relay_state.map(|raw| format!("&RelayState={raw}")).unwrap_or_default();
        return Ok(format!("{}={message}{relay_state}", parameter.name()));
    };
    let algorithm = encode(signer.method().uri());
    let signed = signed_part(parameter, &message, relay_state.as_deref(), &algorithm);
    let signature = encode(&BASE64.encode(&signer.sign(signed.as_bytes())?));
    Ok(format!("{signed}&Signature={signature}"))
}
