//! The bench: one engine with one method, two people, and a clock that stands still.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use idp_protocol::{Octets, Prompt};
use serde_json::Value;

use super::{Case, Moment, Played, guardians::Trial, phone::Phone};
use crate::{
    Clock as _, Engine, Error, Id, ManualClock, Refusal, Time,
    browser::{BrowserWrite, KnownBrowser},
    claimant::Claimant,
    contract::start::{self, Subjects},
    engine::{Account, CeremonyView, NewSignIn, Opened, Progress, Status},
    erased::ErasedEnrolment,
    evidence::Evidence,
    memory::MemoryStore,
    method::{Entry, InTurn},
    methods::{after_approval::AfterApproval, password::Password},
    policy::{Acr, Requirement},
    signin::{Ask, Origin, SignInRow},
    store::Batch,
    users::User,
};

/// Who the suite's person is.
pub(super) const OWNER: &str = "owner";
/// Somebody else, with nothing of the method.
pub(super) const OTHER: &str = "other";
/// A name that nobody has.
pub(super) const NOBODY: &str = "nobody";

/// What the owner knows, where a method comes second.
const PASSWORD: &str = "correct horse battery staple";

const HOME: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

/// An engine with the method of a case.
pub(super) struct Bench {
    pub case: Case,
    pub engine: Arc<Engine>,
    pub clock: Arc<ManualClock>,
    store: MemoryStore,
    turns: AtomicUsize,
    pub phone: Option<Phone>,
}

impl Case {
    /// Whether the method's form stands on the page.
    pub(super) fn is_form(&self) -> bool {
        matches!(self.method.descriptor().entry, Entry::Form(_))
    }

    /// Whether it begins only after another factor was shown.
    fn comes_second(&self) -> bool {
        self.method.descriptor().turn == InTurn::AfterAFirstFactor
    }

    /// How the devices of the person come to it.
    pub(super) async fn reached(&self) -> Reached {
        let bench = self.bench().await;
        let browser = bench.browser();
        let id = bench.open(&browser).await;
        let view = bench.begin(&browser, id).await;
        let waits = match &bench.phone {
            Some(phone) => phone.waiting(&bench.engine, &view).await.is_ok(),
            None => false,
        };
        Reached { by_claim: matches!(view.prompt, Some(Prompt::ShowQr { .. })), by_asking: waits }
    }

    /// A fresh bench.
    pub(super) async fn bench(&self) -> Bench {
        let store = MemoryStore::default();
        let clock = Arc::new(ManualClock::at(Time(1_700_000_000)));
        let engine = start(self, &store, &clock).await;
        let mut bench =
            Bench { case: self.clone(), engine, clock, store, turns: AtomicUsize::new(0), phone: None };
        let owner = bench.add_user(OWNER).await;
        bench.add_user(OTHER).await;
        for secret in &self.credentials {
            let (kind, handle) = (self.method.kind(), self.handle.clone());
            bench.engine.add_credential(owner.id, kind, handle, secret).await.expect("a credential");
        }
        if self.comes_second() {
            bench.engine.set_password(owner.id, PASSWORD).await.expect("a password");
        }
        if !self.is_form() && self.handle.is_none() {
            bench.phone = Some(bench.new_phone(&owner).await);
        }
        bench
    }
}

async fn start(case: &Case, store: &MemoryStore, clock: &Arc<ManualClock>) -> Arc<Engine> {
    let mut methods = vec![case.method.clone()];
    if case.comes_second() {
        methods.push(Arc::new(Password));
    }
    let enrolments: Vec<Arc<dyn ErasedEnrolment>> =
        vec![Arc::new(AfterApproval(Trial::<1>)), Arc::new(AfterApproval(Trial::<2>))];
    let subjects = Subjects { methods, enrolments };
    start::start(&case.crypto, subjects, store, clock).await
}

impl Bench {
    /// Another process on the same store.
    pub async fn restarted(&self) -> Arc<Engine> {
        start(&self.case, &self.store, &self.clock).await
    }

    async fn add_user(&self, login: &str) -> User {
        start::add_user(&self.engine, &self.clock, login).await
    }

    /// A person of the bench.
    pub async fn user(&self, login: &str) -> User {
        self.engine.users().user_by_login(login).await.expect("a store").expect("a user")
    }

    /// A registered device of somebody.
    pub async fn new_phone(&self, user: &User) -> Phone {
        Phone::register(&self.engine, user).await
    }

    /// Opens a sign-in.
    pub async fn open(&self, claimant: &Claimant) -> Id<SignInRow> {
        self.open_for(claimant, None).await
    }

    /// Opens a sign-in of somebody who is known already.
    pub async fn open_for(&self, claimant: &Claimant, subject: Option<Id<User>>) -> Id<SignInRow> {
        let from = self.origin(self.remembered(claimant).await);
        let ask = Ask {
            client: "Suite".to_owned(),
            client_id: "suite".to_owned(),
            redirect_host: "suite.example".to_owned(),
            requirement: Requirement {
                acr: self.case.comes_second().then_some(Acr::MultiFactor),
                ..self.case.requirement.clone()
            },
            from,
            opens: idp_protocol::context::Opens::default(),
            initiator: self.case.method.descriptor().initiator,
            scopes: Vec::new(),
            message: String::new(),
            parked: Vec::new(),
        };
        let new = NewSignIn { ask, subject, ledger: Vec::new() };
        self.engine.open_sign_in(claimant, new).await.expect("a sign-in")
    }

    /// Where the browsers of the suite are.
    pub fn origin(&self, known: Option<Octets<32>>) -> Origin {
        let (place, browser) = ("home".to_owned(), "Suite".to_owned());
        Origin { address: HOME, place, browser, known, session: None }
    }

    /// The cookie of a browser that knows the owner, where the method wants one.
    async fn remembered(&self, claimant: &Claimant) -> Option<Octets<32>> {
        if !self.case.comes_second() && self.case.played != Played::WithoutMessages {
            return None;
        }
        let (digest, user) = (self.engine.known_digest(claimant), self.user(OWNER).await.id);
        let (created_at, expires_at) = (self.clock.now(), self.clock.now() + 86_400);
        let known = KnownBrowser { browser: digest.0, user, created_at, expires_at };
        let batch = Batch::new().with(BrowserWrite::Remember(known));
        let _ = self.engine.store().commit(batch).await.expect("a store");
        Some(digest)
    }

    /// The evidence that the method brought into a session.
    pub fn brought(&self, opened: &Opened) -> Vec<Evidence> {
        let kind = self.case.method.kind();
        opened.session.facts.ledger.iter().filter(|evidence| evidence.kind == kind).cloned().collect()
    }

    /// The right answer to a prompt, each time the next one.
    pub async fn honest(&self, prompt: &Prompt) -> Value {
        let turn = self.turns.fetch_add(1, Ordering::SeqCst);
        let owner = self.user(OWNER).await;
        let credentials = self.engine.store().credentials(owner.id).await.expect("a store");
        let counter = credentials.first().map_or(0, |credential| credential.counter);
        (self.case.honest)(&Moment { prompt, now: self.clock.now(), turn, counter, user: owner.id })
    }

    /// The right answer to the method's form.
    pub async fn honest_form(&self) -> Value {
        match self.case.method.descriptor().entry {
            Entry::Form(prompt) => self.honest(&prompt).await,
            Entry::Begin => panic!("not a form"),
        }
    }

    /// Sends an answer to the method's form.
    pub async fn send(
        &self,
        engine: &Engine,
        claimant: &Claimant,
        id: Id<SignInRow>,
        login: &str,
        value: Value,
    ) -> Result<Progress, Error> {
        engine.answer_form(claimant, id, self.case.method.kind(), login, value).await
    }

    /// Begins the method, after what has to come first, and returns its ceremony.
    pub async fn begin(&self, claimant: &Claimant, id: Id<SignInRow>) -> CeremonyView {
        if self.case.comes_second() {
            let typed = serde_json::json!({ "password": PASSWORD });
            let first = self.engine.answer_form(claimant, id, "password", OWNER, typed).await;
            first.expect("the first factor");
        }
        self.begin_as(claimant, id, OWNER).await
    }

    /// Begins the method about a name.
    pub async fn begin_as(&self, claimant: &Claimant, id: Id<SignInRow>, login: &str) -> CeremonyView {
        self.engine.begin(claimant, id, self.case.method.kind(), login).await.expect("it begins")
    }

    /// Plays the method to its end, honestly.
    pub async fn play(&self, claimant: &Claimant, id: Id<SignInRow>) -> Result<Progress, Error> {
        if self.case.is_form() {
            return self.send(&self.engine, claimant, id, OWNER, self.honest_form().await).await;
        }
        let view = self.begin(claimant, id).await;
        let code = self.approved(&view).await?;
        self.bring(claimant, &view, code).await
    }

    /// Approves with the phone, if one takes part; returns the code that the browser needs, if it needs one.
    pub async fn approved(&self, view: &CeremonyView) -> Result<Option<String>, Error> {
        match &self.phone {
            Some(phone) => phone.approve(&self.engine, view).await,
            None => Ok(None),
        }
    }

    /// What the browser sends after that.
    pub async fn sent(&self, view: &CeremonyView, code: Option<String>) -> Value {
        match (&self.phone, &view.prompt) {
            (None, Some(prompt)) => self.honest(prompt).await,
            _ => serde_json::json!({ "code": code }),
        }
    }

    /// Brings what the device showed, or claims what it approved.
    pub async fn bring(
        &self,
        claimant: &Claimant,
        view: &CeremonyView,
        code: Option<String>,
    ) -> Result<Progress, Error> {
        let now = self.engine.view(claimant, view.id).await?;
        match (now.status, code) {
            (Status::Approved, _) => self.engine.claim(claimant, view.id).await,
            (_, Some(code)) => {
                self.engine.answer(claimant, view.id, serde_json::json!({ "code": code })).await
            }
            (_, None) => match now.prompt {
                Some(prompt) => self.engine.answer(claimant, view.id, self.honest(&prompt).await).await,
                None => self.engine.claim(claimant, view.id).await,
            },
        }
    }

    /// Finishes a sign-in.
    pub async fn finish(&self, claimant: &Claimant, id: Id<SignInRow>) -> Result<Opened, Error> {
        self.engine.finish_into_session(claimant, id, Account::Confirmed, None).await
    }

    /// A browser's secret.
    pub fn browser(&self) -> Claimant {
        Claimant::random(self.engine.crypto())
    }
}

/// How the devices of a person come to a ceremony.
pub(super) struct Reached {
    /// One of them claims what the initiator shows.
    pub by_claim: bool,
    /// All of them are asked.
    pub by_asking: bool,
}

impl CeremonyView {
    /// The number that a device has to be told, if there is one.
    pub(super) fn number(&self) -> Option<String> {
        match &self.prompt {
            Some(Prompt::ShowNumber { number, .. }) => Some(number.clone()),
            _ => None,
        }
    }
}

/// The refusal of a result, or a panic that names the guarantee.
pub(super) fn refused<T: std::fmt::Debug>(guarantee: &str, result: Result<T, Error>) -> Refusal {
    match result {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("{guarantee}: expected a refusal, got {other:?}"),
    }
}
