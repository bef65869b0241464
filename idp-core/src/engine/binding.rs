//! The binding rule: how fresh and how strong must a sign-in be that changes what an account signs in with?

use super::{
    Engine,
    holdings::{Guardian, STOPPED_LATELY},
    invitation::ByInvitation,
};
use crate::{
    Error, Fault, Id, Refusal, Time,
    credential::CredentialWrite,
    device::DeviceWrite,
    evidence::{Evidence, Factor},
    mark::{MarkRow, MarkWrite},
    methods::activation::Old,
    policy::{Acr, achieved, binds, recovers},
    session::{SessionWrite, SignedIn},
    store::{Batch, Committed, Guard, Write},
    users::User,
};

/// What of an account is to change.
#[derive(Clone, Copy)]
pub(super) enum Change {
    /// It gets another authenticator, which gives so much.
    Adds(Acr),
    /// One that it has counts in full from now on.
    Confirms,
    /// Anything else that it signs in with.
    Other,
}

impl Change {
    /// Whether whoever answers for additions answers for it.
    fn is_guarded(self) -> bool {
        matches!(self, Self::Adds(_) | Self::Confirms)
    }
}

impl Engine {
    /// The binding rule, for everything that binds, replaces, resets or removes a credential: the sign-in
    /// is at most five minutes old and at least as strong as the account can do, or as the new credential
    /// will be, whichever is less. A phished password alone must not bind the attacker's phone, and ten
    /// wrong codes must not open the door to it: locked and suspended credentials count. What was verified must
    /// still stand: a relayed session must not stop the very device that would have to approve.
    ///
    /// Whoever acts on the answer commits the guards that it returns, with [`Engine::commit_bound`].
    ///
    /// # Errors
    /// [`Refusal::FreshSignIn`] if it is not met.
    pub(super) async fn check_binding(
        &self,
        session: SignedIn<'_>,
        change: Change,
        now: Time,
    ) -> Result<Vec<Write>, Error> {
        self.bound_by(session, change, now).await.map(|(held, _)| held)
    }

    /// The same for a new authenticator, with what becomes of those that the account has.
    pub(super) async fn may_enrol(
        &self,
        session: SignedIn<'_>,
        gives: Acr,
        now: Time,
    ) -> Result<(Vec<Write>, ByInvitation), Error> {
        self.bound_by(session, Change::Adds(gives), now).await
    }

    async fn bound_by(
        &self,
        session: SignedIn<'_>,
        change: Change,
        now: Time,
    ) -> Result<(Vec<Write>, ByInvitation), Error> {
        let own = self.holdings(session.user).await?;
        let (strongest, guardian) = (self.class_of(&own), self.guardian_of(&own, now));
        let needed = match (change, &guardian) {
            (Change::Adds(_) | Change::Confirms, Guardian::Shown) => Acr::PhishingResistant,
            (Change::Adds(gives), _) => strongest.min(gives),
            (Change::Confirms | Change::Other, _) => strongest,
        };
        let (fresh, mut held) = self.fresh(session, now).await?;
        held.extend(self.in_session(session));
        if recovers(&fresh) {
            // Nor by codes that were drawn first, in the very session that stops it.
            if let Guardian::Stopped(until) = guardian
                && change.is_guarded()
                && self.drawn_lately(session.user, &fresh, now).await?
            {
                return Err(Refusal::StoppedLately(until).into());
            }
            held.push(self.bound_once(session, now).await?);
            return Ok((held, ByInvitation::NO));
        }
        let has_authenticator = strongest > Acr::Single;
        let invitation = self.check_invitation(session, &fresh, has_authenticator).await?;
        let needed = if invitation.old == Old::Replaced { Acr::Single } else { needed };
        if achieved(&fresh).is_none_or(|achieved| achieved < needed) {
            return Err(Refusal::FreshSignIn.into());
        }
        self.check_alone(invitation, matches!(change, Change::Adds(_)))?;
        match guardian {
            // Whoever is to be asked must be there still when the question is put.
            Guardian::Asked { devices, credentials } if change.is_guarded() => {
                let devices =
                    devices.into_iter().map(|(id, revision)| DeviceWrite::Unchanged { id, revision }.into());
                let credentials = credentials.into_iter().map(|id| CredentialWrite::Present(id).into());
                held.extend(devices.chain(credentials));
                Ok((held, invitation))
            }
            Guardian::Stopped(until) if change.is_guarded() && invitation.old == Old::Stay => {
                Err(Refusal::StoppedLately(until).into())
            }
            _ => Ok((held, invitation)),
        }
    }

    /// What a session shows that is new enough for a change of credentials and still stands, and what keeps it so.
    pub(super) async fn fresh(
        &self,
        session: SignedIn<'_>,
        now: Time,
    ) -> Result<(Vec<Evidence>, Vec<Write>), Fault> {
        let oldest = now + -self.settings.binding_max_age;
        let new = session.ledger.iter().filter(|evidence| evidence.at >= oldest && binds(evidence));
        self.standing(new.cloned().collect()).await
    }

    /// Whether a recovery code among the evidence is younger than what it may stand in for.
    async fn drawn_lately(&self, user: Id<User>, fresh: &[Evidence], now: Time) -> Result<bool, Fault> {
        let own = self.store.credentials(user).await?;
        let young = own.iter().filter(|row| now < row.created_at + STOPPED_LATELY);
        let mut shown = fresh.iter().filter(|evidence| evidence.factor == Factor::Recovery);
        let young: Vec<_> = young.map(|row| row.id).collect();
        Ok(shown.any(|evidence| young.contains(&evidence.credential)))
    }

    /// What keeps a session of ours until the transaction ends: what a thief does must come to nothing from the moment on
    /// in which the owner throws him out.
    pub(super) fn in_session(&self, session: SignedIn<'_>) -> Option<Write> {
        session.session.ours().map(|id| SessionWrite::Holds { id, now: self.now() }.into())
    }

    /// Whether the binding rule is met, for pages that lead through a fresh sign-in before a form is filled in. The
    /// engine asks again when the change is made.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn may_bind(&self, session: impl Into<SignedIn<'_>>) -> Result<bool, Fault> {
        match self.check_binding(session.into(), Change::Other, self.now()).await {
            Ok(_) => Ok(true),
            Err(Error::Refused(_)) => Ok(false),
            Err(Error::Fault(fault)) => Err(fault),
        }
    }

    /// Whether a session shows anything that is new enough and still stands, for what wants no more than that.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn is_fresh(&self, session: impl Into<SignedIn<'_>>) -> Result<bool, Fault> {
        let (fresh, _) = self.fresh(session.into(), self.now()).await?;
        Ok(achieved(&fresh).is_some())
    }

    /// A recovery binds one thing: a session that was opened with a paper code is no key to all doors.
    async fn bound_once(&self, session: SignedIn<'_>, now: Time) -> Result<Write, Error> {
        let key = self.keys().digest("recovery-binding", &[session.session.bytes()]);
        if self.store.mark(key, now).await?.is_some() {
            return Err(Refusal::FreshSignIn.into());
        }
        let row = MarkRow { key, answer: None, expires_at: session.expires_at };
        Ok(MarkWrite::Insert { row, now }.into())
    }

    /// Commits what the binding rule allowed, unless what it stands on went away meanwhile.
    pub(super) async fn commit_bound(&self, held: Vec<Write>, changes: Batch) -> Result<(), Error> {
        match self.store.commit(changes.after(held)).await? {
            Committed::Yes => Ok(()),
            Committed::Conflict(Guard::Mark | Guard::Device | Guard::Credential | Guard::Session) => {
                Err(Refusal::FreshSignIn.into())
            }
            Committed::Conflict(_) => Err(Refusal::OutOfStep.into()),
        }
    }

    /// The class that a session needs for changing credentials of this user.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn binding_acr(&self, user: Id<User>) -> Result<Acr, Fault> {
        Ok(self.class_of(&self.holdings(user).await?))
    }
}
