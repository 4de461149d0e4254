//! The compute thread: owns the device, does one long job at a time and answers interactive requests between its units.
//!
//! Long are opening, changing the device, and matching whose grounds are not in memory. Everything else is interactive.
//! While grounds are being laid, a newer `Match` that wants the same grounds takes over the running work (its answer comes
//! from it), one that wants others stops it; finished shards are kept either way.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};

use super::first_results::first_settings;
use super::writer::{LogOrder, open_log};
use super::{Order, Outbox, Tokens, lock, panic_message};
use crate::catalog::{OpenOptions, preview};
use crate::encode::ModelStore;
use crate::jobs::{
    CancelToken, Context, Event, Grounds, JobError, JobId, JobKind, MatchOutcome, MatchPlan, OpenEncoders,
    Opened, Outcome, Progress, Reporter, Request, RowRule, SearchQuery, SilentReporter, Workbench,
    collect_statistics, export, import, load_catalog, match_with, open_catalog_project, search,
};
use crate::nn::describe_device;
use crate::project::{MatchSettings, Project, ProjectSettings};
use crate::review::build_queue;

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

struct Compute {
    inbox: Receiver<Order>,
    outbox: Outbox,
    log: Sender<LogOrder>,
    tokens: Tokens,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    interactive: VecDeque<Order>,
    long: VecDeque<Order>,
    encoders: Arc<OpenEncoders>,
    bench: Option<Arc<Workbench>>,
    grounds: Vec<Arc<Grounds>>,
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
                    dropped.extend(state.long.drain(..).filter(|waiting| waiting.kind != JobKind::Configure));
                    if let Some(running) = &state.running {
                        running.stop.cancel();
                    }
                    state.long.push_back(order);
                }
                Request::Configure { .. } => state.long.push_back(order),
                Request::Match { settings, .. } => {
                    if state.grounds.iter().any(|grounds| grounds.serves(settings)) {
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

    fn answer(&self, order: &Order) -> Result<Outcome, JobError> {
        match &order.request {
            Request::Preview { path, generation } => Ok(Outcome::Previewed {
                path: path.clone(),
                preview: preview(path)?,
                generation: *generation,
            }),
            Request::Match { settings, rule, review, generation } => {
                let grounds = self.grounds_for(settings).ok_or_else(nothing_matched)?;
                let plan = MatchPlan { settings, rule: *rule, review: Some(review) };
                Ok(Outcome::Matched {
                    matched: Arc::new(match_with(&grounds, &plan)?),
                    generation: *generation,
                })
            }
            Request::BuildQueue { kind, sort, matched, review, generation } => {
                let MatchOutcome { neighbors, clusters, settings, grounds, .. } = &**matched;
                let queue = build_queue(
                    *kind,
                    *sort,
                    &grounds.catalog,
                    neighbors,
                    clusters,
                    review,
                    settings.threshold,
                );
                Ok(Outcome::Queue { kind: *kind, queue: Arc::new(queue), generation: *generation })
            }
            Request::Search { query, k, generation } => {
                let bench = self.bench()?;
                let grounds = self.state.borrow().grounds.last().cloned().ok_or_else(nothing_matched)?;
                let ground = match query {
                    SearchQuery::Title(_) => &grounds.text,
                    SearchQuery::Picture(_) => &grounds.image,
                };
                let ground = ground.as_ref().ok_or_else(|| {
                    let refusal = match query {
                        SearchQuery::Title(_) => "titles are not compared here. Choose a text encoder and a fusion that reads it",
                        SearchQuery::Picture(_) => "pictures are not compared here. Choose an image encoder and a fusion that reads it",
                    };
                    JobError::Refused(refusal.to_owned())
                })?;
                let context = Context::new(&SilentReporter, order.cancel.clone());
                let rows = (ground.encoder.as_str(), &*ground.embeddings);
                let hits = search(&bench, rows, query, *k, grounds.metric, &context)?;
                Ok(Outcome::Found { hits, generation: *generation })
            }
            Request::Export { format, path, matched, review } => {
                let bench = self.bench()?;
                let n_bytes =
                    export(format, path, &bench.catalog, matched.as_deref(), RowRule::default(), review)?;
                Ok(Outcome::Exported { path: path.clone(), n_bytes })
            }
            Request::ImportPairs { path } => {
                let (gesture, problems) = import(path, &self.bench()?.catalog)?;
                Ok(Outcome::Imported { gesture, problems, path: path.clone() })
            }
            Request::CollectStatistics => {
                Ok(Outcome::Statistics(Box::new(collect_statistics(&self.bench()?.catalog))))
            }
            _ => Err(JobError::Refused(format!(
                "\"{}\" cannot be answered between other work",
                order.kind.label()
            ))),
        }
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

    fn open(&self, what: OpenWhat, context: &Context<'_>) -> Result<Outcome, JobError> {
        self.refuse_while_unsaved()?;
        let folder = what.folder();
        // The project that is open already keeps its lock; a second handle in this process would be read-only.
        let mine = self.ask_log(|answer| LogOrder::Release(folder.to_path_buf(), answer)).flatten();
        match (what, mine) {
            (OpenWhat::Project(_), Some(project)) => {
                let settings = project.settings().clone();
                self.reload(*project, settings, context)
            }
            (OpenWhat::Project(folder), None) => {
                let project = Project::open(&folder)?;
                let catalog = load_catalog(&project.settings().source, &project.settings().open, context)?;
                self.install(project, catalog)
            }
            (OpenWhat::Catalogue { source, options, .. }, Some(project)) => {
                let settings = ProjectSettings { source, open: options, ..project.settings().clone() };
                self.reload(*project, settings, context)
            }
            (OpenWhat::Catalogue { source, options, folder }, None) => {
                // Loaded before a folder is made for it, so that a mistyped path leaves nothing behind.
                let catalog = load_catalog(&source, &options, context)?;
                let project = open_catalog_project(&source, &options, Some(&folder))?;
                self.install(project, catalog)
            }
        }
    }

    /// Loads the catalogue of the project that is open anew; when that fails, what was open stays open.
    fn reload(
        &self,
        mut project: Project,
        settings: ProjectSettings,
        context: &Context<'_>,
    ) -> Result<Outcome, JobError> {
        match load_catalog(&settings.source, &settings.open, context) {
            Ok(catalog) => {
                // Work goes on when this cannot be saved; the window hears why.
                if *project.settings() != settings
                    && let Err(error) = project.save_settings(settings)
                {
                    context.reporter.note(&error.to_string());
                }
                self.install(project, catalog)
            }
            Err(error) => {
                let (store, _) = open_log(&project)?;
                // A writer that is gone has told so itself.
                let _ = self.log.send(LogOrder::Adopt(Box::new(project), Box::new(store)));
                Err(error)
            }
        }
    }

    fn install(&self, project: Project, catalog: Arc<crate::catalog::Catalog>) -> Result<Outcome, JobError> {
        let (store, entries) = open_log(&project)?;
        let settings = project.settings().clone();
        let opened = Opened {
            name: project.name(),
            folder: project.folder().to_path_buf(),
            settings: settings.clone(),
            access: project.access(),
            catalog: catalog.clone(),
            entries,
        };
        {
            let mut state = self.state.borrow_mut();
            let bench =
                Workbench::new(catalog, project.cache(), state.encoders.clone(), settings.encoder_options);
            state.bench = Some(Arc::new(bench));
            state.grounds.clear();
        }
        if self.log.send(LogOrder::Adopt(Box::new(project), Box::new(store))).is_err() {
            return Err(JobError::Refused(
                "the decision log cannot be written. Start the program again".to_owned(),
            ));
        }
        Ok(Outcome::Opened(Box::new(opened)))
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
        Ok(Outcome::Matched { matched: Arc::new(match_with(&grounds, &plan)?), generation })
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
    fn grounds_for(&self, settings: &MatchSettings) -> Option<Arc<Grounds>> {
        let mut state = self.state.borrow_mut();
        let at = state.grounds.iter().rposition(|grounds| grounds.serves(settings))?;
        let grounds = state.grounds.remove(at);
        state.grounds.push(grounds.clone());
        Some(grounds)
    }

    fn bench(&self) -> Result<Arc<Workbench>, JobError> {
        let bench = self.state.borrow().bench.clone();
        bench.ok_or_else(|| JobError::Refused("no catalogue is open. Open one first".to_owned()))
    }

    /// The open catalogue goes on with other encoders.
    fn replace_encoders(&self) {
        let mut state = self.state.borrow_mut();
        let Some(bench) = state.bench.clone() else { return };
        let new = Workbench::new(
            bench.catalog.clone(),
            bench.cache.clone(),
            state.encoders.clone(),
            bench.options.clone(),
        );
        state.bench = Some(Arc::new(new));
    }

    fn refuse_while_unsaved(&self) -> Result<(), JobError> {
        match self.ask_log(LogOrder::CountWaiting) {
            Some(n_waiting) if n_waiting > 0 => Err(JobError::Refused(format!(
                "{n_waiting} decisions of the open project are not saved yet. Retry or save a copy first"
            ))),
            _ => Ok(()),
        }
    }

    fn ask_log<T>(&self, order: impl FnOnce(Sender<T>) -> LogOrder) -> Option<T> {
        let (answer, answered) = channel();
        self.log.send(order(answer)).ok()?;
        answered.recv().ok()
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

/// What is opened.
enum OpenWhat {
    Project(std::path::PathBuf),
    Catalogue { source: crate::catalog::CatalogSource, options: OpenOptions, folder: std::path::PathBuf },
}

impl OpenWhat {
    fn folder(&self) -> &std::path::Path {
        match self {
            Self::Project(folder) | Self::Catalogue { folder, .. } => folder,
        }
    }
}

fn nothing_matched() -> JobError {
    JobError::Refused("nothing is matched yet. Wait for the first results".to_owned())
}
