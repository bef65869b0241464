//! A device without a keyboard, and the person who lets it in with a browser, over HTTP.

use idp_server::{
    Config,
    oidc::{AuthMethod, GrantType, NewClient},
};
use reqwest::{Response, header};
use serde_json::Value;

use crate::{
    phone::Phone,
    server::{PASSWORD, Server, answer, form, redirected},
};

pub const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
pub const BEGIN: &str = "/oauth2/device_authorization";
pub const SCOPE: &str = "openid profile email offline_access";

/// An application on televisions.
pub fn tv(client: &mut NewClient) {
    client.metadata.redirect_uris.clear();
    client.metadata.grant_types = vec![GrantType::DeviceCode, GrantType::RefreshToken];
    client.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
}

pub async fn start() -> Server {
    start_with(|_| {}).await
}

/// The same with other settings.
pub async fn start_with(set: impl FnOnce(&mut Config)) -> Server {
    let server = Server::start_with(set).await;
    server.register("tv", tv).await;
    server
}

/// Behind a proxy on this computer, which says where devices are.
pub fn behind_a_proxy(config: &mut Config) {
    config.server.trusted_proxies = vec!["127.0.0.1".to_owned()];
}

/// One that begins at another address. The server has to trust the proxy that says so: this computer.
pub async fn begin_at(server: &Server, address: &str) -> (u16, Value) {
    let sent = server.http.post(format!("{}{BEGIN}", server.url)).header("x-forwarded-for", address);
    let sent = sent.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    answer(sent.body(form(&[("client_id", "tv"), ("scope", SCOPE)])).send().await.unwrap()).await
}

pub async fn begin_with(server: &Server, params: &[(&str, &str)]) -> (u16, Value) {
    answer(server.post(BEGIN, params).await).await
}

pub async fn begin(server: &Server) -> Value {
    let (status, begun) = begin_with(server, &[("client_id", "tv"), ("scope", SCOPE)]).await;
    assert_eq!(status, 200, "{begun}");
    begun
}

pub fn text<'a>(of: &'a Value, name: &str) -> &'a str {
    of[name].as_str().unwrap_or_else(|| panic!("{name} in {of}"))
}

/// Asks again, as a device that keeps to the interval does.
pub async fn poll(server: &Server, begun: &Value) -> (u16, Value) {
    server.clock.advance(5);
    poll_as(server, "tv", text(begun, "device_code")).await
}

pub async fn poll_as(server: &Server, client: &str, code: &str) -> (u16, Value) {
    answer(server.token(&[("grant_type", GRANT), ("client_id", client), ("device_code", code)]).await).await
}

pub async fn error(server: &Server, begun: &Value) -> String {
    let (status, refused) = poll(server, begun).await;
    assert_eq!(status, 400, "{refused}");
    text(&refused, "error").to_owned()
}

pub fn error_of((status, refused): &(u16, Value)) -> (u16, &str) {
    (*status, text(refused, "error"))
}

/// What a browser sees that types the code.
pub async fn typed(server: &Server, cookie: &str, code: &str) -> Response {
    server.visit("/device", cookie, Some(&[("code", code)])).await
}

/// The question for somebody in a session that is good enough.
pub async fn question(server: &Server, cookie: &str, begun: &Value) -> String {
    let asked = redirected(&typed(server, cookie, text(begun, "user_code")).await);
    assert_eq!(asked.to, "/device/decision", "{asked:?}");
    asked.params["question"].clone()
}

/// The page of the question.
pub async fn shown(server: &Server, cookie: &str, question: &str) -> String {
    let page = server.visit(&format!("/device/decision?question={question}"), cookie, None).await;
    assert_eq!(page.status(), 200);
    page.text().await.unwrap()
}

pub async fn decide(server: &Server, cookie: &str, question: &str, choice: &str) -> (u16, String) {
    let form = [("question", question), ("choice", choice)];
    let page = server.visit("/device/decision", cookie, Some(&form)).await;
    (page.status().as_u16(), page.text().await.unwrap())
}

pub async fn phone(server: &Server) -> Phone {
    Phone::of(server, &server.user).await
}

/// What its screen shows for authenticators.
pub fn picture(begun: &Value) -> &str {
    text(begun, "verification_uri_complete")
}

/// One that begins, and that alice's phone lets in; it has not asked again.
pub async fn approved(server: &Server) -> Value {
    let begun = begin(server).await;
    phone(server).await.approve(server, picture(&begun)).await;
    begun
}

/// One that begins, and that somebody lets in with a browser.
pub async fn allowed(server: &Server, cookie: &str) -> Value {
    let begun = begin(server).await;
    allow(server, cookie, &begun).await;
    begun
}

/// Types its code into a browser, and lets it in.
pub async fn allow(server: &Server, cookie: &str, begun: &Value) {
    let asked = question(server, cookie, begun).await;
    assert_eq!(decide(server, cookie, &asked, "allow").await.0, 200);
}

/// The cookies that a browser gets with a page.
pub fn cookies(response: &Response) -> String {
    let set = response.headers().get_all(header::SET_COOKIE).iter();
    let pairs = set.filter_map(|line| line.to_str().ok()?.split(';').next());
    pairs.collect::<Vec<_>>().join("; ")
}

/// Alice signs in with her password where she was led to, in a browser with these cookies of before.
pub async fn signs_in(server: &Server, led: &Response, before: &str) -> Response {
    let to = redirected(led);
    assert_eq!(to.to, "/login", "{to:?}");
    let sent = [("id", to.params["id"].as_str()), ("login", "alice"), ("password", PASSWORD)];
    let sends = [cookies(led), before.to_owned()].join("; ");
    server.visit("/login/password", &sends, Some(&sent)).await
}
