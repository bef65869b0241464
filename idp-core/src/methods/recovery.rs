//! The method `recovery`: codes on paper, each used once, that also lift a lock-out.
//!
//! A code has 80 bits, so its digest may be stored and no try needs to be counted: an attacker who types
//! guesses must not be able to lock the owner out of the last way in.

use data_encoding::BASE32_NOPAD;
use idp_protocol::{Crypto, Prompt};
use serde::Deserialize;
use subtle::ConstantTimeEq as _;

use crate::{
    Refusal,
    method::{
        AuthMethod, Ceremony, Cx, Descriptor, Effect, Eligibility, Factor, Guess, Input, InputOf, Never,
        Proven, Turn, Turned, Uv, View,
    },
};

/// How many codes a person gets.
pub const CODES: usize = 10;

/// The method.
#[derive(Clone, Copy, Debug)]
pub struct Recovery;

/// What the form sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Typed {
    code: String,
}

/// A fresh code: 80 bits as 16 letters of base32 in four groups.
#[must_use]
pub fn draw(crypto: &Crypto) -> String {
    let letters = BASE32_NOPAD.encode(&crypto.random::<10>());
    let groups: Vec<String> =
        letters.as_bytes().chunks(4).map(|group| String::from_utf8_lossy(group).into_owned()).collect();
    groups.join("-")
}

/// What is stored of a code.
#[must_use]
pub fn digest(crypto: &Crypto, typed: &str) -> [u8; 32] {
    let code: String =
        typed.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    crypto.hash.sha256(code.as_bytes())
}

impl Ceremony for Recovery {
    const KIND: &'static str = "recovery";
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

    fn guess(&self, (): &(), _: &InputOf<'_, Self>) -> Guess {
        Guess::No
    }

    async fn advance(&self, cx: &Cx<'_>, (): (), input: InputOf<'_, Self>) -> Turned<Self> {
        let Input::Initiator(Typed { code }) = input else { return Ok(Turn::refuse(Refusal::Malformed)) };
        let typed = digest(cx.tools.crypto(), &code);
        let fits = |stored: &[u8]| bool::from(stored.ct_eq(&typed));
        let Some(own) = cx.own.iter().find(|own| !own.consumed && fits(&own.secret)) else {
            return Ok(Turn::refuse(Refusal::Wrong));
        };
        let proven = Proven {
            user: own.user,
            credential: own.id,
            factor: Factor::Recovery,
            uv: Uv::None,
            code_typed: false,
        };
        Ok(Turn::done(proven).effect(Effect::Consume(own.id)).effect(Effect::Unlock))
    }
}

impl AuthMethod for Recovery {
    fn descriptor(&self) -> Descriptor {
        Descriptor::form(Prompt::AskSecret, &[Factor::Recovery])
    }

    fn eligibility(&self, cx: &Cx<'_>) -> Eligibility {
        if cx.own.iter().any(|own| !own.consumed) { Eligibility::Ready } else { Eligibility::Enrollable }
    }
}
