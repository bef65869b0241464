//! How is the person asked?

use std::{
    future::Future,
    sync::{Mutex, PoisonError},
};

use idp_protocol::{Prompt, context::Context, message::Verdict};
use zeroize::Zeroizing;

use crate::Account;

/// The person gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

/// The person in front of the device.
pub trait Human: Send + Sync {
    /// Which of these accounts? The first one is proposed: it is what Enter chooses. The answer is an index.
    fn choose(&self, accounts: &[Account]) -> impl Future<Output = Result<usize, Cancelled>> + Send;

    /// Shows what is asked and takes the decision. **Deny stands first** and is what Enter does: an approval
    /// must be an act, or a tired person approves what an attacker started.
    fn decide(
        &self,
        account: &Account,
        context: &Context,
    ) -> impl Future<Output = Result<Verdict, Cancelled>> + Send;

    /// Asks for the number that the browser shows.
    fn number(&self, digits: u8, tries_left: u8) -> impl Future<Output = Result<String, Cancelled>> + Send;

    /// Asks for the PIN of the account.
    fn pin(&self, account: &Account) -> impl Future<Output = Result<Zeroizing<String>, Cancelled>> + Send;

    /// Shows what comes next: a code for the browser, or the address to go back to.
    fn show(&self, prompt: &Prompt) -> impl Future<Output = ()> + Send;
}

/// A person that a test wrote down: always decides the same, and remembers what was shown.
#[derive(Debug, Default)]
pub struct Scripted {
    verdict: Option<Verdict>,
    pin: Option<String>,
    number: Option<String>,
    account: usize,
    contexts: Mutex<Vec<Context>>,
    prompts: Mutex<Vec<Prompt>>,
    proposed: Mutex<Vec<String>>,
}

impl Scripted {
    /// A person who decides so and knows neither PIN nor number.
    #[must_use]
    pub fn new(verdict: Verdict) -> Self {
        Self { verdict: Some(verdict), ..Self::default() }
    }

    /// The PIN that this person types.
    #[must_use]
    pub fn pin(mut self, pin: &str) -> Self {
        self.pin = Some(pin.to_owned());
        self
    }

    /// The number that this person copies from the browser.
    #[must_use]
    pub fn number(mut self, number: &str) -> Self {
        self.number = Some(number.to_owned());
        self
    }

    /// Which account this person chooses.
    #[must_use]
    pub fn account(mut self, index: usize) -> Self {
        self.account = index;
        self
    }

    /// What this person was asked to decide about, the oldest first.
    #[must_use]
    pub fn seen(&self) -> Vec<Context> {
        self.contexts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The names of the accounts that were proposed to this person, the oldest first.
    #[must_use]
    pub fn proposed(&self) -> Vec<String> {
        self.proposed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What this person was shown, the oldest first.
    #[must_use]
    pub fn shown(&self) -> Vec<Prompt> {
        self.prompts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Human for Scripted {
    async fn choose(&self, accounts: &[Account]) -> Result<usize, Cancelled> {
        let first = accounts.first().map(|account| account.name.clone());
        self.proposed.lock().unwrap_or_else(PoisonError::into_inner).extend(first);
        Ok(self.account)
    }

    async fn decide(&self, _: &Account, context: &Context) -> Result<Verdict, Cancelled> {
        self.contexts.lock().unwrap_or_else(PoisonError::into_inner).push(context.clone());
        self.verdict.ok_or(Cancelled)
    }

    async fn number(&self, _: u8, _: u8) -> Result<String, Cancelled> {
        self.number.clone().ok_or(Cancelled)
    }

    async fn pin(&self, _: &Account) -> Result<Zeroizing<String>, Cancelled> {
        self.pin.clone().map(Zeroizing::new).ok_or(Cancelled)
    }

    async fn show(&self, prompt: &Prompt) {
        self.prompts.lock().unwrap_or_else(PoisonError::into_inner).push(prompt.clone());
    }
}
