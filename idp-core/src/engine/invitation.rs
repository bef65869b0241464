//! Invitations: the right of a person to enrol a first authenticator, or another one in place of all that were lost.

use std::fmt;

use zeroize::Zeroizing;

use super::{Engine, credential_aad, letters::Delivery};
use crate::{
    Error, Fault, Id, Refusal, Time,
    audit::Event,
    credential::{CredentialRow, CredentialWrite},
    evidence::{Evidence, Factor},
    method::Ceremony as _,
    methods::{
        activation::{Activation, DIGITS, Invitation, Old},
        password::Password,
    },
    notify::Notice,
    policy::{Acr, Requirement},
    rate::{Limit, RateWrite},
    session::SignedIn,
    settings::InvitationAlone,
    store::{Batch, Committed, Guard},
    users::User,
};

/// How often a person may be invited in an hour: each one is a mail, and ends the one before.
pub(super) const AN_HOUR: Limit = Limit { times: 5, seconds: 3_600 };

/// The application of sign-ins that lead to an enrolment and nowhere else.
pub const ENROLMENT_ONLY: &str = "symbolon:activation";

/// An invitation, to be handed out: the link by mail, the digits by another way.
pub struct Invited {
    /// What the link names. It opens nothing.
    pub name: Id<Invitation>,
    /// The activation password, shown once.
    pub digits: Zeroizing<String>,
    /// Until when.
    pub until: Time,
}

impl fmt::Debug for Invited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invited")
            .field("name", &self.name)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

/// Whether an invitation had a part in what a session shows, and what it changes.
#[derive(Clone, Copy)]
pub(super) struct ByInvitation {
    pub old: Old,
    /// Whether its digits are all that was shown.
    pub alone: bool,
}

impl ByInvitation {
    /// It had none.
    pub(super) const NO: Self = Self { old: Old::Stay, alone: false };
}

/// An invitation that has not ended.
pub(super) struct Pending {
    pub credential: Id<CredentialRow>,
    pub old: Old,
}

impl Engine {
    /// Invites a person: an administrator's act. An earlier invitation is worth nothing from now on.
    ///
    /// # Errors
    /// As [`Engine::invite_by`].
    pub async fn invite(&self, user: Id<User>, old: Old) -> Result<Invited, Error> {
        self.invite_by(user, old, Delivery::default()).await
    }

    /// The same, and puts into the outbox what does not go by hand. All of it is one transaction: whoever is refused has sent
    /// nothing, and the invitation of before still holds.
    ///
    /// # Errors
    /// [`Refusal::TooMany`] after five in an hour, [`Refusal::NotAllowed`] if mail does not lead to the person,
    /// [`Refusal::NotFound`] if there is nobody of this id.
    pub async fn invite_by(&self, user: Id<User>, old: Old, by: Delivery) -> Result<Invited, Error> {
        for _ in 0..super::ATTEMPTS {
            if let Some(invited) = self.try_to_invite(user, old, by).await? {
                return Ok(invited);
            }
        }
        Err(Refusal::Unavailable.into())
    }

    /// Nobody, if an enrolment that it ends moved on meanwhile.
    async fn try_to_invite(&self, user: Id<User>, old: Old, by: Delivery) -> Result<Option<Invited>, Error> {
        let now = self.now();
        let until = now + self.settings.invitation_life;
        let digits = Zeroizing::new(self.crypto().random_digits(DIGITS));
        let name: Id<Invitation> = Id::random(self.crypto());
        let invited = Invited { name, digits, until };
        let invitation = Invitation { digits: invited.digits.to_string(), until, old };
        let secret = Zeroizing::new(serde_json::to_vec(&invitation)?);
        let kind = Activation::KIND;
        let row = self.new_credential(user, kind, Some(name.bytes().to_vec()), &secret);
        let key = self.keys().digest("rate", &[b"invitation", user.bytes()]);
        let event = Event::new("user.invited").with("until", until.0).with("old", format!("{old:?}"));
        let event =
            event.with("link_by", format!("{:?}", by.link)).with("digits_by", format!("{:?}", by.digits));
        let mut batch = Batch::new()
            .with(RateWrite::Take { key, now, limit: AN_HOUR })
            .with(CredentialWrite::DeleteKind { user, kind: kind.to_owned() })
            .with(CredentialWrite::Insert(row))
            .with(self.notice(user, Notice::CredentialAdded { kind: kind.to_owned() }))
            .with(self.audit(Some(user), event));
        batch.extend(self.reset_throttles(kind, user));
        // Nor is what it opened: whoever came first with the old digits must not be let in by the new invitation.
        self.end_enrolments_of(user, &mut batch).await?;
        self.send_invitation(user, &invited, by, &mut batch).await?;
        match self.store.commit(batch).await? {
            Committed::Yes => Ok(Some(invited)),
            Committed::Conflict(Guard::Rate) => Err(Refusal::TooMany(now + AN_HOUR.seconds).into()),
            Committed::Conflict(_) => Ok(None),
        }
    }

    /// Whose invitation a link names, as long as it is worth something. Reading uses nothing up: mail scanners open
    /// links, and people open them twice.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn invited_by(&self, name: Id<Invitation>) -> Result<Option<User>, Fault> {
        let Some(row) = self.store.credential_by_handle(Activation::KIND, name.bytes()).await? else {
            return Ok(None);
        };
        let user = row.user;
        match self.pending_of(row)? {
            Some(_) => self.active_user(user).await,
            None => Ok(None),
        }
    }

    /// Until when a person is invited, if he is.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn is_invited(&self, user: Id<User>) -> Result<bool, Fault> {
        Ok(self.pending_invitation(user).await?.is_some())
    }

    /// The invitation of a person that has neither served an enrolment nor run out. One whose digits were typed is among
    /// them: what it stands for is still to be done.
    pub(super) async fn pending_invitation(&self, user: Id<User>) -> Result<Option<Pending>, Fault> {
        for row in self.store.credentials(user).await? {
            if row.kind == Activation::KIND
                && let Some(pending) = self.pending_of(row)?
            {
                return Ok(Some(pending));
            }
        }
        Ok(None)
    }

    pub(super) fn pending_of(&self, row: CredentialRow) -> Result<Option<Pending>, Fault> {
        let secret = self.sealer.open(&credential_aad(row.id), &row.secret)?;
        let invitation: Invitation = serde_json::from_slice(&secret)?;
        let pending = Pending { credential: row.id, old: invitation.old };
        Ok((self.now() < invitation.until).then_some(pending))
    }

    /// What an invitation changes about the binding rule.
    ///
    /// Who is invited and has no authenticator shows the digits beside whatever else is asked: a phished password must not
    /// be faster than the letter. Where the old authenticators are to be replaced, the digits stand in for them.
    ///
    /// # Errors
    /// [`Refusal::FreshSignIn`] if something is missing.
    pub(super) async fn check_invitation(
        &self,
        session: SignedIn<'_>,
        fresh: &[Evidence],
        has_authenticator: bool,
    ) -> Result<ByInvitation, Error> {
        let shown = fresh.iter().find(|evidence| evidence.factor == Factor::Invitation);
        let pending = self.pending_invitation(session.user).await?;
        let (shown, pending) = match (shown, pending) {
            (Some(shown), Some(pending)) => (shown, pending),
            // Whoever has an authenticator may use it, whatever an administrator made ready.
            (None, Some(_)) if has_authenticator => return Ok(ByInvitation::NO),
            (None, None) => return Ok(ByInvitation::NO),
            (None, Some(_)) | (Some(_), None) => return Err(Refusal::FreshSignIn.into()),
        };
        // Digits that a later invitation has ended stand for nothing.
        let missing = self.kinds_for_invited(session.user).await?;
        let complete = missing.iter().all(|kind| fresh.iter().any(|evidence| evidence.kind == *kind));
        if shown.credential != pending.credential || !complete {
            return Err(Refusal::FreshSignIn.into());
        }
        // Paper may lie beside the letter, as it may beside the password.
        let none = |factor| matches!(factor, Factor::Invitation | Factor::Recovery);
        let alone = fresh.iter().all(|evidence| none(evidence.factor));
        Ok(ByInvitation { old: pending.old, alone })
    }

    /// Whether digits with nothing beside them may do what is asked. Eight digits and ten guesses are no two factors, and who
    /// reads the letter on its way would be the owner of the account: so they bind a device of low assurance, where the policy
    /// has that, and they change nothing else. A password of the thief's choice beside them would be the second factor.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`] if they may not.
    pub(super) fn check_alone(&self, invitation: ByInvitation, adds: bool) -> Result<(), Refusal> {
        let allowed = adds && self.settings.invitation_alone == InvitationAlone::LowAssurance;
        if invitation.alone && !allowed { Err(Refusal::NotAllowed) } else { Ok(()) }
    }

    async fn kinds_for_invited(&self, user: Id<User>) -> Result<Vec<String>, Fault> {
        let own = self.store.credentials(user).await?;
        let has_password = own.iter().any(|row| row.kind == Password::KIND);
        let kinds = [Some(Activation::KIND), has_password.then_some(Password::KIND)];
        Ok(kinds.into_iter().flatten().map(str::to_owned).collect())
    }

    /// What a sign-in has to show that leads to a change of credentials in this session, and what of the session counts
    /// for it already.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn to_bind(
        &self,
        session: impl Into<SignedIn<'_>>,
    ) -> Result<(Requirement, Vec<Evidence>), Fault> {
        let session = session.into();
        let (now, user) = (self.now(), Some(session.user));
        let acr = self.binding_acr(session.user).await?;
        let shown = session.ledger.iter().any(|evidence| evidence.factor == Factor::Invitation);
        let invited = self.pending_invitation(session.user).await?.is_some() && (shown || acr == Acr::Single);
        if !invited {
            let or_recovery = true;
            return Ok((
                Requirement {
                    acr: Some(acr),
                    not_before: Some(now),
                    or_recovery,
                    user,
                    ..Requirement::default()
                },
                Vec::new(),
            ));
        }
        let each = self.kinds_for_invited(session.user).await?;
        let not_before = Some(now + -self.settings.binding_max_age);
        let ledger =
            session.ledger.iter().filter(|evidence| each.contains(&evidence.kind)).cloned().collect();
        let methods = Some(each.clone());
        Ok((Requirement { not_before, methods, each, user, ..Requirement::default() }, ledger))
    }
}
