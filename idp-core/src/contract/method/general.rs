//! What holds for every method.

use std::{future::Future, sync::Arc, thread};

use serde_json::{Value, json};

use super::{
    Case,
    bench::{Bench, OWNER, refused},
};
use crate::{Error, Refusal, contract::threads::block_on, engine::Progress};

pub(super) async fn honest_answers_sign_in(case: &Case) {
    let bench = case.bench().await;
    let browser = bench.browser();
    let id = bench.open(&browser).await;
    let progress = bench.play(&browser, id).await.expect("honest answers sign in");
    assert!(matches!(progress, Progress::Ready | Progress::Confirm), "honest answers sign in: {progress:?}");
    let opened = bench.finish(&browser, id).await.expect("a session");
    assert_eq!(opened.user.login, OWNER, "honest answers sign in their owner");
    let factors = case.method.descriptor().factors;
    for evidence in bench.brought(&opened) {
        assert!(factors.contains(&evidence.factor), "evidence stays within the descriptor");
    }
}

pub(super) async fn nobody_else_goes_on_with_a_sign_in(case: &Case) {
    let name = "nobody else goes on with a sign-in";
    let bench = case.bench().await;
    let (victim, thief) = (bench.browser(), bench.browser());
    let id = bench.open(&victim).await;
    assert_eq!(refused(name, bench.engine.sign_in(&thief, id).await), Refusal::NotFound, "{name}");
    if case.is_form() {
        let stolen = bench.send(&bench.engine, &thief, id, OWNER, bench.honest_form().await).await;
        assert_eq!(refused(name, stolen), Refusal::NotFound, "{name}");
    } else {
        let view = bench.begin(&victim, id).await;
        let code = bench.approved(&view).await.expect(name);
        assert_eq!(refused(name, bench.engine.view(&thief, view.id).await), Refusal::NotFound, "{name}");
        assert_eq!(refused(name, bench.engine.claim(&thief, view.id).await), Refusal::NotFound, "{name}");
        let value = bench.sent(&view, code).await;
        let stolen = bench.engine.answer(&thief, view.id, value).await;
        assert_eq!(refused(name, stolen), Refusal::NotFound, "{name}");
    }
    assert_eq!(refused(name, bench.finish(&thief, id).await), Refusal::NotFound, "{name}");
}

pub(super) async fn looking_writes_nothing(case: &Case) {
    if case.is_form() {
        return;
    }
    let bench = case.bench().await;
    let browser = bench.browser();
    let id = bench.open(&browser).await;
    let view = bench.begin(&browser, id).await;
    let before = bench.engine.store().ceremony(view.id).await.expect("a store");
    for _ in 0..3 {
        bench.clock.advance(7);
        bench.engine.view(&browser, view.id).await.expect("a view");
    }
    assert_eq!(
        bench.engine.store().ceremony(view.id).await.expect("a store"),
        before,
        "looking writes nothing"
    );
}

pub(super) async fn a_repeat_changes_nothing(case: &Case) {
    let name = "a repeat changes nothing";
    let bench = case.bench().await;
    let browser = bench.browser();
    let id = bench.open(&browser).await;
    if case.is_form() {
        let value = bench.honest_form().await;
        for _ in 0..3 {
            let again = bench.send(&bench.engine, &browser, id, OWNER, value.clone()).await;
            assert!(matches!(again, Ok(Progress::Ready | Progress::Confirm)), "{name}: {again:?}");
        }
    } else {
        bench.play(&browser, id).await.expect(name);
    }
    let first = bench.finish(&browser, id).await.expect(name);
    let second = bench.finish(&browser, id).await.expect(name);
    assert_eq!(first.session.id, second.session.id, "{name}");
    assert_eq!(bench.brought(&second).len(), 1, "{name}: the evidence counts once");
}

pub(super) async fn nothing_comes_of_an_expired_sign_in(case: &Case) {
    let name = "nothing comes of an expired sign-in";
    let bench = case.bench().await;
    let browser = bench.browser();
    let id = bench.open(&browser).await;
    if case.is_form() {
        bench.clock.advance(bench.engine.settings().sign_in_life);
        assert_eq!(refused(name, bench.play(&browser, id).await), Refusal::Expired, "{name}");
        return;
    }
    let view = bench.begin(&browser, id).await;
    let code = bench.approved(&view).await.expect(name);
    // What a device approved is fetched soon; what only the browser answers may wait as long as its page.
    let life = if bench.phone.is_some() { 301 } else { bench.engine.settings().sign_in_life };
    bench.clock.advance(life);
    assert_eq!(refused(name, bench.bring(&browser, &view, code).await), Refusal::Expired, "{name}");
}

pub(super) async fn malformed_answers_are_refused_and_cost_nothing(case: &Case) {
    let name = "malformed answers are refused and cost nothing";
    if !case.is_form() {
        return;
    }
    let bench = case.bench().await;
    let browser = bench.browser();
    let id = bench.open(&browser).await;
    let strange = [Value::Null, json!({}), json!([]), json!({ "unexpected": true }), json!("text"), json!(7)];
    for value in strange.iter().cycle().take(24) {
        let answer = bench.send(&bench.engine, &browser, id, OWNER, value.clone()).await;
        assert_eq!(refused(name, answer), Refusal::Malformed, "{name}: {value}");
    }
    bench.play(&browser, id).await.expect(name);
}

/// Every thread sends the right answer of the same sign-in: one piece of evidence, one session.
pub(super) async fn parallel_answers_count_once(case: &Case) {
    let name = "parallel answers count once";
    let bench = Arc::new(case.bench().await);
    let browser = bench.browser();
    let id = bench.open(&browser).await;
    if case.is_form() {
        let value = bench.honest_form().await;
        at_once(&bench, |bench| {
            let (browser, value) = (browser.clone(), value.clone());
            async move { bench.send(&bench.engine, &browser, id, OWNER, value).await }
        });
    } else {
        let view = bench.begin(&browser, id).await;
        let code = bench.approved(&view).await.expect(name);
        at_once(&bench, |bench| {
            let (browser, view, code) = (browser.clone(), view.clone(), code.clone());
            async move { bench.bring(&browser, &view, code).await }
        });
    }
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let (bench, browser) = (Arc::clone(&bench), browser.clone());
            thread::spawn(move || block_on(async { bench.finish(&browser, id).await.expect("a session") }))
        })
        .collect();
    let opened: Vec<_> = threads.into_iter().map(|thread| thread.join().expect("a thread")).collect();
    let first = opened.first().expect("a session");
    assert!(opened.iter().all(|opened| opened.session.id == first.session.id), "{name}");
    assert_eq!(bench.brought(first).len(), 1, "{name}");
}

/// Three threads send the same answer (more would be waiting out a throttle); each gets the answer of the one
/// that counted.
fn at_once<F: Future<Output = Result<Progress, Error>> + Send>(
    bench: &Arc<Bench>,
    answer: impl Fn(Arc<Bench>) -> F + Send + Clone,
) {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let (bench, answer) = (Arc::clone(bench), answer.clone());
                scope.spawn(move || block_on(answer(bench)))
            })
            .collect();
        for thread in threads {
            let progress = thread.join().expect("a thread");
            assert!(
                matches!(progress, Ok(Progress::Ready | Progress::Confirm)),
                "a double click gets the same answer twice: {progress:?}"
            );
        }
    });
}
