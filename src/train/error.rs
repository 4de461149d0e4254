//! What can stop a training before or while it runs. Every message says what to do.

use crate::nn::NnError;

/// Errors of training.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// Nothing in the training part is known to be the same.
    #[error(
        "there is no pair of postings known to be the same in the training part. Review more duplicates, or use another seed for the split"
    )]
    NoPositives,
    /// Nothing in the training part is known to be different.
    #[error(
        "there is no pair of postings known to be different in the training part. Reject some candidates, or let unreviewed postings count as different"
    )]
    NoNegatives,
    /// A classifier needs at least two classes.
    #[error(
        "the training part holds {n_classes} group(s), and telling groups apart needs at least 2. Review more duplicates, or choose a loss on pairs"
    )]
    OneClass {
        /// How many there are.
        n_classes: usize,
    },
    /// A loss over classes takes every two groups for different, which the labels do not say.
    #[error(
        "the loss `{loss}` takes all groups for different products, but only reviewed pairs are known to be. Choose a loss on pairs or triplets, or let unreviewed postings count as different"
    )]
    GroupsIncomplete {
        /// Id of the loss.
        loss: String,
    },
    /// No row to measure progress on.
    #[error(
        "the validation part holds no labelled posting with an embedding. Review more duplicates, or use another seed for the split"
    )]
    EmptyValidation,
    /// No row to judge the result on.
    #[error(
        "the test part holds no labelled posting with an embedding. Review more duplicates, or use another seed for the split"
    )]
    EmptyTest,
    /// Input that does not fit together.
    #[error("the training data do not fit together: {0}")]
    Data(String),
    /// A matcher that cannot be run here.
    #[error("{0}")]
    Matcher(String),
    /// Parts of a recipe that do not go together, or numbers out of range.
    #[error("the recipe cannot be trained: {0}")]
    Recipe(String),
    /// A saved state that does not belong here.
    #[error("the saved training state cannot be used: {0}. Start the training again from the beginning")]
    Checkpoint(String),
    /// A trained head that cannot be read or does not fit the recipe.
    #[error(transparent)]
    Weights(#[from] NnError),
    /// candle refused an operation.
    #[error("computation failed: {0}")]
    Candle(#[from] candle_core::Error),
}
