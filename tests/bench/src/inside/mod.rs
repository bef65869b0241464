//! How fast is the engine by itself, on one core and without HTTP?
//!
//! A process on the server's core has an engine on a store, people with one-time codes and people with phones, and a clock
//! that it moves: nobody may use two codes in half a minute, nor be asked four times in five. What leads to what is measured
//! (opening sign-ins, signing messages) happens while no time is counted. Everything that is measured is answered by then,
//! and its answer looked at.

mod counters;
mod otp;
mod phone;
mod plan;
mod push;
mod spent;
mod town;

use std::io::{BufRead as _, Write as _};

use anyhow::Context as _;
pub use plan::figures;

use self::{counters::Counters, otp::Tokens, push::Phones, spent::Spent, town::Town};

/// Something that is done as often as it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// A person types his name and a one-time code.
    Otp,
    /// A phone approves.
    Push,
    /// A counter is moved durably, and nothing else is done.
    Counter,
    /// A message with ES256 is verified, and its answer signed.
    Message,
}

impl Act {
    const ALL: [Self; 4] = [Self::Otp, Self::Push, Self::Counter, Self::Message];

    fn name(self) -> &'static str {
        match self {
            Self::Otp => "otp",
            Self::Push => "push",
            Self::Counter => "counter moved durably",
            Self::Message => "ES256 in and out",
        }
    }
}

/// The process: how many seconds and what comes in, what was counted goes out.
///
/// # Errors
/// The store does not open, or something is not answered as it should be.
pub async fn serve(store: &str) -> anyhow::Result<()> {
    let town = Town::open(store).await?;
    let mut counters = Counters::new(&town).await?;
    let mut tokens = None;
    let mut phones = None;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (seconds, name) = line.split_once(' ').context("seconds, and what is to be done")?;
        let act = Act::ALL.into_iter().find(|act| act.name() == name).context("nobody knows this")?;
        let mut spent = Spent::default();
        while spent.seconds() < seconds.parse()? {
            match act {
                Act::Counter => counters.round(&town, &mut spent).await?,
                Act::Message => push::messages(&town, &mut spent)?,
                Act::Otp => made(&mut tokens, Tokens::new(&town)).await?.round(&town, &mut spent).await?,
                Act::Push => made(&mut phones, Phones::new(&town)).await?.round(&town, &mut spent).await?,
            }
        }
        writeln!(std::io::stdout(), "{} {}", spent.rate(), spent.busy())?;
    }
    Ok(())
}

/// What there is, or what is made now because nobody asked for it before.
async fn made<T>(
    kept: &mut Option<T>,
    make: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<&mut T> {
    if kept.is_none() {
        *kept = Some(make.await?);
    }
    kept.as_mut().context("it was just made")
}
