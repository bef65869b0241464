//! The derivations of an enrolment: what proves the secret of the QR, and what both sides confirm.

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{
    Crypto, Octets,
    crypto::{CryptoError, Digest},
    link::EnrolPayload,
    typed::TypedOffer,
};

/// How many digits the confirmation code has.
pub const CODE_DIGITS: u8 = 10;

/// What a device hands over under HPKE while it registers.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// The PIN-proof key, where the policy asks for a PIN ([`crate::pin`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin_key: Option<Octets<32>>,
}

/// HPKE `info` of [`Secrets`]; the enrolment's id is the associated data.
#[must_use]
pub fn secrets_info(issuer: &str) -> Vec<u8> {
    [b"enr/1", issuer.as_bytes()].concat()
}

/// The right to register one device, however it came to the device.
#[derive(Clone)]
pub struct Right {
    /// What both sides digest: the decoded bytes behind `#`, or version, serial and code of what was typed.
    pub payload: Zeroizing<Vec<u8>>,
    /// What is proved and never sent.
    pub secret: Zeroizing<[u8; 16]>,
}

impl Right {
    /// Of a code that was scanned, or of a link.
    #[must_use]
    pub fn scanned(payload: &EnrolPayload) -> Self {
        Self { payload: Zeroizing::new(payload.to_bytes()), secret: Zeroizing::new(payload.secret) }
    }

    /// Of what was typed.
    #[must_use]
    pub fn typed(crypto: &Crypto, offer: &TypedOffer) -> Self {
        Self { payload: Zeroizing::new(offer.to_bytes()), secret: Zeroizing::new(offer.secret(crypto)) }
    }
}

/// E1: the proof of the enrolment secret, bound to the payload, the device's key and its nonce.
#[must_use]
pub fn hello_mac(crypto: &Crypto, right: &Right, thumbprint: &Digest, nonce: &[u8; 16]) -> Digest {
    let digest = crypto.hash.sha256(&right.payload);
    let message = [b"E1".as_slice(), &digest, thumbprint, nonce].concat();
    crypto.hash.hmac(right.secret.as_slice(), &message)
}

/// E2: the proof of the enrolment secret over the whole registration message.
#[must_use]
pub fn register_mac(crypto: &Crypto, secret: &[u8; 16], message: &str) -> Digest {
    let digest = crypto.hash.sha256(message.as_bytes());
    crypto.hash.hmac(secret, &[b"E2".as_slice(), &digest].concat())
}

/// The digests of the four parts of an enrolment that both sides must have seen alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// SHA-256 of the payload of the QR.
    pub payload: Digest,
    /// SHA-256 of the bytes of E1.
    pub hello: Digest,
    /// SHA-256 of the bytes of E1r.
    pub offer: Digest,
    /// SHA-256 of the bytes of E2.
    pub register: Digest,
}

/// The transcript digest `th`. All parts have a fixed length, so none can run into the next.
#[must_use]
pub fn transcript(crypto: &Crypto, parts: &Parts) -> Digest {
    let message = [b"enr/1".as_slice(), &parts.payload, &parts.hello, &parts.offer, &parts.register].concat();
    crypto.hash.sha256(&message)
}

/// The keys that both sides derive from the agreement of an enrolment.
pub struct Agreed {
    confirm: Zeroizing<[u8; 32]>,
    /// K_otp: the key of this device's one-time codes.
    pub otp: Zeroizing<[u8; 32]>,
}

impl Agreed {
    /// Derives the keys from a private key, the peer's public point and the transcript.
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] if `peer` is not a point on the curve.
    pub fn derive(
        crypto: &Crypto,
        private: &[u8; 32],
        peer: &[u8; 65],
        transcript: &Digest,
    ) -> Result<Self, CryptoError> {
        let shared = crypto.agreement.agree(private, peer)?;
        Ok(Self {
            confirm: crypto.hash.hkdf(transcript, shared.as_slice(), b"conf/1"),
            otp: crypto.hash.hkdf(transcript, shared.as_slice(), b"otp/1"),
        })
    }

    /// The confirmation code: the first 8 bytes of a full HMAC, modulo 10^10. (Truncated to 31 bits, as
    /// HOTP does, five tries would guess it with 2.3 × 10^-9 instead of 5 × 10^-10.)
    #[must_use]
    pub fn code(&self, crypto: &Crypto, transcript: &Digest) -> String {
        let tag = crypto.hash.hmac(self.confirm.as_slice(), transcript);
        let number = tag.iter().take(8).fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
        format!("{:010}", number % 10_000_000_000)
    }
}
