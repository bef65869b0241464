//! What does each command do?

use std::{path::Path, sync::Arc};

use idp_protocol::{Text, context::Decided, message::Verdict};
use serde_json::json;
use symbolon_authenticator::{Account, Human as _, SystemClock, Ticket};

use crate::{
    args::{Answers, Cli, Command, Open, Scan},
    failure::Failure,
    home::{Device, Home},
    picture,
    terminal::{Terminal, find_account},
    voice::Voice,
};

mod accounts;
mod codes_only;
mod enrol;
mod offline;
mod otp;
mod pending;
mod pin;
mod push;

/// How a command ended well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Done,
    /// The person said no, and that was done.
    Declined,
}

/// Runs the command.
pub async fn run(cli: Cli, voice: &Voice) -> Result<Outcome, Failure> {
    let home = Home::new(cli.home, cli.passphrase_file)?;
    match cli.command {
        Command::Enrol(args) => enrol::run(&home, voice, args).await,
        Command::Scan(args) => scan(&home, voice, args).await,
        Command::Offline(args) => offline::run(&home, voice, args).await,
        Command::Open(args) => open(&home, voice, args).await,
        Command::Pending(args) => pending::run(&home, voice, args).await,
        Command::Otp(args) => otp::run(&home, voice, args).await,
        Command::Pin(args) => pin::run(&home, voice, args).await,
        Command::Push(args) => push::run(&home, voice, args).await,
        Command::Accounts(args) => accounts::run(&home, voice, args).await,
    }
}

fn terminal(voice: &Voice, answers: Answers) -> Result<Terminal<'_>, Failure> {
    Terminal::new(voice, Arc::new(SystemClock), answers)
}

async fn scan(home: &Home, voice: &Voice, args: Scan) -> Result<Outcome, Failure> {
    let wanted = args.answers.account.clone();
    let human = terminal(voice, args.answers)?;
    let Some(picture) = args.picture else {
        let (device, code) = (home.open(voice)?, args.code.unwrap_or_default());
        let decided = match wanted {
            Some(wanted) => device.sign_in_by_code_as(&named(&device, &wanted)?, &code, &human).await,
            None => device.sign_in_by_code(&code, &human.among(device.accounts()?)).await,
        };
        return Ok(report(voice, &decided?));
    };
    // The picture comes first: nobody types a passphrase for one that cannot be read.
    let ticket = ticket_of(&picture)?;
    sign_in(&home.open(voice)?, human, &ticket, wanted.as_deref())
        .await
        .map(|decided| report(voice, &decided))
}

/// With the account that was named; else one is proposed.
async fn sign_in(
    device: &Device,
    human: Terminal<'_>,
    ticket: &Ticket,
    wanted: Option<&str>,
) -> Result<Decided, Failure> {
    Ok(match wanted {
        Some(wanted) => device.sign_in_as(&named(device, wanted)?, ticket, &human).await?,
        None => device.sign_in(ticket, &human.among(device.accounts()?)).await?,
    })
}

fn ticket_of(picture: &str) -> Result<Ticket, Failure> {
    Ok(Ticket::from_picture(&text_of(picture)?)?)
}

/// What the code in a picture says; never what a link says.
fn text_of(picture: &str) -> Result<String, Failure> {
    if picture.contains("://") {
        // Whoever can paste a link into a message could otherwise have it approved without any camera.
        return Err(symbolon_authenticator::Error::NeedsScan.into());
    }
    picture::read(Path::new(picture))
}

async fn open(home: &Home, voice: &Voice, args: Open) -> Result<Outcome, Failure> {
    let wanted = args.answers.account.clone();
    let human = terminal(voice, args.answers)?;
    let ticket = Ticket::from_link(&args.link)?;
    sign_in(&home.open(voice)?, human, &ticket, wanted.as_deref())
        .await
        .map(|decided| report(voice, &decided))
}

/// The account with this number in the list, or of this name. Whoever names one is asked nothing.
fn named(device: &Device, wanted: &str) -> Result<Account, Failure> {
    let mut accounts = device.accounts()?;
    match find_account(&accounts, wanted) {
        Some(index) => Ok(accounts.swap_remove(index)),
        None => Err(Failure::Usage(format!("There is no one account {wanted}: see `accounts list`."))),
    }
}

/// The account that was named, the only one that is ready, or the one that the person chooses: the first one is proposed.
async fn account_of(device: &Device, voice: &Voice, wanted: Option<String>) -> Result<Account, Failure> {
    if let Some(wanted) = wanted {
        return named(device, &wanted);
    }
    let all = device.accounts()?;
    let mut accounts = all.clone();
    accounts.retain(Account::is_active);
    let index = match accounts.len() {
        0 => return Err(symbolon_authenticator::Error::NoAccount.into()),
        1 => 0,
        _ => {
            let chosen = terminal(voice, Answers::default())?.among(all).choose(&accounts).await;
            chosen.map_err(symbolon_authenticator::Error::from)?
        }
    };
    Ok(accounts.swap_remove(index))
}

/// Tells what became of a decision.
fn report(voice: &Voice, decided: &Decided) -> Outcome {
    voice.event("decided", &json!({ "ceremony": decided.ceremony, "outcome": decided.outcome }));
    match decided.outcome {
        Verdict::Approve => {
            if decided.prompt.is_none() {
                voice.say("Approved: where you began, it goes on by itself.");
            }
            Outcome::Done
        }
        Verdict::Deny => {
            voice.say("Denied. Nobody was signed in.");
            Outcome::Declined
        }
        Verdict::Report => {
            voice.say("Denied and reported. Thank you: that protects you and the others.");
            Outcome::Declined
        }
    }
}

fn name_of(text: &str) -> Result<Text<64>, Failure> {
    text.parse().map_err(|error| Failure::Usage(format!("The name {error}.")))
}
