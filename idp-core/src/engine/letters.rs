//! Which letters lead a person to an enrolment? That of an invitation, and the way to the wizard for another screen.

use super::{
    Engine,
    invitation::{AN_HOUR, Invited},
};
use crate::{
    Error, Id, Refusal,
    audit::Event,
    mark::{MarkRow, MarkWrite},
    outbox::{Channel, Message, Picture, Recipient, Template},
    rate::RateWrite,
    session::SignedIn,
    store::{Batch, Committed, Guard},
    users::User,
};

/// For how many seconds a second click sends no second mail.
const DOUBLE_CLICK: i64 = 30;
/// For how many seconds the mail with the way to the wizard is tried: later nobody waits for it.
const WAY_TRIED: i64 = 3_600;

/// How an invitation reaches its person: by default by whoever invites.
#[derive(Clone, Copy, Debug, Default)]
pub struct Delivery {
    /// How the link does.
    pub link: LinkBy,
    /// How the digits do: never by mail ([`Template::may_go_by`]).
    pub digits: DigitsBy,
}

/// How the link of an invitation reaches its person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LinkBy {
    /// Whoever invites passes it on.
    #[default]
    Hand,
    /// By mail, to the address of the account.
    Mail(Picture),
}

/// How the digits of an invitation reach its person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DigitsBy {
    /// Whoever invites passes them on.
    #[default]
    Hand,
    /// A program of the administrator's does, by SMS for example.
    Webhook,
}

impl Engine {
    /// Puts into the batch what does not go by hand.
    pub(super) async fn send_invitation(
        &self,
        user: Id<User>,
        invited: &Invited,
        by: Delivery,
        batch: &mut Batch,
    ) -> Result<(), Error> {
        let (invitation, until) = (invited.name, invited.until);
        let link = match by.link {
            LinkBy::Hand => None,
            LinkBy::Mail(picture) => {
                Some((Channel::Mail, Template::Invitation { invitation, until, picture }))
            }
        };
        let digits = match by.digits {
            DigitsBy::Hand => None,
            DigitsBy::Webhook => {
                let digits = invited.digits.to_string();
                Some((Channel::Webhook, Template::ActivationPassword { invitation, digits, until }))
            }
        };
        for (channel, template) in link.into_iter().chain(digits) {
            let user = self.users.user(user).await?.ok_or(Refusal::NotFound)?;
            let message = Message { to: Recipient::of(&user), template };
            if !message.to.is_reached_by(channel) {
                return Err(Refusal::NotAllowed.into());
            }
            batch.push(self.message(channel, &message, until - self.now())?);
        }
        Ok(())
    }

    /// Mails a person who is freshly signed in where to go on with adding a device, at a phone for example. Nothing changes,
    /// and nothing in the mail opens anything: the address asks for a sign-in. The second of two clicks finds it on its way.
    ///
    /// # Errors
    /// [`Refusal::FreshSignIn`] as for adding a device: a thief with an old session sends no mail. [`Refusal::TooMany`] after
    /// five in an hour, [`Refusal::NotAllowed`] if mail does not lead to the person.
    pub async fn mail_way_to_add(&self, session: impl Into<SignedIn<'_>>) -> Result<(), Error> {
        let (session, now) = (session.into(), self.now());
        let user = self.active_user(session.user).await?.ok_or(Refusal::NotFound)?;
        if !self.may_bind(session).await? {
            return Err(Refusal::FreshSignIn.into());
        }
        let message = Message { to: Recipient::of(&user), template: Template::WayToAdd };
        if !message.to.is_reached_by(Channel::Mail) {
            return Err(Refusal::NotAllowed.into());
        }
        let clicked = self.keys().digest("way-to-add", &[user.id.bytes()]);
        let on_its_way = MarkRow { key: clicked, answer: None, expires_at: now + DOUBLE_CLICK };
        let key = self.keys().digest("rate", &[b"way-to-add", user.id.bytes()]);
        let mut batch = Batch::new()
            .with(MarkWrite::Insert { row: on_its_way, now })
            .with(RateWrite::Take { key, now, limit: AN_HOUR })
            .with(self.message(Channel::Mail, &message, WAY_TRIED)?)
            .with(self.audit(Some(user.id), Event::new("user.way_mailed")));
        batch.extend(self.in_session(session));
        match self.store.commit(batch).await? {
            Committed::Yes | Committed::Conflict(Guard::Mark) => Ok(()),
            Committed::Conflict(Guard::Session) => Err(Refusal::FreshSignIn.into()),
            Committed::Conflict(_) => Err(Refusal::TooMany(now + AN_HOUR.seconds).into()),
        }
    }
}
