//! What does somebody gain who stands between us and the mail server, and writes where there is no TLS yet?

use symbolon_smtp::{Failure, Security};
use tokio::{
    io::{
        AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, copy, sink,
        split,
    },
    net::{TcpListener, TcpStream},
};

use super::{PASSWORD, Papers, a_mail, mailer};
use crate::mailbox::Mailbox;

/// An answer to each command that is still to come.
const ANSWERS: &str = "250-mail.example.org\r\n250 AUTH PLAIN\r\n235 you are in\r\n250 from him\r\n250 to her\r\n\
                       354 go on\r\n250 it is on its way\r\n221 bye\r\n";
/// What TLS writes before a record that nobody between can read (RFC 8446, 5.1).
const APPLICATION_DATA: u8 = 23;

/// Somebody in between, at the port that is returned. He says `injected` behind the line that agrees to TLS, and relays the
/// handshake and nothing after it. Without anything to say he relays all.
async fn between(server: u16, injected: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (client, _) = listener.accept().await.unwrap();
        let server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
        let ((client, mut to_client), (server, mut to_server)) = (split(client), split(server));
        let (mut client, mut server) = (BufReader::new(client), BufReader::new(server));
        let mut command = String::new();
        while !command.starts_with("STARTTLS") {
            to_client.write_all(reply(&mut server).await.as_bytes()).await.unwrap();
            command.clear();
            client.read_line(&mut command).await.unwrap();
            to_server.write_all(command.as_bytes()).await.unwrap();
        }
        let agreed = reply(&mut server).await;
        assert!(agreed.starts_with("220 "), "{agreed}");
        to_client.write_all(format!("{agreed}{injected}").as_bytes()).await.unwrap();
        tokio::spawn(async move { copy(&mut server, &mut to_client).await });
        if injected.is_empty() {
            copy(&mut client, &mut to_server).await.unwrap();
            return;
        }
        // Until the client has said, sealed, that its handshake is over.
        let mut kind = 0;
        while kind != APPLICATION_DATA {
            let mut record = vec![0; 5];
            let Ok(_) = client.read_exact(&mut record).await else { return };
            kind = record[0];
            let length = u16::from_be_bytes([record[3], record[4]]);
            record.resize(5 + usize::from(length), 0);
            let Ok(_) = client.read_exact(&mut record[5..]).await else { return };
            to_server.write_all(&record).await.unwrap();
        }
        let _ = copy(&mut client, &mut sink()).await;
    });
    port
}

/// All lines of one answer: the last has no `-` behind its code (RFC 5321, 4.2.1).
async fn reply(server: &mut (impl AsyncBufRead + Unpin)) -> String {
    let mut said = String::new();
    loop {
        let begins = said.len();
        server.read_line(&mut said).await.unwrap();
        if said.as_bytes()[begins..].get(3) != Some(&b'-') {
            return said;
        }
    }
}

#[tokio::test]
#[ignore = "needs aiosmtpd"]
async fn answers_that_somebody_slips_in_before_tls_are_not_taken_for_those_of_the_mail_server() {
    let papers = Papers::for_host("localhost");
    let mut mailbox = Mailbox::open(&papers.arguments("starttls")).await;
    for injected in [ANSWERS, "250 AUTH PLAIN\r\n", "\r\n"] {
        let port = between(mailbox.port, injected).await;
        let sent = mailer(port, "localhost", Security::StartTls, PASSWORD, &papers).send(&a_mail()).await;
        assert!(matches!(sent, Err(Failure::Untrusted(_))), "nobody has the mail: {injected:?}: {sent:?}");
    }
    let port = between(mailbox.port, "").await;
    let sent = mailer(port, "localhost", Security::StartTls, PASSWORD, &papers).send(&a_mail()).await;
    assert!(sent.is_ok(), "a relay that adds nothing changes nothing: {sent:?}");
    assert_eq!(mailbox.mail().await["tls"], true);
}
