//! Which signatures are not taken, although a library might find them right?

use symbolon_saml::{Kind, PeerKeys, Refused, SignatureProblem, Trust, Wrapping, open};

use super::{
    actors::{EC, MALLORY, RSA, logout_request, take},
    documents::{self, cut, signature, swap},
};

const SHA1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const TRANSFORM: &str = "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:Transform>";

fn honest() -> String {
    logout_request().write(Some(&RSA.signer)).unwrap()
}

fn refused(text: &str) -> Refused {
    let optional = open(text, Kind::LogoutRequest, Wrapping::None)
        .and_then(|opened| opened.check(Trust::Optional(&RSA.keys)));
    let required = take(text, Kind::LogoutRequest, &RSA.keys);
    assert_eq!(required, optional);
    required.expect_err(text)
}

fn template() -> String {
    documents::template(&honest())
}

#[test]
fn what_another_library_signs_is_taken() {
    let text = RSA.fill(&template());
    assert!(take(&text, Kind::LogoutRequest, &RSA.keys).unwrap().is_signed());
    let ec = swap(&template(), "xmldsig-more#rsa-sha256", "xmldsig-more#ecdsa-sha256");
    assert!(take(&EC.fill(&ec), Kind::LogoutRequest, &EC.keys).unwrap().is_signed());
}

#[test]
fn prefixes_that_are_kept_are_taken() {
    let kept = format!(
        "\"{EXCLUSIVE}\"><ec:InclusiveNamespaces xmlns:ec=\"{EXCLUSIVE}\" PrefixList=\"xs\"/></ds:Transform>"
    );
    let text = RSA.fill(&swap(&template(), TRANSFORM, &format!("<ds:Transform Algorithm={kept}")));
    assert!(take(&text, Kind::LogoutRequest, &RSA.keys).unwrap().is_signed());
    let evil = text.replace("PrefixList", "Evil");
    assert_eq!(refused(&evil), SignatureProblem::Shape.into());
}

#[test]
fn stronger_digests_are_taken() {
    let digest = "<ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha512\">";
    let text =
        swap(&template(), "<ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\">", digest);
    let text = RSA.fill(&swap(&text, "xmldsig-more#rsa-sha256", "xmldsig-more#rsa-sha512"));
    assert!(take(&text, Kind::LogoutRequest, &RSA.keys).unwrap().is_signed());
}

#[test]
fn rsa_with_sha1_is_refused() {
    let text = swap(&honest(), "2001/04/xmldsig-more#rsa-sha256", "2000/09/xmldsig#rsa-sha1");
    assert_eq!(refused(&text), SignatureProblem::Algorithm.into());
}

#[test]
fn a_digest_with_sha1_is_refused() {
    let text = RSA.fill(&swap(&template(), "http://www.w3.org/2001/04/xmlenc#sha256", SHA1));
    assert_eq!(refused(&text), SignatureProblem::Algorithm.into());
}

#[test]
fn the_certificate_as_a_shared_secret_is_refused() {
    let text = swap(&honest(), "xmldsig-more#rsa-sha256", "xmldsig-more#hmac-sha256");
    assert_eq!(refused(&text), SignatureProblem::Algorithm.into());
}

#[test]
fn a_truncated_hmac_is_refused() {
    let method = cut(&template(), "<ds:SignatureMethod", "></ds:SignatureMethod>").to_owned();
    let cut_short = "><ds:HMACOutputLength>8</ds:HMACOutputLength></ds:SignatureMethod>";
    let text = swap(&honest(), &method, &method.replace("></ds:SignatureMethod>", cut_short));
    assert_eq!(refused(&text), SignatureProblem::Shape.into());
}

#[test]
fn an_algorithm_for_another_kind_of_key_is_refused() {
    let text = swap(&honest(), "xmldsig-more#rsa-sha256", "xmldsig-more#ecdsa-sha256");
    assert_eq!(refused(&text), SignatureProblem::Algorithm.into());
}

#[test]
fn the_key_inside_a_message_is_not_looked_at() {
    // Mallory signs, and sends his certificate along.
    let text = logout_request().write(Some(&MALLORY.signer)).unwrap();
    assert_eq!(refused(&text), SignatureProblem::Wrong.into());
    // And the other way round: a right signature with a foreign certificate beside it is a right signature.
    let foreign = cut(&text, "<ds:KeyInfo>", "</ds:KeyInfo>");
    let honest = honest();
    let mixed = swap(&honest, cut(&honest, "<ds:KeyInfo>", "</ds:KeyInfo>"), foreign);
    assert!(take(&mixed, Kind::LogoutRequest, &RSA.keys).unwrap().is_signed());
}

#[test]
fn one_of_several_known_keys_is_enough() {
    let both = PeerKeys::from_certificates([
        MALLORY.signer.certificate(),
        EC.signer.certificate(),
        RSA.signer.certificate(),
    ]);
    let both = both.unwrap();
    for party in [&*RSA, &*EC] {
        let text = logout_request().write(Some(&party.signer)).unwrap();
        assert!(take(&text, Kind::LogoutRequest, &both).unwrap().is_signed());
    }
}

#[test]
fn a_reference_to_the_whole_document_is_refused() {
    let text = RSA.fill(&swap(&template(), "URI=\"#_logout\"", "URI=\"\""));
    assert_eq!(refused(&text), SignatureProblem::Reference.into());
    let text = swap(&honest(), " URI=\"#_logout\"", "");
    assert_eq!(refused(&text), SignatureProblem::Shape.into());
}

#[test]
fn a_reference_to_an_element_inside_is_refused() {
    let text = swap(&template(), "<saml:NameID ", "<saml:NameID ID=\"_inside\" ");
    let text = RSA.fill(&swap(&text, "URI=\"#_logout\"", "URI=\"#_inside\""));
    assert_eq!(refused(&text), SignatureProblem::Reference.into());
}

#[test]
fn a_reference_to_something_elsewhere_is_refused() {
    for uri in ["http://evil.example/", "file:///etc/passwd", "cid:a", "#xpointer(/)", "#", "_logout"] {
        let text = swap(&honest(), "URI=\"#_logout\"", &format!("URI=\"{uri}\""));
        assert_eq!(refused(&text), SignatureProblem::Reference.into(), "{uri}");
    }
}

#[test]
fn two_signed_infos_are_refused() {
    let text = honest();
    let info = cut(&text, "<ds:SignedInfo>", "</ds:SignedInfo>");
    let twice = format!("{info}{info}");
    assert_eq!(refused(&swap(&text, info, &twice)), SignatureProblem::Shape.into());
    // In the place of KeyInfo, where there are three children again.
    let without = swap(&text, cut(&text, "<ds:KeyInfo>", "</ds:KeyInfo>"), "");
    assert_eq!(refused(&swap(&without, info, &twice)), SignatureProblem::Shape.into());
}

#[test]
fn two_references_are_refused() {
    let text = honest();
    let reference = cut(&text, "<ds:Reference", "</ds:Reference>");
    assert_eq!(
        refused(&swap(&text, reference, &format!("{reference}{reference}"))),
        SignatureProblem::Shape.into()
    );
}

#[test]
fn empty_lists_are_refused() {
    let text = honest();
    for (begin, end) in [
        ("<ds:Signature ", "</ds:Signature>"),
        ("<ds:SignedInfo>", "</ds:SignedInfo>"),
        ("<ds:Reference", "</ds:Reference>"),
        ("<ds:Transforms>", "</ds:Transforms>"),
    ] {
        let full = cut(&text, begin, end);
        let head = full.split_once('>').unwrap().0;
        assert_eq!(
            refused(&swap(&text, full, &format!("{head}>{end}"))),
            SignatureProblem::Shape.into(),
            "{begin}"
        );
        assert_eq!(
            refused(&swap(&text, full, &format!("{head}/>"))),
            SignatureProblem::Shape.into(),
            "{begin}"
        );
    }
}

#[test]
fn what_is_missing_is_refused() {
    let text = honest();
    for (begin, end) in [
        ("<ds:SignedInfo>", "</ds:SignedInfo>"),
        ("<ds:SignatureValue>", "</ds:SignatureValue>"),
        ("<ds:CanonicalizationMethod", "</ds:CanonicalizationMethod>"),
        ("<ds:SignatureMethod", "</ds:SignatureMethod>"),
        ("<ds:Reference", "</ds:Reference>"),
        ("<ds:Transforms>", "</ds:Transforms>"),
        ("<ds:DigestMethod", "</ds:DigestMethod>"),
        ("<ds:DigestValue>", "</ds:DigestValue>"),
    ] {
        assert_eq!(
            refused(&swap(&text, cut(&text, begin, end), "")),
            SignatureProblem::Shape.into(),
            "{begin}"
        );
    }
    assert_eq!(refused(&swap(&text, TRANSFORM, "")), SignatureProblem::Shape.into());
}

#[test]
fn other_transforms_are_refused() {
    let xpath = "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\"><ds:XPath>true()</ds:XPath></ds:Transform>";
    let third = swap(&honest(), TRANSFORM, &format!("{xpath}{TRANSFORM}"));
    assert_eq!(refused(&third), SignatureProblem::Shape.into());
    let instead = swap(&honest(), TRANSFORM, &xpath.replace("<ds:XPath>true()</ds:XPath>", ""));
    assert_eq!(refused(&instead), SignatureProblem::Algorithm.into());
    let with_comments = TRANSFORM.replace("c14n#", "c14n#WithComments");
    assert_eq!(refused(&swap(&honest(), TRANSFORM, &with_comments)), SignatureProblem::Algorithm.into());
    let inclusive = format!("<ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\">");
    let text = swap(
        &honest(),
        &inclusive,
        &inclusive.replace(EXCLUSIVE, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
    );
    assert_eq!(refused(&text), SignatureProblem::Algorithm.into());
}

#[test]
fn what_does_not_belong_into_a_signature_is_refused() {
    let text = honest();
    for place in ["<ds:SignedInfo>", "<ds:Transforms>", "<ds:DigestValue>", "<ds:SignatureValue>"] {
        let attack = swap(&text, place, &format!("{place}<ds:Evil></ds:Evil>"));
        assert_eq!(refused(&attack), SignatureProblem::Shape.into(), "{place}");
    }
    for place in ["<ds:SignedInfo>", "<ds:Transforms>"] {
        let attack = swap(&text, place, &format!("{place}evil"));
        assert_eq!(refused(&attack), SignatureProblem::Shape.into(), "{place}");
    }
    let attribute = swap(&text, "<ds:Reference ", "<ds:Reference Type=\"urn:evil\" ");
    assert_eq!(refused(&attribute), SignatureProblem::Shape.into());
}

#[test]
fn a_signature_of_another_namespace_is_none() {
    let text = honest();
    let other =
        swap(&text, signature(&text), &signature(&text).replace("2000/09/xmldsig#\"", "2000/09/evil#\""));
    assert_eq!(take(&other, Kind::LogoutRequest, &RSA.keys), Err(SignatureProblem::Missing.into()));
}
