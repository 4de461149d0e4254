//! Toys: robots and little cars.

use crate::catalog::demo::canvas::{Canvas, curve, rounded};
use crate::catalog::demo::ink::Ink;
use crate::catalog::demo::look::{Look, Pose};
use crate::catalog::demo::palette::{BLACK, Rgb, STEEL, WHITE};
use crate::catalog::demo::text::{Face, Line};

pub(super) fn draw(canvas: &mut Canvas, look: &Look, pose: Pose) {
    if look.noun.contains("car") { car(canvas, look, pose) } else { robot(canvas, look, pose) }
}

fn robot(canvas: &mut Canvas, look: &Look, pose: Pose) {
    let palette = &look.palette;
    let half = look.shape(0, 52.0, 76.0);
    let chest = look.shape(1, 92.0, 122.0);
    let head = look.shape(2, 38.0, 60.0);
    let legs = look.shape(3, 36.0, 62.0);
    let radius = look.shape(4, 8.0, 34.0);
    let gaze = pose.turn() * 9.0;
    canvas.ground_shadow(half * 1.15);
    let body = |x0: f32, x1: f32| Ink::cylinder(x0, x1, palette.body);
    for side in [-1.0_f32, 1.0] {
        let x = side * half * 0.48;
        canvas.rect(x - 10.0, -legs - 4.0, 20.0, legs, Ink::metal(x - 10.0, x + 10.0, STEEL));
        canvas.rounded(
            x - 25.0 + side * 3.0,
            -22.0,
            50.0,
            24.0,
            11.0,
            Ink::down(-22.0, 2.0, palette.accent.lighter(200), palette.accent.darker(200)),
        );
        let shoulder = (side * (half + 8.0), -legs - chest + 22.0);
        let lift = if side > 0.0 && look.style(5, 2) == 0 { -56.0 } else { 66.0 };
        let hand = (side * (half + 34.0), shoulder.1 + lift);
        canvas.stroke(
            curve(shoulder, (shoulder.0 + side * 26.0, shoulder.1), (hand.0, hand.1 - lift * 0.3), hand),
            17.0,
            palette.body.darker(300),
        );
        canvas.oval(
            hand.0,
            hand.1,
            15.0,
            15.0,
            Ink::around(
                (hand.0 - 5.0, hand.1 - 5.0),
                18.0,
                &[(0.0, palette.accent.lighter(450), 1.0), (1.0, palette.accent.darker(150), 1.0)],
            ),
        );
    }
    canvas.rounded(-half, -legs - chest, half * 2.0, chest, radius, body(-half, half));
    let panel = half * 0.66;
    canvas.rounded(-panel + gaze, -legs - chest + 18.0, panel * 2.0, chest * 0.56, 9.0, palette.paper);
    canvas.motif(look.motif, gaze, -legs - chest * 0.62, chest * 0.20, palette);
    canvas.text(
        gaze,
        -legs - 13.0,
        Line::new(look.brand, Face::Bold, 20.0, half * 1.5, palette.body.readable_ink()),
    );
    let neck = -legs - chest;
    canvas.rect(-13.0, neck - 12.0, 26.0, 14.0, Ink::metal(-13.0, 13.0, STEEL));
    let wide = half * look.shape(6, 0.74, 1.12);
    let top = neck - 10.0 - head * 1.5;
    canvas.stroke(curve((0.0, top), (0.0, top - 10.0), (gaze, top - 18.0), (gaze, top - 28.0)), 4.0, STEEL);
    canvas.oval(gaze, top - 31.0, 8.0, 8.0, palette.content);
    canvas.rounded(-wide, top, wide * 2.0, head * 1.5, radius * 1.1, body(-wide, wide));
    let visor = rounded(-wide * 0.78 + gaze, top + head * 0.30, wide * 1.56, head * 0.62, head * 0.3);
    canvas.fill(visor, Rgb(34, 38, 48));
    for side in [-1.0, 1.0] {
        canvas.oval(
            side * wide * 0.38 + gaze,
            top + head * 0.61,
            head * 0.17,
            head * 0.17,
            palette.content.lighter(280),
        );
        canvas.oval(side * wide * 0.38 + gaze - 3.0, top + head * 0.55, 3.0, 3.0, WHITE);
    }
    canvas.stroke(
        curve(
            (gaze - 14.0, top + head * 1.14),
            (gaze - 6.0, top + head * 1.26),
            (gaze + 6.0, top + head * 1.26),
            (gaze + 14.0, top + head * 1.14),
        ),
        3.5,
        palette.body.darker(550),
    );
}

fn car(canvas: &mut Canvas, look: &Look, pose: Pose) {
    let palette = &look.palette;
    let half = look.shape(0, 120.0, 144.0);
    let deck = look.shape(1, 58.0, 78.0);
    let roof = look.shape(2, 118.0, 160.0);
    let wheel = look.shape(3, 26.0, 38.0);
    let cabin = pose.turn() * 10.0 + look.shape(4, -26.0, 14.0);
    canvas.soft_oval(6.0, 2.0, half * 1.25, 20.0, BLACK, 0.5);
    let body = palette.body;
    let low = -wheel * 0.72;
    let paint = |y0: f32, y1: f32| {
        Ink::line(
            (0.0, y0),
            (0.0, y1),
            &[(0.0, body.lighter(420), 1.0), (0.45, body, 1.0), (1.0, body.darker(300), 1.0)],
        )
    };
    canvas.smooth(
        &[
            (-half * 0.62 + cabin, -deck),
            (-half * 0.40 + cabin, -roof),
            (half * 0.26 + cabin, -roof),
            (half * 0.60 + cabin, -deck),
            (0.0, -deck + 16.0),
        ],
        paint(-roof, -deck),
    );
    let glass = Rgb(190, 220, 232);
    canvas.polygon(
        &[
            (-half * 0.46 + cabin, -deck - 2.0),
            (-half * 0.32 + cabin, -roof + 12.0),
            (-6.0 + cabin, -roof + 10.0),
            (-6.0 + cabin, -deck - 2.0),
        ],
        Ink::down(-roof, -deck, glass.lighter(400), glass),
    );
    canvas.polygon(
        &[
            (4.0 + cabin, -deck - 2.0),
            (4.0 + cabin, -roof + 10.0),
            (half * 0.22 + cabin, -roof + 12.0),
            (half * 0.44 + cabin, -deck - 2.0),
        ],
        Ink::down(-roof, -deck, glass.lighter(400), glass),
    );
    canvas.rounded(-half, -deck - 4.0, half * 2.0, deck + low + 8.0, 26.0, paint(-deck, low));
    canvas.rect(-half + 6.0, -deck * 0.52, half * 2.0 - 12.0, 9.0, palette.accent);
    canvas.oval(-4.0, -deck * 0.62, 24.0, 24.0, palette.paper);
    canvas.text(
        -4.0,
        -deck * 0.62 + 9.0,
        Line::new(&format!("{}", 1 + look.shape[6] % 99), Face::Bold, 27.0, 36.0, palette.accent.darker(350)),
    );
    canvas.text(
        -half * 0.60,
        -deck * 0.70,
        Line::new(look.brand, Face::Bold, 17.0, half * 0.5, body.readable_ink()),
    );
    canvas.oval(half - 12.0, -deck * 0.72, 10.0, 9.0, Rgb(255, 236, 170));
    canvas.rounded(-half - 3.0, -deck * 0.76, 10.0, 16.0, 4.0, Rgb(206, 52, 48));
    for x in [-half * 0.58, half * 0.58] {
        canvas.oval(x, -wheel, wheel + 6.0, wheel + 5.0, body.darker(560));
        canvas.oval(x, -wheel + 2.0, wheel, wheel, Rgb(44, 44, 48));
        canvas.oval(
            x,
            -wheel + 2.0,
            wheel * 0.56,
            wheel * 0.56,
            Ink::metal(x - wheel * 0.5, x + wheel * 0.5, STEEL),
        );
        canvas.oval(x, -wheel + 2.0, wheel * 0.2, wheel * 0.2, palette.accent);
    }
}
