//! Does the line count down, end, and follow the right clock?

use std::sync::Arc;

use idp_protocol::Octets;
use symbolon_authenticator::{
    Authenticator, HttpTransport, ManualClock, MemoryStore, OfflineAccount, account::CodeKey,
};

use super::*;
use crate::voice::screen::voice;

/// The first second of a code.
const NOW: i64 = 1_800_000_000;

fn issuer() -> Origin {
    Origin::parse("https://id.example.org").unwrap()
}

fn codes() -> Codes {
    let transport = HttpTransport::new().unwrap();
    let clock = Arc::new(ManualClock::new(0));
    let device =
        Authenticator::new(symbolon_aws_lc::crypto(), clock, transport, Arc::new(MemoryStore::default()));
    device.offline_codes(&OfflineAccount {
        issuer: issuer(),
        organisation: "Example".parse().unwrap(),
        name: "alice".parse().unwrap(),
        id: Octets([1; 16]),
        enrolment: Octets([2; 16]),
        codes: CodeKey([3; 32].into()),
    })
}

/// All lines that a count-down drew, each over the one before.
async fn drawn(clock: &dyn Clock) -> Vec<String> {
    let (voice, words, _) = voice(false, "");
    count_down(&voice, &codes(), clock).await;
    words.text().split("\r\u{1b}[K").skip(1).map(str::to_owned).collect()
}

#[test]
fn the_line_counts_down_and_names_the_next_code() {
    let code = |digits: &str, from| Code { digits: digits.to_owned(), from, until: from + 30 };
    let two = [code("12345678", 60), code("87654321", 90)];
    assert_eq!(line(&two, 60).as_str(), "  1234 5678   30 s   then 8765 4321");
    assert_eq!(line(&two, 89).as_str(), "  1234 5678    1 s   then 8765 4321");
}

#[tokio::test]
async fn the_codes_stand_for_two_minutes_each_second_anew_and_are_gone_then() {
    let clock = ManualClock::new(NOW);
    let lines = drawn(&clock).await;
    assert_eq!(clock.now(), NOW + 120);
    assert_eq!(lines.len(), 121, "one a second, and the empty one");
    let wanted: Vec<String> =
        (NOW..NOW + 120).map(|now| line(&two(&codes(), now), now).to_string()).collect();
    assert_eq!(lines[..120], wanted);
    let shown = |line: &String| line.trim().chars().take(9).collect::<String>();
    let mut each: Vec<_> = wanted.iter().map(shown).collect();
    each.dedup();
    assert_eq!(each.len(), 4, "a code is shown for thirty seconds");
    assert_eq!(lines[120], "", "who goes away leaves no code on the screen");
}

#[tokio::test]
async fn on_a_terminal_the_codes_follow_the_servers_clock_too() {
    for ahead in [-600, 4_200] {
        let own = Arc::new(ManualClock::new(NOW - ahead));
        let right = drawn(&ManualClock::new(NOW)).await;
        assert_eq!(drawn(&Corrected::new(own.clone(), ahead)).await, right);
        own.advance(-120);
        assert_ne!(drawn(&*own).await, right, "its own would show other codes");
    }
}

#[test]
fn who_has_a_wrong_clock_reads_which_way_and_by_how_much() {
    let said = |ahead| apart(ahead, &issuer());
    assert!(said(600).unwrap().contains("was 10 min behind that of https://id.example.org"));
    assert!(said(-119).unwrap().contains("was 2 min ahead of that of"));
    assert_eq!([0, 60, -60].map(said), [const { None }; 3]);
}
