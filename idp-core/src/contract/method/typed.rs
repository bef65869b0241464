//! What holds for methods that begin about a name and are answered in the browser, by what a device shows that sends
//! nothing.

use serde_json::{Value, json};

use super::{
    Case,
    bench::{Bench, NOBODY, refused},
};
use crate::{
    Id, Refusal,
    ceremony::Reason,
    claimant::Claimant,
    contract::spoiled::spoiled,
    engine::{CeremonyView, Progress, Status},
    signin::SignInRow,
};

pub(super) async fn a_wrong_answer_is_wrong_and_the_right_one_still_counts(case: &Case) {
    let name = "a wrong answer is wrong and the right one still counts";
    let (bench, browser, _, view) = begun(case).await;
    let right = right(&bench, &view).await;
    for strange in [Value::Null, json!({}), json!({ "unexpected": true }), json!("text"), json!(7)] {
        let answer = bench.engine.answer(&browser, view.id, strange).await;
        assert_eq!(refused(name, answer), Refusal::Malformed, "{name}: costs nothing");
    }
    let wrong = bench.engine.answer(&browser, view.id, spoiled(&right)).await;
    assert_eq!(refused(name, wrong), Refusal::Wrong, "{name}");
    let progress = bench.engine.answer(&browser, view.id, right).await;
    assert!(matches!(progress, Ok(Progress::Ready)), "{name}: {progress:?}");
}

pub(super) async fn the_answer_of_one_ceremony_serves_in_no_other(case: &Case) {
    let name = "the answer of one ceremony serves in no other";
    let (bench, browser, _, view) = begun(case).await;
    let other_browser = bench.browser();
    let other = bench.open(&other_browser).await;
    let other = bench.begin(&other_browser, other).await;
    let answer = right(&bench, &view).await;
    let swapped = bench.engine.answer(&other_browser, other.id, answer.clone()).await;
    assert_eq!(refused(name, swapped), Refusal::Wrong, "{name}");
    bench.engine.answer(&browser, view.id, answer).await.expect(name);
}

/// A name that nobody has begins, is asked the same, and is told that its answers are wrong until there is no try left.
pub(super) async fn nobody_gets_the_answers_of_somebody(case: &Case) {
    let name = "nobody gets the answers of somebody";
    let (bench, browser, _, owner) = begun(case).await;
    let stranger = bench.browser();
    let id = bench.open(&stranger).await;
    let nobody = bench.begin_as(&stranger, id, NOBODY).await;
    let shape = |view: &CeremonyView| (view.status, view.prompt.as_ref().map(std::mem::discriminant));
    assert_eq!(shape(&owner), shape(&nobody), "{name}");
    let wrong = spoiled(&right(&bench, &owner).await);
    for _ in 0..case.method.tries() {
        let one = refused(name, bench.engine.answer(&browser, owner.id, numbered(&wrong, &bench)).await);
        let other = refused(name, bench.engine.answer(&stranger, nobody.id, numbered(&wrong, &bench)).await);
        assert_eq!(one, other, "{name}");
        bench.clock.advance(1);
    }
}

pub(super) async fn wrong_answers_end_a_ceremony_and_count_in_the_next(case: &Case) {
    let name = "wrong answers end a ceremony and count in the next";
    let (bench, browser, id, view) = begun(case).await;
    let wrong = spoiled(&right(&bench, &view).await);
    for left in (0..case.method.tries()).rev() {
        let answer = bench.engine.answer(&browser, view.id, numbered(&wrong, &bench)).await;
        let expected = if left == 0 { Refusal::Burned(Reason::NoTriesLeft) } else { Refusal::Wrong };
        assert_eq!(refused(name, answer), expected, "{name}");
        bench.clock.advance(1);
    }
    let ended = bench.engine.view(&browser, view.id).await.expect(name);
    assert_eq!(ended.status, Status::Burned, "{name}");
    let next = bench.begin(&browser, id).await;
    assert_ne!(next.id, view.id, "{name}");
    let free = bench.engine.settings().limits.free_failures;
    for _ in case.method.tries()..=free {
        let answer = bench.engine.answer(&browser, next.id, numbered(&wrong, &bench)).await;
        assert_eq!(refused(name, answer), Refusal::Wrong, "{name}");
        bench.clock.advance(1);
    }
    let answer = bench.engine.answer(&browser, next.id, right(&bench, &next).await).await;
    assert_eq!(refused(name, answer), Refusal::Wrong, "{name}: a new ceremony is no new count");
}

async fn begun(case: &Case) -> (Bench, Claimant, Id<SignInRow>, CeremonyView) {
    let bench = case.bench().await;
    let browser = bench.browser();
    let id = bench.open(&browser).await;
    let view = bench.begin(&browser, id).await;
    (bench, browser, id, view)
}

async fn right(bench: &Bench, view: &CeremonyView) -> Value {
    let phone = bench.phone.as_ref().expect("a phone");
    let code = phone.approve(&bench.engine, view).await.expect("an answer");
    json!({ "code": code.expect("a code") })
}

/// Another wrong answer each time, or it would be a repeat.
fn numbered(wrong: &Value, bench: &Bench) -> Value {
    let now = bench.engine.now().0;
    let text = wrong.get("code").and_then(Value::as_str).unwrap_or_default();
    json!({ "code": format!("{text}{now}") })
}
