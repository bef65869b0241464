//! Who is asking: which cookies, which address, which browser?

use axum::extract::{FromRef, FromRequestParts};
use http::{HeaderMap, header, request::Parts};
use idp_core::{
    Error, Id, Refusal,
    claimant::Claimant,
    engine::Engine,
    session::SessionRow,
    signin::{Origin, SignInRow},
    users::User,
};

use crate::{
    address::ClientAddress,
    agent::browser_name,
    cookies::{Held, Jar},
    errors::Trouble,
    web::Web,
};

/// The browser that sent a request, as far as it can be told.
#[derive(Clone, Debug)]
pub struct Visitor {
    address: std::net::IpAddr,
    browser: String,
    /// What the person chose here.
    chosen: String,
    languages: String,
    held: Held,
}

impl Visitor {
    /// The secret that its sign-ins are bound to, if it has one.
    #[must_use]
    pub fn claimant(&self) -> Option<&Claimant> {
        self.held.claimant.as_ref()
    }

    /// The same, where nothing can be done without it.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]: one answer for "no cookie", "not yours" and "no such thing" (F1).
    pub fn initiator(&self) -> Result<&Claimant, Error> {
        self.claimant().ok_or_else(|| Refusal::NotFound.into())
    }

    /// The secret of its session, if it has one; the session may be over.
    #[must_use]
    pub fn session_secret(&self) -> Option<&Claimant> {
        self.held.session.as_ref()
    }

    /// The session that it is in.
    ///
    /// # Errors
    /// [`Error::Fault`] if the store fails.
    pub async fn session(&self, engine: &Engine) -> Result<Option<SignedIn>, Error> {
        let Some(secret) = self.held.session.clone() else { return Ok(None) };
        let found = engine.session(&secret).await?;
        Ok(found.map(|(session, user)| SignedIn { secret, session, user }))
    }

    /// The sign-ins that it has open, the newest first. A hint of the browser, not a proof.
    #[must_use]
    pub fn open_sign_ins(&self) -> &[Id<SignInRow>] {
        &self.held.open
    }

    /// The languages it asks for, as in `Accept-Language`; what the person chose here comes first.
    #[must_use]
    pub fn languages(&self) -> &str {
        &self.languages
    }

    /// The same, where somebody wishes for languages on the person's behalf (`ui_locales` of OpenID Connect Core 1.0,
    /// 3.1.2.1): tags, separated by spaces. They come after what the person chose here, and before what the browser asks
    /// for.
    #[must_use]
    pub fn wishing(&self, tags: &str) -> Self {
        let is_tag = |tag: &&str| tag.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        let wished = tags.split(' ').filter(is_tag);
        let all: Vec<&str> =
            [self.chosen.as_str()].into_iter().chain(wished).chain([self.languages()]).collect();
        Self { languages: all.join(","), ..self.clone() }
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> std::net::IpAddr {
        self.address
    }

    /// Where it is, for the engine.
    #[must_use]
    pub fn origin(&self, engine: &Engine) -> Origin {
        Origin {
            address: self.address,
            place: engine.place(self.address),
            browser: self.browser.clone(),
            known: self.held.known.as_ref().map(|secret| engine.known_digest(secret)),
            session: self.held.session.as_ref().map(|secret| engine.known_digest(secret)),
        }
    }
}

/// [`Visitor::languages`] of a request, where there is no visitor: its address or its form could not be read.
#[must_use]
pub fn languages(headers: &HeaderMap) -> String {
    let asked = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let ranges = [Jar::languages(headers).unwrap_or_default(), asked.unwrap_or_default()];
    ranges.join(",").chars().take(200).collect()
}

/// A browser in a session.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The session's secret: enrolments are bound to it.
    pub secret: Claimant,
    /// The session.
    pub session: SessionRow,
    /// Whose it is.
    pub user: User,
}

impl<S> FromRequestParts<S> for Visitor
where
    Web: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Trouble> {
        let ClientAddress(address) = ClientAddress::from_request_parts(parts, state).await?;
        let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Ok(Self {
            address,
            browser: browser_name(text(header::USER_AGENT)),
            chosen: Jar::languages(&parts.headers).unwrap_or_default().chars().take(100).collect(),
            languages: languages(&parts.headers),
            held: Web::from_ref(state).cookies().read(&parts.headers),
        })
    }
}
