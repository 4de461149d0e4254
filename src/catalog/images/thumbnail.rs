//! Small versions of decoded pictures, antialiased, with SIMD. It decodes and stores nothing.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::RgbImage;

/// From this reduction on, a cheap box filter first brings the picture near its size: the fine filter's cost grows
/// with the source, and its shape no longer shows.
const BOX_FROM: u32 = 6;

/// Scales a picture down so that its longer side is at most `side` pixels (antialiased); smaller pictures are returned as they are.
pub fn thumbnail(picture: &RgbImage, side: u32) -> RgbImage {
    let (width, height) = picture.dimensions();
    let longer = width.max(height);
    let side = side.max(1);
    if longer <= side {
        return picture.clone();
    }
    let scaled = |length: u32| {
        let rounded = (u64::from(length) * u64::from(side) + u64::from(longer) / 2) / u64::from(longer);
        (rounded as u32).max(1)
    };
    let (to_width, to_height) = (scaled(width), scaled(height));
    if longer / side >= BOX_FROM {
        let near = resized(picture, width.min(to_width * 3), height.min(to_height * 3), FilterType::Box);
        return resized(&near, to_width, to_height, FilterType::CatmullRom);
    }
    resized(picture, to_width, to_height, FilterType::CatmullRom)
}

fn resized(picture: &RgbImage, width: u32, height: u32, filter: FilterType) -> RgbImage {
    simd_resized(picture, width, height, filter)
        // Only a buffer of the wrong length is refused, which an `RgbImage` cannot have.
        .unwrap_or_else(|| image::imageops::thumbnail(picture, width, height))
}

/// The typed entry point, because the untyped one compiles its kernels for thirteen pixel types, which takes minutes.
fn simd_resized(picture: &RgbImage, width: u32, height: u32, filter: FilterType) -> Option<RgbImage> {
    let source =
        TypedImageRef::<U8x3>::from_buffer(picture.width(), picture.height(), picture.as_raw()).ok()?;
    let mut bytes = vec![0; width as usize * height as usize * 3];
    let mut target = TypedImage::<U8x3>::from_buffer(width, height, &mut bytes).ok()?;
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter));
    Resizer::new().resize_typed(&source, &mut target, &options).ok()?;
    RgbImage::from_raw(width, height, bytes)
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::thumbnail;

    fn check(from: (u32, u32), side: u32, expected: (u32, u32)) {
        let picture = RgbImage::from_fn(from.0, from.1, |x, y| Rgb([((x + y) % 2 * 255) as u8; 3]));
        let small = thumbnail(&picture, side);
        assert_eq!(small.dimensions(), expected, "{from:?} to {side}");
        if expected.0 > 4 && expected.0 * 2 <= from.0 && expected.1 > 4 {
            // A one-pixel checkerboard must become even grey; without antialiasing it flickers between 0 and 255.
            let grey = small.pixels().all(|pixel| (118..=138).contains(&pixel.0[0]));
            assert!(grey, "{from:?} to {side} is not smooth");
        }
    }

    #[test]
    fn the_longer_side_fits_and_nothing_flickers() {
        check((100, 50), 200, (100, 50));
        check((100, 50), 100, (100, 50));
        check((100, 50), 50, (50, 25));
        check((50, 100), 20, (10, 20));
        check((1000, 1), 10, (10, 1));
        check((3, 1000), 10, (1, 10));
        check((1200, 900), 48, (48, 36));
        check((1201, 907), 97, (97, 73));
        check((640, 640), 0, (1, 1));
        check((1, 1), 48, (1, 1));
    }
}
