//! How does a token get the PIN that is typed beside its codes, and how does it lose it?

use idp_core::{
    Id,
    credential::CredentialRow,
    engine::TokenFacts,
    methods::otp::{HashFunction, Key, MovingFactor, PinUse, Position},
    notify::Notice,
};
use serde_json::json;

use crate::{
    requests::request,
    server::{Server, cookies},
};

const PIN: &str = "274036";

fn key() -> Key {
    Key::new(vec![7; 20], HashFunction::Sha1, 8, MovingFactor::Counter(0)).unwrap()
}

/// Alice's session, for which she showed a token that has its PIN behind the code, and that token.
async fn with_a_pin(server: &Server, kept: impl FnOnce(Key) -> Key) -> (String, Id<CredentialRow>) {
    let engine = server.app.engine();
    let hash = String::from_utf8(engine.passwords().hash(PIN).await.unwrap()).unwrap();
    let key = kept(key().with_pin(PinUse::Server { hash, position: Position::Behind }));
    let secret = serde_json::to_vec(&key).unwrap();
    let id = engine.add_credential(server.user.id, "hotp", None, &secret).await.unwrap();
    let typed = json!({ "code": format!("{}{PIN}", key.code(0).unwrap()) });
    let (cookie, _) = server.sign_in_and_prove("alice", "hotp", typed).await;
    (cookie, id)
}

async fn token(server: &Server) -> TokenFacts {
    server.app.engine().tokens(server.user.id).await.unwrap().remove(0)
}

/// How often alice was told that a PIN changed.
async fn told(server: &Server) -> usize {
    let notices = server.app.engine().store().notices(server.user.id, 50).await.unwrap();
    notices.iter().filter(|row| matches!(row.notice, Notice::PinChanged { .. })).count()
}

#[tokio::test]
async fn an_empty_field_takes_no_pin_off() {
    let server = Server::start().await;
    let (cookie, id) = with_a_pin(&server, |key| key).await;
    let form = format!("/account/tokens/{id}/pin");
    let page = server.visit(&form, &cookie, None).await.text().await.unwrap();
    let field = page.split("<input").find(|input| input.contains("name=\"pin\"")).unwrap();
    assert!(field.contains(" required"), "{field}");
    for sent in [[("pin", ""), ("place", "before")], [("pin", " "), ("place", "behind")]] {
        let answer = server.visit(&form, &cookie, Some(&sent)).await;
        assert_eq!(answer.status(), 400);
        assert_eq!(token(&server).await.pin, Some(Position::Behind), "{sent:?}");
    }
    let alone = server.visit(&form, &cookie, Some(&[])).await;
    assert_eq!((alone.status().as_u16(), token(&server).await.pin), (400, Some(Position::Behind)));
    assert_eq!(told(&server).await, 0);
}

/// A PIN that moves in front of the code unasked is a wrong code the next time.
#[tokio::test]
async fn the_place_of_a_pin_stays_where_it_is_and_its_rules_are_read_before_it_is_typed() {
    let server = Server::start_with(|config| {
        (config.engine.pin.min_length, config.engine.pin.max_length) = (5, 9);
    })
    .await;
    let (cookie, id) = with_a_pin(&server, |key| key).await;
    let form = format!("/account/tokens/{id}/pin");
    let page = server.visit(&form, &cookie, None).await.text().await.unwrap();
    assert!(
        page.contains("value=\"behind\" checked") && !page.contains("value=\"before\" checked"),
        "{page}"
    );
    assert!(page.contains("5 to 9 digits and nothing else. A row such as 123456"), "{page}");
    for bad in ["9072", "9072618354", "90726a", "1234567", "777777"] {
        let refused = server.visit(&form, &cookie, Some(&[("pin", bad), ("place", "before")])).await;
        assert_eq!(refused.status(), 400, "{bad}: the page said so");
    }
    for fits in ["90726", "907261835"] {
        let set = server.visit(&form, &cookie, Some(&[("pin", fits), ("place", "before")])).await;
        assert_eq!(set.status(), 303, "{fits}: and no more than that");
    }
    let page = server.visit(&form, &cookie, None).await.text().await.unwrap();
    assert!(page.contains("value=\"before\" checked"), "{page}");
}

#[tokio::test]
async fn a_pin_is_taken_off_with_a_button_of_its_own_and_only_one_that_may_go() {
    let server = Server::start().await;
    let (cookie, id) = with_a_pin(&server, |key| key).await;
    let off = format!("/account/tokens/{id}/no-pin");
    let link = format!("href=\"{off}\"");
    let home = server.visit("/account", &cookie, None).await.text().await.unwrap();
    assert!(home.contains(&link), "{home}");
    let asked = server.visit(&off, &cookie, None).await.text().await.unwrap();
    assert!(asked.contains("The code alone is enough then"), "{asked}");
    let answer = server.visit(&off, &cookie, Some(&[])).await;
    assert_eq!(answer.headers()["location"], "/account");
    assert_eq!((token(&server).await.pin, told(&server).await), (None, 1));
    let home = server.visit("/account", &cookie, None).await.text().await.unwrap();
    assert!(!home.contains(&link), "there is none to take off");
    let twice = server.visit(&off, &cookie, Some(&[])).await;
    assert_eq!((twice.status().as_u16(), told(&server).await), (303, 1), "nobody is told twice");

    let server = Server::start().await;
    let (cookie, id) = with_a_pin(&server, Key::with_pin_always).await;
    let off = format!("/account/tokens/{id}/no-pin");
    let home = server.visit("/account", &cookie, None).await.text().await.unwrap();
    assert!(home.contains(&format!("/account/tokens/{id}/pin")) && !home.contains("/no-pin"), "{home}");
    assert_eq!(server.visit(&off, &cookie, None).await.status(), 404);
    assert!(server.visit(&off, &cookie, Some(&[])).await.status().is_client_error());
    assert_eq!(token(&server).await.pin, Some(Position::Behind), "its maker wants one");
}

/// The same page for everybody: somebody who has only a registered device, or a PIN beside the codes, finds his field, too.
#[tokio::test]
async fn the_form_for_codes_is_named_for_each_thing_that_shows_them_and_says_where_a_pin_goes() {
    let server = Server::start().await;
    let parked = server.authorize(&request("shop"), None).await;
    let page = server.visit(parked.headers()["location"].to_str().unwrap(), &cookies(&parked), None).await;
    let page = page.text().await.unwrap();
    for words in [
        "Code of your phone, app or token",
        "change by themselves every half minute or minute",
        "Code of your hardware token",
        "only when you press its button",
    ] {
        assert!(page.contains(words), "{words} is missing in {page}");
    }
    assert_eq!(page.matches("type it in the same field, before or behind the digits").count(), 2, "{page}");
}
