//! How does a device without network sign in: which account opens the ticket, and with which code is it answered?
//!
//! Nothing in this file can reach a network: the functions ask for no [`Transport`](crate::Transport).

use std::fmt;

use idp_protocol::{
    Octets,
    context::{Confirm, Context, From, Purpose, UserVerification},
    link::{Link, Origin, Target},
    message::Verdict,
    offline::{Asked, With},
};

use crate::{Account, Authenticator, Error, Human, Signer};

/// How far the clocks of device and server may be apart before the person is told, in seconds.
const CLOCKS_APART: i64 = 120;

/// An offline ticket, from a QR code.
#[derive(Clone, PartialEq, Eq)]
pub struct OfflineTicket {
    origin: Origin,
    ticket: Vec<u8>,
}

impl fmt::Debug for OfflineTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OfflineTicket").field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl OfflineTicket {
    /// Reads the text of a QR code, from the camera or from a picture that the person chose. There is none for a link:
    /// whoever could send one would have it answered without being seen.
    ///
    /// # Errors
    /// [`Error::NotOffline`] for another code of the protocol, [`Error::Link`] for anything else.
    pub fn from_picture(text: &str) -> Result<Self, Error> {
        match Link::parse(text)? {
            Link { origin, target: Target::Offline(ticket) } => Ok(Self { origin, ticket }),
            Link { target: Target::Enrol(_), .. } => Err(Error::IsEnrolment),
            _ => Err(Error::NotOffline),
        }
    }

    /// Whose ticket it says it is.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }
}

/// A ticket that one of the accounts opened: its server made it for this device.
#[derive(Debug)]
pub struct Opened {
    account: Account,
    context: Context,
    asked: Asked,
}

/// What the person decided, and what to type into the browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The decision.
    pub verdict: Verdict,
    /// The 8 digits. Who denies types nothing.
    pub code: Option<String>,
    /// For how many seconds they are taken, by our clock; at most what the ticket says.
    pub seconds_left: i64,
}

impl Opened {
    /// The account that opened it.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// What is asked. The server had no room to say more than application, address and place.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// How many seconds the server's clock was ahead of ours when it made the ticket, if that is too much to come from
    /// scanning late: either clock is wrong, or the ticket is an old one that somebody kept.
    #[must_use]
    pub fn clocks_apart(&self, now: i64) -> Option<i64> {
        let ahead = self.asked.request.issued_at.saturating_sub(now);
        let late = i64::from(self.asked.request.life);
        (ahead > CLOCKS_APART || ahead < late.saturating_add(CLOCKS_APART).saturating_neg()).then_some(ahead)
    }
}

impl<T> Authenticator<T> {
    /// Opens a ticket with the account that it is for, among all accounts at its server.
    ///
    /// # Errors
    /// [`Error::Foreign`] if the device has no account there, [`Error::UnknownTicket`] if none opens it: it is for
    /// another device, for nobody, or not of that server.
    pub fn open_offline(&self, ticket: &OfflineTicket) -> Result<Opened, Error> {
        let mut accounts = self.store.accounts()?;
        accounts.retain(|account| account.issuer == ticket.origin && account.is_active());
        if accounts.is_empty() {
            return Err(Error::Foreign(ticket.origin.clone()));
        }
        let opened = accounts.into_iter().find_map(|account| self.opened_by(account, &ticket.ticket));
        opened.ok_or(Error::UnknownTicket)
    }

    fn opened_by(&self, account: Account, ticket: &[u8]) -> Option<Opened> {
        let now = self.clock.now();
        // Our clock may be wrong, and nobody is there to ask: a day of grace on both sides.
        let holds = |nbf: i64, exp: i64| {
            now > nbf.saturating_sub(crate::trust::DAY) && now < exp.saturating_add(crate::trust::DAY)
        };
        let senders = account.server_keys.iter().filter(|key| holds(key.nbf, key.exp));
        let (issuer, own) = (account.issuer.as_str(), &account.keys.agreement);
        let open = |sender: [u8; 65]| Asked::open(&self.crypto, issuer, own, &sender, ticket).ok();
        let asked = senders.map(|key| key.jwk.point()).find_map(open)?;
        Some(Opened { context: context(&account, &asked), account, asked })
    }

    /// The code for a decision; none for a denial, which needs nothing but to be forgotten.
    ///
    /// # Errors
    /// [`Error::PinNeeded`] for an approval without the PIN where the ticket wants it. A wrong PIN leads to a wrong code:
    /// this device cannot tell.
    pub fn code_offline(
        &self,
        opened: &Opened,
        verdict: Verdict,
        pin: Option<&str>,
    ) -> Result<Option<String>, Error> {
        let with = opened.asked.request.with;
        match (verdict, with, pin) {
            (Verdict::Deny, _, _) => Ok(None),
            (Verdict::Report, _, _) => Ok(Some(opened.asked.report(&self.crypto))),
            (Verdict::Approve, With::Secret, _) => Ok(Some(opened.asked.approval(&self.crypto, None))),
            (Verdict::Approve, With::Pin, Some(pin)) => {
                let key = Signer::of(&self.crypto, &opened.account)?.pin_key(pin);
                Ok(Some(opened.asked.approval(&self.crypto, Some(&key))))
            }
            (Verdict::Approve, With::Pin, None) => Err(Error::PinNeeded),
        }
    }

    /// Asks the person about a ticket: decision first, PIN where an approval needs it.
    ///
    /// # Errors
    /// As [`Authenticator::code_offline`]; [`Error::Cancelled`].
    pub async fn answer_offline(&self, opened: &Opened, human: &impl Human) -> Result<Answered, Error> {
        let verdict = human.decide(&opened.account, &opened.context).await?;
        let asks_pin = verdict == Verdict::Approve && opened.asked.request.with == With::Pin;
        let pin = if asks_pin { Some(human.pin(&opened.account).await?) } else { None };
        let code = self.code_offline(opened, verdict, pin.as_deref().map(String::as_str))?;
        let life = i64::from(opened.asked.request.life);
        let left = opened.context.expires_at.saturating_sub(self.clock.now());
        Ok(Answered { verdict, code, seconds_left: left.clamp(0, life) })
    }
}

fn context(account: &Account, asked: &Asked) -> Context {
    let request = &asked.request;
    Context {
        ceremony: Octets(request.ceremony),
        account: account.id,
        account_name: account.name.clone(),
        purpose: Purpose::SignIn {
            client: request.client.clone(),
            redirect_host: String::new(),
            opens: request.opens,
        },
        from: From {
            address: request.address.to_string(),
            place: request.place.clone(),
            browser: String::new(),
        },
        requested_at: request.issued_at,
        expires_at: request.issued_at.saturating_add(request.life.into()),
        risks: Vec::new(),
        confirm: Confirm::CodeToBrowser,
        uv: match request.with {
            With::Pin => UserVerification::Pin,
            With::Secret => UserVerification::None,
        },
    }
}
