//! Commands and events of the Train station.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;

use super::super::{Command, MatchCommand, SaveStatus, Session, absorb, apply as apply_command, strategies};
use super::*;
use crate::catalog::{CatalogBuilder, CatalogSource, ImageSource, OpenOptions};
use crate::jobs::{
    Event, JobId, JobKind, Outcome, PromotedModel, TrainedDone, TrainedRun, TrainingMoment, sample_receipt,
};
use crate::project::{Access, MatchSettings, ProjectSettings, Promotion, TRAINED_FUSION};

fn state() -> AppState {
    let source = CatalogSource::File("t.csv".into());
    let mut builder = CatalogBuilder::new("t", source.clone(), Vec::new());
    for (key, title) in [("a", "Red mug"), ("b", "Red mug 2"), ("c", "Blue lamp")] {
        builder.push(key, title, title, ImageSource::None, None, &[]);
    }
    let mut state = AppState::default();
    state.session.open = Some(Session {
        folder: PathBuf::from("p"),
        name: "t".to_owned(),
        access: Access::Write,
        catalog: std::sync::Arc::new(builder.finish()),
        settings: ProjectSettings::new(source, OpenOptions::default()),
    });
    send(&mut state, TrainCommand::Count);
    state
}

fn send(state: &mut AppState, command: TrainCommand) -> Vec<Effect> {
    apply_command(state, Command::Train(command))
}

fn runs(seeds: &[(u64, f64)]) -> Vec<TrainedRun> {
    let run = |(seed, f1): &(u64, f64)| {
        let receipt = Arc::new(sample_receipt(*seed, *f1, ["a", "b"]).unwrap());
        TrainedRun { receipt, has_weights: true }
    };
    seeds.iter().map(run).collect()
}

/// The station hears what there is after `done`, with these runs, the promoted one by its place.
fn hear(
    state: &mut AppState,
    runs: &[TrainedRun],
    promoted: Option<usize>,
    done: Option<TrainedDone>,
) -> Vec<Effect> {
    let promoted = promoted.map(|at| PromotedModel {
        promotion: Promotion { number: at as u32 + 1, id: runs[at].receipt.recipe.id.clone() },
        receipt: runs[at].receipt.clone(),
    });
    let answer = TrainedAnswer { runs: runs.to_vec(), promoted, problems: Vec::new(), done };
    absorb(state, Event::Finished { job: JobId(1), outcome: Outcome::Trained(Box::new(answer)) })
}

fn jobs(effects: &[Effect]) -> Vec<&Request> {
    let mut jobs = Vec::new();
    for effect in effects {
        if let Effect::Job(request) = effect {
            jobs.push(request);
        }
    }
    jobs
}

#[test]
fn labels_are_counted_again_when_anything_that_matters_changes() {
    let mut state = state();
    assert!(!state.train.is_outdated(&state), "counted when the station was first looked at");
    let seed = TrainCommand::Set { name: "seed".to_owned(), value: "9".to_owned() };
    for command in [TrainCommand::NextLabels, seed, TrainCommand::StepRecipe(1)] {
        send(&mut state, command.clone());
        assert!(state.train.is_outdated(&state), "{command:?}");
        let effects = send(&mut state, TrainCommand::Count);
        assert!(matches!(jobs(&effects)[..], [Request::CountLabels { .. }]), "{effects:?}");
        assert!(!state.train.is_outdated(&state));
    }
    absorb(
        &mut state,
        Event::Failed { job: JobId(2), kind: JobKind::CountLabels, message: "no labels".to_owned() },
    );
    assert_eq!(state.train.counts_refused.as_deref(), Some("no labels"));
    assert!(state.chrome.toasts.is_empty(), "the page says it");
}

#[test]
fn a_run_is_started_followed_and_shown() {
    let mut state = state();
    let effects = send(&mut state, TrainCommand::Start);
    assert!(matches!(jobs(&effects)[..], [Request::Train { .. }]), "{effects:?}");
    assert!(jobs(&send(&mut state, TrainCommand::Start)).is_empty(), "one at a time");
    let job = JobId(7);
    absorb(&mut state, Event::Started { job, kind: JobKind::Train });
    let moment = TrainingMoment { step: 3, loss: 0.5, ..TrainingMoment::default() };
    absorb(&mut state, Event::Training { job, moment });
    absorb(&mut state, Event::Training { job: JobId(8), moment });
    assert_eq!(state.train.running.as_ref().unwrap().curve.moments(), [moment], "another job's is not ours");
    let runs = runs(&[(1, 0.7)]);
    let effects = hear(&mut state, &runs, None, Some(TrainedDone::Trained(runs[0].receipt.clone())));
    assert!(state.train.running.is_none() && state.train.section == TrainSection::Receipt);
    assert_eq!(state.train.shown_run().unwrap().receipt, runs[0].receipt);
    assert!(matches!(jobs(&effects)[..], [Request::MapGroups { .. }]), "{effects:?}");
    assert!(
        matches!(&state.train.said, Some(Said::Good(text)) if text.contains("0.500 before, 0.700 after"))
    );
    // Its groups are asked for once.
    assert!(jobs(&send(&mut state, TrainCommand::Section(TrainSection::Receipt))).is_empty());
    // Stopped, they may be asked for again; refused, they are not.
    absorb(&mut state, Event::Cancelled { job, kind: JobKind::MapGroups });
    assert_eq!(jobs(&send(&mut state, TrainCommand::Section(TrainSection::Receipt))).len(), 1);
    absorb(&mut state, Event::Failed { job, kind: JobKind::MapGroups, message: "gone".to_owned() });
    assert!(jobs(&send(&mut state, TrainCommand::Section(TrainSection::Receipt))).is_empty());
    assert_eq!(state.train.map_refused.as_ref().unwrap().1, "gone");
}

#[test]
fn a_run_is_stopped_before_and_after_it_started() {
    for is_started_first in [true, false] {
        let mut state = state();
        send(&mut state, TrainCommand::Start);
        let (job, kind) = (JobId(4), JobKind::Train);
        let stops = if is_started_first {
            absorb(&mut state, Event::Started { job, kind });
            send(&mut state, TrainCommand::Cancel)
        } else {
            assert!(send(&mut state, TrainCommand::Cancel).is_empty());
            absorb(&mut state, Event::Started { job, kind })
        };
        assert!(matches!(&stops[..], [Effect::CancelThis(JobId(4))]), "{stops:?}");
        absorb(&mut state, Event::Cancelled { job, kind });
        assert!(state.train.running.is_none());
        assert!(matches!(&state.train.said, Some(Said::Good(text)) if text.contains("nothing was saved")));
    }
}

#[test]
fn what_failed_stays_on_the_page_until_the_next_try() {
    let mut state = state();
    state.chrome.station = super::super::Station::Train;
    send(&mut state, TrainCommand::Start);
    let message = "the loss grew beyond all numbers at step 3. Set a smaller learning_rate".to_owned();
    absorb(&mut state, Event::Failed { job: JobId(4), kind: JobKind::Train, message: message.clone() });
    assert_eq!(state.train.said, Some(Said::Bad(message)));
    assert!(state.train.running.is_none() && state.chrome.toasts.is_empty());
    send(&mut state, TrainCommand::Start);
    assert_eq!(state.train.said, None);
}

#[test]
fn nothing_is_learned_or_put_to_use_where_nothing_may_be_written() {
    let mut state = state();
    let runs = runs(&[(1, 0.7)]);
    hear(&mut state, &runs, Some(0), None);
    state.session.open.as_mut().unwrap().access = Access::ReadOnly;
    for command in [TrainCommand::Start, TrainCommand::Promote, TrainCommand::RollBack] {
        assert!(jobs(&send(&mut state, command.clone())).is_empty(), "{command:?}");
    }
    state.session.open.as_mut().unwrap().access = Access::Write;
    state.saving.status = SaveStatus::Failed { path: "p".into(), cause: "full".to_owned() };
    assert!(jobs(&send(&mut state, TrainCommand::Start)).is_empty());
}

#[test]
fn promoting_matches_by_the_model_and_rolling_back_by_what_was_before() {
    let mut state = state();
    let before = MatchSettings { threshold: 0.42, fusion: "concat".to_owned(), ..MatchSettings::default() };
    state.matching.settings = before.clone();
    let runs = runs(&[(1, 0.7), (2, 0.8)]);
    hear(&mut state, &runs, None, None);
    send(&mut state, TrainCommand::Show(RunId::of(&runs[0].receipt)));
    let effects = send(&mut state, TrainCommand::Promote);
    assert!(matches!(jobs(&effects)[..], [Request::Trained(TrainedTask::Promote(_))]), "{effects:?}");
    for at in [0, 1] {
        let effects = hear(&mut state, &runs, Some(at), Some(TrainedDone::Promoted));
        let [Request::Match { settings, .. }] = jobs(&effects)[..] else { panic!("{effects:?}") };
        assert!(settings.is_trained() && settings.threshold == 0.75);
    }
    assert!(state.train.is_promoted(&runs[1].receipt) && !state.train.is_promoted(&runs[0].receipt));
    // Back to the first model, then to none; whoever matches otherwise meanwhile is left alone.
    hear(&mut state, &runs, Some(0), Some(TrainedDone::RolledBack));
    assert!(state.matching.settings.is_trained());
    hear(&mut state, &runs, None, Some(TrainedDone::RolledBack));
    assert_eq!(state.matching.settings, before);
    let effects = hear(&mut state, &runs, None, Some(TrainedDone::RolledBack));
    assert!(jobs(&effects).is_empty(), "{effects:?}");
}

#[test]
fn a_promoted_model_is_one_of_the_strategies() {
    let mut state = state();
    let before = state.matching.settings.clone();
    let fusion = |id: &str| Command::Match(MatchCommand::Fusion(id.to_owned()));
    assert!(!strategies(&state).contains(&TRAINED_FUSION));
    apply_command(&mut state, fusion(TRAINED_FUSION));
    assert_eq!(state.matching.settings, before, "no model, no such strategy");
    let runs = runs(&[(1, 0.7)]);
    hear(&mut state, &runs, Some(0), None);
    apply_command(&mut state, fusion(TRAINED_FUSION));
    assert_eq!((state.matching.settings.threshold, state.matching.settings.is_trained()), (0.75, true));
    apply_command(&mut state, fusion("mean"));
    assert_eq!(state.matching.settings, before, "the threshold of before is back");
    // The model stands after the last fusion, and before the first.
    apply_command(&mut state, Command::Match(MatchCommand::StepFusion(-1)));
    assert!(state.matching.settings.is_trained());
    apply_command(&mut state, Command::Match(MatchCommand::StepFusion(1)));
    assert_eq!(state.matching.settings, before);
    // Another encoder means matching without the model.
    apply_command(&mut state, fusion(TRAINED_FUSION));
    apply_command(&mut state, Command::Match(MatchCommand::ImageEncoder(Some("phash".to_owned()))));
    let wanted = MatchSettings { image_encoder: Some("phash".to_owned()), ..before };
    assert_eq!(state.matching.settings, wanted);
}

#[test]
fn a_replaced_model_is_neither_promoted_nor_exported() {
    let mut state = state();
    let mut runs = runs(&[(5, 0.7)]);
    runs[0].has_weights = false;
    hear(&mut state, &runs, None, None);
    send(&mut state, TrainCommand::Section(TrainSection::Receipt));
    assert!(state.train.shown.is_some(), "the newest receipt is shown");
    for command in [TrainCommand::Promote, TrainCommand::PickExport] {
        state.chrome.toasts.clear();
        send(&mut state, command);
        assert!(state.chrome.toasts[0].text.contains("seed 5"), "{:?}", state.chrome.toasts);
    }
    runs[0].has_weights = true;
    hear(&mut state, &runs, None, None);
    let effects = send(&mut state, TrainCommand::PickExport);
    assert!(matches!(&effects[..], [Effect::PickPath(super::super::PickFor::Head(_))]));
}

#[test]
fn parameters_are_set_refused_and_reset() {
    let mut state = state();
    let set = |name: &str, value: &str| TrainCommand::Set { name: name.to_owned(), value: value.to_owned() };
    let epochs = |state: &AppState| state.train.draft.recipe.as_ref().unwrap().training.max_epochs;
    let own = epochs(&state);
    let at =
        state.train.draft.parameters.iter().position(|parameter| parameter.name == "max_epochs").unwrap();
    send(&mut state, TrainCommand::SetCursor(at));
    send(&mut state, set("max_epochs", " 3 "));
    assert_eq!(epochs(&state), 3);
    assert!(state.train.draft.is_changed(&state.train.draft.parameters[at].clone()));
    send(&mut state, set("max_epochs", "many"));
    assert_eq!(epochs(&state), 3);
    let (name, value, why) = state.train.draft.refused.clone().unwrap();
    assert_eq!((name.as_str(), value.as_str()), ("max_epochs", "many"));
    assert!(why.contains("max_epochs"), "{why}");
    send(&mut state, TrainCommand::ResetParameter);
    assert_eq!((epochs(&state), state.train.draft.refused.is_some()), (own, false));
    // The seed stays with another recipe; what was set does not.
    send(&mut state, set("seed", "12"));
    send(&mut state, set("max_epochs", "3"));
    let n_recipes = state.train.draft.recipes.len() as i32;
    send(&mut state, TrainCommand::StepRecipe(1));
    send(&mut state, TrainCommand::StepRecipe(n_recipes - 1));
    assert_eq!((epochs(&state), state.train.draft.seed()), (own, 12));
    assert!(state.train.draft.parameters.iter().all(|parameter| parameter.name != "seed"));
}

#[test]
fn receipts_are_sorted_held_and_opened() {
    let mut state = state();
    let runs = runs(&[(1, 0.7), (2, 0.9), (3, 0.8)]);
    hear(&mut state, &runs, None, None);
    let seeds = |state: &AppState| -> Vec<u64> {
        let seed = |id| state.train.run(id).unwrap().receipt.recipe.training.seed;
        state.train.list.order.iter().map(seed).collect()
    };
    assert_eq!(seeds(&state), [3, 2, 1], "the newest first");
    send(&mut state, TrainCommand::Section(TrainSection::Receipts));
    send(&mut state, TrainCommand::Move(1));
    send(&mut state, TrainCommand::Compare);
    send(&mut state, TrainCommand::Sort(RunColumn::After));
    assert_eq!(seeds(&state), [2, 3, 1], "the best first");
    assert_eq!(
        state.train.list.under_cursor(),
        Some(RunId::of(&runs[1].receipt)),
        "the cursor stays on its run"
    );
    send(&mut state, TrainCommand::TurnSort);
    assert_eq!(seeds(&state), [1, 3, 2]);
    for _ in RunColumn::ALL {
        send(&mut state, TrainCommand::NextSort);
    }
    assert_eq!(state.train.list.column, RunColumn::After, "all columns were gone through");
    assert_eq!(state.train.list.held, Some(RunId::of(&runs[1].receipt)));
    send(&mut state, TrainCommand::Compare);
    assert_eq!(state.train.list.held, None, "the same again lets go");
    send(&mut state, TrainCommand::Open);
    assert_eq!(state.train.section, TrainSection::Receipt);
    assert_eq!(state.train.shown_run().unwrap().receipt, runs[1].receipt);
}

#[test]
fn a_changed_pair_opens_in_compare_where_both_are_there() {
    let mut state = state();
    let receipt =
        |keys| TrainedRun { receipt: Arc::new(sample_receipt(1, 0.7, keys).unwrap()), has_weights: true };
    hear(&mut state, &[receipt(["a", "b"])], None, None);
    send(&mut state, TrainCommand::Section(TrainSection::Receipt));
    send(&mut state, TrainCommand::Open);
    assert_eq!(state.compare.pair, Some((PostingIdx(0), PostingIdx(1))));
    super::super::compare::close(&mut state);
    send(&mut state, TrainCommand::OtherPairs);
    send(&mut state, TrainCommand::Open);
    assert!(!state.compare.is_open(), "nothing was broken");
    hear(&mut state, &[receipt(["a", "gone"])], None, None);
    send(&mut state, TrainCommand::Pairs(PairKind::Fixed));
    send(&mut state, TrainCommand::Open);
    assert!(!state.compare.is_open());
}

#[test]
fn long_runs_keep_the_ends_of_their_rounds() {
    let mut state = state();
    send(&mut state, TrainCommand::Start);
    let job = JobId(7);
    absorb(&mut state, Event::Started { job, kind: JobKind::Train });
    for step in 0..9_000 {
        let validation_f1 = (step % 500 == 499).then_some(0.5);
        let moment = TrainingMoment { step, validation_f1, ..TrainingMoment::default() };
        absorb(&mut state, Event::Training { job, moment });
    }
    let moments = state.train.running.as_ref().unwrap().curve.moments();
    assert!(moments.len() <= 2_000, "{}", moments.len());
    assert_eq!(moments.iter().filter(|moment| moment.validation_f1.is_some()).count(), 18);
}
