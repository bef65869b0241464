//! How is something committed on PostgreSQL? In a transaction of its own, with its wake-ups inside.

use std::sync::Arc;

use idp_core::bus::Bus;
use sqlx::{Connection as _, PgConnection, Postgres, Transaction};

use crate::{
    listen::Channel,
    pool::Connections,
    sql::Conn,
    work::{ATTEMPTS, Outcome, Work, is_transient, pause},
};

/// Commits on PostgreSQL.
///
/// READ COMMITTED, the level that PostgreSQL comes with, is enough: a guard stands in the `WHERE` of its
/// statement, which waits for whoever holds the row and then looks at its newest version, or in a unique index.
pub(crate) struct Committer {
    pub(crate) pool: Arc<Connections<PgConnection>>,
    pub(crate) channel: Channel,
    pub(crate) bus: Bus,
}

impl Committer {
    pub(crate) async fn run(&self, work: &Work) -> sqlx::Result<Outcome> {
        let mut attempt = 1;
        loop {
            match self.attempt(work).await {
                Err(error) if is_transient(&error) && attempt < ATTEMPTS => pause(attempt).await,
                done => return done,
            }
            attempt = attempt.saturating_add(1);
        }
    }

    async fn attempt(&self, work: &Work) -> sqlx::Result<Outcome> {
        loop {
            let mut lease = self.pool.lend().await?;
            let done = match lease.begin().await {
                Ok(transaction) => Ok(self.within(transaction, work).await?),
                Err(error) => Err(error),
            };
            if let Some(done) = lease.answered(done) {
                return done;
            }
        }
    }

    async fn within(&self, mut transaction: Transaction<'_, Postgres>, work: &Work) -> sqlx::Result<Outcome> {
        let outcome = work.apply(&mut Conn::Pg(&mut transaction)).await?;
        if outcome.is_err() {
            transaction.rollback().await?;
            return Ok(outcome);
        }
        let topics = work.topics();
        self.channel.notify(&mut transaction, &topics).await?;
        transaction.commit().await?;
        // Whoever waits on this node does not wait for the detour over the database.
        topics.iter().for_each(|topic| self.bus.publish(topic));
        Ok(outcome)
    }
}
