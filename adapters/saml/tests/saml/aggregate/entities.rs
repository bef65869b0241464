//! What is handed over of an entity, and which ones are skipped?

use symbolon_saml::{
    Kind, Trust, Wrapping,
    aggregate::{AggregateProblem, Origin, Unstaged, WhySkipped, read},
    open,
};

use super::{LIMIT, Shelf, entities, entity, federation, ids, plain, take, take_unchecked};
use crate::{
    actors::{EC, NOBODY},
    documents::swap,
};

#[test]
fn an_entity_is_a_document_of_its_own() {
    let (kept, _) = take(&federation(&entities()), &EC.keys).unwrap();
    let text = &kept[0].text;
    assert!(
        text.starts_with("<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=")
    );
    assert!(text.ends_with("</md:EntityDescriptor>"));
    // The guard finds nothing to change in it.
    let message = open(text, Kind::EntityDescriptor, Wrapping::None).unwrap();
    assert_eq!(message.check(Trust::Optional(&NOBODY)).unwrap().canonical(), text);
}

#[test]
fn entities_in_groups_are_found_and_live_no_longer_than_their_group() {
    let dated =
        entity("https://a.example").replacen(" entityID", " validUntil=\"2026-11-25T00:00:00Z\" entityID", 1);
    let long =
        entity("https://b.example").replacen(" entityID", " validUntil=\"2036-01-01T00:00:00Z\" entityID", 1);
    let group = format!(
        "<md:EntitiesDescriptor validUntil=\"2026-11-28T00:00:00Z\">{dated}<md:EntitiesDescriptor>{long}</md:EntitiesDescriptor></md:EntitiesDescriptor>{}",
        entity("https://c.example")
    );
    let (kept, _) = take(&federation(&group), &EC.keys).unwrap();
    let until: Vec<_> = kept.iter().map(|kept| kept.until.as_deref().unwrap()).collect();
    assert_eq!(ids(&kept), ["https://a.example", "https://b.example", "https://c.example"]);
    assert_eq!(
        until,
        ["2026-11-25T00:00:00+00:00", "2026-11-28T00:00:00+00:00", "2026-12-01T00:00:00+00:00"]
    );
}

#[test]
fn a_descriptor_where_none_belongs_is_not_an_entity() {
    let hidden = format!("<md:Extensions>{}</md:Extensions>", entity("https://hidden.example"));
    let (kept, verified) = take_unchecked(&plain(&hidden)).unwrap();
    assert!(kept.is_empty());
    assert_eq!(verified.staged(), 0);
    let inside = swap(&entity("https://a.example"), "><md:SPSSO", &format!(">{hidden}<md:SPSSO"));
    assert_eq!(ids(&take_unchecked(&plain(&inside)).unwrap().0), ["https://a.example"]);
    let foreign = "<x:EntityDescriptor entityID=\"https://a.example\"/>";
    assert!(take_unchecked(&plain(foreign)).unwrap().0.is_empty());
}

#[test]
fn an_entity_that_is_not_wanted_is_reported_and_the_next_one_read() {
    let shelf = Shelf::refusing("https://b.example", Unstaged::Entity("it has no endpoint".to_owned()));
    let text = federation(&entities());
    let (kept, verified) = read(text.as_bytes(), LIMIT, Origin::SignedBy(&EC.keys), shelf).unwrap();
    assert_eq!(ids(&kept), ["https://a.example", "https://c.example"]);
    assert_eq!((verified.staged(), verified.count_skipped()), (2, 1));
    assert_eq!(
        verified.skipped()[0].to_string(),
        "line 7: https://b.example was skipped: it has no endpoint"
    );
}

#[test]
fn a_staging_that_is_full_ends_the_reading() {
    let shelf = Shelf::refusing("https://b.example", Unstaged::Everything("the disk is full".to_owned()));
    let text = federation(&entities());
    let error = read(text.as_bytes(), LIMIT, Origin::SignedBy(&EC.keys), shelf).unwrap_err();
    assert!(matches!(&error.problem, AggregateProblem::Staging(why) if why == "the disk is full"));
}

#[test]
fn the_second_entity_of_one_name_is_skipped() {
    let second = swap(&entity("https://b.example"), "https://b.example/acs", "https://evil.example/acs");
    let (kept, verified) = take_unchecked(&plain(&format!("{}{second}", entities()))).unwrap();
    assert_eq!(ids(&kept), ["https://a.example", "https://b.example", "https://c.example"]);
    assert!(!kept[1].text.contains("evil"));
    assert_eq!(verified.skipped()[0].why, WhySkipped::Twice);
}

#[test]
fn an_entity_without_a_name_is_skipped() {
    for id in [String::new(), "x".repeat(1_025)] {
        let (kept, verified) = take_unchecked(&plain(&entity(&id))).unwrap();
        assert!(kept.is_empty());
        assert_eq!(
            (&verified.skipped()[0].why, &verified.skipped()[0].entity_id),
            (&WhySkipped::EntityId, &None)
        );
    }
    assert_eq!(take_unchecked(&plain(&entity(&"x".repeat(1_024)))).unwrap().0.len(), 1);
}

#[test]
fn an_entity_whose_end_is_not_understood_is_skipped() {
    for attribute in ["validUntil=\"soon\"", "cacheDuration=\"P\""] {
        let text = entity("https://a.example").replacen(" entityID", &format!(" {attribute} entityID"), 1);
        let (kept, verified) = take_unchecked(&plain(&text)).unwrap();
        assert!(kept.is_empty());
        assert_eq!(verified.skipped()[0].why, WhySkipped::Lifetime);
    }
}

/// One reader would take `https://sp.example`, and another one `https://sp.example.evil.example`.
#[test]
fn a_comment_inside_a_value_is_noticed() {
    let named = |value: &str| {
        let name = format!("><md:Extensions><x:Name>{value}</x:Name></md:Extensions><md:SPSSO");
        swap(&entity("https://a.example"), "><md:SPSSO", &name)
    };
    for split in
        ["https://sp.example<!-- -->.evil.example", "a&amp;<!-- --> <!-- -->b", "a<!-- --><![CDATA[b]]>"]
    {
        let (kept, verified) = take_unchecked(&plain(&named(split))).unwrap();
        assert!(kept.is_empty(), "{split}");
        assert_eq!(verified.skipped()[0].why, WhySkipped::SplitText, "{split}");
    }
    for whole in ["<!-- a -->https://sp.example<!-- b -->", "<!-- a -->\n https://sp.example \n<!-- b -->"] {
        let (kept, _) = take(&federation(&named(whole)), &EC.keys).unwrap();
        assert!(kept[0].text.contains("https://sp.example") && !kept[0].text.contains("<!--"), "{whole}");
    }
    // In the signature it is refused, since nothing there may have two readings.
    let text = federation(&entities()).replacen("<ds:DigestValue>", "<ds:DigestValue>a<!-- -->", 1);
    assert!(matches!(take(&text, &EC.keys).unwrap_err().problem, AggregateProblem::Text));
}
