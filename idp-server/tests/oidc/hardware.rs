//! From a vendor's container to a code that signs somebody in, and back: hardware tokens.

use idp_core::{
    Clock as _, Time,
    engine::{Changed, HardwareError},
    hardware::{HardwareState, Leaves},
    methods::otp::{HashFunction, Key, MovingFactor},
    notify::Notice,
};
use idp_server::{accounts, hardware};
use symbolon_pskc::{Container, Integrity, Lock, Unlock, read, write};

use crate::{
    requests::request,
    server::{CALLBACK, NOW, Server, cookies, redirected},
};

const SECRET: &[u8] = b"12345678901234567890";
const VENDOR_KEY: [u8; 32] = [7; 32];
const FIGURE_3: &str = include_str!("../../../adapters/pskc/vectors/figure3.xml");

/// A token of the vendor: an event token that has shown seven codes in the factory.
fn event_token() -> Key {
    Key::new(SECRET.to_vec(), HashFunction::Sha1, 8, MovingFactor::Counter(7)).unwrap()
}

/// And one with a clock.
fn clock_token() -> Key {
    Key::new(SECRET.to_vec(), HashFunction::Sha256, 6, MovingFactor::Time(60)).unwrap()
}

/// The vendor's box: `H1` counts, `T1` follows the time. The container comes encrypted.
fn container() -> Container {
    let counts = FIGURE_3.replace("<PlainValue>0<", "<PlainValue>7<").replace("987654321", "H1");
    let follows = FIGURE_3
        .replace("pskc:hotp", "pskc:totp")
        .replace("<ResponseFormat Length=\"8\"", "<Suite>HMAC-SHA256</Suite><ResponseFormat Length=\"6\"")
        .replace("<Counter>", "<TimeInterval><PlainValue>60</PlainValue></TimeInterval><Time>")
        .replace("</Counter>", "</Time>")
        .replace("Id=\"12345678\"", "Id=\"12345679\"")
        .replace("987654321", "T1");
    let mut container = parsed(&counts);
    container.keys.extend(parsed(&follows).keys);
    written_and_read(&container)
}

/// The same as it comes out of a file.
fn written_and_read(container: &Container) -> Container {
    let lock = Lock::PreShared { key: &VENDOR_KEY, name: "Pre-shared-key" };
    let sent = write(container, lock, &symbolon_aws_lc::SystemRandom::default()).unwrap();
    read(sent.as_bytes(), Unlock::PreShared(&VENDOR_KEY), Integrity::Required).unwrap()
}

fn parsed(text: &str) -> Container {
    read(text.as_bytes(), Unlock::Plain, Integrity::Required).unwrap()
}

/// What is wrong with a container, as the administrator reads it.
async fn refused(server: &Server, container: &Container) -> String {
    let unfit = hardware::fit(server.app.engine(), container).await.unwrap_err();
    unfit.to_string()
}

async fn import(server: &Server, container: &Container) {
    let fit = hardware::fit(server.app.engine(), container).await.unwrap();
    let tokens = fit.into_iter().map(|fit| fit.token).collect();
    server.app.engine().stock_hardware(tokens).await.unwrap();
}

async fn assign(server: &Server, serial: &str, login: &str) -> Result<Changed, HardwareError> {
    let engine = server.app.engine();
    let row = hardware::find(engine, serial, None).await.unwrap();
    engine.assign_hardware(&row, accounts::find(engine, login).await.unwrap().id).await
}

async fn release(server: &Server, serial: &str, leaves: Leaves) -> Changed {
    let row = hardware::find(server.app.engine(), serial, None).await.unwrap();
    server.app.engine().release_hardware(&row, leaves).await.unwrap()
}

/// Whether a code signs somebody in at the page, all the way back to the application.
async fn signs_in(server: &Server, kind: &str, login: &str, code: &str) -> bool {
    let parked = server.authorize(&request("shop"), None).await;
    let id = redirected(&parked).params["id"].clone();
    let form = [("id", id.as_str()), ("kind", kind), ("login", login), ("code", code)];
    let done = server.visit("/login/form", &cookies(&parked), Some(&form)).await;
    if done.status() == 403 {
        return false;
    }
    let back = redirected(&done);
    back.to == CALLBACK && back.params.contains_key("code")
}

fn now_code(server: &Server, key: &Key) -> String {
    key.code(key.step_at(server.clock.now()).unwrap()).unwrap()
}

async fn told(server: &Server) -> Vec<Notice> {
    let rows = server.app.engine().store().notices(server.user.id, 50).await.unwrap();
    rows.into_iter().map(|row| row.notice).collect()
}

#[tokio::test]
async fn tokens_of_a_container_sign_their_owners_in_at_the_page() {
    let server = Server::start().await;
    import(&server, &container()).await;
    let (counts, follows) = (event_token(), clock_token());
    assert!(!signs_in(&server, "hotp", "alice", &counts.code(7).unwrap()).await, "it is in stock");
    assert_eq!(assign(&server, "H1", "alice").await.unwrap(), Changed::Now);
    assert_eq!(assign(&server, "T1", "alice").await.unwrap(), Changed::Now);
    assert!(!signs_in(&server, "hotp", "alice", &counts.code(6).unwrap()).await, "the factory saw that one");
    assert!(signs_in(&server, "hotp", "alice", &counts.code(7).unwrap()).await);
    assert!(!signs_in(&server, "hotp", "alice", &counts.code(7).unwrap()).await, "once");
    assert!(signs_in(&server, "totp", "alice", &now_code(&server, &follows)).await);
    let engine = server.app.engine();
    let added = |kind: &str| Notice::CredentialAdded { kind: kind.to_owned() };
    let told = told(&server).await;
    assert!(told.contains(&added("hotp")) && told.contains(&added("totp")), "{told:?}");
    let audit = engine.store().audit(None, 99).await.unwrap();
    let names: Vec<&str> = audit.iter().map(|row| row.event.name.as_str()).collect();
    for name in ["hardware.imported", "hardware.assigned"] {
        assert!(names.contains(&name), "{names:?}");
    }
}

/// RFC 4226, 7.2: a counter never goes back, whoever had the token in between.
#[tokio::test]
async fn a_code_that_was_used_is_not_good_again_after_the_stock() {
    let server = Server::start().await;
    server.add("bob").await;
    import(&server, &container()).await;
    let (counts, follows) = (event_token(), clock_token());
    let clock_code = now_code(&server, &follows);
    for serial in ["H1", "T1"] {
        assign(&server, serial, "alice").await.unwrap();
    }
    assert!(signs_in(&server, "hotp", "alice", &counts.code(9).unwrap()).await);
    assert!(signs_in(&server, "totp", "alice", &clock_code).await);
    for serial in ["H1", "T1"] {
        assert_eq!(release(&server, serial, Leaves::ToStock).await, Changed::Now);
        assert_eq!(release(&server, serial, Leaves::ToStock).await, Changed::Before, "it may come twice");
        assert_eq!(assign(&server, serial, "bob").await.unwrap(), Changed::Now);
    }
    assert!(!signs_in(&server, "hotp", "bob", &counts.code(9).unwrap()).await, "alice has used it");
    assert!(!signs_in(&server, "totp", "bob", &clock_code).await, "alice has used it");
    assert!(!signs_in(&server, "hotp", "alice", &counts.code(10).unwrap()).await, "it is not hers any more");
    assert!(signs_in(&server, "hotp", "bob", &counts.code(10).unwrap()).await);
    let removed = Notice::CredentialRemoved { kind: "hotp".to_owned(), name: "H1".to_owned() };
    assert!(told(&server).await.contains(&removed));
}

#[tokio::test]
async fn a_disabled_token_signs_nobody_in_until_it_is_in_stock_again() {
    let server = Server::start().await;
    import(&server, &container()).await;
    let counts = event_token();
    assign(&server, "H1", "alice").await.unwrap();
    assert_eq!(assign(&server, "H1", "alice").await.unwrap(), Changed::Before, "it may come twice");
    assert_eq!(release(&server, "H1", Leaves::OutOfUse).await, Changed::Now);
    assert!(!signs_in(&server, "hotp", "alice", &counts.code(7).unwrap()).await);
    assert!(matches!(assign(&server, "H1", "alice").await, Err(HardwareError::NotInStock)));
    assert_eq!(release(&server, "H1", Leaves::ToStock).await, Changed::Now, "it was found");
    assign(&server, "H1", "alice").await.unwrap();
    assert!(signs_in(&server, "hotp", "alice", &counts.code(8).unwrap()).await);
}

/// Whoever looked at a token before it was handed out must not give its old counter to somebody.
#[tokio::test]
async fn an_old_look_at_a_token_hands_nothing_out() {
    let server = Server::start().await;
    import(&server, &container()).await;
    let engine = server.app.engine();
    let old = hardware::find(engine, "H1", None).await.unwrap();
    assign(&server, "H1", "alice").await.unwrap();
    assert!(signs_in(&server, "hotp", "alice", &event_token().code(7).unwrap()).await);
    release(&server, "H1", Leaves::ToStock).await;
    assert_eq!(old.state, HardwareState::InStock);
    let late = engine.assign_hardware(&old, server.user.id).await;
    assert!(matches!(late, Err(HardwareError::Overtaken)), "{late:?}");
    assert!(!signs_in(&server, "hotp", "alice", &event_token().code(7).unwrap()).await);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_with_its_line_and_nothing_is_taken_in() {
    let server = Server::start().await;
    let changes = [
        ("<SerialNo>987654321</SerialNo>", "", "line 4: the token has no serial number"),
        ("pskc:hotp", "pskc:pin2", "line 4: the key is for urn:ietf:params:xml:ns:keyprov:pskc:pin2"),
        ("DECIMAL", "HEXADECIMAL", "line 4: the codes are no decimal digits"),
        ("Length=\"8\"", "Length=\"10\"", "line 4: the codes must have 6, 7 or 8 digits"),
        ("MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=", "MTIzNA==", "line 4: the secret must have 16 to 128 bytes"),
        ("<PlainValue>0<", "<PlainValue>9223372036854775808<", "line 4: the counter must begin"),
        (
            "</Data>",
            "</Data><Policy><KeyUsage>CR</KeyUsage></Policy>",
            "line 4: the policy of the key does not",
        ),
        (
            "</Data>",
            "</Data><Policy><NumberOfTransactions>9</NumberOfTransactions></Policy>",
            "line 4: the policy",
        ),
        (
            "</Data>",
            "</Data><Policy><StartDate>2031-01-01T00:00:00Z</StartDate></Policy>",
            "line 4: the policy",
        ),
        (
            "</Data>",
            "</Data><Policy><PINPolicy PINUsageMode=\"Algorithmic\"/></Policy>",
            "line 4: the policy of the PIN",
        ),
        (
            "</Data>",
            "</Data><Policy><PINPolicy PINUsageMode=\"Append\"/></Policy>",
            "line 4: the policy of the PIN",
        ),
    ];
    for (from, to, expected) in changes {
        assert!(FIGURE_3.contains(from), "{from}");
        let said = refused(&server, &parsed(&FIGURE_3.replacen(from, to, 1))).await;
        assert!(said.starts_with(expected), "{said}");
    }
    let figure =
        include_str!("../../../adapters/pskc/vectors/figure5.xml").replace("\"Local\"", "\"Prepend\"");
    for (from, to, expected) in [
        ("MinLength=\"4\"", "MinLength=\"5\"", "the policy of the PIN is not supported"),
        (
            "MinLength=\"4\"",
            "MinLength=\"4\" MaxFailedAttempts=\"3\"",
            "lower engine.limits.lock_after, which is 10",
        ),
        ("<PlainValue>MTIzNA==<", "<PlainValue>MTIgNA==<", "without spaces and dashes"),
    ] {
        assert!(figure.contains(from), "{from}");
        let said = refused(&server, &parsed(&figure.replacen(from, to, 1))).await;
        assert!(said.contains(expected), "{said}");
    }
    let derived = parsed(include_str!("../../../adapters/pskc/vectors/figure4.xml"));
    assert!(refused(&server, &derived).await.starts_with("line 4: the token has no secret"));
    let twice = parsed(include_str!("../../../adapters/pskc/vectors/figure10.xml"));
    assert_eq!(
        refused(&server, &twice).await,
        "line 70: the token 9999999 of the same manufacturer is in this container twice"
    );
    assert_eq!(server.app.engine().hardware().await.unwrap(), []);
}

#[tokio::test]
async fn a_token_is_taken_in_once_and_all_of_a_container_or_none() {
    let server = Server::start().await;
    let (engine, container) = (server.app.engine(), container());
    let late = hardware::fit(engine, &container).await.unwrap();
    import(&server, &container).await;
    let said = refused(&server, &container).await;
    assert!(said.contains("the token H1 of the same manufacturer is in the inventory already"), "{said}");
    // Somebody else was faster between the look and the import: one of two is there already.
    let mut tokens: Vec<_> = late.into_iter().map(|fit| fit.token).collect();
    tokens[0].serial = "H2".to_owned();
    assert!(matches!(engine.stock_hardware(tokens).await, Err(HardwareError::Taken)));
    assert_eq!(engine.hardware().await.unwrap().len(), 2, "H2 is not there either");
    let other = parsed(&FIGURE_3.replace("987654321", "H1").replace(">Manufacturer<", ">Another<"));
    import(&server, &other).await;
    let several = hardware::find(engine, "H1", None).await.unwrap_err().to_string();
    assert!(several.ends_with("one of: \"Another\", \"Manufacturer\""), "{several}");
    assert_eq!(hardware::find(engine, "H1", Some("Another")).await.unwrap().manufacturer, "Another");
    assert!(hardware::find(engine, "H3", None).await.is_err());
}

/// RFC 6030, 5: the end that its maker set.
#[tokio::test]
async fn a_token_gives_no_codes_after_its_expiry() {
    let server = Server::start().await;
    let end = "</Data><Policy><ExpiryDate>2027-01-15T09:00:00Z</ExpiryDate></Policy>";
    import(&server, &parsed(&FIGURE_3.replace("</Data>", end))).await;
    let key = Key::new(SECRET.to_vec(), HashFunction::Sha1, 8, MovingFactor::Counter(0)).unwrap();
    assign(&server, "987654321", "alice").await.unwrap();
    assert!(signs_in(&server, "hotp", "alice", &key.code(0).unwrap()).await);
    let expiry = Time(1_800_003_600);
    server.clock.advance(expiry.0 - NOW.0 - 1);
    assert!(signs_in(&server, "hotp", "alice", &key.code(1).unwrap()).await, "a second before");
    server.clock.advance(1);
    assert!(!signs_in(&server, "hotp", "alice", &key.code(2).unwrap()).await);
    release(&server, "987654321", Leaves::ToStock).await;
    assert!(matches!(assign(&server, "987654321", "alice").await, Err(HardwareError::Expired)));
}

/// A PIN of the container is checked here if its policy says so, and by the token if it says that.
#[tokio::test]
async fn a_pin_of_the_container_belongs_in_front_of_the_code_or_into_the_token() {
    let server = Server::start().await;
    let figure = include_str!("../../../adapters/pskc/vectors/figure5.xml");
    let local = figure.replace("987654321", "L1");
    import(&server, &parsed(&local)).await;
    import(&server, &parsed(&figure.replace("\"Local\"", "\"Prepend\"").replace("987654321", "P1"))).await;
    let key = Key::new(SECRET.to_vec(), HashFunction::Sha1, 8, MovingFactor::Counter(0)).unwrap();
    assign(&server, "P1", "alice").await.unwrap();
    assert!(!signs_in(&server, "hotp", "alice", &key.code(0).unwrap()).await, "without the PIN");
    assert!(
        !signs_in(&server, "hotp", "alice", &format!("4321{}", key.code(0).unwrap())).await,
        "another one"
    );
    assert!(signs_in(&server, "hotp", "alice", &format!("1234{}", key.code(0).unwrap())).await);
    server.add("bob").await;
    assign(&server, "L1", "bob").await.unwrap();
    assert!(signs_in(&server, "hotp", "bob", &key.code(0).unwrap()).await, "the token asked for it");
}

/// Whoever writes a container does not choose which codes of long ago count.
#[tokio::test]
async fn a_container_moves_the_window_of_codes_two_steps_at_most() {
    for (said, kept) in [("-100", -2), ("-1", -1), ("2147483647", 2)] {
        let server = Server::start().await;
        let drift = format!("</Time><TimeDrift><PlainValue>{said}</PlainValue></TimeDrift>");
        let text = FIGURE_3
            .replace("pskc:hotp", "pskc:totp")
            .replace("<Counter>", "<Time>")
            .replace("</Counter>", &drift);
        import(&server, &parsed(&text)).await;
        assert_eq!(hardware::find(server.app.engine(), "987654321", None).await.unwrap().drift, kept);
        assign(&server, "987654321", "alice").await.unwrap();
        let key = Key::new(SECRET.to_vec(), HashFunction::Sha1, 8, MovingFactor::Time(30)).unwrap();
        let now = key.step_at(NOW).unwrap();
        let beyond = now + i64::from(kept) + 2 * i64::from(kept.signum());
        assert!(!signs_in(&server, "totp", "alice", &key.code(beyond).unwrap()).await, "{said}");
        let last = now + i64::from(kept) + i64::from(kept.signum());
        assert!(signs_in(&server, "totp", "alice", &key.code(last).unwrap()).await, "{said}");
    }
    let counts =
        FIGURE_3.replace("</Counter>", "</Counter><TimeDrift><PlainValue>2</PlainValue></TimeDrift>");
    let server = Server::start().await;
    import(&server, &parsed(&counts)).await;
    assert_eq!(
        hardware::find(server.app.engine(), "987654321", None).await.unwrap().drift,
        0,
        "it has no clock"
    );
    for bad in ["-", "--1", "+1", "1.5", "2147483648", "-2147483649", ""] {
        let drift = format!("</Counter><TimeDrift><PlainValue>{bad}</PlainValue></TimeDrift>");
        let text = FIGURE_3.replace("</Counter>", &drift);
        assert!(read(text.as_bytes(), Unlock::Plain, Integrity::Required).is_err(), "{bad:?}");
    }
}

#[tokio::test]
async fn an_export_is_an_import_elsewhere_with_the_newest_counter() {
    let server = Server::start().await;
    import(&server, &container()).await;
    let pin = include_str!("../../../adapters/pskc/vectors/figure5.xml").replace("\"Local\"", "\"Append\"");
    import(&server, &parsed(&pin)).await;
    import(&server, &parsed(&FIGURE_3.replace("987654321", "D1"))).await;
    release(&server, "D1", Leaves::OutOfUse).await;
    assign(&server, "H1", "alice").await.unwrap();
    assert!(signs_in(&server, "hotp", "alice", &event_token().code(11).unwrap()).await);
    // The clock of the other one runs slowly, and is followed.
    assign(&server, "T1", "alice").await.unwrap();
    let (clock, minute) = (clock_token(), 60);
    let behind =
        |server: &Server, steps| clock.code(clock.step_at(server.clock.now()).unwrap() - steps).unwrap();
    assert!(signs_in(&server, "totp", "alice", &behind(&server, 1)).await);
    server.clock.advance(2 * minute);
    assert!(signs_in(&server, "totp", "alice", &behind(&server, 2)).await);

    let left = hardware::container(&server.app.engine().export_hardware().await.unwrap());
    assert_eq!(
        (left.container.keys.len(), left.with_pin),
        (2, 1),
        "neither disabled ones, nor those with a PIN"
    );
    let elsewhere = Server::start().await;
    elsewhere.clock.advance(4 * minute);
    import(&elsewhere, &written_and_read(&left.container)).await;
    for serial in ["H1", "T1"] {
        assign(&elsewhere, serial, "alice").await.unwrap();
    }
    assert!(!signs_in(&elsewhere, "hotp", "alice", &event_token().code(11).unwrap()).await, "used here");
    assert!(signs_in(&elsewhere, "hotp", "alice", &event_token().code(12).unwrap()).await);
    assert!(signs_in(&elsewhere, "totp", "alice", &behind(&elsewhere, 3)).await, "its drift came along");
    assert!(signs_in(&elsewhere, "totp", "alice", &now_code(&elsewhere, &clock_token())).await);
    let audit = server.app.engine().store().audit(None, 1).await.unwrap();
    assert_eq!(audit[0].event.name, "hardware.exported");
}

/// What was imported with a time that is far ahead would never give a code that counts.
#[tokio::test]
async fn a_token_from_the_future_is_refused() {
    let server = Server::start().await;
    let mut container = container();
    for (steps, fits) in [(0, true), (3, true), (4, false), (1_000_000, false)] {
        container.keys[1].data.time = Some(u64::try_from(NOW.0 / 60 + steps).unwrap());
        assert_eq!(hardware::fit(server.app.engine(), &container).await.is_ok(), fits, "{steps}");
    }
}
