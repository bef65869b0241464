//! `idp-authenticator`: how does a person use a Symbolon authenticator in a terminal?

use std::process::ExitCode;

use clap::Parser as _;

mod args;
mod command;
mod failure;
mod home;
mod picture;
mod show;
mod terminal;
mod voice;

use crate::{args::Cli, command::Outcome, voice::Voice};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let voice = Voice::of_process(cli.json);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            voice.say(&format!("The system does not let this program start: {error}"));
            return ExitCode::from(5);
        }
    };
    match runtime.block_on(command::run(cli, &voice)) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Declined) => ExitCode::from(1),
        Err(failure) => {
            voice.fail(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}
