//! How does a device wait for what it is asked, without asking again and again?
//!
//! Whoever serves devices looks ([`Engine::begin_waiting`]), sleeps ([`Waiter::woken`]) and looks again
//! ([`Engine::look_again`]). A wake-up is a hint and says nothing: what is asked is in the store, so one that is missed
//! delays and loses nothing.

use std::{
    future::{Future as _, poll_fn},
    net::IpAddr,
    pin::Pin,
    task::Poll,
};

use idp_protocol::context::Waiting;

use super::{
    Engine,
    device::{DeviceRequest, MAY_ASK},
};
use crate::{Error, Id, Refusal, bus::Watch, device::DeviceRow};

/// A device that waits: it has proved who it is, and is told what comes until it is not active any more.
#[derive(Debug)]
pub struct Waiter {
    id: Id<DeviceRow>,
    thumbprint: [u8; 32],
    address: IpAddr,
    /// What its person's devices are asked, its own end, and its person's.
    watches: [Watch; 3],
}

impl Waiter {
    /// The thumbprint of the device's key.
    #[must_use]
    pub fn thumbprint(&self) -> [u8; 32] {
        self.thumbprint
    }

    /// Until something may be different.
    pub async fn woken(&mut self) {
        poll_fn(|cx| {
            let woken =
                self.watches.iter_mut().any(|watch| Pin::new(&mut watch.changed()).poll(cx).is_ready());
            if woken { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

impl Engine {
    /// Answers what [`Engine::answer_device`] answers to the same request, for a device that waits if nothing is there.
    /// Whatever is asked from then on wakes it.
    ///
    /// # Errors
    /// As [`Engine::answer_device`]: a stranger waits for nothing.
    pub async fn begin_waiting(&self, request: &DeviceRequest<'_>) -> Result<(Waiting, Waiter), Error> {
        let now = self.now();
        let (device, user) = self.who_asks(request, now).await?;
        // Before the look: what is asked in between wakes it.
        let bus = self.store.bus();
        let watches = [self.devices_topic(device.user), *device.id.bytes(), *device.user.bytes()];
        let watches = watches.map(|topic| bus.watch(topic));
        let waiting = self.pending((&device, &user), request.address, now).await?;
        let (id, thumbprint, address) = (device.id, device.thumbprint, request.address);
        Ok((waiting, Waiter { id, thumbprint, address, watches }))
    }

    /// What waits for the device now.
    ///
    /// # Errors
    /// [`Refusal::DeviceNotActive`] once it was stopped, or its person: whoever took a device away must not go on telling
    /// it who signs in where.
    pub async fn look_again(&self, waiter: &Waiter) -> Result<Waiting, Error> {
        let device = self.store.device(waiter.id).await?.filter(|device| MAY_ASK.contains(&device.state));
        let device = device.ok_or(Refusal::DeviceNotActive)?;
        let user = self.active_user(device.user).await?.ok_or(Refusal::DeviceNotActive)?;
        self.pending((&device, &user), waiter.address, self.now()).await
    }
}
