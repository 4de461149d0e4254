//! GloVe (or word2vec) as a text encoder: a title is the mean of its words' vectors, plain or weighed by how rare each
//! word is in the catalogue. Words the file does not know are left out; a title of such words alone has a row of zeros,
//! which resembles nothing. It never trains vectors.
//! Pennington et al., "GloVe", EMNLP 2014; the weighing is TF-IDF's smooth one, ln((1 + n) / (1 + df)) + 1, as in
//! Arora et al., "A Simple but Tough-to-Beat Baseline for Sentence Embeddings", ICLR 2017, weigh rare words up.

use std::collections::HashMap;
use std::sync::Arc;

use rayon::prelude::*;
use unicode_segmentation::UnicodeSegmentation;

use super::word_vectors::WordVectors;
use crate::encode::encoder::l2_normalise;
use crate::encode::{DenseMatrix, EncodeError, FitsDenseText, ModelEntry, ModelStore, TextEncoder};

/// Id of the architecture in the manifest.
pub(in crate::encode) const ARCHITECTURE: &str = "glove";
/// Raised when the same file and titles give other numbers.
const CODE_VERSION: u32 = 1;

/// Mean of word vectors.
#[derive(Clone, Debug)]
pub struct Glove {
    vectors: Arc<WordVectors>,
    /// Weight of each word of the corpus by its position; `None` weighs all alike.
    weights: Option<Weights>,
}

/// Weights learned from a corpus.
#[derive(Clone, Debug)]
struct Weights {
    of_positions: HashMap<u32, f32>,
    /// Of a word no title of the corpus has.
    unseen: f32,
}

/// The mean weighed by rarity; learns the weights from the whole catalogue.
#[derive(Clone, Debug)]
pub struct GloveIdf(Glove);

impl Glove {
    /// Opens the entry's first file, whose vectors must have the entry's width.
    ///
    /// # Errors
    /// When the file is absent, broken or of another width; the error names file and line.
    pub fn open(entry: &ModelEntry, store: &ModelStore) -> Result<Self, EncodeError> {
        let name = entry.files.first().map_or("glove.txt", |file| file.name.as_str());
        let path = store.file(&entry.id, name)?;
        let vectors = WordVectors::open(&path)?;
        if vectors.width() != entry.width {
            let reason = format!("line 1: a word has {} numbers, expected {}", vectors.width(), entry.width);
            return Err(EncodeError::BadModelFile { path, reason });
        }
        Ok(Self::new(vectors))
    }

    /// The plain mean over these vectors.
    pub fn new(vectors: WordVectors) -> Self {
        Self { vectors: Arc::new(vectors), weights: None }
    }

    /// The same vectors, weighed by rarity.
    pub fn weighed(self) -> GloveIdf {
        GloveIdf(self)
    }

    /// The words and their vectors.
    pub fn vectors(&self) -> &WordVectors {
        &self.vectors
    }

    fn rows(&self, titles: &[&str]) -> DenseMatrix {
        let width = self.vectors.width();
        let mut values = vec![0.0_f32; titles.len() * width];
        values.par_chunks_mut(width).zip(titles).for_each(|(row, title)| {
            for position in positions(&self.vectors, title) {
                let weight = self.weights.as_ref().map_or(1.0, |weights| weights.of(position));
                for (sum, &value) in row.iter_mut().zip(self.vectors.row(position)) {
                    *sum += weight * value;
                }
            }
            // The sum: a mean's divisor does not matter once rows are normalised.
            l2_normalise(row);
        });
        DenseMatrix { width, values }
    }
}

impl Weights {
    fn of(&self, position: u32) -> f32 {
        self.of_positions.get(&position).copied().unwrap_or(self.unseen)
    }
}

impl TextEncoder for Glove {
    fn fingerprint(&self) -> String {
        format!("{ARCHITECTURE} v{CODE_VERSION}; mean; vectors {}", self.vectors.digest())
    }

    fn batch_size(&self) -> usize {
        4096
    }

    fn embed(&self, titles: &[&str]) -> Result<DenseMatrix, EncodeError> {
        Ok(self.rows(titles))
    }
}

impl FitsDenseText for GloveIdf {
    fn fingerprint(&self) -> String {
        format!("{ARCHITECTURE} v{CODE_VERSION}; mean by idf; vectors {}", self.0.vectors.digest())
    }

    fn fit(&self, titles: &[&str]) -> (Box<dyn TextEncoder>, DenseMatrix) {
        let mut n_titles_with: HashMap<u32, u32> = HashMap::new();
        for title in titles {
            let mut found: Vec<u32> = positions(&self.0.vectors, title).collect();
            found.sort_unstable();
            found.dedup();
            for position in found {
                *n_titles_with.entry(position).or_default() += 1;
            }
        }
        let n_titles = titles.len() as f64;
        let idf = |df: u32| (((1.0 + n_titles) / (1.0 + f64::from(df))).ln() + 1.0) as f32;
        let of_positions = n_titles_with.into_iter().map(|(position, df)| (position, idf(df))).collect();
        let weights = Some(Weights { of_positions, unseen: idf(0) });
        let fitted = Glove { vectors: Arc::clone(&self.0.vectors), weights };
        let rows = fitted.rows(titles);
        (Box::new(FittedGlove(fitted, self.fingerprint())), rows)
    }
}

/// Weighs new titles as the corpus was; its fingerprint is the unfitted encoder's, to which the cache adds the corpus.
struct FittedGlove(Glove, String);

impl TextEncoder for FittedGlove {
    fn fingerprint(&self) -> String {
        self.1.clone()
    }

    fn batch_size(&self) -> usize {
        self.0.batch_size()
    }

    fn embed(&self, titles: &[&str]) -> Result<DenseMatrix, EncodeError> {
        Ok(self.0.rows(titles))
    }
}

/// Positions of a title's known words, in order, repeats included.
fn positions<'a>(vectors: &'a WordVectors, title: &'a str) -> impl Iterator<Item = u32> + 'a {
    title.unicode_words().filter_map(|word| vectors.position(word))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::encode::ModelFile;

    const FILE: &str = "red 1 0 0\nbag 0 2 0\nshoe 0 0 1\nUSB 1 1 0\n";

    fn glove() -> Glove {
        Glove::new(WordVectors::read(Path::new("v.txt"), FILE.as_bytes(), FILE.len() as u64).unwrap())
    }

    fn check(rows: &DenseMatrix, expected: &[[f64; 3]]) {
        assert_eq!((rows.width, rows.n_rows()), (3, expected.len()));
        for (row, expected) in expected.iter().enumerate() {
            let length = expected.iter().map(|value| value * value).sum::<f64>().sqrt().max(1e-300);
            for (&found, expected) in rows.row(row).iter().zip(expected) {
                assert!(
                    (f64::from(found) - expected / length).abs() < 1e-6,
                    "{:?} {expected:?}",
                    rows.row(row)
                );
            }
        }
    }

    #[test]
    fn a_title_is_the_mean_of_its_known_words() {
        let rows =
            glove().embed(&["Red bag!", "red red bag", "zebra", "", "usb USB", "shoe, zebra"]).unwrap();
        check(
            &rows,
            &[[1.0, 2.0, 0.0], [2.0, 2.0, 0.0], [0.0; 3], [0.0; 3], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        );
        assert_eq!(glove().embed(&[]).unwrap().n_rows(), 0);
    }

    #[test]
    fn rare_words_weigh_more() {
        let titles = ["red bag", "red red shoe", "red"];
        let idf = |df: f64| (4.0 / (1.0 + df)).ln() + 1.0;
        let (fitted, rows) = glove().weighed().fit(&titles);
        check(&rows, &[[idf(3.0), 2.0 * idf(1.0), 0.0], [2.0 * idf(3.0), 0.0, idf(1.0)], [1.0, 0.0, 0.0]]);
        assert_eq!(fitted.embed(&titles).unwrap(), rows);
        check(&fitted.embed(&["USB red"]).unwrap(), &[[idf(0.0) + idf(3.0), idf(0.0), 0.0]]);
        assert_ne!(glove().fingerprint(), glove().weighed().fingerprint());
        assert_eq!(fitted.fingerprint(), glove().weighed().fingerprint());
    }

    #[test]
    fn a_file_of_another_width_is_refused_by_name_and_line() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("g")).unwrap();
        std::fs::write(folder.path().join("g/v.txt"), FILE).unwrap();
        let store = ModelStore::new(folder.path().to_owned());
        let entry = |width| ModelEntry {
            purpose: crate::encode::Purpose::Encode,
            id: "g".to_owned(),
            architecture: ARCHITECTURE.to_owned(),
            files: vec![ModelFile { name: "v.txt".to_owned(), n_bytes: None, sha256: None }],
            width,
            text: None,
            ..crate::encode::Manifest::built_in().find("all-MiniLM-L6-v2").unwrap().clone()
        };
        assert_eq!(Glove::open(&entry(3), &store).unwrap().embed(&["red"]).unwrap().values, [1.0, 0.0, 0.0]);
        let message = Glove::open(&entry(50), &store).unwrap_err().to_string();
        assert!(
            message.contains("line 1") && message.contains("expected 50") && message.contains("v.txt"),
            "{message}"
        );
    }
}
