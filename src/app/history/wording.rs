//! An entry of the log in words. Pure; knows no posting but by its key.

use std::collections::HashSet;

use crate::review::{Claim, Entry, Gesture, Key, ReviewState, Verdict, View};

/// Above this many claims (an import), postings are not counted, only pairs.
const MAX_COUNTED_CLAIMS: usize = 500;

/// How far a retraction of a retraction is followed.
const MAX_STEPS: usize = 32;

/// What a gesture says: "Same: 4 postings, 6 pairs", "Undid Same: 4 postings, 6 pairs", "Keeper chosen".
pub fn entry_wording(entry: &Entry, review: &ReviewState) -> String {
    match &entry.gesture {
        Gesture::Judge { claims } => judged(claims),
        Gesture::Retract { .. } => {
            let (target, n_steps) = retracted(entry, review);
            let verb = if n_steps % 2 == 1 { "Undid" } else { "Redid" };
            match target {
                Some(target) => format!("{verb} {}", entry_wording(target, review)),
                None => format!("{verb} an entry that is not in this log"),
            }
        }
        Gesture::Keep { .. } => "Keeper chosen".to_owned(),
        Gesture::Note { text, .. } if text.is_empty() => "Note removed".to_owned(),
        Gesture::Note { text, .. } => format!("Note: {text}"),
        Gesture::Flag { flagged: true, .. } => "Flagged for a second look".to_owned(),
        Gesture::Flag { flagged: false, .. } => "Flag removed".to_owned(),
        Gesture::LookAlike { picks, shown, hard_negatives, .. } => {
            let picked = match picks.len() {
                0 => "none of these".to_owned(),
                n => format!("{n} picked"),
            };
            let negatives = match hard_negatives.len() {
                0 => String::new(),
                1 => ", 1 hard negative".to_owned(),
                n => format!(", {n} hard negatives"),
            };
            format!("Look-alikes: {picked} of {}{negatives}", shown.len())
        }
        Gesture::Candidate { verdict, .. } => format!("Candidate: {}", verdict.label()),
    }
}

fn judged(claims: &[Claim]) -> String {
    let mut parts = Vec::new();
    for verdict in Verdict::ALL {
        let own = || claims.iter().filter(move |claim| claim.verdict() == verdict);
        let n_pairs: u64 = own().map(Claim::n_pairs).sum();
        if n_pairs == 0 {
            continue;
        }
        let pairs = if n_pairs == 1 { "pair" } else { "pairs" };
        if claims.len() > MAX_COUNTED_CLAIMS {
            parts.push(format!("{}: {n_pairs} {pairs}", verdict.label()));
            continue;
        }
        let postings: HashSet<&str> = own().flat_map(Claim::postings).map(|key| &**key).collect();
        parts.push(format!("{}: {} postings, {n_pairs} {pairs}", verdict.label(), postings.len()));
    }
    if parts.is_empty() { "Nothing".to_owned() } else { parts.join("; ") }
}

/// What a chain of retractions is about, and how many of them lead there.
fn retracted<'r>(entry: &'r Entry, review: &'r ReviewState) -> (Option<&'r Entry>, usize) {
    let mut at = Some(entry);
    let mut n_steps = 0;
    while let Some(target) = at.and_then(|entry| entry.gesture.retracts()) {
        n_steps += 1;
        at = review.entry(target);
        if n_steps == MAX_STEPS {
            return (None, n_steps);
        }
    }
    (at, n_steps)
}

/// The postings an entry is about, each once, in the order it names them; for a retraction, those of what it retracts.
pub fn entry_postings(entry: &Entry, review: &ReviewState) -> Vec<Key> {
    let (Some(target), _) = retracted(entry, review) else { return Vec::new() };
    let mut seen = HashSet::new();
    target.gesture.postings().into_iter().filter(|key| seen.insert(Key::clone(key))).cloned().collect()
}

/// The verdict an entry itself gives, for its mark: that of its first claim.
pub fn entry_verdict(entry: &Entry) -> Option<Verdict> {
    match &entry.gesture {
        Gesture::Judge { claims } => claims.first().map(Claim::verdict),
        _ => None,
    }
}

/// Where a gesture was made.
pub fn view_label(view: View) -> &'static str {
    match view {
        View::Cluster => "Cluster",
        View::Cut => "Cut",
        View::Compare => "Compare",
        View::Pair => "Pair",
        View::Batch => "Batch",
        View::History => "History",
        View::Import => "Import",
        View::LookAlikes => "Look-alikes",
        View::Play => "Play",
        View::HardNegatives => "Hard negatives",
    }
}
