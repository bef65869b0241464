//! Which policy does a key have? What is not understood here forbids the key (RFC 6030, 5).

use super::value;
use crate::{
    container::Encoding,
    error::{Problem, ReadError},
    names::Space,
    policy::{PinPolicy, PinUse, Policy, Usage},
    xml::Element,
};

pub(super) fn policy(element: Option<Element>) -> Result<Policy, ReadError> {
    let Some(element) = element else { return Ok(Policy::default()) };
    let mut inside = element.inside()?;
    let policy = Policy {
        start: value::date(inside.maybe(Space::Pskc, "StartDate")?)?,
        expiry: value::date(inside.maybe(Space::Pskc, "ExpiryDate")?)?,
        usages: inside.all(Space::Pskc, "KeyUsage").iter().map(usage).collect::<Result<_, _>>()?,
        transactions: inside
            .maybe(Space::Pskc, "NumberOfTransactions")?
            .map(|element| value::number(&element))
            .transpose()?,
        pin: inside.maybe(Space::Pskc, "PINPolicy")?.map(pin).transpose()?,
    };
    inside.nothing_left()?;
    Ok(policy)
}

fn usage(element: &Element) -> Result<Usage, ReadError> {
    let name = element.text()?;
    let found = Usage::ALL.into_iter().find(|usage| usage.name() == name);
    found.ok_or_else(|| element.must_be("a use that RFC 6030, 5 knows, such as OTP"))
}

fn pin(element: Element) -> Result<PinPolicy, ReadError> {
    element.only_attributes(&[
        "PINKeyId",
        "PINUsageMode",
        "MaxFailedAttempts",
        "MinLength",
        "MaxLength",
        "PINEncoding",
    ])?;
    let key = element.attribute("PINKeyId");
    let policy = PinPolicy {
        key: key.map(|id| value::parsed(&element, "PINKeyId", id)).transpose()?,
        usage: named(&element, "PINUsageMode", &PinUse::ALL, PinUse::name)?,
        max_failures: value::numbered(&element, "MaxFailedAttempts")?,
        min_length: value::numbered(&element, "MinLength")?,
        max_length: value::numbered(&element, "MaxLength")?,
        encoding: named(&element, "PINEncoding", &Encoding::ALL, Encoding::name)?,
    };
    element.inside()?.nothing_left()?;
    Ok(policy)
}

/// The one of these that an attribute names.
pub(super) fn named<T: Copy>(
    element: &Element,
    attribute: &str,
    all: &[T],
    name: impl Fn(T) -> &'static str,
) -> Result<Option<T>, ReadError> {
    let Some(given) = element.attribute(attribute) else { return Ok(None) };
    let found = all.iter().find(|one| name(**one) == given);
    let unknown = || Problem::Unsupported(format!("this {attribute} of {}", element.name()));
    found.map(|one| Some(*one)).ok_or_else(|| element.wrong(unknown()))
}
