//! What do applications, browsers and phones do?

pub mod applications;
pub mod client_credentials;
pub mod discovery;
pub mod password;
pub mod phone;
pub mod qr;
pub mod saml;
pub mod sso;
pub mod tokens;
