//! A phone: the SDK, talking to the engine without a network.

use std::{
    future::Future,
    net::IpAddr,
    pin::Pin,
    sync::{Arc, Mutex},
};

use idp_core::{
    Error as EngineError, Refusal,
    clock::Clock as _,
    engine::{DeviceReply, DeviceRequest},
};
use idp_protocol::{
    DeviceError, ErrorCode, Octets, Prompt,
    context::Decided,
    message::{Decision, Message, Posted, Verdict},
    server,
};
use symbolon_authenticator::{
    Account, Answer, Authenticator, Claimed, Clock, Details, Error, MemoryStore, OfflineTicket, Opened,
    Scripted, Signer, Store as _, Ticket,
    transport::{Request, Response, Transport, TransportError},
};
use symbolon_aws_lc::SeededRandom;

use crate::{
    browser::{Browser, number_of, qr_of},
    world::{HOME, World, fresh_name},
};

/// The PIN of every phone.
pub const PIN: &str = "493817";

/// A phone.
pub struct Phone {
    pub app: Authenticator<Wire>,
    store: Arc<MemoryStore>,
    sent: Arc<Mutex<Vec<Sent>>>,
}

/// A message as it went over the wire.
#[derive(Clone, Debug)]
pub struct Sent {
    pub method: &'static str,
    pub path: String,
    pub posted: Posted,
}

/// Carries requests straight into the engine, from an address of the test's choice, and keeps a copy of each.
#[derive(Clone)]
pub struct Wire {
    world: World,
    address: IpAddr,
    sent: Arc<Mutex<Vec<Sent>>>,
}

struct PhoneClock(World);

impl Clock for PhoneClock {
    fn now(&self) -> i64 {
        self.0.clock.now().0
    }

    fn sleep(&self, duration: std::time::Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.0.clock.advance(i64::try_from(duration.as_secs()).unwrap_or(0).max(1));
        Box::pin(async {})
    }
}

impl Phone {
    /// A phone at home.
    pub fn new(world: &World, name: &str) -> Self {
        Self::at(world, name, HOME)
    }

    /// A phone somewhere.
    pub fn at(world: &World, name: &str, address: IpAddr) -> Self {
        let crypto = symbolon_aws_lc::with_random(Arc::new(SeededRandom::new(name.as_bytes())));
        let sent = Arc::<Mutex<Vec<Sent>>>::default();
        let wire = Wire { world: world.clone(), address, sent: Arc::clone(&sent) };
        let clock = Arc::new(PhoneClock(world.clone()));
        let store = Arc::new(MemoryStore::default());
        Self { app: Authenticator::new(crypto, clock, wire, store.clone()), store, sent }
    }

    /// What it has sent since this was called last.
    pub fn sent(&self) -> Vec<Sent> {
        std::mem::take(&mut *self.sent.lock().expect("a list"))
    }

    /// A phone that is registered for a new person.
    pub async fn enrolled(world: &World, login: &str) -> Self {
        world.user(login).await;
        let mut browser = Browser::new(world);
        browser.sign_in(login).await;
        let phone = Self::new(world, login);
        phone.enrol(&browser).await;
        phone
    }

    /// A further phone of whoever is signed in, which the first one approves.
    pub async fn second(world: &World, browser: &Browser, first: &Self) -> Self {
        let view = browser.add_device().await.expect("an enrolment");
        first.approve_pending(&number_of(&browser.wizard(view.id).await)).await.expect("approved");
        let second = Self::new(world, &fresh_name());
        let code = second.register(&qr_of(&browser.wizard(view.id).await)).await.expect("registered");
        browser.confirm(view.id, &code).await.expect("confirmed");
        second.approve_pending(&number_of(&browser.wizard(view.id).await)).await.expect("active");
        second
    }

    /// Ten sign-ins in a row are answered with a wrong PIN.
    pub async fn ten_wrong_pins(&self, world: &World) {
        for _ in 0..10 {
            let browser = Browser::new(world);
            let sign_in = browser.open().await;
            let (_, qr) = browser.qr(sign_in).await;
            let ticket = Ticket::from_scan(&qr).expect("a ticket");
            let claimed = self.app.claim(&self.account(), &ticket).await.expect("claimed");
            let wrong = Answer::new(Verdict::Approve).pin("777123");
            self.app.decide(&claimed, &wrong).await.expect_err("a wrong PIN");
            world.clock.advance(3_601);
        }
    }

    /// The same phone, talking to another process on the same store.
    pub fn moved_to(self, world: &World) -> Self {
        self.on(world)
    }

    /// A twin of this phone that talks to another process on the same store.
    pub fn on(&self, world: &World) -> Self {
        let moved = Self::new(world, &fresh_name());
        moved.store.put(&self.account()).expect("an account");
        moved
    }

    /// The account that this phone was enrolled for.
    pub fn account(&self) -> Account {
        self.app.accounts().expect("accounts").into_iter().next().expect("an account")
    }

    /// Goes through a whole enrolment with a browser that has a fresh session.
    pub async fn enrol(&self, browser: &Browser) {
        let view = browser.add_device().await.expect("an enrolment");
        let enrolled = self.register(&qr_of(&view)).await.expect("registered");
        browser.confirm(view.id, &enrolled).await.expect("confirmed");
        let number = number_of(&browser.wizard(view.id).await);
        self.approve_pending(&number).await.expect("active");
    }

    /// Registers by an enrolment QR and returns the code that it shows.
    pub async fn register(&self, qr: &str) -> Result<String, Error> {
        let mut offered = self.app.enrol(qr).await?;
        let details = Details::new("Phone".parse().expect("a name"), "Test".parse().expect("a platform"));
        Ok(offered.register(&details.pin(PIN)).await?.code)
    }

    /// Approves what waits for this phone, with the number of the browser.
    pub async fn approve_pending(&self, number: &str) -> Result<Decided, Error> {
        let pending = self.app.pending(&self.account()).await?;
        let claimed = pending.first().expect("something waits");
        self.app.decide(claimed, &Answer::new(Verdict::Approve).number(number).pin(PIN)).await
    }

    /// Opens an offline ticket that is for this phone.
    pub fn opened(&self, qr: &str) -> Opened {
        self.app.open_offline(&OfflineTicket::from_picture(qr).expect("a ticket")).expect("for this phone")
    }

    /// The digits that this phone shows for an offline ticket, with the right PIN.
    pub async fn offline_code(&self, qr: &str, verdict: Verdict) -> String {
        let human = Scripted::new(verdict).pin(PIN);
        let answered = self.app.answer_offline(&self.opened(qr), &human).await.expect("answered");
        answered.code.expect("digits")
    }

    /// The one-time code that it shows now, under a PIN.
    pub fn code(&self, pin: &str) -> String {
        let account = self.account();
        let codes = self.app.codes(&account, Some(pin)).expect("codes");
        codes.at(self.app.now(&account.issuer)).digits
    }

    /// Scans a QR code and decides, with the right PIN.
    pub async fn scan(&self, qr: &str, verdict: Verdict) -> Result<Decided, Error> {
        let claimed = self.app.claim(&self.account(), &Ticket::from_scan(qr)?).await?;
        self.app.decide(&claimed, &Answer::new(verdict).pin(PIN)).await
    }
}

impl Phone {
    /// Signs a message without the checks of the app, with or without a proof of the PIN, and returns the
    /// server's error if there is one.
    pub async fn forge<M: Message>(&self, msg: M, pin: Option<&str>) -> Option<ErrorCode> {
        let posted = serde_json::to_vec(&self.signed(msg, pin)).expect("json");
        let response = self.app.post_raw(&self.account().issuer, M::PATH, posted).await.expect("an answer");
        (response.status >= 400)
            .then(|| serde_json::from_slice::<DeviceError>(&response.body).expect("an error").error)
    }

    /// A signed message with what stands beside it, to be sent as a test likes.
    pub fn signed<M: Message>(&self, msg: M, pin: Option<&str>) -> Posted {
        let account = self.account();
        let signer = Signer::of(self.app.crypto(), &account).expect("a signer");
        let message = signer.sign(&signer.claims(self.app.now(&account.issuer), msg)).expect("signed");
        let pin_proof = pin.map(|pin| signer.pin_proof(pin, M::TYP, &message));
        Posted { message, mac: None, pin_proof }
    }

    /// A decision about a context, ready to be forged.
    pub fn decision(&self, claimed: &Claimed, verdict: Verdict) -> Decision {
        Decision {
            ceremony: claimed.context().ceremony,
            context: Octets(self.app.crypto().hash.sha256(claimed.message().as_bytes())),
            decision: verdict,
            account: self.account().id,
            number: None,
        }
    }
}

/// The code that a phone shows after an approval.
pub fn code_of(decided: &Decided) -> String {
    match &decided.prompt {
        Some(Prompt::ShowCode { code }) => code.clone(),
        other => panic!("no code: {other:?}"),
    }
}

impl Transport for Wire {
    async fn send(&self, request: &Request) -> Result<Response, TransportError> {
        let path = request.url().strip_prefix(crate::world::ISSUER).unwrap_or_default().to_owned();
        let (method, posted) = match request {
            Request::Get { .. } if path == server::PATH => {
                return Ok(ok(self.world.engine.keys().list(self.world.clock.now())));
            }
            Request::Get { authorization, .. } => {
                let message = authorization.clone().unwrap_or_default();
                let message = message.trim_start_matches("Device ").to_owned();
                ("GET", Posted { message, mac: None, pin_proof: None })
            }
            Request::Post { body, .. } => match serde_json::from_slice(body) {
                Ok(posted) => ("POST", posted),
                Err(_) => return Ok(self.refused(Refusal::Malformed)),
            },
            _ => return Ok(self.refused(Refusal::NotFound)),
        };
        self.sent.lock().expect("a list").push(Sent { method, path: path.clone(), posted: posted.clone() });
        let request = DeviceRequest { method, path: &path, posted, address: self.address };
        Ok(match self.world.engine.answer_device(&request).await {
            Ok(DeviceReply::Statement(statement)) => ok(&statement),
            Ok(DeviceReply::Waiting(waiting)) => ok(&serde_json::to_string(&waiting).expect("json")),
            Ok(DeviceReply::Nothing) => {
                Response { status: 204, retry_after: None, waits: false, body: vec![] }
            }
            Err(EngineError::Refused(refusal)) => self.refused(refusal),
            Err(EngineError::Fault(fault)) => panic!("fault: {fault}"),
        })
    }
}

impl Wire {
    fn refused(&self, refusal: Refusal) -> Response {
        let error = match refusal {
            Refusal::Wrong => ErrorCode::Wrong,
            Refusal::Malformed => ErrorCode::Malformed,
            Refusal::NotFound => ErrorCode::NotFound,
            Refusal::Expired => ErrorCode::Expired,
            Refusal::Burned(_) => ErrorCode::Burned,
            Refusal::OutOfStep => ErrorCode::OutOfStep,
            Refusal::Unauthentic => ErrorCode::Unauthentic,
            Refusal::Clock => ErrorCode::Clock,
            Refusal::WrongAccount => ErrorCode::WrongAccount,
            Refusal::DeviceNotActive => ErrorCode::DeviceNotActive,
            Refusal::UvRequired => ErrorCode::UvRequired,
            Refusal::TooMany(_) => ErrorCode::TooMany,
            _ => ErrorCode::Other,
        };
        let error = DeviceError { error, message: refusal.to_string(), time: self.world.clock.now().0 };
        Response {
            status: 400,
            retry_after: None,
            waits: false,
            body: serde_json::to_vec(&error).expect("json"),
        }
    }
}

fn ok(body: &str) -> Response {
    Response { status: 200, retry_after: None, waits: false, body: body.as_bytes().to_vec() }
}
