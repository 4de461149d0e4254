//! Disjoint sets with sizes (union by size, path halving).

/// A partition of `0..n`.
pub(super) struct UnionFind {
    /// Parent of each item; a root is its own.
    parents: Vec<u32>,
    /// Number of items, valid at roots.
    sizes: Vec<u32>,
}

impl UnionFind {
    /// `n_items` sets of one item.
    pub fn new(n_items: usize) -> Self {
        Self { parents: (0..n_items as u32).collect(), sizes: vec![1; n_items] }
    }

    /// The root of an item's set. `item` must be below the number of items.
    pub fn root(&mut self, item: u32) -> u32 {
        let mut item = item as usize;
        while self.parents[item] as usize != item {
            let grandparent = self.parents[self.parents[item] as usize];
            self.parents[item] = grandparent;
            item = grandparent as usize;
        }
        item as u32
    }

    /// Number of items in the set of an item.
    pub fn size(&mut self, item: u32) -> usize {
        let root = self.root(item);
        self.sizes[root as usize] as usize
    }

    /// Unites the sets of `a` and `b`; `false` when they are one already.
    pub fn unite(&mut self, a: u32, b: u32) -> bool {
        let (a, b) = (self.root(a), self.root(b));
        if a == b {
            return false;
        }
        let (large, small) = if self.sizes[a as usize] >= self.sizes[b as usize] { (a, b) } else { (b, a) };
        self.parents[small as usize] = large;
        self.sizes[large as usize] += self.sizes[small as usize];
        true
    }
}
