//! The small looks-like set of the demo: pairs of different things that look alike, because they share colours, print and
//! background. Deterministic like the rest; nothing is drawn until somebody looks.

use std::sync::Arc;

use super::edits::Edit;
use super::look::Look;
use super::picture::DemoPicture;
use super::rng::Rng;
use super::shot::Shot;
use super::world::{Product, products};
use crate::catalog::table::SIDE_COLUMN;
use crate::catalog::{Catalog, CatalogBuilder, CatalogSource, ImageSource, Side};

/// Pairs in the set that is offered.
pub const DEFAULT_N_PAIRS: u32 = 60;

/// The catalogue of pairs: `left/ID` and `right/ID` share a group.
pub fn looks_like_catalog(n_pairs: u32, seed: u64) -> Catalog {
    let columns = ["posting_id", "image", SIDE_COLUMN, "pair"].map(str::to_owned).to_vec();
    let source = CatalogSource::DemoLooksLike { n_pairs, seed };
    let mut builder = CatalogBuilder::new("Demo look-alikes", source, columns);
    for pair in pairs(n_pairs, seed) {
        for (side, name, picture) in [
            (Side::Left, &pair.left, pair.pictures[0].clone()),
            (Side::Right, &pair.right, pair.pictures[1].clone()),
        ] {
            let key = side.key(name);
            let cells = [key.as_str(), key.as_str(), side.id(), pair.left.as_str()];
            builder.push(&key, "", "", ImageSource::Drawn(picture), Some(&pair.left), &cells);
        }
    }
    builder.finish()
}

/// Two things that look alike.
pub(super) struct Pair {
    /// Name of the picture asked about.
    pub(super) left: String,
    /// Name of its match.
    pub(super) right: String,
    /// Both pictures, in this order.
    pub(super) pictures: [DemoPicture; 2],
}

/// Every pair, in order of their left names.
pub(super) fn pairs(n_pairs: u32, seed: u64) -> Vec<Pair> {
    // One line in twenty has two variants: one product of each line, twice as many lines as pairs are enough.
    let mut lines: Vec<Product> = products(n_pairs * 3 + 40, seed);
    lines.dedup_by_key(|product| product.line);
    let others = lines.split_off(lines.len() / 2);
    let mut names: Vec<u32> = (0..n_pairs).collect();
    Rng::stream(seed, 31).shuffle(&mut names);
    let left_and_right = lines.iter().zip(&others).zip(names).take(n_pairs as usize).enumerate();
    left_and_right
        .map(|(number, ((a, b), name))| {
            let mut rng = Rng::stream(seed, 2_000_000_011 + number as u64);
            // Another kind of thing in the colours and with the print of the first.
            let b = if b.look.family == a.look.family {
                other_family(a, &others, number).unwrap_or(b)
            } else {
                b
            };
            let look = Look {
                palette: if rng.chance(60) { a.look.palette } else { a.look.palette.imitated(&mut rng) },
                motif: if rng.chance(70) { a.look.motif } else { b.look.motif },
                layout: a.look.layout,
                ..(*b.look).clone()
            };
            let own = Shot::own(&mut rng);
            let shot = if rng.chance(50) { Shot { background: a.stock.background, ..own } } else { own };
            let edits: Vec<Edit> = Vec::new();
            let left = DemoPicture { look: a.look.clone(), shot: a.stock, edits: edits.clone() };
            let right = DemoPicture { look: Arc::new(look), shot, edits };
            Pair { left: code(number as u32), right: code(500 + name), pictures: [left, right] }
        })
        .collect()
}

/// A thing of another family, by the number of the pair.
fn other_family<'a>(a: &Product, others: &'a [Product], number: usize) -> Option<&'a Product> {
    others.iter().cycle().skip(number).take(others.len()).find(|other| other.look.family != a.look.family)
}

/// A name of three letters.
fn code(number: u32) -> String {
    let letter = |place: u32| char::from(b'a' + ((number / 26_u32.pow(place)) % 26) as u8);
    [letter(2), letter(1), letter(0)].iter().collect()
}

#[cfg(test)]
mod tests {
    use super::{looks_like_catalog, pairs};
    use crate::catalog::{PostingIdx, Side};

    #[test]
    fn a_pair_is_two_families_in_one_group() {
        let catalog = looks_like_catalog(60, 7);
        assert_eq!(catalog.n_postings(), 120);
        for row in (0..120).step_by(2) {
            let (left, right) = (PostingIdx(row), PostingIdx(row + 1));
            assert_eq!(Side::of_key(catalog.key(left)), Some(Side::Left));
            assert_eq!(Side::of_key(catalog.key(right)), Some(Side::Right));
            assert!(catalog.group(left).is_some() && catalog.group(left) == catalog.group(right));
        }
        for pair in pairs(60, 7) {
            let [left, right] = &pair.pictures;
            assert_ne!(left.look.family, right.look.family, "{}", pair.left);
        }
    }

    #[test]
    fn the_same_numbers_give_the_same_pictures_and_others_give_others() {
        let described = |seed: u64| -> Vec<String> {
            pairs(5, seed)
                .iter()
                .flat_map(|pair| pair.pictures.each_ref().map(|it| it.description()))
                .collect()
        };
        assert_eq!(described(7), described(7));
        assert_ne!(described(7), described(8));
        assert_eq!(looks_like_catalog(0, 7).n_postings(), 0);
    }
}
