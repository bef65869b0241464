//! Passkeys of authenticators whose make counts: which are taken, and what is said of them?

use idp_core::{Refusal, verified::amr};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
    KeyUsagePurpose, SigningKey as _,
};
use symbolon_tests::{
    Browser, Passkey, World,
    browser::{options_of, refusal},
    world::ISSUER,
};
use symbolon_webauthn::{Attestation, TrustError};

/// The model that the tests' keys say they are of, as an AAGUID.
const MODEL: &str = "73796d62-6f6c-6f6e-2773-207465737473";

/// Who makes authenticators.
struct Maker(CertifiedIssuer<'static, KeyPair>);

impl Maker {
    fn named(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn believed(&self, models: &[&str]) -> Attestation {
        let models: Vec<String> = models.iter().map(|model| (*model).to_owned()).collect();
        Attestation::trusted(&self.0.pem(), &models).unwrap()
    }

    /// A statement in the format "packed" (WebAuthn, 8.2), as CBOR.
    fn vouches(&self, data: &[u8], client_data: &[u8; 32]) -> Vec<u8> {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        let mut name = DistinguishedName::new();
        name.push(DnType::CountryName, "NL");
        name.push(DnType::OrganizationName, "Tests");
        name.push(DnType::OrganizationalUnitName, "Authenticator Attestation");
        name.push(DnType::CommonName, "Authenticator");
        params.distinguished_name = name;
        params.is_ca = IsCa::ExplicitNoCa;
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let signature = key.sign(&[data, client_data].concat()).unwrap();
        let (der, length) =
            (certificate.der(), |bytes: &[u8]| u16::try_from(bytes.len()).unwrap().to_be_bytes());
        [
            b"\x63fmt\x66packed\x67attStmt\xA3\x63alg\x26\x63sig\x59".as_slice(),
            &length(&signature),
            &signature,
            b"\x63x5c\x81\x59",
            &length(der),
            der,
        ]
        .concat()
    }
}

/// Registers a passkey of this maker where only `believed` count, and says what a sign-in with it has shown.
async fn registered(
    believed: Attestation,
    maker: Option<&Maker>,
    copyable: bool,
) -> Result<Vec<&'static str>, Refusal> {
    let world = World::with_attested_passkeys(believed).await;
    world.user("alice").await;
    let mut browser = Browser::new(&world);
    browser.sign_in("alice").await;
    let options = options_of(&browser.add_passkey().await.unwrap());
    assert_eq!(options["publicKey"]["attestation"], "direct");
    let mut passkey = Passkey::new(ISSUER, "key").saying(|says| says.copyable = copyable);
    let created = match maker {
        Some(maker) => passkey.created_with(&options, "Key", |data, said| maker.vouches(data, said)),
        None => passkey.created(&options, "Key"),
    };
    let view = browser.add_passkey().await.unwrap();
    let answer = browser.answer_enrolment(view.id, created).await;
    if answer.is_err() {
        return Err(refusal(answer));
    }
    let opened = Browser::new(&world).passkey(&passkey).await.unwrap();
    Ok(amr(&opened.session.facts.ledger))
}

#[tokio::test]
async fn only_hardware_of_a_maker_on_the_list_makes_passkeys() {
    let (known, unknown) = (Maker::named("Known"), Maker::named("Unknown"));
    let hardware = Ok(vec!["hwk", "user", "mfa"]);
    assert_eq!(registered(known.believed(&[]), Some(&known), false).await, hardware);
    assert_eq!(registered(known.believed(&[MODEL]), Some(&known), false).await, hardware);
    let other = "00000000-0000-0000-0000-000000000001";
    for (believed, maker, copyable, what) in [
        (known.believed(&[]), Some(&unknown), false, "another maker"),
        (known.believed(&[]), None, false, "nobody vouches for it"),
        (known.believed(&[other]), Some(&known), false, "another model"),
        (known.believed(&[]), Some(&known), true, "it may be copied"),
    ] {
        assert_eq!(registered(believed, maker, copyable).await, Err(Refusal::Wrong), "{what}");
    }
}

#[test]
fn a_list_of_makers_that_cannot_be_used_says_why() {
    let pem = Maker::named("Known").0.pem();
    assert!(matches!(Attestation::trusted("", &[]), Err(TrustError::Empty)));
    let broken = format!("{pem}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    assert!(matches!(Attestation::trusted(&broken, &[]), Err(TrustError::Unreadable(2))));
    let nonsense = ["yellow".to_owned()];
    assert!(matches!(Attestation::trusted(&pem, &nonsense), Err(TrustError::NoModel(_))));
}
