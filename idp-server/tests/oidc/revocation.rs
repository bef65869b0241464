//! How does an application give a token back, and what ends with it? (RFC 7009)

use idp_server::oidc::GrantType;
use serde_json::Value;

use crate::{
    requests::redemption,
    server::{Server, answer},
};

async fn tokens(server: &Server, secret: &str) -> Value {
    let code = server.code("web").await;
    let mut form = redemption("web", &code);
    form.push(("client_secret", secret));
    answer(server.token(&form).await).await.1
}

async fn revoke(server: &Server, as_client: (&str, &str), token: &str) -> u16 {
    let form = [("client_id", as_client.0), ("client_secret", as_client.1), ("token", token)];
    server.post("/oauth2/revoke", &form).await.status().as_u16()
}

#[tokio::test]
async fn either_token_ends_all_of_its_sign_in() {
    let server = Server::start().await;
    let web = server.register("web", |new| new.metadata.grant_types.push(GrantType::RefreshToken)).await;
    for kind in ["access_token", "refresh_token"] {
        let (ended, other) = (tokens(&server, &web).await, tokens(&server, &web).await);
        for repeat in 0..2 {
            let status = revoke(&server, ("web", &web), ended[kind].as_str().unwrap()).await;
            assert_eq!(status, 200, "{kind} {repeat}");
        }
        let token = ended["refresh_token"].as_str().unwrap();
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", "web"),
            ("client_secret", &web),
            ("refresh_token", token),
        ];
        assert_eq!(server.token(&form).await.status(), 400, "{kind}");
        assert_eq!(server.userinfo(ended["access_token"].as_str().unwrap()).await.status(), 401, "{kind}");
        assert_eq!(server.userinfo(other["access_token"].as_str().unwrap()).await.status(), 200, "{kind}");
    }
}

#[tokio::test]
async fn nobody_revokes_the_tokens_of_others() {
    let server = Server::start().await;
    let web = server.register("web", |new| new.metadata.grant_types.push(GrantType::RefreshToken)).await;
    let other = server.register("other", |_| {}).await;
    let tokens = tokens(&server, &web).await;
    for kind in ["access_token", "refresh_token"] {
        let token = tokens[kind].as_str().unwrap();
        assert_eq!(revoke(&server, ("other", &other), token).await, 200, "it learns nothing (RFC 7009, 2.2)");
        assert_eq!(revoke(&server, ("web", "wrong"), token).await, 400);
    }
    assert_eq!(revoke(&server, ("web", &web), "no-token").await, 200, "there is nothing left to do");
    assert_eq!(server.userinfo(tokens["access_token"].as_str().unwrap()).await.status(), 200);
}

#[tokio::test]
async fn what_cannot_be_ended_is_said() {
    let server = Server::start().await;
    let robot = server
        .register("robot", |new| {
            new.metadata.grant_types = vec![GrantType::ClientCredentials];
            new.metadata.redirect_uris.clear();
        })
        .await;
    let form = [("grant_type", "client_credentials"), ("client_id", "robot"), ("client_secret", &robot)];
    let (_, tokens) = answer(server.token(&form).await).await;
    let token = tokens["access_token"].as_str().unwrap();
    let form = [("client_id", "robot"), ("client_secret", robot.as_str()), ("token", token)];
    let (status, refused) = answer(server.post("/oauth2/revoke", &form).await).await;
    assert_eq!((status, refused["error"].as_str()), (400, Some("unsupported_token_type")));
}
