//! Which flags do the commands about service providers of SAML have?

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use idp_core::policy::Acr;

use crate::{
    cli::client::arguments::{ConsentArgument, SsoArgument, acr},
    saml::{
        attributes::Rule,
        provider::{Encrypt, NameFormat, Signature, Signed, Terms},
    },
};

/// `sp …`
#[derive(Debug, Subcommand)]
pub enum SpCommand {
    /// Add a service provider from its metadata, or all of a federation.
    Add(Box<AddArguments>),
    /// List the service providers, and where metadata could not be renewed.
    List,
    /// Show what is known about a service provider.
    Show {
        /// Its entity id.
        #[arg(allow_hyphen_values = true)]
        entity_id: String,
    },
    /// Change what you decided about a service provider.
    Set {
        /// Its entity id.
        #[arg(allow_hyphen_values = true)]
        entity_id: String,
        #[command(flatten)]
        terms: Box<TermsArguments>,
    },
    /// Take newer metadata of a service provider, and keep what you decided about it.
    Update(UpdateArguments),
    /// Show or change how the metadata at an address is fetched and checked.
    Source(SourceArguments),
    /// Remove a service provider, with what people consented to.
    Remove {
        /// Its entity id; with --aggregate, the file or address of a federation, of which all are removed.
        #[arg(allow_hyphen_values = true)]
        entity_id: String,
        /// Remove all that came from there, and read it no more.
        #[arg(long)]
        aggregate: bool,
    },
}

/// `sp add …`
#[derive(Args, Debug)]
pub struct AddArguments {
    /// The metadata: a file, an address with https, or - for standard input. What comes from an address is fetched again by
    /// itself.
    #[arg(value_name = "FILE|URL|-", allow_hyphen_values = true)]
    pub from: String,
    /// Take all service providers of a federation. Again with the same file or address, those that are gone are removed, and
    /// the others keep what you decided about them.
    #[arg(long, conflicts_with = "entity_id")]
    pub aggregate: bool,
    /// Which one, where the metadata has several.
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub entity_id: Option<String>,
    /// A file with the certificate (PEM or DER) of the key that must have signed the metadata. Nobody looks at when it runs
    /// out.
    #[arg(long, value_name = "CERT")]
    pub pin: Option<PathBuf>,
    /// Take the metadata of a federation without a pinned key. Whoever can change it on its way decides where people's names
    /// are sent.
    #[arg(long, conflicts_with = "pin")]
    pub danger_unchecked: bool,
    /// Fetch the metadata again after so many hours, not as it says itself (without a word of it, once a day).
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u16).range(1..=168))]
    pub refresh: Option<u16>,
    #[command(flatten)]
    pub terms: TermsArguments,
}

/// `sp update …`
#[derive(Args, Debug)]
pub struct UpdateArguments {
    /// Its entity id.
    #[arg(allow_hyphen_values = true)]
    pub entity_id: String,
    /// The newer metadata: a file, - for standard input, or an address, which is fetched again by itself from then on. Without
    /// it, the address where its metadata comes from is fetched now.
    #[arg(value_name = "FILE|URL|-", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// A file with the certificate of the key that must have signed the metadata, if not as before.
    #[arg(long, value_name = "CERT")]
    pub pin: Option<PathBuf>,
}

/// `sp source …`
#[derive(Args, Debug)]
pub struct SourceArguments {
    /// The address, as `sp list` shows it.
    pub address: String,
    /// A file with the certificate of the key that must have signed the metadata from now on.
    #[arg(long, value_name = "CERT")]
    pub pin: Option<PathBuf>,
    /// No key must have signed it any more. Whoever can change what stands at the address decides where people's names are sent.
    #[arg(long, conflicts_with = "pin")]
    pub danger_unchecked: bool,
    /// Fetch the metadata again after so many hours, or auto: as it says itself.
    #[arg(long, value_name = "HOURS|auto", value_parser = every)]
    pub refresh: Option<Every>,
}

/// A pause in seconds, or none for what the metadata says.
#[derive(Clone, Copy, Debug)]
pub struct Every(pub Option<i64>);

fn every(text: &str) -> Result<Every, String> {
    if text == "auto" {
        return Ok(Every(None));
    }
    let hours = text.parse::<i64>().ok().filter(|hours| (1..=168).contains(hours));
    hours
        .map(|hours| Every(Some(hours.saturating_mul(3_600))))
        .ok_or_else(|| "a number of hours from 1 to 168, or auto".to_owned())
}

/// What the administrator decides.
#[derive(Args, Debug, Default)]
pub struct TermsArguments {
    /// What people know it as, if not as its metadata says.
    #[arg(long)]
    pub name: Option<String>,
    /// What of an answer is signed [default: both].
    #[arg(long, value_enum)]
    pub signed: Option<SignedArgument>,
    /// With which kind of key [default: rs256].
    #[arg(long, value_enum)]
    pub algorithm: Option<AlgorithmArgument>,
    /// Whether assertions are encrypted [default: if-possible].
    #[arg(long, value_enum)]
    pub encrypt: Option<EncryptArgument>,
    /// Whether its requests must be signed [default: as its metadata says].
    #[arg(long, value_enum)]
    pub signed_requests: Option<RequestsArgument>,
    /// The weakest class of sign-in that it takes, such as urn:symbolon:acr:mfa.
    #[arg(long, value_name = "ACR", value_parser = acr)]
    pub min_acr: Option<Acr>,
    /// Whether people are asked before it learns anything about them [default: never].
    #[arg(long, value_enum)]
    pub consent: Option<ConsentArgument>,
    /// How far a sign-in for it reaches: to all applications, or to this one only [default: all].
    #[arg(long, value_enum)]
    pub sso: Option<SsoArgument>,
    /// The format of names where it asks for none.
    #[arg(long, value_enum)]
    pub name_id: Option<NameIdArgument>,
    /// What it learns of people, such as mail, or role=groups ?? "user"; may be given several
    /// times, and takes the place of all before.
    #[arg(long = "attribute", value_name = "RULE", allow_hyphen_values = true)]
    pub attributes: Vec<Rule>,
    /// How long its own session may last, in seconds; 0 for as long as ours.
    #[arg(long, value_name = "SECONDS")]
    pub session_life: Option<u32>,
    /// The number of the signing key of ours that it still expects (`saml keys list`), or newest.
    #[arg(long, value_name = "NUMBER|newest", value_parser = pin)]
    pub signing_key: Option<Pin>,
    /// Whether it stands on the page of applications [default: shown; hidden for a federation].
    #[arg(long, value_enum)]
    pub launch: Option<LaunchArgument>,
    /// The relay state of sign-ins that begin on that page: many service providers take it for the page to show.
    #[arg(long, value_name = "STATE")]
    pub relay_state: Option<String>,
}

impl TermsArguments {
    /// Changes what was said.
    pub fn apply(self, terms: &mut Terms) {
        if let Some(name) = self.name {
            terms.name = Some(name).filter(|name| !name.is_empty());
        }
        set(&mut terms.signed, self.signed);
        set(&mut terms.algorithm, self.algorithm);
        set(&mut terms.encryption, self.encrypt);
        set(&mut terms.consent, self.consent);
        set(&mut terms.sso, self.sso);
        if let Some(requests) = self.signed_requests {
            terms.signed_requests = requests.terms();
        }
        terms.min_acr = self.min_acr.or(terms.min_acr);
        terms.name_id = self.name_id.map(Into::into).or(terms.name_id);
        if !self.attributes.is_empty() {
            terms.attributes = self.attributes;
        }
        if let Some(life) = self.session_life {
            terms.session_life = Some(i64::from(life)).filter(|life| *life > 0);
        }
        if let Some(pin) = self.signing_key {
            terms.signing_key = pin.0;
        }
        if let Some(launch) = self.launch {
            terms.launch.shown = matches!(launch, LaunchArgument::Shown);
        }
        if let Some(state) = self.relay_state {
            terms.launch.relay_state = Some(state).filter(|state| !state.is_empty());
        }
    }
}

fn set<T>(to: &mut T, said: Option<impl Into<T>>) {
    if let Some(said) = said {
        *to = said.into();
    }
}

/// A number, or none for the newest.
#[derive(Clone, Copy, Debug)]
pub struct Pin(pub Option<i64>);

fn pin(text: &str) -> Result<Pin, String> {
    if text == "newest" {
        return Ok(Pin(None));
    }
    let number = text.parse().ok().filter(|number| *number > 0);
    number.map(|number| Pin(Some(number))).ok_or_else(|| "a number of `saml keys list`, or newest".to_owned())
}

/// Makes an argument of a term.
macro_rules! argument {
    ($(#[$doc:meta])* $name:ident for $of:ty { $($(#[$why:meta])* $variant:ident => $value:expr),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, ValueEnum)]
        pub enum $name { $($(#[$why])* $variant),* }

        impl From<$name> for $of {
            fn from(argument: $name) -> Self {
                match argument { $($name::$variant => $value),* }
            }
        }
    };
}

argument! {
    /// `--signed …`
    SignedArgument for Signed {
        /// The assertion.
        Assertion => Signed::Assertion,
        /// The response around it.
        Response => Signed::Response,
        /// Each of them.
        Both => Signed::Both,
    }
}

argument! {
    /// `--algorithm …`
    AlgorithmArgument for Signature {
        /// RSA with SHA-256.
        Rs256 => Signature::Rs256,
        /// ECDSA on P-256 with SHA-256.
        Es256 => Signature::Es256,
    }
}

argument! {
    /// `--encrypt …`
    EncryptArgument for Encrypt {
        /// Where its metadata has a key for it.
        IfPossible => Encrypt::IfPossible,
        /// Never.
        Never => Encrypt::Never,
        /// Always.
        Required => Encrypt::Required,
        /// Always, and with AES in CBC where its metadata does not name GCM: somebody on the way may read what is inside.
        DangerCbc => Encrypt::DangerCbc,
    }
}

argument! {
    /// `--name-id …`
    NameIdArgument for NameFormat {
        /// A pseudonym that no other one shares.
        Persistent => NameFormat::Persistent,
        /// A name for one session.
        Transient => NameFormat::Transient,
        /// The e-mail address.
        Email => NameFormat::Email,
        /// The login name.
        Unspecified => NameFormat::Unspecified,
    }
}

/// `--signed-requests …`
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum RequestsArgument {
    /// They must be.
    Required,
    /// They need not be.
    Optional,
    /// As its metadata says.
    Metadata,
}

impl RequestsArgument {
    fn terms(self) -> Option<bool> {
        match self {
            Self::Required => Some(true),
            Self::Optional => Some(false),
            Self::Metadata => None,
        }
    }
}

/// `--launch …`
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LaunchArgument {
    /// It stands there.
    Shown,
    /// It does not.
    Hidden,
}
