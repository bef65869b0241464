//! What does the configuration look like, and is this one right?

use clap::Subcommand;

use super::terminal::say;
use crate::{Certificates, Config, World, config, outbox::Carriers};

/// `config …`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print a file with every key, its default and its meaning.
    Reference,
}

/// `config reference`
pub(super) fn print_reference() {
    say(config::REFERENCE.trim_end());
}

/// `check-config`: reading it was the check, and that of the files of certificates, mail, the webhook and passkeys' makers.
pub(super) fn print_checked(config: &Config) -> anyhow::Result<()> {
    Certificates::load(&config.server)?;
    Carriers::start(config, &config.outbound.start()?, &World::default().crypto)?;
    config.passkeys.relying_party(&config.server.issuer, &config.engine.organisation)?;
    let url = config.store.url();
    // Only the kind: the rest may have a password in it.
    let kind = url.split(':').next().unwrap_or_default();
    say(&format!(
        "the configuration is right: {} on {}, store {kind}",
        config.server.issuer, config.server.listen
    ));
    Ok(())
}
