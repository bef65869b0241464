//! With which certificate does the server speak TLS, and may it do without?

use std::{net::SocketAddr, path::PathBuf};

use serde::{Deserialize, Serialize};
use symbolon_tls::Files;

use super::Broken;

/// `[server.tls]`: both or none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// The file (PEM) of the certificate, and after it those of the authorities between it and a root. Default none.
    pub certificate: PathBuf,
    /// The file (PEM) of its private key. Default none.
    pub key: PathBuf,
}

impl Tls {
    /// Where certificate and key are, if the server speaks TLS.
    #[must_use]
    pub fn files(&self) -> Option<Files> {
        let named = !self.certificate.as_os_str().is_empty() && !self.key.as_os_str().is_empty();
        named.then(|| Files { certificate: self.certificate.clone(), key: self.key.clone() })
    }

    pub(super) fn broken_rule(&self) -> Option<Broken> {
        let right = "a file such as \"/etc/symbolon/tls.pem\", or both empty";
        match (self.certificate.as_os_str().is_empty(), self.key.as_os_str().is_empty()) {
            (false, true) => Broken::new("server.tls.key", "there is a certificate without its key", right),
            (true, false) => {
                Broken::new("server.tls.certificate", "there is a key without its certificate", right)
            }
            _ => None,
        }
    }
}

/// The rule for a listener without TLS. Passwords and cookies would cross the network for everybody to read, and
/// whoever came past the proxy would be past its TLS and its limits: so plain HTTP stays on this computer, or comes
/// from proxies that have a name here.
pub(super) fn plain_rule(key: &str, listen: SocketAddr, proxies: &[String]) -> Option<Broken> {
    if listen.ip().to_canonical().is_loopback() || !proxies.is_empty() {
        return None;
    }
    let why =
        format!("{listen} can be reached from elsewhere, and without TLS everybody on the way reads along");
    let right = "[server.tls] with certificate and key; or an address of this computer such as \"127.0.0.1:8080\"; \
                 or, behind a proxy that ends TLS, its network in server.trusted_proxies";
    Broken::new(key, why, right)
}
