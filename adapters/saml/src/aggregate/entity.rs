//! What is handed over of one entity?

use super::{
    AggregateProblem as Problem, Lifetime, MAX_ENTITY, Skipped, WhySkipped,
    canonical::Canonical,
    scope::{Scope, Tag},
};
use crate::names::MAX_ENTITY_ID;

/// One `EntityDescriptor`. Nothing of it may be believed before [`Staging::commit`](super::Staging::commit).
#[derive(Debug)]
#[non_exhaustive]
pub struct Entity<'a> {
    /// Its name.
    pub entity_id: &'a str,
    /// The line of the file in which it begins, from 1.
    pub line: u64,
    /// How long it may be used, everything around it considered.
    pub lifetime: Lifetime,
    /// All of it in the exclusive canonical form, a document of its own: what was hashed, without signatures and comments.
    pub text: &'a str,
}

/// An entity that is being read.
pub(super) struct Collected {
    line: u64,
    entity_id: Option<String>,
    lifetime: Lifetime,
    canonical: Canonical,
    skipped: Option<WhySkipped>,
}

impl Collected {
    /// From its start tag on.
    pub(super) fn new(tag: &Tag, line: u64, around: Lifetime) -> Self {
        let shown = |id: &&str| !id.is_empty() && id.chars().count() <= MAX_ENTITY_ID;
        let entity_id = tag.attribute("entityID").filter(shown).map(str::to_owned);
        let lifetime = around.within(tag);
        let skipped = match (&entity_id, lifetime) {
            (None, _) => Some(WhySkipped::EntityId),
            (_, None) => Some(WhySkipped::Lifetime),
            _ => None,
        };
        let (lifetime, canonical) = (lifetime.unwrap_or_default(), Canonical::default());
        Self { line, entity_id, lifetime, canonical, skipped }
    }

    pub(super) fn begin(&mut self, tag: &Tag, scope: &Scope) -> Result<(), Problem> {
        self.write(|canonical| canonical.begin(tag, scope))
    }

    pub(super) fn text(&mut self, text: &str) -> Result<(), Problem> {
        self.write(|canonical| canonical.text(text))
    }

    pub(super) fn end(&mut self, name: &str) -> Result<(), Problem> {
        self.write(|canonical| {
            canonical.end(name);
            Ok(())
        })
    }

    /// It is not handed over, for the first reason that there is. It is still a part of what is signed.
    pub(super) fn skip(&mut self, why: WhySkipped) {
        self.skipped.get_or_insert(why);
        self.canonical = Canonical::default();
    }

    fn write(&mut self, write: impl FnOnce(&mut Canonical) -> Result<(), Problem>) -> Result<(), Problem> {
        if self.skipped.is_some() {
            return Ok(());
        }
        write(&mut self.canonical)?;
        // One long entity costs itself, and not the memory for it.
        if self.canonical.len() > MAX_ENTITY {
            self.skip(WhySkipped::Size);
        }
        Ok(())
    }

    /// The whole of it, to `take`, unless there is a reason against it.
    pub(super) fn finish(
        self,
        take: impl FnOnce(&Entity<'_>) -> Result<(), Unfinished>,
    ) -> Result<Option<Skipped>, Problem> {
        let Self { line, entity_id, lifetime, canonical, skipped } = self;
        let text = canonical.into_text();
        let done = match (skipped, &entity_id) {
            (Some(why), _) => Err(Unfinished::Skip(why)),
            (None, None) => Err(Unfinished::Skip(WhySkipped::EntityId)),
            (None, Some(entity_id)) => take(&Entity { entity_id, line, lifetime, text: &text }),
        };
        match done {
            Ok(()) => Ok(None),
            Err(Unfinished::Skip(why)) => Ok(Some(Skipped { entity_id, line, why })),
            Err(Unfinished::Stop(problem)) => Err(problem),
        }
    }
}

/// What stands against taking an entity.
pub(super) enum Unfinished {
    Skip(WhySkipped),
    Stop(Problem),
}
