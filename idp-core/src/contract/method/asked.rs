//! What holds for methods that ask all devices of the person?

use idp_protocol::message::Verdict;

use super::{
    Case,
    bench::{OTHER, OWNER, refused},
};
use crate::{Refusal, ceremony::Reason, engine::Status};

pub(super) async fn a_device_of_somebody_else_is_shown_nothing_and_decides_nothing(case: &Case) {
    let name = "a device of somebody else is shown nothing and decides nothing";
    let bench = case.bench().await;
    let browser = bench.browser();
    let id = bench.open(&browser).await;
    let view = bench.begin(&browser, id).await;
    let phone = bench.phone.as_ref().expect("a phone");
    let stranger = bench.new_phone(&bench.user(OTHER).await).await;
    assert_eq!(refused(name, stranger.waiting(&bench.engine, &view).await), Refusal::NotFound, "{name}");
    let asked = phone.waiting(&bench.engine, &view).await.expect(name);
    for verdict in [Verdict::Approve, Verdict::Deny, Verdict::Report] {
        let decided = stranger.decide_with(&bench.engine, &asked, verdict, view.number()).await;
        assert_eq!(refused(name, decided), Refusal::NotFound, "{name}");
    }
    let code = phone.approve(&bench.engine, &view).await.expect(name);
    bench.bring(&browser, &view, code).await.expect(name);
}

pub(super) async fn the_first_device_that_decides_has_decided(case: &Case) {
    let name = "the first device that decides has decided";
    for verdict in [Verdict::Approve, Verdict::Deny] {
        let bench = case.bench().await;
        let browser = bench.browser();
        let id = bench.open(&browser).await;
        let view = bench.begin(&browser, id).await;
        let first = bench.phone.as_ref().expect("a phone");
        let second = bench.new_phone(&bench.user(OWNER).await).await;
        let of_first = first.waiting(&bench.engine, &view).await.expect(name);
        let of_second = second.waiting(&bench.engine, &view).await.expect("any device is asked");
        first.decide_with(&bench.engine, &of_first, verdict, view.number()).await.expect(name);
        let late = second.decide_with(&bench.engine, &of_second, Verdict::Approve, view.number()).await;
        let (status, refusal) = match verdict {
            Verdict::Approve => (Status::Approved, Refusal::OutOfStep),
            _ => (Status::Denied, Refusal::Burned(Reason::Denied)),
        };
        assert_eq!(refused(name, late), refusal, "{name}");
        assert_eq!(bench.engine.view(&browser, view.id).await.expect(name).status, status, "{name}");
    }
}

pub(super) async fn an_approval_serves_for_one_request(case: &Case) {
    let name = "an approval serves for one request";
    let bench = case.bench().await;
    let browser = bench.browser();
    let (first, second) = (bench.open(&browser).await, bench.open(&browser).await);
    let view = bench.begin(&browser, first).await;
    let phone = bench.phone.as_ref().expect("a phone");
    let asked = phone.waiting(&bench.engine, &view).await.expect(name);
    bench.engine.cancel(&browser, first).await.expect(name);
    let view = bench.begin(&browser, second).await;
    let mut swapped = phone.waiting(&bench.engine, &view).await.expect(name);
    swapped.0 = asked.0;
    let answer = phone.decide_with(&bench.engine, &swapped, Verdict::Approve, view.number()).await;
    assert_eq!(refused(name, answer), Refusal::OutOfStep, "{name}");
}
