//! What does an application get for its request: a code, a reason, or nothing but a page for the person?

use idp_core::{
    claimant::Claimant,
    engine::NewSignIn,
    policy::{Acr, Requirement},
    users::UserState,
};
use idp_server::accounts;

use crate::{
    requests::{changed, claims_of, redemption, request},
    server::{CALLBACK, PASSWORD, Server, answer, redirected},
};

#[tokio::test]
async fn a_session_gets_a_code_with_state_and_issuer() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    let response = server.authorize(&request("shop"), Some(&cookie)).await;
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.headers()["referrer-policy"], "no-referrer");
    let answer = redirected(&response);
    assert_eq!(answer.to, CALLBACK);
    assert_eq!(answer.params["state"], "a state & more");
    assert_eq!(answer.params["iss"], server.url, "RFC 9207");
    assert!(answer.params.contains_key("code"));
}

#[tokio::test]
async fn without_a_session_the_person_signs_in() {
    let server = Server::start().await;
    let answer = redirected(&server.authorize(&request("shop"), None).await);
    assert_eq!(answer.to, "/login");
    let answer = redirected(&server.authorize(&request("shop"), Some("session=AAAA")).await);
    assert_eq!(answer.to, "/login", "a made-up session");
}

#[tokio::test]
async fn a_login_hint_is_shown_and_not_believed() {
    let server = Server::start().await;
    let response = server.authorize(&changed("", &[("login_hint", "alice\"><b>")]), None).await;
    let lines = response.headers().get_all("set-cookie").iter().map(|line| line.to_str().unwrap());
    let cookies: Vec<&str> = lines.filter_map(|line| line.split(';').next()).collect();
    let answer = redirected(&response);
    let url = format!("{}/login?id={}", server.url, answer.params["id"]);
    let page =
        server.http.get(url).header("cookie", cookies.join("; ")).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("value=\"alice&#34;&#62;&#60;b&#62;\""), "{page}");
}

#[tokio::test]
async fn a_form_becomes_a_get() {
    let server = Server::start().await;
    let response = server.post("/oauth2/authorize", &request("shop")).await;
    let answer = redirected(&response);
    assert_eq!(answer.to, "/oauth2/authorize");
    assert_eq!(answer.params["state"], "a state & more");
}

#[tokio::test]
async fn a_bad_client_or_address_is_a_page_and_never_a_redirect() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    for params in [
        changed("client_id", &[]),
        changed("client_id", &[("client_id", "nobody")]),
        changed("", &[("client_id", "shop")]),
        changed("redirect_uri", &[]),
        changed("redirect_uri", &[("redirect_uri", "https://evil.example/callback")]),
        changed("redirect_uri", &[("redirect_uri", "https://shop.example/callback/")]),
        changed("redirect_uri", &[("redirect_uri", "https://shop.example/callback?x=1")]),
        changed("redirect_uri", &[("redirect_uri", "https://SHOP.example/callback")]),
        changed("", &[("redirect_uri", "https://evil.example/callback")]),
    ] {
        let response = server.authorize(&params, Some(&cookie)).await;
        assert_eq!(response.status(), 400, "{params:?}");
        assert!(!response.headers().contains_key("location"), "{params:?}");
        assert!(response.text().await.unwrap().contains("cannot be answered"), "{params:?}");
    }
}

#[tokio::test]
async fn other_slips_are_told_to_the_client() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    type Pairs = [(&'static str, &'static str)];
    let cases: &[(&str, &str, &Pairs)] = &[
        ("invalid_request", "response_type", &[]),
        ("unsupported_response_type", "response_type", &[("response_type", "token")]),
        ("unsupported_response_type", "response_type", &[("response_type", "password")]),
        ("invalid_request", "", &[("response_mode", "web_message")]),
        ("invalid_scope", "scope", &[]),
        ("invalid_scope", "scope", &[("scope", "profile")]),
        ("invalid_request", "code_challenge", &[]),
        ("invalid_request", "code_challenge_method", &[]),
        ("invalid_request", "code_challenge_method", &[("code_challenge_method", "plain")]),
        ("invalid_request", "code_challenge", &[("code_challenge", "short")]),
        ("invalid_request", "", &[("nonce", "another")]),
        ("invalid_request", "", &[("x", "1"), ("x", "2")]),
        ("invalid_request", "", &[("max_age", "-1")]),
        ("invalid_request", "", &[("prompt", "none login")]),
        ("invalid_request", "", &[("prompt", "dance")]),
        ("invalid_request", "", &[("prompt", "create")]),
        ("invalid_request", "", &[("id_token_hint", "a.b.c")]),
        ("invalid_request_object", "", &[("request", "e30.e30.")]),
        ("invalid_request_uri", "", &[("request_uri", "https://evil.example/")]),
        ("registration_not_supported", "", &[("registration", "{}")]),
    ];
    for (error, without, with) in cases {
        let params = changed(without, with);
        let answer = redirected(&server.authorize(&params, Some(&cookie)).await);
        assert_eq!(answer.to, CALLBACK, "{params:?}");
        assert_eq!(answer.params["error"], *error, "{params:?}");
        assert_eq!(answer.params["state"], "a state & more", "{params:?}");
        assert_eq!(answer.params["iss"], server.url);
        assert!(!answer.params.contains_key("code"));
    }
}

#[tokio::test]
async fn a_doubled_state_is_not_guessed() {
    let server = Server::start().await;
    let answer = redirected(&server.authorize(&changed("", &[("state", "another")]), None).await);
    assert_eq!(answer.params["error"], "invalid_request");
    assert!(!answer.params.contains_key("state"));
}

#[tokio::test]
async fn unknown_parameters_scopes_and_classes_do_not_matter() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    let with =
        [("scope", "openid what else"), ("acr_values", "urn:other urn:symbolon:acr:single"), ("foo", "1")];
    let answer = redirected(&server.authorize(&changed("scope", &with), Some(&cookie)).await);
    assert!(answer.params.contains_key("code"), "{answer:?}");
    let with = [("claims_locales", "xx"), ("max_age", ""), ("display", "popup")];
    let answer = redirected(&server.authorize(&changed("", &with), Some(&cookie)).await);
    assert!(answer.params.contains_key("code"), "{answer:?}");
}

#[tokio::test]
async fn prompt_none_never_shows_a_page() {
    let server = Server::start().await;
    let none = changed("", &[("prompt", "none")]);
    assert_eq!(redirected(&server.authorize(&none, None).await).params["error"], "login_required");
    let (cookie, _) = server.sign_in().await;
    assert!(redirected(&server.authorize(&none, Some(&cookie)).await).params.contains_key("code"));
    let two_factors = changed("", &[("prompt", "none"), ("acr_values", "urn:symbolon:acr:mfa")]);
    let answer = redirected(&server.authorize(&two_factors, Some(&cookie)).await);
    assert_eq!(answer.params["error"], "login_required", "a password is not two factors");
}

#[tokio::test]
async fn what_a_session_does_not_satisfy_is_asked_for() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    let leads = async |params: &[(&str, &str)]| redirected(&server.authorize(params, Some(&cookie)).await).to;
    assert_eq!(leads(&changed("", &[("prompt", "login")])).await, "/login");
    assert_eq!(leads(&changed("", &[("prompt", "select_account")])).await, "/login");
    assert_eq!(leads(&changed("", &[("acr_values", "urn:symbolon:acr:mfa")])).await, "/login");
    assert_eq!(leads(&request("bank")).await, "/login", "the client asks for two factors itself");
    let fresh = changed("", &[("max_age", "60")]);
    assert_eq!(leads(&fresh).await, CALLBACK);
    server.clock.advance(61);
    assert_eq!(leads(&fresh).await, "/login");
    assert_eq!(leads(&request("shop")).await, CALLBACK);
}

#[tokio::test]
async fn what_nothing_here_reaches_is_refused_before_anybody_is_asked() {
    let server = Server::start().await;
    let answer = redirected(&server.authorize(&request("vault"), None).await);
    assert_eq!(answer.to, CALLBACK);
    assert_eq!(answer.params["error"], "unmet_authentication_requirements");
    assert_eq!(answer.params["state"], "a state & more");
    let rules = serde_json::json!([{"name": "all", "then": "allow", "methods": ["password"]}]);
    let rules = serde_json::from_value(rules).unwrap();
    let server = Server::start_with(|config| config.engine.rules = rules).await;
    let answer = redirected(&server.authorize(&request("bank"), None).await);
    assert_eq!(answer.params["error"], "unmet_authentication_requirements", "a password is not two factors");
}

#[tokio::test]
async fn classes_of_acr_values_are_wishes() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    let wishing = async |wish: &str| {
        redirected(&server.authorize(&changed("", &[("acr_values", wish)]), Some(&cookie)).await)
    };
    let answer = wishing("phr urn:symbolon:acr:aal2").await;
    let (_, tokens) = server.redeem(&answer.params["code"]).await;
    let claims = claims_of(tokens["id_token"].as_str().unwrap());
    assert_eq!(claims["acr"], "urn:symbolon:acr:single", "the token says how sure it was");
    assert_eq!(
        wishing("phr urn:symbolon:acr:mfa").await.to,
        "/login",
        "the first that can be reached counts"
    );
}

#[tokio::test]
async fn a_session_that_is_over_signs_nobody_in() {
    let server = Server::start().await;
    let none = changed("", &[("prompt", "none")]);
    let (cookie, session) = server.sign_in().await;
    server.app.engine().end_session(&session).await.unwrap();
    let answer = redirected(&server.authorize(&none, Some(&cookie)).await);
    assert_eq!(answer.params["error"], "login_required");
    let (cookie, _) = server.sign_in().await;
    accounts::switch(server.app.engine(), server.user.clone(), UserState::Disabled).await.unwrap();
    let answer = redirected(&server.authorize(&none, Some(&cookie)).await);
    assert_eq!(answer.params["error"], "login_required", "the account was switched off");
}

#[tokio::test]
async fn a_hint_of_another_person_does_not_get_this_one() {
    let server = Server::start().await;
    server.add("bob").await;
    let (his, _) = server.sign_in_as("bob").await;
    let (_, of_bob) = server.redeem(&server.code_with("shop", &his).await).await;
    let (_, of_alice) = server.redeem(&server.code("shop").await).await;
    let (cookie, _) = server.sign_in().await;
    let hinted = async |hint: &serde_json::Value, more: &[(&str, &str)]| {
        let hint = [("id_token_hint", hint.as_str().unwrap())];
        let params = changed("", &[&hint, more].concat()).into_iter().collect::<Vec<_>>();
        redirected(&server.authorize(&params, Some(&cookie)).await)
    };
    let silent = [("prompt", "none")];
    let answer = hinted(&of_bob["id_token"], &silent).await;
    assert_eq!(answer.params["error"], "login_required", "he is not the one who is signed in");
    assert!(!answer.params.contains_key("code"));
    assert_eq!(hinted(&of_bob["id_token"], &[]).await.to, "/login", "he may sign in");
    assert!(hinted(&of_alice["id_token"], &silent).await.params.contains_key("code"), "she is");
    let answer = hinted(&of_alice["access_token"], &silent).await;
    assert_eq!(answer.params["error"], "invalid_request", "an access token is no hint");
    server.clock.advance(2 * server.app.config().oidc.access_token_life);
    let answer = hinted(&of_alice["id_token"], &silent).await;
    assert!(
        answer.params.contains_key("code"),
        "a token that is over still says who it was about: {answer:?}"
    );
    assert_eq!(hinted(&of_bob["id_token"], &silent).await.params["error"], "login_required");
}

#[tokio::test]
async fn a_hint_that_another_client_was_given_is_none() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    let code = server.code_with("es256", &cookie).await;
    let (_, tokens) = answer(server.token(&redemption("es256", &code)).await).await;
    let hint = [("prompt", "none"), ("id_token_hint", tokens["id_token"].as_str().unwrap())];
    let answer = redirected(&server.authorize(&changed("", &hint), Some(&cookie)).await);
    assert_eq!(answer.params["error"], "invalid_request");
}

#[tokio::test]
async fn every_page_stands_in_no_frame_and_tells_nobody_its_address() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    let asked = redirected(&server.authorize(&request("stranger"), Some(&cookie)).await);
    let consent = format!("/oauth2/consent?question={}", asked.params["question"]);
    let wrong = format!("/oauth2/authorize?{}", crate::server::form(&request("nobody")));
    let parked = redirected(&server.authorize(&request("shop"), None).await);
    let login = format!("/login?id={}", parked.params["id"]);
    let pages = [
        wrong.as_str(),
        &login,
        &consent,
        "/oauth2/end-session",
        "/oauth2/signed-out",
        "/account",
        "/device",
    ];
    for path in pages {
        let page = server.visit(path, &cookie, None).await;
        let header = |name: &str| page.headers()[name].to_str().unwrap().to_owned();
        assert!(header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(
            (header("x-frame-options").as_str(), header("cache-control").as_str()),
            ("DENY", "no-store")
        );
        assert!(matches!(header("referrer-policy").as_str(), "same-origin" | "no-referrer"), "{path}");
        let text = page.text().await.unwrap();
        let links = text.split(" src=\"").skip(1).chain(text.split("<link rel=").skip(1));
        for link in links {
            assert!(!link.split('>').next().unwrap().contains("http"), "{path} loads from elsewhere: {link}");
        }
    }
}

/// Somebody who could have the request of one sign-in resumed by another, weaker one.
#[tokio::test]
async fn a_request_that_is_resumed_gets_no_more_than_its_session_has() {
    let server = Server::start().await;
    let parked = server.authorize(&request("bank"), None).await;
    let id = redirected(&parked).params["id"].parse().unwrap();
    let lines = parked.headers().get_all("set-cookie").iter();
    let cookies: Vec<&str> = lines.map(|line| line.to_str().unwrap().split(';').next().unwrap()).collect();
    let claimant = cookies.iter().find_map(|cookie| Claimant::parse(cookie.split_once('=')?.1)).unwrap();
    let engine = server.app.engine();
    let mut ask = engine.sign_in(&claimant, id).await.unwrap().ask;
    assert_eq!(ask.requirement.acr, Some(Acr::MultiFactor));
    ask.requirement = Requirement::default();
    let weaker = NewSignIn { ask, subject: None, ledger: Vec::new() };
    let weaker = engine.open_sign_in(&claimant, weaker).await.unwrap().to_string();
    let form = [("id", weaker.as_str()), ("login", "alice"), ("password", PASSWORD)];
    let came = redirected(&server.visit("/login/password", &cookies.join("; "), Some(&form)).await);
    assert_eq!(came.to, CALLBACK, "{came:?}");
    assert_eq!(came.params["error"], "unmet_authentication_requirements", "{came:?}");
    assert!(!came.params.contains_key("code"), "{came:?}");
}
