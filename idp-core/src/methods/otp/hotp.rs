//! The method `hotp`: is this one of the next codes of a token that counts (RFC 4226)?
//!
//! Who presses the button without signing in moves the token on, so the next eleven codes are looked at. A token that
//! is further ahead is set right with two codes in a row, by its owner in the portal or by an administrator; a single
//! code of that range is wrong, and its owner is told.

use idp_protocol::{Prompt, typed::digits};
use subtle::ConstantTimeEq as _;

use super::{Key, MovingFactor, Token, Typed, first, prove, tokens, typed::Answer};
use crate::{
    Fault, Refusal,
    method::{
        AuthMethod, Ceremony, Cx, Descriptor, Effect, Eligibility, Factor, Guess, Input, InputOf, Never,
        Proven, Turn, Turned, UvSource, View,
    },
    notify::Notice,
};

/// How many codes behind the next one are looked at (RFC 4226, 7.4).
pub const LOOK_AHEAD: i64 = 10;
/// Within how many codes two in a row set a token right.
pub const RESYNC: i64 = 100;

/// The method.
#[derive(Clone, Copy, Debug)]
pub struct Hotp;

impl Ceremony for Hotp {
    const KIND: &'static str = "hotp";
    const TRIES: u8 = 10;
    type State = ();
    type FromInitiator = Typed;
    type FromDevice = Never;
    type Outcome = Proven;

    async fn begin(&self, _: &Cx<'_>) -> Turned<Self> {
        Ok(Turn::ask(()))
    }

    fn view(&self, cx: &Cx<'_>, (): &()) -> View {
        let prompt = Prompt::AskCode { digits: 8, tries_left: cx.tries_left };
        View { initiator: prompt, device: None, refresh_at: None }
    }

    fn guess(&self, (): &(), input: &InputOf<'_, Self>) -> Guess {
        if matches!(input, Input::Initiator(_)) { Guess::OnSubject } else { Guess::No }
    }

    async fn advance(&self, cx: &Cx<'_>, (): (), input: InputOf<'_, Self>) -> Turned<Self> {
        let Input::Initiator(typed) = input else { return Ok(Turn::refuse(Refusal::Malformed)) };
        let answer = typed.answer();
        if !answer.is_plausible() {
            return Ok(Turn::refuse(Refusal::Wrong));
        }
        let tokens = tokens(cx)?;
        let found = first(&tokens, &answer, |token| ahead(token, LOOK_AHEAD + 1))?;
        let Some(found) = prove(cx, &answer, found).await? else {
            let told = far_ahead(&tokens, &answer)?;
            return Ok(told.into_iter().fold(Turn::refuse(Refusal::Wrong), Turn::effect));
        };
        // The counter is that of the next code.
        let to = found.value.saturating_add(1);
        Ok(Turn::done(found.token.proves()).effect(Effect::Advance { credential: found.token.id, to }))
    }
}

/// The next codes of a token, so many.
fn ahead(token: &Token, many: i64) -> impl Iterator<Item = i64> + use<> {
    let next = next(&token.key, token.counter);
    next..next.saturating_add(many)
}

/// The value that the next code of a token belongs to: what it began with, until its first code was used.
fn next(key: &Key, counter: i64) -> i64 {
    match key.factor {
        MovingFactor::Counter(first) => counter.max(first),
        MovingFactor::Time(_) => counter,
    }
}

/// What the owner is told of a code that the token gives later. The answer is that of any wrong code.
fn far_ahead(tokens: &[Token], answer: &Answer) -> Result<Option<Effect>, Fault> {
    let beyond = |token: &Token| {
        ahead(token, RESYNC).filter({
            let near = next(&token.key, token.counter).saturating_add(LOOK_AHEAD);
            move |value| *value > near
        })
    };
    let seen = first(tokens, answer, beyond)?;
    Ok(seen.map(|seen| Effect::Notify(Notice::OutOfStep { token: seen.token.key.label() })))
}

/// The counter behind two codes in a row, if a token whose counter this is gives them among its next
/// [`RESYNC`] ones (RFC 4226, 7.4).
pub(crate) fn resynced(key: &Key, counter: i64, codes: [&str; 2]) -> Result<Option<i64>, Fault> {
    let next = next(key, counter);
    let typed = codes.map(digits).concat();
    let mut first = key.code(next)?;
    for value in next.saturating_add(1)..next.saturating_add(RESYNC) {
        let second = key.code(value)?;
        let right = first + &second;
        if right.as_bytes().ct_eq(typed.as_bytes()).into() {
            return Ok(Some(value.saturating_add(1)));
        }
        first = second;
    }
    Ok(None)
}

impl AuthMethod for Hotp {
    fn descriptor(&self) -> Descriptor {
        Descriptor::form(Prompt::AskCode { digits: 8, tries_left: Self::TRIES }, &[Factor::Otp])
            .verifies_user(UvSource::Method)
    }

    fn eligibility(&self, cx: &Cx<'_>) -> Eligibility {
        super::eligibility(cx)
    }
}
