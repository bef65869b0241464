//! What does a phone without network read, and which codes does it answer with (O2, O3 of docs/protocol.md)?
//!
//! The server seals a request to one device; the QR code carries nothing else. Device and server then share a
//! secret that nobody else has, and a code of 8 digits under it says what the person decided about exactly this
//! request. A copy of the code on another screen, or a request that somebody else made up, leads to other digits.

use std::{fmt, net::IpAddr};

use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

use crate::{
    Crypto,
    context::Opens,
    crypto::{Bound, CryptoError, Digest},
    encoding::is_hidden,
    message::Verdict,
    ocra::{self, DataInput},
};

/// The version of ticket and request.
const VERSION: u8 = 1;
/// The longest name of an application, in bytes: the symbol must stay within version 10.
const MAX_CLIENT: usize = 40;
/// The longest place, in bytes.
const MAX_PLACE: usize = 24;
/// Flag: the PIN goes into the code that approves.
const PIN: u8 = 1;
/// Flag: the browser is signed in to one application only.
const ONE_APPLICATION: u8 = 2;

/// What the person is asked to decide about.
///
/// On the wire: ceremony (16 bytes) ‖ issued_at (8) ‖ life (2) ‖ flags (1) ‖ version of IP, 4 or 6 (1) ‖ address (4
/// or 16) ‖ length of client (1) ‖ client ‖ place; numbers big-endian, texts UTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Which ceremony.
    pub ceremony: [u8; 16],
    /// When it was made, by the clock of the server, seconds since 1970.
    pub issued_at: i64,
    /// For how many seconds a code of it is taken.
    pub life: u16,
    /// What goes into the code.
    pub with: With,
    /// How far the sign-in reaches.
    pub opens: Opens,
    /// The application's name; cut to 40 bytes on the wire.
    pub client: String,
    /// The address of the browser.
    pub address: IpAddr,
    /// That address as a place; cut to 24 bytes on the wire.
    pub place: String,
}

/// What goes into the code that approves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum With {
    /// The shared secret alone.
    Secret,
    /// The PIN, too ([`crate::pin`]): a wrong PIN is a wrong code.
    Pin,
}

impl Request {
    /// The bytes that are sealed; texts that are too long are cut, characters that must not be shown left out.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let pin = if self.with == With::Pin { PIN } else { 0 };
        let one = if self.opens == Opens::ThisApplication { ONE_APPLICATION } else { 0 };
        let client = shown(&self.client, MAX_CLIENT);
        let mut bytes = self.ceremony.to_vec();
        bytes.extend(self.issued_at.to_be_bytes());
        bytes.extend(self.life.to_be_bytes());
        bytes.push(pin | one);
        match self.address.to_canonical() {
            IpAddr::V4(address) => bytes.extend([4].into_iter().chain(address.octets())),
            IpAddr::V6(address) => bytes.extend([6].into_iter().chain(address.octets())),
        }
        bytes.push(u8::try_from(client.len()).unwrap_or_default());
        bytes.extend_from_slice(client.as_bytes());
        bytes.extend_from_slice(shown(&self.place, MAX_PLACE).as_bytes());
        bytes
    }

    /// Reads [`Request::to_bytes`]; `None` for anything that it could not have made.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (ceremony, rest) = bytes.split_first_chunk()?;
        let (issued_at, rest) = rest.split_first_chunk()?;
        let (life, rest) = rest.split_first_chunk()?;
        let (&flags, rest) = rest.split_first()?;
        let (address, rest) = address(rest)?;
        let (&length, rest) = rest.split_first()?;
        let (client, place) = rest.split_at_checked(usize::from(length))?;
        let request = Self {
            ceremony: *ceremony,
            issued_at: i64::from_be_bytes(*issued_at),
            life: u16::from_be_bytes(*life),
            with: if flags & PIN == 0 { With::Secret } else { With::Pin },
            opens: if flags & ONE_APPLICATION == 0 { Opens::AllApplications } else { Opens::ThisApplication },
            client: std::str::from_utf8(client).ok()?.to_owned(),
            address,
            place: std::str::from_utf8(place).ok()?.to_owned(),
        };
        // One request has one form: no flag that nobody knows, nothing hidden, nothing too long.
        (request.to_bytes() == bytes).then_some(request)
    }
}

fn address(bytes: &[u8]) -> Option<(IpAddr, &[u8])> {
    let (&version, rest) = bytes.split_first()?;
    match version {
        4 => rest.split_first_chunk::<4>().map(|(octets, rest)| (IpAddr::from(*octets), rest)),
        6 => rest.split_first_chunk::<16>().map(|(octets, rest)| (IpAddr::from(*octets), rest)),
        _ => None,
    }
}

/// A text as it may be shown, within `max` bytes.
fn shown(text: &str, max: usize) -> String {
    let text: String = text.chars().filter(|c| !is_hidden(*c)).collect();
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).unwrap_or_default().to_owned()
}

/// A request that both sides know, with the secret that only they share.
pub struct Asked {
    /// What the person decides about.
    pub request: Request,
    /// What the QR code carries: version (1) ‖ encapsulated key, compressed (33) ‖ ciphertext with tag.
    pub ticket: Vec<u8>,
    plain: Zeroizing<Vec<u8>>,
    shared: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked").field("request", &self.request).finish_non_exhaustive()
    }
}

impl Asked {
    /// O2: seals a request from the server's agreement key to a device's.
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] if one of the keys is none.
    pub fn seal(
        crypto: &Crypto,
        issuer: &str,
        sender: &[u8; 32],
        recipient: &[u8; 65],
        request: &Request,
    ) -> Result<Self, CryptoError> {
        let plain = Zeroizing::new(request.to_bytes());
        let letter = crypto.letters.seal(sender, recipient, bound(&info(issuer)), &plain)?;
        let ticket = [&[VERSION], letter.encapsulated.as_slice(), &letter.sealed].concat();
        Ok(Self { request: request.clone(), ticket, plain, shared: letter.shared })
    }

    /// Opens a ticket with a device's agreement key; `sender` is the server's.
    ///
    /// # Errors
    /// [`CryptoError::Unauthentic`] for a ticket of another server, to another device or of another version.
    pub fn open(
        crypto: &Crypto,
        issuer: &str,
        recipient: &[u8; 32],
        sender: &[u8; 65],
        ticket: &[u8],
    ) -> Result<Self, CryptoError> {
        let (encapsulated, sealed) = parts(ticket).ok_or(CryptoError::Unauthentic)?;
        let opened = crypto.letters.open(recipient, sender, bound(&info(issuer)), encapsulated, sealed)?;
        let request = Request::from_bytes(&opened.plain).ok_or(CryptoError::Unauthentic)?;
        Ok(Self { request, ticket: ticket.to_vec(), plain: opened.plain, shared: opened.shared })
    }

    /// The code that approves: under the shared secret, and the PIN where the request wants it.
    #[must_use]
    pub fn approval(&self, crypto: &Crypto, pin_key: Option<&[u8; 32]>) -> String {
        match pin_key {
            Some(pin_key) => {
                let secret = Zeroizing::new([self.shared.as_slice(), pin_key].concat());
                self.code(crypto, &crypto.hash.hkdf(b"", &secret, b"qrl/1 pin"), Verdict::Approve)
            }
            None => self.code(crypto, &self.shared, Verdict::Approve),
        }
    }

    /// The code that reports. No PIN goes into it: nothing stands in the way of a report.
    #[must_use]
    pub fn report(&self, crypto: &Crypto) -> String {
        self.code(crypto, &self.shared, Verdict::Report)
    }

    /// O3: OCRA with Q = SHA-256 of the ticket and S = SHA-256(decision ‖ request) in hex.
    fn code(&self, crypto: &Crypto, key: &[u8; 32], verdict: Verdict) -> String {
        let question: Digest = crypto.hash.sha256(&self.ticket);
        let decided = crypto.hash.sha256(&[&[verdict.byte()], self.plain.as_slice()].concat());
        let session = HEXLOWER.encode(&decided);
        let input = DataInput {
            suite: ocra::SUITE,
            counter: None,
            question: &question,
            pin: None,
            session: Some(session.as_bytes()),
        };
        ocra::response(crypto, key, &input)
    }
}

fn parts(ticket: &[u8]) -> Option<(&[u8; 33], &[u8])> {
    let (&version, rest) = ticket.split_first()?;
    let parts = rest.split_first_chunk()?;
    (version == VERSION).then_some(parts)
}

fn info(issuer: &str) -> Vec<u8> {
    [b"qrl/1", issuer.as_bytes()].concat()
}

fn bound(info: &[u8]) -> Bound<'_> {
    Bound { info, exporter_context: b"qrl/1 code" }
}
