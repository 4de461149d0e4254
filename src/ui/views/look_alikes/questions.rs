//! Where questions come from, how they are drawn, and how answers are given; also what an empty station shows.

use egui::{RichText, vec2};

use super::{button, send, weak};
use crate::app::{AskAbout, LookAlikesCommand, PickFor};
use crate::app::{ChromeCommand, Command, SessionCommand};
use crate::project::{CandidatesLie, LookAlikesSettings, PickKeys, PickRecords};
use crate::ui::{Outbox, ViewContext, input, widgets};

/// Draws the page.
pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    input::canvas(ui, ui.available_rect_before_wrap(), "Questions");
    let Some(session) = &context.app.session.open else { return };
    let look_alikes = &context.app.look_alikes;
    let palette = context.theme.palette;
    let settings = &session.settings.look_alikes;
    egui::ScrollArea::vertical().id_salt("look_alikes_questions").auto_shrink(false).show(ui, |ui| {
        ui.set_max_width(720.0 * widgets::text_scale(ui));
        ui.add_space(8.0);
        if look_alikes.questions.is_none() {
            ui.heading("One against many");
            weak(
                ui,
                context,
                "A posting and its candidates: pick what looks like it. Open a table of what looks like what (columns left and \
                right), a candidates file, or ask about this catalogue",
            );
            ui.add_space(8.0);
        }
        if let Some(reason) = &look_alikes.refused {
            let text = RichText::new(format!("\u{26a0} {reason}")).color(palette.error);
            ui.add(egui::Label::new(text).wrap());
            ui.add_space(8.0);
        }
        let mut edited = settings.clone();
        about(ui, context, settings, out);
        ui.add_space(8.0);
        drawing(ui, context, &mut edited);
        ui.add_space(8.0);
        ask(ui, context, out);
        ui.add_space(12.0);
        ui.separator();
        answering(ui, context, &mut edited);
        if edited != *settings {
            send(out, LookAlikesCommand::Set(Box::new(edited)));
        }
    });
}

fn about(ui: &mut egui::Ui, context: ViewContext<'_>, settings: &LookAlikesSettings, out: &mut Outbox) {
    let look_alikes = &context.app.look_alikes;
    let Some(session) = &context.app.session.open else { return };
    ui.strong("Ask about");
    for about in AskAbout::ALL {
        let detail = match about {
            AskAbout::Labelled => {
                "the left side of a looks-like table, or every posting of a group; the match is among the candidates".to_owned()
            }
            AskAbout::Selected => match look_alikes.selected(context.app) {
                Some(posting) => {
                    let title = session.catalog.title(posting);
                    let name = if title.is_empty() { session.catalog.key(posting) } else { title };
                    format!("now: {name}")
                }
                None => "none is selected".to_owned(),
            },
            AskAbout::File => match &settings.candidates {
                Some(path) if context.app.preferences.presentation => {
                    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
                }
                Some(path) => path.display().to_string(),
                None => "a query and its candidates a line; none was chosen yet".to_owned(),
            },
        };
        let id = match about {
            AskAbout::Labelled => "questions.labelled",
            AskAbout::Selected => "questions.selected",
            AskAbout::File => "questions.file",
        };
        ui.horizontal_wrapped(|ui| {
            let key = context.keymap.keycap(id).unwrap_or_default();
            widgets::keycap(ui, context.theme, &key);
            if ui.radio(look_alikes.about == about, about.label()).clicked() {
                send(out, LookAlikesCommand::About(about));
            }
            ui.label(RichText::new(detail).small().color(context.theme.palette.text_weak));
            if about == AskAbout::File {
                let key = context.keymap.keycap("questions.open_file").unwrap_or_default();
                let choose = ui.button(format!("Choose\u{2026}  {key}"));
                let name = "Choose a candidates file";
                choose.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, name));
                if choose.clicked() {
                    out.push(Command::Chrome(ChromeCommand::Pick(PickFor::Candidates)));
                }
            }
        });
    }
}

fn drawing(ui: &mut egui::Ui, context: ViewContext<'_>, edited: &mut LookAlikesSettings) {
    if context.app.look_alikes.about == AskAbout::File {
        return weak(ui, context, "The file says which candidates each question has");
    }
    egui::Grid::new("look_alikes_drawing").num_columns(2).spacing([16.0, 6.0]).show(ui, |ui| {
        let name = ui.label("Candidates");
        ui.add(egui::DragValue::new(&mut edited.n_candidates).range(1..=500)).labelled_by(name.id);
        ui.end_row();
        let name = ui.label("From the nearest");
        let slider = egui::Slider::new(&mut edited.nearest_share, 0.0..=1.0).step_by(0.05);
        let slider = slider.custom_formatter(|share, _| format!("{:.0} %", share * 100.0));
        let slider = slider.custom_parser(|text| {
            text.trim().trim_end_matches('%').trim().parse::<f64>().ok().map(|percent| percent / 100.0)
        });
        ui.add(slider).labelled_by(name.id).on_hover_text("The rest is drawn at random");
        ui.end_row();
        let name = ui.label("Seed");
        ui.add(egui::DragValue::new(&mut edited.seed)).labelled_by(name.id).on_hover_text(
            "Decides which candidates are drawn at random, how they are shuffled and what returns",
        );
        ui.end_row();
    });
}

fn ask(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let look_alikes = &context.app.look_alikes;
    ui.horizontal_wrapped(|ui| {
        let Some(action) = crate::app::action("questions.ask") else { return };
        let palette = context.theme.palette;
        let key = context.keymap.keycap(action.id).unwrap_or_default();
        let is_asking = look_alikes.asking_since.is_some();
        let text = RichText::new(format!("Ask  {key}")).strong().color(palette.on_accent);
        let size = vec2(120.0, ui.spacing().interact_size.y);
        let response =
            ui.add_enabled(!is_asking, egui::Button::new(text).fill(palette.accent).min_size(size));
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, !is_asking, action.label));
        if response.on_hover_text(action.tooltip).clicked() {
            out.push((action.command)());
        }
        if look_alikes.questions.is_some() {
            button(ui, context, "questions.back", true, out);
        } else {
            if ui.button("Open a looks-like table\u{2026}").clicked() {
                out.push(Command::Session(SessionCommand::Pick));
            }
            if ui.button("Open the look-alikes demo").clicked() {
                out.push(Command::Session(SessionCommand::OpenLooksLikeDemo));
            }
        }
        // Nothing is said before 300 ms.
        if look_alikes.asking_since.is_some_and(|since| context.app.now.secs - since > 0.3) {
            ui.spinner();
            ui.label("Ranking candidates\u{2026}");
        }
    });
}

fn answering(ui: &mut egui::Ui, context: ViewContext<'_>, edited: &mut LookAlikesSettings) {
    ui.strong("Answering");
    let mut blind = edited.lie == CandidatesLie::Blind;
    ui.checkbox(&mut blind, "Blind while annotating: scores hidden, candidates shuffled");
    edited.lie = if blind { CandidatesLie::Blind } else { CandidatesLie::Ranked };
    let mut at_once = edited.records == PickRecords::AtOnce;
    ui.checkbox(&mut at_once, "One pick records: without Enter, one match a question");
    edited.records = if at_once { PickRecords::AtOnce } else { PickRecords::OnEnter };
    egui::Grid::new("look_alikes_answering").num_columns(2).spacing([16.0, 6.0]).show(ui, |ui| {
        ui.label("Keys shown on tiles");
        ui.horizontal_wrapped(|ui| {
            ui.radio_value(&mut edited.keys, PickKeys::Digits, "1 to 0, with Shift for the next ten");
            ui.radio_value(&mut edited.keys, PickKeys::LeftHand, "Left hand: 1-5, Q-T, A-G, Z-B by position");
        });
        ui.end_row();
        let name = ui.label("Goal of a session");
        ui.horizontal(|ui| {
            ui.add(egui::DragValue::new(&mut edited.goal).range(0..=100_000)).labelled_by(name.id);
            ui.label("answers; 0 for none");
        });
        ui.end_row();
        let name = ui.label("Repeated questions");
        ui.horizontal(|ui| {
            ui.label("one in");
            ui.add(egui::DragValue::new(&mut edited.repeat_every).range(0..=1_000)).labelled_by(name.id);
            ui.label("is an answered one, to measure agreement with yourself; 0 for none");
        });
        ui.end_row();
    });
    weak(ui, context, "Both sets of keys pick at any time; five tiles in a row lie as the keys do");
}
