//! Commands and events of the Models panel.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::super::{AppState, Command, absorb, apply as apply_command};
use super::*;
use crate::encode::ModelStore;
use crate::jobs::{Event, JobKind, Outcome, models_answer};

fn send(state: &mut AppState, command: ModelsCommand) -> Vec<Effect> {
    apply_command(state, Command::Models(command))
}

/// A state that knows the manifest, with nothing there.
fn informed() -> AppState {
    let mut state = AppState::default();
    let effects = send(&mut state, ModelsCommand::Open(None));
    assert!(matches!(&effects[..], [Effect::Job(Request::Models { task: ModelTask::List, .. })]));
    let answer = models_answer(&ModelStore::new("/nonexistent/models".into()), None, None);
    hear(&mut state, Outcome::Models(Box::new(answer)));
    state
}

fn hear(state: &mut AppState, outcome: Outcome) -> Vec<Effect> {
    absorb(state, Event::Finished { job: JobId(0), outcome })
}

fn asked_ticket(effects: &[Effect]) -> (String, ModelTicket) {
    let [Effect::Job(Request::Models { task: ModelTask::Get { id, ticket, .. }, .. })] = effects else {
        panic!("{effects:?}")
    };
    (id.clone(), *ticket)
}

#[test]
fn the_filter_takes_words_in_any_order() {
    let mut state = informed();
    let n_all = state.catalogue.models.shown.len();
    assert!(n_all > 20);
    for (filter, expected) in [("titles minilm multilingual", 1), ("no-such-word", 0), ("", n_all)] {
        send(&mut state, ModelsCommand::Move(7));
        send(&mut state, ModelsCommand::Filter(filter.to_owned()));
        assert_eq!(
            (state.catalogue.models.shown.len(), state.catalogue.models.cursor),
            (expected, 0),
            "{filter}"
        );
    }
    send(&mut state, ModelsCommand::Open(Some("resnet50".to_owned())));
    assert_eq!(state.catalogue.models.selected().unwrap().entry.id, "resnet50");
}

#[test]
fn a_download_is_asked_for_followed_and_finished() {
    let mut state = informed();
    let (id, ticket) = asked_ticket(&send(&mut state, ModelsCommand::Get(Which::Id("resnet50".to_owned()))));
    assert_eq!(id, "resnet50");
    assert!(
        send(&mut state, ModelsCommand::Get(Which::Id(id.clone())))
            .iter()
            .all(|effect| !matches!(effect, Effect::Job(_)))
    );
    let job = JobId(9);
    absorb(&mut state, Event::Started { job, kind: JobKind::Model(ModelAction::Get, ticket) });
    let progress = Progress { n_done: 7, n_total: 9, ..Progress::default() };
    absorb(&mut state, Event::Progress { job, progress });
    assert_eq!(state.catalogue.models.running[&id].progress.n_done, 7);
    let entry = state.catalogue.models.status(&id).unwrap().entry.clone();
    let done = ModelDone::Got { entry, n_files: 2, n_tensors: 3 };
    let answer = models_answer(&ModelStore::new("/nonexistent/models".into()), Some(ticket), Some(done));
    let effects = absorb(&mut state, Event::Finished { job, outcome: Outcome::Models(Box::new(answer)) });
    assert!(state.catalogue.models.running.is_empty() && state.chrome.jobs.is_empty());
    assert!(matches!(&state.catalogue.models.said[&id], Said::Good(text) if text.contains("3 tensors")));
    assert!(matches!(&effects[..], [Effect::Announce(..)]));
}

#[test]
fn a_download_can_be_cancelled_before_and_after_it_started() {
    for is_started_first in [true, false] {
        let mut state = informed();
        let which = || Which::Id("resnet18".to_owned());
        let (_, ticket) = asked_ticket(&send(&mut state, ModelsCommand::Get(which())));
        let (job, kind) = (JobId(4), JobKind::Model(ModelAction::Get, ticket));
        let stops = if is_started_first {
            absorb(&mut state, Event::Started { job, kind });
            send(&mut state, ModelsCommand::Cancel(which()))
        } else {
            assert!(send(&mut state, ModelsCommand::Cancel(which())).is_empty());
            absorb(&mut state, Event::Started { job, kind })
        };
        assert!(matches!(&stops[..], [Effect::CancelThis(JobId(4))]), "{stops:?}");
        assert!(state.catalogue.models.running["resnet18"].is_stopping);
        absorb(&mut state, Event::Cancelled { job, kind });
        assert!(state.catalogue.models.running.is_empty());
    }
}

#[test]
fn a_failure_stays_on_its_row_with_its_remedy() {
    let mut state = informed();
    let (_, ticket) = asked_ticket(&send(&mut state, ModelsCommand::Get(Which::Id("vgg16".to_owned()))));
    let (job, kind) = (JobId(4), JobKind::Model(ModelAction::Get, ticket));
    absorb(&mut state, Event::Started { job, kind });
    absorb(&mut state, Event::Failed { job, kind, message: "no answer. Check the network".to_owned() });
    assert_eq!(state.catalogue.models.said["vgg16"], Said::Bad("no answer. Check the network".to_owned()));
    assert!(state.chrome.toasts.is_empty(), "the row says it");
    // Another try forgets what was said.
    send(&mut state, ModelsCommand::Get(Which::Id("vgg16".to_owned())));
    assert!(state.catalogue.models.said.is_empty());
}

#[test]
fn offline_is_a_preference_that_goes_with_the_request() {
    let mut state = informed();
    let effects = send(&mut state, ModelsCommand::ToggleOffline);
    assert!(state.preferences.offline && matches!(&effects[..], [Effect::SavePreferences]));
    let effects = send(&mut state, ModelsCommand::Get(Which::Id("vgg16".to_owned())));
    let [Effect::Job(Request::Models { task: ModelTask::Get { network, .. }, .. })] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!(*network, Network::Off);
}
