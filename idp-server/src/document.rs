//! What stands at an address for everybody, written once, and is not sent again to whoever has it? (RFC 9110, 8.8.3 and
//! 13.1.2)

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use idp_core::{Crypto, Fault};
use idp_protocol::encoding::to_base64url;

/// The media type of JSON.
pub(crate) const JSON: &str = "application/json";

/// A document. The same for everybody, so pages of other origins may read it, and it may be kept for some minutes: a
/// new key is published long before it signs.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    body: Bytes,
    media_type: HeaderValue,
    etag: HeaderValue,
}

impl Document {
    /// # Errors
    /// [`Fault::Setup`] if its digest is no header, which none is.
    pub(crate) fn new(crypto: &Crypto, media_type: &'static str, text: String) -> Result<Self, Fault> {
        let digest = to_base64url(&crypto.hash.sha256(text.as_bytes()));
        let etag = HeaderValue::from_str(&format!("\"{digest}\""));
        let etag = etag.map_err(|_| Fault::Setup("a document has no digest"))?;
        Ok(Self { body: Bytes::from(text), media_type: HeaderValue::from_static(media_type), etag })
    }

    /// The text.
    #[cfg(feature = "saml")]
    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    /// What somebody gets who asks with these headers.
    pub(crate) fn answer(&self, asked: &HeaderMap) -> Response {
        let kept = [
            (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
            (header::ETAG, self.etag.clone()),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        ];
        if self.is_known_to(asked) {
            return (StatusCode::NOT_MODIFIED, kept).into_response();
        }
        (kept, [(header::CONTENT_TYPE, self.media_type.clone())], self.body.clone()).into_response()
    }

    /// RFC 9110, 13.1.2: a list of tags, of which a weak one does as well.
    fn is_known_to(&self, asked: &HeaderMap) -> bool {
        let lines = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
        let mut tags = lines.flat_map(|line| line.split(',')).map(str::trim);
        tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == self.etag.as_bytes())
    }
}
