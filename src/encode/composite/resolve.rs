//! Finds the parts of composites in the table, so that composites of composites come after their parts, and refuses what
//! cannot be: circles, unknown parts, pictures beside titles. A refused one is a problem with its file's name, nothing more.

use std::path::PathBuf;

use super::recipe::{Combine, Flip, Read, Recipe};
use super::{Composite, Part};
use crate::encode::table::EncoderTable;
use crate::encode::{EncoderSpec, Modality, OutputKind};

/// Adds every composite that can be used to the table, and every other one to its problems.
pub(in crate::encode) fn resolve(read: Vec<Read>, table: &mut EncoderTable) {
    let mut waiting: Vec<(PathBuf, Recipe)> = Vec::new();
    for Read { place, recipes } in read {
        match recipes {
            Ok(recipes) => waiting.extend(recipes.into_iter().map(|recipe| (place.clone(), recipe))),
            Err(reason) => {
                table.problem(
                    None,
                    format!("the composites cannot be read: {reason}. Correct the file: {}", place.display()),
                );
            }
        }
    }
    // Each round adds those all of whose parts are there; what remains at the end waits for itself or for nothing.
    loop {
        let n_before = waiting.len();
        let (ready, rest): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .partition(|(_, recipe)| recipe.parts.iter().all(|part| table.spec(&part.encoder).is_ok()));
        for (place, recipe) in ready {
            let id = recipe.id.clone();
            match composite(recipe, table) {
                Ok(composite) => table.add(EncoderSpec::composite(composite)),
                Err(reason) => refuse(table, &place, id, &reason),
            }
        }
        waiting = rest;
        if waiting.len() == n_before {
            break;
        }
    }
    let ids: Vec<String> = waiting.iter().map(|(_, recipe)| recipe.id.clone()).collect();
    for (place, recipe) in &waiting {
        let reason = recipe.fault().unwrap_or_else(|| match circle(&recipe.id, &waiting) {
            Some(circle) => format!("it contains itself ({})", circle.join(" in ")),
            None => {
                let unknown = recipe.parts.iter().find(|part| table.spec(&part.encoder).is_err());
                let unknown = unknown.map_or("", |part| &part.encoder);
                if ids.iter().any(|id| id == unknown) {
                    format!("its part `{unknown}` cannot be used")
                } else {
                    format!("there is no encoder `{unknown}`. `lookalike encoders` lists them")
                }
            }
        });
        refuse(table, place, recipe.id.clone(), &reason);
    }
}

fn refuse(table: &mut EncoderTable, place: &std::path::Path, id: String, reason: &str) {
    let message =
        format!("the composite `{id}` cannot be used: {reason}. Correct the file: {}", place.display());
    table.problem(Some(id), message);
}

fn composite(recipe: Recipe, table: &EncoderTable) -> Result<Composite, String> {
    if let Some(fault) = recipe.fault() {
        return Err(fault);
    }
    let mut parts: Vec<Part> = Vec::new();
    for part in &recipe.parts {
        let spec = table.spec(&part.encoder).map_err(|error| error.to_string())?;
        if let Some(first) = parts.first().filter(|first| first.spec.modality != spec.modality) {
            let reads = |modality| match modality {
                Modality::Image => "pictures",
                Modality::Text => "titles",
            };
            return Err(format!(
                "`{}` reads {} and `{}` reads {}; a fusion joins the two",
                first.spec.id,
                reads(first.spec.modality),
                spec.id,
                reads(spec.modality)
            ));
        }
        if recipe.combine == Combine::Average && spec.output == OutputKind::Sparse {
            return Err(format!(
                "`{}` is a list of words without a fixed width and cannot be averaged. Use Concatenate or Ensemble",
                spec.id
            ));
        }
        if recipe.flip == Flip::Averaged && spec.modality == Modality::Text {
            return Err("titles cannot be mirrored. Remove flip".to_owned());
        }
        parts.push(Part { spec: spec.clone(), weight: part.weight });
    }
    Ok(Composite { recipe, parts })
}

/// The way from `id` back to itself through what waits, if there is one.
fn circle(id: &str, waiting: &[(PathBuf, Recipe)]) -> Option<Vec<String>> {
    let parts = |id: &str| {
        let recipe = waiting.iter().map(|(_, recipe)| recipe).find(|recipe| recipe.id == id);
        recipe.map_or(&[][..], |recipe| &recipe.parts)
    };
    let mut seen = vec![id.to_owned()];
    // Ways still to walk, each from `id` on.
    let mut ways: Vec<Vec<String>> = vec![vec![id.to_owned()]];
    while let Some(way) = ways.pop() {
        for part in way.last().map_or(&[][..], |last| parts(last)) {
            let mut way = way.clone();
            way.push(part.encoder.clone());
            if part.encoder == id {
                way.reverse();
                return Some(way);
            }
            if !seen.contains(&part.encoder) {
                seen.push(part.encoder.clone());
                ways.push(way);
            }
        }
    }
    None
}
