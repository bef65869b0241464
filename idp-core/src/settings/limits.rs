//! How often may somebody try? The numbers that an administrator may set, within what the standards allow.

use serde::{Deserialize, Serialize};

use crate::{rate::Limit, throttle::Schedule};

/// The most wrong PINs in a row, whatever is set: NIST SP 800-63B-4 allows ten for what unlocks an authenticator.
const PIN_LOCK: u8 = 10;

/// How often somebody may try. Waits are in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Limits {
    /// Failures in a row after which a credential is locked. Default 10; at most 100 (NIST SP 800-63B-4, 3.2.2). A PIN
    /// is locked after ten at most.
    pub lock_after: u8,
    /// Failures in a row that cost no waiting. Default 3.
    pub free_failures: u8,
    /// The first wait; it doubles with every further failure. Default 30, and not less.
    pub first_wait: i64,
    /// The longest wait. Default an hour.
    pub longest_wait: i64,
    /// Messages of one kind (claims, decisions, enrolments, questions what waits, changes of itself) that a device may send a
    /// minute. Default 20.
    pub messages_of_device: u32,
    /// Claims, and messages of devices that are not registered yet, that may come from one address a minute. Default 60.
    pub messages_of_address: u32,
    /// User codes that a device may try in ten minutes, and an account in a browser; an address four times as many there.
    /// Default 5 (RFC 8628, 5.1).
    pub user_codes: u32,
    /// Failures from one network a minute before it is slowed to one try a second. Default 30.
    pub failures_of_network: u32,
    /// Failures on one account an hour, over all its credentials, before unknown browsers have to wait. Default 30; at
    /// most 100.
    pub failures_of_account: u32,
    /// Requests to the devices of a person in any five minutes: by the browsers that know the person together, and by each
    /// application without a browser. Default 3, and not more.
    pub requests: u8,
    /// Requests that nobody approved, one after the other, before browsers make no more until a device approves otherwise,
    /// and an application one a day. Default 10, and not more.
    pub requests_until_approval: u8,
    /// How often the code of a new device may be typed wrongly into the portal. Default 5, and not more.
    pub confirm_tries: u8,
    /// How often the number of the portal may be typed wrongly into a device. Default 3, and not more.
    pub number_tries: u8,
    /// How many devices may wait at one node for something to decide; one beyond is answered at once. Default 10,000.
    pub waiting_devices: u32,
}

impl Default for Limits {
    fn default() -> Self {
        let Schedule { free, lock, first_wait, longest_wait } = Schedule::default();
        Self {
            lock_after: lock,
            free_failures: free,
            first_wait,
            longest_wait,
            messages_of_device: 20,
            messages_of_address: 60,
            user_codes: 5,
            failures_of_network: 30,
            failures_of_account: 30,
            requests: 3,
            requests_until_approval: 10,
            confirm_tries: 5,
            number_tries: 3,
            waiting_devices: 10_000,
        }
    }
}

impl Limits {
    /// For guesses at a credential.
    #[must_use]
    pub fn throttle(&self) -> Schedule {
        let (free, lock) = (self.free_failures, self.lock_after);
        Schedule { free, lock, first_wait: self.first_wait, longest_wait: self.longest_wait }
    }

    /// For guesses at the PIN of a device.
    #[must_use]
    pub fn pin_throttle(&self) -> Schedule {
        Schedule { lock: self.lock_after.min(PIN_LOCK), ..self.throttle() }
    }

    /// For messages of one kind by a device.
    #[must_use]
    pub fn device_messages(&self) -> Limit {
        Limit { times: self.messages_of_device, seconds: 60 }
    }

    /// For messages of one kind from an address.
    #[must_use]
    pub fn address_messages(&self) -> Limit {
        Limit { times: self.messages_of_address, seconds: 60 }
    }

    /// For user codes that a device tries.
    #[must_use]
    pub fn code_tries(&self) -> Limit {
        Limit { times: self.user_codes, seconds: 600 }
    }

    /// For failures from a network.
    #[must_use]
    pub fn network_failures(&self) -> Limit {
        Limit { times: self.failures_of_network, seconds: 60 }
    }

    /// For failures on an account.
    #[must_use]
    pub fn account_failures(&self) -> Limit {
        Limit { times: self.failures_of_account, seconds: 3_600 }
    }
}
