//! Colours: a plain RGB triple with mixing, palettes that go well together, and the named colours in
//! which things are sold. Nothing here draws.

use super::rng::Rng;

/// An opaque sRGB colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rgb(pub(super) u8, pub(super) u8, pub(super) u8);

pub(super) const WHITE: Rgb = Rgb(255, 255, 255);
pub(super) const BLACK: Rgb = Rgb(0, 0, 0);
/// Dark enough for text on any paper.
pub(super) const INK: Rgb = Rgb(38, 36, 40);
/// Polished metal.
pub(super) const STEEL: Rgb = Rgb(186, 190, 196);
/// Warm metal.
pub(super) const BRASS: Rgb = Rgb(206, 168, 96);

impl Rgb {
    /// The colour `permille` of the way to `other`, mixed in sRGB.
    pub(super) fn mix(self, other: Self, permille: i32) -> Self {
        let part = |from: u8, to: u8| {
            (i32::from(from) + (i32::from(to) - i32::from(from)) * permille / 1000).clamp(0, 255) as u8
        };
        Self(part(self.0, other.0), part(self.1, other.1), part(self.2, other.2))
    }

    pub(super) fn lighter(self, permille: i32) -> Self {
        self.mix(WHITE, permille)
    }

    pub(super) fn darker(self, permille: i32) -> Self {
        // Not quite black, so that shadows keep their colour.
        self.mix(Self(self.0 / 10, self.1 / 10, self.2 / 8), permille)
    }

    /// Perceived brightness, 0 to 255 (Rec. 601 weights).
    pub(super) fn luma(self) -> i32 {
        (i32::from(self.0) * 299 + i32::from(self.1) * 587 + i32::from(self.2) * 114) / 1000
    }

    /// White or dark ink, whichever can be read on this colour.
    pub(super) fn readable_ink(self) -> Self {
        if self.luma() > 150 { INK } else { WHITE }
    }
}

/// The colours of one product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Palette {
    /// The packaging or the thing itself.
    pub(super) body: Rgb,
    /// Lids, soles, straps, bands.
    pub(super) accent: Rgb,
    /// Label paper.
    pub(super) paper: Rgb,
    /// What the package holds, where it shows; pictures on the label.
    pub(super) content: Rgb,
}

const fn palette(body: Rgb, accent: Rgb, paper: Rgb, content: Rgb) -> Palette {
    Palette { body, accent, paper, content }
}

/// Hand-picked sets; body, accent, paper, content.
pub(super) const PALETTES: [Palette; 26] = [
    palette(Rgb(22, 101, 92), Rgb(236, 182, 73), Rgb(250, 244, 228), Rgb(217, 95, 60)),
    palette(Rgb(229, 88, 74), Rgb(48, 64, 98), Rgb(255, 246, 236), Rgb(247, 178, 84)),
    palette(Rgb(246, 203, 92), Rgb(74, 52, 46), Rgb(255, 251, 240), Rgb(226, 109, 57)),
    palette(Rgb(64, 92, 166), Rgb(245, 190, 170), Rgb(244, 247, 253), Rgb(110, 168, 219)),
    palette(Rgb(236, 166, 178), Rgb(140, 47, 78), Rgb(255, 244, 245), Rgb(222, 77, 108)),
    palette(Rgb(138, 176, 128), Rgb(60, 78, 54), Rgb(247, 250, 238), Rgb(92, 140, 74)),
    palette(Rgb(92, 60, 120), Rgb(232, 196, 98), Rgb(248, 242, 252), Rgb(163, 92, 182)),
    palette(Rgb(38, 42, 52), Rgb(214, 164, 92), Rgb(240, 232, 216), Rgb(158, 104, 60)),
    palette(Rgb(240, 236, 228), Rgb(62, 120, 112), Rgb(252, 252, 250), Rgb(128, 184, 170)),
    palette(Rgb(26, 132, 178), Rgb(250, 214, 88), Rgb(240, 249, 253), Rgb(68, 182, 206)),
    palette(Rgb(190, 74, 46), Rgb(44, 44, 44), Rgb(252, 238, 218), Rgb(232, 142, 66)),
    palette(Rgb(214, 226, 236), Rgb(52, 82, 122), Rgb(255, 255, 255), Rgb(122, 162, 206)),
    palette(Rgb(120, 34, 48), Rgb(226, 190, 128), Rgb(252, 244, 232), Rgb(178, 42, 58)),
    palette(Rgb(250, 150, 90), Rgb(92, 46, 90), Rgb(255, 246, 232), Rgb(238, 92, 86)),
    palette(Rgb(70, 152, 118), Rgb(252, 236, 200), Rgb(248, 252, 246), Rgb(240, 122, 96)),
    palette(Rgb(176, 146, 206), Rgb(84, 66, 130), Rgb(250, 247, 255), Rgb(222, 134, 190)),
    palette(Rgb(104, 80, 62), Rgb(222, 186, 136), Rgb(246, 236, 220), Rgb(70, 46, 34)),
    palette(Rgb(16, 58, 92), Rgb(232, 98, 70), Rgb(238, 244, 248), Rgb(68, 128, 172)),
    palette(Rgb(252, 222, 214), Rgb(212, 122, 104), Rgb(255, 250, 248), Rgb(232, 156, 140)),
    palette(Rgb(158, 196, 62), Rgb(34, 84, 60), Rgb(252, 255, 240), Rgb(242, 198, 48)),
    palette(Rgb(206, 42, 76), Rgb(250, 226, 112), Rgb(255, 248, 244), Rgb(120, 20, 46)),
    palette(Rgb(120, 196, 204), Rgb(232, 110, 96), Rgb(246, 253, 253), Rgb(40, 136, 150)),
    palette(Rgb(222, 192, 148), Rgb(112, 76, 48), Rgb(255, 250, 240), Rgb(178, 122, 66)),
    palette(Rgb(72, 72, 80), Rgb(110, 214, 178), Rgb(236, 240, 240), Rgb(64, 172, 148)),
    palette(Rgb(244, 244, 246), Rgb(220, 56, 62), Rgb(255, 255, 255), Rgb(232, 84, 76)),
    palette(Rgb(52, 86, 64), Rgb(206, 124, 66), Rgb(244, 240, 226), Rgb(134, 156, 82)),
];

/// The colours in which one model is sold, in the order of `words::COLORS`.
pub(super) const SOLD_COLORS: [Rgb; 10] = [
    Rgb(40, 41, 46),
    Rgb(240, 238, 233),
    Rgb(200, 46, 52),
    Rgb(42, 92, 168),
    Rgb(54, 128, 88),
    Rgb(240, 190, 66),
    Rgb(238, 150, 176),
    Rgb(140, 142, 148),
    Rgb(124, 84, 56),
    Rgb(122, 82, 164),
];

impl Palette {
    /// One of the sets (an index into [`PALETTES`]), its colours moved a little so that two brands seldom share a shade.
    pub(super) fn near(which: usize, rng: &mut Rng) -> Self {
        let base = PALETTES[which % PALETTES.len()];
        let toward = rng.pick(&PALETTES);
        let permille = rng.range(0, 160);
        Self {
            body: base.body.mix(toward.body, permille),
            accent: base.accent.mix(toward.accent, permille / 2),
            paper: base.paper,
            content: base.content.mix(toward.content, permille / 2),
        }
    }

    /// The same design around a content whose colour nature gives.
    pub(super) fn holding(self, content: Option<Rgb>) -> Self {
        Self { content: content.unwrap_or(self.content), ..self }
    }

    /// The same design in another sold colour (an index into [`SOLD_COLORS`]).
    pub(super) fn sold_in(self, color: usize) -> Self {
        let body = SOLD_COLORS.get(color).copied().unwrap_or(self.body);
        let accent = if (body.luma() - self.accent.luma()).abs() < 45 {
            if body.luma() > 128 { self.accent.darker(550) } else { self.accent.lighter(650) }
        } else {
            self.accent
        };
        Self { body, accent, ..self }
    }

    /// What a competitor that copies the packaging would print: the same, a shade apart.
    pub(super) fn imitated(self, rng: &mut Rng) -> Self {
        let toward = rng.pick(&PALETTES);
        Self {
            body: self.body.mix(toward.body, rng.range(40, 110)),
            accent: self.accent.mix(toward.accent, rng.range(40, 120)),
            paper: self.paper,
            content: self.content.mix(toward.content, 60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BLACK, PALETTES, Palette, Rgb, SOLD_COLORS, WHITE};
    use crate::catalog::demo::rng::Rng;

    #[test]
    fn mixing_meets_both_ends() {
        assert_eq!(WHITE.mix(BLACK, 0), WHITE);
        assert_eq!(WHITE.mix(BLACK, 1000), BLACK);
        assert_eq!(Rgb(0, 100, 200).mix(Rgb(100, 0, 200), 500), Rgb(50, 50, 200));
    }

    #[test]
    fn ink_can_be_read_on_every_palette() {
        for palette in PALETTES {
            for color in [palette.body, palette.accent, palette.paper] {
                assert!((color.luma() - color.readable_ink().luma()).abs() > 90, "{color:?}");
            }
        }
    }

    #[test]
    fn accents_stay_visible_in_every_sold_colour() {
        let mut rng = Rng::new(3);
        for color in 0..SOLD_COLORS.len() {
            for _ in 0..20 {
                let palette = Palette::near(color, &mut rng).sold_in(color);
                assert!((palette.body.luma() - palette.accent.luma()).abs() > 12, "{palette:?}");
            }
        }
    }
}
