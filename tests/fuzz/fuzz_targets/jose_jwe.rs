//! Does `jose::jwe` withstand any bytes?
#![no_main]

#[path = "../parsers/jose.rs"]
mod jose;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| jose::jwe(bytes));
