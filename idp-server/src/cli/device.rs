//! How does an administrator look after devices, and a help desk after somebody who cannot reach the portal?

use anyhow::bail;
use clap::{Args, Subcommand};
use idp_core::{
    Id,
    device::DeviceRow,
    engine::{Act, CeremonyView},
    evidence::Assurance,
    signin::Origin,
    users::User,
};
use idp_protocol::{Prompt, Text};

use super::terminal::{date, say, table};
use crate::{App, accounts, pages::Moment};

/// `device …`
#[derive(Debug, Subcommand)]
pub enum DeviceCommand {
    /// List somebody's devices and phones without network, and whether an invitation waits.
    List {
        /// Whose.
        login: String,
    },
    /// Begin to add a device by telephone, or show again what to read out.
    Offer {
        /// For whom.
        login: String,
        #[command(flatten)]
        act: ActArguments,
    },
    /// Type the code that a device shows, for somebody who cannot reach the portal. The device stays of low assurance.
    Complete {
        /// Whose.
        login: String,
        /// The ten digits.
        code: String,
        #[command(flatten)]
        act: ActArguments,
    },
    /// Be sure of a device that was added by the help desk.
    Confirm {
        /// Whose.
        login: String,
        /// Its id, from `device list`.
        #[arg(allow_hyphen_values = true)]
        device: Id<DeviceRow>,
        #[command(flatten)]
        act: ActArguments,
    },
}

/// Who acts, and how he made sure. It is written into the audit record, and the person is told.
#[derive(Args, Debug)]
pub struct ActArguments {
    /// How you made sure who asks, such as "called back on the number in the staff list".
    #[arg(long)]
    proof: Text<200>,
    /// Who you are.
    #[arg(long)]
    by: Text<64>,
}

impl ActArguments {
    fn act(&self) -> Act<'_> {
        Act { by: &self.by, proof: &self.proof }
    }
}

pub(super) async fn run(app: &App, command: DeviceCommand) -> anyhow::Result<()> {
    let engine = app.engine();
    match command {
        DeviceCommand::List { login } => list(app, &accounts::find(engine, &login).await?).await,
        DeviceCommand::Offer { login, act } => {
            let user = accounts::find(engine, &login).await?;
            if let Some(until) = engine.stopped_lately(&user).await? {
                let until = Moment(until);
                say(&format!(
                    "CAREFUL: a device of this account was stopped, or a passkey removed, less than a day ago. Whoever did that \
                     may be the one who asks now. Until {until} the device counts in full only if an administrator confirms it."
                ));
            }
            show(&engine.offer_by_help_desk(&user, here(), act.act()).await?)
        }
        DeviceCommand::Complete { login, code, act } => {
            let user = accounts::find(engine, &login).await?;
            show(&engine.complete_by_help_desk(&user, &code, act.act()).await?)
        }
        DeviceCommand::Confirm { login, device, act } => {
            let user = accounts::find(engine, &login).await?;
            engine.confirm_device(&user, device, act.act()).await?;
            say("The device counts in full from now on.");
            Ok(())
        }
    }
}

/// What to say on the telephone next.
fn show(view: &CeremonyView) -> anyhow::Result<()> {
    match &view.prompt {
        Some(Prompt::OfferEnrolment { typed: Some(typed), .. }) => {
            say("Let the person start \"idp-authenticator enrol --manual\", and read out:");
            say(&format!("  Address          {}", typed.address));
            say(&format!("  Serial           {}", typed.serial));
            say(&format!("  Activation code  {}", typed.code));
            say(&format!("  Key of the server, to compare: {}", typed.fingerprint));
            say("Then type the ten digits that the device shows: idp-server device complete");
        }
        Some(Prompt::OfferEnrolment { typed: None, .. }) => {
            bail!("nothing can be read out: \"manual\" is not in engine.enrol_transports")
        }
        Some(Prompt::ShowNumber { number, device: None }) => {
            say(&format!("The person types this number into a device of the account: {number}"));
            say("Then repeat this command.");
        }
        Some(Prompt::ShowNumber { number, device: Some(device) }) => {
            say(&format!("The device is {} ({}), at {}.", device.name, device.platform, device.address));
            say(&format!("The person types this number into it: {number}"));
            say("It is of low assurance until you confirm it: idp-server device confirm");
        }
        Some(Prompt::AskDeviceCode { .. }) => {
            say("A device has registered. Type the ten digits that it shows: idp-server device complete");
        }
        _ => bail!("this is over; begin again with \"idp-server device offer\""),
    }
    Ok(())
}

async fn list(app: &App, user: &User) -> anyhow::Result<()> {
    let engine = app.engine();
    let invited =
        engine.is_invited(user.id).await?.then(|| ["(none yet)", "invited", "", "", ""].map(str::to_owned));
    let rows = engine.devices(user.id).await?.into_iter().map(|device| {
        let assurance = device.facts.assurance.name();
        let state = device.state.name().to_owned();
        [device.facts.name, state, assurance.to_owned(), date(device.created_at), device.id.to_string()]
    });
    // What a phone without network is, until a device takes its place.
    let tokens = engine.tokens(user.id).await?.into_iter();
    let codes = tokens.filter(|token| token.assurance == Assurance::Low).map(|token| {
        let name = token.name.unwrap_or_else(|| "(phone without network)".to_owned());
        let state = "codes only".to_owned();
        [name, state, token.assurance.name().to_owned(), date(token.created_at), token.id.to_string()]
    });
    table(["NAME", "STATE", "ASSURANCE", "SINCE", "ID"], rows.chain(codes).chain(invited).collect());
    Ok(())
}

/// An administrator sits at no browser.
fn here() -> Origin {
    Origin::terminal("help desk", "idp-server")
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::super::arguments::Arguments;

    #[test]
    fn the_help_desk_completes_nothing_without_a_word_about_the_proof() {
        let complete = ["idp-server", "device", "complete", "alice", "0123456789", "--by", "Carol"];
        assert!(Arguments::try_parse_from(complete).is_err());
        assert!(Arguments::try_parse_from(complete.into_iter().chain(["--proof", " "])).is_err());
        assert!(Arguments::try_parse_from(complete.into_iter().chain(["--proof", "called back"])).is_ok());
    }
}
