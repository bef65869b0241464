//! Which one-time codes does this device show?
//!
//! They need no network. With a PIN the key is another one for each PIN: a wrong PIN makes wrong codes, and nobody but the
//! server can tell.

use std::fmt;

use idp_protocol::{Crypto, context::UserVerification, otp};
use zeroize::Zeroizing;

use crate::{Account, Authenticator, Error, Signer, Transport};

/// The codes of one account, under the PIN that was typed.
#[derive(Clone)]
pub struct Codes {
    crypto: Crypto,
    key: Zeroizing<[u8; 32]>,
}

/// A code and when it is shown, in seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// Eight digits.
    pub digits: String,
    /// The first second.
    pub from: i64,
    /// The first second of the next code.
    pub until: i64,
}

impl fmt::Debug for Codes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Codes { .. }")
    }
}

impl<T: Transport> Authenticator<T> {
    /// The codes of an account. Nothing is sent, and a wrong PIN is not noticed here.
    ///
    /// # Errors
    /// [`Error::PinNeeded`] if the account has a PIN and none is given, [`Error::NoAccount`] if it is not active yet,
    /// [`Error::NoCodes`] if an older version enrolled it.
    pub fn codes(&self, account: &Account, pin: Option<&str>) -> Result<Codes, Error> {
        if !account.is_active() {
            return Err(Error::NoAccount);
        }
        let otp_key = account.keys.codes.as_ref().ok_or(Error::NoCodes)?;
        let pin_key = match account.uv {
            UserVerification::None => None,
            UserVerification::Pin => {
                let pin = pin.ok_or(Error::PinNeeded)?;
                Some(Signer::of(&self.crypto, account)?.pin_key(pin))
            }
            UserVerification::Platform => return Err(Error::NoPlatformVerification),
        };
        Ok(Codes::of(&self.crypto, &otp::key(&self.crypto, &otp_key.0, pin_key.as_deref())))
    }
}

impl Codes {
    pub(crate) fn of(crypto: &Crypto, key: &Zeroizing<[u8; 32]>) -> Self {
        Self { crypto: crypto.clone(), key: key.clone() }
    }

    /// The code that is shown at a time.
    #[must_use]
    pub fn at(&self, now: i64) -> Code {
        let step = otp::step(now);
        let from = step.saturating_mul(otp::PERIOD);
        let digits = otp::code(&self.crypto, self.key.as_slice(), step);
        Code { digits, from, until: from.saturating_add(otp::PERIOD) }
    }
}
