//! Does the running server withstand any bytes as `Parser::Token`?
#![no_main]

#[path = "../../../idp-server/tests/oidc/hostile.rs"]
mod hostile;
#[path = "../../../idp-server/tests/oidc/server.rs"]
mod server;

use std::cell::OnceCell;

thread_local!(static DOOR: OnceCell<hostile::Door> = const { OnceCell::new() });

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    DOOR.with(|door| door.get_or_init(hostile::Door::open).knock(hostile::Parser::Token, bytes));
});
