//! How is a batch committed and an old row swept, whichever the database?

use idp_core::{
    Id, Time,
    bus::Bus,
    store::{Answer, Authenticators, Batch, Committed, Store},
    users::User,
};

use crate::{
    Db, authenticators,
    sql::{Found, bounded, find, unknown_write},
    work::{Conflict, Work},
};

impl Store for Db {
    fn commit(&self, batch: Batch) -> Answer<'_, Committed> {
        bounded(async move {
            Ok(match self.run(Work::Batch(batch.into_writes())).await? {
                Ok(_) => Committed::Yes,
                Err(Conflict::Engine(guard)) => Committed::Conflict(guard),
                Err(Conflict::Provider) => return Err(unknown_write()),
            })
        })
    }

    fn authenticators(&self, user: Id<User>) -> Answer<'_, Authenticators> {
        bounded(authenticators::of(self, user))
    }

    fn bus(&self) -> &Bus {
        self.wakes()
    }

    fn sweep(&self, now: Time) -> Answer<'_, u64> {
        bounded(async move { Ok(self.run(Work::Sweep(now)).await?.unwrap_or(0)) })
    }

    fn ping(&self) -> Answer<'_, ()> {
        let one = |found: Found<'_>| found.text("here");
        bounded(async move {
            let _here: Option<String> = find!(self.reads(), one, "SELECT 'yes' AS here")?;
            Ok(())
        })
    }
}
