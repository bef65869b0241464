//! Which flags do the commands about applications have?

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use idp_core::policy::Acr;
use idp_protocol::Text;

use crate::oidc::{Consent, GrantType, Profile, RedirectUri, ResponseType, Signature, Sso, client::WebUri};

/// `client …`
#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// Register an application; its secret is shown once.
    Add(Box<NewClientArguments>),
    /// Change what you decided about an application.
    Set {
        /// Which one.
        #[arg(allow_hyphen_values = true)]
        id: String,
        /// The profile that it keeps to.
        #[arg(long, value_enum)]
        profile: ProfileArgument,
    },
    /// List the applications.
    List,
    /// Make an initial access token, with which somebody registers applications himself (RFC 7591).
    Invite {
        /// How long it holds.
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=365))]
        days: u16,
        /// It is good for one application.
        #[arg(long)]
        once: bool,
    },
    /// Remove an application.
    Remove {
        /// Which one.
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
}

/// `client add …`
#[derive(Args, Debug)]
pub struct NewClientArguments {
    /// Its name in the protocol.
    pub id: String,
    /// A file with what it says about itself, in the JSON of a registration (RFC 7591, 2), in place of the flags for that.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = [
            "redirect_uris", "response_types", "native", "grant_types", "scope", "pairwise", "public", "id_token_alg",
            "post_logout_redirect_uris", "backchannel_logout_uri", "frontchannel_logout_uri", "backchannel_notification_uri",
        ],
    )]
    pub metadata: Option<PathBuf>,
    /// Its name for people.
    #[arg(long, required_unless_present = "metadata")]
    pub name: Option<Text<64>>,
    /// Where browsers are sent back to, exactly; may be given several times.
    #[arg(long = "redirect-uri", value_name = "URI")]
    pub redirect_uris: Vec<RedirectUri>,
    /// What comes back to it, such as "code id_token" (for old applications, with --grant-type implicit); several times.
    #[arg(long = "response-type", value_name = "TYPE", default_value = "code")]
    pub response_types: Vec<ResponseType>,
    /// It runs on the person's device and takes people back to any port of it.
    #[arg(long)]
    pub native: bool,
    /// What it may exchange for tokens: authorization_code, refresh_token, client_credentials, implicit (nothing),
    /// urn:ietf:params:oauth:grant-type:device_code (a device without a keyboard) or urn:openid:params:grant-type:ciba (it
    /// asks people on their devices); may be given several times.
    #[arg(long = "grant-type", value_name = "TYPE", default_value = "authorization_code", value_parser = grant_type)]
    pub grant_types: Vec<GrantType>,
    /// The only scopes that it may ask for, those of its own among them. Without it, the standard ones.
    #[arg(long, value_name = "SCOPES")]
    pub scope: Option<String>,
    /// It knows each person by a name that no other site shares.
    #[arg(long)]
    pub pairwise: bool,
    /// It is a protected resource: it may ask about the tokens of others.
    #[arg(long, conflicts_with = "public")]
    pub introspects: bool,
    /// The address of the protected resource that it is: it learns of tokens for it only; may be given several times.
    #[arg(long = "serves", value_name = "URI", value_parser = resource, requires = "introspects")]
    pub serves: Vec<String>,
    /// It cannot keep a secret: an app on a phone, a page with script.
    #[arg(long)]
    pub public: bool,
    /// It does not know PKCE, but sends a nonce; only for old ones with a secret.
    #[arg(long, conflicts_with = "public")]
    pub without_pkce: bool,
    /// It knows neither PKCE nor nonce. A stolen code can then be slipped into another browser: only for tests.
    #[arg(long, conflicts_with_all = ["public", "without_pkce"])]
    pub without_pkce_and_nonce: bool,
    /// The weakest class of sign-in that it takes, such as urn:symbolon:acr:mfa.
    #[arg(long, value_name = "ACR", value_parser = acr)]
    pub min_acr: Option<Acr>,
    /// What its ID tokens are signed with: RS256, PS256, ES256 or EdDSA. Without it RS256, or PS256 under FAPI 2.0.
    #[arg(long, value_name = "ALG", value_parser = signature)]
    pub id_token_alg: Option<Signature>,
    /// The profile that it keeps to, if it is not that of the server; fapi2 needs --metadata with its keys.
    #[arg(long, value_enum, default_value = "none")]
    pub profile: ProfileArgument,
    /// Whether people are asked before it learns anything about them.
    #[arg(long, value_enum, default_value = "never")]
    pub consent: ConsentArgument,
    /// A protected resource that it may get tokens for, by its address (RFC 8707); may be given several times.
    #[arg(long = "resource", value_name = "URI", value_parser = resource)]
    pub resources: Vec<String>,
    /// How far a sign-in for it reaches: to all applications, or to this one only.
    #[arg(long, value_enum, default_value = "all")]
    pub sso: SsoArgument,
    /// Where browsers may be sent after signing out, exactly; may be given several times.
    #[arg(long = "post-logout-redirect-uri", value_name = "URI")]
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    /// Where the server tells it that a session ended.
    #[arg(long, value_name = "URI")]
    pub backchannel_logout_uri: Option<WebUri>,
    /// Where it is told that it can ask again about a person (CIBA, ping); without it, it polls.
    #[arg(long, value_name = "URI")]
    pub backchannel_notification_uri: Option<WebUri>,
    /// Which address of its own a browser opens that has just signed out.
    #[arg(long, value_name = "URI")]
    pub frontchannel_logout_uri: Option<WebUri>,
}

/// `--profile …`
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ProfileArgument {
    /// OpenID Connect, and what its registration says.
    None,
    /// The FAPI 2.0 Security Profile.
    Fapi2,
}

impl From<ProfileArgument> for Profile {
    fn from(argument: ProfileArgument) -> Self {
        match argument {
            ProfileArgument::None => Self::None,
            ProfileArgument::Fapi2 => Self::Fapi2,
        }
    }
}

/// `--consent …`
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ConsentArgument {
    /// Ask, and remember the answer for oidc.consent_life.
    Ask,
    /// An application of the same organisation.
    Never,
}

/// `--sso …`
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum SsoArgument {
    /// Single sign-on.
    All,
    /// The session that comes of it opens no other application, and not the account pages.
    Client,
}

impl From<SsoArgument> for Sso {
    fn from(argument: SsoArgument) -> Self {
        match argument {
            SsoArgument::All => Self::All,
            SsoArgument::Client => Self::Client,
        }
    }
}

impl From<ConsentArgument> for Consent {
    fn from(argument: ConsentArgument) -> Self {
        match argument {
            ConsentArgument::Ask => Self::Ask,
            ConsentArgument::Never => Self::Never,
        }
    }
}

/// RFC 8707, 2: absolute, without a fragment.
fn resource(text: &str) -> Result<String, String> {
    match url::Url::parse(text) {
        Ok(url) if url.fragment().is_none() && text.len() <= 1024 => Ok(text.to_owned()),
        _ => Err("an absolute address without a fragment, such as https://stock.example.org".to_owned()),
    }
}

fn grant_type(text: &str) -> Result<GrantType, String> {
    let names = GrantType::ALL.map(GrantType::name).join(", ");
    GrantType::from_name(text).ok_or_else(|| format!("the grant types are {names}"))
}

fn signature(text: &str) -> Result<Signature, String> {
    Signature::from_name(text).ok_or_else(|| "the algorithms are RS256, PS256, ES256 and EdDSA".to_owned())
}

pub(in crate::cli) fn acr(text: &str) -> Result<Acr, String> {
    let names = Acr::ALL.map(Acr::name).join(", ");
    Acr::from_name(text).ok_or_else(|| format!("the classes are {names}"))
}
