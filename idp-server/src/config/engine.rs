//! Which settings of the engine will not do? The engine's own list, so that what passes here starts.

use idp_core::settings::Settings;

use super::Broken;
use crate::app;

pub(super) fn broken_rule(settings: &Settings) -> Option<Broken> {
    let methods = app::methods();
    let kinds: Vec<&str> = methods.iter().map(|method| method.kind()).collect();
    let bad = settings.check(&kinds).err()?;
    Broken::new(format!("engine.{}", bad.key), bad.why, bad.right)
}
