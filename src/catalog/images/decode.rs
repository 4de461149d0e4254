//! From encoded bytes to upright 8-bit RGB, safely: the kind is told by content, size and memory are checked from
//! the header before pixels are decoded. It opens no file.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage};

use super::reduced::decode_reduced;
use super::{DecodeLimits, ImageError};

/// The kinds of picture Lookalike decodes.
const KINDS: [ImageFormat; 6] = [
    ImageFormat::Jpeg,
    ImageFormat::Png,
    ImageFormat::WebP,
    ImageFormat::Gif,
    ImageFormat::Bmp,
    ImageFormat::Tiff,
];

/// A decoded picture that may be smaller than its file says.
#[derive(Clone, Debug, PartialEq)]
pub struct ReducedPicture {
    /// 8-bit RGB, upright, alpha over white.
    pub picture: RgbImage,
    /// Width and height of the whole picture, upright.
    pub full_size: (u32, u32),
}

/// From the upright width and height of a whole picture to the least that is of use, in pixels.
pub type LeastSize<'a> = dyn Fn((u32, u32)) -> (u32, u32) + 'a;

/// Decodes an encoded picture: format by content, EXIF orientation applied, alpha over white, limits checked first.
/// Of an animation, the first frame.
///
/// # Errors
/// [`ImageError::TooLarge`] or [`ImageError::Undecodable`], naming `path`.
pub fn decode_image(bytes: &[u8], path: &str, limits: &DecodeLimits) -> Result<RgbImage, ImageError> {
    Ok(decode_image_at_least(bytes, path, limits, &|full_size| full_size)?.picture)
}

/// As [`decode_image`], but a JPEG at a half, a quarter or an eighth of its size where that leaves what `least_size` asks
/// for, which is several times faster. It asks for about three times what will be made of the picture: the antialiasing
/// of the scaling that follows then hides how it was reduced.
///
/// # Errors
/// As [`decode_image`].
pub fn decode_image_at_least(
    bytes: &[u8],
    path: &str,
    limits: &DecodeLimits,
    least_size: &LeastSize<'_>,
) -> Result<ReducedPicture, ImageError> {
    if bytes.len() as u64 > limits.max_file_bytes {
        return Err(too_large(
            path,
            format!("{} bytes, at most {} are read", bytes.len(), limits.max_file_bytes),
        ));
    }
    // The decoders are other people's code reading hostile bytes. They return errors for what we have tried; should
    // one of them panic all the same, it costs one picture and not the job. Nothing but locals is touched inside.
    catch_unwind(AssertUnwindSafe(|| decode_checked(bytes, path, limits, least_size)))
        .unwrap_or_else(|_| Err(undecodable(path, "the decoder failed on it".to_owned())))
}

fn decode_checked(
    bytes: &[u8],
    path: &str,
    limits: &DecodeLimits,
    least_size: &LeastSize<'_>,
) -> Result<ReducedPicture, ImageError> {
    let kind = match image::guess_format(bytes) {
        Ok(kind) if KINDS.contains(&kind) => kind,
        Ok(kind) => return Err(undecodable(path, format!("{kind:?} pictures are not supported"))),
        Err(_) if bytes.is_empty() => return Err(undecodable(path, "the file is empty".to_owned())),
        Err(_) => return Err(undecodable(path, "it is no JPEG, PNG, WebP, GIF, BMP or TIFF".to_owned())),
    };
    let named = |error: image::ImageError| match error {
        image::ImageError::Limits(limit) => too_large(path, limit.to_string()),
        other => undecodable(path, other.to_string()),
    };
    let mut decoder_limits = Limits::default();
    decoder_limits.max_alloc = Some(limits.max_alloc_bytes);
    // No side may be longer than all pixels together; this also stops widths near 2^32 before any multiplication.
    let longest = u32::try_from(limits.max_pixels).unwrap_or(u32::MAX);
    decoder_limits.max_image_width = Some(longest);
    decoder_limits.max_image_height = Some(longest);

    let mut reader = ImageReader::with_format(Cursor::new(bytes), kind);
    reader.limits(decoder_limits.clone());
    let mut decoder = reader.into_decoder().map_err(named)?;
    let (width, height) = decoder.dimensions();
    let n_pixels = u64::from(width) * u64::from(height);
    if n_pixels > limits.max_pixels {
        return Err(too_large(
            path,
            format!("{width} x {height} pixels, at most {} pixels are decoded", limits.max_pixels),
        ));
    }
    if n_pixels == 0 {
        return Err(undecodable(path, "it has no pixels".to_owned()));
    }
    let n_bytes = decoder.total_bytes().saturating_add(working_bytes(kind, bytes, n_pixels));
    if n_bytes > limits.max_alloc_bytes {
        return Err(too_large(
            path,
            format!("decoding needs {n_bytes} bytes of memory, at most {} are used", limits.max_alloc_bytes),
        ));
    }
    decoder.set_limits(decoder_limits).map_err(named)?;
    // A picture with a broken EXIF block is still a picture.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let turned =
        |(width, height)| if lies_on_its_side(orientation) { (height, width) } else { (width, height) };
    let full_size = turned((width, height));
    let reduced = match kind {
        ImageFormat::Jpeg => {
            let max_bytes = usize::try_from(limits.max_alloc_bytes).unwrap_or(usize::MAX);
            decode_reduced(bytes, (width, height), turned(least_size(full_size)), max_bytes)
        }
        _ => None,
    };
    let rgb = match reduced {
        Some(rgb) => rgb,
        None => over_white(DynamicImage::from_decoder(decoder).map_err(named)?),
    };
    let mut upright = DynamicImage::ImageRgb8(rgb);
    upright.apply_orientation(orientation);
    Ok(ReducedPicture { picture: upright.into_rgb8(), full_size })
}

/// Whether width and height are exchanged by setting the picture upright.
fn lies_on_its_side(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    )
}

/// Memory the decoder takes besides its output: the JPEG decoder copies its input, and keeps every coefficient
/// (two bytes for each of up to four components a pixel) of a progressive picture.
fn working_bytes(kind: ImageFormat, bytes: &[u8], n_pixels: u64) -> u64 {
    match kind {
        ImageFormat::Jpeg if is_progressive(bytes) => bytes.len() as u64 + n_pixels * 2 * 3,
        ImageFormat::Jpeg => bytes.len() as u64,
        _ => 0,
    }
}

/// Whether the first frame header of a JPEG is a progressive one (SOF2; ITU-T T.81, table B.1).
fn is_progressive(bytes: &[u8]) -> bool {
    let mut at = 2;
    while let Some(&[0xff, marker, high, low]) = bytes.get(at..at + 4) {
        match marker {
            0xc2 => return true,
            // Another frame kind, or the scan itself.
            0xc0 | 0xc1 | 0xc3 | 0xda => return false,
            // Padding before a marker.
            0xff => at += 1,
            _ => at += 2 + usize::from(u16::from_be_bytes([high, low])),
        }
    }
    false
}

/// Drops alpha by laying the picture over white; 16-bit and float samples become 8-bit ones.
fn over_white(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let rgba = picture.into_rgba8();
    let mut rgb = RgbImage::new(rgba.width(), rgba.height());
    for (to, from) in rgb.pixels_mut().zip(rgba.pixels()) {
        let [red, green, blue, alpha] = from.0;
        to.0 = [red, green, blue].map(|sample| {
            let sum = u32::from(sample) * u32::from(alpha) + 255 * (255 - u32::from(alpha));
            ((sum + 127) / 255) as u8
        });
    }
    rgb
}

fn too_large(path: &str, reason: String) -> ImageError {
    ImageError::TooLarge { path: path.to_owned(), reason }
}

fn undecodable(path: &str, reason: String) -> ImageError {
    ImageError::Undecodable { path: path.to_owned(), reason }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot encode its own picture should stop")]
mod tests {
    use std::io::Cursor;

    use image::codecs::gif::GifEncoder;
    use image::{DynamicImage, Frame, ImageFormat, Rgba, RgbaImage};
    use proptest::prelude::{any, prop, proptest};

    use super::{DecodeLimits, ImageError, decode_image};

    fn encode(picture: &DynamicImage, kind: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, kind).unwrap();
        bytes.into_inner()
    }

    fn half_red() -> RgbaImage {
        RgbaImage::from_fn(8, 4, |x, _| if x < 4 { Rgba([255, 0, 0, 128]) } else { Rgba([0, 0, 255, 255]) })
    }

    fn check(bytes: &[u8], left: [u8; 3], right: [u8; 3]) {
        let picture = decode_image(bytes, "x", &DecodeLimits::default()).unwrap();
        assert_eq!(picture.dimensions(), (8, 4));
        for (x, expected) in [(1, left), (6, right)] {
            let found = picture.get_pixel(x, 1).0;
            let close = found.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 3);
            assert!(close, "{found:?} is not {expected:?}");
        }
    }

    #[test]
    fn alpha_lies_over_white_in_every_kind_that_has_it() {
        let eight = DynamicImage::ImageRgba8(half_red());
        let sixteen = DynamicImage::ImageRgba16(eight.to_rgba16());
        for kind in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Tiff, ImageFormat::Bmp] {
            check(&encode(&eight, kind), [255, 127, 127], [0, 0, 255]);
        }
        check(&encode(&sixteen, ImageFormat::Png), [255, 127, 127], [0, 0, 255]);
        check(&encode(&DynamicImage::ImageLuma8(eight.to_luma8()), ImageFormat::Jpeg), [54; 3], [18; 3]);
    }

    /// 16 x 16, left half (220, 40, 30), right half (30, 60, 200), written by Pillow with
    /// `picture.convert("CMYK").save(..., quality=50)` and `picture.save(..., quality=50, progressive=True)`.
    #[test]
    fn cmyk_and_progressive_jpegs_keep_their_colours() {
        let cmyk: &[u8] = include_bytes!("fixtures/cmyk.jpg");
        let progressive: &[u8] = include_bytes!("fixtures/progressive.jpg");
        assert!(super::is_progressive(progressive) && !super::is_progressive(cmyk));
        for bytes in [cmyk, progressive] {
            let picture = decode_image(bytes, "x", &DecodeLimits::default()).unwrap();
            for (x, expected) in [(2, [220, 40, 30]), (13, [30, 60, 200])] {
                let found = picture.get_pixel(x, 4).0;
                let close = found.iter().zip(expected).all(|(a, b): (&u8, u8)| a.abs_diff(b) <= 12);
                assert!(close, "{found:?} is not {expected:?}");
            }
        }
    }

    #[test]
    fn an_animation_gives_its_first_frame() {
        let mut bytes = Vec::new();
        let mut encoder = GifEncoder::new(&mut bytes);
        let plain = |colour| RgbaImage::from_pixel(8, 4, Rgba(colour));
        encoder.encode_frame(Frame::new(plain([0, 255, 0, 255]))).unwrap();
        encoder.encode_frame(Frame::new(plain([255, 0, 0, 255]))).unwrap();
        drop(encoder);
        check(&bytes, [0, 255, 0], [0, 255, 0]);
    }

    #[test]
    fn limits_are_checked_from_the_header() {
        let png = encode(&DynamicImage::ImageRgba8(half_red()), ImageFormat::Png);
        let tight = [
            DecodeLimits { max_pixels: 31, ..DecodeLimits::default() },
            DecodeLimits { max_alloc_bytes: 100, ..DecodeLimits::default() },
            DecodeLimits { max_file_bytes: 20, ..DecodeLimits::default() },
        ];
        for limits in tight {
            assert!(
                matches!(decode_image(&png, "x", &limits), Err(ImageError::TooLarge { .. })),
                "{limits:?}"
            );
        }
        // A bitmap header that claims 2^31 - 1 by 2^31 - 1 pixels.
        let mut bomb =
            b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\xff\xff\xff\x7f\xff\xff\xff\x7f\x01\0\x18\0".to_vec();
        bomb.resize(64, 0);
        assert!(decode_image(&bomb, "x", &DecodeLimits::default()).is_err());
    }

    #[test]
    fn what_is_no_picture_is_named() {
        let long = [7; 100];
        for (bytes, reason) in [
            (&b""[..], "empty"),
            (b"posting_id,title", "no JPEG"),
            (b"\0\0\x01\0\x01\0", "Ico pictures are not supported"),
            (b"\x89PNG\r\n\x1a\n", "decoded"),
            (&long[..], "no JPEG"),
        ] {
            let error = decode_image(bytes, "shop/a.jpg", &DecodeLimits::default()).unwrap_err().to_string();
            assert!(error.contains(reason) && error.ends_with("shop/a.jpg"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn damaged_pictures_never_panic(
            kind in 0..6_usize,
            hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
            length in any::<prop::sample::Index>(),
        ) {
            let picture = DynamicImage::ImageRgb8(DynamicImage::ImageRgba8(half_red()).to_rgb8());
            let mut bytes = encode(&picture, super::KINDS[kind]);
            for (at, value) in hits {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            bytes.truncate(length.index(bytes.len()) + 1);
            let limits = DecodeLimits { max_pixels: 1 << 20, max_alloc_bytes: 1 << 24, ..DecodeLimits::default() };
            if let Ok(picture) = super::decode_image(&bytes, "x", &limits) {
                assert!(u64::from(picture.width()) * u64::from(picture.height()) <= limits.max_pixels);
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(kind in 0..6_usize, bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let heads: [&[u8]; 6] = [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\0\0\0\0WEBP", b"BM", b"II*\0"];
            let limits = DecodeLimits { max_pixels: 1 << 20, max_alloc_bytes: 1 << 24, ..DecodeLimits::default() };
            let bytes = [heads[kind], &bytes].concat();
            let _ = super::decode_checked(&bytes, "x", &limits, &|_| (1, 1));
        }
    }
}
