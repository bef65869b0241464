//! What do the guard and the readers of SAML make of any bytes? Never a panic, and never a signature of somebody else.

use std::sync::LazyLock;

use data_encoding::BASE64;
use symbolon_saml::{
    ArtifactResolve, ArtifactResponse, AskedConsumer, AuthnRequest, Kind, LogoutRequest, LogoutResponse,
    Message, PeerKeys, Refused, ServiceProvider, Trust, Wrapping,
    aggregate::{Entity, Origin, Staging, Unstaged, Verified, read},
    open, post, redirect,
};

/// A certificate whose private key nobody here has.
const STRANGER: &str = include_str!("../../../adapters/saml/vectors/stranger.b64");

const KINDS: [Kind; 7] = [
    Kind::AuthnRequest,
    Kind::Response,
    Kind::LogoutRequest,
    Kind::LogoutResponse,
    Kind::ArtifactResolve,
    Kind::ArtifactResponse,
    Kind::EntityDescriptor,
];

static KEYS: LazyLock<PeerKeys> = LazyLock::new(|| {
    let certificate = BASE64.decode(STRANGER.trim().as_bytes()).expect("Base64");
    PeerKeys::from_certificates([certificate]).expect("a certificate")
});

/// A message, of every kind and in every wrapping.
pub fn message(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for kind in KINDS {
        for wrapping in [Wrapping::None, Wrapping::Soap] {
            let required = open(text, kind, wrapping).and_then(|opened| opened.check(Trust::Required(&KEYS)));
            assert!(required.is_err(), "nobody signed {text:?}");
            let optional = open(text, kind, wrapping).and_then(|opened| opened.check(Trust::Optional(&KEYS)));
            if let Ok(message) = optional {
                say(&message);
                same_again(&message, kind);
            }
        }
    }
}

/// What was taken is canonical, and is taken again as the same.
fn same_again(message: &Message, kind: Kind) {
    let text = message.canonical();
    let again = open(text, kind, Wrapping::None).and_then(|opened| opened.check(Trust::Optional(&KEYS)));
    assert_eq!(again.as_ref(), Ok(message), "{text}");
}

fn say(message: &Message) {
    assert!(!message.is_signed(), "nobody signed {message:?}");
    if let Ok(request) = LogoutRequest::read(message) {
        assert!(request.write(None).is_ok(), "{request:?}");
    }
    drop(AuthnRequest::read(message));
    if let Ok(provider) = ServiceProvider::read(message) {
        usable(&provider);
    }
    drop(LogoutResponse::read(message));
    drop(ArtifactResolve::read(message));
    drop(ArtifactResponse::read(message));
}

/// What was taken has somewhere to send an answer to, over TLS or on this computer, and keys that are keys.
fn usable(provider: &ServiceProvider) {
    let default = provider.consumer(&AskedConsumer::Default { binding: None }).expect("an address");
    assert!(provider.consumer(&AskedConsumer::Index(default.index)).is_some());
    for consumer in &provider.consumers {
        let is_private = ["https:", "http://localhost", "http://127.", "http://[::1]"];
        let location = consumer.location.to_ascii_lowercase();
        assert!(is_private.iter().any(|begin| location.starts_with(begin)), "{provider:?}");
    }
    assert!(PeerKeys::from_certificates(&provider.signing).is_ok(), "{provider:?}");
}

fn opened(bytes: &[u8], kind: Kind) -> Result<Message, Refused> {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    open(text, kind, Wrapping::None)?.check(Trust::Optional(&KEYS))
}

/// What a service provider asks.
pub fn request(bytes: &[u8]) {
    let Ok(message) = opened(bytes, Kind::AuthnRequest) else { return };
    if let Ok(request) = AuthnRequest::read(&message) {
        assert_eq!(message.issuer().as_ref(), Ok(&request.head.issuer), "two readers, two issuers");
        assert!(request.context.is_none_or(|context| !context.classes.is_empty()));
    }
}

/// What a service provider says of itself.
pub fn provider(bytes: &[u8]) {
    let Ok(message) = opened(bytes, Kind::EntityDescriptor) else { return };
    if let Ok(provider) = ServiceProvider::read(&message) {
        usable(&provider);
    }
}

/// A query.
pub fn query(bytes: &[u8]) {
    let Ok(query) = std::str::from_utf8(bytes) else { return };
    for kind in KINDS {
        let Ok(read) = redirect::read(query, kind) else { continue };
        assert!(read.clone().check(Trust::Required(&KEYS)).is_err(), "nobody signed {query:?}");
        if let Ok((message, _)) = read.check(Trust::Optional(&KEYS)) {
            say(&message);
        }
    }
}

/// A field of a form.
pub fn form(bytes: &[u8]) {
    let Ok(value) = std::str::from_utf8(bytes) else { return };
    if let Ok(text) = post::decode(value) {
        message(text.as_bytes());
    }
}

/// Counts, and compares what it gets with what the guard makes of it.
struct Counter(usize);

impl Staging for Counter {
    type Done = (usize, Verified);

    fn stage(&mut self, entity: &Entity<'_>) -> Result<(), Unstaged> {
        self.0 += 1;
        // What is handed over is canonical already, and says the same to a parser of another kind.
        if let Ok(opened) = open(entity.text, Kind::EntityDescriptor, Wrapping::None)
            && let Ok(message) = opened.check(Trust::Optional(&KEYS))
        {
            assert_eq!(message.canonical(), entity.text);
        }
        Ok(())
    }

    fn commit(self, verified: Verified) -> Self::Done {
        (self.0, verified)
    }
}

/// An aggregate of metadata.
pub fn aggregate(bytes: &[u8]) {
    let signed = read(bytes, 1 << 20, Origin::SignedBy(&KEYS), Counter(0));
    assert!(signed.is_err(), "nobody signed {bytes:?}");
    if let Ok((count, verified)) = read(bytes, 1 << 20, Origin::DangerUnchecked, Counter(0)) {
        assert!(!verified.is_signed() && verified.staged() == count, "{verified:?}");
    }
}
