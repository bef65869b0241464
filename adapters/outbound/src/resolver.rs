//! Which addresses does a name have?

use std::{future::Future, io, net::IpAddr, pin::Pin};

/// The answer to a lookup, when it comes.
pub type Lookup = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Finds the addresses of names. What it finds is filtered by whoever asks it, so it need not be trusted.
pub trait Resolver: Send + Sync {
    /// All addresses of a host name, the preferred ones first.
    fn resolve(&self, host: &str) -> Lookup;
}

/// The resolver of the operating system, with its `hosts` file and search domains.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve(&self, host: &str) -> Lookup {
        let host = host.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}
