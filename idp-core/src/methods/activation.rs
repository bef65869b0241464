//! The method `activation`: eight digits of an invitation, for an enrolment and for nothing else.
//!
//! An administrator invites; the link goes by mail, the digits by another way. They count only where a sign-in names this
//! method ([`crate::policy::Requirement::allows`]), once, for a day, and five wrong ones end them
//! ([`Descriptor::tries`]).

use idp_protocol::{Prompt, typed::digits};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, Zeroizing};

use crate::{
    Refusal, Time,
    method::{
        AuthMethod, Ceremony, Credential, Cx, Descriptor, Effect, Eligibility, Factor, Guess, Input, InputOf,
        Never, Proven, Turn, Turned, Uv, View,
    },
};

/// The method's kind.
pub const KIND: &str = "activation";

/// How many digits an activation password has.
pub const DIGITS: u8 = 8;

/// The method.
#[derive(Clone, Copy, Debug)]
pub struct Activation;

/// What is stored of an invitation.
#[derive(Serialize, Deserialize)]
pub struct Invitation {
    /// The digits. Sealed like every secret; a digest of 10^8 values would protect nothing.
    pub digits: String,
    /// From when on it is worth nothing.
    pub until: Time,
    /// What becomes of the authenticators that the account has.
    pub old: Old,
}

impl Drop for Invitation {
    fn drop(&mut self) {
        self.digits.zeroize();
    }
}

/// What becomes of the authenticators that an account has, when an invited person brings a new one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Old {
    /// They stay, and one of them has to approve.
    #[default]
    Stay,
    /// They are lost: nobody is asked, and they are taken off when the new one becomes active, not before.
    Replaced,
}

/// What the form sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Typed {
    code: Zeroizing<String>,
}

impl Ceremony for Activation {
    const KIND: &'static str = KIND;
    const TRIES: u8 = 5;
    type State = ();
    type FromInitiator = Typed;
    type FromDevice = Never;
    type Outcome = Proven;

    async fn begin(&self, _: &Cx<'_>) -> Turned<Self> {
        Ok(Turn::ask(()))
    }

    fn view(&self, cx: &Cx<'_>, (): &()) -> View {
        let initiator = Prompt::AskCode { digits: DIGITS, tries_left: cx.tries_left };
        View { initiator, device: None, refresh_at: None }
    }

    fn guess(&self, (): &(), input: &InputOf<'_, Self>) -> Guess {
        if matches!(input, Input::Initiator(_)) { Guess::OnSubject } else { Guess::No }
    }

    async fn advance(&self, cx: &Cx<'_>, (): (), input: InputOf<'_, Self>) -> Turned<Self> {
        let Input::Initiator(Typed { code }) = input else { return Ok(Turn::refuse(Refusal::Malformed)) };
        let typed = Zeroizing::new(digits(&code));
        let Some(own) = cx.own.iter().find(|own| fits(own, &typed, cx.now)) else {
            return Ok(Turn::refuse(Refusal::Wrong));
        };
        let proven = Proven {
            user: own.user,
            credential: own.id,
            factor: Factor::Invitation,
            uv: Uv::None,
            code_typed: false,
        };
        Ok(Turn::done(proven).effect(Effect::Consume(own.id)))
    }
}

fn fits(own: &Credential, typed: &str, now: Time) -> bool {
    let Ok(invitation) = serde_json::from_slice::<Invitation>(&own.secret) else { return false };
    let right = bool::from(invitation.digits.as_bytes().ct_eq(typed.as_bytes()));
    right && !own.consumed && now < invitation.until
}

impl AuthMethod for Activation {
    fn descriptor(&self) -> Descriptor {
        let prompt = Prompt::AskCode { digits: DIGITS, tries_left: Self::TRIES };
        Descriptor::form(prompt, &[Factor::Invitation]).at_most(Self::TRIES)
    }

    fn eligibility(&self, cx: &Cx<'_>) -> Eligibility {
        if cx.own.iter().any(|own| !own.consumed) { Eligibility::Ready } else { Eligibility::Enrollable }
    }
}
