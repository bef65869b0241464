use super::*;
use crate::LoopbackHttp;

fn rules(loopback_http: LoopbackHttp) -> Rules {
    Rules { allowed: Vec::new(), loopback_http }
}

fn parse(text: &str) -> Result<Target, TargetError> {
    Target::parse(text, Fragment::Refused, &rules(LoopbackHttp::Refused))
}

fn sent(text: &str) -> String {
    let target = Target::parse(text, Fragment::Dropped, &rules(LoopbackHttp::Refused)).unwrap();
    format!("{} {}", target.authority.to_str().unwrap(), target.path)
}

#[test]
fn what_is_sent_is_what_was_written() {
    assert_eq!(sent("https://App.Example.org"), "app.example.org /");
    assert_eq!(sent("HTTPS://app.example.org:443/keys"), "app.example.org /keys");
    assert_eq!(sent("https://app.example.org:8443/a%20b?c=d&e"), "app.example.org:8443 /a%20b?c=d&e");
    assert_eq!(sent("https://app.example.org?x"), "app.example.org /?x");
    assert_eq!(sent("https://app.example.org/r#GkurKxf5T0Y"), "app.example.org /r");
    assert_eq!(sent("https://[2606:4700::1111]:1/"), "[2606:4700::1111]:1 /");
    assert_eq!(sent("https://xn--bcher-kva.example/"), "xn--bcher-kva.example /");
}

#[test]
fn an_address_that_programs_read_differently_is_refused() {
    let cases = [
        ("", TargetError::Malformed),
        ("keys.json", TargetError::Malformed),
        ("https:app.example.org", TargetError::Malformed),
        ("https://", TargetError::Malformed),
        ("https:///app.example.org", TargetError::Malformed),
        ("https://?app.example.org", TargetError::Malformed),
        ("https://:443/", TargetError::Malformed),
        (" https://app.example.org", TargetError::Malformed),
        ("https://app.example.org/a b", TargetError::Malformed),
        ("https://app.exa\nmple.org", TargetError::Malformed),
        ("https://app.example.org/\u{7f}", TargetError::Malformed),
        ("https://app.example.org\\@evil.example/", TargetError::Malformed),
        ("https://bücher.example/", TargetError::Malformed),
        ("https://app.example.org:99999/", TargetError::Malformed),
        ("https://app..example.org/", TargetError::Malformed),
        ("https://app.example.org:0/", TargetError::Port),
        ("https://user@app.example.org/", TargetError::User),
        ("https://@app.example.org/", TargetError::User),
        ("https://user:password@app.example.org/", TargetError::User),
        ("https://app.example.org#fragment", TargetError::Fragment),
        ("https://app.example.org/#", TargetError::Fragment),
        ("ftp://app.example.org/", TargetError::Scheme),
        ("file:///etc/passwd", TargetError::Malformed),
        ("gopher://app.example.org/_x", TargetError::Scheme),
        ("http://app.example.org/", TargetError::Scheme),
        ("http://127.0.0.1/", TargetError::Scheme),
    ];
    for (text, expected) in cases {
        assert_eq!(parse(text).unwrap_err(), expected, "{text:?}");
    }
    let longest = format!("https://app.example.org/{}", "a".repeat(LONGEST - 24));
    assert!(parse(&longest).is_ok());
    assert_eq!(parse(&format!("{longest}a")).unwrap_err(), TargetError::TooLong);
}

/// However it is written: literals never come by a resolver that could filter them.
#[test]
fn a_host_that_is_a_forbidden_address_is_refused_in_every_spelling() {
    let hosts = [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "0",
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "[::]",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::1]",
        "[2001:0:7f00:1::]",
        "[2001:db8::1]",
        "[fc00::1]",
        "[fe80::1]",
        "[ff02::1]",
    ];
    for host in hosts {
        assert_eq!(parse(&format!("https://{host}/")).unwrap_err(), TargetError::Forbidden, "{host}");
    }
    assert!(parse("https://8.8.8.8/").is_ok());
}

#[test]
fn plain_http_is_for_this_computer_and_only_where_it_is_allowed() {
    let rules = rules(LoopbackHttp::Allowed);
    let parse = |text| Target::parse(text, Fragment::Refused, &rules);
    for text in ["http://localhost:8080/", "http://127.0.0.1/", "http://[::1]:1/"] {
        assert!(parse(text).is_ok(), "{text}");
    }
    for text in ["http://app.example.org/", "http://localhost.example.org/", "http://10.0.0.1/", "http://0/"]
    {
        assert_eq!(parse(text).unwrap_err(), TargetError::Scheme, "{text}");
    }
    assert_eq!(parse("https://127.0.0.1/").unwrap_err(), TargetError::Forbidden);
}

#[test]
fn a_target_shows_its_origin_and_none_of_its_secrets() {
    let target = parse("https://push.example.org/hunter2?key=hunter2").unwrap();
    assert_eq!(format!("{target} {target:?}"), "https://push.example.org Target(https://push.example.org)");
}
