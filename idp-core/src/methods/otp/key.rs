//! What is stored of a key for one-time codes, be it of an app, of a hardware token or of a registered device?

use idp_protocol::{Octets, encoding};
use serde::{Deserialize, Serialize};
use totp_rs::{Algorithm, Builder, Totp as Codes};

use super::{Hotp, Totp};
use crate::{Fault, Id, Time, device::DeviceRow, method::Ceremony as _};

/// Fewest bytes of a shared secret (RFC 4226, 4, R6: 128 bits).
pub const MIN_SECRET: usize = 16;
/// Most bytes of a shared secret: the block of SHA-512, beyond which HMAC would hash it first.
pub const MAX_SECRET: usize = 128;

/// Steps before and after the server's in which the code is taken that proves a new key.
const SKEW: i64 = 1;

/// What a credential of the kind `totp` or `hotp` stores, as JSON.
#[derive(Serialize, Deserialize)]
#[non_exhaustive]
pub struct Key {
    /// The shared secret, at least 128 bits (RFC 4226, R6). Where a PIN goes into the key, it is in it already.
    #[serde(with = "encoding::base64url")]
    pub secret: Vec<u8>,
    /// The hash function.
    pub algorithm: HashFunction,
    /// 6, 7 or 8 digits.
    pub digits: u8,
    /// What makes each code another one.
    #[serde(flatten)]
    pub factor: MovingFactor,
    /// How a PIN takes part.
    #[serde(default, skip_serializing_if = "PinUse::is_none")]
    pub pin: PinUse,
    /// Whether it has to have a PIN that is typed beside its codes.
    #[serde(default, skip_serializing_if = "PinRule::is_optional")]
    pub pin_rule: PinRule,
    /// The registered device that it belongs to. It gives no codes while that device is not active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Id<DeviceRow>>,
    /// The serial number of a hardware token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// What its owner calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When its policy ends its use (RFC 6030, 5), in seconds since 1970. It gives no codes from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    /// The value of the moving factor that was used up before the credential was made; 0 if none was.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub used: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// The hash functions of RFC 6238.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HashFunction {
    /// SHA-1, for apps that know nothing else.
    #[serde(rename = "SHA1")]
    Sha1,
    /// SHA-256.
    #[serde(rename = "SHA256")]
    Sha256,
    /// SHA-512.
    #[serde(rename = "SHA512")]
    Sha512,
}

/// What makes each code another one (RFC 4226, 5.1; RFC 6238, 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MovingFactor {
    /// Time, in steps of so many seconds since 1970.
    #[serde(rename = "period")]
    Time(u32),
    /// A counter, which began with this value.
    #[serde(rename = "counter")]
    Counter(i64),
}

/// How a PIN takes part in a code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "use", rename_all = "snake_case")]
pub enum PinUse {
    /// Not at all.
    #[default]
    None,
    /// It is in the key, so that another PIN makes another code (RFC 6030, 4.3.4.1, `Algorithmic`).
    InKey,
    /// It is typed beside the code, and the server compares it.
    Server {
        /// Its Argon2id hash (a PHC string).
        hash: String,
        /// Where it stands.
        position: Position,
    },
}

/// Whether a key has to have a PIN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PinRule {
    /// As its owner likes.
    #[default]
    Optional,
    /// The policy that it came with wants one (RFC 6030, 5): its owner may change it, and not take it off.
    Required,
}

impl PinRule {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    fn is_optional(&self) -> bool {
        *self == Self::Optional
    }
}

impl PinUse {
    fn is_none(&self) -> bool {
        *self == Self::None
    }
}

/// Where a PIN stands that is typed together with a code (RFC 6030, 4.3.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// Before the code: `Prepend`.
    Before,
    /// Behind the code: `Append`.
    Behind,
}

/// Why a key cannot be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// Its secret is too short or too long.
    #[error("the secret must have {MIN_SECRET} to {MAX_SECRET} bytes (RFC 4226, R6)")]
    Secret,
    /// Its codes are too short or too long.
    #[error("the codes must have 6, 7 or 8 digits")]
    Digits,
    /// Its steps are of another length.
    #[error("the steps must be of 30 or 60 seconds")]
    Period,
    /// Its counter is below 0 or at the end of all numbers.
    #[error("the counter must begin between 0 and 2^62")]
    Counter,
}

impl Drop for Key {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.secret);
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({:?}, {} digits, {:?})", self.algorithm, self.digits, self.factor)
    }
}

impl Key {
    /// A key.
    ///
    /// # Errors
    /// [`BadKey`] if it is not one that RFC 4226 and RFC 6238 allow, or of another step than people's tokens have.
    pub fn new(
        secret: Vec<u8>,
        algorithm: HashFunction,
        digits: u8,
        factor: MovingFactor,
    ) -> Result<Self, BadKey> {
        let key = Self::bare(secret, algorithm, digits, factor);
        key.check().map(|()| key)
    }

    /// A key for an app of ours: 256 bits, SHA-256, 8 digits, 30 seconds.
    #[must_use]
    pub fn own(secret: &Octets<32>) -> Self {
        Self::bare(secret.0.to_vec(), HashFunction::Sha256, 8, MovingFactor::Time(30))
    }

    /// With nothing but what makes its codes.
    fn bare(secret: Vec<u8>, algorithm: HashFunction, digits: u8, factor: MovingFactor) -> Self {
        Self {
            secret,
            algorithm,
            digits,
            factor,
            pin: PinUse::None,
            pin_rule: PinRule::Optional,
            device: None,
            serial: None,
            name: None,
            until: None,
            used: 0,
        }
    }

    /// And a PIN takes part so.
    #[must_use]
    pub fn with_pin(mut self, pin: PinUse) -> Self {
        self.pin = pin;
        self
    }

    /// And it has to have one.
    #[must_use]
    pub fn with_pin_always(mut self) -> Self {
        self.pin_rule = PinRule::Required;
        self
    }

    /// And it belongs to this registered device.
    #[must_use]
    pub fn of_device(mut self, device: Id<DeviceRow>) -> Self {
        self.device = Some(device);
        self
    }

    /// And it has this serial number.
    #[must_use]
    pub fn with_serial(mut self, serial: impl Into<String>) -> Self {
        self.serial = Some(serial.into());
        self
    }

    /// And its policy ends its use then.
    #[must_use]
    pub fn until(mut self, end: Time) -> Self {
        self.until = Some(end.0);
        self
    }

    /// And its owner calls it so.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// And this value of its moving factor, and every earlier one, is used up.
    #[must_use]
    pub(super) fn used_up_to(mut self, value: i64) -> Self {
        self.used = value;
        self
    }

    fn check(&self) -> Result<(), BadKey> {
        if !(MIN_SECRET..=MAX_SECRET).contains(&self.secret.len()) {
            return Err(BadKey::Secret);
        }
        if !(6..=8).contains(&self.digits) {
            return Err(BadKey::Digits);
        }
        match self.factor {
            MovingFactor::Time(30 | 60) => Ok(()),
            MovingFactor::Time(_) => Err(BadKey::Period),
            MovingFactor::Counter(first) if (0..1 << 62).contains(&first) => Ok(()),
            MovingFactor::Counter(_) => Err(BadKey::Counter),
        }
    }

    /// What its owner knows it by; empty for a registered device, which has its name elsewhere.
    pub(crate) fn label(&self) -> String {
        self.name.clone().or_else(|| self.serial.clone()).unwrap_or_default()
    }

    /// The kind of the method that it is a credential of.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.factor {
            MovingFactor::Time(_) => Totp::KIND,
            MovingFactor::Counter(_) => Hotp::KIND,
        }
    }

    /// The value of the moving factor at a time, if it moves with time.
    #[must_use]
    pub fn step_at(&self, time: Time) -> Option<i64> {
        match self.factor {
            MovingFactor::Time(period) => time.0.checked_div(period.into()),
            MovingFactor::Counter(_) => None,
        }
    }

    /// The step of a code, if it is one of now: the proof that an app has this key.
    pub(super) fn proved_by(&self, code: &str, now: Time) -> Result<Option<i64>, Fault> {
        let (codes, now) = (self.codes()?, self.step_at(now).unwrap_or_default());
        let mut steps = now - SKEW..=now + SKEW;
        Ok(steps.find(|step| u64::try_from(*step).is_ok_and(|step| codes.check(code, step).is_some())))
    }

    /// How many minutes so many steps are; at least one, so that nobody reads "0 minutes".
    pub(super) fn minutes(&self, steps: i64) -> i64 {
        let MovingFactor::Time(period) = self.factor else { return 0 };
        let minutes = steps.saturating_mul(period.into()) / 60;
        if minutes == 0 { steps.signum() } else { minutes }
    }

    /// The code for a value of the moving factor.
    ///
    /// # Errors
    /// [`Fault::Setup`] if the stored key is not one that RFC 4226 allows.
    pub fn code(&self, factor: i64) -> Result<String, Fault> {
        let factor = u64::try_from(factor).map_err(|_| Fault::Setup("a moving factor is below zero"))?;
        Ok(self.codes()?.generate(factor).to_string())
    }

    /// All its codes, by the value of the moving factor.
    pub(super) fn codes(&self) -> Result<Codes, Fault> {
        let algorithm = match self.algorithm {
            HashFunction::Sha1 => Algorithm::SHA1,
            HashFunction::Sha256 => Algorithm::SHA256,
            HashFunction::Sha512 => Algorithm::SHA512,
        };
        let builder = Builder::new()
            .with_algorithm(algorithm)
            .with_digits(self.digits)
            // Steps and windows are ours: a step of one second makes the crate's time the moving factor itself.
            .with_skew(0)
            .with_step_duration(1)
            .with_secret(self.secret.clone());
        builder.build().map_err(|_| Fault::Setup("a stored one-time-code key is not valid"))
    }
}

#[cfg(test)]
mod tests;
