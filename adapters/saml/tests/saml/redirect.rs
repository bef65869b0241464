//! What of a query is believed?

use data_encoding::BASE64;
use symbolon_saml::{
    Kind, LogoutRequest, LogoutResponse, Message, QueryProblem, Refused, SignatureProblem, Trust, XmlProblem,
    redirect::{self, MAX_INFLATED, MAX_QUERY, Parameter},
};

use super::{
    actors::{EC, MALLORY, NOBODY, RSA, crypto, logout_request},
    messages::logout_response,
};

/// What the relay state holds that encoders differ in.
const STATE: &str = "https://shop.example/a b?c=d&e=ü+~/";
const SIG_ALG: &str = "http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256";

fn message() -> String {
    logout_request().write(None).unwrap()
}

fn honest() -> String {
    redirect::write(Parameter::Request, &message(), Some(STATE), Some(&RSA.signer)).unwrap()
}

fn take(query: &str) -> Result<(Message, Option<String>), Refused> {
    redirect::read(query, Kind::LogoutRequest)?.check(Trust::Required(&RSA.keys))
}

fn refused(query: &str) -> Refused {
    take(query).unwrap_err()
}

/// A query by a sender who encodes in his own way.
fn by_sender(relay_state: &str, encode: impl Fn(&str) -> String) -> String {
    let query = honest();
    let message = query.split('&').next().unwrap();
    let signed = format!("{}&RelayState={relay_state}&SigAlg={}", encode(message), encode(SIG_ALG));
    let key = crypto().signatures.load(idp_protocol::crypto::Algorithm::Rs256, &RSA.private).unwrap();
    let signature =
        BASE64.encode(&key.sign(signed.as_bytes()).unwrap()).replace('+', "%2B").replace('/', "%2f");
    format!("{signed}&Signature={}", signature.replace('=', "%3d"))
}

fn lower(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        out.push(c);
        if c == '%' {
            out.extend(rest.by_ref().take(2).flat_map(char::to_lowercase));
        }
    }
    out
}

#[test]
fn what_is_written_is_taken() {
    for party in [&*RSA, &*EC] {
        for state in [None, Some(STATE), Some("")] {
            let query = redirect::write(Parameter::Request, &message(), state, Some(&party.signer)).unwrap();
            let read = redirect::read(&query, Kind::LogoutRequest).unwrap();
            assert_eq!(read.issuer(), Some(super::actors::SP));
            let (message, relay_state) = read.check(Trust::Required(&party.keys)).unwrap();
            assert_eq!(LogoutRequest::read(&message).unwrap(), logout_request());
            assert!(message.is_signed());
            assert_eq!(relay_state.as_deref(), state);
        }
    }
}

#[test]
fn a_response_stands_in_a_parameter_of_its_own() {
    let text = logout_response().write(None).unwrap();
    let query = redirect::write(Parameter::Response, &text, Some(STATE), Some(&RSA.signer)).unwrap();
    assert!(query.starts_with("SAMLResponse="));
    let (message, _) = redirect::read(&query, Kind::LogoutResponse)
        .and_then(|read| read.check(Trust::Required(&RSA.keys)))
        .unwrap();
    assert_eq!(LogoutResponse::read(&message).unwrap(), logout_response());
    // Each kind of message has its parameter, and a signature for the one is none for the other.
    let moved = query.replace("SAMLResponse=", "SAMLRequest=");
    let missing = |query: &str, kind| redirect::read(query, kind).unwrap_err();
    assert_eq!(missing(&moved, Kind::LogoutResponse), QueryProblem::Missing("SAMLResponse").into());
    assert_eq!(missing(&query, Kind::LogoutRequest), QueryProblem::Missing("SAMLRequest").into());
    let request = honest().replace("SAMLRequest=", "SAMLResponse=");
    assert_eq!(missing(&request, Kind::LogoutRequest), QueryProblem::Missing("SAMLRequest").into());
}

#[test]
fn senders_encode_in_their_own_way() {
    let (_, state) = take(&by_sender("a%20b%2fc", str::to_owned)).unwrap();
    assert_eq!(state.as_deref(), Some("a b/c"));
    let (_, state) = take(&by_sender("%c3%bc", lower)).unwrap();
    assert_eq!(state.as_deref(), Some("ü"));
}

/// Many senders encode a query as they encode a form.
#[test]
fn a_plus_in_the_relay_state_is_a_blank() {
    let query = by_sender("https%3A%2F%2Fshop.example%2Fa+b%3Fc%3Dd%26e%3D%C3%BC%2B~%2F", str::to_owned);
    let (_, state) = take(&query).expect("the signature is over what was sent");
    assert_eq!(state.as_deref(), Some(STATE));
}

#[test]
fn ecdsa_is_taken_as_asn1_too() {
    let query = redirect::write(Parameter::Request, &message(), None, Some(&EC.signer)).unwrap();
    let (signed, raw) = query.split_once("&Signature=").unwrap();
    let raw = raw.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=");
    let fixed = BASE64.decode(raw.as_bytes()).unwrap();
    let number = |bytes: &[u8]| {
        let skipped: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
        let zero = if skipped[0] > 127 { vec![0] } else { vec![] };
        [vec![2, u8::try_from(skipped.len() + zero.len()).unwrap()], zero, skipped].concat()
    };
    let (r, s) = fixed.split_at(32);
    let numbers = [number(r), number(s)].concat();
    let der = [vec![0x30, u8::try_from(numbers.len()).unwrap()], numbers].concat();
    let der = BASE64.encode(&der).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let read = redirect::read(&format!("{signed}&Signature={der}"), Kind::LogoutRequest).unwrap();
    assert!(read.check(Trust::Required(&EC.keys)).unwrap().0.is_signed());
}

#[test]
fn the_order_of_parameters_does_not_matter_and_strangers_are_passed_over() {
    let mut parts: Vec<String> = honest().split('&').map(str::to_owned).collect();
    parts.reverse();
    parts.insert(2, "other=1&&=&x".to_owned());
    assert!(take(&parts.join("&")).unwrap().0.is_signed());
}

#[test]
fn a_query_that_was_encoded_again_is_refused() {
    let query = honest();
    assert_ne!(query, lower(&query));
    assert_eq!(refused(&lower(&query)), SignatureProblem::Wrong.into());
    assert_eq!(refused(&query.replace("%20", "+")), SignatureProblem::Wrong.into());
    assert_eq!(refused(&query.replace('~', "%7E")), SignatureProblem::Wrong.into());
}

#[test]
fn an_unsigned_query_of_a_provider_that_signs_is_refused() {
    let query = redirect::write(Parameter::Request, &message(), Some(STATE), None).unwrap();
    assert_eq!(refused(&query), SignatureProblem::Missing.into());
    let (message, _) =
        redirect::read(&query, Kind::LogoutRequest).unwrap().check(Trust::Optional(&RSA.keys)).unwrap();
    assert!(!message.is_signed());
}

#[test]
fn half_a_signature_is_refused() {
    let query = honest();
    let without = |name: &str| {
        let kept: Vec<&str> = query.split('&').filter(|part| !part.starts_with(name)).collect();
        kept.join("&")
    };
    assert_eq!(refused(&without("Signature=")), QueryProblem::Missing("Signature").into());
    assert_eq!(refused(&without("SigAlg=")), QueryProblem::Missing("SigAlg").into());
    assert_eq!(refused(&without("SAMLRequest=")), QueryProblem::Missing("SAMLRequest").into());
    assert_eq!(refused(&without("RelayState=")), SignatureProblem::Wrong.into());
    assert_eq!(refused(""), QueryProblem::Missing("SAMLRequest").into());
}

#[test]
fn a_parameter_that_is_there_twice_is_refused() {
    let query = honest();
    for name in ["SAMLRequest", "RelayState", "SigAlg", "Signature"] {
        for again in [format!("{query}&{name}=a"), format!("{name}=a&{query}"), format!("{query}&{name}")] {
            assert_eq!(refused(&again), QueryProblem::Twice(name).into(), "{again}");
        }
    }
    assert_eq!(refused(&format!("{query}&SAMLResponse=a")), QueryProblem::Twice("SAMLRequest").into());
}

#[test]
fn a_parameter_under_a_disguised_name_is_refused() {
    let query = honest();
    let disguised = query.replace("RelayState=", "Relay%53tate=");
    assert_eq!(refused(&disguised), QueryProblem::Twice("RelayState").into());
    assert_eq!(refused(&format!("{query}&%53AMLRequest=a")), QueryProblem::Twice("SAMLRequest").into());
}

#[test]
fn another_relay_state_is_refused() {
    let query = honest();
    let forged = query.replace("RelayState=https", "RelayState=http");
    assert_eq!(refused(&forged), SignatureProblem::Wrong.into());
}

#[test]
fn other_algorithms_and_keys_are_refused() {
    let query = honest();
    for other in ["2000%2F09%2Fxmldsig%23rsa-sha1", "2001%2F04%2Fxmldsig-more%23hmac-sha256"] {
        let forged = query.replace("2001%2F04%2Fxmldsig-more%23rsa-sha256", other);
        assert_eq!(refused(&forged), SignatureProblem::Algorithm.into(), "{other}");
    }
    let ecdsa = query.replace("%23rsa-sha256", "%23ecdsa-sha256");
    assert_eq!(refused(&ecdsa), SignatureProblem::Algorithm.into());
    let by_mallory = redirect::write(Parameter::Request, &message(), None, Some(&MALLORY.signer)).unwrap();
    assert_eq!(refused(&by_mallory), SignatureProblem::Wrong.into());
    let read = redirect::read(&query, Kind::LogoutRequest).unwrap();
    assert_eq!(read.check(Trust::Optional(&NOBODY)).unwrap_err(), SignatureProblem::NoKey.into());
}

#[test]
fn a_signature_inside_a_message_in_a_query_is_refused() {
    let signed = logout_request().write(Some(&RSA.signer)).unwrap();
    for signer in [None, Some(&RSA.signer)] {
        let query = redirect::write(Parameter::Request, &signed, None, signer).unwrap();
        assert_eq!(refused(&query), QueryProblem::Enveloped.into());
    }
}

#[test]
fn what_inflates_too_far_is_refused() {
    let bomb = redirect::write(Parameter::Request, &" ".repeat(MAX_INFLATED + 1), None, None).unwrap();
    assert!(bomb.len() < 1_000);
    assert_eq!(refused(&bomb), QueryProblem::Inflated.into());
    let most = redirect::write(Parameter::Request, &" ".repeat(MAX_INFLATED), None, None).unwrap();
    assert!(matches!(refused(&most), Refused::Xml(XmlProblem::NotWellFormed(_))));
}

#[test]
fn what_cannot_be_decoded_is_refused() {
    let request = QueryProblem::Encoding("SAMLRequest");
    for raw in ["%", "%4", "%zz", "%+1", "a", "%ff", "AAAA%0"] {
        assert_eq!(refused(&format!("SAMLRequest={raw}")), request.into(), "{raw}");
    }
    let inflated = QueryProblem::Encoding("SAMLRequest or SAMLResponse");
    assert_eq!(refused("SAMLRequest=%2F%2F%2F%2F"), inflated.into());
    assert_eq!(refused("SAMLRequest=a&%ff=a"), QueryProblem::Encoding("(name)").into());
    let state = format!("{}&RelayState=%ff", honest().replace("RelayState", "x"));
    assert_eq!(refused(&state), QueryProblem::Encoding("RelayState").into());
    assert_eq!(refused("SAMLEncoding=a"), QueryProblem::Encoding("SAMLEncoding").into());
}

#[test]
fn a_long_query_is_refused() {
    assert_eq!(refused(&"a".repeat(MAX_QUERY + 1)), QueryProblem::Size.into());
}
