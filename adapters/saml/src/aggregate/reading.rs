//! What does each token of an aggregate mean, where it stands?

use std::collections::HashSet;

use aws_lc_rs::digest::{SHA256, digest};
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};

use super::{
    AggregateProblem as Problem, Entity, Lifetime, MAX_ENTITIES, MAX_ENTITY, Origin, Staging, Unstaged,
    Verified, WhySkipped,
    canonical::{Canonical, Digest},
    entity::{Collected, Unfinished},
    scope::{Scope, Tag},
    signature::Promise,
    value,
    verified::Report,
};
use crate::{guard::MAX_DEPTH, names::Space, refused::SignatureProblem, writer::is_char};

/// The longest text in front of the signature, in bytes. It waits there until the digest is known.
const MAX_WAITING: usize = 65_536;

/// A pass over an aggregate.
pub(super) struct Reading<'k, S> {
    origin: Origin<'k>,
    staging: S,
    scope: Scope,
    open: Vec<Open>,
    root: Option<Root>,
    sum: Sum,
    /// The signature of the root, while it is being read.
    signature: Option<Canonical>,
    has_signature: bool,
    entity: Option<Collected>,
    /// The entity ids so far, hashed.
    seen: HashSet<Vec<u8>>,
    report: Report,
}

struct Root {
    id: Option<String>,
    lifetime: Lifetime,
}

/// An element whose end has not come yet.
struct Open {
    name: String,
    part: Part,
    text: Text,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// `EntitiesDescriptor`, with its lifetime.
    Group(Lifetime),
    /// `EntityDescriptor` in such a one, or as the root.
    Entity,
    /// The signature of the root.
    Signature,
    /// Anything else.
    Inside,
}

/// Whether a comment split the text of an element.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Text {
    None,
    Begun,
    Commented,
}

/// The hash of the whole.
enum Sum {
    /// Nobody wants it.
    Unwanted,
    /// The signature has not come yet, and so the algorithm is not known.
    Waiting { root: Option<Tag>, text: String },
    /// It is being made, and must become this.
    Running(Digest, Vec<u8>),
}

impl<'k, S: Staging> Reading<'k, S> {
    pub(super) fn new(origin: Origin<'k>, staging: S) -> Self {
        let sum = match origin {
            Origin::SignedBy(_) => Sum::Waiting { root: None, text: String::new() },
            Origin::DangerUnchecked => Sum::Unwanted,
        };
        Self {
            origin,
            staging,
            scope: Scope::default(),
            open: Vec::new(),
            root: None,
            sum,
            signature: None,
            has_signature: false,
            entity: None,
            seen: HashSet::new(),
            report: Report::default(),
        }
    }

    /// Takes the next token, which begins in this line.
    pub(super) fn take(&mut self, event: &Event<'_>, line: u64) -> Result<(), Problem> {
        match event {
            Event::Start(start) | Event::Empty(start) => self.begin(start, line),
            Event::End(_) => self.end(),
            Event::Text(text) => self.text(&text.xml10_content()),
            Event::CData(_) if self.open.is_empty() => Err(Problem::NotWellFormed),
            Event::CData(text) => self.text(&text.xml10_content()),
            Event::GeneralRef(reference) => self.reference(reference),
            Event::Comment(_) => {
                self.comment();
                Ok(())
            }
            Event::Decl(declaration) => self.declaration(declaration, line),
            // Entities that grow a thousandfold, or fetch a file from the server's disk, are defined in there.
            Event::DocType(_) => Err(Problem::DocumentType),
            Event::PI(_) => Err(Problem::Instruction),
            Event::Eof => Ok(()),
        }
    }

    fn declaration(&self, declaration: &BytesDecl<'_>, line: u64) -> Result<(), Problem> {
        if self.root.is_some() || line > 1 || declaration.version().ok().as_deref() != Some("1.0") {
            return Err(Problem::NotWellFormed);
        }
        // Another encoding would mean other characters to its writer.
        match declaration.encoding() {
            None => Ok(()),
            Some(Ok(name)) if ["utf-8", "us-ascii"].iter().any(|it| name.eq_ignore_ascii_case(it)) => Ok(()),
            Some(_) => Err(Problem::NotUtf8),
        }
    }

    fn begin(&mut self, start: &BytesStart<'_>, line: u64) -> Result<(), Problem> {
        if self.open.len() >= MAX_DEPTH {
            return Err(Problem::Depth);
        }
        let tag = self.scope.enter(start)?;
        let part = self.part(&tag, line)?;
        if let Some(around) = self.open.last_mut() {
            around.text = Text::None;
        }
        self.open.push(Open { name: start.name().into_inner().to_owned(), part, text: Text::None });
        if let Some(signature) = &mut self.signature {
            signature.begin(&tag, &self.scope)?;
            return if signature.len() > MAX_ENTITY { Err(SignatureProblem::Shape.into()) } else { Ok(()) };
        }
        if let Some(entity) = &mut self.entity {
            entity.begin(&tag, &self.scope)?;
        }
        match &mut self.sum {
            Sum::Unwanted => Ok(()),
            Sum::Running(digest, _) => digest.begin(&tag, &self.scope),
            Sum::Waiting { root: root @ None, .. } => {
                *root = Some(tag);
                Ok(())
            }
            // The signature must stand in front of everything else, so that nothing is read for whoever has no key.
            Sum::Waiting { .. } => Err(SignatureProblem::Missing.into()),
        }
    }

    /// What an element is by its name and its place.
    fn part(&mut self, tag: &Tag, line: u64) -> Result<Part, Problem> {
        let Some(around) = self.open.last().map(|open| open.part) else { return self.root(tag, line) };
        // Of two elements with this id, the signature would be over one, and the other one would be read.
        let root_id = self.root.as_ref().and_then(|root| root.id.as_deref());
        if root_id.is_some_and(|id| tag.has_id(id)) {
            return Err(Problem::DuplicateId);
        }
        if self.signature.is_some() {
            return Ok(Part::Inside);
        }
        if tag.is(Space::Ds, "Signature") {
            return self.begin_signature();
        }
        match around {
            Part::Group(lifetime) if tag.is(Space::Md, "EntitiesDescriptor") => {
                lifetime.within(tag).map(Part::Group).ok_or(Problem::Lifetime)
            }
            Part::Group(lifetime) if tag.is(Space::Md, "EntityDescriptor") => {
                self.entity = Some(Collected::new(tag, line, lifetime));
                Ok(Part::Entity)
            }
            _ => Ok(Part::Inside),
        }
    }

    fn root(&mut self, tag: &Tag, line: u64) -> Result<Part, Problem> {
        if self.root.is_some() {
            return Err(Problem::NotWellFormed);
        }
        let lifetime = Lifetime::default().within(tag).ok_or(Problem::Lifetime)?;
        let id = tag.attribute("ID").filter(|id| !id.is_empty()).map(str::to_owned);
        self.root = Some(Root { id, lifetime });
        if tag.is(Space::Md, "EntitiesDescriptor") {
            return Ok(Part::Group(lifetime));
        }
        if tag.is(Space::Md, "EntityDescriptor") {
            self.entity = Some(Collected::new(tag, line, Lifetime::default()));
            return Ok(Part::Entity);
        }
        Err(Problem::Root)
    }

    fn begin_signature(&mut self) -> Result<Part, Problem> {
        match (self.open.len(), self.has_signature, &mut self.entity) {
            (1, true, _) => Err(SignatureProblem::Second.into()),
            (1, false, _) => {
                self.has_signature = true;
                self.signature = Some(Canonical::default());
                Ok(Part::Signature)
            }
            // Nobody has the key for it. What has a signature that nobody checks believes itself protected.
            (_, _, Some(entity)) => {
                entity.skip(WhySkipped::Signature);
                Ok(Part::Inside)
            }
            (_, _, None) => Err(SignatureProblem::Place.into()),
        }
    }

    fn end(&mut self) -> Result<(), Problem> {
        let Some(Open { name, part, .. }) = self.open.pop() else { return Err(Problem::NotWellFormed) };
        self.scope.leave();
        if let Some(mut signature) = self.signature.take() {
            signature.end(&name);
            if part == Part::Signature {
                return self.end_signature(&signature.into_text());
            }
            self.signature = Some(signature);
            return Ok(());
        }
        match &mut self.sum {
            Sum::Unwanted => {}
            Sum::Running(digest, _) => digest.end(&name),
            Sum::Waiting { .. } => return Err(SignatureProblem::Missing.into()),
        }
        if let Some(entity) = &mut self.entity {
            entity.end(&name)?;
        }
        if part == Part::Entity { self.end_entity() } else { Ok(()) }
    }

    /// From here on the digest is made, of what waited first.
    fn end_signature(&mut self, text: &str) -> Result<(), Problem> {
        let Origin::SignedBy(keys) = self.origin else { return Ok(()) };
        let id = self.root.as_ref().and_then(|root| root.id.as_deref()).ok_or(SignatureProblem::Reference)?;
        let (mut digest, value) = Promise::check(text, id, keys)?.into_digest();
        let Sum::Waiting { root: Some(root), text } = std::mem::replace(&mut self.sum, Sum::Unwanted) else {
            return Err(SignatureProblem::Missing.into());
        };
        digest.begin(&root, &self.scope)?;
        digest.text(&text)?;
        self.sum = Sum::Running(digest, value);
        Ok(())
    }

    fn end_entity(&mut self) -> Result<(), Problem> {
        let Some(collected) = self.entity.take() else { return Ok(()) };
        let (staging, seen) = (&mut self.staging, &mut self.seen);
        match collected.finish(|entity| stage(staging, seen, entity))? {
            None => self.report.staged(),
            Some(skipped) => self.report.skipped(skipped),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), Problem> {
        if !text.chars().all(is_char) {
            return Err(Problem::Entity);
        }
        let is_blank = text.chars().all(|c| matches!(c, ' ' | '\t' | '\n' | '\r'));
        let Some(open) = self.open.last_mut() else {
            return if is_blank { Ok(()) } else { Err(Problem::NotWellFormed) };
        };
        if !is_blank {
            let is_split = open.text == Text::Commented;
            open.text = Text::Begun;
            let is_group = matches!(open.part, Part::Group(_));
            self.refuse_text(is_split, is_group)?;
        }
        if let Some(signature) = &mut self.signature {
            signature.text(text)?;
            return if signature.len() > MAX_ENTITY { Err(SignatureProblem::Shape.into()) } else { Ok(()) };
        }
        if let Some(entity) = &mut self.entity {
            entity.text(text)?;
        }
        match &mut self.sum {
            Sum::Unwanted => Ok(()),
            Sum::Running(digest, _) => digest.text(text),
            Sum::Waiting { text: waiting, .. } if waiting.len().saturating_add(text.len()) <= MAX_WAITING => {
                waiting.push_str(text);
                Ok(())
            }
            Sum::Waiting { .. } => Err(Problem::Token),
        }
    }

    /// Where a comment stands in a name (`https://sp.example<!-- -->.evil.example`), one reader takes what is in front of it
    /// and another one all of it, and both find the signature right.
    fn refuse_text(&mut self, is_split: bool, is_group: bool) -> Result<(), Problem> {
        match &mut self.entity {
            _ if is_group => Err(Problem::Text),
            Some(entity) if is_split && self.signature.is_none() => {
                entity.skip(WhySkipped::SplitText);
                Ok(())
            }
            _ if is_split => Err(Problem::Text),
            _ => Ok(()),
        }
    }

    fn comment(&mut self) {
        if let Some(open) = self.open.last_mut()
            && open.text == Text::Begun
        {
            open.text = Text::Commented;
        }
    }

    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), Problem> {
        if self.open.is_empty() {
            return Err(Problem::NotWellFormed);
        }
        let c = value::reference(reference).ok_or(Problem::Entity)?;
        self.text(c.encode_utf8(&mut [0; 4]))
    }

    /// The verdict, at the end of the file. Here alone a [`Verified`] is made.
    pub(super) fn finish(self) -> Result<S::Done, Problem> {
        if !self.open.is_empty() {
            return Err(Problem::NotWellFormed);
        }
        let root = self.root.ok_or(Problem::Root)?;
        let is_signed = match (self.origin, self.sum) {
            (Origin::DangerUnchecked, _) => false,
            (Origin::SignedBy(_), Sum::Running(digest, value)) => digest.is(&value),
            (Origin::SignedBy(_), _) => false,
        };
        if matches!(self.origin, Origin::SignedBy(_)) && !is_signed {
            return Err(SignatureProblem::Wrong.into());
        }
        let verified = Verified { is_signed, lifetime: root.lifetime, report: self.report };
        Ok(self.staging.commit(verified))
    }
}

/// Puts an entity aside, each entity id once: of two, one reader takes the first and another the last.
fn stage<S: Staging>(
    staging: &mut S,
    seen: &mut HashSet<Vec<u8>>,
    entity: &Entity<'_>,
) -> Result<(), Unfinished> {
    if seen.len() >= MAX_ENTITIES {
        return Err(Unfinished::Stop(Problem::Entities));
    }
    if !seen.insert(digest(&SHA256, entity.entity_id.as_bytes()).as_ref().to_vec()) {
        return Err(Unfinished::Skip(WhySkipped::Twice));
    }
    staging.stage(entity).map_err(|unstaged| match unstaged {
        Unstaged::Entity(reason) => Unfinished::Skip(WhySkipped::Staging(reason)),
        Unstaged::Everything(reason) => Unfinished::Stop(Problem::Staging(reason)),
    })
}
