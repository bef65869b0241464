//! Hardware tokens: what their owners do with them, and what administrators do in the terminal.

use idp_core::{
    Id, Refusal,
    credential::CredentialRow,
    engine::NewHardware,
    hardware::{HardwareRow, HardwareState, Leaves},
    methods::otp::{HashFunction, Key, MovingFactor},
    session::SessionRow,
};
use serde_json::json;
use symbolon_tests::{Browser, World, browser::refusal, process::Town, web::WebBrowser, world::START};

const SECRET: &[u8] = b"12345678901234567890";
/// One token that counts: in plain, as some vendors still deliver it, and encrypted.
const PLAIN: &str = include_str!("../../adapters/pskc/vectors/figure3.xml");
const ENCRYPTED: &str = include_str!("../../adapters/pskc/vectors/figure6.xml");

fn key() -> Key {
    Key::new(SECRET.to_vec(), HashFunction::Sha1, 8, MovingFactor::Counter(0)).unwrap().with_serial("H1")
}

fn code(count: i64) -> String {
    key().code(count).unwrap()
}

async fn token(world: &World) -> HardwareRow {
    world.engine.hardware_by_serial("H1").await.unwrap().remove(0)
}

/// A session with a password and a code of the token.
async fn with_both(world: &World, count: i64) -> SessionRow {
    Browser::new(world).with_code("alice", "hotp", &code(count)).await.expect("a session").session
}

/// The owner may take a token off his account, as any other; what he used stays used.
async fn taken_off(world: World) {
    let user = world.user("alice").await;
    let new = NewHardware {
        manufacturer: "Maker".to_owned(),
        serial: "H1".to_owned(),
        key: key(),
        counter: 0,
        drift: 0,
        expires_at: None,
    };
    world.engine.stock_hardware(vec![new]).await.unwrap();
    world.engine.assign_hardware(&token(&world).await, user.id).await.unwrap();
    let session = with_both(&world, 4).await;
    world.clock.advance(60);
    let credential: Id<CredentialRow> = token(&world).await.credential.unwrap();
    world.engine.remove_token(&session, credential).await.unwrap();
    let left = token(&world).await;
    assert_eq!(
        (left.state, left.counter, left.user, left.since),
        (HardwareState::InStock, 5, None, START + 60)
    );
    world.engine.assign_hardware(&left, user.id).await.unwrap();
    let browser = Browser::new(&world);
    let id = browser.open().await;
    let again =
        world.engine.answer_form(&browser.claimant, id, "hotp", "alice", json!({ "code": code(4) })).await;
    assert_eq!(refusal(again), Refusal::Wrong, "the code of before");

    // Whoever finds a lost one has what the stock would hand to the next person.
    world.engine.reset_account(user.id).await.unwrap();
    let lost = token(&world).await;
    assert_eq!((lost.state, lost.counter, lost.user), (HardwareState::Disabled, 5, None));
    assert_eq!(world.engine.tokens(user.id).await.unwrap(), []);
}

#[tokio::test]
async fn a_token_that_its_owner_takes_off_keeps_its_counter() {
    taken_off(World::new().await).await;
    taken_off(World::sqlite().await).await;
    taken_off(World::two_nodes().await.0).await;
}

/// What is typed is held against every token of its kind: six are six chances to hit.
#[tokio::test]
async fn a_person_has_five_tokens_of_one_kind_at_most() {
    let world = World::new().await;
    let user = world.user("alice").await;
    let step = MovingFactor::Time(30);
    let counting = (0..6).map(|number| (format!("H{number}"), MovingFactor::Counter(0)));
    for (serial, factor) in counting.chain([("T0".to_owned(), step)]) {
        let key = Key::new(SECRET.to_vec(), HashFunction::Sha1, 8, factor).unwrap().with_serial(&serial);
        let new =
            NewHardware { manufacturer: String::new(), serial, key, counter: 0, drift: 0, expires_at: None };
        world.engine.stock_hardware(vec![new]).await.unwrap();
    }
    let hand_out = async |serial: &str| {
        let row = world.engine.hardware_by_serial(serial).await.unwrap().remove(0);
        world.engine.assign_hardware(&row, user.id).await
    };
    for serial in ["H0", "H1", "H2", "H3", "H4", "T0"] {
        hand_out(serial).await.expect("another kind is another form");
    }
    let refused = hand_out("H5").await.unwrap_err();
    assert!(
        refused.to_string().contains("has 5 tokens of this kind already; take one back first"),
        "{refused}"
    );
    hand_out("H4").await.expect("whoever has it keeps it");
    let row = world.engine.hardware_by_serial("H0").await.unwrap().remove(0);
    world.engine.release_hardware(&row, Leaves::ToStock).await.unwrap();
    hand_out("H5").await.expect("there is room");
}

#[tokio::test]
async fn an_administrator_manages_tokens_in_the_terminal() {
    let town = Town::new().await;
    let file = |name: &str, content: &[u8]| town.folder.file(name, content).display().to_string();
    let (plain, encrypted) = (file("plain.xml", PLAIN.as_bytes()), file("sent.xml", ENCRYPTED.as_bytes()));
    let right = file("key", b"12345678901234567890123456789012\n");
    let wrong = file("wrong", &[200; 16]);
    let long = file("long", &[200; 17]);

    // Whatever is wrong is told with its line, and nothing is taken in.
    let broken = file("broken.xml", PLAIN.replace("</Issuer>", "</Isuer>").as_bytes());
    for (arguments, code, says) in [
        (vec!["import", &broken], 1, "line 12: "),
        (vec!["import", &encrypted], 1, "line 4: the container is encrypted"),
        (
            vec!["import", &encrypted, "--key-file", &wrong],
            1,
            "line 30: the key or password is not the right one",
        ),
        (vec!["import", &encrypted, "--key-file", &long], 1, "16, 24 or 32 bytes"),
        (
            vec!["import", &encrypted, "--key-file", &right, "--password-file", &right],
            2,
            "cannot be used with",
        ),
        (vec!["assign", "987654321", "alice"], 1, "no token with this serial number"),
        (vec!["export", "/nowhere/at/all.xml", "--key-file", &right], 1, "cannot be made"),
        (vec!["export", "all.xml"], 2, "required"),
    ] {
        let (ended, said, complained) = town.asks(&[&["token"], &*arguments].concat(), "").await;
        assert_eq!((ended, said.as_str()), (Some(code), ""), "{arguments:?}: {complained}");
        assert!(complained.contains(says), "{arguments:?}: {complained}");
    }

    let does = async |arguments: &[&str], input: &str| {
        let (ended, said, complained) = town.asks(&[&["token"], arguments].concat(), input).await;
        assert_eq!(ended, Some(0), "{arguments:?}: {complained}");
        said
    };
    let said = does(&["import", &encrypted, "--key-file", &right, "--dry-run"], "").await;
    assert!(said.contains("1 tokens could be taken in") && does(&["list"], "").await.lines().count() == 1);
    assert!(
        does(&["import", &encrypted, "--key-file", &right], "")
            .await
            .contains("1 tokens are in the inventory")
    );
    let (ended, _, complained) = town.asks(&["token", "import", &plain], "").await;
    assert!(ended == Some(1) && complained.contains("line 4: the token 987654321"), "{complained}");

    does(&["assign", "987654321", "alice"], "").await;
    assert!(does(&["list"], "").await.contains("assigned"));
    signs_in(&town, 0).await;
    let pair = format!("{}\n{}\n", code(60), code(61));
    assert!(does(&["resync", "987654321"], &pair).await.contains("in step again"));
    let (ended, _, complained) = town.asks(&["token", "resync", "987654321"], &pair).await;
    assert!(ended == Some(1) && complained.contains("not two codes in a row"), "{complained}");
    signs_in(&town, 62).await;

    let out = town.folder.0.join("out.xml").display().to_string();
    let password = file("password", b"a long password\n");
    does(&["export", &out, "--password-file", &password], "").await;
    let text = std::fs::read_to_string(&out).unwrap();
    assert!(text.contains("<PlainValue>63</PlainValue>") && !text.contains("MTIzNDU2"), "{text}");
    let (ended, ..) = town.asks(&["token", "export", &out, "--password-file", &password], "").await;
    assert_eq!(ended, Some(1), "nothing is written over");
    does(&["take-back", "987654321"], "").await;
    assert!(does(&["list"], "").await.contains("in stock"));
    does(&["disable", "987654321"], "").await;
    assert!(does(&["list"], "").await.contains("disabled"));
}

/// Signs alice in to the account pages with a code of her token.
async fn signs_in(town: &Town, count: i64) {
    let mut browser = WebBrowser::new();
    browser.open(&format!("{}/account", town.issuer)).await;
    let form = [("kind", "hotp"), ("login", "alice"), ("code", &*code(count))];
    browser.submit("/login/form", &form).await;
    assert!(browser.html.contains("Alice Example"), "{}", browser.html);
}
