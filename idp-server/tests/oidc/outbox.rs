//! Does what people are told reach a program of the administrator's: signed, once, and whatever goes wrong between?

use std::collections::BTreeSet;

use data_encoding::BASE64;
use idp_core::{
    Id, Time,
    engine::{Delivery, DigitsBy, LinkBy},
    methods::activation::Old,
    notify::{Notice, NoticeRow},
    outbox::{
        Channel, HOLD, Happened, Message as Letter, MessageRow, MessageWrite, Outbox as _, POSTED, Recipient,
        Template,
    },
    store::{Batch, Committed, Records as _, Store as _, Write},
};
use idp_server::{Config, accounts};
use serde_json::{Value, json};

use crate::{
    nodes::nodes_with,
    server::{NOW, Server},
    site::{Message, Site},
};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// How far the clocks of the two may be apart, in seconds.
const TOLERANCE: i64 = 300;

fn told_at(site: &Site) -> impl FnOnce(&mut Config) {
    let url = format!("{}/hook", site.url);
    move |config| {
        config.outbound.danger_loopback_http = true;
        config.webhook.url = url;
        config.webhook.secret = SECRET.into();
    }
}

pub async fn start(site: &Site) -> Server {
    Server::start_with(told_at(site)).await
}

/// What a program does with a message before it believes it: docs/webhook.md has the same in Python.
fn verify(message: &Message, now: Time, seen: &mut BTreeSet<String>) -> Result<Value, &'static str> {
    let header = |name: &str| message.headers.get(name)?.to_str().ok();
    let id = header("webhook-id").ok_or("no id")?;
    let timestamp: i64 = header("webhook-timestamp").and_then(|text| text.parse().ok()).ok_or("no time")?;
    let key = BASE64.decode(SECRET.trim_start_matches("whsec_").as_bytes()).unwrap();
    let signed = format!("{id}.{timestamp}.{}", message.body);
    let tag = symbolon_aws_lc::crypto().hash.hmac(&key, signed.as_bytes());
    if header("webhook-signature") != Some(format!("v1,{}", BASE64.encode(&tag)).as_str()) {
        return Err("not from there");
    }
    if (now.0 - timestamp).abs() > TOLERANCE {
        return Err("a replay");
    }
    if !seen.insert(id.to_owned()) {
        return Err("again");
    }
    Ok(serde_json::from_str(&message.body).unwrap())
}

pub fn believed(server: &Server, message: &Message) -> Value {
    verify(message, server.clock_now(), &mut BTreeSet::new()).unwrap()
}

fn id(message: &Message) -> &str {
    message.headers["webhook-id"].to_str().unwrap()
}

/// Lets time pass, and the server notice it.
fn wait(server: &Server, seconds: i64) {
    server.clock.advance(seconds);
    server.app.db().bus().publish(&POSTED);
}

async fn events(server: &Server, name: &str) -> usize {
    let rows = server.app.engine().store().audit(None, 1000).await.unwrap();
    rows.iter().filter(|row| row.event.name == name).count()
}

/// Waits until so many events of this name are written down.
async fn written_down(server: &Server, name: &str, count: usize) {
    while events(server, name).await < count {
        tokio::task::yield_now().await;
    }
}

async fn change_password(server: &Server, password: &str) {
    server.app.engine().set_password(server.user.id, password).await.unwrap();
}

/// What somebody brings about who fails to sign in until an account is locked, without the ten tries.
async fn locked(server: &Server) {
    let notice = Notice::Locked { kind: "password".to_owned() };
    let (user, created_at) = (server.user.id, server.clock_now());
    let row = NoticeRow {
        id: Id::random(server.app.engine().crypto()),
        user,
        notice,
        created_at,
        delivered_at: None,
    };
    let committed = server.app.db().commit(Batch::new().with(Write::Notice(row))).await.unwrap();
    assert_eq!(committed, Committed::Yes);
}

/// A message that can be told from others by its serial.
fn letter(server: &Server, serial: &str) -> Letter {
    let notice = Notice::ApplicationRemoved { name: serial.to_owned() };
    let template = Template::Notices { notices: vec![Happened { at: server.clock_now(), notice }] };
    Letter { to: Recipient::of(&server.user), template }
}

#[tokio::test]
async fn what_people_are_told_reaches_the_webhook_signed_and_in_words() {
    let site = Site::open("").await;
    let server = start(&site).await;
    change_password(&server, "another horse battery").await;
    let heard = site.heard(1).await;
    let told = believed(&server, &heard[0]);
    assert_eq!((&told["type"], &told["timestamp"]), (&json!("notices"), &json!("2027-01-15T08:00:00Z")));
    assert_eq!(told["data"]["notices"], json!([{ "at": NOW.0, "what": "password_changed" }]));
    let user = &told["data"]["user"];
    assert_eq!((&user["login"], &user["email"]), (&json!("alice"), &json!("alice@example.org")));
    assert_eq!(user["phone_number"], json!("+31 20 5550100"));
    assert_eq!(told["data"]["subject"], json!("Symbolon: Your password was changed."));
    let text = told["data"]["text"].as_str().unwrap();
    assert_eq!(text, format!("Your password was changed. ({}/account)", server.url));
    written_down(&server, "message.sent", 1).await;
    assert_eq!(server.app.db().next_due().await.unwrap(), None, "nothing is left of it");
}

#[tokio::test]
async fn a_webhook_that_was_changed_or_is_replayed_is_refused() {
    let site = Site::open("").await;
    let server = start(&site).await;
    change_password(&server, "another horse battery").await;
    let sent = site.heard(1).await.remove(0);
    let now = server.clock_now();
    let mut seen = BTreeSet::new();
    verify(&sent, now, &mut seen).unwrap();
    assert_eq!(verify(&sent, now, &mut seen), Err("again"));
    assert_eq!(verify(&sent, now + TOLERANCE + 1, &mut BTreeSet::new()), Err("a replay"));
    let with = |name: &'static str, value: &str| {
        let mut message = sent.clone();
        message.headers.insert(name, value.parse().unwrap());
        message
    };
    let later = (now + TOLERANCE + 1).0.to_string();
    let mut other = sent.clone();
    other.body = other.body.replace("password_changed", "recovery_codes_drawn");
    for changed in [with("webhook-timestamp", &later), with("webhook-id", "another"), other] {
        let refused = verify(&changed, now + TOLERANCE + 1, &mut BTreeSet::new());
        assert_eq!(refused, Err("not from there"), "time, id and body are under the signature");
    }
}

#[tokio::test]
async fn a_webhook_that_is_down_hears_the_same_message_later() {
    let site = Site::open("").await;
    let server = start(&site).await;
    site.answer_with(503);
    change_password(&server, "another horse battery").await;
    let first = site.heard(1).await.remove(0);
    site.answer_with(204);
    wait(&server, 60);
    let heard = site.heard(2).await;
    assert_eq!(
        (id(&heard[1]), &heard[1].body),
        (id(&first), &first.body),
        "so that a repeat can be recognised"
    );
    assert_ne!(heard[1].headers["webhook-timestamp"], first.headers["webhook-timestamp"]);
    believed(&server, &heard[1]);
    written_down(&server, "message.sent", 1).await;
    wait(&server, 86_400);
    change_password(&server, "a third horse battery").await;
    assert_ne!(id(&site.heard(3).await[2]), id(&first), "it was told: only what is new is news");
}

#[tokio::test]
async fn a_message_that_never_arrives_is_given_up_after_a_day_and_it_is_written_down() {
    let site = Site::open("").await;
    let server = start(&site).await;
    site.answer_with(500);
    change_password(&server, "another horse battery").await;
    let mut tries = 1;
    site.heard(tries).await;
    for pause in [60, 300, 900, 3_600, 10_800, 21_600, 43_200] {
        assert_eq!(events(&server, "message.undeliverable").await, 0);
        wait(&server, pause);
        tries += 1;
        site.heard(tries).await;
    }
    wait(&server, 86_400 - 80_460);
    written_down(&server, "message.undeliverable", 1).await;
    assert_eq!(server.app.db().next_due().await.unwrap(), None);
    let notices = server.app.db().notices(server.user.id, 9).await.unwrap();
    assert_eq!(notices[0].notice, Notice::PasswordChanged, "it stays in the portal");
    assert_eq!(site.heard(tries).await.len(), tries);
}

/// By SMS for example: the link is in a mail, and what opens it is not.
#[tokio::test]
async fn the_digits_of_an_invitation_reach_the_webhook_and_their_words_fit_an_sms() {
    let site = Site::open("").await;
    let server = start(&site).await;
    let by = Delivery { link: LinkBy::Hand, digits: DigitsBy::Webhook };
    let invited = server.app.engine().invite_by(server.user.id, Old::Stay, by).await.unwrap();
    let heard = site.heard(2).await;
    let told: Vec<Value> = heard.iter().map(|message| believed(&server, message)).collect();
    let told = told.iter().find(|told| told["type"] == json!("activation_password")).unwrap();
    assert_eq!(told["data"]["digits"], json!(invited.digits.as_str()));
    assert_eq!(told["data"]["user"]["phone_number"], json!("+31 20 5550100"));
    let text = told["data"]["text"].as_str().unwrap();
    let expected = format!("Activation password: {}. Until", invited.digits.as_str());
    assert!(text.starts_with(&expected) && text.ends_with(&format!("({}/go)", server.url)), "{text}");
    assert!(text.len() <= 160 && !text.contains("/activate/"), "{text}");
}

/// An administrator hears of an invitation that nobody took up, and the person does, by one message.
#[tokio::test]
async fn an_invitation_that_ran_out_reaches_the_webhook_once() {
    let site = Site::open("").await;
    let server = start(&site).await;
    server.app.engine().invite(server.user.id, Old::Stay).await.unwrap();
    site.heard(1).await;
    written_down(&server, "message.sent", 1).await;
    wait(&server, 86_400);
    for _ in 0..2 {
        server.app.engine().tell_of_what_ran_out().await.unwrap();
    }
    let told = believed(&server, &site.heard(2).await[1]);
    let now = server.clock_now();
    assert_eq!(told["data"]["notices"], json!([{ "at": now.0, "what": "invitation_expired" }]));
    written_down(&server, "message.sent", 2).await;
    assert_eq!(server.app.db().next_due().await.unwrap(), None, "and no more");
}

/// What waits while a carrier is away must not lead to an invitation that is over.
#[tokio::test]
async fn what_leads_to_an_ended_invitation_is_not_carried() {
    let site = Site::open("").await;
    let server = start(&site).await;
    site.answer_with(503);
    let by = Delivery { link: LinkBy::Hand, digits: DigitsBy::Webhook };
    let old = server.app.engine().invite_by(server.user.id, Old::Stay, by).await.unwrap();
    site.heard(2).await;
    server.app.engine().invite(server.user.id, Old::Stay).await.unwrap();
    site.answer_with(204);
    wait(&server, 60);
    written_down(&server, "message.undeliverable", 1).await;
    let heard = site.heard(3).await;
    let again = heard.iter().filter(|message| message.body.contains(old.digits.as_str()));
    assert_eq!(again.count(), 1, "the one try from before");
}

/// Whoever changes the address of an account he broke into must not draw to himself what tells of it.
#[tokio::test]
async fn a_message_goes_to_the_address_of_when_it_was_written() {
    let site = Site::open("").await;
    let server = start(&site).await;
    site.answer_with(503);
    change_password(&server, "another horse battery").await;
    site.heard(1).await;
    let mut user = server.user.clone();
    user.profile.email = Some("thief@example.com".to_owned());
    accounts::set_profile(server.app.engine(), user).await.unwrap();
    wait(&server, 60);
    let again = believed(&server, &site.heard(2).await[1]);
    assert_eq!(again["data"]["user"]["email"], json!("alice@example.org"));
}

/// What is worth nothing any more must not arrive: a code, for example, that somebody else could type by then.
#[tokio::test]
async fn a_code_that_is_over_is_not_sent() {
    let site = Site::open("").await;
    let server = start(&site).await;
    site.answer_with(500);
    server.app.engine().post(Channel::Webhook, &letter(&server, "27182818"), 600).await.unwrap();
    site.heard(1).await;
    wait(&server, 60);
    site.heard(2).await;
    wait(&server, 300);
    site.heard(3).await;
    wait(&server, 240);
    written_down(&server, "message.undeliverable", 1).await;
    assert_eq!(site.heard(3).await.len(), 3);
}

/// Whoever fails to sign in a thousand times must not send a thousand mails.
#[tokio::test]
async fn a_flood_of_notices_that_strangers_cause_is_one_message_in_ten_minutes() {
    let site = Site::open("").await;
    let server = start(&site).await;
    locked(&server).await;
    site.heard(1).await;
    written_down(&server, "message.sent", 1).await;
    for _ in 0..30 {
        locked(&server).await;
    }
    wait(&server, HOLD - 1);
    locked(&server).await;
    wait(&server, 1);
    let together = believed(&server, &site.heard(2).await[1]);
    assert_eq!(together["data"]["notices"].as_array().unwrap().len(), 31);
    assert_eq!(together["data"]["subject"], json!("Symbolon: 31 things happened to your account"));
    written_down(&server, "message.sent", 2).await;
    locked(&server).await;
    change_password(&server, "another horse battery").await;
    let at_once = believed(&server, &site.heard(3).await[2]);
    let what: Vec<_> =
        at_once["data"]["notices"].as_array().unwrap().iter().map(|it| it["what"].clone()).collect();
    assert_eq!(what, ["locked", "password_changed"], "the one that matters does not wait behind the flood");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_deliver_a_message_once() {
    let site = Site::open("").await;
    let (first, second, _alone) = nodes_with(told_at(&site)).await;
    for number in 0..20 {
        let node = if number % 2 == 0 { &first } else { &second };
        node.app.engine().post(Channel::Webhook, &letter(&first, &number.to_string()), 600).await.unwrap();
    }
    written_down(&first, "message.sent", 20).await;
    let heard = site.heard(20).await;
    let ids: BTreeSet<&str> = heard.iter().map(id).collect();
    assert_eq!((heard.len(), ids.len()), (20, 20), "each once");
}

#[tokio::test]
async fn what_a_node_that_died_had_taken_another_one_delivers() {
    let site = Site::open("").await;
    let server = start(&site).await;
    let letter = server.app.engine().message(Channel::Webhook, &letter(&server, "31415926"), 600).unwrap();
    let MessageWrite::Insert(row) = &letter else { panic!("{letter:?}") };
    let id_of_it = row.id;
    // It had written down that it tries, and then came the power cut.
    let taken = MessageWrite::Try { id: id_of_it, tries: 0, again_at: NOW + 60 };
    let committed = server.app.db().commit(Batch::new().with(letter).with(taken)).await.unwrap();
    assert_eq!(committed, Committed::Yes);
    change_password(&server, "another horse battery").await;
    let other = site.heard(1).await.remove(0);
    assert_ne!(id(&other), id_of_it.to_string());
    wait(&server, 60);
    let heard = site.heard(2).await;
    assert_eq!(id(&heard[1]), id_of_it.to_string());
    assert!(believed(&server, &heard[1])["data"]["notices"][0]["name"] == json!("31415926"));
}

#[tokio::test]
async fn without_mail_and_webhook_notices_stay_in_the_portal_and_wait_for_nobody() {
    let server = Server::start().await;
    change_password(&server, "another horse battery").await;
    let mut notices = server.app.db().notices(server.user.id, 9).await.unwrap();
    while notices[0].delivered_at.is_none() {
        tokio::task::yield_now().await;
        notices = server.app.db().notices(server.user.id, 9).await.unwrap();
    }
    assert_eq!(notices[0].notice, Notice::PasswordChanged);
    assert_eq!(server.app.db().next_due().await.unwrap(), None);
}

/// A copy of the database must not hold codes that people have not typed yet.
#[tokio::test]
async fn a_code_on_its_way_is_sealed() {
    let server = Server::start().await;
    let digits = "16180339".to_owned();
    let template =
        Template::ActivationPassword { invitation: Id::from_bytes([9; 16]), digits, until: NOW + 600 };
    let letter = Letter { to: Recipient::of(&server.user), template };
    let write = server.app.engine().message(Channel::Webhook, &letter, 600).unwrap();
    assert!(!format!("{letter:?} {write:?}").contains("16180339"), "nor does a log hold it");
    let committed = server.app.db().commit(Batch::new().with(write)).await.unwrap();
    assert_eq!(committed, Committed::Yes);
    let stored: Vec<MessageRow> = server.app.db().due_messages(NOW + 9_999, 9, 9).await.unwrap();
    let [row] = &stored[..] else { panic!("{stored:?}") };
    assert!(!row.body.0.windows(8).any(|bytes| bytes == b"16180339"));
    assert_eq!(server.app.engine().open_message(row).unwrap(), letter);
    let moved = MessageRow { id: Id::from_bytes([7; 16]), ..row.clone() };
    assert!(server.app.engine().open_message(&moved).is_err(), "it is sealed for its place");
}

/// Whoever may write the settings need not be somebody who may ask everything that the server reaches.
#[tokio::test]
async fn a_webhook_in_our_own_network_is_not_asked_unless_it_is_allowed() {
    let start = async |url: &str, allowed: &[&str]| {
        let mut config = Config::default();
        let folder = std::env::temp_dir().join(format!("symbolon-hook-{}", std::process::id()));
        config.server.issuer = "http://localhost:8080".to_owned();
        config.store.state_dir = folder;
        config.webhook.url = url.to_owned();
        config.webhook.secret = SECRET.into();
        config.outbound.allowed_networks = allowed.iter().map(|network| (*network).to_owned()).collect();
        idp_server::App::start(config, idp_server::World::default()).await.map(drop)
    };
    for url in ["https://10.1.2.3/", "https://127.0.0.1/", "https://169.254.169.254/", "http://hook.example/"]
    {
        let error = start(url, &[]).await.unwrap_err().to_string();
        assert!(error.contains("webhook.url"), "{url}: {error}");
    }
    assert!(start("https://10.1.2.3/", &["10.1.0.0/16"]).await.is_ok());
    assert!(start("https://hook.example/", &[]).await.is_ok());
}
