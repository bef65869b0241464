//! The links inside QR codes: built here, and parsed strictly here.
//!
//! `HTTPS://HOST/E#…` offers an enrolment, `/Q#…` is a sign-in ticket for another device's scanner,
//! `/S#…` a ticket for an authenticator on the same device, `/D#…` a ticket of a device without a keyboard
//! that asks for access, `/O#…` an offline ticket, which only the device that it is sealed to can read, `/B#…` one of an
//! application that asks without a browser, `/C#…` the share of a phone that gets one-time codes without network. All
//! letters are upper case, so that the symbol stays in alphanumeric mode, and the secret stands in the fragment, which no
//! server log sees.

use std::fmt;

use url::{Host, Url};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{
    encoding::{from_base32, to_base32},
    offline_codes,
};

/// The longest link that is read, in bytes.
pub const MAX_LEN: usize = 512;

const ENROL_VERSION: u8 = 1;
const ENROL_LEN: usize = 50;

/// Where a link leads: scheme, host and port of the identity provider, in lower case, no slash at the end.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin(String);

impl Origin {
    /// Reads an origin such as `https://id.example.org` or `http://localhost:8080`.
    ///
    /// # Errors
    /// [`LinkError::Origin`] unless it is `https`, or `http` on a loopback host, and nothing but an origin.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let url = Url::parse(text).map_err(|_| LinkError::Origin)?;
        let only_origin = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        if only_origin { Self::of(&url) } else { Err(LinkError::Origin) }
    }

    fn of(url: &Url) -> Result<Self, LinkError> {
        let plain = !url.username().is_empty() || url.password().is_some();
        let trusted = match url.scheme() {
            "https" => true,
            "http" => url.host().is_some_and(|host| is_loopback(&host)),
            _ => false,
        };
        if plain || !trusted { Err(LinkError::Origin) } else { Ok(Self(url.origin().ascii_serialization())) }
    }

    /// The origin as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether messages travel over TLS; only a loopback origin is without.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.0.starts_with("https://")
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// What an enrolment QR carries: the right to register one device.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct EnrolPayload {
    /// Which enrolment.
    pub enrolment: [u8; 16],
    /// The secret that is proved and never sent.
    pub secret: [u8; 16],
    /// The first 16 bytes of the thumbprint of the server's root key.
    pub root: [u8; 16],
    /// How it is handed over: 0 in a QR code, 1 in a link for an authenticator on the same device. Others are reserved.
    pub flags: u8,
}

impl fmt::Debug for EnrolPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnrolPayload { .. }")
    }
}

impl EnrolPayload {
    /// The decoded bytes behind `#`; their digest enters the transcript of the enrolment.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(ENROL_LEN);
        bytes.push(ENROL_VERSION);
        bytes.extend_from_slice(&self.enrolment);
        bytes.extend_from_slice(&self.secret);
        bytes.extend_from_slice(&self.root);
        bytes.push(self.flags);
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, LinkError> {
        let (&version, rest) = bytes.split_first().ok_or(LinkError::Payload)?;
        if version != ENROL_VERSION {
            return Err(LinkError::Version);
        }
        let (enrolment, rest) = rest.split_first_chunk().ok_or(LinkError::Payload)?;
        let (secret, rest) = rest.split_first_chunk().ok_or(LinkError::Payload)?;
        let (root, rest) = rest.split_first_chunk().ok_or(LinkError::Payload)?;
        let [flags] = *rest else { return Err(LinkError::Payload) };
        Ok(Self { enrolment: *enrolment, secret: *secret, root: *root, flags })
    }
}

/// A link of this protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Whose link it is.
    pub origin: Origin,
    /// What it is for.
    pub target: Target,
}

/// What a link is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `/E`: register a device.
    Enrol(EnrolPayload),
    /// `/Q`: a sign-in ticket that only a scanner, or a picture that the user chose, may hand in.
    Scan(Vec<u8>),
    /// `/S`: a sign-in ticket of the same device, that only a link may hand in.
    SameDevice(Vec<u8>),
    /// `/D`: the ticket of a device without a keyboard (RFC 8628), for a scanner or a picture that the user chose.
    Grant(Vec<u8>),
    /// `/O`: an offline ticket ([`crate::offline`]), for a scanner or a picture that the user chose.
    Offline(Vec<u8>),
    /// `/B`: the ticket of an application that asks without a browser (CIBA), for a scanner or a picture that the user chose.
    Backchannel(Vec<u8>),
    /// `/C`: one-time codes for a phone without network ([`offline_codes`]).
    Codes(offline_codes::Payload),
}

impl Link {
    /// The text of the QR code.
    #[must_use]
    pub fn to_qr(&self) -> String {
        let (path, payload) = match &self.target {
            Target::Enrol(payload) => ("E", payload.to_bytes()),
            Target::Scan(ticket) => ("Q", ticket.clone()),
            Target::SameDevice(ticket) => ("S", ticket.clone()),
            Target::Grant(ticket) => ("D", ticket.clone()),
            Target::Offline(ticket) => ("O", ticket.clone()),
            Target::Backchannel(ticket) => ("B", ticket.clone()),
            Target::Codes(payload) => ("C", payload.to_bytes()),
        };
        format!("{}/{path}#{}", self.origin.0.to_ascii_uppercase(), to_base32(&payload))
    }

    /// Reads the text of a QR code, or a link that was copied. Nothing is fetched.
    ///
    /// # Errors
    /// [`LinkError`] for anything but a link that [`Link::to_qr`] could have made; scheme, host and
    /// path may come in lower case, as browsers write them.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let text = text.trim();
        if text.len() > MAX_LEN || !text.is_ascii() {
            return Err(LinkError::NotALink);
        }
        let url = Url::parse(text).map_err(|_| LinkError::NotALink)?;
        let origin = Origin::of(&url)?;
        if url.query().is_some() {
            return Err(LinkError::NotALink);
        }
        let fragment = url.fragment().ok_or(LinkError::Payload)?.to_ascii_uppercase();
        let payload = from_base32(&fragment).filter(|bytes| !bytes.is_empty()).ok_or(LinkError::Payload)?;
        let target = match url.path() {
            "/E" | "/e" => Target::Enrol(EnrolPayload::from_bytes(&payload)?),
            "/Q" | "/q" => Target::Scan(payload),
            "/S" | "/s" => Target::SameDevice(payload),
            "/D" | "/d" => Target::Grant(payload),
            "/O" | "/o" => Target::Offline(payload),
            "/B" | "/b" => Target::Backchannel(payload),
            "/C" | "/c" => Target::Codes(offline_codes::Payload::from_bytes(&payload)?),
            _ => return Err(LinkError::NotALink),
        };
        let link = Self { origin, target };
        // URL parsers forgive much: a backslash for a slash, tabs inside, an escaped host, a port that goes without
        // saying. A person, a filter or another scanner reads such a text otherwise, so none of it is taken.
        if link.to_qr().eq_ignore_ascii_case(text) { Ok(link) } else { Err(LinkError::NotALink) }
    }
}

/// Why a text is not a link of this protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// It is something else: another scheme, another path, too long.
    #[error("this is not a Symbolon code")]
    NotALink,
    /// The origin is not `https` (or `http` on this machine).
    #[error("the code does not lead to a secure address")]
    Origin,
    /// What stands behind `#` is damaged.
    #[error("the code is damaged or incomplete")]
    Payload,
    /// The code was made by a newer version of the protocol.
    #[error("the code is of a newer version: update this authenticator")]
    Version,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enrol() -> Link {
        let payload = EnrolPayload { enrolment: [1; 16], secret: [2; 16], root: [3; 16], flags: 0 };
        Link { origin: Origin::parse("https://id.example.org").unwrap(), target: Target::Enrol(payload) }
    }

    #[test]
    fn links_round_trip_in_either_case() {
        let link = enrol();
        let qr = link.to_qr();
        assert!(qr.starts_with("HTTPS://ID.EXAMPLE.ORG/E#"), "{qr}");
        assert_eq!(Link::parse(&qr), Ok(link.clone()));
        assert_eq!(Link::parse(&qr.to_ascii_lowercase()), Ok(link));
    }

    #[test]
    fn malicious_qr() {
        let secret = "A".repeat(80);
        for bad in [
            "javascript:alert(1)".to_owned(),
            format!("http://id.example.org/E#{secret}"),
            format!("https://user:pw@id.example.org/Q#{secret}"),
            format!("https://id.example.org/Q?x=1#{secret}"),
            format!("https://id.example.org/../Q/x#{secret}"),
            "https://id.example.org/Q".to_owned(),
            "https://id.example.org/Q#".to_owned(),
            "https://id.example.org/Q#01890".to_owned(),
            format!("https://ıd.example.org/Q#{secret}"),
            format!("https:\\\\id.example.org\\Q#{secret}"),
            format!("https://%69d.example.org/Q#{secret}"),
            format!("https://id.example.org:443/Q#{secret}"),
            format!("https://id.exa\tmple.org/Q#{secret}"),
            format!("https://id.example.org/x/../Q#{secret}"),
            format!("https://id.example.org/E#{}", "A".repeat(79)),
            format!("https://id.example.org/Q#{}", "A".repeat(4_000)),
        ] {
            assert!(Link::parse(&bad).is_err(), "{bad}");
        }
    }
}
