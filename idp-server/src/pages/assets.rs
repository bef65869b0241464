//! Where do style sheet, script and mark come from? From the program itself, under names that change with them.

use std::sync::LazyLock;

use aws_lc_rs::digest;
use axum::{
    extract::Path,
    response::{IntoResponse as _, Response},
};
use data_encoding::HEXLOWER;
use http::{HeaderMap, StatusCode, header};

/// A file that pages load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asset {
    /// The style sheet.
    Style,
    /// The script.
    Script,
    /// The script of the pages with passkeys.
    Passkey,
    /// The mark.
    Mark,
    /// The script of the frame that pages of applications ask.
    CheckSession,
}

struct File {
    asset: Asset,
    path: String,
    etag: String,
    kind: &'static str,
    bytes: &'static [u8],
}

static FILES: LazyLock<[File; 5]> = LazyLock::new(|| {
    [
        file(Asset::Style, "css", "text/css; charset=utf-8", include_bytes!("../../assets/symbolon.css")),
        file(
            Asset::Script,
            "js",
            "text/javascript; charset=utf-8",
            include_bytes!("../../assets/symbolon.js"),
        ),
        file(
            Asset::CheckSession,
            "js",
            "text/javascript; charset=utf-8",
            include_bytes!("../../assets/check-session.js"),
        ),
        file(
            Asset::Passkey,
            "js",
            "text/javascript; charset=utf-8",
            include_bytes!("../../assets/passkey.js"),
        ),
        file(Asset::Mark, "svg", "image/svg+xml", include_bytes!("../../assets/mark.svg")),
    ]
});

fn file(asset: Asset, end: &str, kind: &'static str, bytes: &'static [u8]) -> File {
    let digest = digest::digest(&digest::SHA256, bytes);
    let hash = HEXLOWER.encode(digest.as_ref().get(..6).unwrap_or_default());
    File { asset, path: format!("/assets/symbolon-{hash}.{end}"), etag: format!("\"{hash}\""), kind, bytes }
}

/// The address of a file.
#[must_use]
pub fn path(asset: Asset) -> &'static str {
    FILES.iter().find(|file| file.asset == asset).map_or("", |file| &file.path)
}

/// `GET /assets/{name}`.
pub async fn serve(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some(file) = FILES.iter().find(|file| file.path.strip_prefix("/assets/") == Some(&name)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kept = [
        (header::ETAG, file.etag.as_str()),
        // The name changes with the content, so it may be kept for ever.
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    let asked = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if asked == Some(&file.etag) {
        return (StatusCode::NOT_MODIFIED, kept).into_response();
    }
    (kept, [(header::CONTENT_TYPE, file.kind)], file.bytes).into_response()
}
