//! The rail: one button a station that exists.

use egui::{Align2, FontId, Sense, Stroke, vec2};

use crate::app::{ChromeCommand, Command, Station};
use crate::ui::{Outbox, ViewContext, input};

const WIDTH: f32 = 56.0;
const BUTTON_HEIGHT: f32 = 56.0;

/// Draws the rail.
pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let palette = context.theme.palette;
    let frame = egui::Frame::new().fill(palette.panel);
    egui::Panel::left("rail").exact_size(WIDTH).resizable(false).frame(frame).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for (number, station) in Station::ALL.into_iter().enumerate() {
            let (rect, _) = ui.allocate_exact_size(vec2(WIDTH, BUTTON_HEIGHT), Sense::hover());
            let id = if number == 0 { input::rail_id() } else { ui.scope_id().with(number) };
            let response = ui.interact(rect, id, Sense::click());
            let is_open = context.app.chrome.station == station;
            response
                .widget_info(|| egui::WidgetInfo::selected(egui::Role::Tab, true, is_open, station.label()));
            let fill = match (is_open, response.hovered()) {
                (true, _) => palette.card_hover,
                (false, true) => palette.card,
                (false, false) => palette.panel,
            };
            ui.painter().rect_filled(rect, 0.0, fill);
            if is_open {
                let bar = egui::Rect::from_min_size(rect.min, vec2(3.0, rect.height()));
                ui.painter().rect_filled(bar, 0.0, palette.accent);
            }
            if response.has_focus() {
                ui.painter().rect_stroke(
                    rect.shrink(2.0),
                    4.0,
                    Stroke::new(2.0, palette.focus),
                    egui::StrokeKind::Inside,
                );
            }
            icon(
                ui.painter(),
                station,
                rect.center() - vec2(0.0, 8.0),
                Stroke::new(1.5, if is_open { palette.accent } else { palette.text }),
            );
            let font = FontId::proportional(10.0);
            ui.painter().text(
                rect.center_bottom() - vec2(0.0, 12.0),
                Align2::CENTER_CENTER,
                station.label(),
                font,
                palette.text,
            );
            let tooltip = format!("{} (Ctrl+{})", station.label(), number + 1);
            if response.on_hover_text(tooltip).clicked() {
                out.push(Command::Chrome(ChromeCommand::Go(station)));
            }
        }
    });
}

/// Line drawings of 20 points, so that no icon font is needed.
fn icon(painter: &egui::Painter, station: Station, centre: egui::Pos2, stroke: Stroke) {
    let rect = |x: f32, y: f32, w: f32, h: f32| {
        let min = centre + vec2(x, y);
        painter.rect_stroke(
            egui::Rect::from_min_size(min, vec2(w, h)),
            2.0,
            stroke,
            egui::StrokeKind::Middle,
        );
    };
    let line = |x0: f32, y0: f32, x1: f32, y1: f32| {
        painter.line_segment([centre + vec2(x0, y0), centre + vec2(x1, y1)], stroke);
    };
    match station {
        Station::Catalogue => {
            for (x, y) in [(-9.0, -9.0), (1.0, -9.0), (-9.0, 1.0), (1.0, 1.0)] {
                rect(x, y, 8.0, 8.0);
            }
        }
        Station::Duplicates => {
            rect(-9.0, -9.0, 12.0, 12.0);
            rect(-3.0, -3.0, 12.0, 12.0);
        }
        Station::LookAlikes => {
            // One against many.
            rect(-9.0, -5.0, 9.0, 10.0);
            for (x, y) in [(3.0, -9.0), (3.0, -2.5), (3.0, 4.0)] {
                rect(x, y, 6.0, 5.0);
            }
        }
        Station::Arena => {
            // Two rows, and who moved.
            line(-9.0, -6.0, 9.0, -6.0);
            line(-9.0, 6.0, 9.0, 6.0);
            line(-4.0, -6.0, 5.0, 6.0);
            painter.circle_filled(centre + vec2(-4.0, -6.0), 2.5, stroke.color);
            painter.circle_filled(centre + vec2(5.0, 6.0), 2.5, stroke.color);
        }
        Station::Train => {
            // A curve that rises, in its axes.
            line(-9.0, -9.0, -9.0, 9.0);
            line(-9.0, 9.0, 9.0, 9.0);
            line(-5.0, 5.0, -1.0, 0.0);
            line(-1.0, 0.0, 3.0, -2.0);
            line(3.0, -2.0, 8.0, -8.0);
        }
        Station::History => {
            painter.circle_stroke(centre, 9.0, stroke);
            line(0.0, -5.0, 0.0, 0.0);
            line(0.0, 0.0, 4.0, 2.5);
        }
    }
}
