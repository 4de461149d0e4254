//! One gesture of one reviewer: the unit of the log, of undo and of merging.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A posting's key, shared.
pub type Key = Arc<str>;

/// Name of an entry, unique across machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EntryId(pub Uuid);

/// What a reviewer can say of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Verdict {
    /// The same product. Transitive.
    Same,
    /// Different products. Holds between united groups.
    Different,
    /// Same product line; other size, colour or model. Holds between united groups, not transitive, contradicts same.
    Variant,
    /// Looked at, left open.
    Unsure,
}

/// A compact statement about many pairs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Claim {
    /// The verdict holds for every pair of `members`.
    Within {
        /// At least two postings.
        members: Vec<Key>,
        /// What is said.
        verdict: Verdict,
    },
    /// The verdict holds for every pair of one left and one right posting.
    Across {
        /// At least one posting.
        left: Vec<Key>,
        /// At least one posting.
        right: Vec<Key>,
        /// What is said.
        verdict: Verdict,
    },
}

/// How the candidates of a question lay on screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ShownOrder {
    /// Best score first.
    Ranked,
    /// Shuffled, so that a place says nothing.
    Shuffled {
        /// Of the shuffle.
        seed: u64,
    },
}

/// What a reviewer can say of one candidate of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum CandidateVerdict {
    /// Does not look alike: a hard negative.
    Negative,
    /// Looks alike too.
    Match,
    /// The same thing in another form; neither a match nor a negative.
    Variant,
    /// Not to be learned from.
    LeftOut,
}

/// What was done. Undo and redo append; nothing is rewritten.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Gesture {
    /// Verdicts, all of one gesture.
    Judge {
        /// Everything it says.
        claims: Vec<Claim>,
    },
    /// Retracts an earlier entry, or, as redo, an earlier `Retract`.
    Retract {
        /// The entry that no longer counts.
        entry: EntryId,
    },
    /// Chooses the posting that stays in its united group; the latest counts.
    Keep {
        /// The keeper.
        posting: Key,
    },
    /// A note on a posting; the latest counts, empty removes it.
    Note {
        /// The posting.
        posting: Key,
        /// The text.
        text: String,
    },
    /// Marks a posting for a second look, or unmarks it.
    Flag {
        /// The posting.
        posting: Key,
        /// Whether it is flagged from now on.
        flagged: bool,
    },
    /// Answers which candidates look like a posting. Says nothing of duplicates.
    LookAlike {
        /// The posting that was asked about.
        query: Key,
        /// The candidates that look alike; none for "none of these".
        picks: Vec<Key>,
        /// Every candidate, picks included, in the order on screen. One that was not picked is no negative for that.
        shown: Vec<Key>,
        /// The candidates the gesture announced as hard negatives: ranked above a pick and no near-duplicate of one.
        hard_negatives: Vec<Key>,
        /// How they lay.
        order: ShownOrder,
    },
    /// Says what one candidate is to a posting; the latest counts.
    Candidate {
        /// The posting.
        query: Key,
        /// The candidate.
        candidate: Key,
        /// What it is.
        verdict: CandidateVerdict,
    },
}

/// Where the reviewer was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum View {
    /// The cluster page.
    #[default]
    Cluster,
    /// Cut mode.
    Cut,
    /// Two postings side by side.
    Compare,
    /// The pairs tab.
    Pair,
    /// The batch page.
    Batch,
    /// The history table.
    History,
    /// Imported from a file.
    Import,
    /// One against many.
    LookAlikes,
    /// One against many, in turns with the model.
    Play,
    /// The hard-negative studio.
    HardNegatives,
}

/// What the reviewer saw when deciding.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// Where.
    pub view: View,
    /// Postings on screen, in order.
    pub postings: Vec<Key>,
    /// Those whose picture was missing or not drawn.
    pub without_picture: Vec<Key>,
    /// Encoders and fusion, such as "mobilenetv2_tf+idf-word/mean:0.5".
    pub model: String,
    /// Threshold in force.
    pub threshold: f32,
    /// Weakest score among them, where there was one.
    pub score: Option<f32>,
    /// Rank of the item in the queue, 0-based.
    pub rank: Option<u32>,
    /// Milliseconds from the item's appearance to the gesture, idle time left out.
    pub millis: u32,
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its name.
    pub id: EntryId,
    /// Who.
    pub reviewer: String,
    /// Lamport counter: larger than every entry its writer had seen.
    pub lamport: u64,
    /// Wall clock, milliseconds since 1970 UTC; for people, never for order.
    pub at_millis: i64,
    /// What.
    pub gesture: Gesture,
    /// On what grounds.
    pub seen: Seen,
}

impl Verdict {
    /// All, in key order 1 to 4 (same, different, variant, unsure).
    pub const ALL: [Self; 4] = [Self::Same, Self::Different, Self::Variant, Self::Unsure];

    /// Stable id used in files.
    pub fn id(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Different => "different",
            Self::Variant => "variant",
            Self::Unsure => "unsure",
        }
    }

    /// The verdict with this id.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.id() == id)
    }

    /// Name shown to people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Same => "Same",
            Self::Different => "Different",
            Self::Variant => "Variant",
            Self::Unsure => "Unsure",
        }
    }
}

impl CandidateVerdict {
    /// All, in the order of their keys.
    pub const ALL: [Self; 4] = [Self::Negative, Self::Match, Self::Variant, Self::LeftOut];

    /// Stable id used in files.
    pub fn id(self) -> &'static str {
        match self {
            Self::Negative => "negative",
            Self::Match => "match",
            Self::Variant => "variant",
            Self::LeftOut => "left-out",
        }
    }

    /// Name shown to people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Negative => "Negative",
            Self::Match => "Actually a match",
            Self::Variant => "Variant",
            Self::LeftOut => "Left out",
        }
    }
}

impl EntryId {
    /// A fresh name: time-ordered, random enough to be unique across machines.
    pub fn fresh() -> Self {
        Self(Uuid::now_v7())
    }
}

impl Claim {
    /// What is said.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Within { verdict, .. } | Self::Across { verdict, .. } => *verdict,
        }
    }

    /// A claim about one pair.
    pub fn pair(a: &str, b: &str, verdict: Verdict) -> Self {
        Self::Across { left: vec![a.into()], right: vec![b.into()], verdict }
    }

    /// Every posting it names.
    pub fn postings(&self) -> impl Iterator<Item = &Key> {
        let (left, right): (&[Key], &[Key]) = match self {
            Self::Within { members, .. } => (members, &[]),
            Self::Across { left, right, .. } => (left, right),
        };
        left.iter().chain(right)
    }

    /// How many pairs it speaks of, for "Same: 4 postings, 6 pairs". Members are taken as distinct.
    pub fn n_pairs(&self) -> u64 {
        match self {
            Self::Within { members, .. } => {
                let n = members.len() as u64;
                n * n.saturating_sub(1) / 2
            }
            Self::Across { left, right, .. } => left.len() as u64 * right.len() as u64,
        }
    }
}

impl Gesture {
    /// Every posting it is about, in the order it names them; one may come again. Candidates that were shown and neither picked
    /// nor announced as negatives are not what an answer is about.
    pub fn postings(&self) -> Vec<&Key> {
        match self {
            Self::Judge { claims } => claims.iter().flat_map(Claim::postings).collect(),
            Self::Keep { posting } | Self::Note { posting, .. } | Self::Flag { posting, .. } => vec![posting],
            Self::LookAlike { query, picks, hard_negatives, .. } => {
                [query].into_iter().chain(picks).chain(hard_negatives).collect()
            }
            Self::Candidate { query, candidate, .. } => vec![query, candidate],
            Self::Retract { .. } => Vec::new(),
        }
    }

    /// The entry this one retracts, if it is a retraction.
    pub fn retracts(&self) -> Option<EntryId> {
        match self {
            Self::Retract { entry } => Some(*entry),
            _ => None,
        }
    }

    /// Stable id of the kind of gesture, used in files and the history table.
    pub fn kind_id(&self) -> &'static str {
        match self {
            Self::Judge { .. } => "judge",
            Self::Retract { .. } => "retract",
            Self::Keep { .. } => "keep",
            Self::Note { .. } => "note",
            Self::Flag { .. } => "flag",
            Self::LookAlike { .. } => "look-alike",
            Self::Candidate { .. } => "candidate",
        }
    }
}

impl Entry {
    /// What orders the log: (Lamport, reviewer, id). Two different entries never compare equal.
    pub fn order(&self) -> (u64, &str, EntryId) {
        (self.lamport, &self.reviewer, self.id)
    }
}
