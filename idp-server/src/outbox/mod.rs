//! How do notices and messages reach people?
//!
//! Every node lets the notices that are due leave as messages ([`idp_core::Engine::gather_notices`]) and carries what is due;
//! `deliveries.rs` gives each message to one of them. A message is tried eight times within a day, or until it is of no use
//! any more; then it is written down that it did not arrive. What is wrong with a mail server is no trouble of anybody else's.
//!
//! | file | what it answers |
//! |---|---|
//! | `carriers.rs` | what carries a message, and whether it got there |
//! | `trouble.rs` | what the log says of a carrier that does not work |
//! | `words.rs` | what a message says, in the person's language |

mod carriers;
mod trouble;
pub(crate) mod words;

use idp_core::{
    Fault, Id, Time,
    audit::{AuditRow, Event},
    bus::Topic,
    outbox::{MessageRow, MessageWrite, Outbox as _, POSTED},
    store::{Batch, Committed},
};

use crate::{
    App,
    deliveries::{self, Deliveries},
};
pub(crate) use carriers::{Carriers, mail};

/// The waits between two tries, in seconds. The first one is as long as a try can take, or a second node would begin while
/// the first one is at it.
const WAITS: [i64; 7] = [60, 300, 900, 3_600, 10_800, 21_600, 43_200];

/// The messages to people.
#[derive(Clone)]
pub(crate) struct Messages(pub(crate) App);

impl Deliveries for Messages {
    type Row = MessageRow;
    const TOPIC: Topic = POSTED;
    const LOST: &'static str = "nobody is told what happened to an account";

    async fn due(&self, now: Time, limit: u32, each: u32) -> Result<Vec<MessageRow>, Fault> {
        let channels = self.0.carriers().channels();
        while self.0.engine().gather_notices(&channels).await? {}
        self.0.db().due_messages(now, limit, each).await
    }

    async fn next(&self) -> Result<Option<Time>, Fault> {
        self.0.db().next_due().await
    }

    fn to(row: &MessageRow) -> String {
        row.channel.name().to_owned()
    }

    async fn take(&self, row: &MessageRow) -> Result<bool, Fault> {
        let write = MessageWrite::Try {
            id: row.id,
            tries: row.tries,
            again_at: again_at(row, self.0.engine().now()),
        };
        Ok(self.0.engine().store().commit(Batch::new().with(write)).await? == Committed::Yes)
    }

    async fn bring(&self, row: MessageRow) {
        let app = &self.0;
        if app.engine().now() >= row.expires_at {
            return give_up(app, &row, "it was tried for as long as it is of use").await;
        }
        match app.carriers().carry(app, &row).await {
            Ok(()) => settle(app, &row, event("message.sent", &row)).await,
            Err(why) if why.is_final() => give_up(app, &row, &why.to_string()).await,
            // It is due again already; whether the carrier is in trouble, `trouble.rs` says once.
            Err(why) => {
                tracing::debug!(message = %row.id, tries = row.tries, %why, "a message did not arrive")
            }
        }
    }
}

/// When it is tried again, or given up.
fn again_at(row: &MessageRow, now: Time) -> Time {
    let first = WAITS.first().copied().unwrap_or_default();
    match deliveries::again_at(&WAITS, row.tries, now) {
        // Whoever gives it up may die over it.
        _ if now >= row.expires_at => now + first,
        Some(next) => next.min(row.expires_at),
        None => row.expires_at,
    }
}

fn event(name: &str, row: &MessageRow) -> Event {
    Event::new(name).with("channel", row.channel.name()).with("message", row.id)
}

async fn give_up(app: &App, row: &MessageRow, why: &str) {
    tracing::warn!(message = %row.id, channel = row.channel.name(), user = %row.user, why, "a message was given up");
    settle(app, row, event("message.undeliverable", row).with("why", why)).await;
}

async fn settle(app: &App, row: &MessageRow, event: Event) {
    let (id, at) = (Id::random(app.engine().crypto()), app.engine().now());
    let audit = AuditRow { id, at, user: Some(row.user), event };
    let settled =
        app.engine().store().commit(Batch::new().with(MessageWrite::Settle(row.id)).with(audit)).await;
    if let Err(fault) = settled {
        tracing::error!(%fault, "it is not known that a message arrived: it will be sent again");
    }
}
