//! Does the reader of requests withstand any bytes?
#![no_main]

#[path = "../parsers/saml.rs"]
mod saml;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| saml::request(bytes));
