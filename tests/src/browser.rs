//! A browser, as the engine sees one: a cookie jar, an address, and what its page does.

use std::net::IpAddr;

use idp_core::{
    Claimant, Error, Id, Refusal,
    ceremony::CeremonyRow,
    engine::{Account, CeremonyView, NewSignIn, Opened, Progress, Status},
    policy::{Acr, Requirement},
    session::SessionRow,
    signin::{Ask, Initiator, Origin, SignInRow},
};
use idp_protocol::{Prompt, context::Opens, message::Verdict, prompt::ApprovalWay};
use serde_json::{Value, json};

use crate::{
    passkey::Passkey,
    phone::{Phone, code_of},
    world::{HOME, PASSWORD, World},
};

/// A browser.
pub struct Browser {
    pub world: World,
    pub claimant: Claimant,
    pub known: Option<Claimant>,
    pub session: Option<(Claimant, SessionRow)>,
    pub address: IpAddr,
    pub requirement: Requirement,
    pub opens: Opens,
}

impl Browser {
    /// A browser that has never been here.
    pub fn new(world: &World) -> Self {
        Self {
            world: world.clone(),
            claimant: Claimant::random(world.engine.crypto()),
            known: None,
            session: None,
            address: HOME,
            requirement: Requirement::default(),
            opens: Opens::default(),
        }
    }

    /// Where this browser is.
    pub fn origin(&self) -> Origin {
        Origin {
            address: self.address,
            place: self.world.engine.place(self.address),
            browser: "Firefox on Linux".to_owned(),
            known: self.known.as_ref().map(|known| self.world.engine.known_digest(known)),
            session: self.session.as_ref().map(|(secret, _)| self.world.engine.known_digest(secret)),
        }
    }

    /// Opens a sign-in for the shop.
    pub async fn open(&self) -> Id<SignInRow> {
        self.try_open().await.expect("a sign-in")
    }

    /// Opens a sign-in for the shop, if the browser may.
    pub async fn try_open(&self) -> Result<Id<SignInRow>, Error> {
        let ask = Ask {
            client: "The Shop".to_owned(),
            client_id: "shop".to_owned(),
            redirect_host: "shop.example".to_owned(),
            requirement: self.requirement.clone(),
            from: self.origin(),
            opens: self.opens,
            initiator: Initiator::Browser,
            scopes: Vec::new(),
            message: String::new(),
            parked: b"cart".to_vec(),
        };
        let new = NewSignIn { ask, subject: None, ledger: vec![] };
        self.world.engine.open_sign_in(&self.claimant, new).await
    }

    /// Signs in with a password and opens a session.
    pub async fn password(&mut self, login: &str, password: &str) -> Result<Opened, Error> {
        let id = self.open().await;
        let value = json!({ "password": password });
        let progress = self.world.engine.answer_form(&self.claimant, id, "password", login, value).await?;
        assert!(matches!(progress, Progress::Ready), "{progress:?}");
        self.finish(id, Account::Unasked).await
    }

    /// Signs in with the password that everybody has here.
    pub async fn sign_in(&mut self, login: &str) -> SessionRow {
        self.password(login, PASSWORD).await.expect("a session").session
    }

    /// Signs in with the password that everybody has here, and a code of a token of this kind: two factors that a page relays.
    pub async fn with_code(&mut self, login: &str, kind: &str, code: &str) -> Result<Opened, Error> {
        self.requirement.acr = Some(Acr::MultiFactor);
        let (id, engine) = (self.open().await, &self.world.engine);
        let password = json!({ "password": PASSWORD });
        engine.answer_form(&self.claimant, id, "password", login, password).await?;
        engine.answer_form(&self.claimant, id, kind, login, json!({ "code": code })).await?;
        self.finish(id, Account::Unasked).await
    }

    /// Signs in with what is left when all devices are gone: the password, and a code on paper.
    pub async fn recover(&mut self, login: &str, code: &str) -> Result<Opened, Error> {
        self.requirement.acr = Some(Acr::MultiFactor);
        self.requirement.or_recovery = true;
        let id = self.open().await;
        let engine = &self.world.engine;
        let password = json!({ "password": PASSWORD });
        let progress = engine.answer_form(&self.claimant, id, "password", login, password).await?;
        assert!(matches!(progress, Progress::Missing), "a password alone is not enough: {progress:?}");
        let progress =
            engine.answer_form(&self.claimant, id, "recovery", "", json!({ "code": code })).await?;
        assert!(matches!(progress, Progress::Ready), "{progress:?}");
        self.finish(id, Account::Unasked).await
    }

    /// Draws recovery codes for whoever is signed in.
    pub async fn draw_codes(&self) -> Vec<String> {
        let (_, row) = self.session.as_ref().expect("a session");
        self.world.engine.draw_recovery_codes(row).await.expect("codes")
    }

    /// Begins a QR sign-in and returns the ceremony and the text of its QR code.
    pub async fn qr(&self, id: Id<SignInRow>) -> (Id<CeremonyRow>, String) {
        let view = self.world.engine.begin(&self.claimant, id, "qr", "").await.expect("a QR code");
        (view.id, qr_of(&view))
    }

    /// Begins an offline sign-in about a name.
    pub async fn offline(&self, id: Id<SignInRow>, login: &str) -> Result<CeremonyView, Error> {
        self.world.engine.begin(&self.claimant, id, "offline", login).await
    }

    /// Types a code into a ceremony.
    pub async fn answer(&self, id: Id<CeremonyRow>, code: &str) -> Result<Progress, Error> {
        self.world.engine.answer(&self.claimant, id, json!({ "code": code })).await
    }

    /// What the page shows of a ceremony.
    pub async fn look(&self, id: Id<CeremonyRow>) -> CeremonyView {
        self.world.engine.view(&self.claimant, id).await.expect("a view")
    }

    /// The status word of a ceremony.
    pub async fn status(&self, id: Id<CeremonyRow>) -> Status {
        self.look(id).await.status
    }

    /// Finishes a sign-in and keeps the cookies.
    pub async fn finish(&mut self, id: Id<SignInRow>, account: Account) -> Result<Opened, Error> {
        let before = self.session.as_ref().map(|(_, row)| row);
        let opened = self.world.engine.finish_into_session(&self.claimant, id, account, before).await?;
        self.session = Some((opened.secret.clone(), opened.session.clone()));
        if opened.known.is_some() {
            self.known = opened.known.clone();
        }
        Ok(opened)
    }

    /// Types the code of the phone and finishes, saying "continue" where the page asks.
    pub async fn type_code(
        &mut self,
        sign_in: Id<SignInRow>,
        ceremony: Id<CeremonyRow>,
        code: &str,
    ) -> Result<Opened, Error> {
        let value = json!({ "code": code });
        match self.world.engine.answer(&self.claimant, ceremony, value).await? {
            Progress::Confirm => self.finish(sign_in, Account::Confirmed).await,
            Progress::Ready => self.finish(sign_in, Account::Unasked).await,
            other => panic!("unexpected: {other:?}"),
        }
    }

    /// Claims what a phone approved and finishes.
    pub async fn claim(
        &mut self,
        sign_in: Id<SignInRow>,
        ceremony: Id<CeremonyRow>,
    ) -> Result<Opened, Error> {
        match self.world.engine.claim(&self.claimant, ceremony).await? {
            Progress::Confirm => self.finish(sign_in, Account::Confirmed).await,
            Progress::Ready => self.finish(sign_in, Account::Unasked).await,
            other => panic!("unexpected: {other:?}"),
        }
    }

    /// Signs in with a phone: types its code, or just goes on where a tap was enough.
    pub async fn qr_sign_in(&mut self, phone: &Phone) {
        let sign_in = self.open().await;
        let (ceremony, qr) = self.qr(sign_in).await;
        let decided = phone.scan(&qr, Verdict::Approve).await.expect("approved");
        match decided.prompt {
            Some(_) => self.type_code(sign_in, ceremony, &code_of(&decided)).await.expect("signed in"),
            None => self.claim(sign_in, ceremony).await.expect("signed in"),
        };
    }

    /// Begins the enrolment of a device in the portal.
    pub async fn add_device(&self) -> Result<CeremonyView, Error> {
        self.begin_enrolment("device").await
    }

    /// Begins an enrolment in the portal.
    pub async fn begin_enrolment(&self, kind: &str) -> Result<CeremonyView, Error> {
        let (secret, row) = self.session.as_ref().expect("a session");
        self.world.engine.begin_enrolment(secret, row, self.origin(), kind).await
    }

    /// What the portal's wizard shows.
    pub async fn wizard(&self, id: Id<CeremonyRow>) -> CeremonyView {
        let (secret, _) = self.session.as_ref().expect("a session");
        self.world.engine.view(secret, id).await.expect("a view")
    }

    /// Begins the registration of a passkey in the portal.
    pub async fn add_passkey(&self) -> Result<CeremonyView, Error> {
        self.begin_enrolment("passkey").await
    }

    /// Registers a passkey of this name in the portal, for an account that has nothing that approves it first.
    pub async fn register(&self, passkey: &mut Passkey, name: &str) -> Result<Progress, Error> {
        let view = self.add_passkey().await?;
        self.answer_enrolment(view.id, passkey.created(&options_of(&view), name)).await
    }

    /// Approves with a passkey what is about to be added.
    pub async fn approve(&self, view: &CeremonyView, passkey: &Passkey) -> Result<Progress, Error> {
        self.send_approval(view.id, passkey.asserted(&approval_of(view))).await
    }

    /// Sends an assertion as an approval.
    pub async fn send_approval(&self, id: Id<CeremonyRow>, asserted: Value) -> Result<Progress, Error> {
        let approval = json!({ "approval": { "kind": "passkey", "answer": asserted } });
        self.answer_enrolment(id, approval).await
    }

    /// Signs in with a passkey, and opens a session.
    pub async fn passkey(&mut self, passkey: &Passkey) -> Result<Opened, Error> {
        let sign_in = self.open().await;
        let (ceremony, options) = self.asked_for_passkey(sign_in).await;
        self.assert(ceremony, passkey.asserted(&options)).await?;
        self.finish(sign_in, Account::Confirmed).await
    }

    /// Begins a sign-in with a passkey.
    pub async fn asked_for_passkey(&self, id: Id<SignInRow>) -> (Id<CeremonyRow>, Value) {
        let view = self.world.engine.begin(&self.claimant, id, "passkey", "").await.expect("a question");
        (view.id, options_of(&view))
    }

    /// Sends an assertion.
    pub async fn assert(&self, id: Id<CeremonyRow>, value: Value) -> Result<Progress, Error> {
        self.world.engine.answer(&self.claimant, id, value).await
    }

    /// Types the code of a new device into the portal.
    pub async fn confirm(&self, id: Id<CeremonyRow>, code: &str) -> Result<Progress, Error> {
        self.answer_enrolment(id, json!({ "code": code })).await
    }

    /// Answers an enrolment in the portal.
    pub async fn answer_enrolment(&self, id: Id<CeremonyRow>, value: Value) -> Result<Progress, Error> {
        let (secret, _) = self.session.as_ref().expect("a session");
        self.world.engine.answer(secret, id, value).await
    }
}

/// The text of a QR code.
pub fn qr_of(view: &CeremonyView) -> String {
    match &view.prompt {
        Some(Prompt::ShowQr { payload, .. } | Prompt::OfferEnrolment { payload: Some(payload), .. }) => {
            payload.clone()
        }
        other => panic!("no QR code: {other:?}"),
    }
}

/// The text of the QR code of an offline ticket.
pub fn ticket_of(view: &CeremonyView) -> String {
    match &view.prompt {
        Some(Prompt::ShowTicket { payload, .. }) => payload.clone(),
        other => panic!("no ticket: {other:?}"),
    }
}

/// The options that a browser is given for a passkey.
pub fn options_of(view: &CeremonyView) -> Value {
    match &view.prompt {
        Some(Prompt::WebAuthn { options }) => options.clone(),
        other => panic!("no question for a passkey: {other:?}"),
    }
}

/// The options that a browser is given for a passkey that approves what is about to be added.
pub fn approval_of(view: &CeremonyView) -> Value {
    let ways = match &view.prompt {
        Some(Prompt::AskApproval { ways, .. }) => ways.as_slice(),
        other => panic!("nothing approves here: {other:?}"),
    };
    match ways {
        [ApprovalWay { kind, prompt: Prompt::WebAuthn { options } }] if kind == "passkey" => options.clone(),
        other => panic!("no question for a passkey: {other:?}"),
    }
}

/// The number that the browser shows.
pub fn number_of(view: &CeremonyView) -> String {
    match &view.prompt {
        Some(Prompt::AskApproval { number: Some(number), .. }) => number.clone(),
        Some(Prompt::ShowNumber { number, .. }) => number.clone(),
        other => panic!("no number: {other:?}"),
    }
}

/// The refusal of a result.
pub fn refusal<T: std::fmt::Debug>(result: Result<T, Error>) -> Refusal {
    match result {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}
