//! What holds for methods that must begin first, and that the initiator answers by himself?

use serde_json::{Value, json};

use super::{
    Case,
    bench::{Bench, OTHER, OWNER, refused},
};
use crate::{
    Refusal,
    credential::CredentialWrite,
    engine::Status,
    store::Batch,
    users::{User, UserState, UserWrite},
};

pub(super) async fn malformed_answers_are_refused_and_cost_nothing(case: &Case) {
    let name = "malformed answers are refused and cost nothing";
    let bench = case.bench().await;
    let browser = bench.browser();
    let id = bench.open(&browser).await;
    let view = bench.begin(&browser, id).await;
    let strange = [Value::Null, json!({}), json!([]), json!({ "unexpected": true }), json!("text"), json!(7)];
    for value in strange.iter().cycle().take(24) {
        let answer = bench.engine.answer(&browser, view.id, value.clone()).await;
        assert_eq!(refused(name, answer), Refusal::Malformed, "{name}: {value}");
    }
    bench.bring(&browser, &view, None).await.expect(name);
}

pub(super) async fn the_answer_to_one_sign_in_serves_no_other(case: &Case) {
    let name = "the answer to one sign-in serves no other";
    let bench = case.bench().await;
    let (first, second) = (bench.browser(), bench.browser());
    let (a, b) = (bench.open(&first).await, bench.open(&second).await);
    let (view_a, view_b) = (bench.begin(&first, a).await, bench.begin(&second, b).await);
    let seen = bench.sent(&view_a, None).await;
    let replayed = bench.engine.answer(&second, view_b.id, seen.clone()).await;
    assert_eq!(refused(name, replayed), Refusal::Wrong, "{name}");
    bench.engine.answer(&first, view_a.id, seen.clone()).await.expect(name);
    let replayed = bench.engine.answer(&second, view_b.id, seen).await;
    assert_eq!(refused(name, replayed), Refusal::Wrong, "{name}: after it served");
    assert_eq!(refused(name, bench.finish(&second, b).await), Refusal::OutOfStep, "{name}");
    bench.finish(&first, a).await.expect(name);
}

/// A refusal and no fault: the person chose the wrong one in a dialog of the browser, and may choose again.
pub(super) async fn the_credential_of_one_user_opens_no_other_account(case: &Case) {
    let name = "the credential of one user opens no other account";
    let bench = case.bench().await;
    let browser = bench.browser();
    let id = bench.open_for(&browser, Some(bench.user(OTHER).await.id)).await;
    let view = bench.begin(&browser, id).await;
    let answer = bench.engine.answer(&browser, view.id, bench.sent(&view, None).await).await;
    assert_eq!(refused(name, answer), Refusal::Wrong, "{name}");
    let look = bench.engine.view(&browser, view.id).await.expect(name);
    assert_eq!(look.status, Status::Offered, "{name}: the state stays");
    assert_eq!(refused(name, bench.finish(&browser, id).await), Refusal::OutOfStep, "{name}");
}

/// The same answer as to a credential that nobody has.
pub(super) async fn somebody_who_is_switched_off_is_wrong(case: &Case) {
    let name = "somebody who is switched off is wrong";
    let bench = case.bench().await;
    let browser = bench.browser();
    let id = bench.open(&browser).await;
    let view = bench.begin(&browser, id).await;
    let value = bench.sent(&view, None).await;
    switch_off(&bench).await;
    let answer = bench.engine.answer(&browser, view.id, value).await;
    assert_eq!(refused(name, answer), Refusal::Wrong, "{name}");
    assert_eq!(refused(name, bench.finish(&browser, id).await), Refusal::OutOfStep, "{name}");
}

async fn switch_off(bench: &Bench) {
    let off = User { state: UserState::Disabled, ..bench.user(OWNER).await };
    let _ = bench.engine.store().commit(Batch::new().with(UserWrite::Update(off))).await.expect("a store");
}

pub(super) async fn a_credential_that_is_removed_finishes_nothing(case: &Case) {
    let name = "a credential that is removed finishes nothing";
    let bench = case.bench().await;
    let browser = bench.browser();
    let id = bench.open(&browser).await;
    bench.play(&browser, id).await.expect(name);
    for row in bench.engine.store().credentials(bench.user(OWNER).await.id).await.expect("a store") {
        let removed = Batch::new().with(CredentialWrite::Delete(row.id));
        let _ = bench.engine.store().commit(removed).await.expect("a store");
    }
    assert_eq!(refused(name, bench.finish(&browser, id).await), Refusal::Expired, "{name}");
}
