//! What may a page do in the browser? Almost nothing but show itself.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::web::Web;

/// Put this extension into a response whose forms may end elsewhere: browsers hold `form-action` against
/// the redirects that follow a form. Only *validated* origins (or schemes of apps, as `org.example.app:`)
/// belong here, never one from the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FormTargets(pub Vec<String>);

/// Put this extension into a response with frames of others: a page that signs a person out of applications. Only
/// *validated* origins belong here, never one from the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrameSources(pub Vec<String>);

/// The middleware that adds the security headers to every page; `from_fn_with_state(web, …)`.
/// What a handler set itself stays.
pub async fn security_headers(State(web): State<Web>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let targets = response.extensions_mut().remove::<FormTargets>().unwrap_or_default();
    let frames = response.extensions_mut().remove::<FrameSources>().unwrap_or_default();
    let headers = response.headers_mut();
    set(headers, header::CONTENT_SECURITY_POLICY, &policy(&targets, &frames));
    // For browsers that do not know frame-ancestors.
    set(headers, header::X_FRAME_OPTIONS, "DENY");
    set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    // Our own forms must carry an Origin, which `no-referrer` would make `null`.
    set(headers, header::REFERRER_POLICY, "same-origin");
    set(headers, header::CACHE_CONTROL, "no-store");
    set(headers, HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(headers, HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(headers, HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()");
    if web.is_secure() {
        set(headers, header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    response
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let (false, Ok(value)) = (headers.contains_key(&name), HeaderValue::from_str(value)) {
        headers.insert(name, value);
    }
}

/// Injected markup finds no script, no style and no frame that would run; a frame of ours in another page
/// (QR codes can be stolen that way) stays empty.
fn policy(FormTargets(targets): &FormTargets, FrameSources(frames): &FrameSources) -> String {
    let mut form_action = "'self'".to_owned();
    for target in targets.iter().filter(|target| is_origin(target) || is_private_scheme(target)) {
        form_action.push(' ');
        form_action.push_str(target);
    }
    let frames: Vec<&str> = frames.iter().map(String::as_str).filter(|source| is_origin(source)).collect();
    let frame_src = if frames.is_empty() { "'none'".to_owned() } else { frames.join(" ") };
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         frame-src {frame_src}; form-action {form_action}; frame-ancestors 'none'; base-uri 'none'"
    )
}

/// A target is written into a header: anything but an origin could add a rule to it.
fn is_origin(target: &str) -> bool {
    url::Url::parse(target).is_ok_and(|url| {
        let origin = url.origin();
        origin.is_tuple() && origin.ascii_serialization() == target && !target.contains([';', ',', ' '])
    })
}

/// The scheme of an app, such as `org.example.app:` (RFC 8252, 7.1 asks for a reversed domain name).
fn is_private_scheme(target: &str) -> bool {
    target.strip_suffix(':').is_some_and(|scheme| {
        scheme.contains('.')
            && scheme
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_origins_widen_the_policy() {
        let targets =
            ["https://shop.example", "https://x.example; script-src *", "javascript:", "*", "a.b c:"];
        let targets = targets.map(str::to_owned).to_vec();
        let policy = policy(&FormTargets(targets.clone()), &FrameSources(targets));
        assert!(
            policy.contains(
                "frame-src https://shop.example; form-action 'self' https://shop.example; frame-ancestors 'none'"
            ),
            "{policy}"
        );
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    }
}
