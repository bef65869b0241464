//! Which backchannel authentication requests are taken, and what is said of the others? (CIBA Core 1.0, 4, 7 and 13)

use idp_server::{
    config::Registrants,
    oidc::{AuthMethod, Metadata, Profile},
};
use serde_json::{Value, json};

use crate::{
    call_centre::{ASK, Centre, GRANT, MESSAGE, is_pinged, polls, signs, start},
    phone::Phone,
    server::{NOW, Server, answer},
    signer::{Signer, hmac},
    site::Site,
    television::{error_of, text},
};

#[tokio::test]
async fn what_is_wrong_with_a_backchannel_request_is_said_and_nobody_is_asked() {
    let (server, centre, phone) = start().await;
    let long = "x".repeat(65);
    let bad = [
        (vec![("scope", "")], "invalid_scope"),
        (vec![("scope", "profile")], "invalid_scope"),
        (vec![("login_hint", "")], "invalid_request"),
        (vec![("id_token_hint", "x.y.z")], "invalid_request"),
        (vec![("login_hint", ""), ("id_token_hint", "x.y.z")], "invalid_request"),
        (vec![("login_hint", ""), ("login_hint_token", "x.y.z")], "invalid_request"),
        (vec![("login_hint", "nobody")], "unknown_user_id"),
        (vec![("login_hint", "a b")], "unknown_user_id"),
        (vec![("binding_message", "")], "invalid_binding_message"),
        (vec![("binding_message", &long)], "invalid_binding_message"),
        (vec![("binding_message", "pay\u{202e}7114 lla")], "invalid_binding_message"),
        (vec![("binding_message", "two\nlines")], "invalid_binding_message"),
        (vec![("user_code", "1234")], "invalid_request"),
        (vec![("requested_expiry", "0")], "invalid_request"),
        (vec![("requested_expiry", "-5")], "invalid_request"),
        (vec![("requested_expiry", "soon")], "invalid_request"),
        (vec![("resource", "https://elsewhere.example")], "invalid_target"),
        (vec![("authorization_details", "[]")], "invalid_authorization_details"),
        (vec![("scope", "openid"), ("scope", "openid")], "invalid_request"),
        (vec![("request", "x.y.z")], "invalid_request"),
    ];
    for (params, code) in bad {
        let refused = centre.ask_with(&server, &params).await;
        assert_eq!(error_of(&refused), (400, code), "{params:?}");
    }
    assert!(phone.pending(&server).await.is_empty());
    let (status, begun) = centre.ask_with(&server, &[("colour", "blue"), ("prompt", "none")]).await;
    assert_eq!(status, 200, "what nobody knows is ignored: {begun}");
}

#[tokio::test]
async fn nobody_who_is_switched_off_and_nobody_without_a_device_have_one_answer() {
    let (server, centre, _) = start().await;
    server.add("paper").await;
    let off = server.add("off").await;
    Phone::of(&server, &off).await;
    let disabled = idp_core::users::UserState::Disabled;
    idp_server::accounts::switch(server.app.engine(), off, disabled).await.unwrap();
    let unknown = centre.ask_with(&server, &[("login_hint", "nobody")]).await;
    assert_eq!(error_of(&unknown), (400, "unknown_user_id"));
    for login in ["paper", "off"] {
        assert_eq!(centre.ask_with(&server, &[("login_hint", login)]).await, unknown, "{login}");
    }
}

#[tokio::test]
async fn an_application_shows_who_it_is_before_anybody_is_asked() {
    let (server, centre, phone) = start().await;
    let honest = [("scope", "openid"), ("login_hint", "alice"), ("binding_message", MESSAGE)];
    let with = |proof: &[(&'static str, &'static str)]| [proof, honest.as_slice()].concat();
    for (proof, code) in [
        (vec![("client_id", "centre")], "invalid_client"),
        (vec![("client_id", "centre"), ("client_secret", "guessed")], "invalid_client"),
        (vec![("client_id", "shop")], "unauthorized_client"),
    ] {
        let refused = answer(server.post(ASK, &with(&proof)).await).await;
        assert_eq!(text(&refused.1, "error"), code, "{proof:?}");
    }
    let office = [("client_id", "office"), ("client_secret", server.secrets["office"].as_str())];
    let refused = answer(server.post(ASK, &[office.as_slice(), &honest].concat()).await).await;
    assert_eq!(error_of(&refused), (400, "unauthorized_client"), "an administrator gives the grant type");
    assert!(phone.pending(&server).await.is_empty());
    assert_eq!(centre.send(&server, &honest).await.0, 200);
}

#[tokio::test]
async fn a_person_is_named_by_an_id_token_or_by_what_the_client_signs() {
    let server = Server::start().await;
    let signer = Signer::new("one");
    let centre = Centre::on(&server, "centre", |new| {
        signs(new, &signer);
        new.metadata.backchannel.request_signing_alg = None;
    })
    .await;
    let phone = Phone::of(&server, &server.user).await;
    let decide = async || {
        let asked = phone.asked(&server).await;
        phone.decide(&server, &asked, idp_protocol::message::Verdict::Approve).await.unwrap();
    };
    let begun = centre.ask(&server).await;
    decide().await;
    let (_, tokens) = centre.poll(&server, &begun).await;
    server.clock.advance(3_600);
    let id_token = text(&tokens, "id_token");
    let (status, begun) = centre.ask_with(&server, &[("login_hint", ""), ("id_token_hint", id_token)]).await;
    assert_eq!(status, 200, "it may have expired: {begun}");
    decide().await;
    let other = Centre::on(&server, "other", polls).await;
    let refused = other.ask_with(&server, &[("login_hint", ""), ("id_token_hint", id_token)]).await;
    assert_eq!(error_of(&refused), (400, "invalid_request"), "it is of another client");

    let now = server.clock_now().0;
    let sub = server.user.id.to_string();
    let token = |with: Value| {
        let mut claims = json!({
            "iss": "centre", "aud": server.url, "exp": now + 60,
            "sub_id": {"format": "iss_sub", "iss": server.url, "sub": sub},
        });
        claims.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
        signer.sign_as(&json!({"alg": "ES256", "kid": "one", "typ": "login-hint+jwt"}), &claims)
    };
    let hinted = async |token: &str| {
        centre.ask_with(&server, &[("login_hint", ""), ("login_hint_token", token)]).await
    };
    for (with, code) in [
        (json!({"exp": now - 60}), "expired_login_hint_token"),
        (json!({"iss": "other"}), "invalid_request"),
        (json!({"aud": "https://elsewhere.example"}), "invalid_request"),
        (json!({"sub_id": {"format": "email", "email": "alice@example.org"}}), "invalid_request"),
        (json!({"sub_id": {"format": "opaque", "id": "nobody"}}), "unknown_user_id"),
        (
            json!({"sub_id": {"format": "iss_sub", "iss": "https://elsewhere.example", "sub": sub}}),
            "unknown_user_id",
        ),
    ] {
        assert_eq!(error_of(&hinted(&token(with.clone())).await), (400, code), "{with}");
    }
    let untyped = signer.sign(&json!({
        "iss": "centre", "aud": server.url, "exp": now + 60, "sub_id": {"format": "opaque", "id": "alice"},
    }));
    assert_eq!(error_of(&hinted(&untyped).await), (400, "invalid_request"), "any token of the client's");
    assert_eq!(hinted(&token(json!({}))).await.0, 200);
    decide().await;
    server.clock.advance(300);
    let opaque = json!({"exp": now + 400, "sub_id": {"format": "opaque", "id": "Alice"}});
    assert_eq!(hinted(&token(opaque)).await.0, 200);
}

/// A server with a client that signs its requests, and alice's phone.
async fn signing() -> (Server, Centre, Phone, Signer) {
    let server = Server::start().await;
    let signer = Signer::new("one");
    let centre = Centre::on(&server, "centre", |new| signs(new, &signer)).await;
    let phone = Phone::of(&server, &server.user).await;
    (server, centre, phone, signer)
}

fn claims(server: &Server, with: Value) -> Value {
    let mut claims = json!({
        "iss": "centre", "aud": server.url, "exp": NOW.0 + 300, "iat": NOW.0, "nbf": NOW.0, "jti": "first",
        "scope": "openid", "login_hint": "alice", "binding_message": MESSAGE, "requested_expiry": 60,
    });
    claims.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

#[tokio::test]
async fn a_signed_backchannel_request_counts_once_and_nothing_beside_it() {
    let (server, centre, phone, signer) = signing().await;
    let unsigned = centre.ask_with(&server, &[]).await;
    assert_eq!(error_of(&unsigned), (400, "invalid_request"), "it is registered to sign");
    let object = signer.sign(&claims(&server, json!({})));
    let beside = centre.send(&server, &[("request", &object), ("login_hint", "bob")]).await;
    assert_eq!(error_of(&beside), (400, "invalid_request"));
    let (status, begun) = centre.send(&server, &[("request", &object)]).await;
    assert_eq!((status, &begun["expires_in"]), (200, &json!(60)), "{begun}");
    let asked = phone.asked(&server).await;
    phone.decide(&server, &asked, idp_protocol::message::Verdict::Deny).await.unwrap();
    let replayed = centre.send(&server, &[("request", &object)]).await;
    assert_eq!(error_of(&replayed), (400, "invalid_request"), "the copy of somebody who saw it");
    assert!(text(&replayed.1, "error_description").contains("used before"), "{replayed:?}");
    let again = signer.sign(&claims(&server, json!({"jti": "second"})));
    assert_eq!(centre.send(&server, &[("request", &again)]).await.0, 200);
}

#[tokio::test]
async fn a_signed_backchannel_request_must_say_for_whom_and_for_how_long() {
    let (server, centre, phone, signer) = signing().await;
    let bad = [
        json!({"aud": null}),
        json!({"aud": "https://elsewhere.example"}),
        json!({"iss": null}),
        json!({"iss": "other"}),
        json!({"exp": null}),
        json!({"exp": NOW.0 - 60}),
        json!({"exp": NOW.0 + 3_601}),
        json!({"iat": null}),
        json!({"iat": NOW.0 + 61}),
        json!({"nbf": null}),
        json!({"nbf": NOW.0 + 61}),
        json!({"jti": null}),
        json!({"sub": "centre"}),
        json!({"request": "x.y.z"}),
    ];
    for with in bad {
        let object = signer.sign(&claims(&server, with.clone()));
        let refused = centre.send(&server, &[("request", &object)]).await;
        assert_eq!(error_of(&refused), (400, "invalid_request"), "{with}");
    }
    let honest = claims(&server, json!({}));
    let strangers = Signer::new("one").sign(&honest);
    let with_the_secret = hmac(centre.secret.as_bytes(), &honest);
    let by_nobody = {
        let part = |json: Value| idp_protocol::encoding::to_base64url(json.to_string().as_bytes());
        format!("{}.{}.", part(json!({"alg": "none"})), part(honest))
    };
    for object in [strangers, with_the_secret, by_nobody] {
        assert_eq!(error_of(&centre.send(&server, &[("request", &object)]).await), (400, "invalid_request"));
    }
    assert!(phone.pending(&server).await.is_empty());
}

#[tokio::test]
async fn a_client_that_is_pinged_sends_a_token_that_nobody_guesses() {
    let (server, _, phone) = start().await;
    let site = Site::open("").await;
    let centre = Centre::on(&server, "pinged", |new| is_pinged(new, &site)).await;
    let long = "x".repeat(1025);
    for token in ["", "short", "with blanks in the middle of it", "ümläüte-in-a-long-enough-token", &long]
    {
        let refused = centre.ask_with(&server, &[("client_notification_token", token)]).await;
        assert_eq!(error_of(&refused), (400, "invalid_request"), "{token:?}");
    }
    assert!(phone.pending(&server).await.is_empty());
    let fine = "x".repeat(1024);
    assert_eq!(centre.ask_with(&server, &[("client_notification_token", &fine)]).await.0, 200);
}

#[tokio::test]
async fn the_rules_of_the_provider_may_exclude_an_application_that_asks() {
    let server = Server::start_with(|config| {
        let rules = json!([
            {"name": "no calls", "clients": ["centre"], "then": "deny"},
            {"name": "rest", "then": "allow"},
        ]);
        config.engine.rules = serde_json::from_value(rules).unwrap();
    })
    .await;
    let centre = Centre::on(&server, "centre", polls).await;
    Phone::of(&server, &server.user).await;
    assert_eq!(error_of(&centre.ask_with(&server, &[]).await), (403, "access_denied"));
}

#[tokio::test]
async fn discovery_says_how_people_are_asked() {
    let server = Server::start().await;
    let (_, document) = answer(server.get("/.well-known/openid-configuration").await).await;
    assert_eq!(document["backchannel_authentication_endpoint"], format!("{}{ASK}", server.url));
    assert_eq!(document["backchannel_token_delivery_modes_supported"], json!(["poll", "ping"]));
    assert_eq!(document["backchannel_user_code_parameter_supported"], false);
    let algorithms = &document["backchannel_authentication_request_signing_alg_values_supported"];
    assert_eq!(algorithms, &json!(["RS256", "PS256", "ES256", "EdDSA"]), "asymmetric ones only");
    assert!(document["grant_types_supported"].as_array().unwrap().contains(&json!(GRANT)));
}

#[tokio::test]
async fn a_registration_for_backchannel_authentication_is_whole_or_refused() {
    let server = Server::start_with(|config| {
        config.oidc.registration.who = Registrants::Anybody;
        config.oidc.registration.backchannel_authentication = true;
    })
    .await;
    let register = async |server: &Server, with: Value| {
        let mut registration = json!({
            "grant_types": [GRANT], "response_types": [], "backchannel_token_delivery_mode": "poll",
        });
        registration.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
        answer(
            server
                .http
                .post(format!("{}/oauth2/register", server.url))
                .json(&registration)
                .send()
                .await
                .unwrap(),
        )
        .await
    };
    for (with, member) in [
        (json!({"backchannel_token_delivery_mode": null}), "backchannel_token_delivery_mode"),
        (json!({"backchannel_token_delivery_mode": "push"}), "backchannel_token_delivery_mode"),
        (json!({"backchannel_token_delivery_mode": "ping"}), "backchannel_client_notification_endpoint"),
        (json!({"backchannel_user_code_parameter": true}), "backchannel_user_code_parameter"),
        (
            json!({"backchannel_authentication_request_signing_alg": "HS256"}),
            "backchannel_authentication_request_signing_alg",
        ),
        (
            json!({"backchannel_client_notification_endpoint": "ftp://x"}),
            "backchannel_client_notification_endpoint",
        ),
        (json!({"token_endpoint_auth_method": "none"}), "grant_types"),
    ] {
        let (status, refused) = register(&server, with.clone()).await;
        assert_eq!((status, text(&refused, "error")), (400, "invalid_client_metadata"), "{with}");
        assert!(text(&refused, "error_description").contains(member), "{refused}");
    }
    let ping = json!({
        "backchannel_token_delivery_mode": "ping",
        "backchannel_client_notification_endpoint": "https://centre.example/cb",
    });
    let (status, registered) = register(&server, ping.clone()).await;
    assert_eq!(status, 201, "{registered}");
    for (name, value) in ping.as_object().unwrap() {
        assert_eq!(&registered[name], value);
    }
    let closed = Server::start_with(|config| config.oidc.registration.who = Registrants::Anybody).await;
    let (status, refused) = register(&closed, json!({})).await;
    assert_eq!(
        (status, text(&refused, "error")),
        (400, "invalid_client_metadata"),
        "an administrator decides"
    );
}

#[tokio::test]
async fn a_client_of_the_profile_for_banks_signs_what_it_asks() {
    let server = Server::start().await;
    let signer = Signer::new("one");
    let bank = |alg: Option<&str>| {
        let mut metadata = Metadata {
            token_endpoint_auth_method: Some(AuthMethod::PrivateKeyJwt),
            jwks: serde_json::from_value(signer.jwks()).unwrap(),
            id_token_signed_response_alg: idp_server::oidc::Signature::Ps256,
            authorization_signed_response_alg: idp_server::oidc::Signature::Ps256,
            ..Metadata::default()
        };
        metadata.grant_types = vec![idp_server::oidc::GrantType::Ciba];
        metadata.backchannel.mode = Some(idp_server::oidc::DeliveryMode::Poll);
        metadata.backchannel.request_signing_alg = alg.map(str::to_owned);
        let terms = idp_server::oidc::Terms { profile: Profile::Fapi2, ..Default::default() };
        idp_server::oidc::NewClient { id: "bank2".to_owned(), metadata, terms }
    };
    for alg in [None, Some("RS256")] {
        let refused = server.app.clients().register(server.app.engine(), bank(alg)).await.unwrap_err();
        let member = "backchannel_authentication_request_signing_alg";
        assert!(refused.to_string().contains(member), "{alg:?}: {refused}");
    }
    server.app.clients().register(server.app.engine(), bank(Some("ES256"))).await.unwrap();
}
