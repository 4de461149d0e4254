//! Two threads that decode, scale and subtract pictures. The newest requests come first, the larger of them before the
//! smaller; what nobody asked for again in the latest frames is dropped. Nothing here knows textures or waits for the window.

use std::collections::{HashMap, HashSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use egui::ColorImage;
use image::{Rgb, RgbImage, imageops};

use crate::catalog::{Catalog, DecodeLimits, ImageError, ImageSource, PostingIdx, ReducedPicture, thumbnail};

const N_THREADS: usize = 2;

/// A request is stale once this many frames have passed in which it was not made again.
const STALE_FRAMES: u64 = 3;

/// One thing that can be made of one or two postings' pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Wanted {
    /// The picture with its longer side at most this many pixels.
    Scaled(PostingIdx, u32),
    /// The picture as it is, or as large as a texture may be.
    Full(PostingIdx),
    /// The absolute difference of two pictures, each centred in a square of this side.
    Difference(PostingIdx, PostingIdx, u32),
}

impl Wanted {
    /// Pixels of the longer side; what is wanted large is looked at.
    fn side(self) -> u32 {
        match self {
            Self::Scaled(_, side) | Self::Difference(_, _, side) => side,
            Self::Full(_) => u32::MAX,
        }
    }

    fn is_of(self, posting: PostingIdx) -> bool {
        matches!(self, Self::Scaled(own, _) | Self::Full(own) if own == posting)
    }
}

/// How soon something is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Urgency {
    /// Probably soon.
    Later,
    /// It is on screen.
    Now,
}

/// What became of a request.
pub(super) struct Done {
    pub(super) wanted: Wanted,
    /// The picture, or one sentence why there is none.
    pub(super) result: Result<ColorImage, String>,
    /// Width and height of the posting's own picture.
    pub(super) size: Option<[u32; 2]>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    urgency: Urgency,
    frame: u64,
    side: u32,
    /// Within a frame the one asked for first.
    order: std::cmp::Reverse<u64>,
}

#[derive(Default)]
struct State {
    catalog: Option<Arc<Catalog>>,
    generation: u64,
    pending: HashMap<Wanted, Rank>,
    working: HashSet<Wanted>,
    done: VecDeque<Done>,
    frame: u64,
    n_requests: u64,
    max_side: u32,
    ctx: Option<egui::Context>,
    is_started: bool,
    is_closed: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The threads' owner; they end when it is dropped.
#[derive(Default)]
pub(super) struct Pool {
    shared: Arc<Shared>,
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.lock().is_closed = true;
        self.shared.wake.notify_all();
    }
}

impl Pool {
    /// Works on this catalogue from now on; `false` when it is the same one.
    pub(super) fn set_catalog(&self, catalog: &Arc<Catalog>) -> bool {
        let mut state = self.shared.lock();
        if state.catalog.as_ref().is_some_and(|present| Arc::ptr_eq(present, catalog)) {
            return false;
        }
        state.catalog = Some(Arc::clone(catalog));
        state.generation += 1;
        state.pending.clear();
        state.working.clear();
        state.done.clear();
        true
    }

    /// Says that a new frame is drawn, whom to wake when something is done, and how large a texture may be.
    pub(super) fn begin_frame(&self, ctx: &egui::Context, frame: u64, max_side: u32) {
        let mut state = self.shared.lock();
        state.frame = frame;
        state.max_side = max_side;
        if state.ctx.is_none() {
            state.ctx = Some(ctx.clone());
        }
    }

    /// Asks for something, or asks again, which keeps it from becoming stale.
    pub(super) fn request(&self, wanted: Wanted, urgency: Urgency) {
        let mut state = self.shared.lock();
        if state.working.contains(&wanted) || state.catalog.is_none() {
            return;
        }
        state.n_requests += 1;
        let rank = Rank {
            urgency,
            frame: state.frame,
            side: wanted.side(),
            order: std::cmp::Reverse(state.n_requests),
        };
        let place = state.pending.entry(wanted).or_insert(rank);
        let is_new = place.order == rank.order;
        if rank.frame > place.frame || rank > *place {
            *place = rank;
        }
        if !state.is_started {
            state.is_started = true;
            for _ in 0..N_THREADS {
                let shared = Arc::clone(&self.shared);
                thread::spawn(move || work(&shared));
            }
        }
        drop(state);
        if is_new {
            self.shared.wake.notify_one();
        }
    }

    /// The next finished thing, oldest first.
    pub(super) fn take_done(&self) -> Option<Done> {
        self.shared.lock().done.pop_front()
    }

    /// Whether something is finished and not taken yet.
    pub(super) fn has_done(&self) -> bool {
        !self.shared.lock().done.is_empty()
    }

    /// Whether nothing is asked for, worked on or waiting to be taken.
    pub(super) fn is_idle(&self) -> bool {
        let state = self.shared.lock();
        state.pending.is_empty() && state.working.is_empty() && state.done.is_empty()
    }
}

/// Takes the best request, together with all others for the same posting, so that its picture is decoded once.
fn next(state: &mut State) -> Option<Vec<Wanted>> {
    let oldest = state.frame.saturating_sub(STALE_FRAMES);
    state.pending.retain(|_, rank| rank.frame >= oldest);
    let (best, urgency) =
        state.pending.iter().max_by_key(|(_, rank)| **rank).map(|(wanted, rank)| (*wanted, rank.urgency))?;
    let mut batch = vec![best];
    if let Wanted::Scaled(posting, _) | Wanted::Full(posting) = best {
        let others = state
            .pending
            .iter()
            .filter(|(wanted, rank)| **wanted != best && wanted.is_of(posting) && rank.urgency >= urgency);
        batch.extend(others.map(|(wanted, _)| *wanted));
    }
    for wanted in &batch {
        state.pending.remove(wanted);
        state.working.insert(*wanted);
    }
    Some(batch)
}

fn work(shared: &Shared) {
    loop {
        let mut state = shared.lock();
        let batch = loop {
            if state.is_closed {
                return;
            }
            match next(&mut state) {
                Some(batch) => break batch,
                None => state = shared.wake.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        };
        let (catalog, generation, max_side) = (state.catalog.clone(), state.generation, state.max_side);
        drop(state);
        let Some(catalog) = catalog else { continue };
        let made = catch_unwind(AssertUnwindSafe(|| make(&catalog, &batch, max_side)));
        let made = made.unwrap_or_else(|_| {
            let failed = |wanted: &Wanted| Done {
                wanted: *wanted,
                result: Err("Picture cannot be decoded: the decoder failed".to_owned()),
                size: None,
            };
            batch.iter().map(failed).collect()
        });
        let mut state = shared.lock();
        if state.generation != generation {
            continue;
        }
        for wanted in &batch {
            state.working.remove(wanted);
        }
        state.done.extend(made);
        let ctx = state.ctx.clone();
        drop(state);
        if let Some(ctx) = ctx {
            ctx.request_repaint();
        }
    }
}

fn make(catalog: &Catalog, batch: &[Wanted], max_side: u32) -> Vec<Done> {
    let Some(first) = batch.first() else { return Vec::new() };
    if let Wanted::Difference(left, right, side) = *first {
        let result = decode(catalog, left)
            .and_then(|left| Ok((left, decode(catalog, right)?)))
            .map(|(left, right)| colour_image(&difference(&left, &right, side.min(max_side))));
        return vec![Done { wanted: *first, result, size: None }];
    }
    let (Wanted::Scaled(posting, _) | Wanted::Full(posting)) = *first else { return Vec::new() };
    // What is only shown small is only decoded small.
    let largest = batch.iter().map(|wanted| wanted.side().min(max_side)).max().unwrap_or(max_side);
    let picture = decode_at_least(catalog, posting, largest);
    let finish = |wanted: &Wanted| {
        let side = wanted.side().min(max_side);
        let result = picture.as_ref().map_err(Clone::clone).map(|ReducedPicture { picture, .. }| {
            if picture.width().max(picture.height()) <= side {
                colour_image(picture)
            } else {
                colour_image(&thumbnail(picture, side))
            }
        });
        let size = picture.as_ref().ok().map(|picture| picture.full_size.into());
        Done { wanted: *wanted, result, size }
    };
    batch.iter().map(finish).collect()
}

fn decode(catalog: &Catalog, posting: PostingIdx) -> Result<RgbImage, String> {
    Ok(decode_at_least(catalog, posting, u32::MAX)?.picture)
}

/// A picture to be shown with its longer side at most `side` pixels. Twice that is decoded, which looks the same.
fn decode_at_least(catalog: &Catalog, posting: PostingIdx, side: u32) -> Result<ReducedPicture, String> {
    let source = catalog.image(posting);
    let least_size = |(width, height): (u32, u32)| {
        let longer = u64::from(width.max(height).max(1));
        let scaled = |length: u32| {
            (u64::from(length) * 2 * u64::from(side)).div_ceil(longer).min(u64::from(length)) as u32
        };
        (scaled(width), scaled(height))
    };
    source.decode_at_least(&DecodeLimits::default(), &least_size).map_err(|error| sentence(&source, &error))
}

/// Why there is no picture, short enough for a card.
pub(super) fn sentence(source: &ImageSource, error: &ImageError) -> String {
    let file = source.path().and_then(|path| path.file_name()).map(|name| name.to_string_lossy());
    let file = file.map_or_else(String::new, |name| format!(": {name}"));
    match (error, source) {
        (ImageError::Absent, _) => "No picture".to_owned(),
        (ImageError::Unreadable { .. }, ImageSource::Missing(_)) => format!("Picture file missing{file}"),
        (ImageError::Unreadable { reason, .. }, _) => format!("Picture cannot be read, {reason}{file}"),
        (ImageError::TooLarge { .. }, _) => format!("Picture is too large{file}"),
        (ImageError::Undecodable { .. }, _) => format!("Picture cannot be decoded{file}"),
    }
}

fn colour_image(picture: &RgbImage) -> ColorImage {
    ColorImage::from_rgb([picture.width() as usize, picture.height() as usize], picture.as_raw())
}

/// The absolute difference of two pictures as they lie on each other, each scaled to fill the same square of `side` and
/// centred; where only one of them reaches, its own colours against black. Cropped to what either covers.
fn difference(left: &RgbImage, right: &RgbImage, side: u32) -> RgbImage {
    let fitted = |picture: &RgbImage| {
        let small = thumbnail(picture, side);
        let longer = small.width().max(small.height()).max(1);
        let scaled =
            |length: u32| ((u64::from(length) * u64::from(side) / u64::from(longer)) as u32).clamp(1, side);
        if longer == side {
            small
        } else {
            let (width, height) = (scaled(small.width()), scaled(small.height()));
            imageops::resize(&small, width, height, imageops::FilterType::Triangle)
        }
    };
    let (left, right) = (fitted(left), fitted(right));
    let (width, height) = (left.width().max(right.width()), left.height().max(right.height()));
    let at = |picture: &RgbImage, x: u32, y: u32| {
        let x = x.checked_sub((width - picture.width()) / 2)?;
        let y = y.checked_sub((height - picture.height()) / 2)?;
        picture.get_pixel_checked(x, y).copied()
    };
    let black = Rgb([0, 0, 0]);
    RgbImage::from_fn(width, height, |x, y| {
        let Rgb(a) = at(&left, x, y).unwrap_or(black);
        let Rgb(b) = at(&right, x, y).unwrap_or(black);
        Rgb([a[0].abs_diff(b[0]), a[1].abs_diff(b[1]), a[2].abs_diff(b[2])])
    })
}

#[cfg(test)]
mod tests {
    use super::{Rank, State, Urgency, Wanted, difference, next};
    use crate::catalog::PostingIdx;
    use image::{Rgb, RgbImage};

    fn ask(state: &mut State, wanted: Wanted, urgency: Urgency, frame: u64) {
        state.frame = frame;
        state.n_requests += 1;
        let order = std::cmp::Reverse(state.n_requests);
        state.pending.insert(wanted, Rank { urgency, frame, side: wanted.side(), order });
    }

    #[test]
    fn what_is_on_screen_comes_first_then_the_newest_then_the_largest() {
        let mut state = State::default();
        let scaled = |row: u32, side: u32| Wanted::Scaled(PostingIdx(row), side);
        ask(&mut state, scaled(1, 64), Urgency::Now, 10);
        ask(&mut state, scaled(2, 512), Urgency::Later, 11);
        ask(&mut state, scaled(3, 64), Urgency::Now, 11);
        ask(&mut state, scaled(4, 320), Urgency::Now, 11);
        ask(&mut state, scaled(5, 64), Urgency::Now, 11);
        let order: Vec<_> = std::iter::from_fn(|| next(&mut state)).flatten().collect();
        assert_eq!(order, [scaled(4, 320), scaled(3, 64), scaled(5, 64), scaled(1, 64), scaled(2, 512)]);
    }

    #[test]
    fn requests_not_made_again_are_dropped() {
        let mut state = State::default();
        ask(&mut state, Wanted::Full(PostingIdx(1)), Urgency::Now, 1);
        ask(&mut state, Wanted::Full(PostingIdx(2)), Urgency::Later, 20);
        assert_eq!(next(&mut state), Some(vec![Wanted::Full(PostingIdx(2))]));
        assert_eq!(next(&mut state), None);
    }

    #[test]
    fn one_posting_is_decoded_once_for_all_its_sizes() {
        let mut state = State::default();
        for side in [64, 320] {
            ask(&mut state, Wanted::Scaled(PostingIdx(7), side), Urgency::Now, 1);
        }
        assert_eq!(next(&mut state).map(|batch| batch.len()), Some(2));
        assert_eq!(state.working.len(), 2);
    }

    #[test]
    fn a_picture_differs_from_itself_nowhere_and_from_another_size_where_only_one_reaches() {
        let wide = RgbImage::from_pixel(40, 20, Rgb([200, 100, 50]));
        let same = difference(&wide, &wide, 40);
        assert!(same.pixels().all(|pixel| *pixel == Rgb([0, 0, 0])));
        let tall = RgbImage::from_pixel(20, 40, Rgb([200, 100, 50]));
        let cross = difference(&wide, &tall, 40);
        assert_eq!(cross.dimensions(), (40, 40));
        assert_eq!(cross.get_pixel(20, 20), &Rgb([0, 0, 0]));
        assert_eq!(cross.get_pixel(1, 20), &Rgb([200, 100, 50]));
        assert_eq!(cross.get_pixel(1, 1), &Rgb([0, 0, 0]));
    }
}
