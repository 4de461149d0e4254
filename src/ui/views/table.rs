//! A virtual table: only the lines on screen are touched, however many there are. Columns are resizable, headers may sort,
//! both scroll bars stay at the edge of what is visible. Lines are placed relative to the visible part in f64, so that
//! the millionth one stands as straight as the first.

use egui::{Align2, CursorIcon, Rect, Sense, Stroke, StrokeKind, Vec2, pos2, vec2};

use crate::ui::ViewContext;

/// Space left and right of a cell's contents, points.
const PADDING: f32 = 6.0;
const MIN_WIDTH: f32 = 36.0;

/// One column.
pub(in crate::ui) struct Column {
    /// The header.
    pub name: String,
    /// Its width before anybody resizes it, points at 100 % text.
    pub width: f32,
    /// Whether a click on the header sorts, and how the table is sorted now.
    pub sort: Sort,
}

/// What a header says about order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum Sort {
    /// The table cannot be sorted by it.
    Never,
    /// It can.
    Possible,
    /// It is, smallest first.
    Ascending,
    /// It is, largest first.
    Descending,
}

/// The table.
pub(in crate::ui) struct Table<'a> {
    /// Name under which widths and place are remembered.
    pub id: &'static str,
    /// The columns, from left to right.
    pub columns: &'a [Column],
    /// How many lines there are.
    pub n_lines: usize,
    /// Height of a line, points.
    pub line_height: f32,
    /// The line under the keyboard's cursor.
    pub cursor: usize,
}

/// What was clicked.
#[derive(Default)]
pub(in crate::ui) struct Clicks {
    /// A line.
    pub line: Option<usize>,
    /// A line, twice.
    pub line_twice: Option<usize>,
    /// A header that sorts.
    pub header: Option<usize>,
}

#[derive(Clone, Default)]
struct Memory {
    widths: Vec<f32>,
    scale: f32,
    offset: Vec2,
    height: f32,
    cursor: usize,
    n_lines: usize,
}

/// Where the lines are: the top of their part of the screen, and what of the whole table is visible there.
#[derive(Clone, Copy)]
struct Place {
    top: f32,
    viewport: Rect,
}

impl Column {
    /// A column that cannot be sorted by.
    pub(in crate::ui) fn new(name: impl Into<String>, width: f32) -> Self {
        Self { name: name.into(), width, sort: Sort::Never }
    }
}

impl Table<'_> {
    /// Draws the table into all the space there is. `name` gives a line's accessible name, `cell` paints line, column
    /// into a rectangle.
    pub(in crate::ui) fn show(
        &self,
        ui: &mut egui::Ui,
        context: ViewContext<'_>,
        name: impl Fn(usize) -> String,
        mut cell: impl FnMut(&egui::Ui, usize, usize, Rect),
    ) -> Clicks {
        let id = egui::Id::unique((self.id, self.columns.len()));
        let scale = crate::ui::widgets::text_scale(ui);
        let mut memory: Memory = ui.data(|data| data.get_temp(id)).unwrap_or_default();
        if memory.widths.len() != self.columns.len() || (memory.scale - scale).abs() > 0.01 {
            memory.widths = self.columns.iter().map(|column| column.width * scale).collect();
            memory.scale = scale;
        }
        let mut clicks = Clicks::default();
        ui.spacing_mut().item_spacing = Vec2::ZERO;
        let header_height = egui::TextStyle::Small.resolve(ui.style()).size + 14.0;
        let (header, _) = ui.allocate_exact_size(vec2(ui.available_width(), header_height), Sense::hover());
        let mut area = egui::ScrollArea::both().id_salt(id).auto_shrink(false);
        if let Some(offset) = self.offset_to_cursor(&memory) {
            area = area.vertical_scroll_offset(offset);
        }
        let total = vec2(memory.widths.iter().sum(), self.line_height * self.n_lines as f32);
        let output = area.show_viewport(ui, |ui, viewport| {
            ui.set_min_size(total);
            let place = Place { top: header.bottom(), viewport };
            self.lines(ui, context, place, &memory.widths, &name, &mut cell, &mut clicks);
        });
        memory.offset = output.state.offset();
        memory.height = output.inner_rect.height();
        memory.cursor = self.cursor;
        memory.n_lines = self.n_lines;
        clicks.header = self.header(ui, context, header, &mut memory);
        ui.data_mut(|data| data.insert_temp(id, memory));
        clicks
    }

    /// When the cursor has moved out of sight since the last frame: the scroll offset that shows it.
    fn offset_to_cursor(&self, memory: &Memory) -> Option<f32> {
        if memory.height <= 0.0 || memory.cursor == self.cursor {
            return None;
        }
        let top = self.cursor as f32 * self.line_height;
        let (first, last) = (memory.offset.y, memory.offset.y + memory.height - self.line_height);
        if top < first {
            return Some(top);
        }
        (top > last).then(|| (top - memory.height + self.line_height).max(0.0))
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one frame of one table")]
    fn lines(
        &self,
        ui: &egui::Ui,
        context: ViewContext<'_>,
        place: Place,
        widths: &[f32],
        name: &impl Fn(usize) -> String,
        cell: &mut impl FnMut(&egui::Ui, usize, usize, Rect),
        clicks: &mut Clicks,
    ) {
        let palette = context.theme.palette;
        let clip = ui.clip_rect();
        let origin = ui.max_rect().min;
        let viewport = place.viewport;
        let first = (viewport.top() / self.line_height).floor().max(0.0) as usize;
        let n_visible = (viewport.height() / self.line_height).ceil() as usize + 1;
        let left = clip.left().max(origin.x);
        for line in first..(first + n_visible).min(self.n_lines) {
            let from_top = line as f64 * f64::from(self.line_height) - f64::from(viewport.top());
            let top = (f64::from(place.top) + from_top) as f32;
            let band = Rect::from_min_size(pos2(left, top), vec2(clip.right() - left, self.line_height));
            let id = ui.scope_id().with(("line", line - first));
            let response = ui.interact(band.intersect(clip), id, Sense::CLICK);
            let is_current = line == self.cursor;
            response.widget_info(|| {
                egui::WidgetInfo::selected(egui::Role::ListItem, true, is_current, name(line))
            });
            if response.clicked() {
                clicks.line = Some(line);
            }
            if response.double_clicked() {
                clicks.line_twice = Some(line);
            }
            if is_current || response.hovered() {
                ui.painter().rect_filled(band, 0.0, palette.card_hover);
            } else if line % 2 == 1 {
                ui.painter().rect_filled(band, 0.0, palette.card);
            }
            let mut x = origin.x;
            for (column, width) in widths.iter().enumerate() {
                let rect = Rect::from_min_size(pos2(x, top), vec2(*width, self.line_height));
                x += width;
                if rect.right() > clip.left() && rect.left() < clip.right() {
                    cell(ui, line, column, rect.shrink2(vec2(PADDING, 2.0)));
                }
            }
            if is_current {
                let stroke = Stroke::new(2.0, palette.accent);
                ui.painter().rect_stroke(band.shrink(1.0), 2.0, stroke, StrokeKind::Inside);
            }
        }
    }

    /// Headers with their handles; gives the one clicked.
    fn header(
        &self,
        ui: &egui::Ui,
        context: ViewContext<'_>,
        rect: Rect,
        memory: &mut Memory,
    ) -> Option<usize> {
        let palette = context.theme.palette;
        let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
        painter.rect_filled(rect, 0.0, palette.panel);
        painter.hline(rect.x_range(), rect.bottom(), Stroke::new(1.0, palette.outline));
        let font = egui::TextStyle::Small.resolve(ui.style());
        let mut clicked = None;
        let mut x = rect.left() - memory.offset.x;
        for (number, column) in self.columns.iter().enumerate() {
            let Some(width) = memory.widths.get_mut(number) else { continue };
            let place = Rect::from_min_size(pos2(x, rect.top()), vec2(*width, rect.height()));
            let visible = place.intersect(rect);
            let mark = match column.sort {
                Sort::Ascending => " \u{25b2}",
                Sort::Descending => " \u{25bc}",
                Sort::Never | Sort::Possible => "",
            };
            if column.sort != Sort::Never && visible.is_positive() {
                let response =
                    ui.interact(visible, ui.scope_id().with((self.id, "sort", number)), Sense::click());
                let order = match column.sort {
                    Sort::Ascending => ", sorted, smallest first",
                    Sort::Descending => ", sorted, largest first",
                    Sort::Never | Sort::Possible => "",
                };
                let name = format!("Sort by {}{order}", column.name);
                response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
                if response.hovered() || response.has_focus() {
                    painter.rect_filled(visible, 0.0, palette.card_hover);
                }
                if response.clicked() {
                    clicked = Some(number);
                }
            }
            let text = format!("{}{mark}", column.name);
            let text_at = pos2(place.left() + PADDING, place.center().y);
            let inside = painter.with_clip_rect(place.shrink2(vec2(2.0, 0.0)).intersect(painter.clip_rect()));
            inside.text(text_at, Align2::LEFT_CENTER, text, font.clone(), palette.text_weak);
            x += *width;
            let grip = Rect::from_center_size(pos2(x, rect.center().y), vec2(8.0, rect.height()));
            if rect.contains(grip.center()) {
                let response = ui.interact(grip, ui.scope_id().with((self.id, "grip", number)), Sense::DRAG);
                painter.vline(x - 0.5, rect.y_range().shrink(5.0), Stroke::new(1.0, palette.outline));
                if response.hovered() || response.dragged() {
                    ui.set_cursor_icon(CursorIcon::ResizeColumn);
                    painter.vline(x - 0.5, rect.y_range(), Stroke::new(2.0, palette.accent));
                }
                *width = (*width + response.drag_delta().x).max(MIN_WIDTH);
            }
        }
        clicked
    }
}

/// Paints one line of text into a cell, cut off with an ellipsis.
pub(in crate::ui) fn cell_text(ui: &egui::Ui, rect: Rect, text: &str, colour: egui::Color32) {
    cell_text_aligned(ui, rect, text, colour, Align2::LEFT_CENTER);
}

/// As [`cell_text`], at one side of the cell.
pub(in crate::ui) fn cell_text_aligned(
    ui: &egui::Ui,
    rect: Rect,
    text: &str,
    colour: egui::Color32,
    align: Align2,
) {
    // A cell may hold a whole description; what cannot be seen is not laid out.
    let text = text.split_once('\n').map_or(text, |(first, _)| first);
    let end = text.char_indices().nth(240).map_or(text.len(), |(at, _)| at);
    let font = egui::TextStyle::Body.resolve(ui.style());
    let shown = text.get(..end).unwrap_or_default();
    let mut job = egui::text::LayoutJob::simple_singleline(shown.to_owned(), font, colour);
    job.wrap = egui::text::TextWrapping::truncate_at_width(rect.width());
    let galley = ui.painter().layout_job(job);
    let at = align.align_size_within_rect(galley.size(), rect).min;
    ui.painter().with_clip_rect(rect.intersect(ui.clip_rect())).galley(at, galley, colour);
}
