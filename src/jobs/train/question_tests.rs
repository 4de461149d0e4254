//! Learning from pairs that look alike, as a job: folds, and a model that scores pairs it has never seen.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use super::{CrossValidationPlan, LabelSource, TrainPlan, TrainedModel, cross_validate, train_head};
use crate::catalog::{Catalog, demo};
use crate::encode::{EncoderOptions, ModelStore};
use crate::jobs::{CancelToken, Context, JobError, OpenEncoders, SilentReporter, Workbench};
use crate::nn::DeviceChoice;
use crate::project::{EmbeddingCache, TrainedModels, TranslationCache};
use crate::review::ReviewState;
use crate::train::NamedRecipe;

fn bench(folder: &Path, catalog: Catalog) -> Workbench {
    let encoders = OpenEncoders::new(ModelStore::new(folder.join("models")), DeviceChoice::Cpu);
    let cache = EmbeddingCache::new(folder.join("embeddings"));
    let translations = TranslationCache::new(folder.join("translations"));
    let options = EncoderOptions::default();
    let trained = folder.join("trained");
    Workbench::new(Arc::new(catalog), cache, translations, &trained, Arc::new(encoders), options)
}

/// Whitened built-in features of pictures, `more` added to the recipe.
fn recipe(id: &str, more: &str) -> NamedRecipe {
    let text = format!(
        "(id: \"{id}\", label: \"l\", summary: \"s\", source: \"s\", image_encoders: [\"perceptual\"], {more}
          training: (head: (towers: PerModality, depth: Linear, width: 24, normalisation: LengthOnly, measure: Cosine),
            start: Whitened(shrinkage: 3.0), loss: \"info-nce\", max_epochs: 0, selection: TopK(k: 2, of: 6), refit: WithHeldOut))"
    );
    NamedRecipe::from_ron(&text).unwrap()
}

fn context() -> Context<'static> {
    Context::new(&SilentReporter, CancelToken::default())
}

#[test]
fn every_pair_is_held_out_once_a_seed() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path(), demo::looks_like_catalog(40, 3));
    let models = TrainedModels::new(folder.path().join("trained"));
    let recipes = [
        recipe("plain", ""),
        recipe("mixed", "mixture: (companions: [[\"phash\"]]), more_image_encoders: [[\"phash\"]],"),
    ];
    let plan = CrossValidationPlan { recipes: &recipes, seeds: &[1, 2], n_folds: 4, n_candidates: 6 };
    let found = cross_validate(&bench, &plan, &models, &context()).unwrap();
    assert_eq!(found.n_questions, 40);
    let names: Vec<&str> = found.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["frozen plain", "frozen mixed", "plain", "mixed", "chosen"]);
    for row in &found.rows {
        assert_eq!((row.seeds.len(), row.folds.len()), (2, 8), "{}", row.name);
        for seed in [1, 2] {
            let folds = row.folds.iter().filter(|fold| fold.seed == seed);
            assert_eq!(folds.map(|fold| fold.n_questions).sum::<usize>(), 40);
        }
        for fold in &row.folds {
            assert_eq!(fold.n_groups.iter().sum::<usize>(), 40, "{fold:?}");
            assert_eq!(fold.n_groups[2], fold.n_questions);
        }
        assert!(row.top_1.mean <= row.top_2.mean && row.top_2.mean <= row.top_5.mean);
        assert!(row.interval.low <= row.top_2.mean && row.top_2.mean <= row.interval.high);
    }
    let mixed = &found.rows[3];
    assert!(mixed.folds.iter().all(|fold| fold.weights.len() == 3), "{:?}", mixed.folds[0]);
    // The choice is made by the inner split, fold by fold.
    let [plain, mixed, chosen] = [2, 3, 4].map(|at| &found.rows[at].folds);
    for ((plain, mixed), chosen) in plain.iter().zip(mixed).zip(chosen) {
        let best = if mixed.inner_top_2 > plain.inner_top_2 { mixed } else { plain };
        assert_eq!(chosen.recipe, best.recipe);
        assert_eq!(chosen.top_2, best.top_2);
    }
    let again = cross_validate(&bench, &plan, &models, &context()).unwrap();
    assert_eq!(serde_json::to_string(&again.rows).unwrap(), serde_json::to_string(&found.rows).unwrap());
    assert!(!folder.path().join("trained").exists(), "nothing is saved");
    let refused = CrossValidationPlan { n_folds: 1, ..plan };
    let error = cross_validate(&bench, &refused, &models, &context()).unwrap_err();
    assert!(matches!(&error, JobError::Refused(reason) if reason.contains("2 folds")), "{error}");
}

#[test]
fn a_trained_model_scores_pairs_of_another_catalogue() {
    let folder = tempfile::tempdir().unwrap();
    let home = bench(folder.path(), demo::looks_like_catalog(60, 1));
    let models = TrainedModels::new(folder.path().join("trained"));
    let review = ReviewState::default();
    for (id, more) in [("plain", ""), ("mixed", "mixture: (companions: [[\"phash\"]]),")] {
        let recipe = recipe(id, more);
        let plan =
            TrainPlan { recipe: &recipe, labels: LabelSource::Catalogue, review: &review, models: &models };
        let receipt = train_head(&home, &plan, &context()).unwrap();
        assert!(
            receipt.is_refit && receipt.notes.iter().any(|note| note.contains("validation and test part"))
        );
        let questions = receipt.questions.unwrap();
        assert!(questions.n_questions > 5 && questions.after[0] <= questions.after[1], "{questions:?}");
        let model = TrainedModel::new(models.load(id).unwrap()).unwrap();

        let other = tempfile::tempdir().unwrap();
        let away = bench(other.path(), demo::looks_like_catalog(20, 9));
        let rows = |side: &str| -> Vec<u32> {
            let all = 0..away.catalog.n_postings() as u32;
            all.filter(|row| away.catalog.key(crate::catalog::PostingIdx(*row)).starts_with(side)).collect()
        };
        let (left, right) = (rows("left/"), rows("right/"));
        let pairs: Vec<(u32, u32)> = left.iter().flat_map(|a| right.iter().map(move |b| (*a, *b))).collect();
        let scores = model.pair_scores(&away, &pairs, &context()).unwrap();
        assert_eq!(scores.len(), 400);
        assert!(scores.iter().all(|score| (-1.0..=1.0).contains(score)));
        let groups = away.catalog.group_ids();
        let mean = |is_right: bool| {
            let of = pairs
                .iter()
                .zip(&scores)
                .filter(|((a, b), _)| (groups[*a as usize] == groups[*b as usize]) == is_right);
            let scores: Vec<f32> = of.map(|(_, score)| *score).collect();
            scores.iter().sum::<f32>() / scores.len() as f32
        };
        assert!(mean(true) > mean(false) + 0.05, "{id}: {} {}", mean(true), mean(false));
        // A score hangs on its own pair alone.
        let some = model.pair_scores(&away, &pairs[37..39], &context()).unwrap();
        assert!(some.iter().zip(&scores[37..39]).all(|(one, all)| (one - all).abs() < 1e-6));
        assert!(scores.iter().map(|score| score.to_bits()).collect::<HashSet<_>>().len() > 100);
    }
}
