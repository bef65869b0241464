//! How is a mail handed over to the mail server?

use std::{fmt, net::IpAddr, time::Duration};

use lettre::{
    address::Envelope,
    message::Mailbox,
    transport::smtp::{
        authentication::{self, Mechanism},
        client::{AsyncSmtpConnection, Certificate, TlsParameters},
        commands,
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    },
};
use tokio::{net::TcpStream, time::timeout};
use zeroize::Zeroizing;

use crate::{Failure, Mail, SetupError, failure::words, lines::Lines};

/// How long saying good-bye may take: the mail is handed over already.
const FAREWELL: Duration = Duration::from_secs(2);

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (RFC 8314, 3.3).
    Implicit,
    /// STARTTLS (RFC 3207). A server that does not offer it gets nothing.
    StartTls,
    /// None: to this computer only.
    None,
}

/// Who we are to the server.
#[derive(Clone)]
pub struct Credentials {
    /// The user.
    pub user: String,
    /// The password.
    pub password: Zeroizing<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials(of {})", self.user)
    }
}

/// Which server, and how it is spoken to.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its name, for which its certificate has to be, or its address.
    pub host: String,
    /// Its port: 465 with TLS from the first byte (RFC 8314), 587 with STARTTLS (RFC 6409).
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// Who we are to it, if it asks.
    pub credentials: Option<Credentials>,
    /// The sender: `Sign-in <id@example.org>`.
    pub from: String,
    /// What we call ourselves in EHLO.
    pub hello: String,
    /// Certificates (PEM) of authorities that are trusted beside the system's.
    pub extra_roots: Vec<u8>,
    /// How long handing over one mail may take in all.
    pub timeout: Duration,
}

/// Sends mail.
#[derive(Clone)]
pub struct Mailer {
    host: String,
    port: u16,
    tls: Option<TlsParameters>,
    security: Security,
    credentials: Option<authentication::Credentials>,
    from: Mailbox,
    hello: ClientId,
    timeout: Duration,
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailer({}:{})", self.host, self.port)
    }
}

impl Mailer {
    /// A mailer with these settings. Connects to nobody yet.
    ///
    /// # Errors
    /// [`SetupError`].
    pub fn new(settings: Settings) -> Result<Self, SetupError> {
        let tls = match settings.security {
            // Passwords and codes would be read by whoever is on the way.
            Security::None if !is_this_computer(&settings.host) => return Err(SetupError::Plain),
            Security::None => None,
            Security::Implicit | Security::StartTls => Some(tls(&settings.host, &settings.extra_roots)?),
        };
        let Credentials { user, password } = settings
            .credentials
            .clone()
            .unwrap_or_else(|| Credentials { user: String::new(), password: Zeroizing::default() });
        let credentials = authentication::Credentials::new(user, password.as_str().to_owned());
        Ok(Self {
            from: settings.from.parse().map_err(|_| SetupError::Sender)?,
            credentials: settings.credentials.is_some().then_some(credentials),
            hello: ClientId::Domain(settings.hello),
            host: settings.host,
            port: settings.port,
            tls,
            security: settings.security,
            timeout: settings.timeout,
        })
    }

    /// Hands a mail over. `Ok` when the server has said that it is responsible from now on (RFC 5321, 4.1.1.4).
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn send(&self, mail: &Mail) -> Result<(), Failure> {
        let (envelope, bytes) = mail.compose(&self.from)?;
        let handed = timeout(self.timeout, async {
            let mut connection = self.connect().await?;
            self.log_in(&mut connection).await?;
            hand_over(&mut connection, &envelope, &bytes).await?;
            Ok(connection)
        });
        let late = || Err(Failure::Unreachable("it took too long".to_owned()));
        let mut connection = handed.await.unwrap_or_else(|_| late())?;
        // Whatever comes of this, the server has the mail.
        let _ = timeout(FAREWELL, connection.quit()).await;
        Ok(())
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        let server = (self.host.as_str(), self.port);
        if let (Security::StartTls, Some(tls)) = (self.security, self.tls.clone()) {
            return self.upgrade(server, tls).await;
        }
        let (name, tls) = (&self.hello, self.tls.clone());
        let connected = AsyncSmtpConnection::connect_tokio1(server, Some(self.timeout), name, tls, None);
        connected.await.map_err(|error| Failure::of_connection(&error))
    }

    async fn upgrade(&self, server: (&str, u16), tls: TlsParameters) -> Result<AsyncSmtpConnection, Failure> {
        let stream = TcpStream::connect(server).await.map_err(|error| Failure::Unreachable(words(&error)))?;
        // What somebody says behind the line that agrees to TLS is not kept as if it had come inside.
        let stream = Box::new(Lines(stream));
        let connected = AsyncSmtpConnection::connect_with_transport(stream, &self.hello).await;
        let mut connection = connected.map_err(|error| Failure::of_connection(&error))?;
        // Somebody between us could have taken the offer out of the answer.
        if !connection.can_starttls() {
            return Err(Failure::Untrusted("it does not offer STARTTLS".to_owned()));
        }
        let started = connection.starttls(tls, &self.hello).await;
        started.map_err(|error| Failure::Untrusted(words(&error)))?;
        Ok(connection)
    }

    async fn log_in(&self, connection: &mut AsyncSmtpConnection) -> Result<(), Failure> {
        let Some(credentials) = &self.credentials else { return Ok(()) };
        let done = connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials).await;
        done.map(drop).map_err(|error| Failure::NotLetIn(words(&error)))
    }
}

/// The commands one by one: what a refusal means depends on what is refused.
async fn hand_over(
    connection: &mut AsyncSmtpConnection,
    envelope: &Envelope,
    bytes: &[u8],
) -> Result<(), Failure> {
    let sender = commands::Mail::new(envelope.from().cloned(), parameters(connection, envelope, bytes)?);
    connection.command(sender).await.map_err(|error| match Failure::of_mail(&error) {
        Failure::Refused(why) => Failure::Sender(why),
        other => other,
    })?;
    for to in envelope.to() {
        let recipient = commands::Rcpt::new(to.clone(), Vec::new());
        connection.command(recipient).await.map_err(|error| Failure::of_mail(&error))?;
    }
    connection.command(commands::Data).await.map_err(|error| Failure::of_mail(&error))?;
    connection.message(bytes).await.map_err(|error| Failure::of_mail(&error))?;
    Ok(())
}

/// What the server has to be able to do for this mail (RFC 6531, RFC 6152).
fn parameters(
    connection: &AsyncSmtpConnection,
    envelope: &Envelope,
    bytes: &[u8],
) -> Result<Vec<MailParameter>, Failure> {
    let can = |extension| connection.server_info().supports_feature(extension);
    let mut parameters = Vec::new();
    let addresses = envelope.to().iter().chain(envelope.from());
    if addresses.into_iter().any(|address| !AsRef::<str>::as_ref(address).is_ascii()) {
        if !can(Extension::SmtpUtfEight) {
            return Err(Failure::Refused("it takes no addresses beyond ASCII".to_owned()));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if !bytes.is_ascii() {
        if !can(Extension::EightBitMime) {
            return Err(Failure::Refused("it takes no text beyond ASCII".to_owned()));
        }
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    Ok(parameters)
}

fn tls(host: &str, extra_roots: &[u8]) -> Result<TlsParameters, SetupError> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if !extra_roots.is_empty() {
        let text = std::str::from_utf8(extra_roots).map_err(|_| SetupError::NotPem)?;
        let roots =
            text.split_inclusive("-----END CERTIFICATE-----").filter(|one| one.contains("-----BEGIN"));
        let mut found = 0_usize;
        for root in roots {
            let root = Certificate::from_pem(root.as_bytes()).map_err(|_| SetupError::NotPem)?;
            builder = builder.add_root_certificate(root);
            found = found.saturating_add(1);
        }
        if found == 0 {
            return Err(SetupError::NotPem);
        }
    }
    builder.build_rustls().map_err(|error| SetupError::Tls(words(&error)))
}

/// Whether mail can come from here: an address, or a name and an address.
#[must_use]
pub fn is_sender(text: &str) -> bool {
    text.parse::<Mailbox>().is_ok()
}

fn is_this_computer(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(host: &str, security: Security) -> Settings {
        Settings {
            host: host.to_owned(),
            port: 25,
            security,
            credentials: None,
            from: "Sign-in <id@example.org>".to_owned(),
            hello: "id.example.org".to_owned(),
            extra_roots: Vec::new(),
            timeout: Duration::from_secs(5),
        }
    }

    #[test]
    fn without_tls_mail_stays_on_this_computer() {
        for host in ["localhost", "127.0.0.1", "::1"] {
            assert!(Mailer::new(settings(host, Security::None)).is_ok(), "{host}");
        }
        for host in ["mail.example.org", "10.0.0.1", "localhost.example.org", "0.0.0.0"] {
            let refused = Mailer::new(settings(host, Security::None));
            assert!(matches!(refused, Err(SetupError::Plain)), "{host}");
            assert!(Mailer::new(settings(host, Security::StartTls)).is_ok(), "{host}");
        }
    }

    #[test]
    fn what_is_no_sender_and_what_is_no_certificate_is_said_before_the_first_mail() {
        let sender = Settings { from: "nobody".to_owned(), ..settings("localhost", Security::None) };
        assert!(matches!(Mailer::new(sender), Err(SetupError::Sender)));
        let roots = Settings { extra_roots: b"none".to_vec(), ..settings("a.example", Security::Implicit) };
        assert!(matches!(Mailer::new(roots), Err(SetupError::NotPem)));
    }

    #[test]
    fn the_password_is_in_no_debug_output() {
        let credentials = Credentials { user: "id".to_owned(), password: "hunter2".to_owned().into() };
        let settings = Settings { credentials: Some(credentials), ..settings("localhost", Security::None) };
        let shown = format!("{settings:?} {:?}", Mailer::new(settings.clone()).unwrap());
        assert!(shown.contains("id.example.org") && !shown.contains("hunter2"), "{shown}");
    }
}
