//! How does a container leave, and for whose eyes?

use std::{io::Write as _, path::Path};

use anyhow::Context as _;
use symbolon_pskc::write;

use super::arguments::ExportKey;
use crate::{App, cli::terminal::say, hardware};

pub(super) async fn export(app: &App, file: &Path, key: &ExportKey) -> anyhow::Result<()> {
    let key = key.read()?;
    let lock = key.lock()?;
    let tokens = app.engine().export_hardware().await?;
    let left = hardware::container(&tokens);
    let text = write(&left.container, lock, &*app.engine().crypto().random)?;
    // As the last step, or what goes wrong before would leave an empty file in the way of the next try.
    let mut out = create(file).with_context(|| format!("{} cannot be made", file.display()))?;
    let written = out.write_all(text.as_bytes()).and_then(|()| out.sync_all());
    if let Err(error) = written {
        drop(std::fs::remove_file(file));
        return Err(error).with_context(|| format!("{} cannot be written", file.display()));
    }
    say(&format!("{} tokens are in {}.", left.container.keys.len(), file.display()));
    if left.with_pin > 0 {
        say(&format!(
            "{} tokens have a PIN that only this server can check; they are not in it.",
            left.with_pin
        ));
    }
    Ok(())
}

/// A new file that only its owner reads. One that is there is never written over: it may be the only copy of something.
fn create(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
