//! Who began something, and alone may go on with it: a browser with its cookie, or a device without a keyboard with its
//! code; later a client or a terminal.
//!
//! F1, authorization hijacking: knowing the id of a sign-in or a ceremony is worth nothing. Every id is
//! bound to the secret of whoever began it, and the store has only a keyed digest of the pair.

use std::fmt;

use idp_protocol::{
    Crypto, Octets,
    encoding::{from_base64url, to_base64url},
};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::{Id, WorkingKeys, signin::SignInRow};

/// The secret of whoever began something: 256 bits that only this browser (or client) has.
#[derive(Clone)]
pub struct Claimant(Zeroizing<[u8; 32]>);

impl fmt::Debug for Claimant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claimant(..)")
    }
}

impl Claimant {
    /// A new one.
    #[must_use]
    pub fn random(crypto: &Crypto) -> Self {
        Self(Zeroizing::new(crypto.random()))
    }

    /// One from a cookie's value; `None` if it is not 32 bytes in base64url.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        value.parse::<Octets<32>>().ok().map(|octets| Self(Zeroizing::new(octets.0)))
    }

    /// The value of the cookie.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(Octets(*self.0).to_string())
    }

    /// What is stored to find everything of this claimant.
    #[must_use]
    pub fn digest(&self, crypto: &Crypto) -> [u8; 32] {
        crypto.hash.hmac(self.0.as_slice(), b"claimant")
    }

    /// What binds the thing with this id to the claimant.
    #[must_use]
    pub fn binding(&self, crypto: &Crypto, id: &[u8; 16]) -> Octets<32> {
        Octets(crypto.hash.hmac(self.0.as_slice(), id))
    }

    /// Whether the thing with this id is the claimant's.
    #[must_use]
    pub fn owns(&self, crypto: &Crypto, id: &[u8; 16], binding: &Octets<32>) -> bool {
        self.binding(crypto, id).0.ct_eq(&binding.0).into()
    }

    pub(crate) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// What a device without a keyboard asks again with (RFC 8628, 3.2: `device_code`): which sign-in, and 256 secret bits.
///
/// Its claimant is derived from the secret under a key of the server's. So no cookie goes on with what such a device
/// began, and no code goes on with a browser's sign-in, whoever has both.
#[derive(Clone)]
pub struct DeviceCode {
    sign_in: Id<SignInRow>,
    secret: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for DeviceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceCode({}, ..)", self.sign_in)
    }
}

impl DeviceCode {
    pub(crate) fn new(sign_in: Id<SignInRow>, secret: Zeroizing<[u8; 32]>) -> Self {
        Self { sign_in, secret }
    }

    /// Reads a code; `None` if it is not 48 bytes in base64url.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 64 {
            return None;
        }
        let bytes = Zeroizing::new(from_base64url(text)?);
        let (sign_in, secret) = bytes.split_first_chunk::<16>()?;
        let secret: [u8; 32] = secret.try_into().ok()?;
        Some(Self { sign_in: Id::from_bytes(*sign_in), secret: Zeroizing::new(secret) })
    }

    /// The code as the device gets it.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        let bytes = Zeroizing::new([self.sign_in.bytes().as_slice(), self.secret.as_slice()].concat());
        Zeroizing::new(to_base64url(&bytes))
    }

    /// The sign-in that it names.
    #[must_use]
    pub fn sign_in(&self) -> Id<SignInRow> {
        self.sign_in
    }

    pub(crate) fn claimant(&self, keys: &WorkingKeys) -> Claimant {
        Self::claimant_of(keys, &self.secret)
    }

    pub(crate) fn claimant_of(keys: &WorkingKeys, secret: &[u8; 32]) -> Claimant {
        Claimant::from_bytes(keys.digest("device-code", &[secret]))
    }
}

/// What an application asks again with that asked without a browser (CIBA Core, 7.3: `auth_req_id`): which sign-in, and
/// 256 secret bits, in base64url.
///
/// The bits are derived from the sign-in under a key of the server's. So every node can name the request to the
/// application when somebody has decided, although the store has no more than a digest of it. The claimant is derived
/// from the bits with a key of its own: neither a cookie nor a device's code goes on with what an application began.
#[derive(Clone, Debug)]
pub struct AuthRequestId(DeviceCode);

impl AuthRequestId {
    pub(crate) fn of(keys: &WorkingKeys, sign_in: Id<SignInRow>) -> Self {
        let secret = keys.digest("auth-req-id", &[sign_in.bytes()]);
        Self(DeviceCode::new(sign_in, Zeroizing::new(secret)))
    }

    /// Reads an id; `None` if it is not 48 bytes in base64url.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        DeviceCode::parse(text).map(Self)
    }

    /// The id as the application gets it.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        self.0.reveal()
    }

    /// The sign-in that it names.
    #[must_use]
    pub fn sign_in(&self) -> Id<SignInRow> {
        self.0.sign_in
    }

    pub(crate) fn claimant(&self, keys: &WorkingKeys) -> Claimant {
        Claimant::from_bytes(keys.digest("auth-req-claimant", &[self.0.secret.as_slice()]))
    }
}
