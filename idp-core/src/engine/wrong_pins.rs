//! Which answers may have been made with a wrong PIN, where do they count, and who hears of it?
//!
//! The PIN of a device is tried with a proof beside its messages, and with its codes, which have it in their key. Whoever
//! holds an unlocked phone, or a copy of its keys, would try at one counter after the other. So a wrong code counts at the
//! PIN's counter, too, where its method says so ([`Ceremony::pins`]): in a browser that knows the person. Anywhere else it
//! does not: a stranger who types any digits would stop the phone of whomever he names.
//!
//! [`Ceremony::pins`]: crate::method::Ceremony::pins

use super::{ATTEMPTS, Engine, step::Scene};
use crate::{
    Fault, Id, Time,
    credential::CredentialRow,
    device::{DeviceRow, DeviceState, DeviceWrite},
    mark::{MarkRow, MarkWrite},
    notify::Notice,
    store::{Batch, Committed, Guard},
    throttle::ThrottleWrite,
};

/// After how many wrong PINs in a row the owner is told: with the first that makes wait, by default.
const TOLD_AFTER: u8 = 4;
/// For how many seconds he is not told again: a day.
const TOLD_FOR: i64 = 86_400;

impl Engine {
    /// The devices whose PIN an answer may try.
    fn pins(&self, scene: &Scene) -> Result<Vec<Id<DeviceRow>>, Fault> {
        let row = &scene.run.row;
        let ceremony = self.ceremony_of(&row.kind, row.sign_in.is_some())?;
        Ok(ceremony.pins(&self.cx(row.id, &scene.about, row.tries_left), &scene.run.body.state)?)
    }

    /// What is spent beside a try: one at each PIN that may be tried with it.
    pub(super) fn spend_pins(&self, scene: &Scene) -> Result<Vec<ThrottleWrite>, Fault> {
        let (now, schedule) = (scene.now, self.settings.limits.pin_throttle());
        let spend = |device| ThrottleWrite::Spend { key: self.pin_throttle(device), now, schedule };
        Ok(self.pins(scene)?.into_iter().map(spend).collect())
    }

    /// The same for a try that was right, or never compared: it was none at a PIN. What was proved with the PIN in it
    /// forgets the wrong ones before it, as a proof does.
    pub(super) fn spare_pins(
        &self,
        scene: &Scene,
        proved: Option<Id<CredentialRow>>,
    ) -> Result<Vec<ThrottleWrite>, Fault> {
        let spare = |device: Id<DeviceRow>| {
            let key = self.pin_throttle(device);
            match proved {
                Some(credential) if credential.bytes() == device.bytes() => ThrottleWrite::Reset(key),
                _ => ThrottleWrite::GiveBack { key, now: scene.now },
            }
        };
        Ok(self.pins(scene)?.into_iter().map(spare).collect())
    }

    /// What comes of a wrong code that may have had a wrong PIN in it.
    pub(super) async fn code_was_wrong(&self, scene: &Scene) -> Result<(), Fault> {
        for device in self.pins(scene)? {
            self.pin_was_wrong(device, scene.now).await?;
        }
        Ok(())
    }

    /// The last wrong PIN in a row, the tenth at the latest, stops the device: whoever holds it does not know the PIN. Its
    /// owner hears of it before. Of a device that is not there, which a ticket for nobody names, the same is read.
    ///
    /// Whoever finds the counter shut calls it as well: a node may have died between the last wrong PIN and this, or the
    /// device have been renamed in between, and a shut counter beside a device that goes on would stay so.
    pub(super) async fn pin_was_wrong(&self, id: Id<DeviceRow>, now: Time) -> Result<(), Fault> {
        let Some(count) = self.store.throttle(self.pin_throttle(id)).await? else { return Ok(()) };
        if count.failures < TOLD_AFTER && !count.is_locked() {
            return Ok(());
        }
        for _ in 0..ATTEMPTS {
            let device = self.store.device(id).await?;
            let batch = match device {
                Some(device) if count.is_locked() => self.stopped_by_wrong_pins(&device, now),
                device => self.told_of_wrong_pins(id, device, now),
            };
            // In a batch of its own: who comes second loses nothing else.
            match self.store.commit(batch).await? {
                Committed::Conflict(Guard::Device) => {}
                Committed::Yes | Committed::Conflict(_) => return Ok(()),
            }
        }
        Ok(())
    }

    fn stopped_by_wrong_pins(&self, device: &DeviceRow, now: Time) -> Batch {
        let Some(mut stopped) = device.clone().moved(DeviceState::Suspended, now) else {
            return Batch::new();
        };
        stopped.facts.pin_locked = true;
        let name = device.facts.name.clone();
        let notice = Notice::DeviceChanged { name, state: DeviceState::Suspended };
        Batch::new().with(DeviceWrite::Update(stopped)).with(self.notice(device.user, notice))
    }

    /// Once a day: the mark is a guard.
    fn told_of_wrong_pins(&self, id: Id<DeviceRow>, device: Option<DeviceRow>, now: Time) -> Batch {
        let key = self.keys().digest("wrong-pins-told", &[id.bytes()]);
        let row = MarkRow { key, answer: None, expires_at: now + TOLD_FOR };
        let mut batch = Batch::new().with(MarkWrite::Insert { row, now });
        batch.extend(
            device.map(|device| {
                self.notice(device.user, Notice::WrongPins { name: device.facts.name.clone() })
            }),
        );
        batch
    }
}
