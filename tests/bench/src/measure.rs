//! How often is something done in a second?

use std::{future::Future, time::Duration};

use futures::future::try_join_all;

use crate::{clock, server::Running};

/// Something that is done again and again, by one who waits for each answer.
pub trait Flow {
    /// Does it once, and looks at every answer.
    fn once(&mut self) -> impl Future<Output = anyhow::Result<()>>;
}

/// What was counted in one window.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// How often in a second.
    pub rate: f64,
    /// Which share of its core the server took.
    pub busy: f64,
}

/// Lets all go on until the time is over. What is not finished by then does not count.
///
/// # Errors
/// That of the first one that fails.
pub async fn window<F: Flow>(
    flows: &mut [F],
    length: Duration,
    server: Option<&Running>,
) -> anyhow::Result<Window> {
    let spent = |server: Option<&Running>| server.map_or(Ok(0.0), Running::cpu_seconds);
    let before = spent(server)?;
    let start = clock::now();
    let until_over = flows.iter_mut().map(|flow| async move {
        let mut times = 0_u32;
        loop {
            flow.once().await?;
            if start.elapsed() >= length {
                return anyhow::Ok(times);
            }
            times += 1;
        }
    });
    let times: u32 = try_join_all(until_over).await?.into_iter().sum();
    let busy = (spent(server)? - before) / start.elapsed().as_secs_f64();
    Ok(Window { rate: f64::from(times) / length.as_secs_f64(), busy })
}

/// The middle one, and how far the others lie from it.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    pub least: f64,
    pub median: f64,
    pub most: f64,
}

impl Spread {
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        Self { least: at(0), median: at(values.len() / 2), most: at(values.len().saturating_sub(1)) }
    }
}
