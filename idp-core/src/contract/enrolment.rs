//! What must every enrolment withstand? The generic attacks, run against any enrolment with one call.
//!
//! ```text
//! contract::enrolment::all(&Case::new(YourEnrolment, crypto, || Box::new(YourPlayer::default()))).await;
//! ```
//!
//! The player is the honest person with her devices. What only one kind of enrolment can suffer, such as a second
//! device in the registration of one, is that enrolment's own test.

#![expect(clippy::expect_used, clippy::panic, reason = "a suite tells what does not hold by panicking")]

use std::sync::Arc;

use idp_protocol::{Crypto, Prompt};
use serde_json::Value;

use crate::{
    Engine, ManualClock, contract::spoiled, erased::ErasedEnrolment, method::Enrolment, store::BoxFuture,
};

mod bench;
mod guesses;
mod strangers;
mod time;

/// An enrolment, and somebody who plays the right answers.
#[derive(Clone)]
pub struct Case {
    enrolment: Arc<dyn ErasedEnrolment>,
    crypto: Crypto,
    player: Arc<dyn Fn() -> Box<dyn Player> + Send + Sync>,
}

/// Somebody who plays the right answers, with devices of her own.
pub trait Player: Send {
    /// Does with the devices what the prompt asks for, and returns what is to be typed into the browser. `None` if
    /// nothing is: the devices have moved it on.
    fn answer<'a>(&'a mut self, round: Round<'a>) -> BoxFuture<'a, Option<Value>>;

    /// A wrong answer of the right form, another one for each number: the last characters of all texts are others. For
    /// answers that would be malformed then, play your own.
    fn wrong(&self, right: &Value, number: u8) -> Value {
        (0..number).fold(spoiled::spoiled(right), |wrong, _| spoiled::longer(&wrong))
    }
}

/// When an answer is wanted, and to what.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Round<'a> {
    /// What devices talk to.
    pub engine: &'a Arc<Engine>,
    /// Its clock.
    pub clock: &'a Arc<ManualClock>,
    /// What the initiator is asked.
    pub prompt: &'a Prompt,
}

impl Case {
    /// A case. Each run gets a player of its own.
    #[must_use]
    pub fn new(
        enrolment: impl Enrolment,
        crypto: Crypto,
        player: impl Fn() -> Box<dyn Player> + Send + Sync + 'static,
    ) -> Self {
        Self { enrolment: Arc::new(enrolment), crypto, player: Arc::new(player) }
    }
}

/// Runs every attack. Panics with the name of the guarantee that does not hold.
///
/// # Panics
/// If the enrolment fails one.
pub async fn all(case: &Case) {
    strangers::honest_answers_bind_one_credential_to_their_owner(case).await;
    strangers::nobody_else_goes_on_with_an_enrolment(case).await;
    strangers::the_answers_of_one_enrolment_serve_no_other(case).await;
    strangers::an_enrolment_that_was_cancelled_binds_nothing(case).await;
    guesses::a_repeat_changes_nothing(case).await;
    guesses::parallel_answers_count_once(case).await;
    guesses::malformed_answers_are_refused_and_cost_nothing(case).await;
    guesses::wrong_answers_use_up_the_tries(case).await;
    time::nothing_comes_of_an_expired_enrolment(case).await;
    time::state_of_a_newer_version_is_left_alone(case).await;
    time::state_of_an_older_version_goes_on_or_begins_anew(case).await;
}
