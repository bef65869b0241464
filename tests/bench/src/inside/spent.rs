//! How long did it take, and how much of the core?

use std::{
    fs,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::clock;

/// How many are under way at once: as many as the server lets share one commit.
const AT_ONCE: usize = 128;

/// What was counted so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    times: u32,
    wall: Duration,
    core: Duration,
}

impl Spent {
    pub fn seconds(&self) -> f64 {
        self.wall.as_secs_f64()
    }

    pub fn rate(&self) -> f64 {
        f64::from(self.times) / self.seconds()
    }

    /// Which share of the core it took.
    pub fn busy(&self) -> f64 {
        self.core.as_secs_f64() / self.seconds()
    }

    /// Counts what is done here and now.
    ///
    /// # Errors
    /// It fails.
    pub fn on(&mut self, times: u32, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
        let (start, core) = (clock::now(), core_time()?);
        work()?;
        self.add(times, start.elapsed(), core_time()?.saturating_sub(core));
        Ok(())
    }

    /// Counts what is done with each, many at once, until the last one is answered. Each of those who do it is a task of its
    /// own, as a connection of the server is.
    ///
    /// # Errors
    /// The first one that fails.
    pub async fn on_each<T, F>(
        &mut self,
        todo: Vec<T>,
        once: impl Fn(T) -> F + Clone + Send + 'static,
    ) -> anyhow::Result<()>
    where
        T: Send + 'static,
        F: Future<Output = anyhow::Result<()>> + Send,
    {
        let times = u32::try_from(todo.len())?;
        let (start, core) = (clock::now(), core_time()?);
        each(todo, once).await?;
        self.add(times, start.elapsed(), core_time()?.saturating_sub(core));
        Ok(())
    }

    fn add(&mut self, times: u32, wall: Duration, core: Duration) {
        self.times += times;
        self.wall += wall;
        self.core += core;
    }
}

/// Does something with each, many at once.
///
/// # Errors
/// The first one that fails.
pub async fn each<T, F>(todo: Vec<T>, once: impl Fn(T) -> F + Clone + Send + 'static) -> anyhow::Result<()>
where
    T: Send + 'static,
    F: Future<Output = anyhow::Result<()>> + Send,
{
    let todo = Arc::new(Mutex::new(todo.into_iter()));
    let next =
        |todo: &Mutex<std::vec::IntoIter<T>>| todo.lock().unwrap_or_else(PoisonError::into_inner).next();
    let tasks: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let (todo, once) = (Arc::clone(&todo), once.clone());
            tokio::spawn(async move {
                while let Some(one) = next(&todo) {
                    once(one).await?;
                }
                anyhow::Ok(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(())
}

/// What the threads of this process have taken of the core so far: the kernel counts it in nanoseconds.
fn core_time() -> anyhow::Result<Duration> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir("/proc/self/task")? {
        // One that has just ended took nothing worth counting.
        let stat = fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
        nanoseconds += stat.split_whitespace().next().map_or(Ok(0), str::parse::<u64>)?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}
