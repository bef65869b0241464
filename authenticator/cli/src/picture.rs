//! Where in a picture is the code, and what does it say?

use std::{fs, io::Cursor, path::Path};

use idp_protocol::link::Link;
use image::{GrayImage, ImageReader, Limits, imageops};

use crate::failure::Failure;

const MAX_FILE: u64 = 32 * 1024 * 1024;
const MAX_SIDE: u32 = 12_000;
const MAX_MEMORY: u64 = 512 * 1024 * 1024;
/// Below this width, two readers that want three pixels a module get each pixel as a square of them.
const SMALL: u32 = 1_200;
/// Above this, a photo has more noise than detail.
const LARGE: u32 = 2_400;

/// Finds the one code of this protocol in a PNG or JPEG.
pub fn read(path: &Path) -> Result<String, Failure> {
    read_bytes(path, &load(path)?)
}

/// The same for what stands in the file.
pub fn read_bytes(path: &Path, bytes: &[u8]) -> Result<String, Failure> {
    let picture = decode(path, bytes)?;
    let mut other_code = false;
    for attempt in [picture.clone(), resized(&picture)] {
        for reader in [rqrr_texts, rxing_texts] {
            let texts = reader(&attempt);
            let (mut ours, other): (Vec<String>, Vec<String>) =
                texts.into_iter().partition(|text| Link::parse(text).is_ok());
            other_code |= !other.is_empty();
            ours.sort();
            ours.dedup();
            if ours.len() > 1 {
                return Err(failed(path, "shows several sign-in codes: crop it to the one that you mean"));
            }
            if let Some(text) = ours.pop() {
                return Ok(text);
            }
        }
    }
    Err(if other_code {
        failed(path, "has a QR code, but none of this sign-in: take a picture of the sign-in page")
    } else {
        failed(
            path,
            "has no readable QR code: make the code larger on the screen, with a white margin around it and \
             without reflections, and take the picture again; or type the letters under it with --code",
        )
    })
}

fn failed(path: &Path, what: &str) -> Failure {
    Failure::Picture(format!("The picture {} {what}.", path.display()))
}

fn load(path: &Path) -> Result<Vec<u8>, Failure> {
    let unreadable = |error| Failure::Picture(format!("Cannot read {}: {error}", path.display()));
    if fs::metadata(path).map_err(unreadable)?.len() > MAX_FILE {
        return Err(failed(path, "is larger than 32 MB: crop it to the code"));
    }
    fs::read(path).map_err(unreadable)
}

fn decode(path: &Path, bytes: &[u8]) -> Result<GrayImage, Failure> {
    let mut limits = Limits::default();
    // A small file can unpack to a picture of terabytes.
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_MEMORY);
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|error| Failure::Picture(format!("Cannot read {}: {error}", path.display())))?;
    reader.limits(limits);
    let picture =
        reader.decode().map_err(|_| failed(path, "is not a PNG or JPEG that can be read: save it as PNG"))?;
    Ok(flattened(&picture.into_luma_alpha8()))
}

/// Transparent places are white, as on the page that the picture was saved from.
fn flattened(picture: &image::GrayAlphaImage) -> GrayImage {
    let mut flat = GrayImage::new(picture.width(), picture.height());
    for (to, from) in flat.pixels_mut().zip(picture.pixels()) {
        let [luma, alpha] = from.0.map(u32::from);
        let white = u32::from(u8::MAX);
        let mixed =
            luma.saturating_mul(alpha).saturating_add(white.saturating_mul(white.saturating_sub(alpha)));
        to.0 = [u8::try_from(mixed / white).unwrap_or(u8::MAX)];
    }
    flat
}

fn resized(picture: &GrayImage) -> GrayImage {
    let (width, height) = picture.dimensions();
    if width.max(height) > LARGE {
        imageops::resize(picture, width / 2, height / 2, imageops::FilterType::Triangle)
    } else {
        let factor = if width.max(height) > SMALL { 2 } else { 3 };
        let (width, height) = (width.saturating_mul(factor), height.saturating_mul(factor));
        imageops::resize(picture, width, height, imageops::FilterType::Nearest)
    }
}

/// Finds codes of 1 pixel a module on, anywhere on a page.
fn rqrr_texts(picture: &GrayImage) -> Vec<String> {
    let (Ok(width), Ok(height)) = (usize::try_from(picture.width()), usize::try_from(picture.height()))
    else {
        return Vec::new();
    };
    let luma = |x: usize, y: usize| {
        let at = u32::try_from(x).ok().zip(u32::try_from(y).ok());
        at.and_then(|(x, y)| picture.get_pixel_checked(x, y)).map_or(u8::MAX, |pixel| {
            let [luma] = pixel.0;
            luma
        })
    };
    let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(width, height, luma);
    let grids = prepared.detect_grids();
    grids.iter().filter_map(|grid| grid.decode().ok()).map(|(_, text)| text).collect()
}

/// Better at photos: it sets its threshold region by region.
fn rxing_texts(picture: &GrayImage) -> Vec<String> {
    let (width, height) = picture.dimensions();
    let format = Some(rxing::BarcodeFormat::QR_CODE);
    let found = rxing::helpers::detect_in_luma(picture.as_raw().clone(), width, height, format);
    found.map(|result| result.getText().to_owned()).into_iter().collect()
}

#[cfg(test)]
#[path = "picture/tests.rs"]
mod tests;
