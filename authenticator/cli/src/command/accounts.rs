//! How are the accounts of this device listed, arranged, renamed and removed?

use idp_protocol::ErrorCode;
use symbolon_authenticator::Account;

use super::{Outcome, codes_only, name_of, named};
use crate::{
    args::Accounts,
    failure::Failure,
    home::{Device, Home},
    show,
    voice::{Voice, clean},
};

/// Does what was asked with the accounts.
pub async fn run(home: &Home, voice: &Voice, args: Accounts) -> Result<Outcome, Failure> {
    match args {
        Accounts::List => list(&home.open(voice)?, voice),
        Accounts::Move { account, place } => arrange(&home.open(voice)?, voice, &account, place),
        Accounts::Use { account } => arrange(&home.open(voice)?, voice, &account, 1),
        Accounts::Rename { account, name } => {
            let name = name_of(&name)?;
            let device = home.open(voice)?;
            let renamed = device.rename(&named(&device, &account)?, name).await?;
            voice.event("account", &show::account_event(&renamed));
            voice.say(&format!("This device is now called {}.", renamed.device_name));
            Ok(Outcome::Done)
        }
        Accounts::Remove { account, yes, only_here } => {
            let device = home.open(voice)?;
            if let Some(codes) = codes_only::chosen(&device, Some(&account))? {
                if !yes && !is_sure(voice, codes.name.as_str()) {
                    voice.say("Nothing was removed.");
                    return Ok(Outcome::Declined);
                }
                return codes_only::remove(&device, voice, &codes);
            }
            let account = named(&device, &account)?;
            if !yes && !is_sure(voice, &account.name) {
                voice.say("Nothing was removed.");
                return Ok(Outcome::Declined);
            }
            remove(&device, &account, only_here).await?;
            voice.event("removed", &show::account_event(&account));
            voice.say("Removed: the keys of this account are deleted here.");
            Ok(Outcome::Done)
        }
    }
}

fn list(device: &Device, voice: &Voice) -> Result<Outcome, Failure> {
    let accounts = device.accounts()?;
    for (index, account) in accounts.iter().enumerate() {
        voice.event("account", &show::account_event(account));
        voice.say(&show::account(index.saturating_add(1), account));
    }
    let codes_only = device.offline_accounts()?;
    for (index, account) in codes_only.iter().enumerate() {
        voice.event("offline_account", &show::offline_account_event(account));
        voice.say(&show::offline_account(accounts.len().saturating_add(index).saturating_add(1), account));
    }
    if accounts.is_empty() && codes_only.is_empty() {
        voice.say(
            "No accounts yet. Get an enrolment code in the portal, then: idp-authenticator enrol PICTURE",
        );
    }
    Ok(Outcome::Done)
}

/// The list is shown as it is then.
fn arrange(device: &Device, voice: &Voice, account: &str, place: u16) -> Result<Outcome, Failure> {
    device.arrange(&named(device, account)?, usize::from(place).saturating_sub(1))?;
    list(device, voice)
}

fn is_sure(voice: &Voice, name: &str) -> bool {
    let question = format!("Remove this device from {}? [n]o (default), [y]es: ", clean(name));
    voice.ask(&question).is_some_and(|typed| matches!(typed.to_ascii_lowercase().as_str(), "y" | "yes"))
}

async fn remove(device: &Device, account: &Account, only_here: bool) -> Result<(), Failure> {
    if only_here {
        return Ok(device.forget(account)?);
    }
    match device.revoke(account).await {
        // The server has revoked it already: what is left to do is here.
        Err(error) if matches!(error.code(), Some(ErrorCode::DeviceNotActive | ErrorCode::NotFound)) => {
            Ok(device.forget(account)?)
        }
        other => Ok(other?),
    }
}
