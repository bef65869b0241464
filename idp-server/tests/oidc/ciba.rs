//! Does an application get what somebody approved on his phone? (CIBA Core 1.0, poll)

use idp_core::{
    device::{DeviceState, DeviceWrite},
    policy::Acr,
    store::{Batch, Committed},
    users::UserState,
};
use idp_protocol::{
    context::{Confirm, Purpose},
    encoding::to_base64url,
    message::Verdict,
};
use idp_server::accounts;
use reqwest::header;
use serde_json::json;

use crate::{
    call_centre::{Centre, GRANT, MESSAGE, polls, start},
    phone::Phone,
    requests::claims_of,
    server::{Server, answer, form},
    signer::Signer,
    television::text,
};

#[tokio::test]
async fn a_caller_is_signed_in_who_approves_on_the_phone() {
    let (server, centre, phone) = start().await;
    let begun = centre.ask(&server).await;
    assert_eq!((&begun["expires_in"], &begun["interval"]), (&json!(120), &json!(5)));
    assert_eq!(centre.error(&server, &begun).await, "authorization_pending");
    let asked = phone.asked(&server).await;
    let scopes = ["openid", "profile", "offline_access"].map(str::to_owned).to_vec();
    let binding_message = MESSAGE.to_owned();
    assert_eq!(
        asked.context.purpose,
        Purpose::Backchannel { client: "The centre".to_owned(), scopes, binding_message }
    );
    assert_eq!((asked.context.confirm, asked.context.risks.len()), (Confirm::Tap, 0));
    assert_eq!(asked.context.account_name, "alice");
    let decided = phone.decide(&server, &asked, Verdict::Approve).await.unwrap();
    assert_eq!(decided.prompt, None, "nothing goes back that a person could type");
    assert!(phone.pending(&server).await.is_empty(), "nothing is left to decide");
    let (status, tokens) = centre.poll(&server, &begun).await;
    assert_eq!(status, 200, "{tokens}");
    let claims = claims_of(text(&tokens, "id_token"));
    assert_eq!(claims["amr"], json!(["swk", "pin", "mca", "mfa"]));
    assert_eq!((&claims["acr"], &claims["aud"]), (&json!(Acr::MultiFactor.name()), &json!(["centre"])));
    assert_eq!(claims["sub"], server.user.id.to_string());
    for absent in ["nonce", "urn:openid:params:jwt:claim:auth_req_id"] {
        assert!(claims.get(absent).is_none(), "{absent} is for other ways");
    }
    assert_eq!(server.userinfo(text(&tokens, "access_token")).await.status(), 200);

    let (cookie, _) = server.sign_in().await;
    let account = server.visit("/account", &cookie, None).await.text().await.unwrap();
    for fact in ["You let an application sign you in, without a browser", "The centre", MESSAGE] {
        assert!(account.contains(fact), "{fact} is missing: {account}");
    }
    let applications = server.visit("/account/applications", &cookie, None).await.text().await.unwrap();
    assert!(applications.contains("The centre"), "lasting access can be taken back: {applications}");
}

#[tokio::test]
async fn a_request_serves_once_and_its_tokens_hold() {
    let (server, centre, phone) = start().await;
    let begun = centre.ask(&server).await;
    phone.decide(&server, &phone.asked(&server).await, Verdict::Approve).await.unwrap();
    let (_, tokens) = centre.poll(&server, &begun).await;
    assert_eq!(centre.error(&server, &begun).await, "invalid_grant");
    assert_eq!(server.userinfo(text(&tokens, "access_token")).await.status(), 200, "its own client asked");
    let (status, again) = centre.refresh(&server, &tokens).await;
    assert_eq!(status, 200, "{again}");
    assert_eq!(claims_of(text(&again, "id_token"))["sub"], server.user.id.to_string());
}

#[tokio::test]
async fn every_active_device_is_asked_and_one_decides() {
    let (server, centre, phone) = start().await;
    let second = Phone::of(&server, &server.user).await;
    let begun = centre.ask(&server).await;
    let (first_asked, second_asked) = (phone.asked(&server).await, second.asked(&server).await);
    assert_eq!(second.asked(&server).await.context, second_asked.context, "it may look again");
    second.decide(&server, &second_asked, Verdict::Approve).await.unwrap();
    let late = phone.decide(&server, &first_asked, Verdict::Deny).await;
    assert!(late.is_err(), "it was decided");
    assert_eq!(centre.poll(&server, &begun).await.0, 200);
}

#[tokio::test]
async fn a_person_in_front_of_the_application_scans_what_it_shows() {
    let (server, centre, phone) = start().await;
    let second = Phone::of(&server, &server.user).await;
    let begun = centre.ask(&server).await;
    let asked = phone.scan(&server, text(&begun, "scan_uri")).await.unwrap();
    assert!(matches!(asked.context.purpose, Purpose::Backchannel { .. }), "{:?}", asked.context);
    assert!(second.pending(&server).await.is_empty(), "the other one is left in peace");
    phone.decide(&server, &asked, Verdict::Approve).await.unwrap();
    assert_eq!(centre.poll(&server, &begun).await.0, 200);
    // A camera of the telephone's own opens a page that does nothing.
    let path = text(&begun, "scan_uri").to_ascii_lowercase();
    let page = server.get(path.split('#').next().unwrap().strip_prefix(&server.url).unwrap()).await;
    assert_eq!(page.status(), 200);
}

#[tokio::test]
async fn an_application_that_asks_too_soon_has_to_wait_longer_each_time() {
    let (server, centre, _) = start().await;
    let begun = centre.ask(&server).await;
    let said = async |after: i64| {
        server.clock.advance(after);
        let (_, refused) = centre.poll_now(&server, &begun).await;
        text(&refused, "error").to_owned()
    };
    assert_eq!(said(0).await, "authorization_pending");
    assert_eq!(said(5).await, "authorization_pending");
    assert_eq!(said(2).await, "slow_down");
    assert_eq!(said(5).await, "slow_down", "ten seconds from the moment on when it was too soon");
    assert_eq!(said(15).await, "authorization_pending");
}

#[tokio::test]
async fn no_is_no_and_too_late_is_too_late_for_applications() {
    let (server, centre, phone) = start().await;
    let begun = centre.ask(&server).await;
    let asked = phone.asked(&server).await;
    phone.decide(&server, &asked, Verdict::Deny).await.unwrap();
    let late = phone.decide(&server, &asked, Verdict::Approve).await;
    assert_eq!(late.err().as_deref(), Some("burned"), "an approval after a no");
    assert_eq!(centre.error(&server, &begun).await, "access_denied");

    let (status, begun) = centre.ask_with(&server, &[("requested_expiry", "30")]).await;
    assert_eq!((status, &begun["expires_in"]), (200, &json!(30)), "{begun}");
    let asked = phone.asked(&server).await;
    server.clock.advance(30);
    let late = phone.decide(&server, &asked, Verdict::Approve).await;
    assert_eq!(late.err().as_deref(), Some("expired"));
    assert!(phone.pending(&server).await.is_empty(), "nobody is asked about what is over");
    assert_eq!(centre.error(&server, &begun).await, "expired_token");

    let (_, begun) = centre.ask_with(&server, &[("requested_expiry", "86400")]).await;
    assert_eq!(begun["expires_in"], 600, "no longer than NIST allows");
}

#[tokio::test]
async fn what_was_approved_comes_to_nothing_if_person_or_device_is_stopped_before_it_is_fetched() {
    let (server, centre, phone) = start().await;
    let begun = centre.ask(&server).await;
    phone.decide(&server, &phone.asked(&server).await, Verdict::Approve).await.unwrap();
    let store = server.app.engine().store();
    let row = store
        .device(phone.id)
        .await
        .unwrap()
        .unwrap()
        .moved(DeviceState::Revoked, server.app.engine().now())
        .unwrap();
    let revoked = store.commit(Batch::new().with(DeviceWrite::Update(row))).await.unwrap();
    assert_eq!(revoked, Committed::Yes);
    assert_eq!(centre.error(&server, &begun).await, "access_denied");

    let phone = Phone::of(&server, &server.user).await;
    let begun = centre.ask(&server).await;
    phone.decide(&server, &phone.asked(&server).await, Verdict::Approve).await.unwrap();
    let user = server.user.clone();
    accounts::switch(server.app.engine(), user, UserState::Disabled).await.unwrap();
    assert_eq!(centre.error(&server, &begun).await, "access_denied");
}

#[tokio::test]
async fn tokens_of_a_backchannel_request_are_bound_to_the_key_of_their_client() {
    let (server, _, phone) = start().await;
    let bound = Centre::on(&server, "bound", |new| {
        polls(new);
        new.metadata.dpop_bound_access_tokens = true;
    })
    .await;
    let begun = bound.ask(&server).await;
    phone.decide(&server, &phone.asked(&server).await, Verdict::Approve).await.unwrap();
    assert_eq!(bound.poll(&server, &begun).await.1["error"], "invalid_dpop_proof", "as it is registered");
    server.clock.advance(5);
    let (status, tokens) = prove(&server, &bound, text(&begun, "auth_req_id")).await;
    assert_eq!((status, tokens["token_type"].as_str()), (200, Some("DPoP")), "{tokens}");
    let unproved = server.userinfo(text(&tokens, "access_token")).await;
    assert_eq!(unproved.status(), 401, "a thief has the token and not the key");
}

/// Asks for tokens with a proof of possession.
async fn prove(server: &Server, centre: &Centre, id: &str) -> (u16, serde_json::Value) {
    let signer = Signer::new("own");
    let url = format!("{}/oauth2/token", server.url);
    let params = [
        ("grant_type", GRANT),
        ("auth_req_id", id),
        ("client_id", centre.id),
        ("client_secret", &centre.secret),
    ];
    let mut nonce: Option<String> = None;
    loop {
        let jti = to_base64url(&symbolon_aws_lc::crypto().random::<12>());
        let mut claims = json!({"jti": jti, "htm": "POST", "htu": url, "iat": server.clock_now().0});
        if let Some(nonce) = &nonce {
            claims["nonce"] = json!(nonce);
        }
        let sent = server.http.post(&url).header("DPoP", signer.prove(&claims));
        let sent = sent.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form(&params));
        let response = sent.send().await.unwrap();
        let next = response.headers().get("dpop-nonce").map(|value| value.to_str().unwrap().to_owned());
        let (status, body) = answer(response).await;
        if body["error"] != "use_dpop_nonce" || nonce.is_some() {
            return (status, body);
        }
        nonce = next;
    }
}
