//! How is the person at the terminal asked?

use std::sync::Arc;

use idp_protocol::{Prompt, context::Context, message::Verdict, typed};
use serde_json::json;
use symbolon_authenticator::{Account, Cancelled, Clock, Human};
use zeroize::Zeroizing;

use crate::{args::Answers, failure::Failure, home::first_line, show, voice::Voice};

const TRIES: usize = 3;

/// The person at the terminal; the answers given beforehand are taken first.
pub struct Terminal<'a> {
    voice: &'a Voice,
    clock: Arc<dyn Clock>,
    answers: Answers,
    pin: Option<Zeroizing<String>>,
    /// All accounts: a question about some of them has the numbers of the list.
    all: Vec<Account>,
}

impl<'a> Terminal<'a> {
    /// A terminal; the file with the PIN is read at once, so that a mistake shows before a claim.
    pub fn new(voice: &'a Voice, clock: Arc<dyn Clock>, answers: Answers) -> Result<Self, Failure> {
        let pin = answers.pin_file.as_deref().map(first_line).transpose()?;
        Ok(Self { voice, clock, answers, pin, all: Vec::new() })
    }

    /// The same, who knows the list of accounts.
    pub fn among(self, all: Vec<Account>) -> Self {
        Self { all, ..self }
    }

    /// The number that the list has for an account.
    fn number_of(&self, account: &Account) -> Option<usize> {
        self.all.iter().position(|kept| kept.is(account)).and_then(|index| index.checked_add(1))
    }

    /// What was typed, as an index into some of the accounts: Enter is the first, which is proposed.
    fn chosen(&self, accounts: &[Account], typed: &str) -> Option<usize> {
        if typed.is_empty() {
            return Some(0);
        }
        let wanted = find_account(&self.all, typed).and_then(|index| self.all.get(index))?;
        accounts.iter().position(|account| account.is(wanted))
    }

    /// The PIN of the file, if one was given.
    pub fn given_pin(&self) -> Option<&Zeroizing<String>> {
        self.pin.as_ref()
    }
}

/// The account with this number in the list, or with this name.
pub fn find_account(accounts: &[Account], wanted: &str) -> Option<usize> {
    let by_number = wanted.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    if let Some(index) = by_number.filter(|index| *index < accounts.len()) {
        return Some(index);
    }
    let mut named = accounts.iter().enumerate().filter(|(_, account)| account.name == wanted);
    let found = named.next().map(|(index, _)| index);
    // Two accounts of one name at two servers: the number must say which.
    if named.next().is_some() { None } else { found }
}

impl Human for Terminal<'_> {
    async fn choose(&self, accounts: &[Account]) -> Result<usize, Cancelled> {
        let list: Vec<_> = accounts.iter().map(show::account_event).collect();
        self.voice.event("choose", &json!({ "accounts": list }));
        self.voice.say("Which account?");
        for account in accounts {
            self.voice.say(&format!("  {}", show::account(self.number_of(account).unwrap_or(0), account)));
        }
        let first = accounts.first().and_then(|account| self.number_of(account)).unwrap_or(0);
        for _ in 0..TRIES {
            let typed = self.voice.ask(&format!("Number (Enter for {first}): ")).ok_or(Cancelled)?;
            if let Some(index) = self.chosen(accounts, typed.trim()) {
                return Ok(index);
            }
            self.voice.say("That is none of these.");
        }
        Err(Cancelled)
    }

    async fn decide(&self, account: &Account, context: &Context) -> Result<Verdict, Cancelled> {
        self.voice.event("context", &json!({ "context": context, "for": show::account_event(account) }));
        self.voice.say(&show::context(account, context, self.clock.now()));
        if let Some(choice) = self.answers.decision {
            return Ok(choice.into());
        }
        for _ in 0..TRIES {
            let typed = self.voice.ask("[d]eny (default), [r]eport, [a]pprove: ").ok_or(Cancelled)?;
            match typed.to_ascii_lowercase().as_str() {
                "" | "d" | "deny" => return Ok(Verdict::Deny),
                "r" | "report" => return Ok(Verdict::Report),
                "a" | "approve" => return Ok(Verdict::Approve),
                _ => self.voice.say("Please type d, r or a."),
            }
        }
        Ok(Verdict::Deny)
    }

    async fn number(&self, digits: u8, tries_left: u8) -> Result<String, Cancelled> {
        if let Some(number) = &self.answers.number {
            return Ok(number.clone());
        }
        self.voice.event("number_needed", &json!({ "digits": digits, "tries_left": tries_left }));
        for _ in 0..TRIES {
            let question = format!("The {digits}-digit number that the browser shows: ");
            let typed = typed::digits(&self.voice.ask(&question).ok_or(Cancelled)?);
            if typed.len() == usize::from(digits) && typed.bytes().all(|byte| byte.is_ascii_digit()) {
                return Ok(typed);
            }
            self.voice.say(&format!("These are not {digits} digits."));
        }
        Err(Cancelled)
    }

    async fn pin(&self, account: &Account) -> Result<Zeroizing<String>, Cancelled> {
        if let Some(pin) = &self.pin {
            return Ok(pin.clone());
        }
        let question = format!("PIN for {}: ", crate::voice::clean(&account.name));
        match self.voice.secret(&question) {
            Ok(pin) if !pin.is_empty() => Ok(pin),
            Ok(_) => Err(Cancelled),
            Err(failure) => {
                self.voice.say(&failure.to_string());
                Err(Cancelled)
            }
        }
    }

    async fn show(&self, prompt: &Prompt) {
        self.voice.event("show", prompt);
        match prompt {
            Prompt::ShowCode { code } => self.voice.say(&format!(
                "\nApproved. Type this code into the browser, within two minutes:\n\n    {}\n\n\
                 Nobody else needs it: not the help desk, and no other page.",
                show::grouped(code)
            )),
            Prompt::Return { url } => {
                self.voice.say(&format!("\nApproved. Go on in the same browser:\n\n{url}\n"));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
#[path = "terminal/tests.rs"]
mod tests;
