//! F3: the tickets in QR codes cannot be guessed, and an altered one is refused before anything is looked for.

use std::thread;

use idp_core::{
    Id, Time, WorkingKeys,
    clock::Clock as _,
    ticket::{self, Ticket, TicketKind},
};
use idp_protocol::{
    ErrorCode,
    link::{Link, Target},
    message::{QrClaim, Reference, Verdict},
};
use symbolon_tests::{Browser, Phone, World, browser::qr_of, world::START};

/// How many tickets are looked at.
const TICKETS: u32 = 1_000_000;
/// How many rotations a page shows: 120 seconds of 20.
const ROTATIONS: u32 = 6;
/// Version, number of the key and mark of the application: the same in all tickets of a day for an application.
const HEADER: usize = 4;
/// The length of a ticket.
const BYTES: usize = 52;
/// What the tests call midnight: the first one after their beginning.
const MIDNIGHT: Time = Time((START.0 / 86_400 + 1) * 86_400);

/// The tickets of so many pages, each with all its rotations, as the server makes them.
fn tickets(world: &World, keys: &WorkingKeys, number: u32) -> Vec<[u8; BYTES]> {
    let mut tickets = Vec::new();
    for _ in 0..number / ROTATIONS + 1 {
        let ceremony = Id::random(world.engine.crypto());
        tickets.extend((0..ROTATIONS).map(|epoch| -> [u8; BYTES] {
            let now = START + 20 * i64::from(epoch);
            let sealed = ticket::seal(keys, TicketKind::Scan, Ticket { ceremony, epoch, party: [7, 7] }, now);
            sealed.try_into().expect("52 bytes")
        }));
    }
    tickets
}

#[tokio::test]
async fn f3_a_million_tickets_are_unique_and_without_a_pattern() {
    let world = World::new().await;
    let keys = world.engine.keys();
    let mut all = thread::scope(|scope| {
        let other = scope.spawn(|| tickets(&world, &keys, TICKETS / 2));
        let mut all = tickets(&world, &keys, TICKETS / 2);
        all.extend(other.join().expect("tickets"));
        all
    });
    all.sort_unstable();
    let drawn = all.len();
    all.dedup();
    assert_eq!(all.len(), drawn, "each page and each rotation has a ticket of its own");

    let mut set = [[0_u32; 8]; BYTES];
    for ticket in &all {
        for (counts, byte) in set.iter_mut().zip(ticket) {
            for (bit, count) in counts.iter_mut().enumerate() {
                *count += u32::from(byte >> bit & 1);
            }
        }
    }
    // Six standard deviations of a fair coin: a true one strays further once in a million runs of this test.
    let (half, far) = (all.len() as f64 / 2.0, 6.0 * (all.len() as f64 / 4.0).sqrt());
    for (place, counts) in set.iter().enumerate().skip(HEADER) {
        for (bit, count) in counts.iter().enumerate() {
            assert!((f64::from(*count) - half).abs() < far, "bit {bit} of byte {place}: {count} of {drawn}");
        }
    }
}

/// The ticket in a QR code.
fn ticket_of(qr: &str) -> Vec<u8> {
    match Link::parse(qr).expect("a link").target {
        Target::Scan(ticket) => ticket,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn f3_a_ticket_with_any_bit_flipped_is_refused_before_a_sign_in_is_looked_for() {
    let (world, asked) = World::counted().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let account = phone.account().id;
    let bits: Vec<usize> = (0..8 * BYTES).collect();
    // A device may claim 20 times a minute: a new page for every 19 flips, and one claim of the ticket as it is.
    for some in bits.chunks(19) {
        world.clock.advance(60);
        let browser = Browser::new(&world);
        let sign_in = browser.open().await;
        let (_, qr) = browser.qr(sign_in).await;
        let live = ticket_of(&qr);
        assert_eq!(live.len(), BYTES);
        for bit in some {
            let mut ticket = live.clone();
            ticket[bit / 8] ^= 1 << (bit % 8);
            asked.take();
            let answer = phone.forge(QrClaim { reference: Reference::Scan { ticket }, account }, None).await;
            assert_eq!(answer, Some(ErrorCode::NotFound), "bit {bit}");
            let reads = asked.take();
            let who = ["mark", "device_by_key", "user"];
            assert_eq!(reads[..3], who, "who sends it is checked");
            assert!(
                reads[3..].iter().all(|what| what.starts_with("Rate(Take")),
                "bit {bit}: and then it counts, and nothing is read: {reads:?}"
            );
        }
        let claim = QrClaim { reference: Reference::Scan { ticket: live }, account };
        assert_eq!(phone.forge(claim, None).await, None, "as it is, it is taken");
        assert!(asked.take().contains(&"ceremony".to_owned()));
    }
}

#[tokio::test]
async fn a_ticket_from_before_midnight_is_taken_after_it() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    world.clock.advance(MIDNIGHT - world.clock.now() - 10);
    let browser = Browser::new(&world);
    let sign_in = browser.open().await;
    let (ceremony, qr) = browser.qr(sign_in).await;
    world.clock.advance(15);
    assert_ne!(qr_of(&browser.look(ceremony).await), qr, "the page has a ticket of today's key by now");
    phone.scan(&qr, Verdict::Approve).await.expect("yesterday's ticket, fifteen seconds old");
}

#[tokio::test]
async fn the_ticket_key_of_yesterday_is_refused_once_five_minutes_are_over() {
    let world = World::new().await;
    let keys = world.engine.keys();
    let ticket = Ticket { ceremony: Id::random(world.engine.crypto()), epoch: 0, party: [7, 7] };
    for kind in [TicketKind::Scan, TicketKind::SameDevice] {
        let sealed = ticket::seal(&keys, kind, ticket, MIDNIGHT + -10);
        let open = |now| ticket::open(&keys, kind, &sealed, now);
        assert_eq!(open(MIDNIGHT + -1), Some(ticket));
        assert_eq!(open(MIDNIGHT + 5), Some(ticket));
        assert_eq!(open(MIDNIGHT + 299), Some(ticket));
        assert_eq!(open(MIDNIGHT + 300), None);
        assert_eq!(
            open(MIDNIGHT + 256 * 86_400 + -10),
            None,
            "the number of a key comes again, the key does not"
        );
    }
}
