//! What counts as evidence, and what of one sign-in goes with that of another? Methods that say too much, and
//! evidence of two people.

use idp_core::{
    Error, Fault, Id, Refusal,
    ceremony::Reason,
    credential::CredentialRow,
    engine::{Account, Progress, Status},
    evidence::{Factor, Protection, Uv},
    method::{
        AuthMethod, Ceremony, Cx, Descriptor, Eligibility, Guess, InputOf, Never, Proven, Turn, Turned,
        UvSource, View,
    },
    policy::Acr,
    store::Batch,
    users::{User, UserState, UserWrite},
};
use idp_protocol::{ErrorCode, Prompt, message::Verdict};
use serde_json::json;
use symbolon_authenticator::{Answer, Ticket};
use symbolon_tests::{
    Browser, Phone, World,
    browser::refusal,
    phone::{PIN, code_of},
    world::PASSWORD,
};

/// A method that announces a one-time code and says whatever it was told to say.
#[derive(Clone)]
struct Liar {
    uv_from: UvSource,
    factor: Factor,
    uv: Uv,
}

/// What the form of the liar sends: for whom it shall vouch.
#[derive(serde::Deserialize)]
struct Whom {
    user: Id<User>,
}

impl Ceremony for Liar {
    const KIND: &'static str = "liar";
    const TRIES: u8 = 1;
    type State = ();
    type FromInitiator = Whom;
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

    async fn advance(&self, _: &Cx<'_>, (): (), input: InputOf<'_, Self>) -> Turned<Self> {
        let idp_core::method::Input::Initiator(Whom { user }) = input else {
            return Ok(Turn::refuse(Refusal::Malformed));
        };
        let credential = CredentialRow::ELSEWHERE;
        Ok(Turn::done(Proven { user, credential, factor: self.factor, uv: self.uv, code_typed: false }))
    }
}

impl AuthMethod for Liar {
    fn descriptor(&self) -> Descriptor {
        Descriptor::form(Prompt::AskSecret, &[Factor::Otp]).verifies_user(self.uv_from)
    }

    fn eligibility(&self, _: &Cx<'_>) -> Eligibility {
        Eligibility::Ready
    }
}

/// Sends the liar's form for alice, and lets it vouch for somebody.
async fn lies(liar: Liar, vouched: &str) -> Result<Progress, Error> {
    let world = World::with_method(liar).await;
    world.user("alice").await;
    world.user("bob").await;
    let whom = world.engine.users().user_by_login(vouched).await.unwrap().unwrap().id;
    let mut browser = Browser::new(&world);
    let id = browser.open().await;
    let form = json!({ "user": whom });
    let answer = world.engine.answer_form(&browser.claimant, id, "liar", "alice", form).await;
    assert_eq!(browser.finish(id, Account::Confirmed).await.is_ok(), answer.is_ok(), "{answer:?}");
    answer
}

#[tokio::test]
async fn evidence_that_exceeds_its_descriptor_is_a_fault_and_opens_nothing() {
    let honest = Liar { uv_from: UvSource::Nobody, factor: Factor::Otp, uv: Uv::None };
    assert!(matches!(lies(honest.clone(), "alice").await, Ok(Progress::Ready)), "what it announced counts");
    let passkey = Liar { factor: Factor::Key(Protection::Passkey), ..honest.clone() };
    let unseen = Liar { uv: Uv::Pin, ..honest.clone() };
    let beyond = Liar { uv: Uv::Pin, uv_from: UvSource::Engine, ..honest.clone() };
    let cases = [
        (passkey, "alice", "another factor"),
        (honest, "bob", "another user"),
        (unseen, "alice", "user verification that nobody checks"),
        (beyond, "alice", "more user verification than the engine saw"),
    ];
    for (liar, vouched, what) in cases {
        let answer = lies(liar, vouched).await;
        assert!(matches!(answer, Err(Error::Fault(Fault::Setup(_)))), "{what}: {answer:?}");
    }
}

/// A browser whose sign-in wants two factors and has Alice's password.
async fn with_her_password(world: &World) -> (Browser, Id<idp_core::signin::SignInRow>) {
    let mut browser = Browser::new(world);
    browser.requirement.acr = Some(Acr::MultiFactor);
    let id = browser.open().await;
    let typed = json!({ "password": PASSWORD });
    let progress = world.engine.answer_form(&browser.claimant, id, "password", "alice", typed).await.unwrap();
    assert!(matches!(progress, Progress::Missing), "{progress:?}");
    (browser, id)
}

#[tokio::test]
async fn a_password_of_one_and_a_device_of_another_open_neither_account() {
    let world = World::new().await;
    world.user("alice").await;
    let bob = Phone::enrolled(&world, "bob").await;
    let (mut browser, id) = with_her_password(&world).await;
    let (ceremony, qr) = browser.qr(id).await;
    let error = bob.scan(&qr, Verdict::Approve).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::Other), "his phone is not even asked");
    assert_eq!(browser.status(ceremony).await, Status::Offered);
    assert_eq!(refusal(browser.finish(id, Account::Confirmed).await), Refusal::OutOfStep);
}

/// The account of the first evidence is switched off half-way, so the engine asks again whom the sign-in is about.
#[tokio::test]
async fn evidence_of_two_people_does_not_go_together_when_one_is_switched_off() {
    let world = World::new().await;
    let alice = world.user("alice").await;
    let bob = Phone::enrolled(&world, "bob").await;
    let (mut browser, id) = with_her_password(&world).await;
    let off = User { state: UserState::Disabled, ..alice };
    let _ = world.store.commit(Batch::new().with(UserWrite::Update(off))).await.unwrap();
    let (ceremony, qr) = browser.qr(id).await;
    let code = code_of(&bob.scan(&qr, Verdict::Approve).await.unwrap());
    assert_eq!(refusal(browser.type_code(id, ceremony, &code).await), Refusal::NotAllowed);
    assert_eq!(refusal(browser.finish(id, Account::Confirmed).await), Refusal::OutOfStep);
}

#[tokio::test]
async fn the_first_method_to_finish_ends_the_others() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    browser.requirement.acr = Some(Acr::MultiFactor);
    let id = browser.open().await;
    let (ceremony, qr) = browser.qr(id).await;
    let claimed = phone.app.claim(&phone.account(), &Ticket::from_scan(&qr).unwrap()).await.unwrap();
    let decided = phone.app.decide(&claimed, &Answer::new(Verdict::Approve).pin(PIN)).await.unwrap();

    let typed = json!({ "password": PASSWORD });
    let progress = world.engine.answer_form(&browser.claimant, id, "password", "alice", typed).await.unwrap();
    assert!(matches!(progress, Progress::Missing), "{progress:?}");
    let cancelled = Refusal::Burned(Reason::Cancelled);
    assert_eq!(refusal(browser.type_code(id, ceremony, &code_of(&decided)).await), cancelled);
    assert_eq!(refusal(browser.claim(id, ceremony).await), cancelled);

    let (again, qr) = browser.qr(id).await;
    assert_ne!(again, ceremony, "begun anew");
    let code = code_of(&phone.scan(&qr, Verdict::Approve).await.unwrap());
    browser.type_code(id, again, &code).await.expect("both factors, one after the other");
}
