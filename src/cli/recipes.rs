//! `lookalike recipes`: what `train` can do, every parameter explained.

use std::fmt::Write;

use serde::Serialize;

use super::console::{Console, table};
use crate::jobs::JobError;
use crate::train::{NamedRecipe, Parameter, built_in_recipes, parameters};

/// List the recipes of `train`, with every parameter and what it means.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// One recipe: its id, or the path of a recipe file of your own (RON).
    #[arg(value_name = "ID")]
    recipe: Option<String>,
}

#[derive(Serialize)]
struct Line {
    id: String,
    label: String,
    summary: String,
    source: String,
    parameters: Vec<Parameter>,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<(), JobError> {
    let recipes = match &args.recipe {
        Some(name) => vec![find(name)?],
        None => built_in_recipes()?,
    };
    let line = |recipe: NamedRecipe| -> Result<Line, JobError> {
        let parameters = parameters(&recipe)?;
        let NamedRecipe { id, label, summary, source, .. } = recipe;
        Ok(Line { id, label, summary, source, parameters })
    };
    let lines: Vec<Line> = recipes.into_iter().map(line).collect::<Result<_, _>>()?;
    console.answer(&serde_json::json!({ "recipes": lines }), || {
        let mut text = String::new();
        for line in &lines {
            // Writing into a string does not fail.
            let _ = writeln!(text, "{}: {}. {}\n  after {}", line.id, line.label, line.summary, line.source);
            let cells = |parameter: &Parameter| {
                vec![
                    format!("  {}", parameter.name),
                    parameter.value.to_string(),
                    parameter.explanation.to_owned(),
                ]
            };
            text.push_str(&table(&line.parameters.iter().map(cells).collect::<Vec<_>>()));
            text.push('\n');
        }
        text
    });
    Ok(())
}

/// A recipe by its id or by the path of a file.
pub(super) fn find(name: &str) -> Result<NamedRecipe, JobError> {
    let known = built_in_recipes()?;
    if let Some(recipe) = known.iter().find(|recipe| recipe.id == name) {
        return Ok(recipe.clone());
    }
    if !name.ends_with(".ron") {
        let ids: Vec<&str> = known.iter().map(|recipe| recipe.id.as_str()).collect();
        return Err(JobError::Refused(format!(
            "there is no recipe `{name}`. Choose one of: {}; or give the path of a recipe file (.ron)",
            ids.join(", ")
        )));
    }
    let text = std::fs::read_to_string(name).map_err(|error| {
        JobError::Refused(format!("the recipe cannot be read: {error}. Check the path: {name}"))
    })?;
    NamedRecipe::from_ron(&text)
        .map_err(|error| JobError::Refused(format!("{error}. Correct the recipe file: {name}")))
}
