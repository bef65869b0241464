//! How is a response signed, and for whom is it encrypted?

use idp_core::Fault;
use symbolon_saml::{Protection, Response};

use super::{envelope::Envelope, provider::Provider, request::Failure};
use crate::App;

/// The text of a response, signed and encrypted as was decided for the service provider; a reason if it cannot be.
///
/// # Errors
/// [`Fault`] if there is no key to sign with, or it cannot be written.
pub(super) async fn write(
    app: &App,
    provider: &Provider,
    response: &Response,
) -> Result<Result<String, Failure>, Fault> {
    let engine = app.engine();
    let terms = &provider.terms;
    let keys = app.saml().keys(engine).await?;
    let signer = keys.signer(terms.algorithm, terms.signing_key, engine.now())?;
    let envelope = Envelope::of(provider).ok();
    // To go without what was decided would show to everybody on the way what only one should read.
    if envelope.is_none() && terms.encryption.is_required() && response.assertion.is_some() {
        return Ok(Err(Failure::Encryption));
    }
    let protection = Protection {
        signer: &signer,
        signed: terms.signed.what(),
        encryption: envelope.as_ref().map(Envelope::encryption),
        random: &*engine.crypto().random,
    };
    let text = response.write(&protection);
    text.map(Ok).map_err(|error| Fault::Store(Box::new(error)))
}
