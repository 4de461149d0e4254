//! The two threads that see to model files: one downloads, one after the other, the other does what needs no network. Neither
//! touches the device or the decision log, so neither keeps them waiting.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Receiver;

use super::{Order, Outbox, Tokens, lock, panic_message};
use crate::encode::{Hub, ModelStore};
use crate::jobs::{
    Context, Event, JobError, JobId, ModelTask, Outcome, Progress, Reporter, Request, do_model_task,
    models_answer,
};

/// Runs until every sender is gone.
pub(super) fn run(inbox: Receiver<Order>, outbox: Outbox, tokens: Tokens) {
    let keeper = Keeper { inbox, outbox, tokens, waiting: RefCell::default() };
    loop {
        let next = keeper.waiting.borrow_mut().pop_front();
        let order = match next {
            Some(order) => order,
            None => match keeper.inbox.recv() {
                Ok(order) => order,
                Err(_) => return,
            },
        };
        keeper.serve(&order);
    }
}

struct Keeper {
    inbox: Receiver<Order>,
    outbox: Outbox,
    tokens: Tokens,
    waiting: RefCell<VecDeque<Order>>,
}

/// Turns a job's reports into events.
struct EventReporter<'a>(&'a Outbox, JobId);

impl Reporter for EventReporter<'_> {
    fn progress(&self, progress: &Progress) {
        self.0.post(Event::Progress { job: self.1, progress: progress.clone() });
    }
    fn note(&self, message: &str) {
        self.0.post(Event::Note { job: self.1, message: message.to_owned() });
    }
}

impl Keeper {
    fn serve(&self, order: &Order) {
        if order.cancel.is_cancelled() {
            return self.end(order, Event::Cancelled { job: order.job, kind: order.kind });
        }
        let Request::Models { folder, hub, task } = &order.request else { return };
        let reporter = EventReporter(&self.outbox, order.job);
        let between = || self.between();
        let context = Context { reporter: &reporter, cancel: order.cancel.clone(), between: &between };
        let result = catch_unwind(AssertUnwindSafe(|| {
            let store = ModelStore::resolve(folder.as_deref());
            let done = do_model_task(&store, &Hub::resolve(hub.as_deref()), task, &context)?;
            let ticket = match task {
                ModelTask::List => None,
                ModelTask::Get { ticket, .. }
                | ModelTask::Verify { ticket, .. }
                | ModelTask::Add { ticket, .. }
                | ModelTask::Remove { ticket, .. } => Some(*ticket),
            };
            Ok(Outcome::Models(Box::new(models_answer(&store, ticket, done))))
        }));
        let (job, kind) = (order.job, order.kind);
        let event = match result {
            Ok(Ok(outcome)) => Event::Finished { job, outcome },
            Ok(Err(JobError::Cancelled)) => Event::Cancelled { job, kind },
            Ok(Err(error)) => Event::Failed { job, kind, message: error.to_string() },
            Err(panic) => Event::Failed {
                job,
                kind,
                message: format!(
                    "{} failed by an error of this program: {}. Nothing is lost; try again",
                    kind.label(),
                    panic_message(&*panic)
                ),
            },
        };
        self.end(order, event);
    }

    /// While one thing is done, what waits and is no longer wanted is told so at once.
    fn between(&self) {
        while let Ok(order) = self.inbox.try_recv() {
            self.waiting.borrow_mut().push_back(order);
        }
        let mut waiting = self.waiting.borrow_mut();
        while let Some(at) = waiting.iter().position(|order| order.cancel.is_cancelled()) {
            if let Some(order) = waiting.remove(at) {
                self.end(&order, Event::Cancelled { job: order.job, kind: order.kind });
            }
        }
    }

    fn end(&self, order: &Order, event: Event) {
        lock(&self.tokens).remove(&order.job);
        self.outbox.post(event);
    }
}
