//! Does it matter where the phone is? In a known browser a tap is enough only for a phone in the browser's network.

use std::net::IpAddr;

use idp_core::{Refusal, engine::Status};
use idp_protocol::{
    context::{Confirm, Context, Risk},
    message::Verdict,
};
use symbolon_authenticator::{Answer, Ticket};
use symbolon_tests::{
    Browser, Phone, World,
    browser::refusal,
    phone::{PIN, code_of},
};

/// What a phone at one address is asked about a browser at another one that knows its user.
async fn asked(browser_at: IpAddr, phone_at: IpAddr) -> Context {
    let world = World::new().await;
    let (phone, mut browser) = known(&world, browser_at, phone_at).await;
    let sign_in = browser.open().await;
    let (ceremony, qr) = browser.qr(sign_in).await;
    let claimed = phone.app.claim(&phone.account(), &Ticket::from_scan(&qr).unwrap()).await.unwrap();
    let decided = phone.app.decide(&claimed, &Answer::new(Verdict::Approve).pin(PIN)).await.unwrap();
    match claimed.context().confirm {
        Confirm::Tap => browser.claim(sign_in, ceremony).await.unwrap(),
        _ => {
            assert_eq!(browser.status(ceremony).await, Status::CodeNeeded);
            let early = refusal(browser.claim(sign_in, ceremony).await);
            assert_eq!(early, Refusal::OutOfStep, "the approval alone is not enough");
            browser.type_code(sign_in, ceremony, &code_of(&decided)).await.unwrap()
        }
    };
    claimed.context().clone()
}

/// A phone of Alice's, and a browser in which she has typed its digits once.
async fn known(world: &World, browser_at: IpAddr, phone_at: IpAddr) -> (Phone, Browser) {
    world.user("alice").await;
    let mut browser = Browser::new(world);
    browser.address = browser_at;
    browser.sign_in("alice").await;
    let phone = Phone::at(world, "phone", phone_at);
    phone.enrol(&browser).await;
    browser.qr_sign_in(&phone).await;
    (phone, browser)
}

#[tokio::test]
async fn a_known_browser_on_another_network_than_the_phone_owes_the_digits() {
    let cases = [
        ("192.0.2.7", "192.0.2.7", Confirm::Tap),
        ("::ffff:192.0.2.7", "192.0.2.7", Confirm::Tap),
        ("2001:db8:0:1::7", "2001:db8:0:1:ffff::9", Confirm::Tap),
        ("192.0.2.7", "192.0.2.8", Confirm::CodeToBrowser),
        ("2001:db8:0:1::7", "2001:db8:0:2::7", Confirm::CodeToBrowser),
        ("192.0.2.7", "2001:db8:0:1::7", Confirm::CodeToBrowser),
    ];
    for (browser, phone, confirm) in cases {
        let context = asked(browser.parse().unwrap(), phone.parse().unwrap()).await;
        assert_eq!(context.confirm, confirm, "browser at {browser}, phone at {phone}");
        let warned = context.risks.contains(&Risk::OtherNetwork);
        assert_eq!(warned, confirm == Confirm::CodeToBrowser, "browser at {browser}, phone at {phone}");
        assert!(!context.risks.contains(&Risk::UnknownBrowser), "{browser}: the browser is known");
    }
}
