//! Does the reader withstand what mutations make of honest containers?

#[path = "../../../../tests/fuzz/parsers/mutate.rs"]
mod mutate;
#[path = "../../../../tests/fuzz/parsers/pskc.rs"]
mod parser;

use mutate::Mutator;

use super::FIGURE_6;

const HONEST: [&str; 5] = [
    include_str!("../../vectors/figure3.xml"),
    include_str!("../../vectors/figure5.xml"),
    FIGURE_6,
    include_str!("../../vectors/figure7.xml"),
    include_str!("../../vectors/figure9.xml"),
];

#[test]
fn five_thousand_hostile_containers() {
    let mut corpus: Vec<Vec<u8>> = HONEST.iter().map(|text| text.as_bytes().to_vec()).collect();
    corpus.push(b"<!DOCTYPE a [<!ENTITY b \"c\">]>&b;<![CDATA[x]]><!-- --><?x?>".to_vec());
    let mut mutator = Mutator::new(6_030);
    for _ in 0..5_000 {
        let bytes = mutator.of(&corpus);
        parser::plain(&bytes);
        parser::encrypted(&bytes);
    }
}
