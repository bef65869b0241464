//! In which order is the person asked?

use std::time::Duration;

use idp_protocol::{
    ErrorCode, Prompt,
    context::{Confirm, Decided, Purpose, UserVerification},
    message::Verdict,
};

use crate::{Account, Answer, Authenticator, Claimed, Error, Human, Ticket, Transport};

/// How long the portal waits for the code and the first approval, in seconds.
const FIRST_APPROVAL: i64 = 600;
const POLL: Duration = Duration::from_secs(1);

impl<T: Transport> Authenticator<T> {
    /// Signs in with a ticket: account, claim, decision, number, PIN, and what comes next. If several accounts fit the
    /// person is asked, and the first of them is proposed ([`Authenticator::accounts_for`]).
    ///
    /// # Errors
    /// Those of [`Authenticator::claim`] and [`Authenticator::decide`]; [`Error::Cancelled`].
    pub async fn sign_in(&self, ticket: &Ticket, human: &impl Human) -> Result<Decided, Error> {
        let account = choose(self.accounts_for(ticket)?, human).await?;
        self.sign_in_as(&account, ticket, human).await
    }

    /// The same with an account that the person named beforehand: nothing is proposed or asked.
    ///
    /// # Errors
    /// As [`Authenticator::sign_in`]; [`Error::OtherServer`] if the ticket is of another server than the account.
    pub async fn sign_in_as(
        &self,
        account: &Account,
        ticket: &Ticket,
        human: &impl Human,
    ) -> Result<Decided, Error> {
        if account.issuer != *ticket.origin() {
            return Err(Error::OtherServer(ticket.origin().clone()));
        }
        self.answer(&self.claim(account, ticket).await?, human).await
    }

    /// Signs in with a user code that the person typed. It says nothing of a server, so the first account of the order is
    /// proposed.
    ///
    /// # Errors
    /// [`Error::BadUserCode`], [`Error::NoAccount`], otherwise as [`Authenticator::sign_in`].
    pub async fn sign_in_by_code(&self, code: &str, human: &impl Human) -> Result<Decided, Error> {
        let mut accounts = self.accounts()?;
        accounts.retain(Account::is_active);
        let account = choose(accounts, human).await?;
        self.sign_in_by_code_as(&account, code, human).await
    }

    /// The same with an account that the person named beforehand.
    ///
    /// # Errors
    /// As [`Authenticator::sign_in_by_code`].
    pub async fn sign_in_by_code_as(
        &self,
        account: &Account,
        code: &str,
        human: &impl Human,
    ) -> Result<Decided, Error> {
        self.answer(&self.claim_code(account, code).await?, human).await
    }

    /// Asks the person about one context, sends the decision and shows what comes next.
    ///
    /// # Errors
    /// Those of [`Authenticator::decide`]; [`Error::Cancelled`].
    pub async fn answer(&self, claimed: &Claimed, human: &impl Human) -> Result<Decided, Error> {
        let (account, context) = (claimed.account(), claimed.context());
        let mut answer = Answer::new(human.decide(account, context).await?);
        if answer.verdict == Verdict::Approve {
            if let Confirm::NumberFromBrowser { digits, tries_left } = context.confirm {
                answer.number = Some(human.number(digits, tries_left).await?);
            }
            if context.uv == UserVerification::Pin {
                answer.pin = Some(human.pin(account).await?);
            }
        }
        let decided = self.decide(claimed, &answer).await?;
        if let Some(prompt) = decided.prompt.as_ref().filter(|prompt| is_for_people(prompt)) {
            human.show(prompt).await;
        }
        Ok(decided)
    }

    /// Waits until the code was typed into the portal, and then asks for the first approval; a wrong number
    /// or PIN is asked for again while the server allows it. On success the account is active.
    ///
    /// # Errors
    /// [`Error::TooLate`] after ten minutes, [`Error::Refused`] once the enrolment is burned.
    pub async fn finish_enrolment(&self, account: &Account, human: &impl Human) -> Result<Decided, Error> {
        let end = self.clock.now().saturating_add(FIRST_APPROVAL);
        let mut stage = Waiting::ForCode;
        loop {
            let claimed = self.first_approval(account, end, &mut stage).await?;
            match self.answer(&claimed, human).await {
                // Each try has a number, and so a context, of its own.
                Err(error) if error.code() == Some(ErrorCode::Wrong) && self.clock.now() < end => {
                    self.clock.sleep(POLL).await;
                }
                other => return other,
            }
        }
    }

    async fn first_approval(
        &self,
        account: &Account,
        end: i64,
        stage: &mut Waiting,
    ) -> Result<Claimed, Error> {
        loop {
            match self.pending(account).await {
                Ok(waiting) => {
                    *stage = Waiting::ForApproval;
                    let first = |claimed: &Claimed| claimed.context().purpose == Purpose::FirstApproval;
                    if let Some(found) = waiting.into_iter().find(first) {
                        return Ok(found);
                    }
                }
                Err(error) if stage.sits_out(&error) => {}
                Err(error) => return Err(error),
            }
            if self.clock.now() >= end {
                return Err(Error::TooLate);
            }
            self.clock.sleep(POLL).await;
        }
    }
}

/// What a new device waits for.
enum Waiting {
    /// Until the person has typed the code, the server does not talk to the device.
    ForCode,
    /// From then on it does; if it stops, the enrolment was ended.
    ForApproval,
}

impl Waiting {
    fn sits_out(&self, error: &Error) -> bool {
        match error.code() {
            None => matches!(error, Error::Network(_)),
            Some(ErrorCode::TooMany | ErrorCode::Unavailable) => true,
            Some(ErrorCode::DeviceNotActive | ErrorCode::OutOfStep) => matches!(self, Self::ForCode),
            Some(_) => false,
        }
    }
}

fn is_for_people(prompt: &Prompt) -> bool {
    matches!(prompt, Prompt::ShowCode { .. } | Prompt::Return { .. })
}

async fn choose(mut accounts: Vec<Account>, human: &impl Human) -> Result<Account, Error> {
    let index = if accounts.len() > 1 { human.choose(&accounts).await? } else { 0 };
    if index < accounts.len() { Ok(accounts.swap_remove(index)) } else { Err(Error::NoAccount) }
}
