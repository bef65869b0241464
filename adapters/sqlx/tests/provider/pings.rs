//! Is whoever is to be told that he can ask again due at the right moment, and told by one node?

use idp_core::{
    Id, Time,
    ceremony::{CeremonyRow, CeremonyWrite, Phase, Tries},
    method::Ceremony as _,
    methods::ciba::Ciba,
    seal::Sealed,
    signin::{SignInRow, SignInWrite},
    store::Store as _,
};
use symbolon_sqlx::{
    Db,
    provider::{ClientWrite, PingRow, PingWrite},
};

use super::{NOW, client, commit, done};

fn id<T>(number: u8) -> Id<T> {
    Id::from_bytes([number; 16])
}

async fn begin(db: &Db, number: u8, kind: &str) {
    let row = SignInRow {
        id: id(number),
        revision: 0,
        browser: [number; 32],
        address: "client centre".to_owned(),
        open: true,
        created_at: NOW,
        expires_at: NOW + 120,
        body: Sealed(vec![1]),
    };
    commit(db, SignInWrite::Insert { row, keep: 9 }).await;
    commit(db, CeremonyWrite::Insert(ceremony(number, kind))).await;
}

fn ceremony(number: u8, kind: &str) -> CeremonyRow {
    CeremonyRow {
        id: id(number),
        kind: kind.to_owned(),
        sign_in: Some(id(number)),
        user: Some(id(1)),
        device: None,
        phase: Phase::Open,
        tries_left: 1,
        revision: 0,
        user_code: None,
        created_at: NOW,
        expires_at: NOW + 120,
        body: Sealed(vec![1]),
    }
}

async fn moves(db: &Db, number: u8, kind: &str, phase: Phase, revision: i64) {
    let row = CeremonyRow { phase, revision, ..ceremony(number, kind) };
    commit(db, CeremonyWrite::Update { row, tries: Tries::Keep }).await;
    // The store learns it from the engine, and not from the kind.
    if kind == Ciba::KIND && matches!(phase, Phase::Parked | Phase::Burned) {
        commit(db, SignInWrite::Decided(id(number))).await;
    }
}

fn expect(number: u8, client_id: &str) -> PingWrite {
    PingWrite::Expect { sign_in: id(number), client_id: client_id.to_owned(), due_at: NOW + 120 }
}

fn row(number: u8, client_id: &str, tries: i64) -> PingRow {
    PingRow { sign_in: id(number), client_id: client_id.to_owned(), tries }
}

async fn due(db: &Db, at: Time) -> Vec<PingRow> {
    db.due_pings(at, 10, 9).await.unwrap()
}

/// Due at the end, or as soon as somebody has decided; one node takes it at a time; and it goes with the request.
pub async fn pings(db: &Db) {
    for number in [71, 72, 73] {
        begin(db, number, Ciba::KIND).await;
    }
    begin(db, 74, "qr").await;
    for _ in 0..2 {
        assert!(done(db, expect(71, "app")).await, "a second time nothing changes");
    }
    assert!(done(db, expect(99, "app")).await, "without the request nothing happens");
    assert!(done(db, expect(74, "web")).await);
    assert_eq!((due(db, NOW + 119).await, db.next_due_ping().await.unwrap()), (vec![], Some(NOW + 120)));
    moves(db, 71, Ciba::KIND, Phase::Open, 1).await;
    moves(db, 74, "qr", Phase::Parked, 1).await;
    assert_eq!(due(db, NOW).await, [], "a step that decides nothing, and another kind");
    moves(db, 71, Ciba::KIND, Phase::Parked, 2).await;
    assert_eq!(due(db, NOW).await, [row(71, "app", 0)]);
    moves(db, 72, Ciba::KIND, Phase::Burned, 1).await;
    assert!(done(db, expect(72, "app")).await);
    assert_eq!(due(db, NOW).await, [row(71, "app", 0), row(72, "app", 0)], "somebody was faster");
    assert_eq!(
        db.due_pings(NOW, 9, 1).await.unwrap(),
        [row(71, "app", 0)],
        "nobody takes the turn of others"
    );

    let take = |row, again_at| PingWrite::Try { row, again_at };
    assert!(done(db, take(row(71, "app", 0), Some(NOW + 5))).await);
    assert!(!done(db, take(row(71, "app", 0), Some(NOW + 5))).await, "another node was faster");
    assert!(done(db, take(row(72, "app", 0), None)).await, "it had its last turn");
    assert_eq!((due(db, NOW + 4).await, due(db, NOW + 5).await), (vec![], vec![row(71, "app", 1)]));
    moves(db, 71, Ciba::KIND, Phase::Consumed, 3).await;
    assert!(done(db, PingWrite::Settled(id(71))).await);
    assert!(!done(db, take(row(71, "app", 1), None)).await, "it has asked by itself");
    assert_eq!(due(db, NOW + 120).await, [row(74, "web", 0)]);

    assert!(done(db, expect(73, "gone")).await);
    assert!(done(db, ClientWrite::Insert(client("gone", 1))).await);
    assert!(done(db, ClientWrite::Remove("gone".to_owned())).await);
    assert_eq!(due(db, NOW + 999).await, [row(74, "web", 0)], "the client is gone");
    while db.sweep(NOW + 9_999).await.unwrap() > 0 {}
    assert_eq!(db.next_due_ping().await.unwrap(), None, "it goes with the request");
}
