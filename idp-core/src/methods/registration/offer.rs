//! How may a device take up the offer of an enrolment: by camera, by a link, or by what its person types?

use idp_protocol::{Octets, Prompt, enrol::Right, prompt::TypedFields, typed::TypedOffer};
use serde::{Deserialize, Serialize};

use crate::{Fault, method::Cx, settings::EnrolWay};

/// The right to register one device. All ways derive from one secret, so a second device is recognised by whichever it
/// comes.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Grant {
    /// The secret in the QR.
    pub(super) secret: Octets<16>,
}

impl Grant {
    pub(super) fn draw(cx: &Cx<'_>) -> Self {
        Self { secret: Octets(cx.tools.crypto().random()) }
    }

    /// What the portal shows: the ways that the policy has, and no other.
    pub(super) fn prompt(self, cx: &Cx<'_>) -> Prompt {
        let link = |way: EnrolWay| {
            let payload = cx.tools.enrol_payload(cx.ceremony, self.secret.0, way.flags());
            self.ways(cx).any(|allowed| allowed == way).then(|| cx.tools.enrol_link(payload))
        };
        let manual = self.ways(cx).any(|way| way == EnrolWay::Manual);
        let typed = manual.then(|| cx.tools.enrol_typed(cx.ceremony, self.secret.0).ok()).flatten();
        Prompt::OfferEnrolment {
            payload: link(EnrolWay::Qr),
            link: link(EnrolWay::Link),
            typed: typed.map(|offer| fields(cx, &offer)),
        }
    }

    /// The ways in which a device may come.
    pub(super) fn ways(self, cx: &Cx<'_>) -> impl Iterator<Item = EnrolWay> {
        EnrolWay::ONLINE.into_iter().filter(|way| cx.settings.enrol_transports.contains(way))
    }

    /// What a device has that came so.
    pub(super) fn right(self, cx: &Cx<'_>, way: EnrolWay) -> Result<Right, Fault> {
        Ok(match way {
            EnrolWay::Manual => {
                Right::typed(cx.tools.crypto(), &cx.tools.enrol_typed(cx.ceremony, self.secret.0)?)
            }
            way => Right::scanned(&cx.tools.enrol_payload(cx.ceremony, self.secret.0, way.flags())),
        })
    }
}

fn fields(cx: &Cx<'_>, offer: &TypedOffer) -> TypedFields {
    let crypto = cx.tools.crypto();
    TypedFields {
        address: offer.address().to_owned(),
        serial: offer.serial.to_string(),
        code: offer.shown_code(crypto),
        text: offer.to_text(crypto),
        fingerprint: cx.tools.fingerprint(),
    }
}
