//! How is a typed user code brought into its one form?

use idp_protocol::prompt::{normalise_user_code, show_user_code};
use serde_json::{Value, json};

use super::common::{cases, compare, read, text};

const FILE: &str = "user-codes.json";

fn made() -> Vec<Value> {
    [
        "BCDFGHJK",
        "BCDF-GHJK",
        "bcdf ghjk",
        " b-c-d-f g h j k ",
        "ZXWVTSRQ",
        "",
        "BCDFGHJ",
        "BCDFGHJKL",
        "ACDFGHJK",
        "BCDF_GHJK",
        "BCDFGHJ1",
        "ＢCDFGHJK",
        "BCDFGHJK\n",
        "ſſſſſſſſ",
    ]
    .into_iter()
    .map(|typed| json!({ "typed": typed, "code": normalise_user_code(typed) }))
    .collect()
}

#[test]
fn the_file_is_current() {
    compare(FILE, &json!({ "about": "User codes (RFC 8628, 6.1); null is refused", "cases": made() }));
}

#[test]
fn the_file_holds() {
    for case in cases(&read(FILE), "cases") {
        assert_eq!(json!(normalise_user_code(text(case, "typed"))), case["code"], "{case}");
    }
}

#[test]
fn user_codes_are_shown_in_two_groups() {
    assert_eq!(show_user_code("BCDFGHJK"), "BCDF-GHJK");
    assert_eq!(show_user_code("BCDF"), "BCDF");
    assert_eq!(show_user_code("BC"), "BC");
}
