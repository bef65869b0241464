//! What does somebody reach who changes an encrypted container on its way?

use data_encoding::BASE64;
use symbolon_pskc::{Integrity, Lock, Problem, Unlock, read};

use super::{FIGURE_6, KEY, SECRET, by_password, one_key, plain, refusal, shared, written};

const CIPHERTEXT: &str = "AAECAwQFBgcICQoLDA0OD+cIHItlB3Wra1DUpxVvOx2lef1VmNPCMl8jwZqIUqGv";
const MAC: &str = "Su+NvtQfmvfJzF6bmQiJqoLRExc=";
const MAC_KEY: &str = "ESIzRFVmd4iZABEiM0RVZgKn6WjLaTC1sbeBMSvIhRejN9vJa2BOlSaMrR7I5wSX";
/// The line of the MAC in figure 6.
const AT: u32 = 30;

/// A Base64 text with one bit changed.
fn flipped(text: &str, at: usize) -> String {
    let mut bytes = BASE64.decode(text.as_bytes()).unwrap();
    bytes[at] ^= 1;
    BASE64.encode(&bytes)
}

/// Every bit of the IV, of the ciphertext and of its padding is under the MAC, and every change has the same answer: no
/// answer tells about the padding (Vaudenay), and none of the plain text is ever computed.
#[test]
fn a_padding_oracle_has_nothing_to_ask() {
    for at in 0..BASE64.decode(CIPHERTEXT.as_bytes()).unwrap().len() {
        let text = FIGURE_6.replace(CIPHERTEXT, &flipped(CIPHERTEXT, at));
        assert_eq!(refusal(shared(&text)), (AT, Problem::Unopened), "{at}");
    }
    for at in 0..20 {
        let text = FIGURE_6.replace(MAC, &flipped(MAC, at));
        assert_eq!(refusal(shared(&text)), (AT, Problem::Unopened), "{at}");
    }
}

/// The MAC key itself has no MAC. What goes wrong with its padding looks as a wrong MAC does.
#[test]
fn a_changed_mac_key_looks_like_a_wrong_mac() {
    for at in 0..BASE64.decode(MAC_KEY.as_bytes()).unwrap().len() {
        // The last bytes of a block of padding are XML Encryption's to choose, so some changes change nothing.
        let text = FIGURE_6.replace(MAC_KEY, &flipped(MAC_KEY, at));
        match shared(&text) {
            Ok(container) => assert_eq!(*container.keys[0].data.secret.as_ref().unwrap().0, SECRET, "{at}"),
            refused => assert_eq!(refusal(refused), (AT, Problem::Unopened), "{at}"),
        }
    }
}

/// A shortened MAC would be guessed in a few tries.
#[test]
fn a_shortened_mac_is_wrong() {
    let mac = BASE64.decode(MAC.as_bytes()).unwrap();
    for length in 1..mac.len() {
        let text = FIGURE_6.replace(MAC, &BASE64.encode(&mac[..length]));
        assert_eq!(refusal(shared(&text)), (AT, Problem::Unopened), "{length}");
    }
}

#[test]
fn cbc_without_a_mac_is_refused() {
    let (head, rest) = FIGURE_6.split_once("<ValueMAC>").unwrap();
    let (_, rest) = rest.split_once("</ValueMAC>").unwrap();
    let text = format!("{head}{rest}");
    assert_eq!(refusal(shared(&text)), (24, Problem::WithoutMac));
    let dangerous = read(text.as_bytes(), Unlock::PreShared(&KEY), Integrity::DangerUnchecked).unwrap();
    assert_eq!(*dangerous.keys[0].data.secret.as_ref().unwrap().0, SECRET);
    // A MAC that is there is looked at even then.
    let wrong = FIGURE_6.replace(MAC, &flipped(MAC, 0));
    let read = read(wrong.as_bytes(), Unlock::PreShared(&KEY), Integrity::DangerUnchecked);
    assert_eq!(refusal(read), (AT, Problem::Unopened));
}

#[test]
fn a_mac_without_a_method_is_refused() {
    let (head, rest) = FIGURE_6.split_once("<MACMethod").unwrap();
    let (_, rest) = rest.split_once("</MACMethod>").unwrap();
    for integrity in [Integrity::Required, Integrity::DangerUnchecked] {
        let (_, problem) =
            refusal(read(format!("{head}{rest}").as_bytes(), Unlock::PreShared(&KEY), integrity));
        assert!(matches!(problem, Problem::Missing { .. }), "{problem}");
    }
}

/// Whoever has no key cannot encrypt a secret of his own, so he would write it in plain.
#[test]
fn a_plain_secret_in_an_encrypted_container_is_refused() {
    let (head, rest) = FIGURE_6.split_once("<EncryptedValue>").unwrap();
    let (_, rest) = rest.split_once("</ValueMAC>").unwrap();
    let text = format!("{head}<PlainValue>AAAAAAAAAAAAAAAAAAAAAA==</PlainValue>{rest}");
    assert_eq!(refusal(shared(&text)), (24, Problem::PlainSecret));
    let (head, rest) = text.split_once("<EncryptionKey>").unwrap();
    let (_, rest) = rest.split_once("</MACMethod>").unwrap();
    assert_eq!(refusal(shared(&format!("{head}{rest}"))), (3, Problem::NotLocked("a pre-shared key")));
}

#[test]
fn a_wrong_key_opens_nothing() {
    let wrong = read(FIGURE_6.as_bytes(), Unlock::PreShared(&[7; 16]), Integrity::Required);
    assert_eq!(refusal(wrong), (AT, Problem::Unopened));
    let long = read(FIGURE_6.as_bytes(), Unlock::PreShared(&[7; 32]), Integrity::Required);
    assert_eq!(refusal(long), (AT, Problem::Unopened));
    assert_eq!(refusal(plain(FIGURE_6)), (4, Problem::Locked));
    let password = read(FIGURE_6.as_bytes(), Unlock::Password("qwerty"), Integrity::Required);
    assert!(matches!(refusal(password), (4, Problem::NotLocked(_))));
}

/// A key wrapped by RFC 3394 (its example 4.1) notices changes by itself.
#[test]
fn a_wrapped_key_needs_no_mac() {
    let key: Vec<u8> = (0..16).collect();
    let wrapped = "H6aLCoEStEeu80vY+1p7gp0+hiNx0s/l";
    let (head, rest) = FIGURE_6.split_once("<ValueMAC>").unwrap();
    let (_, rest) = rest.split_once("</ValueMAC>").unwrap();
    let text = format!("{head}{rest}").replace(CIPHERTEXT, wrapped);
    let (head, rest) = text.split_once("<MACMethod").unwrap();
    let (_, rest) = rest.split_once("</MACMethod>").unwrap();
    let text = format!("{head}{rest}").replace("#aes128-cbc", "#kw-aes128");
    let opened = read(text.as_bytes(), Unlock::PreShared(&key), Integrity::Required).unwrap();
    let secret = opened.keys[0].data.secret.as_ref().unwrap();
    assert_eq!(BASE64.encode(&secret.0), "ABEiM0RVZneImaq7zN3u/w==");
    for at in 0..24 {
        let text = text.replace(wrapped, &flipped(wrapped, at));
        let read = read(text.as_bytes(), Unlock::PreShared(&key), Integrity::Required);
        assert!(matches!(refusal(read), (_, Problem::Unopened)), "{at}");
    }
}

/// A file of a few bytes must not keep a processor busy for hours.
#[test]
fn iterations_without_end_are_refused() {
    let text = written(&one_key(SECRET), by_password("correct horse"));
    for count in ["0", "10000001", "4294967295", "99999999999"] {
        let text = text.replace(">1000<", &format!(">{count}<"));
        let read = read(text.as_bytes(), Unlock::Password("correct horse"), Integrity::Required);
        assert!(matches!(refusal(read), (_, Problem::Value { .. })), "{count}");
    }
}

#[test]
fn nothing_of_an_encrypted_container_shows_the_secret() {
    for lock in [by_password("correct horse"), Lock::PreShared { key: &KEY, name: "ours" }] {
        let text = written(&one_key(SECRET), lock);
        assert!(!text.contains(&BASE64.encode(SECRET)) && !text.contains("PlainValue"), "{text}");
    }
}

/// RFC 6030, 4.2: an encrypted number has 4 or 8 bytes.
#[test]
fn encrypted_numbers_are_read() {
    let lock = Lock::PreShared { key: &KEY, name: "ours" };
    let number = |bytes: &[u8]| {
        let text = written(&one_key(bytes), lock);
        let text = text.replace("<Secret>", "<Counter>").replace("</Secret>", "</Counter>");
        shared(&text).map(|container| container.keys[0].data.counter)
    };
    assert_eq!(number(&[0, 0, 1, 2]), Ok(Some(258)));
    assert_eq!(number(&[0, 0, 0, 1, 0, 0, 0, 2]), Ok(Some((1 << 32) + 2)));
    assert!(matches!(
        refusal(number(b"12345").map(|_| symbolon_pskc::Container::default())),
        (_, Problem::Value { .. })
    ));
}

/// A clock may be behind, too.
#[test]
fn an_encrypted_drift_may_be_below_zero() {
    let lock = Lock::PreShared { key: &KEY, name: "ours" };
    let drift = |bytes: &[u8]| {
        let text = written(&one_key(bytes), lock);
        let text = text.replace("<Secret>", "<TimeDrift>").replace("</Secret>", "</TimeDrift>");
        shared(&text).ok().map(|container| container.keys[0].data.drift)
    };
    assert_eq!(drift(&2_i32.to_be_bytes()), Some(Some(2)));
    assert_eq!(drift(&(-2_i32).to_be_bytes()), Some(Some(-2)));
    assert_eq!(drift(&(-2_i64).to_be_bytes()), Some(Some(-2)));
    assert_eq!(drift(&i64::MIN.to_be_bytes()), None, "too far");
    assert_eq!(drift(b"123"), None);
}
