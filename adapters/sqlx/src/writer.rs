//! How is something committed on SQLite? By one task, which commits all that waits in one transaction.
//!
//! SQLite has one writer at a time and a commit costs an fsync, so those who wait share one, and all get their answer
//! after the COMMIT. If a guard of one of them does not hold, all begin anew, each with a savepoint of its own.

use std::{io, sync::Arc};

use idp_core::bus::Bus;
use sqlx::{Acquire as _, Connection as _, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use crate::{
    pool::Connections,
    script::Script,
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
    file: File,
}

/// The one connection that writes.
type File = Arc<Connections<SqliteConnection>>;

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
    /// Starts the task. `file` has one connection, and nobody else writes.
    pub(crate) fn start(file: Connections<SqliteConnection>, bus: Bus) -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let file = Arc::new(file);
        tokio::spawn(serve(Arc::clone(&file), bus, jobs));
        Self { queue, file }
    }

    pub(crate) async fn close(&self) {
        self.file.close().await;
    }

    pub(crate) async fn run(&self, work: Work) -> sqlx::Result<Outcome> {
        let (reply, answer) = oneshot::channel();
        self.queue.send(Job { work, reply }).await.map_err(|_| sqlx::Error::WorkerCrashed)?;
        answer.await.map_err(|_| sqlx::Error::WorkerCrashed)?
    }
}

async fn serve(file: File, bus: Bus, mut queue: mpsc::Receiver<Job>) {
    let mut jobs = Vec::new();
    while queue.recv_many(&mut jobs, GROUP).await > 0 {
        // Whoever gave up was told that it failed, and it should have.
        jobs.retain(|job| !job.reply.is_closed());
        for job in commit(&file, &bus, std::mem::take(&mut jobs)).await {
            commit(&file, &bus, vec![job]).await;
        }
    }
}

/// Commits the jobs and answers them. If one of several is broken nothing is committed, and all come back to
/// be tried alone: a broken one must not spoil its neighbours.
async fn commit(file: &File, bus: &Bus, jobs: Vec<Job>) -> Vec<Job> {
    match patiently(file, &jobs).await {
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

async fn patiently(file: &File, jobs: &[Job]) -> Result<Vec<Outcome>, Failed> {
    let mut attempt = 1;
    loop {
        let mut conn = file.lend().await.map_err(Failed::Group)?;
        match group(&mut conn, jobs).await {
            Ok(outcomes) => {
                conn.give_back();
                return Ok(outcomes);
            }
            // The connection is not given back: SQLite ends a transaction by itself after some errors (a full disk), and a
            // new one is certain to be outside of it.
            Err(failed) if !failed.is_transient() || attempt >= ATTEMPTS => return Err(failed),
            Err(_) => {}
        }
        drop(conn);
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
        let outcome = Script::perform(&mut transaction, &job.work).await.map_err(Failed::Job)?;
        outcomes.extend(outcome);
        if outcome.is_none_or(|outcome| outcome.is_err()) {
            transaction.rollback().await.map_err(Failed::Group)?;
            return Ok((outcomes.len() == 1 && jobs.len() == 1).then_some(outcomes));
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
