//! Does an application get the claims that it asks for, where it asks for them, and no others?

use idp_protocol::encoding::from_base64url;
use idp_server::oidc::{AuthMethod, Consent, GrantType, ResponseType, Signature};
use serde_json::{Value, json};

use crate::{
    requests::{asking, changed, claims_of, redemption},
    server::{NOW, Server, answer, redirected},
};

/// The ID token's claims and those of the userinfo endpoint, for a request of the shop.
async fn learned(server: &Server, cookie: &str, with: &[(&str, &str)]) -> (Value, Value) {
    let answered = redirected(&server.authorize(&asking("shop", with), Some(cookie)).await);
    let code = answered.params.get("code").unwrap_or_else(|| panic!("{answered:?}"));
    let (_, tokens) = server.redeem(code).await;
    let (_, userinfo) = answer(server.userinfo(tokens["access_token"].as_str().unwrap()).await).await;
    (claims_of(tokens["id_token"].as_str().unwrap()), userinfo)
}

#[tokio::test]
async fn each_scope_brings_its_claims() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    for (scope, there, not_there) in [
        ("openid address", "address", "phone_number"),
        ("openid phone", "phone_number", "address"),
        ("openid profile", "birthdate", "email"),
        ("openid email", "email_verified", "name"),
    ] {
        let (id_token, userinfo) = learned(&server, &cookie, &[("scope", scope)]).await;
        assert!(userinfo.get(there).is_some() && userinfo.get(not_there).is_none(), "{scope}: {userinfo}");
        assert!(
            id_token.get(there).is_none(),
            "with an access token it is asked for there (5.4): {id_token}"
        );
    }
    let (_, userinfo) = learned(&server, &cookie, &[("scope", "openid phone address")]).await;
    assert_eq!(userinfo["address"], json!({"locality": "Utrecht"}));
}

#[tokio::test]
async fn scopes_come_in_any_order_and_all_at_once() {
    let server = Server::start().await;
    server
        .register("app", |new| {
            new.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
            new.metadata.grant_types.push(GrantType::RefreshToken);
        })
        .await;
    let (cookie, _) = server.sign_in().await;
    let sub = json!(server.user.id.to_string());
    let everything = json!({
        "sub": sub, "name": "Alice Adams", "preferred_username": "alice", "given_name": "Alice",
        "birthdate": "1990-02-03", "email": "alice@example.org", "email_verified": true,
        "phone_number": "+31 20 5550100", "address": {"locality": "Utrecht"},
    });
    let some = json!({"sub": sub, "email": "alice@example.org", "email_verified": true});
    for (scope, expected) in [
        ("openid profile email address phone offline_access", &everything),
        ("offline_access phone address email profile openid", &everything),
        ("email openid", &some),
        ("openid email", &some),
    ] {
        let asked = asking("app", &[("scope", scope)]);
        let code = redirected(&server.authorize(&asked, Some(&cookie)).await).params["code"].clone();
        let (_, tokens) = answer(server.token(&redemption("app", &code)).await).await;
        assert_eq!(tokens["scope"], scope, "all that was asked for was granted");
        let (_, userinfo) = answer(server.userinfo(tokens["access_token"].as_str().unwrap()).await).await;
        assert_eq!(userinfo, *expected, "{scope}");
    }
}

#[tokio::test]
async fn single_claims_come_where_they_were_asked_for() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    let asked = json!({
        "userinfo": {"given_name": {"essential": true}, "nickname": null, "tea": null},
        "id_token": {"email": null, "auth_time": {"essential": true}}
    });
    let with = [("scope", "openid"), ("claims", &asked.to_string())];
    let (id_token, userinfo) = learned(&server, &cookie, &with).await;
    assert_eq!(id_token["email"], "alice@example.org");
    assert_eq!(id_token["auth_time"], json!(NOW.0));
    assert!(id_token.get("given_name").is_none() && id_token.get("email_verified").is_none(), "{id_token}");
    let sub = server.user.id.to_string();
    assert_eq!(userinfo, json!({"sub": sub, "given_name": "Alice"}), "what is not known is left out");
}

#[tokio::test]
async fn without_an_access_token_the_scope_speaks_in_the_id_token() {
    let server = Server::start().await;
    server
        .register("page", |new| {
            new.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
            new.metadata.response_types = vec![ResponseType::IdToken];
            new.metadata.grant_types = vec![GrantType::Implicit];
        })
        .await;
    let (cookie, _) = server.sign_in().await;
    let asked = asking("page", &[("response_type", "id_token")]);
    let response = server.authorize(&asked, Some(&cookie)).await;
    let to = response.headers()["location"].to_str().unwrap().to_owned();
    let fragment = url::form_urlencoded::parse(to.split_once('#').unwrap().1.as_bytes()).into_owned();
    let token = fragment.into_iter().find(|(name, _)| name == "id_token").unwrap().1;
    let claims = claims_of(&token);
    assert_eq!((&claims["email"], &claims["given_name"]), (&json!("alice@example.org"), &json!("Alice")));
    assert!(claims.get("phone_number").is_none(), "it was not asked for");
}

#[tokio::test]
async fn an_essential_class_is_reached_and_named_or_refused() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    let acr = |acr: Value| json!({"id_token": {"acr": acr}}).to_string();
    let single = acr(json!({"essential": true, "values": ["urn:symbolon:acr:single"]}));
    let (id_token, _) = learned(&server, &cookie, &[("claims", &single)]).await;
    assert_eq!(id_token["acr"], "urn:symbolon:acr:single");
    let silent = async |claims: &str| {
        let asked = changed("", &[("claims", claims), ("prompt", "none")]);
        redirected(&server.authorize(&asked, Some(&cookie)).await).params
    };
    let more = acr(json!({"essential": true, "value": "urn:symbolon:acr:mfa"}));
    assert_eq!(silent(&more).await["error"], "login_required", "the session is not sure enough");
    for (never, why) in [("phr", "no way to sign in here"), ("gold", "known here")] {
        let never = acr(json!({"essential": true, "value": never}));
        let refused = silent(&never).await;
        assert_eq!(refused["error"], "unmet_authentication_requirements");
        assert!(refused["error_description"].contains(why), "{refused:?}");
    }
    for wish in ["phr", "gold"] {
        let wish = acr(json!({"values": [wish]}));
        assert!(silent(&wish).await.contains_key("code"), "a wish is no condition");
    }
}

#[tokio::test]
async fn a_request_for_one_person_is_not_answered_by_another() {
    let server = Server::start().await;
    let bob = server.add("bob").await;
    let (cookie, _) = server.sign_in().await;
    let asked = async |claims: Value| {
        let claims = claims.to_string();
        let asked = changed("", &[("claims", &claims), ("prompt", "none")]);
        redirected(&server.authorize(&asked, Some(&cookie)).await).params
    };
    let (alice, bob) = (server.user.id.to_string(), bob.id.to_string());
    for place in ["id_token", "userinfo"] {
        let silent = async |sub: Value| asked(json!({ place: { "sub": sub } })).await;
        for fine in [json!({"value": alice}), json!({"values": [alice]})] {
            assert!(silent(fine.clone()).await.contains_key("code"), "{place}: {fine}");
        }
        for other in [json!({"value": bob}), json!({"values": [bob]})] {
            assert_eq!(silent(other.clone()).await["error"], "login_required", "{place}: {other}");
        }
        for bad in [json!({"value": "nobody"}), json!({"value": 7}), json!({"values": [alice, bob]})] {
            assert_eq!(silent(bad.clone()).await["error"], "invalid_request", "{place}: {bad}");
        }
    }
    let of = |id_token: &str, userinfo: &str| json!({"id_token": {"sub": {"value": id_token}}, "userinfo": {"sub": {"value": userinfo}}});
    assert!(asked(of(&alice, &alice)).await.contains_key("code"));
    for (first, second) in [(&alice, &bob), (&bob, &alice)] {
        let refused = asked(of(first, second)).await;
        assert_eq!(refused["error"], "invalid_request", "neither counts more than the other");
        assert!(refused["error_description"].contains("more than one sub"), "{refused:?}");
    }
}

#[tokio::test]
async fn single_claims_need_the_consent_of_their_scope() {
    let server = Server::start().await;
    server
        .register("curious", |new| {
            new.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
            new.terms.consent = Consent::Ask;
        })
        .await;
    let (cookie, _) = server.sign_in().await;
    let claims = json!({"userinfo": {"phone_number": null}}).to_string();
    let send = async |claims: &str| {
        let asked = asking("curious", &[("scope", "openid"), ("claims", claims)]);
        redirected(&server.authorize(&asked, Some(&cookie)).await)
    };
    let question = send("").await.params["question"].clone();
    let form = [("question", question.as_str()), ("choice", "allow")];
    server.visit("/oauth2/consent", &cookie, Some(&form)).await;
    assert!(send("").await.params.contains_key("code"), "agreed");
    let again = send(&claims).await;
    assert_eq!(again.to, "/oauth2/consent", "the telephone number was not part of it");
    let path = format!("/oauth2/consent?question={}", again.params["question"]);
    let page = server.visit(&path, &cookie, None).await.text().await.unwrap();
    assert!(page.contains("your telephone number"), "{page}");
}

#[tokio::test]
async fn single_claims_of_other_scopes_do_not_get_past_the_registered_ones() {
    let server = Server::start().await;
    server
        .register("narrow", |new| {
            new.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
            new.metadata.scope = Some("openid email".to_owned());
        })
        .await;
    let (cookie, _) = server.sign_in().await;
    let claims = json!({
        "userinfo": {"email": null, "phone_number": null, "given_name": {"essential": true}},
        "id_token": {"address": null}
    });
    let claims = claims.to_string();
    let asked = asking("narrow", &[("scope", "openid"), ("claims", &claims)]);
    let code = redirected(&server.authorize(&asked, Some(&cookie)).await).params["code"].clone();
    let (_, tokens) = answer(server.token(&redemption("narrow", &code)).await).await;
    let (_, told) = answer(server.userinfo(tokens["access_token"].as_str().unwrap()).await).await;
    assert_eq!(told, json!({"sub": server.user.id.to_string(), "email": "alice@example.org"}));
    assert_eq!(claims_of(tokens["id_token"].as_str().unwrap()).get("address"), None);
}

#[tokio::test]
async fn userinfo_can_be_signed() {
    let server = Server::start().await;
    server
        .register("signed", |new| {
            new.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
            new.metadata.userinfo_signed_response_alg = Some(Signature::EdDsa);
        })
        .await;
    let code = server.code("signed").await;
    let (_, tokens) = answer(server.token(&redemption("signed", &code)).await).await;
    let response = server.userinfo(tokens["access_token"].as_str().unwrap()).await;
    assert_eq!(response.headers()["content-type"], "application/jwt");
    let token = response.text().await.unwrap();
    let head: Value =
        serde_json::from_slice(&from_base64url(token.split('.').next().unwrap()).unwrap()).unwrap();
    assert_eq!(head["alg"], "EdDSA");
    let claims = claims_of(&token);
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!(server.url), &json!("signed")));
    assert_eq!(
        (&claims["sub"], &claims["given_name"]),
        (&json!(server.user.id.to_string()), &json!("Alice"))
    );
}
