//! The Duplicates station: queue on the left, the open item in the centre, details on the right; narrow windows overlay
//! the side panes.

mod batch;
mod cards;
mod details;
mod fields;
mod header;
mod queue;
mod verdict_bar;

pub(in crate::ui) use details::is_private;
pub(in crate::ui) use verdict_bar::verdict_button;

use egui::{Align2, RichText, vec2};

use crate::app::{
    ChromeCommand, Command, Dialog, DuplicatesCommand, DuplicatesMode, SessionCommand, Station,
};
use crate::catalog::PostingIdx;
use crate::review::{Counts, QueueItem, QueueKind};
use crate::ui::{Outbox, ViewContext, widgets};

const QUEUE_WIDTH: f32 = 280.0;
const DETAILS_WIDTH: f32 = 300.0;

/// Below this width the side panes lie over the centre instead of beside it.
const NARROW: f32 = 1200.0;

/// Draws the station.
pub(in crate::ui) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    if context.app.session.open.is_none() {
        return nothing_open(ui, context, out);
    }
    let scale = widgets::text_scale(ui);
    let is_narrow = ui.available_width() < NARROW * scale;
    let preferences = &context.app.preferences;
    let panel = egui::Frame::new().fill(context.theme.palette.panel).inner_margin(8);
    if is_narrow {
        if !preferences.show_queue {
            overlay_pane(ui, context, Align2::LEFT_TOP, QUEUE_WIDTH * scale, |ui| {
                queue::show(ui, context, out)
            });
        }
        if !preferences.show_details {
            overlay_pane(ui, context, Align2::RIGHT_TOP, DETAILS_WIDTH * scale, |ui| {
                details::show(ui, context, out)
            });
        }
        egui::Panel::left("queue_strip").exact_size(64.0 * scale).resizable(false).frame(panel).show(
            ui,
            |ui| {
                queue::strip(ui, context, out);
            },
        );
    } else {
        if preferences.show_queue {
            let pane =
                egui::Panel::left("queue").exact_size(QUEUE_WIDTH * scale).resizable(false).frame(panel);
            pane.show(ui, |ui| queue::show(ui, context, out));
        }
        if preferences.show_details {
            let pane =
                egui::Panel::right("details").exact_size(DETAILS_WIDTH * scale).resizable(false).frame(panel);
            pane.show(ui, |ui| details::show(ui, context, out));
        }
    }
    let centre = egui::Frame::new().fill(context.theme.palette.window).inner_margin(12);
    egui::CentralPanel::default().frame(centre).show(ui, |ui| match &context.app.duplicates.mode {
        DuplicatesMode::Batch(page) => batch::show(ui, context, page, out),
        DuplicatesMode::Review | DuplicatesMode::Cut(_) => item(ui, context, out),
    });
    fields::show(ui, context, out);
    large_picture(ui, context);
}

/// In a narrow window the panes are away by default; the keys that hide them elsewhere bring them up here.
fn overlay_pane(
    ui: &egui::Ui,
    context: ViewContext<'_>,
    side: Align2,
    width: f32,
    contents: impl FnOnce(&mut egui::Ui),
) {
    let rect = ui.max_rect();
    let area = egui::Area::new(egui::Id::unique(("pane", width as u32, side.x() == egui::Align::Min)));
    let x = if side.x() == egui::Align::Min {
        rect.left() + 64.0 * widgets::text_scale(ui)
    } else {
        rect.right() - width
    };
    area.fixed_pos(egui::pos2(x, rect.top())).order(egui::Order::Middle).show(ui.ctx(), |ui| {
        let frame = egui::Frame::new()
            .fill(context.theme.palette.panel)
            .stroke(egui::Stroke::new(1.0, context.theme.palette.outline))
            .inner_margin(8);
        frame.show(ui, |ui| {
            ui.set_width(width - 16.0);
            ui.set_height(rect.height() - 16.0);
            contents(ui);
        });
    });
}

fn item(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let duplicates = &context.app.duplicates;
    header::notices(ui, context, out);
    let (Some(open), Some(queue)) = (&duplicates.item, &duplicates.queue) else {
        return no_item(ui, context, out);
    };
    let Some(queued) = queue.items.get(open.position) else { return };
    header::show(ui, context, open, queued, queue.items.len());
    prefetch(ui, context, &queue.items, open.position);
    let bar = egui::Panel::bottom("verdict_bar").resizable(false).frame(egui::Frame::NONE);
    bar.show(ui, |ui| verdict_bar::show(ui, context, open, out));
    cards::show(ui, context, open, queued, out);
}

/// Decodes the pictures of the items one will see next, nearest first, and of those just left.
fn prefetch(ui: &egui::Ui, context: ViewContext<'_>, items: &[QueueItem], position: usize) {
    const N_AHEAD: usize = 8;
    const N_BEHIND: usize = 2;
    const N_CARDS: usize = 12;
    let side = (cards::picture_side(ui) * ui.ctx().pixels_per_point()).ceil() as u32;
    let ahead = items.iter().skip(position + 1).take(N_AHEAD);
    let behind = items.iter().take(position).rev().take(N_BEHIND);
    let fronts = |item: &QueueItem| -> Vec<PostingIdx> {
        let rows = item.stacks.iter().filter_map(|stack| stack.first());
        rows.take(N_CARDS).copied().map(PostingIdx).collect()
    };
    let postings: Vec<PostingIdx> = ahead.chain(behind).flat_map(fronts).collect();
    context.images.prefetch(ui.ctx(), &postings, side);
}

/// Nothing to decide: says why and what to do next.
fn no_item(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let duplicates = &context.app.duplicates;
    let Some(queue) = &duplicates.queue else {
        let is_slow =
            context.app.matching.updating_since.is_some_and(|since| context.app.now.secs - since > 0.3);
        return centred(ui, |ui| {
            if context.app.matching.updating_since.is_some() {
                if is_slow {
                    ui.spinner();
                }
                ui.label("Finding look-alikes\u{2026}");
            } else if context.app.matching.outcome.is_none() {
                ui.label("No result yet. If finding look-alikes failed, the message says why");
                if ui.button("Try again").clicked() {
                    out.push(Command::Duplicates(DuplicatesCommand::ApplyNew));
                }
            }
        });
    };
    if queue.items.is_empty() {
        return centred(ui, |ui| match duplicates.kind {
            QueueKind::Clusters | QueueKind::Pairs => nothing_at_threshold(ui, context, out),
            QueueKind::SecondLook => {
                ui.label("Nothing was left unsure or flagged");
            }
            QueueKind::Conflicts => {
                ui.label("No decisions contradict each other");
            }
        });
    }
    finished(ui, context, queue.items.len(), out);
}

/// "0 at 0.80; 214 at 0.62, Apply": looks for a threshold at which something is proposed.
fn nothing_at_threshold(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let threshold = context.app.matching.settings.threshold;
    ui.label(format!("0 open at threshold {threshold:.3}"));
    let Some(outcome) = &context.app.matching.outcome else { return };
    let mut best_others: Vec<f32> = (0..outcome.neighbors.n_rows())
        .filter_map(|row| outcome.neighbors.list(row).1.get(1).copied())
        .filter(|score| *score < threshold)
        .collect();
    if best_others.is_empty() {
        ui.label("No two postings are alike by this strategy; another fusion or encoder may find some");
        return;
    }
    best_others.sort_by(|a, b| b.total_cmp(a));
    let wanted = best_others.len().min((best_others.len() / 10).max(2)) - 1;
    let Some(lower) = best_others.get(wanted).map(|score| (score * 200.0).floor() / 200.0) else { return };
    let n_more = best_others.iter().filter(|score| **score >= lower).count();
    if ui.button(format!("{n_more} postings have a look-alike at {lower:.3}: apply")).clicked() {
        out.push(Command::Match(crate::app::MatchCommand::Threshold(lower)));
    }
}

/// "312 of 312 decided: ..." and where to go from here.
fn finished(ui: &mut egui::Ui, context: ViewContext<'_>, n_items: usize, out: &mut Outbox) {
    let n_recorded = context.app.duplicates.recorded.iter().filter(|mark| mark.is_some()).count();
    let Counts { n_same_pairs, n_different_pairs, n_variant_pairs, n_unsure_pairs, .. } =
        context.app.saving.review.counts();
    centred(ui, |ui| {
        ui.heading(format!("{n_recorded} of {n_items} decided"));
        ui.label(format!(
            "{n_same_pairs} pairs same, {n_different_pairs} different, {n_variant_pairs} variants, {n_unsure_pairs} unsure"
        ));
        ui.horizontal(|ui| {
            let tab = |kind| Command::Duplicates(DuplicatesCommand::Tab(kind));
            for (label, command) in [
                ("Second look", tab(QueueKind::SecondLook)),
                ("Conflicts", tab(QueueKind::Conflicts)),
                ("Export\u{2026}", Command::Chrome(ChromeCommand::Open(Dialog::Export))),
                ("Train", Command::Chrome(ChromeCommand::Go(Station::Train))),
                ("Match again", Command::Duplicates(DuplicatesCommand::ApplyNew)),
            ] {
                if ui.button(label).clicked() {
                    out.push(command);
                }
            }
        });
    });
}

fn nothing_open(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    centred(ui, |ui| {
        if let Some(path) = &context.app.session.opening {
            ui.label(format!("Opening {}\u{2026}", path.display()));
            return;
        }
        ui.heading("Nothing is open");
        ui.label("Drop a catalogue or a folder of pictures here, or");
        ui.horizontal(|ui| {
            if ui.button("Open\u{2026}").clicked() {
                out.push(Command::Session(SessionCommand::Pick));
            }
            if ui.button("Open the demo").clicked() {
                out.push(Command::Session(SessionCommand::OpenDemo));
            }
        });
    });
}

fn centred(ui: &mut egui::Ui, contents: impl FnOnce(&mut egui::Ui)) {
    let height = ui.available_height();
    ui.vertical_centered(|ui| {
        ui.add_space(height * 0.35);
        contents(ui);
    });
}

fn large_picture(ui: &egui::Ui, context: ViewContext<'_>) {
    let card = context.app.duplicates.item.as_ref().and_then(|item| item.current());
    let Some(card) = card.filter(|_| context.app.duplicates.is_large) else { return };
    let rect = ui.max_rect().shrink(16.0);
    let layer = egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("large_picture"));
    let child = ui.ctx().layer_painter(layer);
    child.rect_filled(rect, 8.0, context.theme.palette.window);
    widgets::paint_picture_with(&child, context, card.front(), rect.shrink(12.0));
    if let Some(session) = &context.app.session.open {
        let title = RichText::new(session.catalog.title(card.front()));
        child.text(
            rect.center_bottom() - vec2(0.0, 10.0),
            Align2::CENTER_BOTTOM,
            title.text(),
            egui::FontId::proportional(16.0),
            context.theme.palette.text,
        );
    }
}
