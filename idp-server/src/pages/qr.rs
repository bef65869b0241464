//! How does a text become a QR code that cameras read and screen readers name?

use qrcode::{Color, EcLevel};

/// The light border of a symbol, in modules (ISO/IEC 18004).
pub(super) const QUIET: usize = 4;
/// How large a module is drawn, in CSS pixels: below four, cameras fail.
pub(super) const MODULE: usize = 5;

/// A QR code as one path of an SVG image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QrCode {
    /// How many modules a side has, the quiet zone among them.
    pub modules: usize,
    /// The side, in CSS pixels.
    pub pixels: usize,
    /// The dark modules.
    pub path: String,
}

impl QrCode {
    /// The code of a text; `None` if it is too long for any symbol.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let code = qrcode::QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        let width = code.width();
        let colors = code.to_colors();
        let mut path = String::new();
        for (y, row) in colors.chunks(width).enumerate() {
            draw_row(&mut path, row, y.saturating_add(QUIET));
        }
        let modules = width.saturating_add(2 * QUIET);
        Some(Self { modules, pixels: modules.saturating_mul(MODULE), path })
    }
}

/// Neighbours are drawn as one bar: no hairlines between modules, and a short path.
fn draw_row(path: &mut String, row: &[Color], y: usize) {
    let mut x = QUIET;
    for run in row.chunk_by(|a, b| a == b) {
        if run.first() == Some(&Color::Dark) {
            path.push_str(&format!("M{x} {y}h{n}v1h-{n}z", n = run.len()));
        }
        x = x.saturating_add(run.len());
    }
}

#[cfg(test)]
mod tests {
    use super::QrCode;

    /// The link of an enrolment as it is made, with a host of so many letters.
    fn enrolment_link(host: usize) -> String {
        let vectors = include_str!("../../../idp-protocol/vectors/links.json");
        let vectors: serde_json::Value = serde_json::from_str(vectors).unwrap();
        let link = vectors["good"][0]["qr"].as_str().unwrap();
        assert!(link.starts_with("HTTPS://ID.EXAMPLE.ORG/E#"), "{link}");
        link.replace("ID.EXAMPLE.ORG", &"H".repeat(host))
    }

    #[test]
    fn an_enrolment_link_fits_a_phone() {
        let modules = |host| QrCode::of(&enrolment_link(host)).unwrap().modules;
        assert_eq!([modules(58), modules(59)], [49, 53], "version 6 holds a host of 58 letters");
        let code = QrCode::of(&enrolment_link("id.example.org".len())).unwrap();
        assert!(code.modules <= 49, "version 6 at most: {}", code.modules);
        assert!(code.pixels <= 288, "a narrow phone has 288 pixels between its margins");
        assert!(code.path.starts_with("M4 4h7v1h-7z"), "the finder stands behind the quiet zone");
        assert_eq!(QrCode::of(&"A".repeat(5_000)), None);
    }
}
