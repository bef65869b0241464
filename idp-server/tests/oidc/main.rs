//! Does the OpenID provider keep to its specifications, and to nothing less under attack? Over HTTP, on a real store.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what the tests share may end a test, as they may themselves"
)]

mod accounts;
mod applications;
mod assertion;
mod authenticators;
mod authorize;
mod binding;
mod call_centre;
mod certificates;
mod ciba;
mod ciba_misuse;
mod ciba_ping;
mod ciba_requests;
mod claims;
mod clients;
mod connections;
mod consent;
mod device_grant;
mod device_misuse;
mod device_page;
mod discovery;
mod dpop;
mod encryption;
mod explain;
mod fapi;
mod fresh;
mod hardware;
mod health;
mod hostile;
mod introspection;
mod languages;
mod logout;
mod mail;
#[path = "../../../tests/src/process/mailbox.rs"]
mod mailbox;
#[path = "../../../tests/fuzz/parsers/mutate.rs"]
mod mutate;
mod nodes;
mod offline_codes;
mod outbox;
#[path = "../../../tests/src/passkey.rs"]
mod passkey;
mod passkeys;
mod phone;
mod push;
#[path = "../../../adapters/webpush/tests/webpush/browser.rs"]
mod push_browser;
#[path = "../../../adapters/webpush/tests/webpush/service.rs"]
mod push_service;
mod recipient;
mod refresh;
mod registration;
mod request_objects;
mod requests;
mod resources;
mod responses;
mod revocation;
mod rotation;
#[path = "../../../adapters/jose/tests/jose/rsa.rs"]
mod rsa;
mod saved_keys;
mod server;
mod session_management;
mod sign_in_page;
mod signer;
mod single_sign_on;
mod site;
mod television;
mod token;
mod token_pins;
mod told;
mod trouble;
mod userinfo;
mod waiting;
mod warned;
