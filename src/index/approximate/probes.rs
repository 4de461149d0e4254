//! Which cells each row is compared with: its own and those with the nearest centroids, as many as a sample needs for the
//! recall asked for. Two rows are compared when either probes the cell of the other, and both get the score.

use std::sync::atomic::{AtomicU64, Ordering};

use super::super::ScoreKey;
use super::super::blocks::Blocks;
use super::super::clock::Clock;
use super::cells::{Cells, members, nearest};
use crate::encode::DenseMatrix;

/// Most columns a block: a cell with more (copies of one row, say) is shared by several threads.
const MOST_COLUMNS: usize = 768;

/// What a number of probes finds and costs, judged by a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Calibration {
    /// Cells each row probes.
    pub n_probes: usize,
    /// Share of all ordered pairs that is compared.
    pub cost: f64,
}

/// The least number of probes with which at least `recall` of the true neighbours of the sample are met. `rows` are all
/// rows in order of position, `sample` positions, `truth` their neighbours. `None` when the clock stopped.
pub(super) fn calibrate(
    (matrix, rows): (&DenseMatrix, &[u32]),
    cells: &Cells,
    sample: &[u32],
    truth: &[Vec<ScoreKey>],
    recall: f32,
    clock: &Clock<'_>,
) -> Option<Calibration> {
    let mut involved: Vec<u32> =
        truth.iter().flatten().map(|key| key.position()).chain(sample.iter().copied()).collect();
    involved.sort_unstable();
    involved.dedup();
    let matrix_rows: Vec<u32> = involved.iter().map(|&position| rows[position as usize]).collect();
    let cell_of_involved = cells.nearest(matrix, &matrix_rows, clock)?;
    // Every involved row is in `involved`, so the search always succeeds.
    let index_of = |position: u32| involved.binary_search(&position).unwrap_or(0);

    // Each true pair twice: how many cells are nearer to either row than the cell of the other.
    let mut wanted: Vec<(usize, u32, usize)> = Vec::new();
    let pairs =
        sample.iter().zip(truth).flat_map(|(&row, truth)| truth.iter().map(move |key| (row, key.position())));
    for (pair, (row, other)) in pairs.enumerate() {
        let (row, other) = (index_of(row), index_of(other));
        wanted.push((row, cell_of_involved[other], pair));
        wanted.push((other, cell_of_involved[row], pair));
    }
    wanted.sort_unstable();
    let of_row = |index: usize| {
        let start = wanted.partition_point(|want| want.0 < index);
        wanted[start..].iter().take_while(move |want| want.0 == index)
    };
    let ranks = cells.map(matrix, &matrix_rows, clock, |index, similarities| {
        of_row(index).map(|&(_, cell, pair)| (pair, rank(similarities, cell))).collect::<Vec<_>>()
    })?;
    let n_pairs = wanted.len() / 2;
    let mut needed = vec![usize::MAX; n_pairs];
    for (pair, rank) in ranks.into_iter().flatten() {
        needed[pair] = needed[pair].min(rank + 1);
    }
    needed.sort_unstable();
    let n_met = ((n_pairs as f64 * f64::from(recall)).ceil() as usize).min(n_pairs);
    let n_probes = n_met.checked_sub(1).map_or(1, |last| needed[last]).clamp(1, cells.n_cells());

    // What the sample probes, by the sizes the involved rows say cells have. Those are neighbours of a sample: near
    // enough to evenly drawn, and only the choice between two correct ways hangs on it.
    let mut sizes = vec![0_usize; cells.n_cells()];
    for &cell in &cell_of_involved {
        sizes[cell as usize] += 1;
    }
    let sample_rows: Vec<u32> = sample.iter().map(|&position| rows[position as usize]).collect();
    let met = cells.map(matrix, &sample_rows, clock, |_, similarities| {
        probed(similarities, n_probes).into_iter().map(|cell| sizes[cell as usize]).sum::<usize>()
    })?;
    let all = (involved.len() * sample.len()).max(1);
    let cost = met.into_iter().sum::<usize>() as f64 / all as f64;
    Some(Calibration { n_probes, cost })
}

/// Number of cells before `cell` in the order of [`probed`].
fn rank(similarities: &[f32], cell: u32) -> usize {
    let (before, from) = similarities.split_at(cell as usize);
    let own = similarities[cell as usize];
    before.iter().filter(|&&other| other >= own).count() + from.iter().filter(|&&other| other > own).count()
}

/// The `n_probes` nearest cells, in no order; of equals the first.
fn probed(similarities: &[f32], n_probes: usize) -> Vec<u32> {
    let mut keys: Vec<ScoreKey> = std::iter::zip(0.., similarities)
        .map(|(cell, &similarity)| ScoreKey::new(similarity, cell))
        .collect();
    if n_probes < keys.len() {
        keys.select_nth_unstable_by(n_probes, |a, b| b.cmp(a));
        keys.truncate(n_probes);
    }
    keys.into_iter().map(ScoreKey::position).collect()
}

/// Every row in its cell, and the cells it probes: one bit a cell and row.
pub(super) struct Probes {
    cell_of: Vec<u32>,
    /// Bit `row` of the words of a cell says whether the row probes it.
    bits: Vec<AtomicU64>,
    n_words: usize,
    /// Cell and members of each block.
    blocks: Vec<(usize, Vec<u32>)>,
}

impl Probes {
    /// Assigns all `rows` of `matrix` and notes their `n_probes` nearest cells; `None` when the clock stopped. One unit.
    pub fn new(
        matrix: &DenseMatrix,
        rows: &[u32],
        cells: &Cells,
        n_probes: usize,
        clock: &Clock<'_>,
    ) -> Option<Self> {
        let n_words = rows.len().div_ceil(64);
        let bits: Vec<AtomicU64> = (0..cells.n_cells() * n_words).map(|_| AtomicU64::new(0)).collect();
        let cell_of = cells.map(matrix, rows, clock, |row, similarities| {
            for cell in probed(similarities, n_probes) {
                bits[cell as usize * n_words + row / 64].fetch_or(1 << (row % 64), Ordering::Relaxed);
            }
            nearest(similarities)
        })?;
        let mut blocks = Vec::new();
        for (cell, members) in members(&cell_of, cells.n_cells()).into_iter().enumerate() {
            blocks.extend(members.chunks(MOST_COLUMNS).map(|columns| (cell, columns.to_vec())));
        }
        clock.add(1);
        Some(Self { cell_of, bits, n_words, blocks })
    }

    fn has(&self, row: u32, cell: usize) -> bool {
        let word = self.bits[cell * self.n_words + row as usize / 64].load(Ordering::Relaxed);
        word >> (row % 64) & 1 == 1
    }
}

impl Blocks for Probes {
    fn n_blocks(&self) -> usize {
        self.blocks.len()
    }

    fn columns(&self, block: usize, columns: &mut Vec<u32>) {
        columns.extend_from_slice(&self.blocks[block].1);
    }

    fn rows(&self, block: usize, rows: &mut Vec<u32>) {
        let cell = self.blocks[block].0;
        for (word, bits) in self.bits[cell * self.n_words..(cell + 1) * self.n_words].iter().enumerate() {
            let mut bits = bits.load(Ordering::Relaxed);
            while bits != 0 {
                rows.push(word as u32 * 64 + bits.trailing_zeros());
                bits &= bits - 1;
            }
        }
    }

    fn serves_column(&self, row: u32, column: u32) -> bool {
        // Where the column probes the row's cell, the two meet there once more.
        !self.has(column, self.cell_of[row as usize] as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::{probed, rank};

    #[test]
    fn the_first_of_equal_cells_are_probed_and_ranks_say_so() {
        let similarities = [0.1, 0.5, 0.9, 0.5, -0.2, 0.5];
        for n_probes in 0..=7 {
            let mut found = probed(&similarities, n_probes);
            found.sort_unstable();
            let mut expected: Vec<u32> = [2, 1, 3, 5, 0, 4].into_iter().take(n_probes).collect();
            expected.sort_unstable();
            assert_eq!(found, expected, "{n_probes} probes");
        }
        for (place, cell) in [2, 1, 3, 5, 0, 4].into_iter().enumerate() {
            assert_eq!(rank(&similarities, cell), place, "cell {cell}");
        }
    }
}
