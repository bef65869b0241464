//! The crypto port: which primitives Symbolon needs. Adapters implement it, nothing here does.
//!
//! [`Crypto`] is a plain struct of parts, so that an embedder can replace one of them (a key kept in
//! hardware, randomness with a seed in a test) and keep the rest.

use std::{fmt, sync::Arc};

use zeroize::Zeroizing;

/// A SHA-256 digest or an HMAC-SHA-256 tag.
pub type Digest = [u8; 32];

/// A private key in the encoding of its adapter (PKCS#8 for signatures); wiped when dropped.
pub type PrivateKey = Zeroizing<Vec<u8>>;

/// The parts that everything cryptographic in Symbolon is built from.
#[derive(Clone)]
pub struct Crypto {
    /// Unpredictable bytes.
    pub random: Arc<dyn Random>,
    /// SHA-256, HMAC-SHA-256 (RFC 2104) and HKDF-SHA-256 (RFC 5869).
    pub hash: Arc<dyn Hash>,
    /// AES-256-GCM (NIST SP 800-38D).
    pub aead: Arc<dyn Aead>,
    /// Digital signatures.
    pub signatures: Arc<dyn Signatures>,
    /// ECDH on P-256 and HPKE (RFC 9180).
    pub agreement: Arc<dyn Agreement>,
    /// HPKE from one known key to another.
    pub letters: Arc<dyn Letters>,
}

impl fmt::Debug for Crypto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Crypto { .. }")
    }
}

impl Crypto {
    /// `N` unpredictable bytes.
    #[must_use]
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        self.random.fill(&mut out);
        out
    }

    /// A uniformly distributed decimal number of `digits` digits (at most 9), with leading zeros.
    #[must_use]
    pub fn random_digits(&self, digits: u8) -> String {
        let width = usize::from(digits.min(9));
        let range = 10_u64.pow(u32::from(digits.min(9)));
        // 64 random bits over at most 10^9 values: the bias is below 10^-10.
        let number = u64::from_be_bytes(self.random()) % range;
        format!("{number:0width$}")
    }
}

/// A source of unpredictable bytes.
pub trait Random: Send + Sync {
    /// Fills `out`. An implementation that cannot must stop the process: nothing is secure then.
    fn fill(&self, out: &mut [u8]);
}

/// SHA-256 and what is built on it.
pub trait Hash: Send + Sync {
    /// SHA-256 (FIPS 180-4).
    fn sha256(&self, data: &[u8]) -> Digest;
    /// HMAC-SHA-256 (RFC 2104).
    fn hmac(&self, key: &[u8], data: &[u8]) -> Digest;
    /// HKDF-SHA-256 (RFC 5869), extract and expand to 32 bytes. An empty salt stands for 32 zero bytes.
    fn hkdf(&self, salt: &[u8], secret: &[u8], info: &[u8]) -> Zeroizing<[u8; 32]>;
}

/// AES-256-GCM with a 96-bit nonce and a 128-bit tag behind the ciphertext.
pub trait Aead: Send + Sync {
    /// Encrypts `plain`.
    fn seal(&self, key: &[u8; 32], nonce: &[u8; 12], aad: &[u8], plain: &[u8]) -> Vec<u8>;
    /// Decrypts what [`Aead::seal`] made.
    ///
    /// # Errors
    /// [`CryptoError::Unauthentic`] if key, nonce, `aad` or a bit of `sealed` is another.
    fn open(
        &self,
        key: &[u8; 32],
        nonce: &[u8; 12],
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CryptoError>;
}

/// A signature algorithm of RFC 7518 or RFC 8037.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256; the signature is r ‖ s, 64 bytes.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256 and a 2048-bit modulus.
    Rs256,
    /// RSASSA-PSS with SHA-256, a salt of 32 bytes and a 2048-bit modulus (RFC 7518, 3.5). Its keys serve no other
    /// algorithm (RFC 8725, 3.1).
    Ps256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// The value of the JOSE header parameter `alg`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// A public key, as raw numbers in network byte order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublicKey {
    /// A point on P-256.
    P256 {
        /// The x coordinate.
        x: [u8; 32],
        /// The y coordinate.
        y: [u8; 32],
    },
    /// An RSA key.
    Rsa {
        /// The modulus, without leading zeros.
        n: Vec<u8>,
        /// The public exponent, without leading zeros.
        e: Vec<u8>,
    },
    /// An Ed25519 key.
    Ed25519 {
        /// The encoded point (RFC 8032).
        x: [u8; 32],
    },
}

/// Makes, loads and checks signing keys.
pub trait Signatures: Send + Sync {
    /// Makes a key and returns it as PKCS#8.
    ///
    /// # Errors
    /// [`CryptoError::Unsupported`] if the implementation does not have `algorithm`.
    fn generate(&self, algorithm: Algorithm) -> Result<PrivateKey, CryptoError>;

    /// Loads a key that [`Signatures::generate`] returned.
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] if the bytes are not a key for `algorithm`.
    fn load(&self, algorithm: Algorithm, pkcs8: &[u8]) -> Result<Arc<dyn SigningKey>, CryptoError>;

    /// Checks a signature.
    ///
    /// # Errors
    /// [`CryptoError::Unauthentic`] if it is wrong, or the key does not fit the algorithm.
    fn verify(
        &self,
        algorithm: Algorithm,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError>;
}

/// A private key that is ready to sign.
pub trait SigningKey: Send + Sync {
    /// The one algorithm that this key signs with.
    fn algorithm(&self) -> Algorithm;
    /// The public half.
    fn public(&self) -> &PublicKey;
    /// Signs `message`.
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] if the key cannot be used (any more).
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CryptoError>;
}

/// Key agreement on P-256. Public keys are uncompressed points of 65 bytes (SEC 1, 2.3.3).
pub trait Agreement: Send + Sync {
    /// Makes a private key: the scalar, 32 bytes.
    fn generate(&self) -> Zeroizing<[u8; 32]>;

    /// The public key of a private one.
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] if the scalar is out of range.
    fn public(&self, private: &[u8; 32]) -> Result<[u8; 65], CryptoError>;

    /// ECDH (SEC 1, 3.3.1): the x coordinate of the shared point.
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] if `peer` is not a point on the curve.
    fn agree(&self, private: &[u8; 32], peer: &[u8; 65]) -> Result<Zeroizing<[u8; 32]>, CryptoError>;

    /// HPKE in base mode with DHKEM(P-256, HKDF-SHA256), HKDF-SHA256 and AES-128-GCM (RFC 9180):
    /// the encapsulated key (65 bytes) and the ciphertext, one behind the other.
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] if `recipient` is not a point on the curve.
    fn hpke_seal(
        &self,
        recipient: &[u8; 65],
        info: &[u8],
        aad: &[u8],
        plain: &[u8],
    ) -> Result<Vec<u8>, CryptoError>;

    /// Opens what [`Agreement::hpke_seal`] made.
    ///
    /// # Errors
    /// [`CryptoError::Unauthentic`] if anything does not fit, [`CryptoError::BadKey`] for a bad scalar.
    fn hpke_open(
        &self,
        private: &[u8; 32],
        info: &[u8],
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CryptoError>;
}

/// HPKE in auth mode with DHKEM(P-256, HKDF-SHA256), HKDF-SHA256 and AES-128-GCM (RFC 9180, 5.1.3): only the
/// recipient reads it, knows whose key sealed it, and shares a secret with the sender that no one else has.
///
/// The encapsulated key is the compressed point (SEC 1, 2.3.3) of 33 bytes, because a QR code has no room for more.
/// Into the key schedule (`kem_context`) all points enter uncompressed, as the RFC wants.
pub trait Letters: Send + Sync {
    /// Seals `plain` from the private key `sender` to the public key `recipient`, without associated data.
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] if `sender` is out of range or `recipient` not a point on the curve.
    fn seal(
        &self,
        sender: &[u8; 32],
        recipient: &[u8; 65],
        bound: Bound<'_>,
        plain: &[u8],
    ) -> Result<Letter, CryptoError>;

    /// Opens what [`Letters::seal`] made.
    ///
    /// # Errors
    /// [`CryptoError::Unauthentic`] if anything does not fit, [`CryptoError::BadKey`] for a key that is none.
    fn open(
        &self,
        recipient: &[u8; 32],
        sender: &[u8; 65],
        bound: Bound<'_>,
        encapsulated: &[u8; 33],
        sealed: &[u8],
    ) -> Result<Opened, CryptoError>;
}

/// What a letter is bound to.
#[derive(Clone, Copy, Debug)]
pub struct Bound<'a> {
    /// `info` of HPKE: the application.
    pub info: &'a [u8],
    /// `exporter_context` of HPKE: what the shared secret is for.
    pub exporter_context: &'a [u8],
}

/// A sealed letter, as its sender has it.
pub struct Letter {
    /// The encapsulated key, compressed.
    pub encapsulated: [u8; 33],
    /// The ciphertext with its tag.
    pub sealed: Vec<u8>,
    /// The secret that sender and recipient share (RFC 9180, 5.3).
    pub shared: Zeroizing<[u8; 32]>,
}

/// A letter that was opened.
pub struct Opened {
    /// What it says.
    pub plain: Zeroizing<Vec<u8>>,
    /// The secret that sender and recipient share.
    pub shared: Zeroizing<[u8; 32]>,
}

/// Why a primitive refused. It never says more, so that it cannot tell an attacker more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CryptoError {
    /// A signature, a tag or a ciphertext is not authentic.
    #[error("not authentic")]
    Unauthentic,
    /// A key is malformed or does not fit its algorithm.
    #[error("bad key")]
    BadKey,
    /// The implementation does not have this algorithm.
    #[error("unsupported algorithm")]
    Unsupported,
}
