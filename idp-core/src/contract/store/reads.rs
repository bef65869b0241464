//! Which rows does a question find, in which order, and until when?

use super::{
    ok,
    rows::{
        NOW, audit, bare_ceremony, ceremony, credential, device, digest, id, key, known, mark, notice,
        session, sign_in,
    },
    yes,
};
use crate::{
    browser::BrowserWrite,
    ceremony::{CeremonyRow, CeremonyWrite, Phase},
    credential::{CredentialRow, CredentialWrite},
    device::{DeviceRow, DeviceState, DeviceWrite},
    keys::KeyWrite,
    mark::{MarkRow, MarkWrite},
    session::{SessionRow, SessionWrite},
    signin::{SignInRow, SignInWrite},
    store::{Store, Users, Write},
};

/// Questions find what they ask for and nothing else; something holds *until* its end, not at it.
pub async fn reads<S: Store + Users>(store: &S) {
    ceremonies(store).await;
    sign_ins_and_marks(store).await;
    lists_of_a_user(store).await;
    sessions(store).await;
    browsers(store).await;
    keys(store).await;
    records(store).await;
}

async fn ceremonies<S: Store>(store: &S) {
    let mine = |number| CeremonyRow { user: Some(id(1)), ..bare_ceremony(number) };
    let rows = [
        mine(1),
        mine(2),
        CeremonyRow { phase: Phase::Parked, ..mine(3) },
        CeremonyRow { sign_in: Some(id(4)), ..mine(4) },
        CeremonyRow { user: Some(id(5)), ..mine(5) },
        CeremonyRow { expires_at: NOW + 10, ..mine(6) },
        ceremony(7),
        CeremonyRow { phase: Phase::Burned, ..ceremony(8) },
    ];
    for row in rows {
        yes(store, CeremonyWrite::Insert(row)).await;
    }
    let open = async |now| {
        let rows = ok(store.open_ceremonies(id(1), now).await);
        rows.iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(open(NOW + 9).await, [id(6), id(4), id(2), id(1)], "the newest first");
    assert_eq!(open(NOW + 10).await, [id(4), id(2), id(1)]);
    let unfinished = async |now, limit| {
        let rows = ok(store.unfinished_enrolments(now, limit).await);
        rows.iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(unfinished(NOW + 9, 9).await, []);
    assert_eq!(unfinished(NOW + 10, 9).await, [id(6)]);
    assert_eq!(unfinished(NOW + 600, 9).await, [id(6), id(1), id(2), id(3), id(5)], "of no sign-in");
    assert_eq!(unfinished(NOW + 600, 2).await, [id(6), id(1)]);
    assert_eq!(ok(store.ceremony_by_code(digest(7), NOW + 599).await), Some(ceremony(7)));
    assert_eq!(ok(store.ceremony_by_code(digest(7), NOW + 600).await), None);
    assert_eq!(ok(store.ceremony_by_code(digest(8), NOW).await), None, "it was burned");
}

async fn sign_ins_and_marks<S: Store>(store: &S) {
    let address = "192.0.2.1";
    for number in 1..=4 {
        let row = SignInRow {
            address: address.to_owned(),
            open: number != 2,
            expires_at: NOW + 100 * i64::from(number),
            ..sign_in(number)
        };
        yes(store, SignInWrite::Insert { row, keep: 9 }).await;
    }
    assert_eq!(ok(store.open_sign_ins(address, NOW).await), 3);
    assert_eq!(ok(store.open_sign_ins(address, NOW + 100).await), 2);
    assert_eq!(ok(store.open_sign_ins("192.0.2.2", NOW).await), 0);
    yes(store, MarkWrite::Insert { row: mark(1), now: NOW }).await;
    assert_eq!(ok(store.mark(digest(1), NOW + 59).await), Some(mark(1)));
    assert_eq!(ok(store.mark(digest(1), NOW + 60).await), None);
    assert_eq!(ok(store.throttle(digest(1)).await), None);
    let both = async |number, key, now| ok(store.sign_in_with_mark(id(number), digest(key), now).await);
    let row = || SignInRow { address: address.to_owned(), expires_at: NOW + 100, ..sign_in(1) };
    let answered = MarkRow { answer: None, ..mark(2) };
    yes(store, MarkWrite::Insert { row: answered.clone(), now: NOW }).await;
    assert_eq!(both(1, 1, NOW + 59).await, Some((row(), Some(mark(1)))));
    assert_eq!(both(1, 2, NOW + 59).await, Some((row(), Some(answered))), "a mark without an answer");
    assert_eq!(both(1, 1, NOW + 60).await, Some((row(), None)), "it does not hold any more");
    assert_eq!(both(1, 3, NOW).await, Some((row(), None)), "nobody made it");
    assert_eq!(both(9, 1, NOW).await, None, "no such sign-in");
}

async fn lists_of_a_user<S: Store>(store: &S) {
    for number in [3, 1, 2] {
        yes(store, DeviceWrite::Insert(DeviceRow { user: id(1), ..device(number) })).await;
        yes(store, CredentialWrite::Insert(CredentialRow { user: id(1), ..credential(number) })).await;
    }
    yes(store, DeviceWrite::Insert(device(4))).await;
    yes(store, CredentialWrite::Insert(credential(4))).await;
    let devices: Vec<_> = ok(store.devices(id(1)).await).iter().map(|row| row.id).collect();
    assert_eq!(devices, [id(1), id(2), id(3)], "the oldest first");
    let credentials: Vec<_> = ok(store.credentials(id(1)).await).iter().map(|row| row.id).collect();
    assert_eq!(credentials, [id(1), id(2), id(3)], "the oldest first");
    assert_eq!(ok(store.devices(id(9)).await), []);
    for user in [id(1), id(4), id(9)] {
        let both = ok(store.authenticators(user).await);
        assert_eq!(both.devices, ok(store.devices(user).await), "in one trip as in two");
        assert_eq!(both.credentials, ok(store.credentials(user).await), "in one trip as in two");
    }
    let of_kind = async |kind, after, limit| {
        let rows = ok(store.credentials_of_kind(kind, after, limit).await);
        rows.iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(of_kind("passkey", None, 9).await, [id(1), id(2), id(3), id(4)]);
    assert_eq!(of_kind("passkey", Some(id(2)), 9).await, [id(3), id(4)]);
    assert_eq!(of_kind("passkey", Some(id(2)), 1).await, [id(3)]);
    assert_eq!(of_kind("passkeys", None, 9).await, []);
    devices_without_codes(store).await;
}

async fn devices_without_codes<S: Store>(store: &S) {
    use DeviceState::{Active, Confirmed, Lost, Revoked, Suspended};
    for (number, state) in
        [(20, Active), (21, Suspended), (22, Confirmed), (23, Lost), (24, Revoked), (25, Active)]
    {
        yes(store, DeviceWrite::Insert(DeviceRow { state, ..device(number) })).await;
    }
    yes(store, CredentialWrite::Insert(credential(25))).await;
    let found = async |after, limit| {
        let rows = ok(store.devices_without_codes(after, limit).await);
        rows.iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(found(None, 9).await, [id(20), id(21)], "those that work, or may again");
    assert_eq!(found(None, 1).await, [id(20)]);
    assert_eq!(found(Some(id(20)), 9).await, [id(21)]);
    assert_eq!(found(Some(id(21)), 9).await, []);
}

async fn sessions<S: Store>(store: &S) {
    let mine = |number| SessionRow { user: id(1), ..session(number) };
    let rows = [
        mine(1),
        mine(2),
        SessionRow { ended_at: Some(NOW), ..mine(3) },
        SessionRow { idle_expires_at: NOW + 10, ..mine(4) },
        SessionRow { expires_at: NOW + 20, ..mine(5) },
        session(6),
    ];
    for row in rows {
        yes(store, SessionWrite::Insert(Box::new(row))).await;
    }
    let holding = async |now| {
        let rows = ok(store.sessions(id(1), now).await);
        rows.iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(holding(NOW).await, [id(5), id(4), id(2), id(1)], "the newest first");
    assert_eq!(holding(NOW + 10).await, [id(5), id(2), id(1)]);
    assert_eq!(holding(NOW + 20).await, [id(2), id(1)]);
    assert_eq!(ok(store.session(digest(3)).await), None, "it was ended");
    assert_eq!(ok(store.session_by_id(id(3)).await), None, "it was ended");
}

async fn browsers<S: Store>(store: &S) {
    for row in [known(1, 1), known(1, 2), known(2, 1), known(3, 3), known(4, 3)] {
        yes(store, BrowserWrite::Remember(row)).await;
    }
    assert_eq!(ok(store.known_users(digest(1), NOW + 599).await), [id(1), id(2)]);
    assert_eq!(ok(store.known_users(digest(1), NOW + 600).await), []);
    assert_eq!(ok(store.known_browser(digest(1), id(1), NOW + 600).await), None);
    // A new secret moves all users of the browser, also onto one who is known there already.
    yes(store, BrowserWrite::Rotate { from: digest(1), to: digest(2) }).await;
    assert_eq!(ok(store.known_users(digest(1), NOW).await), []);
    assert_eq!(ok(store.known_users(digest(2), NOW).await), [id(1), id(2)]);
    yes(store, BrowserWrite::Rotate { from: digest(2), to: digest(2) }).await;
    assert_eq!(ok(store.known_users(digest(2), NOW).await), [id(1), id(2)]);
    yes(store, BrowserWrite::Forget(id(3))).await;
    assert_eq!(ok(store.known_users(digest(3), NOW).await), []);
    assert_eq!(ok(store.known_users(digest(4), NOW).await), []);
    assert_eq!(ok(store.known_users(digest(2), NOW).await), [id(1), id(2)]);
}

async fn keys<S: Store>(store: &S) {
    for number in [2, 3, 1] {
        yes(store, KeyWrite::Insert(key(number))).await;
    }
    assert_eq!(ok(store.keys().await), [key(1), key(2), key(3)], "the oldest first");
}

async fn records<S: Store>(store: &S) {
    for number in 1..=4 {
        yes(store, Write::Notice(notice(number, 1))).await;
        yes(store, Write::Audit(audit(number, (number % 2 == 0).then_some(1)))).await;
    }
    yes(store, Write::Notice(notice(5, 2))).await;
    assert_eq!(ok(store.notices(id(1), 2).await), [notice(4, 1), notice(3, 1)], "the newest first");
    assert_eq!(ok(store.audit(None, 2).await), [audit(4, Some(1)), audit(3, None)]);
    assert_eq!(ok(store.audit(Some(id(1)), 9).await), [audit(4, Some(1)), audit(2, Some(1))]);
}
