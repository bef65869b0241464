//! How is the PIN of an account changed, or set anew by whoever forgot it?

use std::path::Path;

use symbolon_authenticator::Error;
use zeroize::Zeroizing;

use super::{Outcome, account_of, enrol::choose_pin};
use crate::{
    args::Pin,
    failure::Failure,
    home::{Home, first_line},
    show,
    voice::{Voice, clean},
};

/// Changes or resets a PIN.
pub async fn run(home: &Home, voice: &Voice, args: Pin) -> Result<Outcome, Failure> {
    let (args, is_reset) = match args {
        Pin::Change(args) => (args, false),
        Pin::Reset(args) => (args, true),
    };
    let (proof, new) = (file(args.proof_file.as_deref())?, file(args.new_pin_file.as_deref())?);
    let device = home.open(voice)?;
    let account = account_of(&device, voice, args.account).await?;
    if account.uv != idp_protocol::context::UserVerification::Pin {
        return Err(Error::NoPin.into());
    }
    let proof = match proof {
        Some(proof) => proof,
        None if is_reset => voice.secret("The eight digits that you were given: ")?,
        None => voice.secret(&format!("The PIN of {} until now: ", clean(&account.name)))?,
    };
    let new = choose_pin(voice, new.as_ref(), account.pin)?;
    match is_reset {
        true => device.reset_pin(&account, &proof, &new).await?,
        false => device.change_pin(&account, &proof, &new).await?,
    }
    voice.event("pin_changed", &show::account_event(&account));
    voice.say("The PIN is changed. From now on one-time codes need the new one, too.");
    Ok(Outcome::Done)
}

fn file(path: Option<&Path>) -> Result<Option<Zeroizing<String>>, Failure> {
    path.map(first_line).transpose()
}
