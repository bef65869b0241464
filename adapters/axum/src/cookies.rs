//! Which cookies are there, and how are they written and read?
//!
//! All are of this host only, and all but one HttpOnly and SameSite=Lax. `__Host-` makes the browser refuse one that a
//! neighbouring host or a plain connection planted; on a loopback issuer without TLS the browser would
//! refuse the prefix itself, so there it is dropped together with `Secure`.

use std::convert::Infallible;

use axum::response::{IntoResponseParts, ResponseParts};
use http::{HeaderMap, HeaderValue, header};
use idp_core::{Id, claimant::Claimant, settings::Settings, signin::SignInRow};
use idp_protocol::Octets;

/// The secret that sign-ins are bound to.
const CLAIMANT: &str = "lt";
/// The secret of the session.
const SESSION: &str = "session";
/// The secret of a known browser.
const KNOWN: &str = "kb";
/// What script in a frame of ours compares: a digest of the session.
const BROWSER_STATE: &str = "browser-state";
/// The sign-ins that are open in this browser, so that a page without an id finds its own.
const OPEN: &str = "open";
/// How many of those are kept in mind.
const MAX_OPEN: usize = 8;
/// How long a chosen language is kept, in seconds: a year.
const LANGUAGE_LIFE: i64 = 31_536_000;

/// How cookies are written and read at one issuer.
#[derive(Clone, Copy, Debug)]
pub struct Jar {
    secure: bool,
    sign_in_life: i64,
    known_life: i64,
}

/// A `Set-Cookie` line.
#[derive(Clone, Debug)]
pub struct Cookie(HeaderValue);

impl Jar {
    pub(crate) fn new(secure: bool, settings: &Settings) -> Self {
        Self { secure, sign_in_life: settings.sign_in_life, known_life: settings.known_browser_life }
    }

    /// Sets the secret that sign-ins are bound to; it lives as long as the browser's session.
    #[must_use]
    pub fn claimant(&self, secret: &Claimant) -> Cookie {
        self.write(CLAIMANT, &secret.reveal(), None)
    }

    /// Sets the session's secret; it lives as long as the browser's session, the session itself as the server says.
    #[must_use]
    pub fn session(&self, secret: &Claimant) -> Cookie {
        self.write(SESSION, &secret.reveal(), None)
    }

    /// Takes the session's secret back.
    #[must_use]
    pub fn no_session(&self) -> Cookie {
        self.write(SESSION, "", Some(0))
    }

    /// Sets what a frame of ours on a page of another site reads. It is no secret and opens nothing. Browsers take
    /// `Secure` from localhost, too.
    #[must_use]
    pub fn browser_state(&self, state: &Octets<16>) -> Cookie {
        let name = self.name(BROWSER_STATE);
        line(format!("{name}={state}; Path=/; SameSite=None; Secure"))
    }

    /// Takes it back.
    #[must_use]
    pub fn no_browser_state(&self) -> Cookie {
        let name = self.name(BROWSER_STATE);
        line(format!("{name}=; Path=/; SameSite=None; Secure; Max-Age=0"))
    }

    /// Sets the secret of a known browser.
    #[must_use]
    pub fn known(&self, secret: &Claimant) -> Cookie {
        self.write(KNOWN, &secret.reveal(), Some(self.known_life))
    }

    /// Keeps the language that the person chose; no secret, and no prefix.
    #[must_use]
    pub fn language(&self, tag: &str) -> Cookie {
        self.line("ui_locales", tag, Some(LANGUAGE_LIFE))
    }

    /// One more sign-in is open in this browser.
    #[must_use]
    pub fn opened(&self, before: &[Id<SignInRow>], id: Id<SignInRow>) -> Cookie {
        let newest = std::iter::once(id).chain(before.iter().copied().filter(|other| *other != id));
        self.open(newest.take(MAX_OPEN))
    }

    /// A sign-in is over.
    #[must_use]
    pub fn closed(&self, before: &[Id<SignInRow>], id: Id<SignInRow>) -> Cookie {
        self.open(before.iter().copied().filter(|other| *other != id))
    }

    fn open(&self, ids: impl Iterator<Item = Id<SignInRow>>) -> Cookie {
        let ids: Vec<String> = ids.map(|id| id.to_string()).collect();
        let life = if ids.is_empty() { 0 } else { self.sign_in_life };
        self.write(OPEN, &ids.join("."), Some(life))
    }

    pub(crate) fn read(&self, headers: &HeaderMap) -> Held {
        let secret = |name| self.value(headers, name).and_then(Claimant::parse);
        let open = self.value(headers, OPEN).unwrap_or_default();
        Held {
            claimant: secret(CLAIMANT),
            session: secret(SESSION),
            known: secret(KNOWN),
            open: open.split('.').filter_map(|id| id.parse().ok()).take(MAX_OPEN).collect(),
        }
    }

    /// The languages that the person chose here (`ui_locales`); no secret, so it has no prefix.
    pub(crate) fn languages(headers: &HeaderMap) -> Option<&str> {
        find(headers, "ui_locales")
    }

    fn name(&self, name: &str) -> String {
        if self.secure { format!("__Host-{name}") } else { name.to_owned() }
    }

    fn value<'a>(&self, headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
        find(headers, &self.name(name))
    }

    fn write(&self, name: &str, value: &str, life: Option<i64>) -> Cookie {
        self.line(&self.name(name), value, life)
    }

    fn line(&self, name: &str, value: &str, life: Option<i64>) -> Cookie {
        let mut line = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax");
        if self.secure {
            line.push_str("; Secure");
        }
        if let Some(life) = life {
            line.push_str(&format!("; Max-Age={life}"));
        }
        self::line(line)
    }
}

/// Names, ids and base64url are visible ASCII, so this never falls back.
fn line(text: String) -> Cookie {
    let mut line = HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""));
    line.set_sensitive(true);
    Cookie(line)
}

fn find<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// What a request brought.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held {
    pub claimant: Option<Claimant>,
    pub session: Option<Claimant>,
    pub known: Option<Claimant>,
    pub open: Vec<Id<SignInRow>>,
}

impl IntoResponseParts for Cookie {
    type Error = Infallible;
    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        parts.headers_mut().append(header::SET_COOKIE, self.0);
        Ok(parts)
    }
}

/// Several cookies in one response.
#[derive(Clone, Debug, Default)]
pub struct Cookies(pub Vec<Cookie>);

impl IntoResponseParts for Cookies {
    type Error = Infallible;
    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        for cookie in self.0 {
            parts = cookie.into_response_parts(parts)?;
        }
        Ok(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jar(secure: bool) -> Jar {
        Jar::new(secure, &Settings::default())
    }

    fn line(cookie: &Cookie) -> &str {
        cookie.0.to_str().unwrap()
    }

    #[test]
    fn a_planted_cookie_without_the_prefix_is_not_read() {
        let mut headers = HeaderMap::new();
        let planted = format!("lt={}", "A".repeat(43));
        headers.insert(header::COOKIE, HeaderValue::from_str(&planted).unwrap());
        assert!(jar(true).read(&headers).claimant.is_none());
        assert!(jar(false).read(&headers).claimant.is_some());
    }

    #[test]
    fn every_cookie_is_of_this_host_and_hidden_from_script() {
        let cookie = jar(true).no_session();
        assert_eq!(line(&cookie), "__Host-session=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0");
        assert_eq!(
            line(&jar(false).no_session()),
            "session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0",
            "a browser refuses the prefix and Secure without TLS"
        );
    }

    #[test]
    fn the_open_sign_ins_are_a_short_list_with_the_newest_first() {
        let ids: Vec<Id<SignInRow>> = (0..9).map(|n| Id::from_bytes([n; 16])).collect();
        let cookie = jar(true).opened(&ids[..8], ids[8]);
        let value = line(&cookie).split(['=', ';']).nth(1).unwrap().to_owned();
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_str(&format!("__Host-open={value}")).unwrap());
        let held = jar(true).read(&headers);
        assert_eq!(held.open.len(), 8);
        assert_eq!(held.open[0], ids[8]);
    }
}
