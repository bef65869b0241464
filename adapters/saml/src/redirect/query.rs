//! Which parameters does a query have, exactly as they were sent?

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::refused::{QueryProblem, Refused};

/// All but what never needs to be encoded (RFC 3986, 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The longest query that is read, in bytes. A signed AuthnRequest with a relay state has 3,000.
pub const MAX_QUERY: usize = 16 * 1024;

/// The raw values of the parameters of this binding, still percent-encoded.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Parameters<'q> {
    pub(super) request: Option<&'q str>,
    pub(super) response: Option<&'q str>,
    pub(super) relay_state: Option<&'q str>,
    pub(super) algorithm: Option<&'q str>,
    pub(super) signature: Option<&'q str>,
}

impl<'q> Parameters<'q> {
    /// Each parameter once. Of two with one name, the signature would be checked over one and the other would be used.
    pub(super) fn split(query: &'q str) -> Result<Self, Refused> {
        if query.len() > MAX_QUERY {
            return Err(QueryProblem::Size.into());
        }
        let mut found = Self::default();
        for pair in query.split('&') {
            let (raw_name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(raw_name, "(name)")?;
            let Some((name, place)) = found.place(&name)? else { continue };
            // `SAML%52equest` is SAMLRequest to everybody who decodes names, and another parameter to everybody who compares.
            if raw_name != name || place.is_some() {
                return Err(QueryProblem::Twice(name).into());
            }
            *place = Some(value);
        }
        Ok(found)
    }

    /// Where a parameter goes, if it is one of this binding.
    fn place(&mut self, name: &str) -> Result<Option<(&'static str, &mut Option<&'q str>)>, Refused> {
        Ok(Some(match name {
            "SAMLRequest" => ("SAMLRequest", &mut self.request),
            "SAMLResponse" => ("SAMLResponse", &mut self.response),
            "RelayState" => ("RelayState", &mut self.relay_state),
            "SigAlg" => ("SigAlg", &mut self.algorithm),
            "Signature" => ("Signature", &mut self.signature),
            // Only DEFLATE is known, and nobody sends the parameter (SAML bindings, 3.4.4).
            "SAMLEncoding" => return Err(QueryProblem::Encoding("SAMLEncoding").into()),
            _ => return Ok(None),
        }))
    }
}

/// A raw value, decoded. A plus stays one: it belongs to Base64, which some senders do not encode.
pub(super) fn decode(raw: &str, name: &'static str) -> Result<String, Refused> {
    let wrong = || QueryProblem::Encoding(name);
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let (high, low) = (rest.next().and_then(hex), rest.next().and_then(hex));
        let (high, low) = high.zip(low).ok_or_else(wrong)?;
        bytes.push(high << 4 | low);
    }
    String::from_utf8(bytes).map_err(|_| wrong().into())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// The relay state, decoded. Senders make it with whatever they make forms with, where a plus is a blank; one that means a
/// plus writes `%2B` in either way.
pub(super) fn decode_form(raw: &str) -> Result<String, Refused> {
    decode(&raw.replace('+', " "), "RelayState")
}

/// A value, encoded.
pub(super) fn encode(value: &str) -> String {
    utf8_percent_encode(value, RESERVED).to_string()
}
