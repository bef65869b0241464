//! Does PostgreSQL keep what every store must keep, on several nodes, and does it come back after trouble?

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use idp_core::{
    Fault, Id, Store as _, Time,
    bus::Watch,
    contract::store,
    mark::{MarkRow, MarkWrite},
    store::{Batch, Committed, Write},
    users::{Profile, User, UserState, UserWrite},
};
use sqlx::PgPool;
use symbolon_sqlx::{Db, OpenError, Options};

mod provider;
mod proxy;

const TOPIC: [u8; 16] = [7; 16];

#[expect(clippy::disallowed_methods, reason = "where the tests' database is comes from whoever starts them")]
fn server() -> String {
    std::env::var("SYMBOLON_TEST_POSTGRES").expect(
        "SYMBOLON_TEST_POSTGRES is not set: `make test` starts a PostgreSQL and sets it \
         (so does `export SYMBOLON_TEST_POSTGRES=$(tests/postgres.sh start)`)",
    )
}

/// A schema of its own for every test. Its connections carry its name, so that a test can find them.
struct Schema {
    name: String,
    url: String,
}

impl Schema {
    fn new() -> Self {
        let number = u64::from_be_bytes(symbolon_aws_lc::crypto().random());
        let name = format!("test_{number:016x}");
        let url = format!("{}?application_name={name}", server());
        Self { name, url }
    }

    fn options(&self) -> Options {
        Options::default().in_schema(&self.name)
    }

    async fn open(&self) -> Db {
        Db::open(&self.url, self.options()).await.unwrap()
    }

    /// Ends the connections of this schema whose last statement begins like this; how many were there?
    async fn kill(&self, beginning: &str) -> usize {
        let admin = PgPool::connect(&server()).await.unwrap();
        let killed: Vec<bool> = sqlx::query_scalar(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
             WHERE application_name = $1 AND starts_with(query, $2)",
        )
        .bind(&self.name)
        .bind(beginning)
        .fetch_all(&admin)
        .await
        .unwrap();
        assert!(killed.iter().all(|ended| *ended));
        killed.len()
    }
}

async fn wake(db: &Db) {
    let done = db.commit(Batch::new().with(Write::Wake(TOPIC))).await.unwrap();
    assert_eq!(done, Committed::Yes);
}

async fn is_woken(watch: &mut Watch) -> bool {
    tokio::time::timeout(Duration::from_secs(10), watch.changed()).await.is_ok()
}

fn user(number: u8) -> User {
    User {
        id: Id::from_bytes([number; 16]),
        login: format!("user{number}"),
        state: UserState::Active,
        created_at: Time(1),
        profile: Profile::default(),
    }
}

async fn insert(db: &Db, number: u8) -> Result<Committed, Fault> {
    db.commit(Batch::new().with(UserWrite::Insert(user(number)))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_contract_holds() {
    store::all(async || Schema::new().open().await, &|task| drop(tokio::spawn(task))).await;
}

#[tokio::test]
async fn clients_consents_and_grants() {
    provider::clients_consents_and_grants(&Schema::new().open().await).await;
}

#[tokio::test]
async fn service_providers() {
    provider::saml::service_providers(&Schema::new().open().await).await;
}

#[tokio::test]
async fn nodes_that_start_at_once_make_one_set_of_tables() {
    let schema = Schema::new();
    let (a, b, c) = tokio::join!(schema.open(), schema.open(), schema.open());
    assert_eq!(insert(&a, 1).await.unwrap(), Committed::Yes);
    assert_eq!(b.users(None, 9).await.unwrap(), [user(1)]);
    assert_eq!(c.users(None, 9).await.unwrap(), [user(1)]);
}

#[tokio::test]
async fn nodes_wake_each_other_and_themselves() {
    let schema = Schema::new();
    let (a, b) = tokio::join!(schema.open(), schema.open());
    let (mut on_a, mut on_b) = (a.bus().watch(TOPIC), b.bus().watch(TOPIC));
    for node in [&a, &b] {
        wake(node).await;
        assert!(is_woken(&mut on_a).await);
        assert!(is_woken(&mut on_b).await);
    }
}

#[tokio::test]
async fn another_schema_is_not_woken() {
    let (one, other) = (Schema::new(), Schema::new());
    let (stranger, a, b) = tokio::join!(one.open(), other.open(), other.open());
    let (mut mine, mut next) = (b.bus().watch(TOPIC), b.bus().watch([8; 16]));
    wake(&stranger).await;
    // Notifications arrive in the order of their commits: after this one the stranger's would be there.
    assert_eq!(a.commit(Batch::new().with(Write::Wake([8; 16]))).await.unwrap(), Committed::Yes);
    assert!(is_woken(&mut next).await);
    assert!(tokio::time::timeout(Duration::ZERO, mine.changed()).await.is_err());
}

#[tokio::test]
async fn a_batch_may_wake_more_than_one_notification_holds() {
    let schema = Schema::new();
    let (a, b) = tokio::join!(schema.open(), schema.open());
    let topic = |number: u16| {
        let mut topic = [0; 16];
        topic[..2].copy_from_slice(&number.to_be_bytes());
        topic
    };
    let mut watches: Vec<Watch> = (0..1_000).map(|number| b.bus().watch(topic(number))).collect();
    let mut batch = Batch::new();
    batch.extend((0..1_000).map(|number| Write::Wake(topic(number))));
    assert_eq!(a.commit(batch).await.unwrap(), Committed::Yes);
    for watch in &mut watches {
        assert!(is_woken(watch).await);
    }
}

#[tokio::test]
async fn whoever_waits_is_woken_although_the_listener_died() {
    let schema = Schema::new();
    let (a, b) = tokio::join!(schema.open(), schema.open());
    let mut watch = a.bus().watch(TOPIC);
    assert_eq!(schema.kill("LISTEN").await, 2);
    wake(&b).await;
    assert!(is_woken(&mut watch).await, "by the notification, or because some may have been lost");
    // It listens again: one that was lost wakes everybody once, and the next ones arrive by themselves.
    for _ in 0..3 {
        wake(&b).await;
        assert!(is_woken(&mut watch).await);
    }
}

#[tokio::test]
async fn a_call_after_all_connections_died_is_no_fault() {
    let schema = Schema::new();
    let db = schema.open().await;
    assert_eq!(insert(&db, 1).await.unwrap(), Committed::Yes);
    assert!(schema.kill("").await > 1);
    assert_eq!(insert(&db, 2).await.unwrap(), Committed::Yes);
    assert_eq!(db.users(None, 9).await.unwrap(), [user(1), user(2)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_database_that_is_away_is_a_fault_soon_and_comes_back() {
    let schema = Schema::new();
    let proxy = proxy::Proxy::start(&schema.url).await;
    let db = Db::open(&proxy.url, schema.options()).await.unwrap();
    let mut watch = db.bus().watch(TOPIC);
    assert_eq!(insert(&db, 1).await.unwrap(), Committed::Yes);
    for way in [proxy::Way::Refused, proxy::Way::Silent] {
        proxy.set(way).await;
        let calls = async { tokio::join!(db.ping(), db.users(None, 9), insert(&db, 2)) };
        let (ping, read, write) = tokio::time::timeout(Duration::from_secs(7), calls).await.unwrap();
        for fault in [ping.unwrap_err(), read.unwrap_err(), write.unwrap_err()] {
            assert!(matches!(fault, Fault::Store(_)), "{fault}");
        }
        proxy.set(proxy::Way::Open).await;
        db.ping().await.unwrap();
    }
    assert_eq!(insert(&db, 3).await.unwrap(), Committed::Yes);
    assert!(is_woken(&mut watch).await, "wake-ups may have been lost meanwhile");
}

/// Two batches that lock the same rows in another order: PostgreSQL ends one, and it is tried again.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_deadlock_is_nobodys_fault() {
    let db = Schema::new().open().await;
    let insert = |number: u8, now| {
        let row = MarkRow { key: [number; 32], answer: None, expires_at: now };
        MarkWrite::Insert { row, now }
    };
    let tasks = (0..6).map(|number| {
        // The marks expire at once, so that each of these may make them anew.
        let (first, second) = if number % 2 == 0 { (1, 2) } else { (2, 1) };
        let now = Time(100);
        let batch = Batch::new().with(insert(first, now)).with(insert(second, now));
        let db = db.clone();
        tokio::spawn(async move { db.commit(batch).await })
    });
    for task in tasks.collect::<Vec<_>>() {
        assert_eq!(task.await.unwrap().unwrap(), Committed::Yes);
    }
}

#[tokio::test]
async fn a_schema_has_a_plain_name() {
    for name in ["", "Upper", "a-b", "a\"; DROP TABLE users; --", "9a", &"a".repeat(51)] {
        let error = Db::open(&server(), Options::default().in_schema(name)).await.unwrap_err();
        assert!(matches!(error, OpenError::Schema), "{name}: {error}");
    }
}

#[tokio::test]
async fn a_password_is_in_no_error() {
    let url = "postgres://somebody:hunter2@127.0.0.1:1/nowhere";
    let error = Db::open(url, Options::default()).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}
