//! Does somebody learn that his codes are guessed at, or that his clock is wrong: in the account, by a message, and where he types them?

use idp_core::{
    methods::otp::{HashFunction, Key, MovingFactor},
    outbox::HOLD,
    store::Records as _,
    throttle::Schedule,
};
use serde_json::{Value, json};

use crate::{
    outbox::{believed, start},
    requests::changed,
    server::Server,
    site::Site,
};

/// Alice's app, under the name that she gave it. She has heard of it, and what comes next does not wait for more of its kind.
async fn app(server: &Server, site: &Site) -> Key {
    let mut key = Key::new(vec![9; 20], HashFunction::Sha1, 6, MovingFactor::Time(30)).unwrap();
    key.name = Some("Tablet".to_owned());
    let secret = serde_json::to_vec(&key).unwrap();
    server.app.engine().add_credential(server.user.id, "totp", None, &secret).await.unwrap();
    site.heard(1).await;
    server.clock.advance(HOLD + 1);
    key
}

/// The code that it shows when its clock is so many seconds ahead.
fn code(server: &Server, app: &Key, ahead: i64) -> String {
    app.code(app.step_at(server.clock_now() + ahead).unwrap()).unwrap()
}

/// Six digits that are no code of about now.
fn guess(server: &Server, app: &Key) -> String {
    let near: Vec<String> = (-30..=30).map(|step| code(server, app, step * 30)).collect();
    (0..).map(|number| format!("{number:06}")).find(|guess| !near.contains(guess)).unwrap()
}

/// Types a code on the sign-in page, in a browser that nobody knows; what the form says to it.
async fn typed(server: &Server, login: &str, code: &str) -> String {
    let parked = server.authorize(&changed("", &[]), None).await;
    let set = parked.headers().get_all("set-cookie").iter();
    let set = set.filter_map(|line| line.to_str().ok()?.split(';').next().map(str::to_owned));
    let cookies = set.collect::<Vec<_>>().join("; ");
    let id = parked.headers()["location"].to_str().unwrap().split_once("id=").unwrap().1.to_owned();
    let form = [("id", id.as_str()), ("kind", "totp"), ("login", login), ("code", code)];
    let answer = server.visit("/login/form", &cookies, Some(&form)).await;
    assert!(answer.status().is_client_error(), "{}", answer.status());
    let page = answer.text().await.unwrap();
    let said = page.split_once("id=\"totp-error\">").unwrap_or_else(|| panic!("{page}")).1;
    said.split_once("</p>").unwrap().0.to_owned()
}

async fn told(server: &Server) -> usize {
    server.app.db().notices(server.user.id, 50).await.unwrap().len()
}

/// The one notice of a message, and what its person reads.
fn read(message: &Value) -> (&Value, &str) {
    let notices = message["data"]["notices"].as_array().unwrap();
    assert_eq!(notices.len(), 1, "{message}");
    (&notices[0], message["data"]["text"].as_str().unwrap())
}

#[tokio::test]
async fn after_ten_wrong_codes_their_owner_hears_of_the_lock_and_reads_it_in_the_account() {
    let site = Site::open("").await;
    let server = start(&site).await;
    let app = app(&server, &site).await;
    let before = told(&server).await;
    let lock = Schedule::default().lock;
    for number in 1..=lock {
        assert_eq!(told(&server).await, before, "before try {number}");
        server.clock.advance(Schedule::default().longest_wait + 1);
        typed(&server, "alice", &guess(&server, &app)).await;
    }
    let message = believed(&server, &site.heard(2).await[1]);
    let (notice, text) = read(&message);
    assert_eq!((&notice["what"], &notice["kind"]), (&json!("locked"), &json!("totp")));
    assert!(text.starts_with("Locked after too many wrong tries"), "{text}");
    let (cookie, _) = server.sign_in().await;
    let page = server.visit("/account", &cookie, None).await.text().await.unwrap();
    assert!(page.contains("Locked after too many wrong tries"), "{page}");
}

#[tokio::test]
async fn whoever_has_a_wrong_clock_hears_which_one_and_reads_it_in_the_account() {
    let site = Site::open("").await;
    let server = start(&site).await;
    let app = app(&server, &site).await;
    typed(&server, "alice", &code(&server, &app, -300)).await;
    let message = believed(&server, &site.heard(2).await[1]);
    let (notice, text) = read(&message);
    assert_eq!(notice["what"], "clock_off");
    assert_eq!((&notice["token"], &notice["minutes"]), (&json!("Tablet"), &json!(-5)));
    assert!(text.contains("set its clock") && text.contains("Tablet, 5 min slow"), "{text}");
    assert_eq!(message["data"]["subject"], "Symbolon: A code was right, but for another time");
    let (cookie, _) = server.sign_in().await;
    let page = server.visit("/account", &cookie, None).await.text().await.unwrap();
    assert!(page.contains("but for another time") && page.contains("Tablet, 5 min slow"), "{page}");
}

/// A hint for those alone whose clock is wrong would tell whoever found an old code whose it is.
#[tokio::test]
async fn what_a_wrong_code_may_be_due_to_is_said_to_everybody_alike() {
    let site = Site::open("").await;
    let server = start(&site).await;
    let app = app(&server, &site).await;
    let slow = typed(&server, "alice", &code(&server, &app, -300)).await;
    assert!(slow.contains("set its clock by itself"), "{slow}");
    let wrong = guess(&server, &app);
    assert_eq!(typed(&server, "alice", &wrong).await, slow);
    assert_eq!(typed(&server, "nobody", &wrong).await, slow);
}
