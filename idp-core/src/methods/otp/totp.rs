//! The method `totp`: is this the code of now (RFC 6238)?
//!
//! A code is accepted one step before and after the token's, 90 seconds in all. The token's step is the server's, moved
//! by the drift that was seen at its last code: a clock that runs slowly is followed, two steps at most, and the window
//! moves with it. The server's own step counts always, or a clock that was followed and then put right would never be
//! heard again: for a drift of two steps that is a fourth step, 120 seconds in all. A clock that is further off is never
//! accepted; its owner is told.

use idp_protocol::{Prompt, otp};

use super::{Key, PinUse, Token, Typed, first, prove, tokens, typed::Answer};
use crate::{
    Fault, Id, Refusal,
    device::DeviceRow,
    method::{
        AuthMethod, Ceremony, Cx, Descriptor, Effect, Eligibility, Factor, Guess, Input, InputOf, Never,
        Proven, Turn, Turned, UvSource, View,
    },
    notify::Notice,
};

/// Steps before and after the token's.
const SKEW: i64 = 1;
/// How many steps a token's clock is followed at most, either way.
const MOST_DRIFT: i64 = 2;
/// Within how many steps a code is recognised as one of a wrong clock, to tell the owner. It is wrong all the same.
const RECOGNISED: i64 = 20;

/// The method.
#[derive(Clone, Copy, Debug)]
pub struct Totp;

impl Ceremony for Totp {
    const KIND: &'static str = "totp";
    const TRIES: u8 = 10;
    type State = ();
    type FromInitiator = Typed;
    type FromDevice = Never;
    type Outcome = Proven;

    async fn begin(&self, _: &Cx<'_>) -> Turned<Self> {
        Ok(Turn::ask(()))
    }

    fn view(&self, cx: &Cx<'_>, (): &()) -> View {
        let prompt = Prompt::AskCode { digits: otp::DIGITS, tries_left: cx.tries_left };
        View { initiator: prompt, device: None, refresh_at: None }
    }

    fn guess(&self, (): &(), input: &InputOf<'_, Self>) -> Guess {
        if matches!(input, Input::Initiator(_)) { Guess::OnSubject } else { Guess::No }
    }

    /// Digits of a stranger say nothing about a PIN. Nor does a wrong code where another token may be meant: who mistypes the
    /// code of an app, or of the phone in daily use, must not stop the phone in the drawer with it.
    fn pins(&self, cx: &Cx<'_>, (): &()) -> Vec<Id<DeviceRow>> {
        // What cannot be read is told of where the code is compared.
        match tokens(cx).unwrap_or_default().as_slice() {
            [only] if only.key.pin == PinUse::InKey && cx.context.known_browser => {
                only.key.device.into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    async fn advance(&self, cx: &Cx<'_>, (): (), input: InputOf<'_, Self>) -> Turned<Self> {
        let Input::Initiator(typed) = input else { return Ok(Turn::refuse(Refusal::Malformed)) };
        let answer = typed.answer();
        if !answer.is_plausible() {
            return Ok(Turn::refuse(Refusal::Wrong));
        }
        let tokens = tokens(cx)?;
        let found = first(&tokens, &answer, |token| unused(token, cx, i64::from(token.drift), SKEW))?;
        let Some(found) = prove(cx, &answer, found).await? else {
            let told = wrong_clock(cx, &tokens, &answer)?;
            return Ok(told.into_iter().fold(Turn::refuse(Refusal::Wrong), Turn::effect));
        };
        let seen = found.value - found.token.key.step_at(cx.now).unwrap_or(found.value);
        let advance = Effect::Follow { credential: found.token.id, to: found.value, drift: followed(seen) };
        Ok(Turn::done(found.token.proves()).effect(advance))
    }
}

/// As much of a drift as is followed, in steps. More would move the window to codes that somebody saw long ago, or that a
/// token shows long before they are due: nobody is followed there, whoever says that the clock is so far off.
pub(crate) fn followed(drift: i64) -> i8 {
    i8::try_from(drift.clamp(-MOST_DRIFT, MOST_DRIFT)).unwrap_or_default()
}

/// The steps around the token's, `reach` before and behind it, that were not used yet.
fn unused(token: &Token, cx: &Cx<'_>, drift: i64, reach: i64) -> impl Iterator<Item = i64> + use<> {
    let (now, counter) = (token.key.step_at(cx.now), token.counter);
    let right = now.filter(|_| drift.abs() > reach);
    let steps = now.into_iter().flat_map(move |now| now + drift - reach..=now + drift + reach).chain(right);
    steps.filter(move |step| *step > counter)
}

/// What the owner is told of a code that a token gives at another time. Nobody else learns of it: the answer is that of
/// any wrong code, and so is what it costs.
fn wrong_clock(cx: &Cx<'_>, tokens: &[Token], answer: &Answer) -> Result<Option<Effect>, Fault> {
    let seen = first(tokens, answer, |token| unused(token, cx, 0, RECOGNISED))?;
    Ok(seen.and_then(|seen| {
        let off = seen.value - seen.token.key.step_at(cx.now)?;
        let minutes = seen.token.key.minutes(off);
        // A code of a moment ago, typed late or a second time after a wrong PIN, says nothing about a clock.
        (off.abs() > SKEW + MOST_DRIFT)
            .then(|| Effect::Notify(Notice::ClockOff { token: called(cx, &seen.token.key), minutes }))
    }))
}

/// What its owner calls what gave a code. Whoever has three phones has to learn which clock to set.
fn called(cx: &Cx<'_>, key: &Key) -> String {
    let device = cx.devices.iter().find(|device| key.device == Some(device.id));
    device.map_or_else(|| key.label(), |device| device.name.clone())
}

impl AuthMethod for Totp {
    fn descriptor(&self) -> Descriptor {
        Descriptor::form(Prompt::AskCode { digits: otp::DIGITS, tries_left: Self::TRIES }, &[Factor::Otp])
            .verifies_user(UvSource::Method)
    }

    fn eligibility(&self, cx: &Cx<'_>) -> Eligibility {
        super::eligibility(cx)
    }
}
