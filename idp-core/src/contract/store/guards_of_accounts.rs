//! Does each guard of what lasts hold: devices, credentials, sessions, people, keys?

use super::{
    no, ok,
    rows::{NOW, ceremony, credential, device, digest, id, key, sealed, session, user},
    yes,
};
use crate::{
    ceremony::{CeremonyRow, CeremonyWrite},
    credential::{CredentialRow, CredentialWrite},
    device::{DeviceRow, DeviceState, DeviceWrite},
    keys::{KeyRow, KeyWrite},
    seal::{Place, Reseal, Sealed},
    session::{SessionRow, SessionWrite},
    store::{Guard, Store, Users},
    users::{User, UserWrite},
};

/// Each guard of devices, credentials, sessions, people and keys; and that the writes without one never conflict.
pub async fn guards_of_accounts<S: Store + Users>(store: &S) {
    devices(store).await;
    credential_insert(store).await;
    credential_use(store).await;
    session_insert(store).await;
    session_renewed(store).await;
    session_end(store).await;
    users(store).await;
    keys(store).await;
    sealed_values(store).await;
}

async fn devices<S: Store>(store: &S) {
    let to = |revision| DeviceRow { revision, state: DeviceState::Confirmed, ..device(1) };
    no(store, DeviceWrite::Update(to(2)), Guard::Device).await;
    yes(store, DeviceWrite::Insert(device(1))).await;
    let same_id = DeviceRow { thumbprint: digest(9), ..device(1) };
    no(store, DeviceWrite::Insert(same_id), Guard::Device).await;
    let same_key = DeviceRow { thumbprint: digest(1), ..device(2) };
    no(store, DeviceWrite::Insert(same_key), Guard::Device).await;
    for revision in [0, 1, 3] {
        no(store, DeviceWrite::Update(to(revision)), Guard::Device).await;
    }
    yes(store, DeviceWrite::Update(to(2))).await;
    for (device, revision) in [(1, 1), (1, 3), (9, 2)] {
        no(store, DeviceWrite::Unchanged { id: id(device), revision }, Guard::Device).await;
    }
    yes(store, DeviceWrite::Unchanged { id: id(1), revision: 2 }).await;
    assert_eq!(ok(store.device(id(1)).await), Some(to(2)));
}

async fn credential_insert<S: Store>(store: &S) {
    let row = |number, kind: &str, handle: Option<&[u8]>| CredentialRow {
        user: id(1),
        kind: kind.to_owned(),
        handle: handle.map(<[u8]>::to_vec),
        ..credential(number)
    };
    yes(store, CredentialWrite::Insert(row(1, "passkey", Some(b"a")))).await;
    no(store, CredentialWrite::Insert(row(1, "passkey", None)), Guard::Credential).await;
    no(store, CredentialWrite::Insert(row(2, "passkey", Some(b"a"))), Guard::Credential).await;
    yes(store, CredentialWrite::Insert(row(3, "other", Some(b"a")))).await;
    yes(store, CredentialWrite::Insert(row(4, "recovery", None))).await;
    yes(store, CredentialWrite::Insert(row(5, "recovery", None))).await;
    yes(store, CredentialWrite::Insert(CredentialRow { user: id(2), ..row(6, "recovery", None) })).await;
    yes(store, CredentialWrite::DeleteKind { user: id(1), kind: "recovery".to_owned() }).await;
    no(store, CredentialWrite::Present(id(4)), Guard::Credential).await;
    yes(store, CredentialWrite::Present(id(3))).await;
    let left: Vec<_> = ok(store.credentials(id(1)).await).iter().map(|row| row.id).collect();
    assert_eq!(left, [id(1), id(3)]);
    assert_eq!(ok(store.credentials(id(2)).await).len(), 1, "another person's stay");
}

async fn credential_use<S: Store>(store: &S) {
    let target = id(10);
    no(store, CredentialWrite::Replace { id: target, secret: sealed(1) }, Guard::Credential).await;
    no(store, CredentialWrite::Advance { id: target, to: 9 }, Guard::Credential).await;
    no(store, CredentialWrite::Follow { id: target, to: 9, drift: 1 }, Guard::Credential).await;
    no(store, CredentialWrite::Delete(target), Guard::Credential).await;
    no(store, CredentialWrite::Consume { id: target, at: NOW }, Guard::Credential).await;
    yes(store, CredentialWrite::Insert(credential(10))).await;
    for to in [6, 7] {
        no(store, CredentialWrite::Advance { id: target, to }, Guard::Credential).await;
    }
    yes(store, CredentialWrite::Advance { id: target, to: 8 }).await;
    no(store, CredentialWrite::Advance { id: target, to: 8 }, Guard::Credential).await;
    no(store, CredentialWrite::Follow { id: target, to: 8, drift: 2 }, Guard::Credential).await;
    yes(store, CredentialWrite::Follow { id: target, to: 9, drift: 2 }).await;
    no(store, CredentialWrite::Advance { id: target, to: 9 }, Guard::Credential).await;
    yes(store, CredentialWrite::Consume { id: target, at: NOW }).await;
    no(store, CredentialWrite::Consume { id: target, at: NOW + 1 }, Guard::Credential).await;
    no(store, CredentialWrite::Advance { id: target, to: 10 }, Guard::Credential).await;
    no(store, CredentialWrite::Follow { id: target, to: 10, drift: 0 }, Guard::Credential).await;
    let used = CredentialRow { counter: 9, drift: 2, consumed_at: Some(NOW), ..credential(10) };
    assert_eq!(ok(store.credentials(id(10)).await), [used]);
    yes(store, CredentialWrite::Delete(target)).await;
    no(store, CredentialWrite::Delete(target), Guard::Credential).await;
    assert_eq!(ok(store.credentials(id(10)).await), []);
}

async fn session_insert<S: Store>(store: &S) {
    let insert = |row| SessionWrite::Insert(Box::new(row));
    yes(store, insert(session(1))).await;
    let same_id = SessionRow { secret: digest(2), sign_in: id(2), ..session(1) };
    let same_secret = SessionRow { secret: digest(1), ..session(2) };
    let same_sign_in = SessionRow { sign_in: id(1), ..session(2) };
    for row in [same_id, same_secret, same_sign_in.clone()] {
        no(store, insert(row), Guard::Session).await;
    }
    yes(store, SessionWrite::End { id: id(1), at: NOW }).await;
    no(store, insert(same_sign_in), Guard::Session).await;
}

async fn session_renewed<S: Store>(store: &S) {
    let renew = |row, from| SessionWrite::Renew { row: Box::new(row), from: digest(from) };
    for number in 30..=32 {
        yes(store, SessionWrite::Insert(Box::new(session(number)))).await;
    }
    yes(store, SessionWrite::End { id: id(32), at: NOW }).await;
    let mut next = SessionRow { secret: digest(40), sign_in: id(40), browser: digest(40), ..session(30) };
    next.used_at = NOW + 100;
    next.idle_expires_at = NOW + 3_700;
    next.facts.place = "Utrecht".to_owned();
    no(store, renew(next.clone(), 31), Guard::Session).await;
    let same_secret = SessionRow { secret: digest(31), ..next.clone() };
    let same_sign_in = SessionRow { sign_in: id(31), ..next.clone() };
    let too_late = SessionRow { used_at: session(30).idle_expires_at, ..next.clone() };
    let ended = SessionRow { id: id(32), ..next.clone() };
    let unknown = SessionRow { id: id(39), ..next.clone() };
    for (row, from) in [(same_secret, 30), (same_sign_in, 30), (too_late, 30), (ended, 32), (unknown, 30)] {
        no(store, renew(row, from), Guard::Session).await;
    }
    assert_eq!(ok(store.session(digest(30)).await), Some(session(30)), "nothing changed");
    yes(store, renew(next.clone(), 30)).await;
    assert_eq!(ok(store.session(digest(30)).await), None, "the old secret opens nothing");
    assert_eq!(ok(store.session(digest(40)).await), Some(next.clone()));
    assert_eq!(ok(store.session_by_id(id(30)).await), Some(next.clone()), "it has its id");
    assert_eq!(ok(store.session_of_sign_in(id(40)).await), Some(next));
    assert_eq!(ok(store.session_of_sign_in(id(30)).await), None);
}

async fn session_end<S: Store>(store: &S) {
    for number in 10..=15 {
        let browser = digest(if number < 13 { 1 } else { 2 });
        let row = SessionRow { user: id(if number == 15 { 15 } else { 10 }), browser, ..session(number) };
        yes(store, SessionWrite::Insert(Box::new(row))).await;
    }
    let ended = async || {
        let mut ended = Vec::new();
        for number in 10..=15 {
            ended.extend(ok(store.session_of_sign_in(id(number)).await).map(|row| row.ended_at));
        }
        ended
    };
    let at = |seconds| Some(NOW + seconds);
    let (before, over) = (session(10).idle_expires_at + -1, session(10).idle_expires_at);
    yes(store, SessionWrite::Holds { id: id(10), now: before }).await;
    no(store, SessionWrite::Holds { id: id(10), now: over }, Guard::Session).await;
    yes(store, SessionWrite::End { id: id(10), at: NOW + 1 }).await;
    no(store, SessionWrite::Holds { id: id(10), now: before }, Guard::Session).await;
    no(store, SessionWrite::Holds { id: id(98), now: before }, Guard::Session).await;
    yes(store, SessionWrite::End { id: id(10), at: NOW + 2 }).await;
    assert_eq!(ended().await, [at(1), None, None, None, None, None], "the first end counts");
    let all =
        |browser, except, seconds| SessionWrite::EndAll { user: id(10), browser, except, at: NOW + seconds };
    yes(store, all(Some(digest(1)), Some(id(11)), 3)).await;
    assert_eq!(ended().await, [at(1), None, at(3), None, None, None]);
    yes(store, all(None, Some(id(13)), 4)).await;
    assert_eq!(ended().await, [at(1), at(4), at(3), None, at(4), None]);
    yes(store, all(None, None, 5)).await;
    assert_eq!(ended().await, [at(1), at(4), at(3), at(5), at(4), None], "another person's stay");
    yes(store, SessionWrite::End { id: id(99), at: NOW }).await;
    yes(store, SessionWrite::Touch { id: id(99), at: NOW, idle_expires_at: NOW }).await;
}

async fn users<S: Store + Users>(store: &S) {
    no(store, UserWrite::Update(user(1)), Guard::User).await;
    yes(store, UserWrite::Insert(user(1))).await;
    no(store, UserWrite::Insert(User { login: "new".to_owned(), ..user(1) }), Guard::User).await;
    no(store, UserWrite::Insert(User { login: user(1).login, ..user(2) }), Guard::User).await;
    assert_eq!(ok(store.user(id(2)).await), None);
    yes(store, UserWrite::Update(user(1))).await;
}

async fn keys<S: Store>(store: &S) {
    let other_purpose = KeyRow { purpose: "context".to_owned(), ..key(1) };
    yes(store, KeyWrite::Insert(key(1))).await;
    no(store, KeyWrite::Insert(KeyRow { private: sealed(9), ..key(1) }), Guard::Key).await;
    yes(store, KeyWrite::Insert(other_purpose)).await;
    yes(store, KeyWrite::Insert(key(2))).await;
    yes(store, KeyWrite::Retire { purpose: "none".to_owned(), number: 1, not_after: NOW }).await;
    assert_eq!(ok(store.keys().await).len(), 3);
}

async fn sealed_values<S: Store>(store: &S) {
    // What the guards before have left is of other keys as well.
    let key = |place| Reseal { place, from: sealed(21), to: sealed(22) };
    let places = [
        Place::Credential(id(21)),
        Place::Device(id(21)),
        Place::Key { purpose: "purpose-21".to_owned(), number: 21 },
    ];
    for place in &places {
        no(store, key(place.clone()), Guard::Sealed).await;
    }
    let before = ok(store.count_sealed_before(22).await);
    yes(store, CredentialWrite::Insert(CredentialRow { secret: sealed(21), ..credential(21) })).await;
    yes(store, DeviceWrite::Insert(DeviceRow { secrets: sealed(21), ..device(21) })).await;
    let row = KeyRow { purpose: "purpose-21".to_owned(), number: 21, private: sealed(21), ..self::key(21) };
    yes(store, KeyWrite::Insert(row)).await;
    let others = |found: Vec<(Place, Sealed)>| {
        found
            .into_iter()
            .filter(|(_, value)| *value == sealed(21))
            .map(|(place, _)| place)
            .collect::<Vec<_>>()
    };
    let found = others(ok(store.sealed_before(22, 99).await));
    assert!(places.iter().all(|place| found.contains(place)) && found.len() == 3, "{found:?}");
    assert_eq!(ok(store.count_sealed_before(22).await), before + 3);
    let short_lived = CeremonyRow { body: sealed(21), ..ceremony(21) };
    yes(store, CeremonyWrite::Insert(short_lived)).await;
    assert_eq!(ok(store.count_sealed_before(22).await), before + 4, "a ceremony under way counts");
    assert_eq!(ok(store.sealed_before(22, 1).await).len(), 1, "the limit holds");
    assert_eq!(others(ok(store.sealed_before(21, 99).await)), [], "the newest key's are not among them");
    for place in places {
        yes(store, key(place.clone())).await;
        no(store, key(place), Guard::Sealed).await;
    }
    assert_eq!(others(ok(store.sealed_before(22, 99).await)), []);
    assert_eq!(ok(store.count_sealed_before(22).await), before + 1);
}
