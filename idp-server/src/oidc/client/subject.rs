//! Under which name does an application know a person? (OpenID Connect Core 1.0, 8)
//!
//! A pairwise name is the person's id, encrypted for the site of the application, with a nonce that is a keyed digest
//! of both. An application that has no site is one by itself. So the name is the same each time, differs from site to site, tells nothing, and can be turned back by us: an
//! `id_token_hint` needs no table.

use idp_core::{Crypto, Id, engine::Engine, session::SessionRow, users::User};
use idp_protocol::{
    Octets,
    encoding::{from_base64url, to_base64url},
};
use zeroize::Zeroizing;

use super::{Client, SubjectType};

impl Client {
    /// The name under which it knows a person.
    #[must_use]
    pub fn subject(&self, engine: &Engine, user: Id<User>) -> String {
        match self.pairwise(engine) {
            None => user.to_string(),
            Some(pairwise) => pairwise.name(user),
        }
    }

    /// Whom it knows under a name; none if that is not a name of ours for it.
    #[must_use]
    pub fn person(&self, engine: &Engine, subject: &str) -> Option<Id<User>> {
        match self.pairwise(engine) {
            None => subject.parse().ok(),
            Some(pairwise) => pairwise.person(subject),
        }
    }

    /// The name under which it knows a session (`sid`). No other application knows it by this name: two sites that
    /// compare their sessions must not find out that they have the same person.
    #[must_use]
    pub fn sid(&self, engine: &Engine, session: Id<SessionRow>) -> Octets<16> {
        let digest = engine.keys().digest("sid", &[session.bytes(), self.id.as_bytes()]);
        Octets(digest.first_chunk().copied().unwrap_or_default())
    }

    /// What no host can be: an id may be written as one.
    fn own_sector(&self) -> String {
        format!("client {}", self.id)
    }

    fn pairwise<'a>(&self, engine: &'a Engine) -> Option<Pairwise<'a>> {
        let metadata = &self.registration.metadata;
        (metadata.subject_type == SubjectType::Pairwise).then(|| Pairwise {
            crypto: engine.crypto(),
            key: engine.keys().derived("pairwise-subject"),
            sector: metadata.sector().unwrap_or_else(|| self.own_sector()),
        })
    }
}

struct Pairwise<'a> {
    crypto: &'a Crypto,
    key: Zeroizing<[u8; 32]>,
    sector: String,
}

impl Pairwise<'_> {
    fn name(&self, user: Id<User>) -> String {
        let nonce = self.nonce(user);
        let sealed = self.crypto.aead.seal(&self.key, &nonce, self.sector.as_bytes(), user.bytes());
        to_base64url(&[nonce.as_slice(), &sealed].concat())
    }

    fn person(&self, subject: &str) -> Option<Id<User>> {
        let bytes = from_base64url(subject)?;
        let (nonce, sealed) = bytes.split_first_chunk::<12>()?;
        let plain = self.crypto.aead.open(&self.key, nonce, self.sector.as_bytes(), sealed).ok()?;
        let user = Id::from_bytes(<[u8; 16]>::try_from(plain.as_slice()).ok()?);
        (self.nonce(user) == *nonce).then_some(user)
    }

    /// Two people of one site share a nonce with a probability of one in 2^96 a pair.
    fn nonce(&self, user: Id<User>) -> [u8; 12] {
        let digest =
            self.crypto.hash.hmac(&*self.key, &[user.bytes().as_slice(), self.sector.as_bytes()].concat());
        let mut nonce = [0; 12];
        nonce.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        nonce
    }
}
