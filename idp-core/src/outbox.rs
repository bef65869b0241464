//! The outbox: what is on its way to people, by mail or to a program, until it arrived or is too late?
//!
//! A notice is written in the transaction of what it tells of. It leaves the portal's table for the outbox in a second
//! one ([`MessageWrite::Gather`]), as part of a [`Message`] for each channel. Whatever is no notice (a code, an
//! invitation) is a message from the beginning. A message stays until it is settled; its body is sealed.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    Id, Time,
    bus::Topic,
    methods::activation::Invitation,
    notify::{Notice, NoticeRow},
    seal::Sealed,
    store::Answer,
    users::User,
};

/// Wakes whoever delivers, on every node.
pub const POSTED: Topic = *b"something posted";
/// For how many seconds a notice that strangers can cause waits behind what left before it: whoever fails to sign in a
/// thousand times must not send his victim a thousand mails, among which the one that matters is lost.
pub const HOLD: i64 = 600;
/// For how many seconds a message with notices is tried: a day.
pub const NOTICES_TRIED: i64 = 86_400;

/// How a message is carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// By e-mail, to the person.
    Mail,
    /// To a program of the administrator's, which may pass it on as it likes.
    Webhook,
}

impl Channel {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Mail, Self::Webhook];

    /// The name in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Webhook => "webhook",
        }
    }

    /// Reads [`Channel::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
    }
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRow {
    /// Its id: the same at each try, so that whoever gets it twice can tell.
    pub id: Id<MessageRow>,
    /// Whom it is about.
    pub user: Id<User>,
    /// How it is carried.
    pub channel: Channel,
    /// The [`Message`], sealed for its id.
    pub body: Sealed,
    /// Since when it is on its way.
    pub created_at: Time,
    /// From when on it is of no use any more.
    pub expires_at: Time,
    /// How often it was tried.
    pub tries: i64,
    /// When it is tried, or given up, next.
    pub due_at: Time,
}

/// To whom, which template, and its facts.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// To whom.
    pub to: Recipient,
    /// What it says.
    pub template: Template,
}

impl fmt::Debug for Message {
    /// Without its facts: a code may be among them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({}, to {})", self.template.name(), self.to.user)
    }
}

/// A person with the addresses of the moment when the message was written: whoever changes an address afterwards must not
/// draw to himself what tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// Who it is.
    pub user: Id<User>,
    /// The name for signing in.
    pub login: String,
    /// The e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The telephone number (OpenID Connect Core 1.0, 5.1: E.164).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// The preferred language (BCP 47).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}

impl Recipient {
    /// This person as he can be reached now.
    #[must_use]
    pub fn of(user: &User) -> Self {
        let phone = user.profile.attributes.get("phone_number").and_then(|number| number.as_str());
        Self {
            user: user.id,
            login: user.login.clone(),
            email: user.profile.email.clone(),
            phone_number: phone.map(str::to_owned),
            locale: user.profile.locale.clone(),
        }
    }

    /// Whether this channel leads to the person.
    #[must_use]
    pub fn is_reached_by(&self, channel: Channel) -> bool {
        channel != Channel::Mail || self.email.is_some()
    }
}

/// What a message says: the template's name, and its facts. Open to an exhaustive match: whoever puts messages into words
/// must not pass one over.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "template", rename_all = "snake_case")]
pub enum Template {
    /// What happened to the account.
    Notices {
        /// The oldest first.
        notices: Vec<Happened>,
    },
    /// The link of an invitation. It opens nothing by itself; the digits that go with it are another message.
    Invitation {
        /// What the link names.
        invitation: Id<Invitation>,
        /// Until when it holds.
        until: Time,
        /// Whether its QR code goes with it.
        picture: Picture,
    },
    /// The digits of an invitation, for a channel that is not the link's ([`Template::may_go_by`]).
    ActivationPassword {
        /// The invitation.
        invitation: Id<Invitation>,
        /// The digits.
        digits: String,
        /// Until when they hold.
        until: Time,
    },
    /// Where a person goes on who wants to add a device at another screen. There is no secret in it: it leads to a sign-in.
    WayToAdd,
}

/// Whether a link goes with its QR code, for whoever reads the mail at a computer and goes on with a phone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Picture {
    /// In letters only.
    #[default]
    Without,
    /// With the code, as a picture in the mail.
    With,
}

impl Template {
    /// Whether this channel may carry it. Mail systems read what goes through them, and whoever reads the mail with the link
    /// must not find the digits there, too.
    #[must_use]
    pub fn may_go_by(&self, channel: Channel) -> bool {
        !matches!((self, channel), (Self::ActivationPassword { .. }, Channel::Mail))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Notices { .. } => "notices",
            Self::Invitation { .. } => "invitation",
            Self::ActivationPassword { .. } => "activation_password",
            Self::WayToAdd => "way_to_add",
        }
    }
}

/// A notice in a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happened {
    /// When.
    pub at: Time,
    /// What.
    #[serde(flatten)]
    pub notice: Notice,
}

impl From<&NoticeRow> for Happened {
    fn from(row: &NoticeRow) -> Self {
        Self { at: row.created_at, notice: row.notice.clone() }
    }
}

/// A change of the outbox.
#[derive(Debug)]
#[non_exhaustive]
pub enum MessageWrite {
    /// These notices of a person leave for the outbox: commit the messages with it, or, if nothing leads to the person,
    /// none. Guard: none of them left before.
    Gather {
        /// Whose they are.
        user: Id<User>,
        /// Which.
        notices: Vec<Id<NoticeRow>>,
        /// When.
        at: Time,
    },
    /// A new message. Guard: the id is not taken.
    Insert(MessageRow),
    /// A node tries it now. Guard: nobody else did since it was read.
    Try {
        /// Which one.
        id: Id<MessageRow>,
        /// How often it had been tried when it was read.
        tries: i64,
        /// When it is tried again unless it is settled before.
        again_at: Time,
    },
    /// It arrived, or was given up: it is deleted. A second time nothing happens; no guard.
    Settle(Id<MessageRow>),
}

/// What is on its way.
pub trait Outbox: Send + Sync {
    /// The notices that leave for the outbox at `now`, the oldest first, at most `limit`: with one of a person that is due go
    /// all of his. One is due when it was written, but behind one that left before after [`HOLD`] seconds, unless it tells of
    /// a change of the account ([`Notice::is_change`]).
    fn waiting_notices(&self, now: Time, limit: u32) -> Answer<'_, Vec<NoticeRow>>;
    /// The messages that are to be tried at `now`, at most `limit` and `each` of a channel. Those that nobody tried yet come
    /// first, then whoever waits longest.
    fn due_messages(&self, now: Time, limit: u32, each: u32) -> Answer<'_, Vec<MessageRow>>;
    /// When the next notice leaves, or the next message is tried.
    fn next_due(&self) -> Answer<'_, Option<Time>>;
}
