//! What holds while nodes of two versions serve the same sign-ins?

use idp_protocol::Prompt;

use super::{
    Case,
    bench::{Bench, OWNER, refused},
};
use crate::{
    Error, Id, Refusal,
    ceremony::Reason,
    claimant::Claimant,
    contract::versions,
    engine::{CeremonyView, Progress, Status},
    signin::SignInRow,
};

/// A node that is not upgraded yet says "try again", on the page and to a device, and does not end what it
/// cannot read: the node that wrote it goes on.
pub(super) async fn state_of_a_newer_version_is_left_alone(case: &Case) {
    // A form is answered in one step, and leaves no state behind.
    if case.is_form() {
        return;
    }
    let name = "state of a newer version is left alone";
    let (bench, browser, id, view) = begun(case).await;
    versions::newer(&bench.engine, view.id).await;
    let before = versions::row(&bench.engine, view.id).await;
    let look = bench.engine.view(&browser, view.id).await;
    assert_eq!(refused(name, look), Refusal::Unavailable, "{name}");
    assert_eq!(
        refused(name, go_on(&bench, &browser, &view).await),
        unread(&view, Refusal::Unavailable),
        "{name}"
    );
    assert_eq!(versions::row(&bench.engine, view.id).await, before, "{name}: nothing changed");
    versions::older(&bench.engine, view.id).await;
    go_on(&bench, &browser, &view).await.expect(name);
    bench.finish(&browser, id).await.expect(name);
}

/// Either `upgrade` carries it on, or the person is told to begin anew, and can.
pub(super) async fn state_of_an_older_version_goes_on_or_begins_anew(case: &Case) {
    if case.is_form() {
        return;
    }
    let name = "state of an older version goes on or begins anew";
    let (bench, browser, id, view) = begun(case).await;
    versions::older(&bench.engine, view.id).await;
    let seen = bench.engine.view(&browser, view.id).await.expect(name);
    match go_on(&bench, &browser, &view).await {
        Ok(_) => assert_ne!(seen.status, Status::Burned, "{name}"),
        Err(Error::Refused(refusal)) => {
            assert_eq!(refusal, unread(&view, Refusal::Burned(Reason::Outdated)), "{name}");
            let outdated = (Status::Burned, Some(Reason::Outdated));
            assert_eq!((seen.status, seen.reason), outdated, "{name}: the page says so");
            let ended = bench.engine.view(&browser, view.id).await.expect(name);
            assert_eq!((ended.status, ended.reason), outdated, "{name}");
            let anew = bench.begin(&browser, id).await;
            assert_ne!(anew.id, view.id, "{name}");
            go_on(&bench, &browser, &anew).await.expect(name);
        }
        other => panic!("{name}: {other:?}"),
    }
    bench.finish(&browser, id).await.expect(name);
}

async fn begun(case: &Case) -> (Bench, Claimant, Id<SignInRow>, CeremonyView) {
    let bench = case.bench().await;
    let browser = bench.browser();
    let id = bench.open_for(&browser, Some(bench.user(OWNER).await.id)).await;
    let view = bench.begin(&browser, id).await;
    (bench, browser, id, view)
}

/// What whoever wants to go on is told. A device that scans nothing is not asked at all: what cannot be read must not hide
/// what else waits for it.
fn unread(view: &CeremonyView, told: Refusal) -> Refusal {
    match view.prompt {
        Some(Prompt::ShowNumber { .. } | Prompt::Wait) => Refusal::NotFound,
        _ => told,
    }
}

/// Goes on with a ceremony that is stored, honestly.
async fn go_on(bench: &Bench, browser: &Claimant, view: &CeremonyView) -> Result<Progress, Error> {
    match &bench.phone {
        Some(phone) => {
            let code = phone.approve(&bench.engine, view).await?;
            bench.bring(browser, view, code).await
        }
        None => bench.engine.answer(browser, view.id, bench.sent(view, None).await).await,
    }
}
