//! How does a device claim a sign-in, see what it is about and decide?

use std::fmt;

use idp_protocol::{
    Octets,
    context::{Confirm, Context, Decided, Purpose, UserVerification, Waiting},
    link::{Link, Origin, Target},
    message::{
        AddDecision, CibaDecision, Decision, EnrolDecision, GrantDecision, Message, Pending, Posted,
        PushDecision, QrClaim, QrDecision, Reference, Verdict,
    },
    prompt::{Prompt, normalise_user_code},
    typed,
};
use zeroize::Zeroizing;

use crate::{Account, Authenticator, Error, Party, Signer, Stage, Transport, trust::text};

/// A sign-in ticket, and how it came to the device.
#[derive(Clone, PartialEq, Eq)]
pub struct Ticket {
    origin: Origin,
    reference: Reference,
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl Ticket {
    /// A ticket from the camera: of a browser's sign-in, of a device without a keyboard, or of an application.
    ///
    /// # Errors
    /// [`Error::NeedsLink`] for the code of a same-device sign-in: who scans it sits at another device.
    pub fn from_scan(text: &str) -> Result<Self, Error> {
        Self::seen(text, |ticket| Reference::Scan { ticket })
    }

    /// A ticket from a picture that the person chose.
    ///
    /// # Errors
    /// As [`Ticket::from_scan`].
    pub fn from_picture(text: &str) -> Result<Self, Error> {
        Self::seen(text, |ticket| Reference::Picture { ticket })
    }

    fn seen(text: &str, of_browser: impl FnOnce(Vec<u8>) -> Reference) -> Result<Self, Error> {
        let Link { origin, target } = Link::parse(text)?;
        match target {
            Target::Scan(ticket) => Ok(Self { origin, reference: of_browser(ticket) }),
            Target::Grant(ticket) => Ok(Self { origin, reference: Reference::Grant { ticket } }),
            Target::Backchannel(ticket) => Ok(Self { origin, reference: Reference::Backchannel { ticket } }),
            Target::SameDevice(_) => Err(Error::NeedsLink),
            Target::Enrol(_) | Target::Codes(_) => Err(Error::IsEnrolment),
            Target::Offline(_) => Err(Error::IsOffline),
        }
    }

    /// A ticket of a browser on the same device, from the link that it opened.
    ///
    /// # Errors
    /// [`Error::NeedsScan`] for a code that must be scanned: as a link in a mail it would be QR phishing
    /// without a camera.
    pub fn from_link(text: &str) -> Result<Self, Error> {
        let link = Link::parse(text)?;
        match link.target {
            Target::SameDevice(ticket) => {
                Ok(Self { origin: link.origin, reference: Reference::Link { ticket } })
            }
            Target::Scan(_) | Target::Grant(_) | Target::Offline(_) | Target::Backchannel(_) => {
                Err(Error::NeedsScan)
            }
            Target::Enrol(_) | Target::Codes(_) => Err(Error::IsEnrolment),
        }
    }

    /// Whose ticket it says it is.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Whom it says that it signs in to.
    #[must_use]
    pub fn party(&self) -> Party {
        let mark = match &self.reference {
            Reference::Scan { ticket }
            | Reference::Picture { ticket }
            | Reference::Link { ticket }
            | Reference::Grant { ticket }
            | Reference::Backchannel { ticket } => mark(ticket),
            Reference::Code { .. } => None,
        };
        Party { issuer: self.origin.clone(), mark }
    }
}

/// The mark of the application, behind version and number of the key; a ticket of another version has none.
fn mark(ticket: &[u8]) -> Option<Octets<2>> {
    match ticket {
        [2, _, first, second, ..] => Some(Octets([*first, *second])),
        _ => None,
    }
}

/// Something that waits for a decision, and that the server signed for this device.
#[derive(Clone, Debug)]
pub struct Claimed {
    account: Account,
    context: Context,
    message: String,
    /// Whom it signs in to, where that was known before the claim.
    party: Option<Party>,
}

impl Claimed {
    /// Which of the device's accounts is asked.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// What is asked.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The signed bytes that a decision covers.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// What waits for a device, and whether its server lets devices wait.
pub(crate) struct Looked {
    pub claimed: Vec<Claimed>,
    pub waits: bool,
}

/// What the person answers.
#[non_exhaustive]
pub struct Answer {
    /// The decision.
    pub verdict: Verdict,
    /// The number from the browser, where the context asks for one.
    pub number: Option<String>,
    /// The PIN, where the context asks for one.
    pub pin: Option<Zeroizing<String>>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("verdict", &self.verdict).finish_non_exhaustive()
    }
}

impl Answer {
    /// An answer without number and PIN.
    #[must_use]
    pub fn new(verdict: Verdict) -> Self {
        Self { verdict, number: None, pin: None }
    }

    /// With the number from the browser.
    #[must_use]
    pub fn number(mut self, number: &str) -> Self {
        self.number = Some(typed::digits(number));
        self
    }

    /// With the PIN.
    #[must_use]
    pub fn pin(mut self, pin: &str) -> Self {
        self.pin = Some(Zeroizing::new(pin.to_owned()));
        self
    }

    /// What an approval needs must be there; a denial needs nothing, so that nothing stands in its way.
    fn check(&self, context: &Context) -> Result<(), Error> {
        if self.verdict != Verdict::Approve {
            return Ok(());
        }
        if let Confirm::NumberFromBrowser { digits, .. } = context.confirm {
            let fits = |number: &String| {
                number.len() == usize::from(digits) && number.bytes().all(|byte| byte.is_ascii_digit())
            };
            self.number.as_ref().filter(|number| fits(number)).ok_or(Error::NumberNeeded(digits))?;
        }
        match context.uv {
            UserVerification::None => Ok(()),
            UserVerification::Pin if self.pin.is_some() => Ok(()),
            UserVerification::Pin => Err(Error::PinNeeded),
            UserVerification::Platform => Err(Error::NoPlatformVerification),
        }
    }
}

impl<T: Transport> Authenticator<T> {
    /// The active accounts that a ticket can be used with, the one to propose first: the one that was used last for the
    /// same application, or else the first one of the order.
    ///
    /// # Errors
    /// [`Error::Foreign`] if there is none: such a code is rejected before any network call.
    pub fn accounts_for(&self, ticket: &Ticket) -> Result<Vec<Account>, Error> {
        let mut accounts = self.accounts()?;
        accounts.retain(|account| account.issuer == ticket.origin && account.is_active());
        if accounts.is_empty() {
            return Err(Error::Foreign(ticket.origin.clone()));
        }
        let last = self.store.used(&ticket.party())?;
        accounts.sort_by_key(|account| Some(account.device) != last);
        Ok(accounts)
    }

    /// Q4: claims the sign-in of a ticket for one of the device's accounts.
    ///
    /// # Errors
    /// [`Error::Foreign`] if the ticket is of another server than the account, [`Error::Refused`] if it is
    /// over or was claimed by another device, [`Error::NotAuthentic`] for an answer of somebody else.
    pub async fn claim(&self, account: &Account, ticket: &Ticket) -> Result<Claimed, Error> {
        if account.issuer != ticket.origin {
            return Err(Error::Foreign(ticket.origin.clone()));
        }
        let claimed = self.claim_reference(account, ticket.reference.clone()).await?;
        Ok(Claimed { party: Some(ticket.party()), ..claimed })
    }

    /// Q4 with the code that the person typed instead of scanning.
    ///
    /// # Errors
    /// [`Error::BadUserCode`] if it is none, otherwise as [`Authenticator::claim`].
    pub async fn claim_code(&self, account: &Account, typed: &str) -> Result<Claimed, Error> {
        let code = normalise_user_code(typed).ok_or(Error::BadUserCode)?;
        self.claim_reference(account, Reference::Code { code }).await
    }

    async fn claim_reference(&self, account: &Account, reference: Reference) -> Result<Claimed, Error> {
        let signer = Signer::of(&self.crypto, account)?;
        let body = self
            .post::<QrClaim>(&account.issuer, &mut None, |now| {
                let claim = QrClaim { reference: reference.clone(), account: account.id };
                let message = signer.sign(&signer.claims(now, claim))?;
                Ok(Posted { message, mac: None, pin_proof: None })
            })
            .await?;
        self.claimed(account, &signer, text(body)?).await
    }

    async fn claimed(&self, account: &Account, signer: &Signer, message: String) -> Result<Claimed, Error> {
        let said = self.read::<Context>(account, &signer.thumbprint(), &message).await?;
        if said.msg.account != account.id {
            return Err(Error::OutOfStep);
        }
        Ok(Claimed { account: account.clone(), context: said.msg, message, party: None })
    }

    /// What waits for this device at the account's server, the newest first.
    ///
    /// # Errors
    /// [`Error::Refused`] if the device is not known any more, [`Error::NotAuthentic`] for contexts of
    /// somebody else.
    pub async fn pending(&self, account: &Account) -> Result<Vec<Claimed>, Error> {
        Ok(self.look(account, None).await?.claimed)
    }

    /// The same; a server that can keeps the answer for so many seconds until something waits.
    pub(crate) async fn look(&self, account: &Account, wait: Option<u8>) -> Result<Looked, Error> {
        let signer = Signer::of(&self.crypto, account)?;
        let sign = |now| Ok(signer.sign(&signer.claims(now, Pending {}))?);
        let answer = self.get_signed::<Pending>(&account.issuer, wait, sign).await?;
        let waiting: Waiting = serde_json::from_slice(&answer.body).map_err(|_| Error::Newer)?;
        self.set_time(&account.issuer, waiting.time);
        let mut claimed = Vec::new();
        for message in waiting.contexts {
            match self.claimed(account, &signer, message).await {
                // A purpose that only a newer authenticator knows must not hide the others.
                Err(Error::Newer) => {}
                other => claimed.push(other?),
            }
        }
        Ok(Looked { claimed, waits: answer.waits })
    }

    /// Q7, P5, E5 and the approval of another authenticator: signs the decision about exactly the bytes that
    /// were claimed. The first approval makes the account active, its denial removes it.
    ///
    /// # Errors
    /// [`Error::PinNeeded`] or [`Error::NumberNeeded`] before anything is sent; [`Error::Refused`] with
    /// [`idp_protocol::ErrorCode::Wrong`] for a wrong PIN or number.
    pub async fn decide(&self, claimed: &Claimed, answer: &Answer) -> Result<Decided, Error> {
        answer.check(&claimed.context)?;
        let decision = Decision {
            ceremony: claimed.context.ceremony,
            context: Octets(self.digest(claimed.message.as_bytes())),
            decision: answer.verdict,
            account: claimed.account.id,
            number: answer.number.clone(),
        };
        match claimed.context.purpose {
            Purpose::SignIn { .. } => self.send(claimed, answer, &QrDecision(decision)).await,
            Purpose::Push { .. } => self.send(claimed, answer, &PushDecision(decision)).await,
            Purpose::DeviceGrant { .. } => self.send(claimed, answer, &GrantDecision(decision)).await,
            Purpose::Backchannel { .. } => self.send(claimed, answer, &CibaDecision(decision)).await,
            Purpose::AddAuthenticator => self.send(claimed, answer, &AddDecision(decision)).await,
            Purpose::FirstApproval => {
                let decided = self.send(claimed, answer, &EnrolDecision(decision)).await?;
                self.settle(claimed, answer.verdict)?;
                Ok(decided)
            }
            _ => Err(Error::Newer),
        }
    }

    async fn send<M: Message + Clone>(
        &self,
        claimed: &Claimed,
        answer: &Answer,
        msg: &M,
    ) -> Result<Decided, Error> {
        let account = &claimed.account;
        let signer = Signer::of(&self.crypto, account)?;
        let body = self
            .post::<M>(&account.issuer, &mut None, |now| {
                let message = signer.sign(&signer.claims(now, msg.clone()))?;
                let pin_proof = answer.pin.as_ref().map(|pin| signer.pin_proof(pin, M::TYP, &message));
                Ok(Posted { message, mac: None, pin_proof })
            })
            .await?;
        let said = self.read::<Decided>(account, &signer.thumbprint(), &text(body)?).await?;
        let fits = said.msg.ceremony == claimed.context.ceremony && said.msg.outcome == answer.verdict;
        if !fits || !leads_home(&said.msg, &account.issuer) {
            return Err(Error::OutOfStep);
        }
        if let (Verdict::Approve, Some(party)) = (answer.verdict, &claimed.party) {
            // The approval is given: a proposal that cannot be kept for the next time is no reason to say otherwise.
            let _ = self.store.remember(party, account);
        }
        Ok(said.msg)
    }

    fn settle(&self, claimed: &Claimed, verdict: Verdict) -> Result<(), Error> {
        if verdict != Verdict::Approve {
            return Ok(self.store.remove(&claimed.account)?);
        }
        let name = claimed.context.account_name.clone();
        let active = Account { name, stage: Stage::Active, ..claimed.account.clone() };
        self.store.put(&active)?;
        self.forget_replaced(&active)
    }
}

/// A return address leads to the server itself, so that no mistake of it opens a foreign page.
fn leads_home(decided: &Decided, issuer: &Origin) -> bool {
    match &decided.prompt {
        Some(Prompt::Return { url }) => {
            url.strip_prefix(issuer.as_str()).is_some_and(|path| path.starts_with('/'))
        }
        _ => true,
    }
}
