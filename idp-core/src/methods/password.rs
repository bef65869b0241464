//! The method `password`: Argon2id, with the same work for a user who does not exist.

use idp_protocol::Prompt;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::{
    Refusal,
    method::{
        AuthMethod, Ceremony, Cx, Descriptor, Eligibility, Factor, Guess, Input, InputOf, Never, Proven,
        Turn, Turned, Uv, View,
    },
};

/// What is hashed at most, in bytes; a longer one is wrong without any work.
const MAX_LEN: usize = 1024;

/// The method.
#[derive(Clone, Copy, Debug)]
pub struct Password;

/// What the form sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Typed {
    password: Zeroizing<String>,
}

impl Ceremony for Password {
    const KIND: &'static str = "password";
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
        let Input::Initiator(Typed { password }) = input else { return Ok(Turn::refuse(Refusal::Malformed)) };
        if password.len() > MAX_LEN {
            return Ok(Turn::refuse(Refusal::Wrong));
        }
        let own = cx.own.first();
        let right = cx.tools.verify_password(own.map(|own| own.secret.as_slice()), &password).await?;
        Ok(match own {
            Some(own) if right => Turn::done(Proven {
                user: own.user,
                credential: own.id,
                factor: Factor::Knowledge,
                uv: Uv::None,
                code_typed: false,
            }),
            _ => Turn::refuse(Refusal::Wrong),
        })
    }
}

impl AuthMethod for Password {
    fn descriptor(&self) -> Descriptor {
        Descriptor::form(Prompt::AskSecret, &[Factor::Knowledge])
    }

    fn eligibility(&self, cx: &Cx<'_>) -> Eligibility {
        if cx.own.is_empty() { Eligibility::Enrollable } else { Eligibility::Ready }
    }
}
