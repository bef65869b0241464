//! A service provider, as far as these tests need one: it asks, and reads what comes back.

use std::sync::{Arc, LazyLock};

use chrono::{DateTime, SecondsFormat};
use data_encoding::BASE64;
use idp_core::Time;
use idp_protocol::{
    Prompt,
    crypto::{Algorithm, PrivateKey, SigningKey},
    message::Verdict,
};
use idp_server::{
    App,
    saml::{Terms, provider::Given},
};
use rcgen::{CertificateParams, KeyPair};
use reqwest::{Response, header};
use serde_json::json;
use symbolon_saml::{
    Kind, PeerKeys, Signer, Trust, Wrapping, open, post,
    redirect::{self, Parameter},
};

use crate::{
    phone::Phone,
    requests::hidden,
    server::{PASSWORD, Server, answer, cookies, redirected},
};

pub const SHOP: &str = "https://shop.example/metadata";
pub const ACS: &str = "https://shop.example/acs";
/// What an element of assertions declares inside of a request.
pub const SAML: &str = " xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"";
pub const RELAY: &str = "a state & more";

/// A service provider with a key that it signs with, and one that is encrypted for.
pub struct ServiceProvider {
    pub entity_id: String,
    pub acs: String,
    pub signer: Signer,
    key: Arc<dyn SigningKey>,
    pub encrypts: Option<Vec<u8>>,
    /// More elements of its metadata, and attributes of its role.
    pub more: String,
    pub attributes: String,
    pub bindings: Vec<&'static str>,
    pub has_key: bool,
}

static KEY: LazyLock<(PrivateKey, Vec<u8>)> = LazyLock::new(|| certified(Algorithm::Es256));
static OTHER_KEY: LazyLock<(PrivateKey, Vec<u8>)> = LazyLock::new(|| certified(Algorithm::Es256));
pub static RSA: LazyLock<(PrivateKey, Vec<u8>)> = LazyLock::new(|| certified(Algorithm::Rs256));

fn certified(algorithm: Algorithm) -> (PrivateKey, Vec<u8>) {
    let private = symbolon_aws_lc::crypto().signatures.generate(algorithm).unwrap();
    let pair = KeyPair::try_from(private.as_slice()).unwrap();
    let certificate = CertificateParams::new(vec![]).unwrap().self_signed(&pair).unwrap().der().to_vec();
    (private, certificate)
}

/// What differs in a request.
#[derive(Clone)]
pub struct Request {
    pub id: String,
    pub issued: Option<Time>,
    pub destination: Option<String>,
    pub issuer: Option<String>,
    pub attributes: String,
    pub inside: String,
}

impl Default for Request {
    fn default() -> Self {
        let id = symbolon_saml::fresh_id(&*symbolon_aws_lc::crypto().random);
        let (attributes, inside) = (String::new(), String::new());
        Self { id, issued: None, destination: Some("/saml/sso".to_owned()), issuer: None, attributes, inside }
    }
}

impl Request {
    pub fn with(attributes: &str, inside: &str) -> Self {
        Self { attributes: attributes.to_owned(), inside: inside.to_owned(), ..Self::default() }
    }

    /// One that asks for classes.
    pub fn context(comparison: &str, classes: &[&str]) -> Self {
        let each = classes
            .iter()
            .map(|class| format!("<saml:AuthnContextClassRef{SAML}>{class}</saml:AuthnContextClassRef>"));
        let inside = format!(
            "<samlp:RequestedAuthnContext Comparison=\"{comparison}\">{}</samlp:RequestedAuthnContext>",
            each.collect::<String>()
        );
        Self::with("", &inside)
    }

    /// One that asks for a name.
    pub fn name(format: &str, more: &str) -> Self {
        Self::with("", &format!("<samlp:NameIDPolicy Format=\"{format}\"{more}></samlp:NameIDPolicy>"))
    }
}

impl ServiceProvider {
    pub fn new(entity_id: &str, acs: &str) -> Self {
        Self::with_key(entity_id, acs, &KEY)
    }

    pub fn shop() -> Self {
        Self::new(SHOP, ACS)
    }

    /// Somebody else who calls himself the shop.
    pub fn mallory() -> Self {
        Self::with_key(SHOP, ACS, &OTHER_KEY)
    }

    fn with_key(entity_id: &str, acs: &str, (private, certificate): &(PrivateKey, Vec<u8>)) -> Self {
        let crypto = symbolon_aws_lc::crypto();
        let key = crypto.signatures.load(Algorithm::Es256, private).unwrap();
        let signer = Signer::new(&crypto, Arc::clone(&key), certificate.clone()).unwrap();
        Self {
            entity_id: entity_id.to_owned(),
            acs: acs.to_owned(),
            signer,
            key,
            encrypts: None,
            more: String::new(),
            attributes: String::new(),
            bindings: vec!["HTTP-POST"],
            has_key: true,
        }
    }

    pub fn metadata(&self) -> String {
        let key = |usage: &str, der: &[u8]| {
            format!(
                "<md:KeyDescriptor use=\"{usage}\"><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:X509Data>\
                 <ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>",
                BASE64.encode(der)
            )
        };
        let signing = if self.has_key { key("signing", self.signer.certificate()) } else { String::new() };
        let encryption = self.encrypts.as_ref().map(|der| key("encryption", der)).unwrap_or_default();
        let consumers = self.bindings.iter().enumerate().map(|(index, binding)| {
            format!(
                "<md:AssertionConsumerService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:{binding}\" Location=\"{}\" \
                 index=\"{index}\"/>",
                self.acs
            )
        });
        format!(
            "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{}\"><md:SPSSODescriptor \
             protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"{}>{signing}{encryption}{}{}</md:SPSSODescriptor>\
             </md:EntityDescriptor>",
            self.entity_id,
            self.attributes,
            consumers.collect::<String>(),
            self.more,
        )
    }

    /// The administrator adds it.
    pub async fn join(&self, app: &App, terms: Terms) {
        let engine = app.engine();
        let given = Given::read(self.metadata().as_bytes(), None, None, engine.now()).unwrap();
        app.saml().providers().add(engine, given, terms, None).await.unwrap();
    }

    /// The text of a request, in the canonical form.
    pub fn asks(&self, server: &Server, request: &Request) -> String {
        let issued = request.issued.unwrap_or_else(|| server.clock_now());
        let destination = request.destination.as_ref().map(|to| match to.starts_with('/') {
            true => format!(" Destination=\"{}{to}\"", server.app.issuer()),
            false => format!(" Destination=\"{to}\""),
        });
        format!(
            "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\"{}{} ID=\"{}\" IssueInstant=\"{}\" \
             Version=\"2.0\"><saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">{}</saml:Issuer>{}\
             </samlp:AuthnRequest>",
            request.attributes,
            destination.unwrap_or_default(),
            request.id,
            instant(issued),
            request.issuer.as_ref().unwrap_or(&self.entity_id),
            request.inside,
        )
    }

    /// The address that it sends a browser to, without a signature.
    pub fn sends(&self, server: &Server, request: &Request) -> String {
        let query = redirect::write(Parameter::Request, &self.asks(server, request), Some(RELAY), None);
        format!("/saml/sso?{}", query.unwrap())
    }

    /// The same, signed.
    pub fn sends_signed(&self, server: &Server, request: &Request) -> String {
        let text = self.asks(server, request);
        let query = redirect::write(Parameter::Request, &text, Some(RELAY), Some(&self.signer));
        format!("/saml/sso?{}", query.unwrap())
    }

    /// The field of a form with a text, signed inside: behind `Issuer`, in the one way that SAML has.
    pub fn signed(&self, text: &str, id: &str) -> String {
        const C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
        let hash = |text: &str| BASE64.encode(&symbolon_aws_lc::crypto().hash.sha256(text.as_bytes()));
        let named =
            |name: &str, algorithm: &str| format!("<ds:{name} Algorithm=\"{algorithm}\"></ds:{name}>");
        let signed_info = format!(
            "<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">{}{}<ds:Reference URI=\"#{id}\"><ds:Transforms>{}{}\
             </ds:Transforms>{}<ds:DigestValue>{}</ds:DigestValue></ds:Reference></ds:SignedInfo>",
            named("CanonicalizationMethod", C14N),
            named("SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"),
            named("Transform", "http://www.w3.org/2000/09/xmldsig#enveloped-signature"),
            named("Transform", C14N),
            named("DigestMethod", "http://www.w3.org/2001/04/xmlenc#sha256"),
            hash(text),
        );
        let value = BASE64.encode(&self.key.sign(signed_info.as_bytes()).unwrap());
        let signature = format!(
            "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">{signed_info}<ds:SignatureValue>{value}\
             </ds:SignatureValue></ds:Signature>"
        );
        text.replacen("</saml:Issuer>", &format!("</saml:Issuer>{signature}"), 1)
    }
}

pub fn instant(time: Time) -> String {
    DateTime::from_timestamp(time.0, 0).unwrap().to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A browser opens an address, with a cookie if it has one.
pub async fn opens(server: &Server, address: &str, cookie: Option<&str>) -> Response {
    match cookie {
        Some(cookie) => server.visit(address, cookie, None).await,
        None => server.get(address).await,
    }
}

/// What a service provider reads in an answer.
#[derive(Debug)]
pub struct Answered {
    /// Where the form goes.
    pub action: String,
    pub relay_state: String,
    /// The whole response as it came.
    pub raw: String,
    /// What was signed of it.
    pub text: String,
}

impl Answered {
    pub async fn of(server: &Server, response: Response) -> Self {
        let status = response.status();
        let location = response.headers().get(header::LOCATION).cloned();
        let page = response.text().await.unwrap();
        assert_eq!(status, 200, "{location:?} {page}");
        let raw = post::decode(&hidden(&page, "SAMLResponse")).unwrap();
        let action = page.split_once("action=\"").unwrap().1.split_once('"').unwrap().0.to_owned();
        let text = checked(server, &raw, Kind::Response).await;
        let has_state = page.contains("name=\"RelayState\"");
        let relay_state = if has_state { unescaped(&hidden(&page, "RelayState")) } else { String::new() };
        Self { action, relay_state, raw, text }
    }

    /// The text of the one element with this name.
    pub fn element(&self, name: &str) -> &str {
        let starts =
            |rest: &str| rest.strip_prefix(name).is_some_and(|behind| behind.starts_with([' ', '>']));
        let found = self.text.split("<saml:").find(|rest| starts(rest));
        let found = found.unwrap_or_else(|| panic!("no {name}: {}", self.text));
        found.split_once('>').unwrap().1.split_once('<').unwrap().0
    }

    /// The first attribute with this name, wherever it stands.
    pub fn attribute(&self, name: &str) -> &str {
        let (_, behind) =
            self.text.split_once(&format!(" {name}=\"")).unwrap_or_else(|| panic!("{}", self.text));
        behind.split_once('"').unwrap().0
    }

    pub fn has(&self, text: &str) -> bool {
        self.text.contains(text)
    }

    /// The last names of the two statuses.
    pub fn statuses(&self) -> Vec<&str> {
        let all = self.text.split("StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:").skip(1);
        all.map(|rest| rest.split_once('"').unwrap().0).collect()
    }
}

/// What our keys signed of a message.
pub async fn checked(server: &Server, text: &str, kind: Kind) -> String {
    let engine = server.app.engine();
    let keys = server.app.saml().keys(engine).await.unwrap();
    let keys = PeerKeys::from_certificates(keys.certificates(engine.now())).unwrap();
    let wrapping = if kind == Kind::Response { Wrapping::None } else { Wrapping::Soap };
    let message = open(text, kind, wrapping).unwrap().check(Trust::Required(&keys)).unwrap();
    message.canonical().to_owned()
}

pub fn unescaped(text: &str) -> String {
    text.replace("&#38;", "&").replace("&amp;", "&").replace("&#x26;", "&")
}

/// The sign-in page that a browser was sent to: its id, and the cookies.
pub fn page(response: &Response, cookie: Option<&str>) -> (String, String) {
    let came = redirected(response);
    assert_eq!(came.to, "/login", "{came:?}");
    let own = cookie.map(|cookie| format!("{cookie}; ")).unwrap_or_default();
    (came.params["id"].clone(), format!("{own}{}", cookies(response)))
}

/// Alice types her password at the page.
pub async fn types_password(server: &Server, (id, cookies): &(String, String)) -> Response {
    let form = [("id", id.as_str()), ("login", "alice"), ("password", PASSWORD)];
    server.visit("/login/password", cookies, Some(&form)).await
}

/// Alice scans the code of the page, types her PIN, and types the digits of her phone into the browser.
pub async fn scans(server: &Server, phone: &Phone, (id, cookies): &(String, String)) -> Response {
    let begun = server
        .http
        .post(format!("{}/ceremony/begin", server.url))
        .header(header::COOKIE, cookies)
        .header(header::ORIGIN, &server.url)
        .json(&json!({ "sign_in": id, "kind": "qr" }));
    let (_, view) = answer(begun.send().await.unwrap()).await;
    let asked = phone.scan(server, view["prompt"]["payload"].as_str().unwrap()).await.unwrap();
    let decided = phone.decide(server, &asked, Verdict::Approve).await.unwrap();
    let Some(Prompt::ShowCode { code }) = decided.prompt else { panic!("{decided:?}") };
    let form = [("id", id.as_str()), ("ceremony", view["id"].as_str().unwrap()), ("code", &code)];
    let done = server.visit("/login/finish", cookies, Some(&form)).await;
    if done.status() == 200 {
        return done;
    }
    // Nobody said before who it would be, so the browser asks whether it is the right one.
    let form = [("id", id.as_str()), ("choice", "continue")];
    server.visit("/login/continue", cookies, Some(&form)).await
}

/// A page of ours that says what is wrong, and sends the browser nowhere.
pub async fn refused(response: Response, sentence: &str) {
    let status = response.status();
    assert_eq!(response.headers().get(header::LOCATION), None);
    let page = response.text().await.unwrap();
    assert_eq!(status, 400, "{page}");
    assert!(page.contains(sentence), "{page}");
    assert!(!page.contains("SAMLResponse"), "{page}");
}
