//! What does a method from outside look like? One-time passwords from a hash chain.
//!
//! The person has a sheet with words w1, w2, … wn, where SHA-256(w1) is stored at the server, SHA-256(w2) is
//! w1, and so on. Each word is used once and proves itself against the one before, so the server never has
//! anything that signs somebody in (the idea of RFC 2289, with SHA-256).
//!
//! Everything that is easy to get wrong stays with the engine: tries, lock-out, repeats, unknown users,
//! expiry, the binding to the browser. `tests/contract.rs` runs its attacks with one call.

use idp_core::{
    Refusal,
    method::{
        AuthMethod, Ceremony, Cx, Descriptor, Effect, Eligibility, Factor, Guess, Input, InputOf, Never,
        Proven, Turn, Turned, Uv, View,
    },
};
use idp_protocol::{Octets, Prompt};
use serde::Deserialize;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// The method. Its credential stores the 32 bytes that the next word must hash to.
#[derive(Clone, Copy, Debug)]
pub struct HashChain;

/// What the form sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Typed {
    word: String,
}

impl Ceremony for HashChain {
    const KIND: &'static str = "hash_chain";
    const TRIES: u8 = 10;
    type State = ();
    type FromInitiator = Typed;
    type FromDevice = Never;
    type Outcome = Proven;

    async fn begin(&self, _: &Cx<'_>) -> Turned<Self> {
        Ok(Turn::ask(()))
    }

    fn view(&self, _: &Cx<'_>, (): &()) -> View {
        View { initiator: Prompt::AskSecret, device: None, refresh_at: None }
    }

    fn guess(&self, (): &(), input: &InputOf<'_, Self>) -> Guess {
        if matches!(input, Input::Initiator(_)) { Guess::OnSubject } else { Guess::No }
    }

    async fn advance(&self, cx: &Cx<'_>, (): (), input: InputOf<'_, Self>) -> Turned<Self> {
        let Input::Initiator(typed) = input else { return Ok(Turn::refuse(Refusal::Malformed)) };
        let Ok(Octets(word)) = typed.word.trim().parse::<Octets<32>>() else {
            return Ok(Turn::refuse(Refusal::Wrong));
        };
        let hash = cx.tools.crypto().hash.sha256(&word);
        let Some(own) = cx.own.iter().find(|own| own.secret.ct_eq(&hash).into()) else {
            return Ok(Turn::refuse(Refusal::Wrong));
        };
        let proven = Proven {
            user: own.user,
            credential: own.id,
            factor: Factor::Otp,
            uv: Uv::None,
            code_typed: false,
        };
        // The counter is the guard: of two parallel uses of a word, one finds it moved and is refused.
        Ok(Turn::done(proven)
            .effect(Effect::Advance { credential: own.id, to: own.counter.saturating_add(1) })
            .effect(Effect::Replace { credential: own.id, secret: Zeroizing::new(word.to_vec()) }))
    }
}

impl AuthMethod for HashChain {
    fn descriptor(&self) -> Descriptor {
        Descriptor::form(Prompt::AskSecret, &[Factor::Otp])
    }

    fn eligibility(&self, cx: &Cx<'_>) -> Eligibility {
        if cx.own.is_empty() { Eligibility::Enrollable } else { Eligibility::Ready }
    }
}
