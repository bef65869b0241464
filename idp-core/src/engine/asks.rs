//! How often may an application ask a person without a browser? Whoever is asked again and again says yes in the end
//! (MFA fatigue; NIST SP 800-63B-4, 3.2.2), and there is no known browser that would hold a stranger back.
//!
//! All counts are those of one application and one person: nobody's requests use up the patience for another's.

use idp_protocol::message::Verdict;

use super::{Engine, record::OpenSignIn};
use crate::{
    Error, Fault, Id, Refusal, Time,
    mark::{MarkRow, MarkWrite},
    rate::{Limit, RateWrite},
    signin::Initiator,
    store::{Batch, Committed, Guard, Write},
    throttle::{Schedule, ThrottleWrite},
    users::User,
};

/// A day, in seconds: how long an application waits that was not answered with a yes so many times.
const DAY: i64 = 86_400;
/// How long an application does not ask whom it was reported by, in seconds.
const REPORTED: i64 = 900;

/// What counts for one application and one person.
struct Counts {
    open: [u8; 32],
    recent: [u8; 32],
    unanswered: [u8; 32],
    reported: [u8; 32],
}

impl Engine {
    fn counts_of_asks(&self, client: &str, user: Id<User>) -> Counts {
        let key =
            |usage: &str, what: &[u8]| self.keys().digest(usage, &[what, user.bytes(), client.as_bytes()]);
        Counts {
            open: key("rate", b"ask open"),
            recent: key("rate", b"ask recent"),
            unanswered: key("throttle", b"ask"),
            reported: key("ask reported", b""),
        }
    }

    /// Takes a place for one more question, before anybody is asked.
    pub(super) async fn count_ask(&self, client: &str, user: Id<User>, life: i64) -> Result<(), Error> {
        let (now, counts) = (self.now(), self.counts_of_asks(client, user));
        let open = Limit { times: 1, seconds: life };
        let recent = self.settings.limits.asks();
        let batch = Batch::new()
            .with(RateWrite::Take { key: counts.open, now, limit: open })
            .with(RateWrite::Take { key: counts.recent, now, limit: recent })
            .with(ThrottleWrite::Spend { key: counts.unanswered, now, schedule: self.patience() })
            // A mark that is over as it is made: its guard holds unless there is one of a report.
            .with(MarkWrite::Insert { row: mark(counts.reported, now), now });
        let wait = match self.store.commit(batch).await? {
            Committed::Yes => return Ok(()),
            Committed::Conflict(Guard::Throttle) => DAY,
            Committed::Conflict(Guard::Mark) => REPORTED,
            Committed::Conflict(_) => life.min(recent.seconds),
        };
        Err(Refusal::TooMany(now + wait).into())
    }

    /// So many questions without a yes, and then one a day.
    fn patience(&self) -> Schedule {
        let free = self.settings.limits.asks_until_success.saturating_sub(1);
        Schedule { free, lock: u8::MAX, first_wait: DAY, longest_wait: DAY }
    }

    /// The person said something, or the question ended otherwise: the next one may come. Nothing, if it was none of an
    /// application's.
    pub(super) fn ask_ended(
        &self,
        open: Option<&OpenSignIn>,
        user: Id<User>,
        verdict: Option<Verdict>,
    ) -> Vec<Write> {
        let Some(open) = open.filter(|open| open.sign_in.ask.initiator == Initiator::Client) else {
            return Vec::new();
        };
        let counts = self.counts_of_asks(&open.sign_in.ask.client_id, user);
        let approved = verdict == Some(Verdict::Approve);
        let forgotten = approved.then_some(ThrottleWrite::Reset(counts.unanswered));
        let ended = RateWrite::Return { key: counts.open, now: self.now() };
        std::iter::once(ended.into()).chain(forgotten.map(Into::into)).collect()
    }

    /// The person reported the application: it leaves him in peace for a while.
    pub(super) async fn ask_reported(&self, client: &str, user: Id<User>) -> Result<(), Fault> {
        let now = self.now();
        let row = mark(self.counts_of_asks(client, user).reported, now + REPORTED);
        // In a batch of its own: two reports at once make one mark, and both end what they are about.
        match self.store.commit(Batch::new().with(MarkWrite::Insert { row, now })).await? {
            Committed::Yes | Committed::Conflict(_) => Ok(()),
        }
    }
}

fn mark(key: [u8; 32], expires_at: Time) -> MarkRow {
    MarkRow { key, answer: None, expires_at }
}
