//! Places: where an address is, in words that help a person to decide.

use std::net::IpAddr;

/// Says where an address is.
pub trait Places: Send + Sync {
    /// The place, such as `Graz, Austria`; the address itself if nothing is known.
    fn place(&self, address: IpAddr) -> String;
}

/// Knows only this computer.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPlaces;

impl Places for NoPlaces {
    fn place(&self, address: IpAddr) -> String {
        if address.to_canonical().is_loopback() { "this computer".to_owned() } else { address.to_string() }
    }
}
