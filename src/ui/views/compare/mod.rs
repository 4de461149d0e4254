//! The compare overlay: two postings' pictures in one of four modes, and under them what tells them apart and the verdicts.
//! It takes the place of the station; Esc goes back.

mod below;
mod placement;
mod stage;

use egui::{RichText, vec2};

use crate::app::{Command, CompareCommand, CompareMode, Purpose, Scale, ZoomLock};
use crate::catalog::PostingIdx;
use crate::ui::{Outbox, ViewContext};

/// Draws the overlay in place of the station.
pub(in crate::ui) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let Some(pair) = context.app.compare.pair else { return };
    let panel = egui::Frame::new().fill(context.theme.palette.panel).inner_margin(8);
    egui::Panel::top("compare_header").resizable(false).frame(panel).show(ui, |ui| {
        header(ui, context, pair, out);
    });
    egui::Panel::bottom("compare_below").resizable(false).frame(panel).show(ui, |ui| {
        below::show(ui, context, pair, out);
    });
    let centre = egui::Frame::new().fill(context.theme.palette.window).inner_margin(8);
    egui::CentralPanel::default().frame(centre).show(ui, |ui| {
        let rect = ui.available_rect_before_wrap();
        stage::show(ui, context, rect, pair, out);
    });
}

/// A button for an action of the overlay, with its keycap.
fn button(ui: &mut egui::Ui, context: ViewContext<'_>, id: &str) -> egui::Response {
    let action = crate::app::action(id);
    let label = action.map_or(id, |action| action.label);
    let keycap = context.keymap.keycap(id).unwrap_or_default();
    let response = ui.button(format!("{label}  {keycap}"));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, label));
    response.on_hover_text(action.map_or("", |action| action.tooltip))
}

fn header(ui: &mut egui::Ui, context: ViewContext<'_>, pair: (PostingIdx, PostingIdx), out: &mut Outbox) {
    let compare = &context.app.compare;
    let mut send = |command: CompareCommand| out.push(Command::Compare(command));
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(6.0, 4.0);
        let back = context.keymap.keycap("chrome.escape").unwrap_or_default();
        if ui.button(format!("Back  {back}")).clicked() {
            send(CompareCommand::Close);
        }
        ui.separator();
        for mode in CompareMode::ALL {
            let hint = context.keymap.keycap("compare.mode").unwrap_or_default();
            let chosen = ui.selectable_label(compare.mode == mode, mode.label());
            if chosen.on_hover_text(format!("{hint} goes through the modes")).clicked() {
                send(CompareCommand::Mode(mode));
            }
        }
        if compare.mode == CompareMode::Flip {
            let mut is_auto = compare.is_auto_flip;
            if ui.checkbox(&mut is_auto, "By itself").on_hover_text("Twice a second").changed() {
                send(CompareCommand::ToggleAutoFlip);
            }
        }
        ui.separator();
        for (id, command) in [
            ("compare.fit", CompareCommand::Scale(Scale::Fit(1.0))),
            ("compare.actual", CompareCommand::Scale(Scale::Pixels(1.0))),
        ] {
            if button(ui, context, id).clicked() {
                send(command);
            }
        }
        let lock = match compare.lock {
            ZoomLock::Locked => "Zoom locked",
            ZoomLock::Free => "Zoom free",
        };
        let key = context.keymap.keycap("compare.lock").unwrap_or_default();
        let locked = ui.selectable_label(compare.lock == ZoomLock::Locked, format!("{lock}  {key}"));
        if locked.on_hover_text("Zooms and moves both pictures together, or each by itself").clicked() {
            send(CompareCommand::ToggleLock);
        }
        if button(ui, context, "compare.swap").clicked() {
            send(CompareCommand::Swap);
        }
        ui.separator();
        let mut facts = Vec::new();
        if let Some(number) = compare.partner_number().filter(|_| compare.partners.len() > 1) {
            facts.push(format!("partner {} of {}", number + 1, compare.partners.len()));
        }
        if compare.purpose == Purpose::Deciding
            && !context.app.preferences.hide_scores
            && let Some(score) = context.app.matching.score(pair.0, pair.1)
        {
            facts.push(format!("similarity {score:.2}"));
        }
        facts.push(match compare.looks[0].scale {
            Scale::Fit(by) if by <= 1.0 => "fitted".to_owned(),
            Scale::Fit(by) => format!("{by:.1} \u{d7} fitted"),
            Scale::Pixels(by) => format!("{:.0} % of pixels", by * 100.0),
        });
        ui.label(RichText::new(facts.join(" \u{b7} ")).color(context.theme.palette.text_weak));
    });
}
