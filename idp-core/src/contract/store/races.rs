//! When 32 do the same thing at once, does exactly as many succeed as may?

use std::sync::Arc;

use super::{
    Spawn, at_once, ok,
    rows::{
        NOW, bare_ceremony, ceremony, credential, device, digest, id, key, mark, message, notice, sealed,
        session, sign_in, user,
    },
    yes,
};
use crate::{
    Fault,
    ceremony::{CeremonyRow, CeremonyWrite, Tries},
    credential::{CredentialRow, CredentialWrite},
    device::{DeviceRow, DeviceWrite},
    keys::{KeyRow, KeyWrite},
    mark::{MarkRow, MarkWrite},
    outbox::MessageWrite,
    rate::{Limit, RateWrite},
    seal::{Place, Reseal},
    session::{SessionRow, SessionWrite},
    signin::{SignInRow, SignInWrite},
    store::{Batch, BoxFuture, Committed, Guard, Store, Users, Write},
    throttle::{Schedule, ThrottleWrite},
    users::{User, UserWrite},
};

const RACERS: u8 = 32;

/// Every guarded write: 32 at once, one winner (or as many as there are tries), and the losers are told why.
pub async fn races<S: Store + Users>(store: &Arc<S>, spawn: Spawn<'_>) {
    ceremonies(store, spawn).await;
    sign_ins(store, spawn).await;
    marks(store, spawn).await;
    throttles(store, spawn).await;
    devices(store, spawn).await;
    resealing(store, spawn).await;
    messages(store, spawn).await;
    credentials(store, spawn).await;
    accounts(store, spawn).await;
}

/// Lets all racers commit what `write` gives each at once, and counts.
async fn race<S: Store, W: Into<Write>>(
    store: &Arc<S>,
    spawn: Spawn<'_>,
    (winners, guard): (u8, Guard),
    write: impl Fn(u8) -> W,
) {
    race_of_batches(store, spawn, (winners, guard), |racer| Batch::new().with(write(racer))).await;
}

async fn race_of_batches<S: Store>(
    store: &Arc<S>,
    spawn: Spawn<'_>,
    (winners, guard): (u8, Guard),
    batch: impl Fn(u8) -> Batch,
) {
    let racers = (0..RACERS).map(|number| -> BoxFuture<'static, Result<Committed, Fault>> {
        let (store, batch) = (Arc::clone(store), batch(number));
        Box::pin(async move { store.commit(batch).await })
    });
    let outcomes: Vec<Committed> = at_once(spawn, racers.collect()).await.into_iter().map(ok).collect();
    let won = outcomes.iter().filter(|outcome| **outcome == Committed::Yes).count();
    let lost = outcomes.iter().filter(|outcome| **outcome == Committed::Conflict(guard)).count();
    let expected = (usize::from(winners), usize::from(RACERS - winners));
    assert_eq!((won, lost), expected, "winners and losers at the guard {guard:?}");
}

/// Of two nodes that look at the same moment one writes the message, and one sends it.
async fn messages<S: Store>(store: &Arc<S>, spawn: Spawn<'_>) {
    let one = (1, Guard::Message);
    yes(&**store, Write::Notice(notice(1, 1))).await;
    race_of_batches(store, spawn, one, |racer| {
        let gather = MessageWrite::Gather { user: id(1), notices: vec![id(1)], at: NOW };
        Batch::new().with(gather).with(MessageWrite::Insert(message(racer)))
    })
    .await;
    let left = ok(store.due_messages(NOW + 99, 99, 99).await);
    let [row] = &left[..] else { unreachable!("one message for one notice: {left:?}") };
    let taken = row.id;
    race(store, spawn, one, |_| MessageWrite::Try { id: taken, tries: 0, again_at: NOW + 60 }).await;
}

async fn ceremonies<S: Store>(store: &Arc<S>, spawn: Spawn<'_>) {
    let one = (1, Guard::Ceremony);
    race(store, spawn, one, |_| CeremonyWrite::Insert(bare_ceremony(1))).await;
    race(store, spawn, one, |racer| {
        CeremonyWrite::Insert(CeremonyRow { user_code: Some(digest(1)), ..ceremony(100 + racer) })
    })
    .await;
    race(store, spawn, one, |racer| {
        let kind = "device".to_owned();
        CeremonyWrite::Insert(CeremonyRow { kind, user: Some(id(1)), ..bare_ceremony(140 + racer) })
    })
    .await;
    race(store, spawn, one, |racer| CeremonyWrite::Update {
        row: CeremonyRow { revision: 2, user: Some(id(racer)), ..bare_ceremony(1) },
        tries: Tries::Keep,
    })
    .await;
    yes(&**store, CeremonyWrite::Insert(CeremonyRow { tries_left: 5, ..bare_ceremony(2) })).await;
    race(store, spawn, (5, Guard::Ceremony), |_| CeremonyWrite::SpendTry(id(2))).await;
    assert_eq!(ok(store.ceremony(id(2)).await).map(|row| row.tries_left), Some(0));
}

async fn sign_ins<S: Store>(store: &Arc<S>, spawn: Spawn<'_>) {
    let one = (1, Guard::SignIn);
    race(store, spawn, one, |_| SignInWrite::Insert { row: sign_in(1), keep: 3 }).await;
    race(store, spawn, one, |_| SignInWrite::Update(SignInRow { revision: 2, ..sign_in(1) })).await;
}

async fn marks<S: Store>(store: &Arc<S>, spawn: Spawn<'_>) {
    let one = (1, Guard::Mark);
    race(store, spawn, one, |_| MarkWrite::Insert { row: mark(1), now: NOW }).await;
    let later = MarkRow { expires_at: NOW + 500, ..mark(1) };
    race(store, spawn, one, |_| MarkWrite::Insert { row: later.clone(), now: NOW + 60 }).await;
}

async fn throttles<S: Store>(store: &Arc<S>, spawn: Spawn<'_>) {
    let schedule = Schedule::default();
    let spend = |_| ThrottleWrite::Spend { key: digest(1), now: NOW, schedule };
    race(store, spawn, (schedule.free + 1, Guard::Throttle), spend).await;
    let failures = ok(store.throttle(digest(1)).await).map(|row| row.failures);
    assert_eq!(failures, Some(schedule.free + 1));
    let limit = Limit { times: 7, seconds: 60 };
    race(store, spawn, (7, Guard::Rate), |_| RateWrite::Take { key: digest(1), now: NOW, limit }).await;
}

async fn devices<S: Store>(store: &Arc<S>, spawn: Spawn<'_>) {
    let one = (1, Guard::Device);
    race(store, spawn, one, |racer| {
        DeviceWrite::Insert(DeviceRow { thumbprint: digest(1), ..device(100 + racer) })
    })
    .await;
    yes(&**store, DeviceWrite::Insert(device(2))).await;
    race(store, spawn, one, |_| DeviceWrite::Update(DeviceRow { revision: 2, ..device(2) })).await;
    // Each needs one of two devices unchanged and changes the other: whoever is first takes it from all others.
    for number in [3, 4] {
        yes(&**store, DeviceWrite::Insert(device(number))).await;
    }
    race_of_batches(store, spawn, one, |racer| {
        let (needed, changed) = if racer % 2 == 0 { (3, 4) } else { (4, 3) };
        Batch::new()
            .with(DeviceWrite::Unchanged { id: id(needed), revision: 1 })
            .with(DeviceWrite::Update(DeviceRow { revision: 2, ..device(changed) }))
    })
    .await;
}

async fn resealing<S: Store>(store: &Arc<S>, spawn: Spawn<'_>) {
    yes(&**store, CredentialWrite::Insert(credential(50))).await;
    yes(&**store, DeviceWrite::Insert(device(50))).await;
    yes(&**store, KeyWrite::Insert(key(50))).await;
    let KeyRow { purpose, number, .. } = key(50);
    for place in [Place::Credential(id(50)), Place::Device(id(50)), Place::Key { purpose, number }] {
        race(store, spawn, (1, Guard::Sealed), |racer| Reseal {
            place: place.clone(),
            from: sealed(50),
            to: sealed(100 + racer),
        })
        .await;
    }
}

async fn credentials<S: Store>(store: &Arc<S>, spawn: Spawn<'_>) {
    let one = (1, Guard::Credential);
    race(store, spawn, one, |racer| {
        CredentialWrite::Insert(CredentialRow { handle: Some(vec![1]), ..credential(100 + racer) })
    })
    .await;
    yes(&**store, CredentialWrite::Insert(credential(1))).await;
    race(store, spawn, one, |_| CredentialWrite::Advance { id: id(1), to: 8 }).await;
    race(store, spawn, one, |racer| {
        let drift = i8::try_from(racer % 3).unwrap_or_default() - 1;
        CredentialWrite::Follow { id: id(1), to: 9, drift }
    })
    .await;
    race(store, spawn, one, |_| CredentialWrite::Consume { id: id(1), at: NOW }).await;
}

async fn accounts<S: Store + Users>(store: &Arc<S>, spawn: Spawn<'_>) {
    race(store, spawn, (1, Guard::Session), |racer| {
        SessionWrite::Insert(Box::new(SessionRow { sign_in: id(1), ..session(100 + racer) }))
    })
    .await;
    race(store, spawn, (1, Guard::User), |racer| {
        UserWrite::Insert(User { login: "alice".to_owned(), ..user(100 + racer) })
    })
    .await;
    race(store, spawn, (1, Guard::Key), |racer| {
        KeyWrite::Insert(KeyRow { created_at: NOW + i64::from(racer), ..key(1) })
    })
    .await;
}
