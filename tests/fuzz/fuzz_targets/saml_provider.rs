//! Does the reader of service providers withstand any bytes?
#![no_main]

#[path = "../parsers/saml.rs"]
mod saml;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| saml::provider(bytes));
