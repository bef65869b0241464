//! How does a node hear what other nodes committed? By LISTEN on a connection of its own.
//!
//! NOTIFY is part of the transaction, so a wake-up arrives if and only if its batch was committed. While the
//! connection is lost notifications are lost too; afterwards everybody is woken, and reads again.

use std::{io, sync::Arc, time::Duration};

use idp_core::bus::{Bus, Topic};
use idp_protocol::Octets;
use sqlx::{
    PgConnection,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use tokio::{task::AbortHandle, time};

use crate::pool::Connections;

/// Topics in one notification; a payload has fewer than 8,000 bytes, and a topic takes 23.
const TOPICS: usize = 256;
/// How often a node says that it is there, so that a listener whose connection died in silence notices.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// After such a silence the connection is taken for dead.
const SILENCE: Duration = Duration::from_secs(60);
/// The first pause before a new connection, which doubles, and the longest one.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Where the nodes that share a schema tell each other what to look at.
#[derive(Clone)]
pub(crate) struct Channel {
    name: String,
    node: String,
}

impl Channel {
    /// The channel of a schema. The database gives this node a name by which it knows its own notifications.
    pub(crate) async fn join(pool: &Connections<PgConnection>, schema: Option<&str>) -> sqlx::Result<Self> {
        let mut lease = pool.lend().await?;
        let node = sqlx::query_scalar("SELECT gen_random_uuid()::text").fetch_one(&mut *lease).await?;
        lease.give_back();
        let name = schema.map_or_else(|| "symbolon".to_owned(), |schema| format!("symbolon:{schema}"));
        Ok(Self { name, node })
    }

    /// Wakes the other nodes when the transaction is committed.
    pub(crate) async fn notify(&self, conn: &mut PgConnection, topics: &[Topic]) -> sqlx::Result<()> {
        for topics in topics.chunks(TOPICS) {
            let mut payload = self.node.clone();
            for topic in topics {
                payload.push(' ');
                payload.push_str(&Octets(*topic).to_string());
            }
            self.send(conn, &payload).await?;
        }
        Ok(())
    }

    async fn send(&self, to: &mut PgConnection, payload: &str) -> sqlx::Result<()> {
        sqlx::query("SELECT pg_notify($1, $2)").bind(self.name.as_str()).bind(payload).execute(to).await?;
        Ok(())
    }

    fn deliver(&self, payload: &str, bus: &Bus) {
        let mut words = payload.split(' ');
        if words.next() == Some(self.node.as_str()) {
            return;
        }
        for word in words {
            match word.parse::<Octets<16>>() {
                Ok(topic) => bus.publish(&topic.0),
                // A newer node may write something else; a wake-up too many costs a read, one too few a login.
                Err(_) => bus.publish_all(),
            }
        }
    }
}

/// The tasks that listen; they end with it.
pub(crate) struct Listener([AbortHandle; 2]);

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.iter().for_each(AbortHandle::abort);
    }
}

impl Listener {
    /// Listens from now on: what is committed after the answer is not missed.
    pub(crate) async fn start(
        options: PgConnectOptions,
        pool: Arc<Connections<PgConnection>>,
        channel: Channel,
        bus: Bus,
    ) -> sqlx::Result<Self> {
        let listener = connect(&options, &channel).await?;
        let heartbeat = tokio::spawn(beat(pool, channel.clone()));
        let listening = tokio::spawn(listen(listener, options, channel, bus));
        Ok(Self([heartbeat.abort_handle(), listening.abort_handle()]))
    }
}

async fn beat(pool: Arc<Connections<PgConnection>>, channel: Channel) {
    loop {
        time::sleep(HEARTBEAT).await;
        pool.close_idle();
        // If it fails there is silence, which is what the listener waits for.
        if let Ok(mut lease) = pool.lend().await
            && channel.send(&mut lease, &channel.node).await.is_ok()
        {
            lease.give_back();
        }
    }
}

async fn listen(mut listener: PgListener, options: PgConnectOptions, channel: Channel, bus: Bus) {
    loop {
        let why = hear(&mut listener, &channel, &bus).await;
        tracing::warn!(error = %why, "the connection for wake-ups was lost");
        listener = reconnect(&options, &channel).await;
        bus.publish_all();
        tracing::info!("the connection for wake-ups is back");
    }
}

/// Delivers notifications until the connection is lost; says why.
async fn hear(listener: &mut PgListener, channel: &Channel, bus: &Bus) -> sqlx::Error {
    loop {
        match time::timeout(SILENCE, listener.try_recv()).await {
            Ok(Ok(Some(notification))) => channel.deliver(notification.payload(), bus),
            Ok(Ok(None)) => return sqlx::Error::Io(io::ErrorKind::ConnectionAborted.into()),
            Ok(Err(error)) => return error,
            Err(_) => return sqlx::Error::PoolTimedOut,
        }
    }
}

async fn reconnect(options: &PgConnectOptions, channel: &Channel) -> PgListener {
    let (mut pause, longest) = PAUSES;
    loop {
        match connect(options, channel).await {
            Ok(listener) => return listener,
            Err(error) => tracing::debug!(%error, "no connection for wake-ups yet"),
        }
        time::sleep(pause).await;
        pause = pause.saturating_mul(2).min(longest);
    }
}

/// A pool of its own each time: the connection of a listener that fell silent may hang in the old one.
async fn connect(options: &PgConnectOptions, channel: &Channel) -> sqlx::Result<PgListener> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .max_lifetime(None)
        .idle_timeout(None)
        .acquire_timeout(Duration::from_secs(2))
        .connect_with(options.clone())
        .await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    // The default connects again before it tells of the loss, and without a pause between attempts.
    listener.eager_reconnect(false);
    listener.listen(&channel.name).await?;
    Ok(listener)
}
