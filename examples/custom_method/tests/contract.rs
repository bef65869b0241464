//! Does the method withstand what every method must withstand?

use std::sync::Arc;

use idp_core::contract::method::{Case, all};
use idp_protocol::Octets;
use serde_json::json;
use symbolon_aws_lc::{SeededRandom, with_random};
use symbolon_custom_method::HashChain;

#[tokio::test]
async fn the_hash_chain_passes_the_contract() {
    let crypto = with_random(Arc::new(SeededRandom::new(b"chain")));
    let mut chain = vec![[7_u8; 32]];
    for _ in 0..64 {
        let last = chain[chain.len() - 1];
        chain.push(crypto.hash.sha256(&last));
    }
    let stored = chain.pop().unwrap().to_vec();
    let words: Vec<String> = chain.iter().rev().map(|word| Octets(*word).to_string()).collect();
    // The honest person takes the first word on the sheet that was not used yet.
    let case = Case::new(
        HashChain,
        crypto,
        [stored],
        move |moment| json!({ "word": words[usize::try_from(moment.counter).unwrap()] }),
    );
    all(&case).await;
}
