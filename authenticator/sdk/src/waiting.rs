//! How does a device wait for a request, if no push service wakes it?

use std::time::Duration;

use idp_protocol::{ErrorCode, context::Decided, message::Update, push::PushSubscription};

use crate::{Account, Authenticator, Claimed, Error, Human, Transport, sign_in::Looked};

/// The first pause between two questions, in seconds: a server answers twenty a minute.
const FIRST_PAUSE: u64 = 3;
/// The longest pause while the server answers. A request is open for two minutes.
const LONGEST_PAUSE: u64 = 15;
/// The longest pause while it does not.
const LONGEST_TROUBLE: u64 = 60;
/// For how long a server is asked to keep its answer, in seconds: less than what proxies allow.
const LONGEST_WAIT: u8 = 25;

impl<T: Transport> Authenticator<T> {
    /// Waits until the account's server has something to decide, for so many seconds at most, and returns the newest. A
    /// server that knows how keeps the answer until there is something (`Prefer: wait`). Another one, or one where too many
    /// wait, is asked every three seconds at first and every fifteen at last; one that is slow or away for a while less
    /// often.
    ///
    /// # Errors
    /// [`Error::NothingCame`] if nothing did; those of [`Authenticator::pending`] that do not pass by themselves.
    pub async fn wait(&self, account: &Account, seconds: i64) -> Result<Claimed, Error> {
        let end = self.clock.now().saturating_add(seconds);
        let mut pause = FIRST_PAUSE;
        loop {
            let asked = self.clock.now();
            let looked = self.look(account, longest(end.saturating_sub(asked))).await;
            let took = u64::try_from(self.clock.now().saturating_sub(asked)).unwrap_or(0);
            let left = u64::try_from(end.saturating_sub(self.clock.now())).unwrap_or(0);
            // A server that says that it waits and answers at once must not be asked without end.
            let waited = looked.as_ref().is_ok_and(|looked| looked.waits) && took >= FIRST_PAUSE;
            pause = match looked {
                Ok(Looked { claimed, .. }) => match claimed.into_iter().next() {
                    Some(newest) => return Ok(newest),
                    None => pause.saturating_add(1).min(LONGEST_PAUSE.max(pause)),
                },
                Err(error) if may_pass(&error) => pause.saturating_mul(2).min(LONGEST_TROUBLE),
                Err(error) => return Err(error),
            };
            if left == 0 {
                return Err(Error::NothingCame);
            }
            if waited {
                pause = FIRST_PAUSE;
                continue;
            }
            self.clock.sleep(Duration::from_secs(pause.min(left))).await;
        }
    }

    /// Waits, asks the person and sends the decision: [`Authenticator::wait`] and [`Authenticator::answer`].
    ///
    /// # Errors
    /// Those of the two.
    pub async fn wait_and_answer(
        &self,
        account: &Account,
        seconds: i64,
        human: &impl Human,
    ) -> Result<Decided, Error> {
        self.answer(&self.wait(account, seconds).await?, human).await
    }

    /// The server wakes this device there from now on, for an authenticator that lives in a browser. The subscription
    /// has to be made for [`Authenticator::push_key`].
    ///
    /// # Errors
    /// [`Error::Refused`] if the server would not ask that address or wakes nobody: then [`Authenticator::wait`].
    pub async fn subscribe(&self, account: &Account, subscription: PushSubscription) -> Result<(), Error> {
        self.update(account, &Update::Subscribe { subscription }).await
    }

    /// The server wakes this device no more.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Network`].
    pub async fn unsubscribe(&self, account: &Account) -> Result<(), Error> {
        self.update(account, &Update::Unsubscribe).await
    }

    /// The key that a push subscription names (`applicationServerKey`), as an uncompressed point; none if the server wakes
    /// nobody. It is believed as every key of the server: the root key that was pinned signs it.
    ///
    /// # Errors
    /// [`Error::NotAuthentic`] or [`Error::OldKeyList`] for a list that is not to be believed.
    pub async fn push_key(&self, account: &Account) -> Result<Option<[u8; 65]>, Error> {
        let list = self.key_list(account).await?;
        Ok(list.push_key(self.now(&account.issuer)).map(idp_protocol::P256Key::point))
    }
}

/// For how long a server may keep its answer, if so many seconds are left.
fn longest(left: i64) -> Option<u8> {
    u8::try_from(left.clamp(0, LONGEST_WAIT.into())).ok().filter(|seconds| *seconds > 0)
}

/// Whether it may be over the next time.
fn may_pass(error: &Error) -> bool {
    match error.code() {
        None => matches!(error, Error::Network(_) | Error::Unexpected(500..)),
        Some(code) => matches!(code, ErrorCode::TooMany | ErrorCode::Unavailable),
    }
}
