//! Does the reader take what RFC 6030 shows, and nothing that somebody has tampered with?

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what the tests share may end a test, as they may themselves"
)]

mod figures;
mod files;
mod fuzz;
mod hostile;
mod locked;
mod round_trip;

use std::num::NonZeroU32;

use symbolon_aws_lc::SeededRandom;
use symbolon_pskc::{
    Container, DeviceInfo, Integrity, Key, KeyData, Lock, Problem, ReadError, Secret, Unlock, read, write,
};

/// The secret of most figures.
const SECRET: &[u8] = b"12345678901234567890";

/// The pre-shared key of figure 6.
const KEY: [u8; 16] =
    [0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56, 0x78, 0x90, 0x12];

const FIGURE_6: &str = include_str!("../../vectors/figure6.xml");

fn random() -> SeededRandom {
    SeededRandom::new(b"pskc")
}

fn plain(text: &str) -> Result<Container, ReadError> {
    read(text.as_bytes(), Unlock::Plain, Integrity::Required)
}

fn shared(text: &str) -> Result<Container, ReadError> {
    read(text.as_bytes(), Unlock::PreShared(&KEY), Integrity::Required)
}

/// Line and problem of what is refused.
fn refusal(read: Result<Container, ReadError>) -> (u32, Problem) {
    let error = read.expect_err("it is refused");
    assert!(error.to_string().starts_with(&format!("line {}: ", error.line)), "{error}");
    (error.line, error.problem)
}

/// A container with one key that has this secret.
fn one_key(secret: &[u8]) -> Container {
    let device = DeviceInfo { serial: Some("1".parse().unwrap()), ..DeviceInfo::default() };
    let data = KeyData { secret: Some(Secret(secret.to_vec().into())), ..KeyData::default() };
    Container { keys: vec![Key { device, data, ..Key::default() }], ..Container::default() }
}

fn written(container: &Container, lock: Lock<'_>) -> String {
    write(container, lock, &random()).unwrap().to_string()
}

fn by_password(password: &str) -> Lock<'_> {
    Lock::Password { password, iterations: NonZeroU32::new(1_000).unwrap() }
}
