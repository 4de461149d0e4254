//! Pictures: where they come from, safe decoding, thumbnails.

mod decode;
mod locate;
mod reduced;
mod store;
mod thumbnail;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use image::RgbImage;

use super::demo::DemoPicture;

pub use decode::{LeastSize, ReducedPicture, decode_image, decode_image_at_least};
pub(super) use locate::Locator;
pub(super) use store::ImageTable;
pub use thumbnail::thumbnail;

/// File name extensions of the kinds of picture that can be decoded.
const PICTURE_EXTENSIONS: [&str; 10] =
    ["jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "bmp", "tif", "tiff"];

/// Whether `name` (a file name, path or address) ends like a picture. Used to guess, never to decide how to decode.
pub(super) fn looks_like_picture(name: &str) -> bool {
    let name = name.split(['?', '#']).next().unwrap_or(name);
    name.rsplit_once('.').is_some_and(|(stem, extension)| {
        !stem.is_empty() && PICTURE_EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension))
    })
}

/// Where a posting's picture comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum ImageSource {
    /// The posting has no picture.
    None,
    /// A file that existed when the catalogue was loaded.
    File(PathBuf),
    /// The catalogue names this picture, but no such file was found.
    Missing(PathBuf),
    /// Drawn on demand by the demo catalogue.
    Drawn(DemoPicture),
}

/// Bounds that are checked before anything is allocated.
#[derive(Clone, Copy, Debug)]
pub struct DecodeLimits {
    /// Largest width times height.
    pub max_pixels: u64,
    /// Largest file in bytes.
    pub max_file_bytes: u64,
    /// Largest allocation of the decoder in bytes.
    pub max_alloc_bytes: u64,
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self { max_pixels: 100_000_000, max_file_bytes: 256 << 20, max_alloc_bytes: 512 << 20 }
    }
}

/// Why a picture could not be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// There is no picture to read.
    #[error("the posting has no picture")]
    Absent,
    /// The file is missing or unreadable.
    #[error("cannot read the picture: {reason}. Check the folder given with --images: {path}")]
    Unreadable {
        /// The file.
        path: String,
        /// The system's reason.
        reason: String,
    },
    /// Too large to decode safely.
    #[error("the picture is too large: {reason}. Scale it down: {path}")]
    TooLarge {
        /// The file.
        path: String,
        /// Claimed size against the limit.
        reason: String,
    },
    /// Broken or of an unsupported kind.
    #[error("the picture cannot be decoded: {reason}. Replace the file: {path}")]
    Undecodable {
        /// The file.
        path: String,
        /// The decoder's reason.
        reason: String,
    },
}

impl ImageSource {
    /// The encoded file's bytes; for a drawn picture, a canonical description of it. Hashing these identifies the content.
    ///
    /// # Errors
    /// [`ImageError::Absent`], [`ImageError::Unreadable`] or [`ImageError::TooLarge`].
    pub fn content_bytes(&self, limits: &DecodeLimits) -> Result<Vec<u8>, ImageError> {
        match self {
            Self::None => Err(ImageError::Absent),
            // The file may have appeared since the catalogue was loaded.
            Self::File(path) | Self::Missing(path) => read_bounded(path, limits),
            Self::Drawn(picture) => Ok(picture.description().into_bytes()),
        }
    }

    /// Decodes (or draws) the picture: 8-bit RGB, upright, alpha over white.
    ///
    /// # Errors
    /// Any [`ImageError`]; never panics.
    pub fn decode(&self, limits: &DecodeLimits) -> Result<RgbImage, ImageError> {
        Ok(self.decode_at_least(limits, &|full_size| full_size)?.picture)
    }

    /// As [`Self::decode`], perhaps smaller: see [`decode_image_at_least`].
    ///
    /// # Errors
    /// As [`Self::decode`].
    pub fn decode_at_least(
        &self,
        limits: &DecodeLimits,
        least_size: &LeastSize<'_>,
    ) -> Result<ReducedPicture, ImageError> {
        match self {
            Self::None => Err(ImageError::Absent),
            Self::File(path) | Self::Missing(path) => {
                let bytes = read_bounded(path, limits)?;
                decode_image_at_least(&bytes, &path.to_string_lossy(), limits, least_size)
            }
            Self::Drawn(picture) => {
                let picture = picture.draw();
                Ok(ReducedPicture { full_size: picture.dimensions(), picture })
            }
        }
    }

    /// The path to show in messages and "open source"; `None` for drawn and absent pictures.
    pub fn path(&self) -> Option<&std::path::Path> {
        match self {
            Self::File(path) | Self::Missing(path) => Some(path),
            Self::None | Self::Drawn(_) => None,
        }
    }
}

/// Reads a regular file whose size is checked before anything is allocated, and again while reading (it may grow).
fn read_bounded(path: &Path, limits: &DecodeLimits) -> Result<Vec<u8>, ImageError> {
    let shown = || path.to_string_lossy().into_owned();
    let unreadable = |reason: String| ImageError::Unreadable { path: shown(), reason };
    let too_large = |n_bytes: u64| ImageError::TooLarge {
        path: shown(),
        reason: format!("the file has at least {n_bytes} bytes, at most {} are read", limits.max_file_bytes),
    };
    // Asked before opening: opening a named pipe would wait for ever.
    let metadata = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?;
    if !metadata.is_file() {
        return Err(unreadable("it is not a file".to_owned()));
    }
    if metadata.len() > limits.max_file_bytes {
        return Err(too_large(metadata.len()));
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
    file.take(limits.max_file_bytes + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(error.to_string()))?;
    if bytes.len() as u64 > limits.max_file_bytes {
        return Err(too_large(bytes.len() as u64));
    }
    Ok(bytes)
}
