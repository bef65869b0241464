//! What does a message say, in the person's language?
//!
//! No picture, no link, nothing that tells us that it was opened: a mail that looks like those of thieves teaches people to
//! believe those. The address of the account pages stands there in letters.

use askama::Template as _;
use idp_core::outbox::{Message, Template};
use symbolon_smtp::Line;

use crate::{Config, pages::Moment, portal::notices, text::Language};

/// Who writes.
pub(crate) struct House {
    organisation: String,
    /// The address of the account pages.
    portal: String,
}

impl House {
    pub(crate) fn of(config: &Config) -> Self {
        let organisation = config.engine.organisation.clone();
        Self { organisation, portal: format!("{}/account", config.server.issuer) }
    }
}

/// A message in words. Whatever somebody else chose stands in one line.
#[derive(Debug)]
pub(crate) struct Words {
    t: Language,
    subject: Line,
    greeting: Option<Line>,
    lead: String,
    items: Vec<Item>,
    code: Option<Line>,
    after: Vec<String>,
    portal: String,
}

/// Something that happened.
#[derive(Debug)]
struct Item {
    at: Moment,
    text: String,
    about: Line,
}

#[derive(askama::Template)]
#[template(path = "mail.txt")]
struct Text<'a> {
    words: &'a Words,
}

#[derive(askama::Template)]
#[template(path = "mail.html")]
struct Html<'a> {
    words: &'a Words,
}

impl Words {
    pub(crate) fn of(message: &Message, t: Language, house: &House) -> Self {
        let words = match &message.template {
            Template::Notices { notices } => {
                let items: Vec<Item> =
                    notices.iter().map(|happened| item(t, happened.at, &happened.notice)).collect();
                let subject = match &items[..] {
                    [one] => one.text.trim_end_matches(':').to_owned(),
                    _ => t.say_with("mail-notices-subject", "count", items.len()),
                };
                let after = vec![t.say("mail-not-you"), t.say("mail-never-asks")];
                Self { items, after, ..Self::blank(t, house, &subject, t.say("mail-notices-lead")) }
            }
            Template::AddressCode { code, minutes } => {
                let after =
                    vec![t.say_with("mail-code-until", "minutes", minutes), t.say("mail-code-not-you")];
                let blank = Self::blank(t, house, &t.say("mail-code-subject"), t.say("mail-code-lead"));
                Self { code: Some(code.as_str().into()), after, ..blank }
            }
        };
        let greeting = t.say_with("mail-greeting", "name", Line::from(message.to.login.as_str()).as_str());
        Self { greeting: Some(greeting.as_str().into()), ..words }
    }

    /// What `idp-server mail test` sends.
    pub(crate) fn test(t: Language, house: &House) -> Self {
        Self::blank(t, house, &t.say("mail-test-subject"), t.say("mail-test-lead"))
    }

    fn blank(t: Language, house: &House, subject: &str, lead: String) -> Self {
        Self {
            t,
            subject: format!("{}: {subject}", house.organisation).as_str().into(),
            greeting: None,
            lead,
            items: Vec::new(),
            code: None,
            after: Vec::new(),
            portal: house.portal.clone(),
        }
    }

    pub(crate) fn subject(&self) -> &str {
        self.subject.as_str()
    }

    pub(crate) fn text(&self) -> Result<String, askama::Error> {
        Text { words: self }.render()
    }

    pub(crate) fn html(&self) -> Result<String, askama::Error> {
        Html { words: self }.render()
    }

    /// All of it in one line, for what has little room, such as SMS.
    pub(crate) fn short(&self) -> String {
        let items = self.items.iter().map(|item| format!("{} {}", item.text, item.about.as_str()));
        let facts: Vec<String> = items.chain(self.code.iter().map(|code| code.as_str().to_owned())).collect();
        let facts = if facts.is_empty() { vec![self.lead.clone()] } else { facts };
        let facts: Vec<&str> = facts.iter().map(|fact| fact.trim()).collect();
        format!("{} ({})", facts.join("; "), self.portal)
    }
}

fn item(t: Language, at: idp_core::Time, notice: &idp_core::notify::Notice) -> Item {
    let line = notices::line(t, at, notice);
    Item { at: line.at, text: line.text, about: line.about.as_str().into() }
}
