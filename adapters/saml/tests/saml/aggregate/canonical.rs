//! Is what is hashed and handed over the exclusive canonical form, whatever the text looked like?

use bergshamra_c14n::{C14nMode, canonicalize_doc};
use bergshamra_xml::nodeset::NodeSet;
use idp_protocol::crypto::Random as _;
use symbolon_aws_lc::SeededRandom;
use uppsala::Parser;

use super::{federation, sign, take, template};
use crate::{actors::EC, documents::swap};

const MD: &str = "urn:oasis:names:tc:SAML:2.0:metadata";

/// What another implementation makes of the entities of a text.
fn expected(text: &str) -> Vec<String> {
    let document = Parser::new().parse(text).unwrap();
    let canonical = |node| {
        let nodes = NodeSet::tree_without_comments(node, &document);
        let none: [&str; 0] = [];
        String::from_utf8(canonicalize_doc(&document, C14nMode::Exclusive, Some(&nodes), &none).unwrap())
            .unwrap()
    };
    document.get_elements_by_tag_name_ns(MD, "EntityDescriptor").into_iter().map(canonical).collect()
}

/// The other implementation hashes and signs; here the hash must be the same, and so must the texts.
fn agree(text: &str) {
    let (kept, verified) = take(text, &EC.keys).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(verified.count_skipped(), 0, "{:?} {text}", verified.skipped());
    let texts: Vec<String> = kept.into_iter().map(|kept| kept.text).collect();
    assert_eq!(texts, expected(text), "{text}");
}

/// One entity with this inside.
fn with(inside: &str) -> String {
    format!("<md:EntityDescriptor entityID=\"https://a.example\">{inside}</md:EntityDescriptor>")
}

#[test]
fn other_spellings_have_the_same_canonical_form() {
    for inside in [
        "<a/>",
        "<a  ></a >",
        "<a b='\"' c=\"'\"/>",
        "<a b=\"&#9;&#10;&#13;&#x20;\"/>",
        "<a b=\"&lt;&gt;&amp;&quot;&apos;>\"/>",
        "<a>&lt;&gt;&amp;&quot;&apos;&#13;&#10;&#x1F600;</a>",
        "<a><![CDATA[<&>]]]]><![CDATA[>]]></a>",
        "<!-- a --><a><!-- b --></a><!-- c -->",
        "<a xmlns=\"urn:a\"><b xmlns=\"\"><c xmlns=\"urn:a\"/></b></a>",
        "<a xmlns=\"\"/>",
        "<x:a xmlns:x=\"urn:y\"><x:b xmlns:x=\"urn:x\"/></x:a>",
        "<x:a><y:a xmlns:y=\"urn:x\" y:b=\"\" b=\"\" x:c=\"\"/></x:a>",
        "<a xmlns:z=\"urn:a\" xmlns:y=\"urn:z\" z:b=\"\" y:a=\"\" c=\"\" xml:lang=\"de\"/>",
        "<a xml:lang=\"de\" xml:space=\"preserve\"><b xml:lang=\"en\"/></a>",
        "<a xmlns:xml=\"http://www.w3.org/XML/1998/namespace\"/>",
        "<x:a><b><x:c/></b><x:d/></x:a>",
        "<md:a xmlns:md=\"urn:other\"><md:b/></md:a>",
        "<a xmlns:u=\"urn:unused\" xsi:type=\"xs:string\" xmlns:xsi=\"urn:xsi\" xmlns:xs=\"urn:xs\"/>",
    ] {
        agree(&federation(&with(inside)));
    }
}

#[test]
fn line_breaks_of_other_systems_are_line_breaks() {
    let text = federation(&with("<a b=\"1 2\">\n x\n\n y </a>\n"));
    agree(&text);
    // The signature was made before somebody's editor saved the file.
    agree(&text.replace('\n', "\r\n"));
    agree(&text.replace('\n', "\r"));
    agree(&format!("\u{feff}{text}"));
}

/// XML reads white space in attributes as spaces (XML 1.0, 3.3.3), and a line break of two characters as one. The other
/// implementation does not, so what it signed has spaces already; xmlsec1 agrees with what is here.
#[test]
fn white_space_in_attributes_is_spaces() {
    let text = federation(&with("<a b=\" x  y   z \" c=\"&#10;\"/>"));
    let honest = take(&text, &EC.keys).unwrap().0;
    assert!(honest[0].text.contains("<a b=\" x  y   z \" c=\"&#xA;\"></a>"), "{honest:?}");
    for value in [" x\n\ty \t z\r\n", "\rx \r\ny\n\n\nz\r"] {
        let other = swap(&text, " x  y   z ", value);
        assert_eq!(take(&other, &EC.keys).unwrap().0[0].text, honest[0].text, "{value:?}");
    }
    // One that was written as a character is one.
    assert!(take(&swap(&text, "&#10;", "\n"), &EC.keys).is_err());
}

#[test]
fn a_default_namespace_is_as_good_as_a_prefix() {
    let text = template(&with("<md:SPSSODescriptor><x:a xmlns=\"\"><b/></x:a></md:SPSSODescriptor>"));
    let text = text.replace("xmlns:md=", "xmlns=").replace("<md:", "<").replace("</md:", "</");
    agree(&sign(&text, &EC));
}

#[test]
fn prefixes_that_the_signer_lists_are_kept() {
    let c14n = "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>";
    for list in ["xs", "xs x", "#default xs", "unknown", "md", ""] {
        let listed = format!(
            "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"><ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"{list}\"/></ds:Transform>"
        );
        let inside =
            "<a xmlns=\"urn:d\" xmlns:xs=\"urn:xs\"><x:b c=\"xs:string\"/><e xmlns:xs=\"urn:2\"><f/></e></a>";
        agree(&sign(&swap(&template(&with(inside)), c14n, &listed), &EC));
    }
}

/// Random documents, from a seed.
struct Dice(SeededRandom);

impl Dice {
    fn below(&self, end: usize) -> usize {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        usize::try_from(u32::from_le_bytes(bytes)).unwrap() % end
    }

    fn of<'a>(&self, choices: &[&'a str]) -> &'a str {
        choices.get(self.below(choices.len())).unwrap()
    }

    /// An element; `x`, `y` and `z` are declared around it.
    fn element(&self, depth: usize) -> String {
        let mut tag = String::new();
        for declared in ["", ":x", ":y", ":z"] {
            if self.below(4) == 0 {
                let uri = self.of(&["urn:x", "urn:y", "urn:a&amp;b", "urn:c"]);
                let uri = if declared.is_empty() && self.below(3) == 0 { "" } else { uri };
                tag += &format!("{}xmlns{declared}=\"{uri}\"", self.of(&[" ", "\r\n\t"]));
            }
        }
        for name in ["a", "b", "x:c", "y:d", "z:e", "xml:lang"] {
            if self.below(3) == 0 {
                tag += &format!(" {name} = '{}'", self.value());
            }
        }
        let name = format!("{}{}", self.of(&["", "", "x:", "y:", "z:"]), self.of(&["p", "q", "É"]));
        let inside: String = match (depth, self.below(4)) {
            (_, 0) => return format!("<{name}{tag}/>"),
            (0, _) | (_, 1) => (0..self.below(4)).map(|_| self.text()).collect(),
            _ => (0..self.below(4))
                .map(|_| {
                    format!("{}{}", self.of(&["", "\n ", "<!-- & -->", "\r\n"]), self.element(depth - 1))
                })
                .collect(),
        };
        format!("<{name}{tag}>{inside}</{name}{}>", self.of(&["", " "]))
    }

    fn value(&self) -> String {
        let part = |_| self.of(&["v", " ", "\"", "&lt;", "&amp;", "&#13;", "&#xA;", ">", "é", "&apos;"]);
        (0..self.below(6)).map(part).collect()
    }

    fn text(&self) -> &'static str {
        self.of(&[
            "t",
            " ",
            "\r\n",
            "\r",
            "&amp;",
            "&#13;",
            "&gt;",
            "\"",
            "<![CDATA[<]]>",
            "<![CDATA[\n]]>",
            "𝄞",
        ])
    }
}

/// Aggregates that are yet to be signed.
pub fn random(seed: &[u8], count: usize) -> Vec<String> {
    let dice = Dice(SeededRandom::new(seed));
    let one = || {
        let around = "<md:Extensions xmlns:y=\"urn:y\" xmlns:z=\"urn:z\">";
        let outside = format!("{around}{}</md:Extensions>", dice.element(2));
        let inside = format!("{around}{}{}</md:Extensions>", dice.element(3), dice.element(1));
        template(&format!("{outside}{}", with(&inside)))
    };
    std::iter::repeat_with(one).take(count).collect()
}

#[test]
fn random_documents_have_the_digest_of_another_implementation() {
    for template in random(b"aggregate", 250) {
        agree(&sign(&template, &EC));
    }
}
