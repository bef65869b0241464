//! Does the authenticator's reader of pictures withstand any file?
#![no_main]

#[path = "../../../authenticator/cli/src/failure.rs"]
mod failure;
#[path = "../../../authenticator/cli/src/picture.rs"]
mod picture;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| drop(picture::read_bytes(std::path::Path::new("picture"), bytes)));
