//! May this form have been sent? Only by a page of ours.
//!
//! Cross-site request forgery: another site's page makes the browser post to us, and the browser adds its
//! cookies. SameSite=Lax already keeps them back; this is the second lock, and it also closes what Lax
//! leaves open: pages of a *neighbouring* host (same site, other origin) and rebound names.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, Method, StatusCode, header};

use crate::web::Web;

/// The middleware that answers 403 to what another site made the browser send; `from_fn_with_state(web, …)`.
/// Endpoints that no browser uses (devices, token endpoint) belong into another router, without it.
pub async fn same_origin_only(State(web): State<Web>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if reads || is_ours(request.headers(), web.issuer()) {
        return next.run(request).await;
    }
    tracing::warn!(path = request.uri().path(), "a form of another site was refused");
    let text = "This form did not come from a page of this site. Go back, open the page again and repeat it.";
    (StatusCode::FORBIDDEN, text).into_response()
}

/// Both headers are written by the browser and cannot be set by script. A request with neither was not made
/// by a browser that keeps cookies for other sites, so nobody's cookies are abused.
fn is_ours(headers: &HeaderMap, issuer: &str) -> bool {
    let value = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let site = value(header::HeaderName::from_static("sec-fetch-site"));
    let origin = value(header::ORIGIN);
    site.is_none_or(|site| matches!(site, "same-origin" | "none"))
        && origin.is_none_or(|origin| origin == issuer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(pairs: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        is_ours(&headers, "https://id.example.org")
    }

    #[test]
    fn cross_site_forms() {
        assert!(ours(&[("origin", "https://id.example.org"), ("sec-fetch-site", "same-origin")]));
        assert!(ours(&[("origin", "https://id.example.org")]));
        assert!(!ours(&[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")]));
        assert!(!ours(&[("origin", "https://evil.example.org"), ("sec-fetch-site", "same-site")]));
        assert!(!ours(&[("origin", "null")]), "a sandboxed frame");
        assert!(!ours(&[("origin", "http://id.example.org")]), "a plain connection");
        assert!(!ours(&[("origin", "http://rebound.example"), ("sec-fetch-site", "same-origin")]));
    }
}
