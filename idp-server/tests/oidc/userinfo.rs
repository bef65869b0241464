//! Who is told what about a person, and for how long?

use idp_core::{policy::Acr, users::UserState};
use idp_server::accounts;
use reqwest::header;
use serde_json::json;

use crate::{
    requests::{changed, claims_of},
    server::{NOW, Server, answer, form, redirected},
};

#[tokio::test]
async fn the_scope_decides_what_is_told() {
    let server = Server::start().await;
    let (_, tokens) = server.redeem(&server.code("shop").await).await;
    let token = tokens["access_token"].as_str().unwrap();
    let sub = server.user.id.to_string();
    let everything = json!({
        "sub": sub, "name": "Alice Adams", "preferred_username": "alice",
        "given_name": "Alice", "birthdate": "1990-02-03", "email": "alice@example.org", "email_verified": true,
    });
    assert_eq!(answer(server.userinfo(token).await).await, (200, everything.clone()));
    let by_form = server.post("/oauth2/userinfo", &[("access_token", token)]).await;
    assert_eq!(answer(by_form).await, (200, everything.clone()));
    let by_post = server.http.post(format!("{}/oauth2/userinfo", server.url)).bearer_auth(token);
    assert_eq!(answer(by_post.send().await.unwrap()).await, (200, everything), "5.3.1: the header, by POST");

    let (cookie, _) = server.sign_in().await;
    let openid = changed("scope", &[("scope", "openid")]);
    let code = redirected(&server.authorize(&openid, Some(&cookie)).await).params["code"].clone();
    let (_, tokens) = server.redeem(&code).await;
    let told = answer(server.userinfo(tokens["access_token"].as_str().unwrap()).await).await;
    assert_eq!(told, (200, json!({ "sub": sub })));
}

#[tokio::test]
async fn only_an_access_token_of_ours_that_holds_is_taken() {
    let server = Server::start().await;
    let (_, tokens) = server.redeem(&server.code("shop").await).await;
    let token = tokens["access_token"].as_str().unwrap();
    let id_token = tokens["id_token"].as_str().unwrap();
    let (head, rest) = token.split_once('.').unwrap();
    let (claims, signature) = rest.split_once('.').unwrap();
    let none = idp_protocol::encoding::to_base64url(br#"{"alg":"none","kid":"x","typ":"at+jwt"}"#);
    let forged = [
        id_token.to_owned(),
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{signature}"),
        format!("{head}.{claims}."),
        format!("{head}.{claims}A.{signature}"),
        "abc".to_owned(),
    ];
    for token in forged {
        let response = server.userinfo(&token).await;
        assert_eq!(response.status(), 401, "{token}");
        let challenge = response.headers()[header::WWW_AUTHENTICATE].to_str().unwrap();
        assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    }
    let nothing = server.get("/oauth2/userinfo").await;
    assert_eq!(nothing.status(), 401);
    assert_eq!(
        nothing.headers()[header::WWW_AUTHENTICATE],
        "Bearer realm=\"userinfo\"",
        "no token, no error"
    );
    assert_eq!(
        server.get(&format!("/oauth2/userinfo?access_token={token}")).await.status(),
        401,
        "not in the URL"
    );
    let twice = server.http.post(format!("{}/oauth2/userinfo", server.url)).bearer_auth(token);
    let twice = twice.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let twice = twice.body(form(&[("access_token", token)])).send().await.unwrap();
    assert_eq!(twice.status(), 400, "in two places at once (RFC 6750, 2)");
    server.clock.advance(300);
    assert_eq!(server.userinfo(token).await.status(), 401, "five minutes are over");
}

#[tokio::test]
async fn a_token_ends_with_its_session_and_its_account() {
    let server = Server::start().await;
    let (cookie, session) = server.sign_in().await;
    let (_, tokens) = server.redeem(&server.code_with("shop", &cookie).await).await;
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(server.userinfo(token).await.status(), 200);
    server.app.engine().end_session(&session).await.unwrap();
    assert_eq!(server.userinfo(token).await.status(), 401);

    let (_, tokens) = server.redeem(&server.code("shop").await).await;
    let token = tokens["access_token"].as_str().unwrap();
    accounts::switch(server.app.engine(), server.user.clone(), UserState::Disabled).await.unwrap();
    assert_eq!(server.userinfo(token).await.status(), 401);
}

/// RFC 9470.
#[tokio::test]
async fn a_token_of_a_sign_in_that_is_not_enough_any_more_is_told_what_would_be() {
    let server = Server::start().await;
    let (_, tokens) = server.redeem(&server.code("shop").await).await;
    let token = tokens["access_token"].as_str().unwrap();
    let claims = claims_of(token);
    assert_eq!(
        (&claims["acr"], &claims["auth_time"]),
        (&json!("urn:symbolon:acr:single"), &json!(NOW.0)),
        "6.1"
    );
    let (app, secret) = (&server.app, server.secrets["office"].clone());
    app.clients().decide(app.engine(), "office", |terms| terms.introspects = true).await.unwrap();
    server.clock.advance(5);
    let asked = [("client_id", "office"), ("client_secret", secret.as_str()), ("token", token)];
    let (_, told) = answer(server.post("/oauth2/introspect", &asked).await).await;
    assert_eq!((&told["acr"], &told["auth_time"]), (&claims["acr"], &claims["auth_time"]), "6.2");
    for (needed, status) in [(Acr::Single, 200), (Acr::MultiFactor, 401)] {
        app.clients().decide(app.engine(), "shop", |terms| terms.min_acr = Some(needed)).await.unwrap();
        server.clock.advance(5);
        let response = server.userinfo(token).await;
        assert_eq!(response.status().as_u16(), status, "{needed:?}");
        let challenge = response.headers().get(header::WWW_AUTHENTICATE).map(|value| value.to_str().unwrap());
        let wanted = "Bearer realm=\"userinfo\", error=\"insufficient_user_authentication\", \
                      acr_values=\"urn:symbolon:acr:mfa\"";
        assert_eq!(challenge, (status == 401).then_some(wanted));
    }
}
