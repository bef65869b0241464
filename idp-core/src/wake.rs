//! How does a device hear that something waits for it, if nobody looks at it?

use idp_protocol::push::PushSubscription;
use serde::{Deserialize, Serialize};

use crate::{Id, device::DeviceRow};

/// Whether the server wakes devices by the push services of their browsers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WakeDevices {
    /// Yes, those that want it (RFC 8030). The push services learn that somebody is woken, and when.
    #[default]
    WebPush,
    /// No. Devices ask what waits for them, and no push service learns anything.
    PollOnly,
}

/// A device to be woken.
#[derive(Clone, Debug)]
pub struct Wake {
    /// Which one.
    pub device: Id<DeviceRow>,
    /// Where.
    pub subscription: PushSubscription,
    /// What it is about, as a digest that says nothing to a push service.
    pub topic: [u8; 32],
}

/// Wakes devices, as well as it can. The engine calls it after the commit: what a device shall decide about is in the
/// store by then, and nothing depends on whether it is woken.
pub trait DeviceWaker: Send + Sync {
    /// Whether this is an address that would be asked at all. No name is looked up.
    fn accepts(&self, subscription: &PushSubscription) -> bool;

    /// Wakes a device. It returns at once: no sign-in waits for a push service.
    fn wake(&self, wake: Wake);
}

/// Wakes nobody: devices ask what waits for them.
#[derive(Clone, Copy, Debug, Default)]
pub struct NobodyWakes;

impl DeviceWaker for NobodyWakes {
    fn accepts(&self, _: &PushSubscription) -> bool {
        false
    }

    fn wake(&self, _: Wake) {}
}
