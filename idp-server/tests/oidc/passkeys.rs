//! Passkeys, as a browser meets them over HTTP: registered in the account pages, used on the page of a sign-in, removed.

use idp_core::{Id, credential::CredentialRow, device::DeviceState};
use reqwest::{Response, header};
use serde_json::{Value, json};

use crate::{
    binding,
    passkey::Passkey,
    requests::{claims_of, hidden, redemption, request},
    server::{Server, answer, redirected},
};

/// The options that stand in the attribute of a form.
fn options_in(page: &str) -> Value {
    attribute(page, "data-passkey-create")
}

fn attribute(page: &str, name: &str) -> Value {
    let (_, rest) = page.split_once(&format!("{name}=\"")).unwrap_or_else(|| panic!("no form: {page}"));
    serde_json::from_str(&rest.split_once('"').unwrap().0.replace("&#34;", "\"")).unwrap()
}

fn location(answer: &Response) -> String {
    answer.headers()["location"].to_str().unwrap().to_owned()
}

async fn text(answer: Response) -> String {
    answer.text().await.unwrap()
}

/// Sends the form of the wizard, and returns where it leads.
async fn made(server: &Server, cookie: &str, passkey: &mut Passkey, name: &str) -> Response {
    let wizard = location(&server.visit("/account/passkeys", cookie, Some(&[])).await);
    let page = text(server.visit(&wizard, cookie, None).await).await;
    let mut created = passkey.created(&options_in(&page), name);
    created.as_object_mut().unwrap().remove("name");
    let (id, created) = (hidden(&page, "id"), created.to_string());
    let form = [("id", id.as_str()), ("name", name), ("answer", created.as_str())];
    server.visit("/account/passkeys/confirm", cookie, Some(&form)).await
}

/// alice, with a passkey called Laptop; the cookie of the session that registered it.
async fn has_a_passkey(server: &Server) -> (String, Passkey) {
    let (cookie, _) = server.sign_in().await;
    let mut passkey = Passkey::new(&server.url, "laptop");
    let answer = made(server, &cookie, &mut passkey, "Laptop").await;
    assert_eq!(answer.status(), 303);
    let done = text(server.visit(&location(&answer), &cookie, None).await).await;
    assert!(done.contains("data-step=\"done\""), "{done}");
    (cookie, passkey)
}

/// The id of a passkey that alice has.
pub async fn registered(server: &Server) -> Id<CredentialRow> {
    has_a_passkey(server).await;
    server.app.engine().credentials(server.user.id, "passkey").await.unwrap()[0].0.id
}

/// A browser on the page of a sign-in.
struct Visit {
    page: String,
    id: String,
    cookies: String,
}

async fn asked_by(server: &Server, client: &str) -> Visit {
    let parked = server.authorize(&request(client), None).await;
    let set = parked.headers().get_all("set-cookie").iter();
    let set = set.filter_map(|line| line.to_str().ok()?.split(';').next().map(str::to_owned));
    let cookies = set.collect::<Vec<_>>().join("; ");
    let page = text(server.visit(&location(&parked), &cookies, None).await).await;
    Visit { id: hidden(&page, "id"), page, cookies }
}

impl Visit {
    /// What the script of the page asks: a ceremony, and the options for the browser.
    async fn begin(&self, server: &Server) -> (String, Value) {
        let begun = server
            .http
            .post(format!("{}/ceremony/begin", server.url))
            .header(header::ORIGIN, &server.url)
            .header(header::COOKIE, &self.cookies)
            .json(&json!({ "sign_in": self.id, "kind": "passkey" }));
        let (status, view) = answer(begun.send().await.unwrap()).await;
        assert_eq!(status, 200, "{view}");
        (view["id"].as_str().unwrap().to_owned(), view["prompt"]["options"].clone())
    }

    async fn send(&self, server: &Server, ceremony: &str, asserted: &Value) -> Response {
        let asserted = asserted.to_string();
        let form = [("id", self.id.as_str()), ("ceremony", ceremony), ("answer", asserted.as_str())];
        server.visit("/login/passkey", &self.cookies, Some(&form)).await
    }
}

#[tokio::test]
async fn a_passkey_reaches_what_no_password_does() {
    let server = Server::at_localhost().await;
    let (_, passkey) = has_a_passkey(&server).await;
    let visit = asked_by(&server, "vault").await;
    assert!(visit.page.contains("data-passkey hidden"), "{}", visit.page);
    let (ceremony, options) = visit.begin(&server).await;
    let answered = visit.send(&server, &ceremony, &passkey.asserted(&options)).await;
    let page = text(server.visit(&location(&answered), &visit.cookies, None).await).await;
    assert!(page.contains("alice"), "a browser that knows nobody is asked whether it is her: {page}");
    let form = [("id", visit.id.as_str()), ("choice", "continue")];
    let on = server.visit("/login/continue", &visit.cookies, Some(&form)).await;
    let code = redirected(&on).params["code"].clone();
    let (_, tokens) = answer(server.token(&redemption("vault", &code)).await).await;
    let claims = claims_of(tokens["id_token"].as_str().unwrap());
    assert_eq!(claims["acr"], "phr");
    assert_eq!(claims["amr"], json!(["swk", "user", "mfa"]));
}

#[tokio::test]
async fn a_key_that_nobody_has_gets_the_page_again_with_a_sentence() {
    let server = Server::at_localhost().await;
    let (_, passkey) = has_a_passkey(&server).await;
    let visit = asked_by(&server, "shop").await;
    let (ceremony, options) = visit.begin(&server).await;
    let nobodys =
        Passkey::new(&server.url, "nobody's").saying(|says| says.owner = passkey.says.owner.clone());
    let phished = passkey.saying(|says| says.origin = "https://id.example.com".to_owned());
    for wrong in [nobodys, phished] {
        let answer = visit.send(&server, &ceremony, &wrong.asserted(&options)).await;
        assert_eq!(answer.status(), 403);
        let page = text(answer).await;
        assert!(page.contains("This passkey does not fit"), "{page}");
    }
    let nonsense = visit.send(&server, &ceremony, &json!({ "id": "AAAA" })).await;
    assert_eq!(nonsense.status(), 400);
}

#[tokio::test]
async fn somebody_elses_browser_answers_no_ceremony() {
    let server = Server::at_localhost().await;
    let (_, passkey) = has_a_passkey(&server).await;
    let (hers, his) = (asked_by(&server, "shop").await, asked_by(&server, "shop").await);
    let (ceremony, options) = hers.begin(&server).await;
    let answer = his.send(&server, &ceremony, &passkey.asserted(&options)).await;
    assert_eq!(answer.status(), 404);
}

#[tokio::test]
async fn a_passkey_is_listed_renamed_and_removed_in_the_account_pages() {
    let server = Server::at_localhost().await;
    let (cookie, passkey) = has_a_passkey(&server).await;
    let page = text(server.visit("/account", &cookie, None).await).await;
    let (_, rest) = page.split_once("/account/passkeys/").filter(|_| page.contains("Laptop")).unwrap();
    assert!(rest.starts_with("new"), "a button to add one stands first");
    let (_, rest) = rest.split_once("/account/passkeys/").unwrap();
    let path = format!("/account/passkeys/{}", rest.split_once('/').unwrap().0);

    let named = |name| [("name", name)];
    let rename = format!("{path}/rename");
    let wrong = server.visit(&rename, &cookie, Some(&named(" "))).await;
    assert_eq!(wrong.status(), 400);
    let renamed = server.visit(&rename, &cookie, Some(&named("Blue <key>"))).await;
    assert_eq!((renamed.status().as_u16(), location(&renamed).as_str()), (303, "/account"));
    let page = text(server.visit("/account", &cookie, None).await).await;
    assert!(page.contains("Blue &#60;key&#62;") && !page.contains("<h3><bdi>Laptop"), "{page}");

    let remove = format!("{path}/remove");
    let weak = server.visit(&remove, &cookie, Some(&[])).await;
    assert!(location(&weak).starts_with("/login?id="), "a password alone removes no passkey");
    let strong = signed_in_with(&server, &passkey).await;
    for _ in 0..2 {
        let removed = server.visit(&remove, &strong, Some(&[])).await;
        assert_eq!(location(&removed), "/account", "also the second time");
    }
    let page = text(server.visit("/account", &strong, None).await).await;
    assert!(!page.contains(&path), "{page}");
}

/// The cookie of a session that a passkey opened.
async fn signed_in_with(server: &Server, passkey: &Passkey) -> String {
    let visit = asked_by(server, "shop").await;
    let (ceremony, options) = visit.begin(server).await;
    visit.send(server, &ceremony, &passkey.asserted(&options)).await;
    let form = [("id", visit.id.as_str()), ("choice", "continue")];
    let on = server.visit("/login/continue", &visit.cookies, Some(&form)).await;
    let set = on.headers().get_all("set-cookie").iter().filter_map(|line| line.to_str().ok());
    let session = set.filter_map(|line| line.split(';').next()).find(|line| line.starts_with("session="));
    session.unwrap_or_else(|| panic!("{on:?}")).to_owned()
}

/// What is asked before the account gets another authenticator: the path of the wizard, and its page.
async fn asked_to_approve(server: &Server, cookie: &str, path: &str) -> (String, String) {
    let wizard = location(&server.visit(path, cookie, Some(&[])).await);
    let page = text(server.visit(&wizard, cookie, None).await).await;
    assert!(page.contains("data-step=\"approve\""), "{page}");
    (wizard, page)
}

async fn approved(server: &Server, cookie: &str, page: &str, answer: &str) -> Response {
    let id = hidden(page, "id");
    let form = [("id", id.as_str()), ("answer", answer)];
    server.visit("/account/devices/approve", cookie, Some(&form)).await
}

#[tokio::test]
async fn a_page_says_what_a_passkey_approves_and_goes_on_after_it() {
    let server = Server::at_localhost().await;
    let (_, passkey) = has_a_passkey(&server).await;
    let cookie = signed_in_with(&server, &passkey).await;
    let (wizard, page) = asked_to_approve(&server, &cookie, "/account/devices").await;
    assert!(page.contains("A device is about to be added to your account."), "{page}");
    assert!(page.contains("only if you began this yourself") && page.contains("I did not ask for this"));
    assert!(!page.contains("class=\"number\""), "no device is there to ask: {page}");
    let question = attribute(&page, "data-passkey-approve");

    let phished = passkey.saying(|says| says.origin = "https://id.example.com".to_owned());
    let wrong = approved(&server, &cookie, &page, &phished.asserted(&question).to_string()).await;
    assert_eq!(wrong.status(), 403);
    assert!(text(wrong).await.contains("This passkey does not approve it"));

    let asserted = passkey.asserted(&question).to_string();
    for _ in 0..2 {
        let right = approved(&server, &cookie, &page, &asserted).await;
        assert_eq!((right.status().as_u16(), location(&right)), (303, wizard.clone()), "a double click, too");
    }
    let page = text(server.visit(&wizard, &cookie, None).await).await;
    assert!(page.contains("data-step=\"scan\""), "{page}");

    let (_, page) = asked_to_approve(&server, &cookie, "/account/passkeys").await;
    assert!(page.contains("A passkey is about to be added to your account."), "{page}");
    let stale = approved(&server, &cookie, &page, &asserted).await;
    assert_eq!(stale.status(), 403, "what approved the device approves nothing else");
}

#[tokio::test]
async fn a_page_offers_a_device_beside_the_passkey_and_says_what_gets_new_keys() {
    let server = Server::at_localhost().await;
    let (_, passkey) = has_a_passkey(&server).await;
    let device = binding::device(&server, DeviceState::Active).await;
    let cookie = signed_in_with(&server, &passkey).await;
    let renew = format!("/account/devices/{device}/renew");
    let (_, page) = asked_to_approve(&server, &cookie, &renew).await;
    assert!(page.contains("A device of your account is about to get new keys."), "{page}");
    assert!(page.contains("class=\"number\"") && page.contains("data-passkey-approve="), "{page}");
    assert!(page.contains("Approve on your device instead."), "without a script: {page}");
    assert!(page.contains("http-equiv=\"refresh\""), "and then the page goes on by itself: {page}");
}

#[tokio::test]
async fn whoever_did_not_ask_for_an_addition_refuses_it_without_a_script() {
    let server = Server::at_localhost().await;
    let (_, passkey) = has_a_passkey(&server).await;
    let cookie = signed_in_with(&server, &passkey).await;
    let (wizard, page) = asked_to_approve(&server, &cookie, "/account/devices").await;
    assert!(
        page.contains("<noscript><p class=\"alert\">Approving with a passkey needs JavaScript"),
        "{page}"
    );
    let unsigned = approved(&server, &cookie, &page, "").await;
    assert_eq!(unsigned.status(), 400);
    assert!(text(unsigned).await.contains("Your browser signed nothing."));

    let id = hidden(&page, "id");
    let refused = server.visit("/account/devices/cancel", &cookie, Some(&[("id", id.as_str())])).await;
    assert_eq!(location(&refused), "/account");
    let over = text(server.visit(&wizard, &cookie, None).await).await;
    assert!(over.contains("Nothing was added."), "{over}");
    let asserted = passkey.asserted(&attribute(&page, "data-passkey-approve")).to_string();
    let late = approved(&server, &cookie, &page, &asserted).await;
    assert_eq!(location(&late), wizard, "which says that it is over");
    let over = text(server.visit(&wizard, &cookie, None).await).await;
    assert!(over.contains("Nothing was added."), "{over}");
}

#[tokio::test]
async fn somebody_elses_browser_approves_nothing() {
    let server = Server::at_localhost().await;
    let (_, passkey) = has_a_passkey(&server).await;
    let cookie = signed_in_with(&server, &passkey).await;
    let (_, page) = asked_to_approve(&server, &cookie, "/account/devices").await;
    let asserted = passkey.asserted(&attribute(&page, "data-passkey-approve")).to_string();
    let (another, _) = server.sign_in().await;
    assert_eq!(approved(&server, &another, &page, &asserted).await.status(), 404);
    let nobody = approved(&server, "", &page, &asserted).await;
    assert_eq!(nobody.status(), 303, "whoever is not signed in signs in first");
}

#[tokio::test]
async fn a_wizard_without_a_script_says_what_is_missing() {
    let server = Server::at_localhost().await;
    let (cookie, _) = server.sign_in().await;
    let wizard = location(&server.visit("/account/passkeys", &cookie, Some(&[])).await);
    let page = text(server.visit(&wizard, &cookie, None).await).await;
    assert!(page.contains("<noscript><p class=\"alert\">Passkeys need JavaScript"), "{page}");
    let form = [("id", hidden(&page, "id")), ("name", "Laptop".to_owned()), ("answer", String::new())];
    let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
    let sent = server.visit("/account/passkeys/confirm", &cookie, Some(&form)).await;
    assert_eq!(sent.status(), 400);
    assert!(text(sent).await.contains("Your browser made no passkey"));
}

/// Browsers bind passkeys to names.
#[tokio::test]
async fn an_issuer_without_a_name_offers_no_passkeys() {
    let (named, unnamed) = (Server::at_localhost().await, Server::start().await);
    for (server, offers) in [(named, true), (unnamed, false)] {
        let (_, discovered) = answer(server.get("/.well-known/openid-configuration").await).await;
        let classes = discovered["acr_values_supported"].as_array().unwrap();
        assert_eq!(classes.contains(&json!("phr")), offers);
        assert_eq!(asked_by(&server, "shop").await.page.contains("data-passkey"), offers);
        let (cookie, _) = server.sign_in().await;
        let begun = server.visit("/account/passkeys", &cookie, Some(&[])).await;
        assert_eq!(begun.status(), if offers { 303 } else { 404 });
    }
}
