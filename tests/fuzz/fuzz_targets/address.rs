//! Does the reader of addresses that others chose withstand any text?
#![no_main]

#[path = "../../../adapters/outbound/tests/requests/hostile.rs"]
mod hostile;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hostile::address(bytes));
