//! Does the guard of SAML messages withstand any bytes?
#![no_main]

#[path = "../parsers/saml.rs"]
mod saml;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| saml::message(bytes));
