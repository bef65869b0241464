//! How does an administrator change accounts?

use clap::{Args, Subcommand};
use idp_core::{
    Error, Refusal,
    device::{DeviceRow, DeviceState},
    engine::{Delivery, DigitsBy, LinkBy, RESET_LIFE},
    methods::activation::Old,
    outbox::{Channel, Picture},
    users::{Profile, User, UserState},
};

use super::{
    attributes::ProfileArguments,
    terminal::{date, new_password, say, table},
};
use crate::{
    App,
    accounts::{self, NewAccount},
    activation,
};

/// How many accounts are read at once.
const PAGE: u32 = 500;

/// `user …`. Passwords are asked for at the terminal, or read from standard input as one line.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Make an account.
    Add {
        /// The name for signing in.
        login: String,
        #[command(flatten)]
        profile: ProfileArguments,
    },
    /// Change what applications may learn about a person.
    Set {
        /// About whom.
        login: String,
        #[command(flatten)]
        profile: ProfileArguments,
    },
    /// Set another password.
    Passwd {
        /// Whose.
        login: String,
    },
    /// Lift the lock after too many wrong tries.
    Unlock {
        /// Whose.
        login: String,
    },
    /// Issue a code that lets a device have a new PIN, for somebody who forgot it: eight digits, once, for ten minutes.
    ResetPin {
        /// Whose.
        login: String,
        /// Which device, by the name that its owner gave it; needed if there are several.
        #[arg(long)]
        device: Option<String>,
    },
    /// Take all devices, passkeys, tokens and recovery codes off an account whose owner has lost them, and end its sessions.
    Reset {
        /// Whose.
        login: String,
    },
    /// Invite somebody to add a first device, or another one after a loss. An earlier invitation ends.
    Invite {
        /// Whom.
        login: String,
        /// All devices are lost: they are taken off as soon as the new one is active, and none of them is asked.
        #[arg(long)]
        reset: bool,
        #[command(flatten)]
        sending: Sending,
    },
    /// Switch an account off and end its sessions.
    Disable {
        /// Whose.
        login: String,
    },
    /// Switch an account on again.
    Enable {
        /// Whose.
        login: String,
    },
    /// List the accounts.
    List,
}

/// How an invitation gets to its person. Nothing is mailed unless that is asked for: the address may be one that nobody has
/// checked, or the very one that somebody lost.
#[derive(Args, Clone, Copy, Debug)]
pub struct Sending {
    /// Mail the link to the address of the account.
    #[arg(long)]
    mail: bool,
    /// Put the QR code of the link into the mail, for whoever reads it at a computer.
    #[arg(long, requires = "mail")]
    picture: bool,
    /// Give the digits to the program at webhook.url, which passes them on by SMS for example, and do not show them here.
    #[arg(long)]
    digits_to_webhook: bool,
}

impl Sending {
    /// What is wrong is said before an invitation is made, which would end the one before.
    fn delivery(self, app: &App, user: &User) -> anyhow::Result<Delivery> {
        let channels = app.carriers().channels();
        let login = &user.login;
        if self.mail && !channels.contains(&Channel::Mail) {
            anyhow::bail!("no mail is sent: mail.host is not set");
        }
        if self.mail && user.profile.email.is_none() {
            anyhow::bail!(
                "{login} has no address for mail; give one with \"idp-server user set {login} --email\""
            );
        }
        if self.digits_to_webhook && !channels.contains(&Channel::Webhook) {
            anyhow::bail!("no program gets the digits: webhook.url is not set");
        }
        let picture = if self.picture { Picture::With } else { Picture::Without };
        Ok(Delivery {
            link: if self.mail { LinkBy::Mail(picture) } else { LinkBy::Hand },
            digits: if self.digits_to_webhook { DigitsBy::Webhook } else { DigitsBy::Hand },
        })
    }
}

pub(super) async fn run(app: &App, command: UserCommand) -> anyhow::Result<()> {
    match command {
        UserCommand::Add { login, profile: given } => {
            let mut profile = Profile::default();
            given.apply(&mut profile);
            add(app, NewAccount { login, profile }).await
        }
        UserCommand::Set { login, profile: given } => {
            let mut user = accounts::find(app.engine(), &login).await?;
            given.apply(&mut user.profile);
            accounts::set_profile(app.engine(), user).await?;
            say(&format!("Applications learn the new values about {login} from now on."));
            Ok(())
        }
        UserCommand::Passwd { login } => passwd(app, &login).await,
        UserCommand::Unlock { login } => {
            let user = accounts::find(app.engine(), &login).await?;
            app.engine().unlock(user.id).await?;
            say(&format!("{} may try again.", user.login));
            Ok(())
        }
        UserCommand::ResetPin { login, device } => reset_pin(app, &login, device.as_deref()).await,
        UserCommand::Reset { login } => {
            let user = accounts::find(app.engine(), &login).await?;
            app.engine().reset_account(user.id).await?;
            say(&format!(
                "{} signs in with the password alone now, and is signed out everywhere.",
                user.login
            ));
            Ok(())
        }
        UserCommand::Invite { login, reset, sending } => {
            invite(app, &login, if reset { Old::Replaced } else { Old::Stay }, sending).await
        }
        UserCommand::Disable { login } => switch(app, &login, UserState::Disabled).await,
        UserCommand::Enable { login } => switch(app, &login, UserState::Active).await,
        UserCommand::List => list(app).await,
    }
}

async fn add(app: &App, new: NewAccount) -> anyhow::Result<()> {
    let password = new_password()?;
    let user = accounts::add(app.engine(), new, &password).await?;
    say(&format!("{} has an account now (id {}).", user.login, user.id));
    Ok(())
}

async fn passwd(app: &App, login: &str) -> anyhow::Result<()> {
    let user = accounts::find(app.engine(), login).await?;
    let password = new_password()?;
    accounts::check_password(&password, &user.login)?;
    app.engine().set_password(user.id, &password).await?;
    say(&format!("{} has a new password.", user.login));
    Ok(())
}

/// The link may go by mail. The digits must not go with it: who reads the mail would have both.
async fn invite(app: &App, login: &str, old: Old, sending: Sending) -> anyhow::Result<()> {
    let user = accounts::find(app.engine(), login).await?;
    let by = sending.delivery(app, &user)?;
    let invited = match app.engine().invite_by(user.id, old, by).await {
        Err(Error::Refused(Refusal::TooMany(_))) => anyhow::bail!(
            "{} was invited five times within the hour, and nothing was sent; the last invitation still holds. \
             Invite again in an hour",
            user.login
        ),
        invited => invited?,
    };
    say(&format!("{} is invited until {}.", user.login, date(invited.until)));
    let link = activation::link(app.issuer(), invited.name);
    match by.link {
        LinkBy::Hand => say(&format!("Send this address: {link}")),
        LinkBy::Mail(_) => {
            let to = user.profile.email.unwrap_or_default();
            say(&format!("A mail with the address is on its way to {to}: {link}"));
            say(
                "A running server sends it within half a minute; \"idp-server audit list\" shows message.sent.",
            );
        }
    }
    match by.digits {
        DigitsBy::Hand => {
            say(&format!("Give these digits by another way, not in the same mail: {}", *invited.digits));
        }
        DigitsBy::Webhook => say("The digits go to the program at webhook.url, and are not shown here."),
    }
    say(&format!("Who cannot open the address types it shorter: {}/go", app.issuer()));
    Ok(())
}

async fn switch(app: &App, login: &str, state: UserState) -> anyhow::Result<()> {
    let user = accounts::find(app.engine(), login).await?;
    let login = user.login.clone();
    accounts::switch(app.engine(), user, state).await?;
    say(&match state {
        UserState::Active => format!("{login} may sign in."),
        _ => format!("{login} may not sign in any more, and is signed out everywhere."),
    });
    Ok(())
}

async fn reset_pin(app: &App, login: &str, name: Option<&str>) -> anyhow::Result<()> {
    let user = accounts::find(app.engine(), login).await?;
    let works = |device: &DeviceRow| matches!(device.state, DeviceState::Active | DeviceState::Suspended);
    let mut devices = app.engine().devices(user.id).await?;
    devices.retain(|device| device.facts.has_pin && works(device));
    devices.retain(|device| name.is_none_or(|name| device.facts.name == name));
    let device = match devices.as_slice() {
        [device] => device,
        [] => anyhow::bail!(
            "{} has no such device with a PIN; `--device` takes the name that its owner gave it",
            user.login
        ),
        several => {
            let names: Vec<&str> = several.iter().map(|device| device.facts.name.as_str()).collect();
            anyhow::bail!("{} has several: say with `--device` which one of {}", user.login, names.join(", "))
        }
    };
    let code = app.engine().issue_pin_reset(user.id, device.id).await?;
    say(&format!(
        "{code} lets {} have a new PIN, once, within {} minutes: `idp-authenticator pin reset`. Tell it to nobody \
         but {}.",
        device.facts.name,
        RESET_LIFE / 60,
        user.login
    ));
    Ok(())
}

async fn list(app: &App) -> anyhow::Result<()> {
    let mut users: Vec<User> = Vec::new();
    loop {
        let after = users.last().map(|user| user.login.clone());
        let page = app.db().users(after.as_deref(), PAGE).await?;
        if page.is_empty() {
            break;
        }
        users.extend(page);
    }
    let rows = users.into_iter().map(|user| {
        let name = user.profile.name.unwrap_or_default();
        [user.login, user.state.name().to_owned(), date(user.created_at), name, user.id.to_string()]
    });
    table(["LOGIN", "STATE", "SINCE", "NAME", "ID"], rows.collect());
    Ok(())
}
