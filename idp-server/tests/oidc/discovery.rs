//! Does the provider say what it can do?

use std::collections::BTreeSet;

use openidconnect::core::{CoreJsonWebKeySet, CoreProviderMetadata};
use serde_json::{Value, json};

use crate::server::{NOW, Server, answer};

#[tokio::test]
async fn the_document_says_what_the_provider_does() {
    let server = Server::start().await;
    let response = server.get("/.well-known/openid-configuration").await;
    assert_eq!(response.headers()["access-control-allow-origin"], "*");
    let (status, document) = answer(response).await;
    assert_eq!(status, 200);
    let url = |path: &str| json!(format!("{}{path}", server.url));
    assert_eq!(document["issuer"], url(""));
    assert_eq!(document["authorization_endpoint"], url("/oauth2/authorize"));
    assert_eq!(document["token_endpoint"], url("/oauth2/token"));
    assert_eq!(document["userinfo_endpoint"], url("/oauth2/userinfo"));
    assert_eq!(document["revocation_endpoint"], url("/oauth2/revoke"));
    assert_eq!(document["introspection_endpoint"], url("/oauth2/introspect"));
    assert_eq!(document["end_session_endpoint"], url("/oauth2/end-session"));
    assert_eq!(document["jwks_uri"], url("/oauth2/jwks"));
    assert_eq!(
        document["response_types_supported"],
        json!(["code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"])
    );
    assert_eq!(
        document["response_modes_supported"],
        json!(["query", "fragment", "form_post", "query.jwt", "fragment.jwt", "form_post.jwt", "jwt"])
    );
    assert_eq!(
        document["grant_types_supported"],
        json!([
            "authorization_code",
            "implicit",
            "refresh_token",
            "client_credentials",
            "urn:ietf:params:oauth:grant-type:device_code",
            "urn:openid:params:grant-type:ciba"
        ])
    );
    assert_eq!(document["device_authorization_endpoint"], url("/oauth2/device_authorization"));
    assert_eq!(document["subject_types_supported"], json!(["public", "pairwise"]));
    assert_eq!(
        document["id_token_signing_alg_values_supported"],
        json!(["RS256", "PS256", "ES256", "EdDSA"])
    );
    assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]), "plain is no protection");
    assert_eq!(document["authorization_response_iss_parameter_supported"], json!(true));
    assert_eq!(document["require_request_uri_registration"], json!(true), "the default would be false");
    assert_eq!(document["pushed_authorization_request_endpoint"], url("/oauth2/par"));
    assert_eq!(
        document["token_endpoint_auth_methods_supported"],
        json!(["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"])
    );
    assert_eq!(
        document["acr_values_supported"],
        json!(["urn:symbolon:acr:single", "urn:symbolon:acr:device", "urn:symbolon:acr:mfa"]),
        "no method here makes a passkey"
    );
    let algorithms = json!(["RS256", "PS256", "ES256", "EdDSA", "HS256"]);
    for endpoint in ["token", "revocation", "introspection"] {
        let name = format!("{endpoint}_endpoint_auth_signing_alg_values_supported");
        assert_eq!(document[&name], algorithms, "{name}: methods are listed that sign (RFC 8414, 2)");
    }
    let without_none =
        json!(["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt"]);
    assert_eq!(document["introspection_endpoint_auth_methods_supported"], without_none);
    let (_, of_oauth) = answer(server.get("/.well-known/oauth-authorization-server").await).await;
    assert_eq!(of_oauth, document, "RFC 8414");
    serde_json::from_value::<CoreProviderMetadata>(document).unwrap();
}

/// Applications configure themselves by this document alone: what stands there is said here a second time, and there is
/// nothing else.
#[tokio::test]
async fn each_member_of_the_document_is_known_here() {
    let server = Server::start().await;
    let (_, document) = answer(server.get("/.well-known/openid-configuration").await).await;
    let url = |path: &str| format!("{}{path}", server.url);
    let types = ["code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"];
    // What we sign with, and what applications sign with: never `none`, and a shared secret for assertions only.
    let ours = json!(["RS256", "PS256", "ES256", "EdDSA"]);
    let theirs = json!(["RS256", "PS256", "ES256", "EdDSA"]);
    let assertions = json!(["RS256", "PS256", "ES256", "EdDSA", "HS256"]);
    let by_secret = ["client_secret_basic", "client_secret_post", "client_secret_jwt"];
    let methods = [by_secret.as_slice(), &["private_key_jwt", "none"]].concat();
    let with_proof = [by_secret.as_slice(), &["private_key_jwt"]].concat();
    let content = json!(["A128GCM", "A256GCM", "A128CBC-HS256", "A256CBC-HS512"]);
    let management = json!(["ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW", "RSA-OAEP-256", "RSA-OAEP"]);
    let about_the_sign_in =
        ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash"];
    let about_the_answer = ["c_hash", "s_hash", "sid"];
    let profile = ["name", "given_name", "family_name", "middle_name", "nickname", "preferred_username"];
    let more_of_it =
        ["profile", "picture", "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at"];
    let others = ["email", "email_verified", "address", "phone_number", "phone_number_verified"];
    let claims = [&about_the_sign_in[..], &about_the_answer, &profile, &more_of_it, &others].concat();
    let addresses = json!({
        "issuer": server.url,
        "authorization_endpoint": url("/oauth2/authorize"),
        "token_endpoint": url("/oauth2/token"),
        "userinfo_endpoint": url("/oauth2/userinfo"),
        "jwks_uri": url("/oauth2/jwks"),
        "revocation_endpoint": url("/oauth2/revoke"),
        "introspection_endpoint": url("/oauth2/introspect"),
        "end_session_endpoint": url("/oauth2/end-session"),
        "device_authorization_endpoint": url("/oauth2/device_authorization"),
        "pushed_authorization_request_endpoint": url("/oauth2/par"),
        "backchannel_authentication_endpoint": url("/oauth2/bc-authorize"),
    });
    let abilities = json!({
        "scopes_supported": ["openid", "profile", "email", "address", "phone", "offline_access"],
        "claims_supported": claims,
        "claims_parameter_supported": true,
        "request_parameter_supported": true,
        "request_uri_parameter_supported": true,
        "require_request_uri_registration": true,
        "require_pushed_authorization_requests": false,
        "authorization_response_iss_parameter_supported": true,
        "response_types_supported": types,
        "response_modes_supported":
            ["query", "fragment", "form_post", "query.jwt", "fragment.jwt", "form_post.jwt", "jwt"],
        "grant_types_supported": [
            "authorization_code", "implicit", "refresh_token", "client_credentials",
            "urn:ietf:params:oauth:grant-type:device_code", "urn:openid:params:grant-type:ciba"
        ],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "display_values_supported": ["page", "popup", "touch", "wap"],
        "ui_locales_supported": ["en", "de"],
        "acr_values_supported": ["urn:symbolon:acr:single", "urn:symbolon:acr:device", "urn:symbolon:acr:mfa"],
        "subject_types_supported": ["public", "pairwise"],
        "code_challenge_methods_supported": ["S256"],
        "backchannel_token_delivery_modes_supported": ["poll", "ping"],
        "backchannel_user_code_parameter_supported": false,
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "frontchannel_logout_supported": true,
        "frontchannel_logout_session_supported": true,
        "tls_client_certificate_bound_access_tokens": false,
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_methods_supported": with_proof,
    });
    let algorithms = json!({
        "id_token_signing_alg_values_supported": ours,
        "userinfo_signing_alg_values_supported": ours,
        "authorization_signing_alg_values_supported": ours,
        "request_object_signing_alg_values_supported": theirs,
        "backchannel_authentication_request_signing_alg_values_supported": theirs,
        "dpop_signing_alg_values_supported": theirs,
        "token_endpoint_auth_signing_alg_values_supported": assertions,
        "revocation_endpoint_auth_signing_alg_values_supported": assertions,
        "introspection_endpoint_auth_signing_alg_values_supported": assertions,
        "id_token_encryption_alg_values_supported": management,
        "id_token_encryption_enc_values_supported": content,
        "userinfo_encryption_alg_values_supported": management,
        "userinfo_encryption_enc_values_supported": content,
        "authorization_encryption_alg_values_supported": management,
        "authorization_encryption_enc_values_supported": content,
        "request_object_encryption_alg_values_supported": ["ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW"],
        "request_object_encryption_enc_values_supported": content,
    });
    let document = document.as_object().unwrap();
    let mut known = BTreeSet::new();
    for (name, value) in
        [&addresses, &abilities, &algorithms].into_iter().filter_map(Value::as_object).flatten()
    {
        assert_eq!(document.get(name), Some(value), "{name}");
        known.insert(name);
    }
    assert_eq!(document.keys().collect::<BTreeSet<_>>(), known);
}

#[tokio::test]
async fn only_classes_that_can_be_reached_are_offered() {
    let classes = async |rules: serde_json::Value| {
        let rules = serde_json::from_value(rules).unwrap();
        let server = Server::start_with(|config| config.engine.rules = rules).await;
        answer(server.get("/.well-known/openid-configuration").await).await.1["acr_values_supported"].clone()
    };
    let allow = |methods: serde_json::Value| json!([{"name": "all", "then": "allow", "methods": methods}]);
    let (single, device, mfa) =
        ("urn:symbolon:acr:single", "urn:symbolon:acr:device", "urn:symbolon:acr:mfa");
    assert_eq!(classes(allow(json!(["password", "recovery"]))).await, json!([single]));
    assert_eq!(classes(allow(json!(["password", "totp"]))).await, json!([single, device, mfa]));
    assert_eq!(classes(json!([{"name": "none", "then": "deny"}])).await, json!([]));
}

#[tokio::test]
async fn the_keys_are_public_ones_with_thumbprints_for_names() {
    let server = Server::start().await;
    let (status, keys) = answer(server.get("/oauth2/jwks").await).await;
    assert_eq!(status, 200);
    let list = keys["keys"].as_array().unwrap();
    let sig = |algorithm| (json!(algorithm), json!("sig"));
    let kinds = [
        ("RSA", sig("RS256")),
        ("RSA", sig("PS256")),
        ("EC", sig("ES256")),
        ("OKP", sig("EdDSA")),
        ("EC", (Value::Null, json!("enc"))),
    ];
    assert_eq!(list.len(), kinds.len());
    for (key, (kind, stated)) in list.iter().zip(kinds) {
        assert_eq!((&key["kty"], &(key["alg"].clone(), key["use"].clone())), (&json!(kind), &stated));
        assert_eq!(key["kid"].as_str().unwrap().len(), 43);
        for private in ["d", "p", "q", "dp", "dq", "qi"] {
            assert!(key.get(private).is_none(), "{private}");
        }
    }
    serde_json::from_value::<CoreJsonWebKeySet>(keys).unwrap();
}

/// An application may keep both for some minutes, and no longer: a new key is published an hour before it signs.
#[tokio::test]
async fn the_document_and_the_keys_may_be_kept_for_five_minutes_by_anybody() {
    let server = Server::start().await;
    for path in ["/.well-known/openid-configuration", "/oauth2/jwks"] {
        let response = server.get(path).await;
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("cache-control"), "public, max-age=300", "{path}");
        assert_eq!(header("content-type"), "application/json", "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert!(!response.headers().contains_key("set-cookie"), "{path}: the same for everybody");
    }
}

#[tokio::test]
async fn what_an_application_knows_already_is_not_sent_again_until_it_changes() {
    let server = Server::start().await;
    let asked = async |path: &str, tag: &str| {
        server.http.get(format!("{}{path}", server.url)).header("if-none-match", tag).send().await.unwrap()
    };
    for path in ["/.well-known/openid-configuration", "/oauth2/jwks"] {
        let tag = server.get(path).await.headers()["etag"].to_str().unwrap().to_owned();
        for known in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
            let response = asked(path, &known).await;
            assert_eq!(response.status(), 304, "{known}");
            assert_eq!(response.headers()["etag"], *tag, "{known}");
            assert!(response.bytes().await.unwrap().is_empty());
        }
        assert_eq!(asked(path, "\"other\"").await.status(), 200, "{path}");
    }
    let before = server.get("/oauth2/jwks").await.headers()["etag"].to_str().unwrap().to_owned();
    let (engine, lives) = (server.app.engine(), &server.app.config().oidc);
    server.app.provider().rotate(engine, NOW + 3_600, lives).await.unwrap();
    let (status, keys) = answer(asked("/oauth2/jwks", &before).await).await;
    assert_eq!(
        (status, keys["keys"].as_array().unwrap().len()),
        (200, 9),
        "two of each, and the one to encrypt for"
    );
}
