//! What does a method look like whose state has another form than it had?

use std::sync::atomic::{AtomicBool, Ordering};

use idp_core::{
    Refusal,
    method::{
        AuthMethod, Ceremony, Cx, Descriptor, Eligibility, Factor, Guess, Input, InputOf, Never, Proven,
        Turn, Turned, Uv, View,
    },
};
use idp_protocol::Prompt;
use serde::{Deserialize, Serialize};

static ASKED: AtomicBool = AtomicBool::new(false);

/// Whether state of the first version was carried on.
pub fn was_asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}

/// A word that is compared with the stored one.
pub struct Upgraded;

/// State of the second version. The first one had no fields that matter.
#[derive(Serialize, Deserialize)]
pub struct State {
    second: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Typed {
    word: String,
}

impl Ceremony for Upgraded {
    const KIND: &'static str = "upgraded";
    const STATE_VERSION: u16 = 2;
    const TRIES: u8 = 10;
    type State = State;
    type FromInitiator = Typed;
    type FromDevice = Never;
    type Outcome = Proven;

    async fn begin(&self, _: &Cx<'_>) -> Turned<Self> {
        Ok(Turn::ask(State { second: true }))
    }

    fn view(&self, _: &Cx<'_>, _: &State) -> View {
        View { initiator: Prompt::AskSecret, device: None, refresh_at: None }
    }

    fn guess(&self, _: &State, _: &InputOf<'_, Self>) -> Guess {
        Guess::OnSubject
    }

    async fn advance(&self, cx: &Cx<'_>, state: State, input: InputOf<'_, Self>) -> Turned<Self> {
        let Input::Initiator(Typed { word }) = input else { return Ok(Turn::refuse(Refusal::Malformed)) };
        let own = cx.own.iter().find(|own| state.second && *own.secret == word.as_bytes());
        let Some(own) = own else { return Ok(Turn::refuse(Refusal::Wrong)) };
        let (factor, uv) = (Factor::Knowledge, Uv::None);
        Ok(Turn::done(Proven { user: own.user, credential: own.id, factor, uv, code_typed: false }))
    }

    fn upgrade(from: u16, state: serde_json::Value) -> Option<State> {
        // The suite also asks for the price of a guess with no state at all.
        ASKED.fetch_or(from == 1 && state.is_object(), Ordering::SeqCst);
        (from == 1).then_some(State { second: true })
    }
}

impl AuthMethod for Upgraded {
    fn descriptor(&self) -> Descriptor {
        Descriptor::begins(&[Factor::Knowledge])
    }

    fn eligibility(&self, _: &Cx<'_>) -> Eligibility {
        Eligibility::Ready
    }
}
