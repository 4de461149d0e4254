//! Which models are listed, and in which words.

use super::ModelsState;
use crate::encode::{Modality, ModelStatus};

/// What a model reads, in words.
pub fn reads_label(status: &ModelStatus) -> &'static str {
    match status.entry.modality {
        Modality::Image => "pictures",
        Modality::Text => "titles",
    }
}

impl ModelsState {
    /// Lists the models that hold every word of the filter, in the order of the manifest.
    pub(super) fn list(&mut self) {
        let filter = self.filter.to_lowercase();
        let words: Vec<&str> = filter.split_whitespace().collect();
        let statuses = self.statuses.as_deref().unwrap_or_default();
        let holds = |status: &ModelStatus| {
            let entry = &status.entry;
            let text = [
                &*entry.id,
                &*entry.label,
                &*entry.summary,
                &*entry.architecture,
                &*entry.licence,
                reads_label(status),
                status.presence.label(),
            ]
            .join(" ")
            .to_lowercase();
            words.iter().all(|word| text.contains(word))
        };
        self.shown = (0..statuses.len()).filter(|at| statuses.get(*at).is_some_and(holds)).collect();
        self.cursor = self.cursor.min(self.shown.len().saturating_sub(1));
    }
}
