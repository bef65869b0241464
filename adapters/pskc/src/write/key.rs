//! How is one package written?

use std::convert::Infallible;

use super::{lock::Sealer, markup::Markup};
use crate::{
    container::{Algorithm, DeviceInfo, Key, KeyData, Response, Suite},
    error::WriteError,
    policy::{PinPolicy, Policy},
};

pub(super) fn package(out: &mut Markup, key: &Key, sealer: &Sealer<'_>) -> Result<(), WriteError> {
    out.inside("KeyPackage", &[], |out| {
        if key.device != DeviceInfo::default() {
            device(out, &key.device);
        }
        if let Some(module) = &key.module {
            group(out, "CryptoModuleInfo", |out| out.leaf("Id", module.as_str()));
        }
        let id = key.id.as_ref().map(|id| ("Id", id.as_str()));
        let algorithm = key.algorithm.as_ref().map(|algorithm| ("Algorithm", uri(algorithm)));
        let attributes: Vec<_> = id.into_iter().chain(algorithm).collect();
        out.inside("Key", &attributes, |out| self::key(out, key, sealer))
    })
}

fn uri(algorithm: &Algorithm) -> &str {
    match algorithm {
        Algorithm::Hotp => "urn:ietf:params:xml:ns:keyprov:pskc:hotp",
        Algorithm::Totp => "urn:ietf:params:xml:ns:keyprov:pskc:totp",
        Algorithm::Pin => "urn:ietf:params:xml:ns:keyprov:pskc:pin",
        Algorithm::Other(uri) => uri.as_str(),
    }
}

fn device(out: &mut Markup, device: &DeviceInfo) {
    group(out, "DeviceInfo", |out| {
        out.maybe("Manufacturer", device.manufacturer.as_ref());
        out.maybe("SerialNo", device.serial.as_ref());
        out.maybe("Model", device.model.as_ref());
        out.maybe("IssueNo", device.issue.as_ref());
        date(out, "StartDate", device.start);
        date(out, "ExpiryDate", device.expiry);
        out.maybe("UserId", device.user.as_ref());
    });
}

fn key(out: &mut Markup, key: &Key, sealer: &Sealer<'_>) -> Result<(), WriteError> {
    out.maybe("Issuer", key.issuer.as_ref());
    if key.suite.is_some() || key.response.is_some() {
        parameters(out, key.suite, key.response);
    }
    out.maybe("KeyProfileId", key.profile.as_ref());
    out.maybe("KeyReference", key.reference.as_ref());
    out.maybe("FriendlyName", key.friendly_name.as_ref());
    if key.data != KeyData::default() {
        out.inside("Data", &[], |out| data(out, &key.data, sealer))?;
    }
    out.maybe("UserId", key.user.as_ref());
    if key.policy != Policy::default() {
        policy(out, &key.policy);
    }
    Ok(())
}

fn parameters(out: &mut Markup, suite: Option<Suite>, response: Option<Response>) {
    group(out, "AlgorithmParameters", |out| {
        out.maybe("Suite", suite.map(Suite::name).as_ref());
        if let Some(Response { encoding, length }) = response {
            let length = length.to_string();
            out.empty("ResponseFormat", &[("Length", &length), ("Encoding", encoding.name())]);
        }
    });
}

fn data(out: &mut Markup, data: &KeyData, sealer: &Sealer<'_>) -> Result<(), WriteError> {
    if let Some(secret) = &data.secret {
        sealer.secret(out, &secret.0)?;
    }
    plain(out, "Counter", data.counter);
    plain(out, "Time", data.time);
    plain(out, "TimeInterval", data.interval);
    plain(out, "TimeDrift", data.drift);
    Ok(())
}

fn plain(out: &mut Markup, name: &str, value: Option<impl ToString>) {
    if let Some(value) = value {
        group(out, name, |out| out.leaf("PlainValue", &value.to_string()));
    }
}

fn policy(out: &mut Markup, policy: &Policy) {
    group(out, "Policy", |out| {
        date(out, "StartDate", policy.start);
        date(out, "ExpiryDate", policy.expiry);
        if let Some(pin) = &policy.pin {
            self::pin(out, pin);
        }
        policy.usages.iter().for_each(|usage| out.leaf("KeyUsage", usage.name()));
        out.maybe("NumberOfTransactions", policy.transactions.as_ref());
    });
}

fn pin(out: &mut Markup, pin: &PinPolicy) {
    let number = |value: Option<u32>| value.map(|value| value.to_string());
    let values = [
        ("PINKeyId", pin.key.as_ref().map(ToString::to_string)),
        ("PINUsageMode", pin.usage.map(|usage| usage.name().to_owned())),
        ("MaxFailedAttempts", number(pin.max_failures)),
        ("MinLength", number(pin.min_length)),
        ("MaxLength", number(pin.max_length)),
        ("PINEncoding", pin.encoding.map(|encoding| encoding.name().to_owned())),
    ];
    let attributes: Vec<_> =
        values.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))).collect();
    out.empty("PINPolicy", &attributes);
}

/// A date in UTC; one that no calendar has is left out.
fn date(out: &mut Markup, name: &str, at: Option<i64>) {
    let date = at.and_then(|at| chrono::DateTime::from_timestamp(at, 0));
    out.maybe(name, date.map(|date| date.format("%Y-%m-%dT%H:%M:%SZ")).as_ref());
}

fn group(out: &mut Markup, name: &str, content: impl FnOnce(&mut Markup)) {
    let Ok(()) = out.inside::<Infallible>(name, &[], |out| {
        content(out);
        Ok(())
    });
}
