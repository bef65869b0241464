//! What may be registered, under which name does a client know a person, and who learns of a change?

use std::collections::BTreeSet;

use idp_server::oidc::{
    ApplicationType, AuthMethod, BadClient, GrantType, Metadata, NewClient, Pkce, SubjectType, Terms,
};
use serde_json::Value;

use crate::{
    requests::{asking, claims_of, redemption, request},
    server::{Server, answer, redirected},
};

async fn refusal(server: &Server, set: impl FnOnce(&mut NewClient)) -> BadClient {
    let metadata =
        Metadata { redirect_uris: vec!["https://a.example/cb".parse().unwrap()], ..Metadata::default() };
    let mut new = NewClient { id: "new".to_owned(), metadata, terms: Terms::default() };
    set(&mut new);
    server.app.clients().register(server.app.engine(), new).await.unwrap_err()
}

#[tokio::test]
async fn what_does_not_fit_together_is_not_registered() {
    let server = Server::start().await;
    assert!(matches!(refusal(&server, |new| new.id = "a b".to_owned()).await, BadClient::Id));
    assert!(matches!(refusal(&server, |new| new.id = "shop".to_owned()).await, BadClient::Taken));
    let none = refusal(&server, |new| new.metadata.redirect_uris.clear()).await;
    assert!(matches!(none, BadClient::NoRedirect));
    let public = refusal(&server, |new| {
        new.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
        new.terms.pkce = Pkce::Optional;
    })
    .await;
    assert!(matches!(public, BadClient::PublicWithoutPkce));
    let member = async |set: fn(&mut NewClient)| match refusal(&server, set).await {
        BadClient::Member { member, .. } => member,
        other => panic!("{other}"),
    };
    assert_eq!(member(|new| new.metadata.grant_types.clear()).await, "grant_types");
    assert_eq!(member(|new| new.metadata.grant_types = vec![GrantType::RefreshToken]).await, "grant_types");
    assert_eq!(member(|new| new.metadata.scope = Some("two  spaces".to_owned())).await, "scope");
    let two_hosts = |new: &mut NewClient| {
        new.metadata.subject_type = SubjectType::Pairwise;
        new.metadata.redirect_uris.push("https://b.example/cb".parse().unwrap());
    };
    assert_eq!(member(two_hosts).await, "subject_type");
    let robot = |new: &mut NewClient| {
        new.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
        new.metadata.grant_types.push(GrantType::ClientCredentials);
    };
    assert_eq!(member(robot).await, "grant_types");
    for promise in [
        |metadata: &mut Metadata| metadata.dpop_bound_access_tokens = true,
        |metadata: &mut Metadata| metadata.tls_client_certificate_bound_access_tokens = true,
    ] {
        let through_the_browser = refusal(&server, |new| {
            new.metadata.grant_types = vec![GrantType::Implicit];
            new.metadata.response_types = vec!["id_token token".parse().unwrap()];
            promise(&mut new.metadata);
        });
        let refused = through_the_browser.await;
        assert!(matches!(refused, BadClient::Member { member: "response_types", .. }), "{refused}");
    }
    let framed = |new: &mut NewClient| {
        new.metadata.frontchannel_logout_uri = Some("https://a.example:8443/bye".parse().unwrap());
    };
    assert_eq!(member(framed).await, "frontchannel_logout_uri", "another origin than its own");
}

/// The name under which a client knows alice, in the ID token and at the userinfo endpoint; and the ID token.
async fn known_as(server: &Server, client: &str, cookie: &str) -> (String, String) {
    let code = server.code_with(client, cookie).await;
    let (_, tokens) = answer(server.token(&redemption(client, &code)).await).await;
    let id_token = tokens["id_token"].as_str().unwrap();
    let claims = claims_of(id_token);
    let (_, userinfo) = answer(server.userinfo(tokens["access_token"].as_str().unwrap()).await).await;
    assert_eq!(claims["sub"], userinfo["sub"], "OpenID Connect Core 1.0, 5.3.2");
    (claims["sub"].as_str().unwrap().to_owned(), id_token.to_owned())
}

/// The name under which a client at an address knows alice, and the one of her session.
async fn known_at(server: &Server, cookie: &str, client: &str, uri: &str) -> (String, Value) {
    let asked = asking(client, &[("redirect_uri", uri)]);
    let code = redirected(&server.authorize(&asked, Some(cookie)).await).params["code"].clone();
    let mut form = redemption(client, &code);
    form.retain(|(name, _)| *name != "redirect_uri");
    form.push(("redirect_uri", uri));
    let (_, tokens) = answer(server.token(&form).await).await;
    let token = tokens["access_token"].as_str().unwrap().to_owned();
    let sub = answer(server.userinfo(&token).await).await.1["sub"].as_str().unwrap().to_owned();
    assert_eq!(claims_of(&token)["sid"], claims_of(tokens["id_token"].as_str().unwrap())["sid"]);
    (sub, claims_of(&token)["sid"].clone())
}

/// On every device there is another 127.0.0.1, and behind a scheme of its own an app may write the host of any site.
#[tokio::test]
async fn apps_of_a_device_share_no_site_with_each_other_or_with_the_web() {
    let server = Server::start().await;
    let apps = [
        ("site", vec!["https://shop.example/cb"]),
        ("notes", vec!["http://127.0.0.1/cb"]),
        ("games", vec!["http://127.0.0.1/cb", "http://[::1]/cb"]),
        ("radio", vec!["http://localhost:8123/cb"]),
        ("scheme", vec!["com.example.app:/cb"]),
        ("host", vec!["com.example.app://shop.example/cb"]),
        ("mixed", vec!["https://shop.example/cb", "http://127.0.0.1/cb"]),
        ("shop.example", vec!["com.example.other:/cb"]),
    ];
    let (cookie, _) = server.sign_in().await;
    let mut names = BTreeSet::new();
    for (id, uris) in &apps {
        server
            .register(id, |new| {
                new.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
                new.metadata.application_type = ApplicationType::Native;
                new.metadata.subject_type = SubjectType::Pairwise;
                new.metadata.redirect_uris = uris.iter().map(|uri| uri.parse().unwrap()).collect();
            })
            .await;
        let (name, _) = known_at(&server, &cookie, id, uris[0]).await;
        assert_eq!(name, known_at(&server, &cookie, id, uris[0]).await.0, "{id}: the same each time");
        assert!(names.insert(name), "{id} knows her by the name of another one");
    }
}

#[tokio::test]
async fn sites_cannot_compare_whom_they_know() {
    let server = Server::start().await;
    for (id, uri) in [
        ("red", "https://red.example/cb"),
        ("blue", "https://blue.example/cb"),
        ("navy", "https://blue.example/x"),
    ] {
        server
            .register(id, |new| {
                new.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
                new.metadata.subject_type = SubjectType::Pairwise;
                new.metadata.redirect_uris = vec![uri.parse().unwrap()];
            })
            .await;
    }
    let (cookie, _) = server.sign_in().await;
    let known = async |client: &str, uri: &str| known_at(&server, &cookie, client, uri).await;
    let (red, session) = known("red", "https://red.example/cb").await;
    let (blue, other) = known("blue", "https://blue.example/cb").await;
    assert_ne!(red, blue);
    assert_ne!(session, other, "sessions would tell whose they are");
    assert_eq!(blue, known("navy", "https://blue.example/x").await.0, "one site");
    let again = known("red", "https://red.example/cb").await;
    assert_eq!((&red, &session), (&again.0, &again.1), "the same each time");
    assert!(!red.contains(&server.user.id.to_string()) && red.len() < 255, "{red}");
}

#[tokio::test]
async fn a_pairwise_name_in_a_hint_is_understood() {
    let server = Server::start().await;
    server
        .register("red", |new| {
            new.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
            new.metadata.subject_type = SubjectType::Pairwise;
            new.metadata.redirect_uris.truncate(1);
        })
        .await;
    let (cookie, _) = server.sign_in().await;
    let (_, id_token) = known_as(&server, "red", &cookie).await;
    server.add("bob").await;
    let (of_bob, _) = server.sign_in_as("bob").await;
    let mut asked = request("red");
    asked.extend([("id_token_hint", id_token.as_str()), ("prompt", "none")]);
    let answered = redirected(&server.authorize(&asked, Some(&cookie)).await);
    assert!(answered.params.contains_key("code"), "{answered:?}");
    let answered = redirected(&server.authorize(&asked, Some(&of_bob)).await);
    assert_eq!(answered.params["error"], "login_required", "the hint is about alice");
}

/// The client is known by other names for people since: a hint from before is about nobody, and not about whoever is here.
#[tokio::test]
async fn a_hint_about_nobody_is_not_answered_by_somebody() {
    let server = Server::start().await;
    let public = |new: &mut NewClient| {
        new.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
        new.metadata.redirect_uris.truncate(1);
    };
    server.register("red", public).await;
    let (cookie, _) = server.sign_in().await;
    let (_, id_token) = known_as(&server, "red", &cookie).await;
    assert!(server.app.clients().remove(server.app.engine(), "red").await.unwrap());
    server
        .register("red", |new| {
            public(new);
            new.metadata.subject_type = SubjectType::Pairwise;
        })
        .await;
    let mut asked = request("red");
    asked.extend([("id_token_hint", id_token.as_str()), ("prompt", "none")]);
    let answered = redirected(&server.authorize(&asked, Some(&cookie)).await);
    assert_eq!(answered.params["error"], "invalid_request", "{answered:?}");
}

#[tokio::test]
async fn a_change_of_a_client_is_known_at_once() {
    let server = Server::start().await;
    for _ in 0..2 {
        assert_eq!(server.authorize(&request("shop"), None).await.status(), 303);
    }
    assert!(server.app.clients().remove(server.app.engine(), "shop").await.unwrap());
    assert_eq!(server.authorize(&request("shop"), None).await.status(), 400, "nobody serves it from memory");
    server.register("shop", |_| {}).await;
    assert_eq!(server.authorize(&request("shop"), None).await.status(), 303);
}
