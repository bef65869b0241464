//! What is a passkey asked that approves another authenticator?
//!
//! Any key of the account, and no other. The challenge depends on what is approved, so what was signed for a sign-in or for
//! another enrolment approves nothing here, and what is signed here signs nobody in, whichever question it is held against.

use idp_core::{
    Fault,
    method::{Addition, Cx},
};
use idp_protocol::encoding::to_base64url;
use serde_json::{Value, json};
use webauthn_rs::prelude::DiscoverableAuthentication;

use crate::stored::Stored;

/// Says for what the challenge is.
const PURPOSE: &[u8] = b"symbolon/passkey-approves/1\0";

/// Makes of the question of a sign-in that of an approval.
pub(crate) fn ask(
    cx: &Cx<'_>,
    addition: &Addition,
    asked: &DiscoverableAuthentication,
    options: &mut Value,
) -> Result<(), Fault> {
    let (challenge, _) = bound(cx, addition, asked)?;
    let key = |secret: &[u8]| {
        let id = to_base64url(&Stored::read(secret)?.credential.cred_id);
        Ok(json!({ "type": "public-key", "id": id }))
    };
    let own = cx.own.iter().map(|own| key(&own.secret)).collect::<Result<Vec<_>, Fault>>()?;
    let question = options.get_mut("publicKey").and_then(Value::as_object_mut);
    let question = question.ok_or(Fault::Setup("the question for a passkey has another form"))?;
    question.insert("challenge".to_owned(), challenge.into());
    question.insert("allowCredentials".to_owned(), own.into());
    Ok(())
}

/// The challenge of an approval, and what its answer is held against: the challenge that was drawn, digested with what is
/// approved. It is made anew from the enrolment of now each time, and stored nowhere.
pub(crate) fn bound(
    cx: &Cx<'_>,
    addition: &Addition,
    asked: &DiscoverableAuthentication,
) -> Result<(String, DiscoverableAuthentication), Fault> {
    let mut asked = serde_json::to_value(asked)?;
    let challenge = asked.pointer_mut("/ast/challenge").filter(|challenge| challenge.is_string());
    let challenge = challenge.ok_or(Fault::Setup("the question for a passkey has another form"))?;
    let drawn = challenge.as_str().unwrap_or_default().to_owned();
    let digest = cx.tools.crypto().hash.sha256(&[PURPOSE, &addition.digest, drawn.as_bytes()].concat());
    let bound = to_base64url(&digest);
    *challenge = bound.clone().into();
    Ok((bound, serde_json::from_value(asked)?))
}
