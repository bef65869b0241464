//! How are a person's devices asked about a sign-in: how often at most, and how do they hear of it?
//!
//! Whatever asks all devices of somebody ([`Effect::AskDevices`]) is counted here, because whoever is asked often enough
//! approves at last (MFA fatigue; NIST SP 800-63B-4, 3.2.2): one request is open at a time, there are three in any five
//! minutes and ten until one is approved. All of it is counted in the store, with guards, for a person and for who asks:
//! the browsers that know the person, together, or one application without a browser. After a report nobody asks for a
//! quarter of an hour.
//!
//! Not for each browser: the secret of a known browser changes with every sign-in, so who has the password could begin a
//! new count with it as often as he likes.
//!
//! After ten, browsers ask no more until a device approves otherwise: the person has other ways to sign in there, and the
//! one who keeps asking has the password. An application has no other way, so it may ask once a day.
//!
//! [`Effect::AskDevices`]: crate::method::Effect::AskDevices

use idp_protocol::{Octets, push::PushSubscription};

use super::{
    Engine, device_aad,
    record::{Body, OpenSignIn, Run},
};
use crate::{
    Error, Fault, Id, Refusal, Time,
    ceremony::{CeremonyRow, Phase},
    device::{DeviceRow, DeviceSecrets, DeviceState, DeviceWrite},
    evidence::{Assurance, Evidence},
    mark::{MarkRow, MarkWrite},
    method::Effect,
    notify::Notice,
    rate::{Limit, RateWrite},
    signin::Initiator,
    store::{Batch, Committed, Write},
    throttle::{LOCKED, Schedule, ThrottleWrite},
    users::User,
    wake::{Wake, WakeDevices},
};

/// Within how many seconds requests are counted.
const WINDOW: i64 = 300;
/// For how many seconds nobody asks after a report.
const PAUSE: i64 = 900;
/// How long an application waits that asked so often in vain.
const DAY: i64 = 86_400;

impl Engine {
    /// What beginning a method does besides: it may ask the devices of whom it is about, and nothing else.
    pub(super) fn asked(
        &self,
        open: &OpenSignIn,
        user: Option<Id<User>>,
        effects: &[Effect],
    ) -> Result<Option<Octets<32>>, Fault> {
        match (effects, user) {
            ([], _) => Ok(None),
            ([Effect::AskDevices], Some(user)) => Ok(Some(Octets(self.asking_key(b"open", open, user)))),
            _ => Err(Fault::Setup("a method changes something as it begins")),
        }
    }

    /// Counts one more request, which is open until the ceremony ends, and wakes whoever waits at the bus for it.
    ///
    /// # Errors
    /// [`Refusal::TooMany`] while another one is open, or there were too many; [`Refusal::NotAllowed`] in a browser after
    /// ten that nobody approved: an approval by another way, such as a QR code, begins anew.
    pub(super) async fn count_asking(
        &self,
        open: &OpenSignIn,
        run: &Run,
        now: Time,
    ) -> Result<Vec<Write>, Error> {
        let (Some(one), Some(user)) = (run.body.asked, run.row.user) else { return Ok(Vec::new()) };
        if let Some(pause) = self.store.mark(self.pause_key(user), now).await? {
            return Err(Refusal::TooMany(pause.expires_at).into());
        }
        if let Some(row) = self.store.throttle(one.0).await?.filter(|row| now < row.not_before) {
            return Err(Refusal::TooMany(row.not_before).into());
        }
        let in_all = self.asking_key(b"in all", open, user);
        let before = self.store.throttle(in_all).await?;
        match before {
            Some(row) if row.is_locked() => return Err(Refusal::NotAllowed.into()),
            Some(row) if now < row.not_before => return Err(Refusal::TooMany(row.not_before).into()),
            _ => {}
        }
        let slot = self.free_slot(open, user, now).await?;
        let (until, patience) = (run.row.expires_at - now, self.patience(open));
        let count = before.map_or(0, |row| row.failures).saturating_add(1);
        let last = patience.not_before(count, now) == LOCKED;
        let told = last.then(|| Write::from(self.notice(user, Notice::RequestsStopped)));
        // Whoever was faster made a guard fail: then all of it is looked at again.
        let counted = [
            RateWrite::Take { key: slot, now, limit: Limit { times: 1, seconds: WINDOW } }.into(),
            ThrottleWrite::Spend { key: one.0, now, schedule: one_for(until) }.into(),
            ThrottleWrite::Spend { key: in_all, now, schedule: patience }.into(),
            Write::Wake(self.devices_topic(user)),
        ];
        Ok(counted.into_iter().chain(told).collect())
    }

    /// How many requests there may be in a row that nobody approves, and what comes then.
    fn patience(&self, open: &OpenSignIn) -> Schedule {
        let most = self.settings.limits.requests_until_approval;
        match open.sign_in.ask.initiator {
            Initiator::Browser => Schedule { free: most, lock: most, first_wait: 1, longest_wait: 1 },
            Initiator::Device | Initiator::Client => {
                Schedule { free: most.saturating_sub(1), lock: u8::MAX, first_wait: DAY, longest_wait: DAY }
            }
        }
    }

    /// One of as many slots as there may be requests. Each is free again five minutes after it was taken, so there are
    /// never more in any five minutes; a counter that begins anew would let twice as many through around its end.
    async fn free_slot(&self, open: &OpenSignIn, user: Id<User>, now: Time) -> Result<[u8; 32], Error> {
        let mut soonest = now + WINDOW;
        for number in 0..self.settings.limits.requests {
            let key = self.asking_key(&[b"slot".as_slice(), &number.to_be_bytes()].concat(), open, user);
            match self.store.rate(key, now).await? {
                None => return Ok(key),
                Some(taken) => soonest = soonest.min(taken.expires_at),
            }
        }
        Err(Refusal::TooMany(soonest).into())
    }

    /// Wakes the devices of a person that want to be woken. Best effort: what they are asked is stored, and any of
    /// them may look at any time.
    pub(super) async fn wake_devices(&self, run: &Run) {
        let (Some(_), Some(user), true) = (run.body.asked, run.row.user, self.wakes()) else { return };
        let woken = async {
            let devices = self.store.devices(user).await?;
            for device in devices.iter().filter(|device| device.state == DeviceState::Active) {
                if let Some(subscription) = self.subscription(device)? {
                    self.waker.wake(Wake { device: device.id, subscription, topic: self.topic(run.row.id) });
                }
            }
            Ok::<(), Fault>(())
        };
        if let Err(fault) = woken.await {
            tracing::warn!(%fault, "devices were not woken; they find the request when they ask for it");
        }
    }

    fn wakes(&self) -> bool {
        self.settings.wake_devices == WakeDevices::WebPush
    }

    fn subscription(&self, device: &DeviceRow) -> Result<Option<PushSubscription>, Fault> {
        let secrets: DeviceSecrets = self.sealer.open_json(&device_aad(device.id), &device.secrets)?;
        Ok(secrets.push.clone())
    }

    /// Changes where a device is woken, as the device wants it.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`] for an address that would not be asked, and where the server wakes nobody.
    pub(super) fn subscribed(
        &self,
        mut device: DeviceRow,
        subscription: Option<PushSubscription>,
    ) -> Result<DeviceWrite, Error> {
        if subscription.as_ref().is_some_and(|wanted| !self.wakes() || !self.waker.accepts(wanted)) {
            return Err(Refusal::NotAllowed.into());
        }
        let aad = device_aad(device.id);
        let mut secrets: DeviceSecrets = self.sealer.open_json(&aad, &device.secrets)?;
        secrets.push = subscription;
        device.secrets = self.sealer.seal_json(&aad, &secrets)?;
        device.revision = device.revision.saturating_add(1);
        Ok(DeviceWrite::Update(device))
    }

    /// Forgets where a device was woken: its push service says that there is nobody any more. Another subscription that
    /// it made meanwhile stays.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn forget_subscription(&self, gone: &Wake) -> Result<(), Fault> {
        for _ in 0..super::ATTEMPTS {
            let Some(device) = self.store.device(gone.device).await? else { return Ok(()) };
            if self.subscription(&device)?.as_ref() != Some(&gone.subscription) {
                return Ok(());
            }
            let Ok(write) = self.subscribed(device, None) else { return Ok(()) };
            if self.store.commit(Batch::new().with(write)).await? == Committed::Yes {
                return Ok(());
            }
        }
        Ok(())
    }

    /// What evidence ends: what the same sign-in asked in vain does not stand in the way of the next request. If it is an
    /// approval of a device, what nobody approved before counts no more.
    pub(super) async fn approved(
        &self,
        open: &OpenSignIn,
        evidence: &Evidence,
        by: Id<CeremonyRow>,
    ) -> Result<Vec<Write>, Fault> {
        // In the order in which `count_asking` takes them, or the two could wait for each other in the database.
        let mut writes = self.given_up(open, Some(by)).await?;
        writes.extend(self.not_in_vain(open, evidence).map(Write::from));
        Ok(writes)
    }

    /// If a device approved: what this asker asked in vain before counts no more. Not by a device that nobody is sure of,
    /// or who talked the help desk into one would go on as long as he likes.
    pub(super) fn not_in_vain(&self, open: &OpenSignIn, evidence: &Evidence) -> Option<ThrottleWrite> {
        let counts = evidence.approved_by.is_some() && evidence.assurance == Assurance::Usual;
        counts.then(|| ThrottleWrite::Reset(self.asking_key(b"in all", open, evidence.user)))
    }

    /// What is open no more once the ceremonies of a sign-in are cancelled.
    pub(super) async fn given_up(
        &self,
        open: &OpenSignIn,
        except: Option<Id<CeremonyRow>>,
    ) -> Result<Vec<Write>, Fault> {
        let mut writes = Vec::new();
        for (_, id) in open.sign_in.ceremonies.iter().filter(|(_, id)| Some(*id) != except) {
            let Some(mut run) = self.load(*id).await? else { continue };
            if run.refusal(self.now()).is_none() {
                writes.extend(run.body.released().map(Write::from));
            }
        }
        Ok(writes)
    }

    /// Nobody asks the devices of a person for a while who has reported a request. In a batch of its own: two reports at
    /// once make one mark.
    pub(super) async fn pause_asking(&self, user: Id<User>) -> Result<(), Fault> {
        let now = self.now();
        let row = MarkRow { key: self.pause_key(user), answer: None, expires_at: now + PAUSE };
        match self.store.commit(Batch::new().with(MarkWrite::Insert { row, now })).await? {
            Committed::Yes | Committed::Conflict(_) => Ok(()),
        }
    }

    fn asking_key(&self, what: &[u8], open: &OpenSignIn, user: Id<User>) -> [u8; 32] {
        let ask = &open.sign_in.ask;
        let by: &[u8] = match ask.initiator {
            Initiator::Browser => b"browsers",
            Initiator::Device | Initiator::Client => ask.client_id.as_bytes(),
        };
        self.keys().digest("asking", &[what, by, user.bytes()])
    }

    fn pause_key(&self, user: Id<User>) -> [u8; 32] {
        self.keys().digest("asking-paused", &[user.bytes()])
    }

    /// What is told to a push service instead of the id of a ceremony.
    fn topic(&self, id: Id<CeremonyRow>) -> [u8; 32] {
        self.keys().digest("push-topic", &[id.bytes()])
    }

    /// What a device watches while it waits ([`super::Waiter`]): its person's devices may be asked something new.
    pub(super) fn devices_topic(&self, user: Id<User>) -> [u8; 16] {
        let digest = self.keys().digest("devices-topic", &[user.bytes()]);
        digest.first_chunk().copied().unwrap_or_default()
    }
}

impl Body {
    /// The write that lets the next request through, once.
    pub(super) fn released(&mut self) -> Option<ThrottleWrite> {
        self.asked.take().map(|key| ThrottleWrite::Reset(key.0))
    }
}

impl Run {
    /// The same, if it is over with what it is now.
    pub(super) fn released(&mut self) -> Option<ThrottleWrite> {
        if self.row.phase == Phase::Open { None } else { self.body.released() }
    }
}

/// One at a time: no other one for so many seconds, unless the first is answered.
fn one_for(seconds: i64) -> Schedule {
    Schedule { free: 0, lock: u8::MAX, first_wait: seconds, longest_wait: seconds }
}
