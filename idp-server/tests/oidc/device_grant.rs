//! Does a device without a keyboard get what somebody approved? (RFC 8628)

use idp_core::{
    Id,
    policy::Acr,
    session::SessionRow,
    signin::{SignInRow, SignInWrite},
    store::{Batch, Committed, Sessions as _},
};
use idp_protocol::{
    context::{Confirm, Purpose},
    encoding::from_base64url,
    message::{Reference, Verdict},
    prompt::normalise_user_code,
};
use idp_server::oidc::{Consent, GrantType};
use reqwest::header;
use serde_json::json;

use crate::{
    requests::{claims_of, request},
    server::{NOW, answer, form, redirected},
    signer::Signer,
    television::{
        GRANT, approved, begin, begin_with, decide, error, error_of, phone, picture, poll, poll_as, question,
        start, text, tv,
    },
};

#[tokio::test]
async fn a_device_is_let_in_with_a_phone_and_seen_in_the_account() {
    let server = start().await;
    let phone = phone(&server).await;
    let begun = begin(&server).await;
    assert_eq!(begun["expires_in"], 600);
    assert_eq!(begun["interval"], 5);
    assert_eq!(text(&begun, "verification_uri"), format!("{}/device", server.url));
    assert_eq!(error(&server, &begun).await, "authorization_pending");
    let asked = phone.scan(&server, picture(&begun)).await.unwrap();
    let scopes = ["openid", "profile", "email", "offline_access"].map(str::to_owned).to_vec();
    let user_code = text(&begun, "user_code").to_owned();
    assert_eq!(
        asked.context.purpose,
        Purpose::DeviceGrant { client: "The tv".to_owned(), scopes, user_code }
    );
    assert_eq!(asked.context.confirm, Confirm::Tap);
    assert_eq!(error(&server, &begun).await, "authorization_pending");
    let decided = phone.decide(&server, &asked, Verdict::Approve).await.unwrap();
    assert_eq!(decided.prompt, None, "nothing goes back that a person could type");
    let (status, tokens) = poll(&server, &begun).await;
    assert_eq!(status, 200, "{tokens}");
    let claims = claims_of(text(&tokens, "id_token"));
    assert_eq!(claims["amr"], json!(["swk", "pin", "mca", "mfa"]));
    assert_eq!(claims["acr"], Acr::MultiFactor.name());
    assert_eq!(claims["sub"], server.user.id.to_string());
    assert!(claims["nonce"].is_null());
    let access = text(&tokens, "access_token");
    assert_eq!(server.userinfo(access).await.status(), 200);

    let (cookie, _) = server.sign_in().await;
    let account = server.visit("/account", &cookie, None).await.text().await.unwrap();
    assert!(account.contains("The tv"), "{account}");
    assert!(account.contains("A device without a keyboard may use an application as you"), "{account}");
    let sid = text(&claims, "sid");
    server.visit(&format!("/account/sessions/{sid}/end"), &cookie, Some(&[])).await;
    let account = server.visit("/account/applications", &cookie, None).await.text().await.unwrap();
    assert!(account.contains("The tv"), "lasting access stays until it is taken back: {account}");
    server.visit("/account/applications/end", &cookie, Some(&[("client", "tv")])).await;
    assert_eq!(server.userinfo(access).await.status(), 401);
    let refresh = text(&tokens, "refresh_token");
    let again = [("grant_type", "refresh_token"), ("client_id", "tv"), ("refresh_token", refresh)];
    assert_eq!(error_of(&answer(server.token(&again).await).await), (400, "invalid_grant"));
}

#[tokio::test]
async fn without_offline_access_the_grant_ends_with_the_session_that_no_browser_holds() {
    let server = start().await;
    let phone = phone(&server).await;
    let (_, begun) = begin_with(&server, &[("client_id", "tv"), ("scope", "openid")]).await;
    phone.approve(&server, picture(&begun)).await;
    let (_, tokens) = poll(&server, &begun).await;
    let (access, refresh) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
    let (cookie, _) = server.sign_in().await;
    let sessions = server.app.db().sessions(server.user.id, NOW).await.unwrap();
    let of_device = |row: &&SessionRow| row.facts.only_client.as_deref() == Some("tv");
    let end = format!("/account/sessions/{}/end", sessions.iter().find(of_device).unwrap().id);
    let (other, _) = {
        server.add("bob").await;
        server.sign_in_as("bob").await
    };
    server.visit(&end, &other, Some(&[])).await;
    assert_eq!(server.userinfo(access).await.status(), 200, "only its owner ends it");
    server.visit(&end, &cookie, Some(&[])).await;
    assert_eq!(server.userinfo(access).await.status(), 401);
    let again = [("grant_type", "refresh_token"), ("client_id", "tv"), ("refresh_token", refresh)];
    assert_eq!(error_of(&answer(server.token(&again).await).await), (400, "invalid_grant"));
}

#[tokio::test]
async fn a_person_without_a_camera_types_the_code_into_the_authenticator() {
    let server = start().await;
    let phone = phone(&server).await;
    let begun = begin(&server).await;
    let code = normalise_user_code(&text(&begun, "user_code").to_lowercase()).unwrap();
    let asked = phone.claim(&server, Reference::Code { code: code.clone() }).await.unwrap();
    assert!(matches!(asked.context.purpose, Purpose::DeviceGrant { .. }), "{:?}", asked.context);
    phone.decide(&server, &asked, Verdict::Approve).await.unwrap();
    assert_eq!(poll(&server, &begun).await.0, 200);
    let used = phone.claim(&server, Reference::Code { code }).await;
    assert_eq!(used.err().as_deref(), Some("not_found"), "used, it has the answer of an unknown one");
}

#[tokio::test]
async fn a_device_that_asks_too_soon_has_to_wait_longer_each_time() {
    let server = start().await;
    let begun = begin(&server).await;
    let code = text(&begun, "device_code");
    let said = async |after: i64| {
        server.clock.advance(after);
        let (_, refused) = poll_as(&server, "tv", code).await;
        text(&refused, "error").to_owned()
    };
    assert_eq!(said(0).await, "authorization_pending");
    assert_eq!(said(5).await, "authorization_pending");
    assert_eq!(said(2).await, "slow_down");
    assert_eq!(said(5).await, "slow_down", "ten seconds from the moment on when it was too soon");
    assert_eq!(said(10).await, "slow_down", "fifteen by now");
    assert_eq!(said(20).await, "authorization_pending");
    assert_eq!(said(19).await, "authorization_pending", "a second less is the network's");
    assert_eq!(said(15).await, "slow_down", "it stays so");
}

#[tokio::test]
async fn no_is_no_and_too_late_is_too_late() {
    let server = start().await;
    let phone = phone(&server).await;
    for verdict in [Verdict::Deny, Verdict::Report] {
        let begun = begin(&server).await;
        let asked = phone.scan(&server, picture(&begun)).await.unwrap();
        phone.decide(&server, &asked, verdict).await.unwrap();
        let late = phone.decide(&server, &asked, Verdict::Approve).await;
        assert_eq!(late.err().as_deref(), Some("burned"), "an approval after a no");
        assert_eq!(error(&server, &begun).await, "access_denied");
    }
    let (cookie, _) = server.sign_in().await;
    let begun = begin(&server).await;
    let question_of_it = question(&server, &cookie, &begun).await;
    for _ in 0..2 {
        let (status, page) = decide(&server, &cookie, &question_of_it, "deny").await;
        assert!(status == 200 && page.contains("The device was refused"), "{page}");
    }
    let (status, _) = decide(&server, &cookie, &question_of_it, "allow").await;
    assert_eq!(status, 404, "an approval after a no");
    assert_eq!(error(&server, &begun).await, "access_denied");
    let late = phone.scan(&server, picture(&begun)).await;
    assert_eq!(late.err().as_deref(), Some("burned"));

    let begun = begin(&server).await;
    let question_of_it = question(&server, &cookie, &begun).await;
    server.clock.advance(596);
    let asked = phone.scan(&server, picture(&begun)).await.unwrap();
    assert_eq!(
        asked.context.expires_at - server.clock_now().0,
        4,
        "a claim in the last moment prolongs nothing"
    );
    server.clock.advance(5);
    let late = phone.decide(&server, &asked, Verdict::Approve).await;
    assert_eq!(late.err().as_deref(), Some("expired"), "an approval after the end");
    assert_eq!(decide(&server, &cookie, &question_of_it, "allow").await.0, 410);
    assert_eq!(error(&server, &begun).await, "expired_token");
}

#[tokio::test]
async fn a_client_that_is_not_registered_for_devices_begins_nothing() {
    let server = start().await;
    let refused = begin_with(&server, &[("client_id", "shop"), ("scope", "openid")]).await;
    assert_eq!(error_of(&refused), (400, "unauthorized_client"));
    let begun = begin(&server).await;
    let refused = poll_as(&server, "shop", text(&begun, "device_code")).await;
    assert_eq!(error_of(&refused), (400, "unauthorized_client"));
    let secret = server
        .register("box", |client| {
            tv(client);
            client.metadata.token_endpoint_auth_method = None;
        })
        .await;
    let refused = begin_with(&server, &[("client_id", "box"), ("scope", "openid")]).await;
    assert_eq!(refused.1["error"], "invalid_client", "whoever has a secret shows it here, too");
    let (status, begun) = begin_with(
        &server,
        &[("client_id", "box"), ("client_secret", &secret), ("scope", "openid"), ("colour", "blue")],
    )
    .await;
    assert_eq!(status, 200, "{begun}");
    let bad = [
        (vec![("scope", "profile")], "invalid_scope"),
        (vec![("scope", "openid"), ("resource", "https://elsewhere.example")], "invalid_target"),
        (vec![("scope", "openid"), ("authorization_details", "[]")], "invalid_authorization_details"),
        (vec![("scope", "openid"), ("scope", "openid")], "invalid_request"),
        (vec![("scope", "openid"), ("max_age", "soon")], "invalid_request"),
    ];
    for (params, code) in bad {
        let params: Vec<_> = [("client_id", "tv")].into_iter().chain(params).collect();
        assert_eq!(error_of(&begin_with(&server, &params).await), (400, code));
    }
}

#[tokio::test]
async fn whoever_approves_has_agreed_to_this_grant_and_to_no_other() {
    let server = start().await;
    server
        .register("film", |client| {
            tv(client);
            client.terms.consent = Consent::Ask;
            client.metadata.grant_types.push(GrantType::AuthorizationCode);
            client.metadata.redirect_uris = vec![crate::server::CALLBACK.parse().unwrap()];
        })
        .await;
    let phone = phone(&server).await;
    let (_, begun) = begin_with(&server, &[("client_id", "film"), ("scope", "openid email")]).await;
    phone.approve(&server, picture(&begun)).await;
    server.clock.advance(5);
    let (status, tokens) = poll_as(&server, "film", text(&begun, "device_code")).await;
    assert_eq!(status, 200, "{tokens}");
    assert_eq!(tokens["scope"], "openid email");
    let (cookie, _) = server.sign_in().await;
    let asked = redirected(&server.authorize(&request("film"), Some(&cookie)).await);
    assert_eq!(asked.to, "/oauth2/consent", "in a browser he is asked all the same");
}

#[tokio::test]
async fn tokens_of_a_device_are_bound_to_its_key() {
    let server = start().await;
    let begun = approved(&server).await;
    let (mine, his) = (Signer::new("ES256"), Signer::new("ES256"));
    let send = async |signer: &Signer, params: &[(&str, &str)]| {
        let mut nonce: Option<String> = None;
        loop {
            let jti = idp_protocol::encoding::to_base64url(&symbolon_aws_lc::crypto().random::<12>());
            let url = format!("{}/oauth2/token", server.url);
            let mut claims = json!({"jti": jti, "htm": "POST", "htu": url, "iat": server.clock_now().0});
            if let Some(nonce) = &nonce {
                claims["nonce"] = json!(nonce);
            }
            let sent = server.http.post(&url).header("DPoP", signer.prove(&claims));
            let sent =
                sent.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form(params));
            let response = sent.send().await.unwrap();
            let next = response.headers().get("dpop-nonce").map(|value| value.to_str().unwrap().to_owned());
            let (status, body) = answer(response).await;
            if body["error"] != "use_dpop_nonce" || nonce.is_some() {
                return (status, body);
            }
            nonce = next;
        }
    };
    server.clock.advance(5);
    let code = text(&begun, "device_code");
    let (status, tokens) =
        send(&mine, &[("grant_type", GRANT), ("client_id", "tv"), ("device_code", code)]).await;
    assert_eq!((status, tokens["token_type"].as_str()), (200, Some("DPoP")), "{tokens}");
    let refresh = text(&tokens, "refresh_token");
    let again = [("grant_type", "refresh_token"), ("client_id", "tv"), ("refresh_token", refresh)];
    assert_eq!(
        send(&his, &again).await.1["error"],
        "invalid_dpop_proof",
        "a thief has the token and not the key"
    );
    assert_eq!(send(&mine, &again).await.0, 200);
}

#[tokio::test]
async fn a_slip_of_the_client_costs_no_approval() {
    let server = start().await;
    let begun = approved(&server).await;
    server.clock.advance(5);
    let code = text(&begun, "device_code");
    let wrong = [
        ("grant_type", GRANT),
        ("client_id", "tv"),
        ("device_code", code),
        ("resource", "https://elsewhere.example"),
    ];
    assert_eq!(error_of(&answer(server.token(&wrong).await).await), (400, "invalid_target"));
    assert_eq!(poll(&server, &begun).await.0, 200);
}

/// RFC 8628, 3.5: whatever else it is told, it stops asking.
#[tokio::test]
async fn a_device_that_others_are_faster_than_is_told_to_ask_again() {
    let server = start().await;
    let begun = approved(&server).await;
    // A row that no write gets through to, as if somebody else were faster each time.
    let store = server.app.engine().store();
    let code = from_base64url(text(&begun, "device_code")).unwrap();
    let row = store.sign_in(Id::from_bytes(code[..16].try_into().unwrap())).await.unwrap().unwrap();
    let another = SignInRow { id: Id::random(server.app.engine().crypto()), ..row };
    let closes = SignInWrite::Insert { row: another, keep: 0 };
    assert_eq!(store.commit(Batch::new().with(closes)).await.unwrap(), Committed::Yes);
    assert_eq!(error(&server, &begun).await, "authorization_pending");
}
