//! Does every field come back as it was written?

use super::{
    ok,
    rows::{
        NOW, audit, bare_ceremony, ceremony, credential, device, digest, id, key, known, mark, notice,
        sealed, session, sign_in, user,
    },
    yes,
};
use crate::{
    browser::BrowserWrite,
    ceremony::{CeremonyRow, CeremonyWrite, Phase, Tries},
    credential::{CredentialRow, CredentialWrite},
    device::{DeviceRow, DeviceState, DeviceWrite},
    evidence::Assurance,
    keys::KeyWrite,
    mark::{MarkRow, MarkWrite},
    session::{SessionRow, SessionWrite},
    signin::{SignInRow, SignInWrite},
    store::{Store, Users, Write},
    users::{Profile, User, UserState, UserWrite},
};

/// Every field of every row comes back, after an insert and after each kind of update.
pub async fn round_trips<S: Store + Users>(store: &S) {
    ceremonies(store).await;
    sign_ins(store).await;
    marks(store).await;
    devices(store).await;
    credentials(store).await;
    sessions(store).await;
    browsers(store).await;
    users(store).await;
    keys(store).await;
    records(store).await;
    ok(store.ping().await);
}

async fn ceremonies<S: Store>(store: &S) {
    assert_eq!(ok(store.ceremony(id(1)).await), None);
    for row in [ceremony(1), bare_ceremony(2)] {
        yes(store, CeremonyWrite::Insert(row.clone())).await;
        assert_eq!(ok(store.ceremony(row.id).await), Some(row));
    }
    let to = CeremonyRow {
        user: Some(id(9)),
        device: None,
        phase: Phase::Parked,
        revision: 2,
        user_code: None,
        expires_at: NOW + 700,
        body: sealed(9),
        ..ceremony(1)
    };
    let strange = CeremonyRow {
        kind: "another".to_owned(),
        sign_in: None,
        created_at: NOW,
        tries_left: 200,
        ..to.clone()
    };
    yes(store, CeremonyWrite::Update { row: strange, tries: Tries::Keep }).await;
    let kept = ok(store.ceremony(id(1)).await);
    assert_eq!(kept, Some(to), "kind, sign_in, created_at and tries_left are not replaced");
    for (number, phase) in [(3, Phase::Open), (4, Phase::Parked), (5, Phase::Consumed), (6, Phase::Burned)] {
        let row =
            CeremonyRow { phase, tries_left: 255, body: crate::seal::Sealed(vec![]), ..ceremony(number) };
        yes(store, CeremonyWrite::Insert(row.clone())).await;
        assert_eq!(ok(store.ceremony(row.id).await), Some(row));
    }
}

async fn sign_ins<S: Store>(store: &S) {
    assert_eq!(ok(store.sign_in(id(1)).await), None);
    yes(store, SignInWrite::Insert { row: sign_in(1), keep: 3 }).await;
    assert_eq!(ok(store.sign_in(id(1)).await), Some(sign_in(1)));
    let to = SignInRow { revision: 2, open: false, expires_at: NOW + 700, body: sealed(9), ..sign_in(1) };
    let strange =
        SignInRow { browser: digest(9), address: "elsewhere".to_owned(), created_at: NOW, ..to.clone() };
    yes(store, SignInWrite::Update(strange)).await;
    let kept = ok(store.sign_in(id(1)).await);
    assert_eq!(kept, Some(to), "browser, address and created_at are not replaced");
}

async fn marks<S: Store>(store: &S) {
    assert_eq!(ok(store.mark(digest(1), NOW).await), None);
    for row in [mark(1), MarkRow { answer: None, ..mark(2) }] {
        yes(store, MarkWrite::Insert { row: row.clone(), now: NOW }).await;
        assert_eq!(ok(store.mark(row.key, NOW).await), Some(row));
    }
}

async fn devices<S: Store>(store: &S) {
    assert_eq!(ok(store.device(id(1)).await), None);
    yes(store, DeviceWrite::Insert(device(1))).await;
    assert_eq!(ok(store.device(id(1)).await), Some(device(1)));
    assert_eq!(ok(store.device_by_key(digest(1)).await), Some(device(1)));
    assert_eq!(ok(store.device_by_key(digest(2)).await), None);
    let mut to = DeviceRow { state: DeviceState::Lost, revision: 2, secrets: sealed(9), ..device(1) };
    to.facts.name = "another".to_owned();
    let strange =
        DeviceRow { user: id(9), thumbprint: digest(9), created_at: NOW, seen_at: NOW + 99, ..to.clone() };
    yes(store, DeviceWrite::Update(strange)).await;
    let kept = ok(store.device(id(1)).await);
    assert_eq!(kept, Some(to.clone()), "user, key and times are not replaced");
    yes(store, DeviceWrite::Seen { id: id(1), at: NOW + 5 }).await;
    assert_eq!(ok(store.device(id(1)).await), Some(DeviceRow { seen_at: NOW + 5, ..to }));
    yes(store, DeviceWrite::Seen { id: id(99), at: NOW }).await;
}

async fn credentials<S: Store>(store: &S) {
    yes(store, CredentialWrite::Insert(credential(1))).await;
    let spent = CredentialRow {
        id: id(2),
        user: id(1),
        handle: None,
        consumed_at: Some(NOW),
        counter: i64::MAX,
        assurance: Assurance::Low,
        ..credential(2)
    };
    yes(store, CredentialWrite::Insert(spent.clone())).await;
    assert_eq!(ok(store.credentials(id(1)).await), [credential(1), spent.clone()]);
    assert_eq!(ok(store.credential_by_handle("passkey", &[1; 20]).await), Some(credential(1)));
    assert_eq!(ok(store.credential_by_handle("other", &[1; 20]).await), None);
    yes(store, CredentialWrite::Advance { id: id(1), to: 8 }).await;
    yes(store, CredentialWrite::Follow { id: id(1), to: 9, drift: -2 }).await;
    yes(store, CredentialWrite::Replace { id: id(1), secret: sealed(9) }).await;
    yes(store, CredentialWrite::Consume { id: id(1), at: NOW + 3 }).await;
    let to = CredentialRow {
        counter: 9,
        drift: -2,
        secret: sealed(9),
        consumed_at: Some(NOW + 3),
        ..credential(1)
    };
    assert_eq!(ok(store.credentials(id(1)).await), [to, spent]);
}

async fn sessions<S: Store>(store: &S) {
    assert_eq!(ok(store.session(digest(1)).await), None);
    let ended = SessionRow { ended_at: Some(NOW), ..session(2) };
    for row in [session(1), ended.clone()] {
        yes(store, SessionWrite::Insert(Box::new(row))).await;
    }
    assert_eq!(ok(store.session(digest(1)).await), Some(session(1)));
    assert_eq!(ok(store.session_by_id(id(1)).await), Some(session(1)));
    assert_eq!(ok(store.session_of_sign_in(id(1)).await), Some(session(1)));
    assert_eq!(ok(store.session_of_sign_in(id(2)).await), Some(ended), "also when it was ended");
    yes(store, SessionWrite::Touch { id: id(1), at: NOW + 50, idle_expires_at: NOW + 4_000 }).await;
    let to = SessionRow { used_at: NOW + 50, idle_expires_at: NOW + 4_000, ..session(1) };
    assert_eq!(ok(store.session(digest(1)).await), Some(to));
}

async fn browsers<S: Store>(store: &S) {
    yes(store, BrowserWrite::Remember(known(1, 1))).await;
    assert_eq!(ok(store.known_browser(digest(1), id(1), NOW).await), Some(known(1, 1)));
    assert_eq!(ok(store.known_browser(digest(1), id(2), NOW).await), None);
    let again = crate::browser::KnownBrowser { created_at: NOW + 1, expires_at: NOW + 999, ..known(1, 1) };
    yes(store, BrowserWrite::Remember(again)).await;
    assert_eq!(ok(store.known_browser(digest(1), id(1), NOW).await), Some(again));
}

async fn users<S: Store + Users>(store: &S) {
    assert_eq!(ok(store.user(id(1)).await), None);
    yes(store, UserWrite::Insert(user(1))).await;
    assert_eq!(ok(store.user(id(1)).await), Some(user(1)));
    assert_eq!(ok(store.user_by_login("user1@example.org").await), Some(user(1)));
    assert_eq!(ok(store.user_by_login("user1@example.or_").await), None);
    let to = User { state: UserState::Disabled, profile: Profile::default(), ..user(1) };
    let strange = User { login: "another".to_owned(), created_at: NOW, ..to.clone() };
    yes(store, UserWrite::Update(strange)).await;
    assert_eq!(ok(store.user(id(1)).await), Some(to), "login and created_at are not replaced");
}

async fn keys<S: Store>(store: &S) {
    yes(store, KeyWrite::Insert(key(1))).await;
    assert_eq!(ok(store.keys().await), [key(1)]);
    let retire = KeyWrite::Retire { purpose: "root".to_owned(), number: 1, not_after: NOW + 5 };
    yes(store, retire).await;
    assert_eq!(ok(store.keys().await), [crate::keys::KeyRow { not_after: NOW + 5, ..key(1) }]);
}

async fn records<S: Store>(store: &S) {
    let delivered = crate::notify::NoticeRow { delivered_at: Some(NOW), ..notice(2, 1) };
    yes(store, Write::Notice(notice(1, 1))).await;
    yes(store, Write::Notice(delivered.clone())).await;
    assert_eq!(ok(store.notices(id(1), 9).await), [delivered, notice(1, 1)]);
    yes(store, Write::Audit(audit(1, Some(1)))).await;
    yes(store, Write::Audit(audit(2, None))).await;
    assert_eq!(ok(store.audit(None, 9).await), [audit(2, None), audit(1, Some(1))]);
}
