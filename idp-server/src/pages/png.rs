//! How does a text become a picture of a QR code that every mail program shows? They show PNG, and many of them neither SVG
//! nor `data:` addresses.

use std::iter;

use qrcode::{Color, EcLevel, QrCode};

use super::qr::{MODULE, QUIET};

/// The most bytes of a block that is stored as it is (RFC 1951, 3.2.4).
const STORED: usize = 65_535;

/// A picture of a QR code: black on white, with its quiet zone, so that it stays readable in a dark mail program.
#[derive(Clone)]
pub(crate) struct Png {
    /// The file (PNG, third edition).
    pub bytes: Vec<u8>,
    /// The side, in pixels.
    pub pixels: usize,
}

impl Png {
    /// The picture of a text; `None` if it is too long for any symbol.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        let rows = framed(&code);
        let pixels = rows.len().saturating_mul(MODULE);
        let lines = rows.iter().flat_map(|row| iter::repeat_n(line(row), MODULE)).flatten();
        let side = u32::try_from(pixels).ok()?.to_be_bytes();
        // One bit a pixel, in grey; no filter of its own, no interlacing.
        let head = [&side[..], &side, &[1, 0, 0, 0, 0]].concat();
        let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
        bytes.extend(chunk(*b"IHDR", &head)?);
        bytes.extend(chunk(*b"IDAT", &stored(&lines.collect::<Vec<u8>>())?)?);
        bytes.extend(chunk(*b"IEND", &[])?);
        Some(Self { bytes, pixels })
    }
}

/// The modules, row by row, with the quiet zone around them.
fn framed(code: &QrCode) -> Vec<Vec<Color>> {
    let (width, colors) = (code.width(), code.to_colors());
    let border = vec![Color::Light; QUIET];
    let blank = || iter::repeat_n(vec![Color::Light; width.saturating_add(2 * QUIET)], QUIET);
    let rows = colors.chunks(width).map(|row| [&border[..], row, &border].concat());
    blank().chain(rows).chain(blank()).collect()
}

/// A line of pixels: its filter (none), and a bit for each pixel, the leftmost in the highest.
fn line(row: &[Color]) -> Vec<u8> {
    let pixels: Vec<Color> = row.iter().flat_map(|color| iter::repeat_n(*color, MODULE)).collect();
    let bits = |eight: &[Color]| {
        let lights = eight.iter().zip([128_u8, 64, 32, 16, 8, 4, 2, 1]);
        lights.filter(|(color, _)| **color == Color::Light).fold(0, |byte, (_, bit)| byte | bit)
    };
    iter::once(0).chain(pixels.chunks(8).map(bits)).collect()
}

/// Length, name, content and check sum (PNG, 5.3).
fn chunk(name: [u8; 4], content: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(content.len()).ok()?;
    let checked = [&name[..], content].concat();
    Some([&length.to_be_bytes()[..], &checked, &crc(&checked).to_be_bytes()].concat())
}

/// A zlib stream (RFC 1950) that stores its bytes as they are: some kilobytes, and no compressor to depend on.
fn stored(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut stream = vec![0x78, 0x01];
    let mut blocks = bytes.chunks(STORED).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).ok()?;
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend(block);
    }
    stream.extend(adler(bytes).to_be_bytes());
    Some(stream)
}

/// CRC-32 as PNG has it (PNG, annex D).
fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}

/// Adler-32 (RFC 1950, 9).
fn adler(bytes: &[u8]) -> u32 {
    let add = |one: u32, other: u32| one.wrapping_add(other) % 65_521;
    let (low, high) = bytes.iter().fold((1, 0), |(low, high), byte| {
        let low = add(low, u32::from(*byte));
        (low, add(high, low))
    });
    (high << 16) | low
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values that the specifications give.
    #[test]
    fn the_check_sums_are_those_of_everybody_else() {
        assert_eq!(crc(b"IEND"), 0xae42_6082);
        assert_eq!(crc(b"123456789"), 0xcbf4_3926);
        assert_eq!(adler(b"Wikipedia"), 0x11e6_0398);
    }

    #[test]
    fn a_link_fits_a_small_symbol_and_has_a_quiet_zone() {
        let link = format!("https://id.example.org/activate/{}", "A".repeat(22));
        let png = Png::of(&link).unwrap();
        assert!(png.pixels <= (57 + 2 * QUIET) * MODULE, "version 10 at most: {}", png.pixels);
        assert_eq!(line(&framed(&QrCode::new(&link).unwrap())[0])[1..5], [255; 4], "white around it");
        assert!(Png::of(&"A".repeat(5_000)).is_none());
    }
}
