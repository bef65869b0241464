//! Is a token for one resource worth anything at another? (RFC 8707)

use idp_server::oidc::{AuthMethod, GrantType};
use serde_json::{Value, json};

use crate::{
    requests::{claims_of, redemption, request},
    server::{Server, answer, redirected},
};

const STOCK: &str = "https://stock.example/api";
const TILL: &str = "https://till.example/";

fn audience(tokens: &Value) -> Value {
    claims_of(tokens["access_token"].as_str().unwrap())["aud"].clone()
}

async fn app(server: &Server) {
    server
        .register("app", |new| {
            new.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
            new.metadata.grant_types.push(GrantType::RefreshToken);
            new.terms.resources = vec![STOCK.to_owned(), TILL.to_owned()];
        })
        .await;
}

async fn ask(
    server: &Server,
    cookie: &str,
    resources: &[&str],
) -> std::collections::BTreeMap<String, String> {
    let mut asked = request("app");
    asked.extend(resources.iter().map(|resource| ("resource", *resource)));
    redirected(&server.authorize(&asked, Some(cookie)).await).params
}

#[tokio::test]
async fn a_token_is_for_the_resources_that_were_asked_for() {
    let server = Server::start().await;
    app(&server).await;
    let (cookie, _) = server.sign_in().await;
    let code = ask(&server, &cookie, &[STOCK, TILL, STOCK]).await["code"].clone();
    let mut form = redemption("app", &code);
    form.push(("resource", "https://other.example/"));
    assert_eq!(answer(server.token(&form).await).await.1["error"], "invalid_target");
    form.pop();
    form.push(("resource", STOCK));
    let (status, first) = answer(server.token(&form).await).await;
    assert_eq!((status, audience(&first)), (200, json!(STOCK)), "{first}");
    let token = first["access_token"].as_str().unwrap();
    assert_eq!(server.userinfo(token).await.status(), 401, "the stock could pass it on");

    let refresh = async |token: &Value, resource: &str| {
        let mut form = vec![
            ("grant_type", "refresh_token"),
            ("client_id", "app"),
            ("refresh_token", token.as_str().unwrap()),
        ];
        form.extend((!resource.is_empty()).then_some(("resource", resource)));
        answer(server.token(&form).await).await
    };
    let (status, refused) = refresh(&first["refresh_token"], "https://other.example/").await;
    assert_eq!((status, refused["error"].as_str()), (400, Some("invalid_target")));
    let (status, second) = refresh(&first["refresh_token"], TILL).await;
    assert_eq!((status, audience(&second)), (200, json!(TILL)), "granted, if not asked for with the code");
    let (status, third) = refresh(&second["refresh_token"], "").await;
    assert_eq!((status, audience(&third)), (200, json!([STOCK, TILL])), "all that was granted: {third}");
}

#[tokio::test]
async fn without_a_wish_tokens_are_for_all_that_was_granted_or_for_us() {
    let server = Server::start().await;
    app(&server).await;
    let (cookie, _) = server.sign_in().await;
    for (resources, expected) in [
        (vec![], json!(server.url)),
        (vec![TILL], json!(TILL)),
        (vec![STOCK, &server.url], json!([STOCK, server.url])),
    ] {
        let code = ask(&server, &cookie, &resources).await["code"].clone();
        let (status, tokens) = answer(server.token(&redemption("app", &code)).await).await;
        assert_eq!((status, audience(&tokens)), (200, expected), "{resources:?}");
        let told = server.userinfo(tokens["access_token"].as_str().unwrap()).await.status();
        assert_eq!(
            told == 200,
            resources.is_empty() || resources.contains(&server.url.as_str()),
            "{resources:?}"
        );
    }
}

#[tokio::test]
async fn nobody_asks_for_a_resource_of_somebody_else() {
    let server = Server::start().await;
    app(&server).await;
    let (cookie, _) = server.sign_in().await;
    let refused = ask(&server, &cookie, &[STOCK, "https://bank.example/"]).await;
    assert_eq!(refused["error"], "invalid_target");
    let robot = server
        .register("robot", |new| {
            new.metadata.grant_types = vec![GrantType::ClientCredentials];
            new.terms.resources = vec![STOCK.to_owned()];
        })
        .await;
    let by_itself = async |resource: &str| {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", "robot"),
            ("client_secret", robot.as_str()),
            ("resource", resource),
        ];
        answer(server.token(&form).await).await
    };
    assert_eq!(audience(&by_itself(STOCK).await.1), json!(STOCK));
    assert_eq!(by_itself(TILL).await.1["error"], "invalid_target");
}

#[tokio::test]
async fn what_is_not_offered_is_refused_with_a_reason() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    let mut asked = request("shop");
    asked.push(("authorization_details", "[]"));
    let refused = redirected(&server.authorize(&asked, Some(&cookie)).await).params;
    assert_eq!(refused["error"], "invalid_authorization_details");
    let details = ("authorization_details", "[{\"type\":\"payment\"}]");
    let pushed = [request("shop").as_slice(), &[details]].concat();
    let code = server.code_with("shop", &cookie).await;
    let redeemed = [redemption("shop", &code).as_slice(), &[details]].concat();
    for (path, form) in [("/oauth2/par", pushed), ("/oauth2/token", redeemed)] {
        let (status, refused) = answer(server.post(path, &form).await).await;
        let error = refused["error"].as_str();
        assert_eq!((status, error), (400, Some("invalid_authorization_details")), "{path}: {refused}");
        assert!(refused["error_description"].as_str().unwrap().contains("RFC 9396"), "{path}: {refused}");
    }
    assert_eq!(server.redeem(&code).await.0, 200, "the code was not used up");
    let exchange = [("client_id", "shop"), ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange")];
    let (status, refused) = answer(server.token(&exchange).await).await;
    assert_eq!((status, refused["error"].as_str()), (400, Some("unsupported_grant_type")));
    assert!(refused["error_description"].as_str().unwrap().contains("RFC 8693"), "{refused}");
}

#[tokio::test]
async fn a_resource_hears_nothing_of_tokens_for_another_one() {
    let server = Server::start().await;
    app(&server).await;
    let mut secrets = Vec::new();
    for (id, serves) in [("stock", Some(STOCK)), ("till", Some(TILL)), ("any", None)] {
        let secret = server.register(id, |new| {
            new.terms.introspects = true;
            new.terms.serves = serves.map(str::to_owned).into_iter().collect();
        });
        secrets.push((id, secret.await));
    }
    let (cookie, _) = server.sign_in().await;
    let code = ask(&server, &cookie, &[STOCK]).await["code"].clone();
    let (_, tokens) = answer(server.token(&redemption("app", &code)).await).await;
    let token = tokens["access_token"].as_str().unwrap();
    for (id, secret) in &secrets {
        let form = [("client_id", *id), ("client_secret", secret.as_str()), ("token", token)];
        let (_, told) = answer(server.post("/oauth2/introspect", &form).await).await;
        assert_eq!(told["active"], json!(*id == "stock"), "{id}: {told}");
    }
}

#[tokio::test]
async fn a_person_agrees_to_each_resource() {
    let server = Server::start().await;
    app(&server).await;
    server
        .register("asks", |new| {
            new.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
            new.terms.consent = idp_server::oidc::Consent::Ask;
            new.terms.resources = vec![STOCK.to_owned(), TILL.to_owned()];
        })
        .await;
    let (cookie, _) = server.sign_in().await;
    let wanted = async |resource: &str| {
        let mut asked = request("asks");
        asked.push(("resource", resource));
        redirected(&server.authorize(&asked, Some(&cookie)).await)
    };
    let question = wanted(STOCK).await.params["question"].clone();
    let page = server.visit(&format!("/oauth2/consent?question={question}"), &cookie, None).await;
    assert!(page.text().await.unwrap().contains(STOCK), "the person sees for what it is");
    let form = [("question", question.as_str()), ("choice", "allow")];
    assert_eq!(server.visit("/oauth2/consent", &cookie, Some(&form)).await.status(), 303);
    assert!(wanted(STOCK).await.params.contains_key("code"));
    assert_eq!(wanted(TILL).await.to, "/oauth2/consent", "another one is another question");
}
