//! A phone: the device side as a library, over a connection that stays open.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use http::{HeaderValue, Method, header};
use hyper::body::Bytes;
use idp_protocol::{Prompt, message::Verdict};
use symbolon_authenticator::{
    Account, Answer, Authenticator, Details, MemoryStore, SystemClock, Ticket, Transport,
    transport::{Request, Response, TransportError},
};
use tokio::sync::Mutex;

use super::password::typed;
use crate::{
    browser::{Browser, between, qr_code},
    connection::{Connection, request},
};

const PIN: &str = "493817";

/// A phone with one account.
pub struct Phone {
    app: Authenticator<Wire>,
    account: Account,
}

/// Its connection, which is opened anew when the server has closed it: it closes those that nobody uses.
struct Wire {
    port: u16,
    connection: Mutex<Option<Connection>>,
}

impl Phone {
    /// Registers a phone for a person, in the portal as people do.
    ///
    /// # Errors
    /// Something is not as it should be.
    pub async fn enrolled(port: u16, login: &str) -> anyhow::Result<Self> {
        let mut portal = Browser::open(port).await?;
        let page = portal.visit("/account").await?.page()?;
        typed(&mut portal, &page, login).await?.page()?;
        let wizard = portal.submit("/account/devices", &[]).await?.page()?;
        let (wire, store) = (Wire { port, connection: Mutex::default() }, Arc::new(MemoryStore::default()));
        let app = Authenticator::new(symbolon_aws_lc::crypto(), Arc::new(SystemClock), wire, store);
        let mut offered = app.enrol(&qr_code(&wizard)?).await?;
        let details = Details::new("Phone".parse()?, "Bench".parse()?).pin(PIN);
        let code = offered.register(&details).await?.code;
        let id = between(&wizard, "/account/devices/state?id=", "\"")?.to_owned();
        let confirm = [("id", id.as_str()), ("code", code.as_str())];
        let page = portal.submit("/account/devices/confirm", &confirm).await?.page()?;
        let number = between(&page, "<p class=\"number\"><span aria-hidden=\"true\">", "<")?;
        let registered = app.accounts()?.into_iter().next().context("no account")?;
        let pending = app.pending(&registered).await?;
        let first = pending.first().context("nothing waits for the new device")?;
        app.decide(first, &Answer::new(Verdict::Approve).number(number).pin(PIN)).await?;
        let account = app.accounts()?.into_iter().next().context("no account")?;
        Ok(Self { app, account })
    }

    /// Scans the code of a page and approves; returns the digits that the browser wants.
    ///
    /// # Errors
    /// The server does not take it.
    pub async fn approve(&self, page: &str) -> anyhow::Result<String> {
        let ticket = Ticket::from_scan(&qr_code(page)?)?;
        let claimed = self.app.claim(&self.account, &ticket).await?;
        let decided = self.app.decide(&claimed, &Answer::new(Verdict::Approve).pin(PIN)).await?;
        match decided.prompt {
            Some(Prompt::ShowCode { code }) => Ok(code),
            other => bail!("no digits to show: {other:?}"),
        }
    }
}

impl Wire {
    async fn carry(&self, request: http::Request<http_body_util::Full<Bytes>>) -> anyhow::Result<Response> {
        let mut held = self.connection.lock().await;
        let mut connection = match held.take().filter(Connection::is_open) {
            Some(connection) => connection,
            None => Connection::open(self.port).await?,
        };
        let answer = connection.ask(request).await?;
        *held = Some(connection);
        Ok(Response {
            status: answer.status.as_u16(),
            retry_after: None,
            waits: false,
            body: answer.body.to_vec(),
        })
    }
}

impl Transport for Wire {
    async fn send(&self, sent: &Request) -> Result<Response, TransportError> {
        let path = sent.url().splitn(4, '/').nth(3).unwrap_or_default();
        let asked = match sent {
            Request::Get { authorization, .. } => read(path, authorization.as_deref()),
            Request::Post { body, .. } => posted(path, body),
            _ => Err(anyhow::anyhow!("a request of a new kind")),
        };
        let answer = async { self.carry(asked?).await };
        answer.await.map_err(|error| TransportError::Unreachable(format!("{error:#}")))
    }
}

fn read(
    path: &str,
    authorization: Option<&str>,
) -> anyhow::Result<http::Request<http_body_util::Full<Bytes>>> {
    let mut asked = request(Method::GET, &format!("/{path}"), Bytes::new())?;
    if let Some(value) = authorization {
        asked.headers_mut().insert(header::AUTHORIZATION, HeaderValue::from_str(value)?);
    }
    Ok(asked)
}

fn posted(path: &str, body: &[u8]) -> anyhow::Result<http::Request<http_body_util::Full<Bytes>>> {
    let mut asked = request(Method::POST, &format!("/{path}"), body.to_vec().into())?;
    asked.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(asked)
}
