//! A phone that talks to the engine without a network.

use std::{net::IpAddr, sync::Arc};

use anyhow::Context as _;
use idp_core::{
    Engine, ManualClock,
    clock::Clock as _,
    engine::{DeviceReply, DeviceRequest},
};
use idp_protocol::{message::Posted, server};
use symbolon_authenticator::{
    Account, Authenticator, Details, MemoryStore, Transport,
    clock::Pause,
    transport::{Request, Response, TransportError},
};

use super::{Town, town::ISSUER};

/// The PIN of every phone.
pub const PIN: &str = "493817";

/// A phone with one account.
pub struct Phone {
    pub app: Authenticator<Wire>,
}

/// Its way to the engine.
pub struct Wire {
    engine: Arc<Engine>,
    clock: Arc<ManualClock>,
    address: IpAddr,
}

/// The clock of the town is its clock.
struct OfTown(Arc<ManualClock>);

impl symbolon_authenticator::Clock for OfTown {
    fn now(&self) -> i64 {
        self.0.now().0
    }

    fn sleep(&self, _: std::time::Duration) -> Pause<'_> {
        Box::pin(std::future::ready(()))
    }
}

impl Phone {
    /// One that is not registered yet, somewhere.
    pub fn new(town: &Town, address: IpAddr) -> Self {
        let (engine, clock) = (Arc::clone(&town.engine), Arc::clone(&town.clock));
        let of_town = Arc::new(OfTown(Arc::clone(&clock)));
        let (wire, store) = (Wire { engine, clock, address }, Arc::new(MemoryStore::default()));
        Self { app: Authenticator::new(symbolon_aws_lc::crypto(), of_town, wire, store) }
    }

    /// # Errors
    /// It has none.
    pub fn account(&self) -> anyhow::Result<Account> {
        self.app.accounts()?.into_iter().next().context("the phone has no account")
    }

    /// Registers by the code of the portal, and returns what is to be typed there.
    ///
    /// # Errors
    /// The server refuses it.
    pub async fn register(&self, qr: &str) -> anyhow::Result<String> {
        let mut offered = self.app.enrol(qr).await?;
        let details = Details::new("Phone".parse()?, "Bench".parse()?).pin(PIN);
        Ok(offered.register(&details).await?.code)
    }
}

impl Transport for Wire {
    async fn send(&self, request: &Request) -> Result<Response, TransportError> {
        let path = request.url().strip_prefix(ISSUER).unwrap_or_default().to_owned();
        let answer = self.answered(request, &path).await;
        answer.map_err(|error| TransportError::Unreachable(format!("{path}: {error:#}")))
    }
}

impl Wire {
    async fn answered(&self, request: &Request, path: &str) -> anyhow::Result<Response> {
        let (method, posted) = match request {
            Request::Get { .. } if path == server::PATH => {
                return Ok(ok(self.engine.keys().list(self.clock.now())));
            }
            Request::Get { authorization, .. } => {
                let message = authorization.as_deref().unwrap_or_default();
                let message = message.trim_start_matches("Device ").to_owned();
                ("GET", Posted { message, mac: None, pin_proof: None })
            }
            Request::Post { body, .. } => ("POST", serde_json::from_slice(body)?),
            _ => anyhow::bail!("a request of a new kind"),
        };
        let request = DeviceRequest { method, path, posted, address: self.address };
        Ok(match self.engine.answer_device(&request).await? {
            DeviceReply::Statement(statement) => ok(&statement),
            DeviceReply::Waiting(waiting) => ok(&serde_json::to_string(&waiting)?),
            DeviceReply::Nothing => {
                Response { status: 204, retry_after: None, waits: false, body: Vec::new() }
            }
        })
    }
}

fn ok(body: &str) -> Response {
    Response { status: 200, retry_after: None, waits: false, body: body.as_bytes().to_vec() }
}
