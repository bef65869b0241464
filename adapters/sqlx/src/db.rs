//! Which database is it, and how is it opened?

use std::{fmt, io, path::Path, str::FromStr as _, sync::Arc, time::Duration};

use idp_core::bus::Bus;
use sqlx::{
    migrate::MigrateError,
    postgres::PgConnectOptions,
    sqlite::{SqliteConnectOptions, SqliteSynchronous},
};

use crate::{
    commit::Committer,
    listen::{Channel, Listener},
    migrate,
    pool::Connections,
    sql::Pool,
    work::{Outcome, Work},
    writer::Writer,
};

/// How many connections read SQLite at most. A read there takes a processor and waits for nobody, so more of them at once
/// only share processors out, and each has a thread and a cache of its own that another one has to fill again.
const READERS: u32 = 4;
/// How long SQLite waits for the lock of another process before it says that it is busy.
const BUSY: Duration = Duration::from_secs(1);

/// A database with everything in it. Clones share its connections.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    reads: Pool,
    writes: Writes,
    bus: Bus,
}

enum Writes {
    Lite(Writer),
    Pg { committer: Committer, _listener: Listener },
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0.reads {
            Pool::Lite(_) => "Db(SQLite)",
            Pool::Pg(_) => "Db(PostgreSQL)",
        })
    }
}

/// How a database is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// PostgreSQL: the schema that the tables live in, made if it is missing; lower-case letters, digits and
    /// underscores, at most 50. Without one it is the database's own search path.
    pub schema: Option<String>,
    /// How many connections are open at most, of which SQLite uses four; a listener or a writer comes on top.
    pub connections: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { schema: None, connections: 16 }
    }
}

impl Options {
    /// The options with a schema.
    #[must_use]
    pub fn in_schema(mut self, schema: &str) -> Self {
        self.schema = Some(schema.to_owned());
        self
    }
}

/// Why a database was not opened. The URL is in none of the texts: it may hold a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It is neither `sqlite:path` nor `postgres://…`, or SQLite is to keep it in memory.
    #[error("the database URL must be `sqlite:path` or `postgres://user@host/database`")]
    Url,
    /// The schema's name has other characters than it may, or is too long.
    #[error("a schema's name has at most 50 lower-case letters, digits and underscores, a letter first")]
    Schema,
    /// The file cannot be made.
    #[error("the database file cannot be made: {0}")]
    File(#[from] io::Error),
    /// The database does not answer, or does not let us in.
    #[error("the database cannot be reached: {0}")]
    Connect(#[from] sqlx::Error),
    /// The tables cannot be made.
    #[error("the database cannot be migrated: {0}")]
    Migrate(#[from] MigrateError),
}

impl Db {
    /// Opens the database at `url`, `sqlite:path` or `postgres://user@host/database` (13 or newer), and makes
    /// the tables that are missing. SQLite's file is made on first start, readable by its owner only. Takes
    /// place inside a tokio runtime, which goes on to carry its tasks.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(url: &str, options: Options) -> Result<Self, OpenError> {
        match url.split_once(':') {
            Some(("sqlite", _)) => sqlite(url, &options).await,
            Some(("postgres" | "postgresql", _)) => postgres(url, &options).await,
            _ => Err(OpenError::Url),
        }
    }

    /// Waits for what is under way and closes all connections. Every later call is a fault.
    pub async fn close(&self) {
        match &self.0.reads {
            Pool::Lite(pool) => pool.close().await,
            Pool::Pg(pool) => pool.close().await,
        }
        if let Writes::Lite(writer) = &self.0.writes {
            writer.close().await;
        }
    }

    pub(crate) fn reads(&self) -> &Pool {
        &self.0.reads
    }

    pub(crate) fn wakes(&self) -> &Bus {
        &self.0.bus
    }

    pub(crate) async fn run(&self, work: Work) -> sqlx::Result<Outcome> {
        match &self.0.writes {
            Writes::Lite(writer) => writer.run(work).await,
            Writes::Pg { committer, .. } => committer.run(&work).await,
        }
    }
}

async fn sqlite(url: &str, options: &Options) -> Result<Db, OpenError> {
    if url.contains(":memory:") || url.contains("mode=memory") {
        return Err(OpenError::Url);
    }
    let connect = SqliteConnectOptions::from_str(url)
        .map_err(|_| OpenError::Url)?
        .create_if_missing(true)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY);
    make_private(connect.get_filename())?;
    migrate::sqlite(&connect).await?;
    let writes = Connections::open(connect.clone(), 1, false).await?;
    let readers = options.connections.min(READERS);
    let reads = Connections::open(connect.pragma("query_only", "on"), readers, false).await?;
    let bus = Bus::default();
    let writes = Writes::Lite(Writer::start(writes, bus.clone()));
    Ok(Db(Arc::new(Inner { reads: Pool::Lite(reads), writes, bus })))
}

/// SQLite gives its file, and the log beside it, the rights that the umask leaves; what is sealed in there and
/// what is a digest is nobody else's to try keys on.
fn make_private(file: &Path) -> io::Result<()> {
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    let mut open = std::fs::OpenOptions::new();
    open.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
    open.open(file).map(drop)
}

async fn postgres(url: &str, options: &Options) -> Result<Db, OpenError> {
    let schema = options.schema.as_deref();
    let mut connect = PgConnectOptions::from_str(url).map_err(|_| OpenError::Url)?;
    if connect.get_application_name().is_none() {
        connect = connect.application_name("symbolon");
    }
    if let Some(schema) = schema {
        if !is_name(schema) {
            return Err(OpenError::Schema);
        }
        connect = connect.options([("search_path", schema)]);
    }
    migrate::postgres(&connect, schema).await?;
    // A node that hangs must not hold its locks for ever, and the database need not work for nobody.
    let connect =
        connect.options([("statement_timeout", "5000"), ("idle_in_transaction_session_timeout", "10000")]);
    let pool = Arc::new(Connections::open(connect.clone(), options.connections, true).await?);
    let bus = Bus::default();
    let channel = Channel::join(&pool, schema).await?;
    let listener = Listener::start(connect, Arc::clone(&pool), channel.clone(), bus.clone()).await?;
    let committer = Committer { pool: Arc::clone(&pool), channel, bus: bus.clone() };
    let writes = Writes::Pg { committer, _listener: listener };
    Ok(Db(Arc::new(Inner { reads: Pool::Pg(pool), writes, bus })))
}

fn is_name(schema: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    schema.len() <= 50 && schema.starts_with(|c: char| c.is_ascii_lowercase()) && schema.chars().all(plain)
}
