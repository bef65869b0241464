//! What can an administrator do from a terminal?

mod arguments;
mod attributes;
mod client;
mod config;
mod device;
mod keys;
mod mail;
mod policy;
#[cfg(feature = "saml")]
mod saml;
mod serve;
#[cfg(feature = "saml")]
mod sp;
mod terminal;
mod token;
mod user;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;

use crate::{
    App, Config, World,
    config::{ConfigError, Given, Purpose},
};
use arguments::{Arguments, Command};
use config::ConfigCommand;

/// It was not done.
const FAILED: u8 = 1;
/// The arguments or the configuration are wrong, so nothing was tried; clap uses the same for arguments.
const MISUSED: u8 = 2;

/// Runs the program `idp-server`.
#[must_use]
pub fn run() -> ExitCode {
    match Arguments::try_parse() {
        Ok(arguments) => match obey(arguments) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                terminal::complain(&format!("{error:#}"));
                let misused = error.downcast_ref::<ConfigError>().is_some();
                ExitCode::from(if misused { MISUSED } else { FAILED })
            }
        },
        Err(error) => {
            // Help is printed the same way, and is no error.
            let _ = error.print();
            if error.use_stderr() { ExitCode::from(MISUSED) } else { ExitCode::SUCCESS }
        }
    }
}

fn obey(arguments: Arguments) -> anyhow::Result<()> {
    if let Command::Config(ConfigCommand::Reference) = arguments.command {
        config::print_reference();
        return Ok(());
    }
    let purpose = match arguments.command {
        Command::Serve { demo: true } => Purpose::Demo,
        _ => Purpose::Service,
    };
    let config = Config::load(&Given::here(arguments.config.clone(), arguments.flags(), purpose))?;
    if let Command::CheckConfig = arguments.command {
        return config::print_checked(&config);
    }
    let runtime = tokio::runtime::Runtime::new().context("the runtime does not start")?;
    runtime.block_on(async {
        if let Command::Serve { demo } = arguments.command {
            return serve::run(config, if demo { Purpose::Demo } else { Purpose::Service }).await;
        }
        if let Command::Mail(command) = arguments.command {
            return mail::run(&config, command).await;
        }
        let app = App::start(config, World::default()).await?;
        let done = match arguments.command {
            Command::User(command) => user::run(&app, command).await,
            Command::Token(command) => token::run(&app, command).await,
            Command::Device(command) => device::run(&app, command).await,
            Command::Client(command) => client::run(&app, command).await,
            Command::Keys(command) => keys::run(&app, &command).await,
            #[cfg(feature = "saml")]
            Command::Sp(command) => sp::run(&app, command).await,
            #[cfg(feature = "saml")]
            Command::Saml(command) => saml::run(&app, command).await,
            Command::Policy(command) => policy::run(&app, command).await,
            Command::Audit(command) => policy::audit(&app, command).await,
            Command::Serve { .. } | Command::CheckConfig | Command::Config(_) | Command::Mail(_) => Ok(()),
        };
        app.db().close().await;
        done
    })
}
