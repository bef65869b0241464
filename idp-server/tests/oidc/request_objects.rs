//! Does a request count that is signed, stands elsewhere, or was left with us, and only as its client wrote it?
//! (RFC 9101, RFC 9126)

use std::collections::BTreeMap;

use idp_server::oidc::{AuthMethod, Metadata};
use reqwest::Response;
use serde_json::{Map, Value, json};

use crate::{
    requests::{asking, claims_of, request},
    server::{CALLBACK, NOW, Server, VERIFIER, answer, form, redirected},
    signer::{Signer, hmac},
    site::Site,
};

const PAR: &str = "/oauth2/par";

/// A public client with a key.
async fn signing(server: &Server, signer: &Signer, set: impl FnOnce(&mut Metadata)) {
    let jwks = serde_json::from_value(signer.jwks()).unwrap();
    server
        .register("signing", |new| {
            new.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
            new.metadata.jwks = Some(jwks);
            set(&mut new.metadata);
        })
        .await;
}

/// The honest request as claims, with others.
fn claims(server: &Server, with: Value) -> Value {
    let mut claims: Map<String, Value> =
        request("signing").into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
    claims.insert("iss".to_owned(), json!("signing"));
    claims.insert("aud".to_owned(), json!(server.url));
    claims.insert("exp".to_owned(), json!(NOW.0 + 60));
    claims.extend(with.as_object().unwrap().clone());
    Value::Object(claims)
}

async fn send(server: &Server, cookie: &str, with: &[(&str, &str)]) -> Response {
    let asked = [[("client_id", "signing")].as_slice(), with].concat();
    server.authorize(&asked, Some(cookie)).await
}

async fn params(server: &Server, cookie: &str, with: &[(&str, &str)]) -> BTreeMap<String, String> {
    redirected(&send(server, cookie, with).await).params
}

async fn push(server: &Server, params: &[(&str, &str)]) -> (u16, Value) {
    answer(server.post(PAR, params).await).await
}

#[tokio::test]
async fn a_signed_request_counts_and_nothing_beside_it() {
    let server = Server::start().await;
    let signer = Signer::new("one");
    signing(&server, &signer, |_| {}).await;
    let (cookie, _) = server.sign_in().await;
    let object = signer.sign(&claims(
        &server,
        json!({"scope": "openid", "max_age": 600, "claims": {"userinfo": {"email": null}}}),
    ));
    let beside = [
        ("request", object.as_str()),
        ("scope", "openid profile"),
        ("state", "of the link"),
        ("redirect_uri", CALLBACK),
    ];
    let answered = params(&server, &cookie, &beside).await;
    assert_eq!(answered["state"], "a state & more", "that of the signed request");
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "signing"),
        ("code", answered["code"].as_str()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let (_, tokens) = answer(server.token(&form).await).await;
    assert_eq!(tokens["scope"], "openid", "nobody signed the profile");
    let (_, told) = answer(server.userinfo(tokens["access_token"].as_str().unwrap()).await).await;
    assert_eq!(told["email"], "alice@example.org");
}

#[tokio::test]
async fn a_request_of_somebody_else_is_not_read() {
    let server = Server::start().await;
    let (signer, stranger) = (Signer::new("one"), Signer::new("one"));
    signing(&server, &signer, |_| {}).await;
    let (cookie, _) = server.sign_in().await;
    let honest = claims(&server, json!({}));
    let changed = |with: Value| signer.sign(&claims(&server, with));
    for (name, object) in [
        ("of another key", stranger.sign(&honest)),
        ("of nobody", signer.sign_as(&json!({"alg": "none"}), &honest)),
        ("with the public key as a secret", hmac(signer.jwks().to_string().as_bytes(), &honest)),
        ("an ID token", signer.sign_as(&json!({"alg": "ES256", "typ": "at+jwt"}), &honest)),
        ("of another client", changed(json!({"client_id": "shop"}))),
        ("issued by another", changed(json!({"iss": "shop"}))),
        ("for another provider", changed(json!({"aud": "https://other.example"}))),
        ("over", changed(json!({"exp": NOW.0 - 60}))),
        ("of tomorrow", changed(json!({"nbf": NOW.0 + 61}))),
        ("in another one", changed(json!({"request": "a.b.c"}))),
        ("that would authenticate the client", changed(json!({"sub": "signing"}))),
        ("elsewhere in turn", changed(json!({"request_uri": "https://evil.example/"}))),
    ] {
        let with = [("request", object.as_str()), ("redirect_uri", CALLBACK)];
        let answered = params(&server, &cookie, &with).await;
        assert_eq!(answered["error"], "invalid_request_object", "{name}");
        let blind = send(&server, &cookie, &[("request", object.as_str())]).await;
        assert_eq!(blind.status(), 400, "{name}: no address, so the person is told");
    }
    let evil = changed(json!({"redirect_uri": "https://evil.example/"}));
    assert_eq!(
        send(&server, &cookie, &[("request", &evil)]).await.status(),
        400,
        "a key is no right to redirect"
    );
    let both = [("request", "a.b.c"), ("request_uri", "https://shop.example/r"), ("redirect_uri", CALLBACK)];
    assert_eq!(params(&server, &cookie, &both).await["error"], "invalid_request");
}

/// A refusal travels as the answer would have.
#[tokio::test]
async fn what_is_wrong_with_a_signed_request_is_told_where_the_answer_is_expected() {
    let server = Server::start().await;
    signing(&server, &Signer::new("one"), |_| {}).await;
    let (cookie, _) = server.sign_in().await;
    let with = |more: &[(&'static str, &'static str)]| {
        [[("request", "a.b.c"), ("redirect_uri", CALLBACK)].as_slice(), more].concat()
    };
    let plain = send(&server, &cookie, &with(&[])).await;
    assert!(plain.headers()["location"].to_str().unwrap().starts_with(&format!("{CALLBACK}?")), "{plain:?}");
    let hybrid = send(&server, &cookie, &with(&[("response_type", "code id_token")])).await;
    let location = hybrid.headers()["location"].to_str().unwrap();
    assert!(location.starts_with(&format!("{CALLBACK}#")), "{location}");
    let unfit = [("response_type", "id_token"), ("response_mode", "query")];
    let unfit = send(&server, &cookie, &with(&unfit)).await;
    assert!(unfit.headers()["location"].to_str().unwrap().contains("#error="), "{unfit:?}");
    let posted = send(&server, &cookie, &with(&[("response_mode", "form_post")])).await;
    assert_eq!(posted.status(), 200);
    assert!(posted.text().await.unwrap().contains("invalid_request_object"));
    let signed = params(&server, &cookie, &with(&[("response_mode", "jwt")])).await;
    assert_eq!(claims_of(&signed["response"])["error"], "invalid_request_object");
}

#[tokio::test]
async fn a_request_is_fetched_where_its_client_registered_it_and_nowhere_else() {
    let server = Server::start_with(|config| config.outbound.danger_loopback_http = true).await;
    let signer = Signer::new("one");
    let site = Site::open("").await;
    let uri = format!("{}/request", site.url);
    signing(&server, &signer, |metadata| metadata.request_uris = vec![uri.parse().unwrap()]).await;
    site.say(&signer.sign(&claims(&server, json!({}))));
    let (cookie, _) = server.sign_in().await;
    let newer = format!("{uri}#version-2");
    for uri in [&uri, &newer] {
        assert!(params(&server, &cookie, &[("request_uri", uri)]).await.contains_key("code"), "{uri}");
    }
    let asked = site.asked();
    for bad in [
        format!("{}/other", site.url),
        "http://169.254.169.254/latest".to_owned(),
        "file:///etc/passwd".to_owned(),
    ] {
        let with = [("request_uri", bad.as_str()), ("redirect_uri", CALLBACK)];
        assert_eq!(params(&server, &cookie, &with).await["error"], "invalid_request_uri", "{bad}");
    }
    assert_eq!(site.asked(), asked, "nobody was asked");
    site.say("not a token");
    let with = [("request_uri", uri.as_str()), ("redirect_uri", CALLBACK)];
    assert_eq!(params(&server, &cookie, &with).await["error"], "invalid_request_object");
}

#[tokio::test]
async fn a_pushed_request_is_known_by_a_reference_for_a_while() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    let (status, pushed) = push(&server, &request("shop")).await;
    assert_eq!((status, &pushed["expires_in"]), (201, &json!(90)), "{pushed}");
    let uri = pushed["request_uri"].as_str().unwrap();
    let come = async |client: &str, more: &[(&str, &str)]| {
        let asked = [[("client_id", client), ("request_uri", uri)].as_slice(), more].concat();
        server.authorize(&asked, Some(&cookie)).await
    };
    for _ in 0..2 {
        let answered =
            redirected(&come("shop", &[("state", "of the link"), ("scope", "openid phone")]).await);
        assert_eq!((answered.to.as_str(), answered.params["state"].as_str()), (CALLBACK, "a state & more"));
        assert!(answered.params.contains_key("code"), "the page may be loaded again");
    }
    let foreign = redirected(&come("bank", &[("redirect_uri", CALLBACK)]).await);
    assert_eq!(foreign.params["error"], "invalid_request_uri", "that of another client");
    server.clock.advance(90);
    assert_eq!(come("shop", &[]).await.status(), 400, "it is over");
}

#[tokio::test]
async fn what_is_wrong_with_a_pushed_request_is_said_to_its_client() {
    let server = Server::start().await;
    let with = |with: &[(&'static str, &'static str)]| asking("shop", with);
    for (error, asked) in [
        ("invalid_request", with(&[("redirect_uri", "https://evil.example/")])),
        ("invalid_request", with(&[("code_challenge", "")])),
        ("invalid_scope", with(&[("scope", "profile")])),
        ("unsupported_response_type", with(&[("response_type", "password")])),
        ("invalid_request", with(&[("request_uri", "urn:ietf:params:oauth:request_uri:x")])),
    ] {
        let (status, refused) = push(&server, &asked).await;
        assert_eq!((status, refused["error"].as_str()), (400, Some(error)), "{asked:?}: {refused}");
    }
    let office = request("office");
    let (status, refused) = push(&server, &office).await;
    assert_eq!((status, refused["error"].as_str()), (400, Some("invalid_client")), "it must show who it is");
    let secret = server.secrets["office"].clone();
    let (status, pushed) = push(&server, &[office.as_slice(), &[("client_secret", &secret)]].concat()).await;
    assert_eq!(status, 201, "{pushed}");
}

#[tokio::test]
async fn nobody_pushes_a_request_in_the_name_of_another_client() {
    let server = Server::start().await;
    let signer = Signer::new("one");
    signing(&server, &signer, |metadata| {
        metadata.token_endpoint_auth_method = Some(AuthMethod::PrivateKeyJwt);
    })
    .await;
    let bearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let by_header = async |asked: &[(&str, &str)]| {
        let sent = server.http.post(format!("{}{PAR}", server.url)).body(form(asked));
        let sent = sent.header("content-type", "application/x-www-form-urlencoded");
        answer(sent.basic_auth("office", Some(&server.secrets["office"])).send().await.unwrap()).await
    };
    let by_assertion = async |id: &str, jti: &str| {
        let about = json!({"sub": "signing", "jti": jti});
        let assertion = signer.sign(&claims(&server, about));
        let proof = [("client_assertion_type", bearer), ("client_assertion", assertion.as_str())];
        push(&server, &[request(id).as_slice(), &proof].concat()).await
    };
    assert_eq!(by_header(&request("office")).await.0, 201);
    assert_eq!(by_assertion("signing", "1").await.0, 201);
    let (status, refused) = by_header(&request("shop")).await;
    assert_eq!((status, refused["error"].as_str()), (400, Some("invalid_request")), "{refused}");
    let (status, refused) = by_assertion("shop", "2").await;
    assert_eq!((status, refused["error"].as_str()), (400, Some("invalid_client")), "{refused}");
}

#[tokio::test]
async fn a_client_that_promised_more_is_held_to_it() {
    let server = Server::start().await;
    let signer = Signer::new("one");
    signing(&server, &signer, |metadata| {
        metadata.require_pushed_authorization_requests = true;
        metadata.require_signed_request_object = true;
    })
    .await;
    let (cookie, _) = server.sign_in().await;
    let plain = request("signing");
    let answered = redirected(&server.authorize(&plain, Some(&cookie)).await);
    assert_eq!(answered.params["error"], "invalid_request");
    let object = signer.sign(&claims(&server, json!({})));
    let with = [("request", object.as_str()), ("redirect_uri", CALLBACK)];
    assert_eq!(params(&server, &cookie, &with).await["error"], "invalid_request", "signed, but not pushed");
    assert_eq!(push(&server, &plain).await.0, 400, "pushed, but not signed");
    let (status, pushed) = push(&server, &[("client_id", "signing"), ("request", object.as_str())]).await;
    assert_eq!(status, 201, "{pushed}");
    let uri = pushed["request_uri"].as_str().unwrap();
    assert!(params(&server, &cookie, &[("request_uri", uri)]).await.contains_key("code"));
}

#[tokio::test]
async fn a_flood_of_strangers_fills_no_store() {
    let server = Server::start().await;
    let asked = request("shop");
    let secret = server.secrets["office"].clone();
    let of_office = [request("office"), vec![("client_secret", secret.as_str())]].concat();
    for _ in 0..300 {
        assert_eq!(server.post(PAR, &asked).await.status(), 201);
    }
    let (status, refused) = push(&server, &asked).await;
    assert_eq!((status, refused["error"].as_str()), (429, Some("temporarily_unavailable")));
    assert_eq!(server.post(PAR, &of_office).await.status(), 201, "it has shown who it is");
    server.clock.advance(60);
    assert_eq!(server.post(PAR, &asked).await.status(), 201);
    let long = "x".repeat(8 * 1024);
    let (status, refused) = push(&server, &asking("shop", &[("state", &long)])).await;
    assert_eq!((status, refused["error"].as_str()), (400, Some("invalid_request")));
}
