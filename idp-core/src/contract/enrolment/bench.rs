//! The bench: one engine with one enrolment, and two people who are signed in.

use std::sync::Arc;

use serde_json::Value;

use super::{Case, Player, Round};
use crate::{
    Engine, Error, Id, ManualClock, Refusal, Time,
    ceremony::CeremonyRow,
    claimant::Claimant,
    contract::start::{self, Subjects},
    device::DeviceState,
    engine::{CeremonyView, Progress, Status},
    evidence::{Evidence, Factor},
    memory::MemoryStore,
    session::{SessionName, SignedIn},
    signin::Origin,
    users::User,
};

/// More rounds than any enrolment has.
const ROUNDS: usize = 20;
const HOME: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

/// Somebody who is signed in.
pub(super) struct Person {
    pub user: User,
    pub claimant: Claimant,
    ledger: Vec<Evidence>,
}

/// An engine with the enrolment of a case.
pub(super) struct Bench {
    pub case: Case,
    pub engine: Arc<Engine>,
    pub clock: Arc<ManualClock>,
    pub owner: Person,
    pub other: Person,
}

impl Case {
    /// A fresh bench.
    pub(super) async fn bench(&self) -> Bench {
        let clock = Arc::new(ManualClock::at(Time(1_700_000_000)));
        let subjects = Subjects { methods: Vec::new(), enrolments: vec![self.enrolment.clone()] };
        let engine = start::start(&self.crypto, subjects, &MemoryStore::default(), &clock).await;
        let owner = person(&engine, &clock, "owner").await;
        let other = person(&engine, &clock, "other").await;
        Bench { case: self.clone(), engine, clock, owner, other }
    }

    /// A player of its own.
    pub(super) fn player(&self) -> Box<dyn Player> {
        (self.player)()
    }
}

async fn person(engine: &Engine, clock: &ManualClock, login: &str) -> Person {
    let user = start::add_user(engine, clock, login).await;
    let ledger = vec![Evidence::of_embedder(user.id, Factor::Knowledge, engine.now())];
    Person { user, claimant: Claimant::random(engine.crypto()), ledger }
}

impl Bench {
    /// Begins an enrolment of a person.
    pub async fn begin(&self, person: &Person) -> CeremonyView {
        let session = SignedIn {
            user: person.user.id,
            ledger: &person.ledger,
            session: SessionName::Embedders(*person.user.id.bytes()),
            expires_at: Time(i64::MAX),
        };
        let from = Origin {
            address: HOME,
            place: "home".to_owned(),
            browser: "Suite".to_owned(),
            known: None,
            session: None,
        };
        let kind = self.case.enrolment.kind();
        self.engine.begin_enrolment(&person.claimant, session, from, kind).await.expect("it begins")
    }

    /// Plays honestly until something is to be typed; `None` if it is over before.
    pub async fn until_typed(
        &self,
        person: &Person,
        player: &mut dyn Player,
        id: Id<CeremonyRow>,
    ) -> Option<Value> {
        for _ in 0..ROUNDS {
            let prompt = self.engine.view(&person.claimant, id).await.expect("a view").prompt?;
            let round = Round { engine: &self.engine, clock: &self.clock, prompt: &prompt };
            if let Some(typed) = player.answer(round).await {
                return Some(typed);
            }
        }
        panic!("the enrolment does not end");
    }

    /// Plays honestly to the end.
    pub async fn to_the_end(&self, person: &Person, player: &mut dyn Player, id: Id<CeremonyRow>) -> Status {
        for _ in 0..ROUNDS {
            let Some(typed) = self.until_typed(person, player, id).await else { break };
            self.send(person, id, typed).await.expect("an honest answer");
        }
        self.engine.view(&person.claimant, id).await.expect("a view").status
    }

    /// Types something.
    pub async fn send(&self, person: &Person, id: Id<CeremonyRow>, typed: Value) -> Result<Progress, Error> {
        self.engine.answer(&person.claimant, id, typed).await
    }

    /// How much a person can sign in with.
    pub async fn bound(&self, person: &Person) -> usize {
        let store = self.engine.store();
        let credentials = store.credentials(person.user.id).await.expect("a store");
        let devices = store.devices(person.user.id).await.expect("a store");
        // The codes of a device come and go with it.
        let of_device = |id| devices.iter().any(|device| device.credential() == id);
        let usable = credentials.iter().filter(|row| row.consumed_at.is_none() && !of_device(row.id)).count();
        usable.saturating_add(devices.iter().filter(|row| row.state == DeviceState::Active).count())
    }
}

/// The refusal of a result, or a panic that names the guarantee.
pub(super) fn refused<T: std::fmt::Debug>(guarantee: &str, result: Result<T, Error>) -> Refusal {
    match result {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("{guarantee}: expected a refusal, got {other:?}"),
    }
}
