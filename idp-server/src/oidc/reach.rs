//! Can a sign-in here be as sure as it has to be?

use idp_core::policy::{Acr, Requirement};

/// The requirement with the first wish that sign-ins of this reach can fulfil; none if they cannot be as sure as it asks
/// for: a page for it would have no way on.
pub fn reachable(needed: &Requirement, wishes: &[Acr], reach: Option<Acr>) -> Option<Requirement> {
    if reach.is_none() || needed.acr > reach {
        return None;
    }
    let wish = wishes.iter().copied().find(|acr| Some(*acr) <= reach);
    Some(Requirement { acr: needed.acr.max(wish), ..needed.clone() })
}
