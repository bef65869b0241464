//! How are the providers of a federation read, thousands in one signed file, without keeping the file in memory?
//!
//! One pass over the text. Each start tag is resolved and written anew, in the exclusive canonical form, twice: into the digest
//! of the whole file, and into the text of the entity that it belongs to. So what is handed over is what was hashed: it has no
//! comment, no entity and no prefix that was declared elsewhere, and nothing can stand in it that the signature does not cover.
//!
//! The signature stands in front of everything else, and is checked there: whoever has no pinned key gets nothing read. But
//! whether the rest is what was signed is only known at the end. **Nothing that was handed over may be believed before.** That is
//! why [`read`] owns the [`Staging`], gives it back to nobody, and ends it with [`Staging::commit`] and a [`Verified`], or drops
//! it.

mod bounded;
mod canonical;
mod entity;
mod lifetime;
mod problem;
mod reading;
mod scope;
mod signature;
mod value;
mod verified;

use std::io::BufRead;

use quick_xml::{Reader, events::Event};

pub use entity::Entity;
pub use lifetime::Lifetime;
pub use problem::{AggregateError, AggregateProblem, Skipped, WhySkipped};
pub use verified::Verified;

use crate::{guard, keys::PeerKeys};
use bounded::Bounded;
use reading::Reading;

/// The longest canonical text of one entity, in bytes: what the guard of messages reads.
pub const MAX_ENTITY: usize = guard::MAX_MESSAGE;
/// The longest tag, text or comment, in bytes. One of them is in memory at a time.
pub(crate) const MAX_TOKEN: u64 = 1 << 20;
/// How many entities there may be. The largest federation of federations has about 15,000.
pub const MAX_ENTITIES: usize = 200_000;
/// How many skipped entities are named. All of them are counted.
pub const MAX_NAMED: usize = 1_000;

/// Who must have signed an aggregate.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'k> {
    /// The owner of one of these keys, which the administrator pinned. A key that stands in the file is never looked at.
    SignedBy(&'k PeerKeys),
    /// Nobody, or somebody whose signature is not looked at. Whoever can change the file on its way to us decides then where
    /// people's names are sent. It is for a file that the administrator himself has looked at.
    DangerUnchecked,
}

/// Where entities stay until it is known whether they may be believed.
///
/// It is handed to [`read`], which does not give it back: what is in it comes out through [`Staging::commit`] alone, and that
/// is called after the last byte was read and the signature found right. Otherwise it is dropped.
pub trait Staging {
    /// What comes of it.
    type Done;

    /// Puts one entity aside. Nothing may be done because of it yet.
    ///
    /// # Errors
    /// [`Unstaged`] if this entity is not taken, or if no more can be.
    fn stage(&mut self, entity: &Entity<'_>) -> Result<(), Unstaged>;

    /// Everything that was put aside may be believed, as far as `verified` says.
    fn commit(self, verified: Verified) -> Self::Done;
}

/// Why an entity was not put aside. The reasons are for the administrator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unstaged {
    /// This one is not taken. It is reported in [`Verified::skipped`], and the next one is read.
    Entity(String),
    /// Nothing more can be put aside, such as when a disk is full. Reading ends, and nothing is taken.
    Everything(String),
}

/// Reads an aggregate, an `EntitiesDescriptor` with others in it or not, or a single `EntityDescriptor` (SAML metadata, 2.3).
///
/// At most `limit` bytes are read. Times are handed over and not judged: this crate has no clock.
///
/// # Errors
/// [`AggregateError`] says what is wrong, and in which line. `staging` was dropped then.
pub fn read<S: Staging>(
    from: impl BufRead,
    limit: u64,
    origin: Origin<'_>,
    staging: S,
) -> Result<S::Done, AggregateError> {
    let mut reader = Reader::from_reader(Bounded::new(from, limit));
    reader.config_mut().expand_empty_elements = true;
    reader.config_mut().check_comments = true;
    let mut reading = Reading::new(origin, staging);
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        reader.get_mut().begin_token();
        let line = reader.get_ref().line();
        let event = match reader.read_event_into(&mut buffer) {
            Ok(Event::Eof) => break,
            Ok(event) => event,
            Err(error) => return Err(reader.get_ref().problem(error).at(reader.get_ref().line())),
        };
        reading.take(&event, line).map_err(|problem| problem.at(line))?;
    }
    let line = reader.get_ref().line();
    reading.finish().map_err(|problem| problem.at(line))
}
