//! What does a person see of the consents that he gave, and what ends when he takes one back?

use crate::{
    requests::{redemption, request},
    server::{CALLBACK, Server, answer, redirected},
};

const PAGE: &str = "/account/applications";

/// A code of the application that asks for consent.
async fn agreed(server: &Server, cookie: &str) -> String {
    let asked = redirected(&server.authorize(&request("stranger"), Some(cookie)).await);
    let form = [("question", asked.params["question"].as_str()), ("choice", "allow")];
    let answer = redirected(&server.visit("/oauth2/consent", cookie, Some(&form)).await);
    answer.params["code"].clone()
}

async fn page(server: &Server, cookie: &str) -> String {
    server.visit(PAGE, cookie, None).await.text().await.unwrap()
}

async fn take_back(server: &Server, cookie: &str) {
    let form = [("client", "stranger")];
    let answer = redirected(&server.visit("/account/applications/end", cookie, Some(&form)).await);
    assert_eq!(answer.to, PAGE);
}

#[tokio::test]
async fn a_consent_is_listed_and_can_be_taken_back_twice() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    assert!(page(&server, &cookie).await.contains("No application may learn"));
    agreed(&server, &cookie).await;
    let listed = page(&server, &cookie).await;
    for words in ["The stranger", "your e-mail address", "2027-01-15", "Take back"] {
        assert!(listed.contains(words), "{words}: {listed}");
    }
    for _ in 0..2 {
        take_back(&server, &cookie).await;
    }
    assert!(!page(&server, &cookie).await.contains("The stranger"));
    let account = server.visit("/account", &cookie, None).await.text().await.unwrap();
    assert_eq!(account.matches("You took back what you had allowed").count(), 1, "{account}");
    let asked = redirected(&server.authorize(&request("stranger"), Some(&cookie)).await);
    assert_eq!(asked.to, "/oauth2/consent", "the person is asked again");
}

#[tokio::test]
async fn codes_and_tokens_end_with_the_consent_and_others_do_not() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    let of_stranger = agreed(&server, &cookie).await;
    let (_, tokens) = answer(server.token(&redemption("stranger", &of_stranger)).await).await;
    let unused = server.code_with("stranger", &cookie).await;
    let (_, other) = server.redeem(&server.code_with("shop", &cookie).await).await;
    let holds = async |tokens: &serde_json::Value| {
        server.userinfo(tokens["access_token"].as_str().unwrap()).await.status() == 200
    };
    assert!(holds(&tokens).await);
    take_back(&server, &cookie).await;
    assert!(!holds(&tokens).await, "the token ends with the consent");
    let (status, _) = answer(server.token(&redemption("stranger", &unused)).await).await;
    assert_eq!(status, 400, "and so does a code");
    assert!(holds(&other).await, "another application goes on");

    let anew = agreed(&server, &cookie).await;
    let (_, anew) = answer(server.token(&redemption("stranger", &anew)).await).await;
    assert!(holds(&anew).await, "a consent that is given again is another one");
    assert!(!holds(&tokens).await);
}

#[tokio::test]
async fn nobody_takes_back_what_somebody_else_allowed() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    agreed(&server, &cookie).await;
    let end = format!("{}/account/applications/end", server.url);
    let forged = server.http.post(&end).header("cookie", &cookie).header("origin", "https://evil.example");
    let form = "application/x-www-form-urlencoded";
    let forged = forged.header("content-type", form).body("client=stranger").send().await.unwrap();
    assert_eq!(forged.status(), 403, "a form of another site");
    let stranger = server.visit("/account/applications/end", "", Some(&[("client", "stranger")])).await;
    assert_eq!(redirected(&stranger).to, "/login");
    let answer = redirected(&server.authorize(&request("stranger"), Some(&cookie)).await);
    assert_eq!(answer.to, CALLBACK, "the consent still holds");
}

#[tokio::test]
async fn an_application_is_opened_from_here() {
    let server = Server::start().await;
    server
        .register("news", |new| {
            new.metadata.token_endpoint_auth_method = Some(idp_server::oidc::AuthMethod::None);
            new.terms.consent = idp_server::oidc::Consent::Ask;
            new.metadata.initiate_login_uri = Some("https://shop.example/begin?a=b".parse().unwrap());
        })
        .await;
    let (cookie, _) = server.sign_in().await;
    let asked = redirected(&server.authorize(&request("news"), Some(&cookie)).await);
    let form = [("question", asked.params["question"].as_str()), ("choice", "allow")];
    assert_eq!(server.visit("/oauth2/consent", &cookie, Some(&form)).await.status(), 303);
    assert!(page(&server, &cookie).await.contains("<a href=\"/launch/news\">"));
    for cookie in ["", cookie.as_str()] {
        let to = redirected(&server.visit("/launch/news", cookie, None).await);
        assert_eq!(to.to, "https://shop.example/begin");
        let params: Vec<(&str, &str)> =
            to.params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(params, [("a", "b"), ("iss", server.url.as_str())], "nothing about the person");
    }
    let wish = "?target_link_uri=https://evil.example/&iss=https://evil.example";
    let to = redirected(&server.visit(&format!("/launch/news{wish}"), &cookie, None).await);
    assert_eq!(to.params["iss"], server.url, "nothing of the address counts");
    for id in ["shop", "nobody"] {
        let nowhere = server.visit(&format!("/launch/{id}"), &cookie, None).await;
        assert_eq!(nowhere.status(), 404);
        assert!(nowhere.text().await.unwrap().contains("cannot be opened from here"), "{id}");
    }
}
