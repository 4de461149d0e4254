//! The recipe to train: chosen from the table, its parameters changed one by one. What cannot be trained is refused at once,
//! with the reason beside the parameter.

use super::super::{AppState, Effect};
use crate::train::{NamedRecipe, Parameter, built_in_recipes, parameters, with_parameter};

/// Parameter that has a field of its own.
const SEED: &str = "seed";

/// A recipe with what was set over it.
#[derive(Clone, Debug, Default)]
pub struct RecipeDraft {
    /// Every recipe; empty until the station is first looked at.
    pub recipes: Vec<NamedRecipe>,
    /// The one to train, as it is set now.
    pub recipe: Option<NamedRecipe>,
    /// Its parameters but the seed, each with its value and its explanation.
    pub parameters: Vec<Parameter>,
    /// The parameter under the cursor.
    pub cursor: usize,
    /// A parameter whose last value was refused, that value and why.
    pub refused: Option<(String, String, String)>,
    /// Counts how often the field under the cursor was asked for; the view moves the keyboard there when it changes.
    pub n_edit_calls: u32,
    /// The same of the seed's field.
    pub n_seed_calls: u32,
}

impl RecipeDraft {
    /// Reads the recipes, once.
    pub(super) fn read(&mut self) -> Result<(), String> {
        if !self.recipes.is_empty() {
            return Ok(());
        }
        self.recipes = built_in_recipes().map_err(|error| error.to_string())?;
        match self.recipes.first().cloned() {
            Some(mut first) => {
                first.training.seed = first.training.seed.max(1);
                self.take(first)
            }
            None => Ok(()),
        }
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.recipe.as_ref().map_or(1, |recipe| recipe.training.seed)
    }

    /// The parameter under the cursor.
    pub fn under_cursor(&self) -> Option<&Parameter> {
        self.parameters.get(self.cursor)
    }

    /// Whether a parameter differs from the recipe's own.
    pub fn is_changed(&self, parameter: &Parameter) -> bool {
        self.own_value(&parameter.name).is_some_and(|own| own != parameter.value)
    }

    /// A parameter's value in the recipe as it comes.
    fn own_value(&self, name: &str) -> Option<serde_json::Value> {
        let recipe = self.recipe.as_ref()?;
        let own = self.recipes.iter().find(|own| own.id == recipe.id)?;
        let all = parameters(own).ok()?;
        all.into_iter().find(|parameter| parameter.name == name).map(|parameter| parameter.value)
    }

    fn take(&mut self, recipe: NamedRecipe) -> Result<(), String> {
        let all = parameters(&recipe).map_err(|error| error.to_string())?;
        self.parameters = all.into_iter().filter(|parameter| parameter.name != SEED).collect();
        self.cursor = self.cursor.min(self.parameters.len().saturating_sub(1));
        self.recipe = Some(recipe);
        Ok(())
    }
}

pub(super) fn choose(state: &mut AppState, id: &str) -> Vec<Effect> {
    let draft = &mut state.train.draft;
    let seed = draft.seed();
    let Some(mut recipe) = draft.recipes.iter().find(|recipe| recipe.id == id).cloned() else {
        return Vec::new();
    };
    recipe.training.seed = seed;
    draft.cursor = 0;
    draft.refused = None;
    match draft.take(recipe) {
        Ok(()) => Vec::new(),
        Err(message) => super::super::events::fail(state, message),
    }
}

pub(super) fn step(state: &mut AppState, by: i32) -> Vec<Effect> {
    let draft = &state.train.draft;
    let present = draft.recipe.as_ref().map(|recipe| recipe.id.as_str());
    let at = draft.recipes.iter().position(|recipe| Some(recipe.id.as_str()) == present).unwrap_or(0);
    let next = (at as i64 + i64::from(by)).rem_euclid(draft.recipes.len().max(1) as i64) as usize;
    match draft.recipes.get(next).map(|recipe| recipe.id.clone()) {
        Some(id) => choose(state, &id),
        None => Vec::new(),
    }
}

pub(super) fn set(state: &mut AppState, name: &str, value: &str) -> Vec<Effect> {
    let draft = &mut state.train.draft;
    let Some(recipe) = &draft.recipe else { return Vec::new() };
    let taken = with_parameter(recipe, name, value.trim()).map_err(|error| error.to_string());
    match taken.and_then(|changed| draft.take(changed)) {
        Ok(()) => {
            draft.refused = None;
            Vec::new()
        }
        Err(message) => {
            draft.refused = Some((name.to_owned(), value.to_owned(), message.clone()));
            vec![Effect::Announce(message, super::super::Politeness::Assertive)]
        }
    }
}

pub(super) fn reset(state: &mut AppState) -> Vec<Effect> {
    let draft = &mut state.train.draft;
    let Some(name) = draft.under_cursor().map(|parameter| parameter.name.clone()) else { return Vec::new() };
    draft.refused = None;
    match draft.own_value(&name) {
        Some(own) => set(state, &name, &own.to_string()),
        None => state.chrome.refuse(
            state.now,
            "The recipe has no value of its own here; choose the recipe again to undo every change",
        ),
    }
}
