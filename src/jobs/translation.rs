//! Titles as the text encoders read them: as they stand, or translated first. What a translator has done is kept in the
//! project, each distinct title once, and written every few seconds, so that a killed job goes on where it stopped. What
//! people are shown is never translated.

use std::borrow::Cow;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::workbench::Contents;
use super::{Context, JobError, Meter, OpenEncoders, Workbench};
use crate::catalog::{Catalog, PostingIdx};
use crate::encode::{Modality, ModelStore, Purpose, Translator};
use crate::project::{CacheKey, Translations};

/// Translations are written this long after the last ones, so that a kill loses little.
const WRITE_EVERY: Duration = Duration::from_secs(5);

/// How titles reach the text encoders.
#[derive(Clone)]
pub(super) struct Reading {
    translator: Option<Arc<Translator>>,
}

/// The catalogue's titles under a [`Reading`].
pub(super) struct ReadTitles<'a> {
    catalog: &'a Catalog,
    contents: Arc<Contents>,
    translations: Option<Arc<Translations>>,
}

impl Reading {
    /// Titles translated by the model `translate`, or as they stand. Opens the translator the first time.
    ///
    /// # Errors
    /// When there is no such translation model, its files are missing or wrong, or the device fails.
    pub(super) fn open(bench: &Workbench, translate: Option<&str>) -> Result<Self, JobError> {
        let translator = translate.map(|id| bench.encoders.open_translator(id)).transpose()?;
        Ok(Self { translator })
    }

    /// Titles as they stand.
    pub(super) fn plain() -> Self {
        Self { translator: None }
    }

    /// The cache key of an encoder with these parts; without a translator it is as if there were none in the world.
    pub(super) fn key(&self, encoder: &str, parts: &[&str]) -> CacheKey {
        let Some(translator) = &self.translator else { return CacheKey::new(encoder, parts) };
        let by = format!("titles translated by {}", translator.fingerprint());
        CacheKey::new(encoder, &[parts, &[&by]].concat())
    }

    /// What a fitted encoder is remembered as.
    pub(super) fn name(&self, encoder: &str) -> String {
        match &self.translator {
            Some(translator) => format!("{encoder} of {}", translator.fingerprint()),
            None => encoder.to_owned(),
        }
    }

    /// One title as the encoders read it.
    ///
    /// # Errors
    /// When the device fails.
    pub(super) fn query<'a>(&self, title: &'a str) -> Result<Cow<'a, str>, JobError> {
        let Some(translator) = &self.translator else { return Ok(Cow::Borrowed(title)) };
        let translated = translator.translate(&[title])?.pop();
        Ok(translated.map_or(Cow::Borrowed(title), Cow::Owned))
    }

    /// All titles of the catalogue; translates those that never were.
    ///
    /// # Errors
    /// When the device fails, the project cannot be read or written, or the job is cancelled (what was translated is kept).
    pub(super) fn titles<'a>(
        &self,
        bench: &'a Workbench,
        context: &Context<'_>,
    ) -> Result<ReadTitles<'a>, JobError> {
        let contents = bench.contents(Modality::Text, context)?;
        let translations = match &self.translator {
            Some(translator) => Some(translations(bench, translator, &contents, context)?),
            None => None,
        };
        Ok(ReadTitles { catalog: &bench.catalog, contents, translations })
    }
}

impl ReadTitles<'_> {
    /// The title of a posting.
    pub(super) fn of(&self, posting: PostingIdx) -> &str {
        let translated = self.translations.as_ref().and_then(|translations| {
            let content = self.contents.get(posting.at())?.as_ref()?;
            translations.get(content)
        });
        translated.map_or_else(|| self.catalog.title(posting), String::as_str)
    }

    /// One title a posting, in the catalogue's order.
    pub(super) fn all(&self) -> Vec<&str> {
        self.catalog.postings().map(|posting| self.of(posting)).collect()
    }
}

/// The translation of every distinct title: from memory, else from the project, else made now.
fn translations(
    bench: &Workbench,
    translator: &Translator,
    contents: &Contents,
    context: &Context<'_>,
) -> Result<Arc<Translations>, JobError> {
    let by = translator.fingerprint();
    let known = bench.translated.lock().unwrap_or_else(PoisonError::into_inner).get(&by).cloned();
    if let Some(known) = known {
        return Ok(known);
    }
    let (mut done, damaged) = bench.translations.load(&by)?;
    for file in damaged {
        context.reporter.note(&format!(
            "a file of translations was damaged ({}) and set aside; what was in it is translated again: {}",
            file.reason,
            file.path.display()
        ));
    }
    let mut seen = std::collections::HashSet::new();
    let mut missing = Vec::new();
    for (posting, content) in bench.catalog.postings().zip(contents) {
        if let Some(content) = content
            && seen.insert(*content)
            && !done.contains_key(content)
        {
            missing.push((*content, bench.catalog.title(posting)));
        }
    }
    if !missing.is_empty() {
        let n_done = (seen.len() - missing.len()) as u64;
        let mut meter = Meter::new(context.reporter, "Translating titles", n_done, seen.len() as u64);
        // Titles of like length in one batch waste no padding.
        missing.sort_by_key(|(_, title)| title.len());
        let n_side_by_side = if translator.is_on_cpu() { rayon::current_num_threads().max(1) } else { 1 };
        let n_batch = (translator.batch_size() * n_side_by_side).max(1);
        let mut waiting: Vec<([u8; 32], String)> = Vec::new();
        let mut last_write = Instant::now();
        for batch in missing.chunks(n_batch) {
            if let Err(stopped) = context.turn() {
                write(bench, &by, &waiting)?;
                return Err(stopped);
            }
            let titles: Vec<&str> = batch.iter().map(|(_, title)| *title).collect();
            // The GPU belongs to the job's own thread.
            let translated = if translator.is_on_cpu() {
                context.aside(|| translator.translate(&titles))
            } else {
                translator.translate(&titles)
            };
            match translated {
                Ok(translated) => {
                    waiting.extend(batch.iter().map(|(content, _)| *content).zip(translated));
                }
                Err(error) => {
                    write(bench, &by, &waiting)?;
                    return Err(error.into());
                }
            }
            if last_write.elapsed() >= WRITE_EVERY {
                write(bench, &by, &waiting)?;
                done.extend(waiting.drain(..));
                last_write = Instant::now();
            }
            meter.advance(batch.len() as u64);
        }
        write(bench, &by, &waiting)?;
        done.extend(waiting);
        meter.finish();
    }
    let done = Arc::new(done);
    bench.translated.lock().unwrap_or_else(PoisonError::into_inner).insert(by, done.clone());
    Ok(done)
}

fn write(bench: &Workbench, by: &str, rows: &[([u8; 32], String)]) -> Result<(), JobError> {
    if rows.is_empty() { Ok(()) } else { Ok(bench.translations.append(by, rows)?) }
}

impl OpenEncoders {
    /// The translator of this model, opened the first time.
    fn open_translator(&self, id: &str) -> Result<Arc<Translator>, JobError> {
        let mut opened = self.translators.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(translator) = opened.get(id) {
            return Ok(translator.clone());
        }
        let entry = check_translator(&self.models, id)?;
        let translator = Arc::new(Translator::open_model(&entry, &self.models, self.device())?);
        opened.insert(id.to_owned(), translator.clone());
        Ok(translator)
    }
}

/// The translation model with this id, all its files there.
///
/// # Errors
/// [`JobError::Refused`] with the remedy when nobody knows it, it is no translation model, or files are missing.
pub fn check_translator(store: &ModelStore, id: &str) -> Result<crate::encode::ModelEntry, JobError> {
    let entry = store.entry(id).filter(|entry| entry.purpose == Purpose::Translate);
    let Some(entry) = entry else {
        let entries = store.entries();
        let known: Vec<&str> = entries
            .iter()
            .filter(|entry| entry.purpose == Purpose::Translate)
            .map(|entry| entry.id.as_str())
            .collect();
        return Err(JobError::Refused(format!(
            "there is no translation model `{id}`. Choose none or one of: {}",
            known.join(", ")
        )));
    };
    let Some(missing) = store.missing(&entry) else { return Ok(entry) };
    let names: Vec<&str> = entry.files.iter().map(|file| file.name.as_str()).collect();
    let remedy = match entry.source {
        Some(_) => format!("Get it in the window's Models panel or with `lookalike models get {id}`"),
        None => format!(
            "Add the folder with its files ({}) in the window's Models panel or with `lookalike models add --id {id} FOLDER`",
            names.join(", ")
        ),
    };
    Err(JobError::Refused(format!(
        "the translation model `{id}` is not there: {missing} is missing. {remedy}, or leave titles untranslated; looked in {}",
        store.folder().display()
    )))
}

#[cfg(test)]
#[path = "translation_tests.rs"]
mod tests;
