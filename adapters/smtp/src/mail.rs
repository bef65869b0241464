//! What is a mail made of?
//!
//! Names of devices and people stand in mails, and whoever chooses one would like to add a header: another recipient, another
//! sender. A header is made of a [`Line`] or of an address, and neither can hold a line break.

use std::{fmt, time::SystemTime};

use lettre::{
    Address, Message,
    address::Envelope,
    message::{
        Attachment, Mailbox, MultiPart, SinglePart,
        header::{ContentType, Header, HeaderName, HeaderValue},
    },
};

use crate::Failure;

/// The most characters of a line.
const LONGEST: usize = 200;

/// A text in one line: control characters and line breaks of all kinds have become spaces.
#[derive(Clone, PartialEq, Eq)]
pub struct Line(String);

/// A code may stand in it.
impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Line(..)")
    }
}

impl From<&str> for Line {
    fn from(text: &str) -> Self {
        // U+2028 and U+2029 end lines, too, and are no control characters.
        let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        Self(text.chars().take(LONGEST).map(|c| if breaks(c) { ' ' } else { c }).collect())
    }
}

impl Line {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A mail to one person.
#[derive(Clone)]
pub struct Mail {
    /// What makes its `Message-ID` (RFC 5322, 3.6.4), in letters, digits, `-` and `_`: the same at each try, so that a mail that
    /// arrives twice can be recognised.
    pub id: String,
    /// When it was written; it stands in `Date`, and is the same at each try, too.
    pub written: SystemTime,
    /// To whom.
    pub to: String,
    /// Its subject.
    pub subject: Line,
    /// The text.
    pub text: String,
    /// The same in HTML.
    pub html: String,
    /// A picture that stands in the HTML.
    pub picture: Option<Picture>,
}

/// Neither whom it is for nor what it says: links and codes stand in it.
impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A picture in a mail. It comes with it: nothing is fetched from anywhere when the mail is read.
#[derive(Clone)]
pub struct Picture {
    /// Its name: the HTML shows it as `cid:` and this (RFC 2392). In letters.
    pub id: &'static str,
    /// The picture as PNG, which all mail programs show; many show neither SVG nor `data:` addresses.
    pub png: Vec<u8>,
}

/// Not the picture: it is a code that somebody could scan.
impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Picture").field("id", &self.id).finish_non_exhaustive()
    }
}

/// RFC 3834, 5: a program wrote it, so no program should answer.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

impl Mail {
    /// What goes over the line.
    pub(crate) fn compose(&self, from: &Mailbox) -> Result<(Envelope, Vec<u8>), Failure> {
        let to = address(&self.to)?;
        if !self.id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
            return Err(Failure::Refused("its id has other characters than it may".to_owned()));
        }
        let message = Message::builder()
            .from(from.clone())
            .to(Mailbox::new(None, to))
            .subject(self.subject.as_str())
            .date(self.written)
            .message_id(Some(format!("<{}@{}>", self.id, from.email.domain())))
            .header(AutoSubmitted)
            .multipart(self.body()?)
            .map_err(|error| Failure::Refused(error.to_string()))?;
        Ok((message.envelope().clone(), message.formatted()))
    }

    /// Text and HTML, and the picture beside the HTML that shows it (RFC 2387).
    fn body(&self) -> Result<MultiPart, Failure> {
        let Some(picture) = &self.picture else {
            return Ok(MultiPart::alternative_plain_html(self.text.clone(), self.html.clone()));
        };
        let png = ContentType::parse("image/png").map_err(|error| Failure::Refused(error.to_string()))?;
        let shown = Attachment::new_inline(picture.id.to_owned()).body(picture.png.clone(), png);
        let html = MultiPart::related().singlepart(SinglePart::html(self.html.clone())).singlepart(shown);
        Ok(MultiPart::alternative().singlepart(SinglePart::plain(self.text.clone())).multipart(html))
    }
}

/// One address and nothing beside it: no name, no second one.
fn address(text: &str) -> Result<Address, Failure> {
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Failure::Address);
    }
    text.parse().map_err(|_| Failure::Address)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ATTACK: &str = "Phone\r\nBcc: thief@example.com\r\n\r\n<b>hello</b>";

    fn mail(to: &str, subject: &str) -> Result<String, Failure> {
        let mail = Mail {
            id: "AAAA-_0".to_owned(),
            written: SystemTime::UNIX_EPOCH,
            to: to.to_owned(),
            subject: subject.into(),
            text: "Grüße\r\n.\r\nMAIL FROM:<x@example.org>".to_owned(),
            html: "<p>Grüße</p>".to_owned(),
            picture: None,
        };
        let (envelope, bytes) = mail.compose(&"Sign-in <id@example.org>".parse().unwrap())?;
        assert_eq!(envelope.to().len(), 1);
        Ok(String::from_utf8(bytes).unwrap())
    }

    fn headers(mail: &str) -> Vec<&str> {
        let head = mail.split("\r\n\r\n").next().unwrap();
        let lines = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
        lines.map(|line| line.split(':').next().unwrap()).collect()
    }

    #[test]
    fn a_name_with_line_breaks_adds_no_header() {
        let usual = mail("alice@example.org", "A device was added: Phone").unwrap();
        for attack in
            [ATTACK, "a\nBcc: b@example.com", "a\rBcc: b@example.com", "a\u{2028}Bcc: b", "Ä\r\nBcc: b"]
        {
            let one_line = Line::from(attack);
            assert!(!one_line.as_str().contains(['\r', '\n', '\u{2028}']), "{one_line:?}");
            let attacked = mail("alice@example.org", attack).unwrap();
            assert_eq!(headers(&attacked), headers(&usual), "{attack:?}: {attacked}");
        }
        let expected =
            ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"];
        assert_eq!(headers(&usual), expected);
        assert!(usual.contains("Message-ID: <AAAA-_0@example.org>\r\n"), "{usual}");
        assert!(usual.contains("Auto-Submitted: auto-generated\r\n"), "{usual}");
    }

    #[test]
    fn an_address_with_a_line_break_or_a_second_one_in_it_is_none() {
        for to in [
            "alice@example.org\r\nBcc: thief@example.com",
            "alice@example.org>\r\nRCPT TO:<thief@example.com",
            "alice@example.org, thief@example.com",
            "Alice <alice@example.org>",
            "alice",
            "",
        ] {
            assert!(matches!(mail(to, "x"), Err(Failure::Address)), "{to:?}");
        }
    }

    #[test]
    fn addresses_and_what_a_mail_says_are_in_no_debug_output() {
        let mail = Mail {
            id: "AAAA".to_owned(),
            written: SystemTime::UNIX_EPOCH,
            to: "alice@example.org".to_owned(),
            subject: "Code 27182818".into(),
            text: "27182818".to_owned(),
            html: "<p>27182818</p>".to_owned(),
            picture: Some(Picture { id: "qr-code", png: vec![27, 18, 28, 18] }),
        };
        let shown = format!("{mail:?} {:?} {:?}", mail.subject, mail.picture);
        let secrets = ["alice", "27182818", "27, 18"];
        assert!(!secrets.iter().any(|secret| shown.contains(secret)), "{shown}");
        assert!(shown.contains("AAAA"), "it can be told which one it is: {shown}");
    }
}
