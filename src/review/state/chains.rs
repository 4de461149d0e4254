//! Why: the shortest chain of decisions between two postings, and the contradictions with their chains.
//! Ties are broken by posting key, so that the same log gives the same chain whatever order it arrived in.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::pairs::Pair;
use super::relations::Relations;
use super::{Conflict, Link, PairStanding};
use crate::review::{Entry, Verdict};

/// The shortest chain of same decisions from one posting to another, in that order; empty when there is none.
pub(super) fn why_same(relations: &Relations, entries: &[Entry], from: u32, to: u32) -> Vec<Link> {
    let groups = relations.groups();
    if from == to || groups.find(from) != groups.find(to) {
        return Vec::new();
    }
    let parents = breadth_first(relations, from, to);
    let mut links = Vec::new();
    let mut at = to;
    while let Some(&parent) = parents.get(&at).filter(|_| at != from) {
        links.extend(link(relations, entries, parent, at, Verdict::Same));
        at = parent;
    }
    links.reverse();
    links
}

/// Every contradiction, sorted by the keys of its pair.
pub(super) fn conflicts(relations: &Relations, entries: &[Entry]) -> Vec<Conflict> {
    let mut conflicts: Vec<Conflict> = relations
        .clashing()
        .iter()
        .filter_map(|&pair| {
            let (a, b) = by_key(relations, pair);
            let said = [Verdict::Different, Verdict::Variant];
            let claim = said.into_iter().filter_map(|said| relations.latest_claim(pair, said)).max()?;
            let verdict = relations.claim(claim).verdict;
            Some(Conflict {
                a: relations.key(a).clone(),
                b: relations.key(b).clone(),
                same_chain: why_same(relations, entries, a, b),
                against: link(relations, entries, a, b, verdict)?,
            })
        })
        .collect();
    conflicts.extend(mixed(relations, entries));
    conflicts.sort_by(|x, y| (&x.a, &x.b).cmp(&(&y.a, &y.b)));
    conflicts
}

/// Groups that are variants by one decision and different by another.
fn mixed(relations: &Relations, entries: &[Entry]) -> Vec<Conflict> {
    let groups = relations.groups();
    let mut group_pairs = BTreeSet::new();
    for pair in relations.variants() {
        let (a, b) = (groups.find(pair.0), groups.find(pair.1));
        if a != b {
            group_pairs.insert(Pair::new(a, b));
        }
    }
    let mut conflicts = Vec::new();
    for Pair(a, b) in group_pairs {
        if relations.between(a, b) != PairStanding::Conflicted {
            continue;
        }
        let different = relations.pairs_between(a, b, Verdict::Different);
        let variant = relations.pairs_between(a, b, Verdict::Variant);
        let both: Vec<Pair> = different.iter().filter(|pair| variant.contains(pair)).copied().collect();
        if both.is_empty() {
            let least = |pairs: Vec<Pair>| {
                let pairs = pairs.into_iter().map(|pair| by_key(relations, pair));
                pairs.min_by_key(|&(a, b)| (relations.key(a).clone(), relations.key(b).clone()))
            };
            if let (Some(different), Some(variant)) = (least(different), least(variant)) {
                conflicts.extend(mixed_conflict(relations, entries, different, variant));
            }
        } else {
            for pair in both {
                let pair = by_key(relations, pair);
                conflicts.extend(mixed_conflict(relations, entries, pair, pair));
            }
        }
    }
    conflicts
}

fn mixed_conflict(
    relations: &Relations,
    entries: &[Entry],
    different: (u32, u32),
    variant: (u32, u32),
) -> Option<Conflict> {
    let (a, b) = different;
    let groups = relations.groups();
    let (near_a, near_b) =
        if groups.find(variant.0) == groups.find(a) { variant } else { (variant.1, variant.0) };
    let mut same_chain = why_same(relations, entries, a, near_a);
    same_chain.extend(link(relations, entries, near_a, near_b, Verdict::Variant));
    same_chain.extend(why_same(relations, entries, near_b, b));
    Some(Conflict {
        a: relations.key(a).clone(),
        b: relations.key(b).clone(),
        same_chain,
        against: link(relations, entries, a, b, Verdict::Different)?,
    })
}

/// The parent of every posting reached from `from`, level by level, until `to` is reached.
fn breadth_first(relations: &Relations, from: u32, to: u32) -> HashMap<u32, u32> {
    let mut parents = HashMap::from([(from, from)]);
    let mut exhausted: HashSet<(u32, u8)> = HashSet::new();
    let mut level = vec![from];
    while !level.is_empty() && !parents.contains_key(&to) {
        level.sort_by_key(|&posting| relations.key(posting));
        let mut next = Vec::new();
        for &posting in &level {
            for &(number, sides) in relations.same_claims(posting) {
                let claim = relations.claim(number);
                // All partners of an unbroken claim are reached with its first posting of that side.
                if !claim.active || (claim.is_whole() && !exhausted.insert((number, sides))) {
                    continue;
                }
                for other in claim.partners(sides) {
                    let is_new = other != posting && !parents.contains_key(&other);
                    if is_new && relations.holds(number, Pair::new(posting, other)) {
                        parents.insert(other, posting);
                        next.push(other);
                    }
                }
            }
        }
        level = next;
    }
    parents
}

fn link(relations: &Relations, entries: &[Entry], a: u32, b: u32, verdict: Verdict) -> Option<Link> {
    let claim = relations.latest_claim(Pair::new(a, b), verdict)?;
    let entry = entries.get(relations.claim(claim).entry as usize)?;
    Some(Link {
        a: relations.key(a).clone(),
        b: relations.key(b).clone(),
        verdict,
        entry: entry.id,
        score: entry.seen.score,
    })
}

fn by_key(relations: &Relations, pair: Pair) -> (u32, u32) {
    if relations.key(pair.0) <= relations.key(pair.1) { (pair.0, pair.1) } else { (pair.1, pair.0) }
}
