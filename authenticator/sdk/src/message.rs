//! How is a message of this device built and signed, step by step?
//!
//! [`Authenticator`](crate::Authenticator) does all of this by itself. The parts are public so that an
//! embedder can speak another transport, and a test can send what an honest device never would:
//!
//! ```
//! # use idp_protocol::{Octets, link::Origin, message::{Message, Pending}};
//! # use symbolon_authenticator::{Keys, Signer};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let crypto = symbolon_aws_lc::crypto();
//! # let (origin, keys) = (Origin::parse("https://id.example.org")?, Keys::generate(&crypto)?);
//! let signer = Signer::new(&crypto, origin, &keys, Octets([0; 16]))?;
//! let mut claims = signer.claims(1_700_000_000, Pending {});
//! claims.aud = "https://evil.example".to_owned();
//! let forged = signer.sign(&claims)?;
//! let honest_content_wrong_type = signer.sign_as("qr-claim", Pending::NAMING, &claims)?;
//! # assert_ne!(forged, honest_content_wrong_type);
//! # Ok(())
//! # }
//! ```

use std::sync::Arc;

use idp_protocol::{
    Crypto, Octets, P256Key,
    crypto::{Algorithm, CryptoError, Digest, SigningKey},
    jws::{self, Naming},
    link::Origin,
    message::{Claims, Message},
    pin,
};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::{Account, Keys};

/// The keys of one registration, ready to sign.
#[derive(Clone)]
pub struct Signer {
    crypto: Crypto,
    key: Arc<dyn SigningKey>,
    public: P256Key,
    device: Zeroizing<[u8; 32]>,
    issuer: Origin,
    enrolment: Octets<16>,
}

impl Signer {
    /// Loads the keys of a registration at `issuer` by `enrolment`.
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] if the signing key cannot be used.
    pub fn new(
        crypto: &Crypto,
        issuer: Origin,
        keys: &Keys,
        enrolment: Octets<16>,
    ) -> Result<Self, CryptoError> {
        let key = crypto.signatures.load(Algorithm::Es256, &keys.signature)?;
        let public = P256Key::try_from(key.public())?;
        Ok(Self { crypto: crypto.clone(), key, public, device: keys.device.clone(), issuer, enrolment })
    }

    /// Loads the keys of an account.
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] if the signing key cannot be used.
    pub fn of(crypto: &Crypto, account: &Account) -> Result<Self, CryptoError> {
        Self::new(crypto, account.issuer.clone(), &account.keys, account.enrolment)
    }

    /// The public half of the signing key.
    #[must_use]
    pub fn public(&self) -> P256Key {
        self.public
    }

    /// The thumbprint of the signing key: the device's identity.
    #[must_use]
    pub fn thumbprint(&self) -> Digest {
        self.public.thumbprint(&self.crypto)
    }

    /// Claims for the issuer with a fresh random `jti`. The fields are public: change what you like.
    #[must_use]
    pub fn claims<M: Message>(&self, now: i64, msg: M) -> Claims<M> {
        Claims::new(self.issuer.as_str(), now, self.crypto.random(), msg)
    }

    /// Signs claims as the message that they are of.
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] if the key cannot sign.
    pub fn sign<M: Message>(&self, claims: &Claims<M>) -> Result<String, CryptoError> {
        claims.sign(&self.crypto, &*self.key)
    }

    /// Signs anything as a message of any type.
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] if the key cannot sign.
    pub fn sign_as<T: Serialize>(
        &self,
        typ: &str,
        naming: Naming,
        claims: &T,
    ) -> Result<String, CryptoError> {
        jws::sign(&self.crypto, &*self.key, typ, naming, claims)
    }

    /// `K_p`: what the PIN is worth for this registration. Never stored on the device.
    #[must_use]
    pub fn pin_key(&self, pin: &str) -> Zeroizing<[u8; 32]> {
        pin::key(&self.crypto, &self.device, pin, self.issuer.as_str(), &self.enrolment.0)
    }

    /// The proof of the PIN that goes beside a signed message of type `typ`.
    #[must_use]
    pub fn pin_proof(&self, pin: &str, typ: &str, message: &str) -> Octets<32> {
        Octets(pin::proof(&self.crypto, &self.pin_key(pin), typ, message))
    }
}
