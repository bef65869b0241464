//! Does the memory stay small, however large an aggregate is? A process of its own, because it looks at all of it.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "what the tests share may end a test, as they may themselves")]

use std::io::{self, BufReader, Read};

use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::BASE64;
use idp_protocol::{
    Crypto,
    crypto::{Algorithm, SigningKey},
};
use rcgen::{CertificateParams, KeyPair};
use symbolon_saml::{
    PeerKeys,
    aggregate::{Entity, Origin, Staging, Unstaged, Verified, read},
};

const HEAD: &str = "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" ID=\"_f\">";
const TAIL: &str = "</md:EntitiesDescriptor>";

/// A federation that is made while it is read, so that nobody keeps it. It is canonical, so its hash is its digest.
struct Federation {
    entities: usize,
    made: usize,
    piece: Vec<u8>,
    at: usize,
}

impl Federation {
    fn new(entities: usize, begin: &str) -> Self {
        Self { entities, made: 0, piece: begin.as_bytes().to_vec(), at: 0 }
    }

    fn next(&mut self) -> Option<Vec<u8>> {
        self.made += 1;
        match self.made {
            made if made <= self.entities => Some(entity(made).into_bytes()),
            made if made == self.entities + 1 => Some(TAIL.as_bytes().to_vec()),
            _ => None,
        }
    }
}

fn entity(number: usize) -> String {
    let certificate = BASE64.encode(&[0x5a; 1_200]);
    let endpoints: String = (0..12)
        .map(|index| format!("<md:AssertionConsumerService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"https://sp{number}.example.org/Shibboleth.sso/SAML2/POST/{index}\" index=\"{index}\"></md:AssertionConsumerService>\n"))
        .collect();
    format!(
        "<md:EntityDescriptor entityID=\"https://sp{number}.example.org/shibboleth\"><md:SPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><md:KeyDescriptor><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>{endpoints}</md:SPSSODescriptor></md:EntityDescriptor>\n"
    )
}

impl Read for Federation {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at == self.piece.len() {
            let Some(piece) = self.next() else { return Ok(0) };
            (self.piece, self.at) = (piece, 0);
        }
        let read = self.piece.get(self.at..).unwrap_or_default().read(into)?;
        self.at += read;
        Ok(read)
    }
}

/// The signature over a federation of so many, and the size of the whole.
fn signed(entities: usize, key: &dyn SigningKey) -> (String, u64) {
    let mut hash = Context::new(&SHA256);
    let mut federation = Federation::new(entities, HEAD);
    let mut buffer = vec![0; 65_536];
    let mut size = 0;
    loop {
        let read = federation.read(&mut buffer).unwrap();
        if read == 0 {
            break;
        }
        hash.update(buffer.get(..read).unwrap());
        size += u64::try_from(read).unwrap();
    }
    let digest = BASE64.encode(hash.finish().as_ref());
    let exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";
    let info = format!(
        "<ds:CanonicalizationMethod Algorithm=\"{exclusive}\"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256\"></ds:SignatureMethod><ds:Reference URI=\"#_f\"><ds:Transforms><ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform><ds:Transform Algorithm=\"{exclusive}\"></ds:Transform></ds:Transforms><ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod><ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    );
    let ds = "xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"";
    let value = BASE64.encode(&key.sign(format!("<ds:SignedInfo {ds}>{info}").as_bytes()).unwrap());
    let signature = format!(
        "<ds:Signature {ds}><ds:SignedInfo>{info}<ds:SignatureValue>{value}</ds:SignatureValue></ds:Signature>"
    );
    (signature, size)
}

fn party(crypto: &Crypto) -> (PeerKeys, std::sync::Arc<dyn SigningKey>) {
    let private = crypto.signatures.generate(Algorithm::Es256).unwrap();
    let pair = KeyPair::try_from(private.as_slice()).unwrap();
    let certificate = CertificateParams::new(vec![]).unwrap().self_signed(&pair).unwrap();
    let keys = PeerKeys::from_certificates([certificate.der()]).unwrap();
    (keys, crypto.signatures.load(Algorithm::Es256, &private).unwrap())
}

/// Counts, and keeps nothing.
#[derive(Default)]
struct Counter(usize);

impl Staging for Counter {
    type Done = (usize, Verified);

    fn stage(&mut self, entity: &Entity<'_>) -> Result<(), Unstaged> {
        self.0 += usize::from(!entity.text.is_empty());
        Ok(())
    }

    fn commit(self, verified: Verified) -> Self::Done {
        (self.0, verified)
    }
}

/// The most memory that this process ever had, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn grows_by(entities: usize) -> (u64, u64) {
    let (keys, key) = party(&symbolon_aws_lc::crypto());
    let (signature, size) = signed(entities, &*key);
    let before = peak();
    let file = BufReader::new(Federation::new(entities, &format!("{HEAD}{signature}")));
    let (count, verified) = read(file, size + 65_536, Origin::SignedBy(&keys), Counter::default()).unwrap();
    assert!(verified.is_signed());
    assert_eq!((count, verified.count_skipped()), (entities, 0));
    (size, peak() - before)
}

#[test]
fn the_memory_for_an_aggregate_is_bounded() {
    let (size, grown) = grows_by(2_000);
    println!("{size} bytes, {grown} KiB more at the peak");
    assert!(size > 7 << 20 && grown < 3 << 10, "{size} bytes took {grown} KiB more");
}

#[test]
#[ignore = "it must be alone in its process: scripts/test.sh runs it"]
fn fifty_megabytes_take_no_more_than_a_few() {
    let (size, grown) = grows_by(13_500);
    println!("{size} bytes, {grown} KiB more at the peak");
    assert!(size > 50 << 20 && grown < 6 << 10, "{size} bytes took {grown} KiB more");
}
