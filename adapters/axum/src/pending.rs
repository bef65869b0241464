//! How does a device ask what waits for it, and how does it wait where nothing does?
//!
//! `GET /device/pending` is answered at once, or with `Prefer: wait=25` (RFC 7240, 4.3) as soon as there is something, and
//! after 25 seconds at the latest: less than what proxies allow. A device that waits costs a connection and a wake-up
//! call, no thread, and no reading of the store until something happened.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderName, header};
use idp_core::{
    Error, Refusal,
    engine::{DeviceReply, DeviceRequest, Engine},
};
use idp_protocol::{
    context::Waiting,
    message::{Message as _, Pending, Posted},
};
use tokio::time;

use crate::{address::ClientAddress, device::answered, seats::Seats};

/// How long a device waits at most, in seconds.
const LONGEST_WAIT: u8 = 25;
/// RFC 7240, 2.
const PREFER: HeaderName = HeaderName::from_static("prefer");
/// RFC 7240, 3.
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// Where devices wait.
#[derive(Clone, Debug)]
pub(crate) struct WaitingRoom {
    engine: Arc<Engine>,
    seats: Seats,
}

/// What a wait ended with.
enum End {
    /// Something is there, or the time is over.
    Answer(Waiting),
    /// There was no seat, or a newer request of the same device has it: it shall ask again in its own time.
    NoSeat(Waiting),
}

impl WaitingRoom {
    pub(crate) fn new(engine: Arc<Engine>) -> Self {
        Self { engine, seats: Seats::default() }
    }

    async fn wait(&self, request: &DeviceRequest<'_>, seconds: u8) -> Result<End, Error> {
        let until = self.engine.now() + i64::from(seconds);
        let (waiting, mut waiter) = self.engine.begin_waiting(request).await?;
        if !waiting.contexts.is_empty() {
            return Ok(End::Answer(waiting));
        }
        // Only now: whoever cannot sign takes nobody's seat.
        let most = usize::try_from(self.engine.settings().limits.waiting_devices).unwrap_or(usize::MAX);
        let Some(mut seat) = self.seats.take(waiter.thumbprint(), most) else {
            return Ok(End::NoSeat(waiting));
        };
        let time_is_over = time::sleep(Duration::from_secs(seconds.into()));
        tokio::pin!(time_is_over);
        loop {
            let over = tokio::select! {
                () = waiter.woken() => self.engine.now() >= until,
                () = &mut time_is_over => true,
                () = seat.replaced() => return Ok(End::NoSeat(waiting)),
            };
            // At the end, too: a wake-up may have been lost on its way from another node.
            let waiting = self.engine.look_again(&waiter).await?;
            if over || !waiting.contexts.is_empty() {
                return Ok(End::Answer(waiting));
            }
        }
    }
}

/// What waits for the device, now or soon.
pub(crate) async fn ask(
    State(room): State<WaitingRoom>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
) -> Response {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(message) = value.and_then(|value| value.strip_prefix("Device ")) else {
        return answered(&room.engine, Err(Refusal::Unauthentic.into()));
    };
    let posted = Posted { message: message.trim().to_owned(), mac: None, pin_proof: None };
    let request = DeviceRequest { method: Pending::METHOD, path: Pending::PATH, posted, address };
    let Some(seconds) = wait_of(&headers) else {
        return answered(&room.engine, room.engine.answer_device(&request).await);
    };
    match room.wait(&request, seconds).await {
        Ok(End::Answer(waiting)) => {
            let applied = [(PREFERENCE_APPLIED, format!("wait={seconds}"))];
            (applied, answered(&room.engine, Ok(DeviceReply::Waiting(waiting)))).into_response()
        }
        Ok(End::NoSeat(waiting)) => answered(&room.engine, Ok(DeviceReply::Waiting(waiting))),
        Err(error) => answered(&room.engine, Err(error)),
    }
}

/// How long the device would like to wait, in seconds, and at most as long as it may; of several wishes the first counts
/// (RFC 7240, 2). What is no number is no wish: an unknown preference is passed over.
fn wait_of(headers: &HeaderMap) -> Option<u8> {
    let wishes = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
    let seconds = wishes.flat_map(|value| value.split(',')).find_map(|wish| {
        let (name, value) = wish.split(';').next()?.split_once('=')?;
        name.trim().eq_ignore_ascii_case("wait").then(|| value.trim().trim_matches('"').to_owned())
    })?;
    let seconds = seconds.parse::<u32>().ok().filter(|seconds| *seconds > 0)?;
    Some(u8::try_from(seconds).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn wish(values: &[&str]) -> Option<u8> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(PREFER, HeaderValue::from_str(value).unwrap());
        }
        wait_of(&headers)
    }

    #[test]
    fn a_wish_to_wait_is_read_as_rfc_7240_writes_it() {
        for (values, seconds) in [
            (&["wait=10"][..], Some(10)),
            (&["respond-async, Wait = \"7\"; more=1"], Some(7)),
            (&["handling=lenient", "wait=3, wait=9"], Some(3)),
            (&["wait=86400"], Some(LONGEST_WAIT)),
            (&["wait=0"], None),
            (&["wait=-1"], None),
            (&["wait=soon"], None),
            (&["wait"], None),
            (&[], None),
        ] {
            assert_eq!(wish(values), seconds, "{values:?}");
        }
    }
}
