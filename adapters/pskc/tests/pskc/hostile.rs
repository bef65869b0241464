//! What do hostile files reach? A sentence with a line number.

use symbolon_pskc::{Integrity, MAX_KEYS, Problem, Unlock, read};

use super::{plain, refusal};

const FIGURE_3: &str = include_str!("../../vectors/figure3.xml");

/// Figure 3 with one thing changed.
fn changed(from: &str, to: &str) -> String {
    assert!(FIGURE_3.contains(from), "{from}");
    FIGURE_3.replacen(from, to, 1)
}

#[test]
fn billion_laughs() {
    let mut text = "<?xml version=\"1.0\"?>\n<!DOCTYPE laughs [\n<!ENTITY a0 \"ha\">\n".to_owned();
    for level in 1..10 {
        let before = format!("&a{};", level - 1);
        text += &format!("<!ENTITY a{level} \"{}\">\n", before.repeat(10));
    }
    text += "]>\n<KeyContainer Version=\"1.0\">&a9;</KeyContainer>";
    assert_eq!(refusal(plain(&text)), (2, Problem::DocumentType));
}

#[test]
fn an_external_entity_fetches_nothing() {
    let text = "<!DOCTYPE k SYSTEM \"file:///etc/passwd\">\n<KeyContainer/>";
    assert_eq!(refusal(plain(text)), (1, Problem::DocumentType));
    let text = changed("<SerialNo>987654321", "<SerialNo>&passwd;");
    assert_eq!(refusal(plain(&text)), (7, Problem::Entity));
    let text = changed("Id=\"12345678\"", "Id=\"&passwd;\"");
    assert_eq!(refusal(plain(&text)), (11, Problem::Entity));
}

#[test]
fn the_five_entities_and_numbers_of_characters_are_read() {
    let text =
        changed("<Manufacturer>Manufacturer", "<Manufacturer>A&amp;B &lt;&#x43;&#68;&gt; &quot;&apos;");
    let key = plain(&text).unwrap().keys.remove(0);
    assert_eq!(key.device.manufacturer.unwrap().as_str(), "A&B <CD> \"'");
    for control in ["&#0;", "&#8;", "&#x1f;", "&#xFFFE;", "&#xD800;", "&#x110000;"] {
        let text = changed("<SerialNo>987654321", &format!("<SerialNo>{control}"));
        assert_eq!(refusal(plain(&text)), (7, Problem::Entity), "{control}");
    }
}

#[test]
fn nested_a_hundred_thousand_deep() {
    let text = format!("{}{}", "<a>\n".repeat(100_000), "</a>".repeat(100_000));
    let (line, problem) = refusal(plain(&text));
    assert_eq!((line, matches!(problem, Problem::Limit(_))), (25, true));
}

#[test]
fn elements_tags_texts_and_keys_without_end() {
    let many = format!("<a>{}</a>", "<b/>".repeat(200_001));
    let tag = format!("<a {}/>", (0..2_000).map(|n| format!("a{n}=\"\" ")).collect::<String>());
    let text = format!("<a>{}</a>", "x".repeat(100_000));
    let spaces = (0..1_000).map(|n| format!("xmlns:a{n}=\"u\" ")).collect::<String>();
    for hostile in [many, tag, text] {
        let (_, problem) = refusal(plain(&hostile));
        assert!(matches!(problem, Problem::Limit(_)), "{problem}");
    }
    assert!(plain(&format!("<a {spaces}/>")).is_err());
    let (head, rest) = FIGURE_3.split_once("  <KeyPackage>").unwrap();
    let package = "<KeyPackage><Key/></KeyPackage>\n".repeat(MAX_KEYS);
    assert_eq!(plain(&format!("{head}{package}</KeyContainer>")).unwrap().keys.len(), MAX_KEYS);
    let (_, problem) = refusal(plain(&format!("{head}{package}  <KeyPackage>{rest}")));
    assert!(matches!(problem, Problem::Limit(_)), "{problem}");
}

#[test]
fn broken_utf_8_and_other_encodings() {
    let mut bytes = FIGURE_3.as_bytes().to_vec();
    let at = FIGURE_3.find("987654321").unwrap();
    bytes[at] = 0xff;
    let error = read(&bytes, Unlock::Plain, Integrity::Required).unwrap_err();
    assert_eq!((error.line, error.problem), (7, Problem::NotUtf8));
    assert_eq!(refusal(plain(&changed("UTF-8", "UTF-7"))), (1, Problem::NotUtf8));
    let wide: Vec<u8> = FIGURE_3.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(read(&wide, Unlock::Plain, Integrity::Required).is_err());
    assert_eq!(refusal(plain(&changed("987654321", "98765\u{0}4321"))), (7, Problem::Control));
}

/// A serial number that turns the direction of writing would show the administrator another one.
#[test]
fn names_that_deceive() {
    for bad in ["\u{202e}123", "a\u{200b}b", &"9".repeat(65)] {
        let (line, problem) = refusal(plain(&changed("987654321", bad)));
        assert_eq!((line, matches!(problem, Problem::Value { .. })), (7, true), "{bad:?}");
    }
}

/// Wherever a file was cut off, nothing of it is taken, and the line is one of the file.
#[test]
fn truncated_anywhere() {
    let end = FIGURE_3.trim_end().len();
    let lines = u32::try_from(FIGURE_3.lines().count()).unwrap();
    for length in (0..end).filter(|length| FIGURE_3.is_char_boundary(*length)) {
        let (line, _) = refusal(plain(&FIGURE_3[..length]));
        assert!((1..=lines).contains(&line), "{length}: {line}");
    }
}

#[test]
fn what_is_there_twice_is_refused() {
    let doubled = [
        ("<SerialNo>987654321</SerialNo>", 7),
        ("<Issuer>Issuer</Issuer>", 12),
        ("<Counter><PlainValue>0</PlainValue></Counter>", 16),
        ("<ResponseFormat Length=\"8\" Encoding=\"DECIMAL\"/>", 13),
        ("<Secret><PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</PlainValue></Secret>", 15),
        ("<PlainValue>0</PlainValue>", 16),
    ];
    for (element, line) in doubled {
        let (at, problem) = refusal(plain(&changed(element, &element.repeat(2))));
        assert!(matches!(problem, Problem::Twice(_)), "{element}: {problem}");
        assert_eq!(at, line, "{element}");
    }
    let (line, problem) = refusal(plain(&changed("Id=\"12345678\"", "Id=\"12345678\" Id=\"87654321\"")));
    assert_eq!((line, matches!(problem, Problem::Xml(_))), (11, true), "{problem}");
}

#[test]
fn two_keys_with_one_id_are_refused() {
    let text = include_str!("../../vectors/figure10.xml").replace("Id=\"4\"", "Id=\"2\"");
    assert_eq!(refusal(plain(&text)), (70, Problem::Twice("the key with the id 2".to_owned())));
}

/// RFC 6030, 5: whoever does not understand a policy must not use the key.
#[test]
fn policies_that_nobody_knows_are_refused() {
    let policies = [
        "<Policy><OnWeekDaysOnly/></Policy>",
        "<Policy><x:Own xmlns:x=\"urn:x\"/></Policy>",
        "<Policy><KeyUsage>Dance</KeyUsage></Policy>",
        "<Policy><PINPolicy OnWeekDaysOnly=\"true\"/></Policy>",
        "<Policy><PINPolicy PINUsageMode=\"Sing\"/></Policy>",
        "<Policy><PINPolicy><Own/></PINPolicy></Policy>",
        "<Policy><ExpiryDate>tomorrow</ExpiryDate></Policy>",
    ];
    for policy in policies {
        let (line, problem) = refusal(plain(&changed("</Data>", &format!("</Data>{policy}"))));
        assert_eq!(line, 17, "{policy}: {problem}");
    }
    let extension = "<x:Own xmlns:x=\"urn:x\"><x:More/></x:Own>";
    assert!(plain(&changed("</Data>", &format!("</Data>{extension}"))).is_ok());
}

#[test]
fn what_is_not_understood_is_refused() {
    let changes = [
        ("<KeyPackage>", "<KeyPackage><Own/>", 4),
        ("Encoding=\"DECIMAL\"", "Encoding=\"KLINGON\"", 13),
        ("Encoding=\"DECIMAL\"", "Encoding=\"DECIMAL\" CheckDigits=\"true\"", 13),
        ("Length=\"8\"", "Length=\"800\"", 13),
        ("<PlainValue>0<", "<PlainValue>-1<", 16),
        ("<PlainValue>0<", "<PlainValue>+1<", 16),
        ("<PlainValue>0<", "<PlainValue>99999999999999999999<", 16),
        ("MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=", "not base64!", 15),
        ("Version=\"1.0\" Id", "Version=\"2.0\" Id", 3),
        ("<KeyPackage>", "<KeyPackage>text", 4),
        ("<KeyPackage>", "<?php echo 1 ?><KeyPackage>", 4),
    ];
    for (from, to, line) in changes {
        let (at, problem) = refusal(plain(&changed(from, to)));
        assert_eq!(at, line, "{to}: {problem}");
    }
    for other in ["", "x", "<a/>", "<KeyContainer Version=\"1.0\"/>", "<p:a/>", "</a>", "<a/><a/>"] {
        assert!(plain(other).is_err(), "{other}");
    }
}

#[test]
fn no_message_has_a_secret_in_it() {
    let secret = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=";
    for to in
        [&format!("{secret}!"), &format!("{secret}<x/>"), &format!("{secret}&x;"), &format!("{secret}<")]
    {
        let error = plain(&changed(secret, to)).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("MTIz"), "{error}");
    }
    let container = plain(FIGURE_3).unwrap();
    let shown = format!("{container:?}");
    assert!(shown.contains("Secret(20 bytes)") && !shown.contains("49, 50"), "{shown}");
}
