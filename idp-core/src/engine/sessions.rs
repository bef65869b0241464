//! Sessions: what a sign-in ends in, how it is found again, and when its browser becomes a known one.

use idp_protocol::{Octets, context::Opens};

use super::{
    Engine,
    record::OpenSignIn,
    session_cache::By,
    signins::{Account, Opened},
};
use crate::{
    Error, Fault, Id, Refusal, Time,
    audit::Event,
    browser::{BrowserWrite, KnownBrowser},
    claimant::Claimant,
    evidence::{Assurance, Evidence, Uv},
    notify::Notice,
    session::{SessionFacts, SessionRow, SessionWrite},
    signin::{Ask, Initiator, SignIn, SignInRow, SignInWrite},
    store::{Batch, Committed, Guard, Write},
    users::User,
    verified::Verified,
};

impl Engine {
    /// Finishes a sign-in into a session, which takes the place of `before`: the session of the same person goes on
    /// under its id with another secret, that of somebody else ends. Once; a repeat within 30 s by the same browser gets
    /// the same session again, so a lost answer costs nothing and no second session comes of it.
    ///
    /// # Errors
    /// As [`Engine::finish`].
    pub async fn finish_into_session(
        &self,
        claimant: &Claimant,
        id: Id<SignInRow>,
        account: Account,
        before: Option<&SessionRow>,
    ) -> Result<Opened, Error> {
        let mut before = before;
        for _ in 0..super::ATTEMPTS {
            let (open, verified, held) = self.finishable(claimant, id, account).await?;
            let secret = self.derived_secret("session", claimant, id);
            let known_secret = self.derived_secret("known-browser", claimant, id);
            let parked = open.sign_in.ask.parked.clone();
            let user = verified.user().clone();
            let Some(next) = self.finished(&open)? else {
                let session = self.store.session_of_sign_in(id).await?;
                let session = session.filter(|row| row.holds(self.now())).ok_or(Refusal::Expired)?;
                let digest = known_secret.digest(self.crypto());
                let known = self.store.known_browser(digest, user.id, self.now()).await?;
                return Ok(Opened { session, secret, known: known.map(|_| known_secret), user, parked });
            };
            let mut session = self.new_session(&open, &verified, &secret);
            let mut batch = Batch::new().with(Write::SignIn(SignInWrite::Update(next)));
            batch.extend(held);
            batch.extend(in_place_of(before, &mut session));
            let known = self.known_before(&open.sign_in, &user).await?;
            batch.push(self.signed_in(&open.sign_in, &verified, known.is_some()));
            let known = self.remember(&open.sign_in, &verified, (known, known_secret), &mut batch);
            match self.store.commit(batch).await? {
                Committed::Yes => return Ok(Opened { session, secret, known, user, parked }),
                // The one before ended at this moment: a new one it is.
                Committed::Conflict(Guard::Session) => before = None,
                Committed::Conflict(_) => {}
            }
        }
        Err(Refusal::Unavailable.into())
    }

    /// Derived, not drawn: a repeat gets the same secret without the store having more than its digest. Who
    /// planted the browser's cookie cannot compute it, because the server's secret goes into it.
    fn derived_secret(&self, usage: &str, claimant: &Claimant, id: Id<SignInRow>) -> Claimant {
        Claimant::from_bytes(self.keys().digest(usage, &[claimant.bytes(), id.bytes()]))
    }

    fn new_session(&self, open: &OpenSignIn, verified: &Verified, secret: &Claimant) -> SessionRow {
        let now = self.now();
        let Ask { from, client_id, opens, initiator, .. } = &open.sign_in.ask;
        // From the oldest evidence on: a step-up does not make what was shown before any younger.
        let expires_at = oldest(verified.ledger()).unwrap_or(now) + self.settings.session_life;
        SessionRow {
            id: Id::random(self.crypto()),
            secret: secret.digest(self.crypto()),
            sign_in: verified.sign_in(),
            user: verified.user().id,
            created_at: now,
            used_at: now,
            idle_expires_at: match initiator {
                Initiator::Browser => now + self.settings.session_idle,
                // No browser holds it, so it is neither used nor idle.
                Initiator::Device | Initiator::Client => expires_at,
            },
            expires_at,
            ended_at: None,
            browser: open.row.browser,
            facts: SessionFacts {
                ledger: verified.ledger().to_vec(),
                address: from.address.to_string(),
                place: from.place.clone(),
                browser_name: from.browser.clone(),
                only_client: match (initiator, opens) {
                    (Initiator::Browser, Opens::AllApplications) => None,
                    (Initiator::Browser, Opens::ThisApplication)
                    | (Initiator::Device | Initiator::Client, _) => Some(client_id.clone()),
                },
            },
        }
    }

    /// Adds what makes the browser a known one, where the evidence is good enough for that; and tells the person
    /// whenever it was not known before, also if it does not become known: who phished a password would else be in
    /// without a word.
    fn remember(
        &self,
        sign_in: &SignIn,
        verified: &Verified,
        (before, secret): (Option<KnownBrowser>, Claimant),
        batch: &mut Batch,
    ) -> Option<Claimant> {
        let now = self.now();
        let user = verified.user().id;
        // Without a browser, whatever the evidence is: nobody has the secret that would make it a known one.
        let client = sign_in.ask.client.clone();
        match sign_in.ask.initiator {
            Initiator::Browser => {}
            Initiator::Device => {
                let address = sign_in.ask.from.address.to_string();
                batch.push(self.notice(user, Notice::DeviceGranted { client, address }));
                return None;
            }
            Initiator::Client => {
                let message = sign_in.ask.message.clone();
                batch.push(self.notice(user, Notice::ClientGranted { client, message }));
                return None;
            }
        }
        if before.is_none() {
            let from = &sign_in.ask.from;
            let (address, browser) = (from.address.to_string(), from.browser.clone());
            batch.push(self.notice(user, Notice::NewBrowser { address, browser }));
        }
        let expires_at = match (makes_known(verified.ledger()), before) {
            (true, _) => now + self.settings.known_browser_life,
            (false, Some(row)) => row.expires_at,
            (false, None) => return None,
        };
        let browser = secret.digest(self.crypto());
        if let Some(from) = sign_in.ask.from.known {
            batch.push(BrowserWrite::Rotate { from: from.0, to: browser });
        }
        batch.push(BrowserWrite::Remember(KnownBrowser { browser, user, created_at: now, expires_at }));
        Some(secret)
    }

    /// What makes the browser of a sign-in a known one of this user's, before the sign-in is finished.
    pub(super) async fn known_before(
        &self,
        sign_in: &SignIn,
        user: &User,
    ) -> Result<Option<KnownBrowser>, Fault> {
        match sign_in.ask.from.known {
            Some(known) => self.store.known_browser(known.0, user.id, self.now()).await,
            None => Ok(None),
        }
    }

    /// The session with this secret, if it holds and its user may sign in. Notes now and then that it is used.
    ///
    /// What was read is kept for up to two seconds, and until somebody changes it. So an embedder's own change of a person
    /// may be seen two seconds late, unless he ends the sessions, too.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn session(&self, secret: &Claimant) -> Result<Option<(SessionRow, User)>, Fault> {
        let found = self.look_up(By::Secret(secret.digest(self.crypto())), |_| true).await?;
        let now = self.now();
        if let Some((row, _)) = &found
            && now - row.used_at > 300
        {
            let idle_expires_at = now + self.settings.session_idle;
            let touch = SessionWrite::Touch { id: row.id, at: now, idle_expires_at };
            let _ = self.store.commit(Batch::new().with(touch)).await?;
        }
        Ok(found)
    }

    /// The session with this public id (`sid`), if it holds and its user may sign in; as [`Engine::session`], but that
    /// looking so is no use of it. `seen` is the sign-in that it was of when it was seen last, maybe by another node: what
    /// was kept from before a step-up would say less than that node saw.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn session_by_id(
        &self,
        id: Id<SessionRow>,
        seen: Option<Id<SignInRow>>,
    ) -> Result<Option<(SessionRow, User)>, Fault> {
        self.look_up(By::Id(id), |row| Some(row.sign_in) == seen).await
    }

    async fn look_up(
        &self,
        by: By,
        is_current: impl Fn(&SessionRow) -> bool,
    ) -> Result<Option<(SessionRow, User)>, Fault> {
        let now = self.now();
        if let Some((row, user)) = self.session_cache.find(by, now).filter(|(row, _)| is_current(row)) {
            return Ok(row.holds(now).then_some((row, user)));
        }
        let reading = self.session_cache.reading();
        let row = match by {
            By::Secret(digest) => self.store.session(digest).await?,
            By::Id(id) => self.store.session_by_id(id).await?,
        };
        let Some(row) = row.filter(|row| row.holds(now)) else { return Ok(None) };
        let Some(user) = self.active_user(row.user).await? else { return Ok(None) };
        self.session_cache.keep(&reading, &row, &user, now);
        Ok(Some((row, user)))
    }

    /// Ends a session.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn end_session(&self, session: &SessionRow) -> Result<(), Error> {
        let batch = Batch::new()
            .with(SessionWrite::End { id: session.id, at: self.now() })
            .with(self.audit(Some(session.user), Event::new("session.ended")));
        self.commit(batch).await
    }

    /// The digest of a browser's secret, as it is stored.
    #[must_use]
    pub fn known_digest(&self, cookie: &Claimant) -> Octets<32> {
        Octets(cookie.digest(self.crypto()))
    }
}

/// The writes of a new session where `before` was. The same person keeps the id, or whoever is asked for more by one
/// application would be signed out of the others; but what was approved for one application takes over nothing.
fn in_place_of(before: Option<&SessionRow>, session: &mut SessionRow) -> Vec<SessionWrite> {
    let goes_on = |before: &SessionRow| {
        before.user == session.user && before.facts.only_client == session.facts.only_client
    };
    match before {
        Some(before) if goes_on(before) => {
            (session.id, session.created_at) = (before.id, before.created_at);
            vec![SessionWrite::Renew { row: Box::new(session.clone()), from: before.secret }]
        }
        before => {
            let insert = SessionWrite::Insert(Box::new(session.clone()));
            let end = before.map(|before| SessionWrite::End { id: before.id, at: session.created_at });
            std::iter::once(insert).chain(end).collect()
        }
    }
}

fn oldest(ledger: &[Evidence]) -> Option<Time> {
    ledger.iter().map(|evidence| evidence.at).min()
}

/// A code alone, or an approval alone, can be phished and must not make the attacker's browser a known one. Nor must a
/// device that he talked the help desk into.
fn makes_known(ledger: &[Evidence]) -> bool {
    ledger
        .iter()
        .filter(|evidence| evidence.assurance == Assurance::Usual)
        .any(|evidence| evidence.factor.is_passkey() || (evidence.uv >= Uv::Pin && evidence.code_typed))
}
