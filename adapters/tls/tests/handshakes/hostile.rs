//! What is made of bytes that are no certificate? Never a panic, and never somebody else's name.

use symbolon_tls::Authorities;

use super::*;
use crate::{mutate::Mutator, papers::of_client};

/// What a proxy passes on, and the certificate in it.
pub fn passed_on(bytes: &[u8], authorities: &Authorities, genuine: &[u8]) {
    let Ok(Some(chain)) = Chain::of_proxy(&[bytes], &[]) else { return };
    let Ok(certificate) = ClientCertificate::read(&chain, authorities, &symbolon_aws_lc::crypto(), NOW)
    else {
        return;
    };
    assert!(!certificate.verified_chain || certificate.der == genuine, "nobody vouches for what was changed");
    assert!(!certificate.subject.contains(char::is_control), "{:?}", certificate.subject);
}

#[test]
fn mutated_certificates_are_refused_or_vouched_for_by_nobody() {
    let clients = Authority::named("Clients");
    let believed = authorities(&[&clients]);
    let genuine = clients.vouch(of_client("app")).chain[0].to_vec();
    let mut mutator = Mutator::new(17);
    for _ in 0..20_000 {
        let der = mutator.of(&[genuine.clone(), clients.der().to_vec()]);
        let field = format!(":{}:", data_encoding::BASE64.encode(&der));
        passed_on(field.as_bytes(), &believed, &genuine);
    }
    let field = format!(":{}:", data_encoding::BASE64.encode(&genuine)).into_bytes();
    (0..5_000).for_each(|_| passed_on(&mutator.of(std::slice::from_ref(&field)), &believed, &genuine));
}
