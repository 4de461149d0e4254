//! Pictures: where they come from, safe decoding, thumbnails.

use std::path::PathBuf;

use image::RgbImage;

use super::demo::DemoPicture;

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
        unimplemented!("{limits:?}")
    }

    /// Decodes (or draws) the picture: 8-bit RGB, upright, alpha over white.
    ///
    /// # Errors
    /// Any [`ImageError`]; never panics.
    pub fn decode(&self, limits: &DecodeLimits) -> Result<RgbImage, ImageError> {
        unimplemented!("{limits:?}")
    }

    /// The path to show in messages and "open source"; `None` for drawn and absent pictures.
    pub fn path(&self) -> Option<&std::path::Path> {
        match self {
            Self::File(path) | Self::Missing(path) => Some(path),
            Self::None | Self::Drawn(_) => None,
        }
    }
}

/// Decodes an encoded picture: format by content, EXIF orientation applied, alpha over white, limits checked first.
///
/// # Errors
/// [`ImageError::TooLarge`] or [`ImageError::Undecodable`], naming `path`.
pub fn decode_image(bytes: &[u8], path: &str, limits: &DecodeLimits) -> Result<RgbImage, ImageError> {
    unimplemented!("{bytes:?}{path}{limits:?}")
}

/// Scales a picture down so that its longer side is at most `side` pixels (antialiased); smaller pictures are returned as they are.
pub fn thumbnail(picture: &RgbImage, side: u32) -> RgbImage {
    unimplemented!("{picture:?}{side}")
}
