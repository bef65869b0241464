//! Who gets tokens for a code, what do they say, and what happens to a thief?

use data_encoding::BASE64;
use idp_protocol::encoding::to_base64url;
use idp_server::oidc::Pkce;
use openidconnect::{
    AccessToken, AccessTokenHash, ClientId, IssuerUrl, Nonce,
    core::{CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet},
};
use reqwest::header;
use serde_json::{Value, json};

use crate::{
    requests::{asking, changed, parts, redemption, request},
    server::{CALLBACK, NOW, Server, VERIFIER, answer, form, redirected},
};

fn error(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["error"].as_str().unwrap_or("none"))
}

#[tokio::test]
async fn a_code_becomes_tokens_that_say_what_happened() {
    let server = Server::start().await;
    let (cookie, session) = server.sign_in().await;
    let code = server.code_with("shop", &cookie).await;
    server.clock.advance(5);
    let response = server.token(&redemption("shop", &code)).await;
    assert_eq!(response.headers()["cache-control"], "no-store");
    let (status, tokens) = answer(response).await;
    assert_eq!(status, 200, "{tokens}");
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(300)));
    assert_eq!(tokens["scope"], "openid profile email");

    let keys: CoreJsonWebKeySet = server.get("/oauth2/jwks").await.json().await.unwrap();
    let issuer = IssuerUrl::new(server.url.clone()).unwrap();
    let verifier = CoreIdTokenVerifier::new_public_client(ClientId::new("shop".to_owned()), issuer, keys)
        .set_time_fn(|| chrono::DateTime::from_timestamp(NOW.0 + 10, 0).unwrap());
    let text = tokens["id_token"].as_str().unwrap();
    let id_token: CoreIdToken = text.parse().unwrap();
    let claims = id_token.claims(&verifier, &Nonce::new("a-nonce".to_owned())).unwrap();
    assert_eq!(claims.subject().as_str(), server.user.id.to_string());
    assert_eq!(claims.auth_time().unwrap().timestamp(), NOW.0);
    assert_eq!(claims.issue_time().timestamp(), NOW.0 + 5);
    assert_eq!(claims.expiration().timestamp(), NOW.0 + 305);
    assert_eq!(claims.auth_context_ref().unwrap().as_str(), "urn:symbolon:acr:single");
    let amr: Vec<&str> = claims.auth_method_refs().unwrap().iter().map(|amr| amr.as_str()).collect();
    assert_eq!(amr, ["pwd"]);
    let access_token = AccessToken::new(tokens["access_token"].as_str().unwrap().to_owned());
    let key = id_token.signing_key(&verifier).unwrap();
    let hash = AccessTokenHash::from_token(&access_token, id_token.signing_alg().unwrap(), key).unwrap();
    assert_eq!(claims.access_token_hash(), Some(&hash));
    assert_eq!(parts(text).1["sid"], server.sid("shop", &session).await);

    let (head, claims) = parts(access_token.secret());
    assert_eq!(head["typ"], "at+jwt", "RFC 9068");
    assert_eq!((&claims["client_id"], &claims["iss"]), (&json!("shop"), &json!(server.url)));
    assert_eq!(claims["exp"], json!(NOW.0 + 305));
}

#[tokio::test]
async fn a_page_of_another_origin_exchanges_its_code_without_cookies() {
    let server = Server::start().await;
    let preflight = server
        .http
        .request(reqwest::Method::OPTIONS, format!("{}/oauth2/token", server.url))
        .header(header::ORIGIN, "https://page.example")
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
        .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "dpop,content-type")
        .send()
        .await
        .unwrap();
    assert_eq!(preflight.headers()["access-control-allow-origin"], "*");
    assert!(preflight.headers().get("access-control-allow-credentials").is_none(), "no cookie comes with it");
    let asked = preflight.headers()["access-control-allow-headers"].to_str().unwrap();
    assert!(asked.contains("dpop") && asked.contains("authorization"), "{asked}");
    let answered = server.token(&redemption("shop", &server.code("shop").await)).await;
    assert_eq!(answered.status(), 200);
    assert_eq!(answered.headers()["access-control-allow-origin"], "*");
    assert!(server.get("/login").await.headers().get("access-control-allow-origin").is_none());
}

#[tokio::test]
async fn each_client_has_its_algorithm() {
    use openidconnect::core::CoreJwsSigningAlgorithm as Algorithm;

    let server = Server::start().await;
    let keys: CoreJsonWebKeySet = server.get("/oauth2/jwks").await.json().await.unwrap();
    let issuer = IssuerUrl::new(server.url.clone()).unwrap();
    for (client, algorithm) in [
        ("shop", Algorithm::RsaSsaPkcs1V15Sha256),
        ("ps256", Algorithm::RsaSsaPssSha256),
        ("es256", Algorithm::EcdsaP256Sha256),
        ("eddsa", Algorithm::EdDsa),
    ] {
        let code = server.code(client).await;
        let (status, tokens) = answer(server.token(&redemption(client, &code)).await).await;
        assert_eq!(status, 200, "{tokens}");
        let id = ClientId::new(client.to_owned());
        let verifier = CoreIdTokenVerifier::new_public_client(id, issuer.clone(), keys.clone())
            .set_allowed_algs([algorithm.clone()])
            .set_time_fn(|| chrono::DateTime::from_timestamp(NOW.0, 0).unwrap());
        let id_token: CoreIdToken = tokens["id_token"].as_str().unwrap().parse().unwrap();
        let claims = id_token.claims(&verifier, &Nonce::new("a-nonce".to_owned())).unwrap();
        let access_token = AccessToken::new(tokens["access_token"].as_str().unwrap().to_owned());
        let key = id_token.signing_key(&verifier).unwrap();
        let hash = AccessTokenHash::from_token(&access_token, &algorithm, key).unwrap();
        assert_eq!(claims.access_token_hash(), Some(&hash), "{client}");
        assert_eq!(server.userinfo(access_token.secret()).await.status(), 200, "{client}");
    }
}

#[tokio::test]
async fn a_replayed_code_revokes_what_came_of_it() {
    let server = Server::start().await;
    let code = server.code("shop").await;
    let (status, tokens) = server.redeem(&code).await;
    assert_eq!(status, 200);
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(server.userinfo(token).await.status(), 200);
    assert_eq!(error(&server.redeem(&code).await), (400, "invalid_grant"));
    assert_eq!(server.userinfo(token).await.status(), 401, "the token is revoked");
    assert_eq!(error(&server.redeem(&code).await), (400, "invalid_grant"), "and a third time");
}

#[tokio::test]
async fn a_late_replay_revokes_too() {
    let server = Server::start().await;
    let code = server.code("shop").await;
    let (_, tokens) = server.redeem(&code).await;
    server.clock.advance(120);
    assert_eq!(error(&server.redeem(&code).await), (400, "invalid_grant"));
    assert_eq!(server.userinfo(tokens["access_token"].as_str().unwrap()).await.status(), 401);
}

#[tokio::test]
async fn of_many_at_once_one_wins() {
    let server = Server::start().await;
    let code = server.code("shop").await;
    let tries = futures::future::join_all((0..8).map(|_| server.redeem(&code))).await;
    assert_eq!(tries.iter().filter(|(status, _)| *status == 200).count(), 1);
}

#[tokio::test]
async fn a_code_is_for_one_client_one_address_one_beginner_and_one_minute() {
    let server = Server::start().await;
    let code = server.code("shop").await;
    let with = |name: &'static str, value: Option<&'static str>| {
        let kept = redemption("shop", &code).into_iter().filter(move |(of, _)| *of != name);
        kept.chain(value.map(|value| (name, value))).collect::<Vec<_>>()
    };
    for params in [
        with("client_id", Some("bank")),
        with("redirect_uri", Some("https://shop.example/other?x=1")),
        with("redirect_uri", None),
        with("code_verifier", Some("another-verifier-that-is-long-enough-for-it")),
        with("code_verifier", Some("short")),
        with("code_verifier", None),
        with("code", Some("AAAA")),
    ] {
        let answer = answer(server.token(&params).await).await;
        assert_eq!(error(&answer), (400, "invalid_grant"), "{params:?}");
    }
    server.clock.advance(60);
    assert_eq!(error(&server.redeem(&code).await), (400, "invalid_grant"), "a minute is over");
    assert_eq!(server.redeem(&server.code("shop").await).await.0, 200, "none of this hurts the next one");
}

#[tokio::test]
async fn a_code_dies_with_its_session() {
    let server = Server::start().await;
    let (cookie, session) = server.sign_in().await;
    let code = server.code_with("shop", &cookie).await;
    server.app.engine().end_session(&session).await.unwrap();
    assert_eq!(error(&server.redeem(&code).await), (400, "invalid_grant"));
}

#[tokio::test]
async fn a_challenge_cannot_be_taken_out() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    let mut params = changed("code_challenge", &[]);
    params.retain(|(name, _)| !["client_id", "code_challenge_method"].contains(name));
    params.push(("client_id", "old"));
    let answered = redirected(&server.authorize(&params, Some(&cookie)).await);
    let code = answered.params["code"].clone();
    // Somebody took the challenge out of the request of a client that sent one: its verifier gives that away.
    let mut with_verifier = redemption("old", &code);
    with_verifier.push(("client_secret", &server.secrets["old"]));
    let answered = answer(server.token(&with_verifier).await).await;
    assert_eq!(error(&answered), (400, "invalid_grant"));
    let mut without = with_verifier;
    without.retain(|(name, _)| *name != "code_verifier");
    assert_eq!(answer(server.token(&without).await).await.0, 200, "a client that never sends one");
}

#[tokio::test]
async fn clients_prove_who_they_are() {
    let server = Server::start().await;
    let basic =
        |id: &str, secret: &str| format!("Basic {}", BASE64.encode(format!("{id}:{secret}").as_bytes()));
    let good = server.secrets["office"].as_str();
    let wrong = "x".repeat(43);
    type Case<'a> = (&'a str, Option<String>, Vec<(&'a str, &'a str)>, (u16, &'a str));
    let cases: Vec<Case<'_>> = vec![
        ("basic", Some(basic("office", good)), vec![], (200, "none")),
        (
            "basic, same id in the form",
            Some(basic("office", good)),
            vec![("client_id", "office")],
            (200, "none"),
        ),
        ("post", None, vec![("client_id", "office"), ("client_secret", good)], (200, "none")),
        ("no secret", None, vec![("client_id", "office")], (400, "invalid_client")),
        ("wrong", Some(basic("office", &wrong)), vec![], (401, "invalid_client")),
        (
            "wrong post",
            None,
            vec![("client_id", "office"), ("client_secret", &wrong)],
            (400, "invalid_client"),
        ),
        ("unknown", Some(basic("nobody", good)), vec![], (401, "invalid_client")),
        ("nobody at all", None, vec![], (400, "invalid_client")),
        ("not basic", Some("Bearer abc".to_owned()), vec![], (401, "invalid_client")),
        ("two ways", Some(basic("office", good)), vec![("client_secret", good)], (400, "invalid_request")),
        ("two ids", Some(basic("office", good)), vec![("client_id", "shop")], (400, "invalid_request")),
        (
            "a public one with a secret",
            None,
            vec![("client_id", "shop"), ("client_secret", good)],
            (400, "invalid_client"),
        ),
    ];
    for (name, authorization, params, expected) in cases {
        let code = server.code("office").await;
        let mut all = redemption("", &code);
        all.retain(|(name, _)| *name != "client_id");
        all.extend(params);
        let mut request = server
            .http
            .post(format!("{}/oauth2/token", server.url))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form(&all));
        if let Some(value) = authorization {
            request = request.header(header::AUTHORIZATION, value);
        }
        let response = request.send().await.unwrap();
        let challenged = response.headers().contains_key(header::WWW_AUTHENTICATE);
        let answer = answer(response).await;
        assert_eq!(error(&answer), expected, "{name}");
        assert_eq!(challenged, expected.0 == 401, "{name}");
    }
}

#[tokio::test]
async fn malformed_requests() {
    let server = Server::start().await;
    let code = server.code("shop").await;
    let mut doubled = redemption("shop", &code);
    doubled.push(("code", "another"));
    assert_eq!(error(&answer(server.token(&doubled).await).await), (400, "invalid_request"));
    let grant = |value| [("grant_type", value), ("client_id", "shop"), ("code", code.as_str())];
    let other = answer(server.token(&grant("password")).await).await;
    assert_eq!(error(&other), (400, "unsupported_grant_type"));
    let missing = [("client_id", "shop"), ("redirect_uri", CALLBACK), ("code_verifier", VERIFIER)];
    assert_eq!(error(&answer(server.token(&missing).await).await), (400, "invalid_request"));
    let url = format!("{}/oauth2/token", server.url);
    let json = server.http.post(url).header(header::CONTENT_TYPE, "application/json").body("{}").send().await;
    assert_eq!(error(&answer(json.unwrap()).await), (400, "invalid_request"));
    let get = server.get(&format!("/oauth2/token?{}", form(&redemption("shop", &code)))).await;
    assert_eq!(get.status(), 405, "codes do not belong into addresses");
}

#[tokio::test]
async fn a_page_of_another_origin_does_not_read_what_browsers_are_sent_to() {
    let server = Server::start().await;
    let url = format!("{}/oauth2/authorize?{}", server.url, crate::server::form(&request("shop")));
    for method in [reqwest::Method::GET, reqwest::Method::OPTIONS] {
        let asked = server.http.request(method, &url).header(header::ORIGIN, "https://page.example");
        let asked = asked.header(header::ACCESS_CONTROL_REQUEST_METHOD, "GET").send().await.unwrap();
        assert!(!asked.headers().contains_key("access-control-allow-origin"), "{asked:?}");
    }
}

#[tokio::test]
async fn without_pkce_a_nonce_ties_the_code_to_its_browser() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    let no_pkce = [("code_challenge", ""), ("code_challenge_method", "")];
    let with_nonce = redirected(&server.authorize(&asking("old", &no_pkce), Some(&cookie)).await);
    assert!(with_nonce.params.contains_key("code"), "{with_nonce:?}");
    let neither = [&no_pkce[..], &[("nonce", "")]].concat();
    let refused = redirected(&server.authorize(&asking("old", &neither), Some(&cookie)).await);
    assert_eq!(refused.params["error"], "invalid_request");
    assert!(refused.params["error_description"].contains("nonce"), "{refused:?}");
    // Unless somebody wants just that.
    server.register("untied", |new| new.terms.pkce = Pkce::Untied).await;
    let asked = asking("untied", &neither);
    let answered = redirected(&server.authorize(&asked, Some(&cookie)).await);
    assert!(answered.params.contains_key("code"), "{answered:?}");
}

/// A challenge made of a verifier that can be guessed. Its digest fits, and it is refused all the same (RFC 7636, 4.1).
#[tokio::test]
async fn a_verifier_that_can_be_guessed_is_none() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    let shortest = "v".repeat(43);
    for (verifier, status) in [
        ("1234", 400),
        (&shortest[1..], 400),
        (&shortest, 200),
        (&"v".repeat(128), 200),
        (&"v".repeat(129), 400),
        (&shortest.replace("vv", "v+"), 400),
        (&"é".repeat(43), 400),
    ] {
        let digest = symbolon_aws_lc::crypto().hash.sha256(verifier.as_bytes());
        let challenge = to_base64url(&digest);
        let asked = asking("shop", &[("code_challenge", challenge.as_str())]);
        let code = redirected(&server.authorize(&asked, Some(&cookie)).await).params["code"].clone();
        let mut form = redemption("shop", &code);
        form.retain(|(name, _)| *name != "code_verifier");
        form.push(("code_verifier", verifier));
        assert_eq!(server.token(&form).await.status(), status, "{verifier}");
    }
}
