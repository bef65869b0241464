//! Does the memory stay as it is, however many messages are signed and checked? A process of its own, because it looks at all of
//! it.
//!
//! `SYMBOLON_SOAK` says how many signatures there are. CONTRIBUTING.md has the command for 100,000.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "what the tests share may end a test, as they may themselves")]

#[path = "../saml/actors.rs"]
#[expect(dead_code, reason = "not all of them appear here")]
mod actors;

use actors::{EC, NOBODY, Party, RSA, SP, head, random, response, take};
use symbolon_saml::{AuthnRequest, Kind, Signed, Trust, Wrapping, open};

/// What one round may leave behind on average, in bytes. The least that is told from the noise of the allocator is 512 KiB.
const MOST_A_ROUND: usize = 16;

/// One response with two signatures, written and checked, and one request read. Each one says something else, so that nothing
/// can be kept of an earlier one.
fn round(number: usize) {
    let party: &Party = if number.is_multiple_of(2) { &RSA } else { &EC };
    let mut response = response();
    response.head = head(&format!("_response{number}"), SP, None);
    if let Some(assertion) = &mut response.assertion {
        assertion.id = format!("_assertion{number}");
        assertion.subject.name_id.value = format!("person-{number}");
    }
    let text = response.write(&party.protection(Signed::Both, &*random())).unwrap();
    let message = take(&text, Kind::Response, &party.keys).unwrap();
    assert!(message.is_signed() && message.canonical().contains(&format!("person-{number}")));

    let text = format!(
        "<q:AuthnRequest xmlns:q=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_{number}\" Version=\"2.0\" IssueInstant=\"2026-11-23T09:30:00Z\"><Issuer xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">{SP}/{number}</Issuer></q:AuthnRequest>"
    );
    let message = open(&text, Kind::AuthnRequest, Wrapping::None).unwrap().check(Trust::Optional(&NOBODY));
    let request = AuthnRequest::read(&message.unwrap()).unwrap();
    assert_eq!(request.head.id, format!("_{number}"));
}

/// The memory that this process has now, in KiB.
fn memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test has no configuration, and somebody asks for a longer one"
)]
fn signatures() -> usize {
    std::env::var("SYMBOLON_SOAK").map_or(20_000, |number| number.parse().unwrap())
}

#[test]
#[ignore = "it must be alone in its process, and takes a while: scripts/test.sh runs it"]
fn signing_and_checking_leaves_nothing_behind() {
    let signatures = signatures();
    let rounds = signatures.div_ceil(2);
    // The first ones fill what is there once: keys, tables, the pages of the allocator.
    (0..200).for_each(round);
    let before = memory();
    (0..rounds).for_each(round);
    let grown = memory().saturating_sub(before);
    println!("{signatures} signatures made and checked; {before} KiB before, {grown} KiB more after");
    let most = (rounds * MOST_A_ROUND).div_ceil(1_024).max(512);
    assert!(grown < most, "{grown} KiB more after {signatures} signatures");
}
