//! Which encoders compare the postings, what the absent ones need, what makes matches of scores, and tuning on labels.

use std::collections::BTreeMap;
use std::sync::Arc;

use egui::RichText;

use super::matcher;
use super::translation::{self, TranslationChoice};
use crate::app::{Command, MatchCommand, ModelsCommand, Which};
use crate::encode::{EncoderSpec, EncoderTable, Modality, ModelStore};
use crate::ui::{Outbox, ViewContext, widgets};

/// How often the models folder is looked at, seconds.
const LOOK_EVERY_SECS: f64 = 2.0;

/// Which encoders and models there are, as last looked.
#[derive(Clone, Default)]
struct Models {
    looked_secs: Option<f64>,
    folder: String,
    encoders: Arc<EncoderTable>,
    /// Encoders some of whose model files are absent, by id.
    absent: Arc<BTreeMap<String, Absent>>,
    translations: Arc<Vec<TranslationChoice>>,
}

/// What an encoder or a translation lacks.
#[derive(Clone, Default)]
pub(super) struct Absent {
    /// The models to get.
    models: Vec<String>,
    /// Whether all of them can be downloaded.
    pub(super) can_get: bool,
    /// About how large they are, in words; empty where unknown.
    pub(super) size: String,
}

/// Draws the page.
pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let models = look(ui, context);
    let settings = &context.app.matching.settings;
    egui::ScrollArea::vertical().id_salt("matching").auto_shrink(false).show(ui, |ui| {
        ui.strong("Encoders");
        super::weak(
            ui,
            context,
            "What turns pictures and titles into something that can be compared. A change matches anew; \
             what was computed before is kept",
        );
        ui.add_space(4.0);
        let image = picker(ui, context, Modality::Image, settings.image_encoder.as_deref(), &models, out);
        if let Some(id) = image {
            out.push(Command::Match(MatchCommand::ImageEncoder(id)));
        }
        let text = picker(ui, context, Modality::Text, settings.text_encoder.as_deref(), &models, out);
        if let Some(id) = text {
            out.push(Command::Match(MatchCommand::TextEncoder(id)));
        }
        if settings.text_encoder.is_some() || settings.translate.is_some() {
            translation::show(ui, context, &models.translations, &models.folder, out);
        }
        if settings.image_encoder.is_none() && settings.text_encoder.is_none() {
            let text = "\u{26a0} Choose at least one encoder; without any there is nothing to compare";
            ui.label(RichText::new(text).color(context.theme.palette.warning));
        }
        ui.add_space(12.0);
        ui.strong("Matcher");
        matcher::show(ui, context, out);
        ui.add_space(12.0);
        ui.strong("Threshold");
        tune(ui, context, out);
    });
}

fn look(ui: &egui::Ui, context: ViewContext<'_>) -> Models {
    let id = egui::Id::unique("models_there");
    let known: Models = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    let now = context.app.now.secs;
    if known.looked_secs.is_some_and(|looked| now - looked < LOOK_EVERY_SECS) {
        return known;
    }
    let store = ModelStore::resolve(context.app.models_folder().as_deref());
    let encoders = EncoderTable::of(&store);
    let lacking = encoders.specs().iter().filter(|spec| !spec.is_ready(&store));
    let models_of = |spec: &EncoderSpec| spec.absent(&store).map(str::to_owned).collect();
    let absent = lacking.map(|spec| (spec.id.clone(), Absent::of(models_of(spec), &store))).collect();
    let models = Models {
        looked_secs: Some(now),
        folder: store.folder().display().to_string(),
        absent: Arc::new(absent),
        encoders,
        translations: Arc::new(translation::choices(&store)),
    };
    ui.data_mut(|data| data.insert_temp(id, models.clone()));
    models
}

impl Absent {
    /// What getting these models takes.
    pub(super) fn of(models: Vec<String>, store: &ModelStore) -> Self {
        let entries: Vec<_> = models.iter().filter_map(|model| store.entry(model)).collect();
        let can_get = entries.len() == models.len() && entries.iter().all(|entry| entry.source.is_some());
        let sizes: Vec<String> = entries.iter().filter_map(|entry| Some(entry.size()?.to_string())).collect();
        Self { models, can_get, size: sizes.join(" and ") }
    }
}

/// "Get" for what is lacking, or how far that is.
pub(super) fn get_button(
    ui: &mut egui::Ui,
    context: ViewContext<'_>,
    label: &str,
    absent: &Absent,
    out: &mut Outbox,
) {
    let running = absent.models.iter().find_map(|model| context.app.catalogue.models.running.get(model));
    if let Some(running) = running {
        let progress = &running.progress;
        let share = progress.n_done as f32 / (progress.n_total.max(1)) as f32;
        let bar = egui::ProgressBar::new(share).desired_width(90.0).show_percentage();
        ui.add(bar).on_hover_text(progress.counts());
        return;
    }
    if !absent.can_get {
        return;
    }
    let get = ui.button("Get");
    let name = format!("Get {label}");
    get.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
    if get.on_hover_text(format!("Downloads its model files, {}", absent.size)).clicked() {
        let commands = absent.models.iter().map(|model| ModelsCommand::Get(Which::Id(model.clone())));
        out.extend(commands.map(Command::Models));
    }
}

/// One combo box; gives the choice when it was changed.
fn picker(
    ui: &mut egui::Ui,
    context: ViewContext<'_>,
    modality: Modality,
    present: Option<&str>,
    models: &Models,
    out: &mut Outbox,
) -> Option<Option<String>> {
    let (heading, none) = match modality {
        Modality::Image => ("Image encoder", "None: titles alone"),
        Modality::Text => ("Text encoder", "None: pictures alone"),
    };
    let own = || models.encoders.of_modality(modality);
    let spec = own().find(|spec| Some(spec.id.as_str()) == present);
    let lack = |spec: &EncoderSpec| models.absent.get(&spec.id);
    let label = spec.map_or_else(|| present.unwrap_or(none), |spec| &spec.label);
    let mut chosen = None;
    ui.horizontal_wrapped(|ui| {
        ui.label(heading);
        let width = (300.0 * widgets::text_scale(ui)).min(ui.available_width());
        let combo = egui::ComboBox::from_id_salt(heading).selected_text(label).width(width).truncate();
        let response = combo.show_ui(ui, |ui| {
            if ui.selectable_label(present.is_none(), none).clicked() {
                chosen = Some(None);
            }
            for spec in own() {
                let is_chosen = Some(spec.id.as_str()) == present;
                ui.horizontal(|ui| {
                    let state = match lack(spec) {
                        None => "",
                        Some(absent) if absent.can_get => " \u{2014} to be got",
                        Some(_) => " \u{2014} model files absent",
                    };
                    let text = format!("{}{state}", spec.label);
                    if ui.selectable_label(is_chosen, text).on_hover_text(&spec.summary).clicked() {
                        chosen = Some(Some(spec.id.clone()));
                        ui.close();
                    }
                    if let Some(absent) = lack(spec) {
                        get_button(ui, context, &spec.label, absent, out);
                    }
                });
            }
        });
        let named = format!("{heading}: {label}");
        response.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, &named));
    });
    if let Some(spec) = spec {
        super::weak(ui, context, &spec.summary);
    }
    let folder = if context.app.preferences.presentation { "the models folder" } else { &models.folder };
    if let Some((spec, absent)) = spec.and_then(|spec| Some((spec, lack(spec)?))) {
        let what = format!("\u{26a0} {} needs its model files", spec.label);
        let text = if absent.can_get {
            format!("{what} ({}): get them, or add your own in the Models panel", absent.size)
        } else {
            format!(
                "{what}: add them in the Models panel, or put the folder {} into {folder}",
                spec.needs.join(" and the folder ")
            )
        };
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(text).small().color(context.theme.palette.warning));
            get_button(ui, context, &spec.label, absent, out);
        });
    }
    let n_absent = own().filter(|spec| lack(spec).is_some()).count();
    ui.horizontal_wrapped(|ui| {
        if n_absent > 0 {
            let text = format!("{n_absent} more can be got or added");
            ui.label(RichText::new(text).small().color(context.theme.palette.text_weak));
        }
        let key = context.keymap.keycap("models.open").unwrap_or_default();
        let button = ui.button(format!("Models\u{2026} ({key})"));
        let name = format!("Models for the {}", heading.to_lowercase());
        button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
        if button.on_hover_text("Shows every model, gets and adds them").clicked() {
            out.push(Command::Models(ModelsCommand::Open(present.map(str::to_owned))));
        }
    });
    ui.add_space(8.0);
    chosen.filter(|chosen| chosen.as_deref() != present)
}

fn tune(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let settings = &context.app.matching.settings;
    ui.label(format!("In force: {:.3} ({})", settings.threshold, settings.fusion));
    let has_groups =
        context.app.catalogue.statistics.as_ref().is_some_and(|statistics| statistics.n_groups > 0);
    if !has_groups {
        super::weak(
            ui,
            context,
            "The catalogue has no group labels to tune on; move the threshold in the top bar by hand",
        );
        return;
    }
    let button = ui.button("Tune");
    if button.on_hover_text("Sets the threshold with the best mean F1 on the labelled groups").clicked() {
        out.push(Command::Match(MatchCommand::Tune));
    }
    let tuned = context.app.matching.outcome.as_ref().and_then(|outcome| outcome.tuned.as_ref());
    if let Some(tuned) = tuned {
        let text = format!(
            "Tuned to {:.3}: mean F1 {:.4} on {} labelled postings, the same ones it was tuned on",
            tuned.threshold, tuned.scores.mean_f1, tuned.n_labelled_rows
        );
        super::weak(ui, context, text);
    }
}
