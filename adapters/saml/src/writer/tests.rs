//! Is what the writer writes canonical, whatever the values are?

use super::{Element, WriteError};
use crate::names::Space;

/// Values that end elements, look like markup, or have white space that parsers change.
const HOSTILE: [&str; 22] = [
    "",
    " ",
    "plain",
    "a</saml:AttributeValue><saml:Attribute Name=\"role\">admin",
    "<!-- -->",
    "<![CDATA[x]]>",
    "]]>",
    "&amp;",
    "&#xD;",
    "\"'><&",
    "\t tab",
    "line\nline",
    "\r\n",
    "\r",
    "Zoë & <Co>",
    "名前",
    "\u{85}\u{2028}",
    "\u{fffd}\u{e000}",
    "\u{1fffe}\u{10ffff}",
    "𝒳",
    "%{}$",
    "<?pi?>",
];

/// A source of choices (xorshift64*).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).unwrap() % end
    }

    fn value(&mut self) -> String {
        let parts = self.below(3);
        (0..=parts).map(|_| HOSTILE[self.below(HOSTILE.len())]).collect()
    }

    fn element(&mut self, depth: usize) -> Element {
        const NAMES: [&str; 4] = ["Assertion", "Attribute", "a", "Z"];
        const SPACES: [Space; 5] = [Space::Saml, Space::Samlp, Space::Ds, Space::Md, Space::Xenc11];
        let mut element = Element::new(SPACES[self.below(5)], NAMES[self.below(4)]);
        for name in ["ID", "b", "Version", "a"] {
            if self.below(2) == 0 {
                element = element.attribute(name, self.value());
            }
        }
        for (space, name) in [(Space::Xml, "lang"), (Space::Mdui, "b"), (Space::Ds, "b"), (Space::Ds, "a")] {
            if self.below(4) == 0 {
                element = element.qualified(space, name, self.value());
            }
        }
        for _ in 0..self.below(4) {
            element = match self.below(2) {
                0 if depth > 0 => element.child(self.element(depth - 1)),
                _ => element.text(self.value()),
            };
        }
        element
    }
}

fn canonicalized(text: &str) -> String {
    let bytes = bergshamra_c14n::canonicalize(text, bergshamra_c14n::C14nMode::Exclusive, None, &[""; 0]);
    String::from_utf8(bytes.unwrap_or_else(|error| panic!("{error}: {text}"))).unwrap()
}

#[test]
fn what_is_written_is_canonical_whatever_the_values_are() {
    let mut dice = Dice(0x5ab0_1234_5678_9abc);
    for _ in 0..3_000 {
        let element = dice.element(4);
        let text = element.canonical().unwrap();
        assert_eq!(canonicalized(&text), text);
    }
}

#[test]
fn what_is_written_is_read_back_as_the_same() {
    let mut dice = Dice(0x0123_4567_89ab_cdef);
    for _ in 0..1_000 {
        let text = dice.element(4).canonical().unwrap();
        let read = crate::guard::read_own(&text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(Element::try_from(&read).unwrap().canonical().unwrap(), text);
    }
}

#[test]
fn a_value_cannot_end_its_element_and_begin_another() {
    for value in HOSTILE {
        let element = Element::new(Space::Saml, "AttributeValue").attribute("Name", value).text(value);
        let text = element.canonical().unwrap();
        let read = crate::guard::read_own(&text).unwrap();
        assert_eq!(read.children().count(), 0, "{text}");
        assert_eq!(read.attributes().collect::<Vec<_>>(), [(None, "Name", value)], "{text}");
    }
}

#[test]
fn characters_that_xml_does_not_have_are_refused() {
    for c in ['\0', '\u{1}', '\u{b}', '\u{1f}', '\u{fffe}', '\u{ffff}'] {
        let refused = Err(WriteError::Character(u32::from(c)));
        let value = format!("a{c}b");
        assert_eq!(Element::new(Space::Saml, "Issuer").text(&value).canonical(), refused);
        assert_eq!(Element::new(Space::Saml, "Issuer").attribute("a", &value).canonical(), refused);
    }
}

#[test]
fn one_attribute_cannot_be_written_twice() {
    let element =
        Element::new(Space::Saml, "Issuer").attribute("a", "1").attribute("b", "2").attribute("a", "3");
    assert_eq!(element.canonical(), Err(WriteError::Twice));
}
