//! Does SQLite keep what every store must keep, also over a restart?

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{path::PathBuf, time::Duration};

use idp_core::{
    Fault, Id, Store as _, Time,
    contract::store,
    notify::{Notice, NoticeRow},
    outbox::Outbox as _,
    store::{Batch, Committed, Guard, Records as _, Users as _, Write},
    users::{Profile, User, UserState, UserWrite},
};
use sqlx::{Connection as _, SqliteConnection};
use symbolon_sqlx::{Db, OpenError, Options};

mod provider;

/// A folder of its own for every test, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let name = format!("symbolon-sqlite-{}-{:032x}", std::process::id(), rand());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.0.join("data/symbolon.db").display())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn rand() -> u128 {
    u128::from_be_bytes(symbolon_aws_lc::crypto().random())
}

async fn open(folder: &Folder) -> Db {
    Db::open(&folder.url(), Options::default()).await.unwrap()
}

fn user(number: u8) -> User {
    User {
        id: Id::from_bytes([number; 16]),
        login: format!("user{number:03}"),
        state: UserState::Active,
        created_at: Time(1),
        profile: Profile::default(),
    }
}

async fn insert(db: &Db, number: u8) -> Committed {
    db.commit(Batch::new().with(UserWrite::Insert(user(number)))).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_contract_holds() {
    let folders = std::sync::Mutex::new(Vec::new());
    let make = async || {
        let folder = Folder::new();
        let db = open(&folder).await;
        folders.lock().unwrap().push(folder);
        db
    };
    store::all(make, &|task| drop(tokio::spawn(task))).await;
}

#[tokio::test]
async fn clients_consents_and_grants() {
    let folder = Folder::new();
    provider::clients_consents_and_grants(&open(&folder).await).await;
}

#[tokio::test]
async fn service_providers() {
    let folder = Folder::new();
    provider::saml::service_providers(&open(&folder).await).await;
}

#[tokio::test]
async fn a_second_start_finds_what_the_first_one_wrote() {
    let folder = Folder::new();
    let db = open(&folder).await;
    assert_eq!(insert(&db, 1).await, Committed::Yes);
    db.close().await;
    assert!(db.ping().await.is_err(), "it is closed");
    assert!(db.commit(Batch::new().with(UserWrite::Insert(user(2)))).await.is_err());

    let db = open(&folder).await;
    assert_eq!(db.user(user(1).id).await.unwrap(), Some(user(1)));
    assert_eq!(insert(&db, 1).await, Committed::Conflict(Guard::User));
}

/// The command line beside the running server.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_share_one_file() {
    let folder = Folder::new();
    let (server, cli) = tokio::join!(open(&folder), open(&folder));
    let tasks = (0..64).map(|number| {
        let db = if number % 2 == 0 { server.clone() } else { cli.clone() };
        tokio::spawn(async move { insert(&db, number).await })
    });
    for task in tasks.collect::<Vec<_>>() {
        assert_eq!(task.await.unwrap(), Committed::Yes);
    }
    assert_eq!(cli.users(None, 100).await.unwrap().len(), 64);
}

/// Those who wait share a transaction; one whose statement fails must not take the others along.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_broken_batch_does_not_spoil_its_neighbours() {
    let folder = Folder::new();
    let db = open(&folder).await;
    let mut raw = SqliteConnection::connect(&folder.url()).await.unwrap();
    sqlx::raw_sql(
        "CREATE TRIGGER broken BEFORE INSERT ON users WHEN NEW.login = 'user007' \
         BEGIN SELECT RAISE(FAIL, 'broken'); END",
    )
    .execute(&mut raw)
    .await
    .unwrap();
    let tasks = (0..64).map(|number| {
        let batch = Batch::new().with(Write::Wake([number; 16])).with(UserWrite::Insert(user(number % 63)));
        let db = db.clone();
        tokio::spawn(async move { (number, db.commit(batch).await) })
    });
    let mut conflicts = 0;
    for task in tasks.collect::<Vec<_>>() {
        match task.await.unwrap() {
            (7, outcome) => assert!(matches!(outcome, Err(Fault::Store(_)))),
            (0 | 63, outcome) => conflicts += u8::from(outcome.unwrap() == Committed::Conflict(Guard::User)),
            (number, outcome) => assert_eq!(outcome.unwrap(), Committed::Yes, "{number}"),
        }
    }
    assert_eq!(conflicts, 1, "two of them are one person");
    assert_eq!(db.users(None, 100).await.unwrap().len(), 62);
}

/// A process that dies after its answer: what it leaves are these files as they are.
#[tokio::test]
async fn what_was_answered_is_in_the_files() {
    let (folder, copy) = (Folder::new(), Folder::new());
    let db = open(&folder).await;
    for number in 0..20 {
        assert_eq!(insert(&db, number).await, Committed::Yes);
        drop(std::fs::remove_dir_all(copy.0.join("data")));
        std::fs::create_dir(copy.0.join("data")).unwrap();
        for name in ["symbolon.db", "symbolon.db-wal"] {
            std::fs::copy(folder.0.join("data").join(name), copy.0.join("data").join(name)).unwrap();
        }
        let after = open(&copy).await;
        assert_eq!(after.user(user(number).id).await.unwrap(), Some(user(number)));
        after.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lock_of_another_process_is_a_fault_soon_and_no_longer_than_it_lasts() {
    let folder = Folder::new();
    let db = open(&folder).await;
    let mut raw = SqliteConnection::connect(&folder.url()).await.unwrap();
    let lock = raw.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let commit = db.commit(Batch::new().with(UserWrite::Insert(user(1))));
    let fault = tokio::time::timeout(Duration::from_secs(7), commit).await.unwrap().unwrap_err();
    assert!(matches!(fault, Fault::Store(_)), "{fault}");
    assert_eq!(db.users(None, 9).await.unwrap(), [], "reading goes on");
    lock.rollback().await.unwrap();
    assert_eq!(insert(&db, 2).await, Committed::Yes);
}

#[tokio::test]
async fn people_are_listed_page_by_page() {
    let folder = Folder::new();
    let db = open(&folder).await;
    for number in [3, 1, 2] {
        assert_eq!(insert(&db, number).await, Committed::Yes);
    }
    assert_eq!(db.users(None, 2).await.unwrap(), [user(1), user(2)]);
    assert_eq!(db.users(Some("user002"), 2).await.unwrap(), [user(3)]);
    assert_eq!(db.users(Some("user003"), 2).await.unwrap(), []);
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let db = open(&folder).await;
    assert_eq!(insert(&db, 1).await, Committed::Yes);
    for name in ["symbolon.db", "symbolon.db-wal", "symbolon.db-shm"] {
        let mode = std::fs::metadata(folder.0.join("data").join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} is {mode:o}");
    }
}

#[tokio::test]
async fn what_is_no_database_is_refused() {
    for url in ["", "symbolon.db", "mysql://localhost/x", "sqlite::memory:", "sqlite:x?mode=memory"] {
        let error = Db::open(url, Options::default()).await.unwrap_err();
        assert!(matches!(error, OpenError::Url), "{url}: {error}");
    }
    let error = Db::open("sqlite:/dev/null/symbolon.db", Options::default()).await.unwrap_err();
    assert!(matches!(error, OpenError::File(_)), "{error}");
}

/// What a newer version tells of must not keep people from reading, or anybody from being told, whatever else there is.
#[tokio::test]
async fn a_notice_of_a_newer_version_hides_no_other_one() {
    let folder = Folder::new();
    let db = open(&folder).await;
    assert_eq!(insert(&db, 1).await, Committed::Yes);
    let owner = user(1).id;
    let told = |number: u8| NoticeRow {
        id: Id::from_bytes([number; 16]),
        user: owner,
        notice: Notice::PasswordChanged,
        created_at: Time(5),
        delivered_at: None,
    };
    let both = Batch::new().with(Write::Notice(told(1))).with(Write::Notice(told(2)));
    assert_eq!(db.commit(both).await.unwrap(), Committed::Yes);
    let mut raw = SqliteConnection::connect(&folder.url()).await.unwrap();
    let newer = sqlx::query("UPDATE notices SET notice = '{\"what\":\"of_a_newer_version\"}' WHERE id = $1");
    newer.bind([1_u8; 16].as_slice()).execute(&mut raw).await.unwrap();
    assert_eq!(db.notices(owner, 10).await.unwrap(), [told(2)]);
    assert_eq!(db.waiting_notices(Time(5), 10).await.unwrap(), [told(2)]);
}
