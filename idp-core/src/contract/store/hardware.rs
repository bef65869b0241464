//! Does the inventory keep hardware tokens, and does no counter ever go back?

use std::sync::Arc;

use super::{
    Spawn, at_once, no, ok,
    rows::{NOW, credential, id, sealed},
    yes,
};
use crate::{
    credential::{CredentialRow, CredentialWrite},
    hardware::{HardwareRow, HardwareState, HardwareWrite, Leaves},
    seal::{Place, Reseal},
    store::{Batch, BoxFuture, Committed, Guard, Store},
};

/// Round trips, guards, races, and the way of a counter from a credential back into the inventory.
pub async fn hardware<S: Store>(store: &Arc<S>, spawn: Spawn<'_>) {
    round_trip(&**store).await;
    unique(&**store).await;
    way_of_a_token(&**store).await;
    whatever_deletes_a_credential_keeps_its_counter(&**store).await;
    resealed(&**store).await;
    one_gets_it(store, spawn).await;
    no_code_is_lost(store, spawn).await;
}

fn token(number: u8) -> HardwareRow {
    HardwareRow {
        id: id(number),
        manufacturer: format!("Łódź {number}"),
        serial: format!("{number:03}"),
        kind: "hotp".to_owned(),
        state: HardwareState::InStock,
        user: None,
        credential: None,
        revision: 1,
        counter: 5,
        drift: -1,
        since: NOW,
        expires_at: Some(NOW + 60),
        secret: sealed(number),
    }
}

fn assign(number: u8, revision: i64) -> HardwareWrite {
    HardwareWrite::Assign { id: id(number), revision, user: id(number), credential: id(number), at: NOW + 1 }
}

fn release(number: u8, revision: i64, leaves: Leaves) -> HardwareWrite {
    HardwareWrite::Release { id: id(number), revision, leaves, at: NOW + 2 }
}

fn used(number: u8, counter: i64) -> CredentialRow {
    CredentialRow { handle: None, counter, drift: 2, kind: "hotp".to_owned(), ..credential(number) }
}

async fn found<S: Store>(store: &S, number: u8) -> Option<HardwareRow> {
    ok(store.hardware_by_serial(&format!("{number:03}")).await).pop()
}

async fn round_trip<S: Store>(store: &S) {
    let assigned = HardwareRow {
        state: HardwareState::Assigned,
        user: Some(id(2)),
        credential: Some(id(2)),
        expires_at: None,
        ..token(2)
    };
    for row in [token(3), assigned.clone(), token(1)] {
        yes(store, HardwareWrite::Insert(row)).await;
    }
    assert_eq!(ok(store.hardware(None, 9).await), [token(1), assigned.clone(), token(3)]);
    assert_eq!(ok(store.hardware(None, 1).await), [token(1)]);
    assert_eq!(ok(store.hardware(Some(("001", "Łódź 1")), 1).await), [assigned]);
    assert_eq!(ok(store.hardware(Some(("001", "Z")), 1).await), [token(1)], "Ł is behind Z");
    assert_eq!(ok(store.hardware(Some(("003", "Łódź 3")), 9).await), []);
    assert_eq!(found(store, 1).await, Some(token(1)));
}

async fn unique<S: Store>(store: &S) {
    let taken = [
        HardwareRow { id: id(4), ..token(1) },
        HardwareRow { serial: "004".to_owned(), manufacturer: "4".to_owned(), ..token(1) },
    ];
    for row in taken {
        no(store, HardwareWrite::Insert(row), Guard::Hardware).await;
    }
    let namesake = HardwareRow { id: id(4), manufacturer: "A".to_owned(), ..token(1) };
    yes(store, HardwareWrite::Insert(namesake.clone())).await;
    assert_eq!(ok(store.hardware_by_serial("001").await), [namesake, token(1)]);
}

async fn way_of_a_token<S: Store>(store: &S) {
    yes(store, HardwareWrite::Insert(token(10))).await;
    yes(store, assign(10, 1)).await;
    no(store, assign(10, 1), Guard::Hardware).await;
    no(store, assign(10, 2), Guard::Hardware).await;
    yes(store, CredentialWrite::Insert(used(10, 5))).await;
    yes(store, CredentialWrite::Advance { id: id(10), to: 9 }).await;
    no(store, release(10, 1, Leaves::ToStock), Guard::Hardware).await;
    yes(store, release(10, 2, Leaves::ToStock)).await;
    let back = HardwareRow { revision: 3, counter: 9, drift: 2, since: NOW + 2, ..token(10) };
    assert_eq!(found(store, 10).await, Some(back.clone()), "the counter came back");
    assert_eq!(ok(store.credentials(id(10)).await), [], "and the credential is gone");
    // Somebody who looked before it was handed out has an old counter.
    no(store, assign(10, 1), Guard::Hardware).await;
    yes(store, release(10, 3, Leaves::OutOfUse)).await;
    let disabled = HardwareRow { state: HardwareState::Disabled, revision: 4, ..back };
    assert_eq!(found(store, 10).await, Some(disabled));
    no(store, assign(10, 4), Guard::Hardware).await;
}

async fn whatever_deletes_a_credential_keeps_its_counter<S: Store>(store: &S) {
    let deletions = [
        (11, CredentialWrite::Delete(id(11))),
        (12, CredentialWrite::DeleteKind { user: id(12), kind: "hotp".to_owned() }),
    ];
    for (number, delete) in deletions {
        yes(store, HardwareWrite::Insert(token(number))).await;
        yes(store, assign(number, 1)).await;
        yes(store, CredentialWrite::Insert(used(number, 77))).await;
        yes(store, delete).await;
        let back = HardwareRow { revision: 3, counter: 77, drift: 2, since: NOW + 1, ..token(number) };
        assert_eq!(found(store, number).await, Some(back));
    }
    // A lower one does not: it was never the token's.
    yes(store, HardwareWrite::Insert(token(13))).await;
    yes(store, assign(13, 1)).await;
    yes(store, CredentialWrite::Insert(used(13, 2))).await;
    yes(store, release(13, 2, Leaves::ToStock)).await;
    assert_eq!(found(store, 13).await.map(|row| row.counter), Some(5));
}

async fn resealed<S: Store>(store: &S) {
    yes(store, HardwareWrite::Insert(token(21))).await;
    let before = ok(store.count_sealed_before(22).await);
    let place = Place::Hardware(id(21));
    let reseal = || Reseal { place: place.clone(), from: sealed(21), to: sealed(22) };
    assert!(ok(store.sealed_before(22, 99).await).contains(&(place.clone(), sealed(21))));
    yes(store, reseal()).await;
    no(store, reseal(), Guard::Sealed).await;
    assert_eq!(ok(store.count_sealed_before(22).await), before - 1);
}

async fn one_gets_it<S: Store>(store: &Arc<S>, spawn: Spawn<'_>) {
    yes(&**store, HardwareWrite::Insert(token(30))).await;
    let tasks = (100..108_u8).map(|racer| -> BoxFuture<'static, Committed> {
        let store = Arc::clone(store);
        let write = HardwareWrite::Assign {
            id: id(30),
            revision: 1,
            user: id(racer),
            credential: id(racer),
            at: NOW,
        };
        let batch = Batch::new().with(write).with(CredentialWrite::Insert(used(racer, 5)));
        Box::pin(async move { ok(store.commit(batch).await) })
    });
    let ended = at_once(spawn, tasks.collect()).await;
    assert_eq!(ended.iter().filter(|ended| **ended == Committed::Yes).count(), 1);
    let owner = found(&**store, 30).await.and_then(|row| row.user);
    for racer in 100..108 {
        let rows = ok(store.credentials(id(racer)).await).len();
        assert_eq!(rows, usize::from(owner == Some(id(racer))), "a credential for the winner only");
    }
}

/// While codes are used, the token is taken away. Whatever was accepted is in the counter that comes back.
async fn no_code_is_lost<S: Store>(store: &Arc<S>, spawn: Spawn<'_>) {
    for number in 40..44_u8 {
        yes(&**store, HardwareWrite::Insert(token(number))).await;
        yes(&**store, assign(number, 1)).await;
        yes(&**store, CredentialWrite::Insert(used(number, 5))).await;
        let tasks = (0..8_i64).map(|racer| -> BoxFuture<'static, Option<i64>> {
            let store = Arc::clone(store);
            let batch = match racer {
                4 => Batch::new().with(release(number, 2, Leaves::ToStock)),
                _ => Batch::new().with(CredentialWrite::Advance { id: id(number), to: 10 + racer }),
            };
            Box::pin(async move {
                let accepted = ok(store.commit(batch).await) == Committed::Yes && racer != 4;
                accepted.then_some(10 + racer)
            })
        });
        let highest = at_once(spawn, tasks.collect()).await.into_iter().flatten().max().unwrap_or(5);
        let back = found(&**store, number).await.map(|row| (row.state, row.counter));
        assert_eq!(back, Some((HardwareState::InStock, highest)), "{number}");
    }
}
