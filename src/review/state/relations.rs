//! What the claims that count say together: united groups, and what stands between them.
//!
//! Same claims are kept compact (a claim over 50 members unites them in 49 steps); a pair of one is looked up by
//! intersecting the claims of both postings. Other verdicts are kept pair by pair, since that is how they are asked
//! for. Claims are numbered in the order of the log and never removed: undo and redo switch them off and on, and only
//! the groups they touch are built again. Nothing here knows retractions, notes or text.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use super::super::{Claim, Key, Verdict};
use super::PairStanding;
use super::claims::{ClaimRecord, LEFT, RIGHT, Voted, WITHIN, covers};
use super::groups::Groups;
use super::pairs::{Pair, PairMap, PairSet};

const DIFFERENT: u8 = 1;
const VARIANT: u8 = 2;
const UNSURE: u8 = 4;

/// How claims came to count or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// They are new, the latest of the log.
    Appended,
    /// They were switched on or off.
    Toggled,
}

/// Everything that follows from the claims.
#[derive(Clone, Debug, Default)]
pub(super) struct Relations {
    keys: Vec<Key>,
    ids: HashMap<Key, u32>,
    claims: Vec<ClaimRecord>,
    same_of: Vec<Vec<(u32, u8)>>,
    voted: PairMap<Voted>,
    near: Vec<Vec<u32>>,
    groups: Groups,
    degree: Vec<u64>,
    clashing: PairSet,
    variants: PairSet,
    unsure: PairSet,
    n_different: u64,
}

fn bit(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Same => 0,
        Verdict::Different => DIFFERENT,
        Verdict::Variant => VARIANT,
        Verdict::Unsure => UNSURE,
    }
}

impl Relations {
    /// The number of a posting that some claim names.
    pub fn id(&self, key: &str) -> Option<u32> {
        self.ids.get(key).copied()
    }

    /// The key of a numbered posting.
    pub fn key(&self, id: u32) -> &Key {
        &self.keys[id as usize]
    }

    /// The united groups.
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// A claim by number.
    pub fn claim(&self, claim: u32) -> &ClaimRecord {
        &self.claims[claim as usize]
    }

    /// Number of claims so far; the next one gets this number.
    pub fn n_claims(&self) -> u32 {
        self.claims.len() as u32
    }

    /// Same claims that name a posting, with the sides it stands on.
    pub fn same_claims(&self, posting: u32) -> &[(u32, u8)] {
        &self.same_of[posting as usize]
    }

    /// Pairs said different or variant, directly, in no particular order.
    pub fn apart(&self) -> impl Iterator<Item = (Pair, Verdict)> {
        self.voted.iter().filter_map(|(&pair, voted)| {
            let verdict = if voted.said & DIFFERENT != 0 { Verdict::Different } else { Verdict::Variant };
            (voted.said & (DIFFERENT | VARIANT) != 0).then_some((pair, verdict))
        })
    }

    /// Pairs said different or variant inside one group.
    pub fn clashing(&self) -> &PairSet {
        &self.clashing
    }

    /// Pairs said variant, directly.
    pub fn variants(&self) -> &PairSet {
        &self.variants
    }

    /// Pairs of which the latest word is unsure.
    pub fn unsure(&self) -> &PairSet {
        &self.unsure
    }

    /// How many pairs were said different, directly.
    pub fn n_different(&self) -> u64 {
        self.n_different
    }

    /// Adds a claim, the latest of all. Nothing follows from it until [`Self::settle`] or [`Self::settle_all`].
    pub fn register(&mut self, entry: u32, reviewer: u32, claim: &Claim, active: bool) {
        let number = self.n_claims();
        let (left, right, within) = match claim {
            Claim::Within { members, .. } => (self.intern_all(members), Vec::new(), true),
            Claim::Across { left, right, .. } => (self.intern_all(left), self.intern_all(right), false),
        };
        let verdict = claim.verdict();
        let record = ClaimRecord { entry, reviewer, verdict, active, broken: false, within, left, right };
        if verdict == Verdict::Same {
            let sides = [(&record.left, if within { WITHIN } else { LEFT }), (&record.right, RIGHT)];
            for (postings, side) in sides {
                for &posting in postings {
                    match self.same_of[posting as usize].last_mut() {
                        Some((last, sides)) if *last == number => *sides |= side,
                        _ => self.same_of[posting as usize].push((number, side)),
                    }
                }
            }
        } else {
            for pair in record.pairs() {
                self.vote(pair, number);
                for covering in self.covering(pair) {
                    if self.claim(covering).reviewer == reviewer {
                        self.claims[covering as usize].broken = true;
                    }
                }
            }
        }
        self.claims.push(record);
    }

    /// Switches claims on or off; [`Self::settle`] derives what changes.
    pub fn switch(&mut self, claims: Range<u32>, active: bool) {
        for claim in claims {
            self.claims[claim as usize].active = active;
        }
    }

    /// Derives everything from the registered claims, none of which was settled before.
    pub fn settle_all(&mut self) {
        let mut voted = std::mem::take(&mut self.voted);
        for (&pair, votes) in &mut voted {
            let before = votes.said;
            votes.said = self.weigh(pair, votes);
            self.account(pair, before, votes.said);
        }
        self.voted = voted;
        for claim in 0..self.n_claims() {
            self.unite_claim(claim);
        }
    }

    /// Derives what changes because of these claims.
    pub fn settle(&mut self, claims: Range<u32>, change: Change) {
        let mut dirty = BTreeSet::new();
        for number in claims.clone() {
            if self.claim(number).verdict == Verdict::Same {
                for pair in self.voted_pairs(number) {
                    self.refresh(pair);
                }
                if change == Change::Toggled {
                    dirty.extend(self.claim(number).postings().map(|posting| self.groups.find(posting)));
                }
            } else {
                for pair in self.claim(number).pairs() {
                    self.refresh(pair);
                    if self.covering(pair).iter().any(|&same| self.claim(same).active) {
                        dirty.extend([self.groups.find(pair.0), self.groups.find(pair.1)]);
                    }
                }
            }
        }
        self.rebuild(dirty);
        if change == Change::Appended {
            for number in claims {
                self.unite_claim(number);
            }
        }
    }

    /// What is known of two postings.
    pub fn standing(&self, a: u32, b: u32) -> PairStanding {
        let (group_a, group_b) = (self.groups.find(a), self.groups.find(b));
        if a == b {
            return PairStanding::Decided(Verdict::Same);
        }
        if group_a == group_b {
            let clash = self.clashing.contains(&Pair::new(a, b));
            return if clash { PairStanding::Conflicted } else { PairStanding::Decided(Verdict::Same) };
        }
        match self.between(group_a, group_b) {
            PairStanding::Open if self.unsure.contains(&Pair::new(a, b)) => {
                PairStanding::Decided(Verdict::Unsure)
            }
            standing => standing,
        }
    }

    /// What stands between two different groups, unsure left aside.
    pub fn between(&self, group_a: u32, group_b: u32) -> PairStanding {
        let (from, to) = self.by_degree(group_a, group_b);
        let mut said = 0;
        for &posting in self.groups.members(from) {
            for &other in &self.near[posting as usize] {
                if self.groups.find(other) == to {
                    said |= self.said(Pair::new(posting, other));
                }
            }
        }
        match (said & DIFFERENT != 0, said & VARIANT != 0) {
            (false, false) => PairStanding::Open,
            (true, false) => PairStanding::Decided(Verdict::Different),
            (false, true) => PairStanding::Decided(Verdict::Variant),
            (true, true) => PairStanding::Conflicted,
        }
    }

    /// Direct pairs with this verdict between two different groups.
    pub fn pairs_between(&self, group_a: u32, group_b: u32, verdict: Verdict) -> Vec<Pair> {
        let (from, to) = self.by_degree(group_a, group_b);
        let mut pairs = Vec::new();
        for &posting in self.groups.members(from) {
            for &other in &self.near[posting as usize] {
                let pair = Pair::new(posting, other);
                if self.groups.find(other) == to && self.said(pair) & bit(verdict) != 0 {
                    pairs.push(pair);
                }
            }
        }
        pairs
    }

    /// Groups of which some posting was said different or variant from some posting of this group.
    pub fn groups_apart_from(&self, group: u32) -> BTreeSet<u32> {
        let mut apart = BTreeSet::new();
        for &posting in self.groups.members(group) {
            for &other in &self.near[posting as usize] {
                if self.said(Pair::new(posting, other)) & (DIFFERENT | VARIANT) != 0 {
                    apart.insert(self.groups.find(other));
                }
            }
        }
        apart.remove(&group);
        apart
    }

    /// The latest claim that says this verdict of the pair and is not overridden.
    pub fn latest_claim(&self, pair: Pair, verdict: Verdict) -> Option<u32> {
        if verdict == Verdict::Same {
            return self.covering(pair).into_iter().rev().find(|&claim| self.holds(claim, pair));
        }
        let voted = self.voted.get(&pair)?;
        self.standing_votes(pair, voted).find(|&claim| self.claim(claim).verdict == verdict)
    }

    /// Whether a Same claim that covers the pair counts and is its reviewer's latest word on it (or repeats it).
    pub fn holds(&self, claim: u32, pair: Pair) -> bool {
        let record = self.claim(claim);
        if !record.active {
            return false;
        }
        let Some(voted) = self.voted.get(&pair) else {
            return true;
        };
        let is_theirs = |&vote: &u32| {
            let vote = self.claim(vote);
            vote.active && vote.reviewer == record.reviewer
        };
        match voted.latest_first().find(is_theirs) {
            Some(vote) => claim > vote || self.is_overridden(vote, pair),
            None => true,
        }
    }

    fn said(&self, pair: Pair) -> u8 {
        self.voted.get(&pair).map_or(0, |voted| voted.said)
    }

    fn by_degree(&self, a: u32, b: u32) -> (u32, u32) {
        if self.degree[a as usize] <= self.degree[b as usize] { (a, b) } else { (b, a) }
    }

    fn intern_all(&mut self, keys: &[Key]) -> Vec<u32> {
        let mut postings: Vec<u32> = keys.iter().map(|key| self.intern(key)).collect();
        postings.sort_unstable();
        postings.dedup();
        postings
    }

    fn intern(&mut self, key: &Key) -> u32 {
        if let Some(&id) = self.ids.get(key) {
            return id;
        }
        let id = self.keys.len() as u32;
        self.keys.push(Key::clone(key));
        self.ids.insert(Key::clone(key), id);
        self.same_of.push(Vec::new());
        self.near.push(Vec::new());
        self.groups.push();
        self.degree.push(0);
        id
    }

    fn vote(&mut self, pair: Pair, claim: u32) {
        match self.voted.entry(pair) {
            std::collections::hash_map::Entry::Occupied(mut voted) => voted.get_mut().push(claim),
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(Voted::new(claim));
                for (posting, other) in [(pair.0, pair.1), (pair.1, pair.0)] {
                    self.near[posting as usize].push(other);
                    self.degree[self.groups.find(posting) as usize] += 1;
                }
            }
        }
    }

    /// Same claims, counting or not, that cover the pair, in log order.
    fn covering(&self, pair: Pair) -> Vec<u32> {
        let (a, b) = (self.same_claims(pair.0), self.same_claims(pair.1));
        let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
        let partner = |&(claim, sides): &(u32, u8)| {
            let position = long.binary_search_by_key(&claim, |&(claim, _)| claim).ok()?;
            let &(_, other) = long.get(position)?;
            covers(sides, other).then_some(claim)
        };
        short.iter().filter_map(partner).collect()
    }

    fn is_overridden(&self, vote: u32, pair: Pair) -> bool {
        let reviewer = self.claim(vote).reviewer;
        self.covering(pair).into_iter().rev().take_while(|&same| same > vote).any(|same| {
            let same = self.claim(same);
            same.active && same.reviewer == reviewer
        })
    }

    /// Each reviewer's latest vote on the pair, where no later Same of theirs overrides it; latest first.
    fn standing_votes(&self, pair: Pair, voted: &Voted) -> impl Iterator<Item = u32> {
        let mut heard = Vec::new();
        voted.latest_first().filter(move |&vote| {
            let record = self.claim(vote);
            if !record.active || heard.contains(&record.reviewer) {
                return false;
            }
            heard.push(record.reviewer);
            !self.is_overridden(vote, pair)
        })
    }

    fn weigh(&self, pair: Pair, voted: &Voted) -> u8 {
        self.standing_votes(pair, voted).fold(0, |said, vote| said | bit(self.claim(vote).verdict))
    }

    fn refresh(&mut self, pair: Pair) {
        let Some(voted) = self.voted.get(&pair) else {
            return;
        };
        let (before, after) = (voted.said, self.weigh(pair, voted));
        if let Some(voted) = self.voted.get_mut(&pair) {
            voted.said = after;
        }
        self.account(pair, before, after);
    }

    fn account(&mut self, pair: Pair, before: u8, after: u8) {
        self.n_different += u64::from(after & DIFFERENT != 0);
        self.n_different -= u64::from(before & DIFFERENT != 0);
        let is_apart = after & (DIFFERENT | VARIANT) != 0;
        let is_together = self.groups.find(pair.0) == self.groups.find(pair.1);
        set_member(&mut self.variants, pair, after & VARIANT != 0);
        set_member(&mut self.unsure, pair, after == UNSURE);
        set_member(&mut self.clashing, pair, is_apart && is_together);
    }

    /// Pairs covered by a Same claim on which something else was said.
    fn voted_pairs(&self, claim: u32) -> BTreeSet<Pair> {
        let mut pairs = BTreeSet::new();
        let record = self.claim(claim);
        for posting in record.postings() {
            let same = self.same_claims(posting);
            let Ok(position) = same.binary_search_by_key(&claim, |&(number, _)| number) else {
                continue;
            };
            let sides = same.get(position).map_or(0, |&(_, sides)| sides);
            let near = &self.near[posting as usize];
            if near.len() <= record.left.len() + record.right.len() {
                let all = near.iter().map(|&other| Pair::new(posting, other));
                pairs.extend(all.filter(|&pair| self.covering(pair).binary_search(&claim).is_ok()));
            } else {
                let all = record.partners(sides).filter(|&other| other != posting);
                let all = all.map(|other| Pair::new(posting, other));
                pairs.extend(all.filter(|pair| self.voted.contains_key(pair)));
            }
        }
        pairs
    }

    fn rebuild(&mut self, dirty: BTreeSet<u32>) {
        let mut claims = BTreeSet::new();
        for group in dirty {
            for posting in self.groups.dissolve(group) {
                self.degree[posting as usize] = self.near[posting as usize].len() as u64;
                for &other in &self.near[posting as usize] {
                    self.clashing.remove(&Pair::new(posting, other));
                }
                claims.extend(self.same_of[posting as usize].iter().map(|&(claim, _)| claim));
            }
        }
        for claim in claims {
            self.unite_claim(claim);
        }
    }

    fn unite_claim(&mut self, number: u32) {
        let record = self.claim(number);
        if record.verdict != Verdict::Same || !record.active {
            return;
        }
        if record.is_whole() {
            let postings: Vec<u32> = record.postings().collect();
            for chain in postings.windows(2) {
                self.unite(chain[0], chain[1]);
            }
        } else {
            for pair in record.pairs() {
                if self.groups.find(pair.0) != self.groups.find(pair.1) && self.holds(number, pair) {
                    self.unite(pair.0, pair.1);
                }
            }
        }
    }

    fn unite(&mut self, a: u32, b: u32) {
        let (a, b) = (self.groups.find(a), self.groups.find(b));
        if a == b {
            return;
        }
        let (from, to) = self.by_degree(a, b);
        for &posting in self.groups.members(from) {
            for &other in &self.near[posting as usize] {
                let pair = Pair::new(posting, other);
                let is_apart = self.said(pair) & (DIFFERENT | VARIANT) != 0;
                if is_apart && self.groups.find(other) == to {
                    self.clashing.insert(pair);
                }
            }
        }
        let degree = self.degree[a as usize] + self.degree[b as usize];
        self.groups.unite(a, b);
        self.degree[self.groups.find(a) as usize] = degree;
    }
}

fn set_member(set: &mut PairSet, pair: Pair, belongs: bool) {
    if belongs {
        set.insert(pair);
    } else {
        set.remove(&pair);
    }
}
