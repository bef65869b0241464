//! Does a certificate show who an application is, and is a token worth anything without it? (RFC 8705)

use std::path::PathBuf;

use data_encoding::BASE64;
use idp_protocol::{encoding::to_base64url, message::Verdict};
use idp_server::oidc::{AuthMethod, GrantType, Metadata};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair, SanType,
};
use serde_json::{Value, json};

use crate::{
    call_centre::{ASK, GRANT, polls},
    phone::Phone,
    requests::{claims_of, redemption},
    server::{Server, answer, form},
};

/// An authority, and the file with it.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: PathBuf,
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let name = to_base64url(&symbolon_aws_lc::crypto().random::<12>());
        let file = std::env::temp_dir().join(format!("symbolon-clients-{name}.pem"));
        std::fs::write(&file, issuer.pem()).unwrap();
        Self { issuer, file }
    }

    /// The certificate of an application, as DER.
    fn vouch(&self, name: &str, dns: &str) -> Vec<u8> {
        self.vouch_for(params(name, dns))
    }

    fn vouch_for(&self, params: CertificateParams) -> Vec<u8> {
        params.signed_by(&KeyPair::generate().unwrap(), &self.issuer).unwrap().der().to_vec()
    }
}

fn params(name: &str, dns: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.subject_alt_names = vec![SanType::DnsName(dns.try_into().unwrap())];
    params
}

/// A certificate that nobody else signed, and its key as a JWK.
fn own(name: &str) -> (Vec<u8>, Value) {
    let key = KeyPair::generate().unwrap();
    let der = params(name, "own.example").self_signed(&key).unwrap().der().to_vec();
    let point = key.public_key_raw();
    let (x, y) = (to_base64url(&point[1..33]), to_base64url(&point[33..65]));
    (der, json!({"keys": [{"kty": "EC", "crv": "P-256", "x": x, "y": y}]}))
}

async fn start(authority: &Authority) -> Server {
    let file = authority.file.clone();
    Server::start_with(move |config| {
        config.server.trusted_proxies = vec!["127.0.0.1".to_owned()];
        config.server.mtls.client_certificate_header = "client-cert".to_owned();
        config.server.mtls.client_ca = file;
    })
    .await
}

/// A request at the listener for certificates, with one, if there is one.
async fn post(server: &Server, path: &str, shown: Option<&[u8]>, params: &[(&str, &str)]) -> (u16, Value) {
    let mut request = server
        .http
        .post(format!("{}{path}", server.mtls))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form(params));
    if let Some(der) = shown {
        request = request.header("client-cert", format!(":{}:", BASE64.encode(der)));
    }
    answer(request.send().await.unwrap()).await
}

async fn robot(server: &Server, set: impl FnOnce(&mut Metadata)) {
    server
        .register("robot", |new| {
            new.metadata.token_endpoint_auth_method = Some(AuthMethod::TlsClientAuth);
            new.metadata.grant_types = vec![GrantType::ClientCredentials];
            set(&mut new.metadata);
        })
        .await;
}

const ASKED: [(&str, &str); 2] = [("grant_type", "client_credentials"), ("client_id", "robot")];

#[tokio::test]
async fn an_authority_vouches_for_the_name_of_an_application() {
    let authority = Authority::new();
    let server = start(&authority).await;
    robot(&server, |metadata| metadata.tls_client_auth_san_dns = Some("robot.example".to_owned())).await;
    let good = authority.vouch("anything", "robot.example");
    let (status, tokens) = post(&server, "/oauth2/token", Some(&good), &ASKED).await;
    assert_eq!(status, 200, "{tokens}");
    let stranger = Authority::new();
    for (name, shown) in [
        ("another name", Some(authority.vouch("robot.example", "other.example"))),
        ("another authority", Some(stranger.vouch("anything", "robot.example"))),
        ("no authority", Some(own("anything").0)),
        ("nothing", None),
    ] {
        let (status, refused) = post(&server, "/oauth2/token", shown.as_deref(), &ASKED).await;
        assert_eq!((status, refused["error"].as_str()), (400, Some("invalid_client")), "{name}: {refused}");
    }
    let (status, _) = answer(server.token(&ASKED).await).await;
    assert_eq!(status, 400, "where nobody shows certificates");
}

#[tokio::test]
async fn the_subject_may_be_the_name() {
    let authority = Authority::new();
    let server = start(&authority).await;
    robot(&server, |metadata| metadata.tls_client_auth_subject_dn = Some("CN=robot".to_owned())).await;
    let good = authority.vouch("robot", "x.example");
    assert_eq!(post(&server, "/oauth2/token", Some(&good), &ASKED).await.0, 200);
    let other = authority.vouch("robot2", "x.example");
    assert_eq!(post(&server, "/oauth2/token", Some(&other), &ASKED).await.0, 400);
}

/// RFC 8705, 2.1.2: each kind of name, and none in place of another.
#[tokio::test]
async fn a_name_of_each_kind_is_that_of_one_application() {
    let authority = Authority::new();
    let server = start(&authority).await;
    let uri = |text: &str| SanType::URI(text.try_into().unwrap());
    let email = |text: &str| SanType::Rfc822Name(text.try_into().unwrap());
    let dns = |text: &str| SanType::DnsName(text.try_into().unwrap());
    let ip = |text: &str| SanType::IpAddress(text.parse().unwrap());
    type Register = fn(&mut Metadata, String);
    let kinds: [(&str, Register, &str, SanType, Vec<SanType>); 4] = [
        (
            "by-uri",
            |metadata, name| metadata.tls_client_auth_san_uri = Some(name),
            "robot.example",
            uri("robot.example"),
            vec![uri("https://robot.example"), dns("robot.example"), email("robot.example")],
        ),
        (
            "by-email",
            |metadata, name| metadata.tls_client_auth_san_email = Some(name),
            "robot@robot.example",
            email("robot@robot.example"),
            vec![email("robot@example"), uri("robot@robot.example"), dns("robot@robot.example")],
        ),
        (
            "by-ip",
            |metadata, name| metadata.tls_client_auth_san_ip = Some(name),
            "2001:db8:0:0::7",
            ip("2001:db8::7"),
            vec![ip("2001:db8::8"), dns("2001:db8:0:0::7"), uri("2001:db8:0:0::7"), email("2001:db8:0:0::7")],
        ),
        (
            "by-v4",
            |metadata, name| metadata.tls_client_auth_san_ip = Some(name),
            "192.0.2.7",
            ip("192.0.2.7"),
            vec![ip("192.0.2.70"), ip("::ffff:192.0.2.7"), dns("192.0.2.7")],
        ),
    ];
    for (id, register, name, own, others) in kinds {
        server
            .register(id, |new| {
                new.metadata.token_endpoint_auth_method = Some(AuthMethod::TlsClientAuth);
                new.metadata.grant_types = vec![GrantType::ClientCredentials];
                register(&mut new.metadata, name.to_owned());
            })
            .await;
        let ask = async |names: Vec<SanType>| {
            let mut shown = params("anything", "x.example");
            shown.subject_alt_names = names;
            let asked = [("grant_type", "client_credentials"), ("client_id", id)];
            let (status, answered) =
                post(&server, "/oauth2/token", Some(&authority.vouch_for(shown)), &asked).await;
            (status, answered["error"].as_str().unwrap_or_default().to_owned())
        };
        assert_eq!(ask(vec![own.clone()]).await.0, 200, "{id}");
        assert_eq!(ask(vec![others[0].clone(), own]).await.0, 200, "{id}: one of several");
        for other in others {
            assert_eq!(ask(vec![other.clone()]).await, (400, "invalid_client".to_owned()), "{id}: {other:?}");
        }
    }
}

#[tokio::test]
async fn a_registered_key_needs_no_authority() {
    let authority = Authority::new();
    let server = start(&authority).await;
    let (good, jwks) = own("robot");
    robot(&server, |metadata| {
        metadata.token_endpoint_auth_method = Some(AuthMethod::SelfSignedTlsClientAuth);
        metadata.jwks = Some(serde_json::from_value(jwks).unwrap());
    })
    .await;
    assert_eq!(post(&server, "/oauth2/token", Some(&good), &ASKED).await.0, 200);
    for bad in [own("robot").0, authority.vouch("robot", "x.example")] {
        let (status, refused) = post(&server, "/oauth2/token", Some(&bad), &ASKED).await;
        assert_eq!((status, refused["error"].as_str()), (400, Some("invalid_client")), "{refused}");
    }
}

#[tokio::test]
async fn a_token_that_is_bound_to_a_certificate_is_worth_nothing_without_it() {
    let authority = Authority::new();
    let server = start(&authority).await;
    server
        .register("bound", |new| {
            new.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
            new.metadata.grant_types.push(GrantType::RefreshToken);
            new.metadata.tls_client_certificate_bound_access_tokens = true;
        })
        .await;
    let (good, thief) = (own("app").0, own("app").0);
    let code = server.code("bound").await;
    let redemption = redemption("bound", &code);
    let (status, refused) = answer(server.token(&redemption).await).await;
    assert_eq!((status, refused["error"].as_str()), (400, Some("invalid_request")), "without a certificate");
    let (status, tokens) = post(&server, "/oauth2/token", Some(&good), &redemption).await;
    assert_eq!((status, &tokens["token_type"]), (200, &json!("Bearer")), "{tokens}");
    let token = tokens["access_token"].as_str().unwrap();
    let digest = to_base64url(&symbolon_aws_lc::crypto().hash.sha256(&good));
    assert_eq!(claims_of(token)["cnf"], json!({"x5t#S256": digest}));

    let ask = async |shown: Option<&[u8]>| {
        post(&server, "/oauth2/userinfo", shown, &[("access_token", token)]).await
    };
    let userinfo = async |shown: Option<&[u8]>| {
        let mut request = server.http.get(format!("{}/oauth2/userinfo", server.mtls)).bearer_auth(token);
        if let Some(der) = shown {
            request = request.header("client-cert", format!(":{}:", BASE64.encode(der)));
        }
        request.send().await.unwrap().status()
    };
    assert_eq!(userinfo(Some(&good)).await, 200);
    assert_eq!(ask(Some(&good)).await.0, 200);
    assert_eq!(userinfo(Some(&thief)).await, 401);
    assert_eq!(userinfo(None).await, 401);
    assert_eq!(server.userinfo(token).await.status(), 401, "where nobody shows certificates");

    let refresh = [
        ("grant_type", "refresh_token"),
        ("client_id", "bound"),
        ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
    ];
    assert_eq!(
        post(&server, "/oauth2/token", Some(&thief), &refresh).await.0,
        400,
        "that of a public client"
    );
    assert_eq!(post(&server, "/oauth2/token", Some(&good), &refresh).await.0, 200);
}

#[tokio::test]
async fn tokens_of_a_device_are_bound_to_its_certificate() {
    let authority = Authority::new();
    let server = start(&authority).await;
    server
        .register("tv", |new| {
            new.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
            new.metadata.grant_types = vec![GrantType::DeviceCode];
            new.metadata.tls_client_certificate_bound_access_tokens = true;
        })
        .await;
    let good = own("tv").0;
    let begin = [("client_id", "tv"), ("scope", "openid")];
    let (status, begun) = post(&server, "/oauth2/device_authorization", Some(&good), &begin).await;
    assert_eq!(status, 200, "{begun}");
    let phone = Phone::of(&server, &server.user).await;
    phone.approve(&server, begun["verification_uri_complete"].as_str().unwrap()).await;
    let ask = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", "tv"),
        ("device_code", begun["device_code"].as_str().unwrap()),
    ];
    let (status, refused) = post(&server, "/oauth2/token", None, &ask).await;
    assert_eq!((status, refused["error"].as_str()), (400, Some("invalid_request")), "it promised one");
    let (status, tokens) = post(&server, "/oauth2/token", Some(&good), &ask).await;
    assert_eq!(status, 200, "{tokens}");
    let digest = to_base64url(&symbolon_aws_lc::crypto().hash.sha256(&good));
    assert_eq!(claims_of(tokens["access_token"].as_str().unwrap())["cnf"], json!({"x5t#S256": digest}));
}

#[tokio::test]
async fn who_asks_people_may_show_a_certificate_and_its_tokens_are_bound_to_it() {
    let authority = Authority::new();
    let server = start(&authority).await;
    let (good, jwks) = own("till");
    server
        .register("till", |new| {
            polls(new);
            new.metadata.token_endpoint_auth_method = Some(AuthMethod::SelfSignedTlsClientAuth);
            new.metadata.jwks = Some(serde_json::from_value(jwks).unwrap());
            new.metadata.tls_client_certificate_bound_access_tokens = true;
        })
        .await;
    let phone = Phone::of(&server, &server.user).await;
    let ask =
        [("client_id", "till"), ("scope", "openid"), ("login_hint", "alice"), ("binding_message", "Till 3")];
    let (_, refused) = post(&server, ASK, Some(&own("till").0), &ask).await;
    assert_eq!(refused["error"], "invalid_client", "another key");
    let (status, begun) = post(&server, ASK, Some(&good), &ask).await;
    assert_eq!(status, 200, "{begun}");
    phone.decide(&server, &phone.asked(&server).await, Verdict::Approve).await.unwrap();
    let id = begun["auth_req_id"].as_str().unwrap();
    let ask = [("grant_type", GRANT), ("client_id", "till"), ("auth_req_id", id)];
    let (status, tokens) = post(&server, "/oauth2/token", Some(&good), &ask).await;
    assert_eq!(status, 200, "{tokens}");
    let digest = to_base64url(&symbolon_aws_lc::crypto().hash.sha256(&good));
    assert_eq!(claims_of(tokens["access_token"].as_str().unwrap())["cnf"], json!({"x5t#S256": digest}));
}

#[tokio::test]
async fn discovery_says_where_certificates_are_shown() {
    let authority = Authority::new();
    let server = start(&authority).await;
    let (_, document) = answer(server.get("/.well-known/openid-configuration").await).await;
    let aliases = &document["mtls_endpoint_aliases"];
    assert_eq!(aliases["token_endpoint"], json!(format!("{}/oauth2/token", server.mtls)));
    let begin = format!("{}/oauth2/device_authorization", server.mtls);
    assert_eq!(aliases["device_authorization_endpoint"], json!(begin));
    assert_eq!(aliases["backchannel_authentication_endpoint"], json!(format!("{}{ASK}", server.mtls)));
    assert_eq!(document["tls_client_certificate_bound_access_tokens"], json!(true));
    let methods = document["token_endpoint_auth_methods_supported"].as_array().unwrap();
    assert!(
        methods.contains(&json!("tls_client_auth"))
            && methods.contains(&json!("self_signed_tls_client_auth"))
    );
    let plain = Server::start().await;
    let (_, document) = answer(plain.get("/.well-known/openid-configuration").await).await;
    assert!(document.get("mtls_endpoint_aliases").is_none(), "there is no listener for them");
}
