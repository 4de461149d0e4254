//! What the jobs report becomes state.

use super::{AppState, Effect, Politeness, SaveStatus, ToastKind};
use crate::jobs::{Event, JobKind, Outcome, RankAsker};
use crate::review::ReviewState;

/// Takes in one event of the jobs.
pub fn absorb(state: &mut AppState, event: Event) -> Vec<Effect> {
    match event {
        Event::Started { job, kind } => {
            state.chrome.job_started(job, kind, state.now);
            match kind {
                JobKind::Model(_, ticket) => super::models::started(state, job, ticket),
                JobKind::Train => super::train::started(state, job),
                _ => Vec::new(),
            }
        }
        Event::Progress { job, progress } => {
            super::models::progress(state, job, &progress);
            super::train::progress(state, job, &progress);
            state.chrome.job_progress(job, progress);
            Vec::new()
        }
        Event::Training { job, moment } => {
            super::train::moment(state, job, moment);
            Vec::new()
        }
        Event::Note { message, .. } => {
            state.chrome.notes.push(message);
            Vec::new()
        }
        Event::Problems { problems, .. } => {
            state.catalogue.late_problems.extend(problems);
            Vec::new()
        }
        Event::Partial { outcome, .. } => answered(state, outcome, Answer::First),
        Event::Finished { job, outcome } => {
            state.chrome.job_ended(job);
            answered(state, outcome, Answer::Final)
        }
        Event::Failed { job, kind, message } => {
            state.chrome.job_ended(job);
            if kind == JobKind::Open {
                state.catalogue.refused = state.session.opening.take();
            }
            if kind == JobKind::Match {
                state.matching.updating_since = None;
            }
            match kind {
                JobKind::Model(_, ticket) => super::models::failed(state, ticket, message),
                JobKind::Train => super::train::failed(state, message),
                JobKind::Rank(RankAsker::LookAlikes) => super::look_alikes::failed(state, message),
                JobKind::Rank(RankAsker::Arena) => super::arena::failed(state, message),
                JobKind::CountLabels => {
                    super::train::not_counted(state, message);
                    Vec::new()
                }
                JobKind::MapGroups => {
                    super::train::not_mapped(state, Some(message));
                    Vec::new()
                }
                _ => fail(state, message),
            }
        }
        Event::Cancelled { job, kind } => {
            state.chrome.job_ended(job);
            if kind == JobKind::Open {
                state.session.opening = None;
            }
            match kind {
                JobKind::Model(_, ticket) => super::models::cancelled(state, ticket),
                JobKind::Train => super::train::cancelled(state),
                JobKind::Rank(RankAsker::LookAlikes) => {
                    super::look_alikes::cancelled(state);
                    Vec::new()
                }
                JobKind::Rank(RankAsker::Arena) => {
                    super::arena::cancelled(state);
                    Vec::new()
                }
                JobKind::MapGroups => {
                    super::train::not_mapped(state, None);
                    Vec::new()
                }
                _ => Vec::new(),
            }
        }
        Event::Saved { at_millis, .. } => {
            state.saving.n_saved += state.saving.n_pending;
            state.saving.n_pending = 0;
            state.saving.status = SaveStatus::Saved { at_millis };
            Vec::new()
        }
        Event::WriteFailed { path, cause, n_waiting } => {
            state.saving.n_pending = n_waiting as u64;
            let text = format!(
                "Not saved: {cause}. Free the disk, then retry, or save a copy elsewhere: {}",
                path.display()
            );
            state.saving.status = SaveStatus::Failed { path, cause };
            vec![Effect::Announce(text, Politeness::Assertive)]
        }
        Event::CopySaved { path } => {
            state.chrome.toast(
                state.now,
                ToastKind::Success,
                format!("The log was copied to {}", path.display()),
            );
            Vec::new()
        }
        Event::AccessChanged(access) => {
            if let Some(session) = &mut state.session.open {
                session.access = access;
            }
            let text = "Another window took over; this one is read-only now";
            state.chrome.toast(state.now, ToastKind::Warning, text);
            vec![Effect::Announce(text.to_owned(), Politeness::Assertive)]
        }
        Event::TookOver { entries } => {
            if let Some(session) = &mut state.session.open {
                session.access = crate::project::Access::Write;
            }
            state.saving.review = ReviewState::from_entries(entries);
            state.chrome.toast(state.now, ToastKind::Success, "This window records decisions now");
            super::duplicates::rebuild(state)
        }
        Event::TakeOverFailed { message } => fail(state, message),
        Event::DemoReset => {
            state.saving = super::SavingState::default();
            state.duplicates = super::DuplicatesState::default();
            super::look_alikes::opened(state);
            state.chrome.toast(state.now, ToastKind::Success, "The demo starts over");
            super::matching::rematch(state, super::Cause::Refresh)
        }
        Event::Place { name, place } => {
            match name.as_str() {
                super::session::PLACE => super::duplicates::recall(state, place.as_deref()),
                super::session::LOOK_ALIKES_PLACE => super::look_alikes::recall(state, place.as_deref()),
                _ => {}
            }
            Vec::new()
        }
        Event::Warning { message } => {
            state.chrome.toast(state.now, ToastKind::Warning, message);
            Vec::new()
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    First,
    Final,
}

fn answered(state: &mut AppState, outcome: Outcome, answer: Answer) -> Vec<Effect> {
    match outcome {
        Outcome::Opened(opened) => super::session::opened(state, *opened),
        Outcome::Previewed { path, preview, generation } => {
            super::catalogue::previewed(state, path, preview, generation);
            Vec::new()
        }
        Outcome::Matched { matched, generation } => {
            super::matching::matched(state, matched, generation, answer == Answer::Final)
        }
        Outcome::Queue { kind, queue, generation } => {
            super::duplicates::queued(state, kind, queue, generation)
        }
        Outcome::Found { hits, generation } => {
            state.chrome.found(hits, generation);
            Vec::new()
        }
        Outcome::Exported { path, n_bytes } => {
            let text = format!("Exported {} KB to {}", n_bytes.div_ceil(1024), path.display());
            state.chrome.toast(state.now, ToastKind::Success, text);
            Vec::new()
        }
        Outcome::Imported { gesture, problems, path } => {
            super::history::imported(state, gesture, &problems, &path)
        }
        Outcome::Models(answer) => super::models::answered(state, *answer),
        Outcome::Trained(answer) => super::train::answered(state, *answer),
        Outcome::Counted { counts, generation } => {
            super::train::counted(state, *counts, generation);
            Vec::new()
        }
        Outcome::Mapped(map) => {
            super::train::mapped(state, map);
            Vec::new()
        }
        Outcome::Ranked { ranked, asker, generation } => match asker {
            RankAsker::LookAlikes => super::look_alikes::ranked(state, ranked, generation),
            RankAsker::Arena => super::arena::ranked(state, ranked, generation),
        },
        Outcome::Statistics(statistics) => {
            state.catalogue.statistics = Some(*statistics);
            Vec::new()
        }
        Outcome::Configured { device } => {
            state.chrome.device = device;
            Vec::new()
        }
    }
}

/// Shows an error and says it at once.
pub(super) fn fail(state: &mut AppState, message: String) -> Vec<Effect> {
    state.chrome.toast(state.now, ToastKind::Error, message.clone());
    vec![Effect::Announce(message, Politeness::Assertive)]
}
