//! What do people and applications see while the database is lost?

use crate::{
    requests::{redemption, request},
    server::Server,
};

#[tokio::test]
async fn a_lost_database_is_503_with_a_time_to_come_back() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    let code = server.code_with("shop", &cookie).await;
    let (_, tokens) = server.redeem(&server.code("shop").await).await;
    server.app.db().close().await;
    // Until then a session that was read just before answers what needs nothing else.
    server.clock.advance(2);
    let token = tokens["access_token"].as_str().unwrap();
    let answers = [
        ("authorize", server.authorize(&request("shop"), Some(&cookie)).await),
        ("token", server.token(&redemption("shop", &code)).await),
        ("userinfo", server.userinfo(token).await),
        ("end-session", server.visit("/oauth2/end-session?client_id=shop", &cookie, None).await),
        ("confirm", server.visit("/oauth2/end-session/confirm", &cookie, Some(&[])).await),
        ("account", server.visit("/account", &cookie, None).await),
        ("sign-in", server.visit("/account/sign-in", &cookie, None).await),
        ("sign-out", server.visit("/account/sign-out", &cookie, Some(&[])).await),
    ];
    for (name, answer) in answers {
        assert_eq!(answer.status(), 503, "{name}");
        let after = answer.headers().get("retry-after").unwrap_or_else(|| panic!("{name}: no Retry-After"));
        assert!(after.to_str().unwrap().parse::<u32>().is_ok(), "{name}");
        assert_eq!(answer.headers().get("location"), None, "{name}: nobody is sent on without an answer");
    }
    for path in ["/.well-known/openid-configuration", "/oauth2/jwks", "/healthz"] {
        assert_eq!(server.get(path).await.status(), 200, "{path} needs no database");
    }
}
