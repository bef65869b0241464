//! What is made of bytes that are no certificate? Never a panic, and never somebody else's name.

use std::sync::OnceLock;

use idp_protocol::Crypto;
use symbolon_tls::{Authorities, Chain, ClientCertificate};

/// A moment at which certificates of tests hold.
const NOW: i64 = 1_800_000_000;

static CRYPTO: OnceLock<Crypto> = OnceLock::new();

/// The field in which a proxy passes a certificate on.
pub fn certificate(bytes: &[u8]) {
    read(bytes, &Authorities::none());
}

fn read(bytes: &[u8], authorities: &Authorities) -> Option<ClientCertificate> {
    let chain = Chain::of_proxy(&[bytes], &[]).ok()??;
    let crypto = CRYPTO.get_or_init(symbolon_aws_lc::crypto);
    let certificate = ClientCertificate::read(&chain, authorities, crypto, NOW).ok()?;
    assert!(!certificate.subject.contains(char::is_control), "{:?}", certificate.subject);
    assert!(certificate.der.windows(certificate.spki.len()).any(|part| part == certificate.spki));
    Some(certificate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        authorities,
        mutate::Mutator,
        papers::{Authority, of_client},
    };

    fn field(der: &[u8]) -> Vec<u8> {
        format!(":{}:", data_encoding::BASE64.encode(der)).into_bytes()
    }

    #[test]
    fn mutated_certificates_are_refused_or_vouched_for_by_nobody() {
        let clients = Authority::named("Clients");
        let believed = authorities(&[&clients]);
        let genuine = clients.vouch(of_client("app")).chain[0].to_vec();
        let corpus = [genuine.clone(), clients.der().to_vec()];
        let mut mutator = Mutator::new(17);
        for _ in 0..20_000 {
            let Some(seen) = read(&field(&mutator.of(&corpus)), &believed) else { continue };
            assert!(!seen.verified_chain || seen.der == genuine, "nobody vouches for what was changed");
        }
        (0..5_000).for_each(|_| certificate(&mutator.of(&[field(&genuine)])));
    }
}
