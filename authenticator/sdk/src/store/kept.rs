//! What does a store keep: the accounts in their order, and which of them was used last for whom?

use idp_protocol::Octets;
use serde::{Deserialize, Serialize};

use crate::{Account, OfflineAccount, Party};

/// How many parties are remembered. What was used long ago is no proposal any more.
const MOST_PARTIES: usize = 200;

/// All that a store keeps.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    /// In the order in which they are proposed.
    pub accounts: Vec<Account>,
    /// The newest first, one for each party.
    used: Vec<Used>,
    /// Accounts that give one-time codes and nothing else; older versions kept none.
    #[serde(default)]
    pub offline: Vec<OfflineAccount>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Used {
    party: Party,
    /// The id of the registration, which is one account's.
    device: Octets<16>,
}

impl Kept {
    /// What an older version kept: the accounts and nothing else.
    pub(super) fn of(accounts: Vec<Account>) -> Self {
        Self { accounts, ..Self::default() }
    }

    pub(super) fn put(&mut self, account: &Account) {
        match self.accounts.iter_mut().find(|kept| kept.is(account)) {
            Some(kept) => *kept = account.clone(),
            None => self.accounts.push(account.clone()),
        }
    }

    pub(super) fn remove(&mut self, account: &Account) {
        self.accounts.retain(|kept| !kept.is(account));
        self.used.retain(|used| used.device != account.device);
    }

    pub(super) fn put_offline(&mut self, account: &OfflineAccount) {
        self.remove_offline(account);
        self.offline.push(account.clone());
    }

    pub(super) fn remove_offline(&mut self, account: &OfflineAccount) {
        self.offline.retain(|kept| !kept.is(account));
    }

    pub(super) fn arrange(&mut self, account: &Account, place: usize) {
        let Some(at) = self.accounts.iter().position(|kept| kept.is(account)) else { return };
        let moved = self.accounts.remove(at);
        self.accounts.insert(place.min(self.accounts.len()), moved);
    }

    pub(super) fn used(&self, party: &Party) -> Option<Octets<16>> {
        self.used.iter().find(|used| used.party == *party).map(|used| used.device)
    }

    pub(super) fn remember(&mut self, party: &Party, account: &Account) {
        self.used.retain(|used| used.party != *party);
        self.used.insert(0, Used { party: party.clone(), device: account.device });
        self.used.truncate(MOST_PARTIES);
    }
}
