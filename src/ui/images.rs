//! Pictures for the views: decoded and scaled off the UI thread into a byte-bounded cache of textures.

use egui::TextureHandle;

use crate::catalog::PostingIdx;

/// What a view can draw for a posting.
#[derive(Clone)]
pub enum Picture {
    /// Drawable; the size in points is the texture's.
    Ready(TextureHandle),
    /// On its way; reserve the space and draw nothing that spins before 300 ms.
    Loading,
    /// Will not come: the posting has no picture, or the reason in one sentence.
    Failed(String),
}

/// A handle to the decoding pool and the texture cache; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Images {}

impl Images {
    /// The picture of a posting scaled so that its longer side is about `side` pixels (rounded up to a step).
    /// Starts decoding when it is not there; nearest requests first.
    pub fn thumbnail(&self, ctx: &egui::Context, posting: PostingIdx, side: u32) -> Picture {
        let _ = (ctx, posting, side);
        Picture::Loading
    }
}
