//! The numbers and choices of a recipe by name: listed with what each means, changed one at a time. Names are paths
//! (`optimiser.Sgd.momentum`) or, where only one path ends so, their last part (`momentum`).

use serde_json::{Map, Value};

use super::super::TrainError;
use super::super::losses::loss_spec;
use super::NamedRecipe;
use crate::matching::MATCHERS;

/// One number or choice of a recipe.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Parameter {
    /// Path of the parameter.
    pub name: String,
    /// Its value, as JSON.
    pub value: Value,
    /// What it does.
    pub explanation: &'static str,
}

/// Fields that name the recipe and are no parameters of it.
const NAMES: &[&str] = &["id", "label", "summary", "source"];
/// What paths begin with, left out of the names.
const TRAINING: &str = "training";

/// Last part of a path, and what it means.
const EXPLANATIONS: &[(&str, &str)] = &[
    (
        "image_encoders",
        "Encoders of pictures, the wanted one first, then stand-ins; the first whose files are there is used",
    ),
    (
        "more_image_encoders",
        "Further encoders of pictures read beside the first, a projection each where towers are PerModality",
    ),
    ("text_encoders", "Encoders of titles, likewise"),
    ("sides", "Shared: one projection. Apart: rows that ask and rows that answer have one each"),
    ("nearest_at_start", "Share of a question's wrong answers that are the nearest ones, in the first round"),
    ("nearest_at_end", "The same in the last round"),
    (
        "selection",
        "What the best round is known by: RowF1, TopK (questions answered right), or Last, which keeps the last round",
    ),
    ("k", "Places among a question's candidates that count as right"),
    ("of", "Candidates of a question, the right one counted"),
    (
        "refit",
        "Never, or WithHeldOut: once all is chosen the head learns anew from the rows held back to choose by too",
    ),
    ("id", "Id of the matcher: what makes matches of scores; given with --matcher"),
    ("values", "Parameters of the matcher that are fixed; others are chosen on the validation part"),
    (
        "beside",
        "Encoders whose frozen rows the matcher compares beside the trained head's, the wanted one first; empty for none",
    ),
    ("mixture", "Frozen encoders mixed with the head; null compares by the head alone"),
    (
        "companions",
        "Encoders mixed with the head: for each the wanted one first, then stand-ins; weights are chosen on the validation part",
    ),
    (
        "cohort_neighbors",
        "Nearest wrong postings of the training part whose mean score is taken from a posting's own; 0 takes none",
    ),
    (
        "unreviewed",
        "Unknown: only rejected pairs are different. Different: postings of two groups are, reviewed or not",
    ),
    (
        "towers",
        "Fused: picture and title side by side through one projection. PerModality: a projection each",
    ),
    ("depth", "Layers of a projection: Identity, Linear, or TwoLayers with ReLU between"),
    ("hidden", "Numbers between two layers"),
    ("width", "Numbers a projection gives"),
    ("normalisation", "LengthOnly: rows of length 1. BatchThenLength: batch norm before that"),
    ("measure", "How a pair is scored: Cosine, Neuron (a learned weight for each cosine) or Classifier"),
    ("start", "Where parameters start: Random, or Whitened, which evens out the differences within groups"),
    (
        "shrinkage",
        "How far the differences within groups are taken for equal in all directions; 0 trusts them as they are",
    ),
    ("loss", "Id of the loss"),
    ("margin", "Margin of the loss, in the loss's own unit (cosine, distance or radians)"),
    ("scale", "Factor on the cosines of an angular loss"),
    ("temperature", "Divisor of the cosines; smaller looks harder at the hardest"),
    ("alpha", "Sharpness for positives"),
    ("beta", "Sharpness for negatives"),
    ("base", "The similarity positives and negatives are parted at"),
    ("margin_ramp_steps", "Steps over which the margin rises from 0"),
    ("margin_exponent", "How much smaller the margin of large groups is; 0 is the same for all"),
    ("margin_floor", "The margin of an infinitely large group"),
    (
        "miner",
        "Where negatives come from, for losses on pairs and triplets; losses over whole batches use the batch",
    ),
    ("per_positive", "Negatives for each positive pair; losses over whole batches use the batch instead"),
    ("per_row", "Nearest wrong postings used for each posting"),
    ("sampler", "Order of postings, for losses over batches of postings; pairs and triplets are shuffled"),
    ("power", "0 draws postings evenly, 1 draws groups evenly"),
    ("classes", "Groups a batch"),
    ("items", "Postings of a group in a batch"),
    ("optimiser", "How gradients move the numbers: Sgd, Adam or AdamW"),
    ("momentum", "Share of the former step that is kept"),
    ("weight_decay", "Pull towards 0"),
    ("beta1", "Memory of the mean gradient"),
    ("beta2", "Memory of the mean squared gradient"),
    ("epsilon", "Added to the root of the mean square, against division by 0"),
    ("schedule", "How the learning rate changes: Constant, StepDecay, Cosine or Plateau"),
    ("every_epochs", "Epochs between two falls of the learning rate"),
    ("factor", "What the learning rate is multiplied by when it falls"),
    ("warmup_steps", "Steps over which the learning rate rises from 0"),
    ("learning_rate", "Length of a step at the start"),
    ("clip_norm", "Longest gradient; null does not clip"),
    ("batch_size", "Postings, pairs or triplets a step; ClassesByItems makes its own"),
    ("max_epochs", "Rounds over the training part at most"),
    ("patience", "Rounds without a better validation result before it ends; null runs all"),
    ("pairs_per_group", "Positive pairs of one group at most, each round, for losses on pairs and triplets"),
    (
        "decided_passes",
        "Times a round goes over what decisions say; above 1 they weigh more than the catalogue's own groups",
    ),
    (
        "trained",
        "Blocks of the network that are trained: All, or From one of them on, such as {\"From\":\"blocks.5\"}",
    ),
    ("From", "The first block that is trained; what stands before it is computed once"),
    ("norms", "Trained batch norms use the network's Running statistics, or those OfTheBatch"),
    ("rate_share", "The network's learning rate as a share of the head's"),
    ("views", "Changed views of each picture, beside the picture itself, computed before training"),
    ("augmentations", "How views are changed: Flip, Crop, Colour, Erase, CutMix, each with its numbers"),
    ("seed", "Decides everything random; given with --seed"),
];

/// Every parameter of a recipe that matters to it; numbers its loss does not read are left out.
///
/// # Errors
/// When the recipe cannot be written down.
pub fn parameters(recipe: &NamedRecipe) -> Result<Vec<Parameter>, TrainError> {
    let mut leaves = Vec::new();
    collect(&written(recipe)?, &mut Vec::new(), &mut leaves);
    let uses = loss_spec(&recipe.training.loss).map_or(&[][..], |spec| spec.uses);
    let matters = |path: &[String]| match path {
        [first] => !NAMES.contains(&first.as_str()),
        [.., group, last] if group == "loss_params" => uses.contains(&last.as_str()),
        _ => true,
    };
    let kept = leaves.into_iter().filter(|(path, _)| matters(path));
    Ok(kept
        .map(|(path, value)| {
            let explanation = explanation(&path);
            let name = path.iter().skip(usize::from(path.first().is_some_and(|it| it == TRAINING)));
            Parameter { name: name.cloned().collect::<Vec<_>>().join("."), value, explanation }
        })
        .collect())
}

/// The recipe with one parameter changed. `value` is JSON (`0.01`, `null`, `["idf-word"]`, `{"Cosine":{"warmup_steps":0}}`) or
/// a plain word.
///
/// # Errors
/// [`TrainError::Recipe`] when there is no such parameter, or the recipe would not be one that can be trained.
pub fn with_parameter(recipe: &NamedRecipe, name: &str, value: &str) -> Result<NamedRecipe, TrainError> {
    let refuse = |reason: String| TrainError::Recipe(reason);
    let mut whole = written(recipe)?;
    let mut paths = Vec::new();
    collect_all(&whole, &mut Vec::new(), &mut paths);
    let called = |path: &Vec<String>| {
        let shown: Vec<&str> = path.iter().map(String::as_str).collect();
        let shown = match shown.as_slice() {
            [TRAINING, rest @ ..] => rest.join("."),
            all => all.join("."),
        };
        shown == name || path.last().is_some_and(|last| last == name)
    };
    let found: Vec<&Vec<String>> = paths.iter().filter(|path| called(path)).collect();
    let path = match found.as_slice() {
        [path] if !path.first().is_some_and(|first| NAMES.contains(&first.as_str())) => *path,
        [] | [_] => {
            let known: Vec<String> =
                parameters(recipe)?.into_iter().map(|parameter| parameter.name).collect();
            return Err(refuse(format!("it has no parameter `{name}`. Choose one of: {}", known.join(", "))));
        }
        several => {
            let several: Vec<String> = several.iter().map(|path| path.join(".")).collect();
            return Err(refuse(format!("`{name}` names several parameters: {}", several.join(", "))));
        }
    };
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    let mut at = &mut whole;
    for part in path {
        at = at.get_mut(part).ok_or_else(|| refuse(format!("it has no parameter `{name}`")))?;
    }
    *at = value;
    let changed: NamedRecipe =
        serde_json::from_value(whole).map_err(|error| refuse(format!("{name}: {error}")))?;
    changed.check()?;
    Ok(changed)
}

fn explanation(path: &[String]) -> &'static str {
    // Where a choice has no numbers its path ends with the choice; of a variant with numbers each is explained.
    let last = path.last().map_or("", String::as_str);
    let of_matcher = || MATCHERS.iter().find_map(|spec| spec.parameter(last)).map_or("", |it| it.explanation);
    EXPLANATIONS.iter().find(|(name, _)| *name == last).map_or_else(of_matcher, |(_, text)| text)
}

fn written(recipe: &NamedRecipe) -> Result<Value, TrainError> {
    serde_json::to_value(recipe).map_err(|error| TrainError::Recipe(error.to_string()))
}

fn collect(value: &Value, path: &mut Vec<String>, leaves: &mut Vec<(Vec<String>, Value)>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            each(fields, path, &mut |value, path| collect(value, path, leaves))
        }
        leaf => leaves.push((path.clone(), leaf.clone())),
    }
}

/// Paths of leaves and of everything above them.
fn collect_all(value: &Value, path: &mut Vec<String>, paths: &mut Vec<Vec<String>>) {
    if !path.is_empty() {
        paths.push(path.clone());
    }
    if let Value::Object(fields) = value {
        each(fields, path, &mut |value, path| collect_all(value, path, paths));
    }
}

fn each(
    fields: &Map<String, Value>,
    path: &mut Vec<String>,
    visit: &mut dyn FnMut(&Value, &mut Vec<String>),
) {
    for (name, value) in fields {
        path.push(name.clone());
        visit(value, path);
        path.pop();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::built_in_recipes;
    use super::{NamedRecipe, parameters, with_parameter};
    use crate::train::optimisers::{OptimiserRecipe, Schedule};

    fn recipe(id: &str) -> NamedRecipe {
        built_in_recipes().unwrap().into_iter().find(|recipe| recipe.id == id).unwrap()
    }

    #[test]
    fn parameters_are_changed_by_name_or_path() {
        let recipe = recipe("siamese-cosine");
        assert_eq!(with_parameter(&recipe, "max_epochs", "3").unwrap().training.max_epochs, 3);
        let momentum = with_parameter(&recipe, "optimiser.Sgd.momentum", "0.5").unwrap().training.optimiser;
        assert_eq!(momentum, OptimiserRecipe::Sgd { momentum: 0.5, weight_decay: 0.0 });
        assert_eq!(with_parameter(&recipe, "patience", "2").unwrap().training.patience, Some(2));
        assert_eq!(
            with_parameter(&recipe, "schedule", "Constant").unwrap().training.schedule,
            Schedule::Constant
        );
        let words = with_parameter(&recipe, "text_encoders", "[\"idf-word\"]").unwrap();
        assert_eq!(words.text_encoders, ["idf-word"]);
    }

    #[test]
    fn what_is_not_there_or_makes_no_sense_is_refused() {
        let recipe = recipe("siamese-cosine");
        for (name, value, reason) in [
            ("margn", "1", "max_epochs"),
            ("label", "other", "no parameter `label`"),
            ("max_epochs", "many", "max_epochs"),
            ("max_epochs", "0", "at least 1"),
            ("loss", "none", "no loss `none`"),
        ] {
            let error = with_parameter(&recipe, name, value).unwrap_err().to_string();
            assert!(error.contains(reason), "{name}={value}: {error}");
        }
    }

    #[test]
    fn numbers_the_loss_does_not_read_are_not_listed() {
        let names = |id: &str| -> Vec<String> {
            parameters(&recipe(id)).unwrap().into_iter().map(|parameter| parameter.name).collect()
        };
        assert!(names("siamese-cosine").contains(&"loss_params.margin".to_owned()));
        assert!(!names("siamese-cosine").contains(&"loss_params.alpha".to_owned()));
        assert!(names("lookalike-best").contains(&"loss_params.temperature".to_owned()));
    }
}
