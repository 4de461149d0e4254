//! A verdict on exactly the pair on screen, and its undo.

use std::sync::Arc;

use super::super::{AppState, ChromeCommand, Effect, Politeness, chrome, duplicates, saving};
use super::Purpose;
use crate::catalog::ImageSource;
use crate::review::{Claim, Gesture, Key, Seen, Verdict, View};

/// A verdict within this time of a new pair is taken for a slip of the hand.
const TOO_FAST_SECS: f64 = 0.12;

fn refusal(state: &AppState) -> Option<String> {
    if state.compare.purpose == Purpose::Looking {
        let reason = "Here one only looks: Esc goes back to where it is decided";
        return Some(reason.to_owned());
    }
    if let Some(reason) = saving::refusal(state) {
        return Some(reason);
    }
    if state.matching.is_peeking {
        return Some("This is the previous strategy's queue; let go of the key to decide".to_owned());
    }
    if state.now.secs - state.compare.shown_secs < TOO_FAST_SECS {
        return Some("Too fast: this pair has only just appeared".to_owned());
    }
    if !state.compare.is_drawn {
        return Some("The pictures are not drawn yet".to_owned());
    }
    None
}

/// Records the verdict and shows the next partner; after the last one, closes the overlay.
pub(super) fn judge(state: &mut AppState, verdict: Verdict) -> Vec<Effect> {
    if let Some(reason) = refusal(state) {
        return state.chrome.refuse(state.now, reason);
    }
    let (Some(pair), Some(session)) = (state.compare.pair, &state.session.open) else { return Vec::new() };
    let keys: Vec<Key> =
        [pair.0, pair.1].iter().map(|posting| Key::from(session.catalog.key(*posting))).collect();
    let without_picture = [pair.0, pair.1]
        .iter()
        .zip(&keys)
        .filter(|(posting, _)| {
            matches!(session.catalog.image(**posting), ImageSource::None | ImageSource::Missing(_))
        })
        .map(|(_, key)| Arc::clone(key))
        .collect();
    let (model, threshold) = duplicates::grounds(state);
    let seen = Seen {
        view: View::Compare,
        postings: keys.clone(),
        without_picture,
        model,
        threshold,
        score: state.matching.score(pair.0, pair.1),
        rank: None,
        millis: state.compare.watch.millis(),
    };
    let gesture = Gesture::Judge { claims: vec![Claim::Within { members: keys, verdict }] };
    let (entry, mut effects) = saving::record(state, gesture, seen);
    state.compare.recorded.push((entry, pair));
    effects.push(Effect::Announce(format!("{}: 1 pair", verdict.label()), Politeness::Polite));
    let next = state.compare.partner_number().map(|number| number + 1);
    match next.filter(|next| *next < state.compare.partners.len()) {
        Some(next) => super::show_partner(state, next),
        None => super::close(state),
    }
    effects
}

/// Takes back the latest gesture; where it was made in this overlay, its pair comes back on screen.
pub(super) fn undo(state: &mut AppState) -> Vec<Effect> {
    if let Some(reason) = refusal(state).filter(|_| state.compare.purpose == Purpose::Looking) {
        return state.chrome.refuse(state.now, reason);
    }
    let target = state.saving.review.undo_target(&state.preferences.reviewer);
    let n_pending = state.saving.n_pending;
    let effects = chrome::apply(state, ChromeCommand::Undo);
    let is_undone = state.saving.n_pending > n_pending;
    if let (Some(target), true) = (target, is_undone)
        && let Some(at) = state.compare.recorded.iter().position(|(entry, _)| *entry == target)
    {
        let (_, pair) = state.compare.recorded[at];
        super::show(state, pair);
    }
    effects
}
