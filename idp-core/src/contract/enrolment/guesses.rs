//! What do repeats, races, nonsense and guesses lead to?

use std::thread;

use serde_json::{Value, json};

use super::{Case, bench::refused};
use crate::{Refusal, ceremony::Reason, contract::threads::block_on, engine::Status};

/// A double click, and the same again when everything is over.
pub(super) async fn a_repeat_changes_nothing(case: &Case) {
    let name = "a repeat changes nothing";
    let bench = case.bench().await;
    let id = bench.begin(&bench.owner).await.id;
    let mut player = case.player();
    let mut sent = Vec::new();
    while let Some(typed) = bench.until_typed(&bench.owner, &mut *player, id).await {
        for _ in 0..3 {
            bench.send(&bench.owner, id, typed.clone()).await.expect(name);
        }
        sent.push(typed);
    }
    for typed in sent {
        let _ = bench.send(&bench.owner, id, typed).await;
    }
    let ended = bench.engine.view(&bench.owner.claimant, id).await.expect(name);
    assert_eq!((ended.status, bench.bound(&bench.owner).await), (Status::Done, 1), "{name}");
}

pub(super) async fn parallel_answers_count_once(case: &Case) {
    let name = "parallel answers count once";
    let bench = case.bench().await;
    let id = bench.begin(&bench.owner).await.id;
    let mut player = case.player();
    while let Some(typed) = bench.until_typed(&bench.owner, &mut *player, id).await {
        thread::scope(|scope| {
            let send = || block_on(bench.send(&bench.owner, id, typed.clone()));
            let threads: Vec<_> = (0..3).map(|_| scope.spawn(send)).collect();
            for thread in threads {
                let answer = thread.join().expect("a thread");
                assert!(answer.is_ok(), "{name}: a double click gets the same answer twice: {answer:?}");
            }
        });
    }
    assert_eq!(bench.bound(&bench.owner).await, 1, "{name}");
}

pub(super) async fn malformed_answers_are_refused_and_cost_nothing(case: &Case) {
    let name = "malformed answers are refused and cost nothing";
    let bench = case.bench().await;
    let id = bench.begin(&bench.owner).await.id;
    let strange = [Value::Null, json!({}), json!([]), json!({ "unexpected": true }), json!("text"), json!(7)];
    let mut player = case.player();
    while let Some(typed) = bench.until_typed(&bench.owner, &mut *player, id).await {
        for value in strange.iter().cycle().take(24) {
            let answer = bench.send(&bench.owner, id, value.clone()).await;
            assert_eq!(refused(name, answer), Refusal::Malformed, "{name}: {value}");
        }
        bench.send(&bench.owner, id, typed).await.expect(name);
    }
    assert_eq!(bench.bound(&bench.owner).await, 1, "{name}");
}

/// The last wrong answer ends it, and then the right one is too late.
pub(super) async fn wrong_answers_use_up_the_tries(case: &Case) {
    let name = "wrong answers use up the tries";
    let bench = case.bench().await;
    let id = bench.begin(&bench.owner).await.id;
    let mut player = case.player();
    let Some(right) = bench.until_typed(&bench.owner, &mut *player, id).await else { return };
    for left in (0..case.enrolment.tries()).rev() {
        // Another one each time: the same one again would be a repeat.
        let wrong = player.wrong(&right, left);
        let answer = refused(name, bench.send(&bench.owner, id, wrong).await);
        let expected = if left == 0 { Refusal::Burned(Reason::NoTriesLeft) } else { Refusal::Wrong };
        assert_eq!(answer, expected, "{name}: {left} left");
    }
    let late = refused(name, bench.send(&bench.owner, id, right).await);
    assert_eq!(late, Refusal::Burned(Reason::NoTriesLeft), "{name}");
    assert_eq!(bench.bound(&bench.owner).await, 0, "{name}");
}
