//! How is something committed on SQLite? By one task, which commits all that waits in one transaction.
//!
//! SQLite has one writer at a time and a commit costs an fsync, so those who wait share one, and all get their answer
//! after the COMMIT. If a guard of one of them does not hold, all begin anew, each with a savepoint of its own.

use std::{io, sync::Arc};

use idp_core::bus::Bus;
use sqlx::{Acquire as _, Connection as _, SqliteConnection, SqlitePool};
use tokio::sync::{mpsc, oneshot};

use crate::{
    sql::Conn,
    work::{ATTEMPTS, Outcome, Work, is_transient, pause},
};

/// How many may wait before the next one has to wait for a place in the queue.
const QUEUE: usize = 1_024;
/// How many share a transaction at most.
const GROUP: usize = 128;

/// The way to the writer task; the task ends with the last of them.
pub(crate) struct Writer {
    queue: mpsc::Sender<Job>,
    pub(crate) pool: SqlitePool,
}

struct Job {
    work: Work,
    reply: oneshot::Sender<sqlx::Result<Outcome>>,
}

impl Job {
    fn finish(self, outcome: sqlx::Result<Outcome>, bus: &Bus) {
        if let Ok(Ok(_)) = outcome {
            self.work.topics().iter().for_each(|topic| bus.publish(topic));
        }
        // Nobody may be waiting any more; what is committed stays committed.
        drop(self.reply.send(outcome));
    }
}

impl Writer {
    /// Starts the task. `pool` has one connection, and nobody else writes.
    pub(crate) fn start(pool: SqlitePool, bus: Bus) -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE);
        tokio::spawn(serve(pool.clone(), bus, jobs));
        Self { queue, pool }
    }

    pub(crate) async fn run(&self, work: Work) -> sqlx::Result<Outcome> {
        let (reply, answer) = oneshot::channel();
        self.queue.send(Job { work, reply }).await.map_err(|_| sqlx::Error::WorkerCrashed)?;
        answer.await.map_err(|_| sqlx::Error::WorkerCrashed)?
    }
}

async fn serve(pool: SqlitePool, bus: Bus, mut queue: mpsc::Receiver<Job>) {
    let mut jobs = Vec::new();
    while queue.recv_many(&mut jobs, GROUP).await > 0 {
        // Whoever gave up was told that it failed, and it should have.
        jobs.retain(|job| !job.reply.is_closed());
        for job in commit(&pool, &bus, std::mem::take(&mut jobs)).await {
            commit(&pool, &bus, vec![job]).await;
        }
    }
}

/// Commits the jobs and answers them. If one of several is broken nothing is committed, and all come back to
/// be tried alone: a broken one must not spoil its neighbours.
async fn commit(pool: &SqlitePool, bus: &Bus, jobs: Vec<Job>) -> Vec<Job> {
    match patiently(pool, &jobs).await {
        Ok(outcomes) => {
            jobs.into_iter().zip(outcomes).for_each(|(job, outcome)| job.finish(Ok(outcome), bus))
        }
        Err(Failed::Job(_)) if jobs.len() > 1 => return jobs,
        Err(Failed::Job(error) | Failed::Group(error)) => {
            let error = Arc::new(error);
            for job in jobs {
                job.finish(Err(sqlx::Error::Io(io::Error::other(Arc::clone(&error)))), bus);
            }
        }
    }
    Vec::new()
}

/// What went wrong with a group: the work of one job, or the transaction around all.
enum Failed {
    Job(sqlx::Error),
    Group(sqlx::Error),
}

impl Failed {
    fn is_transient(&self) -> bool {
        let (Self::Job(error) | Self::Group(error)) = self;
        is_transient(error)
    }
}

async fn patiently(pool: &SqlitePool, jobs: &[Job]) -> Result<Vec<Outcome>, Failed> {
    let mut attempt = 1;
    loop {
        let mut conn = pool.acquire().await.map_err(Failed::Group)?;
        match group(&mut conn, jobs).await {
            Ok(outcomes) => return Ok(outcomes),
            Err(failed) => {
                // SQLite ends a transaction by itself after some errors (a full disk); a new connection is
                // certain to be outside of one.
                conn.close_on_drop();
                if !failed.is_transient() || attempt >= ATTEMPTS {
                    return Err(failed);
                }
            }
        }
        pause(attempt).await;
        attempt = attempt.saturating_add(1);
    }
}

async fn group(conn: &mut SqliteConnection, jobs: &[Job]) -> Result<Vec<Outcome>, Failed> {
    match together(conn, jobs).await? {
        Some(outcomes) => Ok(outcomes),
        None => apart(conn, jobs).await,
    }
}

/// All in one transaction, which goes well as long as every guard holds. `None` if one of several does not: nothing is
/// committed then. A savepoint for each would be two of the five or six statements that a job is.
async fn together(conn: &mut SqliteConnection, jobs: &[Job]) -> Result<Option<Vec<Outcome>>, Failed> {
    let mut transaction = conn.begin_with("BEGIN IMMEDIATE").await.map_err(Failed::Group)?;
    let mut outcomes = Vec::with_capacity(jobs.len());
    for job in jobs {
        let outcome = job.work.apply(&mut Conn::Lite(&mut transaction)).await.map_err(Failed::Job)?;
        outcomes.push(outcome);
        if outcome.is_err() {
            transaction.rollback().await.map_err(Failed::Group)?;
            return Ok((jobs.len() == 1).then_some(outcomes));
        }
    }
    transaction.commit().await.map_err(Failed::Group)?;
    Ok(Some(outcomes))
}

/// The same with a savepoint for each: what one did whose guard does not hold is taken back alone.
async fn apart(conn: &mut SqliteConnection, jobs: &[Job]) -> Result<Vec<Outcome>, Failed> {
    let mut transaction = conn.begin_with("BEGIN IMMEDIATE").await.map_err(Failed::Group)?;
    let mut outcomes = Vec::with_capacity(jobs.len());
    for job in jobs {
        let mut savepoint = transaction.begin().await.map_err(Failed::Group)?;
        let outcome = job.work.apply(&mut Conn::Lite(&mut savepoint)).await.map_err(Failed::Job)?;
        let ended = match outcome {
            Ok(_) => savepoint.commit().await,
            Err(_) => savepoint.rollback().await,
        };
        ended.map_err(Failed::Group)?;
        outcomes.push(outcome);
    }
    transaction.commit().await.map_err(Failed::Group)?;
    Ok(outcomes)
}
