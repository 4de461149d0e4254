//! Above the cards: which item this is, what holds it together, and what changed meanwhile.

use egui::RichText;

use crate::app::{Command, DuplicatesCommand, DuplicatesMode, OpenItem};
use crate::review::{QueueItem, QueueKind};
use crate::ui::{Outbox, ViewContext};

/// "Cluster 12 of 312, 4 postings, 6 pairs, weakest 0.61 A-C".
pub(super) fn show(
    ui: &mut egui::Ui,
    context: ViewContext<'_>,
    open: &OpenItem,
    queued: &QueueItem,
    n_items: usize,
) {
    let what = match context.app.duplicates.kind {
        QueueKind::Clusters => "Cluster",
        QueueKind::Pairs => "Pair",
        QueueKind::SecondLook => "Second look",
        QueueKind::Conflicts => "Conflict",
    };
    let n_postings: usize = open.cards.iter().map(|card| card.postings.len()).sum();
    let n_cards = open.cards.len();
    let n_pairs = n_cards * n_cards.saturating_sub(1) / 2;
    let pairs = if n_pairs == 1 { "pair" } else { "pairs" };
    let mut text = format!("{n_postings} postings, {n_pairs} {pairs}");
    if let Some((a, b, score)) = queued.weakest.filter(|_| !context.app.preferences.hide_scores) {
        let letter = |row: u32| {
            let at = open.cards.iter().position(|card| card.postings.iter().any(|posting| posting.0 == row));
            at.map_or_else(String::new, letter)
        };
        text.push_str(&format!(", weakest {score:.2} {}-{}", letter(a), letter(b)));
    }
    ui.horizontal_wrapped(|ui| {
        ui.heading(format!("{what} {} of {n_items}", open.position + 1));
        ui.label(RichText::new(text).color(context.theme.palette.text_weak));
        if let DuplicatesMode::Cut(_) = context.app.duplicates.mode {
            ui.label(
                RichText::new("Cut: digits put the card in a group, Enter records")
                    .color(context.theme.palette.accent),
            );
        }
        let recorded = context.app.duplicates.recorded.get(open.position).copied().flatten();
        if let Some((verdict, _)) = recorded {
            let colour = context.theme.verdict_colour(verdict);
            ui.label(RichText::new(format!("\u{2714} recorded: {}", verdict.label())).color(colour));
        }
    });
}

/// The letter of a card, as in "A-C".
pub(super) fn letter(card: usize) -> String {
    match u8::try_from(card) {
        Ok(card) if card < 26 => char::from(b'A' + card).to_string(),
        _ => format!("{}", card + 1),
    }
}

/// Lines about the state of the results: provisional, being updated, newer ones waiting, the previous strategy shown.
pub(super) fn notices(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let matching = &context.app.matching;
    let palette = context.theme.palette;
    if let Some(pending) = &context.app.duplicates.pending {
        ui.horizontal(|ui| {
            let text = format!("{} clusters change", pending.n_changed);
            ui.label(RichText::new(text).color(palette.accent));
            let key = context.keymap.keycap("duplicates.apply_new").unwrap_or_default();
            if ui.button(format!("Apply ({key})")).clicked() {
                out.push(Command::Duplicates(DuplicatesCommand::ApplyNew));
            }
        });
    }
    let is_slow = matching.updating_since.is_some_and(|since| context.app.now.secs - since > 0.3);
    let line = match (matching.is_peeking, matching.is_provisional, is_slow && matching.outcome.is_some()) {
        (true, _, _) => "Showing the previous strategy's queue while the key is held",
        (false, true, _) => {
            "First results from picture hashes and titles; better ones follow once everything is embedded"
        }
        (false, false, true) => "Updating\u{2026} the previous result stays until the new one is there",
        _ => return,
    };
    ui.label(RichText::new(line).small().color(palette.warning));
}
