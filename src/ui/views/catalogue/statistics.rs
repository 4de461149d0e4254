//! Counts over the catalogue: postings, pictures, titles, groups and their sizes, memory, encoders, device.

use egui::{Align2, Rect, RichText, Sense, vec2};

use crate::jobs::Statistics;
use crate::ui::{Outbox, ViewContext, widgets};

/// Bars drawn of the group sizes; the rest is summed up in the last one.
const MAX_BARS: usize = 16;

/// Draws the page.
pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let _ = out;
    let Some(statistics) = &context.app.catalogue.statistics else {
        ui.add_space(24.0);
        ui.label("Counting\u{2026}");
        return;
    };
    egui::ScrollArea::vertical().id_salt("statistics").auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().interact_size.y = 0.0;
        let pairs = [("Counts", counts(statistics)), ("Matching", in_use(context, statistics))];
        let both = |ui: &mut egui::Ui| {
            for (heading, lines) in &pairs {
                ui.vertical(|ui| {
                    ui.strong(*heading);
                    grid(ui, context, heading, lines);
                });
                ui.add_space(4.0);
            }
        };
        if ui.available_width() > 900.0 * widgets::text_scale(ui) {
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = 48.0;
                both(ui);
            });
        } else {
            both(ui);
        }
        ui.add_space(12.0);
        ui.strong("Group sizes");
        if statistics.group_sizes.is_empty() {
            super::weak(ui, context, "The catalogue has no group labels; accuracy cannot be measured on it");
        } else {
            bars(ui, context, &bar_lines(&statistics.group_sizes));
        }
        if !statistics.problems.is_empty() {
            ui.add_space(12.0);
            ui.strong("Problems");
            let lines: Vec<(String, String)> =
                statistics.problems.iter().map(|(kind, n)| (kind.clone(), widgets::grouped(*n))).collect();
            grid(ui, context, "problem_counts", &lines);
        }
    });
}

fn line(label: &str, value: String) -> (String, String) {
    (label.to_owned(), value)
}

fn counts(statistics: &Statistics) -> Vec<(String, String)> {
    vec![
        line("Postings", widgets::grouped(statistics.n_postings)),
        line("With a picture", widgets::grouped(statistics.n_with_image)),
        line("Picture missing", widgets::grouped(statistics.n_missing_image)),
        line("With a title", widgets::grouped(statistics.n_with_title)),
        line("Title shared with another posting", widgets::grouped(statistics.n_shared_titles)),
        line("Mean title length", format!("{:.0} characters", statistics.mean_title_chars)),
        line("Labelled postings", widgets::grouped(statistics.n_labelled)),
        line("Labelled groups", widgets::grouped(statistics.n_groups)),
        line("Memory", format!("{:.1} MB", statistics.n_bytes as f64 / 1e6)),
    ]
}

fn in_use(context: ViewContext<'_>, statistics: &Statistics) -> Vec<(String, String)> {
    let settings = &context.app.matching.settings;
    let encoder = |id: &Option<String>| id.clone().unwrap_or_else(|| "none".to_owned());
    let mut lines = vec![
        line("Image encoder", encoder(&settings.image_encoder)),
        line("Text encoder", encoder(&settings.text_encoder)),
    ];
    if let Some(id) = &settings.translate {
        lines.push(line("Titles translated by", id.clone()));
    }
    if let Some(outcome) = &context.app.matching.outcome {
        let n_matched: usize = outcome.clusters.clusters.iter().map(|cluster| cluster.members.len()).sum();
        let n_clusters = outcome.clusters.clusters.len();
        lines.push(line("Clusters proposed", widgets::grouped(n_clusters)));
        let share = n_matched as f64 * 100.0 / statistics.n_postings.max(1) as f64;
        lines.push(line("Postings in clusters", format!("{} ({share:.0} %)", widgets::grouped(n_matched))));
    }
    let device = &context.app.chrome.device;
    lines.push(line("Device", if device.is_empty() { "not chosen yet".to_owned() } else { device.clone() }));
    lines
}

fn grid(ui: &mut egui::Ui, context: ViewContext<'_>, id: &str, lines: &[(String, String)]) {
    egui::Grid::new(id).num_columns(2).spacing(vec2(24.0, 4.0)).show(ui, |ui| {
        for (label, value) in lines {
            ui.label(RichText::new(label).color(context.theme.palette.text_weak));
            ui.label(value);
            ui.end_row();
        }
    });
}

/// One bar: what it counts, and how many.
fn bar_lines(sizes: &[(usize, usize)]) -> Vec<(String, usize)> {
    let postings = |size: usize| if size == 1 { "1 posting".to_owned() } else { format!("{size} postings") };
    if sizes.len() <= MAX_BARS {
        return sizes.iter().map(|(size, n)| (postings(*size), *n)).collect();
    }
    let (shown, rest) = sizes.split_at(MAX_BARS - 1);
    let mut lines: Vec<(String, usize)> = shown.iter().map(|(size, n)| (postings(*size), *n)).collect();
    if let (Some((first, _)), Some((last, _))) = (rest.first(), rest.last()) {
        lines.push((format!("{first} to {last} postings"), rest.iter().map(|(_, n)| n).sum()));
    }
    lines
}

fn bars(ui: &mut egui::Ui, context: ViewContext<'_>, lines: &[(String, usize)]) {
    let palette = context.theme.palette;
    let scale = widgets::text_scale(ui);
    let most = lines.iter().map(|(_, n)| *n).max().unwrap_or(1).max(1);
    let font = egui::TextStyle::Small.resolve(ui.style());
    let width = (560.0 * scale).min(ui.available_width());
    let (label_width, count_width) = (120.0 * scale, 120.0 * scale);
    ui.spacing_mut().item_spacing.y = 2.0;
    for (label, n) in lines {
        let (rect, response) = ui.allocate_exact_size(vec2(width, font.size + 6.0), Sense::hover());
        let groups = if *n == 1 { "group" } else { "groups" };
        let name = format!("{label}: {n} {groups}");
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &name));
        let at = rect.left_center();
        ui.painter().text(at, Align2::LEFT_CENTER, label, font.clone(), palette.text_weak);
        let longest = (width - label_width - count_width).max(20.0);
        let length = (longest * *n as f32 / most as f32).max(2.0);
        let bar = Rect::from_min_size(
            egui::pos2(rect.left() + label_width, rect.top() + 3.0),
            vec2(length, rect.height() - 6.0),
        );
        ui.painter().rect_filled(bar, 2.0, palette.accent);
        let at = bar.right_center() + vec2(6.0, 0.0);
        let text = format!("{} {groups}", widgets::grouped(*n));
        ui.painter().text(at, Align2::LEFT_CENTER, text, font.clone(), palette.text);
    }
}

#[cfg(test)]
mod tests {
    use super::bar_lines;
    use crate::ui::widgets::grouped;

    #[test]
    fn digits_stand_in_threes() {
        for (n, expected) in
            [(0, "0"), (999, "999"), (1000, "1,000"), (34250, "34,250"), (1234567, "1,234,567")]
        {
            assert_eq!(grouped(n), expected);
        }
    }

    #[test]
    fn many_sizes_are_summed_up() {
        assert_eq!(bar_lines(&[(1, 4), (2, 1)]), [("1 posting".to_owned(), 4), ("2 postings".to_owned(), 1)]);
        let sizes: Vec<(usize, usize)> = (1..=40).map(|size| (size, 2)).collect();
        let lines = bar_lines(&sizes);
        assert_eq!(lines.len(), 16);
        assert_eq!(lines.last(), Some(&("16 to 40 postings".to_owned(), 50)));
    }
}
