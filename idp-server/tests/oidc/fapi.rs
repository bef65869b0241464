//! Is each row of the FAPI 2.0 Security Profile (Final) kept, whatever else is set?

use std::collections::BTreeMap;

use idp_protocol::encoding::to_base64url;
use idp_server::oidc::{
    ApplicationType, AuthMethod, GrantType, NewClient, Pkce, Profile, ResponseType, Signature,
};
use reqwest::{Response, header};
use serde_json::{Map, Value, json};
use symbolon_sqlx::provider::ClientWrite;

use crate::{
    requests::{asking, parts, request},
    server::{CALLBACK, NOW, Server, VERIFIER, answer, form, redirected},
    signer::Signer,
};

const PAR: &str = "/oauth2/par";
const TOKEN: &str = "/oauth2/token";
const USERINFO: &str = "/oauth2/userinfo";
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A server, and a bank that keeps to the profile at it.
struct Town {
    server: Server,
    /// What the bank proves itself with.
    signer: Signer,
    /// What its tokens are bound to.
    holder: Signer,
    cookie: String,
}

/// A registration that keeps to the profile.
fn conforming(new: &mut NewClient, signer: &Signer) {
    new.terms.profile = Profile::Fapi2;
    let metadata = &mut new.metadata;
    metadata.token_endpoint_auth_method = Some(AuthMethod::PrivateKeyJwt);
    metadata.grant_types =
        vec![GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::ClientCredentials];
    metadata.id_token_signed_response_alg = Signature::Ps256;
    metadata.authorization_signed_response_alg = Signature::Ps256;
    metadata.jwks = Some(serde_json::from_value(signer.jwks()).unwrap());
}

impl Town {
    async fn new() -> Self {
        Self::of(Signer::new("one"), Signer::new("two"), 60).await
    }

    async fn of(signer: Signer, holder: Signer, code_life: i64) -> Self {
        let server = Server::start_with(|config| {
            config.oidc.dpop_nonce = false;
            config.oidc.code_life = code_life;
        })
        .await;
        server.register("bank-app", |new| conforming(new, &signer)).await;
        let (cookie, _) = server.sign_in().await;
        Self { server, signer, holder, cookie }
    }

    fn now(&self) -> i64 {
        self.server.app.engine().now().0
    }

    /// An honest assertion, with other members.
    fn assertion(&self, with: Value) -> String {
        let jti = to_base64url(&symbolon_aws_lc::crypto().random::<12>());
        let (now, aud) = (self.now(), &self.server.url);
        let mut claims = json!({"iss": "bank-app", "sub": "bank-app", "aud": aud, "exp": now + 60, "iat": now, "jti": jti});
        claims.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
        self.signer.sign(&claims)
    }

    /// An honest proof, with other members.
    fn proof(&self, path: &str, with: Value) -> String {
        let jti = to_base64url(&symbolon_aws_lc::crypto().random::<12>());
        let (htm, htu) =
            (if path == USERINFO { "GET" } else { "POST" }, format!("{}{path}", self.server.url));
        let mut claims = json!({"jti": jti, "htm": htm, "htu": htu, "iat": self.now()});
        claims.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
        self.holder.prove(&claims)
    }

    /// Sends a form with an assertion and, maybe, a proof.
    async fn send(
        &self,
        path: &str,
        params: &[(&str, &str)],
        assertion: &str,
        proof: Option<&str>,
    ) -> (u16, Value) {
        let who = [("client_assertion_type", JWT_BEARER), ("client_assertion", assertion)];
        let mut request = self
            .server
            .http
            .post(format!("{}{path}", self.server.url))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form(&[params, &who].concat()));
        if let Some(proof) = proof {
            request = request.header("DPoP", proof);
        }
        answer(request.send().await.unwrap()).await
    }

    async fn push(&self, params: &[(&str, &str)]) -> (u16, Value) {
        self.send(PAR, params, &self.assertion(json!({})), None).await
    }

    /// The answer to the pushed request, for alice's browser.
    async fn come(&self, pushed: &Value) -> Response {
        let uri = pushed["request_uri"].as_str().unwrap();
        self.server.authorize(&[("client_id", "bank-app"), ("request_uri", uri)], Some(&self.cookie)).await
    }

    async fn code(&self) -> String {
        let (status, pushed) = self.push(&request("bank-app")).await;
        assert_eq!(status, 201, "{pushed}");
        redirected(&self.come(&pushed).await).params["code"].clone()
    }

    async fn redeem(&self, code: &str) -> (u16, Value) {
        let proof = self.proof(TOKEN, json!({}));
        self.send(TOKEN, &redemption(code), &self.assertion(json!({})), Some(&proof)).await
    }

    async fn tokens(&self) -> Value {
        let (status, tokens) = self.redeem(&self.code().await).await;
        assert_eq!((status, &tokens["token_type"]), (200, &json!("DPoP")), "{tokens}");
        tokens
    }

    /// Why a registration that is changed like this is refused.
    async fn refused(&self, set: impl FnOnce(&mut NewClient)) -> String {
        let mut new = NewClient { id: "other".to_owned(), ..NewClient::default() };
        new.metadata.redirect_uris = vec![CALLBACK.parse().unwrap()];
        conforming(&mut new, &self.signer);
        set(&mut new);
        self.server.app.clients().register(self.server.app.engine(), new).await.unwrap_err().to_string()
    }
}

fn redemption(code: &str) -> [(&str, &str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ]
}

fn error(answered: &(u16, Value)) -> (u16, &str) {
    (answered.0, answered.1["error"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn a_client_of_the_profile_signs_people_in() {
    let town = Town::new().await;
    let tokens = town.tokens().await;
    let token = tokens["access_token"].as_str().unwrap();
    let ath = to_base64url(&symbolon_aws_lc::crypto().hash.sha256(token.as_bytes()));
    let asked = town.server.http.get(format!("{}{USERINFO}", town.server.url));
    let asked = asked.header(header::AUTHORIZATION, format!("DPoP {token}"));
    let told = asked.header("DPoP", town.proof(USERINFO, json!({"ath": ath}))).send().await.unwrap();
    assert_eq!(answer(told).await.1["email"], "alice@example.org");
}

#[tokio::test]
async fn row_5_3_2_1_2_there_is_no_password_grant() {
    let town = Town::new().await;
    let asked = [("grant_type", "password"), ("username", "alice"), ("password", "x")];
    let answered =
        town.send(TOKEN, &asked, &town.assertion(json!({})), Some(&town.proof(TOKEN, json!({})))).await;
    assert_eq!(error(&answered), (400, "unsupported_grant_type"));
}

#[tokio::test]
async fn row_5_3_2_1_3_and_6_a_client_holds_a_key_or_a_certificate() {
    let town = Town::new().await;
    for method in [
        None,
        Some(AuthMethod::ClientSecretBasic),
        Some(AuthMethod::ClientSecretPost),
        Some(AuthMethod::ClientSecretJwt),
        Some(AuthMethod::None),
    ] {
        let why = town.refused(|new| new.metadata.token_endpoint_auth_method = method).await;
        assert!(why.starts_with("token_endpoint_auth_method: FAPI 2.0"), "{method:?}: {why}");
    }
    town.server
        .register("with-certificate", |new| {
            conforming(new, &town.signer);
            new.metadata.token_endpoint_auth_method = Some(AuthMethod::TlsClientAuth);
            new.metadata.tls_client_auth_san_dns = Some("bank.example".to_owned());
        })
        .await;
}

#[tokio::test]
async fn a_registration_of_before_the_profile_serves_for_nothing() {
    let town = Town::new().await;
    let (app, secret) = (&town.server.app, &town.server.secrets["office"]);
    let decided = app.clients().decide(app.engine(), "office", |terms| terms.profile = Profile::Fapi2).await;
    assert!(decided.unwrap_err().to_string().contains("private_key_jwt"), "an administrator is told");
    let mut row = app.db().client("office").await.unwrap().unwrap();
    let mut doc: Value = serde_json::from_str(&row.doc).unwrap();
    doc["profile"] = json!("fapi2");
    row.doc = doc.to_string();
    row.revision += 1;
    let changed = app.db().change(ClientWrite::Update(row), idp_core::store::Batch::new()).await.unwrap();
    assert_eq!(changed, symbolon_sqlx::provider::Changed::Yes);
    town.server.clock.advance(5);
    let asked = [request("office"), vec![("client_secret", secret.as_str())]].concat();
    let answered = answer(town.server.post(PAR, &asked).await).await;
    assert_eq!(error(&answered), (400, "unauthorized_client"), "{answered:?}");
    assert!(answered.1["error_description"].as_str().unwrap().contains("private_key_jwt"), "{answered:?}");
}

#[tokio::test]
async fn row_5_3_2_1_4_and_5_no_token_without_a_key() {
    let town = Town::new().await;
    let code = town.code().await;
    let itself = [("grant_type", "client_credentials")];
    for asked in [redemption(&code).as_slice(), &itself] {
        let answered = town.send(TOKEN, asked, &town.assertion(json!({})), None).await;
        assert_eq!(error(&answered), (400, "invalid_dpop_proof"), "{answered:?}");
    }
    let answered = town.redeem(&code).await;
    assert_eq!(answered.1["token_type"], "DPoP", "the code was not used up: {answered:?}");
    let claims = parts(answered.1["access_token"].as_str().unwrap()).1;
    assert_eq!(claims["cnf"]["jkt"], json!(town.holder.thumbprint()));
}

#[tokio::test]
async fn row_5_3_2_1_7_no_open_redirector() {
    let town = Town::new().await;
    let answered = town.push(&asking("bank-app", &[("redirect_uri", "https://evil.example/")])).await;
    assert_eq!(error(&answered), (400, "invalid_request"));
    let (_, pushed) = town.push(&request("bank-app")).await;
    let uri = pushed["request_uri"].as_str().unwrap();
    let asked = [("client_id", "bank-app"), ("request_uri", uri), ("redirect_uri", "https://evil.example/")];
    let came = redirected(&town.server.authorize(&asked, Some(&town.cookie)).await);
    assert_eq!(came.to, CALLBACK, "what the link says does not count");
}

#[tokio::test]
async fn row_5_3_2_1_8_an_assertion_is_for_the_issuer_alone() {
    let town = Town::new().await;
    let issuer = town.server.url.clone();
    for aud in [
        json!([issuer]),
        json!([issuer, "https://other.example"]),
        json!(format!("{issuer}{TOKEN}")),
        json!(format!("{issuer}{PAR}")),
    ] {
        let assertion = town.assertion(json!({"aud": aud}));
        let answered = town.send(PAR, &request("bank-app"), &assertion, None).await;
        assert_eq!(error(&answered), (400, "invalid_client"), "{aud}");
    }
    assert_eq!(town.push(&request("bank-app")).await.0, 201);
}

#[tokio::test]
async fn row_5_3_2_1_9_a_refresh_token_stays_the_same() {
    let town = Town::new().await;
    let first = town.tokens().await["refresh_token"].as_str().unwrap().to_owned();
    for _ in 0..3 {
        let asked = [("grant_type", "refresh_token"), ("refresh_token", first.as_str())];
        let proof = town.proof(TOKEN, json!({}));
        let (status, tokens) = town.send(TOKEN, &asked, &town.assertion(json!({})), Some(&proof)).await;
        assert_eq!((status, tokens["refresh_token"].as_str()), (200, Some(first.as_str())), "{tokens}");
        town.server.clock.advance(60);
    }
    town.server.clock.advance(town.server.app.config().oidc.refresh_token_idle - 61);
    let asked = [("grant_type", "refresh_token"), ("refresh_token", first.as_str())];
    let proof = town.proof(TOKEN, json!({}));
    let answered = town.send(TOKEN, &asked, &town.assertion(json!({})), Some(&proof)).await;
    assert_eq!(error(&answered), (400, "invalid_grant"), "it ended with its session");
}

#[tokio::test]
async fn row_5_3_2_1_11_a_code_counts_for_a_minute_whatever_is_set() {
    let town = Town::of(Signer::new("one"), Signer::new("two"), 600).await;
    let (of_bank, of_shop) = (town.code().await, town.server.code_with("shop", &town.cookie).await);
    town.server.clock.advance(59);
    assert_eq!(town.redeem(&town.code().await).await.0, 200);
    town.server.clock.advance(1);
    assert_eq!(error(&town.redeem(&of_bank).await), (400, "invalid_grant"));
    assert_eq!(town.server.redeem(&of_shop).await.0, 200, "that of another client may wait");
}

#[tokio::test]
async fn row_5_3_2_1_12_a_code_is_for_the_key_that_pushed_its_request() {
    let mut town = Town::new().await;
    let proof = town.proof(PAR, json!({}));
    let (status, pushed) =
        town.send(PAR, &request("bank-app"), &town.assertion(json!({})), Some(&proof)).await;
    assert_eq!(status, 201, "{pushed}");
    let code = redirected(&town.come(&pushed).await).params["code"].clone();
    let own = std::mem::replace(&mut town.holder, Signer::new("three"));
    assert_eq!(error(&town.redeem(&code).await), (400, "invalid_dpop_proof"));
    town.holder = own;
    assert_eq!(town.redeem(&code).await.0, 200);
}

#[tokio::test]
async fn row_5_3_2_1_13_clocks_may_be_ten_seconds_ahead_and_not_more_than_a_minute() {
    let town = Town::new().await;
    for (ahead, fine) in [(0, true), (10, true), (61, false)] {
        let then = NOW.0 + ahead;
        for members in [json!({"iat": then}), json!({"nbf": then}), json!({"nbf": NOW.0, "iat": then})] {
            let assertion = town.assertion(members.clone());
            let (status, answered) = town.send(PAR, &request("bank-app"), &assertion, None).await;
            assert_eq!(status, if fine { 201 } else { 400 }, "{members}: {answered}");
        }
        for member in ["iat", "nbf"] {
            let mut claims: Map<String, Value> = request("bank-app")
                .into_iter()
                .map(|(name, value)| (name.to_owned(), json!(value)))
                .collect();
            claims.insert("aud".to_owned(), json!(town.server.url));
            claims.insert(member.to_owned(), json!(then));
            let object = town.signer.sign(&Value::Object(claims));
            let (status, answered) = town.push(&[("client_id", "bank-app"), ("request", &object)]).await;
            assert_eq!(status, if fine { 201 } else { 400 }, "{member} of a request object: {answered}");
        }
        let (code, proof) = (town.code().await, town.proof(TOKEN, json!({"iat": then})));
        let (status, answered) =
            town.send(TOKEN, &redemption(&code), &town.assertion(json!({})), Some(&proof)).await;
        assert_eq!(status, if fine { 200 } else { 400 }, "iat of a proof: {answered}");
    }
}

#[tokio::test]
async fn row_5_3_2_2_1_a_code_comes_back_and_nothing_else() {
    let town = Town::new().await;
    let why = town
        .refused(|new| {
            new.metadata.response_types = vec![ResponseType::Code, ResponseType::CodeIdToken];
            new.metadata.grant_types = vec![GrantType::AuthorizationCode, GrantType::Implicit];
        })
        .await;
    assert!(why.starts_with("response_types: FAPI 2.0"), "{why}");
    let implicit = vec![GrantType::AuthorizationCode, GrantType::Implicit];
    let why = town.refused(|new| new.metadata.grant_types = implicit).await;
    assert!(why.starts_with("grant_types: FAPI 2.0"), "{why}");
    let answered = town.push(&asking("bank-app", &[("response_type", "code id_token")])).await;
    assert_eq!(error(&answered), (400, "unauthorized_client"));
}

#[tokio::test]
async fn row_5_3_2_2_2_to_4_requests_are_pushed_by_a_client_that_shows_who_it_is() {
    let town = Town::new().await;
    let plain = request("bank-app");
    let came = redirected(&town.server.authorize(&plain, Some(&town.cookie)).await);
    assert_eq!(came.params["error"], "invalid_request", "{came:?}");
    let object = town.signer.sign(&json!({"client_id": "bank-app", "aud": town.server.url}));
    let asked = [("client_id", "bank-app"), ("request", object.as_str()), ("redirect_uri", CALLBACK)];
    let came = redirected(&town.server.authorize(&asked, Some(&town.cookie)).await);
    assert_eq!(came.params["error"], "invalid_request", "signed, and not pushed");
    let answered = answer(town.server.post(PAR, &plain).await).await;
    assert_eq!(error(&answered), (400, "invalid_client"), "by nobody");
}

#[tokio::test]
async fn row_5_3_2_2_5_and_6_pkce_and_the_address_are_needed() {
    let town = Town::new().await;
    for without in ["code_challenge", "redirect_uri"] {
        let mut asked = request("bank-app");
        asked.retain(|(name, _)| *name != without);
        assert_eq!(error(&town.push(&asked).await), (400, "invalid_request"), "{without}");
    }
    let plain = asking("bank-app", &[("code_challenge", VERIFIER), ("code_challenge_method", "plain")]);
    assert_eq!(error(&town.push(&plain).await), (400, "invalid_request"));
    let why = town.refused(|new| new.terms.pkce = Pkce::Optional).await;
    assert!(why.starts_with("pkce: FAPI 2.0"), "{why}");
}

#[tokio::test]
async fn row_5_3_2_2_7_10_and_11_answers_say_who_answers_and_are_303() {
    let town = Town::new().await;
    let (_, pushed) = town.push(&asking("bank-app", &[("scope", "openid")])).await;
    let came = town.come(&pushed).await;
    assert_eq!(came.status(), 303);
    assert_eq!(redirected(&came).params["iss"], town.server.url);
    let uri = pushed["request_uri"].as_str().unwrap();
    let anew = town.server.authorize(&[("client_id", "bank-app"), ("request_uri", uri)], None).await;
    assert_eq!(anew.status(), 303, "to the page, too");
}

#[tokio::test]
async fn row_5_3_2_2_8_answers_do_not_travel_in_the_clear() {
    let town = Town::new().await;
    for (runs, uri) in [
        (ApplicationType::Web, "http://127.0.0.1/callback"),
        (ApplicationType::Web, "http://localhost:3000/callback"),
        (ApplicationType::Native, "http://localhost:3000/callback"),
        (ApplicationType::Native, "com.example.app:/callback"),
    ] {
        let why = town.refused(|new| {
            new.metadata.application_type = runs;
            new.metadata.redirect_uris = vec![CALLBACK.parse().unwrap(), uri.parse().unwrap()];
        });
        let why = why.await;
        assert!(why.starts_with("redirect_uris: FAPI 2.0"), "{uri}: {why}");
    }
    town.server
        .register("native", |new| {
            conforming(new, &town.signer);
            new.metadata.application_type = ApplicationType::Native;
            new.metadata.redirect_uris = vec!["http://127.0.0.1/callback".parse().unwrap()];
        })
        .await;
}

#[tokio::test]
async fn row_5_3_2_2_9_a_code_counts_once() {
    let town = Town::new().await;
    let code = town.code().await;
    assert_eq!(town.redeem(&code).await.0, 200);
    assert_eq!(error(&town.redeem(&code).await), (400, "invalid_grant"));
}

#[tokio::test]
async fn row_5_3_2_2_12_a_pushed_request_is_soon_over_and_a_nonce_may_have_64_characters() {
    let town = Town::new().await;
    let nonce = "n".repeat(64);
    let (status, pushed) = town.push(&asking("bank-app", &[("nonce", &nonce)])).await;
    let life = pushed["expires_in"].as_i64().unwrap();
    assert!(status == 201 && life < 600, "{pushed}");
    let code = redirected(&town.come(&pushed).await).params["code"].clone();
    let (_, tokens) = town.redeem(&code).await;
    assert_eq!(parts(tokens["id_token"].as_str().unwrap()).1["nonce"], json!(nonce));
    town.server.clock.advance(life);
    assert_eq!(town.come(&pushed).await.status(), 400);
}

#[tokio::test]
async fn row_5_4_1_nobody_signs_with_rs256() {
    let [with_pss, with_pkcs1] = Signer::rsa("one");
    let [holder, holder_with_pkcs1] = Signer::rsa("two");
    let mut town = Town::of(with_pss, holder, 60).await;
    let tokens = town.tokens().await;
    for token in ["id_token", "access_token"] {
        assert_eq!(parts(tokens[token].as_str().unwrap()).0["alg"], "PS256", "{token}");
    }
    let code = town.code().await;
    town.holder = holder_with_pkcs1;
    assert_eq!(error(&town.redeem(&code).await), (400, "invalid_dpop_proof"));
    let own = std::mem::replace(&mut town.signer, with_pkcs1);
    assert_eq!(error(&town.push(&request("bank-app")).await), (400, "invalid_client"));
    let object = town.signer.sign(&json!({"client_id": "bank-app", "aud": town.server.url}));
    town.signer = own;
    let answered = town.push(&[("client_id", "bank-app"), ("request", &object)]).await;
    assert_eq!(error(&answered), (400, "invalid_request_object"));
    type Change = fn(&mut NewClient);
    let refused: [(&str, Change); 5] = [
        ("id_token_signed_response_alg", |new| new.metadata.id_token_signed_response_alg = Signature::Rs256),
        ("userinfo_signed_response_alg", |new| {
            new.metadata.userinfo_signed_response_alg = Some(Signature::Rs256)
        }),
        ("authorization_signed_response_alg", |new| {
            new.metadata.authorization_signed_response_alg = Signature::Rs256;
        }),
        ("token_endpoint_auth_signing_alg", |new| {
            new.metadata.token_endpoint_auth_signing_alg = Some("RS256".to_owned());
        }),
        ("request_object_signing_alg", |new| {
            new.metadata.request_object_signing_alg = Some("RS256".to_owned());
        }),
    ];
    for (member, set) in refused {
        let why = town.refused(set).await;
        assert!(why.starts_with(&format!("{member}: FAPI 2.0")), "{why}");
    }
}

#[tokio::test]
async fn row_5_3_2_1_1_one_setting_holds_for_all_and_discovery_says_so() {
    let server = Server::start_with(|config| {
        config.oidc.profile = Profile::Fapi2;
        config.oidc.registration.who = idp_server::config::Registrants::Anybody;
        config.server.trusted_proxies = vec!["127.0.0.1".to_owned()];
        config.server.mtls.client_certificate_header = "client-cert".to_owned();
    });
    let signer = Signer::new("one");
    let server = Box::pin(server).await;
    let (_, document) = answer(server.get("/.well-known/openid-configuration").await).await;
    let said: BTreeMap<&str, &Value> =
        document.as_object().unwrap().iter().map(|(name, value)| (name.as_str(), value)).collect();
    assert_eq!(said["response_types_supported"], &json!(["code"]));
    let methods = json!(["private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"]);
    assert_eq!(said["token_endpoint_auth_methods_supported"], &methods);
    assert!(said["mtls_endpoint_aliases"]["token_endpoint"].is_string());
    assert_eq!(
        said["grant_types_supported"],
        &json!([
            "authorization_code",
            "refresh_token",
            "client_credentials",
            "urn:openid:params:grant-type:ciba"
        ])
    );
    assert_eq!(said["require_pushed_authorization_requests"], &json!(true));
    assert!(!document.to_string().contains("device_authorization"), "there is no such grant: {document}");
    let listed = document.to_string();
    assert!(!listed.contains("\"RS256\"") && !listed.contains("\"HS256\""), "{document}");
    let register = async |more: Value| {
        let mut members = json!({
            "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "private_key_jwt", "jwks": signer.jwks(),
        });
        members.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let sent = server.http.post(format!("{}/oauth2/register", server.url)).body(members.to_string());
        answer(sent.header(header::CONTENT_TYPE, "application/json").send().await.unwrap()).await
    };
    let (status, registered) = register(json!({})).await;
    assert_eq!((status, &registered["id_token_signed_response_alg"]), (201, &json!("PS256")), "{registered}");
    let refused = register(json!({"id_token_signed_response_alg": "RS256"})).await;
    assert_eq!(error(&refused), (400, "invalid_client_metadata"));
    let refused = register(json!({"redirect_uris": ["com.example.app:/callback"]})).await;
    assert_eq!(error(&refused), (400, "invalid_redirect_uri"), "RFC 7591, 3.2.2");
    let refused = register(json!({"token_endpoint_auth_method": "client_secret_basic"})).await;
    assert_eq!(error(&refused), (400, "invalid_client_metadata"), "{refused:?}");
}
