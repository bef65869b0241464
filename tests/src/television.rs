//! A television, as the engine sees one: it begins, shows what it got, and asks again.

use std::net::IpAddr;

use idp_core::{
    DeviceCode, Error, Id,
    ceremony::CeremonyRow,
    engine::{DeviceGrantStatus, Opened},
    policy::Requirement,
    session::SessionRow,
    signin::{Ask, Origin},
};
use idp_protocol::message::Verdict;

use crate::world::{HOME, World};

/// A television that waits.
pub struct Television {
    world: World,
    pub code: DeviceCode,
    /// What people type.
    pub shows: String,
    /// What phones scan.
    pub qr: String,
}

impl Television {
    /// One at home.
    pub async fn on(world: &World) -> Self {
        Self::at(world, HOME, Requirement::default()).await
    }

    /// One somewhere that asks for so much.
    pub async fn at(world: &World, address: IpAddr, requirement: Requirement) -> Self {
        let from = Origin {
            address,
            place: world.engine.place(address),
            browser: "Films".to_owned(),
            known: None,
            session: None,
        };
        let scopes = vec!["openid".to_owned(), "films".to_owned()];
        let ask = Ask { requirement, scopes, ..Ask::of("Films", "films", from) };
        let begun = world.engine.begin_device_grant(ask).await.expect("it begins");
        Self { world: world.clone(), code: begun.code, shows: begun.user_code, qr: begun.link }
    }

    /// The same television, asking another process on the same store.
    pub fn asks(mut self, world: &World) -> Self {
        self.world = world.clone();
        self
    }

    /// What there is to decide about for who types its code into a browser.
    pub async fn typed(&self) -> Id<CeremonyRow> {
        let waiting = self.world.engine.waiting_device_by_code(&self.shows, HOME, None).await;
        waiting.expect("it waits").ceremony
    }

    /// Somebody types its code into a browser, and decides in a session.
    pub async fn decided_in(&self, session: &SessionRow, verdict: Verdict) -> Result<(), Error> {
        let ceremony = self.typed().await;
        self.world.engine.decide_device_grant(session, ceremony, verdict, HOME).await
    }

    /// Asks again.
    pub async fn asks_again(&self) -> DeviceGrantStatus {
        self.world.engine.device_grant_status(&self.code).await.expect("an answer")
    }

    /// Takes what was approved.
    pub async fn finishes(&self) -> Result<Opened, Error> {
        self.world.engine.finish_device_grant(&self.code).await
    }
}
