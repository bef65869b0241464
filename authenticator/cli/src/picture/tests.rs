//! Is the code found in a screenshot, in a photo and in nothing else?

#![expect(clippy::as_conversions, reason = "pixels are computed in floating point")]

use std::{env, fs, path::PathBuf, process};

use idp_protocol::link::{EnrolPayload, Link, Origin, Target};
use image::{GrayImage, ImageFormat, Luma};
use qrcode::{Color, EcLevel, QrCode};

use super::*;

#[path = "../../../../tests/fuzz/parsers/mutate.rs"]
mod mutate;

struct File(PathBuf);

impl File {
    fn new(name: &str, picture: &GrayImage) -> Self {
        let file = Self(env::temp_dir().join(format!("symbolon-picture-{}-{name}", process::id())));
        let format = if name.ends_with("jpg") { ImageFormat::Jpeg } else { ImageFormat::Png };
        picture.save_with_format(&file.0, format).unwrap();
        file
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn link(byte: u8) -> String {
    let payload = EnrolPayload { enrolment: [byte; 16], secret: [0x5a; 16], root: [0xc3; 16], flags: 0 };
    let origin = Origin::parse("https://id.example.org").unwrap();
    Link { origin, target: Target::Enrol(payload) }.to_qr()
}

fn page(width: u32, height: u32) -> GrayImage {
    // Lines of "text": dark dashes of uneven length.
    GrayImage::from_fn(width, height, |x, y| {
        let ink = y % 24 < 9 && (x * 7 + y / 24 * 31) % 29 < 17 && x % 640 > 40 && x % 640 < 560;
        Luma([if ink { 40 } else { 252 }])
    })
}

fn paint(picture: &mut GrayImage, text: &str, left: u32, top: u32, scale: u32) {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).unwrap();
    let (colors, width) = (code.to_colors(), code.width() as u32);
    let side = (width + 8) * scale;
    for (x, y) in (0..side).flat_map(|x| (0..side).map(move |y| (x, y))) {
        let (column, row) = ((x / scale).wrapping_sub(4), (y / scale).wrapping_sub(4));
        let inside = column < width && row < width;
        let dark = inside && colors[(row * width + column) as usize] == Color::Dark;
        picture.put_pixel(left + x, top + y, Luma([if dark { 0 } else { 255 }]));
    }
}

/// A photo of a screen: turned by some degrees, lit from one side, with noise, a little out of focus.
fn photo(picture: &GrayImage) -> GrayImage {
    let (sin, cos) = 0.12_f32.sin_cos();
    let (width, height) = picture.dimensions();
    let (middle_x, middle_y) = (width as f32 / 2.0, height as f32 / 2.0);
    let mut noise = 12_345_u32;
    let turned = GrayImage::from_fn(width, height, |x, y| {
        let (dx, dy) = (x as f32 - middle_x, y as f32 - middle_y);
        let (from_x, from_y) = (middle_x + dx * cos - dy * sin, middle_y + dx * sin + dy * cos);
        let inside = from_x >= 0.0 && from_y >= 0.0;
        let pixel = picture.get_pixel_checked(from_x as u32, from_y as u32).filter(|_| inside);
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let grain = (noise >> 27) as f32 - 16.0;
        let light = 0.55 + 0.4 * x as f32 / width as f32;
        let luma = pixel.map_or(90.0, |pixel| 30.0 + f32::from(pixel.0[0]) * 0.8);
        Luma([(luma * light + grain).clamp(0.0, 255.0) as u8])
    });
    imageops::blur(&turned, 1.2)
}

#[test]
fn a_screenshot_of_a_whole_page() {
    for scale in [3, 4, 6] {
        let mut screen = page(1920, 1080);
        paint(&mut screen, &link(1), 1210, 333, scale);
        assert_eq!(read(&File::new(&format!("page{scale}.png"), &screen).0).unwrap(), link(1), "{scale}");
    }
}

#[test]
fn a_photo_of_a_screen() {
    let mut screen = page(1600, 1200);
    paint(&mut screen, &link(2), 600, 400, 8);
    assert_eq!(read(&File::new("photo.jpg", &photo(&screen)).0).unwrap(), link(2));
}

#[test]
fn a_small_picture_of_the_code_alone() {
    let mut small = GrayImage::from_pixel(100, 100, Luma([255]));
    paint(&mut small, &link(3), 0, 0, 2);
    assert_eq!(read(&File::new("small.png", &small).0).unwrap(), link(3));
}

#[test]
fn another_code_on_the_page_is_passed_over() {
    let mut screen = page(1400, 900);
    paint(&mut screen, "https://shop.example.org/offer", 60, 60, 5);
    let advert = File::new("advert.png", &screen);
    assert!(read(&advert.0).unwrap_err().to_string().contains("none of this sign-in"));
    paint(&mut screen, &link(4), 700, 300, 5);
    assert_eq!(read(&File::new("both.png", &screen).0).unwrap(), link(4));
}

#[test]
fn two_codes_are_not_guessed_between() {
    let mut screen = page(1400, 900);
    paint(&mut screen, &link(5), 60, 60, 5);
    paint(&mut screen, &link(6), 700, 300, 5);
    assert!(read(&File::new("two.png", &screen).0).unwrap_err().to_string().contains("several"));
}

#[test]
fn what_is_no_picture_says_what_to_try() {
    let nothing = File::new("nothing.png", &page(600, 400));
    let failure = read(&nothing.0).unwrap_err();
    assert_eq!(failure.exit_code(), 3);
    assert!(failure.to_string().contains("--code"), "{failure}");
    fs::write(&nothing.0, b"GIF89a, or so").unwrap();
    assert!(read(&nothing.0).unwrap_err().to_string().contains("save it as PNG"));
    assert_eq!(read(Path::new("no/such/file.png")).unwrap_err().exit_code(), 3);
}

#[test]
fn mutated_pictures_are_refused_in_words() {
    let mut picture = GrayImage::from_pixel(90, 90, Luma([255]));
    paint(&mut picture, &link(1), 10, 10, 1);
    let honest = [ImageFormat::Png, ImageFormat::Jpeg].map(|format| {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    });
    let mut mutator = mutate::Mutator::new(11);
    for _ in 0..200 {
        if let Ok(text) = read_bytes(Path::new("picture"), &mutator.of(&honest)) {
            assert!(Link::parse(&text).is_ok(), "{text}");
        }
    }
}
