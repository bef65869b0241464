//! What does a device keep of an account?

use std::fmt;

use idp_protocol::{
    Crypto, Octets, Text,
    context::{PinRules, UserVerification},
    crypto::{Algorithm, CryptoError},
    link::Origin,
    server::{KeyList, Usage, WorkingKey},
};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// An account that this device was registered for, with the keys of this registration.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The identity provider.
    #[serde(with = "origin")]
    pub issuer: Origin,
    /// Whose it is, in words.
    pub organisation: String,
    /// The account's id, which every claim and decision repeats.
    pub id: Octets<16>,
    /// The account's name; masked until the first approval tells the full one.
    pub name: String,
    /// The device's id at the server.
    pub device: Octets<16>,
    /// What the person calls the device.
    pub device_name: Text<64>,
    /// The full thumbprint of the server's root key; only a new enrolment changes it.
    pub root: Octets<32>,
    /// The highest serial number of the server's key list that was seen; a lower one is refused.
    pub serial: u64,
    /// The keys of that list which the server seals offline tickets with: without network nobody can be asked.
    #[serde(default)]
    pub server_keys: Vec<WorkingKey>,
    /// The enrolment that made this registration; it enters the PIN key.
    pub enrolment: Octets<16>,
    /// How this device verifies its user.
    pub uv: UserVerification,
    /// What a PIN looks like.
    pub pin: PinRules,
    /// How far the enrolment has come.
    pub stage: Stage,
    /// The keys.
    pub keys: Keys,
}

/// How far an enrolment has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case", deny_unknown_fields)]
pub enum Stage {
    /// Registered; the code waits to be typed into the portal, then the first approval follows.
    Unconfirmed {
        /// The ten digits that the person types into the portal.
        code: String,
    },
    /// Ready to sign in.
    Active,
}

/// The private keys of one registration; wiped when dropped, and never printed.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// `D_sig`: ES256, PKCS#8. Signs every message.
    #[serde(with = "secret")]
    pub signature: Zeroizing<Vec<u8>>,
    /// `D_dh`: the P-256 scalar for key agreement.
    #[serde(with = "secret")]
    pub agreement: Zeroizing<[u8; 32]>,
    /// `K_dev`: turns the PIN into the PIN key.
    #[serde(with = "secret")]
    pub device: Zeroizing<[u8; 32]>,
    /// `K_otp`: makes the one-time codes. Accounts that an older version enrolled have none, and get it only by a new
    /// enrolment: it comes out of the key agreement of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codes: Option<CodeKey>,
}

/// `K_otp`.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct CodeKey(#[serde(with = "secret")] pub Zeroizing<[u8; 32]>);

impl fmt::Debug for CodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeKey { .. }")
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys { .. }")
    }
}

impl Keys {
    /// Makes the keys for one account. They are never shared between accounts, or two servers could find
    /// out that they talk to the same device.
    ///
    /// # Errors
    /// [`CryptoError`] if the crypto port has no ES256.
    pub fn generate(crypto: &Crypto) -> Result<Self, CryptoError> {
        Ok(Self {
            signature: crypto.signatures.generate(Algorithm::Es256)?,
            agreement: crypto.agreement.generate(),
            device: Zeroizing::new(crypto.random()),
            codes: None,
        })
    }
}

impl Account {
    /// The keys of a list that an offline ticket may be sealed with.
    pub(crate) fn keys_to_keep(list: &KeyList) -> Vec<WorkingKey> {
        list.keys.iter().filter(|key| key.usage == Usage::Agreement).cloned().collect()
    }

    /// Whether `other` is the same registration.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.issuer == other.issuer && self.device == other.device
    }

    /// Whether the device may sign in to the account.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.stage == Stage::Active
    }
}

pub(crate) mod origin {
    use super::{Deserialize, Origin};
    use serde::{Deserializer, Serializer, de::Error as _};

    pub fn serialize<S: Serializer>(origin: &Origin, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(origin.as_str())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Origin, D::Error> {
        Origin::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

mod secret {
    use super::{Deserialize, Zeroize, Zeroizing};
    use idp_protocol::encoding::{from_base64url, to_base64url};
    use serde::{Deserializer, Serializer, de::Error as _};

    pub fn serialize<T, S>(secret: &Zeroizing<T>, serializer: S) -> Result<S::Ok, S::Error>
    where
        T: Zeroize + AsRef<[u8]>,
        S: Serializer,
    {
        serializer.serialize_str(&Zeroizing::new(to_base64url(secret.as_ref())))
    }

    pub fn deserialize<'de, T, D>(deserializer: D) -> Result<Zeroizing<T>, D::Error>
    where
        T: Zeroize + TryFrom<Vec<u8>, Error: Zeroizable>,
        D: Deserializer<'de>,
    {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        let bytes = from_base64url(&text).ok_or_else(|| D::Error::custom("not base64url"))?;
        T::try_from(bytes).map(Zeroizing::new).map_err(|wrong| {
            wrong.wipe();
            D::Error::custom("a key of another length")
        })
    }

    /// What `TryFrom<Vec<u8>>` gives back where the length is wrong.
    pub trait Zeroizable {
        fn wipe(self);
    }

    impl Zeroizable for Vec<u8> {
        fn wipe(mut self) {
            self.zeroize();
        }
    }

    impl Zeroizable for std::convert::Infallible {
        fn wipe(self) {}
    }
}
