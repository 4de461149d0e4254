//! All that a training reads, made ready: labels, rows of the head, rows beside it, the split. Learns nothing itself.

use std::borrow::Cow;

use super::super::{Context, JobError, Workbench};
use super::TrainPlan;
use super::beside::{Beside, embed_companions};
use super::features::FeatureSet;
use super::labels::LabelSet;
use crate::catalog::{Catalog, Side};
use crate::encode::Embeddings;
use crate::train::mixture::MixturePlan;
use crate::train::{MatcherPlan, NamedRecipe, Part, SplitShares, TrainingData};

/// What one recipe needs of one catalogue.
pub(super) struct Prepared {
    pub labels: LabelSet,
    pub features: FeatureSet,
    /// Rows that the matcher compares beside the head's.
    pub beside: Option<Beside>,
    /// Rows that are mixed with the head's.
    pub companions: Vec<Beside>,
    pub shares: SplitShares,
    /// Which rows ask and which answer, in a looks-like catalogue.
    sides: Option<Vec<Option<Side>>>,
}

/// Rows of a mixture by role, borrowed.
pub(super) struct MixtureRows<'a> {
    own: Vec<Cow<'a, Embeddings>>,
    companions: Vec<Cow<'a, Embeddings>>,
}

impl Prepared {
    pub fn new(bench: &Workbench, plan: &TrainPlan<'_>, context: &Context<'_>) -> Result<Self, JobError> {
        let recipe = plan.recipe;
        let labels = LabelSet::new(bench, plan)?;
        let mut features = FeatureSet::embed(bench, recipe, context)?;
        let beside = Beside::embed(bench, &recipe.matcher.beside, &mut features.notes, context)?;
        let wanted = recipe.mixture.as_ref().map_or(&[][..], |mixture| &mixture.companions);
        let companions = embed_companions(bench, wanted, &mut features.notes, context)?;
        let sides = sides_of(&bench.catalog);
        Ok(Self { labels, features, beside, companions, shares: SplitShares::default(), sides })
    }

    /// Ids of all encoders that are read, those of the head first.
    pub fn encoders(&self) -> impl Iterator<Item = &str> {
        self.features.encoders().chain(self.companions.iter().map(|companion| companion.encoder.as_str()))
    }

    /// The part of each row under a seed.
    pub fn parts(&self, seed: u64) -> Vec<Part> {
        self.labels.parts(seed, self.shares)
    }

    /// What a run reads.
    pub fn data<'a>(
        &'a self,
        parts: &'a [Part],
        recipe: &NamedRecipe,
        bench: &Workbench,
        context: &Context<'_>,
    ) -> Result<TrainingData<'a>, JobError> {
        Ok(TrainingData {
            modalities: self.features.features(),
            labels: &self.labels.labels,
            parts,
            neighbors: self.features.neighbors(&recipe.training, bench, context)?,
            sides: self.sides.as_deref(),
        })
    }

    /// The rows a mixture is made of.
    pub fn mixture_rows(&self) -> MixtureRows<'_> {
        let own = self.features.sides();
        MixtureRows {
            own: own.map(|side| Cow::Borrowed(side.embeddings.as_ref())).collect(),
            companions: self.companions.iter().map(|it| Cow::Borrowed(it.embeddings.as_ref())).collect(),
        }
    }

    /// How heads are judged, as the recipe says.
    pub fn matching<'a>(&'a self, recipe: &'a NamedRecipe, rows: &'a MixtureRows<'a>) -> MatcherPlan<'a> {
        MatcherPlan {
            recipe: &recipe.matcher,
            beside: self.beside.as_ref().map(|beside| beside.embeddings.as_ref()),
            mixture: recipe.mixture.as_ref().map(|recipe| rows.plan(recipe)),
        }
    }
}

/// The side of each posting of a looks-like catalogue; `None` of any other.
pub(super) fn sides_of(catalog: &Catalog) -> Option<Vec<Option<Side>>> {
    catalog.has_sides().then(|| catalog.postings().map(|posting| catalog.side(posting)).collect())
}

impl<'a> MixtureRows<'a> {
    /// The rows as a plan of `recipe`.
    pub fn plan(&'a self, recipe: &'a crate::train::mixture::MixtureRecipe) -> MixturePlan<'a> {
        MixturePlan { recipe, own: &self.own, companions: &self.companions }
    }
}
