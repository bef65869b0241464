//! How far does a sign-in reach, and does the device say so?

use idp_protocol::{
    context::{Opens, Purpose},
    message::Verdict,
};
use symbolon_authenticator::{Answer, Ticket};
use symbolon_tests::{
    Browser, Phone, World,
    phone::{PIN, code_of},
};

/// Signs in with a phone for the shop; what the phone was told, and for which application the session is.
async fn sign_in(world: &World, phone: &Phone, opens: Opens) -> (Opens, Option<String>) {
    let mut browser = Browser::new(world);
    browser.opens = opens;
    let id = browser.open().await;
    let (ceremony, qr) = browser.qr(id).await;
    let ticket = Ticket::from_scan(&qr).unwrap();
    let claimed = phone.app.claim(&phone.account(), &ticket).await.unwrap();
    let Purpose::SignIn { opens: told, .. } = claimed.context().purpose else { panic!("{claimed:?}") };
    let decided = phone.app.decide(&claimed, &Answer::new(Verdict::Approve).pin(PIN)).await.unwrap();
    let opened = browser.type_code(id, ceremony, &code_of(&decided)).await.unwrap();
    (told, opened.session.facts.only_client)
}

#[tokio::test]
async fn the_device_is_told_what_the_session_will_open() {
    let world = World::new().await;
    let phone = Phone::enrolled(&world, "alice").await;
    let only = sign_in(&world, &phone, Opens::ThisApplication).await;
    assert_eq!(only, (Opens::ThisApplication, Some("shop".to_owned())));
    assert_eq!(sign_in(&world, &phone, Opens::AllApplications).await, (Opens::AllApplications, None));
}
