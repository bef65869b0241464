//! A browser without script: cookies, redirects, links, forms, and a screenshot of the QR code.

mod live;

use std::collections::BTreeMap;

use image::{GrayImage, Luma};
use reqwest::{Client, Method, Response, StatusCode, header, redirect::Policy};
use url::Url;

pub use live::Live;

/// How many redirects are followed.
const HOPS: usize = 12;
/// How many pixels a module of a QR code has in a screenshot.
const SCALE: u32 = 4;

/// A browser without script.
pub struct WebBrowser {
    client: Client,
    /// Cookies by host and port-less name, as browsers keep them.
    cookies: BTreeMap<String, BTreeMap<String, String>>,
    /// Where it is.
    pub url: Url,
    /// The status of the last answer.
    pub status: StatusCode,
    /// The page.
    pub html: String,
    /// Every page and header that it has seen, for searching.
    pub seen: Vec<String>,
    /// Status and headers of every answer.
    pub answers: Vec<(StatusCode, header::HeaderMap)>,
    /// Every request.
    pub sent: Vec<Sent>,
}

/// A request as it went over the wire.
#[derive(Clone, Debug)]
pub struct Sent {
    method: Method,
    url: Url,
    cookies: String,
    /// The form, and the origin of the page that it stood on.
    form: Option<(String, String)>,
}

impl Default for WebBrowser {
    fn default() -> Self {
        Self::new()
    }
}

impl WebBrowser {
    /// A browser that has never been anywhere.
    pub fn new() -> Self {
        let client = Client::builder()
            .redirect(Policy::none())
            // A connection for each request, so that a balancer may send each one elsewhere.
            .pool_max_idle_per_host(0)
            .user_agent("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
            .build()
            .expect("a client");
        Self {
            client,
            cookies: BTreeMap::new(),
            url: Url::parse("about:blank").expect("a URL"),
            status: StatusCode::OK,
            html: String::new(),
            seen: Vec::new(),
            answers: Vec::new(),
            sent: Vec::new(),
        }
    }

    /// Opens an address and follows redirects.
    pub async fn open(&mut self, url: &str) {
        let url = self.url.join(url).or_else(|_| Url::parse(url)).expect("a URL");
        self.go(Method::GET, url, None).await;
    }

    /// Sends the form whose action contains `action`, with these fields over those that the page filled in.
    pub async fn submit(&mut self, action: &str, fields: &[(&str, &str)]) {
        let form = self.form(action);
        let (target, mut values) = form;
        for (name, value) in fields {
            values.retain(|(have, _)| have != name);
            values.push(((*name).to_owned(), (*value).to_owned()));
        }
        let body = values.iter().fold(
            url::form_urlencoded::Serializer::new(String::new()),
            |mut form, (name, value)| {
                form.append_pair(name, value);
                form
            },
        );
        let target = self.url.join(&target).expect("an action");
        let body = { body }.finish();
        self.go(Method::POST, target, Some(body)).await;
    }

    async fn go(&mut self, method: Method, url: Url, body: Option<String>) {
        let (mut method, mut url, mut body) = (method, url, body);
        for _ in 0..HOPS {
            let origin = self.url.origin().ascii_serialization();
            let (cookies, form) = (self.cookies_for(&url), body.take().map(|body| (body, origin)));
            let sent = Sent { method, url: url.clone(), cookies, form };
            let answer = self.send(&sent).await;
            self.sent.push(sent);
            self.keep_cookies(&url, answer.headers());
            self.url = url.clone();
            self.status = answer.status();
            self.answers.push((answer.status(), answer.headers().clone()));
            let headers = format!("{:?}", answer.headers());
            let location =
                answer.headers().get(header::LOCATION).map(|to| to.to_str().expect("text").to_owned());
            self.html = answer.text().await.expect("a page");
            self.seen.push(format!("{headers}\n{}", self.html));
            match location {
                Some(to) => (method, url) = (Method::GET, url.join(&to).expect("a location")),
                None => return,
            }
        }
        panic!("too many redirects, the last to {url}");
    }

    /// Sends a request, or one that was sent before, and follows nothing.
    pub async fn send(&self, sent: &Sent) -> Response {
        let mut request = self.client.request(sent.method.clone(), sent.url.clone());
        if !sent.cookies.is_empty() {
            request = request.header(header::COOKIE, &sent.cookies);
        }
        if let Some((body, origin)) = &sent.form {
            request = request
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(header::ORIGIN, origin)
                .body(body.clone());
        }
        request.send().await.expect("an answer")
    }

    /// Waits as the live page does: opens the event stream that the page names.
    pub async fn listen(&self) -> Live {
        let panel = self.html.split("<div").find(|tag| tag.contains("data-live")).expect("a live page");
        let url = self.url.join(&attribute(panel, "data-events").expect("an address")).expect("a URL");
        let request = self.client.get(url.clone()).header(header::COOKIE, self.cookies_for(&url));
        Live::new(request.send().await.expect("an answer"))
    }

    fn cookies_for(&self, url: &Url) -> String {
        let jar = self.cookies.get(&host(url));
        let pairs = jar.into_iter().flatten().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    fn keep_cookies(&mut self, url: &Url, headers: &header::HeaderMap) {
        let jar = self.cookies.entry(host(url)).or_default();
        for cookie in headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().expect("text");
            let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
            let (name, value) = pair.split_once('=').expect("a cookie");
            if attributes.to_ascii_lowercase().contains("max-age=0") || value.is_empty() {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// The value of a cookie for the host where the browser is.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(&host(&self.url))?.get(name).map(String::as_str)
    }

    /// Sets a cookie for the host where the browser is.
    pub fn set_cookie(&mut self, name: &str, value: &str) {
        let host = host(&self.url);
        self.cookies.entry(host).or_default().insert(name.to_owned(), value.to_owned());
    }

    fn form(&self, action: &str) -> (String, Vec<(String, String)>) {
        let forms = self.html.split("<form").skip(1).map(|form| form.split("</form>").next().unwrap_or(form));
        let wanted = forms
            .filter_map(|form| Some((attribute(form, "action")?, form)))
            .find(|(target, _)| target.contains(action));
        let Some((target, form)) = wanted else {
            panic!("no form for {action} at {}:\n{}", self.url, self.html)
        };
        let inputs = form.split("<input").skip(1);
        let values = inputs.filter_map(|input| Some((attribute(input, "name")?, attribute(input, "value")?)));
        (target, values.collect())
    }

    /// The first link whose address contains `part`.
    pub fn link(&self, part: &str) -> String {
        let links = self.html.split("<a ").skip(1).filter_map(|link| attribute(link, "href"));
        let mut links = links.filter(|href| href.contains(part));
        links.next().unwrap_or_else(|| panic!("no link to {part} at {}:\n{}", self.url, self.html))
    }

    /// The first text in the element with this class.
    pub fn text_of(&self, class: &str) -> String {
        let start = format!("class=\"{class}\"");
        let (_, rest) = self
            .html
            .split_once(&start)
            .unwrap_or_else(|| panic!("no {class} at {}:\n{}", self.url, self.html));
        let texts = rest.split('>').skip(1).filter_map(|text| text.split('<').next()).map(str::trim);
        let mut texts = texts.filter(|text| !text.is_empty());
        texts.next().expect("a text").to_owned()
    }

    /// A picture of the QR code on the page, as a screenshot shows it: on white, amid other things.
    pub fn screenshot(&self) -> GrayImage {
        let svg = self
            .html
            .split("<svg role=\"img\"")
            .nth(1)
            .unwrap_or_else(|| panic!("no QR code:\n{}", self.html));
        let view = attribute(svg, "viewBox").expect("a viewBox");
        let modules: u32 = view.rsplit(' ').next().and_then(|side| side.parse().ok()).expect("a side");
        let path = attribute(svg.split_once("<path").expect("a path").1, "d").expect("a path");
        let mut page = GrayImage::from_pixel(modules * SCALE + 300, modules * SCALE + 200, Luma([238]));
        let white = |page: &mut GrayImage, x: u32, y: u32, color: u8| {
            for (dx, dy) in (0..SCALE).flat_map(|dx| (0..SCALE).map(move |dy| (dx, dy))) {
                page.put_pixel(100 + x * SCALE + dx, 60 + y * SCALE + dy, Luma([color]));
            }
        };
        for (x, y) in (0..modules).flat_map(|x| (0..modules).map(move |y| (x, y))) {
            white(&mut page, x, y, 255);
        }
        for bar in path.split('M').skip(1) {
            let (at, rest) = bar.split_once('h').expect("a bar");
            let (x, y) = at.split_once(' ').expect("a place");
            let (x, y): (u32, u32) = (x.parse().expect("x"), y.parse().expect("y"));
            let width: u32 = rest.split('v').next().and_then(|width| width.parse().ok()).expect("a width");
            for dx in 0..width {
                white(&mut page, x + dx, y, 0);
            }
        }
        page
    }
}

/// The value of an attribute in the tag at the beginning of `tag`.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let tag = tag.split('>').next()?;
    let (_, rest) = tag.split_once(&format!("{name}=\""))?;
    let value = rest.split('"').next()?;
    Some(value.replace("&amp;", "&").replace("&#38;", "&").replace("&#x3D;", "=").replace("&#61;", "="))
}

/// Cookies are kept by host, not by port.
fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}
