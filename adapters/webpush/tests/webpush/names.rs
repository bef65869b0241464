//! Which addresses do names have?

use std::{collections::HashMap, io, net::IpAddr, sync::Arc, time::Duration};

use symbolon_outbound::{Lookup, Outbound, Resolver, Settings};

use crate::service::{NAMES, PushService};

/// Names that resolve to these addresses.
pub struct Names(pub HashMap<&'static str, IpAddr>);

impl Resolver for Names {
    fn resolve(&self, host: &str) -> Lookup {
        let found = self.0.get(host).map(|address| vec![*address]);
        Box::pin(async move { found.ok_or_else(|| io::ErrorKind::NotFound.into()) })
    }
}

/// One for which the push service's loopback address is part of the Internet.
pub fn outbound(service: &PushService) -> Outbound {
    let mut settings = settings();
    settings.allowed_networks = vec!["127.0.0.1/32".parse().unwrap()];
    settings.extra_roots = service.certificate.clone().into_bytes();
    let names = HashMap::from([(NAMES[0], "127.0.0.1".parse().unwrap())]);
    Outbound::with_resolver(settings, Arc::new(Names(names))).unwrap()
}

/// Long enough for a machine that does much else.
pub fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.timeout = Duration::from_secs(30);
    settings.connect_timeout = Duration::from_secs(30);
    settings
}
