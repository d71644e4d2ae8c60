//! One computation, from beginning to end, on one thread or many.

use super::evaluate::Value;
use super::plan::Plan;
use super::schedule::Schedule;
use super::{CancelToken, Options, Progress, Scheduler, Trace};
use crate::block::Block;
use crate::error::{Error, Result};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often the observer is called while other threads work.
const TICK_MS: f64 = 50.0;

/// A plan that runs.
pub(crate) struct Run {
    plan: Plan,
    cancel: CancelToken,
    threads: usize,
    trace: Option<Arc<Trace>>,
    state: Mutex<State>,
    idle: Condvar,
}

struct State {
    schedule: Schedule,
    /// Threads that are at work, or about to be.
    workers: usize,
}

impl Run {
    pub(crate) fn new(plan: Plan, options: &Options) -> Run {
        let schedule = Schedule::new(&plan, options.memory_budget);
        let threads = match options.scheduler {
            Scheduler::Serial => 1,
            Scheduler::Threads => rayon::current_num_threads(),
        };
        Run {
            plan,
            cancel: options.cancel.clone(),
            threads,
            trace: options.trace.cloned(),
            state: Mutex::new(State { schedule, workers: 0 }),
            idle: Condvar::new(),
        }
    }

    /// Runs the plan to its end.
    pub(crate) fn finish(self, options: &Options) -> Result<Finished> {
        let began = options.clock.now_ms();
        let observe = |progress: Progress| {
            options.observer.tick(&Progress { elapsed_ms: options.clock.now_ms() - began, ..progress });
        };
        // A thread of the pool that waited for the pool could wait for itself.
        let serial = options.scheduler == Scheduler::Serial || rayon::current_thread_index().is_some();
        let run = Arc::new(self);
        if serial {
            run.run_serial(options, &observe);
        } else {
            run.run_threads(&observe);
        }
        let state = run.lock();
        let schedule = &state.schedule;
        observe(schedule.progress);
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
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run_serial(&self, options: &Options, observe: &dyn Fn(Progress)) {
        let mut last_tick = options.clock.now_ms();
        while self.step(|_| ()) {
            let now = options.clock.now_ms();
            if now - last_tick >= TICK_MS {
                last_tick = now;
                let progress = self.lock().schedule.progress;
                observe(progress);
            }
        }
    }

    /// Keeps the pool at work, and this thread on watch, until no thread has anything to do.
    fn run_threads(self: &Arc<Self>, observe: &dyn Fn(Progress)) {
        let mut state = self.lock();
        self.invite(&mut state);
        while state.workers > 0 {
            let waited = self.idle.wait_timeout(state, Duration::from_millis(TICK_MS as u64));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            let progress = state.schedule.progress;
            drop(state);
            observe(progress);
            state = self.lock();
        }
    }

    /// Has one more thread of the pool come to work, if there is work that may begin.
    fn invite(self: &Arc<Self>, state: &mut State) {
        if state.workers < self.threads && state.schedule.next(&self.plan).is_some() {
            state.workers += 1;
            let run = Arc::clone(self);
            rayon::spawn(move || run.work());
        }
    }

    /// Runs nodes until none may begin; whoever finishes one that lets others begin invites more threads.
    fn work(self: Arc<Self>) {
        let worked = catch_unwind(AssertUnwindSafe(|| while self.step(|state| self.invite(state)) {}));
        let mut state = self.lock();
        if worked.is_err() {
            state.schedule.error.get_or_insert(Error::internal("a bug in Chunkbook: the scheduler panicked"));
        }
        state.workers -= 1;
        if state.workers == 0 {
            self.idle.notify_all();
        }
    }

    /// Runs one node; whether there was one. `begun` is called once it is taken.
    fn step(&self, begun: impl FnOnce(&mut State)) -> bool {
        let mut state = self.lock();
        if self.cancel.is_cancelled() {
            state.schedule.error.get_or_insert(Error::interrupted("the computation was stopped"));
        }
        let Some(job) = state.schedule.take(&self.plan) else { return false };
        begun(&mut state);
        drop(state);
        let start_ms = self.trace.as_ref().map(|trace| trace.now_ms());
        let result = self.plan.run(job.node, &job.inputs);
        if let (Some(trace), Some(start_ms)) = (&self.trace, start_ms) {
            let bytes_read = result.as_ref().map_or(0, |result| result.bytes_read);
            trace.add(|| self.plan.record(job.node, bytes_read, start_ms, trace.now_ms()));
        }
        let released = self.lock().schedule.finish(&self.plan, &job, result);
        drop((released, job));
        true
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
