//! Letters that lead to an enrolment: what stands in them, what never does, and how often they go out.

use idp_core::{
    Id, Refusal,
    engine::{Delivery, DigitsBy, LinkBy},
    methods::activation::Old,
    outbox::{Channel, Message, Picture, Recipient, Template},
    policy::Requirement,
    store::Batch,
    users::{User, UserWrite},
};
use symbolon_tests::{Browser, Phone, World, browser::refusal};

const BY_MAIL: Delivery = Delivery { link: LinkBy::Mail(Picture::With), digits: DigitsBy::Webhook };

/// Somebody whom mail reaches.
async fn reachable(world: &World, login: &str) -> User {
    let mut user = world.user(login).await;
    user.profile.email = Some(format!("{login}@example.org"));
    let batch = Batch::new().with(UserWrite::Update(user.clone()));
    assert!(matches!(world.store.commit(batch).await, Ok(idp_core::store::Committed::Yes)));
    user
}

/// What waits in the outbox and is no notice, the oldest first.
async fn letters(world: &World) -> Vec<(Channel, Message)> {
    let rows = world.store.due_messages(world.engine.now(), 100, 100).await.unwrap();
    let open = |row: idp_core::outbox::MessageRow| (row.channel, world.engine.open_message(&row).unwrap());
    rows.into_iter().map(open).collect()
}

fn written(message: &Message) -> String {
    serde_json::to_string(message).unwrap()
}

/// Whoever reads somebody's mail must not have both halves.
#[tokio::test]
async fn the_digits_of_an_invitation_never_go_by_mail() {
    let world = World::new().await;
    let user = reachable(&world, "alice").await;
    let invited = world.engine.invite_by(user.id, Old::Stay, BY_MAIL).await.unwrap();
    let letters = letters(&world).await;
    let [mail, digits] = [Channel::Mail, Channel::Webhook]
        .map(|channel| letters.iter().filter(|(by, _)| *by == channel).map(|(_, it)| it).collect::<Vec<_>>());
    let ([mail], [digits]) = (&mail[..], &digits[..]) else { panic!("{letters:?}") };
    assert!(written(mail).contains(&invited.name.to_string()), "the link");
    assert!(!written(mail).contains(&*invited.digits));
    assert!(written(digits).contains(&*invited.digits));
    for picture in [Picture::Without, Picture::With] {
        let by = Delivery { link: LinkBy::Mail(picture), digits: DigitsBy::Hand };
        let invited = world.engine.invite_by(user.id, Old::Stay, by).await.unwrap();
        let all = self::letters(&world).await;
        assert!(!all.iter().any(|(_, it)| written(it).contains(&*invited.digits)), "by hand is by hand");
    }
    let refused = world.engine.message(Channel::Mail, digits, 600);
    assert!(refused.is_err(), "nor if somebody forgets: {refused:?}");
}

#[tokio::test]
async fn a_sixth_invitation_in_an_hour_mails_nothing_and_the_fifth_still_holds() {
    let world = World::new().await;
    let user = reachable(&world, "alice").await;
    let mut last = None;
    for _ in 0..5 {
        last = Some(world.engine.invite_by(user.id, Old::Stay, BY_MAIL).await.unwrap());
    }
    let sixth = world.engine.invite_by(user.id, Old::Stay, BY_MAIL).await;
    assert!(matches!(refusal(sixth), Refusal::TooMany(_)));
    assert_eq!(letters(&world).await.len(), 10, "a mail and the digits of each");
    assert!(world.engine.invited_by(last.unwrap().name).await.unwrap().is_some());
}

/// A mail server that was away sends what waited, the older links among it.
#[tokio::test]
async fn the_mail_of_an_invitation_that_another_has_ended_is_of_no_use() {
    let world = World::new().await;
    let user = reachable(&world, "alice").await;
    world.engine.invite_by(user.id, Old::Stay, BY_MAIL).await.unwrap();
    let old = letters(&world).await;
    let new = world.engine.invite_by(user.id, Old::Stay, BY_MAIL).await.unwrap();
    for (_, message) in &old {
        assert!(!world.engine.is_of_use(message).await.unwrap(), "{message:?}");
    }
    let useful = letters(&world).await.into_iter().filter(|letter| !old.contains(letter));
    for (_, message) in useful {
        assert!(written(&message).contains(&new.name.to_string()));
        assert!(world.engine.is_of_use(&message).await.unwrap(), "{message:?}");
    }
}

#[tokio::test]
async fn whoever_has_no_address_is_not_invited_by_mail_and_the_invitation_of_before_holds() {
    let world = World::new().await;
    let user = world.user("alice").await;
    let before = world.engine.invite(user.id, Old::Stay).await.unwrap();
    assert_eq!(refusal(world.engine.invite_by(user.id, Old::Stay, BY_MAIL).await), Refusal::NotAllowed);
    assert!(world.engine.invited_by(before.name).await.unwrap().is_some());
    assert_eq!(letters(&world).await, [], "not even the digits");
    assert_eq!(
        refusal(world.engine.invite_by(Id::from_bytes([9; 16]), Old::Stay, BY_MAIL).await),
        Refusal::NotFound
    );
}

/// The mail says where the wizard is, and nothing else: whoever reads it has to sign in as its owner would.
#[tokio::test]
async fn the_way_to_the_wizard_is_mailed_without_a_secret_and_to_a_fresh_session_only() {
    let world = World::new().await;
    let user = reachable(&world, "alice").await;
    let mut browser = Browser::new(&world);
    let session = browser.sign_in("alice").await;
    world.engine.mail_way_to_add(&session).await.unwrap();
    let expected = Message { to: Recipient::of(&user), template: Template::WayToAdd };
    assert_eq!(letters(&world).await, [(Channel::Mail, expected)]);
    world.clock.advance(301);
    assert_eq!(refusal(world.engine.mail_way_to_add(&session).await), Refusal::FreshSignIn);
}

/// A phished password neither binds nor writes to people.
#[tokio::test]
async fn a_password_alone_mails_nothing_to_an_account_with_a_device() {
    let world = World::new().await;
    let user = reachable(&world, "alice").await;
    let mut owner = Browser::new(&world);
    owner.sign_in("alice").await;
    let phone = Phone::new(&world, "phone");
    phone.enrol(&owner).await;
    let mut thief = Browser::new(&world);
    thief.requirement = Requirement::default();
    let session = thief.sign_in("alice").await;
    assert_eq!(session.user, user.id);
    assert_eq!(refusal(world.engine.mail_way_to_add(&session).await), Refusal::FreshSignIn);
    assert_eq!(letters(&world).await, []);
}

#[tokio::test]
async fn two_clicks_send_one_mail_and_an_hour_has_five() {
    let world = World::new().await;
    reachable(&world, "alice").await;
    let session = Browser::new(&world).sign_in("alice").await;
    let clicks = (0..8).map(|_| {
        let (engine, session) = (world.engine.clone(), session.clone());
        tokio::spawn(async move { engine.mail_way_to_add(&session).await })
    });
    for click in clicks.collect::<Vec<_>>() {
        click.await.unwrap().expect("the same answer for each");
    }
    assert_eq!(letters(&world).await.len(), 1);
    for _ in 0..4 {
        world.clock.advance(30);
        world.engine.mail_way_to_add(&session).await.unwrap();
    }
    world.clock.advance(30);
    assert!(matches!(refusal(world.engine.mail_way_to_add(&session).await), Refusal::TooMany(_)));
    assert_eq!(letters(&world).await.len(), 5);
}
