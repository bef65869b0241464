//! Who are we to service providers of SAML?

use idp_protocol::link::Origin;
use serde::{Deserialize, Serialize};
use url::Url;

use super::Broken;

const DAY: i64 = 86_400;
const MIB: u64 = 1 << 20;
/// The longest entity id, in characters (SAML core, 8.3.6).
const MAX_ENTITY_ID: usize = 1_024;

/// `[saml]`: SAML 2.0. A build without it takes the defaults only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Saml {
    /// Our name to service providers: an absolute URI. Default empty: the address of our metadata, `{issuer}/saml/metadata`.
    /// Service providers know us by it, so a change breaks each of them until it has the new metadata.
    pub entity_id: String,
    /// What people choose us by in the lists of service providers. Default empty: `engine.organisation`.
    pub display_name: String,
    /// The address of our logo, with https. Default none.
    pub logo: String,
    /// Its width in pixels. Default 80.
    pub logo_width: u32,
    /// Its height in pixels. Default 60.
    pub logo_height: u32,
    /// The web site of the organisation. Default empty: the issuer.
    pub organisation_url: String,
    /// The e-mail address that runs this, for other administrators. Default none: it stands in public metadata.
    pub contact: String,
    /// Whether our metadata says that we want requests to be signed, and unsigned ones are refused. Default no: an answer
    /// goes only where the metadata of the service provider says, whoever asks.
    pub want_signed_requests: bool,
    /// How long our metadata may be used, in seconds. Default 14 days: whoever fetches it learns of a key by then.
    pub metadata_life: i64,
    /// How long others may keep our metadata before they fetch it again, in seconds. Default one day.
    pub metadata_cache: i64,
    /// The longest metadata of a federation, in bytes. Default 256 MiB, more than twice what the federations of all countries
    /// together publish. It is read in one pass: memory does not grow with it, but the store does.
    pub federation_limit: u64,
}

impl Default for Saml {
    fn default() -> Self {
        Self {
            entity_id: String::new(),
            display_name: String::new(),
            logo: String::new(),
            logo_width: 80,
            logo_height: 60,
            organisation_url: String::new(),
            contact: String::new(),
            want_signed_requests: false,
            metadata_life: 14 * DAY,
            metadata_cache: DAY,
            federation_limit: 256 * MIB,
        }
    }
}

impl Saml {
    pub(super) fn broken_rule(&self) -> Option<Broken> {
        // Whoever sets something here expects that it holds.
        if cfg!(not(feature = "saml")) && *self != Self::default() {
            let right = "no section [saml], or a server that was built with the feature saml";
            return Broken::new("saml", "this server was built without SAML", right);
        }
        if !self.entity_id.is_empty() && !is_entity_id(&self.entity_id) {
            let right =
                "an absolute URI of at most 1024 characters, such as https://id.example.org/saml/metadata";
            return Broken::new("saml.entity_id", "it is no entity id", right);
        }
        let addresses = [("saml.logo", &self.logo), ("saml.organisation_url", &self.organisation_url)];
        if let Some((key, _)) = addresses.into_iter().find(|(_, text)| !text.is_empty() && !is_web(text)) {
            return Broken::new(key, "it is no address of the web", "an address with https");
        }
        if !self.contact.is_empty() && !self.contact.contains('@') {
            return Broken::new("saml.contact", "it is no e-mail address", "for example admin@example.org");
        }
        let sizes = [("saml.logo_width", self.logo_width), ("saml.logo_height", self.logo_height)];
        if let Some((key, size)) = sizes.into_iter().find(|(_, size)| !(1..=4_096).contains(size)) {
            return Broken::new(key, format!("{size} is out of range"), "between 1 and 4096 pixels");
        }
        if !(3_600..=365 * DAY).contains(&self.metadata_life) {
            let why = format!("{} is out of range", self.metadata_life);
            return Broken::new("saml.metadata_life", why, "between one hour and one year, in seconds");
        }
        if !(MIB..=16_384 * MIB).contains(&self.federation_limit) {
            let why = format!("{} is out of range", self.federation_limit);
            return Broken::new("saml.federation_limit", why, "between 1 MiB and 16 GiB, in bytes");
        }
        // Whoever fetches it as seldom as it says must never hold one that ran out.
        if !(60..=self.metadata_life / 2).contains(&self.metadata_cache) {
            let why = format!("{} is out of range", self.metadata_cache);
            return Broken::new(
                "saml.metadata_cache",
                why,
                "between one minute and half of saml.metadata_life",
            );
        }
        None
    }
}

fn is_entity_id(text: &str) -> bool {
    let is_odd = |c: char| c.is_control() || c.is_whitespace();
    text.chars().count() <= MAX_ENTITY_ID && !text.contains(is_odd) && Url::parse(text).is_ok()
}

fn is_web(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| Origin::parse(&url.origin().ascii_serialization()).is_ok())
}
