//! How does a person add an app that shows codes, and what is that worth to somebody who was watching?

use data_encoding::BASE32_NOPAD;
use idp_core::{
    Error, Refusal,
    claimant::Claimant,
    engine::{NewSignIn, Progress},
    methods::otp::{HashFunction, Key, MovingFactor},
    policy::Requirement,
    settings::AuthenticatorApps,
    signin::{Ask, Initiator},
};
use idp_protocol::context::Opens;
use serde_json::json;

use crate::server::Server;

async fn allowing() -> Server {
    Server::start_with(|config| config.engine.authenticator_apps = AuthenticatorApps::Allowed).await
}

/// What stands between two texts of a page.
fn between<'a>(page: &'a str, before: &str, after: &str) -> &'a str {
    let rest = page.split_once(before).unwrap_or_else(|| panic!("no {before} on {page}")).1;
    rest.split_once(after).unwrap().0
}

/// The app that scanned the code of a page.
fn app_of(page: &str) -> Key {
    let secret: String =
        between(page, "?secret=", "\"").chars().take_while(char::is_ascii_alphanumeric).collect();
    let secret = BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    assert_eq!(secret.len(), 20, "160 bits");
    Key::new(secret, HashFunction::Sha1, 6, MovingFactor::Time(30)).unwrap()
}

fn code(server: &Server, app: &Key) -> String {
    app.code(app.step_at(server.clock_now()).unwrap()).unwrap()
}

/// Tries a code on the sign-in page.
async fn try_code(server: &Server, code: &str) -> Result<Progress, Error> {
    let engine = server.app.engine();
    let claimant = Claimant::random(engine.crypto());
    let ask = Ask {
        client: "Test".to_owned(),
        client_id: "test".to_owned(),
        redirect_host: "localhost".to_owned(),
        requirement: Requirement::default(),
        from: server.origin(),
        opens: Opens::default(),
        initiator: Initiator::Browser,
        scopes: Vec::new(),
        message: String::new(),
        parked: Vec::new(),
    };
    let id =
        engine.open_sign_in(&claimant, NewSignIn { ask, subject: None, ledger: Vec::new() }).await.unwrap();
    engine.answer_form(&claimant, id, "totp", "alice", json!({ "code": code })).await
}

#[tokio::test]
async fn an_app_is_added_with_one_code_which_signs_nobody_in() {
    let server = allowing().await;
    let (cookie, session) = server.sign_in().await;
    let home = server.visit("/account", &cookie, None).await.text().await.unwrap();
    assert!(home.contains("/account/authenticators"), "{home}");
    let begun = server.visit("/account/authenticators", &cookie, Some(&[])).await;
    assert_eq!(begun.status(), 303);
    let wizard = begun.headers()["location"].to_str().unwrap().to_owned();
    let page = server.visit(&wizard, &cookie, None).await.text().await.unwrap();
    let (app, id) = (app_of(&page), wizard.split_once("id=").unwrap().1);

    let wrong = if code(&server, &app) == "000000" { "000001" } else { "000000" };
    let refused =
        server.visit("/account/devices/confirm", &cookie, Some(&[("id", id), ("code", wrong)])).await;
    assert!(refused.status().is_client_error(), "{}", refused.status());
    let proving = code(&server, &app);
    let typed = [("id", id), ("code", proving.as_str())];
    let added = server.visit("/account/devices/confirm", &cookie, Some(&typed)).await;
    assert_eq!(added.status(), 303);
    let tokens = server.app.engine().tokens(session.user).await.unwrap();
    assert_eq!(tokens.len(), 1);

    let replayed = try_code(&server, &proving).await;
    assert!(
        matches!(replayed, Err(Error::Refused(Refusal::Wrong))),
        "who looked over the shoulder: {replayed:?}"
    );
    server.clock.advance(30);
    try_code(&server, &code(&server, &app)).await.expect("the next code signs in");

    let remove = format!("/account/tokens/{}/remove", tokens[0].id);
    let answer = server.visit(&remove, &cookie, Some(&[])).await;
    assert!(
        answer.headers()["location"].to_str().unwrap().starts_with("/login?id="),
        "a password is not enough now"
    );
    assert_eq!(server.app.engine().tokens(session.user).await.unwrap(), tokens);
}

/// Whoever has three apps tells them apart by what he calls them.
#[tokio::test]
async fn a_person_names_and_renames_an_app() {
    let server = allowing().await;
    let (cookie, session) = server.sign_in().await;
    let engine = server.app.engine();
    for number in [1_u8, 2] {
        let key = Key::new(vec![number; 20], HashFunction::Sha1, 6, MovingFactor::Time(30)).unwrap();
        let secret = serde_json::to_vec(&key).unwrap();
        engine.add_credential(session.user, "totp", None, &secret).await.unwrap();
    }
    let tokens = engine.tokens(session.user).await.unwrap();
    let rename = format!("/account/tokens/{}/rename", tokens[1].id);
    let asked = server.visit(&rename, &cookie, None).await;
    assert_eq!(asked.status(), 200, "any session may");
    for bad in ["", "\u{7}", &"x".repeat(65)] {
        let refused = server.visit(&rename, &cookie, Some(&[("name", bad)])).await;
        assert_eq!(refused.status(), 400, "{bad:?}");
        assert!(refused.text().await.unwrap().contains("A name has 1 to 64 characters"));
    }
    for name in ["<b>Work</b> phone", "Tablet", "Tablet"] {
        let answer = server.visit(&rename, &cookie, Some(&[("name", name)])).await;
        assert_eq!(
            (answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()),
            (303, "/account")
        );
    }
    let names: Vec<_> =
        engine.tokens(session.user).await.unwrap().into_iter().map(|token| token.name).collect();
    assert_eq!(names, [None, Some("Tablet".to_owned())]);
    let home = server.visit("/account", &cookie, None).await.text().await.unwrap();
    assert!(home.contains("Tablet") && home.contains("&#60;b&#62;Work&#60;/b&#62; phone → Tablet"), "{home}");
    assert_eq!(home.matches("→ Tablet").count(), 1, "the same name once more is no news");

    server.add("mallory").await;
    let (stranger, _) = server.sign_in_as("mallory").await;
    let refused = server.visit(&rename, &stranger, Some(&[("name", "Mine")])).await;
    assert_eq!(refused.status(), 404);
    assert_eq!(engine.tokens(session.user).await.unwrap()[1].name.as_deref(), Some("Tablet"));
    let code = |number: u8| {
        let key = Key::new(vec![number; 20], HashFunction::Sha1, 6, MovingFactor::Time(30)).unwrap();
        code(&server, &key)
    };
    try_code(&server, &code(2)).await.expect("it is the same key");
}

#[tokio::test]
async fn where_the_administrator_refuses_apps_there_is_no_way_to_add_one() {
    let server = Server::start().await;
    let (cookie, session) = server.sign_in().await;
    let home = server.visit("/account", &cookie, None).await.text().await.unwrap();
    assert!(!home.contains("/account/authenticators"), "{home}");
    for form in [None, Some([].as_slice())] {
        let answer = server.visit("/account/authenticators", &cookie, form).await;
        assert!(answer.status().is_client_error(), "{}", answer.status());
    }
    let (store, now) = (server.app.engine().store(), server.clock_now());
    assert!(store.open_ceremonies(session.user, now).await.unwrap().is_empty());
}
