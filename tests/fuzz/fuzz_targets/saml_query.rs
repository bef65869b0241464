//! Does the reader of queries with a SAML message withstand any bytes?
#![no_main]

#[path = "../parsers/saml.rs"]
mod saml;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| saml::query(bytes));
