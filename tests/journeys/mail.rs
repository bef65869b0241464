//! Does a person hear by mail what happens to the account? With real processes, and a mail server of somebody else's.

use symbolon_tests::process::{Mailbox, Terminal, Town};

/// A town whose mail goes there.
async fn town_with(mailbox: &Mailbox) -> Town {
    Town::with(&[
        ("SYMBOLON_MAIL_HOST", "localhost"),
        ("SYMBOLON_MAIL_PORT", mailbox.port.to_string().leak()),
        ("SYMBOLON_MAIL_SECURITY", "none"),
        ("SYMBOLON_MAIL_FROM", "Example sign-in <id@example.org>"),
    ])
    .await
}

/// NIST SP 800-63B-4, 4.6: by a channel that is not the one that was just used.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs aiosmtpd: tests/interop/python/venv.sh"]
async fn a_person_who_enrols_a_device_finds_a_mail_about_it() {
    let mut mailbox = Mailbox::open(&[]).await;
    let town = town_with(&mailbox).await;
    town.admin(&["user", "set", "alice", "--email", "alice@example.org"], "").await;
    let terminal = Terminal::new();
    terminal.enrol(&town).await;
    // The first mail is about the sign-in with a browser that was not known.
    let added = loop {
        let mail = mailbox.mail().await;
        assert_eq!(mail["to"][0], "alice@example.org");
        let content = mail["content"].as_str().unwrap().to_owned();
        if content.contains("Subject: Symbolon: A device was added") {
            break content;
        }
    };
    assert!(added.contains(&format!("{}/account", town.issuer)), "{added}");
    assert!(added.contains("127.0.0.1"), "from where: {added}");
}

/// The mail without its transfer encoding, as far as the test needs it.
fn readable(mail: &serde_json::Value) -> String {
    mail["content"].as_str().unwrap().replace("=\r\n", "").replace("=3D", "=")
}

/// The picture in a mail, decoded.
fn picture(mail: &str) -> image::GrayImage {
    let part = mail.split("Content-Type: image/png").nth(1).expect("a picture");
    let body = part.split("\r\n\r\n").nth(1).unwrap().split("\r\n--").next().unwrap().replace("\r\n", "");
    let png = data_encoding::BASE64.decode(body.as_bytes()).unwrap();
    image::load_from_memory(&png).unwrap().to_luma8()
}

/// Whether the picture is the QR code of this text, with the border that cameras need.
fn shows(picture: &image::GrayImage, text: &str) {
    let code = qrcode::QrCode::with_error_correction_level(text, qrcode::EcLevel::M).unwrap();
    let (width, side) = (u32::try_from(code.width()).unwrap(), picture.width());
    let module = side / (width + 8);
    assert!(module >= 4 && side == module * (width + 8) && picture.height() == side, "{side} for {width}");
    let colors = code.to_colors();
    for (x, y) in (0..width + 8).flat_map(|x| (0..width + 8).map(move |y| (x, y))) {
        let inside = |at: u32| at.checked_sub(4).filter(|at| *at < width).map(|at| at as usize);
        let module_of = |(x, y)| colors[y * code.width() + x];
        let expected = inside(x).zip(inside(y)).map_or(qrcode::Color::Light, module_of);
        let seen = picture.get_pixel(x * module + module / 2, y * module + module / 2).0[0];
        assert_eq!(seen, if expected == qrcode::Color::Dark { 0 } else { 255 }, "{x} {y}");
    }
}

/// What the mail of an invitation is: text, HTML with the link written out, and a picture of that very link.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs aiosmtpd: tests/interop/python/venv.sh"]
async fn an_invited_person_gets_a_link_and_its_picture_by_mail_and_the_digits_otherwise() {
    let mut mailbox = Mailbox::open(&[]).await;
    let town = town_with(&mailbox).await;
    let (status, _, why) = town.asks(&["user", "invite", "alice", "--mail"], "").await;
    assert!(status != Some(0) && why.contains("has no address for mail"), "{why}");
    let settings = ["user", "set", "alice", "--email", "alice@example.org", "--locale", "de"];
    town.admin(&settings, "").await;
    let (status, said, why) = town.asks(&["user", "invite", "alice", "--mail", "--picture"], "").await;
    assert_eq!(status, Some(0), "{why}");
    let link = said.split_whitespace().find(|word| word.contains("/activate/")).expect("the link").to_owned();
    let is_digits = |word: &&str| word.len() == 8 && word.bytes().all(|byte| byte.is_ascii_digit());
    let digits = said.split_whitespace().find(is_digits).expect("the digits").to_owned();
    let mail = loop {
        let mail = mailbox.mail().await;
        if mail["content"].as_str().unwrap().contains("image/png") {
            break mail;
        }
    };
    assert_eq!(mail["to"][0], "alice@example.org");
    let text = readable(&mail);
    assert!(
        text.contains(&format!("<a href=\"{link}\">{link}</a>")),
        "what it says is where it leads: {text}"
    );
    assert_eq!(text.matches(&link).count(), 3, "once in the text, twice in the HTML: {text}");
    assert!(!text.contains(&digits), "the digits go another way: {text}");
    assert!(text.contains("<html lang=\"de\">") && text.contains("src=\"cid:qr-code\""), "{text}");
    assert!(
        text.contains("Content-ID: <qr-code>") && !text.contains("src=\"http"),
        "nothing is fetched: {text}"
    );
    shows(&picture(mail["content"].as_str().unwrap()), &link);
}
