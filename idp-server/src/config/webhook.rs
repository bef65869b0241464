//! Which program hears what people are told?

use std::{io, path::PathBuf};

use idp_protocol::Crypto;
use serde::{Deserialize, Serialize};

use super::{
    Broken, SecretFileError,
    secret::{Kept, Secret},
};

/// `[webhook]`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Webhook {
    /// Its address. Default none: nobody is told.
    pub url: String,
    /// The secret that the messages are signed with. Default none.
    pub secret: Secret,
    /// A file with the secret in its place. Default none.
    pub secret_file: PathBuf,
}

/// Why nothing can be sent by mail or to the webhook with these settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CarrierError {
    /// A file with a secret cannot be used.
    #[error(transparent)]
    Secret(#[from] SecretFileError),
    /// The file of certificates cannot be read.
    #[error("the certificates of mail.extra_roots, {}, cannot be read: {source}", path.display())]
    Roots {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The mailer cannot be set up.
    #[error("[mail] will not do: {0}")]
    Mail(#[from] symbolon_smtp::SetupError),
    /// The secret is none.
    #[error("webhook.secret will not do: {0}")]
    WebhookSecret(#[from] symbolon_webhook::SecretError),
    /// The address is not one to ask.
    #[error(
        "webhook.url is not asked: {0}. An address in a network of your own has to be in outbound.allowed_networks"
    )]
    WebhookUrl(#[from] symbolon_outbound::TargetError),
}

impl Webhook {
    fn secret(&self) -> Kept<'_> {
        Kept { inline: &self.secret, file: &self.secret_file, key: "webhook.secret_file" }
    }

    pub(super) fn broken_rule(&self) -> Option<Broken> {
        if self.url.is_empty() == self.secret().is_given() {
            return Broken::new("webhook.url", "address and secret belong together", "both or none");
        }
        self.secret().broken_rule()
    }

    /// Gets ready to send, if there is an address.
    ///
    /// # Errors
    /// [`CarrierError`] if address or secret cannot be used.
    pub(crate) fn start(
        &self,
        outbound: &symbolon_outbound::Outbound,
        crypto: &Crypto,
    ) -> Result<Option<symbolon_webhook::Webhook>, CarrierError> {
        let Some(secret) = self.secret().read()? else { return Ok(None) };
        let (outbound, crypto) = (outbound.clone(), crypto.clone());
        let webhook = symbolon_webhook::Webhook::new(outbound, crypto, self.url.clone(), secret.parse()?);
        webhook.check()?;
        Ok(Some(webhook))
    }
}
