//! How does a key of a container become a token of the inventory, with all of its policy kept?

use idp_core::{
    Time,
    engine::{Engine, NewHardware},
    methods::otp::{BadKey, HashFunction, Key, MovingFactor, PinUse, Position},
};
use symbolon_pskc::{self as pskc, Algorithm, Container, Encoding, Suite, Usage};

use super::Reason;

/// How many digits a code has if nobody says (RFC 4226, 5.3).
const DIGITS: u8 = 6;
/// The length of a step if nobody says, in seconds (RFC 6238, 5.2).
const PERIOD: u32 = 30;
/// How many steps the clock of a token may be before ours: what is learned of it at most, and one.
const AHEAD: i64 = 3;

/// The token of a key; `None` for a PIN, which belongs to a token.
pub(super) async fn token(
    engine: &Engine,
    container: &Container,
    key: &pskc::Key,
) -> Result<Option<NewHardware>, Reason> {
    let factor = match &key.algorithm {
        Some(Algorithm::Hotp) => MovingFactor::Counter(whole(key.data.counter)?),
        Some(Algorithm::Totp) => MovingFactor::Time(key.data.interval.unwrap_or(PERIOD)),
        Some(Algorithm::Pin) => return Ok(None),
        Some(Algorithm::Other(uri)) => return Err(Reason::Algorithm(uri.to_string())),
        _ => return Err(Reason::Algorithm("nothing that it names".to_owned())),
    };
    let serial = key.device.serial.as_ref().ok_or(Reason::NoSerial)?.to_string();
    let expires_at = until(engine.now(), key)?;
    let secret = key.data.secret.as_ref().ok_or(Reason::NoSecret)?;
    let hash = match key.suite {
        None | Some(Suite::Sha1) => HashFunction::Sha1,
        Some(Suite::Sha256) => HashFunction::Sha256,
        Some(Suite::Sha512) => HashFunction::Sha512,
    };
    let digits = match key.response {
        None => DIGITS,
        Some(pskc::Response { encoding: Encoding::Decimal, length }) => length,
        Some(_) => return Err(Reason::NotDigits),
    };
    let new = Key::new(secret.0.to_vec(), hash, digits, factor)?.with_serial(&*serial);
    let new = match pin(engine, container, key).await? {
        PinUse::None => new,
        pin => new.with_pin(pin).with_pin_always(),
    };
    let new = match expires_at {
        Some(end) => new.until(end),
        None => new,
    };
    let counter = counter(engine.now(), &new, key)?;
    let drift = key.data.drift.filter(|_| new.step_at(engine.now()).is_some()).unwrap_or(0);
    let manufacturer = key.device.manufacturer.as_ref().map(ToString::to_string).unwrap_or_default();
    Ok(Some(NewHardware { manufacturer, serial, key: new, counter, drift, expires_at }))
}

fn whole(counter: Option<u64>) -> Result<i64, Reason> {
    Ok(i64::try_from(counter.unwrap_or(0)).map_err(|_| BadKey::Counter)?)
}

/// Where the counter stands: at the next code, or at the last step that a code was used in.
fn counter(now: Time, new: &Key, key: &pskc::Key) -> Result<i64, Reason> {
    let Some(step) = new.step_at(now) else { return whole(key.data.counter) };
    let used = whole(key.data.time)?;
    // No code before that one counts: one that is far ahead would shut the token out.
    if used > step.saturating_add(AHEAD) { Err(Reason::Future) } else { Ok(used) }
}

/// When the policies of key and device end its use. What they say of it that cannot be kept forbids the key
/// (RFC 6030, 5).
fn until(now: Time, key: &pskc::Key) -> Result<Option<Time>, Reason> {
    let policy = &key.policy;
    if !policy.usages.is_empty() && !policy.usages.contains(&Usage::Otp) {
        return Err(Reason::Usage);
    }
    if policy.transactions.is_some() {
        return Err(Reason::Transactions);
    }
    if policy.start.max(key.device.start).is_some_and(|start| start > now.0) {
        return Err(Reason::NotYet);
    }
    Ok([policy.expiry, key.device.expiry].into_iter().flatten().min().map(Time))
}

/// How a PIN takes part.
async fn pin(engine: &Engine, container: &Container, key: &pskc::Key) -> Result<PinUse, Reason> {
    let Some(policy) = &key.policy.pin else { return Ok(PinUse::None) };
    let position = match policy.usage {
        // The token checks it, and gives no code without it.
        Some(pskc::PinUse::Local) => return Ok(PinUse::None),
        Some(pskc::PinUse::Prepend) => Position::Before,
        Some(pskc::PinUse::Append) => Position::Behind,
        Some(pskc::PinUse::Algorithmic) | None => return Err(Reason::Pin),
    };
    let is_it = |other: &&pskc::Key| other.algorithm == Some(Algorithm::Pin) && other.id == policy.key;
    let pin = container.keys.iter().find(is_it).filter(|_| policy.key.is_some());
    let pin = pin.and_then(|pin| pin.data.secret.as_ref()).ok_or(Reason::Pin)?;
    let pin = std::str::from_utf8(&pin.0).map_err(|_| Reason::Pin)?;
    // What is typed is taken without spaces and dashes (`methods/otp/typed.rs`).
    let can_be_typed = pin.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'-');
    let length = u32::try_from(pin.len()).unwrap_or(u32::MAX);
    let (least, most) = (policy.min_length.unwrap_or(4).max(4), policy.max_length.unwrap_or(64).min(64));
    if !can_be_typed || !(least..=most).contains(&length) {
        return Err(Reason::Pin);
    }
    let ours = engine.settings().limits.lock_after;
    if policy.max_failures.is_some_and(|most| most < u32::from(ours)) {
        return Err(Reason::PinTries(ours));
    }
    let hash = engine.passwords().hash(pin).await.map_err(Reason::Trouble)?;
    let hash = String::from_utf8(hash).map_err(|_| Reason::Pin)?;
    Ok(PinUse::Server { hash, position })
}
