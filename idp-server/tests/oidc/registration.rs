//! Who may register an application, what is taken, and who may change it? (RFC 7591, RFC 7592)

use std::collections::BTreeMap;

use idp_protocol::message::Verdict;
use idp_server::{
    config::{Registrants, Registration},
    oidc::{AuthMethod, SubjectType, client::registration::Invitation},
};
use reqwest::{Method, Response, header};
use serde_json::{Value, json};

use crate::{
    requests::{asking, claims_of, redemption, request},
    server::{CALLBACK, NOW, Server, answer, redirected},
    signer::Signer,
    site::Site,
    television::{BEGIN, GRANT as DEVICE, phone, poll_as},
};

const REGISTER: &str = "/oauth2/register";

/// What an administrator changes about registrations.
type Set = fn(&mut Registration);

async fn open() -> Server {
    open_with(|_| {}).await
}

async fn open_with(set: Set) -> Server {
    Server::start_with(move |config| {
        config.outbound.danger_loopback_http = true;
        config.oidc.registration.who = Registrants::Anybody;
        set(&mut config.oidc.registration);
    })
    .await
}

async fn send(server: &Server, method: Method, path: &str, token: &str, body: &Value) -> Response {
    let mut request = server.http.request(method, format!("{}{path}", server.url));
    if !token.is_empty() {
        request = request.bearer_auth(token);
    }
    if !body.is_null() {
        request = request.header(header::CONTENT_TYPE, "application/json").body(body.to_string());
    }
    request.send().await.unwrap()
}

async fn register(server: &Server, body: &Value) -> (u16, Value) {
    answer(send(server, Method::POST, REGISTER, "", body).await).await
}

fn text<'a>(registered: &'a Value, name: &str) -> &'a str {
    registered[name].as_str().unwrap_or_else(|| panic!("{name}: {registered}"))
}

/// Where a registration is changed, and what shows that one may.
fn own(server: &Server, registered: &Value) -> (String, String) {
    let path = text(registered, "registration_client_uri").strip_prefix(&server.url).unwrap();
    (path.to_owned(), text(registered, "registration_access_token").to_owned())
}

#[tokio::test]
async fn what_registers_itself_signs_people_in() {
    let server = open().await;
    let (_, document) = answer(server.get("/.well-known/openid-configuration").await).await;
    assert_eq!(document["registration_endpoint"], json!(format!("{}{REGISTER}", server.url)));
    let (status, registered) = register(
        &server,
        &json!({
            "redirect_uris": [CALLBACK], "client_name": "Weather", "client_name#de": "Wetter", "client_id": "shop",
            "token_endpoint_auth_method": "client_secret_post", "favourite_tea": "green"
        }),
    )
    .await;
    assert_ne!(registered["client_id"], "shop", "nobody chooses a name that may be a person's or another's");
    assert_eq!(status, 201, "{registered}");
    assert_eq!(registered["client_name#de"], "Wetter");
    assert_eq!(registered["grant_types"], json!(["authorization_code"]), "what was left out is said");
    assert!(registered.get("favourite_tea").is_none() && registered.get("consent").is_none(), "{registered}");
    assert_eq!(
        (&registered["client_id_issued_at"], &registered["client_secret_expires_at"]),
        (&json!(NOW.0), &json!(0))
    );
    let (id, secret) = (text(&registered, "client_id"), text(&registered, "client_secret"));

    let (cookie, _) = server.sign_in().await;
    let question = redirected(&server.authorize(&request(id), Some(&cookie)).await);
    assert_eq!(question.to, "/oauth2/consent", "nobody looked at it, so people are asked");
    let form = [("question", question.params["question"].as_str()), ("choice", "allow")];
    let code =
        redirected(&server.visit("/oauth2/consent", &cookie, Some(&form)).await).params["code"].clone();
    let mut form = redemption(id, &code);
    form.push(("client_secret", secret));
    assert_eq!(server.token(&form).await.status(), 200);
}

#[tokio::test]
async fn without_a_setting_nobody_registers() {
    let server = Server::start().await;
    let (_, document) = answer(server.get("/.well-known/openid-configuration").await).await;
    assert!(document.get("registration_endpoint").is_none());
    let (status, refused) = register(&server, &json!({"redirect_uris": [CALLBACK]})).await;
    assert_eq!((status, refused["error"].as_str()), (401, Some("invalid_token")));
}

#[tokio::test]
async fn an_invitation_is_needed_holds_for_its_time_and_may_be_for_one() {
    let server = Server::start_with(|config| config.oidc.registration.who = Registrants::Invited).await;
    let body = json!({"redirect_uris": [CALLBACK]});
    let with = async |token: &str| {
        let answered = answer(send(&server, Method::POST, REGISTER, token, &body).await).await;
        (answered.0, answered.1["error"].as_str().unwrap_or_default().to_owned())
    };
    let many = Invitation::new(&server.app, NOW + 60, false).write(&server.app);
    let once = Invitation::new(&server.app, NOW + 60, true).write(&server.app);
    let mut forged = many.as_bytes().to_vec();
    forged[3] = if forged[3] == b'A' { b'B' } else { b'A' };
    for bad in ["", "nonsense", std::str::from_utf8(&forged).unwrap()] {
        assert_eq!(with(bad).await, (401, "invalid_token".to_owned()), "{bad}");
    }
    for _ in 0..2 {
        assert_eq!(with(&many).await.0, 201);
    }
    assert_eq!(with(&once).await.0, 201);
    assert_eq!(with(&once).await, (401, "invalid_token".to_owned()), "it was for one");
    server.clock.advance(60);
    assert_eq!(with(&many).await.0, 401, "it is over");
}

#[tokio::test]
async fn a_network_registers_so_many_an_hour() {
    let server = open_with(|settings| settings.per_hour = 2).await;
    let body = json!({"redirect_uris": [CALLBACK]});
    for _ in 0..2 {
        assert_eq!(register(&server, &body).await.0, 201);
    }
    let response = send(&server, Method::POST, REGISTER, "", &body).await;
    assert_eq!(
        (response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()),
        (429, "60")
    );
    server.clock.advance(3600);
    assert_eq!(register(&server, &body).await.0, 201);
}

/// Each makes us ask an address, or makes every node forget all clients.
#[tokio::test]
async fn tries_are_counted_before_anything_is_done_for_them() {
    let server = open_with(|settings| settings.per_hour = 2).await;
    let site = Site::open("not a list").await;
    let unlisted = json!({
        "redirect_uris": [CALLBACK], "sector_identifier_uri": format!("{}/sector.json", site.url)
    });
    for _ in 0..2 {
        assert_eq!(register(&server, &unlisted).await.0, 400);
    }
    let honest = json!({"redirect_uris": [CALLBACK]});
    for refused in [&unlisted, &honest] {
        assert_eq!(register(&server, refused).await.0, 429);
    }
    assert_eq!(site.asked(), 2, "nobody is asked for a network that came too often");

    server.clock.advance(3600);
    let (_, mine) = register(&server, &honest).await;
    let (path, token) = own(&server, &mine);
    let change = async |token: &str, more: Value| {
        let mut body = json!({"client_id": mine["client_id"], "redirect_uris": [CALLBACK]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        send(&server, Method::PUT, &path, token, &body).await.status().as_u16()
    };
    for _ in 0..3 {
        assert_eq!(change("x", json!({})).await, 401, "that is nobody's try");
    }
    assert_eq!(change(&token, json!({"client_name": "First"})).await, 200);
    assert_eq!(change(&token, unlisted.clone()).await, 400);
    assert_eq!(change(&token, json!({"client_name": "Second"})).await, 429);
    assert_eq!(change(&token, unlisted.clone()).await, 429);
    assert_eq!(site.asked(), 3);
    let (_, read) = answer(send(&server, Method::GET, &path, &token, &Value::Null).await).await;
    assert_eq!(read["client_name"], "First");
    assert_eq!(
        send(&server, Method::DELETE, &path, &token, &Value::Null).await.status(),
        204,
        "that ends it"
    );
}

/// The error, the member that it is about, and the registration.
fn bad_ones() -> Vec<(&'static str, &'static str, Value)> {
    let mut private = Signer::new("one").jwk();
    private["d"] = json!("AAAA");
    let all = vec![
        ("invalid_redirect_uri", "redirect_uris", json!({"redirect_uris": ["http://shop.example/cb"]})),
        ("invalid_redirect_uri", "redirect_uris", json!({"redirect_uris": ["https://shop.example/cb#x"]})),
        ("invalid_redirect_uri", "redirect_uris", json!({})),
        ("invalid_redirect_uri", "redirect_uris", json!({"redirect_uris": [" https://shop.example/cb"]})),
        ("invalid_client_metadata", "grant_types", json!({"grant_types": ["password"]})),
        ("invalid_client_metadata", "grant_types", json!({"grant_types": ["authorization_code", DEVICE]})),
        (
            "invalid_client_metadata",
            "grant_types",
            json!({"grant_types": ["authorization_code", "client_credentials"]}),
        ),
        ("invalid_client_metadata", "response_types", json!({"response_types": ["token"]})),
        (
            "invalid_client_metadata",
            "response_types",
            json!({"response_types": ["id_token"], "grant_types": ["implicit"]}),
        ),
        ("invalid_client_metadata", "scope", json!({"scope": "openid stock:write"})),
        ("invalid_client_metadata", "jwks", json!({"jwks": {"keys": [private]}})),
        ("invalid_client_metadata", "jwks", json!({"token_endpoint_auth_method": "private_key_jwt"})),
        (
            "invalid_client_metadata",
            "token_endpoint_auth_signing_alg",
            json!({"token_endpoint_auth_signing_alg": "none"}),
        ),
        (
            "invalid_client_metadata",
            "id_token_signed_response_alg",
            json!({"id_token_signed_response_alg": "none"}),
        ),
        (
            "invalid_client_metadata",
            "id_token_encrypted_response_alg",
            json!({"id_token_encrypted_response_alg": "RSA1_5"}),
        ),
        ("invalid_client_metadata", "policy_uri", json!({"policy_uri": "javascript:alert(1)"})),
        (
            "invalid_client_metadata",
            "initiate_login_uri",
            json!({"initiate_login_uri": "http://shop.example/begin"}),
        ),
        (
            "invalid_client_metadata",
            "sector_identifier_uri",
            json!({"sector_identifier_uri": "https://10.0.0.1/x"}),
        ),
        (
            "invalid_client_metadata",
            "sector_identifier_uri",
            json!({
                "sector_identifier_uri": "https://shop.example/x", "subject_type": "pairwise", "grant_types": [DEVICE]
            }),
        ),
        (
            "invalid_client_metadata",
            "subject_type",
            json!({"redirect_uris": ["https://a.example/cb", "https://b.example/cb"], "subject_type": "pairwise"}),
        ),
        ("invalid_software_statement", "software_statement", json!({"software_statement": "a.b.c"})),
    ];
    let with_address = |(error, member, mut body): (_, _, Value)| {
        if member != "redirect_uris" && body.get("redirect_uris").is_none() {
            body["redirect_uris"] = json!([CALLBACK]);
        }
        (error, member, body)
    };
    all.into_iter().map(with_address).collect()
}

#[tokio::test]
async fn a_bad_registration_names_the_member() {
    let server = open_with(|settings| settings.per_hour = 100).await;
    for (error, member, body) in bad_ones() {
        let (status, refused) = register(&server, &body).await;
        assert_eq!((status, refused["error"].as_str()), (400, Some(error)), "{body}: {refused}");
        assert!(text(&refused, "error_description").contains(member), "{body}: {refused}");
    }
    let nonsense = server.post(REGISTER, &[("redirect_uris", CALLBACK)]).await;
    assert_eq!(answer(nonsense).await.1["error"], "invalid_client_metadata");
}

/// Whoever registers what is harmless, and asks for more afterwards.
#[tokio::test]
async fn a_change_gives_no_more_than_a_registration() {
    let server = open_with(|settings| settings.per_hour = 100).await;
    let (_, mine) = register(&server, &json!({"redirect_uris": [CALLBACK]})).await;
    let (path, token) = own(&server, &mine);
    for (error, member, mut body) in bad_ones() {
        body["client_id"] = mine["client_id"].clone();
        let (status, refused) = answer(send(&server, Method::PUT, &path, &token, &body).await).await;
        assert_eq!((status, refused["error"].as_str()), (400, Some(error)), "{body}: {refused}");
        assert!(text(&refused, "error_description").contains(member), "{body}: {refused}");
    }
    let (_, read) = answer(send(&server, Method::GET, &path, &token, &Value::Null).await).await;
    assert_eq!(read, mine, "nothing of it was kept");
}

#[tokio::test]
async fn an_administrator_may_let_devices_and_robots_register_themselves() {
    for (with, may) in [(false, 400), (true, 201)] {
        let server = Server::start_with(|config| {
            config.oidc.registration.who = Registrants::Anybody;
            config.oidc.registration.device_grant = with;
            config.oidc.registration.client_credentials = !with;
        })
        .await;
        let device = json!({"grant_types": [DEVICE], "token_endpoint_auth_method": "none"});
        assert_eq!(register(&server, &device).await.0, may);
        let robot = json!({"grant_types": ["client_credentials"]});
        assert_eq!(register(&server, &robot).await.0, 601 - may, "each has a setting of its own");
    }
}

/// Nothing comes back to an address when a device polls, so the addresses of a site say nothing about who asks.
#[tokio::test]
async fn a_device_that_names_the_addresses_of_a_site_does_not_learn_its_names_for_people() {
    let server = open_with(|settings| settings.device_grant = true).await;
    server
        .register("site", |new| {
            new.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
            new.metadata.subject_type = SubjectType::Pairwise;
            new.metadata.redirect_uris.truncate(1);
        })
        .await;
    let (_, tokens) = answer(server.token(&redemption("site", &server.code("site").await)).await).await;
    let at_the_site = claims_of(text(&tokens, "id_token"))["sub"].clone();
    let disguised = json!({
        "redirect_uris": [CALLBACK], "subject_type": "pairwise", "grant_types": [DEVICE],
        "token_endpoint_auth_method": "none"
    });
    let (status, registered) = register(&server, &disguised).await;
    assert_eq!(status, 201, "{registered}");
    let id = text(&registered, "client_id");
    let (_, begun) = answer(server.post(BEGIN, &[("client_id", id), ("scope", "openid")]).await).await;
    let phone = phone(&server).await;
    let asked = phone.scan(&server, text(&begun, "verification_uri_complete")).await.unwrap();
    phone.decide(&server, &asked, Verdict::Approve).await.unwrap();
    server.clock.advance(5);
    let (status, tokens) = poll_as(&server, id, text(&begun, "device_code")).await;
    assert_eq!(status, 200, "{tokens}");
    let known = claims_of(text(&tokens, "id_token"))["sub"].clone();
    assert!(known.is_string() && known != at_the_site, "{known}");
    assert_ne!(known, server.user.id.to_string());
}

#[tokio::test]
async fn only_its_owner_reads_changes_and_removes_a_registration() {
    let server = open().await;
    let (_, mine) = register(&server, &json!({"redirect_uris": [CALLBACK], "client_name": "Mine"})).await;
    let (_, other) = register(&server, &json!({"redirect_uris": [CALLBACK]})).await;
    let ((path, token), (_, foreign)) = (own(&server, &mine), own(&server, &other));
    let (token, foreign) = (token.as_str(), foreign.as_str());
    let body = json!({"client_id": mine["client_id"], "redirect_uris": [CALLBACK], "client_name": "New"});
    for bad in ["", "x", foreign] {
        for (method, body) in
            [(Method::GET, Value::Null), (Method::PUT, body.clone()), (Method::DELETE, Value::Null)]
        {
            assert_eq!(send(&server, method, &path, bad, &body).await.status(), 401);
        }
    }
    let (status, read) = answer(send(&server, Method::GET, &path, token, &Value::Null).await).await;
    assert_eq!((status, &read), (200, &mine), "the secret too (RFC 7592, 3)");

    let (status, changed) = answer(send(&server, Method::PUT, &path, token, &body).await).await;
    assert_eq!((status, &changed["client_name"]), (200, &json!("New")));
    assert_eq!(changed["client_secret"], mine["client_secret"]);
    for wrong in [
        json!({"redirect_uris": [CALLBACK]}),
        json!({"client_id": other["client_id"], "redirect_uris": [CALLBACK]}),
        json!({"client_id": mine["client_id"], "client_secret": "mine", "redirect_uris": [CALLBACK]}),
    ] {
        assert_eq!(send(&server, Method::PUT, &path, token, &wrong).await.status(), 400, "{wrong}");
    }
    let public = json!({
        "client_id": mine["client_id"], "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"
    });
    let (_, changed) = answer(send(&server, Method::PUT, &path, token, &public).await).await;
    assert!(changed.get("client_secret").is_none(), "{changed}");

    assert_eq!(send(&server, Method::DELETE, &path, token, &Value::Null).await.status(), 204);
    assert_eq!(send(&server, Method::GET, &path, token, &Value::Null).await.status(), 401);
    let id = text(&mine, "client_id");
    assert_eq!(server.authorize(&request(id), None).await.status(), 400, "nobody can sign in to it");
}

#[tokio::test]
async fn nobody_joins_the_site_of_somebody_else() {
    let server = open().await;
    let site = Site::open(&json!([CALLBACK, "https://other.example/cb"]).to_string()).await;
    let body = |uris: Value| {
        json!({
            "redirect_uris": uris, "subject_type": "pairwise",
            "sector_identifier_uri": format!("{}/sector.json", site.url)
        })
    };
    let (status, registered) = register(&server, &body(json!([CALLBACK, "https://other.example/cb"]))).await;
    assert_eq!(status, 201, "{registered}");
    let (status, refused) = register(&server, &body(json!([CALLBACK, "https://evil.example/cb"]))).await;
    assert_eq!((status, refused["error"].as_str()), (400, Some("invalid_client_metadata")));
    site.say("not a list");
    assert_eq!(register(&server, &body(json!([CALLBACK]))).await.0, 400);
}

#[tokio::test]
async fn what_runs_elsewhere_than_on_the_device_has_an_address_with_tls() {
    let server = Server::start_with(|config| {
        config.server.issuer = "https://id.example.org".to_owned();
        config.oidc.registration.who = Registrants::Anybody;
    })
    .await;
    let of = |kind: &str, uri: &str| json!({"redirect_uris": [CALLBACK, uri], "application_type": kind});
    let uris = ["http://127.0.0.1:8081/cb", "HTTP://127.0.0.1:8081/cb", "Http:127.1/cb", "http:\\\\[::1]/cb"];
    for uri in uris {
        let (status, refused) = register(&server, &of("web", uri)).await;
        assert_eq!((status, refused["error"].as_str()), (400, Some("invalid_redirect_uri")), "{uri}");
        assert!(text(&refused, "error_description").contains("native"), "it says what would do");
    }
    assert_eq!(register(&server, &of("native", uris[0])).await.0, 201);
}

/// OpenID Connect Core 1.0, 4.
#[tokio::test]
async fn what_registers_itself_can_be_begun_from_elsewhere() {
    let server = open().await;
    let begin = "https://shop.example/begin?a=b";
    let body = json!({"redirect_uris": [CALLBACK], "initiate_login_uri": begin});
    let (status, mine) = register(&server, &body).await;
    assert_eq!((status, text(&mine, "initiate_login_uri")), (201, begin));
    let path = text(&mine, "registration_client_uri").strip_prefix(&server.url).unwrap().to_owned();
    let token = text(&mine, "registration_access_token");
    let (status, read) = answer(send(&server, Method::GET, &path, token, &Value::Null).await).await;
    assert_eq!((status, text(&read, "initiate_login_uri")), (200, begin));
    let led = redirected(&server.get(&format!("/launch/{}", text(&mine, "client_id"))).await);
    assert_eq!((led.to.as_str(), led.params["a"].as_str()), ("https://shop.example/begin", "b"));
    assert_eq!(led.params["iss"], server.url);
}

/// Registers an application with a secret that asks for a code, or for tokens through the browser.
async fn wide(server: &Server) -> (u16, Value) {
    let body = json!({
        "redirect_uris": [CALLBACK], "response_types": ["code", "id_token token"],
        "grant_types": ["authorization_code", "implicit"], "token_endpoint_auth_method": "client_secret_post"
    });
    register(server, &body).await
}

#[tokio::test]
async fn an_administrator_may_let_them_have_tokens_through_the_browser() {
    let closed = open().await;
    assert_eq!(wide(&closed).await.1["error"], "invalid_client_metadata");
    let server = open_with(|settings| (settings.implicit, settings.consent) = (true, false)).await;
    let (status, registered) = wide(&server).await;
    assert_eq!(status, 201, "{registered}");
    let (cookie, _) = server.sign_in().await;
    let asked = asking(text(&registered, "client_id"), &[("response_type", "id_token token")]);
    let response = server.authorize(&asked, Some(&cookie)).await;
    let to = response.headers()[header::LOCATION].to_str().unwrap().to_owned();
    let came = url::Url::parse(&to.replace('#', "?")).unwrap();
    let came: BTreeMap<String, String> = came.query_pairs().into_owned().collect();
    assert_eq!(claims_of(&came["id_token"])["nonce"], "a-nonce");
    assert_eq!(server.userinfo(&came["access_token"]).await.status(), 200);
}

#[tokio::test]
async fn an_administrator_may_let_them_off_pkce_if_they_keep_a_secret() {
    let cases: [(Set, bool); 2] = [
        (|settings| settings.consent = false, false),
        (|settings| (settings.without_pkce, settings.consent) = (true, false), true),
    ];
    for (set, let_off) in cases {
        let server = open_with(set).await;
        let (cookie, _) = server.sign_in().await;
        let body = json!({"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "client_secret_post"});
        let (_, registered) = register(&server, &body).await;
        let (id, secret) = (text(&registered, "client_id"), text(&registered, "client_secret"));
        let without = [("code_challenge", ""), ("code_challenge_method", "")];
        let came = redirected(&server.authorize(&asking(id, &without), Some(&cookie)).await).params;
        let Some(code) = came.get("code") else {
            assert_eq!((came["error"].as_str(), let_off), ("invalid_request", false), "{came:?}");
            continue;
        };
        assert!(let_off, "{came:?}");
        let mut form = redemption(id, code);
        form.retain(|(name, _)| *name != "code_verifier");
        form.push(("client_secret", secret));
        assert_eq!(server.token(&form).await.status(), 200);
        let public = json!({"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"});
        let (status, registered) = register(&server, &public).await;
        assert_eq!(status, 201, "{registered}");
        let asked = asking(text(&registered, "client_id"), &without);
        let came = redirected(&server.authorize(&asked, Some(&cookie)).await).params;
        assert_eq!(came["error"], "invalid_request", "nothing else shows that it began this");
    }
}

#[tokio::test]
async fn an_administrator_may_have_people_not_asked_about_them() {
    let cases: [(Set, &str); 2] =
        [(|_| {}, "/oauth2/consent"), (|settings| settings.consent = false, CALLBACK)];
    for (set, led) in cases {
        let server = open_with(set).await;
        let (_, registered) =
            register(&server, &json!({"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}))
                .await;
        let id = text(&registered, "client_id");
        let (cookie, _) = server.sign_in().await;
        let came = redirected(&server.authorize(&request(id), Some(&cookie)).await);
        assert_eq!(came.to, led);
        if let Some(code) = came.params.get("code") {
            assert_eq!(server.token(&redemption(id, code)).await.status(), 200);
        }
    }
}
