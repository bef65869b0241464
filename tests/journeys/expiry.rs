//! What ran out before somebody finished it: who is told, how often, and what is left of it.

use idp_core::{
    Id, Refusal, device::DeviceState, engine::Status, methods::activation::Old, notify::Notice, users::User,
};
use symbolon_tests::{
    Browser, Phone, World,
    browser::{number_of, qr_of, refusal},
};

async fn told(world: &World, user: Id<User>) -> Vec<Notice> {
    let rows = world.store.notices(user, 50).await.unwrap();
    let ran_out =
        |notice: &Notice| matches!(notice, Notice::InvitationExpired | Notice::EnrolmentExpired { .. });
    rows.into_iter().map(|row| row.notice).filter(ran_out).collect()
}

async fn recorded(world: &World) -> usize {
    world.audit().await.iter().filter(|event| event.contains("provisioning.expired")).count()
}

/// Every node of a house looks, several times.
async fn all_look(worlds: &[World]) {
    let looks = (0..8).flat_map(|_| worlds).map(|world| {
        let engine = world.engine.clone();
        tokio::spawn(async move { engine.tell_of_what_ran_out().await })
    });
    for look in looks.collect::<Vec<_>>() {
        look.await.unwrap().unwrap();
    }
}

/// Two nodes of one house, with a clock each: on a file, and on PostgreSQL.
async fn houses() -> [[World; 2]; 2] {
    let (one, other) = World::two_processes().await;
    let (first, _) = World::two_nodes().await;
    let second = first.restarted(&[1]).await;
    [[one, other], [first, second]]
}

fn wait(worlds: &[World], seconds: i64) {
    worlds.iter().for_each(|world| world.clock.advance(seconds));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_that_ran_out_is_told_once_by_all_nodes_together() {
    for nodes in houses().await {
        let world = &nodes[0];
        let user = world.user("alice").await;
        world.engine.invite(user.id, Old::Stay).await.unwrap();
        wait(&nodes, 86_399);
        all_look(&nodes).await;
        assert_eq!((told(world, user.id).await, recorded(world).await), (vec![], 0), "it still holds");
        wait(&nodes, 1);
        all_look(&nodes).await;
        all_look(&nodes).await;
        assert_eq!((told(world, user.id).await, recorded(world).await), (vec![Notice::InvitationExpired], 1));
        world.engine.invite(user.id, Old::Stay).await.expect("another one");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enrolment_that_ran_out_is_told_once_by_all_nodes_and_leaves_no_device() {
    for nodes in houses().await {
        let world = &nodes[0];
        let user = world.user("alice").await;
        let mut browser = Browser::new(world);
        browser.sign_in("alice").await;
        let view = browser.add_device().await.unwrap();
        let phone = Phone::new(world, "phone");
        let code = phone.register(&qr_of(&view)).await.unwrap();
        all_look(&nodes).await;
        assert_eq!(told(world, user.id).await, []);
        wait(&nodes, 301);
        all_look(&nodes).await;
        all_look(&nodes).await;
        let expired = Notice::EnrolmentExpired { kind: "device".to_owned() };
        assert_eq!((told(world, user.id).await, recorded(world).await), (vec![expired], 1));
        assert_eq!(browser.wizard(view.id).await.status, Status::Expired);
        assert_eq!(
            refusal(browser.confirm(view.id, &code).await),
            Refusal::Expired,
            "as before it was told of"
        );
        let devices = world.store.devices(user.id).await.unwrap();
        assert_eq!(devices.iter().map(|device| device.state).collect::<Vec<_>>(), [DeviceState::Revoked]);
    }
}

#[tokio::test]
async fn what_was_finished_or_cancelled_is_not_told_as_run_out() {
    let world = World::new().await;
    let user = world.user("alice").await;
    world.engine.invite(user.id, Old::Stay).await.unwrap();
    world.engine.invite(user.id, Old::Stay).await.unwrap();
    let bob = world.user("bob").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("bob").await;
    let cancelled = browser.add_device().await.unwrap();
    let secret = browser.session.as_ref().unwrap().0.clone();
    world.engine.cancel_enrolment(&secret, cancelled.id).await.unwrap();
    let view = browser.add_device().await.unwrap();
    let phone = Phone::new(&world, "phone");
    let code = phone.register(&qr_of(&view)).await.unwrap();
    browser.confirm(view.id, &code).await.unwrap();
    phone.approve_pending(&number_of(&browser.wizard(view.id).await)).await.unwrap();
    world.clock.advance(86_400);
    world.engine.tell_of_what_ran_out().await.unwrap();
    assert_eq!(told(&world, bob.id).await, []);
    assert_eq!(told(&world, user.id).await, [Notice::InvitationExpired], "the one that had not ended before");
    Browser::new(&world).qr_sign_in(&phone).await;
}
