//! Large JPEGs at a half, a quarter or an eighth of their size, straight from their coefficients: every block of 8 x 8 is
//! transformed back to 4 x 4, 2 x 2 or 1 x 1 pixels only, which spares most of the time of a decoder. It opens no file and
//! decides nothing about limits but memory.

use image::RgbImage;
use jpeg_decoder::{Decoder, PixelFormat};

/// Reductions, the greatest first.
const FACTORS: [u32; 3] = [8, 4, 2];

/// The JPEG at the greatest reduction that leaves at least `least` (width, height) of its `size`. `None` where there is no
/// such reduction, and where the picture is better left to the decoder of whole pictures: other colours than grey and RGB,
/// damaged files, files that need more than `max_bytes` of memory.
pub(super) fn decode_reduced(
    bytes: &[u8],
    size: (u32, u32),
    least: (u32, u32),
    max_bytes: usize,
) -> Option<RgbImage> {
    let (width, height) = reduced_size(size, least)?;
    // The decoder forgives a file that ends too early; whoever shows the whole picture does not.
    if !ends_whole(bytes) {
        return None;
    }
    let mut decoder = Decoder::new(bytes);
    decoder.set_max_decoding_buffer_size(max_bytes);
    decoder.read_info().ok()?;
    let found = decoder.scale(u16::try_from(width).ok()?, u16::try_from(height).ok()?).ok()?;
    let (found_width, found_height) = (u32::from(found.0), u32::from(found.1));
    if found_width < width || found_height < height || (found_width, found_height) == size {
        return None;
    }
    let pixels = decoder.decode().ok()?;
    let rgb = match decoder.info()?.pixel_format {
        PixelFormat::RGB24 => pixels,
        PixelFormat::L8 => pixels.iter().flat_map(|&grey| [grey; 3]).collect(),
        PixelFormat::L16 | PixelFormat::CMYK32 => return None,
    };
    RgbImage::from_raw(found_width, found_height, rgb)
}

/// The size at the greatest reduction that leaves `least`.
fn reduced_size((width, height): (u32, u32), least: (u32, u32)) -> Option<(u32, u32)> {
    let at = |factor: u32| (width.div_ceil(factor), height.div_ceil(factor));
    FACTORS.into_iter().map(at).find(|&(width, height)| width >= least.0 && height >= least.1)
}

/// Whether the end-of-image marker (ITU-T T.81, table B.1) is there; some writers leave a little after it.
fn ends_whole(bytes: &[u8]) -> bool {
    const END: [u8; 2] = [0xff, 0xd9];
    /// Bytes looked at, from the end.
    const TAIL: usize = 1024;
    bytes.split_at(bytes.len().saturating_sub(TAIL)).1.windows(2).any(|pair| pair == END)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use image::codecs::jpeg::JpegEncoder;
    use image::{DynamicImage, Rgb, RgbImage};

    use super::super::thumbnail;
    use super::{decode_reduced, reduced_size};

    #[test]
    fn the_greatest_reduction_that_is_enough() {
        assert_eq!(reduced_size((4000, 3000), (672, 504)), Some((1000, 750)));
        assert_eq!(reduced_size((4000, 3000), (500, 375)), Some((500, 375)));
        assert_eq!(reduced_size((4001, 3000), (501, 375)), Some((501, 375)));
        assert_eq!(reduced_size((1000, 1000), (501, 10)), None);
        assert_eq!(reduced_size((9, 9), (1, 1)), Some((2, 2)));
    }

    /// Bright and dark shapes with soft and hard edges.
    fn scene(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            let wave = ((x as f32 / 37.0).sin() + (y as f32 / 53.0).cos()) * 60.0 + 128.0;
            let stripe = if (x / 90 + y / 70).is_multiple_of(3) { 40.0 } else { 0.0 };
            Rgb([wave, 255.0 - wave, wave * 0.5 + stripe].map(|value| value.clamp(0.0, 255.0) as u8))
        })
    }

    fn encoded(picture: &DynamicImage) -> Vec<u8> {
        let mut bytes = Vec::new();
        picture.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 90)).unwrap();
        bytes
    }

    fn check_alike(picture: &DynamicImage, least: u32, expected: (u32, u32)) {
        let (bytes, size) = (encoded(picture), (picture.width(), picture.height()));
        let reduced = decode_reduced(&bytes, size, (least, least), 1 << 28).unwrap();
        assert_eq!(reduced.dimensions(), expected);
        let whole = image::load_from_memory(&bytes).unwrap().into_rgb8();
        let side = least / 3;
        let (a, b) = (thumbnail(&reduced, side), thumbnail(&whole, side));
        assert_eq!(a.dimensions(), b.dimensions());
        let off: Vec<u32> =
            a.as_raw().iter().zip(b.as_raw()).map(|(a, b)| u32::from(a.abs_diff(*b))).collect();
        let mean = f64::from(off.iter().sum::<u32>()) / off.len() as f64;
        assert!(mean < 1.5 && off.iter().all(|off| *off <= 12), "{mean} {:?}", off.iter().max());
    }

    #[test]
    fn made_smaller_it_is_the_whole_picture_made_smaller() {
        let colour = DynamicImage::ImageRgb8(scene(1204, 804));
        check_alike(&colour, 300, (602, 402));
        check_alike(&colour, 150, (301, 201));
        check_alike(&DynamicImage::ImageLuma8(colour.to_luma8()), 300, (602, 402));
    }

    #[test]
    fn what_it_cannot_do_is_left_to_others() {
        let bytes = encoded(&DynamicImage::ImageRgb8(scene(640, 480)));
        assert!(decode_reduced(&bytes, (640, 480), (400, 100), 1 << 28).is_none());
        assert!(decode_reduced(&bytes, (640, 480), (100, 100), 1000).is_none());
        assert!(decode_reduced(&bytes[..bytes.len() / 2], (640, 480), (100, 100), 1 << 28).is_none());
        assert!(decode_reduced(b"no picture", (640, 480), (100, 100), 1 << 28).is_none());
        let cmyk: &[u8] = include_bytes!("fixtures/cmyk.jpg");
        assert!(decode_reduced(cmyk, (16, 16), (8, 8), 1 << 28).is_none());
    }
}
