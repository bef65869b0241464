//! Which settings does the server run with, and which file, variable or flag is to blame for a bad one?
//!
//! Layers, the stronger last: defaults, the demo's, a TOML file, the environment, flags. This folder is the only
//! place that reads the environment.

mod engine;
mod error;
mod kek;
mod keyring;
mod layers;
mod log;
mod mail;
mod mtls;
mod oidc;
mod outbound;
mod passkeys;
mod saml;
mod secret;
mod server;
mod store;
mod tls;
mod webhook;

use std::path::{Path, PathBuf};

use idp_core::settings::Settings;
use serde::{Deserialize, Serialize};

pub use error::ConfigError;
pub use kek::KekError;
pub(crate) use kek::write_private;
pub use keyring::Keyring;
pub use log::{Format, Level, Log};
pub use mail::{Mail, MailSecurity};
pub use mtls::Mtls;
pub use oidc::{Oidc, Registrants, Registration};
pub use outbound::{Outbound, OutboundSetupError};
pub use passkeys::{PasskeySetupError, Passkeys};
pub use saml::Saml;
pub use secret::{Secret, SecretFileError};
pub use server::{ProxyHeader, Server};
pub use store::Store;
pub use tls::Tls;
pub use webhook::{CarrierError, Webhook};

use layers::{Layers, Source};

/// The commented file with every key and its default: `docs/configuration.toml`.
pub const REFERENCE: &str = include_str!("../../../docs/configuration.toml");

/// The file that is read from the working directory when none is named and it exists.
const DEFAULT_FILE: &str = "symbolon.toml";
/// The variable that names the file.
const FILE_VARIABLE: &str = "SYMBOLON_CONFIG";
/// The variable that holds the key-encryption keys.
const KEK_VARIABLE: &str = "SYMBOLON_KEK";

/// The settings of the server.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Who the server is and where it listens.
    pub server: Server,
    /// Where it keeps what it must not forget.
    pub store: Store,
    /// Numbers and policies of the engine.
    pub engine: Settings,
    /// Whether people have passkeys, and of which makers.
    pub passkeys: Passkeys,
    /// How long codes and tokens live.
    pub oidc: Oidc,
    /// Who we are to service providers of SAML.
    pub saml: Saml,
    /// Whom it asks where others chose the address.
    pub outbound: Outbound,
    /// Through which mail server it writes to people.
    pub mail: Mail,
    /// Which program hears what people are told.
    pub webhook: Webhook,
    /// What it says about its work.
    pub log: Log,
}

/// Whether the server is tried out on one computer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// No: everything has to be set.
    #[default]
    Service,
    /// Yes: an issuer and applications on this computer are the default.
    Demo,
}

/// What the caller hands over: the command line, and the environment as it was at start.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// The file, if one was named.
    pub file: Option<PathBuf>,
    /// Flags: the key, and the value as text.
    pub flags: Vec<(&'static str, String)>,
    /// Variables: the name and the value. Only those that begin with `SYMBOLON_` are looked at.
    pub environment: Vec<(String, String)>,
    /// Whether it is a demo.
    pub purpose: Purpose,
}

impl Given {
    /// The given file and flags with the environment of this process.
    #[must_use]
    pub fn here(file: Option<PathBuf>, flags: Vec<(&'static str, String)>, purpose: Purpose) -> Self {
        let text = |name: std::ffi::OsString| name.into_string().ok();
        let environment = std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?)));
        Self { file, flags, environment: environment.collect(), purpose }
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.environment.iter().find(|(of, _)| of == name).map(|(_, value)| value.as_str())
    }

    fn file(&self) -> Option<PathBuf> {
        let named = self.file.clone().or_else(|| self.variable(FILE_VARIABLE).map(PathBuf::from));
        named.or_else(|| Path::new(DEFAULT_FILE).exists().then(|| PathBuf::from(DEFAULT_FILE)))
    }
}

impl Config {
    /// Reads the settings and checks them.
    ///
    /// # Errors
    /// [`ConfigError`], which names the key, where it stands and what would be right.
    pub fn load(given: &Given) -> Result<Self, ConfigError> {
        let mut layers = Layers::new(&Self::default())?;
        if given.purpose == Purpose::Demo {
            layers.put("server.issuer", "http://localhost:8080".into(), Source::Demo)?;
            layers.put("outbound.danger_loopback_http", true.into(), Source::Demo)?;
        }
        if let Some(path) = given.file() {
            layers.add_file(&path)?;
        }
        layers.add_environment(&given.environment)?;
        for (key, value) in &given.flags {
            layers.put_text(key, value, Source::Flag)?;
        }
        let mut config: Self = layers.read()?;
        match config.broken_rule() {
            Some(rule) => return Err(layers.blame(rule)),
            None => config.server.normalise(),
        }
        if let Some(text) = given.variable(KEK_VARIABLE) {
            config.store.kek = Some(Keyring::parse(text).map_err(ConfigError::Kek)?);
        }
        Ok(config)
    }

    /// The first rule that the settings break.
    fn broken_rule(&self) -> Option<Broken> {
        self.server
            .broken_rule()
            .or_else(|| self.store.broken_rule())
            .or_else(|| engine::broken_rule(&self.engine, &self.passkeys))
            .or_else(|| self.passkeys.broken_rule())
            .or_else(|| self.oidc.broken_rule())
            .or_else(|| self.saml.broken_rule())
            .or_else(|| self.outbound.broken_rule())
            .or_else(|| self.mail.broken_rule())
            .or_else(|| self.webhook.broken_rule())
    }
}

/// A rule that a setting breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Broken {
    key: String,
    why: String,
    right: String,
}

impl Broken {
    fn new(key: impl Into<String>, why: impl Into<String>, right: impl Into<String>) -> Option<Self> {
        Some(Self { key: key.into(), why: why.into(), right: right.into() })
    }
}
