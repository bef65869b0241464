//! What does the smallest honest server say? A stand-in with real cryptography, and faults on demand.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use idp_protocol::{
    Crypto, DeviceError, ErrorCode, Octets, P256Key, Prompt,
    context::{
        Confirm, Context, Decided, From, Offer, Opens, PinRules, Purpose, Registered, Said, Statement,
        UserVerification, Waiting,
    },
    crypto::{Algorithm, SigningKey},
    encoding::from_base64url,
    enrol::{self, Agreed, Parts, Secrets},
    jws::Unverified,
    link::{EnrolPayload, Link, Origin, Target},
    message::{
        Claims, Decision, EnrolDecision, Hello, Message, Pending, Posted, PushDecision, QrClaim, QrDecision,
        Register, Update, Verdict,
    },
    pin,
    server::{self, KeyList, Usage, WorkingKey},
};
use symbolon_authenticator::{
    Authenticator, ManualClock, MemoryStore, Transport,
    transport::{Request, Response, TransportError},
};
use symbolon_aws_lc::SeededRandom;

pub const NOW: i64 = 1_800_000_000;
pub const PIN: &str = "493817";
pub const NUMBER: &str = "204060";

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// The request arrives, the answer does not.
    Lost,
    /// The server refuses.
    Refuse(ErrorCode),
    /// 503 with `Retry-After`.
    Busy,
    /// The statement is signed by a key that is not on the list.
    ForeignKey,
    /// The offer or registration says something else than what was sent.
    OtherTranscript,
}

/// Whether the server keeps the answer where nothing waits and it is asked to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Waits {
    #[default]
    NoSuchThing,
    AsAsked,
    /// It says that it waits and answers at once.
    OnlySaysSo,
}

#[derive(Default)]
pub struct State {
    pub waits: Waits,
    pub requests: Vec<(String, Vec<u8>)>,
    pub faults: VecDeque<(&'static str, Fault)>,
    pub prompt: Option<Prompt>,
    pub confirm: Option<Confirm>,
    pub decisions: Vec<Verdict>,
    pub code: String,
    pub waiting: Vec<String>,
    pub updates: Vec<Update>,
    hello: String,
    offer: String,
    ephemeral: [u8; 32],
    device: Option<P256Key>,
    pin_key: [u8; 32],
}

pub struct Fake {
    pub crypto: Crypto,
    pub clock: Arc<ManualClock>,
    phones: Arc<ManualClock>,
    pub origin: Origin,
    pub serial: AtomicU64,
    pub state: Mutex<State>,
    pub root: Arc<dyn SigningKey>,
    pub key: Mutex<Arc<dyn SigningKey>>,
    agreement: [u8; 32],
    store: Arc<MemoryStore>,
}

pub type Phone = Authenticator<Arc<Fake>>;

pub fn start() -> (Arc<Fake>, Phone, Arc<ManualClock>) {
    let crypto = symbolon_aws_lc::with_random(Arc::new(SeededRandom::new(b"fake server")));
    let clock = Arc::new(ManualClock::new(NOW));
    let fake = Arc::new(Fake {
        clock: Arc::new(ManualClock::new(NOW)),
        phones: clock.clone(),
        origin: Origin::parse("https://id.example.org").unwrap(),
        serial: AtomicU64::new(3),
        state: Mutex::default(),
        root: new_key(&crypto),
        key: Mutex::new(new_key(&crypto)),
        agreement: *crypto.agreement.generate(),
        store: Arc::default(),
        crypto: crypto.clone(),
    });
    (fake.clone(), fake.phone(), clock)
}

pub fn new_key(crypto: &Crypto) -> Arc<dyn SigningKey> {
    let pkcs8 = crypto.signatures.generate(Algorithm::Es256).unwrap();
    crypto.signatures.load(Algorithm::Es256, &pkcs8).unwrap()
}

impl Fake {
    /// The phone, as it is after a start: what it kept is there, and nothing else.
    pub fn phone(self: &Arc<Self>) -> Phone {
        Authenticator::new(self.crypto.clone(), self.phones.clone(), self.clone(), self.store.clone())
    }

    pub fn payload(&self) -> EnrolPayload {
        let root = P256Key::try_from(self.root.public()).unwrap().thumbprint(&self.crypto);
        EnrolPayload { enrolment: [1; 16], secret: [2; 16], root: root[..16].try_into().unwrap(), flags: 0 }
    }

    pub fn enrolment_link(&self) -> String {
        Link { origin: self.origin.clone(), target: Target::Enrol(self.payload()) }.to_qr()
    }

    pub fn ticket(&self) -> String {
        Link { origin: self.origin.clone(), target: Target::Scan(vec![9; 60]) }.to_qr()
    }

    pub fn same_device(&self) -> String {
        Link { origin: self.origin.clone(), target: Target::SameDevice(vec![9; 60]) }.to_qr()
    }

    pub fn television(&self) -> String {
        Link { origin: self.origin.clone(), target: Target::Grant(vec![9; 50]) }.to_qr()
    }

    pub fn fail(&self, path: &'static str, fault: Fault) {
        self.state.lock().unwrap().faults.push_back((path, fault));
    }

    pub fn bodies(&self, path: &str) -> Vec<Vec<u8>> {
        let state = self.state.lock().unwrap();
        state.requests.iter().filter(|(to, _)| to == path).map(|(_, body)| body.clone()).collect()
    }

    /// How often it was asked there.
    pub fn asked(&self, path: &str) -> usize {
        self.bodies(path).len()
    }

    pub fn ask(&self, purpose: Purpose, confirm: Confirm) {
        let context = self.context(purpose, confirm);
        self.state.lock().unwrap().waiting = vec![context];
    }

    fn context(&self, purpose: Purpose, confirm: Confirm) -> String {
        self.say(Context {
            ceremony: Octets(self.crypto.random()),
            account: Octets([5; 16]),
            account_name: "alice@example.org".to_owned(),
            purpose,
            from: From {
                address: "192.0.2.7".to_owned(),
                place: "same network".to_owned(),
                browser: "Firefox on Linux".to_owned(),
            },
            requested_at: NOW,
            expires_at: NOW + 120,
            risks: vec![],
            confirm,
            uv: UserVerification::Pin,
        })
    }

    pub fn sign_in() -> Purpose {
        Purpose::SignIn {
            client: "Shop".to_owned(),
            redirect_host: "shop.example.org".to_owned(),
            opens: Opens::AllApplications,
        }
    }

    fn say<S: Statement>(&self, msg: S) -> String {
        let device = self.state.lock().unwrap().device.unwrap();
        let aud = Octets(device.thumbprint(&self.crypto));
        let said = Said { iss: self.origin.to_string(), aud, iat: self.now(), msg };
        let key = self.key.lock().unwrap().clone();
        said.sign(&self.crypto, &*key).unwrap()
    }

    fn now(&self) -> i64 {
        symbolon_authenticator::Clock::now(&*self.clock)
    }

    pub fn key_list(&self) -> String {
        let working = |usage, jwk| WorkingKey { usage, jwk, nbf: NOW - 100_000, exp: NOW + 1_000_000 };
        let key = P256Key::try_from(self.key.lock().unwrap().public()).unwrap();
        let dh = P256Key::from_point(&self.crypto.agreement.public(&self.agreement).unwrap()).unwrap();
        KeyList {
            issuer: self.origin.to_string(),
            serial: self.serial.load(Ordering::Relaxed),
            keys: vec![working(Usage::Context, key), working(Usage::Agreement, dh)],
        }
        .sign(&self.crypto, &*self.root)
        .unwrap()
    }

    fn checked<M: Message>(&self, message: &str) -> Result<M, ErrorCode> {
        let parsed = Unverified::parse(message).unwrap();
        let key = parsed.header.jwk.or(self.state.lock().unwrap().device).unwrap();
        let claims: Claims<M> = parsed.verify(&self.crypto, M::TYP, &key).unwrap();
        self.state.lock().unwrap().device.get_or_insert(key);
        if claims.fits(self.origin.as_str(), self.now()) { Ok(claims.msg) } else { Err(ErrorCode::Clock) }
    }

    fn hello(&self, posted: &Posted) -> Result<String, ErrorCode> {
        let hello: Hello = self.checked(&posted.message)?;
        let device = self.state.lock().unwrap().device.unwrap();
        let thumbprint = device.thumbprint(&self.crypto);
        let mac = enrol::hello_mac(
            &self.crypto,
            &enrol::Right::scanned(&self.payload()),
            &thumbprint,
            &hello.nonce.0,
        );
        assert_eq!(mac, hello.mac.0);
        let ephemeral = *self.crypto.agreement.generate();
        let offer = self.say(Offer {
            enrolment: Octets(self.payload().enrolment),
            hello: Octets(self.crypto.hash.sha256(posted.message.as_bytes())),
            organisation: "Example".to_owned(),
            account: "a…e@example.org".to_owned(),
            uv: UserVerification::Pin,
            pin: PinRules { min_length: 6, max_length: 12 },
            nonce: Octets(self.crypto.random()),
            ephemeral: P256Key::from_point(&self.crypto.agreement.public(&ephemeral).unwrap()).unwrap(),
        });
        let mut state = self.state.lock().unwrap();
        (state.hello, state.offer, state.ephemeral) = (posted.message.clone(), offer.clone(), ephemeral);
        Ok(offer)
    }

    fn register(&self, posted: &Posted, other: bool) -> Result<String, ErrorCode> {
        let register: Register = self.checked(&posted.message)?;
        let crypto = &self.crypto;
        let sha = |text: &str| crypto.hash.sha256(text.as_bytes());
        let mac = enrol::register_mac(crypto, &self.payload().secret, &posted.message);
        assert_eq!(Some(Octets(mac)), posted.mac);
        let info = enrol::secrets_info(self.origin.as_str());
        let plain = crypto.agreement.hpke_open(&self.agreement, &info, &[1; 16], &register.sealed).unwrap();
        let secrets: Secrets = serde_json::from_slice(&plain).unwrap();
        let mut state = self.state.lock().unwrap();
        let parts = Parts {
            payload: crypto.hash.sha256(&self.payload().to_bytes()),
            hello: if other { [0; 32] } else { sha(&state.hello) },
            offer: sha(&state.offer),
            register: sha(&posted.message),
        };
        let transcript = enrol::transcript(crypto, &parts);
        let agreed = Agreed::derive(crypto, &state.ephemeral, &register.dh.point(), &transcript).unwrap();
        state.code = agreed.code(crypto, &transcript);
        state.pin_key = secrets.pin_key.unwrap().0;
        drop(state);
        let (device, account) = (Octets([4; 16]), Octets([5; 16]));
        Ok(self.say(Registered { device, account, transcript: Octets(transcript) }))
    }

    fn decide<M: Message>(&self, posted: &Posted, inner: fn(M) -> Decision) -> Result<String, ErrorCode> {
        let decision = inner(self.checked::<M>(&posted.message)?);
        let mut state = self.state.lock().unwrap();
        let wrong_number = decision.number.as_ref().is_some_and(|number| number != NUMBER);
        if decision.decision == Verdict::Approve {
            let proof = pin::proof(&self.crypto, &state.pin_key, M::TYP, &posted.message);
            if posted.pin_proof != Some(Octets(proof)) || wrong_number {
                return Err(ErrorCode::Wrong);
            }
        }
        let shown = state.waiting.iter().map(|text| self.crypto.hash.sha256(text.as_bytes()));
        assert!(shown.into_iter().any(|digest| digest == decision.context.0));
        state.decisions.push(decision.decision);
        let prompt = state.prompt.clone();
        drop(state);
        Ok(self.say(Decided { ceremony: decision.ceremony, outcome: decision.decision, prompt }))
    }

    fn answer(&self, path: &str, request: &Request, fault: Option<Fault>) -> Result<String, ErrorCode> {
        let posted = || match request {
            Request::Post { body, .. } => serde_json::from_slice::<Posted>(body).unwrap(),
            _ => panic!("a POST"),
        };
        match path {
            server::PATH => Ok(self.key_list()),
            Hello::PATH => self.hello(&posted()),
            Register::PATH => self.register(&posted(), fault == Some(Fault::OtherTranscript)),
            EnrolDecision::PATH => self.decide::<EnrolDecision>(&posted(), |decision| decision.0),
            QrDecision::PATH => self.decide::<QrDecision>(&posted(), |decision| decision.0),
            PushDecision::PATH => self.decide::<PushDecision>(&posted(), |decision| decision.0),
            QrClaim::PATH => {
                self.checked::<QrClaim>(&posted().message)?;
                let confirm = self.state.lock().unwrap().confirm.unwrap_or(Confirm::CodeToBrowser);
                self.ask(Self::sign_in(), confirm);
                Ok(self.state.lock().unwrap().waiting[0].clone())
            }
            Pending::PATH => self.pending(request),
            Update::PATH => {
                let update = self.checked(&posted().message)?;
                self.state.lock().unwrap().updates.push(update);
                Ok(String::new())
            }
            other => panic!("{other}"),
        }
    }

    /// Whether it says that it waits. Where it does, the clocks have moved on.
    fn waited(&self, request: &Request) -> bool {
        let (waits, idle) = {
            let state = self.state.lock().unwrap();
            (state.waits, state.waiting.is_empty())
        };
        let Request::Get { wait: Some(seconds), .. } = request else { return false };
        if waits == Waits::AsAsked && idle {
            self.clock.advance(i64::from(*seconds));
            self.phones.advance(i64::from(*seconds));
        }
        waits != Waits::NoSuchThing
    }

    fn pending(&self, request: &Request) -> Result<String, ErrorCode> {
        let Request::Get { authorization: Some(authorization), .. } = request else { panic!("a GET") };
        self.checked::<Pending>(authorization.strip_prefix("Device ").unwrap())?;
        let contexts = self.state.lock().unwrap().waiting.clone();
        Ok(serde_json::to_string(&Waiting { contexts, time: self.now() }).unwrap())
    }
}

impl Transport for Fake {
    async fn send(&self, request: &Request) -> Result<Response, TransportError> {
        let path = request.url().strip_prefix(self.origin.as_str()).unwrap().to_owned();
        let body = match request {
            Request::Post { body, .. } => body.clone(),
            _ => vec![],
        };
        let fault = {
            let mut state = self.state.lock().unwrap();
            state.requests.push((path.clone(), body));
            let due = state.faults.front().is_some_and(|(at, _)| *at == path);
            if due { state.faults.pop_front().map(|(_, fault)| fault) } else { None }
        };
        if fault == Some(Fault::Busy) {
            return Ok(Response { status: 503, retry_after: Some(2), waits: false, body: vec![] });
        }
        let honest = self.key.lock().unwrap().clone();
        if fault == Some(Fault::ForeignKey) {
            *self.key.lock().unwrap() = new_key(&self.crypto);
        }
        let waits = fault.is_none() && self.waited(request);
        let answer = match fault {
            Some(Fault::Refuse(error)) => Err(error),
            _ => self.answer(&path, request, fault),
        };
        *self.key.lock().unwrap() = honest;
        if fault == Some(Fault::Lost) {
            return Err(TransportError::Unreachable("id.example.org".to_owned()));
        }
        Ok(match answer {
            Ok(body) => Response { status: 200, retry_after: None, waits, body: body.into_bytes() },
            Err(error) => {
                let refusal = DeviceError { error, message: "no".to_owned(), time: self.now() };
                Response {
                    status: 400,
                    retry_after: None,
                    waits: false,
                    body: serde_json::to_vec(&refusal).unwrap(),
                }
            }
        })
    }
}

pub fn claims_of(body: &[u8]) -> serde_json::Value {
    let posted: Posted = serde_json::from_slice(body).unwrap();
    let payload = posted.message.split('.').nth(1).unwrap().to_owned();
    serde_json::from_slice(&from_base64url(&payload).unwrap()).unwrap()
}
