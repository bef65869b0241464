//! Does a sweep delete what is over, nothing else, and not too much at once?

use super::{
    ok,
    rows::{NOW, audit, bare_ceremony, digest, id, known, mark, notice, session, sign_in},
    yes,
};
use crate::{
    Time,
    browser::BrowserWrite,
    ceremony::{CeremonyRow, CeremonyWrite},
    mark::{MarkRow, MarkWrite},
    notify::NoticeRow,
    rate::{Limit, RateWrite},
    session::{SessionRow, SessionWrite},
    signin::{SignInRow, SignInWrite},
    store::{
        Batch, Committed, FAILURES_STAY, NOTICES_STAY, REPEATABLE, SESSION_TRACE, SWEEP_ROWS, Store, Write,
    },
    throttle::{Schedule, ThrottleWrite},
};

/// A sweep deletes what is over, to the second, in bounded portions; the audit record and locks stay.
pub async fn sweeps<S: Store>(store: &S) {
    short_lived(store).await;
    marks_and_browsers(store).await;
    rates_and_failures(store).await;
    sessions(store).await;
    records(store).await;
    portions(store).await;
}

/// Sweeps until there is nothing more.
async fn swept<S: Store>(store: &S, now: Time) -> u64 {
    let mut all = 0;
    loop {
        match ok(store.sweep(now).await) {
            0 => return all,
            rows => all += rows,
        }
    }
}

async fn short_lived<S: Store>(store: &S) {
    let end = NOW + -REPEATABLE;
    for (number, expires_at) in [(1, end), (2, end + 1), (3, NOW)] {
        yes(store, CeremonyWrite::Insert(CeremonyRow { expires_at, ..bare_ceremony(number) })).await;
        let row = SignInRow { expires_at, ..sign_in(number) };
        yes(store, SignInWrite::Insert { row, keep: 9 }).await;
    }
    assert_eq!(swept(store, NOW).await, 2);
    assert_eq!(ok(store.ceremony(id(1)).await), None);
    assert_eq!(ok(store.sign_in(id(1)).await), None);
    for number in [2, 3] {
        assert!(ok(store.ceremony(id(number)).await).is_some(), "a repeat gets its answer until then");
        assert!(ok(store.sign_in(id(number)).await).is_some(), "a repeat gets its answer until then");
    }
    assert_eq!(swept(store, NOW + 1).await, 2);
    assert_eq!(swept(store, NOW + REPEATABLE).await, 2);
}

async fn rates_and_failures<S: Store>(store: &S) {
    let limit = Limit { times: 9, seconds: 60 };
    yes(store, RateWrite::Take { key: digest(5), now: NOW, limit }).await;
    yes(store, ThrottleWrite::Spend { key: digest(5), now: NOW, schedule: Schedule::default() }).await;
    assert_eq!(swept(store, NOW + 59).await, 0);
    assert_eq!(swept(store, NOW + 60).await, 1);
    assert_eq!(swept(store, NOW + FAILURES_STAY + -1).await, 0);
    assert_eq!(swept(store, NOW + FAILURES_STAY).await, 1);
    assert_eq!(ok(store.throttle(digest(5)).await), None);
}

async fn marks_and_browsers<S: Store>(store: &S) {
    for (number, expires_at) in [(1, NOW + 60), (2, NOW + 61)] {
        yes(store, MarkWrite::Insert { row: MarkRow { expires_at, ..mark(number) }, now: NOW }).await;
        let row = crate::browser::KnownBrowser { expires_at, ..known(number, number) };
        yes(store, BrowserWrite::Remember(row)).await;
    }
    assert_eq!(swept(store, NOW + 59).await, 0);
    assert_eq!(swept(store, NOW + 60).await, 2);
    assert!(ok(store.mark(digest(2), NOW + 60).await).is_some());
    assert_eq!(ok(store.known_users(digest(2), NOW + 60).await), [id(2)]);
    assert_eq!(swept(store, NOW + 61).await, 2);
}

async fn sessions<S: Store>(store: &S) {
    let (end, long) = (NOW + -SESSION_TRACE, NOW + SESSION_TRACE);
    let row = |number, idle_expires_at, expires_at, ended_at| SessionRow {
        idle_expires_at,
        expires_at,
        ended_at,
        ..session(number)
    };
    let rows = [
        row(1, end, long, None),
        row(2, long, end, None),
        row(3, long, long, Some(end)),
        row(4, end + 1, long, None),
        row(5, long, end + 1, None),
        row(6, long, long, Some(end + 1)),
        row(7, long, long, None),
    ];
    for row in rows {
        yes(store, SessionWrite::Insert(Box::new(row))).await;
    }
    assert_eq!(swept(store, NOW).await, 3);
    for number in 1..=7 {
        let found = ok(store.session_of_sign_in(id(number)).await);
        assert_eq!(found.is_some(), number > 3, "session {number}");
    }
    assert_eq!(swept(store, NOW + 1).await, 3);
    assert_eq!(swept(store, long + SESSION_TRACE).await, 1);
}

async fn records<S: Store>(store: &S) {
    let end = NOW + -NOTICES_STAY;
    let rows = [
        NoticeRow { created_at: end, delivered_at: Some(NOW), ..notice(1, 1) },
        NoticeRow { created_at: end + 1, delivered_at: Some(NOW), ..notice(2, 1) },
        NoticeRow { created_at: end, delivered_at: None, ..notice(3, 1) },
    ];
    for row in rows {
        yes(store, Write::Notice(row)).await;
    }
    yes(store, Write::Audit(audit(1, None))).await;
    let mut now = NOW;
    let schedule = Schedule::default();
    for failures in 1..=schedule.lock {
        yes(store, ThrottleWrite::Spend { key: digest(1), now, schedule }).await;
        now = now + schedule.wait(failures);
    }
    assert_eq!(swept(store, NOW).await, 1);
    let left: Vec<_> = ok(store.notices(id(1), 9).await).iter().map(|row| row.id).collect();
    assert_eq!(left, [id(3), id(2)]);
    assert_eq!(swept(store, NOW + 100 * NOTICES_STAY).await, 1);
    assert_eq!(ok(store.audit(None, 9).await), [audit(1, None)], "the audit record stays");
    assert!(ok(store.throttle(digest(1)).await).is_some(), "or a lock would open by itself");
    assert_eq!(ok(store.notices(id(1), 9).await).len(), 1, "what was not delivered stays");
}

async fn portions<S: Store>(store: &S) {
    let portion = u64::from(SWEEP_ROWS);
    let mut batch = Batch::new();
    for number in 0..SWEEP_ROWS * 2 + 5 {
        let mut key = [0; 32];
        key.iter_mut().zip(number.to_be_bytes()).for_each(|(to, from)| *to = from);
        let row = MarkRow { key, answer: None, expires_at: NOW };
        batch.push(MarkWrite::Insert { row, now: NOW });
    }
    assert_eq!(ok(store.commit(batch).await), Committed::Yes);
    for expected in [portion, portion, 5, 0] {
        assert_eq!(ok(store.sweep(NOW).await), expected);
    }
}
