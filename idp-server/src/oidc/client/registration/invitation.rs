//! Who may register an application where not everybody may? (RFC 7591, 3: the initial access token)

use idp_core::{
    Time,
    mark::{MarkRow, MarkWrite},
};
use idp_protocol::{
    Octets,
    encoding::{from_base64url, to_base64url},
};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::App;

/// An initial access token. Nothing is stored of it until it is used: it says itself until when it holds, with a keyed
/// digest over that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invitation {
    id: Octets<16>,
    until: Time,
    is_for_one: bool,
}

impl Invitation {
    /// One that holds until then, for one application or for any number.
    #[must_use]
    pub fn new(app: &App, until: Time, is_for_one: bool) -> Self {
        Self { id: Octets(app.engine().crypto().random()), until, is_for_one }
    }

    /// Reads one; `None` if it is none of ours, or is over.
    #[must_use]
    pub fn read(app: &App, text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(from_base64url(text).filter(|bytes| bytes.len() == 57)?);
        let (id, rest) = bytes.split_first_chunk::<16>()?;
        let (until, rest) = rest.split_first_chunk::<8>()?;
        let ([is_for_one], tag) = rest.split_first_chunk::<1>()?;
        let until = Time(i64::from_be_bytes(*until));
        let invitation = Self { id: Octets(*id), until, is_for_one: *is_for_one == 1 };
        let is_ours = bool::from(invitation.tag(app).as_slice().ct_eq(tag));
        (is_ours && app.engine().now() < until).then_some(invitation)
    }

    /// The text of it.
    #[must_use]
    pub fn write(&self, app: &App) -> Zeroizing<String> {
        Zeroizing::new(to_base64url(&[self.said().as_slice(), &self.tag(app)].concat()))
    }

    /// What to write down beside the registration, if it is for one application only.
    #[must_use]
    pub fn used(&self, app: &App) -> Option<MarkWrite> {
        let key = app.engine().keys().digest("invitation used", &[&self.id.0]);
        let row = MarkRow { key, answer: None, expires_at: self.until };
        self.is_for_one.then(|| MarkWrite::Insert { row, now: app.engine().now() })
    }

    fn said(&self) -> Vec<u8> {
        [self.id.0.as_slice(), &self.until.0.to_be_bytes(), &[u8::from(self.is_for_one)]].concat()
    }

    fn tag(&self, app: &App) -> [u8; 32] {
        app.engine().keys().digest("invitation", &[&self.said()])
    }
}
