//! United groups: a partition of postings that can grow by uniting and be taken apart again locally.
//! `find` is one array access; uniting relabels the smaller side, so n unions cost O(n log n).

/// The partition. Groups are named by one of their members; every posting starts alone.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups {
    group_of: Vec<u32>,
    members: Vec<Vec<u32>>,
    n_pairs: u64,
}

impl Groups {
    /// Adds one posting, alone.
    pub fn push(&mut self) {
        let posting = self.group_of.len() as u32;
        self.group_of.push(posting);
        self.members.push(vec![posting]);
    }

    /// The group of a posting.
    pub fn find(&self, posting: u32) -> u32 {
        self.group_of[posting as usize]
    }

    /// Members of a group named by [`Self::find`], in no particular order.
    pub fn members(&self, group: u32) -> &[u32] {
        &self.members[group as usize]
    }

    /// Pairs inside all groups together.
    pub fn n_pairs(&self) -> u64 {
        self.n_pairs
    }

    /// Groups of at least two postings.
    pub fn united(&self) -> impl Iterator<Item = &[u32]> {
        self.members.iter().filter(|members| members.len() > 1).map(Vec::as_slice)
    }

    /// Unites two different groups.
    pub fn unite(&mut self, a: u32, b: u32) {
        let (small, large) = if self.members(a).len() < self.members(b).len() { (a, b) } else { (b, a) };
        let moved = std::mem::take(&mut self.members[small as usize]);
        self.n_pairs += moved.len() as u64 * self.members(large).len() as u64;
        for &posting in &moved {
            self.group_of[posting as usize] = large;
        }
        self.members[large as usize].extend(moved);
    }

    /// Takes a group apart into single postings and returns them.
    pub fn dissolve(&mut self, group: u32) -> Vec<u32> {
        let members = std::mem::take(&mut self.members[group as usize]);
        let n = members.len() as u64;
        self.n_pairs -= n * n.saturating_sub(1) / 2;
        for &posting in &members {
            self.group_of[posting as usize] = posting;
            self.members[posting as usize] = vec![posting];
        }
        members
    }
}
