//! What does a store keep: the accounts in their order, which of them was used last for whom, and the clocks of servers?

use idp_protocol::{Octets, link::Origin};
use serde::{Deserialize, Serialize};

use crate::{Account, OfflineAccount, Party, account::origin};

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
    /// One for each server whose clock is not ours; older versions kept none.
    #[serde(default)]
    clocks: Vec<ServerClock>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ServerClock {
    #[serde(with = "origin")]
    issuer: Origin,
    /// In seconds.
    ahead: i64,
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
        self.forget_clocks();
    }

    pub(super) fn put_offline(&mut self, account: &OfflineAccount) {
        self.offline.retain(|kept| !kept.is(account));
        self.offline.push(account.clone());
    }

    pub(super) fn remove_offline(&mut self, account: &OfflineAccount) {
        self.offline.retain(|kept| !kept.is(account));
        self.forget_clocks();
    }

    pub(super) fn ahead(&self, issuer: &Origin) -> i64 {
        self.clocks.iter().find(|clock| clock.issuer == *issuer).map_or(0, |clock| clock.ahead)
    }

    pub(super) fn keep_ahead(&mut self, issuer: &Origin, seconds: i64) {
        self.clocks.retain(|clock| clock.issuer != *issuer);
        if seconds != 0 {
            self.clocks.push(ServerClock { issuer: issuer.clone(), ahead: seconds });
        }
        self.forget_clocks();
    }

    /// Of servers that are none of ours any more, or never were: whoever shows a code must not fill the file.
    fn forget_clocks(&mut self) {
        let Self { accounts, offline, clocks, .. } = self;
        clocks.retain(|clock| {
            accounts.iter().any(|account| account.issuer == clock.issuer)
                || offline.iter().any(|account| account.issuer == clock.issuer)
        });
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
