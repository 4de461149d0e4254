//! What the log says of the questions: who answered what, how a round against the model stands, how far one agrees with
//! oneself. Read once, then kept up to date entry by entry; anything but new answers at the end reads it anew.

use super::super::AppState;
use super::ranking;
use crate::catalog::{Catalog, PostingIdx};
use crate::jobs::RankedQuestions;
use crate::review::{
    Answer, CandidateVerdict, EntryId, Gesture, Key, LookAlikes, ReviewState, SelfAgreement, View,
};

/// You against the model, on the questions with a known truth that were answered in play.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlayScore {
    /// Questions.
    pub n: usize,
    /// Your first pick was right.
    pub n_you_top1: usize,
    /// One of your first two picks was right.
    pub n_you_top2: usize,
    /// The model's best was right.
    pub n_model_top1: usize,
    /// One of the model's best two was right.
    pub n_model_top2: usize,
}

/// What the log says.
#[derive(Clone, Debug, Default)]
pub struct Known {
    log: LookAlikes,
    n_entries: usize,
    last: Option<EntryId>,
    reviewer: String,
    /// Whether the reviewer has answered each question.
    is_answered: Vec<bool>,
    n_answered: usize,
    score: PlayScore,
    agreement: Option<SelfAgreement>,
    n_triplets: usize,
    groups: Option<Groups>,
}

/// Which postings share a label; read once, as a catalogue never changes.
#[derive(Clone, Debug)]
struct Groups {
    of_row: Vec<Option<u32>>,
    members: Vec<Vec<u32>>,
}

impl Known {
    /// Whether the log has grown since it was read, or somebody else reviews now.
    pub(super) fn is_outdated(&self, review: &ReviewState, reviewer: &str) -> bool {
        self.n_entries != review.entries().len() || self.reviewer != reviewer
    }

    /// Questions the reviewer has answered.
    pub fn n_answered(&self) -> usize {
        self.n_answered
    }

    /// Whether the reviewer has answered question `number`.
    pub fn is_answered(&self, number: usize) -> bool {
        self.is_answered.get(number).copied().unwrap_or_default()
    }

    /// How the round against the model stands.
    pub fn score(&self) -> PlayScore {
        self.score
    }

    /// How far the reviewer agrees with themselves; `None` until a question was answered twice.
    pub fn agreement(&self) -> Option<SelfAgreement> {
        self.agreement
    }

    /// Triplets to learn from, as an export writes them; counted when a page that shows them is opened or something is said there.
    pub fn n_triplets(&self) -> usize {
        self.n_triplets
    }

    /// The reviewer's latest answer about a posting.
    pub fn answer(&self, query: &str, reviewer: &str) -> Option<&Answer> {
        self.log.answers(query).iter().rev().find(|answer| answer.reviewer == reviewer)
    }

    /// Every answer about a posting.
    pub fn answers(&self, query: &str) -> &[Answer] {
        self.log.answers(query)
    }

    /// The latest word on a candidate.
    pub fn verdict(&self, query: &str, candidate: &str) -> Option<CandidateVerdict> {
        self.log.verdict(query, candidate)
    }
}

/// Takes in what the log says.
pub(super) fn refresh(state: &mut AppState) {
    let (Some(questions), Some(session)) = (&state.look_alikes.questions, &state.session.open) else {
        return;
    };
    let review = &state.saving.review;
    let known = &mut state.look_alikes.known;
    known.read(review);
    known.count(questions, &session.catalog, &state.preferences.reviewer);
}

/// Counts what can be learned. It goes through every answer, so that it is done for the pages that show it, not after each key.
pub(super) fn count_triplets(state: &mut AppState) {
    let Some(catalog) = state.session.open.as_ref().map(|session| std::sync::Arc::clone(&session.catalog))
    else {
        return;
    };
    let known = &mut state.look_alikes.known;
    let groups = known.groups.get_or_insert_with(|| Groups::of(&catalog));
    known.n_triplets = known.log.triplets(&|query| groups.partners(&catalog, query)).len();
}

impl Groups {
    fn of(catalog: &Catalog) -> Self {
        let of_row = catalog.group_ids();
        let n_groups = of_row.iter().flatten().max().map_or(0, |last| *last as usize + 1);
        let mut members = vec![Vec::new(); n_groups];
        for (row, group) in of_row.iter().enumerate() {
            if let Some(members) = group.and_then(|group| members.get_mut(group as usize)) {
                members.push(row as u32);
            }
        }
        Self { of_row, members }
    }

    /// The postings that share a posting's label, itself among them.
    fn partners(&self, catalog: &Catalog, key: &str) -> Vec<Key> {
        let group = catalog.find(key).and_then(|posting| self.of_row.get(posting.at()).copied().flatten());
        let members = group.and_then(|group| self.members.get(group as usize));
        members.into_iter().flatten().map(|row| Key::from(catalog.key(PostingIdx(*row)))).collect()
    }
}

impl Known {
    fn read(&mut self, review: &ReviewState) {
        let entries = review.entries();
        let new = entries.get(self.n_entries..).unwrap_or_default();
        // A retraction may take back anything; an entry of another machine may stand before what is known.
        let before = self.n_entries.checked_sub(1).and_then(|at| entries.get(at));
        let is_continued = before.is_some_and(|entry| Some(entry.id) == self.last)
            && new.len() <= 1
            && new.iter().all(|entry| !matches!(entry.gesture, Gesture::Retract { .. }));
        if is_continued {
            new.iter().for_each(|entry| self.log.add(entry));
        } else {
            self.log = LookAlikes::of(review);
        }
        self.n_entries = entries.len();
        self.last = entries.last().map(|entry| entry.id);
    }

    fn count(&mut self, questions: &RankedQuestions, catalog: &Catalog, reviewer: &str) {
        let mut is_answered = vec![false; questions.questions.len()];
        let mut score = PlayScore::default();
        for (number, question) in questions.questions.iter().enumerate() {
            let answers = self.log.answers(catalog.key(PostingIdx(question.query)));
            let own = || answers.iter().rev().filter(|answer| answer.reviewer == reviewer);
            if let Some(place) = is_answered.get_mut(number) {
                *place = own().next().is_some();
            }
            let played = own().find(|answer| answer.view == View::Play);
            if let Some(played) = played.filter(|_| questions.has_truth(number)) {
                score.add(questions, catalog, number, played);
            }
        }
        self.n_answered = is_answered.iter().filter(|is_answered| **is_answered).count();
        self.is_answered = is_answered;
        self.reviewer = reviewer.to_owned();
        self.score = score;
        self.agreement = self.log.agreement(reviewer);
    }
}

impl PlayScore {
    fn add(&mut self, questions: &RankedQuestions, catalog: &Catalog, number: usize, answer: &Answer) {
        let Some(question) = questions.questions.get(number) else { return };
        let is_right = |key: &str| {
            question.candidates.iter().enumerate().any(|(candidate, row)| {
                catalog.key(PostingIdx(*row)) == key && ranking::is_true(questions, number, candidate)
            })
        };
        let ranking = ranking::ranking(questions, number);
        let model = |n: usize| {
            ranking.iter().take(n).any(|candidate| ranking::is_true(questions, number, *candidate))
        };
        self.n += 1;
        self.n_you_top1 += usize::from(answer.picks.first().is_some_and(|key| is_right(key)));
        self.n_you_top2 += usize::from(answer.picks.iter().take(2).any(|key| is_right(key)));
        self.n_model_top1 += usize::from(model(1));
        self.n_model_top2 += usize::from(model(2));
    }
}
