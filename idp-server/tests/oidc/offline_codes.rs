//! What does the page show a person whose phone has no network, and what is left on it afterwards?

use idp_core::{
    claimant::Claimant, evidence::Assurance, methods::otp::Key, session::SessionRow, settings::EnrolWay,
};
use idp_protocol::{
    Octets, Prompt,
    link::{Link, Target},
    offline_codes::{Bits, Payload},
};

use crate::server::Server;

async fn allowing() -> Server {
    Server::start_with(|config| config.engine.enrol_transports.push(EnrolWay::Offline)).await
}

/// The wizard with a code for the phone, and the code.
async fn begun(server: &Server, cookie: &str) -> (String, Payload, String) {
    let begun = server.visit("/account/offline-codes", cookie, Some(&[])).await;
    assert_eq!(begun.status(), 303);
    let wizard = begun.headers()["location"].to_str().unwrap().to_owned();
    let id = wizard.strip_prefix("/account/devices/new?id=").unwrap();
    let claimant = Claimant::parse(cookie.strip_prefix("session=").unwrap()).unwrap();
    let view = server.app.engine().view(&claimant, id.parse().unwrap()).await.unwrap();
    let Some(Prompt::OfferCodes { payload: text, .. }) = view.prompt else { panic!("{view:?}") };
    let Target::Codes(payload) = Link::parse(&text).unwrap().target else { panic!("{text}") };
    (wizard, payload, text)
}

/// What the phone shows: ten digits, and the key of its codes.
fn phone(server: &Server, payload: &Payload) -> (String, Key) {
    let crypto = server.app.engine().crypto();
    let bits = Bits::draw(crypto);
    let key = payload.share.key(crypto, server.app.issuer(), bits);
    (payload.share.code(crypto, bits), Key::own(&Octets(*key)))
}

async fn types(server: &Server, cookie: &str, wizard: &str, code: &str) -> reqwest::Response {
    let id = wizard.split_once("id=").unwrap().1;
    server.visit("/account/devices/confirm", cookie, Some(&[("id", id), ("code", code)])).await
}

async fn page(server: &Server, cookie: &str, path: &str) -> String {
    server.visit(path, cookie, None).await.text().await.unwrap()
}

/// Goes through the whole of it.
async fn added(server: &Server, cookie: &str, session: &SessionRow) -> String {
    let (wizard, payload, _) = begun(server, cookie).await;
    let (digits, key) = phone(server, &payload);
    assert_eq!(types(server, cookie, &wizard, &digits).await.status(), 303);
    let code = key.code(key.step_at(server.clock_now()).unwrap()).unwrap();
    assert_eq!(types(server, cookie, &wizard, &code).await.status(), 303);
    let tokens = server.app.engine().tokens(session.user).await.unwrap();
    assert_eq!(tokens.len(), 1);
    assert_eq!(tokens[0].assurance, Assurance::Low);
    tokens[0].id.to_string()
}

#[tokio::test]
async fn a_phone_without_network_is_added_on_the_page_and_the_share_is_gone_after_complete() {
    let server = allowing().await;
    let (cookie, session) = server.sign_in().await;
    let home = page(&server, &cookie, "/account").await;
    assert!(home.contains("href=\"/account/offline-codes\"") && home.contains("My phone has no network"));
    let start = page(&server, &cookie, "/account/offline-codes").await;
    assert!(start.contains("action=\"/account/offline-codes\""), "{start}");
    let (wizard, payload, text) = begun(&server, &cookie).await;
    let offered = page(&server, &cookie, &wizard).await;
    assert!(
        offered.contains("QR code with a secret for your phone") && offered.contains(">Complete</button>")
    );
    assert!(!offered.contains(&text), "it is a picture, and no text to be copied");
    let (digits, key) = phone(&server, &payload);

    let refused = types(&server, &cookie, &wizard, "9999999999").await;
    assert!(refused.status().is_client_error());
    let refused = refused.text().await.unwrap();
    assert!(refused.contains("Tries left: 4") && refused.contains("aria-invalid"), "{refused}");
    let completed = types(&server, &cookie, &wizard, &digits).await;
    assert_eq!(completed.headers()["location"], wizard.as_str(), "no secret in an address");
    for path in [wizard.clone(), wizard.replace("/new?", "/state?"), "/account".to_owned()] {
        let after = page(&server, &cookie, &path).await;
        assert!(!after.contains("QR code with a secret") && !after.contains(&text), "{path}: {after}");
    }
    let code = key.code(key.step_at(server.clock_now()).unwrap()).unwrap();
    assert_eq!(types(&server, &cookie, &wizard, &code).await.status(), 303);
    assert!(page(&server, &cookie, &wizard).await.contains("Your phone signs you in with its codes."));
    assert_eq!(server.app.engine().tokens(session.user).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_account_page_says_what_a_phone_without_network_is_and_offers_its_upgrade() {
    let server = allowing().await;
    let (cookie, session) = server.sign_in().await;
    let id = added(&server, &cookie, &session).await;
    let home = page(&server, &cookie, "/account").await;
    let notice = "Something to sign in with was added: <bdi>Phone without network</bdi>";
    for said in ["<h3><bdi>Phone without network</bdi>", "Codes only", notice] {
        assert!(home.contains(said), "{said}: {home}");
    }
    let upgrade = format!("/account/tokens/{id}/upgrade");
    assert!(home.contains(&format!("href=\"{upgrade}\"")), "{home}");
    assert!(page(&server, &cookie, &upgrade).await.contains(&format!("action=\"{upgrade}\"")));
    let mut wizards = Vec::new();
    for _ in 0..2 {
        let begun = server.visit(&upgrade, &cookie, Some(&[])).await;
        wizards.push(begun.headers()["location"].to_str().unwrap().to_owned());
    }
    assert_eq!(wizards[0], wizards[1], "the second click finds what the first has begun");
    let wizard = page(&server, &cookie, &wizards[0]).await;
    assert!(wizard.contains("QR code for registering a device"), "{wizard}");
    let remove = format!("/account/tokens/{id}/remove");
    assert_eq!(server.visit(&remove, &cookie, Some(&[])).await.headers()["location"], "/account");
    assert!(server.app.engine().tokens(session.user).await.unwrap().is_empty());
    assert_eq!(server.visit(&upgrade, &cookie, None).await.status(), 404, "it is gone");
}

#[tokio::test]
async fn an_old_sign_in_begins_no_activation_without_network_and_no_upgrade() {
    let server = allowing().await;
    let (cookie, session) = server.sign_in().await;
    let id = added(&server, &cookie, &session).await;
    server.clock.advance(301);
    for path in ["/account/offline-codes".to_owned(), format!("/account/tokens/{id}/upgrade")] {
        for sent in [None, Some([].as_slice())] {
            let answer = server.visit(&path, &cookie, sent).await;
            assert!(answer.headers()["location"].to_str().unwrap().starts_with("/login?id="), "{path}");
        }
    }
}

#[tokio::test]
async fn where_the_policy_does_not_have_it_a_phone_without_network_is_not_offered() {
    let server = Server::start().await;
    let (cookie, session) = server.sign_in().await;
    assert!(!page(&server, &cookie, "/account").await.contains("/account/offline-codes"));
    for sent in [None, Some([].as_slice())] {
        let answer = server.visit("/account/offline-codes", &cookie, sent).await;
        assert!(answer.status().is_client_error(), "{}", answer.status());
    }
    let (store, now) = (server.app.engine().store(), server.clock_now());
    assert!(store.open_ceremonies(session.user, now).await.unwrap().is_empty());
}

/// Two people at one computer: the page belongs to the session that began it.
#[tokio::test]
async fn another_session_sees_no_share() {
    let server = allowing().await;
    let (cookie, _) = server.sign_in().await;
    let (wizard, payload, _) = begun(&server, &cookie).await;
    let (other, _) = server.sign_in().await;
    assert_eq!(server.visit(&wizard, &other, None).await.status(), 404);
    let (digits, _) = phone(&server, &payload);
    assert_eq!(types(&server, &other, &wizard, &digits).await.status(), 404);
}
