//! What do we say of ourselves to service providers (SAML metadata, 2.4.3)?
//!
//! The text is the same on every node and does not change from minute to minute: its end and its id hang on the keys and on
//! the half of its life that began last. So a copy that somebody keeps stays good, wherever it came from.

use std::time::Duration;

use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;
use idp_core::{Fault, Time, engine::Engine};
use symbolon_saml::{Contact, Endpoint, Localized, Logo, Metadata, Organization, UiInfo, binding};

use super::{
    keys::SamlKeys,
    provider::{NameFormat, Signature},
};
use crate::{App, Config, config, document::Document, routes, text::Language};

/// Its media type (SAML metadata, appendix A).
const MEDIA_TYPE: &str = "application/samlmetadata+xml";

/// The metadata that was written last.
pub(super) struct Written {
    pub document: Document,
    /// The key that signs at the end is another one, or half of its life is over.
    until: Time,
}

impl Written {
    pub fn holds(&self, now: Time) -> bool {
        now < self.until
    }
}

/// `GET /saml/metadata`
pub(crate) async fn document(State(app): State<App>, asked: HeaderMap) -> Response {
    match app.saml().metadata(app.engine(), app.config()).await {
        Ok(document) => document.answer(&asked),
        Err(fault) => {
            tracing::error!(%fault, "the metadata of SAML cannot be written");
            axum::http::StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

/// Writes it with these keys.
pub(super) fn write(
    engine: &Engine,
    config: &Config,
    entity_id: &str,
    keys: &SamlKeys,
) -> Result<Written, Fault> {
    let now = engine.now();
    let half = config.saml.metadata_life / 2;
    let began = now.0 - now.0.rem_euclid(half);
    let ends = Time(began + 2 * half);
    let mut metadata = Metadata {
        entity_id: entity_id.to_owned(),
        valid_until: DateTime::<Utc>::from_timestamp(ends.0, 0),
        cache_duration: u64::try_from(config.saml.metadata_cache).ok().map(Duration::from_secs),
        want_authn_requests_signed: config.saml.want_signed_requests,
        ui: ui(config),
        scopes: vec![scope(&config.server.issuer)],
        signing_certificates: keys.certificates(now),
        name_id_formats: NameFormat::ALL.map(|format| format.uri().to_owned()).to_vec(),
        organization: Some(organization(config)),
        contacts: contacts(&config.saml),
        ..endpoints(&config.server.issuer)
    };
    let seed = format!("{metadata:?}");
    metadata.id = format!("_{}", HEXLOWER.encode(&engine.crypto().hash.sha256(seed.as_bytes())));
    let signer = keys.signer(Signature::Rs256, None, now)?;
    let text = metadata.write(&signer).map_err(|error| Fault::Store(Box::new(error)))?;
    let switch = keys.all().iter().map(|key| key.not_before).filter(|at| *at > now).min();
    let document = Document::new(engine.crypto(), MEDIA_TYPE, text)?;
    let until = Time(began + half);
    Ok(Written { document, until: switch.map_or(until, |at| until.min(at)) })
}

/// Where we are asked.
fn endpoints(issuer: &str) -> Metadata {
    let at = |binding: &str, path: &str| Endpoint {
        binding: binding.to_owned(),
        location: format!("{issuer}{path}"),
    };
    Metadata {
        artifact_resolution: vec![at(binding::SOAP, routes::SAML_ARTIFACT)],
        single_logout: vec![
            at(binding::REDIRECT, routes::SAML_SLO),
            at(binding::POST, routes::SAML_SLO),
            at(binding::SOAP, routes::SAML_SLO_SOAP),
        ],
        single_sign_on: vec![at(binding::REDIRECT, routes::SAML_SSO), at(binding::POST, routes::SAML_SSO)],
        ..Metadata::default()
    }
}

/// Whose people these are: the domain behind the `@` of what is said of them.
pub(super) fn scope(issuer: &str) -> String {
    url::Url::parse(issuer).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

/// A name has no language of its own; there must be one in English (mdui, 2.1.2).
fn named(text: &str) -> Localized {
    Localized { lang: Language::English.tag().to_owned(), text: text.to_owned() }
}

fn ui(config: &Config) -> UiInfo {
    let saml = &config.saml;
    let name = if saml.display_name.is_empty() { &config.engine.organisation } else { &saml.display_name };
    let logo = Logo { url: saml.logo.clone(), width: saml.logo_width, height: saml.logo_height };
    UiInfo {
        display_names: vec![named(name)],
        descriptions: Vec::new(),
        logos: Some(logo).filter(|logo| !logo.url.is_empty()).into_iter().collect(),
    }
}

fn organization(config: &Config) -> Organization {
    let name = named(&config.engine.organisation);
    let url = &config.saml.organisation_url;
    let url = named(if url.is_empty() { &config.server.issuer } else { url });
    Organization { display_name: name.clone(), name, url }
}

fn contacts(saml: &config::Saml) -> Vec<Contact> {
    let contact = Contact { kind: "technical".to_owned(), email: format!("mailto:{}", saml.contact) };
    Some(contact).filter(|_| !saml.contact.is_empty()).into_iter().collect()
}
