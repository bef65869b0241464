//! How do tokens come out of a vendor's container into the inventory, and leave it again?

mod fit;
mod leave;

use std::collections::BTreeSet;

use idp_core::{
    Fault,
    engine::{Engine, HardwareError, NewHardware},
    hardware::HardwareRow,
    methods::otp::BadKey,
};
use symbolon_pskc::Container;

pub use leave::{Left, container};

/// A token that is fit to be taken in, and the line of the container in which it begins.
#[derive(Debug)]
pub struct Fit {
    /// The line.
    pub line: u32,
    /// The token.
    pub token: NewHardware,
}

/// Why a token is not taken in, and in which line it begins. Then none is.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct Unfit {
    /// The line.
    pub line: u32,
    /// Why.
    pub reason: Reason,
}

/// Why a token is not taken in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// It cannot be told from others.
    #[error("the token has no serial number (DeviceInfo/SerialNo)")]
    NoSerial,
    /// The serial number of another one.
    #[error("the token {0} of the same manufacturer is in this container twice")]
    Twice(String),
    /// It was taken in before.
    #[error("the token {0} of the same manufacturer is in the inventory already")]
    Taken(String),
    /// It makes no codes that somebody could type here.
    #[error("the key is for {0}; tokens here make one-time codes by HOTP or TOTP")]
    Algorithm(String),
    /// Its codes are no digits.
    #[error("the codes are no decimal digits, and nobody can type them here")]
    NotDigits,
    /// Its secret is derived from another one.
    #[error("the token has no secret: it would be derived from a master key, which only its maker has")]
    NoSecret,
    /// No key for one-time codes.
    #[error(transparent)]
    Key(#[from] BadKey),
    /// Its maker does not want it to be used so.
    #[error("the policy of the key does not let it make one-time codes (KeyUsage)")]
    Usage,
    /// Its maker limits how often it is used, and nobody here counts that.
    #[error(
        "the policy of the key limits how often it may be used (NumberOfTransactions), which is not supported"
    )]
    Transactions,
    /// Its maker does not want it to be used yet.
    #[error("the policy of the key lets it be used later only (StartDate); import it then")]
    NotYet,
    /// It says that it gave codes of a time to come.
    #[error(
        "the token was used at a time that has not come yet (Time): is the clock of this computer right?"
    )]
    Future,
    /// A PIN that takes part in a way that nobody here can follow.
    #[error(
        "the policy of the PIN is not supported: it may be Local, or Prepend or Append with a PIN of 4 to 64 ASCII characters, without spaces and dashes, within MinLength and MaxLength"
    )]
    Pin,
    /// Its maker allows fewer wrong PINs than are counted here.
    #[error(
        "the policy of the PIN allows fewer wrong ones (MaxFailedAttempts) than this server: lower engine.limits.lock_after, which is {0}"
    )]
    PinTries(u8),
    /// Trouble of ours.
    #[error(transparent)]
    Trouble(#[from] Fault),
}

impl Reason {
    fn at(self, line: u32) -> Unfit {
        Unfit { line, reason: self }
    }
}

/// The tokens of a container, each of which is fit to be taken in.
///
/// # Errors
/// [`Unfit`] for the first one that is not.
pub async fn fit(engine: &Engine, container: &Container) -> Result<Vec<Fit>, Unfit> {
    let mut seen = BTreeSet::new();
    let mut fit = Vec::new();
    for key in &container.keys {
        let line = key.line.unwrap_or(1);
        let Some(token) = fit::token(engine, container, key).await.map_err(|reason| reason.at(line))? else {
            continue;
        };
        if !seen.insert((token.serial.clone(), token.manufacturer.clone())) {
            return Err(Reason::Twice(token.serial).at(line));
        }
        let known = engine.hardware_by_serial(&token.serial).await;
        let known = known.map_err(|fault| Reason::Trouble(fault).at(line))?;
        if known.iter().any(|row| row.manufacturer == token.manufacturer) {
            return Err(Reason::Taken(token.serial).at(line));
        }
        fit.push(Fit { line, token });
    }
    Ok(fit)
}

/// Why there is not exactly one token.
#[derive(Debug, thiserror::Error)]
pub enum NotOne {
    /// There is none.
    #[error("there is no token with this serial number")]
    None,
    /// There are several.
    #[error("several makers use this serial number; add --manufacturer, one of: {0}")]
    Several(String),
    /// Trouble of ours.
    #[error(transparent)]
    Trouble(#[from] HardwareError),
}

/// The token with this serial number, of this maker if one is named.
///
/// # Errors
/// [`NotOne`].
pub async fn find(engine: &Engine, serial: &str, manufacturer: Option<&str>) -> Result<HardwareRow, NotOne> {
    let mut rows = engine.hardware_by_serial(serial.trim()).await.map_err(HardwareError::from)?;
    rows.retain(|row| manufacturer.is_none_or(|name| row.manufacturer == name));
    match rows.len() {
        0 | 1 => rows.pop().ok_or(NotOne::None),
        _ => {
            let makers: Vec<String> =
                rows.into_iter().map(|row| format!("\"{}\"", row.manufacturer)).collect();
            Err(NotOne::Several(makers.join(", ")))
        }
    }
}
