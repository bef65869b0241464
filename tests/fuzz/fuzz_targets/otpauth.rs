//! Does `protocol::otpauth` withstand any bytes?
#![no_main]

#[path = "../parsers/protocol.rs"]
mod protocol;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| protocol::otpauth(bytes));
