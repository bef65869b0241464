//! What is on an offline ticket, and for which device is the next one?
//!
//! Whoever has several devices has one of them in his hand, and the server does not know which. He asks for another ticket
//! until one opens. The page says neither how many there are nor what they are called: it looks the same for a name that
//! nobody has, and for somebody who has one device.

use std::net::IpAddr;

use idp_protocol::{
    context::Opens,
    offline::{Request, With},
};
use serde::{Deserialize, Serialize};

use super::{Pin, State, fits, nobody, pin};
use crate::{
    Fault, Id, Time,
    device::DeviceRow,
    method::{Begins, Cx, Device},
};

/// How many tickets a ceremony shows at most.
const MOST: u8 = 8;

/// What all tickets of one ceremony say, and whom they were for.
#[derive(Serialize, Deserialize)]
pub(super) struct Sheet {
    client: String,
    opens: Opens,
    address: IpAddr,
    place: String,
    /// When the ceremony is over: a further ticket does not prolong it.
    until: Time,
    /// The devices that were asked, since the last time that all of them had been.
    asked: Vec<Id<DeviceRow>>,
    tickets: u8,
}

impl Sheet {
    pub(super) fn of(begins: &Begins, until: Time) -> Self {
        let Begins { client, opens, address, place, .. } = begins.clone();
        Self { client, opens, address, place, until, asked: Vec::new(), tickets: 0 }
    }

    /// A ticket for this device, or for nobody.
    pub(super) fn ticket(mut self, cx: &Cx<'_>, device: Option<&Device>) -> Result<State, Fault> {
        let (pin, nobody) = (pin(cx), nobody(cx));
        let request = Request {
            ceremony: *cx.ceremony.bytes(),
            issued_at: cx.now.0,
            life: u16::try_from(self.until - cx.now).unwrap_or_default(),
            with: if matches!(pin, Pin::InCode) { With::Pin } else { With::Secret },
            opens: self.opens,
            client: self.client.clone(),
            address: self.address,
            place: self.place.clone(),
        };
        let ticket = cx.tools.offline_ticket(device, &nobody, &request, cx.now)?;
        let device = device.map_or(Id::from_bytes(nobody), |device| device.id);
        self.asked.push(device);
        self.tickets = self.tickets.saturating_add(1);
        let (link, approval, report) = (ticket.link, ticket.approval, ticket.report);
        Ok(State { device, link, approval, report, pin, sheet: Some(self) })
    }

    /// Which ticket is shown, if there may be another one. In a browser that nobody has used before the device that was used
    /// last is asked, and no other: a relay must not look for the one whose owner is tired.
    pub(super) fn number(&self, cx: &Cx<'_>) -> Option<u8> {
        (cx.context.browser_has_users && self.tickets < MOST).then_some(self.tickets)
    }

    /// The next ticket: for the device that was used last of those that were not asked yet. Whoever is not known in this
    /// browser gets one for the same device, or for nobody.
    pub(super) fn next(mut self, cx: &Cx<'_>, before: Id<DeviceRow>) -> Result<State, Fault> {
        if !cx.context.known_browser {
            let same = cx.devices.iter().find(|device| device.id == before);
            return self.ticket(cx, same);
        }
        let fitting = || cx.devices.iter().filter(|device| fits(cx, device));
        if fitting().all(|device| self.asked.contains(&device.id)) {
            self.asked.clear();
        }
        let others = fitting().filter(|device| !self.asked.contains(&device.id));
        let next = others.max_by_key(|device| device.seen_at);
        self.ticket(cx, next)
    }
}
