//! Antialiased resampling of interleaved bytes, with Pillow's filters. Never changes the value range or adds borders.
//!
//! Only the pixel types in use are named: the resizer's untyped entry point would compile its kernels for thirteen,
//! which takes minutes.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{U8, U8x3};
use fast_image_resize::{FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer};

/// Scales a grey picture (height, width) to `to_width` x `to_height`.
pub(super) fn scaled_grey(
    bytes: &[u8],
    size: (usize, usize),
    to: (usize, usize),
    filter: FilterType,
) -> Vec<u8> {
    scaled::<U8>(bytes, size, to, filter)
}

/// Scales a colour picture (height, width, 3) to `to_width` x `to_height`.
pub(super) fn scaled_rgb(
    bytes: &[u8],
    size: (usize, usize),
    to: (usize, usize),
    filter: FilterType,
) -> Vec<u8> {
    scaled::<U8x3>(bytes, size, to, filter)
}

/// What cannot be scaled (an empty picture) comes back white.
fn scaled<P: PixelTrait>(
    bytes: &[u8],
    (width, height): (usize, usize),
    (to_width, to_height): (usize, usize),
    filter: FilterType,
) -> Vec<u8> {
    let mut scaled = vec![255; to_width * to_height * P::size()];
    if width > 0
        && height > 0
        && let Ok(source) = TypedImageRef::<P>::from_buffer(width as u32, height as u32, bytes)
        && let Ok(mut target) = TypedImage::<P>::from_buffer(to_width as u32, to_height as u32, &mut scaled)
    {
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter));
        let outcome = Resizer::new().resize_typed(&source, &mut target, &options);
        debug_assert!(outcome.is_ok(), "the whole of a picture is always inside it: {outcome:?}");
    }
    scaled
}
