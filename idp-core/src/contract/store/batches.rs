//! Is a batch written as a whole or not at all, and does it wake people only then?

use std::sync::Arc;

use super::{
    Spawn, at_once, is_woken, ok,
    rows::{
        self, NOW, audit, ceremony, credential, device, digest, id, key, known, mark, notice, session,
        sign_in, user,
    },
    yes,
};
use crate::{
    browser::BrowserWrite,
    ceremony::{CeremonyRow, CeremonyWrite, Tries},
    credential::CredentialWrite,
    device::{DeviceRow, DeviceWrite},
    keys::KeyWrite,
    mark::MarkWrite,
    session::{self, SessionRow, SessionWrite},
    signin::{self, SignInWrite},
    store::{Batch, BoxFuture, Committed, Guard, Store, Users, Write},
    throttle::{Schedule, ThrottleWrite},
    users::UserWrite,
};

/// Batches are atomic and ordered; a wake-up comes after the commit, and only after a commit.
pub async fn batches<S: Store + Users>(store: &Arc<S>, spawn: Spawn<'_>) {
    order(&**store).await;
    atomicity(&**store).await;
    wakes(&**store).await;
    wake_after_commit(store, spawn).await;
    assert_eq!(ok(store.commit(Batch::new()).await), Committed::Yes, "an empty batch is no trouble");
}

/// A write sees what those before it in the batch did.
async fn order<S: Store>(store: &S) {
    let second = CeremonyRow { revision: 2, ..ceremony(1) };
    let batch = Batch::new()
        .with(CeremonyWrite::Insert(ceremony(1)))
        .with(CeremonyWrite::Update { row: second.clone(), tries: Tries::Reset(3) })
        .with(CeremonyWrite::SpendTry(id(1)));
    assert_eq!(ok(store.commit(batch).await), Committed::Yes);
    assert_eq!(ok(store.ceremony(id(1)).await), Some(CeremonyRow { tries_left: 2, ..second }));
}

/// One of everything.
fn everything() -> Batch {
    Batch::new()
        .with(CeremonyWrite::Insert(ceremony(9)))
        .with(CeremonyWrite::SpendTry(id(1)))
        .with(SignInWrite::Insert { row: sign_in(9), keep: 0 })
        .with(MarkWrite::Insert { row: mark(9), now: NOW })
        .with(ThrottleWrite::Spend { key: digest(9), now: NOW, schedule: Schedule::default() })
        .with(DeviceWrite::Insert(device(9)))
        .with(CredentialWrite::Insert(credential(9)))
        .with(SessionWrite::Insert(Box::new(rows::session(9))))
        .with(BrowserWrite::Remember(known(9, 9)))
        .with(UserWrite::Insert(user(9)))
        .with(KeyWrite::Insert(key(9)))
        .with(notice(9, 9))
        .with(audit(9, None))
        .with(Write::Wake([9; 16]))
}

async fn atomicity<S: Store + Users>(store: &S) {
    yes(store, KeyWrite::Insert(key(1))).await;
    let mut watch = store.bus().watch([9; 16]);
    let mut batch = everything();
    batch.push(KeyWrite::Insert(key(1)));
    batch.push(UserWrite::Insert(user(10)));
    batch.push(Write::Wake([9; 16]));
    assert_eq!(ok(store.commit(batch).await), Committed::Conflict(Guard::Key));
    assert_eq!(ok(store.ceremony(id(9)).await), None);
    assert_eq!(ok(store.ceremony(id(1)).await).map(|row| row.tries_left), Some(2));
    assert_eq!(ok(store.sign_in(id(9)).await), None);
    assert_eq!(ok(store.mark(digest(9), NOW).await), None);
    assert_eq!(ok(store.throttle(digest(9)).await), None);
    assert_eq!(ok(store.device(id(9)).await), None);
    assert_eq!(ok(store.credentials(id(9)).await), []);
    assert_eq!(ok(store.session(digest(9)).await), None);
    assert_eq!(ok(store.known_users(digest(9), NOW).await), []);
    assert_eq!(ok(store.user(id(9)).await), None);
    assert_eq!(ok(store.user(id(10)).await), None);
    assert_eq!(ok(store.keys().await), [key(1)]);
    assert_eq!(ok(store.notices(id(9), 9).await), []);
    assert_eq!(ok(store.audit(None, 9).await), []);
    assert!(!is_woken(&mut watch), "a batch that conflicts wakes nobody");

    assert_eq!(ok(store.commit(everything()).await), Committed::Yes);
    assert_eq!(ok(store.user(id(9)).await), Some(user(9)));
    assert!(is_woken(&mut watch));
}

async fn wakes<S: Store>(store: &S) {
    let (mut first, mut second) = (store.bus().watch([1; 16]), store.bus().watch([2; 16]));
    yes(store, Write::Wake([1; 16])).await;
    assert!(is_woken(&mut first) && !is_woken(&mut second), "only those who watch the topic");
    assert!(!is_woken(&mut first), "only once");
    let many = (0..=255).map(|number| Write::Wake([number; 16]));
    let mut batch = Batch::new();
    batch.extend(many.clone().chain(many));
    assert_eq!(ok(store.commit(batch).await), Committed::Yes);
    assert!(is_woken(&mut first) && is_woken(&mut second));
    let mut ends = store.bus().watch(session::ENDED);
    yes(store, SessionWrite::Touch { id: id(20), at: NOW, idle_expires_at: NOW }).await;
    assert!(!is_woken(&mut ends), "nothing ended");
    yes(store, SessionWrite::End { id: id(20), at: NOW }).await;
    assert!(is_woken(&mut ends), "whoever ends a session says so");
    yes(store, SessionWrite::EndAll { user: id(20), browser: None, except: None, at: NOW }).await;
    assert!(is_woken(&mut ends));
    let mut decided = store.bus().watch(signin::DECIDED);
    yes(store, SignInWrite::Insert { row: sign_in(21), keep: 9 }).await;
    assert!(!is_woken(&mut decided), "nobody decided anything");
    yes(store, SignInWrite::Decided(id(21))).await;
    assert!(is_woken(&mut decided), "whoever asked hears of it");
    assert_eq!(ok(store.sign_in(id(21)).await), Some(sign_in(21)), "and nothing else comes of it");
    changes_say_so(store).await;
}

/// Somebody may keep what he read of a session or a person, or serve a device that waits: each change of one wakes its id.
async fn changes_say_so<S: Store>(store: &S) {
    yes(store, SessionWrite::Insert(Box::new(session(60)))).await;
    let (mut of_session, mut of_user) = (store.bus().watch([60; 16]), store.bus().watch([61; 16]));
    let renewed = SessionRow { secret: digest(62), sign_in: id(62), ..session(60) };
    let (row, from) = (Box::new(renewed), digest(60));
    yes(store, SessionWrite::Renew { row, from }).await;
    assert!(is_woken(&mut of_session), "it has another secret");
    yes(store, SessionWrite::Touch { id: id(60), at: NOW, idle_expires_at: NOW }).await;
    assert!(is_woken(&mut of_session), "it has another end");
    yes(store, SessionWrite::End { id: id(60), at: NOW }).await;
    assert!(is_woken(&mut of_session), "it is over");
    assert!(!is_woken(&mut of_user), "nobody touched the person");
    yes(store, SessionWrite::EndAll { user: id(61), browser: None, except: None, at: NOW }).await;
    assert!(is_woken(&mut of_user), "sessions of the person are over");
    yes(store, UserWrite::Insert(user(61))).await;
    assert!(!is_woken(&mut of_user), "nobody knew the person");
    yes(store, UserWrite::Update(user(61))).await;
    assert!(is_woken(&mut of_user), "the person changed");
    yes(store, DeviceWrite::Insert(device(63))).await;
    let mut of_device = store.bus().watch([63; 16]);
    yes(store, DeviceWrite::Seen { id: id(63), at: NOW }).await;
    assert!(!is_woken(&mut of_device), "it was there, as before");
    yes(store, DeviceWrite::Update(DeviceRow { revision: 2, ..device(63) })).await;
    assert!(is_woken(&mut of_device), "the device changed");
}

/// Whoever is woken finds what the batch wrote.
async fn wake_after_commit<S: Store>(store: &Arc<S>, spawn: Spawn<'_>) {
    let mut tasks: Vec<BoxFuture<'static, bool>> = Vec::new();
    for number in 100..116 {
        let mut watch = store.bus().watch([number; 16]);
        let (reader, writer) = (Arc::clone(store), Arc::clone(store));
        tasks.push(Box::pin(async move {
            watch.changed().await;
            reader.device(id(number)).await.is_ok_and(|found| found.is_some())
        }));
        let batch = Batch::new().with(Write::Wake([number; 16])).with(DeviceWrite::Insert(device(number)));
        tasks.push(Box::pin(
            async move { writer.commit(batch).await.is_ok_and(|done| done == Committed::Yes) },
        ));
    }
    assert_eq!(at_once(spawn, tasks).await, [true; 32]);
}
