//! A registered authenticator of somebody's, over HTTP.

use std::sync::Arc;

use idp_core::{
    Id,
    device::{DeviceRow, DeviceSecrets, DeviceState, DeviceWrite, Facts},
    seal::Place,
    store::{Batch, Committed},
    users::User,
};
use idp_protocol::{
    Octets, P256Key,
    context::{Context, Decided, Purpose, Said, Statement, Waiting},
    crypto::{Algorithm, SigningKey},
    jws::Unverified,
    link::{Link, Target},
    message::{
        CibaDecision, Claims, Decision, GrantDecision, Message, Pending, Posted, QrClaim, QrDecision,
        Reference, Verdict,
    },
    pin,
};
use reqwest::RequestBuilder;
use serde_json::Value;

use crate::server::{Server, answer};

const PIN_KEY: [u8; 32] = [5; 32];

/// An active authenticator.
pub struct Phone {
    pub id: Id<DeviceRow>,
    account: Octets<16>,
    key: Arc<dyn SigningKey>,
}

/// What it was asked, and the signed text of it.
pub struct Asked {
    pub context: Context,
    statement: String,
}

/// What the server says, or the code of its refusal.
pub type Answered<T> = Result<T, String>;

impl Phone {
    /// Registers one for somebody, past the enrolment.
    pub async fn of(server: &Server, user: &User) -> Self {
        let engine = server.app.engine();
        let crypto = engine.crypto();
        let pkcs8 = crypto.signatures.generate(Algorithm::Es256).unwrap();
        let key = crypto.signatures.load(Algorithm::Es256, &pkcs8).unwrap();
        let public = P256Key::try_from(key.public()).unwrap();
        let id = Id::random(crypto);
        let facts = Facts {
            name: "Phone".to_owned(),
            platform: "Test".to_owned(),
            signing_key: public,
            agreement_key: public,
            enrolment: Octets([0; 16]),
            address: "127.0.0.1".to_owned(),
            place: "here".to_owned(),
            has_pin: true,
            activated_at: Some(engine.now()),
            assurance: idp_core::evidence::Assurance::Usual,
            stopped_at: None,
            pin_locked: false,
        };
        let secrets = DeviceSecrets { pin_key: Some(Octets(PIN_KEY)), otp_key: Octets([6; 32]), push: None };
        let row = DeviceRow {
            id,
            user: user.id,
            thumbprint: public.thumbprint(crypto),
            state: DeviceState::Active,
            revision: 0,
            created_at: engine.now(),
            seen_at: engine.now(),
            facts,
            secrets: engine.sealer().seal_json(&Place::Device(id).aad(), &secrets).unwrap(),
        };
        let written = engine.store().commit(Batch::new().with(DeviceWrite::Insert(row))).await.unwrap();
        assert_eq!(written, Committed::Yes);
        Self { id, account: user.id.octets(), key }
    }

    /// Claims what a QR code names.
    pub async fn scan(&self, server: &Server, qr: &str) -> Answered<Asked> {
        let reference = match Link::parse(qr).unwrap().target {
            Target::Scan(ticket) => Reference::Scan { ticket },
            Target::Grant(ticket) => Reference::Grant { ticket },
            Target::Backchannel(ticket) => Reference::Backchannel { ticket },
            other => panic!("{other:?}"),
        };
        self.claim(server, reference).await
    }

    /// Claims what a reference names.
    pub async fn claim(&self, server: &Server, reference: Reference) -> Answered<Asked> {
        let statement = self.post(server, QrClaim { reference, account: self.account }).await?;
        Ok(Asked { context: self.read(server, &statement), statement })
    }

    /// The request that asks what waits for it.
    pub fn asks(&self, server: &Server) -> RequestBuilder {
        let crypto = symbolon_aws_lc::crypto();
        let now = server.app.engine().now().0;
        let claims = Claims::new(server.app.issuer(), now, crypto.random(), Pending {});
        let message = claims.sign(&crypto, &*self.key).unwrap();
        let get = server.http.get(format!("{}{}", server.url, Pending::PATH));
        get.header("authorization", format!("Device {message}"))
    }

    /// What waits for it, the newest first.
    pub async fn pending(&self, server: &Server) -> Vec<Asked> {
        let sent = self.asks(server).send().await.unwrap();
        let waiting: Waiting = serde_json::from_value(answer(sent).await.1).unwrap();
        let asked = waiting.contexts.into_iter();
        asked.map(|statement| Asked { context: self.read(server, &statement), statement }).collect()
    }

    /// The one thing that waits for it.
    pub async fn asked(&self, server: &Server) -> Asked {
        let mut waiting = self.pending(server).await;
        assert_eq!(waiting.len(), 1, "one question");
        waiting.remove(0)
    }

    /// Decides as the context's purpose asks for.
    pub async fn decide(&self, server: &Server, asked: &Asked, verdict: Verdict) -> Answered<Decided> {
        let decision = self.decision(asked, verdict);
        let reply = match asked.context.purpose {
            Purpose::DeviceGrant { .. } => self.post(server, GrantDecision(decision)).await?,
            Purpose::Backchannel { .. } => self.post(server, CibaDecision(decision)).await?,
            _ => self.post(server, QrDecision(decision)).await?,
        };
        Ok(self.read(server, &reply))
    }

    /// Scans and approves.
    pub async fn approve(&self, server: &Server, qr: &str) {
        let asked = self.scan(server, qr).await.unwrap();
        self.decide(server, &asked, Verdict::Approve).await.unwrap();
    }

    /// A decision, to be sent as a test likes.
    pub fn decision(&self, asked: &Asked, verdict: Verdict) -> Decision {
        Decision {
            ceremony: asked.context.ceremony,
            context: Octets(symbolon_aws_lc::crypto().hash.sha256(asked.statement.as_bytes())),
            decision: verdict,
            account: self.account,
            number: None,
        }
    }

    /// Sends a message with the right PIN.
    pub async fn post<M: Message>(&self, server: &Server, msg: M) -> Answered<String> {
        let crypto = symbolon_aws_lc::crypto();
        let now = server.app.engine().now().0;
        let claims = Claims::new(server.app.issuer(), now, crypto.random(), msg);
        let message = claims.sign(&crypto, &*self.key).unwrap();
        let pin_proof = Some(Octets(pin::proof(&crypto, &PIN_KEY, M::TYP, &message)));
        let posted = Posted { message, mac: None, pin_proof };
        let sent = server.http.post(format!("{}{}", server.url, M::PATH)).json(&posted).send().await.unwrap();
        if sent.status().is_success() {
            return Ok(sent.text().await.unwrap());
        }
        let (_, refused): (u16, Value) = answer(sent).await;
        Err(refused["error"].as_str().unwrap().to_owned())
    }

    fn read<T: Statement>(&self, server: &Server, statement: &str) -> T {
        let engine = server.app.engine();
        let key = engine.keys().context_key(engine.now()).unwrap();
        let said: Said<T> =
            Unverified::parse(statement).unwrap().verify(engine.crypto(), T::TYP, &key).unwrap();
        said.msg
    }
}
