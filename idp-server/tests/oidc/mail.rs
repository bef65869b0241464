//! Does mail arrive, at a mail server of somebody else's, and what if that is down, busy, another one, or says no?
//!
//! These tests start aiosmtpd in the Python of the interoperability tests, and `cargo test` alone passes them over:
//! `tests/interop/python/venv.sh && cargo test -p idp-server --test oidc mail:: -- --ignored`.

mod slipped_in;

use std::{net::TcpListener, path::PathBuf, process::Command};

use idp_core::{
    outbox::{Channel, Message, Outbox as _, POSTED, Recipient, Template},
    store::{Records as _, Store as _},
    users::Profile,
};
use idp_server::{
    Config,
    accounts::{self, NewAccount},
    config::MailSecurity,
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use symbolon_smtp::{Credentials, Failure, Mail, Mailer, Security, Settings};

use crate::{
    mailbox::Mailbox,
    server::{NOW, Server},
};

const PASSWORD: &str = "a password that no log may have";

/// An authority, and a certificate of it for this computer.
struct Papers {
    folder: PathBuf,
    authority: PathBuf,
    certificate: String,
    key: String,
}

impl Papers {
    fn for_host(host: &str) -> Self {
        let name = idp_protocol::encoding::to_base64url(&symbolon_aws_lc::crypto().random::<12>());
        let folder = std::env::temp_dir().join(format!("symbolon-mail-{name}"));
        std::fs::create_dir(&folder).unwrap();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_key = KeyPair::generate().unwrap();
        let root = authority.self_signed(&authority_key).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new([host.to_owned()]).unwrap();
        let leaf = leaf.signed_by(&key, &Issuer::new(authority, authority_key)).unwrap();
        let write = |name: &str, text: String| {
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let shown = |path: PathBuf| path.to_str().unwrap().to_owned();
        Self {
            authority: write("authority.pem", root.pem()),
            certificate: shown(write("certificate.pem", leaf.pem())),
            key: shown(write("key.pem", key.serialize_pem())),
            folder,
        }
    }

    fn arguments<'a>(&'a self, tls: &'a str) -> Vec<&'a str> {
        vec!["--tls", tls, "--certificate", &self.certificate, "--key", &self.key, "--password", PASSWORD]
    }
}

impl Drop for Papers {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Settings for a mail server on this computer, which needs no TLS.
fn plain(port: u16) -> impl FnOnce(&mut Config) {
    move |config| {
        config.mail.host = "127.0.0.1".to_owned();
        config.mail.port = port;
        config.mail.security = MailSecurity::None;
        config.mail.from = "Example sign-in <id@example.org>".to_owned();
        config.engine.organisation = "Example".to_owned();
    }
}

async fn start(mailbox: &Mailbox) -> Server {
    Server::start_with(plain(mailbox.port)).await
}

fn wait(server: &Server, seconds: i64) {
    server.clock.advance(seconds);
    server.app.db().bus().publish(&POSTED);
}

async fn written_down(server: &Server, name: &str, count: usize) {
    let store = server.app.engine().store();
    while store.audit(None, 1000).await.unwrap().iter().filter(|row| row.event.name == name).count() < count {
        tokio::task::yield_now().await;
    }
}

/// Something that a person is told at once.
async fn change_password(server: &Server) {
    server.app.engine().set_password(server.user.id, "another horse battery").await.unwrap();
}

/// Somebody with this address, who is told something at once.
async fn told(server: &Server, email: &str, locale: &str) {
    let profile =
        Profile { email: Some(email.to_owned()), locale: Some(locale.to_owned()), ..Profile::default() };
    let new = NewAccount { login: email.to_owned(), profile };
    let user = accounts::add(server.app.engine(), new, "correct horse battery").await.unwrap();
    server.app.engine().set_password(user.id, "another horse battery").await.unwrap();
}

/// The value of a header.
fn header<'a>(mail: &'a Value, name: &str) -> &'a str {
    let head = mail["content"].as_str().unwrap().split("\r\n\r\n").next().unwrap();
    let found: Vec<&str> =
        head.split("\r\n").filter_map(|line| line.strip_prefix(&format!("{name}: "))).collect();
    assert_eq!(found.len(), 1, "{name}: {head}");
    found[0]
}

/// The mail without its transfer encoding, as far as the tests need it.
fn readable(mail: &Value) -> String {
    let text = mail["content"].as_str().unwrap().replace("=\r\n", "").replace("=3D", "=");
    text.replace("=C3=BC", "ü").replace("=C3=A4", "ä").replace("=C3=B6", "ö")
}

#[tokio::test]
#[ignore = "needs aiosmtpd"]
async fn a_person_reads_in_a_mail_what_happened() {
    let papers = Papers::for_host("localhost");
    for (tls, security, mechanism) in
        [("starttls", MailSecurity::Starttls, "PLAIN"), ("implicit", MailSecurity::Implicit, "PLAIN")]
    {
        let mut mailbox = Mailbox::open(&papers.arguments(tls)).await;
        let password = papers.folder.join("password");
        std::fs::write(&password, format!("{PASSWORD}\n")).unwrap();
        let set = plain(mailbox.port);
        let server = Server::start_with(|config| {
            set(config);
            config.mail.host = "localhost".to_owned();
            config.mail.security = security;
            config.mail.user = "id".to_owned();
            config.mail.password_file = private(password);
            config.mail.extra_roots.clone_from(&papers.authority);
        })
        .await;
        change_password(&server).await;
        let mail = mailbox.mail().await;
        assert_eq!((&mail["from"], &mail["to"]), (&json!("id@example.org"), &json!(["alice@example.org"])));
        assert_eq!((&mail["tls"], &mail["user"]), (&json!(true), &json!(mechanism)));
        assert_eq!(header(&mail, "Subject"), "Example: Your password was changed.");
        assert_eq!(header(&mail, "Auto-Submitted"), "auto-generated");
        assert_eq!(header(&mail, "To"), "alice@example.org");
        let text = readable(&mail);
        for part in
            ["Hello alice,", "2027-01-15 08:00 UTC", &format!("{}/account", server.url), "<html lang=\"en\">"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        for bait in ["href", "<img", "src=", "@import", "url("] {
            assert!(!text.contains(bait), "{bait}: nothing to click, nothing to fetch: {text}");
        }
        assert_eq!(text.matches("http").count(), 2, "the account pages, in the text and in the HTML: {text}");
        written_down(&server, "message.sent", 1).await;
    }
}

fn private(path: PathBuf) -> PathBuf {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    path
}

#[tokio::test]
#[ignore = "needs aiosmtpd"]
async fn a_mail_is_in_the_language_of_the_person() {
    let mut mailbox = Mailbox::open(&[]).await;
    let server = start(&mailbox).await;
    told(&server, "gisela@example.org", "de-AT").await;
    let mail = mailbox.mail().await;
    let text = readable(&mail);
    assert!(header(&mail, "Subject").starts_with("Example: Ihr Passwort wurde "), "{text}");
    assert!(text.contains("<html lang=\"de\">") && text.contains("Guten Tag gisela@example.org"), "{text}");
}

#[tokio::test]
#[ignore = "needs aiosmtpd"]
async fn a_mail_server_that_is_down_loses_nothing_and_delays_nothing() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = Server::start_with(plain(free)).await;
    change_password(&server).await;
    while server.app.db().next_due().await.unwrap() != Some(NOW + 60) {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.get("/readyz").await.status(), 200, "the server is ready all the same");
    let notices = server.app.db().notices(server.user.id, 9).await.unwrap();
    assert_eq!(notices.len(), 1, "it stands in the portal at once");
    let mut mailbox = Mailbox::open(&["--port", &free.to_string()]).await;
    wait(&server, 60);
    let mail = mailbox.mail().await;
    assert_eq!(header(&mail, "Subject"), "Example: Your password was changed.");
    assert_eq!(
        header(&mail, "Date"),
        "Fri, 15 Jan 2027 08:00:00 +0000",
        "when it happened, not when it arrived"
    );
}

#[tokio::test]
#[ignore = "needs aiosmtpd"]
async fn a_mailbox_that_is_busy_gets_its_mail_later_and_one_that_is_gone_is_written_down_at_once() {
    let mut mailbox = Mailbox::open(&["--busy", "1"]).await;
    let server = start(&mailbox).await;
    told(&server, "gone@example.org", "en").await;
    written_down(&server, "message.undeliverable", 1).await;
    assert_eq!(server.app.db().next_due().await.unwrap(), None, "another try would be of no use");
    told(&server, "busy@example.org", "en").await;
    while server.app.db().next_due().await.unwrap() != Some(NOW + 60) {
        tokio::task::yield_now().await;
    }
    told(&server, "carol@example.org", "en").await;
    assert_eq!(mailbox.mail().await["to"], json!(["carol@example.org"]), "others do not wait for that one");
    // The mailbox has it a moment before the server knows that it has.
    written_down(&server, "message.sent", 1).await;
    wait(&server, 60);
    assert_eq!(mailbox.mail().await["to"], json!(["busy@example.org"]));
    written_down(&server, "message.sent", 2).await;
}

/// The mail server took it, and its answer was lost: nobody can know, so it goes out again.
#[tokio::test]
#[ignore = "needs aiosmtpd"]
async fn a_mail_that_arrives_twice_can_be_recognised() {
    let mut mailbox = Mailbox::open(&["--mute", "1"]).await;
    let server = start(&mailbox).await;
    change_password(&server).await;
    let first = mailbox.mail().await;
    wait(&server, 60);
    let again = mailbox.mail().await;
    assert_eq!(header(&first, "Message-ID"), header(&again, "Message-ID"));
    assert_eq!(header(&first, "Date"), header(&again, "Date"));
    written_down(&server, "message.sent", 1).await;
}

#[tokio::test]
#[ignore = "needs aiosmtpd"]
async fn a_message_goes_to_the_address_that_it_names() {
    let mut mailbox = Mailbox::open(&[]).await;
    let server = start(&mailbox).await;
    let to = Recipient { email: Some("new@example.org".to_owned()), ..Recipient::of(&server.user) };
    let message = Message { to, template: Template::WayToAdd };
    server.app.engine().post(Channel::Mail, &message, 600).await.unwrap();
    let mail = mailbox.mail().await;
    assert_eq!(mail["to"], json!(["new@example.org"]));
    assert!(readable(&mail).contains(&format!("{}/account/devices", server.url)), "{mail}");
}

fn mailer(port: u16, host: &str, security: Security, password: &str, roots: &Papers) -> Mailer {
    let credentials = Credentials { user: "id".to_owned(), password: password.to_owned().into() };
    Mailer::new(Settings {
        host: host.to_owned(),
        port,
        security,
        credentials: Some(credentials),
        from: "id@example.org".to_owned(),
        hello: "id.example.org".to_owned(),
        extra_roots: std::fs::read(&roots.authority).unwrap(),
        timeout: std::time::Duration::from_secs(20),
    })
    .unwrap()
}

fn a_mail() -> Mail {
    Mail {
        id: "AAAA".to_owned(),
        written: std::time::SystemTime::UNIX_EPOCH,
        to: "alice@example.org".to_owned(),
        subject: "A test".into(),
        text: "Hello".to_owned(),
        html: "<p>Hello</p>".to_owned(),
        picture: None,
    }
}

#[tokio::test]
#[ignore = "needs aiosmtpd"]
async fn whoever_stands_in_for_the_mail_server_gets_neither_password_nor_mail() {
    let (papers, others, elsewhere) =
        (Papers::for_host("localhost"), Papers::for_host("localhost"), Papers::for_host("mail.example.org"));
    for (tls, security) in [("starttls", Security::StartTls), ("implicit", Security::Implicit)] {
        let mailbox = Mailbox::open(&papers.arguments(tls)).await;
        let strange = mailer(mailbox.port, "localhost", security, PASSWORD, &others).send(&a_mail()).await;
        assert!(matches!(strange, Err(Failure::Untrusted(_))), "{tls}: another authority: {strange:?}");
        let misnamed = Mailbox::open(&elsewhere.arguments(tls)).await;
        let strange =
            mailer(misnamed.port, "localhost", security, PASSWORD, &elsewhere).send(&a_mail()).await;
        assert!(matches!(strange, Err(Failure::Untrusted(_))), "{tls}: another name: {strange:?}");
        let right = mailer(mailbox.port, "localhost", security, PASSWORD, &papers).send(&a_mail()).await;
        assert!(right.is_ok(), "{tls}: {right:?}");
    }
    let stripped = Mailbox::open(&[]).await;
    let refused =
        mailer(stripped.port, "localhost", Security::StartTls, PASSWORD, &papers).send(&a_mail()).await;
    assert!(matches!(refused, Err(Failure::Untrusted(_))), "STARTTLS is not offered: {refused:?}");
}

#[tokio::test]
#[ignore = "needs aiosmtpd"]
async fn a_wrong_password_is_no_reason_to_lose_mail() {
    let papers = Papers::for_host("localhost");
    let mailbox = Mailbox::open(&papers.arguments("starttls")).await;
    let failed =
        mailer(mailbox.port, "localhost", Security::StartTls, "an old one", &papers).send(&a_mail()).await;
    let failure = failed.unwrap_err();
    assert!(matches!(failure, Failure::NotLetIn(_)) && !failure.is_final(), "{failure:?}");
    assert!(!failure.to_string().contains("an old one"), "{failure}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs aiosmtpd"]
async fn an_administrator_sends_a_test_mail_and_reads_what_became_of_it() {
    let mut mailbox = Mailbox::open(&[]).await;
    let port = mailbox.port.to_string();
    let send = |to: &'static str, port: String| {
        let settings = [
            ("SYMBOLON_SERVER_ISSUER", "https://id.example.org"),
            ("SYMBOLON_MAIL_HOST", "localhost"),
            ("SYMBOLON_MAIL_SECURITY", "none"),
            ("SYMBOLON_MAIL_FROM", "id@example.org"),
            ("SYMBOLON_MAIL_PORT", &port),
        ];
        let mut command = Command::new(env!("CARGO_BIN_EXE_idp-server"));
        command.args(["mail", "test", to]).envs(settings).current_dir(std::env::temp_dir()).output().unwrap()
    };
    let sent = send("alice@example.org", port.clone());
    let said = String::from_utf8_lossy(&sent.stdout).into_owned();
    assert!(sent.status.success() && said.contains("has taken a mail to alice@example.org"), "{sent:?}");
    let mail = mailbox.mail().await;
    let id = header(&mail, "Message-ID").trim_matches(['<', '>']).split('@').next().unwrap().to_owned();
    assert!(said.contains(&id), "{said}");
    let refused = send("gone@example.org", port);
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && why.contains("refuses it") && why.contains("nobody of this name"),
        "{why}"
    );
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let down = send("alice@example.org", nobody.to_string());
    let why = String::from_utf8_lossy(&down.stderr).into_owned();
    assert!(!down.status.success() && why.contains("cannot be reached"), "{why}");
}
