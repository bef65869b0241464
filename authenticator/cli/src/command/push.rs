//! How does somebody wait for a request at a terminal, which no push service wakes?

use symbolon_authenticator::{Account, Error, Human as _};

use super::{Outcome, report, terminal};
use crate::{
    args::Push,
    failure::Failure,
    home::{Device, Home},
    show,
    terminal::{Terminal, find_account},
    voice::Voice,
};

/// Waits for one request of one account, shows it, and sends the decision.
pub async fn run(home: &Home, voice: &Voice, args: Push) -> Result<Outcome, Failure> {
    let wanted = args.of.clone().or_else(|| args.answers.account.clone());
    let human = terminal(voice, args.answers)?;
    let device = home.open(voice)?;
    let account = account_of(&device, &human, wanted.as_deref()).await?;
    voice.say(&format!("Waiting for a request to {}", show::account(1, &account).replacen("1. ", "", 1)));
    voice.say("Begin in the browser: choose \"Approve on your phone\" there. Ctrl-C ends it.");
    voice.event("waiting", &show::account_event(&account));
    let decided = device.wait_and_answer(&account, args.wait.into(), &human).await?;
    Ok(report(voice, &decided))
}

async fn account_of(device: &Device, human: &Terminal<'_>, wanted: Option<&str>) -> Result<Account, Failure> {
    let mut accounts = device.accounts()?;
    accounts.retain(Account::is_active);
    let index = match wanted {
        Some(wanted) => find_account(&accounts, wanted).ok_or_else(|| {
            Failure::Usage(format!("There is no one account {wanted}: see `accounts list`."))
        })?,
        None if accounts.len() > 1 => human.choose(&accounts).await.map_err(Error::from)?,
        None => 0,
    };
    if index < accounts.len() { Ok(accounts.swap_remove(index)) } else { Err(Error::NoAccount.into()) }
}
