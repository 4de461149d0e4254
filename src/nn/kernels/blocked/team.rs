//! Workers that share the tasks of one step after the other. The one that asks does tasks itself; others come when they
//! have time. Nobody waits for a worker that has not come, so that two teams on one pool cannot wait for each other.
#![allow(
    unsafe_code,
    reason = "a job is lent to other workers for as long as it runs; every block carries its proof"
)]

use std::cell::{Cell, UnsafeCell};
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// A step's task: the worker (below [`Team::n_workers`]) and the number of the task.
type Job<'a> = dyn Fn(usize, usize) + Sync + 'a;

/// Who works together. Only one worker may hand out jobs, so a team cannot be shared.
pub(in crate::nn) struct Team<'a> {
    shared: Option<&'a Shared>,
    n_workers: usize,
    is_of_one_worker: PhantomData<Cell<()>>,
}

/// The current job. `state` is the number of tasks in its upper half and the next task in its lower half.
struct Shared {
    state: AtomicU64,
    n_done: AtomicUsize,
    is_over: AtomicBool,
    job: UnsafeCell<Option<*const Job<'static>>>,
}

// SAFETY: `job` is written only by the worker that owns the team, while no task is left to claim or running, and read only
// by workers that have claimed a task.
unsafe impl Sync for Shared {}

/// Spins before a worker lets others have the processor.
const N_SPINS: usize = 2000;

/// Runs `work` on this thread, with a team of as many workers as the current pool has. It begins at once, whoever comes later.
pub(in crate::nn) fn with_team<T>(work: impl FnOnce(&Team<'_>) -> T) -> T {
    let n_workers = rayon::current_num_threads();
    if n_workers < 2 {
        return work(&Team::alone());
    }
    let shared = Shared {
        state: AtomicU64::new(0),
        n_done: AtomicUsize::new(0),
        is_over: AtomicBool::new(false),
        job: UnsafeCell::new(None),
    };
    rayon::in_place_scope(|scope| {
        for worker in 1..n_workers {
            let shared = &shared;
            scope.spawn(move |_| shared.help(worker));
        }
        // Set however `work` ends, else the helpers would go on forever.
        let over = Over(&shared.is_over);
        let result = work(&Team { shared: Some(&shared), n_workers, is_of_one_worker: PhantomData });
        drop(over);
        result
    })
}

struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Counts a task as done however it ends.
struct Done<'a>(&'a AtomicUsize);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Release);
    }
}

impl Team<'_> {
    /// One worker: the caller.
    pub(in crate::nn) fn alone() -> Self {
        Team { shared: None, n_workers: 1, is_of_one_worker: PhantomData }
    }

    /// Workers that may come; scratch must be there for each.
    pub(in crate::nn) fn n_workers(&self) -> usize {
        self.n_workers
    }

    /// Runs `task` for every number below `n_tasks`, and returns when all are done.
    pub(super) fn run(&self, n_tasks: usize, task: impl Fn(usize, usize) + Sync) {
        let Some(shared) = self.shared.filter(|_| n_tasks > 1) else {
            (0..n_tasks).for_each(|number| task(0, number));
            return;
        };
        let job: &Job<'_> = &task;
        // SAFETY: only the lifetime changes. The job is called only for claimed tasks, and `wait` below returns only when
        // every task was claimed and is done, so no call outlives this borrow.
        let job: *const Job<'static> = unsafe { std::mem::transmute(job as *const Job<'_>) };
        shared.n_done.store(0, Ordering::Relaxed);
        // SAFETY: the job before is done (this function waits for it) and its tasks are all claimed, so nobody reads this.
        unsafe { *shared.job.get() = Some(job) };
        shared.state.store((n_tasks as u64) << 32, Ordering::Release);
        let waiting = Waiting { shared, n_tasks };
        while shared.claim_and_run(0) {}
        drop(waiting);
    }
}

/// Waits until all tasks are done, however the caller's own tasks end.
struct Waiting<'a> {
    shared: &'a Shared,
    n_tasks: usize,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // The tasks left are nobody's any more.
            while self.shared.claim().is_some() {
                self.shared.n_done.fetch_add(1, Ordering::Release);
            }
        }
        let mut n_spins = 0;
        while self.shared.n_done.load(Ordering::Acquire) < self.n_tasks {
            rest(&mut n_spins);
        }
    }
}

fn rest(n_spins: &mut usize) {
    *n_spins += 1;
    if *n_spins > N_SPINS {
        std::thread::yield_now();
    } else {
        std::hint::spin_loop();
    }
}

impl Shared {
    fn help(&self, worker: usize) {
        let mut n_spins = 0;
        while !self.is_over.load(Ordering::Acquire) {
            if self.claim_and_run(worker) {
                n_spins = 0;
            } else {
                rest(&mut n_spins);
            }
        }
    }

    /// The next task, now this worker's.
    fn claim(&self) -> Option<usize> {
        let mut state = self.state.load(Ordering::Acquire);
        loop {
            let next = state & 0xFFFF_FFFF;
            if next >= state >> 32 {
                return None;
            }
            // The word alone says which tasks are left, so whenever it is still the same the claim holds, even should a
            // later job have brought it back to this value.
            match self.state.compare_exchange_weak(state, state + 1, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Some(next as usize),
                Err(now) => state = now,
            }
        }
    }

    fn claim_and_run(&self, worker: usize) -> bool {
        let Some(number) = self.claim() else { return false };
        let done = Done(&self.n_done);
        // SAFETY: the task just claimed is not done, so `Team::run` has not returned: the job is the current one, was
        // written before the state that was read, and is alive.
        if let Some(job) = unsafe { *self.job.get() } {
            // SAFETY: as above.
            unsafe { (*job)(worker, number) };
        }
        drop(done);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_is_done_once_and_before_the_next_step() {
        with_team(|team| {
            for n_tasks in [0, 1, 2, 7, 100, 3, 1000] {
                let counts: Vec<AtomicUsize> = (0..n_tasks).map(|_| AtomicUsize::new(0)).collect();
                let n_workers = team.n_workers();
                team.run(n_tasks, |worker, number| {
                    assert!(worker < n_workers);
                    counts[number].fetch_add(1, Ordering::Relaxed);
                });
                assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == 1), "{n_tasks} tasks");
            }
        });
    }

    #[test]
    fn two_teams_on_one_pool_both_end() {
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let sum = AtomicUsize::new(0);
                        with_team(|team| {
                            team.run(10, |_, number| {
                                sum.fetch_add(number, Ordering::Relaxed);
                            });
                        });
                        assert_eq!(sum.into_inner(), 45);
                    }
                });
            }
        });
    }

    #[test]
    fn a_task_that_panics_ends_the_whole() {
        let caught = std::panic::catch_unwind(|| {
            with_team(|team| team.run(50, |_, number| assert!(number != 7, "seven")));
        });
        assert!(caught.is_err());
    }
}
