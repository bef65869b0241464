//! Which texts are links of this protocol?

use idp_protocol::{
    encoding::{to_base32, to_base64url},
    link::{EnrolPayload, Link, LinkError, Origin, Target},
};
use serde_json::{Value, json};

use super::common::{array, cases, compare, octets, read, text};

const FILE: &str = "links.json";

fn good() -> Vec<Value> {
    let payload = EnrolPayload { enrolment: [1; 16], secret: [2; 16], root: [3; 16], flags: 0 };
    let targets = [
        ("https://id.example.org", Target::Enrol(payload)),
        ("https://id.example.org:8443", Target::Scan((0..60).collect())),
        ("http://localhost:8080", Target::SameDevice((100..160).collect())),
        ("http://127.0.0.1:8081", Target::Scan(vec![0xff])),
        ("https://id.example.org", Target::Grant((30..80).collect())),
        ("https://id.example.org", Target::Offline((20..140).collect())),
        ("https://id.example.org", Target::Backchannel((40..90).collect())),
    ];
    let mut cases = Vec::new();
    for (origin, target) in targets {
        let shown = match &target {
            Target::Enrol(payload) => json!({
                "kind": "enrol",
                "enrolment": to_base64url(&payload.enrolment),
                "secret": to_base64url(&payload.secret),
                "root": to_base64url(&payload.root),
                "flags": payload.flags,
            }),
            Target::Scan(ticket) => json!({ "kind": "scan", "ticket": to_base64url(ticket) }),
            Target::SameDevice(ticket) => json!({ "kind": "same_device", "ticket": to_base64url(ticket) }),
            Target::Grant(ticket) => json!({ "kind": "grant", "ticket": to_base64url(ticket) }),
            Target::Offline(ticket) => json!({ "kind": "offline", "ticket": to_base64url(ticket) }),
            Target::Backchannel(ticket) => json!({ "kind": "backchannel", "ticket": to_base64url(ticket) }),
            // In a file of its own, with what comes of it.
            Target::Codes(_) => Value::Null,
        };
        let qr = Link { origin: Origin::parse(origin).unwrap(), target }.to_qr();
        let browser = qr.to_ascii_lowercase();
        cases.push(json!({ "qr": qr, "also": [browser], "origin": origin, "target": shown }));
    }
    cases
}

fn bad() -> Vec<Value> {
    let ticket = to_base32(&[7; 60]);
    let payload = |version: u8, length: usize| {
        let mut bytes = vec![0; length];
        bytes[0] = version;
        to_base32(&bytes)
    };
    let bad = [
        ("another scheme", "javascript:alert(1)".to_owned()),
        ("http on another machine", format!("http://id.example.org/Q#{ticket}")),
        ("a name and password", format!("https://user:pw@id.example.org/Q#{ticket}")),
        ("a query", format!("https://id.example.org/Q?x=1#{ticket}")),
        ("another path", format!("https://id.example.org/X#{ticket}")),
        ("a longer path", format!("https://id.example.org/a/Q#{ticket}")),
        ("a host that is not ASCII", format!("https://ıd.example.org/Q#{ticket}")),
        ("no fragment", "https://id.example.org/Q".to_owned()),
        ("an empty fragment", "https://id.example.org/Q#".to_owned()),
        ("digits that base32 does not have", "https://id.example.org/Q#01890189".to_owned()),
        ("padding", "https://id.example.org/Q#AA======".to_owned()),
        ("bits behind the end", "https://id.example.org/Q#AB".to_owned()),
        ("too short for an enrolment", format!("https://id.example.org/E#{}", payload(1, 49))),
        ("too long for an enrolment", format!("https://id.example.org/E#{}", payload(1, 51))),
        ("a newer version", format!("https://id.example.org/E#{}", payload(2, 50))),
        ("longer than 512 bytes", format!("https://id.example.org/Q#{}", "A".repeat(520))),
    ];
    bad.into_iter()
        .map(|(why, link)| json!({ "why": why, "reason": reason(Link::parse(&link).unwrap_err()), "text": link }))
        .collect()
}

fn reason(error: LinkError) -> &'static str {
    match error {
        LinkError::NotALink => "not_a_link",
        LinkError::Origin => "origin",
        LinkError::Payload => "payload",
        LinkError::Version => "version",
        _ => panic!("a reason without a name"),
    }
}

#[test]
fn the_file_is_current() {
    compare(FILE, &json!({ "about": "Links of QR codes (docs/protocol.md)", "good": good(), "bad": bad() }));
}

#[test]
fn the_file_holds() {
    let file = read(FILE);
    for case in cases(&file, "good") {
        let link = Link::parse(text(case, "qr")).unwrap();
        assert_eq!(link.to_qr(), text(case, "qr"));
        assert_eq!(link.origin.as_str(), text(case, "origin"));
        for also in cases(case, "also") {
            assert_eq!(Link::parse(also.as_str().unwrap()).as_ref(), Ok(&link));
        }
        let target = &case["target"];
        match (text(target, "kind"), &link.target) {
            ("enrol", Target::Enrol(payload)) => {
                assert_eq!(payload.enrolment, array(target, "enrolment"));
                assert_eq!(payload.secret, array(target, "secret"));
                assert_eq!(payload.root, array(target, "root"));
                assert_eq!(u64::from(payload.flags), target["flags"].as_u64().unwrap());
            }
            ("scan", Target::Scan(ticket))
            | ("same_device", Target::SameDevice(ticket))
            | ("grant", Target::Grant(ticket))
            | ("offline", Target::Offline(ticket))
            | ("backchannel", Target::Backchannel(ticket)) => {
                assert_eq!(*ticket, octets(target, "ticket"));
            }
            (kind, _) => panic!("{kind} was read as something else"),
        }
    }
    for case in cases(&file, "bad") {
        let error = Link::parse(text(case, "text")).unwrap_err();
        assert_eq!(reason(error), text(case, "reason"), "{}", text(case, "why"));
    }
}
