//! The binding rule: how fresh and how strong must a sign-in be that changes what an account signs in with?

use super::Engine;
use crate::{
    Error, Fault, Id, Refusal, Time,
    evidence::{Assurance, Evidence, Factor},
    mark::{MarkRow, MarkWrite},
    methods::activation::Old,
    policy::{Acr, achieved, binds, recovers},
    session::{SessionWrite, SignedIn},
    store::{Batch, Committed, Guard, Write},
    users::User,
};

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
        gives: Option<Acr>,
        now: Time,
    ) -> Result<Vec<Write>, Error> {
        self.bound_by(session, gives, now).await.map(|(held, _)| held)
    }

    /// The same for a new authenticator, with what becomes of those that the account has.
    pub(super) async fn may_enrol(
        &self,
        session: SignedIn<'_>,
        gives: Acr,
        now: Time,
    ) -> Result<(Vec<Write>, Old), Error> {
        self.bound_by(session, Some(gives), now).await
    }

    async fn bound_by(
        &self,
        session: SignedIn<'_>,
        gives: Option<Acr>,
        now: Time,
    ) -> Result<(Vec<Write>, Old), Error> {
        let strongest = self.binding_acr(session.user, None).await?;
        let needed = gives.map_or(strongest, |gives| strongest.min(Some(gives)));
        let (fresh, mut held) = self.fresh(session, now).await?;
        held.extend(self.in_session(session));
        if recovers(&fresh) {
            held.push(self.bound_once(session, now).await?);
            return Ok((held, Old::Stay));
        }
        let has_authenticator = strongest > Some(Acr::Single);
        let old = self.check_invitation(session, &fresh, has_authenticator).await?;
        let needed = if old == Old::Replaced { Some(Acr::Single) } else { needed };
        match (achieved(&fresh), needed) {
            (None, _) => Err(Refusal::FreshSignIn.into()),
            (Some(achieved), Some(needed)) if achieved < needed => Err(Refusal::FreshSignIn.into()),
            (Some(_), _) => Ok((held, old)),
        }
    }

    /// What of a session counts for the binding rule, and what keeps it so.
    pub(super) async fn fresh(
        &self,
        session: SignedIn<'_>,
        now: Time,
    ) -> Result<(Vec<Evidence>, Vec<Write>), Fault> {
        let oldest = now + -self.settings.binding_max_age;
        let fresh = session
            .ledger
            .iter()
            .filter(|evidence| evidence.at >= oldest && binds(evidence))
            .cloned()
            .collect();
        self.standing(fresh).await
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
        match self.check_binding(session.into(), None, self.now()).await {
            Ok(_) => Ok(true),
            Err(Error::Refused(_)) => Ok(false),
            Err(Error::Fault(fault)) => Err(fault),
        }
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
    pub async fn binding_acr(&self, user: Id<User>, gives: Option<Acr>) -> Result<Option<Acr>, Fault> {
        let devices = self.store.devices(user).await?;
        // Suspended, lost and revoked ones count too: ten wrong codes must not open the door to a phished
        // password. An administrator's reset forgets them.
        let counted = devices.iter().filter(|device| device.facts.activated_at.is_some());
        let credentials = self.store.credentials(user).await?;
        let codes = credentials.iter().any(|credential| {
            // The codes of a device count with it.
            let of_device = devices.iter().any(|device| device.credential() == credential.id);
            !of_device
                && self
                    .method(&credential.kind)
                    .is_some_and(|method| method.descriptor().factors.contains(&Factor::Otp))
        });
        let passkeys = credentials.iter().any(|credential| self.is_passkey(&credential.kind));
        let strongest = counted
            .map(|device| match device.facts.assurance {
                Assurance::Usual if device.facts.has_pin => Acr::MultiFactor,
                Assurance::Usual | Assurance::Low => Acr::Device,
            })
            .chain(codes.then_some(Acr::MultiFactor))
            .max()
            .unwrap_or(Acr::Single);
        let strongest = if passkeys { Acr::PhishingResistant } else { strongest };
        Ok(Some(gives.map_or(strongest, |gives| strongest.min(gives))))
    }

    fn is_passkey(&self, kind: &str) -> bool {
        let method = self.method(kind);
        method.is_some_and(|method| method.descriptor().factors.iter().any(|factor| factor.is_passkey()))
    }
}
