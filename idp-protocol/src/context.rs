//! What the server signs for a device to show and to keep.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    Crypto, Octets, P256Key, Prompt,
    crypto::{CryptoError, SigningKey},
    jws::{self, Naming},
};

/// A statement of the server to one device.
pub trait Statement: Serialize + DeserializeOwned {
    /// The JOSE header parameter `typ`.
    const TYP: &'static str;
}

/// The claims of every statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said<T> {
    /// The issuer.
    pub iss: String,
    /// The thumbprint of the device's signing key: a statement to one device means nothing to another.
    pub aud: Octets<32>,
    /// When it was signed, by the clock of the server, seconds since 1970.
    pub iat: i64,
    /// What it says.
    pub msg: T,
}

impl<T: Statement> Said<T> {
    /// Signs the statement with the server's context key.
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] if the key cannot sign.
    pub fn sign(&self, crypto: &Crypto, key: &dyn SigningKey) -> Result<String, CryptoError> {
        jws::sign(crypto, key, T::TYP, Naming::Kid, self)
    }
}

/// E1r: the server's side of an enrolment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Which enrolment.
    pub enrolment: Octets<16>,
    /// SHA-256 of the bytes of the hello that this answers.
    pub hello: Octets<32>,
    /// Who offers, in words.
    pub organisation: String,
    /// For whom, masked: `a…e@example.org`.
    pub account: String,
    /// How the device is to verify its user.
    pub uv: UserVerification,
    /// What a PIN must look like.
    pub pin: PinRules,
    /// The server's nonce.
    pub nonce: Octets<16>,
    /// A key for this offer only; both sides derive the confirmation code from it.
    pub ephemeral: P256Key,
}

/// How a device verifies who holds it before it signs a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserVerification {
    /// Not at all.
    None,
    /// By a PIN that the server checks (`docs/protocol.md`, PIN proof).
    Pin,
    /// By the platform: face, fingerprint or device PIN, proved by a WebAuthn assertion.
    Platform,
}

/// What a PIN must look like; shown before the person types one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinRules {
    /// Fewest digits.
    pub min_length: u8,
    /// Most digits.
    pub max_length: u8,
}

/// E3: the device is registered; it becomes active after the confirmation and the first approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// The device's id.
    pub device: Octets<16>,
    /// The account's id, which every claim and decision repeats.
    pub account: Octets<16>,
    /// The digest of the transcript ([`crate::enrol::transcript`]).
    pub transcript: Octets<32>,
}

/// What a person is asked to decide about. The decision covers the digest of these very bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// Which ceremony.
    pub ceremony: Octets<16>,
    /// The account's id.
    pub account: Octets<16>,
    /// The account's name, as the person knows it.
    pub account_name: String,
    /// What an approval does.
    pub purpose: Purpose,
    /// Where the request came from.
    pub from: From,
    /// When it was made, seconds since 1970.
    pub requested_at: i64,
    /// Until when a decision is taken, seconds since 1970.
    pub expires_at: i64,
    /// What speaks against an approval.
    pub risks: Vec<Risk>,
    /// What the person does besides approving.
    pub confirm: Confirm,
    /// What the device must verify.
    pub uv: UserVerification,
}

/// What an approval does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Purpose {
    /// Signs a browser in.
    SignIn {
        /// The application's name.
        client: String,
        /// The host that the browser goes to afterwards.
        redirect_host: String,
        /// How far the sign-in reaches.
        opens: Opens,
    },
    /// Signs a browser in that shows a number, and asked all devices of the account.
    Push {
        /// The application's name.
        client: String,
        /// The host that the browser goes to afterwards.
        redirect_host: String,
        /// How far the sign-in reaches.
        opens: Opens,
    },
    /// Lets a device without a keyboard use one application (RFC 8628).
    DeviceGrant {
        /// The application's name.
        client: String,
        /// What the application may learn and do there: scopes of OAuth.
        scopes: Vec<String>,
        /// The code that the device shows, for the person to compare.
        user_code: String,
    },
    /// Lets an application, which asks without a browser, sign the person in to it (CIBA).
    Backchannel {
        /// The application's name.
        client: String,
        /// What it may learn and do then: scopes of OAuth.
        scopes: Vec<String>,
        /// What it says here and where the person is, for him to compare (CIBA Core, 7.1).
        binding_message: String,
    },
    /// Proves that a new device works; it becomes active.
    FirstApproval,
    /// Adds another authenticator to the account.
    AddAuthenticator,
}

/// How far a sign-in reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opens {
    /// The browser is signed in to all applications of the account.
    #[default]
    AllApplications,
    /// Only to the one that asks.
    ThisApplication,
}

/// Where a request came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct From {
    /// The network address.
    pub address: String,
    /// A place in words: `this computer`, `same network`, or where a database says.
    pub place: String,
    /// The browser, as far as it says: `Firefox on Linux`.
    pub browser: String,
}

/// What speaks against an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Risk {
    /// The account has not signed in with this browser before.
    UnknownBrowser,
    /// Device and browser are in different networks.
    OtherNetwork,
    /// Someone reported a request from this address.
    ReportedAddress,
}

/// What the person does besides approving.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Confirm {
    /// Nothing.
    Tap,
    /// Types the code that the device will show into the browser.
    CodeToBrowser,
    /// Types the number that the browser shows into the device.
    NumberFromBrowser {
        /// How many digits.
        digits: u8,
        /// How many tries are left.
        tries_left: u8,
    },
    /// Goes back to the browser of the same device, which takes a return code along.
    ReturnToBrowser,
}

/// Q7r: what became of a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// Which ceremony.
    pub ceremony: Octets<16>,
    /// What was decided.
    pub outcome: crate::message::Verdict,
    /// What the device shows next: a code for the browser, or a link back to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<Prompt>,
}

macro_rules! statements {
    ($($statement:ty: $typ:literal;)*) => { $(
        impl Statement for $statement { const TYP: &'static str = $typ; }
    )* };
}

statements! {
    Offer: "enr-offer";
    Registered: "enr-registered";
    Context: "context";
    Decided: "decided";
}

/// What waits for a device: contexts, each a signed statement. The answer to [`crate::message::Pending`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Signed [`Context`]s, the newest first.
    pub contexts: Vec<String>,
    /// The server's clock, seconds since 1970.
    pub time: i64,
}
