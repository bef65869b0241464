//! What holds for methods that are asked before an account gets another authenticator?

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Case,
    bench::{Bench, OWNER, refused},
};
use crate::{
    Error, Id, Refusal, Time,
    ceremony::{CeremonyRow, Reason},
    claimant::Claimant,
    contract::versions,
    credential::CredentialWrite,
    engine::{CeremonyView, Progress, Status},
    evidence::{Evidence, Factor},
    method::{Ceremony, Cx, Enrolment, Guess, Input, InputOf, Never, NewCredential, Turn, Turned, View},
    policy::Acr,
    session::{SessionName, SignedIn},
    store::Batch,
};
use idp_protocol::{Prompt, prompt::ApprovalWay};
use zeroize::Zeroizing;

/// An enrolment that anything ends: what stands in its way is the approval.
pub(super) struct Trial<const NUMBER: u8>;

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Made {
    made: u8,
}

impl<const NUMBER: u8> Ceremony for Trial<NUMBER> {
    const KIND: &'static str = if NUMBER == 1 { "trial_one" } else { "trial_two" };
    const TRIES: u8 = 3;
    type State = ();
    type FromInitiator = Made;
    type FromDevice = Never;
    type Outcome = NewCredential;

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
        let Input::Initiator(Made { made }) = input else { return Ok(Turn::refuse(Refusal::OutOfStep)) };
        let secret = Zeroizing::new(vec![made]);
        Ok(Turn::done(NewCredential::Secret { handle: None, secret, replaces: None }))
    }
}

impl<const NUMBER: u8> Enrolment for Trial<NUMBER> {
    fn gives(&self) -> Acr {
        Acr::Single
    }
}

pub(super) async fn it_is_asked_before_an_addition_and_its_answer_lets_that_begin(case: &Case) {
    let name = "it is asked before an addition, and its answer lets that begin";
    let bench = case.bench().await;
    let owner = bench.browser();
    let view = begin(&bench, &owner, "trial_one").await;
    let early = bench.engine.answer(&owner, view.id, json!({ "made": 1 })).await;
    assert_eq!(refused(name, early), Refusal::OutOfStep, "{name}");
    let approval = honest(&bench, &view).await;
    for _ in 0..2 {
        approve(&bench, &owner, view.id, approval.clone()).await.expect("a repeat gets the same answer");
        let began = bench.engine.view(&owner, view.id).await.expect(name);
        assert_eq!(began.prompt, Some(Prompt::AskSecret), "{name}");
    }
    bench.engine.answer(&owner, view.id, json!({ "made": 1 })).await.expect(name);
    let ended = bench.engine.view(&owner, view.id).await.expect(name);
    assert_eq!(ended.status, Status::Done, "{name}");
}

/// Also if it is held against the very question that it answers: what is signed says what it is for.
pub(super) async fn the_answer_to_a_sign_in_approves_nothing(case: &Case) {
    let name = "the answer to a sign-in approves nothing";
    for moved in [false, true] {
        let bench = case.bench().await;
        let (owner, elsewhere) = (bench.browser(), bench.browser());
        let id = bench.open(&elsewhere).await;
        let sign_in = bench.begin(&elsewhere, id).await;
        let seen = bench.sent(&sign_in, None).await;
        let view = begin(&bench, &owner, "trial_one").await;
        if moved {
            move_question(&bench, (sign_in.id, "/state"), (view.id, QUESTION)).await;
        }
        let replayed = approve(&bench, &owner, view.id, seen.clone()).await;
        assert_eq!(refused(name, replayed), Refusal::Wrong, "{name}, its question moved: {moved}");
        bench.engine.answer(&elsewhere, sign_in.id, seen).await.expect(name);
    }
}

pub(super) async fn an_approval_signs_nobody_in(case: &Case) {
    let name = "an approval signs nobody in";
    for moved in [false, true] {
        let bench = case.bench().await;
        let (owner, thief) = (bench.browser(), bench.browser());
        let view = begin(&bench, &owner, "trial_one").await;
        let approval = honest(&bench, &view).await;
        let id = bench.open(&thief).await;
        let sign_in = bench.begin(&thief, id).await;
        if moved {
            move_question(&bench, (view.id, QUESTION), (sign_in.id, "/state")).await;
        }
        let replayed = bench.engine.answer(&thief, sign_in.id, approval).await;
        assert_eq!(refused(name, replayed), Refusal::Wrong, "{name}, its question moved: {moved}");
        assert_eq!(refused(name, bench.finish(&thief, id).await), Refusal::OutOfStep, "{name}");
    }
}

pub(super) async fn an_approval_of_one_addition_is_none_of_another(case: &Case) {
    let name = "an approval of one addition is none of another";
    for moved in [false, true] {
        let bench = case.bench().await;
        let owner = bench.browser();
        let (one, two) = (begin(&bench, &owner, "trial_one").await, begin(&bench, &owner, "trial_two").await);
        let approval = honest(&bench, &one).await;
        if moved {
            move_question(&bench, (one.id, QUESTION), (two.id, QUESTION)).await;
        }
        let replayed = approve(&bench, &owner, two.id, approval.clone()).await;
        assert_eq!(refused(name, replayed), Refusal::Wrong, "{name}, its question moved: {moved}");
        approve(&bench, &owner, one.id, approval).await.expect(name);
    }
}

pub(super) async fn a_credential_that_is_removed_approves_nothing(case: &Case) {
    let name = "a credential that is removed approves nothing";
    let bench = case.bench().await;
    let owner = bench.browser();
    let view = begin(&bench, &owner, "trial_one").await;
    let approval = honest(&bench, &view).await;
    let user = bench.user(OWNER).await.id;
    for row in bench.engine.store().credentials(user).await.expect("a store") {
        let removed = Batch::new().with(CredentialWrite::Delete(row.id));
        let _ = bench.engine.store().commit(removed).await.expect("a store");
    }
    let late = approve(&bench, &owner, view.id, approval).await;
    assert_eq!(refused(name, late), Refusal::Burned(Reason::DevicesChanged), "{name}");
}

/// Begins an enrolment of the owner's, which asks the method first.
async fn begin(bench: &Bench, claimant: &Claimant, kind: &str) -> CeremonyView {
    let user = bench.user(OWNER).await.id;
    let ledger = vec![Evidence::of_embedder(user, Factor::Knowledge, bench.engine.now())];
    let session = SignedIn {
        user,
        ledger: &ledger,
        session: SessionName::Embedders(*user.bytes()),
        expires_at: Time(i64::MAX),
    };
    let from = bench.origin(None);
    bench.engine.begin_enrolment(claimant, session, from, kind).await.expect("an enrolment")
}

/// What the person answers who approves it.
async fn honest(bench: &Bench, view: &CeremonyView) -> Value {
    let Some(Prompt::AskApproval { ways, .. }) = &view.prompt else { panic!("not asked: {:?}", view.prompt) };
    let [ApprovalWay { kind, prompt }] = ways.as_slice() else { panic!("not one way: {ways:?}") };
    assert_eq!(kind, bench.case.method.kind(), "the method is asked");
    bench.honest(prompt).await
}

async fn approve(
    bench: &Bench,
    claimant: &Claimant,
    id: Id<CeremonyRow>,
    answer: Value,
) -> Result<Progress, Error> {
    let approval = json!({ "kind": bench.case.method.kind(), "answer": answer });
    bench.engine.answer(claimant, id, json!({ "approval": approval })).await
}

/// Where an enrolment keeps what the method asks.
const QUESTION: &str = "/state/json/questions/0/state";

/// Asks in the second ceremony what the first one asks.
async fn move_question(
    bench: &Bench,
    (from, there): (Id<CeremonyRow>, &str),
    (to, here): (Id<CeremonyRow>, &str),
) {
    let body = versions::body(&bench.engine, from).await;
    let asked = body.pointer(there).expect("a question").clone();
    versions::change(&bench.engine, to, |body| *body.pointer_mut(here).expect("a question") = asked).await;
}
