//! Does `protocol::user_code` withstand any bytes?
#![no_main]

#[path = "../parsers/protocol.rs"]
mod protocol;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| protocol::user_code(bytes));
