//! Enrolling by hand: address, serial and activation code.

use idp_core::{
    ceremony::Reason,
    engine::{CeremonyView, Status},
    settings::{EnrolWay, Settings},
};
use idp_protocol::{
    ErrorCode, Octets, Prompt,
    link::{Link, Origin, Target},
    message::{Hello, Message as _, Named, Posted},
    prompt::TypedFields,
    typed::TypedOffer,
};
use symbolon_authenticator::{Details, Error, Keys, Signer};
use symbolon_tests::{
    Browser, Phone, World,
    browser::{number_of, qr_of},
    phone::PIN,
    world::ISSUER,
};

fn typed_of(view: &CeremonyView) -> TypedFields {
    match &view.prompt {
        Some(Prompt::OfferEnrolment { typed: Some(typed), .. }) => typed.clone(),
        other => panic!("nothing to type: {other:?}"),
    }
}

async fn offered(world: &World) -> (Browser, CeremonyView) {
    world.user("alice").await;
    let mut browser = Browser::new(world);
    browser.sign_in("alice").await;
    let view = browser.add_device().await.expect("an enrolment");
    (browser, view)
}

async fn by_hand(phone: &Phone, fields: &TypedFields) -> Result<String, Error> {
    let TypedFields { address, serial, code, .. } = fields;
    let typed = TypedOffer::from_fields(phone.app.crypto(), address, serial, code)?;
    let mut offered = phone.app.enrol_typed(&typed).await?;
    assert_eq!(offered.fingerprint(), fields.fingerprint, "for comparison by eye");
    let details = Details::new("Phone".parse().expect("a name"), "Test".parse().expect("a platform"));
    Ok(offered.register(&details.pin(PIN)).await?.code)
}

#[tokio::test]
async fn a_person_without_a_camera_types_address_serial_and_code() {
    let world = World::new().await;
    let (browser, view) = offered(&world).await;
    let phone = Phone::new(&world, "phone");
    let code = by_hand(&phone, &typed_of(&view)).await.expect("registered");
    browser.confirm(view.id, &code).await.expect("confirmed");
    phone.approve_pending(&number_of(&browser.wizard(view.id).await)).await.expect("active");
    assert_eq!(browser.wizard(view.id).await.status, Status::Done);
    let mut other = Browser::new(&world);
    other.qr_sign_in(&phone).await;
}

#[tokio::test]
async fn the_text_for_the_clipboard_registers_a_device() {
    let world = World::new().await;
    let (browser, view) = offered(&world).await;
    let phone = Phone::new(&world, "phone");
    let code = phone.register(&typed_of(&view).text).await.expect("registered");
    browser.confirm(view.id, &code).await.expect("confirmed");
}

#[tokio::test]
async fn a_device_may_type_after_another_device_approved_that_it_is_added() {
    let world = World::new().await;
    let first = Phone::enrolled(&world, "alice").await;
    let mut browser = Browser::new(&world);
    browser.qr_sign_in(&first).await;
    let view = browser.add_device().await.expect("an enrolment");
    first.approve_pending(&number_of(&view)).await.expect("approved");
    let second = Phone::new(&world, "second");
    by_hand(&second, &typed_of(&browser.wizard(view.id).await)).await.expect("registered");
}

#[tokio::test]
async fn two_phones_with_one_code_one_by_camera_and_one_by_hand_end_the_enrolment() {
    let world = World::new().await;
    let (browser, view) = offered(&world).await;
    Phone::new(&world, "thief").register(&qr_of(&view)).await.expect("registered");
    let error = by_hand(&Phone::new(&world, "honest"), &typed_of(&view)).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::Burned));
    let ended = browser.wizard(view.id).await;
    assert_eq!((ended.status, ended.reason), (Status::Burned, Some(Reason::SecondRegistration)));
}

/// What a stranger gets who says hello with a serial and guesses the rest.
async fn probe(world: &World, serial: &str) -> (u16, String) {
    let phone = Phone::new(world, "stranger");
    let crypto = phone.app.crypto();
    let issuer = Origin::parse(ISSUER).expect("an origin");
    let signer =
        Signer::new(crypto, issuer.clone(), &Keys::generate(crypto).unwrap(), Octets([0; 16])).unwrap();
    let hello = Hello {
        enrolment: Named::Serial(serial.parse().unwrap()),
        nonce: Octets([1; 16]),
        mac: Octets([2; 32]),
    };
    let message = signer.sign(&signer.claims(phone.app.now(&issuer), hello)).unwrap();
    let body = serde_json::to_vec(&Posted { message, mac: None, pin_proof: None }).unwrap();
    let answer = phone.app.post_raw(&issuer, Hello::PATH, body).await.unwrap();
    (answer.status, String::from_utf8(answer.body).unwrap())
}

#[tokio::test]
async fn serial_enumeration_tells_nothing_and_ends_nothing() {
    let world = World::new().await;
    let (browser, view) = offered(&world).await;
    let serial = typed_of(&view).serial;
    let nobody = if serial == "BCDF-GHJK" { "BCDF-GHJL" } else { "BCDF-GHJK" };
    assert_eq!(probe(&world, &serial).await, probe(&world, nobody).await);
    assert_eq!(browser.wizard(view.id).await.status, Status::Offered);
}

#[tokio::test]
async fn a_registered_device_cannot_claim_an_enrolment_by_its_serial() {
    let world = World::new().await;
    let attacker = Phone::enrolled(&world, "mallory").await;
    let (browser, view) = offered(&world).await;
    let error = attacker.app.claim_code(&attacker.account(), &typed_of(&view).serial).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::NotFound));
    let phone = Phone::new(&world, "phone");
    let code = by_hand(&phone, &typed_of(&view)).await.expect("it is open still");
    browser.confirm(view.id, &code).await.expect("confirmed");
}

#[tokio::test]
async fn a_typed_code_ends_with_its_enrolment() {
    let world = World::new().await;
    let (_browser, view) = offered(&world).await;
    world.clock.advance(601);
    let error = by_hand(&Phone::new(&world, "phone"), &typed_of(&view)).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::NotFound), "it is not even said that there was one");
}

async fn with_ways(ways: &[EnrolWay]) -> (World, Browser) {
    let mut settings = Settings::default();
    settings.enrol_transports = ways.to_vec();
    let world = World::with(settings).await;
    world.user("alice").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("alice").await;
    (world, browser)
}

#[tokio::test]
async fn a_way_that_the_policy_does_not_have_is_neither_shown_nor_taken() {
    let (world, browser) = with_ways(&[EnrolWay::Link]).await;
    let view = browser.add_device().await.unwrap();
    let Some(Prompt::OfferEnrolment { payload: None, link: Some(link), typed: None }) = &view.prompt else {
        panic!("{view:?}")
    };
    // What the code on the screen would say: the same, but for the byte that says so.
    let Link { origin, target: Target::Enrol(mut payload) } = Link::parse(link).unwrap() else {
        panic!("{link}")
    };
    payload.flags = 0;
    let qr = Link { origin, target: Target::Enrol(payload) }.to_qr();
    let error = Phone::new(&world, "scans").register(&qr).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::NotFound));
    Phone::new(&world, "opens").register(link).await.expect("by the link");
}

#[test]
fn a_policy_without_any_way_for_a_device_is_refused() {
    for ways in [&[][..], &[EnrolWay::Offline]] {
        let mut settings = Settings::default();
        settings.enrol_transports = ways.to_vec();
        assert_eq!(settings.check(&[]).unwrap_err().key, "enrol_transports", "{ways:?}");
        settings.enrol_transports.push(EnrolWay::Link);
        assert_eq!(settings.check(&[]), Ok(()));
    }
}
