//! Does a person hear by mail what happens to the account? With real processes, and a mail server of somebody else's.

use symbolon_tests::process::{Mailbox, Terminal, Town};

/// NIST SP 800-63B-4, 4.6: by a channel that is not the one that was just used.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs aiosmtpd: tests/interop/python/venv.sh"]
async fn a_person_who_enrols_a_device_finds_a_mail_about_it() {
    let mut mailbox = Mailbox::open(&[]).await;
    let town = Town::with(&[
        ("SYMBOLON_MAIL_HOST", "localhost"),
        ("SYMBOLON_MAIL_PORT", mailbox.port.to_string().leak()),
        ("SYMBOLON_MAIL_SECURITY", "none"),
        ("SYMBOLON_MAIL_FROM", "Example sign-in <id@example.org>"),
    ])
    .await;
    town.admin(&["user", "set", "alice", "--email", "alice@example.org"], "").await;
    let terminal = Terminal::new();
    terminal.enrol(&town).await;
    // The first mail is about the sign-in with a browser that was not known.
    let added = loop {
        let mail = mailbox.mail().await;
        assert_eq!(mail["to"][0], "alice@example.org");
        let content = mail["content"].as_str().unwrap().to_owned();
        if content.contains("Subject: Symbolon: A device was added") {
            break content;
        }
    };
    assert!(added.contains(&format!("{}/account", town.issuer)), "{added}");
    assert!(added.contains("127.0.0.1"), "from where: {added}");
}
