//! The messages that a device signs: type, method, path and claims of each.
//!
//! | message | `typ` | request |
//! |---|---|---|
//! | [`Hello`] | `enr-hello` | `POST /device/enrol/hello` |
//! | [`Register`] | `enr-register` | `POST /device/enrol/register` |
//! | [`EnrolDecision`] | `enr-decision` | `POST /device/enrol/decision` |
//! | [`AddDecision`] | `add-decision` | `POST /device/add/decision` |
//! | [`QrClaim`] | `qr-claim` | `POST /device/qr/claim` |
//! | [`QrDecision`] | `qr-decision` | `POST /device/qr/decision` |
//! | [`GrantDecision`] | `grant-decision` | `POST /device/grant/decision` |
//! | [`PushDecision`] | `push-decision` | `POST /device/push/decision` |
//! | [`CibaDecision`] | `ciba-decision` | `POST /device/ciba/decision` |
//! | [`Pending`] | `device-pending` | `GET /device/pending` |
//! | [`Update`] | `device-update` | `POST /device/update` |

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    Crypto, Octets, P256Key, Text,
    crypto::{CryptoError, SigningKey},
    encoding,
    jws::{self, Naming},
    push::PushSubscription,
    typed::Serial,
};

/// The longest life of a message, in seconds.
pub const MAX_LIFE: i64 = 60;
/// How far the clocks of device and server may differ, in seconds.
pub const MAX_SKEW: i64 = 60;

/// A message with a fixed type, method and path.
pub trait Message: Serialize + DeserializeOwned {
    /// The JOSE header parameter `typ`.
    const TYP: &'static str;
    /// The HTTP method (`htm`).
    const METHOD: &'static str = "POST";
    /// The path behind the issuer (`htu` is the issuer and this).
    const PATH: &'static str;
    /// How the signing key is named: in full until the server knows it.
    const NAMING: Naming = Naming::Kid;
}

/// The claims of every device message, as in DPoP (RFC 9449, 4.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims<T> {
    /// The issuer.
    pub aud: String,
    /// When it was signed, seconds since 1970.
    pub iat: i64,
    /// Until when it holds; at most [`MAX_LIFE`] after `iat`.
    pub exp: i64,
    /// A number that is used once.
    pub jti: Octets<16>,
    /// The HTTP method.
    pub htm: String,
    /// The URL, without a query.
    pub htu: String,
    /// What the message says.
    pub msg: T,
}

impl<T: Message> Claims<T> {
    /// Claims for `issuer`, valid from `now` on.
    #[must_use]
    pub fn new(issuer: &str, now: i64, jti: [u8; 16], msg: T) -> Self {
        Self {
            aud: issuer.to_owned(),
            iat: now,
            exp: now.saturating_add(MAX_LIFE),
            jti: Octets(jti),
            htm: T::METHOD.to_owned(),
            htu: format!("{issuer}{}", T::PATH),
            msg,
        }
    }

    /// Signs the claims.
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] if the key cannot sign.
    pub fn sign(&self, crypto: &Crypto, key: &dyn SigningKey) -> Result<String, CryptoError> {
        jws::sign(crypto, key, T::TYP, T::NAMING, self)
    }

    /// Whether audience, method, URL and times are those of a message for `issuer` at `now`.
    #[must_use]
    pub fn fits(&self, issuer: &str, now: i64) -> bool {
        let target = self.aud == issuer
            && self.htm == T::METHOD
            && self.htu.strip_prefix(issuer).is_some_and(|path| path == T::PATH);
        let life = self.exp.checked_sub(self.iat).is_some_and(|life| (1..=MAX_LIFE).contains(&life));
        target && life && self.iat <= now.saturating_add(MAX_SKEW) && now < self.exp.saturating_add(MAX_SKEW)
    }
}

/// The body of a device's `POST`: the message, and beside it what must not be under its signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Posted {
    /// The compact JWS.
    pub message: String,
    /// With [`Register`]: the proof of the enrolment secret over the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<Octets<32>>,
    /// With a decision: the proof of the PIN over the message. Never logged, never stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin_proof: Option<Octets<32>>,
}

/// E1: a device that scanned an enrolment offer says hello and proves the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// Which enrolment: its id, or its serial where the person typed it.
    pub enrolment: Named,
    /// The device's nonce.
    pub nonce: Octets<16>,
    /// [`crate::enrol::hello_mac`].
    pub mac: Octets<32>,
}

/// What names an enrolment. Both are texts, of different lengths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Named {
    /// Its id, from the code or the link.
    Id(Octets<16>),
    /// Its serial, from what was typed.
    Serial(Serial),
}

/// E2: a device registers its keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// Which enrolment.
    pub enrolment: Octets<16>,
    /// SHA-256 of the bytes of the server's offer (E1r).
    pub offer: Octets<32>,
    /// The device's key for key agreement.
    pub dh: P256Key,
    /// What the person calls the device.
    pub name: Text<64>,
    /// What the device says it is, such as `Linux, terminal`; self-reported, shown as such.
    pub platform: Text<64>,
    /// HPKE to the server's agreement key: a [`crate::enrol::Secrets`] as JSON.
    #[serde(with = "encoding::base64url")]
    pub sealed: Vec<u8>,
}

/// A person's decision about a context that the server signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Which ceremony.
    pub ceremony: Octets<16>,
    /// SHA-256 of the bytes of the context that was shown.
    pub context: Octets<32>,
    /// What the person decided.
    pub decision: Verdict,
    /// For which account.
    pub account: Octets<16>,
    /// The number that the person copied from the browser, where the context asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
}

/// Approve, deny, or deny and report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Yes, it was me.
    Approve,
    /// No.
    Deny,
    /// No, and somebody is trying to trick me.
    Report,
}

impl Verdict {
    /// The decision as one byte, where it is digested.
    #[must_use]
    pub fn byte(self) -> u8 {
        match self {
            Self::Approve => 1,
            Self::Deny => 2,
            Self::Report => 3,
        }
    }
}

/// E5: the first approval of a new device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EnrolDecision(pub Decision);

/// A device approves that the account gets another authenticator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AddDecision(pub Decision);

/// Q7: the decision about a sign-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct QrDecision(pub Decision);

/// The decision about what a device without a keyboard asks for (RFC 8628).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GrantDecision(pub Decision);

/// P5: the decision about a sign-in that a browser asked the person's devices about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PushDecision(pub Decision);

/// The decision about what an application asks for without a browser (CIBA).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CibaDecision(pub Decision);

/// Q4: a device claims the sign-in whose ticket it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QrClaim {
    /// What names the sign-in.
    pub reference: Reference,
    /// Which of the device's accounts; it must be the one that the key was registered for.
    pub account: Octets<16>,
}

/// What names a sign-in, and how it came to the device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "via", rename_all = "snake_case", deny_unknown_fields)]
pub enum Reference {
    /// A ticket from the camera.
    Scan {
        /// The bytes behind `#`.
        #[serde(with = "encoding::base64url")]
        ticket: Vec<u8>,
    },
    /// A ticket from a picture that the person chose.
    Picture {
        /// The bytes behind `#`.
        #[serde(with = "encoding::base64url")]
        ticket: Vec<u8>,
    },
    /// A same-device ticket from a link.
    Link {
        /// The bytes behind `#`.
        #[serde(with = "encoding::base64url")]
        ticket: Vec<u8>,
    },
    /// The ticket of a device without a keyboard, from the camera or from a picture that the person chose.
    Grant {
        /// The bytes behind `#`.
        #[serde(with = "encoding::base64url")]
        ticket: Vec<u8>,
    },
    /// The ticket of an application that asks without a browser, from the camera or from a picture that the person chose.
    Backchannel {
        /// The bytes behind `#`.
        #[serde(with = "encoding::base64url")]
        ticket: Vec<u8>,
    },
    /// A user code that the person typed.
    Code {
        /// Eight characters of [`crate::prompt::USER_CODE_ALPHABET`].
        code: String,
    },
}

/// Asks which contexts wait for this device. Sent in the header `Authorization: Device <message>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pending {}

/// U1: the device changes its own record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case", deny_unknown_fields)]
pub enum Update {
    /// Another name.
    Rename {
        /// The new name.
        name: Text<64>,
    },
    /// Where the server wakes it from now on, instead of where it did before.
    Subscribe {
        /// The address at its push service.
        subscription: PushSubscription,
    },
    /// The server wakes it no more; it asks what waits for it.
    Unsubscribe,
    /// Another PIN. Beside the message stands the proof of the old one, unless a reset code takes its place.
    Pin {
        /// HPKE to the server's agreement key: a [`crate::pin::NewPin`] as JSON.
        #[serde(with = "encoding::base64url")]
        sealed: Vec<u8>,
    },
    /// The device takes itself off the account.
    Revoke,
}

macro_rules! messages {
    ($($message:ty: $typ:literal at $path:literal $(, $key:ident = $value:expr)*;)*) => { $(
        impl Message for $message {
            const TYP: &'static str = $typ;
            const PATH: &'static str = $path;
            $(messages!(@ $key $value);)*
        }
    )* };
    (@ method $value:expr) => { const METHOD: &'static str = $value; };
    (@ naming $value:expr) => { const NAMING: Naming = $value; };
}

messages! {
    Hello: "enr-hello" at "/device/enrol/hello", naming = Naming::Jwk;
    Register: "enr-register" at "/device/enrol/register", naming = Naming::Jwk;
    EnrolDecision: "enr-decision" at "/device/enrol/decision";
    AddDecision: "add-decision" at "/device/add/decision";
    QrClaim: "qr-claim" at "/device/qr/claim";
    QrDecision: "qr-decision" at "/device/qr/decision";
    GrantDecision: "grant-decision" at "/device/grant/decision";
    PushDecision: "push-decision" at "/device/push/decision";
    CibaDecision: "ciba-decision" at "/device/ciba/decision";
    Pending: "device-pending" at "/device/pending", method = "GET";
    Update: "device-update" at "/device/update";
}

macro_rules! decisions {
    ($($message:ident)*) => { $(
        impl From<$message> for Decision { fn from(message: $message) -> Self { message.0 } }
    )* };
}

decisions! { EnrolDecision AddDecision QrDecision GrantDecision PushDecision CibaDecision }
