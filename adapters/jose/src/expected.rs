//! What must a token be, whoever signed it?

/// The longest signed token that is read where nobody says otherwise, in bytes.
pub const MAX_TOKEN: usize = 16 * 1024;

/// What a signed token must look like before its signature is looked at.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Expected<'a> {
    /// Its header parameter `typ`.
    pub typ: Typ<'a>,
    /// The most bytes it may have; [`MAX_TOKEN`] by default.
    pub max_len: usize,
}

impl<'a> Expected<'a> {
    /// A token of one of these types, of at most [`MAX_TOKEN`] bytes.
    #[must_use]
    pub fn new(typ: Typ<'a>) -> Self {
        Self { typ, max_len: MAX_TOKEN }
    }

    /// The same with another limit.
    #[must_use]
    pub fn max_len(self, bytes: usize) -> Self {
        Self { max_len: bytes, ..self }
    }
}

/// Which values of `typ` (RFC 7515, 4.1.9) are fine. Explicit types keep a token that was signed for one purpose from
/// being taken for another (RFC 8725, 3.11), so there is no "any".
///
/// Media types are compared without regard to case, and `application/` may stand before them or be left out.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Typ<'a> {
    /// One of these, as in `dpop+jwt` (RFC 9449, 4.2).
    OneOf(&'a [&'a str]),
    /// One of these, or the parameter is not there, as older profiles allow.
    OneOfOrAbsent(&'a [&'a str]),
}

impl Typ<'_> {
    /// Whether a header with this `typ` is fine.
    pub(crate) fn fits(self, typ: Option<&str>) -> bool {
        let (allowed, absent) = match self {
            Self::OneOf(allowed) => (allowed, false),
            Self::OneOfOrAbsent(allowed) => (allowed, true),
        };
        typ.map_or(absent, |typ| allowed.iter().any(|fine| short(fine).eq_ignore_ascii_case(short(typ))))
    }
}

/// A media type without `application/` before it, unless another slash follows (RFC 7515, 4.1.9).
fn short(typ: &str) -> &str {
    match typ.split_once('/') {
        Some((top, rest)) if top.eq_ignore_ascii_case("application") && !rest.contains('/') => rest,
        _ => typ,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_are_compared_without_case_and_prefix() {
        let typ = Typ::OneOf(&["dpop+jwt", "application/JWT"]);
        for fine in ["dpop+jwt", "DPoP+JWT", "application/dpop+jwt", "Application/DPOP+jwt", "jwt"] {
            assert!(typ.fits(Some(fine)), "{fine}");
        }
        for bad in
            ["", "at+jwt", "text/jwt", "application/x/jwt", "application/application/jwt", "jwt ", "jwt;a=b"]
        {
            assert!(!typ.fits(Some(bad)), "{bad}");
        }
        assert!(!typ.fits(None));
    }

    #[test]
    fn absence_is_fine_only_where_the_caller_says_so() {
        assert!(Typ::OneOfOrAbsent(&["JWT"]).fits(None));
        assert!(!Typ::OneOfOrAbsent(&["JWT"]).fits(Some("dpop+jwt")));
        assert!(!Typ::OneOfOrAbsent(&["JWT"]).fits(Some("")));
    }
}
