//! What does an OpenID or SAML provider keep that the engine does not know? Its clients, what people consented to, and
//! what came of that.

mod clients;
mod consents;
mod grants;
mod metadata_sources;
pub(crate) mod parties;
pub(crate) mod pings;
mod saml_certificates;
pub(crate) mod saml_parties;
mod service_providers;

use idp_core::{
    Fault,
    store::{Batch, Guard},
};

use crate::{
    Db,
    sql::{Conn, bounded},
    work::{Conflict, Work},
};

pub use clients::{ClientRow, ClientWrite};
pub use consents::{ConsentRow, ConsentWrite};
pub use grants::{GrantRow, GrantWrite, StandingGrant};
pub use metadata_sources::{MetadataSourceRow, MetadataSourceWrite, StagingWrite};
pub use parties::{DueRow, PartyRow, PartyWrite};
pub use pings::{PingRow, PingWrite};
pub use saml_certificates::{SamlCertificateRow, SamlCertificateWrite};
pub use saml_parties::{SamlPartyRow, SamlPartyWrite};
pub use service_providers::{ServiceProviderRow, ServiceProviderWrite, consent_name, named_in_consent};

/// A change of what a provider keeps.
#[derive(Debug)]
#[non_exhaustive]
pub enum ProviderWrite {
    /// Of a client.
    Client(ClientWrite),
    /// Of a consent.
    Consent(ConsentWrite),
    /// Of a grant.
    Grant(GrantWrite),
    /// Of who knows of a session.
    Party(PartyWrite),
    /// Of who is to be told that he can ask again.
    Ping(PingWrite),
    /// Of a service provider of SAML.
    ServiceProvider(ServiceProviderWrite),
    /// Of where metadata comes from.
    MetadataSource(MetadataSourceWrite),
    /// Of what is put aside while the file of a federation is read.
    Staging(StagingWrite),
    /// Of which service provider knows of a session.
    SamlParty(SamlPartyWrite),
    /// Of the certificate of a signing key.
    SamlCertificate(SamlCertificateWrite),
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Changed {
    /// It is done.
    Yes,
    /// The guard of a write of the provider's did not hold; nothing was changed.
    No,
    /// The guard of one of the engine's writes did not hold; nothing was changed.
    Conflict(Guard),
}

macro_rules! writes {
    ($($variant:ident($of:ty);)*) => { $(
        impl From<$of> for ProviderWrite { fn from(write: $of) -> Self { Self::$variant(write) } }
    )* };
}

writes! {
    Client(ClientWrite);
    Consent(ConsentWrite);
    Grant(GrantWrite);
    Party(PartyWrite);
    Ping(PingWrite);
    ServiceProvider(ServiceProviderWrite);
    MetadataSource(MetadataSourceWrite);
    Staging(StagingWrite);
    SamlParty(SamlPartyWrite);
    SamlCertificate(SamlCertificateWrite);
}

impl Db {
    /// Commits a change of the provider's together with writes of the engine's (an audit event, a wake-up), or none
    /// of them.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn change(&self, write: impl Into<ProviderWrite>, with: Batch) -> Result<Changed, Fault> {
        self.change_all(vec![write.into()], with).await
    }

    /// As [`Db::change`], with several changes of the provider's, in their order.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn change_all(&self, writes: Vec<ProviderWrite>, with: Batch) -> Result<Changed, Fault> {
        let work = Work::Provider(writes, with.into_writes());
        Ok(match bounded(self.run(work)).await? {
            Ok(_) => Changed::Yes,
            Err(Conflict::Provider) => Changed::No,
            Err(Conflict::Engine(guard)) => Changed::Conflict(guard),
        })
    }
}

/// Whether the guard held.
pub(crate) async fn write(conn: &mut Conn<'_>, write: &ProviderWrite) -> sqlx::Result<bool> {
    match write {
        ProviderWrite::Client(write) => clients::write(conn, write).await,
        ProviderWrite::Consent(write) => consents::write(conn, write).await,
        ProviderWrite::Grant(write) => grants::write(conn, write).await,
        ProviderWrite::Party(write) => parties::write(conn, write).await,
        ProviderWrite::Ping(write) => pings::write(conn, write).await,
        ProviderWrite::ServiceProvider(write) => service_providers::write(conn, write).await,
        ProviderWrite::MetadataSource(write) => metadata_sources::write(conn, write).await,
        ProviderWrite::Staging(write) => metadata_sources::stage(conn, write).await,
        ProviderWrite::SamlParty(write) => saml_parties::write(conn, write).await,
        ProviderWrite::SamlCertificate(write) => saml_certificates::write(conn, write).await,
    }
}
