//! Do the examples in `vectors/*.json` say what this implementation does?
//!
//! Each file is made anew here from fixed keys, times and ids (ES256 as in RFC 6979, so that signatures
//! repeat themselves) and compared; then it is read back as any other implementation would, and run through
//! the public API. After a deliberate change the failing test has written the new file to `target/vectors/`.

#[cfg(test)]
mod claims;
#[cfg(test)]
mod common;
#[cfg(test)]
mod enrolment;
#[cfg(test)]
mod jws;
#[cfg(test)]
mod key_list;
#[cfg(test)]
mod links;
#[cfg(test)]
mod ocra;
#[cfg(test)]
mod offline;
#[cfg(test)]
mod offline_codes;
#[cfg(test)]
mod otp;
#[cfg(test)]
mod pin;
#[cfg(test)]
mod typed;
#[cfg(test)]
mod user_codes;
