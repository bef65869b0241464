//! What do the messages say, and how are they written and read?

mod artifact;
mod assertion;
mod head;
mod logout;
mod name_id;
mod response;
mod status;

pub use artifact::{ArtifactResolve, ArtifactResponse};
pub use assertion::{Assertion, Attribute, AuthnStatement, Bearer, Conditions, Subject};
pub use head::Head;
pub use logout::{LogoutRequest, LogoutResponse};
pub use name_id::NameId;
pub use response::{Protection, Response, Signed};
pub use status::Status;
