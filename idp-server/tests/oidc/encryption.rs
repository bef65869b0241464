//! Does what is encrypted for an application reach it, and nobody else? (OpenID Connect Core 1.0, 10.2; JARM, 2.2)

use idp_server::oidc::{AuthMethod, Encryption, GrantType, Metadata, NewClient, ResponseType, Signature};
use serde_json::{Value, json};
use symbolon_jose::{ContentEncryption, KeyManagement, KeySet};

use crate::{
    recipient::{Recipient, header_of, published, read, seal},
    requests::{asking, redemption},
    server::{CALLBACK, NOW, Server, answer, redirected},
    signer::Signer,
    site::Site,
};

const BY_AGREEMENT: KeyManagement = KeyManagement::EcdhEsA256Kw;

/// A public client with refresh tokens, whose registration says this.
async fn secretive(
    server: &Server,
    keys: &Recipient,
    encryption: Encryption,
    set: impl FnOnce(&mut Metadata),
) {
    server
        .register("secretive", |new| {
            let metadata = &mut new.metadata;
            metadata.token_endpoint_auth_method = Some(AuthMethod::None);
            metadata.grant_types = vec![GrantType::AuthorizationCode, GrantType::RefreshToken];
            metadata.jwks = Some(keys.key_set());
            metadata.encryption = encryption;
            set(metadata);
        })
        .await;
}

fn id_tokens(alg: KeyManagement, enc: Option<ContentEncryption>) -> Encryption {
    Encryption {
        id_token_encrypted_response_alg: Some(alg),
        id_token_encrypted_response_enc: enc,
        ..Encryption::default()
    }
}

async fn tokens(server: &Server) -> (u16, Value) {
    let code = server.code("secretive").await;
    answer(server.token(&redemption("secretive", &code)).await).await
}

#[tokio::test]
async fn id_tokens_are_signed_and_then_encrypted() {
    for (alg, enc, says) in [
        (KeyManagement::RsaOaep256, None, "A128CBC-HS256"),
        (BY_AGREEMENT, Some(ContentEncryption::A256Gcm), "A256GCM"),
    ] {
        let (server, keys) = (Server::start().await, Recipient::new());
        secretive(&server, &keys, id_tokens(alg, enc), |_| {}).await;
        let (status, first) = tokens(&server).await;
        assert_eq!(status, 200, "{first}");
        let refresh = [
            ("grant_type", "refresh_token"),
            ("client_id", "secretive"),
            ("refresh_token", first["refresh_token"].as_str().unwrap()),
        ];
        let (_, second) = answer(server.token(&refresh).await).await;
        for tokens in [first, second] {
            let token = tokens["id_token"].as_str().unwrap();
            let header = header_of(token);
            assert_eq!((&header["alg"], &header["enc"]), (&json!(alg.name()), &json!(says)));
            let (header, claims) = read(&keys.open(token));
            assert_eq!((&header["alg"], &claims["aud"]), (&json!("RS256"), &json!(["secretive"])));
            assert_eq!(claims["sub"], json!(server.user.id.to_string()));
        }
    }
}

#[tokio::test]
async fn an_id_token_through_the_browser_is_encrypted_too() {
    let (server, keys) = (Server::start().await, Recipient::new());
    secretive(&server, &keys, id_tokens(BY_AGREEMENT, None), |metadata| {
        metadata.response_types = vec![ResponseType::CodeIdToken];
        metadata.grant_types = vec![GrantType::AuthorizationCode, GrantType::Implicit];
    })
    .await;
    let (cookie, _) = server.sign_in().await;
    let asked = asking("secretive", &[("response_type", "code id_token")]);
    let answered = server.authorize(&asked, Some(&cookie)).await;
    let to = answered.headers()["location"].to_str().unwrap();
    let (_, fragment) = to.split_once('#').unwrap();
    let token =
        url::form_urlencoded::parse(fragment.as_bytes()).find(|(name, _)| name == "id_token").unwrap().1;
    assert_eq!(read(&keys.open(&token)).1["nonce"], "a-nonce");
}

#[tokio::test]
async fn userinfo_is_encrypted_with_and_without_a_signature() {
    for signature in [None, Some(Signature::Es256)] {
        let (server, keys) = (Server::start().await, Recipient::new());
        let encryption =
            Encryption { userinfo_encrypted_response_alg: Some(BY_AGREEMENT), ..Encryption::default() };
        secretive(&server, &keys, encryption, |metadata| metadata.userinfo_signed_response_alg = signature)
            .await;
        let (_, tokens) = tokens(&server).await;
        let told = server.userinfo(tokens["access_token"].as_str().unwrap()).await;
        assert_eq!(
            (told.status().as_u16(), &told.headers()["content-type"]),
            (200, &"application/jwt".parse().unwrap())
        );
        let opened = keys.open(&told.text().await.unwrap());
        let claims: Value = match signature {
            None => serde_json::from_str(&opened).unwrap(),
            Some(_) => read(&opened).1,
        };
        assert_eq!((&claims["email"], &claims["aud"]), (&json!("alice@example.org"), &json!("secretive")));
    }
}

#[tokio::test]
async fn signed_answers_are_encrypted_and_the_link_cannot_ask_for_others() {
    let (server, keys) = (Server::start().await, Recipient::new());
    let encryption =
        Encryption { authorization_encrypted_response_alg: Some(BY_AGREEMENT), ..Encryption::default() };
    secretive(&server, &keys, encryption, |_| {}).await;
    let (cookie, _) = server.sign_in().await;
    for (mode, has) in [("query.jwt", "code"), ("jwt", "code")] {
        let asked = asking("secretive", &[("response_mode", mode)]);
        let came = redirected(&server.authorize(&asked, Some(&cookie)).await);
        assert_eq!(came.params.len(), 1, "{came:?}");
        let (header, claims) = read(&keys.open(&came.params["response"]));
        assert_eq!(header["typ"], "oauth-authz-resp+jwt");
        assert!(claims.get(has).is_some() && claims["state"] == "a state & more", "{claims}");
    }
    let refused = asking("secretive", &[("response_mode", "jwt"), ("scope", "profile")]);
    let came = redirected(&server.authorize(&refused, Some(&cookie)).await);
    assert_eq!(read(&keys.open(&came.params["response"])).1["error"], "invalid_scope");
    for mode in ["", "query", "fragment", "form_post"] {
        let answered =
            server.authorize(&asking("secretive", &[("response_mode", mode)]), Some(&cookie)).await;
        let to = answered.headers().get("location").map_or("", |to| to.to_str().unwrap()).to_owned();
        let text = format!("{to} {}", answered.text().await.unwrap());
        assert!(text.contains("invalid_request") && !text.contains("code="), "{mode}: {text}");
    }
}

#[tokio::test]
async fn without_a_key_nothing_goes_out_in_the_clear() {
    let server = Server::start_with(|config| config.outbound.danger_loopback_http = true).await;
    let (keys, site) = (Recipient::new(), Site::open("").await);
    let encryption =
        Encryption { userinfo_encrypted_response_alg: Some(BY_AGREEMENT), ..id_tokens(BY_AGREEMENT, None) };
    let uri = format!("{}/jwks", site.url).parse().unwrap();
    secretive(&server, &keys, encryption, |metadata| {
        (metadata.jwks, metadata.jwks_uri) = (None, Some(uri));
        metadata.response_types = vec![ResponseType::Code, ResponseType::CodeIdToken];
        metadata.grant_types = vec![GrantType::AuthorizationCode, GrantType::Implicit];
    })
    .await;
    let signs_only = Signer::new("one").jwk();
    let code = server.code("secretive").await;
    for says in ["not a key set".to_owned(), json!({"keys": [with(signs_only, "use", "sig")]}).to_string()] {
        site.say(&says);
        let (status, refused) = answer(server.token(&redemption("secretive", &code)).await).await;
        assert_eq!((status, refused["error"].as_str()), (503, Some("server_error")), "{refused}");
        assert!(refused["error_description"].as_str().unwrap().contains("jwks_uri"), "{refused}");
        let (cookie, _) = server.sign_in().await;
        let asked = asking("secretive", &[("response_type", "code id_token")]);
        let answered = server.authorize(&asked, Some(&cookie)).await;
        let to = answered.headers()["location"].to_str().unwrap();
        assert!(to.contains("error=server_error") && !to.contains("code="), "{to}");
        server.clock.advance(29);
    }
    site.say(&keys.jwks_with(&[]).to_string());
    server.clock.advance(1);
    let (status, tokens) = answer(server.token(&redemption("secretive", &code)).await).await;
    assert_eq!(status, 200, "the code was not used up: {tokens}");
    keys.open(tokens["id_token"].as_str().unwrap());
    site.say("gone");
    server.clock.advance(299);
    let access = tokens["access_token"].as_str().unwrap();
    let told = server.userinfo(access).await;
    let (status, told) = answer(told).await;
    assert_eq!((status, &told["error"], told.get("sub")), (503, &json!("server_error"), None));
}

fn with(mut jwk: Value, name: &str, value: &str) -> Value {
    jwk[name] = json!(value);
    jwk
}

#[tokio::test]
async fn an_answer_that_cannot_be_encrypted_says_only_that() {
    let server = Server::start_with(|config| config.outbound.danger_loopback_http = true).await;
    let site = Site::open("").await;
    let encryption =
        Encryption { authorization_encrypted_response_alg: Some(BY_AGREEMENT), ..Encryption::default() };
    let uri = format!("{}/jwks", site.url).parse().unwrap();
    secretive(&server, &Recipient::new(), encryption, |metadata| {
        (metadata.jwks, metadata.jwks_uri) = (None, Some(uri));
        metadata.grant_types.push(GrantType::Implicit);
        metadata.response_types.push(ResponseType::IdTokenToken);
    })
    .await;
    let (cookie, _) = server.sign_in().await;
    let asked = asking("secretive", &[("response_type", "id_token token"), ("response_mode", "jwt")]);
    let came = server.authorize(&asked, Some(&cookie)).await;
    let came = came.headers()["location"].to_str().unwrap().split_once("#response=").unwrap().1.to_owned();
    assert_eq!(read(&came).1["error"], "server_error");
    let events = server.app.engine().store().audit(None, 100).await.unwrap();
    let granted = events.iter().filter(|row| row.event.name == "oidc.token_issued").count();
    assert_eq!(granted, 0, "nothing is granted by an answer that cannot be sent");
    let asked = asking("secretive", &[("response_mode", "jwt")]);
    let came = redirected(&server.authorize(&asked, Some(&cookie)).await);
    let (_, claims) = read(&came.params["response"]);
    assert_eq!((&claims["error"], claims.get("code")), (&json!("server_error"), None), "{claims}");
    assert_eq!(claims["state"], "a state & more");
}

#[tokio::test]
async fn what_cannot_be_encrypted_is_not_registered() {
    let server = Server::start().await;
    let (keys, signs) = (Recipient::new(), Signer::new("one"));
    let refused = async |set: &dyn Fn(&mut NewClient)| {
        let mut new = NewClient { id: "odd".to_owned(), ..NewClient::default() };
        new.metadata.redirect_uris = vec![CALLBACK.parse().unwrap()];
        set(&mut new);
        server.app.clients().register(server.app.engine(), new).await.unwrap_err().to_string()
    };
    let enc = Some(ContentEncryption::A256Gcm);
    for (member, encryption) in [
        (
            "id_token_encrypted_response_enc",
            Encryption { id_token_encrypted_response_enc: enc, ..Encryption::default() },
        ),
        (
            "userinfo_encrypted_response_enc",
            Encryption { userinfo_encrypted_response_enc: enc, ..Encryption::default() },
        ),
        (
            "authorization_encrypted_response_enc",
            Encryption { authorization_encrypted_response_enc: enc, ..Encryption::default() },
        ),
        (
            "request_object_encryption_enc",
            Encryption { request_object_encryption_enc: enc, ..Encryption::default() },
        ),
        (
            "request_object_encryption_alg",
            Encryption {
                request_object_encryption_alg: Some(KeyManagement::RsaOaep256),
                ..Encryption::default()
            },
        ),
    ] {
        let set = |new: &mut NewClient| {
            new.metadata.jwks = Some(keys.key_set());
            new.metadata.encryption = encryption.clone();
        };
        assert!(refused(&set).await.starts_with(member), "{member}");
    }
    let only_signs = serde_json::from_value(json!({"keys": [with(signs.jwk(), "use", "sig")]})).unwrap();
    let alg = "id_token_encrypted_response_alg";
    for jwks in [None, Some(only_signs)] {
        let set = |new: &mut NewClient| {
            new.metadata.jwks.clone_from(&jwks);
            new.metadata.encryption = id_tokens(BY_AGREEMENT, None);
        };
        assert!(refused(&set).await.starts_with(alg), "{jwks:?}");
    }
    for bad in ["RSA1_5", "dir", "A128KW", "none"] {
        let read = serde_json::from_value::<Metadata>(json!({ alg: bad }));
        assert!(read.is_err(), "{bad}");
    }
}

#[tokio::test]
async fn a_hint_may_come_back_encrypted_for_the_provider() {
    let (server, keys) = (Server::start().await, Recipient::new());
    secretive(&server, &keys, id_tokens(BY_AGREEMENT, None), |_| {}).await;
    let (_, tokens) = tokens(&server).await;
    let own = keys.open(tokens["id_token"].as_str().unwrap());
    let again = seal(&published(&server).await, (KeyManagement::EcdhEs, ContentEncryption::A128Gcm), &own);
    let (cookie, _) = server.sign_in().await;
    for hint in [&own, &again] {
        let came = server.authorize(&asking("secretive", &[("id_token_hint", hint)]), Some(&cookie)).await;
        assert!(redirected(&came).params.contains_key("code"));
    }
    server.add("bob").await;
    let (other, _) = server.sign_in_as("bob").await;
    let asked = asking("secretive", &[("id_token_hint", &again), ("prompt", "none")]);
    let came = redirected(&server.authorize(&asked, Some(&other)).await);
    assert_eq!(came.params["error"], "login_required", "the hint is read");
}

/// A public client that signs its requests.
async fn signing(server: &Server, signer: &Signer, set: impl FnOnce(&mut Metadata)) {
    let jwks = serde_json::from_value(signer.jwks()).unwrap();
    server
        .register("signing", |new| {
            new.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
            new.metadata.jwks = Some(jwks);
            set(&mut new.metadata);
        })
        .await;
}

/// An honest request as a signed token.
fn object(server: &Server, signer: &Signer) -> String {
    let request = crate::requests::request("signing");
    let mut claims: serde_json::Map<String, Value> =
        request.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
    claims.insert("iss".to_owned(), json!("signing"));
    claims.insert("aud".to_owned(), json!(server.url));
    claims.insert("exp".to_owned(), json!(NOW.0 + 60));
    signer.sign(&Value::Object(claims))
}

async fn asked(server: &Server, cookie: &str, object: &str) -> Value {
    let with = [("client_id", "signing"), ("request", object), ("redirect_uri", CALLBACK)];
    json!(redirected(&server.authorize(&with, Some(cookie)).await).params)
}

async fn pushed(server: &Server, object: &str) -> (u16, Value) {
    answer(server.post("/oauth2/par", &[("client_id", "signing"), ("request", object)]).await).await
}

#[tokio::test]
async fn encrypted_requests_are_read_wherever_requests_are() {
    let server = Server::start_with(|config| config.outbound.danger_loopback_http = true).await;
    let (signer, site) = (Signer::new("one"), Site::open("").await);
    let uri = format!("{}/request", site.url);
    signing(&server, &signer, |metadata| metadata.request_uris = vec![uri.parse().unwrap()]).await;
    let (cookie, _) = server.sign_in().await;
    let ours = published(&server).await;
    let own = object(&server, &signer);
    assert_eq!(ours.keys().len(), 1);
    for alg in [KeyManagement::EcdhEs, KeyManagement::EcdhEsA128Kw, KeyManagement::EcdhEsA256Kw] {
        for enc in ContentEncryption::ALL {
            let sealed = seal(&ours, (alg, *enc), &own);
            let came = asked(&server, &cookie, &sealed).await;
            assert!(came.get("code").is_some(), "{alg} {enc}: {came}");
        }
    }
    let sealed = seal(&ours, (BY_AGREEMENT, ContentEncryption::A256Gcm), &own);
    let (status, answered) = pushed(&server, &sealed).await;
    assert_eq!(status, 201, "{answered}");
    let uri_of_pushed = answered["request_uri"].as_str().unwrap();
    site.say(&sealed);
    for uri in [uri_of_pushed, &uri] {
        let with = [("client_id", "signing"), ("request_uri", uri)];
        let came = redirected(&server.authorize(&with, Some(&cookie)).await);
        assert_eq!(came.params["state"], "a state & more", "{came:?}");
        assert!(came.params.contains_key("code"));
    }
}

#[tokio::test]
async fn whoever_promised_to_encrypt_requests_is_held_to_it() {
    let (server, signer) = (Server::start().await, Signer::new("one"));
    let promised = (KeyManagement::EcdhEsA128Kw, ContentEncryption::A128CbcHs256);
    signing(&server, &signer, |metadata| {
        metadata.encryption.request_object_encryption_alg = Some(promised.0);
    })
    .await;
    let (cookie, _) = server.sign_in().await;
    let (ours, own) = (published(&server).await, object(&server, &signer));
    let came = asked(&server, &cookie, &seal(&ours, promised, &own)).await;
    assert!(came.get("code").is_some(), "{came}");
    let other_alg = seal(&ours, (KeyManagement::EcdhEs, promised.1), &own);
    let other_enc = seal(&ours, (promised.0, ContentEncryption::A256Gcm), &own);
    for bad in [&own, &other_alg, &other_enc] {
        assert_eq!(asked(&server, &cookie, bad).await["error"], "invalid_request_object", "{bad}");
        assert_eq!(pushed(&server, bad).await.0, 400, "{bad}");
    }
}

/// The same token with other members in its header.
fn reheaded(token: &str, members: Value) -> String {
    let (_, rest) = token.split_once('.').unwrap();
    let mut header = header_of(token);
    for (name, value) in members.as_object().unwrap() {
        header[name] = value.clone();
    }
    format!("{}.{rest}", idp_protocol::encoding::to_base64url(header.to_string().as_bytes()))
}

/// The same token with one letter of a part changed.
fn bent(token: &str, part: usize) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let to = if parts[part].starts_with('A') { "B" } else { "A" };
    parts[part].replace_range(0..1, to);
    parts.join(".")
}

#[tokio::test]
async fn no_oracle_all_ciphertexts_that_cannot_be_opened_get_one_answer() {
    let (server, signer, stranger) = (Server::start().await, Signer::new("one"), Signer::new("one"));
    signing(&server, &signer, |_| {}).await;
    let (cookie, _) = server.sign_in().await;
    let (ours, own) = (published(&server).await, object(&server, &signer));
    let cbc = seal(&ours, (BY_AGREEMENT, ContentEncryption::A128CbcHs256), &own);
    let gcm = seal(&ours, (KeyManagement::EcdhEs, ContentEncryption::A256Gcm), &own);
    let foreign = seal(&ours, (BY_AGREEMENT, ContentEncryption::A256Gcm), &object(&server, &stranger));
    let twice = seal(&ours, (BY_AGREEMENT, ContentEncryption::A256Gcm), &gcm);
    let epk = header_of(&cbc)["epk"].clone();
    let mut off_curve = epk.clone();
    off_curve["y"] = epk["x"].clone();
    let mut bad = vec![
        ("signed by nobody we know", foreign),
        (
            "for another recipient",
            seal(&Recipient::new().key_set(), (BY_AGREEMENT, ContentEncryption::A256Gcm), &own),
        ),
        ("twice", twice),
        ("no token inside", seal(&ours, (BY_AGREEMENT, ContentEncryption::A256Gcm), "no token")),
        ("a point that is not on the curve", reheaded(&cbc, json!({ "epk": off_curve }))),
        ("compressed", reheaded(&cbc, json!({"zip": "DEF"}))),
        ("Bleichenbacher", reheaded(&cbc, json!({"alg": "RSA1_5"}))),
        ("with RSA", reheaded(&cbc, json!({"alg": "RSA-OAEP"}))),
        (
            "with a password of many rounds",
            reheaded(&cbc, json!({"alg": "PBES2-HS256+A128KW", "p2s": "c2FsdA", "p2c": 2_000_000_000})),
        ),
        ("with a shared key", reheaded(&cbc, json!({"alg": "dir"}))),
        ("critical", reheaded(&cbc, json!({"crit": ["exp"]}))),
        ("of another name", reheaded(&cbc, json!({"kid": "another"}))),
    ];
    for part in 0..5 {
        bad.push(("a bent part of one in CBC", bent(&cbc, part)));
    }
    for part in [0, 2, 3, 4] {
        bad.push(("a bent part of one in GCM", bent(&gcm, part)));
    }
    let usual = asked(&server, &cookie, &stranger.sign(&json!({}))).await;
    assert_eq!(usual["error"], "invalid_request_object");
    let usual_of_pushed = pushed(&server, &stranger.sign(&json!({}))).await;
    for (name, object) in bad {
        assert_eq!(asked(&server, &cookie, &object).await, usual, "{name}");
        assert_eq!(pushed(&server, &object).await, usual_of_pushed, "{name}");
    }
}

#[tokio::test]
async fn a_new_key_for_encryption_is_listed_when_every_server_has_it_and_the_old_one_still_opens() {
    let (server, signer) = (Server::start().await, Signer::new("one"));
    signing(&server, &signer, |_| {}).await;
    let (cookie, _) = server.sign_in().await;
    let own = object(&server, &signer);
    let how = (BY_AGREEMENT, ContentEncryption::A256Gcm);
    let old = published(&server).await;
    let app = &server.app;
    let opens = async |keys| asked(&server, &cookie, &seal(keys, how, &own)).await.get("code").is_some();
    app.provider().rotate(app.engine(), NOW, &app.config().oidc).await.unwrap();
    assert_eq!(published(&server).await, old, "another server may not open for it yet");
    server.clock.advance(59);
    app.provider().reload(app.engine()).await.unwrap();
    assert_eq!(published(&server).await, old);
    server.clock.advance(1);
    app.provider().reload(app.engine()).await.unwrap();
    let new = published(&server).await;
    assert_ne!(new, old);
    assert_eq!(new.keys().len(), 1, "nobody is to use the old one any more");
    assert!(opens(&old).await && opens(&new).await, "whoever kept the list has the old one");
    server.clock.advance(app.config().oidc.id_token_life + 300);
    app.provider().reload(app.engine()).await.unwrap();
    let came = asked(&server, &cookie, &seal(&old, how, &own)).await;
    assert_eq!(came["error"], "invalid_request_object", "its time is over");
}

/// An application need not name the key (RFC 7516, 4.1.6), and what names none is tried with few keys.
#[tokio::test]
async fn after_many_rotations_a_token_that_names_no_key_is_opened_with_the_listed_one() {
    let (server, signer) = (Server::start().await, Signer::new("one"));
    signing(&server, &signer, |_| {}).await;
    let (cookie, _) = server.sign_in().await;
    let (own, app, how) = (object(&server, &signer), &server.app, (BY_AGREEMENT, ContentEncryption::A256Gcm));
    let first = published(&server).await;
    for _ in 0..5 {
        let before = unnamed(&published(&server).await);
        app.provider().rotate(app.engine(), server.clock_now(), &app.config().oidc).await.unwrap();
        let sealed = seal(&before, how, &own);
        let came = asked(&server, &cookie, &sealed).await;
        assert!(came.get("code").is_some(), "those that are not listed yet come last: {came}");
        server.clock.advance(10);
    }
    server.clock.advance(50);
    app.provider().reload(app.engine()).await.unwrap();
    let listed = published(&server).await;
    assert_ne!(listed, first);
    let came = asked(&server, &cookie, &seal(&first, how, &own)).await;
    assert!(came.get("code").is_some(), "all are still there: {came}");
    let sealed = seal(&unnamed(&listed), how, &own);
    assert_eq!(header_of(&sealed).get("kid"), None);
    let came = asked(&server, &cookie, &sealed).await;
    assert!(came.get("code").is_some(), "{came}");
}

/// The same keys without their names.
fn unnamed(keys: &KeySet) -> KeySet {
    let mut set = json!(keys);
    for key in set["keys"].as_array_mut().unwrap() {
        key.as_object_mut().unwrap().remove("kid");
    }
    KeySet::from_value(&set).unwrap()
}

#[tokio::test]
async fn discovery_lists_what_can_be_encrypted() {
    let server = Server::start().await;
    let (_, document) = answer(server.get("/.well-known/openid-configuration").await).await;
    let all = json!(KeyManagement::ALL);
    for of in ["id_token", "userinfo", "authorization"] {
        assert_eq!(document[format!("{of}_encryption_alg_values_supported")], all, "{of}");
        assert_eq!(document[format!("{of}_encryption_enc_values_supported")], json!(ContentEncryption::ALL));
    }
    let for_us = json!(["ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW"]);
    assert_eq!(document["request_object_encryption_alg_values_supported"], for_us);
    assert!(!document.to_string().contains("RSA1_5"));
}

#[tokio::test]
async fn the_end_of_a_session_is_told_as_id_tokens_are() {
    let server = Server::start_with(|config| config.outbound.danger_loopback_http = true).await;
    let (keys, site) = (Recipient::new(), Site::open("").await);
    let uri = format!("{}/told", site.url);
    secretive(&server, &keys, id_tokens(BY_AGREEMENT, None), |metadata| {
        metadata.backchannel_logout_uri = Some(uri.parse().unwrap());
    })
    .await;
    let (cookie, session) = server.sign_in().await;
    let code = server.code_with("secretive", &cookie).await;
    assert_eq!(server.token(&redemption("secretive", &code)).await.status(), 200);
    server.app.engine().end_session(&session).await.unwrap();
    let heard = site.heard(1).await;
    let token = heard[0].body.strip_prefix("logout_token=").unwrap();
    let (header, claims) = read(&keys.open(token));
    assert_eq!((&header["typ"], &claims["aud"]), (&json!("logout+jwt"), &json!("secretive")));
}
