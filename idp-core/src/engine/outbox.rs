//! How do notices leave for the outbox, and how is a message sealed and opened?

use super::Engine;
use crate::{
    Error, Fault, Id,
    notify::NoticeRow,
    outbox::{Channel, Happened, Message, MessageRow, MessageWrite, NOTICES_TRIED, Recipient, Template},
    seal::Aad,
    store::{Batch, Committed},
};

/// How many notices are gathered at once: no message has more of them.
const GATHERED: u32 = 200;

impl Engine {
    /// Lets the notices that are due leave: those of a person as one message for each of these channels that leads to
    /// him. A notice that no channel takes stays in the portal, and is done with. Every node may do this at any time; each
    /// notice leaves once. Whether there may be more.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn gather_notices(&self, channels: &[Channel]) -> Result<bool, Fault> {
        let mut waiting = self.store.waiting_notices(self.now(), GATHERED).await?;
        // A stable sort: those of one person stay in their order.
        waiting.sort_by_key(|row| row.user);
        for theirs in waiting.chunk_by(|one, next| one.user == next.user) {
            self.gather(theirs, channels).await?;
        }
        Ok(!waiting.is_empty())
    }

    async fn gather(&self, theirs: &[NoticeRow], channels: &[Channel]) -> Result<(), Fault> {
        let Some(user) = theirs.first().map(|row| row.user) else { return Ok(()) };
        let notices = theirs.iter().map(|row| row.id).collect();
        let mut batch = Batch::new().with(MessageWrite::Gather { user, notices, at: self.now() });
        if let Some(user) = self.users.user(user).await? {
            let template = Template::Notices { notices: theirs.iter().map(Happened::from).collect() };
            let message = Message { to: Recipient::of(&user), template };
            for channel in channels.iter().filter(|channel| message.to.is_reached_by(**channel)) {
                batch.push(self.message(*channel, &message, NOTICES_TRIED)?);
            }
        }
        // If another node was faster, it has done the same.
        let (Committed::Yes | Committed::Conflict(_)) = self.store.commit(batch).await?;
        Ok(())
    }

    /// A message for the outbox, to be committed with what causes it. It is tried for `seconds`: whatever it has in it should
    /// not arrive when it is worth nothing any more.
    ///
    /// # Errors
    /// [`Fault::State`] if the message cannot be written as JSON, [`Fault::Setup`] if this channel must not carry it.
    pub fn message(&self, channel: Channel, message: &Message, seconds: i64) -> Result<MessageWrite, Fault> {
        if !message.template.may_go_by(channel) {
            return Err(Fault::Setup("the digits of an invitation do not go by mail, where its link goes"));
        }
        let (id, now) = (Id::random(self.crypto()), self.now());
        Ok(MessageWrite::Insert(MessageRow {
            id,
            user: message.to.user,
            channel,
            body: self.sealer.seal_json(&message_aad(id), message)?,
            created_at: now,
            expires_at: now + seconds,
            tries: 0,
            due_at: now,
        }))
    }

    /// What [`Engine::message`] sealed.
    ///
    /// # Errors
    /// [`Fault::Unsealable`] if the key is not known or the body is another's; [`Fault::State`] if a newer version wrote it.
    pub fn open_message(&self, row: &MessageRow) -> Result<Message, Fault> {
        self.sealer.open_json(&message_aad(row.id), &row.body)
    }

    /// Whether a message is still of use when its turn comes. The mail of an invitation that another one has ended would lead
    /// its reader nowhere, and its digits would be those of the wrong one.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn is_of_use(&self, message: &Message) -> Result<bool, Fault> {
        match message.template {
            Template::Invitation { invitation, .. } | Template::ActivationPassword { invitation, .. } => {
                Ok(self.invited_by(invitation).await?.is_some())
            }
            Template::Notices { .. } | Template::WayToAdd => Ok(true),
        }
    }

    /// Puts a message into the outbox that nothing else is committed with.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn post(&self, channel: Channel, message: &Message, seconds: i64) -> Result<(), Error> {
        self.commit(Batch::new().with(self.message(channel, message, seconds)?)).await
    }
}

fn message_aad(id: Id<MessageRow>) -> Aad {
    Aad::row("message", id.bytes())
}
