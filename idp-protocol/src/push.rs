//! Where is a device woken that lives in a browser?

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Octets;

/// The longest address of a push service, in bytes.
const LONGEST: usize = 2048;

/// A push subscription, as a browser's `PushSubscription.toJSON()` has it, without its `expirationTime` (W3C Push API, 8).
///
/// Whoever has the endpoint can wake the device, so it is a secret: `Debug` shows nothing of it. Whether the server asks
/// that address at all is for the server to judge.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushSubscription {
    endpoint: Endpoint,
    keys: Keys,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
struct Endpoint(String);

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    p256dh: Octets<65>,
    auth: Octets<16>,
}

/// The address of a push service is not `https`, or is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the endpoint must be an https address of at most 2048 bytes in plain ASCII")]
pub struct NotAnEndpoint;

impl PushSubscription {
    /// A subscription with this endpoint (`https`), the browser's public key as an uncompressed point (RFC 8291, 3.1) and
    /// its authentication secret (RFC 8291, 3.2).
    ///
    /// # Errors
    /// [`NotAnEndpoint`] if the address cannot be one of a push service.
    pub fn new(endpoint: String, p256dh: [u8; 65], auth: [u8; 16]) -> Result<Self, NotAnEndpoint> {
        Ok(Self { endpoint: endpoint.try_into()?, keys: Keys { p256dh: Octets(p256dh), auth: Octets(auth) } })
    }

    /// The address at the push service.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint.0
    }

    /// The browser's public key: an uncompressed point on P-256. That it is on the curve is checked by its use.
    #[must_use]
    pub fn p256dh(&self) -> &[u8; 65] {
        &self.keys.p256dh.0
    }

    /// The secret that browser and server share.
    #[must_use]
    pub fn auth(&self) -> &[u8; 16] {
        &self.keys.auth.0
    }
}

impl TryFrom<String> for Endpoint {
    type Error = NotAnEndpoint;
    fn try_from(text: String) -> Result<Self, NotAnEndpoint> {
        let fits = text.len() <= LONGEST && text.starts_with("https://");
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits && plain { Ok(Self(text)) } else { Err(NotAnEndpoint) }
    }
}

impl fmt::Debug for PushSubscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PushSubscription { .. }")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(endpoint: &str, p256dh: usize, auth: usize) -> Result<PushSubscription, serde_json::Error> {
        let part = |length| crate::encoding::to_base64url(&vec![4; length]);
        serde_json::from_value(
            json!({ "endpoint": endpoint, "keys": { "p256dh": part(p256dh), "auth": part(auth) } }),
        )
    }

    #[test]
    fn only_https_and_keys_of_the_right_length_are_read() {
        let read_back = read("https://push.example/1", 65, 16).unwrap();
        assert_eq!(
            read_back,
            PushSubscription::new("https://push.example/1".into(), [4; 65], [4; 16]).unwrap()
        );
        assert_eq!(format!("{read_back:?}"), "PushSubscription { .. }");
        for endpoint in [
            "http://push.example/1",
            "",
            "HTTPS://push.example",
            "https://push.example/\n",
            "https://pü.example",
        ] {
            assert!(read(endpoint, 65, 16).is_err(), "{endpoint}");
        }
        assert!(read(&format!("https://push.example/{}", "x".repeat(2048)), 65, 16).is_err());
        for (p256dh, auth) in [(64, 16), (33, 16), (65, 15), (65, 17), (65, 0)] {
            assert!(read("https://push.example/1", p256dh, auth).is_err(), "{p256dh} {auth}");
        }
        let more = json!({ "endpoint": "https://push.example/1", "expirationTime": null,
            "keys": { "p256dh": Octets([4; 65]), "auth": Octets([4; 16]) } });
        assert!(serde_json::from_value::<PushSubscription>(more).is_err());
    }
}
