//! F5: who is signed in? Whoever registered the key, whatever else a message or a request says.

use idp_core::engine::Status;
use idp_protocol::{
    DeviceError, ErrorCode, Octets,
    crypto::Algorithm,
    encoding::to_base64url,
    jws::Naming,
    link::{Link, Target},
    message::{Message as _, Posted, QrClaim, QrDecision, Reference, Verdict},
};
use serde_json::{Value, json};
use symbolon_authenticator::{Signer, Ticket};
use symbolon_tests::{Browser, Phone, World, phone::PIN};

/// Alice's phone, Bob's account, and a QR code at a browser.
struct Scene {
    world: World,
    phone: Phone,
    bob: Octets<16>,
    browser: Browser,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let phone = Phone::enrolled(&world, "alice").await;
        let bob = world.user("bob").await.id.octets();
        let browser = Browser::new(&world);
        Self { world, phone, bob, browser }
    }

    /// Sends a message as it is.
    async fn post(&self, path: &str, message: String) -> Option<ErrorCode> {
        let body = serde_json::to_vec(&Posted { message, mac: None, pin_proof: None }).unwrap();
        let answer = self.phone.app.post_raw(&self.phone.account().issuer, path, body).await.unwrap();
        (answer.status >= 400).then(|| serde_json::from_slice::<DeviceError>(&answer.body).unwrap().error)
    }

    fn signer(&self) -> Signer {
        Signer::of(self.phone.app.crypto(), &self.phone.account()).unwrap()
    }

    /// The honest claim of a QR code, as JSON that can be spoiled.
    fn claim(&self, qr: &str) -> Value {
        let Target::Scan(ticket) = Link::parse(qr).unwrap().target else { panic!("no ticket") };
        let account = self.phone.account();
        let claim = QrClaim { reference: Reference::Scan { ticket }, account: account.id };
        serde_json::to_value(self.signer().claims(self.phone.app.now(&account.issuer), claim)).unwrap()
    }

    /// Signs with another head than the codec makes.
    fn sign_with(&self, head: &Value, claims: &Value) -> String {
        let part = |value: &Value| to_base64url(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(head), part(claims));
        let keys = self.phone.account().keys;
        let key = self.phone.app.crypto().signatures.load(Algorithm::Es256, &keys.signature).unwrap();
        format!("{signed}.{}", to_base64url(&key.sign(signed.as_bytes()).unwrap()))
    }
}

#[tokio::test]
async fn f5_no_member_of_a_message_names_another_account() {
    let scene = Scene::new().await;
    let (ceremony, qr) = scene.browser.qr(scene.browser.open().await).await;
    let honest = scene.claim(&qr);
    let bob = json!(scene.bob);
    let members = [
        ("/msg/account", ErrorCode::WrongAccount),
        ("/msg/acct", ErrorCode::Malformed),
        ("/msg/sub", ErrorCode::Malformed),
        ("/acct", ErrorCode::Malformed),
        ("/sub", ErrorCode::Malformed),
        ("/account", ErrorCode::Malformed),
    ];
    for (member, expected) in members {
        let mut claims = honest.clone();
        let (parent, name) = member.rsplit_once('/').unwrap();
        claims.pointer_mut(parent).unwrap()[name] = bob.clone();
        // Each with a number of its own: none is refused for being a replay.
        claims["jti"] = json!(Octets(scene.world.engine.crypto().random::<16>()));
        let message = scene.signer().sign_as(QrClaim::TYP, Naming::Kid, &claims).unwrap();
        assert_eq!(scene.post(QrClaim::PATH, message).await, Some(expected), "{member}");
        assert_eq!(scene.browser.status(ceremony).await, Status::Offered, "{member}: the state stays");
    }
    assert!(scene.world.audit().await.contains(&"device.wrong_account".to_owned()));
    let message = scene.signer().sign_as(QrClaim::TYP, Naming::Kid, &honest).unwrap();
    assert_eq!(scene.post(QrClaim::PATH, message).await, None, "the honest one counts");
}

#[tokio::test]
async fn f5_no_header_of_a_message_names_another_account_or_key() {
    let scene = Scene::new().await;
    let mallory = Phone::enrolled(&scene.world, "mallory").await;
    let (ceremony, qr) = scene.browser.qr(scene.browser.open().await).await;
    let claims = scene.claim(&qr);
    let kid = Octets(scene.signer().thumbprint()).to_string();
    let hers = Signer::of(mallory.app.crypto(), &mallory.account()).unwrap();
    let head = |more: Value| {
        let mut head = json!({ "alg": "ES256", "typ": QrClaim::TYP, "kid": kid });
        head.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        head
    };
    for more in [
        json!({ "sub": scene.bob }),
        json!({ "acct": scene.bob }),
        json!({ "kid": Octets(hers.thumbprint()).to_string() }),
        json!({ "kid": Octets([7_u8; 32]).to_string() }),
    ] {
        let message = scene.sign_with(&head(more.clone()), &claims);
        let answer = scene.post(QrClaim::PATH, message).await;
        assert!(matches!(answer, Some(ErrorCode::Unauthentic | ErrorCode::Malformed)), "{more}: {answer:?}");
        assert_eq!(scene.browser.status(ceremony).await, Status::Offered, "{more}");
    }
    let message = scene.sign_with(&head(json!({})), &claims);
    assert_eq!(scene.post(QrClaim::PATH, message).await, None, "the honest one counts");
}

#[tokio::test]
async fn f5_a_decision_names_no_other_account() {
    let scene = Scene::new().await;
    let (ceremony, qr) = scene.browser.qr(scene.browser.open().await).await;
    let ticket = Ticket::from_scan(&qr).unwrap();
    let claimed = scene.phone.app.claim(&scene.phone.account(), &ticket).await.unwrap();
    let mut decision = scene.phone.decision(&claimed, Verdict::Approve);
    decision.account = scene.bob;
    let answer = scene.phone.forge(QrDecision(decision), Some(PIN)).await;
    assert_eq!(answer, Some(ErrorCode::WrongAccount));
    assert_eq!(scene.browser.status(ceremony).await, Status::Claimed, "the state stays");
}
