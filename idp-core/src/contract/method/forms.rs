//! What holds for methods whose form stands on the page, beside a user name.

use serde_json::Value;

use super::{
    Case,
    bench::{Bench, NOBODY, OTHER, OWNER, refused},
};
use crate::{Refusal, contract::spoiled::spoiled, engine::Progress, erased::Raw, throttle::Schedule};

pub(super) async fn a_wrong_answer_is_wrong_and_the_right_one_still_counts(case: &Case) {
    let name = "a wrong answer is wrong and the right one still counts";
    let bench = case.bench().await;
    let browser = bench.browser();
    let id = bench.open(&browser).await;
    let right = bench.honest_form().await;
    let wrong = bench.send(&bench.engine, &browser, id, OWNER, spoiled(&right)).await;
    assert_eq!(refused(name, wrong), Refusal::Wrong, "{name}");
    let progress = bench.send(&bench.engine, &browser, id, OWNER, right).await;
    assert!(matches!(progress, Ok(Progress::Ready)), "{name}: {progress:?}");
}

pub(super) async fn the_answers_of_one_user_open_no_other_account(case: &Case) {
    let name = "the answers of one user open no other account";
    let bench = case.bench().await;
    let browser = bench.browser();
    let id = bench.open(&browser).await;
    let answer = bench.send(&bench.engine, &browser, id, OTHER, bench.honest_form().await).await;
    assert_eq!(refused(name, answer), Refusal::Wrong, "{name}");
}

pub(super) async fn an_unknown_user_gets_the_answer_of_a_wrong_one(case: &Case) {
    let name = "an unknown user gets the answer of a wrong one";
    let bench = case.bench().await;
    let browser = bench.browser();
    let id = bench.open(&browser).await;
    for login in [NOBODY, "", "no such person", "\u{0}", OTHER] {
        let answer = bench.send(&bench.engine, &browser, id, login, bench.honest_form().await).await;
        assert_eq!(refused(name, answer), Refusal::Wrong, "{name}: {login:?}");
    }
}

/// Ten wrong answers lock, whoever asks, on whichever node, after a restart, and for a name that nobody has;
/// the right answer then gets the answer of a wrong one.
pub(super) async fn lock_out_survives_a_restart(case: &Case) {
    let name = "lock-out survives a restart";
    let bench = case.bench().await;
    if !counts_guesses(&bench).await {
        return;
    }
    for _ in 0..Schedule::default().lock {
        let browser = bench.browser();
        let id = bench.open(&browser).await;
        let wrong = spoiled(&bench.honest_form().await);
        let answer = bench.send(&bench.engine, &browser, id, OWNER, wrong).await;
        assert_eq!(refused(name, answer), Refusal::Wrong, "{name}");
        bench.clock.advance(Schedule::default().longest_wait + 1);
    }
    for engine in [bench.engine.clone(), bench.restarted().await] {
        let browser = bench.browser();
        let id = bench.open(&browser).await;
        let right = bench.send(&engine, &browser, id, OWNER, bench.honest_form().await).await;
        assert_eq!(refused(name, right), Refusal::Wrong, "{name}");
        bench.clock.advance(Schedule::default().longest_wait + 1);
    }
    bench.engine.unlock(bench.user(OWNER).await.id).await.expect("unlocked");
    let browser = bench.browser();
    let id = bench.open(&browser).await;
    let right = bench.send(&bench.engine, &browser, id, OWNER, bench.honest_form().await).await;
    assert!(matches!(right, Ok(Progress::Ready)), "{name}: unlocked, the right answer counts: {right:?}");
}

/// Whether the method counts guesses against the subject; one whose secrets cannot be guessed need not.
async fn counts_guesses(bench: &Bench) -> bool {
    let state = crate::erased::State { version: 1, json: Value::Null };
    let value = bench.honest_form().await;
    bench.case.method.guess(&state, &Raw::Initiator(&value)) == Ok(crate::method::Guess::OnSubject)
}
