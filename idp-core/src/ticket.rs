//! Tickets: the sealed one-time reference to a ceremony that a QR code or a link carries.
//!
//! A ticket has nothing of the browser's session in it, and a server made it (F4): 128 bits of id under
//! AES-256-GCM (F3), so a guessed or altered one is rejected before any look into the store. Its nonce is
//! a keyed digest of what is sealed: the same ceremony has the same ticket on every node for one epoch,
//! and no nonce ever serves two contents.

use crate::{Id, Time, WorkingKeys, ceremony::CeremonyRow};

const VERSION: u8 = 2;
const DAY: i64 = 86_400;
/// How long after midnight (UTC) a ticket of the day before is still opened, in seconds.
const OVERLAP: i64 = 300;
/// The same for the ticket of a device or an application that shows one code all the time: longer than any such code
/// counts.
pub(crate) const OVERLAP_OF_GRANTS: i64 = 1_860;

/// How a ticket may be handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketKind {
    /// By a scanner: the path `/Q`.
    Scan,
    /// By a link on the same device: the path `/S`.
    SameDevice,
    /// By a scanner, from the screen of a device without a keyboard: the path `/D`.
    Grant,
    /// By a scanner, from a picture that an application shows which asks without a browser: the path `/B`.
    Backchannel,
}

impl TicketKind {
    fn byte(self) -> u8 {
        match self {
            Self::Scan => b'Q',
            Self::SameDevice => b'S',
            Self::Grant => b'D',
            Self::Backchannel => b'B',
        }
    }

    fn overlap(self) -> i64 {
        match self {
            Self::Scan | Self::SameDevice => OVERLAP,
            Self::Grant | Self::Backchannel => OVERLAP_OF_GRANTS,
        }
    }
}

/// What a ticket says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Which ceremony.
    pub ceremony: Id<CeremonyRow>,
    /// In which rotation of its code.
    pub epoch: u32,
    /// The mark of the application, which stands beside the seal: an authenticator with several accounts proposes the one
    /// that was used there last. It says nothing to whoever does not know the server's secret.
    pub party: Party,
}

/// The mark of an application: the first bytes of a keyed digest of its id. Two applications may share one, and nothing is
/// decided by it.
pub type Party = [u8; 2];

/// Seals a ticket.
#[must_use]
pub fn seal(keys: &WorkingKeys, kind: TicketKind, ticket: Ticket, now: Time) -> Vec<u8> {
    let day = now.0.div_euclid(DAY);
    let [first, second] = ticket.party;
    let header = [VERSION, number(day), first, second];
    let plain = [ticket.ceremony.bytes().as_slice(), &ticket.epoch.to_be_bytes()].concat();
    // With the header: no nonce serves for two texts, nor for one under two headers.
    let digest = keys.digest("ticket-nonce", &[&day.to_be_bytes(), &[kind.byte()], &header, &plain]);
    let nonce: [u8; 12] = digest.first_chunk().copied().unwrap_or_default();
    let sealed = keys.crypto().aead.seal(&key(keys, day), &nonce, &aad(keys, header, kind), &plain);
    [header.as_slice(), &nonce, &sealed].concat()
}

/// Opens a ticket; `None` for whatever this server did not seal today for this use.
#[must_use]
pub fn open(keys: &WorkingKeys, kind: TicketKind, ticket: &[u8], now: Time) -> Option<Ticket> {
    let (header, rest) = ticket.split_first_chunk::<4>()?;
    let (nonce, sealed) = rest.split_first_chunk::<12>()?;
    let [version, key_number, first, second] = *header;
    let days = [now.0.div_euclid(DAY), (now.0 - kind.overlap()).div_euclid(DAY)];
    let day = days.into_iter().find(|day| version == VERSION && number(*day) == key_number)?;
    let aad = aad(keys, *header, kind);
    let plain = keys.crypto().aead.open(&key(keys, day), nonce, &aad, sealed).ok()?;
    let (ceremony, epoch) = plain.split_first_chunk::<16>()?;
    let epoch = u32::from_be_bytes(epoch.try_into().ok()?);
    Some(Ticket { ceremony: Id::from_bytes(*ceremony), epoch, party: [first, second] })
}

fn number(day: i64) -> u8 {
    u8::try_from(day.rem_euclid(256)).unwrap_or_default()
}

fn key(keys: &WorkingKeys, day: i64) -> zeroize::Zeroizing<[u8; 32]> {
    keys.derived(&format!("ticket/{day}"))
}

fn aad(keys: &WorkingKeys, header: [u8; 4], kind: TicketKind) -> Vec<u8> {
    [keys.issuer().as_bytes(), &header, &[kind.byte()]].concat()
}
