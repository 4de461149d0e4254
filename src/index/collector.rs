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

/// Hits of [`CHUNK`] neighbouring positions: `capacity` slots a row, of which the first `lens[row]` are filled. There are
/// no slots before the first hit, so that a join of a few rows costs no memory for the others.
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

/// A hit on its way to any row.
#[derive(Clone, Copy)]
pub(super) struct Delivery {
    /// Position of the row it is for.
    pub to: u32,
    /// What the other row is called in lists.
    pub other: u32,
    /// Raw similarity.
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
                slots: Vec::new(),
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

    /// Copies the floors of the positions from `start` on, as scores; positions beyond the last can be reached by nothing.
    pub fn read_floors<S>(&self, start: usize, floors: &mut [S], score_of: impl Fn(f32) -> S) {
        for (offset, floor) in floors.iter_mut().enumerate() {
            *floor = score_of(self.floor(start + offset));
        }
    }

    /// The raw similarity a hit of `position` has to reach; infinite beyond the last position.
    pub fn floor(&self, position: usize) -> f32 {
        self.floors.get(position).map_or(f32::INFINITY, |bits| f32::from_bits(bits.load(Ordering::Relaxed)))
    }

    /// Lets nothing that scores less than `score` into the list of `position`, which is known to have enough others.
    pub fn raise_floor(&self, position: usize, score: f32) {
        if let Some(floor) = self.floors.get(position) {
            floor.store(floor_of(self.metric, score).to_bits(), Ordering::Relaxed);
        }
    }

    /// Hands over the arrivals of chunk `chunk`, emptying the list.
    pub fn deliver(&self, chunk: usize, arrivals: &mut Vec<Arrival>) {
        if !arrivals.is_empty() {
            self.receive(chunk, arrivals.drain(..));
        }
    }

    /// Hands over hits for rows of any chunk, emptying the list.
    pub fn deliver_all(&self, deliveries: &mut Vec<Delivery>) {
        let chunk_of = |delivery: &Delivery| delivery.to as usize / CHUNK;
        deliveries.sort_unstable_by_key(chunk_of);
        for group in deliveries.chunk_by(|a, b| chunk_of(a) == chunk_of(b)) {
            let arrivals = group.iter().map(|delivery| Arrival {
                row: delivery.to % CHUNK as u32,
                other: delivery.other,
                similarity: delivery.similarity,
            });
            self.receive(chunk_of(&group[0]), arrivals);
        }
        deliveries.clear();
    }

    fn receive(&self, chunk: usize, arrivals: impl Iterator<Item = Arrival>) {
        // A poisoned lock means that another thread panicked: rayon carries that panic on, so the data is never used.
        let mut guard = self.chunks[chunk].lock().unwrap_or_else(PoisonError::into_inner);
        let Chunk { slots, lens, worst } = &mut *guard;
        if slots.is_empty() {
            slots.resize(lens.len() * self.capacity, ScoreKey::WORST);
        }
        for arrival in arrivals {
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
                let filled = slots.get(row * capacity..row * capacity + len as usize);
                let mut keys = filled.map(<[ScoreKey]>::to_vec).unwrap_or_default();
                ScoreKey::keep_best(&mut keys, n_wanted);
                keys
            })
        })
    }

    /// The lists of some positions, best first.
    pub fn into_lists_of(self, positions: &[u32]) -> Vec<Vec<ScoreKey>> {
        let list = |&position: &u32| {
            let (chunk, row) = (position as usize / CHUNK, position as usize % CHUNK);
            let guard = self.chunks[chunk].lock().unwrap_or_else(PoisonError::into_inner);
            let start = row * self.capacity;
            let filled = guard.slots.get(start..start + guard.lens[row] as usize);
            let mut keys = filled.map(<[ScoreKey]>::to_vec).unwrap_or_default();
            ScoreKey::keep_best(&mut keys, self.n_wanted);
            keys
        };
        positions.iter().map(list).collect()
    }
}
