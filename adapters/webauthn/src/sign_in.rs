//! The method `passkey`: an assertion tells who it is.
//!
//! One question for everybody, known or not: "any passkey for this host, with its user verified". A list of the keys of a
//! person would tell whoever types a name who has passkeys. The answer is refused alike if nobody has the key, if it is
//! somebody else's than the sign-in is about, and if it does not fit.
//!
//! Before the account gets another authenticator the method is asked again, for another purpose: `approval.rs` says what is
//! different then. How an answer is verified is the same.

use idp_core::{
    Fault, Refusal,
    method::{
        AuthMethod, Ceremony, Credential, Cx, Descriptor, Effect, Eligibility, Factor, Guess, Input, InputOf,
        Never, Protection, Proven, Reason, Subject, Turn, Turned, Uv, UvSource, View,
    },
};
use idp_protocol::Prompt;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use webauthn_rs::prelude::{AuthenticationResult, DiscoverableAuthentication, WebauthnError};

use crate::{KIND, answers::Asserted, approval, relying_party::RelyingParty, stored::Stored};

/// How long an id may be (WebAuthn, 4).
const LONGEST_ID: usize = 1_023;

/// The method.
#[derive(Clone, Debug)]
pub struct PasskeySignIn(pub RelyingParty);

/// The question.
#[derive(Serialize, Deserialize)]
pub struct State {
    /// As the browser gets it.
    options: Value,
    /// What the answer is held against: the challenge, which is this ceremony's alone.
    asked: DiscoverableAuthentication,
}

impl Ceremony for PasskeySignIn {
    const KIND: &'static str = KIND;
    const TRIES: u8 = 1;
    type State = State;
    type FromInitiator = Asserted;
    type FromDevice = Never;
    type Outcome = Proven;

    async fn begin(&self, cx: &Cx<'_>) -> Turned<Self> {
        let begun = self.0.webauthn().start_discoverable_authentication();
        let (mut question, asked) = begun.map_err(|_| Fault::Setup("a passkey cannot be asked for"))?;
        // Whether the browser offers it in the field for the name or in a dialog is the page's business.
        question.mediation = None;
        let mut options = serde_json::to_value(question)?;
        if let Some(addition) = &cx.context.adds {
            approval::ask(cx, addition, &asked, &mut options)?;
        }
        Ok(Turn::ask(State { options, asked }))
    }

    fn view(&self, _: &Cx<'_>, state: &State) -> View {
        View {
            initiator: Prompt::WebAuthn { options: state.options.clone() },
            device: None,
            refresh_at: None,
        }
    }

    /// A signature is not guessed.
    fn guess(&self, _: &State, _: &InputOf<'_, Self>) -> Guess {
        Guess::No
    }

    async fn advance(&self, cx: &Cx<'_>, state: State, input: InputOf<'_, Self>) -> Turned<Self> {
        let Input::Initiator(asserted) = input else { return Ok(Turn::refuse(Refusal::OutOfStep)) };
        if asserted.id.len() > LONGEST_ID {
            return Ok(Turn::refuse(Refusal::Malformed));
        }
        let Some(found) = cx.find(&asserted.id).await?.filter(|found| fits(cx, found, &asserted)) else {
            return Ok(Turn::refuse(Refusal::Wrong));
        };
        let stored = Stored::read(&found.secret)?;
        let key = stored.last_seen(&found);
        let asked = match &cx.context.adds {
            Some(addition) => approval::bound(cx, addition, &state.asked)?.1,
            None => state.asked,
        };
        let answer = asserted.into();
        match self.0.webauthn().finish_discoverable_authentication_v2(&answer, asked, &key) {
            Ok(result) if result.user_verified() => Ok(proven(&stored, &found, &result)),
            // The signature is right and its number is not: two have the key, and either may be the thief.
            Err(WebauthnError::CredentialPossibleCompromise) => {
                Ok(Turn::burn(Reason::CounterWentBack).effect(Effect::Suspect(found)))
            }
            Ok(_) | Err(_) => Ok(Turn::refuse(Refusal::Wrong)),
        }
    }
}

/// Whether a key may answer this sign-in at all: it says itself whose it is, and that is whom the sign-in is about.
fn fits(cx: &Cx<'_>, found: &Credential, asserted: &Asserted) -> bool {
    let about = match cx.subject {
        Subject::Unknown => true,
        Subject::User(user) => user.id == found.user,
        Subject::Decoy(_) => false,
    };
    // An authenticator that was told which keys are meant need not say whose they are (WebAuthn, 7.2, step 6).
    let said = match &cx.context.adds {
        Some(_) if asserted.user_handle.is_empty() => true,
        _ => asserted.user_handle == found.user.bytes(),
    };
    about && !found.consumed && said
}

fn proven(stored: &Stored, found: &Credential, result: &AuthenticationResult) -> Turn<State, Proven> {
    let stays = stored.attested && !result.backup_eligible() && !result.backup_state();
    let protection = if stays { Protection::AttestedPasskey } else { Protection::Passkey };
    let turn = Turn::done(Proven {
        user: found.user,
        credential: found.id,
        factor: Factor::Key(protection),
        uv: Uv::Platform,
        code_typed: false,
    });
    match result.counter() {
        // An authenticator without a counter: copies of its key are not noticed by one.
        0 => turn,
        counter => turn.effect(Effect::Advance { credential: found.id, to: i64::from(counter) }),
    }
}

impl AuthMethod for PasskeySignIn {
    fn descriptor(&self) -> Descriptor {
        Descriptor::begins(&[Factor::Key(Protection::Passkey), Factor::Key(Protection::AttestedPasskey)])
            .usernameless()
            .verifies_user(UvSource::Method)
            .guards_additions()
    }

    fn eligibility(&self, cx: &Cx<'_>) -> Eligibility {
        if cx.own.is_empty() { Eligibility::Enrollable } else { Eligibility::Ready }
    }
}
