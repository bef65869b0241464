//! What does the reader of key containers make of any bytes? Never a panic, never a secret without its MAC.

use symbolon_aws_lc::SeededRandom;
use symbolon_pskc::{Container, Integrity, Lock, Unlock, read, write};

const KEY: [u8; 16] = [7; 16];

/// A container in plain: what is taken can be written, and read again as the same.
pub fn plain(bytes: &[u8]) {
    let lines = bytes.split(|byte| *byte == b'\n').count();
    match read(bytes, Unlock::Plain, Integrity::Required) {
        Ok(container) => same_again(&container),
        Err(error) => assert!((1..=lines).contains(&usize::try_from(error.line).unwrap_or(0)), "{error}"),
    }
}

fn same_again(container: &Container) {
    let text = write(container, Lock::DangerPlain, &SeededRandom::new(b"fuzz")).expect("it is written");
    let again = read(text.as_bytes(), Unlock::Plain, Integrity::Required);
    let again = again.unwrap_or_else(|error| panic!("{error}\n{}", *text));
    assert_eq!(again.keys.len(), container.keys.len());
    for (one, other) in container.keys.iter().zip(again.keys) {
        let other = symbolon_pskc::Key { line: one.line, ..other };
        assert_eq!(*one, other, "{}", *text);
    }
}

/// An encrypted container: nobody here has its key, so no secret comes out of it.
pub fn encrypted(bytes: &[u8]) {
    if let Ok(container) = read(bytes, Unlock::PreShared(&KEY), Integrity::Required) {
        assert!(container.keys.iter().all(|key| key.data.secret.is_none()), "nobody has the key");
    }
}
