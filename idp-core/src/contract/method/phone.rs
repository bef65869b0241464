//! A device of the suite's own: it claims by the QR code of the page and decides with its PIN.

use std::{net::IpAddr, sync::Arc};

use idp_protocol::{
    Crypto, Octets, P256Key, Prompt,
    context::{Context, Decided, Purpose, Said, Statement},
    crypto::{Algorithm, SigningKey},
    jws::Unverified,
    link::{Link, Target},
    message::{
        CibaDecision, Claims, Decision, GrantDecision, Message, Pending, Posted, PushDecision, QrClaim,
        QrDecision, Reference, Verdict,
    },
    offline::{Asked, With},
    pin,
    server::KeyList,
};

use zeroize::Zeroizing;

use crate::{
    Engine, Error, Id, Refusal,
    device::{DeviceRow, DeviceState, DeviceWrite, Facts},
    engine::{CeremonyView, DeviceReply, DeviceRequest},
    method::Registration,
    store::Batch,
    users::User,
};

const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
const PIN_KEY: [u8; 32] = [5; 32];

/// A registered device.
pub(super) struct Phone {
    pub id: Id<DeviceRow>,
    pub account: Octets<16>,
    key: Arc<dyn SigningKey>,
    agreement: Zeroizing<[u8; 32]>,
    crypto: Crypto,
}

impl Phone {
    /// Registers a device of `user`, past the enrolment.
    pub async fn register(engine: &Engine, user: &User) -> Self {
        let crypto = engine.crypto().clone();
        let pkcs8 = crypto.signatures.generate(Algorithm::Es256).expect("a key");
        let key = crypto.signatures.load(Algorithm::Es256, &pkcs8).expect("a key");
        let public = P256Key::try_from(key.public()).expect("a P-256 key");
        let agreement = crypto.agreement.generate();
        let point = crypto.agreement.public(&agreement).expect("a point");
        let id = Id::random(&crypto);
        let facts = Facts {
            name: "Suite".to_owned(),
            platform: "Suite".to_owned(),
            signing_key: public,
            agreement_key: P256Key::from_point(&point).expect("a key"),
            enrolment: Octets([0; 16]),
            address: HOME.to_string(),
            place: "home".to_owned(),
            has_pin: true,
            activated_at: Some(engine.now()),
            assurance: crate::evidence::Assurance::Usual,
            stopped_at: None,
            pin_locked: false,
        };
        let registration = Registration {
            device: id,
            user: user.id,
            thumbprint: public.thumbprint(&crypto),
            facts,
            pin_key: Some(PIN_KEY),
            otp_key: [6; 32].into(),
        };
        let mut row = engine.registered(registration).expect("a row");
        row.state = DeviceState::Active;
        let batch = Batch::new().with(DeviceWrite::Insert(row));
        let _ = engine.store().commit(batch).await.expect("a device");
        Self { id, account: user.id.octets(), key, agreement, crypto }
    }

    /// Claims a ceremony by what its page shows.
    pub async fn claim(&self, engine: &Engine, view: &CeremonyView) -> Result<(String, Context), Error> {
        self.claim_as(engine, view, self.account).await
    }

    /// Claims a ceremony for an account of the attacker's choice.
    pub async fn claim_as(
        &self,
        engine: &Engine,
        view: &CeremonyView,
        account: Octets<16>,
    ) -> Result<(String, Context), Error> {
        let Some(Prompt::ShowQr { payload, .. }) = &view.prompt else { panic!("no QR code: {view:?}") };
        let reference = match Link::parse(payload).expect("a link").target {
            Target::Scan(ticket) => Reference::Scan { ticket },
            Target::Grant(ticket) => Reference::Grant { ticket },
            Target::Backchannel(ticket) => Reference::Backchannel { ticket },
            Target::SameDevice(_) | Target::Enrol(_) | Target::Offline(_) | Target::Codes(_) => {
                panic!("no ticket")
            }
        };
        let claim = QrClaim { reference, account };
        let statement = self.post(engine, claim).await?;
        let said: Said<Context> = self.read(engine, &statement);
        Ok((statement, said.msg))
    }

    /// Decides about a context.
    pub async fn decide(
        &self,
        engine: &Engine,
        (statement, context): &(String, Context),
        decision: Verdict,
    ) -> Result<Decided, Error> {
        self.decide_with(engine, &(statement.clone(), context.clone()), decision, None).await
    }

    /// The same, with the number of the browser.
    pub async fn decide_with(
        &self,
        engine: &Engine,
        (statement, context): &(String, Context),
        decision: Verdict,
        number: Option<String>,
    ) -> Result<Decided, Error> {
        let decision = Decision {
            ceremony: context.ceremony,
            context: Octets(self.crypto.hash.sha256(statement.as_bytes())),
            decision,
            account: self.account,
            number,
        };
        let reply = match context.purpose {
            Purpose::DeviceGrant { .. } => self.post(engine, GrantDecision(decision)).await?,
            Purpose::Push { .. } => self.post(engine, PushDecision(decision)).await?,
            Purpose::Backchannel { .. } => self.post(engine, CibaDecision(decision)).await?,
            _ => self.post(engine, QrDecision(decision)).await?,
        };
        Ok(self.read::<Decided>(engine, &reply).msg)
    }

    /// What this device is asked about a ceremony.
    pub async fn waiting(&self, engine: &Engine, view: &CeremonyView) -> Result<(String, Context), Error> {
        let claims = Claims::new(engine.keys().issuer(), engine.now().0, self.crypto.random(), Pending {});
        let message = claims.sign(&self.crypto, &*self.key).expect("signed");
        let posted = Posted { message, mac: None, pin_proof: None };
        let request = DeviceRequest { method: "GET", path: Pending::PATH, posted, address: HOME };
        let DeviceReply::Waiting(waiting) = engine.answer_device(&request).await? else {
            return Err(Refusal::OutOfStep.into());
        };
        let mut asked = waiting.contexts.into_iter().map(|statement| {
            let context = self.read::<Context>(engine, &statement).msg;
            (statement, context)
        });
        asked
            .find(|(_, context)| context.ceremony == view.id.octets())
            .ok_or_else(|| Refusal::NotFound.into())
    }

    /// Claims or finds what it is asked, and approves, or answers a ticket without a message; returns the code that the
    /// browser needs, if it needs one.
    pub async fn approve(&self, engine: &Engine, view: &CeremonyView) -> Result<Option<String>, Error> {
        if let Some(Prompt::ShowTicket { payload, .. }) = &view.prompt {
            return Ok(Some(self.code(engine, payload)));
        }
        let asked = match &view.prompt {
            Some(Prompt::ShowQr { .. }) => self.claim(engine, view).await?,
            _ => self.waiting(engine, view).await?,
        };
        let decided = self.decide_with(engine, &asked, Verdict::Approve, view.number()).await?;
        Ok(match decided.prompt {
            Some(Prompt::ShowCode { code }) => Some(code),
            _ => None,
        })
    }

    /// The code that approves what a ticket asks.
    fn code(&self, engine: &Engine, payload: &str) -> String {
        let Target::Offline(ticket) = Link::parse(payload).expect("a link").target else {
            panic!("no ticket")
        };
        let keys = engine.keys();
        let list = KeyList::read(&self.crypto, keys.list(engine.now()), keys.issuer(), &keys.pin());
        let server = list.expect("a list");
        let server = server.agreement_key(engine.now().0).expect("an agreement key").point();
        let asked =
            Asked::open(&self.crypto, keys.issuer(), &self.agreement, &server, &ticket).expect("a ticket");
        let pin_key = (asked.request.with == With::Pin).then_some(&PIN_KEY);
        asked.approval(&self.crypto, pin_key)
    }

    async fn post<M: Message>(&self, engine: &Engine, msg: M) -> Result<String, Error> {
        let claims = Claims::new(engine.keys().issuer(), engine.now().0, self.crypto.random(), msg);
        let message = claims.sign(&self.crypto, &*self.key).expect("signed");
        let pin_proof = Some(Octets(pin::proof(&self.crypto, &PIN_KEY, M::TYP, &message)));
        let posted = Posted { message, mac: None, pin_proof };
        let request = DeviceRequest { method: "POST", path: M::PATH, posted, address: HOME };
        match engine.answer_device(&request).await? {
            DeviceReply::Statement(statement) => Ok(statement),
            DeviceReply::Waiting(_) | DeviceReply::Nothing => Err(Refusal::OutOfStep.into()),
        }
    }

    fn read<T: Statement>(&self, engine: &Engine, statement: &str) -> Said<T> {
        let message = Unverified::parse(statement).expect("a statement");
        let key = engine.keys().context_key(engine.now()).expect("a context key");
        message.verify(&self.crypto, T::TYP, &key).expect("a statement of the server")
    }
}
