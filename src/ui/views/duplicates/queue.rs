//! The queue: tabs, order, filter, and a virtual list of items.

use egui::{Align2, FontId, Rect, RichText, Sense, Stroke, StrokeKind, pos2, vec2};

use crate::app::{ChromeCommand, Command, DuplicatesCommand};
use crate::catalog::PostingIdx;
use crate::matching::title_flags;
use crate::review::{QueueItem, QueueKind, QueueSort, Verdict};
use crate::ui::{Outbox, ViewContext, widgets};

const ROW_HEIGHT: f32 = 72.0;
const THUMBNAIL: f32 = 48.0;
const N_THUMBNAILS: usize = 3;

/// Draws the pane.
pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    tabs(ui, context, out);
    if context.app.duplicates.kind == QueueKind::Clusters {
        order(ui, context, out);
    }
    filter(ui, context, out);
    list(ui, context, out);
}

/// The pane folded into a strip: position, and a button that brings it up.
pub(super) fn strip(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    ui.vertical_centered(|ui| {
        let key = context.keymap.keycap("chrome.queue").unwrap_or_default();
        if ui.button("Queue").on_hover_text(format!("Shows or hides the queue ({key})")).clicked() {
            out.push(Command::Chrome(ChromeCommand::ToggleQueue));
        }
        let duplicates = &context.app.duplicates;
        let n_items = duplicates.queue.as_ref().map_or(0, |queue| queue.items.len());
        let n_recorded = duplicates.recorded.iter().filter(|mark| mark.is_some()).count();
        ui.label(RichText::new(format!("{n_recorded} of\n{n_items}")).small());
    });
}

fn tabs(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        ui.spacing_mut().button_padding.x = 6.0;
        let n_conflicts = context.app.saving.review.conflicts().len();
        for (kind, label) in [
            (QueueKind::Clusters, "Clusters".to_owned()),
            (QueueKind::Pairs, "Pairs".to_owned()),
            (QueueKind::SecondLook, "Second look".to_owned()),
            (
                QueueKind::Conflicts,
                if n_conflicts > 0 { format!("Conflicts {n_conflicts}") } else { "Conflicts".to_owned() },
            ),
        ] {
            let text = RichText::new(label).small();
            if ui.selectable_label(context.app.duplicates.kind == kind, text).clicked() {
                out.push(Command::Duplicates(DuplicatesCommand::Tab(kind)));
            }
        }
    });
}

fn sort_label(sort: QueueSort) -> &'static str {
    match sort {
        QueueSort::Doubt => "Most doubtful first",
        QueueSort::Size => "Largest first",
        QueueSort::WeakestLink => "Weakest link first",
        QueueSort::PairsSettled => "Settles most first",
    }
}

fn order(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let present = context.app.duplicates.sort;
    let combo = egui::ComboBox::from_id_salt("queue_sort")
        .selected_text(sort_label(present))
        .width(ui.available_width());
    let response = combo.show_ui(ui, |ui| {
        for sort in [QueueSort::Doubt, QueueSort::Size, QueueSort::WeakestLink, QueueSort::PairsSettled] {
            if ui.selectable_label(sort == present, sort_label(sort)).clicked() {
                out.push(Command::Duplicates(DuplicatesCommand::Sort(sort)));
            }
        }
    });
    let name = format!("Order: {}", sort_label(present));
    response.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, &name));
}

fn filter(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let mut filter = context.app.duplicates.filter.clone();
    let field = egui::TextEdit::singleline(&mut filter)
        .hint_text("Filter by title or id")
        .desired_width(f32::INFINITY);
    let response = ui.add(field);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Filter the queue"));
    if filter != context.app.duplicates.filter {
        out.push(Command::Duplicates(DuplicatesCommand::Filter(filter)));
    }
}

fn list(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let duplicates = &context.app.duplicates;
    let Some(queue) = &duplicates.queue else { return };
    let shown: Option<Vec<usize>> = (!duplicates.filter.trim().is_empty())
        .then(|| (0..queue.items.len()).filter(|at| duplicates.is_listed(context.app, *at)).collect());
    let n_rows = shown.as_ref().map_or(queue.items.len(), Vec::len);
    let n_recorded = duplicates.recorded.iter().filter(|mark| mark.is_some()).count();
    let text = format!("{n_rows} listed, {n_recorded} decided here");
    ui.label(RichText::new(text).small().color(context.theme.palette.text_weak));
    let row_height = ROW_HEIGHT * widgets::text_scale(ui).min(1.3);
    ui.spacing_mut().item_spacing.y = 4.0;
    let mut area = egui::ScrollArea::vertical().id_salt("queue_list").auto_shrink(false);
    if let Some(offset) = offset_to_show_open(ui, context, shown.as_deref(), row_height) {
        area = area.vertical_scroll_offset(offset);
    }
    area.show_rows(ui, row_height, n_rows, |ui, range| {
        for row in range {
            let at = shown.as_ref().map_or(Some(row), |shown| shown.get(row).copied());
            let Some((at, item)) = at.and_then(|at| Some((at, queue.items.get(at)?))) else { continue };
            if row_button(ui, context, at, item, row_height).clicked() {
                out.push(Command::Duplicates(DuplicatesCommand::Open(at)));
            }
        }
    });
}

/// When the open item has changed since the last frame and is out of sight: the scroll offset that shows it.
fn offset_to_show_open(
    ui: &egui::Ui,
    context: ViewContext<'_>,
    shown: Option<&[usize]>,
    row_height: f32,
) -> Option<f32> {
    let position = context.app.duplicates.item.as_ref()?.position;
    let id = egui::Id::unique("queue_last_open");
    let last: Option<usize> = ui.data(|data| data.get_temp(id));
    ui.data_mut(|data| data.insert_temp(id, position));
    if last == Some(position) {
        return None;
    }
    let row = shown.map_or(Some(position), |shown| shown.iter().position(|at| *at == position))?;
    let top = row as f32 * (row_height + ui.spacing().item_spacing.y);
    Some((top - ui.available_height() * 0.4).max(0.0))
}

fn row_button(
    ui: &mut egui::Ui,
    context: ViewContext<'_>,
    at: usize,
    item: &QueueItem,
    height: f32,
) -> egui::Response {
    let palette = context.theme.palette;
    let duplicates = &context.app.duplicates;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    let is_open = duplicates.item.as_ref().is_some_and(|open| open.position == at);
    let recorded = duplicates.recorded.get(at).copied().flatten().map(|(verdict, _)| verdict);
    let size = format!("{} postings", item.members.len());
    let weakest = item
        .weakest
        .filter(|_| !context.app.preferences.hide_scores)
        .map(|(_, _, score)| format!("weakest {score:.2}"));
    let settles = format!("settles {}", item.n_settled);
    let flags = has_flags(context, item);
    response.widget_info(|| {
        let verdict = recorded.map_or("open", Verdict::label);
        let flags = if flags { ", numbers differ" } else { "" };
        let weakest = weakest.as_deref().unwrap_or_default();
        let name = format!("Item {}, {size}, {weakest}, {settles} pairs{flags}, {verdict}", at + 1);
        egui::WidgetInfo::selected(egui::Role::ListItem, true, is_open, name)
    });
    let fill = if is_open || response.hovered() { palette.card_hover } else { palette.card };
    let stroke =
        if is_open { Stroke::new(2.0, palette.accent) } else { Stroke::new(1.0, palette.card_hover) };
    ui.painter().rect(rect, 4.0, fill, stroke, StrokeKind::Inside);
    let thumbnail = THUMBNAIL.min(height - 16.0);
    let mut x = rect.left() + 8.0;
    for member in item.members.iter().take(N_THUMBNAILS) {
        let place =
            Rect::from_min_size(pos2(x, rect.center().y - thumbnail / 2.0), vec2(thumbnail, thumbnail));
        widgets::paint_picture(ui, context, PostingIdx(*member), place);
        x += thumbnail + 4.0;
    }
    let text_x = rect.left() + 12.0 + (thumbnail + 4.0) * N_THUMBNAILS as f32;
    let font = FontId::proportional(egui::TextStyle::Small.resolve(ui.style()).size);
    let line = font.size * 1.35;
    let mut y = rect.top() + 8.0;
    let painter = ui.painter().with_clip_rect(rect.shrink(4.0));
    for text in std::iter::once(size).chain(weakest).chain([settles]) {
        painter.text(pos2(text_x, y), Align2::LEFT_TOP, text, font.clone(), palette.text);
        y += line;
    }
    if flags {
        painter.text(
            rect.right_top() + vec2(-8.0, 8.0),
            Align2::RIGHT_TOP,
            "\u{26a0}",
            font.clone(),
            palette.warning,
        );
    }
    if let Some(verdict) = recorded {
        let centre = rect.right_bottom() - vec2(16.0, 16.0);
        widgets::verdict_mark(ui, context.theme, verdict, centre, 9.0);
    }
    response
}

/// Whether numbers with units, counts or model codes disagree between the first member and another.
fn has_flags(context: ViewContext<'_>, item: &QueueItem) -> bool {
    const N_COMPARED: usize = 6;
    let Some(session) = &context.app.session.open else { return false };
    let Some((first, others)) = item.members.split_first() else { return false };
    let title = |row: &u32| session.catalog.title(PostingIdx(*row));
    others.iter().take(N_COMPARED).any(|other| !title_flags(title(first), title(other)).is_empty())
}
