//! What does the running server make of bytes that attackers wrote: queries, forms, cookies, headers, tokens, settings?

use std::net::{Ipv4Addr, SocketAddr};

use axum::{Router, body::Body, extract::ConnectInfo};
use http::{HeaderName, HeaderValue, Request, StatusCode, header};
use idp_protocol::encoding::to_base64url;
use idp_server::config::{Config, Given};
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

use crate::{
    requests::{redemption, request},
    server::{CALLBACK, Server, form},
};

/// Which parser gets the bytes.
#[derive(Clone, Copy, Debug)]
pub enum Parser {
    /// The query of an authorization request.
    Query,
    /// The same as a form, and the forms of pages.
    Form,
    /// The form of a token request, and the PKCE verifier in it.
    Token,
    /// `id_token_hint`, where one signs out and where one signs in.
    Hint,
    /// The headers `Cookie`, `Forwarded`, `Accept-Language`, and `Authorization` wherever one is read: by applications with a
    /// secret, with a token, and with the right to change a registration.
    Headers,
}

/// A server without sockets, and a code that the token endpoint could take.
pub struct Door {
    runtime: Runtime,
    router: Router,
    code: String,
    hint: String,
    token: String,
    server: Server,
}

impl Door {
    pub fn open() -> Self {
        let runtime = Runtime::new().unwrap();
        let proxies = |config: &mut Config| config.server.trusted_proxies = vec!["127.0.0.1".to_owned()];
        let server = runtime.block_on(Server::start_with(proxies));
        let (code, tokens) = runtime.block_on(async {
            let (_, tokens) = server.redeem(&server.code("shop").await).await;
            (server.code("shop").await, tokens)
        });
        let [hint, token] =
            ["id_token", "access_token"].map(|name| tokens[name].as_str().unwrap().to_owned());
        Self { router: server.app.router(), runtime, code, hint, token, server }
    }

    /// Honest inputs for a parser.
    pub fn corpus(&self, parser: Parser) -> Vec<Vec<u8>> {
        let honest = match parser {
            Parser::Query => vec![form(&request("shop")), form(&request("bank"))],
            Parser::Form => {
                vec![form(&request("shop")), "id=AAAAAAAAAAAAAAAAAAAAAA&login=alice&password=x".to_owned()]
            }
            Parser::Token => vec![form(&redemption("shop", &self.code))],
            Parser::Hint => vec![self.hint.clone()],
            Parser::Headers => {
                let cookies =
                    "session=AAAA; login=AAAAAAAAAAAAAAAAAAAAAA; open=AAAA.BBBB; ui_locales=de".to_owned();
                let forwarded = "for=\"[2001:db8::7]:4711\";proto=https, for=192.0.2.43".to_owned();
                vec![
                    cookies,
                    forwarded,
                    format!("Bearer {}", self.token),
                    format!("DPoP {}", self.token),
                    basic("office", &self.server.secrets["office"]),
                    "de-AT,de;q=0.9".to_owned(),
                ]
            }
        };
        honest.into_iter().map(String::into_bytes).collect()
    }

    /// Gives a parser these bytes. The server must neither panic nor call it trouble of its own, nor send anybody to an
    /// address that is not registered.
    pub fn knock(&self, parser: Parser, bytes: &[u8]) {
        for request in self.requests(parser, bytes) {
            let what = format!("{parser:?} {:?}", String::from_utf8_lossy(bytes));
            let answer = self.runtime.block_on(self.router.clone().oneshot(request)).unwrap();
            assert!(answer.status() < StatusCode::INTERNAL_SERVER_ERROR, "{what}: {}", answer.status());
            let to = answer.headers().get(header::LOCATION).map_or("/", |to| to.to_str().unwrap());
            let registered = ["/", CALLBACK, "https://shop.example/other?x=1"];
            assert!(
                registered.iter().any(|start| to.starts_with(start)) && !to.starts_with("//"),
                "{what} → {to}"
            );
        }
    }

    fn requests(&self, parser: Parser, bytes: &[u8]) -> Vec<Request<Body>> {
        let text = String::from_utf8_lossy(bytes);
        let quoted = |name: &str| form(&[(name, text.as_ref())]);
        let asked = format!("/oauth2/authorize?{}", form(&request("shop")));
        let requests = match parser {
            Parser::Query => vec![self.get(&format!("/oauth2/authorize?{text}"))],
            Parser::Form => {
                let paths = ["/oauth2/authorize", "/login/password", "/oauth2/consent", "/language"];
                paths.into_iter().map(|path| self.post(path, bytes)).collect()
            }
            Parser::Token => {
                let verifier =
                    redemption("shop", &self.code).into_iter().filter(|(name, _)| *name != "code_verifier");
                let verifier: Vec<_> = verifier.chain([("code_verifier", text.as_ref())]).collect();
                vec![
                    self.post("/oauth2/token", bytes),
                    self.post("/oauth2/token", form(&verifier).as_bytes()),
                ]
            }
            Parser::Hint => vec![
                self.get(&format!("/oauth2/end-session?{}", quoted("id_token_hint"))),
                self.get(&format!("{asked}&{}", quoted("id_token_hint"))),
            ],
            Parser::Headers => {
                let names = [header::COOKIE, header::FORWARDED, header::ACCEPT_LANGUAGE];
                let names = names.into_iter().chain(["x-forwarded-for".parse().unwrap()]);
                let visits = names.map(|name| (name, self.get("/account/applications")));
                let asked = form(&[("grant_type", "client_credentials")]);
                let readers = [
                    self.get("/oauth2/userinfo"),
                    self.post("/oauth2/token", asked.as_bytes()),
                    self.get("/oauth2/register/x"),
                ];
                let value = HeaderValue::from_bytes(bytes).ok();
                let with = |(name, request): (HeaderName, Option<Request<Body>>)| {
                    let (value, mut request) = value.clone().zip(request)?;
                    request.headers_mut().insert(name, value);
                    Some(request)
                };
                visits.chain(readers.map(|request| (header::AUTHORIZATION, request))).map(with).collect()
            }
        };
        requests.into_iter().flatten().map(from_here).collect()
    }

    fn get(&self, address: &str) -> Option<Request<Body>> {
        Request::get(address).body(Body::empty()).ok()
    }

    fn post(&self, path: &str, bytes: &[u8]) -> Option<Request<Body>> {
        let request = Request::post(path).header(header::ORIGIN, &self.server.url);
        let kind = "application/x-www-form-urlencoded";
        request.header(header::CONTENT_TYPE, kind).body(Body::from(bytes.to_vec())).ok()
    }
}

/// RFC 7617, 2.
fn basic(id: &str, secret: &str) -> String {
    let mut text = to_base64url(format!("{id}:{secret}").as_bytes()).replace('-', "+").replace('_', "/");
    text.extend(std::iter::repeat_n('=', text.len().wrapping_neg() % 4));
    format!("Basic {text}")
}

fn from_here(mut request: Request<Body>) -> Request<Body> {
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from((Ipv4Addr::LOCALHOST, 4711))));
    request
}

/// Reads a configuration file with this text.
pub fn configuration(bytes: &[u8]) {
    let name = format!("symbolon-hostile-{}-{:?}", std::process::id(), std::thread::current().id());
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, bytes).unwrap();
    let read = Config::load(&Given { file: Some(path.clone()), ..Given::default() });
    std::fs::remove_file(&path).unwrap();
    if let Ok(config) = read {
        assert!(!config.server.issuer.is_empty(), "a server has to know its own address");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutate::Mutator;

    #[test]
    fn mutated_requests_are_answered_and_lead_to_nobody_else() {
        let door = Door::open();
        let parsers = [Parser::Query, Parser::Form, Parser::Token, Parser::Hint, Parser::Headers];
        for (seed, parser) in (1..).zip(parsers) {
            let corpus = door.corpus(parser);
            corpus.iter().for_each(|honest| door.knock(parser, honest));
            let mut mutator = Mutator::new(seed);
            (0..2_000).for_each(|_| door.knock(parser, &mutator.of(&corpus)));
        }
    }

    #[test]
    fn mutated_settings_are_refused_in_words() {
        let corpus = [idp_server::config::REFERENCE.as_bytes().to_vec()];
        let mut mutator = Mutator::new(7);
        (0..10_000).for_each(|_| configuration(&mutator.of(&corpus)));
    }
}
