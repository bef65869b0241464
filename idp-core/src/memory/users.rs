//! How are people kept in memory?

use std::collections::BTreeMap;

use super::MemoryStore;
use crate::{
    Id,
    store::{Answer, Users},
    users::{User, UserWrite},
};

#[derive(Clone, Debug, Default)]
pub(super) struct Table(BTreeMap<Id<User>, User>);

impl Table {
    pub(super) fn apply(&mut self, write: UserWrite) -> bool {
        match write {
            UserWrite::Insert(user) => {
                if self.0.values().any(|other| other.id == user.id || other.login == user.login) {
                    return false;
                }
                self.0.insert(user.id, user);
            }
            UserWrite::Update(user) => {
                let Some(stored) = self.0.get_mut(&user.id) else { return false };
                stored.state = user.state;
                stored.profile = user.profile;
            }
        }
        true
    }
}

impl Users for MemoryStore {
    fn user(&self, id: Id<User>) -> Answer<'_, Option<User>> {
        self.read(|state| state.users.0.get(&id).cloned())
    }

    fn user_by_login(&self, login: &str) -> Answer<'_, Option<User>> {
        self.read(|state| state.users.0.values().find(|user| user.login == login).cloned())
    }
}
