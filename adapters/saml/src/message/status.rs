//! How did a request go (SAML core, 3.2.2)?

use crate::{element, names::Space, names::status, refused::Refused, writer::Element};

/// How a request went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// [`status::SUCCESS`], or whose fault it is.
    pub code: String,
    /// What it is exactly, inside of the first.
    pub detail: Option<String>,
    /// For whoever reads logs.
    pub message: Option<String>,
}

impl Status {
    /// It went well.
    #[must_use]
    pub fn success() -> Self {
        Self { code: status::SUCCESS.to_owned(), detail: None, message: None }
    }

    /// It did not: whose fault it is, and what it is.
    #[must_use]
    pub fn failed(code: &str, detail: &str) -> Self {
        Self { code: code.to_owned(), detail: Some(detail.to_owned()), message: None }
    }

    /// Whether it went well.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.code == status::SUCCESS
    }

    pub(super) fn write(&self) -> Element {
        let code = |value: &str| Element::new(Space::Samlp, "StatusCode").attribute("Value", value);
        let outer = code(&self.code).children(self.detail.as_deref().map(code));
        let message =
            self.message.as_ref().map(|text| Element::new(Space::Samlp, "StatusMessage").text(text));
        Element::new(Space::Samlp, "Status").child(outer).children(message)
    }

    pub(super) fn read(root: &element::Element) -> Result<Self, Refused> {
        let samlp = Space::Samlp.uri();
        let status = root.required(samlp, "Status")?;
        let code = status.required(samlp, "StatusCode")?;
        let detail = code.only(samlp, "StatusCode")?;
        let message = status.only(samlp, "StatusMessage")?;
        Ok(Self {
            code: code.required_attribute("Value")?.to_owned(),
            detail: detail.map(|inner| inner.required_attribute("Value").map(str::to_owned)).transpose()?,
            message: message.map(|message| message.text("StatusMessage")).transpose()?,
        })
    }
}
