//! Do our enrolments withstand what every enrolment must withstand?

use std::sync::{Arc, atomic::AtomicU32};

use idp_core::{
    clock::Clock as _,
    contract::enrolment::{Case, Player, Round, all},
    methods::{
        after_approval::AfterApproval,
        otp::{AuthenticatorApp, HashFunction, Key, MovingFactor},
        registration::DeviceRegistration,
    },
    store::BoxFuture,
};
use idp_protocol::Prompt;
use serde_json::{Value, json};
use symbolon_aws_lc::{SeededRandom, with_random};
use symbolon_tests::{Phone, World, world};

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

#[tokio::test]
async fn an_authenticator_app_passes_the_contract_of_enrolments() {
    let crypto = with_random(Arc::new(SeededRandom::new(b"apps")));
    all(&Case::new(AfterApproval(AuthenticatorApp), crypto, || Box::new(WithApp))).await;
}
