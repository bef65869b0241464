//! When do the claims of a device message fit issuer, method, URL and time?

use idp_protocol::{
    Octets,
    message::{Claims, Message as _, Pending, Update},
};
use serde_json::{Value, json};

use super::common::{ISSUER, NOW, cases, compare, read, text};

const FILE: &str = "claims.json";

fn changed(change: impl Fn(&mut Value)) -> Value {
    let mut claims =
        serde_json::to_value(Claims::new(ISSUER, NOW, Octets([1; 16]).0, Update::Revoke)).unwrap();
    change(&mut claims);
    claims
}

fn made() -> Vec<Value> {
    let same = || changed(|_| ());
    let with = |name: &'static str, value: Value| changed(move |claims| claims[name] = value.clone());
    let evil = "https://id.example.org.evil.example/device/update";
    let made = [
        ("at once", NOW, same()),
        ("a device 60 s ahead", NOW - 60, same()),
        ("a device 61 s ahead", NOW - 61, same()),
        ("119 s later", NOW + 119, same()),
        ("120 s later", NOW + 120, same()),
        ("another issuer", NOW, with("aud", json!("https://other.example.org"))),
        ("another host in htu", NOW, with("htu", json!(evil))),
        ("another path in htu", NOW, with("htu", json!("https://id.example.org/device/pending"))),
        ("a query in htu", NOW, with("htu", json!("https://id.example.org/device/update?x=1"))),
        ("htu in upper case", NOW, with("htu", json!("HTTPS://ID.EXAMPLE.ORG/device/update"))),
        ("another method", NOW, with("htm", json!("GET"))),
        ("a life of 61 s", NOW, with("exp", json!(NOW + 61))),
        ("no life at all", NOW, with("exp", json!(NOW))),
        ("a life of -1 s", NOW, with("exp", json!(NOW - 1))),
        (
            "numbers that overflow",
            NOW,
            changed(|claims| {
                claims["iat"] = json!(i64::MIN);
                claims["exp"] = json!(i64::MAX);
            }),
        ),
    ];
    made.into_iter()
        .map(|(why, now, claims)| {
            let fits = serde_json::from_value::<Claims<Update>>(claims.clone()).unwrap().fits(ISSUER, now);
            json!({ "why": why, "now": now, "claims": claims, "fits": fits })
        })
        .collect()
}

fn unreadable() -> Vec<Value> {
    let with = |name: &'static str, value: Value| changed(move |claims| claims[name] = value.clone());
    let without = changed(|claims| drop(claims.as_object_mut().unwrap().remove("jti")));
    [
        ("an unknown claim", with("nbf", json!(NOW))),
        ("no jti", without),
        ("a short jti", with("jti", json!("AAAA"))),
        ("a time in text", with("iat", json!("1800000000"))),
        ("a time with a fraction", with("iat", json!(1.5))),
        ("an unknown change", with("msg", json!({ "change": "promote" }))),
        ("an unknown member in msg", with("msg", json!({ "change": "rename", "name": "a", "to": "b" }))),
        ("a name that turns itself around", with("msg", json!({ "change": "rename", "name": "a\u{202E}b" }))),
        ("two audiences", with("aud", json!([ISSUER, "https://other.example.org"]))),
    ]
    .into_iter()
    .map(|(why, claims)| json!({ "why": why, "claims": claims }))
    .collect()
}

#[test]
fn the_file_is_current() {
    let pending = Claims::new(ISSUER, NOW, [2; 16], Pending {});
    compare(
        FILE,
        &json!({
            "about": "Claims of `device-update` (POST /device/update) for this issuer, read at `now`",
            "issuer": ISSUER,
            "cases": made(),
            "unreadable": unreadable(),
            "get": { "typ": Pending::TYP, "now": NOW, "claims": pending },
        }),
    );
}

#[test]
fn the_file_holds() {
    let file = read(FILE);
    for case in cases(&file, "cases") {
        let claims: Claims<Update> = serde_json::from_value(case["claims"].clone()).unwrap();
        let fits = claims.fits(text(&file, "issuer"), case["now"].as_i64().unwrap());
        assert_eq!(json!(fits), case["fits"], "{}", text(case, "why"));
    }
    for case in cases(&file, "unreadable") {
        let claims = serde_json::from_value::<Claims<Update>>(case["claims"].clone());
        assert!(claims.is_err(), "{}", text(case, "why"));
    }
    let get = &file["get"];
    let claims: Claims<Pending> = serde_json::from_value(get["claims"].clone()).unwrap();
    assert!(claims.fits(text(&file, "issuer"), get["now"].as_i64().unwrap()));
    assert_eq!(claims.htm, "GET");
    assert_eq!(text(get, "typ"), Pending::TYP);
}

#[test]
fn the_rules_are_those_that_were_meant() {
    let fitting = ["at once", "a device 60 s ahead", "119 s later"];
    for case in made() {
        assert_eq!(case["fits"] == true, fitting.contains(&text(&case, "why")), "{case}");
    }
}
