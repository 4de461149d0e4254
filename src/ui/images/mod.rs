//! Pictures for the views: decoded and scaled off the UI thread into a byte-bounded cache of textures. Nothing here
//! waits: what is not there yet is asked for, and the window is repainted once it is.

mod cache;
mod pool;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use egui::{TextureHandle, TextureOptions};

use crate::catalog::{Catalog, ImageError, ImageSource, PostingIdx};

use cache::Cache;
use pool::{Pool, Urgency, Wanted};

/// Longer sides in which pictures are kept, pixels.
const STEPS: [u32; 7] = [64, 96, 192, 320, 512, 1024, 2048];

/// Bytes of textures kept.
const BUDGET: usize = 256 << 20;

/// Bytes handed to the graphics card in one frame (a larger picture still goes, alone).
const UPLOAD_PER_FRAME: usize = 16 << 20;

/// A texture up to this many times larger than wanted is drawn as it is.
const GOOD_ENOUGH: u32 = 2;

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
#[derive(Clone, Default)]
pub struct Images {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    pool: Pool,
    shelf: Mutex<Shelf>,
}

/// What is there to draw.
struct Shelf {
    catalog: Option<Arc<Catalog>>,
    textures: Cache<Wanted, TextureHandle>,
    failed: HashMap<PostingIdx, String>,
    failed_differences: HashMap<(PostingIdx, PostingIdx), String>,
    sizes: HashMap<PostingIdx, [u32; 2]>,
    frame: u64,
}

impl Default for Shelf {
    fn default() -> Self {
        Self {
            catalog: None,
            textures: Cache::new(BUDGET),
            failed: HashMap::new(),
            failed_differences: HashMap::new(),
            sizes: HashMap::new(),
            frame: 0,
        }
    }
}

impl std::fmt::Debug for Images {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let n_bytes = self.lock().textures.n_bytes();
        out.debug_struct("Images").field("n_bytes", &n_bytes).finish_non_exhaustive()
    }
}

/// The smallest step that holds `side`, or the largest there is.
fn step(side: u32) -> u32 {
    STEPS.into_iter().find(|step| *step >= side).unwrap_or(STEPS[STEPS.len() - 1])
}

impl Images {
    /// Shows the pictures of this catalogue from now on; does nothing when it is the same one.
    pub fn set_catalog(&self, catalog: &Arc<Catalog>) {
        if self.inner.pool.set_catalog(catalog) {
            *self.lock() = Shelf { catalog: Some(Arc::clone(catalog)), ..Shelf::default() };
        }
    }

    /// The picture of a posting scaled so that its longer side is about `side` pixels (rounded up to a step).
    /// Starts decoding when it is not there, and gives what there is of another size meanwhile.
    pub fn thumbnail(&self, ctx: &egui::Context, posting: PostingIdx, side: u32) -> Picture {
        let mut shelf = self.shelf(ctx);
        let wanted = Wanted::Scaled(posting, shelf.step_of(posting, side));
        if let Some(texture) = shelf.exact_or_near(wanted) {
            return Picture::Ready(texture);
        }
        if let Some(reason) = shelf.failure(posting) {
            return Picture::Failed(reason);
        }
        let meanwhile = shelf.any(posting);
        drop(shelf);
        self.inner.pool.request(wanted, Urgency::Now);
        meanwhile.map_or(Picture::Loading, Picture::Ready)
    }

    /// The picture of a posting in all its pixels (or as many as a texture may have); a smaller one meanwhile.
    pub fn full(&self, ctx: &egui::Context, posting: PostingIdx) -> Picture {
        let largest = STEPS[STEPS.len() - 1];
        let mut shelf = self.shelf(ctx);
        let is_small = shelf.sizes.get(&posting).is_some_and(|size| size[0].max(size[1]) <= largest);
        if is_small {
            drop(shelf);
            return self.thumbnail(ctx, posting, largest);
        }
        let frame = shelf.frame;
        if let Some(texture) = shelf.textures.get(Wanted::Full(posting), frame) {
            return Picture::Ready(texture);
        }
        if let Some(reason) = shelf.failure(posting) {
            return Picture::Failed(reason);
        }
        let meanwhile = shelf.any(posting);
        drop(shelf);
        self.inner.pool.request(Wanted::Full(posting), Urgency::Now);
        meanwhile.map_or(Picture::Loading, Picture::Ready)
    }

    /// The absolute difference of two pictures laid on each other, each fitted into the same square of `side` pixels.
    pub fn difference(&self, ctx: &egui::Context, left: PostingIdx, right: PostingIdx, side: u32) -> Picture {
        let mut shelf = self.shelf(ctx);
        let wanted = Wanted::Difference(left, right, step(side));
        let frame = shelf.frame;
        if let Some(texture) = shelf.textures.get(wanted, frame) {
            return Picture::Ready(texture);
        }
        let failed = shelf.failed_differences.get(&(left, right)).cloned();
        if let Some(reason) = failed.or_else(|| shelf.failure(left)).or_else(|| shelf.failure(right)) {
            return Picture::Failed(reason);
        }
        let smaller = |step: &u32| shelf.textures.get(Wanted::Difference(left, right, *step), frame);
        let meanwhile = STEPS.iter().rev().find_map(smaller);
        drop(shelf);
        self.inner.pool.request(wanted, Urgency::Now);
        meanwhile.map_or(Picture::Loading, Picture::Ready)
    }

    /// Decodes these in thumbnails of `side` when nothing on screen waits, so that they are there when they are needed.
    /// Call it in every frame in which they are still likely to be needed.
    pub fn prefetch(&self, ctx: &egui::Context, postings: &[PostingIdx], side: u32) {
        let shelf = self.shelf(ctx);
        let missing: Vec<Wanted> = postings
            .iter()
            .map(|posting| Wanted::Scaled(*posting, shelf.step_of(*posting, side)))
            .zip(postings)
            .filter(|(wanted, posting)| {
                !shelf.textures.contains(*wanted) && !shelf.failed.contains_key(*posting)
            })
            .map(|(wanted, _)| wanted)
            .collect();
        drop(shelf);
        for wanted in missing {
            self.inner.pool.request(wanted, Urgency::Later);
        }
    }

    /// Decodes these in all their pixels when nothing else waits; only those larger than any thumbnail.
    pub fn prefetch_full(&self, ctx: &egui::Context, postings: &[PostingIdx]) {
        let shelf = self.shelf(ctx);
        let is_large = |posting: &PostingIdx| {
            let largest = STEPS[STEPS.len() - 1];
            shelf.sizes.get(posting).is_some_and(|size| size[0].max(size[1]) > largest)
        };
        let missing: Vec<Wanted> = postings
            .iter()
            .filter(|posting| is_large(posting) && !shelf.failed.contains_key(*posting))
            .map(|posting| Wanted::Full(*posting))
            .filter(|wanted| !shelf.textures.contains(*wanted))
            .collect();
        drop(shelf);
        for wanted in missing {
            self.inner.pool.request(wanted, Urgency::Later);
        }
    }

    /// Width and height of a posting's own picture, once it has been decoded.
    pub fn size(&self, posting: PostingIdx) -> Option<[u32; 2]> {
        self.lock().sizes.get(&posting).copied()
    }

    /// Whether nothing is being decoded or waiting to be shown; for tests and screenshots.
    pub fn is_idle(&self) -> bool {
        self.inner.pool.is_idle()
    }

    fn lock(&self) -> MutexGuard<'_, Shelf> {
        self.inner.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The shelf, with what was finished since the last frame on it.
    fn shelf(&self, ctx: &egui::Context) -> MutexGuard<'_, Shelf> {
        let mut shelf = self.lock();
        let frame = ctx.cumulative_frame_nr() + 1;
        if shelf.frame == frame {
            return shelf;
        }
        shelf.frame = frame;
        let max_side = ctx.input(|input| input.max_texture_side);
        self.inner.pool.begin_frame(ctx, frame, u32::try_from(max_side).unwrap_or(u32::MAX));
        let mut n_bytes = 0;
        while n_bytes < UPLOAD_PER_FRAME
            && let Some(done) = self.inner.pool.take_done()
        {
            n_bytes += shelf.store(ctx, done);
        }
        if self.inner.pool.has_done() {
            ctx.request_repaint();
        }
        shelf
    }
}

impl Shelf {
    /// The step for a posting: no larger than its own picture needs.
    fn step_of(&self, posting: PostingIdx, side: u32) -> u32 {
        let longer = self.sizes.get(&posting).map_or(u32::MAX, |size| size[0].max(size[1]));
        step(side.min(longer))
    }

    /// Keeps what was finished; returns the bytes handed to the graphics card.
    fn store(&mut self, ctx: &egui::Context, done: pool::Done) -> usize {
        if let (Some(size), Wanted::Scaled(posting, _) | Wanted::Full(posting)) = (done.size, done.wanted) {
            self.sizes.insert(posting, size);
        }
        match done.result {
            Ok(image) => {
                let n_bytes = image.pixels.len() * 4;
                let name = format!("{:?}", done.wanted);
                let texture = ctx.load_texture(name, image, TextureOptions::LINEAR);
                // Counted as used in the frame before, so that a picture nobody draws may go again at once.
                let frame = self.frame.saturating_sub(1);
                self.textures.insert(done.wanted, texture, n_bytes, frame);
                n_bytes
            }
            Err(reason) => {
                match done.wanted {
                    Wanted::Scaled(posting, _) | Wanted::Full(posting) => {
                        self.failed.insert(posting, reason);
                    }
                    Wanted::Difference(left, right, _) => {
                        self.failed_differences.insert((left, right), reason);
                    }
                }
                0
            }
        }
    }

    /// The texture wanted, or one that is a little larger.
    fn exact_or_near(&mut self, wanted: Wanted) -> Option<TextureHandle> {
        let Wanted::Scaled(posting, side) = wanted else { return None };
        let frame = self.frame;
        STEPS
            .into_iter()
            .filter(|step| (side..=side.saturating_mul(GOOD_ENOUGH)).contains(step))
            .find_map(|step| self.textures.get(Wanted::Scaled(posting, step), frame))
    }

    /// The largest texture there is of a posting.
    fn any(&mut self, posting: PostingIdx) -> Option<TextureHandle> {
        let frame = self.frame;
        STEPS.into_iter().rev().find_map(|step| self.textures.get(Wanted::Scaled(posting, step), frame))
    }

    fn failure(&mut self, posting: PostingIdx) -> Option<String> {
        if let Some(reason) = self.failed.get(&posting) {
            return Some(reason.clone());
        }
        // A posting without a picture needs no thread to find out.
        if self.catalog.as_ref()?.image(posting) == ImageSource::None {
            let reason = pool::sentence(&ImageSource::None, &ImageError::Absent);
            self.failed.insert(posting, reason.clone());
            return Some(reason);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::path::PathBuf;

    use super::{Images, Picture, step};
    use crate::catalog::{Catalog, CatalogBuilder, CatalogSource, ImageSource, PostingIdx, demo};
    use std::sync::Arc;

    /// Draws frames that want this until the pool has nothing left to do; what the last frame got.
    fn settle(
        images: &Images,
        ctx: &egui::Context,
        mut wants: impl FnMut(&egui::Context) -> Picture,
    ) -> Picture {
        loop {
            let mut got = Picture::Loading;
            let output = ctx.run_ui(egui::RawInput::default(), |ui| got = wants(ui.ctx()));
            drop(output);
            if images.is_idle() {
                return got;
            }
            std::thread::yield_now();
        }
    }

    fn files() -> (tempfile::TempDir, Arc<Catalog>) {
        let folder = tempfile::tempdir().unwrap();
        let large = folder.path().join("large.png");
        image::RgbImage::from_fn(3000, 1500, |x, y| image::Rgb([x as u8, y as u8, 0])).save(&large).unwrap();
        let broken = folder.path().join("broken.png");
        std::fs::write(&broken, b"\x89PNG\r\n\x1a\nnothing").unwrap();
        let mut builder = CatalogBuilder::new("t", CatalogSource::File(PathBuf::from("t.csv")), Vec::new());
        let sources = [
            ImageSource::File(large),
            ImageSource::File(broken),
            ImageSource::Missing(folder.path().join("gone.jpg")),
            ImageSource::None,
        ];
        for (row, source) in sources.into_iter().enumerate() {
            builder.push(&row.to_string(), "title", "title", source, None, &[]);
        }
        (folder, Arc::new(builder.finish()))
    }

    #[test]
    fn sides_are_rounded_up_to_steps() {
        assert_eq!([1, 64, 65, 300, 1024, 1025, 9000].map(step), [64, 64, 96, 320, 1024, 2048, 2048]);
    }

    #[test]
    fn a_thumbnail_comes_in_its_step_and_the_full_picture_in_what_a_texture_holds() {
        let (_folder, catalog) = files();
        let (images, ctx) = (Images::default(), egui::Context::default());
        images.set_catalog(&catalog);
        let Picture::Ready(texture) = settle(&images, &ctx, |ctx| images.thumbnail(ctx, PostingIdx(0), 100))
        else {
            panic!("no thumbnail")
        };
        assert_eq!(texture.size(), [192, 96]);
        assert_eq!(images.size(PostingIdx(0)), Some([3000, 1500]));
        let Picture::Ready(texture) = settle(&images, &ctx, |ctx| images.full(ctx, PostingIdx(0))) else {
            panic!("no full picture")
        };
        let most = ctx.input(|input| input.max_texture_side).min(3000);
        assert_eq!(texture.size(), [most, most / 2]);
    }

    #[test]
    fn failures_are_one_short_sentence() {
        let (_folder, catalog) = files();
        let (images, ctx) = (Images::default(), egui::Context::default());
        images.set_catalog(&catalog);
        let expected = [
            (1, "Picture cannot be decoded: broken.png"),
            (2, "Picture file missing: gone.jpg"),
            (3, "No picture"),
        ];
        for (row, sentence) in expected {
            match settle(&images, &ctx, |ctx| images.thumbnail(ctx, PostingIdx(row), 64)) {
                Picture::Failed(reason) => assert_eq!(reason, sentence),
                _ => panic!("posting {row} has no reason"),
            }
        }
    }

    #[test]
    fn a_smaller_picture_is_drawn_while_a_larger_one_comes() {
        let (_folder, catalog) = files();
        let (images, ctx) = (Images::default(), egui::Context::default());
        images.set_catalog(&catalog);
        settle(&images, &ctx, |ctx| images.thumbnail(ctx, PostingIdx(0), 64));
        let mut first = None;
        let last = settle(&images, &ctx, |ctx| {
            let got = images.thumbnail(ctx, PostingIdx(0), 512);
            if let (None, Picture::Ready(texture)) = (first, &got) {
                first = Some(texture.size());
            }
            got
        });
        assert_eq!(first, Some([64, 32]));
        assert!(matches!(last, Picture::Ready(texture) if texture.size() == [512, 256]));
    }

    #[test]
    fn another_catalogue_starts_afresh_and_the_same_one_does_not() {
        let (_folder, catalog) = files();
        let (images, ctx) = (Images::default(), egui::Context::default());
        images.set_catalog(&catalog);
        settle(&images, &ctx, |ctx| images.thumbnail(ctx, PostingIdx(0), 64));
        images.set_catalog(&catalog);
        assert!(images.size(PostingIdx(0)).is_some());
        images.set_catalog(&Arc::new(demo::catalog(3, 1)));
        assert!(images.size(PostingIdx(0)).is_none());
        let drawn = settle(&images, &ctx, |ctx| {
            images.prefetch(ctx, &[PostingIdx(1)], 64);
            images.difference(ctx, PostingIdx(0), PostingIdx(1), 96)
        });
        assert!(matches!(drawn, Picture::Ready(_)));
    }
}
