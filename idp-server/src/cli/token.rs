//! How does an administrator manage hardware tokens?

mod arguments;
mod file;

use anyhow::{Context as _, bail};
use idp_core::{
    Error, Refusal,
    engine::Changed,
    hardware::{HardwareRow, HardwareState, Leaves},
};
use symbolon_pskc::{Signature, read};

pub use arguments::TokenCommand;
use arguments::{ImportArguments, TokenArguments};

use super::terminal::{date, say, table, two_codes};
use crate::{App, accounts, hardware};

pub(super) async fn run(app: &App, command: TokenCommand) -> anyhow::Result<()> {
    match command {
        TokenCommand::Import(arguments) => import(app, &arguments).await,
        TokenCommand::List => list(app).await,
        TokenCommand::Assign { token, login } => assign(app, &token, &login).await,
        TokenCommand::TakeBack { token } => release(app, &token, Leaves::ToStock).await,
        TokenCommand::Disable { token } => release(app, &token, Leaves::OutOfUse).await,
        TokenCommand::Resync { token } => resync(app, &token).await,
        TokenCommand::Export { file, key } => file::export(app, &file, &key).await,
    }
}

async fn import(app: &App, arguments: &ImportArguments) -> anyhow::Result<()> {
    let name = arguments.file.display();
    let bytes = symbolon_pskc::load(&arguments.file).with_context(|| format!("{name}"))?;
    let key = arguments.key.read()?;
    let container = read(&bytes, key.unlock(), arguments.integrity()).with_context(|| format!("{name}"))?;
    let fit = hardware::fit(app.engine(), &container).await.with_context(|| format!("{name}"))?;
    let count = |kind| fit.iter().filter(|fit| fit.token.key.kind() == kind).count();
    let (all, hotp, totp) = (fit.len(), count("hotp"), count("totp"));
    if container.signature == Signature::Unchecked {
        say("The container is signed. Nobody has checked the signature.");
    }
    if arguments.dry_run {
        say(&format!("{all} tokens could be taken in ({hotp} HOTP, {totp} TOTP); nothing was changed."));
        return Ok(());
    }
    app.engine().stock_hardware(fit.into_iter().map(|fit| fit.token).collect()).await?;
    say(&format!(
        "{all} tokens are in the inventory now ({hotp} HOTP, {totp} TOTP). Delete the file and its key."
    ));
    Ok(())
}

async fn list(app: &App) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for token in app.engine().hardware().await? {
        let owner = match token.user {
            Some(user) => app.engine().users().user(user).await?.map(|user| user.login),
            None => None,
        };
        let state = match token.state {
            HardwareState::InStock => "in stock",
            HardwareState::Assigned => "assigned",
            HardwareState::Disabled => "disabled",
        };
        let end = token.expires_at.map(date).unwrap_or_default();
        let (since, owner) = (date(token.since), owner.unwrap_or_default());
        rows.push([token.serial, token.manufacturer, token.kind, state.to_owned(), since, owner, end]);
    }
    table(["SERIAL", "MANUFACTURER", "KIND", "STATE", "SINCE", "LOGIN", "UNTIL"], rows);
    Ok(())
}

async fn assign(app: &App, token: &TokenArguments, login: &str) -> anyhow::Result<()> {
    let row = find(app, token).await?;
    let user = accounts::find(app.engine(), login).await?;
    say(&match app.engine().assign_hardware(&row, user.id).await? {
        Changed::Now => format!("The codes of {} sign {} in from now on.", row.serial, user.login),
        Changed::Before => format!("{} has {} already.", user.login, row.serial),
    });
    Ok(())
}

async fn release(app: &App, token: &TokenArguments, leaves: Leaves) -> anyhow::Result<()> {
    let row = find(app, token).await?;
    let changed = app.engine().release_hardware(&row, leaves).await?;
    let serial = row.serial;
    say(&match (leaves, changed) {
        (Leaves::ToStock, Changed::Now) => format!("{serial} is in stock. Its codes sign nobody in."),
        (Leaves::ToStock, Changed::Before) => format!("{serial} is in stock already."),
        (Leaves::OutOfUse, Changed::Now) => format!("{serial} is disabled. Its codes sign nobody in."),
        (Leaves::OutOfUse, Changed::Before) => format!("{serial} is disabled already."),
    });
    Ok(())
}

async fn resync(app: &App, token: &TokenArguments) -> anyhow::Result<()> {
    let row = find(app, token).await?;
    let (Some(user), Some(credential)) = (row.user, row.credential) else {
        bail!("nobody has this token: its counter is set right when somebody has it");
    };
    let [first, second] = two_codes()?;
    match app.engine().resync_token(user, credential, [&first, &second]).await {
        Ok(()) => say(&format!("{} is in step again.", row.serial)),
        Err(Error::Refused(Refusal::Wrong)) => {
            bail!(
                "these are not two codes in a row among the next hundred of this token; nothing was changed"
            )
        }
        Err(Error::Refused(Refusal::NotAllowed)) => {
            bail!("this token follows the time: there is nothing to set right")
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

async fn find(app: &App, token: &TokenArguments) -> anyhow::Result<HardwareRow> {
    Ok(hardware::find(app.engine(), &token.serial, token.manufacturer.as_deref()).await?)
}
