//! Which settings of the engine will not do? The engine's own list, so that what passes here starts.

use idp_core::settings::Settings;

use super::{Broken, Passkeys};
use crate::app;

pub(super) fn broken_rule(settings: &Settings, passkeys: &Passkeys) -> Option<Broken> {
    let methods = app::methods(None);
    let kinds = methods.iter().map(|method| method.kind());
    // Whether browsers show passkeys to the issuer is seen at the start; a rule may name them where they are wanted.
    let kinds: Vec<&str> = kinds.chain(passkeys.enabled.then_some(symbolon_webauthn::KIND)).collect();
    let bad = settings.check(&kinds).err()?;
    Broken::new(format!("engine.{}", bad.key), bad.why, bad.right)
}
