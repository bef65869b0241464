//! Methods that are asked before an account gets another authenticator: what of what they say is believed?

use idp_core::{
    Error, Fault, Id, Refusal,
    clock::Clock as _,
    credential::CredentialRow,
    engine::{Account, Progress},
    evidence::{Factor, Protection, Uv},
    method::{
        AuthMethod, Ceremony, Cx, Descriptor, Eligibility, Guards, Guess, Input, InputOf, Never, Proven,
        Turn, Turned, UvSource, View,
    },
    methods::otp::Key,
    policy::Acr,
    users::User,
};
use idp_protocol::{Octets, Prompt};
use serde_json::{Value, json};
use symbolon_tests::{Browser, World, browser::refusal, world::PASSWORD};

const TOKEN: Octets<32> = Octets([9; 32]);
const SURE: &[Factor] = &[Factor::Key(Protection::Passkey)];

/// A method that proves whatever its answer says.
#[derive(Clone)]
struct Parrot {
    factors: &'static [Factor],
    guards: Guards,
}

/// What the answer says.
#[derive(serde::Deserialize)]
struct Said {
    user: Id<User>,
    credential: Id<CredentialRow>,
    factor: Factor,
    uv: Uv,
}

impl Ceremony for Parrot {
    const KIND: &'static str = "parrot";
    const TRIES: u8 = 1;
    type State = ();
    type FromInitiator = Said;
    type FromDevice = Never;
    type Outcome = Proven;

    async fn begin(&self, _: &Cx<'_>) -> Turned<Self> {
        Ok(Turn::ask(()))
    }

    fn view(&self, _: &Cx<'_>, (): &()) -> View {
        View { initiator: Prompt::Confirm, device: None, refresh_at: None }
    }

    fn guess(&self, (): &(), _: &InputOf<'_, Self>) -> Guess {
        Guess::No
    }

    async fn advance(&self, _: &Cx<'_>, (): (), input: InputOf<'_, Self>) -> Turned<Self> {
        let Input::Initiator(Said { user, credential, factor, uv }) = input else {
            return Ok(Turn::refuse(Refusal::OutOfStep));
        };
        Ok(Turn::done(Proven { user, credential, factor, uv, code_typed: false }))
    }
}

impl AuthMethod for Parrot {
    fn descriptor(&self) -> Descriptor {
        let described = Descriptor::begins(self.factors).verifies_user(UvSource::Method);
        match self.guards {
            Guards::Additions => described.guards_additions(),
            Guards::Nothing => described,
        }
    }

    fn eligibility(&self, _: &Cx<'_>) -> Eligibility {
        Eligibility::Ready
    }
}

async fn somebody(world: &World, login: &str) -> (User, Id<CredentialRow>) {
    let user = world.user(login).await;
    let credential = world.engine.add_credential(user.id, "parrot", None, b"seed").await.unwrap();
    (user, credential)
}

fn saying(user: &User, credential: Id<CredentialRow>) -> Value {
    json!({ "user": user.id, "credential": credential, "factor": SURE[0], "uv": Uv::Platform })
}

/// A browser in which somebody has just signed in with the parrot.
async fn signed_in(world: &World, user: &User, said: Value) -> Browser {
    let mut browser = Browser::new(world);
    let id = browser.open().await;
    let view = world.engine.begin(&browser.claimant, id, "parrot", &user.login).await.unwrap();
    world.engine.answer(&browser.claimant, view.id, said).await.unwrap();
    browser.finish(id, Account::Confirmed).await.unwrap();
    browser
}

#[tokio::test]
async fn an_approval_that_proves_less_than_it_must_is_a_fault_and_begins_nothing() {
    let world = World::with_method(Parrot { factors: SURE, guards: Guards::Additions }).await;
    let ((alice, hers), (bob, his)) = (somebody(&world, "alice").await, somebody(&world, "bob").await);
    let browser = signed_in(&world, &alice, saying(&alice, hers)).await;
    let with = |member: &str, value: Value| {
        let mut said = saying(&alice, hers);
        said[member] = value;
        said
    };
    let cases = [
        (saying(&bob, his), "somebody else"),
        (with("credential", json!(his)), "with a credential of somebody else"),
        (with("credential", json!(CredentialRow::ELSEWHERE)), "with one that is nowhere"),
        (with("uv", json!(Uv::None)), "without its user verified"),
        (with("factor", json!(Factor::Key(Protection::Software))), "by what can be relayed"),
    ];
    for (said, what) in cases {
        let view = browser.add_device().await.unwrap();
        let approval = json!({ "approval": { "kind": "parrot", "answer": said } });
        let answer = browser.answer_enrolment(view.id, approval).await;
        assert!(matches!(answer, Err(Error::Fault(Fault::Setup(_)))), "{what}: {answer:?}");
        let prompt = browser.wizard(view.id).await.prompt;
        assert!(matches!(prompt, Some(Prompt::AskApproval { .. })), "{what}: {prompt:?}");
        let (secret, _) = browser.session.as_ref().unwrap();
        world.engine.cancel_enrolment(secret, view.id).await.unwrap();
    }
}

#[tokio::test]
async fn a_method_of_somebody_else_approves_as_passkeys_do() {
    let world = World::with_method(Parrot { factors: SURE, guards: Guards::Additions }).await;
    let (alice, hers) = somebody(&world, "alice").await;
    let browser = signed_in(&world, &alice, saying(&alice, hers)).await;
    let view = browser.add_device().await.unwrap();
    let unknown = json!({ "approval": { "kind": "cockatoo", "answer": {} } });
    assert_eq!(refusal(browser.answer_enrolment(view.id, unknown).await), Refusal::NotAllowed);
    let said = json!({ "approval": { "kind": "parrot", "answer": saying(&alice, hers) } });
    let Progress::Asked(view) = browser.answer_enrolment(view.id, said).await.unwrap() else {
        panic!("it goes on")
    };
    assert!(matches!(view.prompt, Some(Prompt::OfferEnrolment { .. })), "{view:?}");
}

/// A code that was told to a phisher would let the phisher's device in.
#[tokio::test]
#[should_panic(expected = "answers can be relayed")]
async fn an_engine_whose_additions_are_guarded_by_what_can_be_relayed_does_not_start() {
    World::with_method(Parrot { factors: &[Factor::Otp], guards: Guards::Additions }).await;
}

/// A password and a code can be relayed, and whoever has what cannot be got it so that they are not enough.
#[tokio::test]
async fn what_cannot_be_relayed_and_cannot_be_asked_has_to_be_shown() {
    let world = World::with_method(Parrot { factors: SURE, guards: Guards::Nothing }).await;
    let (alice, hers) = somebody(&world, "alice").await;
    let secret = serde_json::to_vec(&Key::own(&TOKEN)).unwrap();
    world.engine.add_credential(alice.id, "totp", None, &secret).await.unwrap();
    let (mut relay, engine) = (Browser::new(&world), &world.engine);
    relay.requirement.acr = Some(Acr::MultiFactor);
    let id = relay.open().await;
    let password = json!({ "password": PASSWORD });
    engine.answer_form(&relay.claimant, id, "password", "alice", password).await.unwrap();
    let key = Key::own(&TOKEN);
    let code = key.code(key.step_at(world.clock.now()).unwrap()).unwrap();
    engine.answer_form(&relay.claimant, id, "totp", "", json!({ "code": code })).await.unwrap();
    relay.finish(id, Account::Confirmed).await.unwrap();
    assert_eq!(refusal(relay.add_device().await), Refusal::FreshSignIn);
    let owner = signed_in(&world, &alice, saying(&alice, hers)).await;
    let view = owner.add_device().await.unwrap();
    assert!(matches!(view.prompt, Some(Prompt::OfferEnrolment { .. })), "{view:?}");
}
