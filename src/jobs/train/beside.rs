//! Frozen rows that a matcher compares beside a trained head's: of the first encoder of a recipe's list whose files are there.

use std::sync::Arc;

use super::super::{Context, JobError, Workbench, embed};
use crate::encode::Embeddings;

/// The rows and whose they are.
#[derive(Debug)]
pub(super) struct Beside {
    pub encoder: String,
    /// Names the rows: encoder, weights and contents.
    pub name: String,
    pub embeddings: Arc<Embeddings>,
}

impl Beside {
    /// Embeds with the first of `wanted` that can be opened here; `None` where none is wanted. A stand-in is noted.
    pub fn embed(
        bench: &Workbench,
        wanted: &[String],
        notes: &mut Vec<String>,
        context: &Context<'_>,
    ) -> Result<Option<Self>, JobError> {
        let Some(first) = wanted.first() else { return Ok(None) };
        let can_serve = |id: &&String| {
            bench.is_ready(id) && bench.table().spec(id).is_ok_and(|spec| bench.has(spec.modality))
        };
        let Some(id) = wanted.iter().find(can_serve) else {
            return Err(JobError::Refused(format!(
                "the recipe's matcher compares rows of {} beside the trained head, and none of them can be had here: their files are not there, or the catalogue has not what they read. Get one with `lookalike models`, or set beside=[]",
                wanted.join(", ")
            )));
        };
        if id != first {
            notes.push(format!("{id} stands in for {first} beside the trained head"));
        }
        Self::of(bench, id, context).map(Some)
    }

    /// Embeds with the encoder `id`.
    pub fn of(bench: &Workbench, id: &str, context: &Context<'_>) -> Result<Self, JobError> {
        let embedded = embed(bench, id, None, context)?;
        let name = format!("{}-{}-{}", id, embedded.key.digest, embedded.corpus);
        Ok(Self { encoder: id.to_owned(), name, embeddings: embedded.embeddings })
    }
}

/// The rows of each list of `wanted` that can be had; what cannot is noted and left out, since its weight can be 0 as well.
pub(super) fn embed_companions(
    bench: &Workbench,
    wanted: &[Vec<String>],
    notes: &mut Vec<String>,
    context: &Context<'_>,
) -> Result<Vec<Beside>, JobError> {
    let mut companions: Vec<Beside> = Vec::new();
    for list in wanted {
        let known = list.iter().map(|id| Ok((id, bench.table().spec(id)?.modality)));
        let known: Vec<_> = known.collect::<Result<_, JobError>>()?;
        let Some((first, _)) = known.first() else { continue };
        let mut can_serve = known.iter().filter(|(id, modality)| bench.has(*modality) && bench.is_ready(id));
        let taken = |id: &str| companions.iter().any(|companion| companion.encoder == id);
        match can_serve.find(|(id, _)| !taken(id)) {
            Some((id, _)) => {
                if id != first {
                    notes.push(format!("{id} stands in for {first} in the mixture"));
                }
                companions.push(Beside::of(bench, id, context)?);
            }
            None => notes.push(format!(
                "{first} is left out of the mixture: its files are not there, or the catalogue has not what it reads"
            )),
        }
    }
    Ok(companions)
}
