//! How is a message delivered, and what if the answer is lost or the clocks differ?

use std::{sync::PoisonError, time::Duration};

use idp_protocol::{
    DeviceError, ErrorCode,
    link::Origin,
    message::{Message, Posted},
};

use crate::{
    Authenticator, Error, Transport,
    transport::{Request, Response},
};

const TRIES: u64 = 3;
/// What two readings of the same clocks may differ by, in seconds: no reason to write.
const JITTER: u64 = 2;
/// The longest wait that a server's `Retry-After` can ask for, in seconds.
const MAX_WAIT: u64 = 10;

impl<T: Transport> Authenticator<T> {
    /// Posts a message; `kept` holds the bytes, so that a later call with the same `kept` repeats them.
    ///
    /// A lost answer is fetched by the *same* bytes: the server answers a repeat from its records, while a
    /// message signed anew could look like a second device. Only where the server says that our clock is
    /// wrong, the message is made anew, once, with the server's time.
    pub(crate) async fn post<M: Message>(
        &self,
        issuer: &Origin,
        kept: &mut Option<Posted>,
        make: impl Fn(i64) -> Result<Posted, Error>,
    ) -> Result<Vec<u8>, Error> {
        let first = match kept {
            Some(posted) => posted.clone(),
            None => make(self.now(issuer))?,
        };
        let answer = self.deliver(&Self::request::<M>(issuer, kept.insert(first))?).await;
        if !self.resynchronise(issuer, &answer) {
            return answer;
        }
        let again = make(self.now(issuer))?;
        self.deliver(&Self::request::<M>(issuer, kept.insert(again))?).await
    }

    fn request<M: Message>(issuer: &Origin, posted: &Posted) -> Result<Request, Error> {
        let body = serde_json::to_vec(posted).map_err(|_| Error::OutOfStep)?;
        Ok(Request::post(issuer, M::PATH, body))
    }

    /// Reads with a signed message as credential. Each try is signed anew: a server records no reads, so
    /// the second use of a `jti` would be refused.
    pub(crate) async fn get_signed<M: Message>(
        &self,
        issuer: &Origin,
        wait: Option<u8>,
        make: impl Fn(i64) -> Result<String, Error>,
    ) -> Result<Response, Error> {
        let mut corrected = false;
        let mut attempt = 1;
        loop {
            let authorization = format!("Device {}", make(self.now(issuer))?);
            let request = Request::get(issuer, M::PATH, Some(authorization));
            let request = match wait {
                Some(seconds) => request.waiting(seconds),
                None => request,
            };
            let answer = self.once(&request).await;
            let answer = match answer {
                Once::Again(pause, _) if attempt < TRIES => {
                    attempt += 1;
                    self.clock.sleep(pause).await;
                    continue;
                }
                Once::Again(_, error) => Err(error),
                Once::Answer(answer) => answer,
            };
            if corrected || !self.resynchronise(issuer, &answer) {
                return answer;
            }
            corrected = true;
        }
    }

    /// Sends the same bytes up to three times.
    pub(crate) async fn deliver(&self, request: &Request) -> Result<Vec<u8>, Error> {
        let mut attempt = 1;
        loop {
            match self.once(request).await {
                Once::Answer(answer) => return answer.map(|response| response.body),
                Once::Again(_, error) if attempt >= TRIES => return Err(error),
                Once::Again(pause, _) => self.clock.sleep(pause).await,
            }
            attempt += 1;
        }
    }

    async fn once(&self, request: &Request) -> Once {
        match self.transport.send(request).await {
            Ok(response) if response.status == 503 => {
                let pause = Duration::from_secs(response.retry_after.unwrap_or(1).min(MAX_WAIT));
                match read(response) {
                    Ok(response) => Once::Answer(Ok(response)),
                    Err(error) => Once::Again(pause, error),
                }
            }
            Ok(response) => Once::Answer(read(response)),
            Err(error) if error.may_pass() => Once::Again(Duration::from_secs(1), error.into()),
            Err(error) => Once::Answer(Err(error.into())),
        }
    }

    /// Takes over the server's time if that is what it complained about.
    fn resynchronise<A>(&self, issuer: &Origin, answer: &Result<A, Error>) -> bool {
        match answer {
            Err(Error::Refused(refusal)) if refusal.error == ErrorCode::Clock => {
                self.set_time(issuer, refusal.time);
                true
            }
            _ => false,
        }
    }

    /// The server's clock shows `time` now.
    pub(crate) fn set_time(&self, issuer: &Origin, time: i64) {
        let ahead = time.saturating_sub(self.clock.now());
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner).insert(issuer.clone(), ahead);
        let kept = self.store.ahead(issuer).unwrap_or(0);
        if kept.abs_diff(ahead) > JITTER {
            // Where it cannot be kept, the next run begins with our own clock: no reason to stop what is under way.
            let _ = self.store.keep_ahead(issuer, ahead);
        }
    }

    /// The server signed something at `time`, so its clock shows at least that. (Not exactly that: an
    /// answer from its records was signed a while ago.)
    pub(crate) fn not_before(&self, issuer: &Origin, time: i64) {
        if time > self.now(issuer) {
            self.set_time(issuer, time);
        }
    }
}

enum Once {
    Answer(Result<Response, Error>),
    Again(Duration, Error),
}

fn read(response: Response) -> Result<Response, Error> {
    if (200..300).contains(&response.status) {
        return Ok(response);
    }
    match serde_json::from_slice::<DeviceError>(&response.body) {
        Ok(refusal) => Err(Error::Refused(refusal)),
        Err(_) => Err(Error::Unexpected(response.status)),
    }
}
