//! `clusters-csv` and `actions-csv`: one posting a row.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use super::{Sources, keeper, time_text};
use crate::review::rows::Rows;
use crate::review::{Entry, Gesture, Key, PairStanding, ReviewState, Verdict};

/// Postings in united groups or in clusters of the model; a decided group goes before the model's opinion.
pub(super) fn write_clusters(sources: &Sources<'_, impl Rows>, out: &mut dyn Write) -> std::io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(["posting_id", "cluster_id", "status", "keeper", "variant_of"])?;
    let mut clusters = sources.state.united_groups();
    let n_decided = clusters.len();
    let mut taken: BTreeSet<Key> = clusters.iter().flatten().cloned().collect();
    for cluster in sources.clusters.iter().flat_map(|clusters| &clusters.clusters) {
        let members = cluster.members.iter().filter(|&&row| (row as usize) < sources.rows.n_rows());
        let members = members.map(|&row| Key::from(sources.rows.key(row)));
        let mut members: Vec<Key> = members.filter(|key| !taken.contains(key)).collect();
        if members.len() > 1 {
            members.sort();
            taken.extend(members.iter().cloned());
            clusters.push(members);
        }
    }
    let variants = variants_of(sources.state);
    for (number, cluster) in clusters.iter().enumerate() {
        let status = if number < n_decided { "decided" } else { "proposed" };
        for posting in cluster {
            let keeper = keeper(sources, posting).unwrap_or_else(|| "".into());
            let variants = variants.get(posting).map(|others| others.join(" ")).unwrap_or_default();
            writer.write_record([posting, &*(number + 1).to_string(), status, &keeper, &variants])?;
        }
    }
    writer.flush()
}

/// Postings of which something was said.
pub(super) fn write_actions(sources: &Sources<'_, impl Rows>, out: &mut dyn Write) -> std::io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(["posting_id", "cluster_id", "keeper", "verdict", "reviewer", "time", "note"])?;
    let state = sources.state;
    let verdicts = verdicts(state);
    let latest = latest_entries(state);
    let mut cluster_of: BTreeMap<Key, usize> = BTreeMap::new();
    for posting in latest.keys() {
        if cluster_of.contains_key(posting) {
            continue;
        }
        let number = cluster_of.values().max().map_or(1, |last| last + 1);
        cluster_of.extend(state.united_with(posting).into_iter().map(|member| (member, number)));
    }
    for (posting, entry) in &latest {
        let note = state.note(posting).unwrap_or("");
        let verdict = verdicts.get(posting).copied().unwrap_or("");
        if verdict.is_empty() && note.is_empty() {
            continue;
        }
        let cluster = cluster_of.get(posting).map(ToString::to_string).unwrap_or_default();
        let keeper = keeper(sources, posting).unwrap_or_else(|| "".into());
        let time = time_text(entry.at_millis);
        writer.write_record([posting, &*cluster, &keeper, verdict, &entry.reviewer, &time, note])?;
    }
    writer.flush()
}

/// The weightiest thing known of each posting: conflict, same, variant, different, unsure.
fn verdicts(state: &ReviewState) -> BTreeMap<Key, &'static str> {
    let mut verdicts = BTreeMap::new();
    for (a, b) in state.unsure_pairs() {
        verdicts.extend([(a, Verdict::Unsure.id()), (b, Verdict::Unsure.id())]);
    }
    for wanted in [Verdict::Different, Verdict::Variant] {
        for (a, b, _) in state.apart_pairs().into_iter().filter(|(_, _, verdict)| *verdict == wanted) {
            verdicts.extend([(a, wanted.id()), (b, wanted.id())]);
        }
    }
    verdicts.extend(state.united_groups().into_iter().flatten().map(|posting| (posting, Verdict::Same.id())));
    for conflict in state.conflicts() {
        verdicts.extend([(Key::clone(&conflict.a), "conflict"), (Key::clone(&conflict.b), "conflict")]);
    }
    verdicts
}

/// The latest entry that counts and names each posting.
fn latest_entries(state: &ReviewState) -> BTreeMap<Key, &Entry> {
    let mut latest = BTreeMap::new();
    for entry in state.entries().iter().filter(|entry| state.is_active(entry.id)) {
        // An answer about looks decides nothing about duplicates.
        if !matches!(entry.gesture, Gesture::LookAlike { .. } | Gesture::Candidate { .. }) {
            for posting in entry.gesture.postings() {
                latest.insert(Key::clone(posting), entry);
            }
        }
    }
    latest
}

/// What each posting was said to be a variant of, uncontradicted.
fn variants_of(state: &ReviewState) -> BTreeMap<Key, Vec<Key>> {
    let mut variants: BTreeMap<Key, Vec<Key>> = BTreeMap::new();
    for (a, b, _) in state.apart_pairs() {
        if state.standing(&a, &b) == PairStanding::Decided(Verdict::Variant) {
            variants.entry(Key::clone(&a)).or_default().push(Key::clone(&b));
            variants.entry(b).or_default().push(a);
        }
    }
    variants.values_mut().for_each(|others| others.sort());
    variants
}
