//! What do the parsers of `idp-protocol` make of any bytes? Never a panic, and never more than what was written.

use std::fmt::Debug;

use idp_protocol::{
    Prompt,
    context::{Context, Decided, Offer, Registered, Said, Waiting},
    encoding::from_base64url,
    enrol::Secrets,
    jws::Unverified,
    link::{Link, Target},
    message::{
        AddDecision, CibaDecision, Claims, EnrolDecision, GrantDecision, Hello, Pending, Posted,
        PushDecision, QrClaim, QrDecision, Register, Update,
    },
    offline::{Asked, Request},
    offline_codes::Share,
    otp::app_link,
    prompt::normalise_user_code,
    server::KeyList,
};
use serde::{Serialize, de::DeserializeOwned};

/// The text of a QR code, or a link: what is read is what was written, whatever stands around it.
pub fn link(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(link) = Link::parse(text) {
        assert!(link.to_qr().eq_ignore_ascii_case(text.trim()), "{text:?} was read as {link:?}");
    }
}

/// A signed message, and what every reader of its payload makes of it.
pub fn jws(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(message) = Unverified::parse(text) {
        assert!(message.header.kid.is_some() != message.header.jwk.is_some());
        messages(&text.split('.').nth(1).and_then(from_base64url).unwrap_or_default());
    }
}

/// The claims of each message, each statement and each form, as JSON.
pub fn messages(json: &[u8]) {
    read::<Claims<Hello>>(json);
    read::<Claims<Register>>(json);
    read::<Claims<EnrolDecision>>(json);
    read::<Claims<AddDecision>>(json);
    read::<Claims<QrClaim>>(json);
    read::<Claims<QrDecision>>(json);
    read::<Claims<GrantDecision>>(json);
    read::<Claims<PushDecision>>(json);
    read::<Claims<CibaDecision>>(json);
    read::<Claims<Pending>>(json);
    read::<Claims<Update>>(json);
    read::<Posted>(json);
    read::<Said<Offer>>(json);
    read::<Said<Registered>>(json);
    read::<Said<Context>>(json);
    read::<Said<Decided>>(json);
    read::<Waiting>(json);
    read::<Prompt>(json);
    drop(serde_json::from_slice::<Secrets>(json));
}

/// The list of a server's keys.
pub fn key_list(json: &[u8]) {
    if let Ok(list) = serde_json::from_slice::<KeyList>(json) {
        let _ = list.agreement_key(1_800_000_000);
    }
    if let Ok(text) = std::str::from_utf8(json) {
        let crypto = symbolon_aws_lc::crypto();
        let read = KeyList::read(&crypto, text, "https://id.example.org", &[0; 16]);
        assert!(read.is_err(), "nobody has a key with this thumbprint");
    }
}

/// What a person types for a QR code, or reads from a phone without network.
pub fn user_code(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Some(code) = normalise_user_code(text) {
        assert_eq!(normalise_user_code(&code).as_deref(), Some(code.as_str()), "{text:?}");
    }
    let (crypto, share) = (symbolon_aws_lc::crypto(), Share { enrolment: [1; 16], secret: [2; 32].into() });
    if let Some(bits) = share.read(&crypto, text) {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        assert_eq!(share.code(&crypto, bits), digits, "{text:?}");
    }
}

/// An offline ticket, as a link and as bytes: nobody here has a key that opens it; and the request in it, which has one
/// form.
pub fn offline(bytes: &[u8]) {
    let crypto = symbolon_aws_lc::crypto();
    let link = std::str::from_utf8(bytes).ok().and_then(|text| Link::parse(text).ok());
    let ticket = match link.map(|link| link.target) {
        Some(Target::Offline(ticket)) => ticket,
        _ => bytes.to_vec(),
    };
    let sender = crypto.agreement.public(&[7; 32]).expect("a point");
    let opened = Asked::open(&crypto, "https://id.example.org", &[9; 32], &sender, &ticket);
    assert!(opened.is_err(), "nobody sealed {ticket:?}");
    let plain = from_base64url(&String::from_utf8_lossy(bytes)).unwrap_or_else(|| bytes.to_vec());
    if let Some(request) = Request::from_bytes(&plain) {
        assert_eq!(request.to_bytes(), plain, "{request:?}");
    }
}

/// Names in the address that an authenticator app of somebody else reads: they stay names, and add no parameter to it.
pub fn otpauth(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (organisation, login) = text.split_once('\n').unwrap_or((text, "alice"));
    let link = app_link(organisation, login, "GEZDGNBV");
    assert!(link.is_ascii() && !link.contains(['#', ' ', '<', '"']), "{link}");
    let (path, query) = link.split_once('?').expect("a query");
    let label = path.strip_prefix("otpauth://totp/").expect("its scheme and its kind");
    let (issuer, account) = label.split_once(':').expect("whose it is");
    assert_eq!((unescaped(issuer), unescaped(account)), (organisation.into(), login.into()), "{link}");
    let parameters: Vec<_> = query.split('&').filter_map(|one| one.split_once('=')).collect();
    assert_eq!(parameters, [("secret", "GEZDGNBV"), ("issuer", issuer)], "{link}");
}

/// What was escaped (RFC 3986, 2.1).
fn unescaped(text: &str) -> Vec<u8> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(digits, 16).expect("two digits"));
        bytes.extend_from_slice(rest.as_bytes());
    }
    bytes
}

/// Whatever is read can be written, and read again as the same.
fn read<T: DeserializeOwned + Serialize + Debug>(json: &[u8]) {
    let Ok(value) = serde_json::from_slice::<T>(json) else { return };
    let written = serde_json::to_string(&value).unwrap_or_else(|error| panic!("{value:?}: {error}"));
    let again = serde_json::from_str::<T>(&written).unwrap_or_else(|error| panic!("{written}: {error}"));
    assert_eq!(format!("{value:?}"), format!("{again:?}"));
}
