//! Which views of which pictures a training wants, and how each is made. A function of recipe, data and seed: every view of every
//! row has a stream of draws of its own.

use image::RgbImage;

use super::super::augment::{MixedBox, augment_picture, augment_square, n_mixed_views};
use super::super::{Part, Random, TrainingData};
use super::BackboneRecipe;

/// One view of many pictures.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// How it is made.
    pub kind: ViewKind,
    /// The rows that are seen so, in order.
    pub rows: Vec<u32>,
    number: usize,
    seed: u64,
}

/// How a view is made.
#[derive(Clone, Debug, PartialEq)]
pub enum ViewKind {
    /// The picture itself; of the validation part too.
    AsItIs,
    /// Changed as the recipe says.
    Changed,
    /// Changed, and a part of another's laid over.
    Mixed {
        /// Where.
        part: MixedBox,
        /// The other row of each row; itself where it has none.
        partners: Vec<u32>,
    },
}

/// The views of a training, the pictures themselves first, for squares of `side` pixels.
pub fn views(recipe: &BackboneRecipe, data: &TrainingData<'_>, side: usize, seed: u64) -> Vec<View> {
    let with_picture = |part: Part| -> Vec<u32> {
        let Some(pictures) = data.modalities.first() else { return Vec::new() };
        let rows = data.parts.iter().zip(pictures.present).zip(0..);
        rows.filter(|((of, is_present), _)| **of == part && **is_present).map(|(_, row)| row).collect()
    };
    let train = with_picture(Part::Train);
    let seen = [train.clone(), with_picture(Part::Validation)].concat();
    let mut all = vec![View { kind: ViewKind::AsItIs, rows: seen, number: 0, seed }];
    for _ in 0..recipe.views {
        all.push(View { kind: ViewKind::Changed, rows: train.clone(), number: all.len(), seed });
    }
    for _ in 0..n_mixed_views(&recipe.augmentations) {
        let number = all.len();
        let mut random = Random::new(seed, &format!("mixed view {number}"));
        let part = MixedBox::draw(side, &mut random);
        let partners = partners(data, &train, &mut random);
        all.push(View { kind: ViewKind::Mixed { part, partners }, rows: train.clone(), number, seed });
    }
    all
}

/// For each row of the catalogue a row of the group that a shuffle puts behind its own: two rows of a group have partners of one
/// group too.
fn partners(data: &TrainingData<'_>, rows: &[u32], random: &mut Random) -> Vec<u32> {
    let mut groups: Vec<Vec<u32>> = data.labels.members(rows).into_values().collect();
    random.shuffle(&mut groups);
    let mut partners: Vec<u32> = (0..data.labels.n_rows() as u32).collect();
    for (place, group) in groups.iter().enumerate() {
        let Some(next) = groups.get((place + 1) % groups.len()) else { continue };
        for &row in group {
            if let (Some(slot), Some(&other)) = (partners.get_mut(row as usize), random.choose(next)) {
                *slot = other;
            }
        }
    }
    partners
}

impl View {
    /// The rows whose pictures are needed for `row`: its own, and its partner's.
    pub fn pictures_of(&self, row: u32) -> (u32, Option<u32>) {
        match &self.kind {
            ViewKind::Mixed { partners, .. } => (row, partners.get(row as usize).copied()),
            ViewKind::AsItIs | ViewKind::Changed => (row, None),
        }
    }

    /// Makes the view of `row`, (3, side, side) as `prepare` gives it, from its picture and its partner's.
    pub fn make(
        &self,
        recipe: &BackboneRecipe,
        row: u32,
        picture: &RgbImage,
        partner: Option<&RgbImage>,
        prepare: impl Fn(&RgbImage) -> Vec<f32>,
    ) -> Vec<f32> {
        if self.kind == ViewKind::AsItIs {
            return prepare(picture);
        }
        let mut random = Random::new(self.seed, &format!("view {} of {row}", self.number));
        let mut changed = |picture: &RgbImage| {
            let mut values = prepare(&augment_picture(picture, &recipe.augmentations, &mut random));
            let side = (values.len() / 3).isqrt();
            augment_square(&mut values, side, &recipe.augmentations, &mut random);
            values
        };
        let mut values = changed(picture);
        if let (ViewKind::Mixed { part, .. }, Some(partner)) = (&self.kind, partner) {
            part.paste(&mut values, &changed(partner));
        }
        values
    }
}
