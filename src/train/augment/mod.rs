//! Changes to pictures that keep what is on them: one file each, a pure function of picture, numbers and seeded draws. Those of a
//! picture come before it is made the network's size, those of a square after. Opens no file and knows no label.

mod colour;
mod crop;
mod cut_mix;
mod erase;
mod flip;
mod rectangle;

use image::RgbImage;
use serde::{Deserialize, Serialize};

pub use colour::jitter_colours;
pub use crop::crop;
pub use cut_mix::MixedBox;
pub use erase::erase;
pub use flip::flip;

use super::{Random, TrainError};

/// A change with its numbers, as recipes hold it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Augmentation {
    /// Left and right are swapped.
    Flip {
        /// Share of pictures.
        probability: f64,
    },
    /// A part of the picture takes its place.
    Crop {
        /// Smallest share of the picture's area that is kept.
        least_area: f64,
    },
    /// Brightness, contrast and saturation are multiplied with factors around 1.
    Colour {
        /// Largest distance of the brightness's factor from 1.
        brightness: f64,
        /// Of the contrast's.
        contrast: f64,
        /// Of the saturation's.
        saturation: f64,
    },
    /// A rectangle is filled with noise.
    Erase {
        /// Share of pictures.
        probability: f64,
        /// Largest share of the area.
        most_area: f64,
    },
    /// A rectangle of another group's picture is laid over; both groups count by their shares of the area.
    CutMix {
        /// Views made so, beside the others.
        views: usize,
    },
}

/// A line for pickers.
#[derive(Debug)]
pub struct AugmentationSpec {
    /// Stable id.
    pub id: &'static str,
    /// Name shown to people.
    pub label: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// The numbers to start with.
    pub default: Augmentation,
}

/// Every change, in the order pickers show them.
pub const AUGMENTATIONS: &[AugmentationSpec] =
    &[flip::SPEC, crop::SPEC, colour::SPEC, erase::SPEC, cut_mix::SPEC];

/// Most views of one kind a recipe may ask for.
pub(super) const MOST_VIEWS: usize = 64;

impl Augmentation {
    /// Refuses numbers out of range.
    ///
    /// # Errors
    /// [`TrainError::Recipe`] with the number.
    pub fn check(&self) -> Result<(), TrainError> {
        let share = |name: &str, value: f64| {
            if (0.0..=1.0).contains(&value) {
                return Ok(());
            }
            Err(TrainError::Recipe(format!("{name} must be between 0 and 1, not {value}")))
        };
        match *self {
            Self::Flip { probability } => share("the probability of a flip", probability),
            Self::Crop { least_area } if least_area > 0.0 => share("the least area of a crop", least_area),
            Self::Crop { .. } => {
                Err(TrainError::Recipe("the least area of a crop must be above 0".to_owned()))
            }
            Self::Colour { brightness, contrast, saturation } => {
                share("the change of brightness", brightness)
                    .and_then(|()| share("the change of contrast", contrast))
                    .and_then(|()| share("the change of saturation", saturation))
            }
            Self::Erase { probability, most_area } => share("the probability of erasing", probability)
                .and_then(|()| share("the largest area erased", most_area)),
            Self::CutMix { views } if (1..=MOST_VIEWS).contains(&views) => Ok(()),
            Self::CutMix { views } => {
                Err(TrainError::Recipe(format!("CutMix makes 1 to {MOST_VIEWS} views, not {views}")))
            }
        }
    }
}

/// The picture with the changes that are made before it gets the network's size, in the order of the list.
pub fn augment_picture(picture: &RgbImage, augmentations: &[Augmentation], random: &mut Random) -> RgbImage {
    let mut changed = picture.clone();
    for augmentation in augmentations {
        match *augmentation {
            Augmentation::Flip { probability } if random.unit() < probability => changed = flip(&changed),
            Augmentation::Crop { least_area } => changed = crop(&changed, least_area, random),
            Augmentation::Colour { brightness, contrast, saturation } => {
                jitter_colours(&mut changed, [brightness, contrast, saturation], random);
            }
            Augmentation::Flip { .. } | Augmentation::Erase { .. } | Augmentation::CutMix { .. } => {}
        }
    }
    changed
}

/// Changes a prepared picture (3, side, side) by what comes after it got the network's size, but for CutMix, which needs two.
pub fn augment_square(values: &mut [f32], side: usize, augmentations: &[Augmentation], random: &mut Random) {
    for augmentation in augmentations {
        if let Augmentation::Erase { probability, most_area } = *augmentation
            && random.unit() < probability
        {
            erase(values, side, most_area, random);
        }
    }
}

/// Views that CutMix is to make.
pub fn n_mixed_views(augmentations: &[Augmentation]) -> usize {
    let views = |augmentation: &Augmentation| match augmentation {
        Augmentation::CutMix { views } => *views,
        _ => 0,
    };
    augmentations.iter().map(views).fold(0, usize::saturating_add)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn picture(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| image::Rgb([(x * 7) as u8, (y * 11) as u8, (x ^ y) as u8]))
    }

    #[test]
    fn the_seed_decides_every_change() {
        let picture = picture(40, 30);
        let all: Vec<Augmentation> = AUGMENTATIONS.iter().map(|spec| spec.default).collect();
        let changed = |seed| {
            let mut random = Random::new(seed, "test");
            let changed = augment_picture(&picture, &all, &mut random);
            let mut square = vec![0.5; 3 * 16 * 16];
            augment_square(
                &mut square,
                16,
                &[Augmentation::Erase { probability: 1.0, most_area: 0.5 }],
                &mut random,
            );
            (changed, square)
        };
        assert!(changed(1) == changed(1));
        assert!(changed(1).0 != changed(2).0 && changed(1).1 != changed(2).1);
    }

    #[test]
    fn without_changes_the_picture_is_itself() {
        let picture = picture(9, 5);
        let nothing = [
            Augmentation::Flip { probability: 0.0 },
            Augmentation::Crop { least_area: 1.0 },
            Augmentation::Colour { brightness: 0.0, contrast: 0.0, saturation: 0.0 },
            Augmentation::Erase { probability: 0.0, most_area: 1.0 },
            Augmentation::CutMix { views: 1 },
        ];
        let mut random = Random::new(1, "test");
        assert!(augment_picture(&picture, &nothing, &mut random) == picture);
        let mut square = vec![0.25; 3 * 4 * 4];
        augment_square(&mut square, 4, &nothing, &mut random);
        assert_eq!(square, vec![0.25; 3 * 4 * 4]);
        assert_eq!(n_mixed_views(&nothing), 1);
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        for spec in AUGMENTATIONS {
            spec.default.check().unwrap();
        }
        for (wrong, reason) in [
            (Augmentation::Flip { probability: 1.5 }, "flip"),
            (Augmentation::Crop { least_area: 0.0 }, "above 0"),
            (Augmentation::Crop { least_area: 2.0 }, "crop"),
            (Augmentation::Colour { brightness: 0.1, contrast: f64::NAN, saturation: 0.0 }, "contrast"),
            (Augmentation::Erase { probability: 0.5, most_area: -0.1 }, "erased"),
            (Augmentation::CutMix { views: 0 }, "CutMix"),
        ] {
            let error = wrong.check().unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
