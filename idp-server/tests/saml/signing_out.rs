//! A service provider that signs people out, and is told: it asks by each binding, answers what it is asked, and reads what comes.

use std::sync::{Arc, Mutex};

use axum::{Router, extract::State, routing::post as on_post};
use chrono::{DateTime, Utc};
use idp_core::{Time, session::SessionRow};
use idp_server::{App, saml::Terms};
use reqwest::{Response, header};
use symbolon_saml::{
    Head, Kind, LogoutRequest, LogoutResponse, Message, NameId, PeerKeys, Signer, Status, Trust, Wrapping,
    fresh_id, open, post,
    redirect::{self, Parameter},
    status,
};
use tokio::net::TcpListener;

use crate::{
    requests::hidden,
    server::{Server, form},
    service_provider::{Answered, RELAY, Request, SHOP, ServiceProvider, opens, unescaped},
};

pub const SLO: &str = "https://shop.example/slo";
pub const BANK: &str = "https://bank.example/metadata";
pub const BANK_SLO: &str = "https://bank.example/slo";

/// A service provider that can be told in this way: the binding, and where.
pub fn told_by(mut provider: ServiceProvider, services: &[(&str, &str)]) -> ServiceProvider {
    let service = |(binding, location): &(&str, &str)| {
        format!(
            "<md:SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:{binding}\" Location=\"{location}\"/>"
        )
    };
    provider.more = services.iter().map(service).collect();
    provider
}

/// The shop, told in a browser's address.
pub fn shop() -> ServiceProvider {
    told_by(ServiceProvider::shop(), &[("HTTP-Redirect", SLO)])
}

/// The bank, which has another key than the shop.
pub fn bank(services: &[(&str, &str)]) -> ServiceProvider {
    let mut bank = ServiceProvider::mallory();
    (bank.entity_id, bank.acs) = (BANK.to_owned(), "https://bank.example/acs".to_owned());
    told_by(bank, services)
}

/// A server that may go to sites of these tests, and who knows it.
pub async fn start(providers: &[&ServiceProvider]) -> Server {
    let server = Server::start_with(|config| config.outbound.danger_loopback_http = true).await;
    for provider in providers {
        provider.join(&server.app, Terms::default()).await;
    }
    server
}

/// What a service provider knows of a session.
#[derive(Clone)]
pub struct Known {
    pub name: String,
    pub index: String,
}

/// The browser signs in to it.
pub async fn signs_in(server: &Server, provider: &ServiceProvider, cookie: &str) -> Known {
    let came = opens(server, &provider.sends(server, &Request::default()), Some(cookie)).await;
    let answered = Answered::of(server, came).await;
    Known {
        name: answered.element("NameID").to_owned(),
        index: answered.attribute("SessionIndex").to_owned(),
    }
}

fn at(time: Time) -> DateTime<Utc> {
    DateTime::from_timestamp(time.0, 0).unwrap()
}

fn head(server: &Server, provider: &ServiceProvider, path: &str) -> Head {
    Head {
        id: fresh_id(&*symbolon_aws_lc::crypto().random),
        issued: at(server.clock_now()),
        destination: Some(format!("{}{path}", server.app.issuer())),
        issuer: provider.entity_id.clone(),
    }
}

/// What it asks for somebody whom it knows.
pub fn request(server: &Server, provider: &ServiceProvider, known: &Known) -> LogoutRequest {
    let name_id =
        NameId { value: known.name.clone(), format: None, name_qualifier: None, sp_name_qualifier: None };
    LogoutRequest {
        head: head(server, provider, "/saml/slo"),
        not_on_or_after: Some(at(server.clock_now() + 300)),
        reason: None,
        name_id,
        session_indexes: vec![known.index.clone()],
    }
}

/// The same, for us alone.
pub fn by_soap(server: &Server, provider: &ServiceProvider, known: &Known) -> LogoutRequest {
    let mut request = request(server, provider, known);
    request.head.destination = Some(format!("{}/saml/slo/soap", server.app.issuer()));
    request
}

/// The address that it sends a browser to.
pub fn address(request: &LogoutRequest, signer: Option<&Signer>) -> String {
    let text = request.write(None).unwrap();
    format!("/saml/slo?{}", redirect::write(Parameter::Request, &text, Some(RELAY), signer).unwrap())
}

/// A form of another site, which brings no cookie; the address that the browser goes on to.
pub async fn posts(server: &Server, name: &str, text: &str, relay_state: &str) -> Response {
    server
        .http
        .post(format!("{}/saml/slo", server.url))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ORIGIN, "https://shop.example")
        .body(form(&[(name, &post::encode(text)), ("RelayState", relay_state)]))
        .send()
        .await
        .unwrap()
}

pub async fn asks_by_soap(server: &Server, body: String) -> Response {
    let request = server.http.post(format!("{}/saml/slo/soap", server.url));
    request.header(header::CONTENT_TYPE, "text/xml").body(body).send().await.unwrap()
}

pub fn location(response: &Response) -> String {
    assert_eq!(response.status(), 303, "{response:?}");
    response.headers()[header::LOCATION].to_str().unwrap().to_owned()
}

pub async fn our_keys(app: &App) -> PeerKeys {
    let keys = app.saml().keys(app.engine()).await.unwrap();
    PeerKeys::from_certificates(keys.certificates(app.engine().now())).unwrap()
}

/// What our keys signed of an address that a browser is sent to, and its relay state.
async fn sent(server: &Server, response: &Response, to: &str, kind: Kind) -> (Message, Option<String>) {
    let location = location(response);
    let (base, query) = location.split_once('?').unwrap();
    assert_eq!(base, to);
    assert_eq!(response.headers()[header::REFERRER_POLICY], "no-referrer");
    let keys = our_keys(&server.app).await;
    redirect::read(query, kind).unwrap().check(Trust::Required(&keys)).unwrap()
}

/// The answer that a browser is sent back with.
pub async fn answered(server: &Server, response: &Response, to: &str) -> LogoutResponse {
    let (message, relay_state) = sent(server, response, to, Kind::LogoutResponse).await;
    assert_eq!(relay_state.as_deref(), Some(RELAY));
    let answer = LogoutResponse::read(&message).unwrap();
    assert_eq!(answer.head.destination.as_deref(), Some(to));
    assert_eq!(answer.head.issuer, server.app.saml().entity_id());
    answer
}

/// The same where the browser goes to the answer by an address of ours.
pub async fn answered_at_last(server: &Server, came: &Response, cookie: &str, to: &str) -> LogoutResponse {
    let on = location(came);
    assert!(on.starts_with("/saml/slo/answer?"), "{on}");
    answered(server, &opens(server, &on, Some(cookie)).await, to).await
}

/// The request that a browser is sent to a provider with, and the reference that it comes back with.
pub async fn asked(server: &Server, response: &Response, to: &str) -> (LogoutRequest, String) {
    let (message, relay_state) = sent(server, response, to, Kind::LogoutRequest).await;
    (LogoutRequest::read(&message).unwrap(), relay_state.unwrap())
}

/// The same in a form.
pub async fn asked_in_form(server: &Server, page: &str, to: &str) -> (LogoutRequest, String) {
    assert!(page.contains(&format!("action=\"{to}\"")), "{page}");
    let text = post::decode(&hidden(page, "SAMLRequest")).unwrap();
    let keys = our_keys(&server.app).await;
    let message =
        open(&text, Kind::LogoutRequest, Wrapping::None).unwrap().check(Trust::Required(&keys)).unwrap();
    (LogoutRequest::read(&message).unwrap(), unescaped(&hidden(page, "RelayState")))
}

/// What a provider answers to a request of ours.
pub fn reply(server: &Server, provider: &ServiceProvider, to: &str, status: Status) -> LogoutResponse {
    LogoutResponse { head: head(server, provider, "/saml/slo"), in_response_to: Some(to.to_owned()), status }
}

/// Whether somebody may not have heard of the end.
pub fn is_partial(answer: &LogoutResponse) -> bool {
    answer.status.is_success() && answer.status.detail.as_deref() == Some(status::PARTIAL_LOGOUT)
}

/// The address that it sends the browser back to.
pub fn back(reply: &LogoutResponse, reference: &str, signer: Option<&Signer>) -> String {
    let text = reply.write(None).unwrap();
    format!("/saml/slo?{}", redirect::write(Parameter::Response, &text, Some(reference), signer).unwrap())
}

/// Whether a session opens anything.
pub async fn lives(server: &Server, session: &SessionRow) -> bool {
    let row = server.app.engine().store().session_by_id(session.id).await.unwrap();
    row.is_some_and(|row| row.holds(server.clock_now()))
}

/// Whether a provider was told of the end, or said it.
pub async fn is_told(server: &Server, session: &SessionRow, provider: &str) -> bool {
    let rows = server.app.db().saml_parties(session.id).await.unwrap();
    rows.iter().find(|row| row.entity_id == provider).unwrap().told_at.is_some()
}

/// A site that is told by SOAP, and says what it is told to.
#[derive(Clone)]
pub struct Site {
    pub url: String,
    held: Arc<Held>,
}

struct Held {
    issuer: String,
    signer: Signer,
    says: Mutex<Says>,
    heard: Mutex<Vec<String>>,
}

/// What a site answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Says {
    Done,
    No,
    AnotherQuestion,
    SomebodyElse,
    Unsigned,
}

impl Site {
    /// One that signs with the key of this provider.
    pub async fn of(provider: ServiceProvider) -> Self {
        let held = Held {
            issuer: provider.entity_id,
            signer: provider.signer,
            says: Mutex::new(Says::Done),
            heard: Mutex::new(Vec::new()),
        };
        let held = Arc::new(held);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/slo", listener.local_addr().unwrap());
        let router = Router::new().route("/slo", on_post(hear)).with_state(Arc::clone(&held));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, held }
    }

    pub fn say(&self, says: Says) {
        *self.held.says.lock().unwrap() = says;
    }

    /// The requests that it got.
    pub fn heard(&self) -> Vec<String> {
        self.held.heard.lock().unwrap().clone()
    }
}

async fn hear(State(held): State<Arc<Held>>, body: String) -> String {
    let says = *held.says.lock().unwrap();
    let id = body.split_once(" ID=\"").unwrap().1.split_once('"').unwrap().0.to_owned();
    let issued = body.split_once("IssueInstant=\"").unwrap().1.split_once('"').unwrap().0;
    let issued = issued.parse().unwrap();
    held.heard.lock().unwrap().push(body.clone());
    let issuer = if says == Says::SomebodyElse { SHOP.to_owned() } else { held.issuer.clone() };
    let status = match says {
        Says::No => Status::failed(status::RESPONDER, status::REQUEST_DENIED),
        _ => Status::success(),
    };
    let in_response_to = Some(if says == Says::AnotherQuestion { "_another".to_owned() } else { id });
    let head = Head { id: "_an-answer".to_owned(), issued, destination: None, issuer };
    let reply = LogoutResponse { head, in_response_to, status };
    if says == Says::Unsigned {
        let text = reply.write(None).unwrap();
        return format!(
            "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body>{text}</soap:Body></soap:Envelope>"
        );
    }
    reply.write_soap(&held.signer).unwrap()
}
