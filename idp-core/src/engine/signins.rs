//! A sign-in: opened when a browser arrives, filled with evidence, finished into a session.

use super::{
    CeremonyView, Engine,
    record::{OpenSignIn, sign_in_aad},
};
use crate::{
    Error, Fault, Id, Refusal, Time,
    ceremony::CeremonyRow,
    claimant::Claimant,
    erased::ErasedMethod,
    evidence::{Assurance, Evidence, Uv},
    method::{Begins, Eligibility, Entry, InTurn, OwnedSubject, UvSource},
    policy::Acr,
    session::SessionRow,
    signin::{Ask, Initiator, SignIn, SignInRow, SignInWrite, Stage},
    store::{Batch, Write},
    users::User,
    verified::Verified,
};

/// How long a finish may be repeated, in seconds: the answer may have been lost.
const FINISH_REPEATS: i64 = 30;

/// A sign-in that is about to be opened.
#[derive(Clone, Debug)]
pub struct NewSignIn {
    /// What is asked for, and by whom.
    pub ask: Ask,
    /// Who it must be, where that is known already.
    pub subject: Option<Id<User>>,
    /// Evidence that counts already: of the session that is stepped up.
    pub ledger: Vec<Evidence>,
}

impl NewSignIn {
    /// A sign-in of somebody who is not known yet.
    #[must_use]
    pub fn of(ask: Ask) -> Self {
        Self { ask, subject: None, ledger: Vec::new() }
    }
}

/// What a sign-in page shows.
#[derive(Clone, Debug)]
pub struct SignInPage {
    /// The sign-in.
    pub id: Id<SignInRow>,
    /// What is asked for, and by whom.
    pub ask: Ask,
    /// Where it stands.
    pub stage: Stage,
    /// Who it is, or must be; unknown before the first evidence (F6).
    pub user: Option<User>,
    /// The class that is still to be reached, if one is asked for.
    pub missing: Option<Acr>,
    /// Whether something was shown already that counts.
    pub begun: bool,
    /// What can be used next.
    pub methods: Vec<MethodOffer>,
    /// The ceremonies that were begun, by kind.
    pub ceremonies: Vec<CeremonyView>,
}

/// A method on a sign-in page.
#[derive(Clone, Debug)]
pub struct MethodOffer {
    /// Its kind.
    pub kind: &'static str,
    /// How it begins.
    pub entry: Entry,
    /// Whether its answer tells who it is.
    pub usernameless: bool,
}

/// Whether the person was asked, and said, that the account is his.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// Nobody asked.
    Unasked,
    /// He said "continue".
    Confirmed,
}

/// A finished sign-in, for an embedder with sessions of his own.
#[derive(Debug)]
pub struct Finished {
    /// The proof.
    pub verified: Verified,
    /// What the caller parked.
    pub parked: Vec<u8>,
}

/// A finished sign-in with the session that it ended in.
#[derive(Debug)]
pub struct Opened {
    /// The session.
    pub session: SessionRow,
    /// The session's secret, for the browser's cookie.
    pub secret: Claimant,
    /// The new secret of the known-browser cookie, if it is to be set.
    pub known: Option<Claimant>,
    /// Who signed in.
    pub user: User,
    /// What the caller parked.
    pub parked: Vec<u8>,
}

impl Engine {
    /// Opens a sign-in for a browser.
    ///
    /// # Errors
    /// [`Refusal::TooMany`] if the address has too many open already.
    pub async fn open_sign_in(&self, claimant: &Claimant, new: NewSignIn) -> Result<Id<SignInRow>, Error> {
        let life = match new.ask.initiator {
            Initiator::Browser => self.settings.sign_in_life,
            Initiator::Device => self.settings.device_grant_life,
            Initiator::Client => self.settings.backchannel_life,
        };
        self.open_as(claimant, (Id::random(self.crypto()), life), new).await
    }

    /// The same under an id that the claimant is derived of, and for so many seconds.
    pub(super) async fn open_as(
        &self,
        claimant: &Claimant,
        named: (Id<SignInRow>, i64),
        new: NewSignIn,
    ) -> Result<Id<SignInRow>, Error> {
        let OpenSignIn { row, .. } = self.prepared(claimant, named, new).await?;
        let (id, keep) = (row.id, self.kept_of_a_browser());
        self.commit(Batch::new().with(Write::SignIn(SignInWrite::Insert { row, keep }))).await?;
        Ok(id)
    }

    /// How many older sign-ins of a browser stay open beside a new one.
    pub(super) fn kept_of_a_browser(&self) -> u32 {
        self.settings.sign_ins_per_browser.saturating_sub(1)
    }

    /// A sign-in that may be opened, and is not stored yet.
    pub(super) async fn prepared(
        &self,
        claimant: &Claimant,
        (id, life): (Id<SignInRow>, i64),
        mut new: NewSignIn,
    ) -> Result<OpenSignIn, Error> {
        let now = self.now();
        new.ask.requirement =
            self.required(&new.ask.client_id, &new.ask.from, None, new.ask.requirement).await?;
        let address = match new.ask.initiator {
            // Its server asks for many people, and must not use up what browsers and devices beside it may have open.
            Initiator::Client => format!("client {}", new.ask.client_id),
            Initiator::Browser | Initiator::Device => super::limits::host(new.ask.from.address),
        };
        // Evidence of a session that is stepped up counts only as far as the requirement lets it, and never
        // beyond the life of a session: old approvals must not be carried on for ever.
        let oldest = now + -self.settings.session_life;
        new.ledger.retain(|evidence| evidence.at > oldest && new.ask.requirement.counts(evidence));
        new.ledger = self.standing(new.ledger).await?.0;
        let source = self.lends(&mut new).await?;
        let is_counted = new.ask.initiator != Initiator::Client;
        if is_counted && self.store.open_sign_ins(&address, now).await? >= self.settings.sign_ins_per_address
        {
            return Err(Refusal::TooMany(now + 60).into());
        }
        let sign_in = SignIn {
            binding: claimant.binding(self.crypto(), id.bytes()),
            ask: new.ask,
            subject: new.subject,
            ledger: new.ledger,
            source,
            ceremonies: Vec::new(),
            stage: Stage::Open,
        };
        let row = SignInRow {
            id,
            revision: 0,
            browser: claimant.digest(self.crypto()),
            address,
            open: true,
            created_at: now,
            expires_at: now + life,
            body: self.sealer.seal_json(&sign_in_aad(id, 0), &sign_in)?,
        };
        Ok(OpenSignIn { row, sign_in })
    }

    /// What the page of a sign-in shows.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for a sign-in of somebody else, [`Refusal::Expired`] for one that is over.
    pub async fn sign_in(&self, claimant: &Claimant, id: Id<SignInRow>) -> Result<SignInPage, Error> {
        let open = self.load_own_sign_in(claimant, id).await?;
        if self.now() >= open.row.expires_at {
            return Err(Refusal::Expired.into());
        }
        let sign_in = &open.sign_in;
        let user = match sign_in.known() {
            Some(id) => self.active_user(id).await?,
            None => None,
        };
        let begun = counting(sign_in).next().is_some();
        let mut ceremonies = Vec::new();
        for (_, ceremony) in &sign_in.ceremonies {
            ceremonies.push(self.view(claimant, *ceremony).await?);
        }
        Ok(SignInPage {
            id,
            stage: sign_in.stage,
            missing: sign_in.ask.requirement.acr,
            begun,
            methods: self.offers(sign_in, user.as_ref()).await?,
            user,
            ceremonies,
            ask: open.sign_in.ask,
        })
    }

    async fn offers(&self, sign_in: &SignIn, user: Option<&User>) -> Result<Vec<MethodOffer>, Fault> {
        let from = user.map(|_| &sign_in.ask.from);
        let mut context = self.context(from, user.map(|user| user.id), None, self.now()).await?;
        context.begins = Some(Begins::in_sign_in(sign_in));
        let mut offers = Vec::new();
        for method in &self.methods {
            let used = counting(sign_in).any(|evidence| evidence.kind == method.kind());
            let allowed = sign_in.ask.requirement.allows(method.kind())
                && method.descriptor().initiator == sign_in.ask.initiator;
            let early = method.descriptor().turn == InTurn::AfterAFirstFactor && !sign_in.has_first_factor();
            if used || !allowed || early || !self.helps(sign_in, &**method) {
                continue;
            }
            if let Some(user) = user {
                let subject = OwnedSubject::User(user.clone());
                let about = self.about(method.kind(), subject, context.clone()).await?;
                let none = Id::from_bytes([0; 16]);
                let cx = self.cx(none, &about, method.tries());
                if method.eligibility(&cx) != Eligibility::Ready {
                    continue;
                }
            }
            let descriptor = method.descriptor();
            offers.push(MethodOffer {
                kind: method.kind(),
                entry: descriptor.entry,
                usernameless: descriptor.usernameless,
            });
        }
        Ok(offers)
    }

    /// Whether a method can end a sign-in for which something counts already. A page with a way that leads
    /// nowhere would be a trap.
    fn helps(&self, sign_in: &SignIn, method: &dyn ErasedMethod) -> bool {
        let Some(earlier) = counting(sign_in).next() else { return true };
        let descriptor = method.descriptor();
        let uv = match descriptor.uv {
            UvSource::Nobody => Uv::None,
            UvSource::PinInCode => self.pin_in_code(),
            UvSource::Engine | UvSource::Method => Uv::Platform,
        };
        descriptor.factors.iter().any(|factor| {
            let mut ledger = sign_in.ledger.clone();
            let (kind, at, assurance) = (method.kind().to_owned(), self.now(), Assurance::Usual);
            let shown = Evidence { kind, factor: *factor, uv, at, assurance, ..earlier.clone() };
            ledger.push(Evidence { approved_by: None, ..shown });
            sign_in.ask.requirement.is_met(&ledger)
        })
    }

    /// The sign-in with one more piece of evidence, and where it stands then.
    pub(super) async fn with_evidence(
        &self,
        open: &OpenSignIn,
        evidence: Evidence,
        now: Time,
    ) -> Result<(SignInRow, Stage), Error> {
        let mut sign_in = open.sign_in.clone();
        let same = sign_in.ledger.iter().all(|earlier| earlier.user == evidence.user);
        let expected = sign_in.subject.is_none_or(|subject| subject == evidence.user);
        if sign_in.stage != Stage::Open {
            return Err(Refusal::OutOfStep.into());
        }
        // All evidence names one user: a password of one account and a device of another open neither.
        if !same || !expected || !sign_in.ask.requirement.allows(&evidence.kind) {
            return Err(Refusal::NotAllowed.into());
        }
        let user = evidence.user;
        // Only now it is certain whose browser this should be.
        let Ask { client_id, from, requirement, .. } = &sign_in.ask;
        sign_in.ask.requirement = self.required(client_id, from, Some(user), requirement.clone()).await?;
        let asked = sign_in.subject.is_none() && self.is_usernameless(&evidence.kind);
        sign_in.ledger.push(evidence);
        let mut row = open.row.clone();
        if sign_in.ask.requirement.is_met(&sign_in.ledger) {
            let confirm = asked && !self.is_last_user(&sign_in, user, now).await?;
            sign_in.stage = Stage::Ready { at: now, confirm };
            row.expires_at = now + self.settings.code_window;
        }
        Ok((self.next_sign_in(&row, &sign_in)?, sign_in.stage))
    }

    pub(super) fn is_usernameless(&self, kind: &str) -> bool {
        self.method(kind).is_some_and(|method| method.descriptor().usernameless)
    }

    /// Whether the user is the last that this browser knows. If not, the person is asked whether the account
    /// is his: a victim must not be signed in as the attacker, and type secrets into the attacker's account.
    async fn is_last_user(&self, sign_in: &SignIn, user: Id<User>, now: Time) -> Result<bool, Fault> {
        let Some(known) = sign_in.ask.from.known else { return Ok(false) };
        Ok(self.store.known_users(known.0, now).await?.first() == Some(&user))
    }

    /// Finishes a sign-in for an embedder with sessions of his own. Once; a repeat within 30 s gets the same.
    ///
    /// # Errors
    /// [`Refusal::OutOfStep`] if evidence or the person's "continue" is missing, [`Refusal::Expired`] if it
    /// is over, [`Refusal::NotFound`] if it is another's or the account was switched off meanwhile.
    pub async fn finish(
        &self,
        claimant: &Claimant,
        id: Id<SignInRow>,
        account: Account,
    ) -> Result<Finished, Error> {
        let (open, verified, held) = self.finishable(claimant, id, account).await?;
        if let Some(next) = self.finished(&open)? {
            let mut batch = Batch::new();
            batch.extend(held);
            batch.push(SignInWrite::Update(next));
            let known = self.known_before(&open.sign_in, verified.user()).await?;
            batch.push(self.signed_in(&open.sign_in, &verified, known.is_some()));
            self.commit(batch).await?;
        }
        Ok(Finished { verified, parked: open.sign_in.ask.parked })
    }

    pub(super) async fn finishable(
        &self,
        claimant: &Claimant,
        id: Id<SignInRow>,
        account: Account,
    ) -> Result<(OpenSignIn, Verified, Vec<Write>), Error> {
        let open = self.load_own_sign_in(claimant, id).await?;
        let now = self.now();
        match open.sign_in.stage {
            Stage::Ready { .. } if now >= open.row.expires_at => return Err(Refusal::Expired.into()),
            Stage::Ready { confirm: true, .. } if account == Account::Unasked => {
                return Err(Refusal::OutOfStep.into());
            }
            Stage::Finished { at } if now - at > FINISH_REPEATS => return Err(Refusal::Expired.into()),
            Stage::Ready { .. } | Stage::Finished { .. } => {}
            Stage::Open => return Err(Refusal::OutOfStep.into()),
            Stage::Cancelled => return Err(Refusal::Expired.into()),
        }
        let user = match open.sign_in.ledger.first() {
            Some(evidence) => self.active_user(evidence.user).await?.ok_or(Refusal::NotFound)?,
            None => return Err(Refusal::OutOfStep.into()),
        };
        let mut held = Vec::new();
        for evidence in &open.sign_in.ledger {
            held.extend(self.still_good(evidence).await?);
        }
        if matches!(open.sign_in.stage, Stage::Ready { .. }) {
            held.extend(self.source_holds(&open).await?);
        }
        let verified = Verified::new(user, open.sign_in.ledger.clone(), id).ok_or(Refusal::OutOfStep)?;
        Ok((open, verified, held))
    }

    /// The sign-in as finished; `None` if it is already.
    pub(super) fn finished(&self, open: &OpenSignIn) -> Result<Option<SignInRow>, Fault> {
        if matches!(open.sign_in.stage, Stage::Finished { .. }) {
            return Ok(None);
        }
        let mut sign_in = open.sign_in.clone();
        sign_in.stage = Stage::Finished { at: self.now() };
        self.next_sign_in(&open.row, &sign_in).map(Some)
    }

    /// The ids of a sign-in's ceremonies, for whoever watches them.
    pub(super) fn ceremony_for(sign_in: &SignIn, kind: &str) -> Option<Id<CeremonyRow>> {
        sign_in.ceremonies.iter().find(|(of, _)| of == kind).map(|(_, id)| *id)
    }
}

/// The evidence of a sign-in that is new enough for it.
fn counting(sign_in: &SignIn) -> impl Iterator<Item = &Evidence> {
    let oldest = sign_in.ask.requirement.not_before;
    sign_in.ledger.iter().filter(move |evidence| oldest.is_none_or(|oldest| evidence.at >= oldest))
}
