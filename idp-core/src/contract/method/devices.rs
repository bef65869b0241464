//! What holds for methods in which a device approves.

use idp_protocol::message::Verdict;

use super::{
    Case,
    bench::{OTHER, refused},
};
use crate::{
    Refusal,
    ceremony::Reason,
    device::{DeviceState, DeviceWrite},
    engine::Status,
    store::Batch,
};

pub(super) async fn a_second_device_ends_it_for_both(case: &Case) {
    let name = "a second device ends it for both";
    let bench = case.bench().await;
    let browser = bench.browser();
    let id = bench.open(&browser).await;
    let view = bench.begin(&browser, id).await;
    let phone = bench.phone.as_ref().expect("a phone");
    let thief = bench.new_phone(&bench.user(OTHER).await).await;
    let claimed = phone.claim(&bench.engine, &view).await.expect(name);
    let burned = Refusal::Burned(Reason::SecondClaimant);
    assert_eq!(refused(name, thief.claim(&bench.engine, &view).await), burned, "{name}");
    let decided = phone.decide(&bench.engine, &claimed, Verdict::Approve).await;
    assert_eq!(refused(name, decided), burned, "{name}");
    let ended = bench.engine.view(&browser, view.id).await.expect(name);
    assert_eq!(ended.status, Status::Burned, "{name}");
}

pub(super) async fn a_device_signs_in_to_its_own_account_only(case: &Case) {
    let name = "a device signs in to its own account only";
    let bench = case.bench().await;
    let browser = bench.browser();
    let id = bench.open(&browser).await;
    let view = bench.begin(&browser, id).await;
    let other = bench.user(OTHER).await;
    let phone = bench.phone.as_ref().expect("a phone");
    let claim = phone.claim_as(&bench.engine, &view, other.id.octets()).await;
    assert_eq!(refused(name, claim), Refusal::WrongAccount, "{name}");
    let untouched = bench.engine.view(&browser, view.id).await.expect(name);
    assert_eq!(untouched.status, Status::Offered, "{name}: the state stays");
}

pub(super) async fn an_approval_serves_for_one_sign_in(case: &Case) {
    let name = "an approval serves for one sign-in";
    let bench = case.bench().await;
    let (first, second) = (bench.browser(), bench.browser());
    let (a, b) = (bench.open(&first).await, bench.open(&second).await);
    let (view_a, view_b) = (bench.begin(&first, a).await, bench.begin(&second, b).await);
    let phone = bench.phone.as_ref().expect("a phone");
    let claimed = phone.claim(&bench.engine, &view_a).await.expect(name);
    let mut swapped = phone.claim(&bench.engine, &view_b).await.expect(name);
    swapped.0 = claimed.0;
    let answer = phone.decide(&bench.engine, &swapped, Verdict::Approve).await;
    assert_eq!(refused(name, answer), Refusal::OutOfStep, "{name}");
}

pub(super) async fn a_revoked_device_finishes_nothing(case: &Case) {
    let name = "a revoked device finishes nothing";
    let bench = case.bench().await;
    let browser = bench.browser();
    let id = bench.open(&browser).await;
    bench.play(&browser, id).await.expect(name);
    let phone = bench.phone.as_ref().expect("a phone");
    let row = bench.engine.store().device(phone.id).await.expect("a store").expect("a device");
    let row = row.moved(DeviceState::Revoked, bench.engine.now()).expect("revoked");
    let _ = bench.engine.store().commit(Batch::new().with(DeviceWrite::Update(row))).await.expect("a store");
    assert_eq!(refused(name, bench.finish(&browser, id).await), Refusal::DeviceNotActive, "{name}");
}
