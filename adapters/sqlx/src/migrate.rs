//! How does a database get its tables? Each start runs the migrations that are missing; they only ever grow.

use std::time::Duration;

use sqlx::{
    ConnectOptions as _, Connection as _, SqlSafeStr as _,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
    postgres::PgConnectOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};

use crate::work::{is_transient, pause};

/// The migrations of one database, the oldest first.
macro_rules! migrations {
    ($database:literal) => {
        migrator(&[
            (1, "init", include_str!(concat!("../migrations/", $database, "/0001_init.sql"))),
            (
                2,
                "one open enrolment",
                include_str!(concat!("../migrations/", $database, "/0002_one_open_enrolment.sql")),
            ),
            (3, "grants", include_str!(concat!("../migrations/", $database, "/0003_grants.sql"))),
            (4, "parties", include_str!(concat!("../migrations/", $database, "/0004_parties.sql"))),
            (
                5,
                "ceremonies of users",
                include_str!(concat!("../migrations/", $database, "/0005_ceremonies_of_users.sql")),
            ),
            (6, "outbox", include_str!(concat!("../migrations/", $database, "/0006_outbox.sql"))),
            (
                7,
                "hardware tokens",
                include_str!(concat!("../migrations/", $database, "/0007_hardware_tokens.sql")),
            ),
            (8, "drift", include_str!(concat!("../migrations/", $database, "/0008_drift.sql"))),
            (9, "pings", include_str!(concat!("../migrations/", $database, "/0009_pings.sql"))),
            (
                10,
                "assurance of credentials",
                include_str!(concat!("../migrations/", $database, "/0010_assurance_of_credentials.sql")),
            ),
            (
                11,
                "service providers",
                include_str!(concat!("../migrations/", $database, "/0011_service_providers.sql")),
            ),
        ])
    };
}

fn migrator(texts: &[(i64, &'static str, &'static str)]) -> Migrator {
    let migrations = texts.iter().map(|(version, name, text)| {
        Migration::new(*version, (*name).into(), MigrationType::Simple, text.into_sql_str(), false)
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    // In a rolling upgrade a node of the older version may start on tables that a newer one has made.
    migrator.set_ignore_missing(true);
    migrator
}

/// Two processes may start on a new file at once. SQLite does not wait when it changes the journal's mode, so
/// the slower one is told that the file is busy, and tries again.
pub(crate) async fn sqlite(options: &SqliteConnectOptions) -> Result<(), MigrateError> {
    let options = options.clone().journal_mode(SqliteJournalMode::Wal).busy_timeout(Duration::from_secs(30));
    let mut attempt = 1;
    loop {
        match sqlite_once(&options).await {
            Err(MigrateError::Execute(error)) if is_transient(&error) && attempt < 10 => pause(attempt).await,
            done => return done,
        }
        attempt = attempt.saturating_add(1);
    }
}

/// One transaction around everything: it is the lock, which sqlx has for PostgreSQL only.
async fn sqlite_once(options: &SqliteConnectOptions) -> Result<(), MigrateError> {
    let migrator = migrations!("sqlite");
    let mut conn = options.connect().await?;
    let mut transaction = conn.begin_with("BEGIN IMMEDIATE").await?;
    migrator.run(&mut *transaction).await?;
    transaction.commit().await?;
    conn.close().await?;
    Ok(())
}

/// The migrator's advisory lock lets one node at a time through; it goes with the connection, which ends here.
pub(crate) async fn postgres(options: &PgConnectOptions, schema: Option<&str>) -> Result<(), MigrateError> {
    let mut migrator = migrations!("postgres");
    if let Some(schema) = schema {
        migrator.create_schema(format!("\"{schema}\""));
    }
    let mut conn = options.connect().await?;
    migrator.run(&mut conn).await?;
    conn.close().await?;
    Ok(())
}
