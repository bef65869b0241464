//! A device that waits for something to decide: what wakes it, what ends its wait, and what strangers get.

use std::time::Duration;

use idp_core::{
    store::{Batch, Committed, Store as _, Write},
    users::{User, UserState, UserWrite},
};
use idp_protocol::message::{Message as _, Pending, Update};
use reqwest::Response;
use serde_json::Value;
use tokio::{task::JoinHandle, time};

use crate::{
    nodes::nodes_with,
    phone::Phone,
    push::{known_browser, until, with_password},
    server::{Server, answer},
};

/// Far less than a wait that nothing wakes.
const SOON: Duration = Duration::from_secs(15);

type Wait = JoinHandle<reqwest::Result<Response>>;

/// A device begins to wait; it does when this returns.
async fn begins_to_wait(server: &Server, phone: &Phone, seconds: u32) -> Wait {
    let before = waits(server, phone);
    let wait = tokio::spawn(phone.asks(server).header("prefer", format!("wait={seconds}")).send());
    until("it waits", async || (waits(server, phone) > before).then_some(())).await;
    wait
}

fn waits(server: &Server, phone: &Phone) -> usize {
    server.app.db().bus().watches(phone.id.bytes())
}

struct Ended {
    status: u16,
    /// Whether the server says that it has waited as it was asked to.
    applied: bool,
    told: Value,
}

impl Ended {
    async fn of(response: Response) -> Self {
        let applied = response.headers().contains_key("preference-applied");
        let (status, told) = answer(response).await;
        Self { status, applied, told }
    }

    fn contexts(&self) -> usize {
        self.told["contexts"].as_array().unwrap().len()
    }
}

/// The end of a wait that something ends before its time.
async fn end(wait: Wait) -> Ended {
    Ended::of(time::timeout(SOON, wait).await.unwrap().unwrap().unwrap()).await
}

/// Wakes a device for nothing.
async fn wake(server: &Server, phone: &Phone) {
    let batch = Batch::new().with(Write::Wake(*phone.id.bytes()));
    assert_eq!(server.app.db().commit(batch).await.unwrap(), Committed::Yes);
}

#[tokio::test]
async fn a_device_that_waits_is_told_as_soon_as_a_browser_asks() {
    let server = Server::start().await;
    let phone = Phone::of(&server, &server.user).await;
    let begun = with_password(&server, &known_browser(&server).await).await;
    let wait = begins_to_wait(&server, &phone, 25).await;
    wake(&server, &phone).await;
    begun.ask(&server).await;
    let told = end(wait).await;
    assert_eq!((told.status, told.applied, told.contexts()), (200, true, 1));

    let again = phone.asks(&server).header("prefer", "wait=25").send().await.unwrap();
    assert_eq!(Ended::of(again).await.contexts(), 1, "what is there is told at once");
    assert_eq!(waits(&server, &phone), 0, "nobody waits any more");
}

#[tokio::test]
async fn a_wait_ends_at_its_time_with_nothing() {
    let server = Server::start().await;
    let phone = Phone::of(&server, &server.user).await;
    let wait = begins_to_wait(&server, &phone, 86_400).await;
    server.clock.advance(25);
    wake(&server, &phone).await;
    let told = end(wait).await;
    assert_eq!((told.status, told.applied, told.contexts()), (200, true, 0));
}

/// A wake-up that got lost on its way from another node: two processes on one file of SQLite do not wake each other.
#[tokio::test]
async fn what_nobody_was_woken_for_is_found_at_the_end() {
    let server = Server::start().await;
    let other = server.beside().await;
    let phone = Phone::of(&server, &server.user).await;
    let begun = with_password(&server, &known_browser(&server).await).await;
    let wait = begins_to_wait(&server, &phone, 25).await;
    assert_eq!(begun.ask(&other).await.0, 303);
    assert_eq!(waits(&server, &phone), 1, "nothing woke it");
    server.clock.advance(25);
    wake(&server, &phone).await;
    let told = end(wait).await;
    assert_eq!((told.status, told.contexts()), (200, 1));
}

#[tokio::test]
async fn whoever_cannot_sign_for_a_device_waits_for_nothing() {
    let server = Server::start_with(|config| config.engine.limits.waiting_devices = 1).await;
    let phone = Phone::of(&server, &server.user).await;
    let elsewhere = Server::start().await;
    let stranger = Phone::of(&elsewhere, &elsewhere.user).await;
    let get = || server.http.get(format!("{}{}", server.url, Pending::PATH)).header("prefer", "wait=25");
    for request in [get(), get().header("authorization", "Device x.y.z"), stranger.asks(&server)] {
        let refused = request.header("prefer", "wait=25").send();
        let refused = time::timeout(SOON, refused).await.expect("at once").unwrap();
        let refused = Ended::of(refused).await;
        assert!([400, 401].contains(&refused.status), "{}", refused.status);
        assert!(!refused.applied);
    }
    let request = phone.asks(&server).build().unwrap();
    let first = server.http.execute(request.try_clone().unwrap()).await.unwrap();
    assert_eq!(first.status(), 200);
    let mut overheard = request;
    overheard.headers_mut().insert("prefer", "wait=25".parse().unwrap());
    let replayed = Ended::of(server.http.execute(overheard).await.unwrap()).await;
    assert_eq!(replayed.status, 401, "a message counts once");
    let wait = begins_to_wait(&server, &phone, 25).await;
    server.clock.advance(25);
    wake(&server, &phone).await;
    assert!(end(wait).await.applied, "nobody took the only seat");
}

#[tokio::test]
async fn the_wait_of_a_device_that_is_taken_away_ends() {
    let server = Server::start().await;
    let phone = Phone::of(&server, &server.user).await;
    let wait = begins_to_wait(&server, &phone, 25).await;
    phone.post(&server, Update::Revoke).await.unwrap();
    let told = end(wait).await;
    assert_eq!((told.status, told.told["error"].as_str()), (403, Some("device_not_active")));
}

#[tokio::test]
async fn the_wait_of_a_person_who_is_switched_off_ends() {
    let server = Server::start().await;
    let phone = Phone::of(&server, &server.user).await;
    let wait = begins_to_wait(&server, &phone, 25).await;
    let off = User { state: UserState::Disabled, ..server.user.clone() };
    let batch = Batch::new().with(UserWrite::Update(off));
    assert_eq!(server.app.db().commit(batch).await.unwrap(), Committed::Yes);
    let told = end(wait).await;
    assert_eq!((told.status, told.told["error"].as_str()), (403, Some("device_not_active")));
}

/// A line that broke is often noticed at one end only: the newer wait is the one that is alive.
#[tokio::test]
async fn a_second_wait_of_a_device_ends_the_first() {
    let server = Server::start().await;
    let phone = Phone::of(&server, &server.user).await;
    let begun = with_password(&server, &known_browser(&server).await).await;
    let first = begins_to_wait(&server, &phone, 25).await;
    let second = tokio::spawn(phone.asks(&server).header("prefer", "wait=25").send());
    let sent_away = end(first).await;
    let what = (sent_away.status, sent_away.applied, sent_away.contexts());
    assert_eq!(what, (200, false, 0), "it shall ask again in its own time");
    begun.ask(&server).await;
    assert_eq!(end(second).await.contexts(), 1);
}

#[tokio::test]
async fn no_more_devices_wait_than_there_may_be() {
    let server = Server::start_with(|config| config.engine.limits.waiting_devices = 1).await;
    let phone = Phone::of(&server, &server.user).await;
    let other = Phone::of(&server, &server.add("bob").await).await;
    let begun = with_password(&server, &known_browser(&server).await).await;
    let wait = begins_to_wait(&server, &phone, 25).await;
    let beyond = tokio::spawn(other.asks(&server).header("prefer", "wait=25").send());
    let beyond = end(beyond).await;
    let what = (beyond.status, beyond.applied, beyond.contexts());
    assert_eq!(what, (200, false, 0), "it is answered, and asks again in its own time");
    begun.ask(&server).await;
    assert_eq!(end(wait).await.contexts(), 1, "nobody lost a seat");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_waits_at_one_node_is_woken_by_a_browser_at_the_other() {
    let (first, second, _alone) = nodes_with(|_| {}).await;
    let phone = Phone::of(&first, &first.user).await;
    let begun = with_password(&first, &known_browser(&first).await).await;
    let wait = begins_to_wait(&second, &phone, 25).await;
    begun.ask(&first).await;
    let told = end(wait).await;
    assert_eq!((told.status, told.applied, told.contexts()), (200, true, 1));
}
