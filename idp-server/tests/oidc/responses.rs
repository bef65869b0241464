//! What comes back, on which way, and what keeps its parts together?

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use idp_protocol::encoding::{from_base64url, to_base64url};
use idp_server::oidc::{ApplicationType, AuthMethod, GrantType, ResponseType, Signature};
use reqwest::{Response, header};
use serde_json::{Value, json};
use symbolon_jose::{Expected, KeySet, SignatureAlgorithm, Typ, verify};

use crate::{
    requests::{asking, claims_of, redemption, request},
    server::{CALLBACK, NOW, Server, VERIFIER, answer, redirected},
};

/// A public client that may ask for everything.
async fn wide(server: &Server) {
    old_style(server, "wide", Signature::Rs256).await;
}

async fn old_style(server: &Server, id: &str, signature: Signature) {
    server
        .register(id, |new| {
            new.metadata.id_token_signed_response_alg = signature;
            new.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
            new.metadata.response_types = ResponseType::ALL.to_vec();
            new.metadata.grant_types = vec![GrantType::AuthorizationCode, GrantType::Implicit];
        })
        .await;
}

/// What stands behind the `#`.
fn fragment(response: &Response) -> BTreeMap<String, String> {
    assert_eq!(response.status(), 303);
    let to = response.headers()[header::LOCATION].to_str().unwrap();
    let (address, fragment) = to.split_once('#').unwrap_or_else(|| panic!("{to}"));
    assert_eq!(address, CALLBACK, "nothing in the query");
    url::form_urlencoded::parse(fragment.as_bytes()).into_owned().collect()
}

/// The fields of a form that posts itself.
async fn form(response: Response) -> BTreeMap<String, String> {
    assert_eq!(response.status(), 200);
    let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    assert!(policy.contains("form-action 'self' https://shop.example;"), "{policy}");
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    assert_eq!(response.headers()[header::REFERRER_POLICY], "strict-origin");
    let page = response.text().await.unwrap();
    assert!(page.contains(&format!("method=\"post\" action=\"{CALLBACK}\"")), "{page}");
    let fields = page.split("<input type=\"hidden\" name=\"").skip(1);
    let field = |text: &str| {
        let (name, rest) = text.split_once("\" value=\"").unwrap();
        let value = rest.split_once('"').unwrap().0.replace("&#38;", "&").replace("&amp;", "&");
        (name.to_owned(), value)
    };
    fields.map(field).filter(|(name, _)| name != "language").collect()
}

/// OpenID Connect Core 1.0, 3.3.2.11; Ed25519 signs a SHA-512 digest (RFC 8032, 5.1).
fn half_hash(text: &str, signature: Signature) -> Value {
    let algorithm = if signature == Signature::EdDsa { &digest::SHA512 } else { &digest::SHA256 };
    let digest = digest::digest(algorithm, text.as_bytes());
    json!(to_base64url(&digest.as_ref()[..digest.as_ref().len() / 2]))
}

#[tokio::test]
async fn each_response_type_brings_its_parts() {
    let server = Server::start().await;
    for signature in Signature::ALL {
        let id = format!("wide-{}", signature.algorithm().name());
        old_style(&server, &id, signature).await;
        parts_of_each_type(&server, &id, signature).await;
    }
}

async fn parts_of_each_type(server: &Server, id: &str, signature: Signature) {
    let (cookie, session) = server.sign_in().await;
    for of in ResponseType::ALL.into_iter().filter(|of| *of != ResponseType::Code) {
        let asked = asking(id, &[("response_type", of.name())]);
        let came = fragment(&server.authorize(&asked, Some(&cookie)).await);
        let name = of.name();
        assert_eq!((came["state"].as_str(), came["iss"].as_str()), ("a state & more", server.url.as_str()));
        assert_eq!(
            (came.contains_key("code"), came.contains_key("access_token"), came.contains_key("id_token")),
            (of.has_code(), of.has_token(), of.has_id_token()),
            "{name}"
        );
        if of.has_token() {
            assert_eq!((came["token_type"].as_str(), came["expires_in"].as_str()), ("Bearer", "300"));
            assert_eq!(server.userinfo(&came["access_token"]).await.status(), 200, "{name}");
        }
        if of.has_code() {
            let (status, tokens) = answer(server.token(&redemption(id, &came["code"])).await).await;
            assert_eq!(status, 200, "{name}: {tokens}");
        }
        if of.has_id_token() {
            let claims = claims_of(&came["id_token"]);
            let digest = |name: &str| came.get(name).map_or(Value::Null, |text| half_hash(text, signature));
            assert_eq!(claims["c_hash"], digest("code"), "{name}");
            assert_eq!(claims["at_hash"], digest("access_token"), "{name}");
            assert_eq!(claims["s_hash"], digest("state"), "{name}");
            assert_eq!((&claims["nonce"], &claims["aud"]), (&json!("a-nonce"), &json!([id])), "{name}");
            let sid = server.sid(id, &session).await;
            assert_eq!(claims["sid"], sid);
        }
    }
}

/// OpenID Connect Core 1.0, 3.3.3.6: both are about the same person, from the same provider, for the same request.
#[tokio::test]
async fn the_id_token_for_a_code_agrees_with_the_one_that_came_beside_it() {
    let server = Server::start().await;
    wide(&server).await;
    let (cookie, _) = server.sign_in().await;
    for of in ["code id_token", "code id_token token"] {
        let asked = asking("wide", &[("response_type", of)]);
        let came = fragment(&server.authorize(&asked, Some(&cookie)).await);
        server.clock.advance(5);
        let (status, tokens) = answer(server.token(&redemption("wide", &came["code"])).await).await;
        assert_eq!(status, 200, "{of}: {tokens}");
        let (first, second) = (claims_of(&came["id_token"]), claims_of(tokens["id_token"].as_str().unwrap()));
        assert_eq!((&second["nonce"], &second["iss"]), (&json!("a-nonce"), &json!(server.url)), "{of}");
        for name in ["iss", "sub", "aud", "nonce", "auth_time", "acr", "amr", "sid"] {
            assert!(first[name] == second[name] && !first[name].is_null(), "{of}, {name}: {first} {second}");
        }
        assert_eq!(
            second["at_hash"],
            half_hash(tokens["access_token"].as_str().unwrap(), Signature::Rs256),
            "{of}"
        );
        assert_ne!(first["at_hash"], second["at_hash"], "{of}: each is about the token beside it");
    }
}

#[tokio::test]
async fn tokens_through_the_browser_end_with_the_session_too() {
    let server = Server::start().await;
    wide(&server).await;
    let (cookie, session) = server.sign_in().await;
    let asked = asking("wide", &[("response_type", "id_token token")]);
    let came = fragment(&server.authorize(&asked, Some(&cookie)).await);
    assert_eq!(server.userinfo(&came["access_token"]).await.status(), 200);
    server.app.engine().end_session(&session).await.unwrap();
    assert_eq!(server.userinfo(&came["access_token"]).await.status(), 401);
}

/// Nobody wakes a server when another process ends a session in a file of SQLite: it may know the session for two seconds
/// more. Nothing comes of it, neither tokens nor an ID token alone.
#[tokio::test]
async fn a_session_that_another_process_has_ended_grants_nothing() {
    let server = Server::start().await;
    wide(&server).await;
    let (cookie, session) = server.sign_in().await;
    let code = server.code_with("shop", &cookie).await;
    let asked = redirected(&server.authorize(&request("stranger"), Some(&cookie)).await);
    server.beside().await.app.engine().end_session(&session).await.unwrap();
    for of in ["id_token", "id_token token", "code id_token"] {
        let asked = asking("wide", &[("response_type", of)]);
        let came = fragment(&server.authorize(&asked, Some(&cookie)).await);
        assert_eq!(came["error"], "access_denied", "{of}: {came:?}");
        assert!(!came.contains_key("id_token") && !came.contains_key("access_token"), "{came:?}");
    }
    let form = [("question", asked.params["question"].as_str()), ("choice", "allow")];
    assert_eq!(server.visit("/oauth2/consent", &cookie, Some(&form)).await.status(), 410, "no consent");
    assert!(server.app.db().consent(server.user.id, "stranger", NOW).await.unwrap().is_none());
    let (status, refused) = server.redeem(&code).await;
    assert_eq!((status, &refused["error"]), (400, &json!("invalid_grant")), "of before");
    let late = server.code_with("shop", &cookie).await;
    assert_eq!(server.redeem(&late).await.1["error"], "invalid_grant", "and of now");
    server.clock.advance(2);
    let asked = server.authorize(&asking("shop", &[("prompt", "none")]), Some(&cookie)).await;
    assert_eq!(redirected(&asked).params["error"], "login_required");
}

#[tokio::test]
async fn implicit_is_off_unless_a_client_is_registered_for_it() {
    let server = Server::start().await;
    wide(&server).await;
    let (cookie, _) = server.sign_in().await;
    for of in ["id_token", "code token", "token id_token"] {
        let asked = asking("shop", &[("response_type", of)]);
        let came = fragment(&server.authorize(&asked, Some(&cookie)).await);
        assert_eq!(came["error"], "unauthorized_client", "{of}");
        assert!(!came.contains_key("id_token") && !came.contains_key("access_token"), "{came:?}");
    }
    for of in ["token", "none", "code code", "password"] {
        let asked = asking("wide", &[("response_type", of)]);
        let came = redirected(&server.authorize(&asked, Some(&cookie)).await);
        assert_eq!(came.params["error"], "unsupported_response_type", "{of}");
    }
}

#[tokio::test]
async fn an_id_token_through_the_browser_needs_a_nonce() {
    let server = Server::start().await;
    wide(&server).await;
    let (cookie, _) = server.sign_in().await;
    for of in ["id_token", "code id_token"] {
        let asked = asking("wide", &[("response_type", of), ("nonce", "")]);
        let came = fragment(&server.authorize(&asked, Some(&cookie)).await);
        assert_eq!((came["error"].as_str(), came["state"].as_str()), ("invalid_request", "a state & more"));
    }
    let asked = asking("wide", &[("response_type", "code token"), ("nonce", "")]);
    assert!(fragment(&server.authorize(&asked, Some(&cookie)).await).contains_key("code"), "3.3.2.1");
}

#[tokio::test]
async fn tokens_never_stand_in_an_address_that_servers_log() {
    let server = Server::start().await;
    wide(&server).await;
    let (cookie, _) = server.sign_in().await;
    for mode in ["query", "query.jwt"] {
        let asked = asking("wide", &[("response_type", "id_token"), ("response_mode", mode)]);
        let came = fragment(&server.authorize(&asked, Some(&cookie)).await);
        assert_eq!(came["error"], "invalid_request", "{mode}");
    }
}

#[tokio::test]
async fn a_form_posts_the_answer_and_the_refusal() {
    let server = Server::start().await;
    wide(&server).await;
    let (cookie, _) = server.sign_in().await;
    for of in ["code", "code id_token token"] {
        let asked = asking("wide", &[("response_type", of), ("response_mode", "form_post")]);
        let came = form(server.authorize(&asked, Some(&cookie)).await).await;
        assert_eq!((came["state"].as_str(), came["iss"].as_str()), ("a state & more", server.url.as_str()));
        let (status, tokens) = answer(server.token(&redemption("wide", &came["code"])).await).await;
        assert_eq!(status, 200, "{tokens}");
    }
    let asked = asking("wide", &[("prompt", "none"), ("response_mode", "form_post")]);
    let came = form(server.authorize(&asked, None).await).await;
    assert_eq!(came["error"], "login_required");
}

#[tokio::test]
async fn a_state_with_markup_stays_text_in_the_form() {
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    let evil = "\"><script>alert(1)</script>";
    let asked = asking("shop", &[("response_mode", "form_post"), ("state", evil)]);
    let page = server.authorize(&asked, Some(&cookie)).await.text().await.unwrap();
    assert!(!page.contains("<script>alert"), "{page}");
}

#[tokio::test]
async fn a_signed_answer_says_who_answers_whom_until_when() {
    let server = Server::start().await;
    server
        .register("jarm", |new| {
            new.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
            new.metadata.authorization_signed_response_alg = Signature::Es256;
        })
        .await;
    let (cookie, _) = server.sign_in().await;
    let response = |mode| {
        let asked = asking("jarm", &[("response_mode", mode)]);
        let (server, cookie) = (&server, &cookie);
        async move { server.authorize(&asked, Some(cookie)).await }
    };
    let in_query = redirected(&response("jwt").await).params;
    assert_eq!(in_query.keys().collect::<Vec<_>>(), ["response"], "nothing beside what is signed");
    let in_fragment = fragment(&response("fragment.jwt").await);
    let in_form = form(response("form_post.jwt").await).await;
    for came in [in_query, in_fragment, in_form] {
        let token = &came["response"];
        let head: Value =
            serde_json::from_slice(&from_base64url(token.split('.').next().unwrap()).unwrap()).unwrap();
        assert_eq!(head["alg"], "ES256");
        let claims = claims_of(token);
        assert_eq!((&claims["iss"], &claims["aud"]), (&json!(server.url), &json!("jarm")));
        assert_eq!((&claims["exp"], &claims["state"]), (&json!(NOW.0 + 600), &json!("a state & more")));
        let code = claims["code"].as_str().unwrap();
        assert_eq!(answer(server.token(&redemption("jarm", code)).await).await.0, 200);
    }
    let asked = asking("jarm", &[("response_mode", "jwt"), ("prompt", "none")]);
    let refused = redirected(&server.authorize(&asked, None).await).params;
    assert_eq!(claims_of(&refused["response"])["error"], "login_required");
}

#[tokio::test]
async fn a_native_app_comes_back_to_any_port_of_its_device() {
    let server = Server::start().await;
    server
        .register("native", |new| {
            new.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
            new.metadata.application_type = ApplicationType::Native;
            new.metadata.redirect_uris = vec!["http://127.0.0.1/cb".parse().unwrap()];
        })
        .await;
    let (cookie, _) = server.sign_in().await;
    let uri = "http://127.0.0.1:49152/cb";
    let asked = asking("native", &[("redirect_uri", uri)]);
    let came = redirected(&server.authorize(&asked, Some(&cookie)).await);
    assert_eq!(came.to, uri);
    let redeem = async |uri: &str| {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", "native"),
            ("code", came.params["code"].as_str()),
            ("redirect_uri", uri),
            ("code_verifier", VERIFIER),
        ];
        answer(server.token(&form).await).await.0
    };
    assert_eq!(redeem("http://127.0.0.1:49153/cb").await, 400, "another app of the device");
    assert_eq!(redeem(uri).await, 200);
    let asked = asking("native", &[("redirect_uri", "http://127.0.0.1:49152/other")]);
    assert_eq!(server.authorize(&asked, Some(&cookie)).await.status(), 400);
}

/// RFC 6749, 3.1.2: what the address says already stays there.
#[tokio::test]
async fn an_answer_joins_what_the_address_says_already() {
    const OTHER: &str = "https://shop.example/other?x=1";
    let server = Server::start().await;
    let (cookie, _) = server.sign_in().await;
    for (mode, joint) in
        [("query", "&code="), ("jwt", "&response="), ("fragment", "#code="), ("fragment.jwt", "#response=")]
    {
        let asked = asking("shop", &[("redirect_uri", OTHER), ("response_mode", mode)]);
        let response = server.authorize(&asked, Some(&cookie)).await;
        let to = response.headers()[header::LOCATION].to_str().unwrap();
        assert!(to.starts_with(&format!("{OTHER}{joint}")), "{mode}: {to}");
        let came = url::Url::parse(&to.replace('#', "&")).unwrap();
        let came: BTreeMap<String, String> = came.query_pairs().into_owned().collect();
        assert_eq!(came["x"], "1", "{mode}");
        let code = match came.get("response") {
            Some(signed) => claims_of(signed)["code"].as_str().unwrap().to_owned(),
            None => came["code"].clone(),
        };
        let mut form = redemption("shop", &code);
        form.retain(|(name, _)| *name != "redirect_uri");
        form.push(("redirect_uri", OTHER));
        let (status, tokens) = answer(server.token(&form).await).await;
        assert_eq!(status, 200, "{mode}: {tokens}");
    }
    let asked = asking("shop", &[("redirect_uri", OTHER), ("prompt", "none")]);
    let refused = redirected(&server.authorize(&asked, None).await).params;
    assert_eq!((refused["x"].as_str(), refused["error"].as_str()), ("1", "login_required"));
}

#[tokio::test]
async fn what_a_client_always_wants_stands_in_its_registration() {
    let server = Server::start().await;
    server
        .register("strict", |new| {
            new.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
            new.metadata.default_max_age = Some(60);
        })
        .await;
    let (cookie, _) = server.sign_in().await;
    let asked = asking("strict", &[("prompt", "none")]);
    assert!(redirected(&server.authorize(&asked, Some(&cookie)).await).params.contains_key("code"));
    server.clock.advance(61);
    let came = redirected(&server.authorize(&asked, Some(&cookie)).await);
    assert_eq!(came.params["error"], "login_required");
    let asked = asking("strict", &[("prompt", "none"), ("max_age", "600")]);
    assert!(redirected(&server.authorize(&asked, Some(&cookie)).await).params.contains_key("code"));
}

#[tokio::test]
async fn ps256_signs_whatever_the_provider_signs_with_a_key_for_nothing_else() {
    let server = Server::start().await;
    server
        .register("banking", |new| {
            new.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
            new.metadata.id_token_signed_response_alg = Signature::Ps256;
            new.metadata.userinfo_signed_response_alg = Some(Signature::Ps256);
            new.metadata.authorization_signed_response_alg = Signature::Ps256;
        })
        .await;
    let (cookie, _) = server.sign_in().await;
    let asked = asking("banking", &[("response_mode", "jwt")]);
    let signed = redirected(&server.authorize(&asked, Some(&cookie)).await).params["response"].clone();
    let code = claims_of(&signed)["code"].as_str().unwrap().to_owned();
    let (_, tokens) = answer(server.token(&redemption("banking", &code)).await).await;
    let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
    let told = server.userinfo(&text("access_token")).await.text().await.unwrap();
    let (_, keys) = answer(server.get("/oauth2/jwks").await).await;
    let set = KeySet::from_value(&keys).unwrap();
    let types = ["JWT", "at+jwt", "oauth-authz-resp+jwt"];
    for token in [signed, text("id_token"), text("access_token"), told] {
        let expected = Expected::new(Typ::OneOfOrAbsent(&types));
        let of = |algorithm| verify::<Value>(&token, &set, &[algorithm], &expected);
        let signed = of(SignatureAlgorithm::Ps256).unwrap();
        assert!(of(SignatureAlgorithm::Rs256).is_err());
        let own = keys["keys"].as_array().unwrap().iter().find(|key| key["alg"] == "PS256").unwrap();
        assert_eq!(signed.header.kid.as_deref(), own["kid"].as_str());
    }
}
