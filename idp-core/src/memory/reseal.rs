//! How are sealed values found and replaced in memory?

use super::{MemoryStore, State};
use crate::{
    seal::{Place, Reseal, Sealed},
    store::Answer,
};

impl State {
    fn long_lived(&self) -> impl Iterator<Item = (Place, &Sealed)> {
        let credentials = self.credentials.sealed().map(|(id, sealed)| (Place::Credential(id), sealed));
        let devices = self.devices.sealed().map(|(id, sealed)| (Place::Device(id), sealed));
        let hardware = self.hardware.sealed().map(|(id, sealed)| (Place::Hardware(id), sealed));
        credentials.chain(devices).chain(hardware).chain(self.keys.sealed())
    }

    fn sealed(&mut self, place: &Place) -> Option<&mut Sealed> {
        match place {
            Place::Credential(id) => self.credentials.secret(*id),
            Place::Device(id) => self.devices.secrets(*id),
            Place::Hardware(id) => self.hardware.secret(*id),
            Place::Key { purpose, number } => self.keys.private(purpose, *number),
        }
    }

    pub(super) fn reseal(&mut self, write: Reseal) -> bool {
        match self.sealed(&write.place).filter(|stored| **stored == write.from) {
            Some(stored) => {
                *stored = write.to;
                true
            }
            None => false,
        }
    }
}

impl MemoryStore {
    pub(super) fn others(&self, newest: u8, limit: u32) -> Answer<'_, Vec<(Place, Sealed)>> {
        self.read(|state| {
            let others = state.long_lived().filter(|(_, sealed)| sealed.0.first() != Some(&newest));
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            others.take(limit).map(|(place, sealed)| (place, sealed.clone())).collect()
        })
    }

    pub(super) fn count_others(&self, newest: u8) -> Answer<'_, u64> {
        self.read(|state| {
            let all = state.long_lived().map(|(_, sealed)| sealed);
            let all = all.chain(state.ceremonies.sealed()).chain(state.sign_ins.sealed());
            let all = all.chain(state.messages.sealed());
            let others =
                all.chain(state.marks.sealed()).filter(|sealed| sealed.0.first() != Some(&newest)).count();
            u64::try_from(others).unwrap_or(u64::MAX)
        })
    }
}
