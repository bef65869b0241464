//! Which figures of the engine are measured, and against what?

use std::time::Duration;

use anyhow::Context as _;

use super::Act;
use crate::{
    arguments::Setup,
    helper::Helper,
    measure::{Spread, Window},
    table::Line,
};

/// How long a raw limit is measured.
const LIMIT: Duration = Duration::from_millis(300);

/// What one of something needs at least.
type Needs = &'static [Act];

/// A figure: what is done, how its line begins, and what it needs.
const FIGURES: [(Act, &str, Needs); 2] = [
    (Act::Otp, "otp verification", &[Act::Counter]),
    (Act::Push, "push approval", &[Act::Counter, Act::Message]),
];

/// Measures those that are wanted.
///
/// # Errors
/// The first answer that is wrong.
pub async fn figures(setup: &Setup) -> anyhow::Result<()> {
    let wanted: Vec<_> = FIGURES.into_iter().filter(|(_, name, _)| setup.wants(name)).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    std::fs::create_dir_all(&setup.folder)?;
    let file = || format!("sqlite:{}", setup.folder.join("inside.db").display());
    let store = setup.postgres.clone().unwrap_or_else(file);
    let mut inside = Inside(Helper::start(&setup.core, &["inside", &store])?);
    for raw in [Act::Counter, Act::Message] {
        let mut rates = Vec::new();
        for _ in 0..5 {
            rates.push(inside.window(raw, LIMIT).await?.rate);
        }
        let name = format!("raw limit: {}", raw.name());
        Line { name, value: Spread::of(rates), unit: "/s", share: None, busy: None }.say();
    }
    for (act, name, needs) in wanted {
        let measured = inside.figure(setup, (act, name), needs).await;
        measured.with_context(|| format!("the figure \"{name}\""))?;
    }
    Ok(())
}

/// The process that has the engine.
struct Inside(Helper);

impl Inside {
    async fn window(&mut self, act: Act, length: Duration) -> anyhow::Result<Window> {
        let answer = self.0.ask(&format!("{} {}", length.as_secs_f64(), act.name())).await?;
        let (rate, busy) = answer.split_once(' ').context("an odd answer")?;
        Ok(Window { rate: rate.parse()?, busy: busy.parse()? })
    }

    async fn figure(&mut self, setup: &Setup, (act, name): (Act, &str), needs: Needs) -> anyhow::Result<()> {
        let (mut rates, mut shares, mut busy) = (Vec::new(), Vec::new(), Vec::new());
        // The first window warms up, and is not counted.
        for counted in std::iter::once(false).chain(std::iter::repeat_n(true, setup.windows)) {
            let mut seconds = 0.0;
            for need in needs {
                seconds += 1.0 / self.window(*need, LIMIT).await?.rate;
            }
            let seen = self.window(act, setup.window).await?;
            if counted {
                rates.push(seen.rate);
                shares.push(seen.rate * seconds);
                busy.push(seen.busy);
            }
        }
        let of: Vec<String> = needs.iter().map(|need| format!("1 {}", need.name())).collect();
        let share = Some((Spread::of(shares), of.join(" + ")));
        let busy = Some(Spread::of(busy).median);
        Line { name: name.to_owned(), value: Spread::of(rates), unit: "/s", share, busy }.say();
        Ok(())
    }
}
