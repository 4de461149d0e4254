//! Groups and rejected pairs from the catalogue's labels, from decisions, or from both.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::{JobError, Workbench};
use super::TrainPlan;
use crate::catalog::{Catalog, PostingIdx};
use crate::review::{Key, LookAlikes, ReviewState, Verdict};
use crate::train::{Labels, Part, SplitShares, Unreviewed, split_by_group};

/// Where labels come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LabelSource {
    /// The catalogue's groups; they are complete, so that postings of two groups are different.
    Catalogue,
    /// Decisions: same and different pairs and what follows from them.
    Decisions,
    /// Both; decided-same groups join the catalogue's.
    #[default]
    Both,
    /// Answers about looks: picks and known matches are alike, announced and judged hard negatives are not. They join the
    /// catalogue's groups, where it has them (a looks-like table's pairs).
    LookAlikes,
}

impl LabelSource {
    /// Whether decisions about duplicates count.
    fn reads_decisions(self) -> bool {
        matches!(self, Self::Decisions | Self::Both)
    }

    /// Whether the catalogue's groups count.
    fn reads_catalogue(self) -> bool {
        self != Self::Decisions
    }
}

/// Labels with the name of each row's group, by which it is split.
pub(super) struct LabelSet {
    pub labels: Labels,
    names: Vec<String>,
    pub notes: Vec<String>,
}

impl LabelSet {
    pub fn new(bench: &Workbench, plan: &TrainPlan<'_>) -> Result<Self, JobError> {
        let catalog = &bench.catalog;
        let of_catalogue = plan.labels.reads_catalogue() && catalog.has_groups();
        if plan.labels == LabelSource::Catalogue && !of_catalogue {
            return Err(JobError::Refused(
                "the catalogue has no group labels to learn from. Review pairs and use --labels decisions"
                    .to_owned(),
            ));
        }
        let of_decisions = plan.labels.reads_decisions();
        let looks = (plan.labels == LabelSource::LookAlikes).then(|| LookAlikes::of(plan.review));
        let n_rows = catalog.n_postings();
        let mut groups = Joined::new(n_rows);
        let n_labelled = if of_catalogue { groups.join_catalogue(catalog) } else { 0 };
        if of_decisions {
            groups.join_decisions(plan.review, catalog);
        }
        if let Some(looks) = &looks {
            groups.join_looks(looks, catalog);
        }
        let ids = groups.ids();
        let mut notes = Vec::new();
        let different = match &looks {
            Some(looks) => looks.negatives(),
            None if of_decisions => {
                let apart = plan.review.apart_pairs().into_iter();
                apart
                    .filter(|(_, _, verdict)| *verdict == Verdict::Different)
                    .map(|(a, b, _)| (a, b))
                    .collect()
            }
            None => Vec::new(),
        };
        let rejected = rejected(different, catalog, &ids, &mut notes);
        let has_own = ids
            .iter()
            .enumerate()
            .any(|(row, id)| id.is_some() && catalog.group(PostingIdx::from_row(row)).is_none());
        // Groups known from decisions alone may be the same product as any other, until somebody says.
        let is_complete = of_catalogue && n_labelled > 0 && !has_own;
        let unreviewed = if is_complete { Unreviewed::Different } else { plan.recipe.unreviewed };
        if unreviewed == Unreviewed::Different && !is_complete {
            notes.push(
                "unreviewed pairs of two groups were taken for different, as the recipe says".to_owned(),
            );
        }
        let names = names(catalog, &ids, of_catalogue);
        let mut decided = groups.decided;
        decided.extend(rejected.iter().flat_map(|&(a, b)| [a, b]));
        decided.sort_unstable();
        decided.dedup();
        let labels = Labels::new(ids, &rejected, unreviewed).with_decided(decided);
        Ok(Self { labels, names, notes })
    }

    /// Groups of the training part, about as many as the validation part has, in the place of the validation part; all else in
    /// that of the training part.
    pub fn sampled(&self, parts: &[Part], seed: u64, shares: SplitShares) -> Vec<Part> {
        let share = if shares.train > 0.0 { (shares.validation / shares.train).min(1.0) } else { 0.0 };
        // Another hash than the split's, which puts the whole training part below one place.
        let hashed = SplitShares { train: 1.0 - share, validation: share };
        let drawn = split_by_group(!seed, self.names.iter().map(String::as_str), hashed);
        let sampled = parts.iter().zip(drawn).map(|(part, drawn)| match (part, drawn) {
            (Part::Train, Part::Validation) => Part::Validation,
            _ => Part::Train,
        });
        sampled.collect()
    }

    /// The name of each row's group.
    pub fn names(&self) -> Vec<&str> {
        self.names.iter().map(String::as_str).collect()
    }

    /// The part of each row.
    pub fn parts(&self, seed: u64, shares: SplitShares) -> Vec<Part> {
        split_by_group(seed, self.names.iter().map(String::as_str), shares)
    }
}

/// Sets of rows that are the same.
struct Joined {
    parent: Vec<usize>,
    is_grouped: Vec<bool>,
    /// Rows that decisions or answers join, in any order.
    decided: Vec<u32>,
}

impl Joined {
    fn new(n_rows: usize) -> Self {
        Self { parent: (0..n_rows).collect(), is_grouped: vec![false; n_rows], decided: Vec::new() }
    }

    fn root(&self, mut row: usize) -> usize {
        while let Some(&parent) = self.parent.get(row)
            && parent != row
        {
            row = parent;
        }
        row
    }

    /// The smaller root stays, so that the result does not hang on the order.
    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        if let Some(parent) = self.parent.get_mut(a.max(b)) {
            *parent = a.min(b);
        }
    }

    fn mark(&mut self, row: usize) {
        if let Some(is_grouped) = self.is_grouped.get_mut(row) {
            *is_grouped = true;
        }
    }

    /// Returns the number of labelled rows.
    fn join_catalogue(&mut self, catalog: &Catalog) -> usize {
        let mut first: BTreeMap<u32, usize> = BTreeMap::new();
        let mut n_labelled = 0;
        for (row, group) in catalog.group_ids().into_iter().enumerate() {
            if let Some(group) = group {
                n_labelled += 1;
                self.mark(row);
                let first = *first.entry(group).or_insert(row);
                self.join(first, row);
            }
        }
        n_labelled
    }

    fn join_decisions(&mut self, review: &ReviewState, catalog: &Catalog) {
        for group in review.united_groups() {
            let rows: Vec<usize> =
                group.iter().filter_map(|key| catalog.find(key)).map(PostingIdx::at).collect();
            for &row in &rows {
                self.mark(row);
                self.decided.push(row as u32);
            }
            for pair in rows.windows(2) {
                if let &[a, b] = pair {
                    self.join(a, b);
                }
            }
        }
    }

    /// A posting and what was picked as looking like it.
    fn join_looks(&mut self, looks: &LookAlikes, catalog: &Catalog) {
        for (query, other) in looks.positives() {
            if let (Some(query), Some(other)) = (catalog.find(&query), catalog.find(&other)) {
                self.mark(query.at());
                self.mark(other.at());
                self.decided.extend([query.0, other.0]);
                self.join(query.at(), other.at());
            }
        }
    }

    fn ids(&self) -> Vec<Option<u32>> {
        let rows = self.is_grouped.iter().enumerate();
        rows.map(|(row, is_grouped)| is_grouped.then(|| self.root(row) as u32)).collect()
    }
}

/// Rows of the pairs said to be different, those left out that labels say are the same.
fn rejected(
    different: Vec<(Key, Key)>,
    catalog: &Catalog,
    groups: &[Option<u32>],
    notes: &mut Vec<String>,
) -> Vec<(u32, u32)> {
    let group = |row: u32| groups.get(row as usize).copied().flatten();
    let mut pairs = Vec::new();
    let mut n_contradicted = 0;
    for (a, b) in different {
        let (Some(a), Some(b)) = (catalog.find(&a), catalog.find(&b)) else { continue };
        if group(a.0).is_some() && group(a.0) == group(b.0) {
            n_contradicted += 1;
        } else {
            pairs.push((a.0, b.0));
        }
    }
    if n_contradicted > 0 {
        notes.push(format!(
            "{n_contradicted} pairs decided to be different are of one group of the labels; those decisions were left out"
        ));
    }
    pairs
}

/// The catalogue's name of each row's group (the first where decisions join several), or the key of its first posting.
fn names(catalog: &Catalog, groups: &[Option<u32>], of_catalogue: bool) -> Vec<String> {
    let own = |row: usize| {
        let posting = PostingIdx::from_row(row);
        match catalog.group(posting) {
            Some(group) if of_catalogue => (0, group.to_owned()),
            _ => (1, catalog.key(posting).to_owned()),
        }
    };
    let mut best: BTreeMap<u32, (u8, String)> = BTreeMap::new();
    for (row, group) in groups.iter().enumerate() {
        if let Some(group) = group {
            let name = own(row);
            let best = best.entry(*group).or_insert_with(|| name.clone());
            if name < *best {
                *best = name;
            }
        }
    }
    let name = |(row, group): (usize, &Option<u32>)| {
        let of_group = group.as_ref().and_then(|group| best.get(group));
        of_group.map_or_else(|| own(row).1, |(_, name)| name.clone())
    };
    groups.iter().enumerate().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::{Joined, rejected};
    use crate::catalog::{CatalogBuilder, ImageSource};
    use crate::review::{
        CandidateVerdict, Entry, EntryId, Gesture, LookAlikes, ReviewState, Seen, ShownOrder,
    };

    #[test]
    fn answers_about_looks_join_and_part_what_they_name() {
        let mut builder = CatalogBuilder::default();
        for key in ["q", "pick", "above", "shown", "word"] {
            builder.push(key, "", "", ImageSource::None, None, &[]);
        }
        let catalog = builder.finish();
        let answer = Gesture::LookAlike {
            query: "q".into(),
            picks: vec!["pick".into()],
            shown: ["above", "pick", "shown", "word"].map(Into::into).to_vec(),
            hard_negatives: vec!["above".into()],
            order: ShownOrder::Ranked,
        };
        let word = Gesture::Candidate {
            query: "q".into(),
            candidate: "word".into(),
            verdict: CandidateVerdict::Negative,
        };
        let entries = [answer, word].into_iter().zip(1..).map(|(gesture, lamport)| Entry {
            id: EntryId::fresh(),
            reviewer: "ann".to_owned(),
            lamport,
            at_millis: 0,
            gesture,
            seen: Seen::default(),
        });
        let looks = LookAlikes::of(&ReviewState::from_entries(entries));
        let mut groups = Joined::new(catalog.n_postings());
        groups.join_looks(&looks, &catalog);
        let ids = groups.ids();
        // What was shown and not picked is in no group and no negative.
        assert_eq!(ids, [Some(0), Some(0), None, None, None]);
        let mut notes = Vec::new();
        assert_eq!(rejected(looks.negatives(), &catalog, &ids, &mut notes), [(0, 2), (0, 4)]);
        assert!(notes.is_empty());
    }
}
