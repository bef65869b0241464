//! What do the parsers make of bytes that attackers wrote? The same functions are fuzzed (`make fuzz`).

use std::thread;

use serde_json::{Value, json};

#[path = "../../../../tests/fuzz/parsers/jose.rs"]
mod jose;
#[path = "../../../../tests/fuzz/parsers/mutate.rs"]
mod mutate;

use mutate::Mutator;

const SIGNED: &str = include_str!("../../vectors/jws.json");
const ENCRYPTED: &str = include_str!("../../vectors/jwe.json");

type Parser = fn(&[u8]);

fn texts(vectors: &Value) -> Vec<Vec<u8>> {
    let tokens = vectors.as_array().unwrap().iter().map(|vector| vector["token"].as_str().unwrap());
    tokens.map(|token| token.as_bytes().to_vec()).collect()
}

/// The sets of each key alone, and of all keys.
fn sets(signed: &Value) -> Vec<Vec<u8>> {
    let keys: Vec<&Value> = signed.as_array().unwrap().iter().map(|vector| &vector["key"]).collect();
    let sets = keys.iter().map(|key| json!({ "keys": [key] })).chain([json!({ "keys": keys })]);
    sets.map(|set| set.to_string().into_bytes()).collect()
}

#[test]
fn mutated_keys_and_tokens_are_refused_and_never_a_panic() {
    let signed: Value = serde_json::from_str(SIGNED).unwrap();
    let encrypted: Value = serde_json::from_str(ENCRYPTED).unwrap();
    let runs: [(Parser, Vec<Vec<u8>>); 3] =
        [(jose::jws, texts(&signed)), (jose::jwe, texts(&encrypted["tokens"])), (jose::jwks, sets(&signed))];
    thread::scope(|scope| {
        for (seed, (parser, corpus)) in (1..).zip(runs) {
            scope.spawn(move || {
                corpus.iter().for_each(|input| parser(input));
                let mut mutator = Mutator::new(seed);
                (0..10_000).for_each(|_| parser(&mutator.of(&corpus)));
            });
        }
    });
}
