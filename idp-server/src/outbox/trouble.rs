//! What does the log say of a carrier that does not work? Once that it begins, and once that it is over.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use idp_core::outbox::Channel;

/// The carriers that do not work, as far as this node knows.
#[derive(Default)]
pub(super) struct Troubles(Mutex<BTreeSet<Channel>>);

/// Whether it was known already, and so was not said again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Now,
    Before,
}

impl Troubles {
    pub(super) fn began(&self, channel: Channel, why: &str) -> Said {
        if !self.held().insert(channel) {
            return Said::Before;
        }
        let channel = channel.name();
        tracing::warn!(channel, why, "messages do not get through; they are kept, and tried again for a day");
        Said::Now
    }

    pub(super) fn ended(&self, channel: Channel) -> Said {
        if !self.held().remove(&channel) {
            return Said::Before;
        }
        tracing::info!(channel = channel.name(), "messages get through again");
        Said::Now
    }

    fn held(&self) -> MutexGuard<'_, BTreeSet<Channel>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A mail server that is away for a day must not fill the log.
    #[test]
    fn trouble_is_said_when_it_begins_and_when_it_ends_and_not_at_each_try() {
        let troubles = Troubles::default();
        let steps = [
            (troubles.ended(Channel::Mail), Said::Before),
            (troubles.began(Channel::Mail, "away"), Said::Now),
            (troubles.began(Channel::Mail, "away"), Said::Before),
            (troubles.began(Channel::Webhook, "away"), Said::Now),
            (troubles.ended(Channel::Mail), Said::Now),
            (troubles.ended(Channel::Mail), Said::Before),
            (troubles.began(Channel::Mail, "away"), Said::Now),
        ];
        for (number, (said, expected)) in steps.into_iter().enumerate() {
            assert_eq!(said, expected, "step {number}");
        }
    }
}
