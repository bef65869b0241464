//! How do tokens of the inventory become a container for another system?

use idp_core::{
    engine::OpenedHardware,
    methods::otp::{HashFunction, MovingFactor, PinUse},
};
use symbolon_pskc::{
    Algorithm, Container, DeviceInfo, Encoding, Key, KeyData, Policy, Response, Secret, Suite, Usage,
};

/// A container, and how many tokens are not in it.
#[derive(Debug)]
pub struct Left {
    /// The container.
    pub container: Container,
    /// How many have a PIN of which only a hash is known here: nobody else could check it, and without it they would be
    /// weaker than they are.
    pub with_pin: usize,
}

/// The container of these tokens.
#[must_use]
pub fn container(tokens: &[OpenedHardware]) -> Left {
    let (without, with): (Vec<_>, Vec<_>) = tokens.iter().partition(|token| token.key.pin == PinUse::None);
    let keys = without.into_iter().map(key).collect();
    Left { container: Container { keys, ..Container::default() }, with_pin: with.len() }
}

fn key(token: &OpenedHardware) -> Key {
    let counter = u64::try_from(token.counter).ok();
    let (algorithm, moving) = match token.key.factor {
        MovingFactor::Counter(first) => {
            let counter = u64::try_from(token.counter.max(first)).ok();
            (Algorithm::Hotp, KeyData { counter, ..KeyData::default() })
        }
        MovingFactor::Time(period) => {
            // Drift is learned from codes that are taken: without it a slow token would find nobody who takes its first.
            let drift = (token.drift != 0).then(|| token.drift.into());
            (Algorithm::Totp, KeyData { time: counter, interval: Some(period), drift, ..KeyData::default() })
        }
    };
    let suite = match token.key.algorithm {
        HashFunction::Sha1 => Suite::Sha1,
        HashFunction::Sha256 => Suite::Sha256,
        HashFunction::Sha512 => Suite::Sha512,
    };
    let device = DeviceInfo {
        manufacturer: token.row.manufacturer.parse().ok(),
        serial: token.row.serial.parse().ok(),
        ..DeviceInfo::default()
    };
    Key {
        id: token.row.id.to_string().parse().ok(),
        algorithm: Some(algorithm),
        device,
        suite: Some(suite),
        response: Some(Response { encoding: Encoding::Decimal, length: token.key.digits }),
        data: KeyData { secret: Some(Secret(token.key.secret.clone().into())), ..moving },
        policy: Policy {
            expiry: token.row.expires_at.map(|end| end.0),
            usages: vec![Usage::Otp],
            ..Policy::default()
        },
        ..Key::default()
    }
}
