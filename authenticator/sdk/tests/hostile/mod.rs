//! What does a device make of bytes that attackers wrote: codes, links, messages, key lists?

use std::thread;

use idp_protocol::link::Link;
use symbolon_authenticator::{Details, Error, Ticket};

use super::fake;

#[path = "../../../../tests/fuzz/parsers/mutate.rs"]
mod mutate;
#[path = "../../../../tests/fuzz/parsers/protocol.rs"]
mod protocol;

use mutate::Mutator;

/// All strings of the vectors, and the objects in them as JSON.
fn vectors() -> Vec<Vec<u8>> {
    let files = [
        include_str!("../../../../idp-protocol/vectors/links.json"),
        include_str!("../../../../idp-protocol/vectors/jws.json"),
        include_str!("../../../../idp-protocol/vectors/claims.json"),
        include_str!("../../../../idp-protocol/vectors/enrolment.json"),
        include_str!("../../../../idp-protocol/vectors/key-list.json"),
        include_str!("../../../../idp-protocol/vectors/offline.json"),
        include_str!("../../../../idp-protocol/vectors/offline-codes.json"),
        include_str!("../../../../idp-protocol/vectors/user-codes.json"),
    ];
    let mut corpus = Vec::new();
    for file in files {
        collect(&serde_json::from_str(file).unwrap(), &mut corpus);
    }
    corpus
}

fn collect(value: &serde_json::Value, corpus: &mut Vec<Vec<u8>>) {
    match value {
        serde_json::Value::String(text) => corpus.push(text.clone().into_bytes()),
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, corpus)),
        serde_json::Value::Object(members) => {
            corpus.push(value.to_string().into_bytes());
            members.values().for_each(|item| collect(item, corpus));
        }
        _ => {}
    }
}

#[test]
fn mutated_messages_and_lists_are_refused_and_never_a_panic() {
    let corpus = vectors();
    let parsers = [
        protocol::jws,
        protocol::messages,
        protocol::key_list,
        protocol::user_code,
        protocol::link,
        protocol::offline,
        protocol::otpauth,
    ];
    thread::scope(|scope| {
        for (seed, parser) in (1..).zip(parsers) {
            let corpus = &corpus;
            scope.spawn(move || {
                corpus.iter().for_each(|input| parser(input));
                let mut mutator = Mutator::new(seed);
                (0..10_000).for_each(|_| parser(&mutator.of(corpus)));
            });
        }
    });
}

/// A device that is enrolled at one server sees a million codes. Whatever it can read either leads to that server
/// and nowhere else, or is refused before anything is sent.
#[test]
fn malicious_qr_payloads_never_reach_the_network() {
    let threads = u64::try_from(thread::available_parallelism().map_or(1, usize::from)).unwrap();
    let read: usize = thread::scope(|scope| {
        let each = 1_000_000 / threads + 1;
        let scans: Vec<_> = (0..threads).map(|seed| scope.spawn(move || scan(seed, each))).collect();
        scans.into_iter().map(|scan| scan.join().unwrap()).sum()
    });
    assert!(read > 10_000, "most inputs were rubbish: only {read} could be read");
}

fn scan(seed: u64, times: u64) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (fake, phone, _) = fake::start();
    let details = Details::new("Laptop".parse().unwrap(), "Linux".parse().unwrap()).pin(fake::PIN);
    let account = runtime.block_on(async {
        phone.enrol(&fake.enrolment_link()).await.unwrap().register(&details).await.unwrap().account
    });
    let before = fake.state.lock().unwrap().requests.len();
    let foreign = fake.ticket().replace("ID.EXAMPLE.ORG", "EVIL.EXAMPLE");
    let corpus: Vec<Vec<u8>> =
        [fake.ticket(), fake.same_device(), fake.enrolment_link(), foreign].map(String::into_bytes).to_vec();
    let mut mutator = Mutator::new(seed + 100);
    let mut read = 0;
    for _ in 0..times {
        let input = mutator.of(&corpus);
        let Ok(text) = std::str::from_utf8(&input) else { continue };
        let Ok(link) = Link::parse(text) else { continue };
        read += 1;
        let written = text.trim().to_ascii_lowercase();
        let (origin, _) = written.split_once("/").and_then(|_| written.rsplit_once('/')).unwrap();
        assert_eq!(origin, link.origin.as_str(), "it leads where it says: {text:?}");
        let ticket = Ticket::from_scan(text).or_else(|_| Ticket::from_link(text));
        if let Some(ticket) = ticket.ok().filter(|ticket| *ticket.origin() != fake.origin) {
            let answer = runtime.block_on(phone.claim(&account, &ticket));
            assert!(matches!(answer, Err(Error::Foreign(_))), "{text:?}: {answer:?}");
        }
    }
    assert_eq!(fake.state.lock().unwrap().requests.len(), before, "something was sent");
    read
}
