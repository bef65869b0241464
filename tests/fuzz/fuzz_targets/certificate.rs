//! Does the reader of certificates that clients show withstand any bytes?
#![no_main]

#[path = "../../../adapters/tls/tests/handshakes/hostile.rs"]
mod hostile;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hostile::certificate(bytes));
