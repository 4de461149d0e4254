//! What makes matches of scores: the matcher, and a slider for each of its numbers.

use egui::RichText;

use crate::app::{Command, MatchCommand};
use crate::matching::{MATCHERS, MatcherParameter, MatcherRecipe, matcher_spec};
use crate::ui::{Outbox, ViewContext, widgets};

/// Draws the picker, what the matcher does, where it comes from, and its numbers.
pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let settings = &context.app.matching.settings;
    if settings.is_trained() {
        super::weak(ui, context, "The promoted model brings the matcher it was judged with");
        return;
    }
    let recipe = &settings.matcher;
    let spec = matcher_spec(&recipe.id);
    let label = spec.map_or(recipe.id.as_str(), |spec| spec.label);
    let width = (300.0 * widgets::text_scale(ui)).min(ui.available_width());
    let combo = egui::ComboBox::from_id_salt("matcher").selected_text(label).width(width).truncate();
    let response = combo.show_ui(ui, |ui| {
        // What learns from groups is fitted with the model it belongs to, not chosen by hand.
        for spec in MATCHERS.iter().filter(|spec| spec.learn.is_none()) {
            let is_chosen = spec.id == recipe.id;
            if ui.selectable_label(is_chosen, spec.label).on_hover_text(spec.summary).clicked() && !is_chosen
            {
                let recipe = MatcherRecipe { id: spec.id.to_owned(), ..MatcherRecipe::default() };
                out.push(Command::Match(MatchCommand::Matcher(recipe)));
            }
        }
    });
    let named = format!("Matcher: {label}");
    response.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, &named));
    let Some(spec) = spec else { return };
    super::weak(ui, context, format!("{} ({})", spec.summary, spec.source));
    let mut changed = recipe.clone();
    for parameter in spec.parameters {
        number(ui, parameter, &mut changed);
    }
    if changed != *recipe {
        out.push(Command::Match(MatchCommand::Matcher(changed)));
    }
}

/// A slider for a number that has a value of its own; those that follow the settings are in the top bar.
fn number(ui: &mut egui::Ui, parameter: &MatcherParameter, recipe: &mut MatcherRecipe) {
    let Some(default) = parameter.default else { return };
    let (low, high) = parameter.range;
    // Counts reach beyond 1 and are tried in whole steps.
    let is_count =
        high > 1.5 && [low, high, default].iter().chain(parameter.choices).all(|it| it.fract() == 0.0);
    let mut value = recipe.values.get(parameter.name).copied().unwrap_or(default);
    ui.horizontal_wrapped(|ui| {
        let name = ui.label(parameter.name.replace('_', " "));
        let step = if is_count { 1.0 } else { 0.005 };
        let slider = egui::Slider::new(&mut value, low..=high)
            .step_by(step)
            .logarithmic(high > 100.0)
            .max_decimals(if is_count { 0 } else { 3 });
        let response = ui.add(slider).labelled_by(name.id).on_hover_text(parameter.explanation);
        if response.changed() {
            recipe.values.insert(parameter.name.to_owned(), value);
        }
        ui.label(RichText::new(parameter.explanation).small().weak());
    });
}
