//! Which signed messages are accepted, and why is each other one refused?

use idp_protocol::{
    Octets,
    crypto::SigningKey as _,
    encoding::to_base64url,
    jws::{self, JwsError, Naming, Unverified},
};
use serde_json::{Value, json};

use super::common::{Fixed, cases, compare, crypto, jwk, key, read, text};

const FILE: &str = "jws.json";
const TYP: &str = "example";

fn signed(key: &Fixed, header: &str, payload: &str) -> String {
    let message = format!("{}.{}", to_base64url(header.as_bytes()), to_base64url(payload.as_bytes()));
    let signature = key.sign(message.as_bytes()).unwrap();
    format!("{message}.{}", to_base64url(&signature))
}

fn changed(message: &str, part: usize, change: impl Fn(&str) -> String) -> String {
    let mut parts: Vec<String> = message.split('.').map(str::to_owned).collect();
    parts[part] = change(&parts[part]);
    parts.join(".")
}

/// Flips a bit in the middle of a part.
fn flipped(part: &str) -> String {
    let mut bytes = idp_protocol::encoding::from_base64url(part).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    to_base64url(&bytes)
}

/// The same bytes with a bit set that does not count.
fn uncanonical(part: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (head, last) = part.split_at(part.len() - 1);
    let value = ALPHABET.iter().position(|letter| *letter == last.as_bytes()[0]).unwrap();
    format!("{head}{}", char::from(ALPHABET[value | 1]))
}

fn headers(key: &Fixed) -> Vec<(&'static str, String)> {
    let kid = Octets(key.thumbprint());
    let jwk = serde_json::to_string(&key.jwk()).unwrap();
    let private = jwk.replacen('{', r#"{"d":"AAAA","#, 1);
    vec![
        ("alg ES384", format!(r#"{{"alg":"ES384","typ":"{TYP}","kid":"{kid}"}}"#)),
        ("alg es256", format!(r#"{{"alg":"es256","typ":"{TYP}","kid":"{kid}"}}"#)),
        ("no alg", format!(r#"{{"typ":"{TYP}","kid":"{kid}"}}"#)),
        ("alg twice", format!(r#"{{"alg":"ES256","alg":"none","typ":"{TYP}","kid":"{kid}"}}"#)),
        ("crit", format!(r#"{{"alg":"ES256","typ":"{TYP}","kid":"{kid}","crit":["exp"],"exp":1}}"#)),
        ("b64", format!(r#"{{"alg":"ES256","typ":"{TYP}","kid":"{kid}","b64":false}}"#)),
        ("an unknown parameter", format!(r#"{{"alg":"ES256","typ":"{TYP}","kid":"{kid}","x":1}}"#)),
        ("jku", format!(r#"{{"alg":"ES256","typ":"{TYP}","kid":"{kid}","jku":"https://evil.example"}}"#)),
        ("both kid and jwk", format!(r#"{{"alg":"ES256","typ":"{TYP}","kid":"{kid}","jwk":{jwk}}}"#)),
        ("neither kid nor jwk", format!(r#"{{"alg":"ES256","typ":"{TYP}"}}"#)),
        ("a private key in jwk", format!(r#"{{"alg":"ES256","typ":"{TYP}","jwk":{private}}}"#)),
        ("a kid that is no thumbprint", format!(r#"{{"alg":"ES256","typ":"{TYP}","kid":"1"}}"#)),
        ("no typ", format!(r#"{{"alg":"ES256","kid":"{kid}"}}"#)),
        ("another typ", format!(r#"{{"alg":"ES256","typ":"another","kid":"{kid}"}}"#)),
        ("a header that is no object", r#""ES256""#.to_owned()),
    ]
}

fn bad(key: &Fixed, good: &str) -> Vec<Value> {
    let payload = r#"{"hello":"world"}"#;
    let mut bad: Vec<(&str, String)> =
        headers(key).into_iter().map(|(why, header)| (why, signed(key, &header, payload))).collect();

    let kid = Octets(key.thumbprint());
    let none = format!(r#"{{"alg":"none","typ":"{TYP}","kid":"{kid}"}}"#);
    bad.push(("alg none without a signature", changed(&signed(key, &none, payload), 2, |_| String::new())));
    let hs256 = format!(r#"{{"alg":"HS256","typ":"{TYP}","kid":"{kid}"}}"#);
    let message = format!("{}.{}", to_base64url(hs256.as_bytes()), to_base64url(payload.as_bytes()));
    let tag = crypto().hash.hmac(&key.jwk().point(), message.as_bytes());
    bad.push(("alg HS256 with the public key as secret", format!("{message}.{}", to_base64url(&tag))));

    let es256 = format!(r#"{{"alg":"ES256","typ":"{TYP}","kid":"{kid}"}}"#);
    bad.push(("another key signed it", signed(&super::common::key(0x12), &es256, payload)));
    bad.push(("a payload that is no JSON", signed(key, &es256, "{")));
    bad.push(("a flipped bit in the payload", changed(good, 1, flipped)));
    bad.push(("a flipped bit in the signature", changed(good, 2, flipped)));
    bad.push(("an empty signature", changed(good, 2, |_| String::new())));
    bad.push(("r = s = 0", changed(good, 2, |_| to_base64url(&[0; 64]))));
    bad.push(("a signature in DER", changed(good, 2, |_| to_base64url(&[0x30, 0x06, 2, 1, 1, 2, 1, 1]))));
    bad.push(("a bit that does not count", changed(good, 2, uncanonical)));
    bad.push(("padding", changed(good, 2, |part| format!("{part}=="))));
    bad.push(("a line break", changed(good, 2, |part| format!("{part}\n"))));
    bad.push(("two parts", good.rsplit_once('.').unwrap().0.to_owned()));
    bad.push(("four parts", format!("{good}.AA")));
    bad.push(("five parts, as of a JWE", format!("{good}.AA.AA")));
    bad.into_iter()
        .map(|(why, message)| json!({ "why": why, "reason": verify(&message, key).unwrap_err(), "message": message }))
        .collect()
}

fn verify(message: &str, key: &Fixed) -> Result<Value, &'static str> {
    verify_with(message, &key.jwk())
}

fn verify_with(message: &str, key: &idp_protocol::P256Key) -> Result<Value, &'static str> {
    Unverified::parse(message).and_then(|message| message.verify(&crypto(), TYP, key)).map_err(|error| {
        match error {
            JwsError::Malformed => "malformed",
            JwsError::WrongType => "wrong_type",
            JwsError::Unauthentic => "unauthentic",
            _ => panic!("a reason without a name"),
        }
    })
}

#[test]
fn the_file_is_current() {
    let key = key(0x11);
    let claims = json!({ "hello": "world" });
    let sign = |naming| jws::sign(&crypto(), &key, TYP, naming, &claims).unwrap();
    let (by_kid, by_jwk) = (sign(Naming::Kid), sign(Naming::Jwk));
    let bad = bad(&key, &by_kid);
    compare(
        FILE,
        &json!({
            "about": "Compact JWS of this protocol: ES256, typ, and either kid or jwk; nothing else",
            "key": key.shown(),
            "typ": TYP,
            "claims": claims,
            "good": [{ "naming": "kid", "message": by_kid }, { "naming": "jwk", "message": by_jwk }],
            "bad": bad,
        }),
    );
}

#[test]
fn the_file_holds() {
    let file = read(FILE);
    let key = jwk(&file["key"], "jwk");
    assert_eq!(text(&file["key"], "thumbprint"), Octets(key.thumbprint(&crypto())).to_string());
    for case in cases(&file, "good") {
        let message = text(case, "message");
        assert_eq!(verify_with(message, &key).as_ref(), Ok(&file["claims"]));
        let header = Unverified::parse(message).unwrap().header;
        assert_eq!(
            (header.kid.is_some(), header.jwk.is_some()),
            match text(case, "naming") {
                "kid" => (true, false),
                _ => (false, true),
            }
        );
    }
    for case in cases(&file, "bad") {
        let end = verify_with(text(case, "message"), &key);
        assert_eq!(end.err(), Some(text(case, "reason")), "{}", text(case, "why"));
    }
}
