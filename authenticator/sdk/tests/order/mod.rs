//! Which account is proposed where several could sign in, and who decides?

use std::sync::Arc;

use idp_protocol::{
    Octets,
    link::{Link, Origin, Target},
    message::Verdict,
};
use symbolon_authenticator::{
    Account, Authenticator, Error, ManualClock, MemoryStore, Scripted, Store as _, Ticket,
};

use super::{
    fake::{self, Fake, NOW, PIN, Phone},
    journeys::enrolled,
};

const SHOP: [u8; 2] = [7, 7];
const OFFICE: [u8; 2] = [8, 8];

/// A phone with alice's account, bob's at the same server, and carol's elsewhere.
async fn three_accounts() -> (Arc<Fake>, Phone, [Account; 3]) {
    let (fake, _, _) = fake::start();
    let store = Arc::new(MemoryStore::default());
    let clock = Arc::new(ManualClock::new(NOW));
    let phone = Authenticator::new(fake.crypto.clone(), clock, fake.clone(), store.clone());
    let alice = enrolled(&fake, &phone).await;
    let bob = Account { device: Octets([40; 16]), name: "bob".to_owned(), ..alice.clone() };
    let elsewhere = Origin::parse("https://elsewhere.example").unwrap();
    let carol =
        Account { device: Octets([41; 16]), name: "carol".to_owned(), issuer: elsewhere, ..alice.clone() };
    store.put(&bob).unwrap();
    store.put(&carol).unwrap();
    (fake, phone, [alice, bob, carol])
}

/// A ticket for an application of the server.
fn ticket(fake: &Fake, application: [u8; 2]) -> Ticket {
    let bytes = [&[2, 0], application.as_slice(), &[9; 48]].concat();
    Ticket::from_scan(&Link { origin: fake.origin.clone(), target: Target::Scan(bytes) }.to_qr()).unwrap()
}

/// What is proposed for a ticket, the first one first.
fn proposed(phone: &Phone, ticket: &Ticket) -> Vec<String> {
    phone.accounts_for(ticket).unwrap().into_iter().map(|account| account.name).collect()
}

fn person(verdict: Verdict) -> Scripted {
    Scripted::new(verdict).pin(PIN)
}

#[tokio::test]
async fn the_order_of_accounts_is_what_is_proposed_and_another_order_counts_at_once() {
    let (fake, phone, [alice, bob, carol]) = three_accounts().await;
    let shop = ticket(&fake, SHOP);
    assert_eq!(proposed(&phone, &shop), ["alice@example.org", "bob"]);
    phone.arrange(&bob, 0).unwrap();
    assert_eq!(proposed(&phone, &shop), ["bob", "alice@example.org"]);
    phone.arrange(&bob, 99).unwrap();
    let names: Vec<String> = phone.accounts().unwrap().into_iter().map(|account| account.name).collect();
    assert_eq!(names, ["alice@example.org", "carol", "bob"]);
    phone.arrange(&carol, 0).unwrap();
    phone.forget(&alice).unwrap();
    assert_eq!(proposed(&phone, &shop), ["bob"], "those of other servers are in nobody's way");
}

#[tokio::test]
async fn the_account_that_was_used_last_for_an_application_is_proposed_first_for_that_one() {
    let (fake, phone, [alice, bob, _]) = three_accounts().await;
    let (shop, office) = (ticket(&fake, SHOP), ticket(&fake, OFFICE));
    let second = person(Verdict::Approve).account(1);
    phone.sign_in(&shop, &second).await.unwrap();
    assert_eq!(second.proposed(), ["alice@example.org"], "the person was asked, and chose the other one");
    assert_eq!(proposed(&phone, &shop), ["bob", "alice@example.org"]);
    assert_eq!(proposed(&phone, &office), ["alice@example.org", "bob"], "nobody was used there");
    phone.sign_in_as(&alice, &office, &person(Verdict::Approve)).await.unwrap();
    phone.arrange(&bob, 0).unwrap();
    assert_eq!(proposed(&phone, &office), ["alice@example.org", "bob"], "memory goes before the order");

    phone.sign_in_as(&alice, &shop, &person(Verdict::Deny)).await.unwrap();
    assert_eq!(proposed(&phone, &shop), ["bob", "alice@example.org"], "who denies has used nothing");
    phone.forget(&bob).unwrap();
    assert_eq!(proposed(&phone, &shop), ["alice@example.org"]);
}

#[tokio::test]
async fn an_account_that_was_named_wins_over_what_is_proposed() {
    let (fake, phone, [alice, bob, carol]) = three_accounts().await;
    let shop = ticket(&fake, SHOP);
    let human = person(Verdict::Approve);
    phone.sign_in_as(&bob, &shop, &human).await.unwrap();
    phone.sign_in_as(&alice, &shop, &human).await.unwrap();
    phone.sign_in_by_code_as(&bob, "bcdf-ghjk", &human).await.unwrap();
    assert_eq!(human.proposed(), [""; 0], "nobody was asked");

    let before = fake.state.lock().unwrap().requests.len();
    let refused = phone.sign_in_as(&carol, &shop, &human).await;
    assert!(matches!(refused, Err(Error::OtherServer(_))), "{refused:?}");
    assert_eq!(fake.state.lock().unwrap().requests.len(), before, "and nothing was sent");
}
