//! Which signatures are believed?

use data_encoding::BASE64;
use symbolon_saml::{
    PeerKeys,
    aggregate::{AggregateProblem, Origin, read},
};

use super::{
    LIMIT, Shelf, entities, entity, federation, ids, plain, refused, sign, take, take_unchecked, template,
    unfinished,
};
use crate::{
    actors::{EC, MALLORY, NOBODY, RSA},
    documents::{cut, signature, swap},
    metadata::metadata,
};

fn is_refused_as(text: &str, what: &str) {
    let problem = refused(text).to_string();
    assert!(problem.contains(what), "{problem}: {text}");
}

const WRONG: &str = "was not made by a key of the sender";
const SHAPE: &str = "not built as SAML wants it";
const ALGORITHM: &str = "an algorithm that is not taken";
const PLACE: &str = "in a place where it signs nothing";
const MISSING: &str = "must be signed and is not";
const REFERENCE: &str = "does not refer to the element";

#[test]
fn an_aggregate_of_a_pinned_key_is_taken() {
    for (party, method) in [(&*EC, "#ecdsa-sha256"), (&*RSA, "#rsa-sha256"), (&*RSA, "#rsa-sha512")] {
        let template = swap(&template(&entities()), "#ecdsa-sha256", method);
        let (kept, verified) = take(&sign(&template, party), &party.keys).unwrap();
        assert_eq!(ids(&kept), ["https://a.example", "https://b.example", "https://c.example"]);
        assert_eq!(kept.iter().map(|kept| kept.line).collect::<Vec<_>>(), [6, 7, 9]);
        assert!(verified.is_signed());
        assert_eq!((verified.staged(), verified.count_skipped()), (3, 0));
        assert_eq!(verified.lifetime().valid_until.unwrap().to_rfc3339(), "2026-12-01T00:00:00+00:00");
        assert_eq!(verified.lifetime().cache_duration.unwrap().as_secs(), 21_600);
    }
}

#[test]
fn longer_digests_are_taken() {
    for uri in ["http://www.w3.org/2001/04/xmldsig-more#sha384", "http://www.w3.org/2001/04/xmlenc#sha512"] {
        let template = swap(&template(&entities()), "http://www.w3.org/2001/04/xmlenc#sha256", uri);
        assert_eq!(take(&sign(&template, &EC), &EC.keys).unwrap().0.len(), 3);
    }
}

#[test]
fn our_own_metadata_is_an_aggregate_of_one() {
    let text = metadata().write(&EC.signer).unwrap();
    let (kept, verified) = take(&text, &EC.keys).unwrap();
    assert_eq!(ids(&kept), [metadata().entity_id.as_str()]);
    assert!(verified.is_signed());
    // Our writer writes what is canonical, so only the signature is gone.
    assert_eq!(kept[0].text, swap(&text, signature(&text), ""));
}

#[test]
fn one_changed_attribute_of_one_entity_is_found() {
    let text = federation(&entities());
    is_refused_as(&swap(&text, "\"https://b.example/acs\"", "\"https://b.evil.example/acs\""), WRONG);
    is_refused_as(&swap(&text, "validUntil=\"2026", "validUntil=\"2036"), WRONG);
    is_refused_as(
        &text.replace("</md:EntitiesDescriptor>", &format!("{}</md:EntitiesDescriptor>", entity("x"))),
        WRONG,
    );
    is_refused_as(&swap(&text, &entity("https://b.example"), ""), WRONG);
}

#[test]
fn a_key_of_somebody_else_is_not_believed() {
    let forged = sign(&swap(&template(&entities()), "#ecdsa-sha256", "#rsa-sha256"), &MALLORY);
    let problem = take(&forged, &RSA.keys).unwrap_err().problem.to_string();
    assert!(problem.contains(WRONG), "{problem}");
    // Nor where he sends it along.
    let certificate = BASE64.encode(MALLORY.signer.certificate());
    let info = format!(
        "</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    );
    let along = swap(&forged, "</ds:SignatureValue>", &info);
    assert!(take(&along, &RSA.keys).unwrap_err().problem.to_string().contains(WRONG));
    assert!(take(&along, &MALLORY.keys).is_ok());
    // One of another kind is not even tried.
    is_refused_as(&forged, ALGORITHM);
}

#[test]
fn without_a_pinned_key_nothing_is_taken() {
    let problem = take(&federation(&entities()), &NOBODY).unwrap_err().problem.to_string();
    assert!(problem.contains("no signing key"), "{problem}");
}

#[test]
fn either_of_two_pinned_keys_will_do() {
    let keys = PeerKeys::from_certificates([RSA.signer.certificate(), EC.signer.certificate()]).unwrap();
    assert!(take(&federation(&entities()), &keys).is_ok());
}

#[test]
fn an_unsigned_aggregate_is_read_only_by_whoever_says_so() {
    let text = plain(&entities());
    is_refused_as(&text, MISSING);
    is_refused_as(&plain(""), MISSING);
    let (kept, verified) = take_unchecked(&text).unwrap();
    assert_eq!(kept.len(), 3);
    assert!(!verified.is_signed());
    // A signature that nobody looks at is not one.
    assert!(!take_unchecked(&federation(&entities())).unwrap().1.is_signed());
}

#[test]
fn a_signature_over_another_element_is_refused() {
    let named = entities().replacen("<md:EntityDescriptor ", "<md:EntityDescriptor ID=\"_a\" ", 1);
    let over_one = swap(&template(&named), "URI=\"#_federation\"", "URI=\"#_a\"");
    is_refused_as(&sign(&over_one, &EC), REFERENCE);
    let over_all = swap(&template(&entities()), "URI=\"#_federation\"", "URI=\"\"");
    is_refused_as(&sign(&over_all, &EC), REFERENCE);
    let no_id = swap(&over_all, " ID=\"_federation\"", "");
    is_refused_as(&sign(&no_id, &EC), REFERENCE);
}

#[test]
fn a_second_signature_is_refused() {
    let text = federation(&entities());
    let twice = swap(&text, signature(&text), &signature(&text).repeat(2));
    is_refused_as(&twice, "two signatures");
    let at_end =
        text.replace("</md:EntitiesDescriptor>", &format!("{}</md:EntitiesDescriptor>", signature(&text)));
    is_refused_as(&at_end, "two signatures");
}

#[test]
fn a_signature_that_was_moved_is_refused() {
    let text = federation(&entities());
    let without = swap(&text, signature(&text), "");
    let at_end =
        without.replace("</md:EntitiesDescriptor>", &format!("{}</md:EntitiesDescriptor>", signature(&text)));
    is_refused_as(&at_end, MISSING);
    let inside =
        swap(&text, signature(&text), &format!("<md:Extensions>{}</md:Extensions>", signature(&text)));
    is_refused_as(&inside, MISSING);
    // Also where nobody would check it.
    assert!(take_unchecked(&inside).unwrap_err().problem.to_string().contains(PLACE));
}

#[test]
fn the_aggregate_that_was_signed_inside_another_is_not_read_as_signed() {
    let text = federation(&entities());
    let root = text.split_once("-->\n").unwrap().1;
    let evil = entity("https://evil.example");
    let wrapped = format!(
        "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" ID=\"_evil\">{evil}{root}</md:EntitiesDescriptor>"
    );
    is_refused_as(&wrapped, MISSING);
    // Its own signature outside, the signed element hidden in the extensions: the id is there twice.
    let hidden = swap(root, signature(root), "");
    let wrapped = format!(
        "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" ID=\"_federation\">{}<md:Extensions>{hidden}</md:Extensions>{evil}</md:EntitiesDescriptor>",
        signature(root)
    );
    assert!(matches!(refused(&wrapped), AggregateProblem::DuplicateId));
}

#[test]
fn an_id_that_is_there_twice_is_refused() {
    for name in ["ID", "Id", "id", "AssertionID", "xml:id"] {
        let inside = format!("<md:Extensions><x:y {name}=\"_federation\"/></md:Extensions>{}", entities());
        // Not every library that signs would notice.
        let text = swap(&federation(&entities()), &entities(), &inside);
        assert!(matches!(refused(&text), AggregateProblem::DuplicateId), "{name}");
    }
}

#[test]
fn weak_algorithms_are_refused() {
    let text = federation(&entities());
    for (strong, weak) in [
        ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
        (
            "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
            "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        ),
        ("http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2000/09/xmldsig#sha1"),
        (
            "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
            "http://www.w3.org/TR/1999/REC-xpath-19991116",
        ),
    ] {
        is_refused_as(&swap(&text, strong, weak), ALGORITHM);
    }
    let c14n = "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>";
    let inclusive = "<ds:Transform Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"/>";
    is_refused_as(&sign(&swap(&template(&entities()), c14n, inclusive), &EC), ALGORITHM);
}

#[test]
fn other_shapes_of_signatures_are_refused() {
    let template = template(&entities());
    let reference = cut(&template, "<ds:Reference ", "</ds:Reference>");
    for (what, with) in [
        (reference, reference.repeat(2)),
        ("</ds:Signature>", "<ds:Object/></ds:Signature>".to_owned()),
        ("<ds:SignedInfo>", "<ds:SignedInfo Id=\"a\">".to_owned()),
        ("<ds:DigestValue>", "text<ds:DigestValue>".to_owned()),
    ] {
        let text = sign(&swap(&template, what, &with), &EC);
        is_refused_as(&text, SHAPE);
    }
    let text = federation(&entities());
    is_refused_as(&swap(&text, "<ds:SignatureValue>", "<ds:SignatureValue>*"), SHAPE);
}

#[test]
fn nothing_is_read_before_the_signature() {
    // Whoever has no key cannot even make us put entities aside, with a file that never ends.
    let endless = plain(&entities());
    let cut_off = endless.split_once("</md:EntityDescriptor>").unwrap().0;
    is_refused_as(cut_off, MISSING);
    let forged = sign(&swap(&template(&entities()), "#ecdsa-sha256", "#rsa-sha256"), &MALLORY);
    let cut_off = forged.split_once("</ds:Signature>").unwrap().0;
    let problem = take(&format!("{cut_off}</ds:Signature>"), &RSA.keys).unwrap_err().problem.to_string();
    assert!(problem.contains(WRONG), "{problem}");
}

#[test]
fn a_file_that_was_cut_off_is_refused() {
    let text = federation(&entities());
    for at in (1..text.trim_end().len()).filter(|at| text.is_char_boundary(*at)) {
        assert!(take(&text[..at], &EC.keys).is_err(), "{at}");
    }
}

/// Every byte counts: with any one of them changed, the file is refused or says the same.
#[test]
fn no_changed_byte_of_an_aggregate_is_believed() {
    let honest = federation(&entity("https://a.example"));
    let said = take(&honest, &EC.keys).unwrap().0;
    for at in 0..honest.len() {
        let mut bytes = honest.clone().into_bytes();
        bytes[at] ^= 1;
        if let Ok((kept, _)) = read(&*bytes, LIMIT, Origin::SignedBy(&EC.keys), Shelf::default()) {
            let texts = |kept: &[super::Kept]| kept.iter().map(|it| it.text.clone()).collect::<Vec<_>>();
            assert_eq!(texts(&kept), texts(&said), "{at}");
        }
    }
}

#[test]
fn an_entity_with_a_signature_of_its_own_is_skipped() {
    let signed = sign(
        &entity("https://b.example").replacen(
            "\"><md:SPSSO",
            &format!(
                "\" ID=\"_b\" xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\">{}<md:SPSSO",
                unfinished("_b")
            ),
            1,
        ),
        &EC,
    );
    let template = template(&format!("{}\n{}", entity("https://a.example"), "<here/>"));
    // The outer one is made first in the text, and so the inner one is not touched.
    let text = sign(&swap(&template, "<here/>", signed.trim()), &EC);
    let (kept, verified) = take(&text, &EC.keys).unwrap();
    assert_eq!(ids(&kept), ["https://a.example"]);
    assert_eq!(verified.skipped()[0].entity_id.as_deref(), Some("https://b.example"));
    assert!(verified.skipped()[0].to_string().contains("signature of its own"));
}
