//! How is a file taken in without being drowned by it?

use std::{fs::File, io::Read as _, path::Path};

use zeroize::Zeroizing;

use crate::error::{LoadError, Problem, ReadError};

/// The largest container that is read, in bytes: 16 MiB, more than enough for [`crate::MAX_KEYS`].
pub const MAX_FILE: u64 = 16 << 20;

/// The bytes of a file, for [`crate::read`].
///
/// # Errors
/// [`LoadError`] if it cannot be read, or has more than [`MAX_FILE`] bytes: then nothing of it is read (line 1).
pub fn load(path: &Path) -> Result<Zeroizing<Vec<u8>>, LoadError> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    // A file that would fill the memory is not even begun.
    if length > MAX_FILE {
        return Err(Problem::TooLarge.at(1).into());
    }
    let capacity = usize::try_from(length).unwrap_or(0).saturating_add(1);
    let mut bytes = Zeroizing::new(Vec::with_capacity(capacity));
    // A pipe says that it has no bytes, and a file may grow while it is read.
    file.take(MAX_FILE.saturating_add(1)).read_to_end(&mut bytes)?;
    within_limit(&bytes)?;
    Ok(bytes)
}

/// Refuses too many bytes, in the line in which there were too many.
pub(crate) fn within_limit(bytes: &[u8]) -> Result<(), ReadError> {
    let limit = usize::try_from(MAX_FILE).unwrap_or(usize::MAX);
    if bytes.len() > limit { Err(Problem::TooLarge.at(line_of(bytes, limit))) } else { Ok(()) }
}

/// The line of a byte, from 1.
pub(crate) fn line_of(bytes: &[u8], at: usize) -> u32 {
    let breaks = bytes.iter().take(at).filter(|byte| **byte == b'\n').count();
    u32::try_from(breaks).unwrap_or(u32::MAX).saturating_add(1)
}
