//! Whom does the server ask over HTTP where others chose the address, and how long does it wait for an answer?

use std::{fs, io, net::IpAddr, path::PathBuf, time::Duration};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use symbolon_outbound::{LoopbackHttp, Settings, SetupError};

use super::Broken;

/// `[outbound]`: requests to addresses that applications and browsers name.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Outbound {
    /// How many seconds a request may take in all, to the last byte of its answer. Default 5.
    pub timeout: u32,
    /// How many seconds one address may take to accept a connection. Default 2.
    pub connect_timeout: u32,
    /// The longest answer in bytes, where a specification does not give another. Default 65536.
    pub largest_body: u32,
    /// Networks that are asked although they are not public. Default none.
    pub allowed_networks: Vec<String>,
    /// A file with the certificates (PEM) of authorities that are trusted beside the system's. Default none.
    pub extra_roots: PathBuf,
    /// How many requests may be under way. Default 64.
    pub at_once: u16,
    /// How many of them may go to one origin. Default 4.
    pub at_once_per_origin: u16,
    /// Whether applications on this computer are asked over plain `http`: whoever may name an address reaches whatever
    /// listens beside the server. Default no; in a demo, yes.
    pub danger_loopback_http: bool,
}

/// Why nobody can be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutboundSetupError {
    /// The file of certificates cannot be read.
    #[error("the certificates of outbound.extra_roots, {}, cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// They are no certificates, or TLS cannot be set up.
    #[error("{0} (outbound.extra_roots)")]
    Setup(#[from] SetupError),
}

impl Default for Outbound {
    fn default() -> Self {
        Self {
            timeout: 5,
            connect_timeout: 2,
            largest_body: 64 * 1024,
            allowed_networks: Vec::new(),
            extra_roots: PathBuf::new(),
            at_once: 64,
            at_once_per_origin: 4,
            danger_loopback_http: false,
        }
    }
}

impl Outbound {
    pub(super) fn broken_rule(&self) -> Option<Broken> {
        let numbers = [
            ("outbound.timeout", self.timeout, 1..=60, "between 1 and 60 seconds"),
            ("outbound.connect_timeout", self.connect_timeout, 1..=60, "between 1 and 60 seconds"),
            ("outbound.largest_body", self.largest_body, 1024..=1_048_576, "between 1024 and 1048576 bytes"),
            ("outbound.at_once", self.at_once.into(), 1..=1024, "between 1 and 1024 requests"),
            (
                "outbound.at_once_per_origin",
                self.at_once_per_origin.into(),
                1..=1024,
                "between 1 and 1024 requests",
            ),
        ];
        let wrong = numbers.into_iter().find(|(_, number, range, _)| !range.contains(number));
        if let Some((key, number, _, right)) = wrong {
            return Broken::new(key, format!("{number} is out of range"), right);
        }
        let bad = self.allowed_networks.iter().find(|text| network(text).is_none())?;
        let right = "addresses and networks such as [\"10.1.0.0/16\", \"fd00:1::/32\"], none larger than a /8 or fc00::/7";
        Broken::new("outbound.allowed_networks", format!("{bad:?} is neither, or too large"), right)
    }

    /// Gets ready to ask.
    ///
    /// # Errors
    /// [`OutboundSetupError`] if the additional certificates cannot be used.
    pub(crate) fn start(&self) -> Result<symbolon_outbound::Outbound, OutboundSetupError> {
        let mut settings = Settings::default();
        settings.timeout = Duration::from_secs(self.timeout.into());
        settings.connect_timeout = Duration::from_secs(self.connect_timeout.into());
        settings.largest_body = usize::try_from(self.largest_body).unwrap_or(usize::MAX);
        settings.allowed_networks = self.allowed_networks.iter().filter_map(|text| network(text)).collect();
        settings.extra_roots = self.roots()?;
        settings.at_once = self.at_once;
        settings.at_once_per_origin = self.at_once_per_origin;
        if self.danger_loopback_http {
            settings.loopback_http = LoopbackHttp::Allowed;
        }
        Ok(symbolon_outbound::Outbound::new(settings)?)
    }

    fn roots(&self) -> Result<Vec<u8>, OutboundSetupError> {
        if self.extra_roots.as_os_str().is_empty() {
            return Ok(Vec::new());
        }
        let unreadable = |source| OutboundSetupError::Unreadable { path: self.extra_roots.clone(), source };
        fs::read(&self.extra_roots).map_err(unreadable)
    }
}

/// A network, or one address. The whole Internet is none: it would take the defence away without saying so.
fn network(text: &str) -> Option<IpNet> {
    let alone = || text.parse::<IpAddr>().ok().map(IpNet::from);
    let network = text.parse().ok().or_else(alone)?;
    let shortest = match network {
        IpNet::V4(_) => 8,
        IpNet::V6(_) => 7,
    };
    (network.prefix_len() >= shortest).then_some(network)
}

#[cfg(test)]
mod tests {
    use symbolon_outbound::{Fragment, TargetError};

    use super::*;

    #[test]
    fn the_settings_of_outbound_requests_reach_who_asks() {
        let set = |change: &dyn Fn(&mut Outbound)| {
            let mut section = Outbound::default();
            change(&mut section);
            assert_eq!(section.broken_rule(), None);
            section.start().unwrap()
        };
        let closed = set(&|_| {});
        let open = set(&|section| {
            section.allowed_networks = vec!["10.1.0.0/16".to_owned(), "fd00::7".to_owned()];
            section.danger_loopback_http = true;
        });
        let refused = [
            ("http://localhost:8080/", TargetError::Scheme),
            ("https://10.1.2.3/", TargetError::Forbidden),
            ("https://[fd00::7]/", TargetError::Forbidden),
        ];
        for (text, error) in refused {
            assert_eq!(closed.target(text, Fragment::Refused).unwrap_err(), error, "{text}");
            assert!(open.target(text, Fragment::Refused).is_ok(), "{text}");
        }
        for text in ["https://10.2.0.1/", "https://[fd00::8]/", "https://127.0.0.1/", "http://10.1.2.3/"] {
            assert!(open.target(text, Fragment::Refused).is_err(), "{text}");
        }
    }

    #[test]
    fn a_file_of_roots_that_is_missing_or_none_is_named_at_the_start() {
        let missing = Outbound { extra_roots: "/nowhere/roots.pem".into(), ..Outbound::default() };
        let error = missing.start().unwrap_err().to_string();
        assert!(error.contains("outbound.extra_roots") && error.contains("/nowhere/roots.pem"), "{error}");
        let other =
            Outbound { extra_roots: concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").into(), ..missing };
        assert!(matches!(other.start().unwrap_err(), OutboundSetupError::Setup(SetupError::NotPem)));
    }
}
