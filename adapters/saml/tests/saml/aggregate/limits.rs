//! How much may an aggregate be, in every direction?

use std::io::{BufReader, Cursor, Read};

use symbolon_saml::aggregate::{
    AggregateProblem as Problem, Entity, MAX_ENTITIES, MAX_ENTITY, MAX_NAMED, Origin, Staging, Unstaged,
    Verified, WhySkipped, read,
};

use super::{LIMIT, Shelf, entity, federation, ids, plain, take, take_unchecked};
use crate::{actors::EC, documents::swap};

/// Keeps nothing, and says how many it was given.
struct Uncounted;

impl Staging for Uncounted {
    type Done = usize;

    fn stage(&mut self, _: &Entity<'_>) -> Result<(), Unstaged> {
        Ok(())
    }

    fn commit(self, verified: Verified) -> usize {
        verified.staged()
    }
}

fn problem(inside: &str) -> Problem {
    take_unchecked(&plain(inside)).expect_err("more than there may be").problem
}

#[test]
fn a_file_has_at_most_so_many_bytes() {
    let text = plain(&entity("https://a.example"));
    let length = u64::try_from(text.len()).unwrap();
    let taken = |limit| read(text.as_bytes(), limit, Origin::DangerUnchecked, Shelf::default());
    assert!(taken(length).is_ok());
    assert!(matches!(taken(length - 1).unwrap_err().problem, Problem::Size(limit) if limit == length - 1));
}

/// The parser would keep them whole.
#[test]
fn what_never_ends_is_refused() {
    let begin = plain("").split_once("</md:").unwrap().0.to_owned();
    for endless in ["<a ", "<a b=\"", "text", "<!-- ", "<![CDATA[", "&#", "</", "<?"] {
        let head = Cursor::new(format!("{begin}{endless}"));
        let reader = BufReader::new(head.chain(std::io::repeat(b'1').take(64 << 20)));
        let error = read(reader, 1 << 30, Origin::DangerUnchecked, Shelf::default()).unwrap_err();
        assert!(matches!(error.problem, Problem::Token), "{endless}: {error}");
    }
}

#[test]
fn elements_are_nested_so_deep() {
    let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert!(take_unchecked(&plain(&nested(47))).is_ok());
    assert!(matches!(problem(&nested(48)), Problem::Depth));
}

#[test]
fn an_element_has_so_many_attributes() {
    let many = |count: usize| {
        let attributes: String = (0..count).map(|at| format!(" a{at}=\"\"")).collect();
        format!("<a{attributes}/>")
    };
    assert!(take_unchecked(&plain(&many(48))).is_ok());
    assert!(matches!(problem(&many(49)), Problem::Attributes));
}

#[test]
fn namespaces_are_few_and_short() {
    let many = |count: usize| {
        let declared: String = (0..count).map(|at| format!(" xmlns:a{at}=\"urn:{at}\"")).collect();
        format!("<a{declared}/>")
    };
    assert!(take_unchecked(&plain(&many(24))).is_ok());
    assert!(matches!(problem(&many(25)), Problem::Namespaces));
    let long = |length: usize| format!("<a xmlns=\"{}\"/>", "u".repeat(length));
    assert!(take_unchecked(&plain(&long(256))).is_ok());
    assert!(matches!(problem(&long(257)), Problem::Namespaces));
}

/// Each prefix is looked for among all that are declared around it.
#[test]
fn namespaces_around_each_other_are_bounded() {
    let level: String = (0..20).map(|at| format!(" xmlns:a{at}=\"urn:{at}\"")).collect();
    let nested = |depth: usize| format!("{}{}", format!("<a{level}>").repeat(depth), "</a>".repeat(depth));
    assert!(take_unchecked(&plain(&nested(6))).is_ok());
    assert!(matches!(problem(&nested(7)), Problem::Namespaces));
    // Those of siblings are gone again.
    assert!(take_unchecked(&plain(&nested(1).repeat(50))).is_ok());
}

#[test]
fn names_are_short() {
    let long = |length: usize| format!("<{}/>", "n".repeat(length));
    assert!(take_unchecked(&plain(&long(256))).is_ok());
    assert!(matches!(problem(&long(257)), Problem::Name));
}

#[test]
fn an_entity_that_is_too_long_costs_itself() {
    let long =
        swap(&entity("https://b.example"), "></md:SPSSO", &format!(">{}</md:SPSSO", "x".repeat(MAX_ENTITY)));
    let text = federation(&format!("{}{long}{}", entity("https://a.example"), entity("https://c.example")));
    let (kept, verified) = take(&text, &EC.keys).unwrap();
    assert_eq!(ids(&kept), ["https://a.example", "https://c.example"]);
    assert_eq!(verified.skipped()[0].why, WhySkipped::Size);
}

#[test]
fn there_are_so_many_entities() {
    let few = |count: usize| -> String {
        let entities = (0..count).map(|at| format!("<md:EntityDescriptor entityID=\"urn:{at}\"/>"));
        plain(&entities.collect::<String>())
    };
    let counted = |count| read(few(count).as_bytes(), 64 << 20, Origin::DangerUnchecked, Uncounted);
    assert_eq!(counted(MAX_ENTITIES).unwrap(), MAX_ENTITIES);
    assert!(matches!(counted(MAX_ENTITIES + 1).unwrap_err().problem, Problem::Entities));
}

#[test]
fn reasons_do_not_fill_the_memory() {
    let text = plain(&"<md:EntityDescriptor/>".repeat(MAX_NAMED + 5));
    let (kept, verified) = take_unchecked(&text).unwrap();
    assert!(kept.is_empty());
    assert_eq!((verified.skipped().len(), verified.count_skipped()), (MAX_NAMED, MAX_NAMED + 5));
}

#[test]
fn a_text_in_front_of_the_signature_does_not_grow() {
    let text = federation(&entity("https://a.example"));
    let wide = swap(&text, "\n  <ds:Signature", &format!("{}<ds:Signature", " ".repeat(70_000)));
    assert!(matches!(take(&wide, &EC.keys).unwrap_err().problem, Problem::Token));
}

/// A reader that hands over one byte after the other changes nothing.
#[test]
fn the_pieces_in_which_a_file_comes_do_not_matter() {
    let text = federation(&super::entities()).replace('\n', "\r\n");
    let whole = take(&text, &EC.keys).unwrap().0;
    for size in [1, 2, 3, 7, 64] {
        let reader = BufReader::with_capacity(size, text.as_bytes());
        let (kept, _) = read(reader, LIMIT, Origin::SignedBy(&EC.keys), Shelf::default()).unwrap();
        assert_eq!(kept, whole, "{size}");
    }
}
