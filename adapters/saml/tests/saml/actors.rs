//! Who signs in these tests, and what?

use std::sync::{Arc, LazyLock};

use bergshamra_dsig::DsigContext;
use bergshamra_keys::{Key, KeyData, KeyUsage, KeysManager};
use chrono::{DateTime, TimeDelta, Utc};
use idp_protocol::{
    Crypto,
    crypto::{Algorithm, PrivateKey, Random},
};
use rcgen::{CertificateParams, KeyPair};
use symbolon_aws_lc::SeededRandom;
use symbolon_saml::{
    Assertion, Attribute, AuthnStatement, Bearer, Conditions, Head, Kind, LogoutRequest, Message, NameId,
    PeerKeys, Protection, Refused, Response, Signed, Signer, Status, Subject, Trust, Wrapping, context,
    name_format, name_id, open,
};

pub const IDP: &str = "https://id.example.org/saml";
pub const SP: &str = "https://shop.example/metadata";

/// Somebody with a key and a certificate.
pub struct Party {
    pub signer: Signer,
    pub keys: PeerKeys,
    pub private: PrivateKey,
}

/// The provider, with RSA.
pub static RSA: LazyLock<Party> = LazyLock::new(|| Party::new(Algorithm::Rs256));
/// The provider, with ECDSA.
pub static EC: LazyLock<Party> = LazyLock::new(|| Party::new(Algorithm::Es256));
/// An attacker, with RSA too.
pub static MALLORY: LazyLock<Party> = LazyLock::new(|| Party::new(Algorithm::Rs256));
/// A peer that does not sign.
pub static NOBODY: LazyLock<PeerKeys> = LazyLock::new(|| PeerKeys::from_certificates::<&[u8]>([]).unwrap());

pub fn crypto() -> Crypto {
    symbolon_aws_lc::crypto()
}

pub fn random() -> Arc<dyn Random> {
    Arc::new(SeededRandom::new(b"saml"))
}

impl Party {
    fn new(algorithm: Algorithm) -> Self {
        let crypto = crypto();
        let private = crypto.signatures.generate(algorithm).unwrap();
        let pair = KeyPair::try_from(private.as_slice()).unwrap();
        let certificate = CertificateParams::new(vec![]).unwrap().self_signed(&pair).unwrap().der().to_vec();
        let keys = PeerKeys::from_certificates([&certificate]).unwrap();
        let key = crypto.signatures.load(algorithm, &private).unwrap();
        Self { signer: Signer::new(&crypto, key, certificate).unwrap(), keys, private }
    }

    pub fn protection<'a>(&'a self, signed: Signed, random: &'a dyn Random) -> Protection<'a> {
        Protection { signer: &self.signer, signed, encryption: None, random }
    }

    /// Fills in digest and value of the first signature of a document, whatever it is that is signed: what the library of
    /// an attacker does, who is not kept to the shape of SAML.
    pub fn fill(&self, template: &str) -> String {
        let algorithm = bergshamra_keys::loader::load_x509_cert_der(self.signer.certificate()).unwrap();
        let data = KeyData::from_pkcs8_der(algorithm.data.algorithm(), &self.private).unwrap();
        let mut manager = KeysManager::new();
        manager.add_key(Key::new(data, KeyUsage::Sign));
        bergshamra_dsig::sign::sign(&DsigContext::new(manager), template).unwrap()
    }
}

pub fn now() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-11-23T09:30:00Z").unwrap().to_utc()
}

pub fn later(seconds: i64) -> DateTime<Utc> {
    now() + TimeDelta::seconds(seconds)
}

pub fn person() -> NameId {
    NameId {
        value: "7f2c".to_owned(),
        format: Some(name_id::PERSISTENT.to_owned()),
        name_qualifier: Some(IDP.to_owned()),
        sp_name_qualifier: Some(SP.to_owned()),
    }
}

pub fn assertion() -> Assertion {
    Assertion {
        id: "_assertion".to_owned(),
        issued: now(),
        issuer: IDP.to_owned(),
        subject: Subject {
            name_id: person(),
            bearer: Bearer {
                recipient: "https://shop.example/acs?a=1&b=2".to_owned(),
                not_on_or_after: later(120),
                in_response_to: Some("_request".to_owned()),
            },
        },
        conditions: Conditions {
            not_before: later(-60),
            not_on_or_after: later(120),
            audiences: vec![SP.to_owned()],
        },
        authn: AuthnStatement {
            instant: later(-5),
            session_index: Some("_session".to_owned()),
            session_not_on_or_after: Some(later(3_600)),
            context: context::REFEDS_MFA.to_owned(),
        },
        attributes: vec![
            Attribute {
                name: "urn:oid:2.5.4.4".to_owned(),
                name_format: Some(name_format::URI.to_owned()),
                friendly_name: Some("sn".to_owned()),
                values: vec!["Zoë & <Co>\r\n\t\"'".to_owned(), String::new()],
            },
            Attribute {
                name: "role".to_owned(),
                name_format: None,
                friendly_name: None,
                values: vec!["user".to_owned()],
            },
        ],
    }
}

pub fn head(id: &str, issuer: &str, destination: Option<&str>) -> Head {
    Head {
        id: id.to_owned(),
        issued: now(),
        destination: destination.map(str::to_owned),
        issuer: issuer.to_owned(),
    }
}

pub fn response() -> Response {
    Response {
        head: head("_response", IDP, Some("https://shop.example/acs?a=1&b=2")),
        in_response_to: Some("_request".to_owned()),
        status: Status::success(),
        assertion: Some(assertion()),
    }
}

pub fn logout_request() -> LogoutRequest {
    LogoutRequest {
        head: head("_logout", SP, Some("https://id.example.org/saml/logout")),
        not_on_or_after: Some(later(300)),
        reason: Some("urn:oasis:names:tc:SAML:2.0:logout:user".to_owned()),
        name_id: person(),
        session_indexes: vec!["_one".to_owned(), "_two".to_owned()],
    }
}

/// What a receiver makes of a text that must be signed by the owner of these keys.
pub fn take(text: &str, kind: Kind, keys: &PeerKeys) -> Result<Message, Refused> {
    open(text, kind, Wrapping::None)?.check(Trust::Required(keys))
}
