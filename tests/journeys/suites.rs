//! Do our enrolments withstand what every enrolment must withstand?

use std::sync::{Arc, atomic::AtomicU32};

use data_encoding::BASE64URL_NOPAD;
use idp_core::{
    clock::Clock as _,
    contract::{
        enrolment::{Case, Player, Round, all},
        method::{self, Moment},
    },
    methods::{
        after_approval::AfterApproval,
        otp::{AuthenticatorApp, HashFunction, Key, MovingFactor, OfflineCodes},
        registration::DeviceRegistration,
    },
    store::BoxFuture,
};
use idp_protocol::Prompt;
use serde_json::{Value, json};
use symbolon_aws_lc::{SeededRandom, with_random};
use symbolon_tests::{Browser, Passkey, Phone, World, world};
use symbolon_webauthn::{Attestation, PasskeyRegistration, PasskeySignIn, RelyingParty};

/// Somebody with one phone, which shows a code after it has registered.
#[derive(Default)]
struct Alice {
    phone: Option<Phone>,
    code: String,
}

impl Alice {
    async fn does(&mut self, round: Round<'_>) -> Option<Value> {
        match (round.prompt, &self.phone) {
            (Prompt::OfferEnrolment { payload: Some(payload), .. }, _) => {
                let phone = Phone::new(&world_of(&round), &world::fresh_name());
                self.code = phone.register(payload).await.expect("registered");
                self.phone = Some(phone);
                None
            }
            (Prompt::AskDeviceCode { .. }, _) => Some(json!({ "code": self.code })),
            (Prompt::ShowNumber { number, .. }, Some(phone)) => {
                phone.approve_pending(number).await.expect("approved");
                None
            }
            other => panic!("{:?}", other.0),
        }
    }
}

impl Player for Alice {
    fn answer<'a>(&'a mut self, round: Round<'a>) -> BoxFuture<'a, Option<Value>> {
        Box::pin(self.does(round))
    }
}

/// The world that phones know, around the engine of the suite.
fn world_of(round: &Round<'_>) -> World {
    World {
        engine: Arc::clone(round.engine),
        store: round.engine.store().clone(),
        clock: Arc::clone(round.clock),
        compared: Arc::new(AtomicU32::new(0)),
        busy: Arc::default(),
        woken: Default::default(),
    }
}

#[tokio::test]
async fn the_registration_of_a_device_passes_the_contract_of_enrolments() {
    let crypto = with_random(Arc::new(SeededRandom::new(b"enrolments")));
    all(&Case::new(AfterApproval(DeviceRegistration), crypto, || Box::new(Alice::default()))).await;
}

/// Somebody with an app that reads what every such app reads.
struct WithApp;

impl Player for WithApp {
    fn answer<'a>(&'a mut self, round: Round<'a>) -> BoxFuture<'a, Option<Value>> {
        Box::pin(async move {
            let Prompt::ShowSecret { secret, .. } = round.prompt else { panic!("{:?}", round.prompt) };
            let secret = data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).expect("base32");
            let key = Key::new(secret, HashFunction::Sha1, 6, MovingFactor::Time(30)).expect("a key");
            let code = key.code(key.step_at(round.clock.now()).expect("a step")).expect("a code");
            Some(json!({ "code": code }))
        })
    }
}

/// Somebody with a phone that has no network.
struct WithoutNetwork {
    phone: Option<Phone>,
}

impl Player for WithoutNetwork {
    fn answer<'a>(&'a mut self, round: Round<'a>) -> BoxFuture<'a, Option<Value>> {
        Box::pin(async move {
            let code = match (round.prompt, &self.phone) {
                // The page is looked at again and again: she scans it once.
                (Prompt::OfferCodes { payload, .. }, _) => {
                    let phone = Phone::new(&world_of(&round), &world::fresh_name());
                    let shown = phone.app.enrol_offline(payload).expect("digits");
                    self.phone = Some(phone);
                    shown.code
                }
                (Prompt::AskCode { .. }, Some(phone)) => {
                    let account = phone.app.offline_accounts().expect("accounts").remove(0);
                    phone.app.offline_codes(&account).at(round.clock.now().0).digits
                }
                other => panic!("{:?}", other.0),
            };
            Some(json!({ "code": code }))
        })
    }
}

#[tokio::test]
async fn an_activation_without_network_passes_the_contract_of_enrolments() {
    let crypto = with_random(Arc::new(SeededRandom::new(b"offline codes")));
    let player = || -> Box<dyn Player> { Box::new(WithoutNetwork { phone: None }) };
    all(&Case::new(AfterApproval(OfflineCodes), crypto, player)).await;
}

fn party() -> RelyingParty {
    RelyingParty::new(world::ISSUER, "Example", Attestation::Unasked).unwrap()
}

/// Somebody whose browser makes a passkey.
struct WithABrowser(Passkey);

impl Player for WithABrowser {
    fn answer<'a>(&'a mut self, round: Round<'a>) -> BoxFuture<'a, Option<Value>> {
        let Prompt::WebAuthn { options } = round.prompt else { panic!("{round:?}") };
        let created = self.0.created(options, "Laptop");
        Box::pin(async { Some(created) })
    }

    /// The page of somebody else.
    fn wrong(&self, right: &Value, number: u8) -> Value {
        let said = right["clientDataJSON"].as_str().unwrap();
        let said = String::from_utf8(BASE64URL_NOPAD.decode(said.as_bytes()).unwrap()).unwrap();
        let said = said.replace(world::ISSUER, &format!("https://id{number}.example.org"));
        let mut wrong = right.clone();
        wrong["clientDataJSON"] = json!(BASE64URL_NOPAD.encode(said.as_bytes()));
        wrong
    }
}

#[tokio::test]
async fn an_authenticator_app_passes_the_contract_of_enrolments() {
    let crypto = with_random(Arc::new(SeededRandom::new(b"apps")));
    all(&Case::new(AfterApproval(AuthenticatorApp), crypto, || Box::new(WithApp))).await;
}

#[tokio::test]
async fn the_registration_of_a_passkey_passes_the_contract_of_enrolments() {
    let crypto = with_random(Arc::new(SeededRandom::new(b"passkeys")));
    let player = || -> Box<dyn Player> { Box::new(WithABrowser(Passkey::new(world::ISSUER, "suite"))) };
    all(&Case::new(AfterApproval(PasskeyRegistration(party())), crypto, player)).await;
}

#[tokio::test]
async fn sign_in_with_a_passkey_passes_the_contract_of_methods() {
    let (passkey, stored) = registered("suite").await;
    let crypto = with_random(Arc::new(SeededRandom::new(b"passkeys")));
    let id = passkey.id.clone();
    let honest = move |moment: &Moment<'_>| {
        let Prompt::WebAuthn { options } = moment.prompt else { panic!("{moment:?}") };
        passkey.saying(|says| says.owner = moment.user.bytes().to_vec()).asserted(options)
    };
    method::all(&method::Case::new(PasskeySignIn(party()), crypto, [stored], honest).known_as(id)).await;
}

/// A passkey, and what the server stored of it.
async fn registered(name: &str) -> (Passkey, Vec<u8>) {
    let world = World::with_passkeys().await;
    let user = world.user("alice").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("alice").await;
    let mut passkey = Passkey::new(world::ISSUER, name);
    browser.register(&mut passkey, "Laptop").await.unwrap();
    let stored = world.engine.credentials(user.id, "passkey").await.unwrap();
    (passkey, stored[0].1.secret.to_vec())
}
