//! Recipes as data: a whole system under one id, from the encoders it wants to the numbers it is trained with. Built-in
//! ones stand in assets/recipes/; a text of the user's has the same form. Opens no file.

mod parameters;

use serde::{Deserialize, Serialize};

pub use parameters::{Parameter, parameters, with_parameter};

use super::heads::PairMeasure;
use super::mixture::MixtureRecipe;
use super::{BackboneRecipe, TrainError, TrainingRecipe, Unreviewed};
use crate::matching::MatcherRecipe;

/// A recipe with a name. Encoders are listed from the wanted one to the smallest stand-in; an empty list does without.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedRecipe {
    /// Stable id: letters, digits, `-` and `_`; names the folder of what it trains.
    pub id: String,
    /// Name shown to people.
    pub label: String,
    /// One sentence: what it does.
    pub summary: String,
    /// The published system it follows.
    pub source: String,
    /// Ids of encoders of pictures; the first whose files are there is used.
    #[serde(default)]
    pub image_encoders: Vec<String>,
    /// Further encoders of pictures that the head reads beside the first, each a modality of its own: for each the wanted one
    /// first, then its stand-ins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more_image_encoders: Vec<Vec<String>>,
    /// Ids of encoders of titles, likewise.
    #[serde(default)]
    pub text_encoders: Vec<String>,
    /// Whether postings of different groups are taken for different although nobody said so.
    #[serde(default)]
    pub unreviewed: Unreviewed,
    /// What makes matches of the trained head's scores (and of the frozen ones it is compared with).
    #[serde(default)]
    pub matcher: MatcherRecipe,
    /// Frozen encoders mixed with the head, their weights chosen on the validation part; `None` compares by the head alone.
    #[serde(default)]
    pub mixture: Option<MixtureRecipe>,
    /// Training of the network of pictures with the head; `None` trains the head alone, on cached embeddings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backbone: Option<BackboneRecipe>,
    /// Head, loss, miner, sampler, optimiser and schedule.
    #[serde(default)]
    pub training: TrainingRecipe,
}

/// Folders beside those of recipes.
const TAKEN: &[&str] = &["autoencoder", "promoted", "receipts", "unfinished"];

/// The recipes that come with the program, in the order in which they are listed.
const BUILT_IN: &[&str] = &[
    include_str!("../../../assets/recipes/lookalike-best.ron"),
    include_str!("../../../assets/recipes/image-head.ron"),
    include_str!("../../../assets/recipes/siamese-cosine.ron"),
    include_str!("../../../assets/recipes/siamese-cosine-naive.ron"),
    include_str!("../../../assets/recipes/siamese-neuron.ron"),
    include_str!("../../../assets/recipes/shopee-arcface.ron"),
    include_str!("../../../assets/recipes/shopee-arcface-ensemble.ron"),
    include_str!("../../../assets/recipes/shopee-text.ron"),
    include_str!("../../../assets/recipes/catalog-softmax.ron"),
    include_str!("../../../assets/recipes/catalog-arcface.ron"),
    include_str!("../../../assets/recipes/catalog-arcface-glove.ron"),
    include_str!("../../../assets/recipes/autoencoder-knn.ron"),
    include_str!("../../../assets/recipes/tll-two-backbones.ron"),
    include_str!("../../../assets/recipes/tll-pooled.ron"),
    include_str!("../../../assets/recipes/tll-best.ron"),
    include_str!("../../../assets/recipes/mobilenetv2-finetune.ron"),
];

/// Every built-in recipe.
///
/// # Errors
/// [`TrainError::Recipe`] when one is damaged, which the tests rule out.
pub fn built_in_recipes() -> Result<Vec<NamedRecipe>, TrainError> {
    BUILT_IN.iter().map(|text| NamedRecipe::from_ron(text)).collect()
}

impl NamedRecipe {
    /// Reads a recipe and refuses one that cannot be trained.
    ///
    /// # Errors
    /// [`TrainError::Recipe`] with the field and the line.
    pub fn from_ron(text: &str) -> Result<Self, TrainError> {
        let options =
            ron::Options::default().with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME);
        let recipe: Self = options.from_str(text).map_err(|error| TrainError::Recipe(error.to_string()))?;
        recipe.check()?;
        Ok(recipe)
    }

    /// Refuses what cannot be trained.
    ///
    /// # Errors
    /// [`TrainError::Recipe`] with the reason.
    pub fn check(&self) -> Result<(), TrainError> {
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        // These folders hold something else.
        let is_taken = TAKEN.contains(&self.id.as_str());
        if self.id.is_empty() || self.id.len() > 64 || !self.id.chars().all(is_plain) || is_taken {
            return Err(TrainError::Recipe(format!(
                "`{}` cannot be its id; use up to 64 letters, digits, - and _, and none of {}",
                self.id,
                TAKEN.join(", ")
            )));
        }
        if self.image_encoders.is_empty() && self.text_encoders.is_empty() {
            return Err(TrainError::Recipe(
                "it names no encoder, neither of pictures nor of titles".to_owned(),
            ));
        }
        if self.image_encoders.is_empty() && !self.more_image_encoders.is_empty() {
            return Err(TrainError::Recipe(
                "it names further encoders of pictures and no first one; name that in image_encoders"
                    .to_owned(),
            ));
        }
        self.matcher.check()?;
        if self.mixture.is_some() && self.training.head.measure != PairMeasure::Cosine {
            return Err(TrainError::Recipe(
                "a mixture weighs cosines; its head must measure pairs by their cosine".to_owned(),
            ));
        }
        if self.mixture.is_some() && !self.matcher.beside.is_empty() {
            return Err(TrainError::Recipe(
                "name frozen encoders either in its mixture or beside its matcher, not in both".to_owned(),
            ));
        }
        let loss = self.training.check()?;
        let Some(backbone) = &self.backbone else { return Ok(()) };
        if self.image_encoders.is_empty() {
            return Err(TrainError::Recipe(
                "it trains a network of pictures and names no encoder of pictures".to_owned(),
            ));
        }
        backbone.check(loss)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{NamedRecipe, built_in_recipes, parameters};

    #[test]
    fn every_built_in_recipe_is_whole_and_explained() {
        let recipes = built_in_recipes().unwrap();
        assert_eq!(recipes.len(), super::BUILT_IN.len());
        for recipe in &recipes {
            for text in [&recipe.label, &recipe.summary, &recipe.source] {
                assert!(!text.is_empty(), "{}", recipe.id);
            }
            for parameter in parameters(recipe).unwrap() {
                assert!(!parameter.explanation.is_empty(), "{}: {}", recipe.id, parameter.name);
            }
        }
    }

    fn check_refused(text: &str, reason: &str) {
        let error = NamedRecipe::from_ron(text).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let with = |id: &str, rest: &str| {
            format!("(id: \"{id}\", label: \"l\", summary: \"s\", source: \"s\", {rest})")
        };
        check_refused(&with("a/b", "text_encoders: [\"idf-word\"]"), "cannot be its id");
        check_refused(&with("promoted", "text_encoders: [\"idf-word\"]"), "cannot be its id");
        check_refused(&with("a", ""), "names no encoder");
        check_refused(
            &with("a", "text_encoders: [\"idf-word\"], training: (loss: \"none\")"),
            "no loss `none`",
        );
        let backbone =
            |fields: &str| with("a", &format!("image_encoders: [\"mobilenetv2_tf\"], backbone: ({fields})"));
        assert!(NamedRecipe::from_ron(&backbone("trained: From(\"blocks.6\"), views: 0")).is_ok());
        check_refused(&backbone("views: 65"), "at most 64");
        check_refused(&backbone("rate_share: 0.0"), "rate_share");
        check_refused(&backbone("augmentations: [Crop(least_area: 0.0)]"), "above 0");
        check_refused(
            &backbone("augmentations: [CutMix(views: 1)]), training: (loss: \"info-nce\""),
            "CutMix needs a loss over batches",
        );
        check_refused(&with("a", "text_encoders: [\"idf-word\"], backbone: ()"), "no encoder of pictures");
        check_refused(
            &with("a", "text_encoders: [\"idf-word\"], training: (lerning_rate: 1)"),
            "lerning_rate",
        );
        check_refused(
            &with("a", "text_encoders: [\"idf-word\"], training: (loss_params: (margn: 1))"),
            "margn",
        );
    }
}
