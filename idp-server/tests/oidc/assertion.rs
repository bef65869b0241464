//! Does an application prove itself with a signature, and nobody with a copy of one?

use std::net::{Ipv4Addr, SocketAddr};

use axum::{body::Body, extract::ConnectInfo};
use idp_server::oidc::{AuthMethod, GrantType};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::{
    server::{NOW, Server, answer, form},
    signer::{Signer, hmac},
    site::Site,
};

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A client that acts for itself and signs.
async fn robot(server: &Server, id: &str, signer: &Signer) {
    let jwks = serde_json::from_value(signer.jwks()).unwrap();
    server
        .register(id, |new| {
            new.metadata.token_endpoint_auth_method = Some(AuthMethod::PrivateKeyJwt);
            new.metadata.grant_types = vec![GrantType::ClientCredentials];
            new.metadata.jwks = Some(jwks);
        })
        .await;
}

/// Honest claims; each jti is another one.
fn claims(server: &Server, id: &str) -> Value {
    let jti = idp_protocol::encoding::to_base64url(&symbolon_aws_lc::crypto().random::<12>());
    json!({"iss": id, "sub": id, "aud": server.url, "exp": NOW.0 + 60, "iat": NOW.0, "jti": jti})
}

async fn ask(server: &Server, assertion: &str, more: &[(&str, &str)]) -> (u16, Value) {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", JWT_BEARER),
        ("client_assertion", assertion),
    ];
    answer(server.token(&[form.as_slice(), more].concat()).await).await
}

#[tokio::test]
async fn a_signature_shows_who_asks() {
    let server = Server::start().await;
    let signer = Signer::new("one");
    robot(&server, "robot", &signer).await;
    let (status, tokens) = ask(&server, &signer.sign(&claims(&server, "robot")), &[]).await;
    assert_eq!(status, 200, "{tokens}");
    let mut older = claims(&server, "robot");
    older["aud"] = json!([format!("{}/oauth2/token", server.url), "https://other.example"]);
    assert_eq!(ask(&server, &signer.sign(&older), &[("client_id", "robot")]).await.0, 200);
}

#[tokio::test]
async fn a_copied_assertion_is_refused() {
    let server = Server::start().await;
    let signer = Signer::new("one");
    robot(&server, "robot", &signer).await;
    let assertion = signer.sign(&claims(&server, "robot"));
    assert_eq!(ask(&server, &assertion, &[]).await.0, 200);
    let (status, refused) = ask(&server, &assertion, &[]).await;
    assert_eq!((status, refused["error"].as_str()), (400, Some("invalid_client")));
    server.clock.advance(119);
    assert_eq!(ask(&server, &assertion, &[]).await.0, 400, "as long as it would count");
}

#[tokio::test]
async fn an_assertion_for_somebody_else_or_another_time_is_refused() {
    let server = Server::start().await;
    let (signer, stranger) = (Signer::new("one"), Signer::new("one"));
    robot(&server, "robot", &signer).await;
    robot(&server, "other", &stranger).await;
    type Change = fn(&mut Value);
    let changes: [(&str, Change); 9] = [
        ("of another provider", |claims| claims["aud"] = json!("https://other.example")),
        ("for nobody", |claims| claims["aud"] = json!([])),
        ("over", |claims| claims["exp"] = json!(NOW.0 - 61)),
        ("too long", |claims| claims["exp"] = json!(NOW.0 + 3601)),
        ("of tomorrow", |claims| claims["iat"] = json!(NOW.0 + 61)),
        ("not yet", |claims| claims["nbf"] = json!(NOW.0 + 61)),
        ("issued by another", |claims| claims["iss"] = json!("other")),
        ("about another", |claims| claims["sub"] = json!("other")),
        ("without an id", |claims| drop(claims.as_object_mut().unwrap().remove("jti"))),
    ];
    for (name, change) in changes {
        let mut claims = claims(&server, "robot");
        change(&mut claims);
        let (status, refused) = ask(&server, &signer.sign(&claims), &[]).await;
        assert_eq!((status, refused["error"].as_str()), (400, Some("invalid_client")), "{name}: {refused}");
    }
    let honest = claims(&server, "robot");
    let forged = [
        stranger.sign(&honest),
        signer.sign_as(&json!({"alg": "none"}), &honest),
        signer.sign_as(&json!({"alg": "RS256", "kid": "one"}), &honest),
        signer.sign_as(&json!({"alg": "ES256", "kid": "one", "crit": ["x"], "x": 1}), &honest),
        hmac(signer.jwks().to_string().as_bytes(), &honest),
        "a.b.c".to_owned(),
    ];
    for forged in forged {
        let (status, refused) = ask(&server, &forged, &[]).await;
        assert_eq!((status, refused["error"].as_str()), (400, Some("invalid_client")), "{forged}");
    }
    let (status, _) = ask(&server, &signer.sign(&honest), &[("client_id", "other")]).await;
    assert_eq!(status, 400, "the form says something else");
}

#[tokio::test]
async fn a_client_proves_itself_in_the_way_that_it_is_registered_for() {
    let server = Server::start().await;
    let signer = Signer::new("one");
    robot(&server, "robot", &signer).await;
    let by_form = [("grant_type", "client_credentials"), ("client_id", "robot")];
    assert_eq!(server.token(&by_form).await.status(), 400, "it is not public");
    let with_secret = [by_form.as_slice(), &[("client_secret", "x")]].concat();
    assert_eq!(server.token(&with_secret).await.status(), 400);
    let both = ask(&server, &signer.sign(&claims(&server, "robot")), &[("client_secret", "x")]).await;
    assert_eq!((both.0, both.1["error"].as_str()), (400, Some("invalid_request")));
    let secret = server.secrets["office"].clone();
    let assertion = hmac(secret.as_bytes(), &claims(&server, "office"));
    assert_eq!(ask(&server, &assertion, &[]).await.0, 400, "office is registered for its secret itself");
}

#[tokio::test]
async fn a_secret_can_sign_too() {
    let server = Server::start().await;
    let secret = server
        .register("signing", |new| {
            new.metadata.token_endpoint_auth_method = Some(AuthMethod::ClientSecretJwt);
            new.metadata.grant_types = vec![GrantType::ClientCredentials];
        })
        .await;
    assert_eq!(ask(&server, &hmac(secret.as_bytes(), &claims(&server, "signing")), &[]).await.0, 200);
    assert_eq!(ask(&server, &hmac(&[b'x'; 43], &claims(&server, "signing")), &[]).await.0, 400);
    let form = [("grant_type", "client_credentials"), ("client_id", "signing"), ("client_secret", &secret)];
    assert_eq!(server.token(&form).await.status(), 400, "it must not travel");
}

#[tokio::test]
async fn keys_at_an_address_may_change() {
    let server = Server::start_with(|config| config.outbound.danger_loopback_http = true).await;
    let (old, new) = (Signer::new("old"), Signer::new("new"));
    let site = Site::open(&old.jwks().to_string()).await;
    with_keys_at(&server, &site).await;
    for _ in 0..3 {
        assert_eq!(ask(&server, &old.sign(&claims(&server, "robot")), &[]).await.0, 200);
    }
    assert_eq!(site.asked(), 1, "they are kept");
    site.say(&new.jwks().to_string());
    assert_eq!(ask(&server, &new.sign(&claims(&server, "robot")), &[]).await.0, 400, "asked just now");
    server.clock.advance(30);
    let fresh = |signer: &Signer| {
        let mut claims = claims(&server, "robot");
        claims["exp"] = json!(NOW.0 + 90);
        signer.sign(&claims)
    };
    assert_eq!(ask(&server, &fresh(&new), &[]).await.0, 200, "a key that is not known is looked for");
    assert_eq!(ask(&server, &fresh(&old), &[]).await.0, 400, "the one that was taken away counts no more");
    assert_eq!(site.asked(), 2, "a stranger's tokens do not make us ask without end");
}

/// The client `robot`, whose keys stand at a site.
async fn with_keys_at(server: &Server, site: &Site) {
    server
        .register("robot", |client| {
            client.metadata.token_endpoint_auth_method = Some(AuthMethod::PrivateKeyJwt);
            client.metadata.grant_types = vec![GrantType::ClientCredentials];
            client.metadata.jwks_uri = Some(format!("{}/jwks", site.url).parse().unwrap());
        })
        .await;
}

#[tokio::test]
async fn an_address_without_keys_is_not_asked_without_end() {
    let server = Server::start_with(|config| config.outbound.danger_loopback_http = true).await;
    let site = Site::open("nothing").await;
    with_keys_at(&server, &site).await;
    let signer = Signer::new("one");
    for _ in 0..5 {
        assert_eq!(ask(&server, &signer.sign(&claims(&server, "robot")), &[]).await.0, 400);
    }
    assert_eq!(site.asked(), 1);
}

/// A stranger sends an assertion with any signature just when the address of the keys does not answer.
#[tokio::test]
async fn a_forged_assertion_takes_no_keys_away() {
    let server = Server::start_with(|config| config.outbound.danger_loopback_http = true).await;
    let (signer, stranger) = (Signer::new("one"), Signer::new("another"));
    let site = Site::open(&signer.jwks().to_string()).await;
    with_keys_at(&server, &site).await;
    let sent = async |signer: &Signer| {
        let mut claims = claims(&server, "robot");
        claims["exp"] = json!(server.clock_now().0 + 60);
        ask(&server, &signer.sign(&claims), &[]).await.0
    };
    assert_eq!(sent(&signer).await, 200);
    server.clock.advance(30);
    site.say("nothing");
    for _ in 0..3 {
        assert_eq!(sent(&stranger).await, 400);
    }
    assert_eq!(site.asked(), 2, "not more than twice a minute");
    assert_eq!(sent(&signer).await, 200, "they are good for a minute, whatever was asked meanwhile");
    server.clock.advance(30);
    assert_eq!(sent(&signer).await, 400, "and no longer");
    assert_eq!(site.asked(), 3);
}

/// A stranger begins, and hangs up while the address of the keys is asked for him: again and again, if that made us ask anew,
/// and at the cost of the client, if that left us without keys.
#[tokio::test]
async fn who_hangs_up_makes_nobody_ask_again_or_wait() {
    let server = Server::start_with(|config| config.outbound.danger_loopback_http = true).await;
    let signer = Signer::new("one");
    let site = Site::open(&signer.jwks().to_string()).await;
    with_keys_at(&server, &site).await;
    let held = site.hold().await;
    let form = form(&[
        ("grant_type", "client_credentials"),
        ("client_assertion_type", JWT_BEARER),
        ("client_assertion", &Signer::new("another").sign(&claims(&server, "robot"))),
    ]);
    let request = http::Request::post("/oauth2/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .extension(ConnectInfo(SocketAddr::from((Ipv4Addr::LOCALHOST, 4711))))
        .body(Body::from(form))
        .unwrap();
    tokio::select! {
        biased;
        answered = server.app.router().oneshot(request) => panic!("{answered:?}"),
        () = site.was_asked() => {}
    }
    drop(held);
    assert_eq!(ask(&server, &signer.sign(&claims(&server, "robot")), &[]).await.0, 200);
    assert_eq!(site.asked(), 1);
}

#[tokio::test]
async fn an_assertion_may_name_the_address_that_it_is_sent_to() {
    let server = Server::start_with(|config| {
        config.server.trusted_proxies = vec!["127.0.0.1".to_owned()];
        config.server.mtls.client_certificate_header = "client-cert".to_owned();
    })
    .await;
    let signer = Signer::new("one");
    robot(&server, "robot", &signer).await;
    let sent = async |aud: &str| {
        let mut claims = claims(&server, "robot");
        claims["aud"] = json!(aud);
        ask(&server, &signer.sign(&claims), &[]).await.0
    };
    for origin in [&server.url, &server.mtls] {
        for path in ["token", "par", "device_authorization", "introspect", "revoke"] {
            let aud = format!("{origin}/oauth2/{path}");
            assert_eq!(sent(&aud).await, 200, "{aud}");
        }
    }
    for bad in
        [&server.mtls, "https://other.example/oauth2/token", &format!("{}/oauth2/userinfo", server.url)]
    {
        assert_eq!(sent(bad).await, 400, "{bad}");
    }
}
