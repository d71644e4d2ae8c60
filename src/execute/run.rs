//! One computation, from beginning to end, on one thread or many.

use super::evaluate::Value;
use super::plan::{NodeResult, Plan};
use super::schedule::{Job, Schedule, Time};
use super::trace;
use super::{CancelToken, Look, Options, Scheduler};
use crate::block::Block;
use crate::cancel;
use crate::clock::{self, Spent};
use crate::error::{Error, Result};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

/// How often the observer is called while other threads work.
const TICK_MS: f64 = 50.0;

/// How often a thread tries for the lock, which is held for a microsecond, before it sleeps until the lock is free: to
/// be sent to sleep and woken takes a tab many times as long. (The standard library tries, too, but by an instruction
/// to wait that WebAssembly has not, so that there it is over in no time.)
const SPINS: usize = 200;

/// A plan that runs.
pub(crate) struct Run {
    plan: Plan,
    cancel: CancelToken,
    threads: usize,
    budget: u64,
    state: Mutex<State>,
    idle: Condvar,
}

struct State {
    schedule: Schedule,
    /// Numbers for threads to come to work: those of the most there may be that none has.
    free: Vec<usize>,
}

impl Run {
    pub(crate) fn new(plan: Plan, options: &Options) -> Run {
        let threads = options.scheduler.threads();
        plan.prepare();
        let schedule = Schedule::new(&plan, options.memory_budget, threads);
        Run {
            plan,
            cancel: options.cancel.clone(),
            threads,
            budget: options.memory_budget,
            state: Mutex::new(State { schedule, free: (0..threads).rev().collect() }),
            idle: Condvar::new(),
        }
    }

    /// Runs the plan to its end.
    pub(crate) fn finish(self, options: &Options) -> Result<Finished> {
        let began = clock::now_ms();
        let run = Arc::new(self);
        let observe = || run.show(options, began);
        // A thread of the pool that waited for the pool could wait for itself.
        let serial = options.scheduler == Scheduler::Serial || rayon::current_thread_index().is_some();
        if serial {
            cancel::within(&run.cancel, || run.run_serial(&observe));
        } else {
            run.run_threads(&observe);
        }
        observe();
        let state = run.lock();
        let schedule = &state.schedule;
        if let Some(error) = &schedule.error {
            return Err(error.clone());
        }
        if !schedule.is_complete() {
            return Err(Error::internal(format!(
                "{} of {} tasks were done, and none of the others could begin",
                schedule.progress.tasks_done, schedule.progress.tasks_total
            )));
        }
        drop(state);
        Ok(Finished { run })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        for _ in 0..SPINS {
            match self.state.try_lock() {
                Ok(state) => return state,
                Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => std::hint::spin_loop(),
            }
        }
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the observer look.
    fn show(&self, options: &Options, began: f64) {
        let mut state = self.lock();
        let (mut progress, trace) = (state.schedule.progress, &mut state.schedule.trace);
        let (finished, unrecorded) = (trace.take_finished(), trace.take_unrecorded());
        let (totals, running) = (trace.totals(), trace.running());
        drop(state);
        progress.elapsed_ms = clock::now_ms() - began;
        let (plan, threads, budget) = (&self.plan, self.threads, self.budget);
        // Sorted here, where no thread waits for it.
        let unrecorded = trace::runs(unrecorded);
        let look = Look { progress, finished, unrecorded, totals, running, plan, threads, budget };
        options.observer.tick(&look);
    }

    fn run_serial(&self, observe: &dyn Fn()) {
        let mut last_tick = clock::now_ms();
        self.steps(
            0,
            |_| (),
            |now| {
                if now - last_tick >= TICK_MS {
                    last_tick = now;
                    observe();
                }
            },
        );
    }

    /// Keeps the pool at work, and this thread on watch, until no thread has anything to do.
    fn run_threads(self: &Arc<Self>, observe: &dyn Fn()) {
        let mut state = self.lock();
        self.invite(&mut state);
        while state.free.len() < self.threads {
            let waited = self.idle.wait_timeout(state, Duration::from_millis(TICK_MS as u64));
            let ended = waited.unwrap_or_else(PoisonError::into_inner).0.free.len() == self.threads;
            if !ended {
                observe();
            }
            state = self.lock();
        }
    }

    /// Has one more thread of the pool come to work, if there is work that may begin.
    fn invite(self: &Arc<Self>, state: &mut State) {
        // The pool may have more threads than may come: each that does has a number of those that may.
        if !state.free.is_empty() && state.schedule.has_work(&self.plan) {
            let Some(thread) = state.free.pop() else { return };
            let run = Arc::clone(self);
            rayon::spawn(move || run.work(thread));
        }
    }

    /// Runs nodes until none may begin; whoever finishes one that lets others begin invites more threads.
    fn work(self: Arc<Self>, thread: usize) {
        let steps = || self.steps(thread, |state| self.invite(state), |_| ());
        let worked = catch_unwind(AssertUnwindSafe(|| cancel::within(&self.cancel, steps)));
        let mut state = self.lock();
        if worked.is_err() {
            state.schedule.error.get_or_insert(Error::internal("a bug in Chunkbook: the scheduler panicked"));
        }
        state.free.push(thread);
        if state.free.len() == self.threads {
            self.idle.notify_all();
        }
    }

    /// Runs nodes on this thread until none may begin. `begun` is called when one is taken, and `between` with the time
    /// before it runs, when nobody waits.
    ///
    /// A node's end and the next one's begin are one moment: the clock and the lock cost as much as the least of tasks.
    fn steps(&self, thread: usize, begun: impl Fn(&mut State), mut between: impl FnMut(f64)) {
        let mut now = clock::now_ms();
        let mut ended: Option<(Job, Result<NodeResult>, Spent)> = None;
        loop {
            let mut state = self.lock();
            let schedule = &mut state.schedule;
            let released = match ended.take() {
                Some((job, result, spent)) => {
                    Some((schedule.finish(&self.plan, &job, result, Time { end_ms: now, spent }), job))
                }
                None => {
                    schedule.trace.enter(thread);
                    None
                }
            };
            if self.cancel.is_cancelled() {
                schedule.error.get_or_insert(Error::interrupted("the computation was stopped"));
            }
            let taken = schedule.take(&self.plan, thread, now);
            if taken.is_some() {
                begun(&mut state);
            }
            drop(state);
            drop(released);
            let Some(job) = taken else { return };
            between(now);
            clock::begin_task();
            let result = self.plan.run(job.node, &job.inputs);
            now = clock::now_ms();
            ended = Some((job, result, clock::take_spent()));
        }
    }
}

/// A plan that has run.
pub(crate) struct Finished {
    run: Arc<Run>,
}

impl Finished {
    /// The array that `layer` makes; `again` if it will be asked for once more.
    pub(crate) fn array(&self, layer: usize, again: bool) -> Result<Block> {
        self.run.plan.take_array(layer, again)
    }

    /// The block at `position` of `layer`.
    pub(crate) fn value(&self, layer: usize, position: usize) -> Option<Value> {
        self.run.plan.value(layer, position)
    }
}

impl Drop for Finished {
    /// Lets go of results now: a thread that has just ended may have the run a moment longer.
    fn drop(&mut self) {
        self.run.plan.forget_results();
    }
}
