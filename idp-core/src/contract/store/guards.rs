//! Does each guard of what is short-lived hold: ceremonies, sign-ins, marks, failure counts?

use super::{
    no, ok,
    rows::{NOW, bare_ceremony, ceremony, digest, id, mark, sealed, sign_in},
    yes,
};
use crate::{
    ceremony::{CeremonyRow, CeremonyWrite, Phase, Tries},
    mark::{MarkRow, MarkWrite},
    rate::{Limit, RateRow, RateWrite},
    signin::{SignInRow, SignInWrite},
    store::{Guard, Store},
    throttle::{LOCKED, Schedule, ThrottleRow, ThrottleWrite},
};

/// Each guard of ceremonies, sign-ins, marks and failure counts.
pub async fn guards<S: Store>(store: &S) {
    ceremony_insert(store).await;
    one_open_enrolment(store).await;
    ceremony_update(store).await;
    tries(store).await;
    cancel(store).await;
    sign_in_insert(store).await;
    sign_in_update(store).await;
    marks(store).await;
    throttles(store).await;
    rates(store).await;
}

async fn ceremony_insert<S: Store>(store: &S) {
    yes(store, CeremonyWrite::Insert(ceremony(1))).await;
    let same_id = CeremonyRow { user_code: None, ..ceremony(1) };
    no(store, CeremonyWrite::Insert(same_id), Guard::Ceremony).await;
    let same_code = CeremonyRow { user_code: Some(digest(1)), ..ceremony(2) };
    no(store, CeremonyWrite::Insert(same_code.clone()), Guard::Ceremony).await;
    assert_eq!(ok(store.ceremony(id(2)).await), None);

    let over = CeremonyRow { phase: Phase::Burned, revision: 2, ..ceremony(1) };
    yes(store, CeremonyWrite::Update { row: over, tries: Tries::Keep }).await;
    yes(store, CeremonyWrite::Insert(same_code)).await;
    yes(store, CeremonyWrite::Insert(ceremony(3))).await;
    let takes_code = CeremonyRow { user_code: Some(digest(3)), revision: 2, ..ceremony(2) };
    no(store, CeremonyWrite::Update { row: takes_code, tries: Tries::Keep }, Guard::Ceremony).await;
}

async fn one_open_enrolment<S: Store>(store: &S) {
    let of = |number| CeremonyRow {
        kind: "device".to_owned(),
        user: Some(id(40)),
        created_at: NOW,
        ..bare_ceremony(number)
    };
    yes(store, CeremonyWrite::Insert(of(40))).await;
    no(store, CeremonyWrite::Insert(of(41)), Guard::Ceremony).await;
    yes(store, CeremonyWrite::Insert(CeremonyRow { user: Some(id(42)), ..of(42) })).await;
    yes(store, CeremonyWrite::Insert(CeremonyRow { kind: "passkey".to_owned(), ..of(43) })).await;
    yes(store, CeremonyWrite::Insert(CeremonyRow { sign_in: Some(id(44)), ..of(44) })).await;
    yes(store, CeremonyWrite::Insert(CeremonyRow { user: None, ..of(45) })).await;
    yes(store, CeremonyWrite::Insert(CeremonyRow { user: None, ..of(46) })).await;
    let late = CeremonyRow { created_at: of(40).expires_at, expires_at: NOW + 1_200, ..of(47) };
    yes(store, CeremonyWrite::Insert(late.clone())).await;
    let expired = CeremonyRow { phase: Phase::Burned, ..of(40) };
    assert_eq!(ok(store.ceremony(id(40)).await), Some(expired), "it had run out");
    let over = CeremonyRow { phase: Phase::Consumed, revision: 2, ..late.clone() };
    yes(store, CeremonyWrite::Update { row: over, tries: Tries::Keep }).await;
    yes(store, CeremonyWrite::Insert(CeremonyRow { id: id(48), ..late })).await;
}

async fn ceremony_update<S: Store>(store: &S) {
    let row = |revision, phase| CeremonyRow { revision, phase, ..bare_ceremony(10) };
    let update = |revision, phase| CeremonyWrite::Update { row: row(revision, phase), tries: Tries::Keep };
    no(store, update(2, Phase::Open), Guard::Ceremony).await;
    yes(store, CeremonyWrite::Insert(row(1, Phase::Open))).await;
    for revision in [0, 1, 3] {
        no(store, update(revision, Phase::Open), Guard::Ceremony).await;
    }
    yes(store, update(2, Phase::Parked)).await;
    no(store, update(2, Phase::Open), Guard::Ceremony).await;
    yes(store, update(3, Phase::Consumed)).await;
    no(store, update(4, Phase::Open), Guard::Ceremony).await;
    assert_eq!(ok(store.ceremony(id(10)).await), Some(row(3, Phase::Consumed)));
}

async fn tries<S: Store>(store: &S) {
    let left = async || ok(store.ceremony(id(20)).await).map(|row| row.tries_left);
    let start = CeremonyRow { tries_left: 2, ..bare_ceremony(20) };
    let to = |revision, phase| CeremonyRow { revision, phase, tries_left: 99, ..bare_ceremony(20) };
    no(store, CeremonyWrite::SpendTry(id(20)), Guard::Ceremony).await;
    yes(store, CeremonyWrite::Insert(start)).await;
    yes(store, CeremonyWrite::SpendTry(id(20))).await;
    yes(store, CeremonyWrite::SpendTry(id(20))).await;
    no(store, CeremonyWrite::SpendTry(id(20)), Guard::Ceremony).await;
    assert_eq!(left().await, Some(0));
    // Spending left the revision alone, or the update that follows the guess would conflict.
    yes(store, CeremonyWrite::Update { row: to(2, Phase::Open), tries: Tries::Keep }).await;
    assert_eq!(left().await, Some(0));
    yes(store, CeremonyWrite::Update { row: to(3, Phase::Open), tries: Tries::GiveBack }).await;
    assert_eq!(left().await, Some(1));
    yes(store, CeremonyWrite::Update { row: to(4, Phase::Open), tries: Tries::Reset(5) }).await;
    assert_eq!(left().await, Some(5));
    yes(store, CeremonyWrite::Update { row: to(5, Phase::Parked), tries: Tries::Keep }).await;
    no(store, CeremonyWrite::SpendTry(id(20)), Guard::Ceremony).await;
}

async fn cancel<S: Store>(store: &S) {
    let of = |number, phase| CeremonyRow { sign_in: Some(id(30)), phase, ..bare_ceremony(number) };
    let rows = [
        of(31, Phase::Open),
        of(32, Phase::Open),
        of(33, Phase::Parked),
        of(34, Phase::Consumed),
        ceremony(35),
    ];
    for row in rows {
        yes(store, CeremonyWrite::Insert(row)).await;
    }
    yes(store, CeremonyWrite::Cancel { sign_in: id(30), except: id(31) }).await;
    let mut phases = Vec::new();
    for number in 31..=35 {
        phases.extend(ok(store.ceremony(id(number)).await).map(|row| row.phase));
    }
    assert_eq!(phases, [Phase::Open, Phase::Burned, Phase::Burned, Phase::Consumed, Phase::Open]);
    let late = CeremonyRow { revision: 2, ..of(32, Phase::Open) };
    no(store, CeremonyWrite::Update { row: late, tries: Tries::Keep }, Guard::Ceremony).await;
    yes(store, CeremonyWrite::Cancel { sign_in: id(99), except: id(31) }).await;
}

async fn sign_in_insert<S: Store>(store: &S) {
    let row = |number, browser| SignInRow { browser: digest(browser), ..sign_in(number) };
    for number in 1..=4 {
        yes(store, SignInWrite::Insert { row: row(number, 1), keep: 9 }).await;
    }
    no(store, SignInWrite::Insert { row: row(4, 1), keep: 0 }, Guard::SignIn).await;
    yes(store, SignInWrite::Insert { row: row(5, 2), keep: 0 }).await;
    let open = async || {
        let mut open = Vec::new();
        for number in 1..=6 {
            open.extend(ok(store.sign_in(id(number)).await).map(|row| row.open));
        }
        open
    };
    assert_eq!(open().await, [true; 5], "a conflict closes nothing, nor does another browser");
    yes(store, SignInWrite::Insert { row: row(6, 1), keep: 2 }).await;
    assert_eq!(open().await, [false, false, true, true, true, true]);
    let closed = ok(store.sign_in(id(1)).await);
    assert_eq!(closed, Some(SignInRow { open: false, ..row(1, 1) }), "its body is sealed for its revision");
}

async fn sign_in_update<S: Store>(store: &S) {
    let to = |revision, open| SignInRow { revision, open, body: sealed(7), ..sign_in(10) };
    no(store, SignInWrite::Update(to(2, true)), Guard::SignIn).await;
    yes(store, SignInWrite::Insert { row: sign_in(10), keep: 9 }).await;
    for revision in [0, 1, 3] {
        no(store, SignInWrite::Update(to(revision, true)), Guard::SignIn).await;
    }
    yes(store, SignInWrite::Update(to(2, true))).await;
    yes(store, SignInWrite::Update(to(3, false))).await;
    no(store, SignInWrite::Update(to(4, true)), Guard::SignIn).await;
    yes(store, SignInWrite::Update(to(4, false))).await;
    assert_eq!(ok(store.sign_in(id(10)).await), Some(to(4, false)));
}

async fn marks<S: Store>(store: &S) {
    let again = MarkRow { answer: Some(sealed(9)), expires_at: NOW + 120, ..mark(1) };
    let insert = |row: &MarkRow, now| MarkWrite::Insert { row: row.clone(), now };
    yes(store, insert(&mark(1), NOW)).await;
    no(store, insert(&again, NOW), Guard::Mark).await;
    no(store, insert(&again, NOW + 59), Guard::Mark).await;
    assert_eq!(ok(store.mark(digest(1), NOW).await), Some(mark(1)), "the first answer stays");
    yes(store, insert(&again, NOW + 60)).await;
    assert_eq!(ok(store.mark(digest(1), NOW + 60).await), Some(again));
}

/// Holds the schedule of a store against [`wait`] and [`LOCK`].
async fn throttles<S: Store>(store: &S) {
    let schedules = [
        Schedule::default(),
        Schedule { free: 0, lock: 6, first_wait: 40, longest_wait: 100 },
        Schedule { free: 5, lock: 100, first_wait: 30, longest_wait: 86_400 },
        Schedule { lock: 1, ..Schedule::default() },
    ];
    for (number, schedule) in (1..).zip(schedules) {
        throttle(store, digest(number), schedule).await;
    }
    yes(store, ThrottleWrite::Spend { key: digest(9), now: NOW, schedule: Schedule::default() }).await;
}

async fn throttle<S: Store>(store: &S, key: [u8; 32], schedule: Schedule) {
    let mut now = NOW;
    let lock = schedule.lock;
    let spend = |now| ThrottleWrite::Spend { key, now, schedule };
    for failures in 1..=lock {
        yes(store, spend(now)).await;
        let not_before = schedule.not_before(failures, now);
        assert_eq!(ok(store.throttle(key).await), Some(ThrottleRow { key, failures, not_before }));
        if not_before > now {
            let too_early = if not_before == LOCKED { now + 1_000_000 } else { not_before + -1 };
            no(store, spend(too_early), Guard::Throttle).await;
        }
        now = if not_before == LOCKED { now } else { not_before };
    }
    no(store, spend(now + 1_000_000), Guard::Throttle).await;
    let patient = Schedule { lock: 200, ..schedule };
    let later = ThrottleWrite::Spend { key, now: now + 1_000_000, schedule: patient };
    no(store, later, Guard::Throttle).await;
    yes(store, ThrottleWrite::GiveBack { key, now }).await;
    let back = ThrottleRow { key, failures: lock - 1, not_before: now };
    assert_eq!(ok(store.throttle(key).await), Some(back), "a try that was never compared");
    if lock > 1 {
        let strict = Schedule { lock: lock - 1, ..schedule };
        no(store, ThrottleWrite::Spend { key, now, schedule: strict }, Guard::Throttle).await;
    }
    yes(store, ThrottleWrite::Reset(key)).await;
    assert_eq!(ok(store.throttle(key).await), None);
    yes(store, spend(NOW)).await;
    assert_eq!(ok(store.throttle(key).await).map(|row| row.failures), Some(1));
}

async fn rates<S: Store>(store: &S) {
    let take = |now| RateWrite::Take { key: digest(3), now, limit: Limit { times: 2, seconds: 60 } };
    yes(store, take(NOW)).await;
    yes(store, take(NOW + 59)).await;
    no(store, take(NOW + 59), Guard::Rate).await;
    let row = RateRow { key: digest(3), count: 2, expires_at: NOW + 60 };
    assert_eq!(ok(store.rate(digest(3), NOW + 59).await), Some(row));
    assert_eq!(ok(store.rate(digest(3), NOW + 60).await), None, "the window is over");
    yes(store, take(NOW + 60)).await;
    let row = RateRow { key: digest(3), count: 1, expires_at: NOW + 120 };
    assert_eq!(ok(store.rate(digest(3), NOW + 60).await), Some(row), "and begins anew");
    let back = |now| RateWrite::Return { key: digest(3), now };
    yes(store, back(NOW + 61)).await;
    yes(store, back(NOW + 62)).await;
    let row = RateRow { count: 0, ..row };
    assert_eq!(ok(store.rate(digest(3), NOW + 62).await), Some(row), "never less than nothing");
    yes(store, take(NOW + 63)).await;
    let row = RateRow { key: digest(3), count: 1, expires_at: NOW + 123 };
    assert_eq!(ok(store.rate(digest(3), NOW + 63).await), Some(row), "nothing was left of that window");
    yes(store, back(NOW + 123)).await;
    assert_eq!(ok(store.rate(digest(3), NOW + 63).await), Some(row), "that window is over");
}
