//! How is the metadata of a service provider read from a file or an address?
//!
//! Always as that of a federation is: in one pass, with the pinned key or as the administrator's own file. What is kept is
//! the canonical text that was checked, without signatures, so that it is read the same way at each look.

use std::time::Duration;

use idp_core::Time;
use symbolon_saml::{
    Kind, PeerKeys, Refused, ServiceProvider, Trust, Wrapping,
    aggregate::{self, AggregateError, Entity, Lifetime, Origin, Staging, Unstaged, Verified},
    open,
};

/// The longest entity id, in bytes: what an index of the database takes.
const MAX_ENTITY_ID: usize = 1_024;
/// How many entity ids an error names.
const NAMED: usize = 5;

/// What a file or an address says of a service provider.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Given {
    /// Its name in the protocol.
    pub entity_id: String,
    /// The canonical text.
    pub text: String,
    /// What it says.
    pub metadata: ServiceProvider,
    /// Until when it may be used.
    pub valid_until: Option<Time>,
    /// After how long it is to be fetched again.
    pub cache: Option<Duration>,
}

/// Why metadata is not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BadMetadata {
    /// The file as such.
    #[error("the metadata cannot be read: {0}")]
    File(#[from] AggregateError),
    /// What it says of a service provider.
    #[error("the metadata of {entity_id} is not taken: {why}")]
    Entity {
        /// Of which.
        entity_id: String,
        /// Why.
        why: Refused,
    },
    /// Nothing of a service provider in it.
    #[error("there is no service provider in this metadata")]
    None,
    /// It is not in it.
    #[error("there is no {0} in this metadata")]
    NotThere(String),
    /// Nobody said which.
    #[error(
        "there are several providers in this metadata: {0}. Name one with --entity-id, or take all with --aggregate"
    )]
    Several(String),
    /// A name that cannot be kept.
    #[error("the entity id is longer than {MAX_ENTITY_ID} bytes")]
    EntityId,
    /// It was valid until some time ago.
    #[error("the metadata of {0} was valid until some time ago; get newer metadata from whoever runs it")]
    RanOut(String),
}

impl Given {
    /// Reads one service provider: the one with this entity id, or the only one that there is.
    ///
    /// # Errors
    /// [`BadMetadata`].
    pub fn read(
        file: &[u8],
        pin: Option<&PeerKeys>,
        entity_id: Option<&str>,
        now: Time,
    ) -> Result<Self, BadMetadata> {
        let origin = pin.map_or(Origin::DangerUnchecked, Origin::SignedBy);
        let limit = u64::try_from(file.len()).unwrap_or(u64::MAX);
        let one = aggregate::read(file, limit, origin, One { wanted: entity_id, found: Found::default() })?;
        let found = match (one, entity_id) {
            (Found { others, .. }, None) if !others.is_empty() => {
                return Err(BadMetadata::Several(others.join(", ")));
            }
            (Found { first: Some(first), .. }, _) => first,
            (_, Some(wanted)) => return Err(BadMetadata::NotThere(wanted.to_owned())),
            (_, None) => return Err(BadMetadata::None),
        };
        let (entity_id, text, lifetime) = found;
        Self::of(&entity_id, text, lifetime, now)
    }

    /// That of one entity of a file that was checked.
    pub(super) fn of(
        entity_id: &str,
        text: String,
        lifetime: Lifetime,
        now: Time,
    ) -> Result<Self, BadMetadata> {
        let entity_id = entity_id.to_owned();
        if entity_id.len() > MAX_ENTITY_ID {
            return Err(BadMetadata::EntityId);
        }
        let metadata =
            read_kept(&text).map_err(|why| BadMetadata::Entity { entity_id: entity_id.clone(), why })?;
        let valid_until = lifetime.valid_until.map(|until| Time(until.timestamp()));
        if valid_until.is_some_and(|until| until <= now) {
            return Err(BadMetadata::RanOut(entity_id));
        }
        Ok(Self { entity_id, text, metadata, valid_until, cache: lifetime.cache_duration })
    }
}

/// Reads a text that was checked before it was kept.
pub(super) fn read_kept(text: &str) -> Result<ServiceProvider, Refused> {
    let nobody = PeerKeys::from_certificates::<&[u8]>([]).map_err(|_| symbolon_saml::XmlProblem::Root)?;
    let message = open(text, Kind::EntityDescriptor, Wrapping::None)?.check(Trust::Optional(&nobody))?;
    ServiceProvider::read(&message)
}

/// Looks for one among all.
struct One<'a> {
    wanted: Option<&'a str>,
    found: Found,
}

#[derive(Default)]
struct Found {
    first: Option<(String, String, Lifetime)>,
    others: Vec<String>,
}

impl Staging for One<'_> {
    type Done = Found;

    fn stage(&mut self, entity: &Entity<'_>) -> Result<(), Unstaged> {
        if self.wanted.is_some_and(|wanted| wanted != entity.entity_id) {
            return Ok(());
        }
        match &self.found.first {
            None => {
                let (id, text) = (entity.entity_id.to_owned(), entity.text.to_owned());
                self.found.first = Some((id, text, entity.lifetime));
            }
            Some((first, ..)) => {
                if self.found.others.is_empty() {
                    self.found.others.push(first.clone());
                }
                if self.found.others.len() < NAMED {
                    self.found.others.push(entity.entity_id.to_owned());
                }
            }
        }
        Ok(())
    }

    fn commit(self, _: Verified) -> Found {
        self.found
    }
}
