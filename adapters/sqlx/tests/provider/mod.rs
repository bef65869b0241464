//! Does the database keep clients, consents and grants as a provider needs them?

mod pings;
pub mod saml;

use idp_core::{
    Id, Time,
    session::{SessionFacts, SessionRow, SessionWrite},
    store::{Batch, Committed, Store as _, Write},
    users::{User, UserState, UserWrite},
};
use symbolon_sqlx::{
    Db,
    provider::{
        Changed, ClientRow, ClientWrite, ConsentRow, ConsentWrite, DueRow, GrantRow, GrantWrite, PartyWrite,
        ProviderWrite, StandingGrant,
    },
};

const NOW: Time = Time(1_800_000_000);

fn client(client_id: &str, revision: i64) -> ClientRow {
    ClientRow {
        client_id: client_id.to_owned(),
        doc: format!(r#"{{"revision":{revision}}}"#),
        created_at: NOW,
        revision,
    }
}

fn consent(user: u8, client_id: &str) -> ConsentRow {
    let mut id = [user; 16];
    id.iter_mut().zip(client_id.bytes()).take(1).for_each(|(to, from)| *to = from);
    ConsentRow {
        user: Id::from_bytes([user; 16]),
        client_id: client_id.to_owned(),
        id: Some(id),
        doc: r#"["openid","email"]"#.to_owned(),
        expires_at: NOW + 60,
    }
}

fn grant(id: u8, client_id: &str, user: u8, session: u8) -> GrantRow {
    GrantRow {
        id: [id; 16],
        client_id: client_id.to_owned(),
        user: Id::from_bytes([user; 16]),
        session: Id::from_bytes([session; 16]),
        browser: [session; 32],
        generation: 0,
        created_at: NOW,
        used_at: NOW,
        expires_at: NOW + 60,
        ended_at: None,
        doc: "{}".to_owned(),
    }
}

fn open(row: GrantRow) -> GrantWrite {
    GrantWrite::Open { row, consent: None }
}

fn put(row: ConsentRow, over: Option<&str>) -> ConsentWrite {
    ConsentWrite::Put { row, over: over.map(str::to_owned), now: NOW }
}

async fn done(db: &Db, write: impl Into<ProviderWrite>) -> bool {
    db.change(write, Batch::new()).await.unwrap() == Changed::Yes
}

/// What both databases must do.
pub async fn clients_consents_and_grants(db: &Db) {
    clients(db).await;
    consents(db).await;
    grants(db).await;
    grants_end(db).await;
    standing_grants(db).await;
    parties(db).await;
    pings::pings(db).await;
}

async fn clients(db: &Db) {
    assert_eq!(db.client("shop").await.unwrap(), None);
    assert!(!done(db, ClientWrite::Update(client("shop", 2))).await);
    assert!(done(db, ClientWrite::Insert(client("shop", 1))).await);
    assert!(!done(db, ClientWrite::Insert(client("shop", 7))).await, "the name is taken");
    assert_eq!(db.client("shop").await.unwrap(), Some(client("shop", 1)));
    assert!(!done(db, ClientWrite::Update(client("shop", 3))).await);
    assert!(done(db, ClientWrite::Update(client("shop", 2))).await);
    assert!(!done(db, ClientWrite::Update(client("shop", 2))).await, "somebody was faster");
    assert!(done(db, ClientWrite::Insert(client("Blog", 1))).await);
    assert_eq!(db.clients().await.unwrap(), [client("Blog", 1), client("shop", 2)]);
    assert!(done(db, ClientWrite::Remove("Blog".to_owned())).await);
    assert!(!done(db, ClientWrite::Remove("Blog".to_owned())).await);
}

async fn consents(db: &Db) {
    let user = Id::from_bytes([1; 16]);
    for row in [consent(1, "shop"), consent(1, "blog"), consent(2, "shop")] {
        assert!(done(db, put(row.clone(), None)).await);
        assert!(!done(db, put(row, None)).await, "somebody was faster");
    }
    assert_eq!(db.consent(user, "shop", NOW + 59).await.unwrap(), Some(consent(1, "shop")));
    assert_eq!(db.consent(user, "shop", NOW + 60).await.unwrap(), None);
    assert_eq!(db.consents(user, NOW).await.unwrap(), [consent(1, "blog"), consent(1, "shop")]);
    let more = ConsentRow { doc: "[]".to_owned(), expires_at: NOW + 600, ..consent(1, "shop") };
    assert!(!done(db, put(more.clone(), Some("[1]"))).await, "another one than was read");
    assert!(done(db, put(more.clone(), Some(&consent(1, "shop").doc))).await);
    assert_eq!(db.consents(user, NOW + 60).await.unwrap(), [more]);
    assert!(done(db, taken_back(1, "shop")).await);
    assert!(!done(db, taken_back(1, "shop")).await);

    // Whoever registers under the name of a client that is gone must not inherit its consents.
    assert!(done(db, ClientWrite::Remove("shop".to_owned())).await);
    assert_eq!(db.consents(Id::from_bytes([2; 16]), NOW).await.unwrap(), []);
    assert_eq!(db.consents(user, NOW).await.unwrap(), [consent(1, "blog")]);
}

fn taken_back(user: u8, client_id: &str) -> ConsentWrite {
    ConsentWrite::Remove { user: Id::from_bytes([user; 16]), client_id: client_id.to_owned(), at: NOW }
}

fn refresh(id: u8, from: i64) -> GrantWrite {
    GrantWrite::Refresh { id: [id; 16], from, at: NOW + 10, expires_at: NOW + 90 }
}

async fn grants(db: &Db) {
    assert!(done(db, open(grant(1, "app", 3, 3))).await);
    assert!(!done(db, open(grant(1, "app", 4, 4))).await, "a code opens one grant");
    assert_eq!(db.grant([1; 16]).await.unwrap(), Some(grant(1, "app", 3, 3)));
    assert!(!done(db, refresh(1, 1)).await, "there is no such token yet");
    assert!(done(db, refresh(1, 0)).await);
    assert!(!done(db, refresh(1, 0)).await, "somebody was faster");
    let refreshed =
        GrantRow { generation: 1, used_at: NOW + 10, expires_at: NOW + 90, ..grant(1, "app", 3, 3) };
    let user = refreshed.user;
    assert_eq!(db.grants(user, NOW + 89).await.unwrap(), [refreshed]);
    assert_eq!(db.grants(user, NOW + 90).await.unwrap(), [], "it is over");
    let late = GrantWrite::Refresh { id: [1; 16], from: 1, at: NOW + 90, expires_at: NOW + 900 };
    assert!(!done(db, late).await, "it is over");
    let prolong = |generation, at| GrantWrite::Prolong { id: [1; 16], generation, at, expires_at: NOW + 95 };
    assert!(!done(db, prolong(0, NOW + 11)).await, "an older token");
    assert!(!done(db, prolong(1, NOW + 90)).await, "it is over");
    assert!(done(db, prolong(1, NOW + 11)).await);
    let prolonged = db.grant([1; 16]).await.unwrap().unwrap();
    assert_eq!((prolonged.generation, prolonged.used_at, prolonged.expires_at), (1, NOW + 11, NOW + 95));
    let end = || GrantWrite::End { id: [1; 16], at: NOW + 11 };
    assert!(done(db, end()).await);
    assert!(!done(db, end()).await, "it was ended before");
    assert!(!done(db, refresh(1, 1)).await, "it was ended");
    assert!(!done(db, prolong(1, NOW + 12)).await, "it was ended");
}

/// With the consent, with the client, and where somebody else may have been.
async fn grants_end(db: &Db) {
    for (id, client, user, session) in
        [(11, "app", 5, 5), (12, "web", 5, 5), (13, "app", 5, 6), (14, "app", 6, 7)]
    {
        assert!(done(db, open(grant(id, client, user, session))).await);
    }
    let ended = async |id: u8| db.grant([id; 16]).await.unwrap().unwrap().ended_at;
    let report = SessionWrite::EndAll {
        user: Id::from_bytes([5; 16]),
        browser: Some([6; 32]),
        except: None,
        at: NOW + 1,
    };
    commit(db, report).await;
    assert_eq!((ended(11).await, ended(13).await, ended(14).await), (None, Some(NOW + 1), None));
    let allowed = consent(5, "app");
    let stands_on_it = |id| GrantWrite::Open { row: grant(id, "app", 5, 5), consent: allowed.id };
    assert!(!done(db, stands_on_it(15)).await, "it was not allowed");
    assert!(done(db, put(allowed.clone(), None)).await);
    assert!(done(db, stands_on_it(15)).await);
    assert!(done(db, taken_back(5, "app")).await);
    assert_eq!(ended(15).await, Some(NOW));
    assert!(!done(db, stands_on_it(16)).await, "it was taken back");
    assert_eq!((ended(11).await, ended(12).await), (Some(NOW), None));
    assert!(done(db, ClientWrite::Insert(client("web", 1))).await);
    assert!(done(db, ClientWrite::Remove("web".to_owned())).await);
    assert_eq!(db.grant([12; 16]).await.unwrap(), None, "the next client of that name inherits nothing");
}

async fn commit(db: &Db, write: impl Into<Write>) {
    assert_eq!(db.commit(Batch::new().with(write)).await.unwrap(), Committed::Yes);
}

fn session(number: u8, user: u8) -> SessionRow {
    SessionRow {
        id: Id::from_bytes([number; 16]),
        secret: [number; 32],
        sign_in: Id::from_bytes([number; 16]),
        user: Id::from_bytes([user; 16]),
        created_at: NOW,
        used_at: NOW,
        idle_expires_at: NOW + 600,
        expires_at: NOW + 6_000,
        ended_at: None,
        browser: [number; 32],
        facts: SessionFacts {
            ledger: Vec::new(),
            address: String::new(),
            place: String::new(),
            browser_name: String::new(),
            only_client: None,
        },
    }
}

fn join(client_id: &str, session: u8) -> PartyWrite {
    PartyWrite::Join { client_id: client_id.to_owned(), session: Id::from_bytes([session; 16]), at: NOW }
}

/// Whoever knows of a session is due when it ends, whoever ends it; one node takes it at a time.
async fn parties(db: &Db) {
    for (number, user) in [(61, 60), (62, 60), (63, 63)] {
        commit(db, SessionWrite::Insert(Box::new(session(number, user)))).await;
        for _ in 0..2 {
            assert!(done(db, join("app", number)).await, "a second time nothing changes");
        }
    }
    assert!(done(db, join("web", 61)).await);
    assert!(done(db, join("app", 99)).await, "without the session nothing happens");
    assert_eq!(db.parties(Id::from_bytes([99; 16])).await.unwrap(), [""; 0]);
    assert_eq!(db.parties(Id::from_bytes([61; 16])).await.unwrap(), ["app", "web"]);
    let due = async |seconds| db.due_parties(NOW + seconds, 10, 9).await.unwrap();
    assert_eq!((due(9_999).await, db.next_due_party().await.unwrap()), (vec![], None), "all of them live");

    let user = Id::from_bytes([60; 16]);
    commit(db, SessionWrite::End { id: Id::from_bytes([61; 16]), at: NOW + 1 }).await;
    commit(db, SessionWrite::EndAll { user, browser: None, except: None, at: NOW + 2 }).await;
    let row = |client: &str, session: u8, seconds| DueRow {
        client_id: client.to_owned(),
        session: Id::from_bytes([session; 16]),
        user,
        tries: 0,
        due_at: NOW + seconds,
    };
    assert_eq!(due(1).await, [row("app", 61, 1), row("web", 61, 1)], "another person's lives");
    assert_eq!(due(2).await, [row("app", 61, 1), row("web", 61, 1), row("app", 62, 2)]);
    assert_eq!(db.due_parties(NOW + 2, 1, 9).await.unwrap().len(), 1);
    let one_each = db.due_parties(NOW + 2, 9, 1).await.unwrap();
    assert_eq!(one_each, [row("app", 61, 1), row("web", 61, 1)], "nobody takes the turn of others");
    let take = |row, again| PartyWrite::Try { row, again_at: again };
    assert!(done(db, take(row("app", 61, 1), Some(NOW + 11))).await);
    assert!(!done(db, take(row("app", 61, 1), Some(NOW + 11))).await, "another node was faster");
    assert!(done(db, take(row("web", 61, 1), None)).await);
    assert_eq!(due(10).await, [row("app", 62, 2)], "one has its turn later, the other had its last");
    assert_eq!(db.next_due_party().await.unwrap(), Some(NOW + 2));
    let again = DueRow { tries: 1, ..row("app", 61, 11) };
    assert_eq!(due(11).await, [row("app", 62, 2), again.clone()]);
    let told = PartyWrite::Told { client_id: "app".to_owned(), session: again.session };
    assert!(done(db, told).await);
    assert!(!done(db, take(again, None)).await, "it was told meanwhile");
    assert!(done(db, take(row("app", 62, 2), None)).await);
    commit(db, SessionWrite::End { id: Id::from_bytes([61; 16]), at: NOW + 20 }).await;
    commit(db, SessionWrite::EndAll { user, browser: None, except: None, at: NOW + 20 }).await;
    assert_eq!(due(9_999).await, [], "once a session");

    assert!(done(db, ClientWrite::Insert(client("app", 1))).await);
    assert!(done(db, ClientWrite::Remove("app".to_owned())).await);
    assert_eq!(db.parties(Id::from_bytes([63; 16])).await.unwrap(), [""; 0], "the client is gone");
    assert_eq!(db.parties(Id::from_bytes([61; 16])).await.unwrap(), ["web"]);
    // Somebody ends a session that was over by age a day ago: its application is told all the same.
    commit(db, SessionWrite::Insert(Box::new(session(64, 64)))).await;
    assert!(done(db, join("web", 64)).await);
    commit(db, SessionWrite::End { id: Id::from_bytes([64; 16]), at: NOW + 900_000 }).await;
    while db.sweep(NOW + 999_999).await.unwrap() > 0 {}
    assert_eq!(db.parties(Id::from_bytes([61; 16])).await.unwrap(), [""; 0], "they go with the session");
    assert_eq!(db.parties(Id::from_bytes([64; 16])).await.unwrap(), ["web"], "it is still to be told");
    let told = PartyWrite::Told { client_id: "web".to_owned(), session: Id::from_bytes([64; 16]) };
    assert!(done(db, told).await);
    while db.sweep(NOW + 999_999).await.unwrap() > 0 {}
    assert_eq!(db.parties(Id::from_bytes([64; 16])).await.unwrap(), [""; 0]);
}

/// One look at a grant tells what the look at the grant, at the person and at the session would.
async fn standing_grants(db: &Db) {
    assert!(done(db, open(grant(21, "app", 8, 8))).await);
    let seen = async |now| db.standing_grant([21; 16], now).await.unwrap();
    assert_eq!(seen(NOW).await, None, "nobody granted it");
    let person = User::new(Id::from_bytes([8; 16]), "eve", NOW);
    commit(db, UserWrite::Insert(person.clone())).await;
    let found =
        |session_holds| StandingGrant { grant: grant(21, "app", 8, 8), user: person.clone(), session_holds };
    assert_eq!(seen(NOW).await, Some(found(false)), "there is no session");
    let session = SessionRow { idle_expires_at: NOW + 30, expires_at: NOW + 60, ..session(8, 8) };
    let id = session.id;
    commit(db, SessionWrite::Insert(Box::new(session))).await;
    assert_eq!(seen(NOW + 29).await, Some(found(true)));
    assert_eq!(seen(NOW + 30).await, Some(found(false)), "it was idle for too long");
    commit(db, SessionWrite::Touch { id, at: NOW + 20, idle_expires_at: NOW + 90 }).await;
    assert_eq!(seen(NOW + 59).await, Some(found(true)));
    assert_eq!(seen(NOW + 60).await, Some(found(false)), "its life is over");
    commit(db, SessionWrite::End { id, at: NOW + 21 }).await;
    assert_eq!(seen(NOW + 22).await, Some(found(false)), "it was ended");
    commit(db, UserWrite::Update(User { state: UserState::Disabled, ..person.clone() })).await;
    assert_eq!(seen(NOW).await.unwrap().user.state, UserState::Disabled);
}
