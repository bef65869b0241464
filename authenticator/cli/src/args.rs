//! Which commands and options are there?

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use idp_protocol::message::Verdict;

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  denied, reported or cancelled by the person
  2  wrong usage, or a code that is not for this command or this device
  3  no readable code in the picture
  4  refused by the server, or an answer that is not from the server that this device knows
  5  the server cannot be reached
  6  the key file or its passphrase
  7  nothing asked for a decision in time

Secrets are never taken from the command line, where other users of the machine can read them:
type them, or name a file whose first line they are.";

/// Sign in with this computer: enrol it once, then scan the code of a sign-in page and decide.
#[derive(Debug, Parser)]
#[command(name = "idp-authenticator", version, after_help = EXIT_CODES)]
pub struct Cli {
    /// Where the keys are kept [default: $XDG_DATA_HOME/symbolon or ~/.local/share/symbolon].
    #[arg(long, global = true, value_name = "DIR")]
    pub home: Option<PathBuf>,
    /// The passphrase of the key file is the first line of this file.
    #[arg(long, global = true, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Print one JSON object per event on standard output; questions go to standard error.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make this computer an authenticator of your account.
    Enrol(Enrol),
    /// Answer the sign-in whose QR code is in a picture, or whose letters you read from the screen.
    Scan(Scan),
    /// Answer the sign-in whose QR code is in a picture without any network: shows 8 digits to type into the browser.
    Offline(Offline),
    /// Answer a sign-in of a browser on this computer, from the link that the page offers.
    Open(Open),
    /// Show and decide what waits for this device; also takes up an unfinished enrolment.
    Pending(Pending),
    /// Show the one-time codes of an account; needs no network.
    Otp(Otp),
    /// Change the PIN of an account, or set a new one with a code of the help desk.
    #[command(subcommand)]
    Pin(Pin),
    /// Wait until a browser asks your devices, show what it asks, and decide.
    Push(Push),
    /// List, arrange, rename or remove accounts.
    #[command(subcommand)]
    Accounts(Accounts),
}

/// Options of `enrol`.
#[derive(Debug, Args)]
pub struct Enrol {
    /// A picture of the enrolment code (PNG or JPEG) or of the code for a phone without network, or the link of either, or `-` to type, paste or pipe the link or the
    /// activation text in: other users of a shared machine can read the command line.
    #[arg(value_name = "PICTURE|LINK", required_unless_present = "manual", conflicts_with = "manual")]
    pub code: Option<String>,
    /// Ask for address, serial and activation code, as the page shows them under "No QR code?".
    #[arg(long)]
    pub manual: bool,
    /// What you call this device; others see it too.
    #[arg(long, default_value = "Terminal")]
    pub name: String,
    /// Answers given beforehand.
    #[command(flatten)]
    pub answers: Answers,
}

/// Options of `scan`.
#[derive(Debug, Args)]
pub struct Scan {
    /// A picture with the code: a screenshot of the whole page or a photo (PNG or JPEG).
    #[arg(required_unless_present = "code", conflicts_with = "code")]
    pub picture: Option<String>,
    /// The eight letters under the QR code.
    #[arg(long, value_name = "XXXX-XXXX")]
    pub code: Option<String>,
    /// Answers given beforehand.
    #[command(flatten)]
    pub answers: Answers,
}

/// Options of `offline`.
#[derive(Debug, Args)]
pub struct Offline {
    /// A picture with the code: a screenshot of the whole page or a photo (PNG or JPEG).
    pub picture: String,
    /// The decision.
    #[arg(long)]
    pub decision: Option<Choice>,
    /// The PIN is the first line of this file.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
}

/// Options of `open`.
#[derive(Debug, Args)]
pub struct Open {
    /// The link of the page, https://…/S#…
    pub link: String,
    /// Answers given beforehand.
    #[command(flatten)]
    pub answers: Answers,
}

/// Options of `pending`.
#[derive(Debug, Args)]
pub struct Pending {
    /// Answers given beforehand.
    #[command(flatten)]
    pub answers: Answers,
}

/// Options of `otp`.
#[derive(Debug, Args)]
pub struct Otp {
    /// Which account: its number in the list, or its name.
    pub account: Option<String>,
    /// The PIN is the first line of this file.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
    /// Trust the clock of this computer, whatever the server's showed when they last met.
    #[arg(long)]
    pub own_clock: bool,
}

/// What to do with a PIN.
#[derive(Debug, Subcommand)]
pub enum Pin {
    /// Change the PIN; the old one is asked.
    Change(NewPin),
    /// Set a new PIN with the eight digits that the help desk or the portal gave you.
    Reset(NewPin),
}

/// Options of `pin change` and `pin reset`.
#[derive(Debug, Args)]
pub struct NewPin {
    /// Which account: its number in the list, or its name.
    pub account: Option<String>,
    /// The old PIN, or the eight digits, are the first line of this file.
    #[arg(long, value_name = "FILE")]
    pub proof_file: Option<PathBuf>,
    /// The new PIN is the first line of this file.
    #[arg(long, value_name = "FILE")]
    pub new_pin_file: Option<PathBuf>,
}

/// Options of `push`.
#[derive(Debug, Args)]
pub struct Push {
    /// Which account: its number in the list, or its name.
    #[arg(value_name = "ACCOUNT", conflicts_with = "account")]
    pub of: Option<String>,
    /// How many seconds to wait.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub wait: u32,
    /// Answers given beforehand.
    #[command(flatten)]
    pub answers: Answers,
}

/// Answers for scripts; what is not given is asked.
#[derive(Debug, Default, Args)]
pub struct Answers {
    /// Which account: its number in the list, or its name. Then nothing is proposed.
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,
    /// The decision.
    #[arg(long)]
    pub decision: Option<Choice>,
    /// The number that the browser shows; without it, it is asked for or read from standard input.
    #[arg(long)]
    pub number: Option<String>,
    /// The PIN is the first line of this file.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
}

/// A decision on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Choice {
    /// No.
    Deny,
    /// No, and somebody is trying to trick me.
    Report,
    /// Yes, it was me.
    Approve,
}

impl From<Choice> for Verdict {
    fn from(choice: Choice) -> Self {
        match choice {
            Choice::Deny => Self::Deny,
            Choice::Report => Self::Report,
            Choice::Approve => Self::Approve,
        }
    }
}

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub enum Accounts {
    /// List the accounts of this device, in the order in which they are proposed where several could sign in. The one that
    /// was used last for an application is proposed first for that one.
    List,
    /// Put an account at another place of the list, at once.
    Move {
        /// Which account: its number in the list, or its name.
        account: String,
        /// The number that it shall have, from 1 on.
        #[arg(value_parser = clap::value_parser!(u16).range(1..))]
        place: u16,
    },
    /// Put an account first in the list: it is proposed where nothing else was used yet.
    Use {
        /// Which account: its number in the list, or its name.
        account: String,
    },
    /// Give this device another name.
    Rename {
        /// Which account: its number in the list, or its name.
        account: String,
        /// The new name of the device.
        name: String,
    },
    /// Take this device off an account: the server revokes it and the keys are deleted here.
    Remove {
        /// Which account: its number in the list, or its name.
        account: String,
        /// Do not ask whether you are sure.
        #[arg(long)]
        yes: bool,
        /// Only delete the keys here, without telling the server.
        #[arg(long)]
        only_here: bool,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
        for good in [
            "scan a.png",
            "scan --code BCDF-GHJK --decision deny",
            "offline a.png",
            "accounts list --json",
            "accounts move bob 1",
            "accounts use 2",
            "enrol --manual",
            "otp",
            "pin reset 2",
            "push alice --wait 60",
        ] {
            let words = ["idp-authenticator"].into_iter().chain(good.split(' '));
            assert!(Cli::try_parse_from(words).is_ok(), "{good}");
        }
        for bad in [
            "scan",
            "scan a.png --code BCDF-GHJK",
            "scan a.png --decision yes",
            "enrol",
            "enrol a.png --manual",
            "open",
            "offline",
            "accounts move bob 0",
            "push a --account b",
        ] {
            let words = ["idp-authenticator"].into_iter().chain(bad.split(' '));
            assert!(Cli::try_parse_from(words).is_err(), "{bad}");
        }
    }

    #[test]
    fn no_option_takes_a_secret() {
        let mut commands = vec![Cli::command()];
        while let Some(command) = commands.pop() {
            for option in command.get_arguments() {
                let name = option.get_long().unwrap_or_default();
                let secret = ["pin", "passphrase", "password"].iter().any(|word| name.contains(word));
                assert!(!secret || name.ends_with("-file"), "--{name}");
            }
            commands.extend(command.get_subcommands().cloned());
        }
    }
}
