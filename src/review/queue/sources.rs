//! Which rows make the items of each tab.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use rayon::slice::ParallelSliceMut;

use super::item::ItemBuilder;
use super::{MAX_PAIRS, NEAR_MISS_MARGIN, QueueItem};
use crate::matching::Clusters;
use crate::review::rows::Rows;

/// Clusters with open pairs.
pub(super) fn clusters(builder: &mut ItemBuilder<'_, impl Rows>, clusters: &Clusters) -> Vec<QueueItem> {
    let mut items = Vec::new();
    for cluster in &clusters.clusters {
        let (a, b) = cluster.weakest;
        items.extend(builder.open_item(&cluster.members, Some((a, b, cluster.weakest_score))));
    }
    items
}

/// The most doubtful open pairs, one for any two united groups.
pub(super) fn pairs(builder: &mut ItemBuilder<'_, impl Rows>) -> Vec<QueueItem> {
    let floor = builder.threshold - NEAR_MISS_MARGIN;
    let mut pairs = Vec::new();
    for row in 0..builder.n_rows() as u32 {
        let hits = builder.list(row).take_while(|&(_, score)| score >= floor);
        pairs.extend(hits.map(|(other, score)| (row.min(other), row.max(other), score)));
    }
    pairs.par_sort_unstable_by(|x, y| (x.0, x.1).cmp(&(y.0, y.1)).then(y.2.total_cmp(&x.2)));
    pairs.dedup_by_key(|pair| (pair.0, pair.1));
    let threshold = builder.threshold;
    let ranks = |a: u32, b: u32| {
        let (a, b) = (builder.rows.key_rank(a), builder.rows.key_rank(b));
        (a.min(b), a.max(b))
    };
    pairs.par_sort_unstable_by(|x, y| {
        let doubt = (x.2 - threshold).abs().total_cmp(&(y.2 - threshold).abs());
        doubt.then(y.2.total_cmp(&x.2))
    });
    // Equal scores stand in runs: only those are put in order of keys.
    for run in pairs.chunk_by_mut(|x, y| x.2.total_cmp(&y.2).is_eq()) {
        run.sort_unstable_by_key(|&(a, b, _)| ranks(a, b));
    }
    let mut asked = HashSet::new();
    let mut chosen = Vec::new();
    for (a, b, score) in pairs {
        if !builder.is_open(a, b) {
            continue;
        }
        let name = |row: u32| builder.group(row).map_or((row, false), |group| (group, true));
        let (x, y) = (name(a), name(b));
        if asked.insert((x.min(y), x.max(y))) {
            chosen.push((a, b, score));
            if chosen.len() == MAX_PAIRS {
                break;
            }
        }
    }
    chosen.into_iter().map(|(a, b, score)| builder.item(&[a, b], Some((a, b, score)))).collect()
}

/// Postings linked by unsure pairs, then flagged postings with their clusters.
pub(super) fn second_look(builder: &mut ItemBuilder<'_, impl Rows>, clusters: &Clusters) -> Vec<QueueItem> {
    let mut items = Vec::new();
    let mut shown = BTreeSet::new();
    for rows in linked_by_doubt(builder) {
        shown.extend(rows.iter().copied());
        items.push(builder.item(&rows, None));
    }
    for key in builder.state.flagged() {
        let Some(row) = builder.rows.find(&key).filter(|row| !shown.contains(row)) else {
            continue;
        };
        let cluster =
            clusters.cluster_of.get(row as usize).and_then(|&at| clusters.clusters.get(at as usize));
        let mut rows: Vec<u32> = match cluster {
            Some(cluster) => cluster.members.clone(),
            None => {
                let united = builder.state.united_with(&key);
                united.iter().filter_map(|member| builder.rows.find(member)).collect()
            }
        };
        rows.sort_unstable();
        shown.extend(rows.iter().copied());
        items.push(builder.item(&rows, None));
    }
    items
}

/// One item a contradiction, its two postings apart.
pub(super) fn conflicts(builder: &mut ItemBuilder<'_, impl Rows>) -> Vec<QueueItem> {
    let mut items = Vec::new();
    for conflict in builder.state.conflicts() {
        if let (Some(a), Some(b)) = (builder.rows.find(&conflict.a), builder.rows.find(&conflict.b)) {
            let score = builder.list(a).find(|&(other, _)| other == b).map(|(_, score)| score);
            let score =
                score.or_else(|| builder.list(b).find(|&(other, _)| other == a).map(|(_, score)| score));
            items.push(QueueItem {
                members: vec![a, b],
                stacks: vec![vec![a], vec![b]],
                weakest: score.map(|score| (a, b, score)),
                n_settled: 0,
                n_open: 0,
                near_misses: Vec::new(),
            });
        }
    }
    items
}

/// Components of the graph of unsure pairs, rows ascending.
fn linked_by_doubt(builder: &ItemBuilder<'_, impl Rows>) -> Vec<Vec<u32>> {
    let mut linked: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (a, b) in builder.state.unsure_pairs() {
        if let (Some(a), Some(b)) = (builder.rows.find(&a), builder.rows.find(&b)) {
            linked.entry(a).or_default().push(b);
            linked.entry(b).or_default().push(a);
        }
    }
    let mut seen = BTreeSet::new();
    let mut components = Vec::new();
    for &start in linked.keys() {
        let mut component = Vec::new();
        let mut open = vec![start];
        while let Some(row) = open.pop() {
            if seen.insert(row) {
                component.push(row);
                open.extend(linked.get(&row).into_iter().flatten());
            }
        }
        if !component.is_empty() {
            component.sort_unstable();
            components.push(component);
        }
    }
    components
}
