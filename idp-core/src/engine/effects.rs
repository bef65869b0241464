//! What a step changes elsewhere: credentials, devices, locks, sessions, notices.

use idp_protocol::Octets;
use zeroize::Zeroizing;

use super::{
    Engine, credential_aad, device_aad,
    record::{OpenSignIn, Run},
};
use crate::{
    Error, Fault, Id, Refusal,
    audit::Event,
    browser::BrowserWrite,
    ceremony::Reason,
    credential::{CredentialRow, CredentialWrite},
    device::{DeviceRow, DeviceSecrets, DeviceState, DeviceWrite},
    evidence::Assurance,
    mark::{MarkRow, MarkWrite},
    method::{Effect, Registration, Step},
    notify::Notice,
    session::SessionWrite,
    signin::{Initiator, Origin},
    store::{Batch, Committed, Write},
    users::User,
};

/// How long a reported address is remembered, in seconds.
const REPORTED: i64 = 86_400;

impl Engine {
    /// Adds the writes of effects to the batch of their step.
    pub(super) async fn apply(
        &self,
        run: &mut Run,
        user: Option<Id<User>>,
        effects: Vec<Effect>,
        batch: &mut Batch,
    ) -> Result<(), Error> {
        for effect in effects {
            match effect {
                Effect::Advance { credential, to } => {
                    batch.push(CredentialWrite::Advance { id: credential, to });
                }
                Effect::Follow { credential, to, drift } => {
                    batch.push(CredentialWrite::Follow { id: credential, to, drift });
                }
                Effect::Consume(id) => batch.push(CredentialWrite::Consume { id, at: self.now() }),
                Effect::Replace { credential, secret } => {
                    let secret = self.sealer.seal(&credential_aad(credential), &secret);
                    batch.push(CredentialWrite::Replace { id: credential, secret });
                }
                Effect::Register(registration) => {
                    run.row.device = Some(registration.device);
                    batch.push(DeviceWrite::Insert(self.registered(*registration)?));
                }
                Effect::Confirm(id) => {
                    self.move_device(id, DeviceState::Confirmed, batch).await?;
                }
                Effect::ApprovedWith { kind, credential } => {
                    batch.push(CredentialWrite::Present(credential));
                    batch.push(self.approved_with(run, user, (&kind, credential)));
                }
                Effect::AskDevices => return Err(Fault::Setup("devices are asked as a method begins").into()),
                Effect::Unlock => {
                    // Not a device's PIN: ten wrong ones want more than a code on paper.
                    let kinds = self.methods.iter().map(|method| method.kind());
                    batch.extend(user.into_iter().flat_map(|user| {
                        kinds.clone().flat_map(move |kind| self.reset_throttles(kind, user))
                    }));
                    batch.extend(user.map(|user| self.notice(user, Notice::Unlocked)));
                }
                Effect::Notify(notice) => {
                    batch.extend(user.map(|user| self.notice(user, notice)));
                }
                Effect::Suspect(credential) => {
                    // In an enrolment it is another one than that which is added.
                    let kind = credential.kind;
                    let event = Event::new("credential.suspected").with("kind", &kind);
                    let event = run.body.from.iter().fold(event, |event, from| event.from(from.named()));
                    batch.push(self.audit(Some(credential.user), event.with("credential", credential.id)));
                    batch.push(self.notice(credential.user, Notice::CredentialSuspected { kind }));
                }
            }
        }
        Ok(())
    }

    /// What the subject is told of an answer that is refused. Nothing else comes of one.
    pub(super) fn told<S, O>(
        &self,
        user: Option<Id<User>>,
        step: &Step<S, O>,
        effects: &[Effect],
    ) -> Vec<Write> {
        let (Some(user), Step::Refuse(_)) = (user, step) else { return Vec::new() };
        let notices = effects.iter().filter_map(|effect| match effect {
            Effect::Notify(notice) => Some(self.notice(user, notice.clone()).into()),
            _ => None,
        });
        notices.collect()
    }

    /// What ending a ceremony changes elsewhere.
    pub(super) async fn burn_effects(
        &self,
        run: &Run,
        open: Option<&OpenSignIn>,
        reason: Reason,
        batch: &mut Batch,
    ) -> Result<(), Error> {
        let device = match run.row.device {
            Some(device) => self.store.device(device).await?,
            None => None,
        };
        let user = run.row.user.or(device.as_ref().map(|device| device.user));
        let address = run.body.from.as_ref().map_or_else(String::new, Origin::named);
        let event = Event::new("ceremony.burned").from(&address).with("kind", &run.row.kind);
        batch.push(self.audit(user, event.with("reason", format!("{reason:?}"))));
        if run.row.sign_in.is_none() {
            // An enrolment that does not get through leaves no device behind.
            batch.extend(
                device
                    .and_then(|device| device.moved(DeviceState::Revoked, self.now()))
                    .map(DeviceWrite::Update),
            );
        }
        let Some(user) = user else { return Ok(()) };
        // An application asks without a browser: none of the person's has become suspect, and whoever often says no to it
        // must not be a stranger in all of them.
        let by_client = open.is_some_and(|open| open.sign_in.ask.initiator == Initiator::Client);
        if matches!(reason, Reason::Denied | Reason::Reported) && !by_client {
            batch.push(BrowserWrite::Forget(user));
        }
        if reason == Reason::Reported {
            let now = self.now();
            if run.body.asked.is_some() {
                self.pause_asking(user).await?;
            }
            batch.extend(open.map(|open| SessionWrite::EndAll {
                user,
                browser: Some(open.row.browser),
                except: None,
                at: now,
            }));
            // The browser may have another secret by now than when its session began.
            if let Some(secret) = run.body.from.as_ref().and_then(|from| from.session)
                && let Some(session) = self.store.session(secret.0).await?.filter(|row| row.user == user)
            {
                batch.push(SessionWrite::End { id: session.id, at: now });
            }
            // The address of an application is a server's, which asks everybody else as well.
            if !by_client {
                self.mark_reported(&address).await?;
            }
            batch.push(self.notice(user, Notice::SignInStopped { address, reason }));
        }
        Ok(())
    }

    /// In a batch of its own: two reports at once make one mark, and both end what they are about.
    async fn mark_reported(&self, address: &str) -> Result<(), Error> {
        let (key, now) = (self.reported_key(address), self.now());
        let row = MarkRow { key, answer: None, expires_at: now + REPORTED };
        match self.store.commit(Batch::new().with(MarkWrite::Insert { row, now })).await? {
            Committed::Yes | Committed::Conflict(_) => Ok(()),
        }
    }

    pub(crate) fn registered(&self, new: Registration) -> Result<DeviceRow, Fault> {
        let secrets =
            DeviceSecrets { pin_key: new.pin_key.map(Octets), otp_key: Octets(*new.otp_key), push: None };
        let plain = Zeroizing::new(serde_json::to_vec(&secrets)?);
        Ok(DeviceRow {
            id: new.device,
            user: new.user,
            thumbprint: new.thumbprint,
            state: DeviceState::Registered,
            revision: 0,
            created_at: self.now(),
            seen_at: self.now(),
            facts: new.facts,
            secrets: self.sealer.seal(&device_aad(new.device), &plain),
        })
    }

    /// A device as it will be when it is active.
    pub(super) async fn activated(&self, id: Id<DeviceRow>) -> Result<DeviceRow, Error> {
        let device = self.store.device(id).await?.ok_or(Refusal::NotFound)?;
        let mut device = device.moved(DeviceState::Active, self.now()).ok_or(Refusal::OutOfStep)?;
        device.facts.activated_at = device.facts.activated_at.or(Some(self.now()));
        Ok(device)
    }

    /// Moves a device on in its life, and returns it as it will be.
    pub(super) async fn move_device(
        &self,
        id: Id<DeviceRow>,
        to: DeviceState,
        batch: &mut Batch,
    ) -> Result<DeviceRow, Error> {
        let device = self.store.device(id).await?.ok_or(Refusal::NotFound)?;
        let mut device = device.moved(to, self.now()).ok_or(Refusal::OutOfStep)?;
        if to == DeviceState::Active {
            device.facts.activated_at = device.facts.activated_at.or(Some(self.now()));
        }
        batch.push(DeviceWrite::Update(device.clone()));
        Ok(device)
    }

    pub(super) fn new_credential(
        &self,
        user: Id<User>,
        kind: &str,
        handle: Option<Vec<u8>>,
        secret: &[u8],
    ) -> CredentialRow {
        let id = Id::random(self.crypto());
        CredentialRow {
            id,
            user,
            kind: kind.to_owned(),
            handle,
            counter: 0,
            drift: 0,
            consumed_at: None,
            created_at: self.now(),
            assurance: Assurance::Usual,
            secret: self.sealer.seal(&credential_aad(id), secret),
        }
    }
}
