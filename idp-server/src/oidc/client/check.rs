//! What may be registered?

use std::collections::BTreeSet;

use idp_core::Fault;

use super::{AuthMethod, GrantType, Metadata, Pkce, RedirectUri, Registration, SubjectType, assertion};

/// Why an application is not registered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BadClient {
    /// The id has other characters than it may.
    #[error("an id has 1 to 64 letters, digits and - . _ ~")]
    Id,
    /// Without any address nobody comes back.
    #[error("at least one redirect address is needed (redirect_uris)")]
    NoRedirect,
    /// A public client without PKCE: whoever intercepts its code can use it (RFC 9700, 2.1.1).
    #[error("a public client needs PKCE")]
    PublicWithoutPkce,
    /// A member cannot stand beside another one.
    #[error("{member}: {why}")]
    Member {
        /// Its name.
        member: &'static str,
        /// What would be right.
        why: &'static str,
    },
    /// The addresses that stand at its `sector_identifier_uri` are not its own.
    #[error("sector_identifier_uri: it must answer with a JSON list of which all redirect_uris are members")]
    Sector,
    /// The id is taken.
    #[error("there is a client with this id already")]
    Taken,
    /// Trouble of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

const fn bad(member: &'static str, why: &'static str) -> BadClient {
    BadClient::Member { member, why }
}

pub(super) fn id(id: &str) -> Result<(), BadClient> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    if !(1..=64).contains(&id.len()) || !id.chars().all(fits) {
        return Err(BadClient::Id);
    }
    Ok(())
}

impl Registration {
    /// What a single member cannot show.
    pub(super) fn check(&self) -> Result<(), BadClient> {
        let metadata = &self.metadata;
        let method = metadata.token_endpoint_auth_method.unwrap_or(AuthMethod::ClientSecretBasic);
        let is_public = method == AuthMethod::None;
        if is_public && self.terms.pkce != Pkce::Required {
            return Err(BadClient::PublicWithoutPkce);
        }
        metadata.check_keys(method)?;
        metadata.check_encryption()?;
        metadata.check_grants(is_public)?;
        metadata.check_backchannel(is_public)?;
        metadata.check_scope()?;
        metadata.check_logout()?;
        metadata.check_sector()
    }
}

impl Metadata {
    fn check_grants(&self, is_public: bool) -> Result<(), BadClient> {
        let has = |grant_type| self.grant_types.contains(&grant_type);
        if self.grant_types.is_empty() {
            return Err(bad("grant_types", "at least one is needed"));
        }
        let of_people = [GrantType::AuthorizationCode, GrantType::DeviceCode, GrantType::Ciba];
        let of_people = of_people.into_iter().any(has);
        if has(GrantType::RefreshToken) && !of_people {
            let why =
                "refresh_token needs authorization_code, or the grant type of devices or of CIBA, beside it";
            return Err(bad("grant_types", why));
        }
        if has(GrantType::ClientCredentials) && is_public {
            return Err(bad("grant_types", "client_credentials is for clients that authenticate"));
        }
        self.check_responses()
    }

    /// RFC 7591, 2.1.
    fn check_responses(&self) -> Result<(), BadClient> {
        let has = |grant_type| self.grant_types.contains(&grant_type);
        let comes_back = has(GrantType::AuthorizationCode) || has(GrantType::Implicit);
        if comes_back && self.redirect_uris.is_empty() {
            return Err(BadClient::NoRedirect);
        }
        for of in self.response_types.iter().filter(|_| comes_back) {
            if of.has_code() && !has(GrantType::AuthorizationCode) {
                return Err(bad("response_types", "a code needs authorization_code among the grant_types"));
            }
            // Nothing is proved in the browser: what came through it would be anybody's (RFC 9700, 2.2.1).
            if of.has_token()
                && (self.dpop_bound_access_tokens || self.tls_client_certificate_bound_access_tokens)
            {
                let why = "an access token through the browser cannot be bound to a key or a certificate";
                return Err(bad("response_types", why));
            }
            if (of.has_token() || of.has_id_token()) && !has(GrantType::Implicit) {
                return Err(bad("response_types", "tokens need implicit among the grant_types"));
            }
        }
        Ok(())
    }

    fn check_keys(&self, method: AuthMethod) -> Result<(), BadClient> {
        if self.jwks.is_some() && self.jwks_uri.is_some() {
            return Err(bad("jwks", "jwks and jwks_uri exclude each other (RFC 7591, 2)"));
        }
        let needs_keys = matches!(method, AuthMethod::PrivateKeyJwt | AuthMethod::SelfSignedTlsClientAuth);
        if needs_keys && self.jwks.is_none() && self.jwks_uri.is_none() {
            return Err(bad("jwks", "this token_endpoint_auth_method needs jwks or jwks_uri"));
        }
        let names = [
            &self.tls_client_auth_subject_dn,
            &self.tls_client_auth_san_dns,
            &self.tls_client_auth_san_uri,
            &self.tls_client_auth_san_ip,
            &self.tls_client_auth_san_email,
        ];
        if method == AuthMethod::TlsClientAuth && names.into_iter().flatten().count() != 1 {
            let why = "tls_client_auth needs one name of the certificate (RFC 8705, 2.1.2)";
            return Err(bad("tls_client_auth_subject_dn", why));
        }
        let is_known = |name: &str| assertion::ALGORITHMS.iter().any(|algorithm| algorithm.name() == name);
        if self.request_object_signing_alg.as_deref().is_some_and(|name| !is_known(name)) {
            return Err(bad("request_object_signing_alg", "RS256, PS256, ES256 or EdDSA"));
        }
        let Some(name) = self.token_endpoint_auth_signing_alg.as_deref() else { return Ok(()) };
        let fits = match method {
            AuthMethod::ClientSecretJwt => name == "HS256",
            _ => is_known(name),
        };
        match fits {
            true => Ok(()),
            false => Err(bad(
                "token_endpoint_auth_signing_alg",
                "RS256, PS256, ES256 or EdDSA with a key, HS256 with a secret",
            )),
        }
    }

    /// RFC 6749, 3.3.
    fn check_scope(&self) -> Result<(), BadClient> {
        let fits = |c: char| matches!(c, '!' | '#'..='[' | ']'..='~');
        let is_token = |word: &str| !word.is_empty() && word.chars().all(fits);
        match &self.scope {
            Some(scope) if scope.len() > 1024 || !scope.split(' ').all(is_token) => {
                Err(bad("scope", "words separated by single spaces, without quotes (RFC 6749, 3.3)"))
            }
            _ => Ok(()),
        }
    }

    /// Front-Channel Logout 1.0, 2: a page of ours opens this address, so it must be of a site that is known already.
    fn check_logout(&self) -> Result<(), BadClient> {
        let Some(uri) = &self.frontchannel_logout_uri else { return Ok(()) };
        let origin = uri.origin();
        match self.redirect_uris.iter().any(|redirect| origin.as_deref() == Some(redirect.returns_to())) {
            true => Ok(()),
            false => Err(bad(
                "frontchannel_logout_uri",
                "it must have the scheme, host and port of one of the redirect_uris (Front-Channel Logout 1.0, 2)",
            )),
        }
    }

    /// OpenID Connect Core 1.0, 8.1.
    fn check_sector(&self) -> Result<(), BadClient> {
        if self.subject_type != SubjectType::Pairwise {
            return Ok(());
        }
        let sites: BTreeSet<String> = self.redirect_uris.iter().filter_map(RedirectUri::site).collect();
        match &self.sector_identifier_uri {
            None if sites.len() > 1 => Err(bad(
                "subject_type",
                "pairwise needs redirect_uris of one host, or a sector_identifier_uri",
            )),
            // Nobody may believe that it counts.
            Some(_) if self.gets_answers_elsewhere() => Err(bad(
                "sector_identifier_uri",
                "no site vouches for who polls; with the grant type of devices or of CIBA a pairwise name is for this client alone",
            )),
            _ => Ok(()),
        }
    }

    /// Whether it can get answers elsewhere than at its addresses: by asking again for them.
    fn gets_answers_elsewhere(&self) -> bool {
        self.grant_types.iter().any(|of| matches!(of, GrantType::DeviceCode | GrantType::Ciba))
    }

    /// The site whose applications know a person by one name: the host of the `sector_identifier_uri`, or the one that all
    /// its addresses share. None if it can get answers elsewhere than there (OpenID Connect Core 1.0, 8.1): on a device that
    /// polls, or in an app of the person's own device, which may both write the addresses of any site beside that.
    #[must_use]
    pub fn sector(&self) -> Option<String> {
        if self.gets_answers_elsewhere() {
            return None;
        }
        if let Some(uri) = &self.sector_identifier_uri {
            return uri.host();
        }
        let mut sites = self.redirect_uris.iter().map(RedirectUri::site);
        let first = sites.next()??;
        sites.all(|site| site.as_deref() == Some(first.as_str())).then_some(first)
    }
}
