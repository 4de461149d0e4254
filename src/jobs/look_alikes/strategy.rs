//! A way to score a candidate, named by a short text: an encoder, several side by side or averaged, a fusion of picture and
//! title, or a trained model.

use std::sync::Arc;

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::super::{Context, JobError, TrainedModel, Workbench, embed, promoted_model};
use crate::encode::{DenseMatrix, EmbeddingRows, Embeddings, Encoder, Modality};
use crate::fuse::{FusionParams, FusionSpec, fused_score, fusion_spec};
use crate::index::{Metric, exact_scores};
use crate::matching::Question;

/// What a strategy may be called, for help texts.
pub const STRATEGY_FORMS: &str = "ENCODER; concat:ENCODER,ENCODER (rows side by side); average:ENCODER,ENCODER (rows of one width added); \
FUSION:IMAGE_ENCODER,TEXT_ENCODER[,IMAGE_WEIGHT] with a fusion of `lookalike fusions`; trained:RECIPE (a model this project has trained) or trained:promoted (the one in use)";

/// Questions scored between two looks at the token.
const QUESTIONS_A_PIECE: usize = 1024;

/// A strategy ready to score.
pub(super) struct Strategy {
    pub(super) id: String,
    pub(super) label: String,
    /// Encoders it reads, each once.
    pub(super) encoders: Vec<String>,
    scorer: Scorer,
}

enum Scorer {
    Rows(Arc<Embeddings>),
    /// The mean of the parts that have a score: the cosine of their rows side by side.
    SideBySide(Vec<Arc<Embeddings>>),
    Fused {
        spec: &'static FusionSpec,
        params: FusionParams,
        image: Arc<Embeddings>,
        text: Arc<Embeddings>,
    },
    /// A model, and frozen rows of what it reads, by which neighbours are looked for.
    Trained {
        model: Box<TrainedModel>,
        rows: Arc<Embeddings>,
    },
}

impl Strategy {
    /// The strategy called `id`, its rows embedded.
    ///
    /// # Errors
    /// [`JobError::Refused`] when there is no such form, or its parts do not go together; else as embedding fails.
    pub(super) fn prepare(bench: &Workbench, id: &str, context: &Context<'_>) -> Result<Self, JobError> {
        let rows_of = |encoder: &str| Ok::<_, JobError>(embed(bench, encoder, None, context)?.embeddings);
        let label_of = |encoder: &str| Ok::<_, JobError>(bench.table().spec(encoder)?.label.clone());
        let Some((form, rest)) = id.split_once(':') else {
            let label = label_of(id)?;
            return Ok(Self {
                id: id.to_owned(),
                label,
                encoders: vec![id.to_owned()],
                scorer: Scorer::Rows(rows_of(id)?),
            });
        };
        let parts: Vec<&str> = rest.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
        let refuse = |reason: &str| {
            Err(JobError::Refused(format!("the strategy `{id}` {reason}. It may be {STRATEGY_FORMS}")))
        };
        let labels = |encoders: &[&str]| {
            encoders.iter().map(|encoder| label_of(encoder)).collect::<Result<Vec<_>, _>>()
        };
        match form {
            "trained" => {
                let models = bench.trained_models();
                let model = match rest {
                    "promoted" => promoted_model(&models)?.map(|(_, model)| model).ok_or_else(no_model)?,
                    id => TrainedModel::new(models.load(id)?)?,
                };
                let receipt = &model.receipt;
                let one = receipt.image_encoder.clone().or_else(|| receipt.text_encoder.clone());
                let Some(one) = one else { return refuse("reads no encoder") };
                let mut encoders: Vec<String> = vec![one.clone()];
                encoders.extend(receipt.more_image_encoders.iter().cloned());
                encoders.extend(receipt.text_encoder.iter().filter(|id| **id != one).cloned());
                encoders.extend(receipt.companions.iter().cloned());
                let label = format!("Trained: {}", receipt.recipe.label);
                let scorer = Scorer::Trained { rows: rows_of(&one)?, model: Box::new(model) };
                Ok(Self { id: id.to_owned(), label, encoders, scorer })
            }
            "concat" | "average" if parts.len() < 2 => refuse("names fewer than two encoders"),
            "concat" => {
                let rows = parts.iter().map(|encoder| rows_of(encoder)).collect::<Result<Vec<_>, _>>()?;
                let label = format!("{} side by side", labels(&parts)?.join(" and "));
                let encoders = parts.iter().map(|part| (*part).to_owned()).collect();
                Ok(Self { id: id.to_owned(), label, encoders, scorer: Scorer::SideBySide(rows) })
            }
            "average" => {
                let rows = parts.iter().map(|encoder| rows_of(encoder)).collect::<Result<Vec<_>, _>>()?;
                let Some(mean) = averaged(&rows) else {
                    return refuse("adds rows that are not dense or not of one width");
                };
                let label = format!("{} averaged", labels(&parts)?.join(" and "));
                let encoders = parts.iter().map(|part| (*part).to_owned()).collect();
                Ok(Self { id: id.to_owned(), label, encoders, scorer: Scorer::Rows(Arc::new(mean)) })
            }
            fusion => {
                let Some(spec) = fusion_spec(fusion) else { return refuse("has no known form") };
                let (image, text, weight) = match parts.as_slice() {
                    [image, text] => (*image, *text, None),
                    [image, text, weight] => (*image, *text, weight.parse::<f32>().ok()),
                    _ => return refuse("needs an encoder of pictures and one of titles"),
                };
                let modality = |encoder: &str| Ok::<_, JobError>(bench.table().spec(encoder)?.modality);
                if modality(image)? != Modality::Image || modality(text)? != Modality::Text {
                    return refuse("needs an encoder of pictures first, then one of titles");
                }
                let params = FusionParams::default();
                let params = FusionParams { image_weight: weight.unwrap_or(params.image_weight), ..params };
                let label = format!("{}: {}", spec.label, labels(&[image, text])?.join(" and "));
                let encoders = vec![image.to_owned(), text.to_owned()];
                let (image, text) = (rows_of(image)?, rows_of(text)?);
                Ok(Self {
                    id: id.to_owned(),
                    label,
                    encoders,
                    scorer: Scorer::Fused { spec, params, image, text },
                })
            }
        }
    }

    /// The scores of every question's candidates; NaN where there is none.
    ///
    /// # Errors
    /// When a trained model does not fit the catalogue, embedding fails, or cancelled.
    pub(super) fn score_all(
        &self,
        bench: &Workbench,
        questions: &[Question],
        context: &Context<'_>,
    ) -> Result<Vec<Vec<f32>>, JobError> {
        let mut scores = Vec::with_capacity(questions.len());
        if let Scorer::Trained { model, .. } = &self.scorer {
            let of = |question: &Question| -> Vec<(u32, u32)> {
                question.candidates.iter().map(|candidate| (question.query, *candidate)).collect()
            };
            let pairs: Vec<(u32, u32)> = questions.iter().flat_map(of).collect();
            let mut all = model.pair_scores(bench, &pairs, context)?.into_iter();
            let own = |question: &Question| all.by_ref().take(question.candidates.len()).collect();
            return Ok(questions.iter().map(own).collect());
        }
        for piece in questions.chunks(QUESTIONS_A_PIECE) {
            context.turn()?;
            let of_piece = || piece.par_iter().map(|question| self.scores(question)).collect::<Vec<_>>();
            scores.extend(context.aside(of_piece));
        }
        Ok(scores)
    }

    /// The score of each candidate by rows alone; NaN where there is none.
    fn scores(&self, question: &Question) -> Vec<f32> {
        let of = |rows: &Embeddings| {
            let mut scores = Vec::with_capacity(question.candidates.len());
            exact_scores(rows, Metric::Cosine, question.query as usize, &question.candidates, &mut scores);
            scores
        };
        match &self.scorer {
            Scorer::Rows(rows) | Scorer::Trained { rows, .. } => of(rows),
            Scorer::SideBySide(parts) => {
                let parts: Vec<Vec<f32>> = parts.iter().map(|rows| of(rows)).collect();
                let mean = |at: usize| {
                    let scores = parts.iter().map(|scores| scores[at]).filter(|score| !score.is_nan());
                    let (sum, n) = scores.fold((0.0, 0), |(sum, n), score| (sum + score, n + 1));
                    if n == 0 { f32::NAN } else { sum / n as f32 }
                };
                (0..question.candidates.len()).map(mean).collect()
            }
            Scorer::Fused { spec, params, image, text } => {
                let has = |rows: &Embeddings, row: u32| rows.present.get(row as usize) == Some(&true);
                let both = |row: u32| [has(image, row), has(text, row)];
                let scores = of(image).into_iter().zip(of(text)).zip(&question.candidates);
                let fused = |((image, text), candidate): ((f32, f32), &u32)| {
                    fused_score(spec, params, [image, text], [both(question.query), both(*candidate)])
                };
                scores.map(fused).collect()
            }
        }
    }

    /// The rows neighbours are looked for in, and whether a row can be asked about.
    pub(super) fn rows(&self) -> &Arc<Embeddings> {
        match &self.scorer {
            Scorer::Rows(rows) | Scorer::Fused { image: rows, .. } | Scorer::Trained { rows, .. } => rows,
            Scorer::SideBySide(parts) => &parts[0],
        }
    }
}

fn no_model() -> JobError {
    JobError::Refused(
        "no trained model is in use. Promote one in Train, or name it as trained:RECIPE".to_owned(),
    )
}

/// Rows added and made of length one; present where all parts are. `None` where they are not dense or their widths differ.
fn averaged(parts: &[Arc<Embeddings>]) -> Option<Embeddings> {
    let dense: Vec<&DenseMatrix> = parts
        .iter()
        .map(|part| match &part.rows {
            EmbeddingRows::Dense(matrix) => Some(matrix),
            _ => None,
        })
        .collect::<Option<_>>()?;
    let width = dense.first()?.width;
    if dense.iter().any(|matrix| matrix.width != width) {
        return None;
    }
    let mut values = dense.first()?.values.clone();
    for matrix in dense.iter().skip(1) {
        values.iter_mut().zip(&matrix.values).for_each(|(sum, value)| *sum += value);
    }
    for row in values.chunks_mut(width.max(1)) {
        let length = row.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
        if length > 0.0 {
            row.iter_mut().for_each(|value| *value = (f64::from(*value) / length) as f32);
        }
    }
    let n_rows = parts.first()?.present.len();
    let present =
        (0..n_rows).map(|row| parts.iter().all(|part| part.present.get(row) == Some(&true))).collect();
    Some(Embeddings { rows: EmbeddingRows::Dense(DenseMatrix { width, values }), present })
}

/// Trained numbers of an encoder's models; `None` where they are not known, 0 where it has none.
pub(super) fn n_parameters(bench: &Workbench, encoders: &[String]) -> Option<u64> {
    let entries = bench.encoders.models.entries();
    let mut needed: Vec<String> = Vec::new();
    for encoder in encoders {
        needed.extend(bench.table().spec(encoder).ok()?.needs.iter().cloned());
    }
    needed.sort();
    needed.dedup();
    needed.iter().map(|model| entries.iter().find(|entry| entry.id == *model)?.n_parameters).sum()
}

/// Milliseconds to embed one picture or title of `row` alone with each encoder, added up; nothing for encoders that see the whole
/// corpus at once, and for pictures that cannot be read.
pub(super) fn millis_to_embed(bench: &Workbench, encoders: &[String], row: u32) -> f64 {
    use crate::catalog::{DecodeLimits, PostingIdx};
    let posting = PostingIdx(row);
    let millis = |encoder: &String| -> Option<f64> {
        let opened = bench.open(encoder).ok()?;
        let secs = match &*opened {
            Encoder::Image(image) => {
                let least = |full: (u32, u32)| image.least_size(full);
                let picture =
                    bench.catalog.image(posting).decode_at_least(&DecodeLimits::default(), &least).ok()?;
                let start = std::time::Instant::now();
                image.embed(&[image.prepare(&picture.picture)]).ok()?;
                start.elapsed()
            }
            Encoder::Text(text) => {
                let start = std::time::Instant::now();
                text.embed(&[bench.catalog.title(posting)]).ok()?;
                start.elapsed()
            }
            _ => return None,
        };
        Some(secs.as_secs_f64() * 1000.0)
    };
    encoders.iter().filter_map(millis).sum()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{DenseMatrix, EmbeddingRows, Embeddings, averaged};

    fn rows(width: usize, values: &[f32], present: &[bool]) -> Arc<Embeddings> {
        let rows = EmbeddingRows::Dense(DenseMatrix { width, values: values.to_vec() });
        Arc::new(Embeddings { rows, present: present.to_vec() })
    }

    #[test]
    fn averages_have_length_one_and_need_all_parts() {
        let a = rows(2, &[1.0, 0.0, 1.0, 0.0], &[true, true]);
        let b = rows(2, &[0.0, 1.0, 0.0, 0.0], &[true, false]);
        let mean = averaged(&[a.clone(), b]).expect("both are dense and of one width");
        assert_eq!(mean.present, [true, false]);
        let EmbeddingRows::Dense(matrix) = mean.rows else { panic!("dense") };
        let half = 0.5_f32.sqrt();
        assert!((matrix.values[0] - half).abs() < 1e-6 && (matrix.values[1] - half).abs() < 1e-6);
        assert!(averaged(&[a, rows(1, &[1.0, 1.0], &[true, true])]).is_none());
    }
}
