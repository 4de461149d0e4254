//! The compute thread: owns the device, does one long job at a time and answers interactive requests between its units.
//!
//! Long are opening, changing the device, learning, drawing groups, ranking candidates, and matching whose grounds are not in memory. Everything else
//! is interactive.
//! While grounds are being laid, a newer `Match` that wants the same grounds takes over the running work (its answer comes
//! from it), one that wants others stops it; finished shards are kept either way.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError};

use super::first_results::first_settings;
use super::opening::OpenWhat;
use super::training::ByTrained;
use super::writer::LogOrder;
use super::{Order, Outbox, Tokens, lock, panic_message};
use crate::encode::ModelStore;
use crate::jobs::{
    CancelToken, Context, Event, Grounds, JobError, JobId, JobKind, MatchPlan, OpenEncoders, Outcome,
    Progress, RankAsker, RankExtra, RankPlan, Reporter, Request, TrainingMoment, Workbench, match_with,
    rank_questions,
};
use crate::nn::describe_device;
use crate::project::{MatchSettings, Project};

/// How many grounds are kept in memory, the latest used last.
const MAX_GROUNDS: usize = 3;

/// Runs until every sender is gone.
pub(super) fn run(inbox: Receiver<Order>, outbox: Outbox, log: Sender<LogOrder>, tokens: Tokens) {
    let compute = Compute { inbox, outbox, log, tokens, state: RefCell::default() };
    while compute.wait() {
        if let Some(order) = compute.pop_interactive() {
            compute.serve(&order);
        } else if let Some(order) = compute.pop_long() {
            compute.run_long(order);
        }
    }
}

pub(super) struct Compute {
    inbox: Receiver<Order>,
    outbox: Outbox,
    pub(super) log: Sender<LogOrder>,
    tokens: Tokens,
    pub(super) state: RefCell<State>,
}

#[derive(Default)]
pub(super) struct State {
    interactive: VecDeque<Order>,
    long: VecDeque<Order>,
    pub(super) encoders: Arc<OpenEncoders>,
    pub(super) bench: Option<Arc<Workbench>>,
    pub(super) grounds: Vec<Arc<Grounds>>,
    pub(super) by_trained: Option<ByTrained>,
    running: Option<Running>,
    is_closed: bool,
}

/// The long job that runs.
struct Running {
    order: Order,
    /// Whom progress is told about; changes when a newer request takes the work over.
    teller: Arc<AtomicU64>,
    /// Stops the work itself.
    stop: CancelToken,
}

/// Turns a job's reports into events.
struct EventReporter {
    outbox: Outbox,
    job: Arc<AtomicU64>,
}

impl Reporter for EventReporter {
    fn progress(&self, progress: &Progress) {
        let job = JobId(self.job.load(Ordering::Relaxed));
        self.outbox.post(Event::Progress { job, progress: progress.clone() });
    }
    fn note(&self, message: &str) {
        let job = JobId(self.job.load(Ordering::Relaxed));
        self.outbox.post(Event::Note { job, message: message.to_owned() });
    }
    fn training(&self, moment: &TrainingMoment) {
        let job = JobId(self.job.load(Ordering::Relaxed));
        self.outbox.post(Event::Training { job, moment: *moment });
    }
    fn follows_training(&self) -> bool {
        true
    }
}

impl Compute {
    /// Waits until there is something to do; `false` once the window is gone.
    fn wait(&self) -> bool {
        self.take_in();
        let is_idle = {
            let state = self.state.borrow();
            state.interactive.is_empty() && state.long.is_empty() && !state.is_closed
        };
        if is_idle {
            match self.inbox.recv() {
                Ok(order) => {
                    self.sort_in(order);
                    self.take_in();
                }
                Err(_) => self.state.borrow_mut().is_closed = true,
            }
        }
        !self.state.borrow().is_closed
    }

    /// Sorts everything that arrived into the two queues.
    fn take_in(&self) {
        loop {
            match self.inbox.try_recv() {
                Ok(order) => self.sort_in(order),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => {
                    self.state.borrow_mut().is_closed = true;
                    return;
                }
            }
        }
    }

    fn sort_in(&self, order: Order) {
        let mut dropped = Vec::new();
        {
            let mut guard = self.state.borrow_mut();
            let state = &mut *guard;
            if order.request.is_replaced_by_newer() {
                for queue in [&mut state.interactive, &mut state.long] {
                    while let Some(at) = queue.iter().position(|waiting| waiting.kind == order.kind) {
                        dropped.extend(queue.remove(at));
                    }
                }
            }
            match &order.request {
                Request::OpenProject { .. } | Request::OpenCatalogue { .. } => {
                    // What is asked of the old catalogue is pointless now.
                    let is_kept = |waiting: &Order| waiting.kind == JobKind::Configure;
                    let (kept, old): (VecDeque<Order>, VecDeque<Order>) =
                        std::mem::take(&mut state.long).into_iter().partition(is_kept);
                    state.long = kept;
                    dropped.extend(old);
                    if let Some(running) = &state.running {
                        running.stop.cancel();
                    }
                    state.long.push_back(order);
                }
                Request::Rank { .. } => {
                    // A running one that a newer one makes pointless stops.
                    if let Some(running) = state.running.as_ref().filter(|it| it.order.kind == order.kind) {
                        running.stop.cancel();
                    }
                    state.long.push_back(order);
                }
                Request::Configure { .. } | Request::Train { .. } | Request::MapGroups { .. } => {
                    state.long.push_back(order);
                }
                Request::Match { settings, .. } => {
                    let is_there = !settings.is_trained() || state.by_trained.is_some();
                    if is_there && state.grounds.iter().any(|grounds| grounds.serves(settings)) {
                        state.interactive.push_back(order);
                    } else {
                        match &mut state.running {
                            Some(running) if running.lays_for(settings) => {
                                running.teller.store(order.job.0, Ordering::Relaxed);
                                self.outbox.post(Event::Started { job: order.job, kind: order.kind });
                                dropped.push(std::mem::replace(&mut running.order, order));
                            }
                            Some(running) if running.order.kind == JobKind::Match => {
                                running.stop.cancel();
                                state.long.push_back(order);
                            }
                            _ => state.long.push_back(order),
                        }
                    }
                }
                _ => state.interactive.push_back(order),
            }
        }
        let is_taken_over = dropped.iter().any(|order| order.kind == JobKind::Match);
        for order in dropped {
            self.end(&order, Event::Cancelled { job: order.job, kind: order.kind });
        }
        if is_taken_over {
            self.answer_meanwhile();
        }
    }

    fn pop_interactive(&self) -> Option<Order> {
        self.state.borrow_mut().interactive.pop_front()
    }

    fn pop_long(&self) -> Option<Order> {
        self.state.borrow_mut().long.pop_front()
    }

    /// Called between two units of long work.
    fn between(&self) {
        self.take_in();
        {
            let state = self.state.borrow();
            if let Some(running) = &state.running
                && (state.is_closed || running.order.cancel.is_cancelled())
            {
                running.stop.cancel();
            }
        }
        while let Some(order) = self.pop_interactive() {
            self.serve(&order);
            self.take_in();
        }
    }

    /// Answers one interactive request.
    fn serve(&self, order: &Order) {
        if order.cancel.is_cancelled() {
            return self.end(order, Event::Cancelled { job: order.job, kind: order.kind });
        }
        self.outbox.post(Event::Started { job: order.job, kind: order.kind });
        let result = catch_unwind(AssertUnwindSafe(|| self.answer(order)));
        // A newer request may have arrived while this one was computed.
        self.take_in();
        let is_overtaken = order.request.is_replaced_by_newer()
            && self.state.borrow().interactive.iter().any(|waiting| waiting.kind == order.kind);
        self.conclude(order, if is_overtaken { Ok(Err(JobError::Cancelled)) } else { result });
    }

    /// Runs one long job to its end.
    fn run_long(&self, order: Order) {
        if order.cancel.is_cancelled() {
            return self.end(&order, Event::Cancelled { job: order.job, kind: order.kind });
        }
        let request = order.request.clone();
        let teller = Arc::new(AtomicU64::new(order.job.0));
        let stop = CancelToken::default();
        self.outbox.post(Event::Started { job: order.job, kind: order.kind });
        self.state.borrow_mut().running = Some(Running { order, teller: teller.clone(), stop: stop.clone() });
        let reporter = EventReporter { outbox: self.outbox.clone(), job: teller };
        let between = || self.between();
        let context = Context { reporter: &reporter, cancel: stop, between: &between };
        let result = catch_unwind(AssertUnwindSafe(|| match request {
            Request::OpenProject { folder } => self.open(OpenWhat::Project(folder), &context),
            Request::OpenCatalogue { source, options, folder } => {
                let folder = folder.unwrap_or_else(|| Project::default_folder(&source));
                self.open(OpenWhat::Catalogue { source, options, folder }, &context)
            }
            Request::Match { settings, .. } => self.lay_and_match(&settings, &context),
            Request::Train { recipe, labels, review } => self.train(&recipe, labels, &review, &context),
            Request::MapGroups { receipt, review } => self.map_groups(&receipt, &review, &context),
            Request::Rank { source, strategies, asker, generation } => {
                let extra = match asker {
                    RankAsker::LookAlikes => RankExtra::NearDuplicates,
                    RankAsker::Arena => RankExtra::Cost,
                };
                let plan = RankPlan { source: &source, strategies: &strategies, extra };
                let ranked = Arc::new(rank_questions(&*self.bench()?, &plan, &context)?);
                Ok(Outcome::Ranked { ranked, asker, generation })
            }
            Request::Configure { device, models } => {
                let models = ModelStore::resolve(models.as_deref());
                self.state.borrow_mut().encoders = Arc::new(OpenEncoders::new(models, device));
                self.replace_encoders();
                Ok(Outcome::Configured { device: describe_device(device) })
            }
            other => Err(JobError::Refused(format!("{other:?} is no long work"))),
        }));
        let running = self.state.borrow_mut().running.take();
        if let Some(running) = running {
            self.conclude(&running.order, result);
        }
    }

    /// Lays the grounds (first results before the best), then answers whichever request wants them by then.
    fn lay_and_match(&self, settings: &MatchSettings, context: &Context<'_>) -> Result<Outcome, JobError> {
        let bench = self.bench()?;
        if self.state.borrow().grounds.is_empty() {
            for quick in first_settings(settings, &bench) {
                let grounds = Arc::new(Grounds::lay(&bench, &quick, context)?);
                self.keep(grounds.clone());
                self.tell_first(&grounds, &quick);
            }
        }
        let grounds = Arc::new(Grounds::lay(&bench, settings, context)?);
        self.keep(grounds.clone());
        let request = self
            .state
            .borrow()
            .running
            .as_ref()
            .map(|running| (running.order.job, running.order.request.clone()));
        let Some((job, Request::Match { settings, rule, review, generation })) = request else {
            return Err(JobError::Cancelled);
        };
        if !grounds.problems.is_empty() {
            self.outbox.post(Event::Problems { job, problems: grounds.problems.clone() });
        }
        let plan = MatchPlan { settings: &settings, rule, review: Some(&review) };
        Ok(Outcome::Matched { matched: Arc::new(self.match_on(&grounds, &plan, context)?), generation })
    }

    /// Sends first results to whoever waits for the running work.
    fn tell_first(&self, grounds: &Arc<Grounds>, settings: &MatchSettings) {
        let waiting = self
            .state
            .borrow()
            .running
            .as_ref()
            .map(|running| (running.order.job, running.order.request.clone()));
        let Some((job, Request::Match { review, generation, .. })) = waiting else { return };
        let plan = MatchPlan { settings, rule: crate::jobs::ThresholdRule::Fixed, review: Some(&review) };
        if let Ok(matched) = match_with(grounds, &plan) {
            self.outbox.post(Event::Partial {
                job,
                outcome: Outcome::Matched { matched: Arc::new(matched), generation },
            });
        }
    }

    /// A request that took running work over is answered from the first results meanwhile, at its own threshold.
    fn answer_meanwhile(&self) {
        let (grounds, wanted) = {
            let state = self.state.borrow();
            let wanted = state.running.as_ref().map(|running| running.order.request.clone());
            (state.grounds.last().cloned(), wanted)
        };
        if let (Some(grounds), Some(Request::Match { settings, .. })) = (grounds, wanted) {
            let of = |ground: &Option<crate::jobs::ModalityGround>| {
                ground.as_ref().map(|ground| ground.encoder.clone())
            };
            let settings = MatchSettings {
                image_encoder: of(&grounds.image),
                text_encoder: of(&grounds.text),
                translate: grounds.text.as_ref().and_then(|ground| ground.translate.clone()),
                metric: grounds.metric,
                k: grounds.k,
                ..settings
            };
            if grounds.serves(&settings) {
                self.tell_first(&grounds, &settings);
            }
        }
    }

    fn keep(&self, grounds: Arc<Grounds>) {
        let mut state = self.state.borrow_mut();
        state.grounds.push(grounds);
        if state.grounds.len() > MAX_GROUNDS {
            state.grounds.remove(0);
        }
    }

    /// The grounds that serve these settings, marked as used last.
    pub(super) fn grounds_for(&self, settings: &MatchSettings) -> Option<Arc<Grounds>> {
        let mut state = self.state.borrow_mut();
        let at = state.grounds.iter().rposition(|grounds| grounds.serves(settings))?;
        let grounds = state.grounds.remove(at);
        state.grounds.push(grounds.clone());
        Some(grounds)
    }

    pub(super) fn bench(&self) -> Result<Arc<Workbench>, JobError> {
        let bench = self.state.borrow().bench.clone();
        bench.ok_or_else(|| JobError::Refused("no catalogue is open. Open one first".to_owned()))
    }

    /// The open catalogue goes on with other encoders.
    fn replace_encoders(&self) {
        let mut state = self.state.borrow_mut();
        let Some(bench) = state.bench.clone() else { return };
        state.bench = Some(Arc::new(bench.with_encoders(state.encoders.clone())));
    }

    fn conclude(&self, order: &Order, result: std::thread::Result<Result<Outcome, JobError>>) {
        let (job, kind) = (order.job, order.kind);
        let event = match result {
            Ok(Ok(outcome)) => Event::Finished { job, outcome },
            Ok(Err(JobError::Cancelled)) => Event::Cancelled { job, kind },
            Ok(Err(error)) => Event::Failed { job, kind, message: error.to_string() },
            Err(panic) => Event::Failed {
                job,
                kind,
                message: format!(
                    "{} failed by an error of this program: {}. Nothing decided is lost; try again",
                    kind.label(),
                    panic_message(&*panic)
                ),
            },
        };
        self.end(order, event);
    }

    fn end(&self, order: &Order, event: Event) {
        lock(&self.tokens).remove(&order.job);
        self.outbox.post(event);
    }
}

impl Running {
    /// Whether the running work ends in grounds that serve `settings`.
    fn lays_for(&self, settings: &MatchSettings) -> bool {
        let Request::Match { settings: mine, .. } = &self.order.request else { return false };
        !self.stop.is_cancelled() && Grounds::same_needs(mine, settings)
    }
}

pub(super) fn nothing_matched() -> JobError {
    JobError::Refused("nothing is matched yet. Wait for the first results".to_owned())
}
