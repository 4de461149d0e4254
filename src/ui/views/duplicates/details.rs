//! The details pane: all columns of the posting under the cursor against the reference, the why-chain, the note.

use egui::RichText;

use crate::app::{Card, OpenItem};
use crate::catalog::{Catalog, PostingIdx};
use crate::matching::title_flags;
use crate::review::Link;
use crate::ui::{Outbox, ViewContext, widgets};

use super::header::letter;

/// Draws the pane.
pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let _ = out;
    let (Some(session), Some(open)) = (&context.app.session.open, &context.app.duplicates.item) else {
        ui.label(
            RichText::new("Details of the posting under the cursor appear here")
                .color(context.theme.palette.text_weak),
        );
        return;
    };
    let Some(card) = open.current() else { return };
    let catalog = &session.catalog;
    let posting = card.front();
    let reference = open.reference_card().map(Card::front).filter(|reference| *reference != posting);
    egui::ScrollArea::vertical().id_salt("details").auto_shrink(false).show(ui, |ui| {
        ui.strong(format!("Posting {}", letter(open.cursor)));
        widgets::title(
            ui,
            context.theme,
            catalog.title(posting),
            reference.map(|reference| catalog.title(reference)),
        );
        if let Some(reference) = reference {
            for flag in title_flags(catalog.title(reference), catalog.title(posting)) {
                let text = format!(
                    "\u{26a0} {} differs: {} in {}, {} here",
                    flag.kind,
                    flag.left,
                    letter(open.reference),
                    flag.right
                );
                ui.label(RichText::new(text).color(context.theme.palette.warning));
            }
        }
        if let Some(note) = context.app.saving.review.note(catalog.key(posting)) {
            ui.separator();
            ui.label(RichText::new("Note").small().color(context.theme.palette.text_weak));
            ui.label(note);
        }
        ui.separator();
        columns(ui, context, catalog, posting, reference);
        if let Some(reference) = reference {
            scores(ui, context, posting, reference);
        }
        if context.app.duplicates.is_why_open {
            ui.separator();
            why(ui, context, catalog, open, posting, reference);
        }
    });
}

/// Columns that presentation mode hides: names, paths and sellers.
pub(in crate::ui) fn is_private(column: &str) -> bool {
    let column = column.to_lowercase();
    ["id", "image", "url", "path", "seller", "shop", "user", "phash"].iter().any(|word| column.contains(word))
}

fn columns(
    ui: &mut egui::Ui,
    context: ViewContext<'_>,
    catalog: &Catalog,
    posting: PostingIdx,
    reference: Option<PostingIdx>,
) {
    let hides = context.app.preferences.presentation;
    for (number, column) in catalog.columns().iter().enumerate() {
        if hides && is_private(column) {
            continue;
        }
        let here = catalog.cell(posting, number);
        let there = reference.map(|reference| catalog.cell(reference, number)).filter(|there| *there != here);
        if here.is_empty() && there.is_none_or(str::is_empty) {
            continue;
        }
        ui.label(RichText::new(column).small().color(context.theme.palette.text_weak));
        ui.add(egui::Label::new(here).wrap());
        if let Some(there) = there {
            let text = format!("\u{2260} {}", if there.is_empty() { "nothing" } else { there });
            ui.add(
                egui::Label::new(RichText::new(text).small().color(context.theme.palette.text_weak)).wrap(),
            );
        }
        ui.add_space(2.0);
    }
}

fn scores(ui: &mut egui::Ui, context: ViewContext<'_>, posting: PostingIdx, reference: PostingIdx) {
    if context.app.preferences.hide_scores {
        return;
    }
    let Some(outcome) = &context.app.matching.outcome else { return };
    ui.separator();
    ui.label(RichText::new("Similarity to the reference").small().color(context.theme.palette.text_weak));
    let grounds = &outcome.grounds;
    for (label, ground) in [("Picture", &grounds.image), ("Title", &grounds.text)] {
        let Some(ground) = ground else { continue };
        let similarity = ground.embeddings.similarity(posting.at(), reference.at());
        let text = similarity.map_or_else(|| "none".to_owned(), |value| format!("{value:.3}"));
        ui.label(format!("{label}: {text} ({})", ground.encoder));
    }
    let fused = context.app.matching.score(reference, posting);
    let text = fused.map_or_else(|| "not among the nearest".to_owned(), |value| format!("{value:.3}"));
    ui.label(format!("Fused: {text} (threshold {:.3})", outcome.settings.threshold));
}

/// The decisions that tie the posting to the reference, or else the strongest chain of scores inside the cluster.
fn why(
    ui: &mut egui::Ui,
    context: ViewContext<'_>,
    catalog: &Catalog,
    open: &OpenItem,
    posting: PostingIdx,
    reference: Option<PostingIdx>,
) {
    ui.strong("Why");
    let Some(reference) = reference else {
        ui.label("This is the reference itself; move to another card");
        return;
    };
    let title =
        |key: &str| catalog.find(key).map_or_else(|| key.to_owned(), |posting| short(catalog.title(posting)));
    let chain = context.app.saving.review.why_same(catalog.key(reference), catalog.key(posting));
    if !chain.is_empty() {
        ui.label("Decided the same through:");
        for Link { a, b, verdict, score, .. } in &chain {
            let score = score.map_or_else(String::new, |score| format!(" at {score:.2}"));
            ui.label(format!("\u{2022} {} \u{2014} {}: {}{score}", title(a), title(b), verdict.label()));
        }
        return;
    }
    let path = strongest_chain(context, open, reference, posting);
    if path.is_empty() {
        ui.label("Nothing ties it to the reference at any score");
        return;
    }
    let weakest = path.iter().map(|(_, _, score)| *score).fold(f32::INFINITY, f32::min);
    ui.label("Proposed through:");
    for (a, b, score) in path {
        let mark = if score <= weakest { "  weakest link" } else { "" };
        ui.label(format!("\u{2022} {} \u{2014} {}: {score:.2}{mark}", letter(a), letter(b)));
    }
}

fn short(title: &str) -> String {
    const N_CHARS: usize = 32;
    if title.chars().count() <= N_CHARS {
        return title.to_owned();
    }
    let head: String = title.chars().take(N_CHARS).collect();
    format!("{head}\u{2026}")
}

/// The chain of cards from `from` to `to` whose weakest link is strongest (Prim's tree from `from`).
fn strongest_chain(
    context: ViewContext<'_>,
    open: &OpenItem,
    from: PostingIdx,
    to: PostingIdx,
) -> Vec<(usize, usize, f32)> {
    let fronts: Vec<PostingIdx> = open.cards.iter().map(Card::front).collect();
    let number = |posting: PostingIdx| fronts.iter().position(|front| *front == posting);
    let (Some(start), Some(end)) = (number(from), number(to)) else { return Vec::new() };
    let mut parent: Vec<Option<(usize, f32)>> = vec![None; fronts.len()];
    let mut reached = vec![start];
    while !reached.contains(&end) {
        let mut best: Option<(f32, usize, usize)> = None;
        for inside in &reached {
            for outside in (0..fronts.len()).filter(|card| !reached.contains(card)) {
                let (Some(a), Some(b)) = (fronts.get(*inside), fronts.get(outside)) else { continue };
                let Some(score) = context.app.matching.score(*a, *b) else { continue };
                if best.is_none_or(|(strongest, _, _)| score > strongest) {
                    best = Some((score, *inside, outside));
                }
            }
        }
        let Some((score, inside, outside)) = best else { return Vec::new() };
        if let Some(place) = parent.get_mut(outside) {
            *place = Some((inside, score));
        }
        reached.push(outside);
    }
    let mut chain = Vec::new();
    let mut at = end;
    while let Some(Some((before, score))) = parent.get(at).copied() {
        chain.push((before, at, score));
        at = before;
    }
    chain.reverse();
    chain
}
