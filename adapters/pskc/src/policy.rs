//! How may a key be used (RFC 6030, 5)?

use idp_protocol::Text;

use crate::container::Encoding;

/// The policy of a key. Whoever uses the key must keep to all of it, or not use it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// From when it may be used, in seconds since 1970.
    pub start: Option<i64>,
    /// Until when it may be used, in seconds since 1970.
    pub expiry: Option<i64>,
    /// For what; for anything if this is empty.
    pub usages: Vec<Usage>,
    /// How often.
    pub transactions: Option<u64>,
    /// How a PIN takes part.
    pub pin: Option<PinPolicy>,
}

/// What a key may be used for (RFC 6030, 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// One-time codes.
    Otp,
    /// Challenge and response.
    ChallengeResponse,
    /// Encrypting.
    Encrypt,
    /// Checking integrity.
    Integrity,
    /// Checking codes.
    Verify,
    /// Unlocking the device.
    Unlock,
    /// Decrypting.
    Decrypt,
    /// Wrapping keys.
    KeyWrap,
    /// Unwrapping keys.
    Unwrap,
    /// Deriving keys.
    Derive,
    /// Making keys.
    Generate,
}

impl Usage {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Otp,
        Self::ChallengeResponse,
        Self::Encrypt,
        Self::Integrity,
        Self::Verify,
        Self::Unlock,
        Self::Decrypt,
        Self::KeyWrap,
        Self::Unwrap,
        Self::Derive,
        Self::Generate,
    ];

    /// Its name in a container.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Otp => "OTP",
            Self::ChallengeResponse => "CR",
            Self::Encrypt => "Encrypt",
            Self::Integrity => "Integrity",
            Self::Verify => "Verify",
            Self::Unlock => "Unlock",
            Self::Decrypt => "Decrypt",
            Self::KeyWrap => "KeyWrap",
            Self::Unwrap => "Unwrap",
            Self::Derive => "Derive",
            Self::Generate => "Generate",
        }
    }
}

/// How a PIN takes part (RFC 6030, 5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PinPolicy {
    /// The id of the key that is the PIN, in the same container.
    pub key: Option<Text<128>>,
    /// Where it is checked.
    pub usage: Option<PinUse>,
    /// After how many wrong ones it is over.
    pub max_failures: Option<u32>,
    /// The fewest characters.
    pub min_length: Option<u32>,
    /// The most characters.
    pub max_length: Option<u32>,
    /// Its characters.
    pub encoding: Option<Encoding>,
}

/// Where a PIN is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinUse {
    /// By the device: no code without it.
    Local,
    /// By the server, in front of the code.
    Prepend,
    /// By the server, behind the code.
    Append,
    /// It goes into the computation of the code.
    Algorithmic,
}

impl PinUse {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Local, Self::Prepend, Self::Append, Self::Algorithmic];

    /// Its name in a container.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Local => "Local",
            Self::Prepend => "Prepend",
            Self::Append => "Append",
            Self::Algorithmic => "Algorithmic",
        }
    }
}
