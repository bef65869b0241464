//! What does an account have, and what does that say about a change of it: how sure, and who answers for it besides?

use super::{Engine, guardians, pins};
use crate::{
    Fault, Id, Time,
    credential::CredentialRow,
    device::{DeviceRow, DeviceState},
    evidence::{Assurance, Factor},
    method::Ceremony as _,
    methods::{activation, password::Password, recovery::Recovery},
    policy::Acr,
    store::Authenticators,
    users::User,
};

/// How long a device that was stopped, or a passkey that was removed, still stands in the way of another authenticator, in
/// seconds.
pub(super) const STOPPED_LATELY: i64 = 86_400;

/// Who answers for it that an account gets another authenticator, besides the sign-in: whoever relays one sign-in, or finds
/// one browser unlocked, must not get a device of his own out of it.
pub(super) enum Guardian {
    /// One of these approves (`methods/after_approval.rs`): a device, with its revision, or a passkey.
    Asked { devices: Vec<(Id<DeviceRow>, i64)>, credentials: Vec<Id<CredentialRow>> },
    /// What cannot be relayed, of a method that cannot be asked: the sign-in itself has to show it. Of a method that is
    /// switched off nobody can show it, which leaves recovery codes, or an invitation.
    Shown,
    /// A device that was stopped a short while ago, or a passkey that was removed: whoever relays a password and a code of
    /// something else, or finds a browser unlocked, must not stop first what would be asked. Its owner is told at once, and
    /// has until then to act.
    Stopped(Time),
    /// Nobody: the account has nothing that could.
    Nobody,
}

/// Whatever an account has to sign in with.
pub(super) struct Holdings(Authenticators);

impl Holdings {
    /// Those that were active once. Suspended, lost and revoked ones count too: ten wrong codes must not open the door to a
    /// phished password. An administrator's reset forgets them.
    fn counted(&self) -> impl Iterator<Item = &DeviceRow> {
        self.0.devices.iter().filter(|device| device.facts.activated_at.is_some())
    }

    /// Those of which somebody is sure whose they are.
    fn sure(&self) -> impl Iterator<Item = &DeviceRow> {
        self.0.devices.iter().filter(|device| device.facts.assurance == Assurance::Usual)
    }

    /// What counts apart from the devices: the codes of a device count with it. What nobody is sure of meets no requirement, so
    /// it must not make one: its owner could never bind anything better.
    fn others(&self) -> impl Iterator<Item = &CredentialRow> {
        self.0.credentials.iter().filter(|row| {
            row.assurance == Assurance::Usual
                && !self.0.devices.iter().any(|device| device.credential() == row.id)
        })
    }
}

impl Engine {
    pub(super) async fn holdings(&self, user: Id<User>) -> Result<Holdings, Fault> {
        self.store.authenticators(user).await.map(Holdings)
    }

    /// The class that a change of the account needs.
    pub(super) fn class_of(&self, own: &Holdings) -> Acr {
        if own.others().any(|row| self.is_passkey(&row.kind)) {
            return Acr::PhishingResistant;
        }
        let of_devices = own.counted().map(|device| match device.facts.assurance {
            Assurance::Usual if device.facts.has_pin => Acr::MultiFactor,
            Assurance::Usual | Assurance::Low => Acr::Device,
        });
        let codes = own.others().any(|row| self.shows(&row.kind, |factor| *factor == Factor::Otp));
        let strongest = of_devices.chain(codes.then_some(Acr::MultiFactor)).max();
        match strongest {
            Some(strongest) => strongest,
            // With passkeys switched off for a while, a phished password must not do what it could not do before.
            None if self.has_what_is_switched_off(own) => Acr::PhishingResistant,
            None => Acr::Single,
        }
    }

    /// Who answers for another authenticator.
    pub(super) fn guardian_of(&self, own: &Holdings, now: Time) -> Guardian {
        let active = own.sure().filter(|device| device.state == DeviceState::Active);
        let devices: Vec<_> = active.map(|device| (device.id, device.revision)).collect();
        let asked = own.0.credentials.iter().filter(|row| self.guards(row));
        let credentials: Vec<_> = asked.map(|row| row.id).collect();
        if !devices.is_empty() || !credentials.is_empty() {
            return Guardian::Asked { devices, credentials };
        }
        let passkeys = own.others().any(|row| self.is_passkey(&row.kind));
        if passkeys || self.has_what_is_switched_off(own) {
            return Guardian::Shown;
        }
        let removed = own.0.credentials.iter().filter_map(guardians::removed_at);
        let stopped = own.sure().filter(|device| device.facts.activated_at.is_some());
        let stopped = stopped.filter_map(|device| device.facts.stopped_at);
        let until = stopped.chain(removed).map(|at| at + STOPPED_LATELY).max();
        until.filter(|until| now < *until).map_or(Guardian::Nobody, Guardian::Stopped)
    }

    /// Whether the account has something of a method that is not plugged in (any more). Nobody knows here what it is worth, so
    /// it counts as much as anything.
    fn has_what_is_switched_off(&self, own: &Holdings) -> bool {
        own.others().any(|row| self.method(&row.kind).is_none() && !is_none_of_a_method(&row.kind))
    }

    fn is_passkey(&self, kind: &str) -> bool {
        self.shows(kind, |factor| factor.is_passkey())
    }

    fn shows(&self, kind: &str, what: impl Fn(&Factor) -> bool) -> bool {
        self.method(kind).is_some_and(|method| method.descriptor().factors.iter().any(what))
    }
}

/// Rows that are no authenticator, whichever methods are plugged in: what somebody knows or has on paper, invitations, and
/// notes of the engine's.
fn is_none_of_a_method(kind: &str) -> bool {
    [Password::KIND, Recovery::KIND, activation::KIND, pins::KIND, guardians::REMOVED].contains(&kind)
}
