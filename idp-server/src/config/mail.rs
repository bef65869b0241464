//! Through which mail server are people written to?

use std::{fs, net::IpAddr, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};
use symbolon_smtp::{Credentials, Mailer, Security};

use super::{
    Broken, CarrierError,
    secret::{Kept, Secret},
};

/// `[mail]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mail {
    /// The name of the mail server, which its certificate has to be for. Default none: no mail is sent.
    pub host: String,
    /// Its port. Default 465; with STARTTLS it is 587.
    pub port: u16,
    /// How the connection is protected. Default `implicit`.
    pub security: MailSecurity,
    /// The sender: `Sign-in <id@example.org>`. No default.
    pub from: String,
    /// The user, if the server asks for one. Default none.
    pub user: String,
    /// The user's password. Default none.
    pub password: Secret,
    /// A file with the password in its place. Default none.
    pub password_file: PathBuf,
    /// A file with the certificates (PEM) of authorities that are trusted beside the system's. Default none.
    pub extra_roots: PathBuf,
    /// How many seconds handing over one mail may take. Default 30.
    pub timeout: u32,
}

/// How the connection to a mail server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailSecurity {
    /// TLS from the first byte, as RFC 8314, 3.3 prefers it: nothing is said in the clear that somebody could change.
    #[default]
    Implicit,
    /// STARTTLS (RFC 3207), which is required.
    Starttls,
    /// None: to this computer only.
    None,
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: 465,
            security: MailSecurity::default(),
            from: String::new(),
            user: String::new(),
            password: Secret::default(),
            password_file: PathBuf::new(),
            extra_roots: PathBuf::new(),
            timeout: 30,
        }
    }
}

impl Mail {
    fn password(&self) -> Kept<'_> {
        Kept { inline: &self.password, file: &self.password_file, key: "mail.password_file" }
    }

    pub(super) fn broken_rule(&self) -> Option<Broken> {
        // A message is tried again after a minute at the soonest, by whichever node: by then the first try has to be over.
        if !(1..=45).contains(&self.timeout) {
            let why = format!("{} is out of range", self.timeout);
            return Broken::new("mail.timeout", why, "between 1 and 45 seconds");
        }
        if self.host.is_empty() {
            return None;
        }
        if !symbolon_smtp::is_sender(&self.from) {
            let why = format!("{:?} is no sender", self.from);
            return Broken::new("mail.from", why, "an address such as \"Sign-in <id@example.org>\"");
        }
        if self.security == MailSecurity::None && !self.is_on_this_computer() {
            let why = format!("{} is another computer, and everybody on the way would read along", self.host);
            return Broken::new("mail.security", why, "\"implicit\" or \"starttls\"");
        }
        // Each of the two waits for the other to begin, or hears no TLS: said here, before the first mail is late.
        if let (465, MailSecurity::Starttls) | (587, MailSecurity::Implicit) = (self.port, self.security) {
            let why = format!("port {} is not for it", self.port);
            return Broken::new("mail.security", why, "\"implicit\" at port 465, \"starttls\" at port 587");
        }
        if self.user.is_empty() == self.password().is_given() {
            return Broken::new("mail.user", "user and password belong together", "both or none");
        }
        self.password().broken_rule()
    }

    fn is_on_this_computer(&self) -> bool {
        self.host == "localhost" || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// Gets ready to send, if there is a mail server. `issuer` says what we call ourselves.
    ///
    /// # Errors
    /// [`CarrierError`] if a file cannot be used.
    pub(crate) fn start(&self, issuer: &str) -> Result<Option<Mailer>, CarrierError> {
        if self.host.is_empty() {
            return Ok(None);
        }
        let password = self.password().read()?;
        let hello = url::Url::parse(issuer).ok().and_then(|url| url.host_str().map(str::to_owned));
        let settings = symbolon_smtp::Settings {
            host: self.host.clone(),
            port: self.port,
            security: match self.security {
                MailSecurity::Starttls => Security::StartTls,
                MailSecurity::Implicit => Security::Implicit,
                MailSecurity::None => Security::None,
            },
            credentials: password.map(|password| Credentials { user: self.user.clone(), password }),
            from: self.from.clone(),
            hello: hello.unwrap_or_else(|| "localhost".to_owned()),
            extra_roots: self.roots()?,
            timeout: Duration::from_secs(self.timeout.into()),
        };
        Ok(Some(Mailer::new(settings)?))
    }

    fn roots(&self) -> Result<Vec<u8>, CarrierError> {
        if self.extra_roots.as_os_str().is_empty() {
            return Ok(Vec::new());
        }
        let path = self.extra_roots.clone();
        fs::read(&path).map_err(|source| CarrierError::Roots { path, source })
    }
}
