//! An application reads the document that it begins with.

use anyhow::ensure;
use http::StatusCode;

use crate::{connection::Connection, measure::Flow, server::DISCOVERY};

/// Asks for one document.
pub struct Discovery {
    pub connection: Connection,
    /// The bytes that it has to be.
    pub document: hyper::body::Bytes,
}

impl Flow for Discovery {
    async fn once(&mut self) -> anyhow::Result<()> {
        let answer = self.connection.get(DISCOVERY).await?.expect(StatusCode::OK, DISCOVERY)?;
        ensure!(answer.body == self.document, "the document is another one");
        Ok(())
    }
}
