//! The invented assortment: product lines, their variants, and which look alike on purpose. No picture
//! is drawn and no title written here.

use std::sync::Arc;

use super::backgrounds::N_STYLES;
use super::kinds::{KINDS, Kind, Variants};
use super::label::N_LAYOUTS;
use super::look::Look;
use super::palette::{PALETTES, Palette, Rgb, SOLD_COLORS};
use super::rng::Rng;
use super::shot::Shot;

/// What tells a product from its sisters of the same line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variant {
    /// Contents, such as "250 ml"; the n-th of its kind.
    Size(&'static str, u32),
    /// Index into the sold colours.
    Color(usize),
    /// A code, or the model that it fits.
    Model(&'static str),
}

/// One product: what a group label stands for.
#[derive(Clone, Debug)]
pub(super) struct Product {
    pub(super) kind: &'static Kind,
    /// Number of the product line; products of one line are variants of each other.
    pub(super) line: u32,
    pub(super) brand: &'static str,
    pub(super) series: &'static str,
    pub(super) variant: Variant,
    /// Letters before the model code, the same for a line.
    pub(super) code: [char; 2],
    pub(super) look: Arc<Look>,
    /// The manufacturer's picture, shared by the variants of a line and copied by imitators.
    pub(super) stock: Shot,
}

/// `n_products` products in lines of one or two variants; the first ones do not depend on how many follow.
pub(super) fn products(n_products: u32, seed: u64) -> Vec<Product> {
    let mut products = Vec::with_capacity(n_products as usize);
    let mut order: Vec<usize> = (0..KINDS.len()).collect();
    Rng::stream(seed, 1).shuffle(&mut order);
    let mut latest: Vec<Option<Product>> = KINDS.iter().map(|_| None).collect();
    let mut n_designs = [0_u32; KINDS.len()];
    let mut line = 0_u32;
    while products.len() < n_products as usize {
        let mut rng = Rng::stream(seed, 1_000 + u64::from(line));
        let kind_idx = order[line as usize % order.len()];
        let kind = &KINDS[kind_idx];
        let first = match latest[kind_idx].take() {
            Some(original) if rng.chance(5) => imitation(&original, line, &mut rng),
            _ => {
                let spread = Spread::new(seed, kind_idx, n_designs[kind_idx]);
                n_designs[kind_idx] += 1;
                invented(kind, line, spread, &mut rng)
            }
        };
        // Variants are told apart by neither picture nor title; a tenth of the products is enough.
        let n_variants = if rng.chance(5) { 2 } else { 1 };
        let room = n_products as usize - products.len();
        products.extend(variants(&first, n_variants, &mut rng).into_iter().take(room));
        latest[kind_idx] = Some(first);
        line += 1;
    }
    products
}

/// Keeps the designs of one kind apart, so that things look alike on purpose only: each trait walks round
/// its choices in steps near the golden section, and so comes back late.
#[derive(Clone, Copy, Debug)]
struct Spread {
    /// Where the traits of this kind start.
    start: u64,
    /// Designs of this kind before this one.
    nth: u32,
}

impl Spread {
    fn new(seed: u64, kind_idx: usize, nth: u32) -> Self {
        Self { start: Rng::stream(seed, 500 + kind_idx as u64).next(), nth }
    }

    /// A byte for trait `which` (0 to 7 are used once each for shapes).
    fn byte(self, which: usize) -> u8 {
        // Odd steps visit every byte; different ones keep two traits from walking together.
        const STEPS: [u32; 8] = [159, 97, 61, 115, 189, 71, 131, 45];
        let start = (self.start >> (which % 8 * 8)) as u32;
        (start + self.nth * STEPS[which % 8]) as u8
    }

    /// An index below `n`, another one for each of `n` designs in a row.
    fn index(self, which: usize, n: usize) -> usize {
        let step = [5, 7, 11, 13].into_iter().find(|step| !n.is_multiple_of(*step)).unwrap_or(1);
        ((self.start >> (which * 9)) as usize % n + self.nth as usize * step) % n
    }
}

/// A new design.
fn invented(kind: &'static Kind, line: u32, spread: Spread, rng: &mut Rng) -> Product {
    let (brands, series) = (kind.domain.brands(), kind.domain.series());
    let brand = brands[spread.index(0, brands.len())];
    let series = series[spread.index(1, series.len())];
    let shape = std::array::from_fn(|which| spread.byte(which));
    let look = Look {
        family: kind.family,
        motif: rng.pick(kind.motifs),
        brand,
        series,
        noun: kind.nouns[0],
        palette: Palette::near(spread.index(2, PALETTES.len()), rng).holding(natural_color(kind.id)),
        shape,
        layout: spread.index(3, usize::from(N_LAYOUTS)) as u8,
    };
    let code = [letter(rng), letter(rng)];
    let stock = Shot::stock(spread.index(4, usize::from(N_STYLES)) as u8, rng);
    Product { kind, line, brand, series, variant: Variant::Color(0), code, look: Arc::new(look), stock }
}

/// Contents that have the same colour whoever sells them.
fn natural_color(kind_id: &str) -> Option<Rgb> {
    match kind_id {
        "jam" => Some(Rgb(190, 36, 52)),
        "honey" => Some(Rgb(226, 152, 38)),
        "spread" => Some(Rgb(92, 54, 34)),
        "olive-oil" => Some(Rgb(178, 160, 44)),
        "coffee" => Some(Rgb(108, 68, 42)),
        _ => None,
    }
}

/// Another brand's copy of a successful design, down to the picture's background.
fn imitation(original: &Product, line: u32, rng: &mut Rng) -> Product {
    let others: Vec<&'static str> =
        original.kind.domain.brands().iter().copied().filter(|&brand| brand != original.brand).collect();
    let brand = rng.pick(&others);
    let palette = original.look.palette.imitated(rng);
    let mut shape = original.look.shape;
    for part in &mut shape {
        // Small enough to stay in the same style.
        *part = (i32::from(*part & 0xF0) + rng.range(0, 15)) as u8;
    }
    let look = Look { brand, palette, shape, ..(*original.look).clone() };
    Product { line, brand, code: [letter(rng), letter(rng)], look: Arc::new(look), ..original.clone() }
}

fn letter(rng: &mut Rng) -> char {
    char::from(b'A' + rng.below(26) as u8)
}

/// The products of one line. Sizes and models share the picture, colours do not.
fn variants(first: &Product, n_variants: usize, rng: &mut Rng) -> Vec<Product> {
    let with = |variant: Variant| Product { variant, ..first.clone() };
    match first.kind.variants {
        Variants::Sizes(all) => {
            let mut sizes: Vec<(&'static str, u32)> = all.iter().copied().zip(0..).collect();
            rng.shuffle(&mut sizes);
            sizes.into_iter().take(n_variants).map(|(size, rank)| with(Variant::Size(size, rank))).collect()
        }
        Variants::Models(all) => {
            let mut models = all.to_vec();
            rng.shuffle(&mut models);
            models.into_iter().take(n_variants).map(|model| with(Variant::Model(model))).collect()
        }
        Variants::Colors => {
            let mut colors: Vec<usize> = (0..SOLD_COLORS.len()).collect();
            rng.shuffle(&mut colors);
            colors
                .into_iter()
                .take(n_variants)
                .map(|color| {
                    let palette = first.look.palette.sold_in(color);
                    let look = Look { palette, ..(*first.look).clone() };
                    Product { look: Arc::new(look), ..with(Variant::Color(color)) }
                })
                .collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Variant, products};
    use crate::catalog::demo::kinds::KINDS;

    #[test]
    fn the_assortment_has_the_size_asked_for_and_every_kind() {
        for n in [0, 1, 7, 300] {
            assert_eq!(products(n, 7).len(), n as usize);
        }
        let all = products(300, 7);
        for kind in &KINDS {
            assert!(all.iter().any(|product| product.kind.id == kind.id), "{}", kind.id);
        }
    }

    #[test]
    fn variants_of_sizes_share_their_look_and_differ_in_the_size() {
        let all = products(300, 7);
        let mut n_pairs = 0;
        for pair in all.windows(2) {
            let [a, b] = pair else { continue };
            if a.line == b.line && matches!(a.variant, Variant::Size(..) | Variant::Model(_)) {
                assert_eq!(a.look, b.look);
                assert_eq!(a.stock, b.stock);
                assert_ne!(a.variant, b.variant);
                n_pairs += 1;
            }
        }
        assert!(n_pairs >= 6, "{n_pairs}");
    }

    #[test]
    fn designs_of_one_kind_differ_unless_they_are_imitations() {
        let all = products(300, 7);
        for (at, a) in all.iter().enumerate() {
            for b in all.iter().skip(at + 1) {
                if a.kind.id == b.kind.id && a.line != b.line && a.stock != b.stock {
                    let (a, b) = (&a.look, &b.look);
                    assert!(a.brand != b.brand || a.series != b.series, "{a:?} {b:?}");
                    assert_ne!(a.shape, b.shape);
                }
            }
        }
    }

    #[test]
    fn brands_are_imitated_often_enough() {
        let all = products(300, 7);
        let n_pairs = (0..all.len())
            .flat_map(|i| (i + 1..all.len()).map(move |j| (i, j)))
            .filter(|&(i, j)| {
                all[i].kind.id == all[j].kind.id
                    && all[i].stock == all[j].stock
                    && all[i].brand != all[j].brand
            })
            .count();
        assert!(n_pairs >= 6, "{n_pairs}");
    }
}
