//! What does a browser do? It keeps cookies, follows redirects and sends forms.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::Full;
use hyper::body::Bytes;

use crate::connection::{Answer, Connection, FORM, encoded, request};

const HOPS: usize = 6;
const AGENT: HeaderValue =
    HeaderValue::from_static("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0");

/// A browser, over one connection.
pub struct Browser {
    connection: Connection,
    origin: String,
    cookies: BTreeMap<String, String>,
}

/// Where a browser ends up.
pub enum End {
    /// A page of the server.
    Page(String),
    /// An address elsewhere.
    Elsewhere(String),
}

impl Browser {
    /// # Errors
    /// Nobody answers at this port.
    pub async fn open(port: u16) -> anyhow::Result<Self> {
        let connection = Connection::open(port).await?;
        Ok(Self { connection, origin: format!("http://localhost:{port}"), cookies: BTreeMap::new() })
    }

    /// Somebody else's browser, over the same connection.
    pub fn forget(&mut self) {
        self.cookies.clear();
    }

    /// The connection, for what no browser asks.
    pub fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// # Errors
    /// An answer that is neither a page nor a redirect.
    pub async fn visit(&mut self, path: &str) -> anyhow::Result<End> {
        let asked = request(Method::GET, path, Bytes::new())?;
        self.follow(asked).await
    }

    /// # Errors
    /// An answer that is neither a page nor a redirect.
    pub async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> anyhow::Result<End> {
        let mut asked = request(Method::POST, path, encoded(fields).into())?;
        asked.headers_mut().insert(header::CONTENT_TYPE, FORM);
        asked.headers_mut().insert(header::ORIGIN, HeaderValue::from_str(&self.origin)?);
        self.follow(asked).await
    }

    async fn follow(&mut self, mut asked: Request<Full<Bytes>>) -> anyhow::Result<End> {
        for _ in 0..HOPS {
            let of = format!("{} {}", asked.method(), asked.uri().path());
            let answer = self.send(asked).await.with_context(|| of.clone())?;
            if answer.status == StatusCode::OK {
                return Ok(End::Page(String::from_utf8(answer.body.to_vec())?));
            }
            let answer = answer.expect(StatusCode::SEE_OTHER, &of)?;
            let to = answer.location()?;
            let to = to.strip_prefix(&self.origin).unwrap_or(to);
            if !to.starts_with('/') {
                return Ok(End::Elsewhere(to.to_owned()));
            }
            asked = request(Method::GET, to, Bytes::new())?;
        }
        bail!("there are more than {HOPS} redirects")
    }

    async fn send(&mut self, mut asked: Request<Full<Bytes>>) -> anyhow::Result<Answer> {
        asked.headers_mut().insert(header::USER_AGENT, AGENT);
        if !self.cookies.is_empty() {
            let pairs: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            asked.headers_mut().insert(header::COOKIE, HeaderValue::from_str(&pairs.join("; "))?);
        }
        let answer = self.connection.ask(asked).await?;
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            self.keep(cookie.to_str()?);
        }
        Ok(answer)
    }

    fn keep(&mut self, cookie: &str) {
        let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
        let Some((name, value)) = pair.split_once('=') else { return };
        if value.is_empty() || attributes.contains("Max-Age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

impl End {
    /// # Errors
    /// The browser was sent away.
    pub fn page(self) -> anyhow::Result<String> {
        match self {
            Self::Page(html) => Ok(html),
            Self::Elsewhere(to) => bail!("the browser was sent to {to} instead of a page"),
        }
    }

    /// # Errors
    /// The browser stands at a page.
    pub fn elsewhere(self) -> anyhow::Result<String> {
        match self {
            Self::Elsewhere(to) => Ok(to),
            Self::Page(html) => bail!("the browser was not sent back but shown this:\n{html}"),
        }
    }
}

/// What stands between two words of a page.
///
/// # Errors
/// They are not there.
pub fn between<'a>(html: &'a str, before: &str, after: &str) -> anyhow::Result<&'a str> {
    let (_, rest) = html.split_once(before).with_context(|| format!("no {before:?} in the page:\n{html}"))?;
    Ok(rest.split_once(after).with_context(|| format!("no {after:?} after {before:?}"))?.0)
}

/// The value of a hidden field.
///
/// # Errors
/// The page has no such field.
pub fn field<'a>(html: &'a str, name: &str) -> anyhow::Result<&'a str> {
    between(html, &format!("name=\"{name}\" value=\""), "\"")
}

/// What the QR code of a page says, read from its modules as a camera would see them.
///
/// # Errors
/// There is none, or it cannot be read.
pub fn qr_code(html: &str) -> anyhow::Result<String> {
    let side: usize = between(html, "viewBox=\"0 0 ", " ")?.parse()?;
    let mut dark = vec![false; side.saturating_mul(side)];
    for bar in between(html, "<path fill=\"#000\" d=\"", "\"")?.split('M').skip(1) {
        let (at, rest) = bar.split_once('h').context("a bar without a length")?;
        let (x, y) = at.split_once(' ').context("a bar without a place")?;
        let (x, y): (usize, usize) = (x.parse()?, y.parse()?);
        let length: usize = rest.split('v').next().unwrap_or_default().parse()?;
        let start = y.saturating_mul(side).saturating_add(x);
        let modules = dark.get_mut(start..start.saturating_add(length)).context("a bar beyond the symbol")?;
        modules.fill(true);
    }
    let quiet = 4;
    let inner = side.saturating_sub(2 * quiet);
    let module = |x: usize, y: usize| dark.get((y + quiet) * side + x + quiet).copied().unwrap_or(false);
    let (_, text) = rqrr::Grid::new(rqrr::SimpleGrid::from_func(inner, module)).decode()?;
    Ok(text)
}
