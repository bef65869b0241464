//! What does a turn say of the guess before it, and which tries are left?

use crate::{
    Id,
    ceremony::{Reason, Tries},
    credential::CredentialRow,
    erased::State,
    method::{Guess, Outcome, Reply, Step, Turn},
};

/// Whether the guess was right, if there was one. A code that says no is as right as one that says yes: nobody guessed it.
pub(super) fn is_right(turn: &Turn<State, Outcome>) -> bool {
    match turn.step {
        Step::Burn(reason) => matches!(reason, Reason::Denied | Reason::Reported),
        Step::Refuse(_) => false,
        Step::Ask(_) | Step::Done(_) => !matches!(turn.reply, Some(Reply::Refused(_))),
    }
}

/// The credential that the guess proved.
pub(super) fn proved_by(turn: &Turn<State, Outcome>) -> Option<Id<CredentialRow>> {
    match &turn.step {
        Step::Done(Outcome::Proven(proven)) => Some(proven.credential),
        _ => None,
    }
}

/// What becomes of the tries: what the method says, or the one that was no guess is given back.
pub(super) fn left(tries: Option<u8>, guess: Guess, right: bool) -> Tries {
    match tries {
        Some(tries) => Tries::Reset(tries),
        None if right && guess.is_on_ceremony() => Tries::GiveBack,
        None => Tries::Keep,
    }
}
