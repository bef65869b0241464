//! Does mail arrive?

use anyhow::{Context as _, bail};
use clap::Subcommand;
use idp_core::Id;

use super::terminal::say;
use crate::{
    Config, World,
    outbox::{
        self,
        words::{House, Words},
    },
    text::Language,
};

/// `mail …`
#[derive(Debug, Subcommand)]
pub enum MailCommand {
    /// Send one real mail, and say what the mail server answers.
    Test {
        /// To whom.
        address: String,
    },
}

pub(super) async fn run(config: &Config, command: MailCommand) -> anyhow::Result<()> {
    match command {
        MailCommand::Test { address } => test(config, &address).await,
    }
}

/// One real mail, at once and past the outbox, so that whoever asks learns what the server says to it.
async fn test(config: &Config, address: &str) -> anyhow::Result<()> {
    let Some(mailer) = config.mail.start(&config.server.issuer)? else {
        bail!("no mail is sent: mail.host is not set");
    };
    let world = World::default();
    let id = Id::<()>::random(&world.crypto).to_string();
    let words = Words::test(Language::default(), &House::of(config));
    let mail = outbox::mail(&id, world.clock.now(), address, &words)?;
    let server = format!("{}:{}", config.mail.host, config.mail.port);
    mailer.send(&mail).await.with_context(|| format!("{server} did not take the mail"))?;
    say(&format!("{server} has taken a mail to {address} (Message-ID {id}). Look whether it arrives."));
    Ok(())
}
