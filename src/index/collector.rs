//! The best k of every row while scores arrive in any order from many threads. What remains never depends on that
//! order, because [`ScoreKey`]s of one row are all different. Never sees vectors.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use super::{Metric, ScoreKey, score_from_distance};

/// Rows that share a lock: a multiple of every kernel's tile height and width.
pub(super) const CHUNK: usize = 192;

/// Hits of `n` positions.
pub(super) struct Collector {
    metric: Metric,
    n_wanted: usize,
    capacity: usize,
    chunks: Vec<Mutex<Chunk>>,
    /// Raw similarities below a row's floor cannot enter its list; f32 bits.
    floors: Vec<AtomicU32>,
}

/// Hits of [`CHUNK`] neighbouring positions: `capacity` slots a row, of which the first `lens[row]` are filled.
struct Chunk {
    slots: Vec<ScoreKey>,
    lens: Vec<u32>,
    worst: Vec<ScoreKey>,
}

/// A hit on its way to a row of one chunk.
#[derive(Clone, Copy)]
pub(super) struct Arrival {
    /// Row within the chunk.
    pub row: u32,
    /// Position of the other row.
    pub other: u32,
    /// Raw similarity: a cosine, or a Hamming similarity.
    pub similarity: f32,
}

/// The score of a raw similarity under `metric`, in the range the metric promises.
pub(super) fn score(metric: Metric, similarity: f32) -> f32 {
    let similarity = similarity.clamp(-1.0, 1.0);
    match metric {
        Metric::Cosine => similarity,
        Metric::Euclidean => score_from_distance((2.0 - 2.0 * similarity).max(0.0).sqrt()),
    }
}

/// A raw similarity that everything scoring at least `score` reaches; close below the smallest such.
fn floor_of(metric: Metric, score: f32) -> f32 {
    match metric {
        Metric::Cosine if score <= -1.0 => f32::NEG_INFINITY,
        Metric::Cosine => score,
        Metric::Euclidean => 1.0 - 2.0 * (1.0 - score) * (1.0 - score) - 1e-6,
    }
}

impl Collector {
    /// For `n` positions with `n_wanted` hits each, the position itself not counted.
    pub fn new(n: usize, n_wanted: usize, metric: Metric) -> Self {
        let capacity = (n_wanted + n_wanted.max(16)).min(n.max(1)).max(n_wanted);
        let chunk = |start: usize| {
            let n_rows = CHUNK.min(n - start);
            Mutex::new(Chunk {
                slots: vec![ScoreKey::WORST; n_rows * capacity],
                lens: vec![0; n_rows],
                worst: vec![ScoreKey::WORST; n_rows],
            })
        };
        Self {
            metric,
            n_wanted,
            capacity,
            chunks: (0..n).step_by(CHUNK).map(chunk).collect(),
            floors: (0..n).map(|_| AtomicU32::new(f32::NEG_INFINITY.to_bits())).collect(),
        }
    }

    /// Copies the floors of the positions from `start` on; positions beyond the last can be reached by nothing.
    pub fn read_floors(&self, start: usize, floors: &mut [f32]) {
        for (offset, floor) in floors.iter_mut().enumerate() {
            *floor = self
                .floors
                .get(start + offset)
                .map_or(f32::INFINITY, |bits| f32::from_bits(bits.load(Ordering::Relaxed)));
        }
    }

    /// Hands over the arrivals of chunk `chunk`, emptying the list.
    pub fn deliver(&self, chunk: usize, arrivals: &mut Vec<Arrival>) {
        if arrivals.is_empty() {
            return;
        }
        // A poisoned lock means that another thread panicked: rayon carries that panic on, so the data is never used.
        let mut guard = self.chunks[chunk].lock().unwrap_or_else(PoisonError::into_inner);
        let Chunk { slots, lens, worst } = &mut *guard;
        for arrival in arrivals.drain(..) {
            let row = arrival.row as usize;
            let key = ScoreKey::new(score(self.metric, arrival.similarity), arrival.other);
            if key <= worst[row] {
                continue;
            }
            let slots = &mut slots[row * self.capacity..(row + 1) * self.capacity];
            let len = lens[row] as usize;
            slots[len] = key;
            lens[row] += 1;
            if len + 1 == self.capacity && self.capacity > self.n_wanted {
                let (_, nth, _) = slots.select_nth_unstable_by(self.n_wanted - 1, |a, b| b.cmp(a));
                worst[row] = *nth;
                lens[row] = self.n_wanted as u32;
                let floor = floor_of(self.metric, nth.score());
                self.floors[chunk * CHUNK + row].store(floor.to_bits(), Ordering::Relaxed);
            }
        }
    }

    /// The lists of all positions, best first.
    pub fn into_lists(self) -> impl Iterator<Item = Vec<ScoreKey>> {
        let (capacity, n_wanted) = (self.capacity, self.n_wanted);
        self.chunks.into_iter().flat_map(move |chunk| {
            let Chunk { slots, lens, .. } = chunk.into_inner().unwrap_or_else(PoisonError::into_inner);
            lens.into_iter().enumerate().map(move |(row, len)| {
                let mut keys = slots[row * capacity..row * capacity + len as usize].to_vec();
                ScoreKey::keep_best(&mut keys, n_wanted);
                keys
            })
        })
    }
}
