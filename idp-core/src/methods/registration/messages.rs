//! What does a device that is not registered yet get for its hello (E1) and its registration (E2)?

use idp_protocol::{
    Octets,
    context::{self, UserVerification},
    crypto::Digest,
    enrol::{self, Agreed, Parts},
    jwk::P256Key,
    message::{Hello, Register},
    prompt::DeviceFacts,
};
use subtle::ConstantTimeEq as _;

use super::{DeviceRegistration, FromDevice, Grant, Greeted, Registered, State};
use crate::{
    Fault, Id, Refusal,
    device::Facts,
    evidence::Assurance,
    method::{Cx, Effect, NewCredential, ProvedKey, Reason, Registration, Reply, Turn, Turned},
    notify::Notice,
    settings::EnrolWay,
    users::User,
};

/// How many devices may say hello to one offer.
const MAX_HELLOS: usize = 5;

/// E1 → E1r. Each hello gets an offer with a key of its own.
pub(super) fn greet(
    cx: &Cx<'_>,
    user: &User,
    grant: Grant,
    mut hellos: Vec<Greeted>,
    key: &ProvedKey,
    hello: &Hello,
) -> Turned<DeviceRegistration> {
    let Some(way) = proves_hello(cx, grant, key, hello) else {
        return Ok(Turn::refuse(Refusal::NotFound));
    };
    if hellos.len() >= MAX_HELLOS {
        return Ok(Turn::refuse(Refusal::OutOfStep));
    }
    let crypto = cx.tools.crypto();
    let (ephemeral, point) = cx.tools.ephemeral()?;
    let digest = Octets(crypto.hash.sha256(key.message.as_bytes()));
    let offer = context::Offer {
        enrolment: cx.ceremony.octets(),
        hello: digest,
        organisation: cx.settings.organisation.clone(),
        account: user.masked_login(),
        uv: cx.settings.user_verification,
        pin: cx.settings.pin,
        nonce: Octets(crypto.random()),
        ephemeral: P256Key::from_point(&point)?,
    };
    let statement = cx.tools.state(key.thumbprint, cx.now, offer)?;
    hellos.push(Greeted {
        way,
        thumbprint: Octets(key.thumbprint),
        hello: digest,
        offer: Octets(crypto.hash.sha256(statement.as_bytes())),
        ephemeral: Octets(*ephemeral),
    });
    Ok(Turn::ask(State::Offered { grant, hellos }).reply(Reply::Statement(statement)))
}

/// E2 → E3: the device row is written, and both sides can compute the confirmation code.
pub(super) fn register_device(
    cx: &Cx<'_>,
    user: &User,
    grant: Grant,
    hellos: &[Greeted],
    key: &ProvedKey,
    register: &Register,
) -> Turned<DeviceRegistration> {
    let greeted = hellos
        .iter()
        .find(|greeted| greeted.thumbprint.0 == key.thumbprint && greeted.offer == register.offer);
    let Some(greeted) = greeted.filter(|greeted| proves_register(cx, grant, greeted.way, key)) else {
        return Ok(Turn::refuse(Refusal::NotFound));
    };
    let Some(secrets) = cx.tools.open_secrets(cx.ceremony, &register.sealed) else {
        return Ok(Turn::refuse(Refusal::Malformed));
    };
    if cx.settings.user_verification == UserVerification::Pin && secrets.pin_key.is_none() {
        return Ok(Turn::refuse(Refusal::UvRequired));
    }
    let (transcript, agreed) = match agree(cx, grant, greeted, key, register)? {
        Some(agreed) => agreed,
        None => return Ok(Turn::refuse(Refusal::Malformed)),
    };
    let device = Registered {
        id: Id::random(cx.tools.crypto()),
        thumbprint: Octets(key.thumbprint),
        facts: DeviceFacts {
            name: register.name.to_string(),
            platform: register.platform.to_string(),
            address: key.address.clone(),
            place: key.place.clone(),
        },
    };
    let said = context::Registered {
        device: device.id.octets(),
        account: user.id.octets(),
        transcript: Octets(transcript),
    };
    let effect = Effect::Register(Box::new(Registration {
        device: device.id,
        user: user.id,
        thumbprint: key.thumbprint,
        facts: facts(cx, &device, key, register, secrets.pin_key.is_some()),
        pin_key: secrets.pin_key.map(|key| key.0),
        otp_key: agreed.otp.clone(),
    }));
    let statement = cx.tools.state(key.thumbprint, cx.now, said)?;
    let code = agreed.code(cx.tools.crypto(), &transcript);
    Ok(Turn::ask(State::Registered { grant, device, code })
        .effect(effect)
        .reply(Reply::Statement(statement))
        .tries(cx.settings.limits.confirm_tries)
        .life(cx.settings.confirm_life))
}

fn facts(cx: &Cx<'_>, device: &Registered, key: &ProvedKey, register: &Register, has_pin: bool) -> Facts {
    Facts {
        name: device.facts.name.clone(),
        platform: device.facts.platform.clone(),
        signing_key: key.key,
        agreement_key: register.dh,
        enrolment: cx.ceremony.octets(),
        address: key.address.clone(),
        place: key.place.clone(),
        has_pin,
        activated_at: None,
        assurance: Assurance::Usual,
        stopped_at: None,
        pin_locked: false,
    }
}

/// The transcript that both sides hash, and the keys that both sides derive. `None` for a point that is
/// not on the curve.
fn agree(
    cx: &Cx<'_>,
    grant: Grant,
    greeted: &Greeted,
    key: &ProvedKey,
    register: &Register,
) -> Result<Option<(Digest, Agreed)>, Fault> {
    let crypto = cx.tools.crypto();
    let parts = Parts {
        payload: crypto.hash.sha256(&grant.right(cx, greeted.way)?.payload),
        hello: greeted.hello.0,
        offer: greeted.offer.0,
        register: crypto.hash.sha256(key.message.as_bytes()),
    };
    let transcript = enrol::transcript(crypto, &parts);
    let agreed = Agreed::derive(crypto, &greeted.ephemeral.0, &register.dh.point(), &transcript);
    Ok(agreed.ok().map(|agreed| (transcript, agreed)))
}

/// A second device that proves the secret ends the enrolment: the QR was seen by two, and nobody can tell
/// which of them the person holds. Already its hello counts, or the honest one that comes second would be
/// turned away without an alarm.
pub(super) fn second(
    cx: &Cx<'_>,
    grant: Grant,
    device: &Registered,
    key: &ProvedKey,
    answer: &FromDevice,
) -> Turn<State, NewCredential> {
    if !has_secret(cx, grant, key, answer) {
        return Turn::refuse(Refusal::NotFound);
    }
    if key.thumbprint == device.thumbprint.0 {
        return Turn::refuse(Refusal::OutOfStep);
    }
    Turn::burn(Reason::SecondRegistration)
        .effect(Effect::Notify(Notice::EnrolmentAttacked { address: key.address.clone() }))
}

/// Whether a device has the secret, by whichever way.
pub(super) fn has_secret(cx: &Cx<'_>, grant: Grant, key: &ProvedKey, answer: &FromDevice) -> bool {
    match answer {
        FromDevice::Hello(hello) => proves_hello(cx, grant, key, hello).is_some(),
        FromDevice::Register(_) => {
            EnrolWay::ONLINE.into_iter().any(|way| proves_register(cx, grant, way, key))
        }
        FromDevice::Decide { .. } => false,
    }
}

/// By which of the ways that the policy has a device got its right; none if it has none.
fn proves_hello(cx: &Cx<'_>, grant: Grant, key: &ProvedKey, hello: &Hello) -> Option<EnrolWay> {
    grant.ways(cx).find(|way| {
        grant.right(cx, *way).is_ok_and(|right| {
            let mac = enrol::hello_mac(cx.tools.crypto(), &right, &key.thumbprint, &hello.nonce.0);
            mac.ct_eq(&hello.mac.0).into()
        })
    })
}

fn proves_register(cx: &Cx<'_>, grant: Grant, way: EnrolWay, key: &ProvedKey) -> bool {
    let (Ok(right), Some(proof)) = (grant.right(cx, way), key.mac) else { return false };
    enrol::register_mac(cx.tools.crypto(), &right.secret, &key.message).ct_eq(&proof).into()
}
