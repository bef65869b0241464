//! How often somebody may try: throttles of credentials, rates of devices, addresses, accounts and networks.
//!
//! A throttle counts the consecutive failures of one credential and locks it. Strangers' failures count apart from those
//! of somebody who has shown something: who knows a name and guesses from outside locks only strangers out, never the
//! owner in the browser that he uses every day, nor after his password, nor behind the link of his invitation.

use std::net::IpAddr;

use super::{
    Engine,
    step::{Incoming, Scene},
};
use crate::{
    Error, Fault, Id, Refusal, Time,
    audit::Event,
    credential::CredentialRow,
    method::{Guess, OwnedSubject},
    notify::Notice,
    rate::{self, Limit, RateWrite},
    store::{Batch, Committed, Guard},
    throttle::ThrottleWrite,
    users::User,
};

/// Whose guess it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bucket {
    /// Of a browser that knows the person.
    Known,
    /// Of somebody who has shown something else of the person's: whoever has only codes has no known browser.
    Shown,
    /// Of somebody who did not have to name the person: by the link of an invitation, which has 128 bits, or in a session.
    Invited,
    /// Of a stranger who has a name.
    Unknown,
}

impl Bucket {
    const ALL: [Self; 4] = [Self::Known, Self::Shown, Self::Invited, Self::Unknown];

    fn name(self) -> &'static [u8] {
        match self {
            Self::Known => b"known",
            Self::Shown => b"shown",
            Self::Invited => b"invited",
            Self::Unknown => b"unknown",
        }
    }
}

impl Engine {
    /// The throttle of the subject's credential of this kind.
    pub(super) fn throttle_key(&self, kind: &str, scene: &Scene) -> [u8; 32] {
        let bucket = self.bucket(kind, scene);
        let whose: &[u8] = match (&scene.about.subject, &scene.sign_in) {
            (OwnedSubject::User(user), _) => user.id.bytes(),
            (OwnedSubject::Decoy(seed), _) => seed,
            (OwnedSubject::Unknown, Some(open)) => &open.row.browser,
            (OwnedSubject::Unknown, None) => &[],
        };
        self.throttle_in(bucket, kind, whose)
    }

    fn throttle_in(&self, bucket: Bucket, kind: &str, whose: &[u8]) -> [u8; 32] {
        self.keys().digest("throttle", &[kind.as_bytes(), bucket.name(), whose])
    }

    fn bucket(&self, kind: &str, scene: &Scene) -> Bucket {
        let sign_in = scene.sign_in.as_ref().map(|open| &open.sign_in);
        // A few digits that open an enrolment are guessed at so often by strangers, and so often by whoever has the link.
        if self.most_tries(kind).is_some() {
            let named = sign_in.is_some_and(|sign_in| sign_in.subject.is_some());
            return if named { Bucket::Invited } else { Bucket::Unknown };
        }
        let shown = sign_in.is_some_and(|sign_in| {
            let whose = sign_in.ledger.first().map(|evidence| evidence.user);
            sign_in.has_first_factor() && whose == scene.about.subject.user()
        });
        match (scene.about.context.known_browser, shown) {
            (true, _) => Bucket::Known,
            (false, true) => Bucket::Shown,
            (false, false) => Bucket::Unknown,
        }
    }

    fn most_tries(&self, kind: &str) -> Option<u8> {
        self.method(kind).and_then(|method| method.descriptor().tries)
    }

    /// Forgets whatever a user failed at, wherever it came from.
    pub(super) async fn forget_failures(&self, user: Id<User>, batch: &mut Batch) -> Result<(), Fault> {
        batch.extend(self.methods.iter().flat_map(|method| self.reset_throttles(method.kind(), user)));
        for row in self.store.credentials(user).await? {
            batch.push(ThrottleWrite::Reset(self.resync_throttle(row.id)));
        }
        Ok(())
    }

    /// Forgets the failures of a user's credential of this kind, wherever they came from.
    pub(super) fn reset_throttles(&self, kind: &str, user: Id<User>) -> [ThrottleWrite; 4] {
        Bucket::ALL.map(|bucket| ThrottleWrite::Reset(self.throttle_in(bucket, kind, user.bytes())))
    }

    /// Takes one try of the subject's, and refuses where a network or an account has failed too often.
    ///
    /// The try counts as a failure of its account until it is known to be none ([`Engine::was_right`]), so that a
    /// burst at once does not slip past the count. Against its network it counts afterwards: a whole office signs in
    /// at nine behind one address, and what a burst gains is bounded by the hasher's queue.
    ///
    /// `besides` is spent with it or not at all; a conflict there is for the caller to understand.
    pub(super) async fn spend_on_subject(&self, scene: &Scene, besides: Batch) -> Result<Committed, Error> {
        let (now, limits) = (scene.now, &self.settings.limits);
        let mut batch = Batch::new();
        if let Some(open) = &scene.sign_in {
            let network = self.network_key(&open.row.address);
            if self.is_over(network, limits.network_failures(), now).await? {
                let key = self.keys().digest("rate", &[b"slowed", &network]);
                batch.push(RateWrite::Take { key, now, limit: rate::SLOWED });
            }
        }
        // Strangers' failures stop strangers.
        let limit = match self.bucket(&scene.run.row.kind, scene) {
            Bucket::Unknown => limits.account_failures(),
            Bucket::Known | Bucket::Shown | Bucket::Invited => endless(limits.account_failures()),
        };
        let account = self.account_key(scene);
        batch.push(RateWrite::Take { key: account, now, limit });
        let key = self.throttle_key(&scene.run.row.kind, scene);
        let mut schedule = limits.throttle();
        let most = self.most_tries(&scene.run.row.kind);
        schedule.lock = most.map_or(schedule.lock, |most| schedule.lock.min(most));
        batch.push(ThrottleWrite::Spend { key, now, schedule });
        batch.extend(self.spend_pins(scene)?);
        batch.extend(besides.into_writes());
        match self.store.commit(batch).await? {
            Committed::Conflict(Guard::Rate) if !self.is_over(account, limit, now).await? => {
                Err(Refusal::TooMany(now + 1).into())
            }
            // A right answer while locked gets the answer of a wrong one, and is not even compared.
            Committed::Conflict(Guard::Rate | Guard::Throttle) => {
                self.code_was_wrong(scene).await?;
                Err(Refusal::Wrong.into())
            }
            other => Ok(other),
        }
    }

    /// A guess was right: it was no failure, and the failures before it are forgotten. First the rate and then the
    /// throttle, as a try is spent: in the other order a burst of guesses and the right one lock each other out of the
    /// database, and the right one may be what it gives up.
    pub(super) fn was_right(
        &self,
        scene: &Scene,
        proved: Option<Id<CredentialRow>>,
        batch: &mut Batch,
    ) -> Result<(), Fault> {
        batch.push(RateWrite::Return { key: self.account_key(scene), now: scene.now });
        batch.push(ThrottleWrite::Reset(self.throttle_key(&scene.run.row.kind, scene)));
        batch.extend(self.spare_pins(scene, proved)?);
        Ok(())
    }

    /// Gives back a try of the subject's that was spent and never compared.
    pub(super) async fn give_back(&self, scene: &Scene) -> Result<(), Error> {
        let now = scene.now;
        let key = self.throttle_key(&scene.run.row.kind, scene);
        let mut batch = Batch::new()
            .with(RateWrite::Return { key: self.account_key(scene), now })
            .with(ThrottleWrite::GiveBack { key, now });
        batch.extend(self.spare_pins(scene, None)?);
        match self.store.commit(batch).await? {
            Committed::Yes | Committed::Conflict(_) => Ok(()),
        }
    }

    /// Writes down and counts a wrong answer.
    pub(super) async fn wrong(
        &self,
        scene: &Scene,
        incoming: &Incoming<'_>,
        guess: Guess,
        batch: &mut Batch,
    ) -> Result<(), Fault> {
        batch.push(self.refused_guess(scene, incoming));
        self.count_wrong(scene, incoming, guess, batch).await
    }

    /// Counts a wrong answer against its network. What costs no try (a code of 80 bits) is counted too, apart, and no
    /// more of it is written than the limit allows: nobody may fill the audit record with junk.
    pub(super) async fn count_wrong(
        &self,
        scene: &Scene,
        incoming: &Incoming<'_>,
        guess: Guess,
        batch: &mut Batch,
    ) -> Result<(), Fault> {
        let network = scene.sign_in.as_ref().map(|open| self.network_key(&open.row.address));
        let limit = self.settings.limits.network_failures();
        let taken = match guess {
            Guess::OnSubject | Guess::OnBoth => network.map(|key| (key, endless(limit))),
            // What a device sends is counted where it comes in.
            Guess::No if !incoming.sender.is_device() => {
                network.map(|key| (self.keys().digest("rate", &[b"free", &key]), limit))
            }
            Guess::OnCeremony | Guess::No => None,
        };
        batch.extend(taken.map(|(key, limit)| RateWrite::Take { key, now: scene.now, limit }));
        match guess {
            Guess::OnSubject | Guess::OnBoth => {
                self.code_was_wrong(scene).await?;
                self.tell_if_locked(scene, batch).await
            }
            Guess::OnCeremony | Guess::No => Ok(()),
        }
    }

    /// Tells the owner that a credential is locked. For a name that nobody has the same is read, and recorded
    /// without the name: people type passwords where the name belongs.
    async fn tell_if_locked(&self, scene: &Scene, batch: &mut Batch) -> Result<(), Fault> {
        let kind = &scene.run.row.kind;
        let row = self.store.throttle(self.throttle_key(kind, scene)).await?;
        if row.is_some_and(|row| row.is_locked()) {
            let user = scene.about.subject.user();
            batch.extend(user.map(|user| self.notice(user, Notice::Locked { kind: kind.clone() })));
            batch.push(self.audit(user, Event::new("credential.locked").with("kind", kind)));
        }
        Ok(())
    }

    /// Counts what anybody may send who makes a key for it, or who guesses what it names (enrolments, claims), against its
    /// key and its address: guessing tickets stays hopeless (F3).
    pub(super) async fn count_message(
        &self,
        device: &[u8; 32],
        address: IpAddr,
        what: &[u8],
        now: Time,
    ) -> Result<(), Error> {
        let usage = [b"address ".as_slice(), what].concat();
        let key = self.keys().digest("rate", &[&usage, host(address).as_bytes()]);
        let limit = self.settings.limits.address_messages();
        let of_address = RateWrite::Take { key, now, limit };
        self.take_messages(Batch::new().with(self.message_of(device, what, now)).with(of_address), now).await
    }

    /// Counts what a registered device has signed about what is its own, against its key alone: a hundred people may sit
    /// behind one address, and their devices look every few seconds whether something waits for them.
    pub(super) async fn count_own_message(
        &self,
        device: &[u8; 32],
        what: &[u8],
        now: Time,
    ) -> Result<(), Error> {
        self.take_messages(Batch::new().with(self.message_of(device, what, now)), now).await
    }

    /// Each kind apart: junk of one must not use up the others' share.
    fn message_of(&self, device: &[u8; 32], what: &[u8], now: Time) -> RateWrite {
        let key = self.keys().digest("rate", &[b"device", &[what, device].concat()]);
        RateWrite::Take { key, now, limit: self.settings.limits.device_messages() }
    }

    async fn take_messages(&self, batch: Batch, now: Time) -> Result<(), Error> {
        match self.store.commit(batch).await? {
            Committed::Yes => Ok(()),
            Committed::Conflict(_) => Err(Refusal::TooMany(now + 60).into()),
        }
    }

    /// Takes one try at a user code, before it is looked for: 34.6 bits among all that are shown.
    pub(super) async fn count_user_code(&self, device: &[u8; 32], now: Time) -> Result<(), Error> {
        let (key, limit) = (self.user_code_key(device), self.settings.limits.code_tries());
        match self.store.commit(Batch::new().with(RateWrite::Take { key, now, limit })).await? {
            Committed::Yes => Ok(()),
            Committed::Conflict(_) => Err(Refusal::TooMany(now + limit.seconds).into()),
        }
    }

    /// A code that was found was no guess.
    pub(super) async fn found_user_code(&self, device: &[u8; 32], now: Time) -> Result<(), Error> {
        self.commit(Batch::new().with(RateWrite::Return { key: self.user_code_key(device), now })).await
    }

    fn user_code_key(&self, device: &[u8; 32]) -> [u8; 32] {
        self.keys().digest("rate", &[b"user-code", device])
    }

    /// Counts something that a network does, for whoever offers more than the engine: the write to commit beside it, whose
    /// guard does not hold when the network did it too often.
    #[must_use]
    pub fn network_rate(&self, what: &str, address: IpAddr, limit: Limit) -> RateWrite {
        let network = network(&host(address));
        let key = self.keys().digest("rate", &[what.as_bytes(), network.as_bytes()]);
        RateWrite::Take { key, now: self.now(), limit }
    }

    async fn is_over(&self, key: [u8; 32], limit: Limit, now: Time) -> Result<bool, Fault> {
        Ok(self.store.rate(key, now).await?.is_some_and(|row| row.count >= limit.times))
    }

    fn account_key(&self, scene: &Scene) -> [u8; 32] {
        let whose: &[u8] = match &scene.about.subject {
            OwnedSubject::User(user) => user.id.bytes(),
            OwnedSubject::Decoy(seed) => seed,
            OwnedSubject::Unknown => &[],
        };
        self.keys().digest("rate", &[b"account", whose])
    }

    fn network_key(&self, address: &str) -> [u8; 32] {
        self.keys().digest("rate", &[b"network", network(address).as_bytes()])
    }
}

/// Counts on, where the limit does not hold.
fn endless(limit: Limit) -> Limit {
    Limit { times: u32::MAX, ..limit }
}

/// An IPv4 address, or the /64 that one host of IPv6 has to itself.
pub(super) fn host(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let prefix = u128::from(address) >> 64 << 64;
            format!("{}/64", std::net::Ipv6Addr::from(prefix))
        }
    }
}

/// The /24 of an IPv4 address, the /56 of an IPv6 address.
fn network(address: &str) -> String {
    // A host of IPv6 comes as its /64.
    let address = address.strip_suffix("/64").unwrap_or(address);
    match address.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V4(address)) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        Ok(IpAddr::V6(address)) => {
            let prefix = u128::from(address) >> 72;
            format!("{prefix:x}/56")
        }
        Err(_) => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{host, network};

    #[test]
    fn neighbours_share_a_network() {
        assert_eq!(network("192.0.2.7"), network("192.0.2.250"));
        assert_eq!(network("::ffff:192.0.2.7"), network("192.0.2.7"));
        assert_ne!(network("192.0.2.7"), network("192.0.3.7"));
        assert_eq!(network("2001:db8:0:12ff::1"), network("2001:db8:0:1200::2"));
        assert_ne!(network("2001:db8:0:1200::1"), network("2001:db8:0:1300::1"));
        let one_host = host("2001:db8:0:12ff::1".parse().unwrap());
        assert_eq!(one_host, host("2001:db8:0:12ff:ffff::9".parse().unwrap()));
        assert_eq!(network(&one_host), network("2001:db8:0:1200::2"));
    }
}
