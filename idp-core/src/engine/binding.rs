//! The binding rule: how fresh and how strong must a sign-in be that changes what an account signs in with?

use super::{Engine, guardians};
use crate::{
    Error, Fault, Id, Refusal, Time,
    credential::{CredentialRow, CredentialWrite},
    device::{DeviceRow, DeviceState, DeviceWrite},
    evidence::{Assurance, Evidence, Factor},
    mark::{MarkRow, MarkWrite},
    methods::activation::Old,
    policy::{Acr, achieved, binds, recovers},
    session::{SessionWrite, SignedIn},
    store::{Batch, Committed, Guard, Write},
    users::User,
};

/// How long a device that was stopped, or a passkey that was removed, still stands in the way of another authenticator, in
/// seconds.
const STOPPED_LATELY: i64 = 86_400;

/// Who answers for it that an account gets another authenticator, besides the sign-in: whoever relays one sign-in, or finds
/// one browser unlocked, must not get a device of his own out of it.
enum Guardian {
    /// One of these approves (`methods/after_approval.rs`): a device, with its revision, or a passkey.
    Asked { devices: Vec<(Id<DeviceRow>, i64)>, credentials: Vec<Id<CredentialRow>> },
    /// What cannot be relayed, of a method that cannot be asked either: the sign-in itself has to show it.
    Shown,
    /// A device that was stopped a short while ago, or a passkey that was removed: whoever relays a password and a code of
    /// something else, or finds a browser unlocked, must not stop first what would be asked. Its owner is told at once, and
    /// has until then to act.
    Stopped(Time),
    /// Nobody: the account has nothing that could.
    Nobody,
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
        let (strongest, guardian) = self.guarded(session.user, now).await?;
        let needed = match (gives, &guardian) {
            (None, _) | (_, Guardian::Shown) => strongest,
            (Some(gives), _) => strongest.min(gives),
        };
        let (fresh, mut held) = self.fresh(session, now).await?;
        held.extend(self.in_session(session));
        if recovers(&fresh) {
            // Nor by codes that were drawn first, in the very session that stops it.
            if let Guardian::Stopped(until) = guardian
                && gives.is_some()
                && self.drawn_lately(session.user, &fresh, now).await?
            {
                return Err(Refusal::StoppedLately(until).into());
            }
            held.push(self.bound_once(session, now).await?);
            return Ok((held, Old::Stay));
        }
        let has_authenticator = strongest > Acr::Single;
        let old = self.check_invitation(session, &fresh, has_authenticator).await?;
        let needed = if old == Old::Replaced { Acr::Single } else { needed };
        if achieved(&fresh).is_none_or(|achieved| achieved < needed) {
            return Err(Refusal::FreshSignIn.into());
        }
        match guardian {
            // Whoever is to be asked must be there still when the question is put.
            Guardian::Asked { devices, credentials } if gives.is_some() => {
                let devices =
                    devices.into_iter().map(|(id, revision)| DeviceWrite::Unchanged { id, revision }.into());
                let credentials = credentials.into_iter().map(|id| CredentialWrite::Present(id).into());
                held.extend(devices.chain(credentials));
                Ok((held, old))
            }
            Guardian::Stopped(until) if gives.is_some() && old == Old::Stay => {
                Err(Refusal::StoppedLately(until).into())
            }
            _ => Ok((held, old)),
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
        match self.check_binding(session.into(), None, self.now()).await {
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
        Ok(self.guarded(user, self.now()).await?.0)
    }

    /// That class, and who answers for another authenticator.
    async fn guarded(&self, user: Id<User>, now: Time) -> Result<(Acr, Guardian), Fault> {
        let devices = self.store.devices(user).await?;
        // Suspended, lost and revoked ones count too: ten wrong codes must not open the door to a phished
        // password. An administrator's reset forgets them.
        let counted = devices.iter().filter(|device| device.facts.activated_at.is_some());
        let credentials = self.store.credentials(user).await?;
        let codes = credentials.iter().any(|credential| {
            // The codes of a device count with it. What nobody is sure of meets no requirement, so it must not make one:
            // its owner could never bind anything better.
            let of_device = devices.iter().any(|device| device.credential() == credential.id);
            !of_device
                && credential.assurance == Assurance::Usual
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
        let sure = || devices.iter().filter(|device| device.facts.assurance == Assurance::Usual);
        let active = sure().filter(|device| device.state == DeviceState::Active);
        let active: Vec<_> = active.map(|device| (device.id, device.revision)).collect();
        let asked = credentials.iter().filter(|credential| self.guards(credential));
        let asked: Vec<_> = asked.map(|credential| credential.id).collect();
        let removed = credentials.iter().filter_map(guardians::removed_at).map(|at| at + STOPPED_LATELY);
        let removed = removed.filter(|until| now < *until);
        let stopped = sure().filter_map(|device| stopped_lately(device, now)).chain(removed).max();
        let guardian = match stopped {
            _ if !active.is_empty() || !asked.is_empty() => {
                Guardian::Asked { devices: active, credentials: asked }
            }
            _ if passkeys => Guardian::Shown,
            Some(until) => Guardian::Stopped(until),
            None => Guardian::Nobody,
        };
        Ok((strongest, guardian))
    }

    fn is_passkey(&self, kind: &str) -> bool {
        let method = self.method(kind);
        method.is_some_and(|method| method.descriptor().factors.iter().any(|factor| factor.is_passkey()))
    }
}

/// Until when a device stands in the way that was active a short while ago.
fn stopped_lately(device: &DeviceRow, now: Time) -> Option<Time> {
    let until = device.facts.stopped_at? + STOPPED_LATELY;
    (device.facts.activated_at.is_some() && now < until).then_some(until)
}
