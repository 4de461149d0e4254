//! The one order of all lists: score descending, then key rank ascending; packed into integers that sort as fast as any.

/// A score and a tie-breaking position in one integer: a larger key is a better hit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScoreKey(u64);

impl ScoreKey {
    /// Worse than every hit.
    pub const WORST: Self = Self(0);

    /// The key of `score` (not NaN) at `position`; of equal scores the smaller position is better.
    pub fn new(score: f32, position: u32) -> Self {
        // Adding zero turns -0 into +0. Flipping the sign bit of positive numbers, and all bits of negative ones,
        // makes the bit patterns of IEEE numbers sort as the numbers do.
        let bits = (score + 0.0).to_bits();
        let ordered = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
        Self(u64::from(ordered) << 32 | u64::from(!position))
    }

    /// The score.
    pub fn score(self) -> f32 {
        let ordered = (self.0 >> 32) as u32;
        f32::from_bits(if ordered >> 31 == 1 { ordered & !(1 << 31) } else { !ordered })
    }

    /// The position.
    pub fn position(self) -> u32 {
        !(self.0 as u32)
    }

    /// Leaves the best `k` of `keys`, best first.
    pub fn keep_best(keys: &mut Vec<Self>, k: usize) {
        if k == 0 {
            keys.clear();
        } else if keys.len() > k {
            keys.select_nth_unstable_by(k - 1, |a, b| b.cmp(a));
            keys.truncate(k);
        }
        keys.sort_unstable_by(|a, b| b.cmp(a));
    }
}

/// Rows in order of their key ranks: position p is row `rows[p]`. Equal ranks fall back on the row number.
#[derive(Clone, Debug, Default)]
pub struct RankOrder {
    /// Row at each position.
    pub rows: Vec<u32>,
}

impl RankOrder {
    /// The rows for which `included` says yes, in order.
    ///
    /// # Panics
    /// When `key_ranks` is shorter than `n_rows`: ranks belong to the same catalogue as the rows.
    pub fn new(n_rows: usize, key_ranks: &[u32], included: impl Fn(usize) -> bool) -> Self {
        assert!(key_ranks.len() >= n_rows, "every row needs a key rank");
        let mut rows: Vec<u32> = (0..n_rows as u32).filter(|&row| included(row as usize)).collect();
        rows.sort_unstable_by_key(|&row| (key_ranks[row as usize], row));
        Self { rows }
    }

    /// Position of each of `n_rows` rows; `u32::MAX` for rows left out.
    pub fn positions(&self, n_rows: usize) -> Vec<u32> {
        let mut positions = vec![u32::MAX; n_rows];
        for (position, &row) in self.rows.iter().enumerate() {
            positions[row as usize] = position as u32;
        }
        positions
    }
}
