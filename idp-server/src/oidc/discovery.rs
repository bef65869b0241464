//! What can the provider do, and with which keys does it sign? (OpenID Connect Discovery 1.0, RFC 8414)

use axum::{extract::State, http::HeaderMap, response::Response};
use idp_core::{Fault, engine::Engine, policy::Acr};
use openidconnect::{
    AdditionalProviderMetadata, AuthUrl, AuthenticationContextClass, IssuerUrl, JsonWebKeySetUrl,
    ProviderMetadata, ResponseTypes, Scope, TokenUrl, UserInfoUrl,
    core::{
        CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType, CoreJsonWebKey,
        CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType,
        CoreSubjectIdentifierType,
    },
};
use serde::{Deserialize, Serialize};
use symbolon_jose::{ContentEncryption, KeyManagement};

use super::{
    Profile,
    client::{AuthMethod, DeliveryMode, GrantType},
    decryption,
    keys::named,
    person,
    request::{DISPLAYS, Mode, Prompt, ResponseType, SCOPES},
    userinfo::CLAIMS,
};
use crate::{
    App, Config,
    config::Registrants,
    document::{Document, JSON},
    routes,
    text::Language,
};

/// How an application proves who it is.
fn auth_methods(profile: Profile, with_certificates: bool) -> Vec<CoreClientAuthMethod> {
    let by_secret = [
        CoreClientAuthMethod::ClientSecretBasic,
        CoreClientAuthMethod::ClientSecretPost,
        CoreClientAuthMethod::ClientSecretJwt,
    ];
    let takes = |method| profile.takes_method(method);
    let mut methods: Vec<_> =
        by_secret.into_iter().filter(|_| takes(AuthMethod::ClientSecretBasic)).collect();
    methods.push(CoreClientAuthMethod::PrivateKeyJwt);
    let names = ["tls_client_auth", "self_signed_tls_client_auth"].into_iter().filter(|_| with_certificates);
    methods.extend(names.map(|name| CoreClientAuthMethod::Extension(name.to_owned())));
    methods.extend([CoreClientAuthMethod::None].into_iter().filter(|_| takes(AuthMethod::None)));
    methods
}

/// What `openidconnect` does not know by name.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct More {
    /// RFC 9207.
    authorization_response_iss_parameter_supported: bool,
    /// RFC 7636 and RFC 8414.
    code_challenge_methods_supported: Vec<String>,
    /// OpenID Connect RP-Initiated Logout 1.0.
    end_session_endpoint: String,
    /// Session Management 1.0, 3.3; only where it is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    check_session_iframe: Option<String>,
    /// Back-Channel Logout 1.0, 2.1; this and the following.
    backchannel_logout_supported: bool,
    backchannel_logout_session_supported: bool,
    /// Front-Channel Logout 1.0, 3; this and the following.
    frontchannel_logout_supported: bool,
    frontchannel_logout_session_supported: bool,
    /// RFC 8705, 3.3.
    tls_client_certificate_bound_access_tokens: bool,
    /// RFC 8705, 5; only where there is a listener for certificates.
    #[serde(skip_serializing_if = "Option::is_none")]
    mtls_endpoint_aliases: Option<Aliases>,
    /// RFC 9449, 5.1.
    dpop_signing_alg_values_supported: Vec<String>,
    /// RFC 9126, 5.
    pushed_authorization_request_endpoint: String,
    /// RFC 9126, 5.
    require_pushed_authorization_requests: bool,
    /// RFC 8628, 4; only where the profile takes devices.
    #[serde(skip_serializing_if = "Option::is_none")]
    device_authorization_endpoint: Option<String>,
    /// CIBA Core 1.0, 4; this and the following three.
    backchannel_authentication_endpoint: String,
    backchannel_token_delivery_modes_supported: Vec<String>,
    backchannel_authentication_request_signing_alg_values_supported: Vec<String>,
    backchannel_user_code_parameter_supported: bool,
    /// OpenID Connect Discovery 1.0, 3.
    request_object_signing_alg_values_supported: Vec<String>,
    /// RFC 7591 and RFC 8414; only where applications may register themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_endpoint: Option<String>,
    /// RFC 8414, 2; this and the following two: where a method signs, it must say with what.
    token_endpoint_auth_signing_alg_values_supported: Vec<String>,
    revocation_endpoint_auth_signing_alg_values_supported: Vec<String>,
    introspection_endpoint_auth_signing_alg_values_supported: Vec<String>,
    /// RFC 8414: as at the token endpoint.
    revocation_endpoint_auth_methods_supported: Vec<CoreClientAuthMethod>,
    /// RFC 8414: the same without clients that cannot prove who they are.
    introspection_endpoint_auth_methods_supported: Vec<CoreClientAuthMethod>,
    /// RFC 7009 and RFC 8414.
    revocation_endpoint: String,
    /// RFC 7662 and RFC 8414.
    introspection_endpoint: String,
    /// JARM, 4.
    authorization_signing_alg_values_supported: Vec<String>,
    /// What can be encrypted for applications, and by them.
    #[serde(flatten)]
    encryption: Encryption,
    /// OpenID Connect Discovery 1.0, 3: one page serves all of them.
    display_values_supported: Vec<String>,
    /// OpenID Connect Discovery 1.0, 3.
    ui_locales_supported: Vec<String>,
    /// Initiating User Registration via OpenID Connect 1.0.
    prompt_values_supported: Vec<String>,
}

/// OpenID Connect Discovery 1.0, 3; JARM, 4.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Encryption {
    id_token_encryption_alg_values_supported: Vec<KeyManagement>,
    id_token_encryption_enc_values_supported: Vec<ContentEncryption>,
    userinfo_encryption_alg_values_supported: Vec<KeyManagement>,
    userinfo_encryption_enc_values_supported: Vec<ContentEncryption>,
    authorization_encryption_alg_values_supported: Vec<KeyManagement>,
    authorization_encryption_enc_values_supported: Vec<ContentEncryption>,
    request_object_encryption_alg_values_supported: Vec<KeyManagement>,
    request_object_encryption_enc_values_supported: Vec<ContentEncryption>,
}

impl Encryption {
    fn supported() -> Self {
        let (management, content) = (KeyManagement::ALL, ContentEncryption::ALL);
        Self {
            id_token_encryption_alg_values_supported: management.to_vec(),
            id_token_encryption_enc_values_supported: content.to_vec(),
            userinfo_encryption_alg_values_supported: management.to_vec(),
            userinfo_encryption_enc_values_supported: content.to_vec(),
            authorization_encryption_alg_values_supported: management.to_vec(),
            authorization_encryption_enc_values_supported: content.to_vec(),
            request_object_encryption_alg_values_supported: decryption::MANAGEMENT.to_vec(),
            request_object_encryption_enc_values_supported: content.to_vec(),
        }
    }
}

/// The endpoints where applications show certificates (RFC 8705, 5).
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Aliases {
    token_endpoint: String,
    userinfo_endpoint: String,
    revocation_endpoint: String,
    introspection_endpoint: String,
    pushed_authorization_request_endpoint: String,
    backchannel_authentication_endpoint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_authorization_endpoint: Option<String>,
}

impl Aliases {
    fn at(origin: &str, profile: Profile) -> Self {
        let url = |path: &str| format!("{origin}{path}");
        Self {
            token_endpoint: url(routes::TOKEN),
            userinfo_endpoint: url(routes::USERINFO),
            revocation_endpoint: url(routes::REVOKE),
            introspection_endpoint: url(routes::INTROSPECT),
            pushed_authorization_request_endpoint: url(routes::PUSHED),
            backchannel_authentication_endpoint: url(routes::BACKCHANNEL),
            device_authorization_endpoint: devices(origin, profile),
        }
    }
}

/// Where devices without a keyboard begin.
fn devices(origin: &str, profile: Profile) -> Option<String> {
    let is_taken = profile.takes_grant(GrantType::DeviceCode);
    is_taken.then(|| format!("{origin}{}", routes::DEVICE_AUTHORIZATION))
}

impl AdditionalProviderMetadata for More {}

type Metadata = ProviderMetadata<
    More,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// `GET /.well-known/openid-configuration`.
pub async fn document(State(app): State<App>, headers: HeaderMap) -> Response {
    app.provider().discovery.answer(&headers)
}

/// `GET /oauth2/jwks`.
pub async fn keys(State(app): State<App>, headers: HeaderMap) -> Response {
    app.provider().keys().public_set().answer(&headers)
}

/// Writes the document down, once.
pub(super) fn write(engine: &Engine, config: &Config) -> Result<Document, Fault> {
    let issuer = engine.issuer();
    let url = |path: &str| format!("{issuer}{path}");
    let bad = |_| Fault::Setup("the issuer is not a URL");
    let profile = config.oidc.profile;
    let signatures: Vec<_> =
        profile.signatures().into_iter().map(|signature| named(signature.algorithm())).collect();
    let types = ResponseType::ALL.into_iter().filter(|of| profile.is_none() || *of == ResponseType::Code);
    let methods = auth_methods(profile, config.server.mtls.listen.is_some());
    let more = more(issuer, config, &methods);
    let claims = CLAIMS.into_iter().chain(person::names());
    let metadata = Metadata::new(
        IssuerUrl::new(issuer.to_owned()).map_err(bad)?,
        AuthUrl::new(url(routes::AUTHORIZE)).map_err(bad)?,
        JsonWebKeySetUrl::new(url(routes::JWKS)).map_err(bad)?,
        types.map(response_type).collect(),
        vec![CoreSubjectIdentifierType::Public, CoreSubjectIdentifierType::Pairwise],
        signatures.clone(),
        more,
    )
    .set_token_endpoint(Some(TokenUrl::new(url(routes::TOKEN)).map_err(bad)?))
    .set_userinfo_endpoint(Some(UserInfoUrl::new(url(routes::USERINFO)).map_err(bad)?))
    .set_userinfo_signing_alg_values_supported(Some(signatures))
    .set_scopes_supported(Some(SCOPES.map(|scope| Scope::new(scope.to_owned())).to_vec()))
    .set_response_modes_supported(Some(Mode::NAMES.map(response_mode).to_vec()))
    .set_grant_types_supported(Some(grant_types(profile)))
    .set_acr_values_supported(Some(classes(engine)))
    .set_token_endpoint_auth_methods_supported(Some(methods))
    .set_claims_supported(Some(claims.map(|claim| CoreClaimName::new(claim.to_owned())).collect()))
    .set_claims_parameter_supported(Some(true))
    .set_request_parameter_supported(Some(true))
    .set_request_uri_parameter_supported(Some(profile.is_none()))
    .set_require_request_uri_registration(Some(true));
    Document::new(engine.crypto(), JSON, serde_json::to_string(&metadata)?)
}

/// What may be exchanged for tokens.
fn grant_types(profile: Profile) -> Vec<CoreGrantType> {
    let names = GrantType::ALL.into_iter().filter(|grant_type| profile.takes_grant(*grant_type));
    names.map(|grant_type| CoreGrantType::Extension(grant_type.name().to_owned())).collect()
}

/// What `openidconnect` does not know by name.
fn more(issuer: &str, config: &Config, methods: &[CoreClientAuthMethod]) -> More {
    let url = |path: &str| format!("{issuer}{path}");
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let registers = config.oidc.registration.who != Registrants::Nobody;
    let mtls = &config.server.mtls;
    let shows = mtls.listen.map(|_| mtls.origin.as_str());
    let profile = config.oidc.profile;
    let theirs: Vec<String> =
        profile.algorithms().into_iter().map(|algorithm| algorithm.name().to_owned()).collect();
    let assertions = assertion_algorithms(profile, theirs.clone());
    let ours = profile.signatures().into_iter().map(|signature| signature.algorithm().name().to_owned());
    More {
        authorization_response_iss_parameter_supported: true,
        code_challenge_methods_supported: words(&["S256"]),
        end_session_endpoint: url(routes::END_SESSION),
        check_session_iframe: config.oidc.session_management.then(|| url(routes::CHECK_SESSION)),
        backchannel_logout_supported: true,
        backchannel_logout_session_supported: true,
        frontchannel_logout_supported: true,
        frontchannel_logout_session_supported: true,
        tls_client_certificate_bound_access_tokens: shows.is_some(),
        mtls_endpoint_aliases: shows.map(|origin| Aliases::at(origin, profile)),
        dpop_signing_alg_values_supported: theirs.clone(),
        pushed_authorization_request_endpoint: url(routes::PUSHED),
        require_pushed_authorization_requests: !profile.is_none(),
        backchannel_authentication_endpoint: url(routes::BACKCHANNEL),
        backchannel_token_delivery_modes_supported: words(&DeliveryMode::NAMES),
        backchannel_authentication_request_signing_alg_values_supported: theirs.clone(),
        backchannel_user_code_parameter_supported: false,
        request_object_signing_alg_values_supported: theirs,
        device_authorization_endpoint: devices(issuer, profile),
        registration_endpoint: registers.then(|| url(routes::REGISTER)),
        token_endpoint_auth_signing_alg_values_supported: assertions.clone(),
        revocation_endpoint_auth_signing_alg_values_supported: assertions.clone(),
        introspection_endpoint_auth_signing_alg_values_supported: assertions,
        revocation_endpoint_auth_methods_supported: methods.to_vec(),
        introspection_endpoint_auth_methods_supported: methods
            .iter()
            .filter(|method| **method != CoreClientAuthMethod::None)
            .cloned()
            .collect(),
        revocation_endpoint: url(routes::REVOKE),
        introspection_endpoint: url(routes::INTROSPECT),
        authorization_signing_alg_values_supported: ours.collect(),
        encryption: Encryption::supported(),
        display_values_supported: words(&DISPLAYS),
        ui_locales_supported: words(&Language::default().all().map(Language::tag)),
        prompt_values_supported: words(&Prompt::NAMES),
    }
}

/// What clients sign with when they prove who they are, with a key or with a secret.
fn assertion_algorithms(profile: Profile, mut with_a_key: Vec<String>) -> Vec<String> {
    let with_a_secret = profile.takes_method(AuthMethod::ClientSecretJwt);
    with_a_key.extend(with_a_secret.then(|| "HS256".to_owned()));
    with_a_key
}

fn response_type(of: ResponseType) -> ResponseTypes<CoreResponseType> {
    let word = |word: &str| match word {
        "id_token" => CoreResponseType::IdToken,
        "token" => CoreResponseType::Token,
        _ => CoreResponseType::Code,
    };
    ResponseTypes::new(of.name().split(' ').map(word).collect())
}

fn response_mode(name: &str) -> CoreResponseMode {
    match name {
        "query" => CoreResponseMode::Query,
        "fragment" => CoreResponseMode::Fragment,
        "form_post" => CoreResponseMode::FormPost,
        other => CoreResponseMode::Extension(other.to_owned()),
    }
}

/// The classes that can be reached here. An application that asks for another one would wait for what never comes.
fn classes(engine: &Engine) -> Vec<AuthenticationContextClass> {
    let strongest = engine.strongest();
    let reached = Acr::ALL.into_iter().filter(|acr| Some(*acr) <= strongest);
    reached.map(|acr| AuthenticationContextClass::new(acr.name().to_owned())).collect()
}
