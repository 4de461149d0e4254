//! The ten largest groups of the training and of the validation part in two dimensions, before and after.

use egui::{Align2, Rect, RichText, Sense, Stroke, StrokeKind, Vec2, pos2, vec2};

use super::weak;
use crate::catalog::Catalog;
use crate::jobs::{N_MAP_GROUPS, PartMap, TrainedReceipt};
use crate::ui::widgets::{Mark, group_colour};
use crate::ui::{ViewContext, widgets};

/// Side of a plot, points at 100 % text.
const SIDE: f32 = 250.0;

/// Draws the four plots, or why they are not there.
pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, receipt: &TrainedReceipt) {
    let train = &context.app.train;
    let Some(session) = &context.app.session.open else { return };
    ui.strong("Its groups before and after");
    weak(
        ui,
        context,
        format!(
            "t-SNE of the {N_MAP_GROUPS} largest groups: near means alike, the distance between far groups means \
             nothing. What was learned from moves more than what was not"
        ),
    );
    let Some(map) = train.map_of(receipt) else {
        let refused = train.map_refused.as_ref().filter(|(digest, _)| *digest == receipt.head_digest);
        match refused {
            Some((_, why)) => {
                let text = RichText::new(format!("\u{26a0} {why}")).color(context.theme.palette.warning);
                ui.add(egui::Label::new(text).wrap());
            }
            None => weak(ui, context, "Drawing\u{2026}"),
        }
        return;
    };
    for (name, part) in [("Training", &map.training), ("Validation", &map.validation)] {
        one_part(ui, context, &session.catalog, name, part);
    }
}

fn one_part(ui: &mut egui::Ui, context: ViewContext<'_>, catalog: &Catalog, name: &str, part: &PartMap) {
    if part.postings.is_empty() {
        weak(ui, context, format!("{name}: no group of two and more postings"));
        return;
    }
    let scale = widgets::text_scale(ui);
    let side = (SIDE * scale).min((ui.available_width() - 24.0) / 3.0);
    ui.horizontal_top(|ui| {
        for (when, places, kept) in
            [("before", &part.before, part.kept[0]), ("after", &part.after, part.kept[1])]
        {
            let title = format!("{name}, {when}");
            let plot = Plot { title: &title, places, groups: &part.groups, kept };
            plot.show(ui, context, catalog, part, side);
        }
        legend(ui, context, catalog, part);
    });
}

/// Which sign is which group.
fn legend(ui: &mut egui::Ui, context: ViewContext<'_>, catalog: &Catalog, part: &PartMap) {
    let palette = context.theme.palette;
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        ui.spacing_mut().interact_size.y = 0.0;
        for number in 0..N_MAP_GROUPS {
            let Some(first) = part.groups.iter().position(|group| *group == number) else { continue };
            let Some(posting) = part.postings.get(first) else { continue };
            let n_members = part.groups.iter().filter(|group| **group == number).count();
            ui.horizontal(|ui| {
                let height = ui.text_style_height(&egui::TextStyle::Small) + 4.0;
                let (rect, _) = ui.allocate_exact_size(Vec2::splat(height), Sense::hover());
                let colour = group_colour(context.theme, number);
                Mark::numbered(number).paint(ui.painter(), rect.center(), height * 0.27, colour);
                let text = format!("{n_members} \u{00d7} {}", catalog.title(*posting));
                let text = RichText::new(text).small().color(palette.text);
                ui.add(egui::Label::new(text).truncate());
            });
        }
    });
}

struct Plot<'a> {
    title: &'a str,
    places: &'a [[f64; 2]],
    groups: &'a [usize],
    kept: f64,
}

impl Plot<'_> {
    fn show(
        &self,
        ui: &mut egui::Ui,
        context: ViewContext<'_>,
        catalog: &Catalog,
        part: &PartMap,
        side: f32,
    ) {
        let palette = context.theme.palette;
        let font = egui::TextStyle::Small.resolve(ui.style());
        let line = font.size + 8.0;
        let (outer, response) = ui.allocate_exact_size(vec2(side, side + 2.0 * line), Sense::hover());
        let share = format!("nearest in its own group: {:.0} %", self.kept * 100.0);
        let signs: Vec<String> = (0..N_MAP_GROUPS)
            .filter(|number| self.groups.contains(number))
            .map(|number| Mark::numbered(number).name().to_owned())
            .collect();
        let spoken = format!(
            "{}: {} postings of {} groups ({}); {share}",
            self.title,
            self.places.len(),
            signs.len(),
            signs.join(", ")
        );
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &spoken));
        let painter = ui.painter();
        painter.text(outer.left_top(), Align2::LEFT_TOP, self.title, font.clone(), palette.text);
        painter.text(outer.left_bottom(), Align2::LEFT_BOTTOM, &share, font, palette.text_weak);
        let rect = Rect::from_min_size(outer.min + vec2(0.0, line), Vec2::splat(side)).shrink(1.0);
        painter.rect(rect, 4.0, palette.card, Stroke::new(1.0, palette.rail), StrokeKind::Inside);
        let farthest = self.places.iter().flatten().fold(1e-9_f64, |far, value| far.max(value.abs()));
        let reach = f64::from(side) * 0.45 / farthest;
        let at = |[x, y]: &[f64; 2]| {
            let (x, y) = ((x * reach) as f32, (y * reach) as f32);
            pos2(rect.center().x + x, rect.center().y - y)
        };
        for (place, group) in self.places.iter().zip(self.groups) {
            let colour = group_colour(context.theme, *group);
            Mark::numbered(*group).paint(painter, at(place), 4.2, colour);
        }
        let Some(pointer) = response.hover_pos() else { return };
        let far = |place: &[f64; 2]| at(place).distance(pointer);
        let nearest =
            self.places.iter().zip(&part.postings).min_by(|(a, _), (b, _)| far(a).total_cmp(&far(b)));
        if let Some((_, posting)) = nearest.filter(|(place, _)| far(place) < 12.0) {
            response.on_hover_text_at_pointer(catalog.title(*posting));
        }
    }
}
