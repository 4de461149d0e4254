//! What a gesture claims, and its recording.

use std::sync::Arc;

use super::super::{AppState, Effect, Politeness, saving};
use super::{Card, Mark, OpenItem, item, order};
use crate::catalog::{Catalog, PostingIdx};
use crate::review::{Claim, Gesture, Key, QueueKind, Seen, Verdict, View};

/// A verdict within this time of a new item is taken for a slip of the hand.
const TOO_FAST_SECS: f64 = 0.12;

/// Above this many cards, Same works only after every card has been on screen.
const MUST_SEE_ALL_ABOVE: usize = 12;

/// What a verdict on the open item would record; its label stands on the button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The claims.
    pub claims: Vec<Claim>,
    /// Number of pairs they are about.
    pub n_pairs: u64,
    /// Such as "Same: 4 postings, 6 pairs".
    pub label: String,
}

pub(super) fn keys(catalog: &Catalog, postings: &[PostingIdx]) -> Vec<Key> {
    postings.iter().map(|posting| Key::from(catalog.key(*posting))).collect()
}

fn n_pairs_within(n: usize) -> u64 {
    let n = n as u64;
    n * n.saturating_sub(1) / 2
}

/// Claims and the number of pairs they are about.
#[derive(Default)]
pub(super) struct Claims {
    pub(super) claims: Vec<Claim>,
    pub(super) n_pairs: u64,
}

impl Claims {
    pub(super) fn within(&mut self, catalog: &Catalog, postings: &[PostingIdx], verdict: Verdict) {
        if postings.len() > 1 {
            self.n_pairs += n_pairs_within(postings.len());
            self.claims.push(Claim::Within { members: keys(catalog, postings), verdict });
        }
    }

    pub(super) fn across(
        &mut self,
        catalog: &Catalog,
        left: &[PostingIdx],
        right: &[PostingIdx],
        verdict: Verdict,
    ) {
        if !left.is_empty() && !right.is_empty() {
            self.n_pairs += left.len() as u64 * right.len() as u64;
            self.claims.push(Claim::Across {
                left: keys(catalog, left),
                right: keys(catalog, right),
                verdict,
            });
        }
    }

    /// The verdict for every pair of postings of different cards; inside a stack nothing is said anew.
    fn between_cards(&mut self, catalog: &Catalog, cards: &[&Card], verdict: Verdict) {
        if cards.iter().all(|card| card.postings.len() == 1) {
            let fronts: Vec<PostingIdx> = cards.iter().map(|card| card.front()).collect();
            return self.within(catalog, &fronts, verdict);
        }
        for (at, left) in cards.iter().enumerate() {
            for right in cards.iter().skip(at + 1) {
                self.across(catalog, &left.postings, &right.postings, verdict);
            }
        }
    }
}

/// What `verdict` on the item says: the verdict for every pair of unmarked cards, and each marked card's own verdict against
/// all the unmarked ones. Of two marked cards nothing is said.
pub fn judgement(catalog: &Catalog, item: &OpenItem, verdict: Verdict) -> Judgement {
    let with_mark = |mark: Mark| item.cards.iter().filter(move |card| card.mark == mark).collect::<Vec<_>>();
    let rest = with_mark(Mark::In);
    let rest_postings: Vec<PostingIdx> = rest.iter().flat_map(|card| card.postings.clone()).collect();
    let mut claims = Claims::default();
    match verdict {
        Verdict::Same => claims.within(catalog, &rest_postings, Verdict::Same),
        other => claims.between_cards(catalog, &rest, other),
    }
    for (mark, own) in [(Mark::OutDifferent, Verdict::Different), (Mark::OutVariant, Verdict::Variant)] {
        for card in with_mark(mark) {
            claims.across(catalog, &card.postings, &rest_postings, own);
        }
    }
    let pairs = if claims.n_pairs == 1 { "pair" } else { "pairs" };
    let label = format!("{}: {} postings, {} {pairs}", verdict.label(), rest_postings.len(), claims.n_pairs);
    Judgement { claims: claims.claims, n_pairs: claims.n_pairs, label }
}

/// Why a verdict on the open item is refused now, if it is.
pub(super) fn refusal(state: &AppState, item: &OpenItem, verdict: Option<Verdict>) -> Option<String> {
    if let Some(reason) = saving::refusal(state) {
        return Some(reason);
    }
    if state.matching.is_peeking {
        return Some("This is the previous strategy's queue; let go of the key to decide".to_owned());
    }
    if state.now.secs - item.shown_secs < TOO_FAST_SECS {
        return Some("Too fast: this item has only just appeared".to_owned());
    }
    let n_unseen = item.n_unseen();
    if n_unseen == item.cards.len() && n_unseen > 0 {
        return Some("The pictures are not drawn yet".to_owned());
    }
    if verdict == Some(Verdict::Same) && item.cards.len() > MUST_SEE_ALL_ABOVE && n_unseen > 0 {
        return Some(format!(
            "{n_unseen} not seen: a large cluster is accepted only after every card was on screen"
        ));
    }
    if item.is_outdated(state, &state.saving.review) {
        return Some(
            "Decisions made meanwhile changed this cluster; Ctrl+R shows it as it is now".to_owned(),
        );
    }
    None
}

/// Encoders and fusion of the result on screen, such as "mobilenetv2_tf+idf-word/mean:0.50", and its threshold.
pub(in super::super) fn grounds(state: &AppState) -> (String, f32) {
    let settings =
        state.matching.outcome.as_ref().map_or(&state.matching.settings, |outcome| &outcome.settings);
    let encoder = |id: &Option<String>| id.clone().unwrap_or_else(|| "none".to_owned());
    let translated = settings.translate.as_ref().filter(|_| settings.text_encoder.is_some());
    let encoders = format!("{}+{}", encoder(&settings.image_encoder), encoder(&settings.text_encoder));
    if let Some(trained) = settings.trained.as_ref().filter(|_| settings.is_trained()) {
        return (format!("{encoders}/{}:{}", settings.fusion, trained.id), settings.threshold);
    }
    let model = format!(
        "{encoders}{}/{}:{:.2}",
        translated.map_or_else(String::new, |id| format!("({id})")),
        settings.fusion,
        settings.params.image_weight
    );
    (model, settings.threshold)
}

/// What the reviewer sees of the item.
pub(super) fn seen(state: &AppState, item: &OpenItem, view: View) -> Seen {
    let queued = state.duplicates.queue.as_ref().and_then(|queue| queue.items.get(item.position));
    let (model, threshold) = grounds(state);
    let (mut postings, mut without_picture) = (Vec::new(), Vec::new());
    if let Some(session) = &state.session.open {
        for card in &item.cards {
            let key = Key::from(session.catalog.key(card.front()));
            if !card.is_seen || session.catalog.image(card.front()) == crate::catalog::ImageSource::None {
                without_picture.push(Arc::clone(&key));
            }
            postings.push(key);
        }
    }
    let mut watch = item.watch;
    watch.touch(state.now.secs);
    Seen {
        view,
        postings,
        without_picture,
        model,
        threshold,
        score: queued.and_then(|queued| queued.weakest).map(|(_, _, score)| score),
        rank: u32::try_from(item.position).ok(),
        millis: watch.millis(),
    }
}

/// Records claims about the open item, marks it in the list and moves on.
pub(super) fn record(
    state: &mut AppState,
    item: &OpenItem,
    claims: Vec<Claim>,
    verdict: Verdict,
    view: View,
    label: &str,
) -> Vec<Effect> {
    let seen = seen(state, item, view);
    let (entry, mut effects) = saving::record(state, Gesture::Judge { claims }, seen);
    if let Some(recorded) = state.duplicates.recorded.get_mut(item.position) {
        *recorded = Some((verdict, entry));
    }
    state.duplicates.outlined.clear();
    effects.push(Effect::Announce(label.to_owned(), Politeness::Polite));
    effects.extend(order::next_open(state));
    effects
}

pub(super) fn judge(state: &mut AppState, verdict: Verdict) -> Vec<Effect> {
    let Some((item, session)) = state.duplicates.item.clone().zip(state.session.open.as_ref()) else {
        return Vec::new();
    };
    let judgement = judgement(&session.catalog, &item, verdict);
    if let Some(reason) = refusal(state, &item, Some(verdict)) {
        return state.chrome.refuse(state.now, reason);
    }
    if judgement.claims.is_empty() {
        return state.chrome.refuse(state.now, "There is no pair left to decide: unmark a card or skip");
    }
    let view = match state.duplicates.kind {
        QueueKind::Clusters => View::Cluster,
        _ => View::Pair,
    };
    record(state, &item, judgement.claims, verdict, view, &judgement.label)
}

/// Records something about the posting under the cursor and stays.
fn record_about_posting(
    state: &mut AppState,
    gesture: impl FnOnce(&AppState, Key) -> Gesture,
) -> Vec<Effect> {
    let Some((item, posting)) = state.duplicates.item.clone().zip(item::current_posting(state)) else {
        return Vec::new();
    };
    if let Some(reason) = saving::refusal(state) {
        return state.chrome.refuse(state.now, reason);
    }
    let Some(key) = state.session.open.as_ref().map(|session| Key::from(session.catalog.key(posting))) else {
        return Vec::new();
    };
    let gesture = gesture(state, key);
    let seen = seen(state, &item, View::Cluster);
    saving::record(state, gesture, seen).1
}

pub(super) fn keep(state: &mut AppState) -> Vec<Effect> {
    record_about_posting(state, |_, posting| Gesture::Keep { posting })
}

pub(super) fn toggle_flag(state: &mut AppState) -> Vec<Effect> {
    record_about_posting(state, |state, posting| {
        let flagged = !state.saving.review.is_flagged(&posting);
        Gesture::Flag { posting, flagged }
    })
}

pub(super) fn save_note(state: &mut AppState) -> Vec<Effect> {
    let Some(text) = state.duplicates.note_draft.take() else { return Vec::new() };
    record_about_posting(state, |_, posting| Gesture::Note { posting, text: text.trim().to_owned() })
}
