//! Signed messages: algorithm confusion, cross-protocol replay, replay, clocks.

use idp_protocol::{
    DeviceError, ErrorCode, Octets,
    encoding::to_base64url,
    jws::Naming,
    message::{
        AddDecision, CibaDecision, Claims, EnrolDecision, GrantDecision, Hello, Message as _, Pending,
        Posted, PushDecision, QrClaim, QrDecision, Reference, Register, Update,
    },
};
use serde_json::{Value, json};
use symbolon_authenticator::Signer;
use symbolon_tests::{Browser, Phone, World, browser::qr_of};

type Spoil = fn(&mut Claims<Update>);

async fn world_with_phone() -> (World, Phone) {
    let world = World::new().await;
    world.user("alice").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("alice").await;
    let phone = Phone::new(&world, "phone");
    phone.enrol(&browser).await;
    (world, phone)
}

async fn post(phone: &Phone, path: &str, message: String) -> Option<ErrorCode> {
    let body = serde_json::to_vec(&Posted { message, mac: None, pin_proof: None }).unwrap();
    let answer = phone.app.post_raw(&phone.account().issuer, path, body).await.unwrap();
    (answer.status >= 400).then(|| serde_json::from_slice::<DeviceError>(&answer.body).unwrap().error)
}

#[tokio::test]
async fn cross_protocol_replay_passes_on_the_diagonal_only() {
    let (_, phone) = world_with_phone().await;
    let account = phone.account();
    let signer = Signer::of(phone.app.crypto(), &account).unwrap();
    let rename = Update::Rename { name: "Mine".parse().unwrap() };
    let types = [
        Hello::TYP,
        Register::TYP,
        EnrolDecision::TYP,
        AddDecision::TYP,
        QrClaim::TYP,
        QrDecision::TYP,
        GrantDecision::TYP,
        PushDecision::TYP,
        CibaDecision::TYP,
        Pending::TYP,
        Update::TYP,
        "context",
        "decided",
        "key-list",
        "JWT",
        "dpop+jwt",
        "",
    ];
    let paths = [
        Hello::PATH,
        Register::PATH,
        EnrolDecision::PATH,
        AddDecision::PATH,
        QrClaim::PATH,
        QrDecision::PATH,
        GrantDecision::PATH,
        PushDecision::PATH,
        CibaDecision::PATH,
        Update::PATH,
    ];
    for typ in types {
        for path in paths {
            let mut claims = signer.claims(phone.app.now(&account.issuer), rename.clone());
            claims.htu = format!("{}{path}", account.issuer);
            let message = signer.sign_as(typ, Naming::Kid, &claims).unwrap();
            let passes = typ == Update::TYP && path == Update::PATH;
            assert_eq!(post(&phone, path, message).await.is_none(), passes, "{typ} at {path}");
        }
    }
}

#[tokio::test]
async fn algorithm_confusion_is_refused() {
    let (_, phone) = world_with_phone().await;
    let account = phone.account();
    let signer = Signer::of(phone.app.crypto(), &account).unwrap();
    let claims = signer.claims(phone.app.now(&account.issuer), Update::Revoke);
    let payload = to_base64url(&serde_json::to_vec(&claims).unwrap());
    let kid = Octets(signer.thumbprint()).to_string();
    let typ = Update::TYP;
    let headers = [
        json!({ "alg": "none", "typ": typ, "kid": kid }),
        json!({ "alg": "HS256", "typ": typ, "kid": kid }),
        json!({ "alg": "RS256", "typ": typ, "kid": kid }),
        json!({ "alg": "ES384", "typ": typ, "kid": kid }),
        json!({ "alg": "ES256", "typ": typ, "kid": kid, "crit": ["b64"] }),
        json!({ "alg": "ES256", "typ": typ, "kid": kid, "b64": false }),
        json!({ "alg": "ES256", "typ": typ, "jwk": signer.public() }),
        json!({ "alg": "ES256", "typ": typ, "kid": kid, "jwk": signer.public() }),
        json!({ "alg": "ES256", "typ": typ }),
    ];
    for header in headers {
        let signed = format!("{}.{payload}", to_base64url(header.to_string().as_bytes()));
        let key = phone
            .app
            .crypto()
            .signatures
            .load(idp_protocol::crypto::Algorithm::Es256, &account.keys.signature);
        let signature = to_base64url(&key.unwrap().sign(signed.as_bytes()).unwrap());
        for message in [format!("{signed}.{signature}"), format!("{signed}.")] {
            assert!(post(&phone, Update::PATH, message).await.is_some(), "{header}");
        }
    }
}

#[tokio::test]
async fn a_message_for_another_target_or_time_is_refused() {
    let (_, phone) = world_with_phone().await;
    let account = phone.account();
    let signer = Signer::of(phone.app.crypto(), &account).unwrap();
    let now = phone.app.now(&account.issuer);
    let spoil: [(Spoil, ErrorCode); 8] = [
        (|claims| claims.aud = "https://evil.example".to_owned(), ErrorCode::Unauthentic),
        (|claims| claims.htm = "PUT".to_owned(), ErrorCode::Unauthentic),
        (|claims| claims.htu.push_str("?x=1"), ErrorCode::Unauthentic),
        (|claims| claims.htu = claims.htu.replace("https", "http"), ErrorCode::Unauthentic),
        (|claims| claims.exp += 1, ErrorCode::Unauthentic),
        (|claims| (claims.iat, claims.exp) = (claims.iat + 61, claims.exp + 61), ErrorCode::Clock),
        (|claims| (claims.iat, claims.exp) = (claims.iat - 120, claims.exp - 120), ErrorCode::Clock),
        (|claims| claims.exp = claims.iat, ErrorCode::Unauthentic),
    ];
    for (number, (spoil, expected)) in spoil.into_iter().enumerate() {
        let mut claims = signer.claims(now, Update::Revoke);
        spoil(&mut claims);
        let message = signer.sign(&claims).unwrap();
        assert_eq!(post(&phone, Update::PATH, message).await, Some(expected), "case {number}");
    }
}

#[tokio::test]
async fn jws_replay_at_the_edge_of_its_life_is_refused() {
    let (world, phone) = world_with_phone().await;
    let account = phone.account();
    let signer = Signer::of(phone.app.crypto(), &account).unwrap();
    let claims = signer.claims(phone.app.now(&account.issuer), Pending {});
    let message = signer.sign(&claims).unwrap();
    let fetch = async |message: String| {
        let posted = Posted { message, mac: None, pin_proof: None };
        let address = symbolon_tests::world::HOME;
        let request = idp_core::engine::DeviceRequest { method: "GET", path: Pending::PATH, posted, address };
        world.engine.answer_device(&request).await
    };
    fetch(message.clone()).await.expect("the first one counts");
    for _ in 0..3 {
        assert!(fetch(message.clone()).await.is_err(), "the same jti again");
        let resigned = signer.sign(&claims).unwrap();
        assert!(fetch(resigned).await.is_err(), "nor with another signature");
        world.clock.advance(55);
    }
}

#[tokio::test]
async fn enrolment_moved_to_another_account_is_refused() {
    let world = World::new().await;
    world.user("alice").await;
    world.user("mallory").await;
    let (mut hers, mut his) = (Browser::new(&world), Browser::new(&world));
    hers.sign_in("alice").await;
    his.sign_in("mallory").await;
    let (hers, his) = (hers.add_device().await.unwrap(), his.add_device().await.unwrap());
    let his_link = idp_protocol::link::Link::parse(&qr_of(&his)).unwrap();
    let hers_link = idp_protocol::link::Link::parse(&qr_of(&hers)).unwrap();
    let (idp_protocol::link::Target::Enrol(his), idp_protocol::link::Target::Enrol(mut mixed)) =
        (his_link.target, hers_link.target.clone())
    else {
        panic!("enrolment links")
    };
    mixed.enrolment = his.enrolment;
    let relayed = idp_protocol::link::Link {
        origin: hers_link.origin,
        target: idp_protocol::link::Target::Enrol(mixed),
    };
    let error = Phone::new(&world, "victim").register(&relayed.to_qr()).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::NotFound));
}

#[tokio::test]
async fn unknown_fields_in_answers_are_refused() {
    let (_, phone) = world_with_phone().await;
    let account = phone.account();
    let signer = Signer::of(phone.app.crypto(), &account).unwrap();
    let claim = QrClaim { reference: Reference::Scan { ticket: vec![1; 51] }, account: account.id };
    let claims = signer.claims(phone.app.now(&account.issuer), claim);
    let mut value: Value = serde_json::to_value(&claims).unwrap();
    value["msg"]["uv"] = json!("platform");
    let message = signer.sign_as(QrClaim::TYP, Naming::Kid, &value).unwrap();
    assert_eq!(post(&phone, QrClaim::PATH, message).await, Some(ErrorCode::Malformed));
}
