//! How does an administrator change the way in which metadata is fetched?

use anyhow::bail;
use data_encoding::BASE64;
use idp_core::{Time, store::Batch};
use symbolon_sqlx::provider::{Changed, MetadataSourceRow, MetadataSourceWrite};

use super::{
    arguments::SourceArguments,
    given::{is_address, pin, pinned},
    show::fingerprint,
};
use crate::{
    App,
    cli::terminal::{date, say},
    saml::provider::Source,
};

pub(super) async fn source(app: &App, new: SourceArguments) -> anyhow::Result<()> {
    let Some(row) = app.db().metadata_source(&new.address).await? else {
        bail!("nothing came from {}: see `sp list`", new.address);
    };
    let mut source: Source = serde_json::from_str(&row.doc)?;
    if new.pin.is_none() && new.refresh.is_none() && !new.danger_unchecked {
        return show(&row, &source);
    }
    if !is_address(&new.address) {
        bail!("{} is a file, which nobody fetches: name it again with `sp add --aggregate`", new.address);
    }
    match &new.pin {
        Some(path) => source.pin_to(Some(pin(path)?)),
        None if new.danger_unchecked => source.pin_to(None),
        None => (),
    }
    pinned(&source)?;
    if let Some(every) = new.refresh {
        source.every = every.0;
    }
    // At once: whoever changed the key wants to know whether it is the right one.
    let doc = serde_json::to_string(&source)?;
    let due_at = Some(app.engine().now());
    let revision = row.revision.saturating_add(1);
    let changed = MetadataSourceRow { doc, due_at, revision, ..row };
    let address = changed.address.clone();
    match app.db().change(MetadataSourceWrite::Update(changed), Batch::new()).await? {
        Changed::Yes => {
            say(&format!(
                "A running server fetches {address} within a minute; `sp list` says if that fails."
            ));
            Ok(())
        }
        Changed::No | Changed::Conflict(_) => bail!("a server fetches it just now: try again"),
    }
}

fn show(row: &MetadataSourceRow, source: &Source) -> anyhow::Result<()> {
    let line = |what: &str, said: &str| say(&format!("{what:<18}  {said}"));
    let moment = |at: Option<Time>| at.map_or_else(|| "-".to_owned(), date);
    line("address", &row.address);
    line("about", source.entity_id.as_deref().unwrap_or("a federation"));
    match &source.pin {
        Some(pin) => line("signed by", &fingerprint(&BASE64.decode(pin.as_bytes())?)),
        None => line("signed by", "nobody who is checked"),
    }
    match source.every {
        Some(every) => line("refresh", &format!("every {} hours", every / 3_600)),
        None => line("refresh", "as it says itself"),
    }
    line("read", &moment(source.read_at.map(Time)));
    line("next", &moment(row.due_at));
    if let Some(trouble) = &source.trouble {
        line("not renewed", trouble);
    }
    Ok(())
}
