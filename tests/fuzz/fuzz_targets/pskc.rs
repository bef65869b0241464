//! Does the reader of key containers withstand any bytes?
#![no_main]

#[path = "../parsers/pskc.rs"]
mod pskc;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    pskc::plain(bytes);
    pskc::encrypted(bytes);
});
