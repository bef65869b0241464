//! Who gets fresh tokens without the person, for how long, and what happens to a thief?

use idp_protocol::encoding::{from_base64url, to_base64url};
use idp_server::oidc::{AuthMethod, Consent, GrantType};
use serde_json::Value;

use crate::{
    requests::{asking, claims_of, redemption},
    server::{Server, answer, redirected},
};

const DAY: i64 = 86_400;

/// A public client that may refresh.
async fn app(server: &Server) {
    server
        .register("app", |new| {
            new.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
            new.metadata.grant_types.push(GrantType::RefreshToken);
        })
        .await;
}

/// The tokens of a sign-in with this scope.
async fn tokens(server: &Server, client: &str, scope: &str, cookie: &str) -> Value {
    let asked = asking(client, &[("scope", scope)]);
    let code = redirected(&server.authorize(&asked, Some(cookie)).await).params["code"].clone();
    let (status, tokens) = answer(server.token(&redemption(client, &code)).await).await;
    assert_eq!(status, 200, "{tokens}");
    tokens
}

async fn refresh(server: &Server, client: &str, token: &Value, more: &[(&str, &str)]) -> (u16, Value) {
    let token = token.as_str().unwrap_or_else(|| panic!("no refresh token"));
    let form = [("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", token)];
    answer(server.token(&[form.as_slice(), more].concat()).await).await
}

fn claim<'a>(tokens: &Value, claim: &'a str) -> (Value, &'a str) {
    let claims = claims_of(tokens["id_token"].as_str().unwrap());
    (claims[claim].clone(), claim)
}

#[tokio::test]
async fn fresh_tokens_say_what_the_first_ones_said() {
    let server = Server::start().await;
    app(&server).await;
    let (cookie, _) = server.sign_in().await;
    let first = tokens(&server, "app", "openid profile", &cookie).await;
    server.clock.advance(1000);
    assert_eq!(server.userinfo(first["access_token"].as_str().unwrap()).await.status(), 401, "it is over");
    let (status, second) = refresh(&server, "app", &first["refresh_token"], &[]).await;
    assert_eq!(status, 200, "{second}");
    assert_ne!(first["refresh_token"], second["refresh_token"], "each is used once");
    for name in ["sub", "auth_time", "acr", "amr", "sid", "iss", "aud"] {
        assert_eq!(claim(&first, name), claim(&second, name));
    }
    assert_eq!(claim(&second, "nonce").0, Value::Null, "OpenID Connect Core 1.0, 12.2");
    assert_eq!(second["scope"], "openid profile");
    assert_eq!(server.userinfo(second["access_token"].as_str().unwrap()).await.status(), 200);
}

#[tokio::test]
async fn a_client_without_the_grant_type_gets_none() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    let first = tokens(&server, "shop", "openid offline_access", &cookie).await;
    assert_eq!((&first["refresh_token"], &first["scope"]), (&Value::Null, &Value::from("openid")));
    let (status, refused) = refresh(&server, "shop", &Value::from("whatever"), &[]).await;
    assert_eq!((status, refused["error"].as_str()), (400, Some("unauthorized_client")));
}

#[tokio::test]
async fn a_stolen_refresh_token_ends_the_grant_of_thief_and_owner() {
    let server = Server::start().await;
    app(&server).await;
    let (cookie, _) = server.sign_in().await;
    let stolen = tokens(&server, "app", "openid", &cookie).await["refresh_token"].clone();
    let (_, owner) = refresh(&server, "app", &stolen, &[]).await;
    server.clock.advance(11);
    let (status, refused) = refresh(&server, "app", &stolen, &[]).await;
    assert_eq!((status, refused["error"].as_str()), (400, Some("invalid_grant")));
    let (status, _) = refresh(&server, "app", &owner["refresh_token"], &[]).await;
    assert_eq!(status, 400, "nobody knows who of the two was the thief");
    assert_eq!(server.userinfo(owner["access_token"].as_str().unwrap()).await.status(), 401);
}

#[tokio::test]
async fn whoever_lost_the_answer_may_ask_again_at_once() {
    let server = Server::start().await;
    app(&server).await;
    let (cookie, _) = server.sign_in().await;
    let first = tokens(&server, "app", "openid", &cookie).await["refresh_token"].clone();
    let (_, second) = refresh(&server, "app", &first, &[]).await;
    server.clock.advance(9);
    let (status, again) = refresh(&server, "app", &first, &[]).await;
    assert_eq!((status, &again["refresh_token"]), (200, &second["refresh_token"]), "the same next one");
    let (status, third) = refresh(&server, "app", &second["refresh_token"], &[]).await;
    assert_eq!(status, 200, "{third}");
    let (status, _) = refresh(&server, "app", &first, &[]).await;
    assert_eq!(status, 400, "two uses ago is a theft, however soon");
}

#[tokio::test]
async fn less_may_be_asked_for_and_never_more() {
    let server = Server::start().await;
    app(&server).await;
    let (cookie, _) = server.sign_in().await;
    let first = tokens(&server, "app", "openid email", &cookie).await;
    let (status, less) = refresh(&server, "app", &first["refresh_token"], &[("scope", "openid")]).await;
    assert_eq!((status, &less["scope"]), (200, &Value::from("openid")));
    let (status, refused) =
        refresh(&server, "app", &less["refresh_token"], &[("scope", "openid profile")]).await;
    assert_eq!((status, refused["error"].as_str()), (400, Some("invalid_scope")));
    server.clock.advance(60);
    let (status, all) = refresh(&server, "app", &less["refresh_token"], &[]).await;
    assert_eq!((status, &all["scope"]), (200, &Value::from("openid email")), "nothing was lost by asking");
}

#[tokio::test]
async fn a_token_of_another_client_is_none() {
    let server = Server::start().await;
    app(&server).await;
    server
        .register("other", |new| {
            new.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
            new.metadata.grant_types.push(GrantType::RefreshToken);
        })
        .await;
    let (cookie, _) = server.sign_in().await;
    let first = tokens(&server, "app", "openid", &cookie).await["refresh_token"].clone();
    assert_eq!(refresh(&server, "other", &first, &[]).await.0, 400);
    assert_eq!(refresh(&server, "app", &first, &[]).await.0, 200, "and its owner has lost nothing");
    let forged = Value::from(format!("{}A", &first.as_str().unwrap()[..60]));
    assert_eq!(refresh(&server, "app", &forged, &[]).await.0, 400);
}

/// The id of a grant stands in every access token of it: whoever reads one must not be able to write a refresh token.
#[tokio::test]
async fn a_refresh_token_is_not_made_from_an_access_token() {
    let server = Server::start().await;
    app(&server).await;
    let (cookie, _) = server.sign_in().await;
    let first = tokens(&server, "app", "openid", &cookie).await["refresh_token"].clone();
    let bytes = from_base64url(first.as_str().unwrap()).unwrap();
    for changed in [bytes.len() - 1, 20, 19] {
        let mut forged = bytes.clone();
        forged[changed] ^= 1;
        let forged = Value::from(to_base64url(&forged));
        assert_eq!(refresh(&server, "app", &forged, &[]).await.0, 400, "byte {changed}");
    }
    assert_eq!(refresh(&server, "app", &first, &[]).await.0, 200);
}

#[tokio::test]
async fn without_offline_access_it_ends_with_the_session() {
    let server = Server::start().await;
    app(&server).await;
    let (cookie, session) = server.sign_in().await;
    let bound = tokens(&server, "app", "openid", &cookie).await["refresh_token"].clone();
    let offline = tokens(&server, "app", "openid offline_access", &cookie).await["refresh_token"].clone();
    server.app.engine().end_session(&session).await.unwrap();
    assert_eq!(refresh(&server, "app", &bound, &[]).await.0, 400);
    let (status, later) = refresh(&server, "app", &offline, &[]).await;
    assert_eq!(status, 200, "{later}");
    assert_eq!(server.userinfo(later["access_token"].as_str().unwrap()).await.status(), 200);
}

#[tokio::test]
async fn an_idle_refresh_token_and_an_old_grant_end() {
    let server = Server::start().await;
    app(&server).await;
    let (cookie, _) = server.sign_in().await;
    let idle = tokens(&server, "app", "openid offline_access", &cookie).await["refresh_token"].clone();
    let mut used = tokens(&server, "app", "openid offline_access", &cookie).await["refresh_token"].clone();
    for _ in 0..3 {
        server.clock.advance(29 * DAY);
        let (status, fresh) = refresh(&server, "app", &used, &[]).await;
        assert_eq!(status, 200, "{fresh}");
        used = fresh["refresh_token"].clone();
    }
    assert_eq!(refresh(&server, "app", &idle, &[]).await.0, 400, "thirty days unused");
    server.clock.advance(3 * DAY);
    assert_eq!(refresh(&server, "app", &used, &[]).await.0, 400, "ninety days in all");
}

#[tokio::test]
async fn lasting_access_is_agreed_to_listed_and_taken_back() {
    let server = Server::start().await;
    server
        .register("strange", |new| {
            new.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
            new.metadata.grant_types.push(GrantType::RefreshToken);
            new.terms.consent = Consent::Ask;
        })
        .await;
    let (cookie, _) = server.sign_in().await;
    let asked = asking("strange", &[("scope", "openid offline_access")]);
    let question = redirected(&server.authorize(&asked, Some(&cookie)).await).params["question"].clone();
    let path = format!("/oauth2/consent?question={question}");
    let page = server.visit(&path, &cookie, None).await.text().await.unwrap();
    assert!(page.contains("when you are not there"), "{page}");
    let form = [("question", question.as_str()), ("choice", "allow")];
    let code =
        redirected(&server.visit("/oauth2/consent", &cookie, Some(&form)).await).params["code"].clone();
    let (_, first) = answer(server.token(&redemption("strange", &code)).await).await;
    server.clock.advance(3600);
    let (cookie, _) = server.sign_in().await;
    let (status, second) = refresh(&server, "strange", &first["refresh_token"], &[]).await;
    assert_eq!(status, 200, "{second}");
    let page = server.visit("/account/applications", &cookie, None).await.text().await.unwrap();
    assert!(page.contains("last used") && page.contains("2027-01-15 09:00"), "{page}");
    let form = [("client", "strange")];
    server.visit("/account/applications/end", &cookie, Some(&form)).await;
    assert_eq!(refresh(&server, "strange", &second["refresh_token"], &[]).await.0, 400);
}

#[tokio::test]
async fn lasting_access_of_an_own_application_can_be_taken_back_too() {
    let server = Server::start().await;
    app(&server).await;
    let (cookie, _) = server.sign_in().await;
    let first = tokens(&server, "app", "openid offline_access", &cookie).await;
    let page = server.visit("/account/applications", &cookie, None).await.text().await.unwrap();
    assert!(page.contains("The app"), "{page}");
    server.visit("/account/applications/end", &cookie, Some(&[("client", "app")])).await;
    assert_eq!(refresh(&server, "app", &first["refresh_token"], &[]).await.0, 400);
    let page = server.visit("/account/applications", &cookie, None).await.text().await.unwrap();
    assert!(!page.contains("The app"), "{page}");
}

#[tokio::test]
async fn a_new_password_ends_what_others_may_hold() {
    let server = Server::start().await;
    app(&server).await;
    let (cookie, _) = server.sign_in().await;
    let elsewhere = tokens(&server, "app", "openid offline_access", &cookie).await["refresh_token"].clone();
    let (cookie, _) = server.sign_in().await;
    let here = tokens(&server, "app", "openid offline_access", &cookie).await["refresh_token"].clone();
    let new = "another battery staple";
    let form = [("password", new), ("again", new), ("new", new), ("repeated", new)];
    let changed = server.visit("/account/password", &cookie, Some(&form)).await;
    assert!(changed.status().is_redirection() || changed.status().is_success(), "{changed:?}");
    assert_eq!(refresh(&server, "app", &elsewhere, &[]).await.0, 400);
    assert_eq!(refresh(&server, "app", &here, &[]).await.0, 200, "the session that changed it goes on");
}
