//! What does a message say, in the person's language?
//!
//! Nothing is fetched when it is read, and nothing tells us that it was opened. What tells of changes has no picture and no
//! link, either: a mail that looks like those of thieves teaches people to believe those, so the address of the account pages
//! stands there in letters. An invitation has to have a link; it says what it is, and opens nothing by itself.

use std::fmt;

use askama::Template as _;
use idp_core::{
    Id, Time,
    methods::activation::Invitation,
    outbox::{Message, Picture, Template},
};
use symbolon_smtp::Line;

use crate::{
    Config, activation,
    pages::{Moment, Png},
    portal::{Place, notices},
    text::Language,
};

/// The name of the picture in a mail.
pub(crate) const PICTURE: &str = "qr-code";

/// Who writes.
pub(crate) struct House {
    organisation: String,
    issuer: String,
    /// The address of the account pages.
    portal: String,
}

impl House {
    pub(crate) fn of(config: &Config) -> Self {
        let organisation = config.engine.organisation.clone();
        let issuer = config.server.issuer.clone();
        Self { organisation, portal: format!("{issuer}/account"), issuer }
    }
}

/// A message in words. Whatever somebody else chose stands in one line.
pub(crate) struct Words {
    t: Language,
    subject: Line,
    greeting: Option<Line>,
    lead: String,
    items: Vec<Item>,
    /// An address to open; it is written out, so that everybody sees where it leads.
    link: Option<String>,
    picture: Option<Png>,
    after: Vec<String>,
    portal: String,
}

/// Digits, links and names stand in it.
impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Words(..)")
    }
}

/// Something that happened.
struct Item {
    at: Moment,
    text: String,
    subject: String,
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
                    [one] => one.subject.clone(),
                    _ => t.say_with("mail-notices-subject", "count", items.len()),
                };
                let after = vec![t.say("mail-not-you"), t.say("mail-never-asks")];
                Self { items, after, ..Self::blank(t, house, &subject, t.say("mail-notices-lead")) }
            }
            Template::Invitation { invitation, until, picture } => {
                Self::invitation(t, house, (*invitation, *until, *picture))
            }
            Template::ActivationPassword { digits, until, .. } => Self::digits(t, house, digits, *until),
            Template::WayToAdd => Self::way_to_add(t, house),
        };
        let greeting = t.say_with("mail-greeting", "name", Line::from(message.to.login.as_str()).as_str());
        Self { greeting: Some(greeting.as_str().into()), ..words }
    }

    fn invitation(
        t: Language,
        house: &House,
        (invitation, until, picture): (Id<Invitation>, Time, Picture),
    ) -> Self {
        let link = activation::link(&house.issuer, invitation);
        let picture = (picture == Picture::With).then(|| Png::of(&link)).flatten();
        let after = vec![
            t.say_with("mail-invited-until", "until", Moment(until)),
            t.say("mail-invited-digits"),
            t.say("mail-invited-not-you"),
        ];
        let blank = Self::blank(t, house, &t.say("mail-invited-subject"), t.say("mail-invited-lead"));
        Self { link: Some(link), picture, after, ..blank }
    }

    /// For what has little room: it never goes by mail.
    fn digits(t: Language, house: &House, digits: &str, until: Time) -> Self {
        let lead = t.say_with("mail-digits-lead", "digits", digits);
        let lead = format!("{lead} {}", t.say_with("mail-digits-until", "until", Moment(until)));
        let portal = format!("{}/go", house.issuer);
        Self { portal, ..Self::blank(t, house, &t.say("mail-digits-subject"), lead) }
    }

    fn way_to_add(t: Language, house: &House) -> Self {
        let after = vec![t.say("mail-way-sign-in"), t.say("mail-way-not-you")];
        let link = Some(format!("{}{}", house.issuer, Place::AddDevice.path()));
        Self { link, after, ..Self::blank(t, house, &t.say("mail-way-subject"), t.say("mail-way-lead")) }
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
            link: None,
            picture: None,
            after: Vec::new(),
            portal: house.portal.clone(),
        }
    }

    pub(crate) fn subject(&self) -> &str {
        self.subject.as_str()
    }

    pub(crate) fn picture(&self) -> Option<&Png> {
        self.picture.as_ref()
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
        let facts: Vec<String> = items.collect();
        let facts = if facts.is_empty() { vec![self.lead.clone()] } else { facts };
        let facts: Vec<&str> = facts.iter().map(|fact| fact.trim()).collect();
        format!("{} ({})", facts.join("; "), self.portal)
    }
}

fn item(t: Language, at: idp_core::Time, notice: &idp_core::notify::Notice) -> Item {
    let line = notices::line(t, at, notice);
    Item { at: line.at, text: line.text, subject: line.subject, about: line.about.as_str().into() }
}

#[cfg(test)]
mod tests {
    use idp_core::outbox::Recipient;

    use super::*;

    /// Digits and links open an account's wizard: whoever reads a log must not find them.
    #[test]
    fn what_a_message_says_is_in_no_debug_output() {
        let to = Recipient {
            user: Id::from_bytes([1; 16]),
            login: "alice".to_owned(),
            email: Some("alice@example.org".to_owned()),
            phone_number: None,
            locale: None,
        };
        let (invitation, until) = (Id::from_bytes([2; 16]), Time(1_800_000_000));
        let templates = [
            Template::ActivationPassword { invitation, digits: "27182818".to_owned(), until },
            Template::Invitation { invitation, until, picture: Picture::With },
        ];
        let house = House::of(&Config::default());
        for template in templates {
            let words = Words::of(&Message { to: to.clone(), template }, Language::preferred("en"), &house);
            let text = words.text().unwrap();
            assert!(text.contains("27182818") || text.contains("/activate/"), "{text}");
            assert_eq!(format!("{words:?}"), "Words(..)");
        }
    }
}
