//! What does one package say (RFC 6030, 4.1 to 4.3)?

use super::{
    lock::Opener,
    policy::{named, policy},
    value,
};
use crate::{
    container::{Algorithm, DeviceInfo, Encoding, Key, KeyData, Response, Secret, Suite},
    crypto::SecretBytes,
    error::{Problem, ReadError},
    names::Space,
    xml::{Element, Inside},
};

pub(super) fn package(element: Element, opener: &Opener) -> Result<Key, ReadError> {
    let line = element.line();
    let mut inside = element.inside()?;
    let device = inside.maybe(Space::Pskc, "DeviceInfo")?.map(device).transpose()?.unwrap_or_default();
    let module = match inside.maybe(Space::Pskc, "CryptoModuleInfo")? {
        Some(module) => Some(value::shown(&module.inside()?.one(Space::Pskc, "Id")?)?),
        None => None,
    };
    let key = inside.one(Space::Pskc, "Key")?;
    inside.done()?;
    Ok(Key { line: Some(line), device, module, ..self::key(key, opener)? })
}

fn device(element: Element) -> Result<DeviceInfo, ReadError> {
    let mut inside = element.inside()?;
    let device = DeviceInfo {
        manufacturer: value::maybe(inside.maybe(Space::Pskc, "Manufacturer")?)?,
        serial: value::maybe(inside.maybe(Space::Pskc, "SerialNo")?)?,
        model: value::maybe(inside.maybe(Space::Pskc, "Model")?)?,
        issue: value::maybe(inside.maybe(Space::Pskc, "IssueNo")?)?,
        start: value::date(inside.maybe(Space::Pskc, "StartDate")?)?,
        expiry: value::date(inside.maybe(Space::Pskc, "ExpiryDate")?)?,
        user: value::maybe(inside.maybe(Space::Pskc, "UserId")?)?,
    };
    // Says which handset a soft token was made for; nobody here has one to compare it with.
    if let Some(binding) = inside.maybe(Space::Pskc, "DeviceBinding")? {
        return Err(binding.wrong(Problem::Unsupported("a key that is bound to a handset".to_owned())));
    }
    inside.done()?;
    Ok(device)
}

fn key(element: Element, opener: &Opener) -> Result<Key, ReadError> {
    let id = element.attribute("Id").map(|id| value::parsed(&element, "Id", id)).transpose()?;
    let algorithm = element.attribute("Algorithm").map(|uri| algorithm(&element, uri)).transpose()?;
    let mut inside = element.inside()?;
    let (suite, response) = parameters(inside.maybe(Space::Pskc, "AlgorithmParameters")?)?;
    let key = Key {
        id,
        algorithm,
        issuer: value::maybe(inside.maybe(Space::Pskc, "Issuer")?)?,
        friendly_name: value::maybe(inside.maybe(Space::Pskc, "FriendlyName")?)?,
        profile: value::maybe(inside.maybe(Space::Pskc, "KeyProfileId")?)?,
        reference: value::maybe(inside.maybe(Space::Pskc, "KeyReference")?)?,
        user: value::maybe(inside.maybe(Space::Pskc, "UserId")?)?,
        suite,
        response,
        data: inside.maybe(Space::Pskc, "Data")?.map(|it| data(it, opener)).transpose()?.unwrap_or_default(),
        policy: policy(inside.maybe(Space::Pskc, "Policy")?)?,
        ..Key::default()
    };
    inside.done()?;
    Ok(key)
}

fn algorithm(key: &Element, uri: &str) -> Result<Algorithm, ReadError> {
    match uri {
        "urn:ietf:params:xml:ns:keyprov:pskc:hotp" => Ok(Algorithm::Hotp),
        "urn:ietf:params:xml:ns:keyprov:pskc:totp" => Ok(Algorithm::Totp),
        "urn:ietf:params:xml:ns:keyprov:pskc:pin" => Ok(Algorithm::Pin),
        other => value::parsed(key, "Algorithm", other).map(Algorithm::Other),
    }
}

fn parameters(element: Option<Element>) -> Result<(Option<Suite>, Option<Response>), ReadError> {
    let Some(element) = element else { return Ok((None, None)) };
    let mut inside = element.inside()?;
    let suite = match inside.maybe(Space::Pskc, "Suite")? {
        Some(suite) => {
            let unknown = || suite.wrong(Problem::Unsupported("this Suite".to_owned()));
            Some(Suite::from_name(suite.text()?).ok_or_else(unknown)?)
        }
        None => None,
    };
    if let Some(challenge) = inside.maybe(Space::Pskc, "ChallengeFormat")? {
        return Err(challenge.wrong(Problem::Unsupported("a token that answers challenges".to_owned())));
    }
    let response = inside.maybe(Space::Pskc, "ResponseFormat")?.map(response).transpose()?;
    inside.done()?;
    Ok((suite, response))
}

fn response(element: Element) -> Result<Response, ReadError> {
    element.only_attributes(&["Encoding", "Length", "CheckDigits"])?;
    if !matches!(element.attribute("CheckDigits"), None | Some("false" | "0")) {
        return Err(element.wrong(Problem::Unsupported("a code with a check digit".to_owned())));
    }
    let encoding = named(&element, "Encoding", &Encoding::ALL, Encoding::name)?;
    let encoding = encoding.ok_or_else(|| element.missing("an Encoding"))?;
    let length = value::numbered(&element, "Length")?.ok_or_else(|| element.missing("a Length"))?;
    Ok(Response { encoding, length })
}

fn data(element: Element, opener: &Opener) -> Result<KeyData, ReadError> {
    let mut inside = element.inside()?;
    let secret = match inside.maybe(Space::Pskc, "Secret")? {
        Some(secret) => Some(Secret(self::secret(secret, opener)?)),
        None => None,
    };
    let data = KeyData {
        secret,
        counter: number(&mut inside, "Counter", opener)?,
        time: number(&mut inside, "Time", opener)?,
        interval: number(&mut inside, "TimeInterval", opener)?,
        drift: drift(&mut inside, opener)?,
    };
    inside.done()?;
    Ok(data)
}

/// What an element of `Data` holds: a value in plain, or an encrypted one that was opened.
enum Value {
    Plain(Element),
    Opened(SecretBytes),
}

fn value_of(element: Element, opener: &Opener) -> Result<Value, ReadError> {
    let mut inside = element.inside()?;
    let encrypted = inside.maybe(Space::Pskc, "EncryptedValue")?;
    let mac = inside.maybe(Space::Pskc, "ValueMAC")?;
    match encrypted {
        Some(encrypted) => {
            inside.nothing_left()?;
            opener.open(encrypted, mac).map(Value::Opened)
        }
        None => {
            let plain = inside.one(Space::Pskc, "PlainValue")?;
            inside.nothing_left()?;
            Ok(Value::Plain(plain))
        }
    }
}

fn secret(element: Element, opener: &Opener) -> Result<SecretBytes, ReadError> {
    match value_of(element, opener)? {
        Value::Opened(secret) => Ok(secret),
        Value::Plain(plain) => {
            opener.allow_plain_secret(&plain)?;
            value::bytes(&plain)
        }
    }
}

/// A number: in plain as decimal digits, encrypted as 4 or 8 bytes, the most significant first (RFC 6030, 4.2).
fn number<T: TryFrom<u64>>(
    inside: &mut Inside,
    name: &'static str,
    opener: &Opener,
) -> Result<Option<T>, ReadError> {
    let Some(element) = inside.maybe(Space::Pskc, name)? else { return Ok(None) };
    let line = element.line();
    let number = match value_of(element, opener)? {
        Value::Plain(plain) => value::number(&plain)?,
        Value::Opened(bytes) => match *bytes.as_slice() {
            [a, b, c, d] => u64::from(u32::from_be_bytes([a, b, c, d])),
            [a, b, c, d, e, f, g, h] => u64::from_be_bytes([a, b, c, d, e, f, g, h]),
            _ => return Err(too_large(name).at(line)),
        },
    };
    T::try_from(number).map(Some).map_err(|_| too_large(name).at(line))
}

/// The one number that may be below zero: encrypted, it is a two's complement (RFC 6030, 4.2 and `intDataType`).
fn drift(inside: &mut Inside, opener: &Opener) -> Result<Option<i32>, ReadError> {
    const NAME: &str = "TimeDrift";
    let Some(element) = inside.maybe(Space::Pskc, NAME)? else { return Ok(None) };
    let line = element.line();
    let drift = match value_of(element, opener)? {
        Value::Plain(plain) => value::signed(&plain)?,
        Value::Opened(bytes) => match *bytes.as_slice() {
            [a, b, c, d] => i64::from(i32::from_be_bytes([a, b, c, d])),
            [a, b, c, d, e, f, g, h] => i64::from_be_bytes([a, b, c, d, e, f, g, h]),
            _ => return Err(too_large(NAME).at(line)),
        },
    };
    i32::try_from(drift).map(Some).map_err(|_| too_large(NAME).at(line))
}

fn too_large(name: &str) -> Problem {
    Problem::Value { what: name.to_owned(), must: "a whole number that is not too large" }
}
