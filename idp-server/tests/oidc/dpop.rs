//! Is a token that is bound to a key worth anything without it? (RFC 9449)

use idp_protocol::encoding::to_base64url;
use idp_server::oidc::{AuthMethod, GrantType, NewClient};
use reqwest::{Method, Response, header};
use serde_json::{Value, json};

use crate::{
    requests::{claims_of, redemption, request},
    server::{NOW, Server, answer, form, redirected},
    signer::Signer,
};

const TOKEN: &str = "/oauth2/token";
const USERINFO: &str = "/oauth2/userinfo";

/// Sends a request with a proof, if there is one.
async fn send(server: &Server, path: &str, proof: Option<&str>, with: Sent<'_>) -> Response {
    let url = format!("{}{path}", server.url);
    let mut request = match with {
        Sent::Form(params) => server
            .http
            .request(Method::POST, url)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form(params)),
        Sent::Token(scheme, token) => {
            server.http.get(url).header(header::AUTHORIZATION, format!("{scheme} {token}"))
        }
    };
    if let Some(proof) = proof {
        request = request.header("DPoP", proof);
    }
    request.send().await.unwrap()
}

#[derive(Clone, Copy)]
enum Sent<'a> {
    Form(&'a [(&'a str, &'a str)]),
    Token(&'a str, &'a str),
}

/// Honest claims of a proof; each jti is another one.
fn claims(server: &Server, path: &str, nonce: Option<&str>) -> Value {
    let jti = to_base64url(&symbolon_aws_lc::crypto().random::<12>());
    let method = if path == USERINFO { "GET" } else { "POST" };
    let mut claims = json!({"jti": jti, "htm": method, "htu": format!("{}{path}", server.url), "iat": NOW.0});
    if let Some(nonce) = nonce {
        claims["nonce"] = json!(nonce);
    }
    claims
}

/// The number that a proof must hold now, as the server says it to whoever has none.
async fn nonce(server: &Server, signer: &Signer) -> String {
    let proof = signer.prove(&claims(server, TOKEN, None));
    let asked = [("grant_type", "authorization_code"), ("client_id", "shop")];
    let response = send(server, TOKEN, Some(&proof), Sent::Form(&asked)).await;
    let nonce = response.headers()["dpop-nonce"].to_str().unwrap().to_owned();
    let (status, refused) = answer(response).await;
    assert_eq!((status, refused["error"].as_str()), (400, Some("use_dpop_nonce")), "{refused}");
    nonce
}

fn with_ath(mut claims: Value, token: &str) -> Value {
    let digest = symbolon_aws_lc::crypto().hash.sha256(token.as_bytes());
    claims["ath"] = json!(to_base64url(&digest));
    claims
}

/// Tokens of the shop that are bound to a key.
async fn tokens(server: &Server, client: &str, signer: &Signer) -> Value {
    let nonce = nonce(server, signer).await;
    let code = server.code(client).await;
    let proof = signer.prove(&claims(server, TOKEN, Some(&nonce)));
    let redemption = redemption(client, &code);
    let (status, tokens) = answer(send(server, TOKEN, Some(&proof), Sent::Form(&redemption)).await).await;
    assert_eq!((status, &tokens["token_type"]), (200, &json!("DPoP")), "{tokens}");
    tokens
}

fn refreshing(new: &mut NewClient) {
    new.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
    new.metadata.grant_types.push(GrantType::RefreshToken);
}

#[tokio::test]
async fn replay_without_proof() {
    let server = Server::start().await;
    let (signer, thief) = (Signer::new("one"), Signer::new("two"));
    let tokens = tokens(&server, "shop", &signer).await;
    let token = tokens["access_token"].as_str().unwrap();
    let nonce = nonce(&server, &signer).await;
    let honest = || with_ath(claims(&server, USERINFO, Some(&nonce)), token);
    let ask = async |scheme: &str, proof: Option<String>| {
        send(&server, USERINFO, proof.as_deref(), Sent::Token(scheme, token)).await
    };
    assert_eq!(ask("DPoP", Some(signer.prove(&honest()))).await.status(), 200);
    for (name, response) in [
        ("as a bearer token", ask("Bearer", None).await),
        ("as a bearer token with a proof", ask("Bearer", Some(signer.prove(&honest()))).await),
        ("without a proof", ask("DPoP", None).await),
        ("with the proof of a thief", ask("DPoP", Some(thief.prove(&honest()))).await),
    ] {
        assert_eq!(response.status(), 401, "{name}");
        let challenge = response.headers()[header::WWW_AUTHENTICATE].to_str().unwrap();
        assert!(challenge.contains("error=\"invalid_token\""), "{name}: {challenge}");
    }
    let without_digest = ask("DPoP", Some(signer.prove(&claims(&server, USERINFO, Some(&nonce))))).await;
    let challenge = without_digest.headers()[header::WWW_AUTHENTICATE].to_str().unwrap();
    assert!(challenge.starts_with("DPoP ") && challenge.contains("invalid_dpop_proof"), "{challenge}");
    let by_form = [("access_token", token)];
    assert_eq!(send(&server, USERINFO, None, Sent::Form(&by_form)).await.status(), 401);
}

#[tokio::test]
async fn a_token_of_an_application_itself_is_bound_to_its_key() {
    let server = Server::start().await;
    let secret = server.register("robot", |new| {
        new.metadata.grant_types = vec![GrantType::ClientCredentials];
        new.terms.introspects = true;
    });
    let secret = secret.await;
    let signer = Signer::new("one");
    let nonce = nonce(&server, &signer).await;
    let own = [("client_id", "robot"), ("client_secret", secret.as_str())];
    let asked = [own.as_slice(), &[("grant_type", "client_credentials")]].concat();
    let proof = signer.prove(&claims(&server, TOKEN, Some(&nonce)));
    let (status, tokens) = answer(send(&server, TOKEN, Some(&proof), Sent::Form(&asked)).await).await;
    assert_eq!((status, &tokens["token_type"]), (200, &json!("DPoP")), "{tokens}");
    let token = tokens["access_token"].as_str().unwrap();
    let bound = json!({"jkt": signer.thumbprint()});
    assert_eq!(claims_of(token)["cnf"], bound);
    let asked = [own.as_slice(), &[("token", token)]].concat();
    let (_, told) = answer(server.post("/oauth2/introspect", &asked).await).await;
    assert_eq!(
        (&told["active"], &told["cnf"]),
        (&json!(true), &bound),
        "a resource can hold it to that (6.2)"
    );
    assert_eq!(told["token_type"], "DPoP");
}

#[tokio::test]
async fn a_proof_is_for_one_request_and_counts_once() {
    let server = Server::start().await;
    let signer = Signer::new("one");
    let nonce = nonce(&server, &signer).await;
    let honest = || claims(&server, TOKEN, Some(&nonce));
    let ask = async |proof: &str| {
        let asked = [("grant_type", "authorization_code"), ("client_id", "shop")];
        let (_, refused) = answer(send(&server, TOKEN, Some(proof), Sent::Form(&asked)).await).await;
        refused["error"].as_str().unwrap().to_owned()
    };
    let proof = signer.prove(&honest());
    assert_eq!(ask(&proof).await, "invalid_request", "the code is missing; the proof is good");
    assert_eq!(ask(&proof).await, "invalid_dpop_proof", "seen before");
    type Change = fn(&mut Value);
    let changes: [(&str, Change); 7] = [
        ("another method", |claims| claims["htm"] = json!("GET")),
        ("another address", |claims| claims["htu"] = json!("https://evil.example/oauth2/token")),
        ("another path", |claims| {
            let other = claims["htu"].as_str().unwrap().replace("token", "revoke");
            claims["htu"] = json!(other);
        }),
        ("of yesterday", |claims| claims["iat"] = json!(NOW.0 - 61)),
        ("of tomorrow", |claims| claims["iat"] = json!(NOW.0 + 61)),
        ("without an id", |claims| drop(claims.as_object_mut().unwrap().remove("jti"))),
        ("with a digest of nothing", |claims| claims["ath"] = json!("x")),
    ];
    for (name, change) in changes {
        let mut claims = honest();
        change(&mut claims);
        assert_eq!(ask(&signer.prove(&claims)).await, "invalid_dpop_proof", "{name}");
    }
    let private = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": {"kty": "oct", "k": "AAAA"}});
    for header in [
        private,
        json!({"typ": "JWT", "alg": "ES256", "jwk": signer.jwk()}),
        json!({"typ": "dpop+jwt", "alg": "ES256"}),
    ] {
        assert_eq!(ask(&signer.sign_as(&header, &honest())).await, "invalid_dpop_proof", "{header}");
    }
    let with_query = |mut claims: Value| {
        claims["htu"] = json!(format!("{}{TOKEN}?x=1#y", server.url));
        claims
    };
    assert_eq!(ask(&signer.prove(&with_query(honest()))).await, "invalid_request", "they do not count (4.3)");
}

#[tokio::test]
async fn a_number_of_ours_is_good_for_minutes() {
    let server = Server::start().await;
    let signer = Signer::new("one");
    let first = nonce(&server, &signer).await;
    let ask = async |nonce: &str| {
        let mut claims = claims(&server, TOKEN, Some(nonce));
        claims["iat"] = json!(server.app.engine().now());
        let proof = signer.prove(&claims);
        let asked = [("grant_type", "authorization_code"), ("client_id", "shop")];
        let (_, refused) = answer(send(&server, TOKEN, Some(&proof), Sent::Form(&asked)).await).await;
        refused["error"].as_str().unwrap().to_owned()
    };
    server.clock.advance(300);
    assert_eq!(ask(&first).await, "invalid_request", "that of before still counts");
    server.clock.advance(300);
    assert_eq!(ask(&first).await, "use_dpop_nonce");
    assert_eq!(ask("made-up").await, "use_dpop_nonce");
}

#[tokio::test]
async fn a_stolen_refresh_token_of_a_public_client_needs_its_key() {
    let server = Server::start().await;
    server.register("app", refreshing).await;
    let (signer, thief) = (Signer::new("one"), Signer::new("two"));
    let tokens = tokens(&server, "app", &signer).await;
    let nonce = nonce(&server, &signer).await;
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let ask = async |proof: Option<String>| {
        let asked = [("grant_type", "refresh_token"), ("client_id", "app"), ("refresh_token", refresh)];
        answer(send(&server, TOKEN, proof.as_deref(), Sent::Form(&asked)).await).await
    };
    for proof in [None, Some(thief.prove(&claims(&server, TOKEN, Some(&nonce))))] {
        let (status, refused) = ask(proof).await;
        assert_eq!((status, refused["error"].as_str()), (400, Some("invalid_dpop_proof")));
    }
    let (status, fresh) = ask(Some(signer.prove(&claims(&server, TOKEN, Some(&nonce))))).await;
    assert_eq!(status, 200, "its owner has lost nothing: {fresh}");
}

#[tokio::test]
async fn a_code_may_wait_for_the_holder_of_a_key() {
    let server = Server::start().await;
    let (signer, thief) = (Signer::new("one"), Signer::new("two"));
    let nonce = nonce(&server, &signer).await;
    let (cookie, _) = server.sign_in().await;
    let thumbprint = signer.thumbprint();
    let mut asked = request("shop");
    asked.push(("dpop_jkt", &thumbprint));
    let code = redirected(&server.authorize(&asked, Some(&cookie)).await).params["code"].clone();
    let redeem = async |code: &str, proof: Option<String>| {
        let redemption = redemption("shop", code);
        answer(send(&server, TOKEN, proof.as_deref(), Sent::Form(&redemption)).await).await.0
    };
    assert_eq!(redeem(&code, None).await, 400);
    assert_eq!(redeem(&code, Some(thief.prove(&claims(&server, TOKEN, Some(&nonce))))).await, 400);
    assert_eq!(redeem(&code, Some(signer.prove(&claims(&server, TOKEN, Some(&nonce))))).await, 200);

    let pushed = signer.prove(&claims(&server, "/oauth2/par", Some(&nonce)));
    let asked = request("shop");
    let (status, answered) =
        answer(send(&server, "/oauth2/par", Some(&pushed), Sent::Form(&asked)).await).await;
    assert_eq!(status, 201, "{answered}");
    let uri = answered["request_uri"].as_str().unwrap();
    let come = [("client_id", "shop"), ("request_uri", uri)];
    let code = redirected(&server.authorize(&come, Some(&cookie)).await).params["code"].clone();
    assert_eq!(redeem(&code, None).await, 400, "the proof of the pushed request counts as dpop_jkt (10.1)");
    assert_eq!(redeem(&code, Some(signer.prove(&claims(&server, TOKEN, Some(&nonce))))).await, 200);
}

#[tokio::test]
async fn a_client_that_promised_keys_gets_no_bearer_tokens() {
    let server = Server::start().await;
    server
        .register("bound", |new| {
            new.metadata.token_endpoint_auth_method = Some(AuthMethod::None);
            new.metadata.dpop_bound_access_tokens = true;
        })
        .await;
    let code = server.code("bound").await;
    let (status, refused) = answer(server.token(&redemption("bound", &code)).await).await;
    assert_eq!((status, refused["error"].as_str()), (400, Some("invalid_dpop_proof")));
    tokens(&server, "bound", &Signer::new("one")).await;
}

#[tokio::test]
async fn a_resource_learns_which_key_a_token_is_bound_to() {
    let server = Server::start().await;
    let api = server.register("api", |new| new.terms.introspects = true).await;
    let signer = Signer::new("one");
    let tokens = tokens(&server, "shop", &signer).await;
    let form = [
        ("client_id", "api"),
        ("client_secret", api.as_str()),
        ("token", tokens["access_token"].as_str().unwrap()),
    ];
    let (_, told) = answer(server.post("/oauth2/introspect", &form).await).await;
    assert_eq!((&told["token_type"], &told["cnf"]), (&json!("DPoP"), &json!({"jkt": signer.thumbprint()})));
}

/// Anybody has a token of some kind: a proof that it does not need is not read, and nothing is remembered of it.
#[tokio::test]
async fn a_proof_beside_a_bearer_token_fills_no_store() {
    let server = Server::start().await;
    let signer = Signer::new("one");
    let (_, tokens) = server.redeem(&server.code("shop").await).await;
    let token = tokens["access_token"].as_str().unwrap();
    let number = nonce(&server, &signer).await;
    let proof = signer.prove(&with_ath(claims(&server, USERINFO, Some(&number)), token));
    for _ in 0..2 {
        let told = send(&server, USERINFO, Some(&proof), Sent::Token("Bearer", token)).await;
        assert_eq!(told.status(), 200, "it was not used up");
    }
}

#[tokio::test]
async fn a_flood_of_proofs_fills_no_store() {
    let server = Server::start().await;
    let signer = Signer::new("one");
    let nonce = nonce(&server, &signer).await;
    let ask = async || {
        let proof = signer.prove(&claims(&server, TOKEN, Some(&nonce)));
        let asked = [("grant_type", "authorization_code"), ("client_id", "shop")];
        answer(send(&server, TOKEN, Some(&proof), Sent::Form(&asked)).await).await
    };
    for _ in 0..300 {
        assert_eq!(ask().await.1["error"], "invalid_request", "the proof is good, and the code is missing");
    }
    let (status, refused) = ask().await;
    assert_eq!((status, refused["error"].as_str()), (429, Some("temporarily_unavailable")));
}
