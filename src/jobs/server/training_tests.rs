//! Learning on the compute thread: clicks are answered meanwhile, stopping keeps the best, what fails changes nothing.

use std::sync::Arc;

use super::tests::{end_of, ended, hear, open_demo_of, server};
use super::*;
use crate::jobs::{
    LabelSource, MatchOutcome, Outcome, ThresholdRule, TrainedAnswer, TrainedDone, TrainedTask,
};
use crate::project::{MatchSettings, TRAINED_FUSION};
use crate::review::ReviewState;
use crate::train::NamedRecipe;

fn recipe(n_epochs: usize) -> NamedRecipe {
    let text = "(id: \"lookalike-best\", label: \"l\", summary: \"s\", source: \"s\", \
                image_encoders: [\"perceptual\"], text_encoders: [\"idf-word\"])";
    let mut recipe = NamedRecipe::from_ron(text).unwrap();
    recipe.training.max_epochs = n_epochs;
    recipe.training.patience = None;
    recipe.training.head.width = 32;
    recipe.training.seed = 1;
    recipe
}

fn train_request(recipe: NamedRecipe, labels: LabelSource) -> Request {
    Request::Train { recipe: Box::new(recipe), labels, review: Arc::default() }
}

fn answer(event: Event) -> TrainedAnswer {
    match event {
        Event::Finished { outcome: Outcome::Trained(answer), .. } => *answer,
        other => panic!("no answer: {other:?}"),
    }
}

fn refusal(event: Event) -> String {
    match event {
        Event::Failed { message, .. } => message,
        other => panic!("not refused: {other:?}"),
    }
}

fn do_task(server: &JobServer, task: TrainedTask) -> Event {
    let job = server.send(Request::Trained(task));
    end_of(server, job)
}

fn match_by(server: &JobServer, settings: MatchSettings) -> Result<Arc<MatchOutcome>, String> {
    let review = Arc::new(ReviewState::default());
    let job = server.send(Request::Match { settings, rule: ThresholdRule::Fixed, review, generation: 1 });
    match end_of(server, job) {
        Event::Finished { outcome: Outcome::Matched { matched, .. }, .. } => Ok(matched),
        Event::Failed { message, .. } => Err(message),
        other => panic!("not matched: {other:?}"),
    }
}

#[test]
fn clicks_are_answered_while_it_learns_and_stopping_keeps_the_best() {
    let folder = tempfile::tempdir().unwrap();
    let server = server();
    open_demo_of(50, &server, folder.path());
    // Far more rounds than anybody would wait for.
    let job = server.send(train_request(recipe(1_000_000), LabelSource::Catalogue));
    hear(
        &server,
        |event| matches!(event, Event::Training { moment, .. } if moment.validation_f1.is_some() && moment.training_f1.is_some()),
    );
    let click = server.send(Request::CountLabels {
        recipe: Box::new(recipe(1)),
        labels: LabelSource::Catalogue,
        review: Arc::default(),
        generation: 5,
    });
    let heard = hear(&server, |event| ended(event) == Some(click));
    assert!(heard.iter().all(|event| ended(event) != Some(job)), "the run ended too early");
    let Some(Event::Finished { outcome: Outcome::Counted { counts, generation: 5 }, .. }) = heard.last()
    else {
        panic!("not counted")
    };
    assert!(counts.missing.is_empty() && counts.parts[0].n_same > 0, "{counts:?}");
    server.cancel(job);
    let answer = answer(end_of(&server, job));
    let Some(TrainedDone::Trained(receipt)) = &answer.done else { panic!("{:?}", answer.done) };
    assert!(receipt.is_stopped_early && receipt.result.history.len() > 1);
    assert!(answer.runs.len() == 1 && answer.runs[0].has_weights);
}

#[test]
fn a_model_is_promoted_matched_by_drawn_and_rolled_back() {
    let folder = tempfile::tempdir().unwrap();
    let server = server();
    let opened = open_demo_of(50, &server, folder.path());
    let frozen = opened.settings.matching;
    let before = match_by(&server, frozen.clone()).unwrap();
    let by_hand = MatchSettings { fusion: TRAINED_FUSION.to_owned(), ..frozen.clone() };
    let message = match_by(&server, by_hand.clone()).unwrap_err();
    assert!(message.contains("no trained model is in use"), "{message}");

    let mut digests = Vec::new();
    for seed in [1, 2] {
        let mut recipe = recipe(2);
        recipe.training.seed = seed;
        let job = server.send(train_request(recipe, LabelSource::Catalogue));
        let Some(TrainedDone::Trained(receipt)) = answer(end_of(&server, job)).done else {
            panic!("no receipt")
        };
        digests.push(receipt.head_digest.clone());
    }
    let answered = answer(do_task(&server, TrainedTask::Promote("lookalike-best".to_owned())));
    assert_eq!(answered.runs.len(), 2, "the replaced run's receipt stays");
    assert_eq!(answered.runs.iter().map(|run| run.has_weights).collect::<Vec<_>>(), [false, true]);
    let promoted = answered.promoted.unwrap();
    assert_eq!(promoted.receipt.head_digest, digests[1]);

    let encoders = [frozen.image_encoder.clone(), frozen.text_encoder.clone()];
    let settings = frozen.by_trained("lookalike-best", encoders, promoted.receipt.result.after.threshold);
    let trained = match_by(&server, settings.clone()).unwrap();
    assert_ne!(trained.neighbors.rows, before.neighbors.rows);
    // Another threshold is answered from memory.
    let again = match_by(&server, MatchSettings { threshold: 0.9, ..settings.clone() }).unwrap();
    assert!(Arc::ptr_eq(&again.neighbors, &trained.neighbors));

    let map = |at: usize| {
        let receipt = answered.runs[at].receipt.clone();
        let job = server.send(Request::MapGroups { receipt, review: Arc::default() });
        end_of(&server, job)
    };
    let Event::Finished { outcome: Outcome::Mapped(drawn), .. } = map(1) else { panic!("not drawn") };
    let part = &drawn.training;
    assert!(!part.postings.is_empty() && part.groups.iter().all(|group| *group < 10));
    assert_eq!([part.before.len(), part.after.len(), part.groups.len()], [part.postings.len(); 3]);
    assert!(refusal(map(0)).contains("replaced by a later one"));

    let file = folder.path().join("head.safetensors");
    let task = TrainedTask::Export { id: "lookalike-best".to_owned(), path: file.clone() };
    assert!(matches!(answer(do_task(&server, task)).done, Some(TrainedDone::Exported { .. })));
    assert_eq!(blake3::hash(&std::fs::read(&file).unwrap()).to_hex().to_string(), digests[1]);

    assert!(answer(do_task(&server, TrainedTask::RollBack)).promoted.is_none());
    assert!(refusal(do_task(&server, TrainedTask::RollBack)).contains("no trained model is in use"));
    assert!(match_by(&server, settings).is_err());
    assert_eq!(match_by(&server, frozen).unwrap().neighbors.rows, before.neighbors.rows);
}

#[test]
fn what_fails_says_why_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = server();
    let opened = open_demo_of(50, &server, folder.path());
    let try_it = |recipe: NamedRecipe, labels: LabelSource| {
        let job = server.send(train_request(recipe, labels));
        end_of(&server, job)
    };
    answer(try_it(recipe(1), LabelSource::Catalogue));
    let trained = opened.folder.join("trained");
    let head = || std::fs::read(trained.join("lookalike-best/head.safetensors")).unwrap();
    let before = head();
    let message = refusal(try_it(recipe(1), LabelSource::Decisions));
    assert!(message.contains("known to be the same"), "{message}");
    // The numbers are beyond all bounds after the first step, the loss that tells is the second one.
    let mut wild = recipe(20);
    wild.training.learning_rate = 1e38;
    wild.training.clip_norm = None;
    let message = refusal(try_it(wild, LabelSource::Catalogue));
    assert!(message.contains("smaller learning_rate"), "{message}");
    // A disk that refuses: a file stands where the new model's folder must be made.
    std::fs::write(trained.join(".new-lookalike-best"), b"").unwrap();
    let message = refusal(try_it(recipe(2), LabelSource::Catalogue));
    assert!(message.contains("cannot write"), "{message}");
    assert!(head() == before, "the former model is gone");
    let listed = answer(do_task(&server, TrainedTask::List));
    assert_eq!(listed.runs.len(), 1);
}
