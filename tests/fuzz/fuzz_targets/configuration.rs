//! Does the reader of the configuration withstand any file?
#![no_main]

#[path = "../../../idp-server/tests/oidc/hostile.rs"]
mod hostile;
#[path = "../../../idp-server/tests/oidc/server.rs"]
mod server;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hostile::configuration(bytes));
