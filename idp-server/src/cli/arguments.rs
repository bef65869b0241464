//! Which commands and flags are there?

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::{
    client::ClientCommand,
    config::ConfigCommand,
    device::DeviceCommand,
    keys::KeysCommand,
    mail::MailCommand,
    policy::{AuditCommand, PolicyCommand},
    token::TokenCommand,
    user::UserCommand,
};
#[cfg(feature = "saml")]
use super::{saml::SamlCommand, sp::SpCommand};

/// The Symbolon identity provider.
#[derive(Debug, Parser)]
#[command(name = "idp-server", version, about, propagate_version = true)]
pub struct Arguments {
    /// The configuration file [default: symbolon.toml, if it exists].
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Settings that are often different from start to start; each one is also a key of the file.
#[derive(Args, Debug)]
struct Settings {
    /// Who the server is: an origin such as https://id.example.org (server.issuer).
    #[arg(long, global = true, value_name = "ORIGIN")]
    issuer: Option<String>,
    /// The address and port to listen on (server.listen).
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// The database (store.url). An address with a password in it belongs into SYMBOLON_STORE_URL instead.
    #[arg(long, global = true, value_name = "URL")]
    store_url: Option<String>,
    /// The directory of the key-encryption key (store.state_dir).
    #[arg(long, global = true, value_name = "DIRECTORY")]
    state_dir: Option<String>,
}

impl Arguments {
    /// The settings that were given as flags, by their keys.
    pub fn flags(&self) -> Vec<(&'static str, String)> {
        let flags = [
            ("server.issuer", &self.settings.issuer),
            ("server.listen", &self.settings.listen),
            ("store.url", &self.settings.store_url),
            ("store.state_dir", &self.settings.state_dir),
        ];
        flags.into_iter().filter_map(|(key, value)| Some((key, value.clone()?))).collect()
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Answer requests until SIGINT or SIGTERM.
    Serve {
        /// Try it out on this computer: makes a person and an application, and tells the password.
        #[arg(long)]
        demo: bool,
    },
    /// Say whether the configuration is right.
    CheckConfig,
    /// Show the configuration's keys.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Accounts of people.
    #[command(subcommand)]
    User(UserCommand),
    /// Devices of people, and what a help desk does for them.
    #[command(subcommand)]
    Device(DeviceCommand),
    /// Hardware tokens.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Applications that may ask for sign-ins.
    #[command(subcommand)]
    Client(ClientCommand),
    /// Service providers of SAML that may ask for sign-ins.
    #[cfg(feature = "saml")]
    #[command(subcommand)]
    Sp(SpCommand),
    /// What we are to service providers of SAML.
    #[cfg(feature = "saml")]
    #[command(subcommand)]
    Saml(SamlCommand),
    /// Mail to people.
    #[command(subcommand)]
    Mail(MailCommand),
    /// The server's own keys.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// The rules about who may sign in to what.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// What happened.
    #[command(subcommand)]
    Audit(AuditCommand),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One in 64 ids of ours begins with a hyphen: an event, a device, an application that registered itself.
    #[test]
    fn an_id_may_begin_with_a_hyphen() {
        let id = "-7SaWUNnmGY2qRqUwO1CNg";
        let proof = ["--by", "bob", "--proof", "called back"];
        let commands: [&[&str]; 4] = [
            &["policy", "explain", "--event", id],
            &["client", "remove", id],
            &["client", "set", id, "--profile", "none"],
            &["device", "confirm", "alice@example.org", id, proof[0], proof[1], proof[2], proof[3]],
        ];
        for command in commands {
            let arguments = ["idp-server"].iter().chain(command);
            assert!(Arguments::try_parse_from(arguments).is_ok(), "{command:?}");
        }
    }
}
