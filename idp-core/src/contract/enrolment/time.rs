//! What becomes of an enrolment that is too old, or that another version began?

use serde_json::Value;

use super::{
    Case,
    bench::{Bench, refused},
};
use crate::{
    Error, Id, Refusal,
    ceremony::{CeremonyRow, Reason},
    contract::versions,
    engine::Status,
};

pub(super) async fn nothing_comes_of_an_expired_enrolment(case: &Case) {
    let name = "nothing comes of an expired enrolment";
    let Some((bench, id, typed)) = at_the_first_answer(case).await else { return };
    let ends = bench.engine.view(&bench.owner.claimant, id).await.expect(name).expires_at;
    bench.clock.advance(ends - bench.engine.now());
    let look = bench.engine.view(&bench.owner.claimant, id).await.expect(name);
    assert_eq!(look.status, Status::Expired, "{name}");
    assert_eq!(refused(name, bench.send(&bench.owner, id, typed).await), Refusal::Expired, "{name}");
    assert_eq!(bench.bound(&bench.owner).await, 0, "{name}");
}

/// A node that is not upgraded yet says "try again" and leaves what it cannot read to the one that wrote it.
pub(super) async fn state_of_a_newer_version_is_left_alone(case: &Case) {
    let name = "state of a newer version is left alone";
    let Some((bench, id, typed)) = at_the_first_answer(case).await else { return };
    versions::newer(&bench.engine, id).await;
    let before = versions::row(&bench.engine, id).await;
    let look = bench.engine.view(&bench.owner.claimant, id).await;
    assert_eq!(refused(name, look), Refusal::Unavailable, "{name}");
    let answer = bench.send(&bench.owner, id, typed.clone()).await;
    assert_eq!(refused(name, answer), Refusal::Unavailable, "{name}");
    assert_eq!(versions::row(&bench.engine, id).await, before, "{name}: nothing changed");
    versions::older(&bench.engine, id).await;
    bench.send(&bench.owner, id, typed).await.expect(name);
}

/// Either `upgrade` carries it on, or the person is told to begin anew, and can.
pub(super) async fn state_of_an_older_version_goes_on_or_begins_anew(case: &Case) {
    let name = "state of an older version goes on or begins anew";
    let Some((bench, id, typed)) = at_the_first_answer(case).await else { return };
    versions::older(&bench.engine, id).await;
    match bench.send(&bench.owner, id, typed).await {
        Ok(_) => {}
        Err(Error::Refused(Refusal::Burned(Reason::Outdated))) => {
            let ended = bench.engine.view(&bench.owner.claimant, id).await.expect(name);
            assert_eq!((ended.status, ended.reason), (Status::Burned, Some(Reason::Outdated)), "{name}");
            let anew = bench.begin(&bench.owner).await.id;
            let ended = bench.to_the_end(&bench.owner, &mut *case.player(), anew).await;
            assert_eq!((ended, bench.bound(&bench.owner).await), (Status::Done, 1), "{name}");
        }
        other => panic!("{name}: {other:?}"),
    }
}

/// An enrolment that waits for the person at the browser; nothing if none ever does.
async fn at_the_first_answer(case: &Case) -> Option<(Bench, Id<CeremonyRow>, Value)> {
    let bench = case.bench().await;
    let id = bench.begin(&bench.owner).await.id;
    let typed = bench.until_typed(&bench.owner, &mut *case.player(), id).await?;
    Some((bench, id, typed))
}
