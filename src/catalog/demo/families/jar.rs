//! Glass jars with a lid and a label: jam, honey, spreads, cosmetics cream.

use crate::catalog::demo::canvas::{Canvas, band, turned};
use crate::catalog::demo::ink::Ink;
use crate::catalog::demo::label::{self, Area};
use crate::catalog::demo::look::{Look, Pose};
use crate::catalog::demo::palette::{BRASS, STEEL, WHITE};

pub(super) fn draw(canvas: &mut Canvas, look: &Look, pose: Pose) {
    let half = look.shape(0, 86.0, 116.0);
    let height = look.shape(1, 182.0, 262.0);
    let neck = half * look.shape(2, 0.70, 0.95);
    let lid_height = look.shape(3, 34.0, 58.0);
    let content = look.palette.content;
    canvas.ground_shadow(half);

    let shoulder = height * 0.14;
    let glass = [(neck, -height), (half, -height + shoulder), (half, -18.0), (half - 10.0, 0.0)];
    canvas.fill(turned(&glass, 8.0), Ink::cylinder(-half, half, content.lighter(160)));
    // The content, darker than the glass around it.
    let inner = half - 7.0;
    let fill = [
        (neck - 4.0, -height + 12.0),
        (inner, -height + shoulder + 8.0),
        (inner, -22.0),
        (inner - 10.0, -6.0),
    ];
    canvas.fill(turned(&fill, 6.0), Ink::cylinder(-inner, inner, content));

    let top = -height + shoulder + 18.0 + look.shape(4, 0.0, 20.0);
    let bottom = -20.0 - look.shape(5, 0.0, 18.0);
    canvas.clipped(band(-half, half, top, bottom, 7.0), |c| {
        c.rect(-half - 2.0, top - 4.0, half * 2.0 + 4.0, bottom - top + 24.0, look.palette.paper);
        let cx = pose.turn() * half * 0.42;
        let area = Area { cx, top: top + 6.0, width: half * 2.1, height: bottom - top + 2.0, reach: 0.70 };
        label::print(c, look, area);
        c.rect(-half, top, half * 2.0, bottom - top + 20.0, Ink::cylinder_glaze(-half, half));
    });
    canvas.fill(band(-half * 0.74, -half * 0.60, -height + shoulder, -24.0, 3.0), Ink::glaze(WHITE, 0.32));

    let lid = match look.style(6, 4) {
        0 => STEEL,
        1 => BRASS,
        2 => look.palette.accent,
        _ => look.palette.body,
    };
    let lid_half = neck + 7.0;
    let lid_top = -height - lid_height;
    let lid_ink = if lid == STEEL || lid == BRASS {
        Ink::metal(-lid_half, lid_half, lid)
    } else {
        Ink::cylinder(-lid_half, lid_half, lid)
    };
    canvas.fill(band(-lid_half, lid_half, lid_top, -height + 2.0, 6.0), lid_ink);
    canvas.fill(
        band(-lid_half, lid_half, -height - 4.0, -height + 2.0, 6.0),
        Ink::glaze(lid.darker(600), 0.35),
    );
    canvas.oval(0.0, lid_top, lid_half, 11.0, Ink::across(-lid_half, lid_half, lid.lighter(450), lid));
}
