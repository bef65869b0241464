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

/// The middleware that answers 403 to a page of another site that loads one of ours as a picture, a frame or a
/// script. Sixty invisible pictures of a page that opens sign-ins would use up what the visitor's address may
/// have open, and keep his whole network out.
pub async fn navigations_only(request: Request, next: Next) -> Response {
    if is_navigation(request.headers()) {
        return next.run(request).await;
    }
    (StatusCode::FORBIDDEN, "Open this page in a window of its own.").into_response()
}

fn is_navigation(headers: &HeaderMap) -> bool {
    let value = |name: &'static str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let foreign = value("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"));
    let loaded = value("sec-fetch-dest").is_some_and(|dest| dest != "document");
    !(foreign && loaded)
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

    #[test]
    fn pictures_of_other_sites_open_no_sign_ins() {
        let navigation = |site: &'static str, dest: &'static str| {
            let pairs = [("sec-fetch-site", site), ("sec-fetch-dest", dest)];
            is_navigation(
                &pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect(),
            )
        };
        assert!(navigation("cross-site", "document"), "a shop sends its visitor here");
        assert!(navigation("same-origin", "empty"), "our own script asks for news");
        assert!(navigation("none", "document"));
        for dest in ["image", "iframe", "script", "empty", "object"] {
            assert!(!navigation("cross-site", dest), "{dest}");
            assert!(!navigation("same-site", dest), "{dest}");
        }
        assert!(is_navigation(&HeaderMap::new()), "an old browser does not say");
    }
}
