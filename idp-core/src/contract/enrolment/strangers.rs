//! To whom does an enrolment belong, and to whom what comes of it?

use super::{Case, bench::refused};
use crate::{Refusal, ceremony::Reason, engine::Status};

pub(super) async fn honest_answers_bind_one_credential_to_their_owner(case: &Case) {
    let name = "honest answers bind one credential to their owner";
    let bench = case.bench().await;
    let view = bench.begin(&bench.owner).await;
    let ended = bench.to_the_end(&bench.owner, &mut *case.player(), view.id).await;
    assert_eq!(ended, Status::Done, "{name}");
    assert_eq!((bench.bound(&bench.owner).await, bench.bound(&bench.other).await), (1, 0), "{name}");
}

pub(super) async fn nobody_else_goes_on_with_an_enrolment(case: &Case) {
    let name = "nobody else goes on with an enrolment";
    let bench = case.bench().await;
    let (id, thief) = (bench.begin(&bench.owner).await.id, &bench.other);
    let mut player = case.player();
    while let Some(typed) = bench.until_typed(&bench.owner, &mut *player, id).await {
        let look = bench.engine.view(&thief.claimant, id).await;
        assert_eq!(refused(name, look), Refusal::NotFound, "{name}");
        assert_eq!(refused(name, bench.send(thief, id, typed.clone()).await), Refusal::NotFound, "{name}");
        let cancelled = bench.engine.cancel_enrolment(&thief.claimant, id).await;
        assert_eq!(refused(name, cancelled), Refusal::NotFound, "{name}");
        assert!(bench.engine.watch(&thief.claimant, id).await.is_err(), "{name}");
        bench.send(&bench.owner, id, typed).await.expect(name);
    }
    assert_eq!((bench.bound(&bench.owner).await, bench.bound(thief).await), (1, 0), "{name}");
}

pub(super) async fn the_answers_of_one_enrolment_serve_no_other(case: &Case) {
    let name = "the answers of one enrolment serve no other";
    let bench = case.bench().await;
    let (first, second) = (bench.begin(&bench.owner).await.id, bench.begin(&bench.other).await.id);
    let (mut hers, mut his) = (case.player(), case.player());
    let typed = bench.until_typed(&bench.owner, &mut *hers, first).await;
    let his_own = bench.until_typed(&bench.other, &mut *his, second).await;
    let (Some(typed), Some(_)) = (typed, his_own) else { return };
    assert_eq!(refused(name, bench.send(&bench.other, second, typed).await), Refusal::Wrong, "{name}");
    assert_eq!(bench.bound(&bench.other).await, 0, "{name}");
}

pub(super) async fn an_enrolment_that_was_cancelled_binds_nothing(case: &Case) {
    let name = "an enrolment that was cancelled binds nothing";
    let bench = case.bench().await;
    let id = bench.begin(&bench.owner).await.id;
    let typed = bench.until_typed(&bench.owner, &mut *case.player(), id).await;
    bench.engine.cancel_enrolment(&bench.owner.claimant, id).await.expect(name);
    if let Some(typed) = typed {
        let late = refused(name, bench.send(&bench.owner, id, typed).await);
        assert_eq!(late, Refusal::Burned(Reason::Cancelled), "{name}");
        assert_eq!(bench.bound(&bench.owner).await, 0, "{name}");
    }
}
