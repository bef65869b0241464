//! How are the certificates of our own signing keys kept?

use idp_core::Fault;

use crate::{
    Db,
    sql::{Conn, Found, bounded, execute, list},
};

/// The certificate of a signing key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SamlCertificateRow {
    /// The purpose of the key.
    pub purpose: String,
    /// Its number.
    pub number: i64,
    /// The certificate (DER).
    pub der: Vec<u8>,
}

/// A certificate is made. Of two nodes that make one the first counts, and both read again: service providers pin its
/// bytes. No guard.
#[derive(Debug)]
pub struct SamlCertificateWrite(pub SamlCertificateRow);

impl Db {
    /// The certificates of all signing keys, in the order of purpose and number.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn saml_certificates(&self) -> Result<Vec<SamlCertificateRow>, Fault> {
        bounded(async move {
            list!(
                self.reads(),
                row,
                "SELECT purpose, number, der FROM saml_certificates ORDER BY purpose, number"
            )
        })
        .await
    }
}

fn row(found: Found<'_>) -> sqlx::Result<SamlCertificateRow> {
    Ok(SamlCertificateRow {
        purpose: found.text("purpose")?,
        number: found.int("number")?,
        der: found.maybe_bytes("der")?.unwrap_or_default(),
    })
}

pub(super) async fn write(conn: &mut Conn<'_>, write: &SamlCertificateWrite) -> sqlx::Result<bool> {
    let SamlCertificateWrite(row) = write;
    execute!(
        conn,
        "INSERT INTO saml_certificates (purpose, number, der) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        row.purpose.as_str(),
        row.number,
        row.der.as_slice(),
    );
    Ok(true)
}
