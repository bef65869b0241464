//! What does a protected resource learn about a token, and who else learns nothing? (RFC 7662)

use idp_server::oidc::GrantType;
use serde_json::{Value, json};

use crate::{
    requests::{asking, claims_of, redemption},
    server::{NOW, Server, answer, redirected},
};

async fn ask(server: &Server, as_client: (&str, &str), token: &str) -> (u16, Value) {
    let form = [("client_id", as_client.0), ("client_secret", as_client.1), ("token", token)];
    answer(server.post("/oauth2/introspect", &form).await).await
}

/// An interface that asks about tokens, and an application that may refresh.
async fn world(server: &Server) -> (String, String) {
    let api = server.register("api", |new| new.terms.introspects = true).await;
    let web = server
        .register("web", |new| {
            new.metadata.grant_types =
                vec![GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::ClientCredentials];
            new.metadata.scope = Some("openid profile stock:read stock:write".to_owned());
        })
        .await;
    (api, web)
}

async fn tokens(server: &Server, secret: &str) -> Value {
    let code = server.code("web").await;
    let mut form = redemption("web", &code);
    form.push(("client_secret", secret));
    let (status, tokens) = answer(server.token(&form).await).await;
    assert_eq!(status, 200, "{tokens}");
    tokens
}

#[tokio::test]
async fn a_resource_learns_whose_token_it_is_and_when_it_ends() {
    let server = Server::start().await;
    let (api, web) = world(&server).await;
    let tokens = tokens(&server, &web).await;
    let token = tokens["access_token"].as_str().unwrap();
    let (status, told) = ask(&server, ("api", &api), token).await;
    assert_eq!(status, 200);
    assert_eq!(told["active"], true);
    assert_eq!((&told["client_id"], &told["username"]), (&json!("web"), &json!("alice")));
    assert_eq!(told["sub"], json!(server.user.id.to_string()));
    assert_eq!((&told["exp"], &told["token_type"]), (&json!(NOW.0 + 300), &json!("Bearer")));
    assert_eq!(told["acr"], "urn:symbolon:acr:single");
    server.clock.advance(300);
    assert_eq!(ask(&server, ("api", &api), token).await.1, json!({"active": false}));
}

/// The login is `preferred_username` elsewhere: an application that was never told it must not learn it from its own token.
#[tokio::test]
async fn the_login_is_told_for_tokens_that_cover_the_profile() {
    let server = Server::start().await;
    let (api, web) = world(&server).await;
    let (cookie, _) = server.sign_in().await;
    let asked = asking("web", &[("scope", "openid")]);
    let code = redirected(&server.authorize(&asked, Some(&cookie)).await).params["code"].clone();
    let mut form = redemption("web", &code);
    form.push(("client_secret", &web));
    let (_, tokens) = answer(server.token(&form).await).await;
    for client in [("api", &api), ("web", &web)] {
        let (_, told) = ask(&server, (client.0, client.1), tokens["access_token"].as_str().unwrap()).await;
        assert_eq!((&told["active"], told.get("username")), (&json!(true), None), "{told}");
    }
}

#[tokio::test]
async fn tokens_of_a_removed_application_are_not_active() {
    let server = Server::start().await;
    let (api, web) = world(&server).await;
    let form = [("grant_type", "client_credentials"), ("client_id", "web"), ("client_secret", &web)];
    let (_, tokens) = answer(server.token(&form).await).await;
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(ask(&server, ("api", &api), token).await.1["active"], true);
    assert!(server.app.clients().remove(server.app.engine(), "web").await.unwrap());
    assert_eq!(ask(&server, ("api", &api), token).await.1, json!({"active": false}));
}

#[tokio::test]
async fn token_scanning() {
    let server = Server::start().await;
    let (api, web) = world(&server).await;
    let other = server.register("other", |_| {}).await;
    let tokens = tokens(&server, &web).await;
    let (access, refresh) =
        (tokens["access_token"].as_str().unwrap(), tokens["refresh_token"].as_str().unwrap());
    assert_eq!(ask(&server, ("other", &other), access).await.1, json!({"active": false}), "not a resource");
    assert_eq!(
        ask(&server, ("api", &api), refresh).await.1,
        json!({"active": false}),
        "no resource gets one"
    );
    assert_eq!(ask(&server, ("web", &web), refresh).await.1["active"], true);
    let (status, refused) = ask(&server, ("shop", ""), access).await;
    assert_eq!((status, refused["error"].as_str()), (400, Some("invalid_client")), "a public client");
    for nonsense in ["x", &access[..access.len() - 2], ""] {
        let (_, told) = ask(&server, ("api", &api), nonsense).await;
        assert!(told["active"] == false || told["error"] == "invalid_request", "{told}");
    }
}

#[tokio::test]
async fn a_token_of_a_session_that_ended_is_not_active() {
    let server = Server::start().await;
    let (api, web) = world(&server).await;
    let (cookie, session) = server.sign_in().await;
    let code = server.code_with("web", &cookie).await;
    let mut form = redemption("web", &code);
    form.push(("client_secret", &web));
    let (_, tokens) = answer(server.token(&form).await).await;
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(ask(&server, ("api", &api), token).await.1["active"], true);
    server.app.engine().end_session(&session).await.unwrap();
    assert_eq!(ask(&server, ("api", &api), token).await.1, json!({"active": false}));
}

#[tokio::test]
async fn an_application_acts_for_itself() {
    let server = Server::start().await;
    let (api, web) = world(&server).await;
    let form = |scope: Option<&'static str>| {
        let mut form =
            vec![("grant_type", "client_credentials"), ("client_id", "web"), ("client_secret", web.as_str())];
        form.extend(scope.map(|scope| ("scope", scope)));
        form
    };
    let (status, tokens) = answer(server.token(&form(None)).await).await;
    assert_eq!(status, 200, "{tokens}");
    assert_eq!(tokens["scope"], "stock:read stock:write", "all of its own, and nothing about people");
    assert!(tokens.get("id_token").is_none() && tokens.get("refresh_token").is_none(), "RFC 6749, 4.4.3");
    let claims = claims_of(tokens["access_token"].as_str().unwrap());
    let about_people = ["sid", "auth_time", "acr", "grant"].map(|name| claims.get(name).is_none());
    assert_eq!(about_people, [true; 4], "no resource may take it for a person's: {claims}");
    let (_, told) = ask(&server, ("api", &api), tokens["access_token"].as_str().unwrap()).await;
    assert_eq!(
        (&told["active"], &told["sub"], &told["username"]),
        (&json!(true), &json!("web"), &Value::Null)
    );
    let (_, less) = answer(server.token(&form(Some("stock:read"))).await).await;
    assert_eq!(less["scope"], "stock:read");
    for more in ["stock:delete", "openid"] {
        let (status, refused) = answer(server.token(&form(Some(more))).await).await;
        assert_eq!((status, refused["error"].as_str()), (400, Some("invalid_scope")), "{more}");
    }
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(server.userinfo(token).await.status(), 401, "there is no person behind it");
}
