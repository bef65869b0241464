//! Why was a mail not handed over, and is another try of use?

use std::io;

use lettre::transport::smtp::Error;

/// A mail that was not handed over. The texts name neither the mail nor whom it is for, nor credentials: they go into a log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The address is none that mail can be sent to.
    #[error("the address is none that mail can be sent to")]
    Address,
    /// The server refuses this mail, or its recipient, for good (RFC 5321, 4.2.1: 5yz).
    #[error("the mail server refuses it: {0}")]
    Refused(String),
    /// The server does not take it now (4yz): its recipient's mailbox is full, for example.
    #[error("the mail server does not take it now: {0}")]
    Later(String),
    /// Nobody answers, or not in time, or not in SMTP.
    #[error("the mail server cannot be reached: {0}")]
    Unreachable(String),
    /// There is no TLS, or nobody who is trusted vouches for the server.
    #[error("there is no trusted connection to the mail server: {0}")]
    Untrusted(String),
    /// The server does not believe us who we are.
    #[error("the mail server does not accept the user and password: {0}")]
    NotLetIn(String),
    /// The server takes no mail from this sender.
    #[error("the mail server takes no mail from this sender: {0}")]
    Sender(String),
}

impl Failure {
    /// Whether another try is of no use. Whatever is wrong with the server or our settings for it can be mended, and costs no
    /// mail.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Address | Self::Refused(_))
    }

    /// Whether it is the server that is in trouble, and not this one mail.
    #[must_use]
    pub fn is_of_the_server(&self) -> bool {
        !matches!(self, Self::Address | Self::Refused(_) | Self::Later(_))
    }

    /// What went wrong before a command that has a meaning of its own.
    pub(crate) fn of_connection(error: &Error) -> Self {
        match error.is_tls() || is_of_a_handshake(error) {
            true => Self::Untrusted(words(error)),
            false => Self::Unreachable(words(error)),
        }
    }

    /// What the server said to a command about this mail.
    pub(crate) fn of_mail(error: &Error) -> Self {
        let reply = || without_addresses(&words(error));
        if error.is_permanent() {
            return Self::Refused(reply());
        }
        if error.is_transient() { Self::Later(reply()) } else { Self::of_connection(error) }
    }
}

/// With TLS from the first byte, what a certificate lacks comes as an error of the connection: this is how TLS hands it on.
fn is_of_a_handshake(error: &Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::InvalidData) {
            return true;
        }
        source = error.source();
    }
    false
}

/// The error with what is behind it, in one line.
pub(crate) fn words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        if !words.contains(&more) {
            words = format!("{words}: {more}");
        }
        source = error.source();
    }
    words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect()
}

/// What a server says of a recipient repeats him ("550 5.1.1 <alice@example.org>: no such user").
fn without_addresses(words: &str) -> String {
    let kept = words.split(' ').map(|word| if word.contains('@') { "(address)" } else { word });
    kept.collect::<Vec<_>>().join(" ")
}

/// Why no mail can be sent with these settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The sender is none.
    #[error("the sender must be an address such as \"Sign-in <id@example.org>\"")]
    Sender,
    /// There would be no TLS to another computer.
    #[error("without TLS mail goes to a server on this computer only")]
    Plain,
    /// The additional certificates are not PEM.
    #[error("the additional root certificates are not certificates in PEM")]
    NotPem,
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

#[cfg(test)]
mod tests {
    use super::without_addresses;

    #[test]
    fn a_refusal_does_not_say_who_was_refused() {
        let said = "permanent error (550): 5.1.1 <alice@example.org>: Recipient address rejected";
        let kept = "permanent error (550): 5.1.1 (address) Recipient address rejected";
        assert_eq!(without_addresses(said), kept);
    }
}
