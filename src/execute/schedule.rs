//! The scheduler's state: what is ready, what waits, what is held, and what may begin.

use super::evaluate::Value;
use super::plan::{Leaves, Node, NodeResult, Plan};
use super::trace::{TaskEnd, Trace};
use super::Progress;
use crate::clock::Spent;
use crate::error::{Error, Result};
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

/// A hasher for small integers (Fibonacci hashing): a task has to cost less than a microsecond.
#[derive(Default)]
pub(crate) struct IntegerHasher(u64);

impl Hasher for IntegerHasher {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u32(&mut self, n: u32) {
        self.write_u64(u64::from(n));
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = (self.0.rotate_left(23) ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_usize(&mut self, n: usize) {
        self.write_u64(n as u64);
    }
}

type IntegerMap<K, V> = HashMap<K, V, BuildHasherDefault<IntegerHasher>>;

/// Leaves of a run at most: with so many it hardly matters that it ends, and the queues stay small.
const LONGEST_RUN: usize = 4096;

/// A result that some task still needs.
struct Held {
    value: Value,
    uses: u32,
    bytes: u64,
}

/// A node to run, with the blocks it takes.
pub(crate) struct Job {
    pub(crate) node: Node,
    /// For each external edge of the stage, its blocks.
    pub(crate) inputs: Vec<Vec<Value>>,
    estimate: u64,
}

/// When a job ended, and what of its time was not computing.
pub(crate) struct Time {
    pub(crate) end_ms: f64,
    pub(crate) spent: Spent,
}

/// Everything that changes while a plan runs. Its size goes with what is in flight, and not with the graph.
pub(crate) struct Schedule {
    leaves: Leaves,
    /// The leaves that are next. There is one queue for all threads, with one leaf at a time; or, where sources prefer
    /// runs of neighbouring blocks, one for each thread, with a run.
    queues: Vec<VecDeque<Node>>,
    /// Leaves that a thread takes at a time.
    run: usize,
    /// Nodes whose inputs are all there; the last one is next.
    ready: Vec<Node>,
    /// The same for those that also read a source, and so wait for memory.
    ready_reads: Vec<Node>,
    /// For nodes with some inputs there, how many are not.
    waiting: IntegerMap<Node, u32>,
    held: IntegerMap<(u32, usize), Held>,
    budget: u64,
    running: usize,
    pub(crate) error: Option<Error>,
    pub(crate) progress: Progress,
    pub(crate) trace: Trace,
}

impl Schedule {
    /// Nothing done yet of `plan`. `threads` are all that may call [`Schedule::take`].
    pub(crate) fn new(plan: &Plan, budget: u64, threads: usize) -> Schedule {
        let queues = if plan.graph().prefers_runs() { threads.max(1) } else { 1 };
        let run = if queues == 1 { 1 } else { plan.leaf_count().div_ceil(queues).clamp(1, LONGEST_RUN) };
        Schedule {
            leaves: Leaves::new(plan),
            queues: vec![VecDeque::new(); queues],
            run,
            ready: vec![],
            ready_reads: vec![],
            waiting: IntegerMap::default(),
            held: IntegerMap::default(),
            budget,
            running: 0,
            error: None,
            progress: Progress { tasks_total: plan.tasks_total, ..Progress::default() },
            trace: Trace::default(),
        }
    }

    /// Whether a thread more would find something to do.
    pub(crate) fn has_work(&mut self, plan: &Plan) -> bool {
        let queue = self.queues.iter().position(|queue| !queue.is_empty()).unwrap_or(0);
        self.next(plan, queue).is_some()
    }

    /// The node that `thread` should run next, if one may begin now, and the bytes it is going to take.
    fn next(&mut self, plan: &Plan, thread: usize) -> Option<(Node, u64)> {
        if self.error.is_some() {
            return None;
        }
        if let Some(&node) = self.ready.last() {
            return Some((node, plan.estimate(node)));
        }
        let node = match self.ready_reads.last() {
            Some(&node) => node,
            None => self.next_leaf(plan, thread)?,
        };
        let estimate = plan.estimate(node);
        let fits = self.progress.bytes_in_flight.saturating_add(estimate) <= self.budget;
        (self.running == 0 || fits).then_some((node, estimate))
    }

    fn queue(&mut self, thread: usize) -> &mut VecDeque<Node> {
        let queues = self.queues.len();
        &mut self.queues[thread % queues]
    }

    /// The leaf that `thread` should run next. It takes a new run when it is through with its own, and in the end half of
    /// what another thread has before it (Hendler & Shavit 2002, "Non-blocking steal-half work queues"): as few and as
    /// long runs as can be. To begin elsewhere in a dropped file costs some ten milliseconds of the processors' time.
    fn next_leaf(&mut self, plan: &Plan, thread: usize) -> Option<Node> {
        if self.queue(thread).is_empty() {
            for _ in 0..self.run {
                let Some(leaf) = self.leaves.next(plan) else { break };
                self.queue(thread).push_back(leaf);
            }
        }
        if self.queue(thread).is_empty() {
            let longest = self.queues.iter_mut().max_by_key(|queue| queue.len())?;
            *self.queue(thread) = longest.split_off(longest.len() / 2);
        }
        self.queue(thread).front().copied()
    }

    /// Takes what [`Schedule::next`] gives out of the queues, with its inputs, for `thread` to run from `start_ms` on.
    pub(crate) fn take(&mut self, plan: &Plan, thread: usize, start_ms: f64) -> Option<Job> {
        let (node, estimate) = self.next(plan, thread)?;
        if self.ready.pop().is_none() && self.ready_reads.pop().is_none() {
            self.queue(thread).pop_front();
        }
        let mut inputs = vec![vec![]; plan.stage(node).externals.len()];
        plan.visit_inputs(node, |edge, layer, position| {
            if let Some(held) = self.held.get(&(layer as u32, position)) {
                inputs[edge].push(held.value.clone());
            }
        });
        self.running += 1;
        self.add_bytes(plan, estimate);
        self.trace.begin(node, thread, start_ms);
        Some(Job { node, inputs, estimate })
    }

    fn add_bytes(&mut self, plan: &Plan, bytes: u64) {
        self.progress.bytes_in_flight = self.progress.bytes_in_flight.saturating_add(bytes);
        // Reading does not wait for room for the results' arrays: they are not given back.
        let held = self.progress.bytes_in_flight.saturating_add(plan.result_bytes());
        self.progress.bytes_peak = self.progress.bytes_peak.max(held);
    }

    /// Notes that a job is done. Results that nothing needs any more are given back, to be dropped
    /// where no one waits for it.
    pub(crate) fn finish(&mut self, plan: &Plan, job: &Job, result: Result<NodeResult>, time: Time) -> Vec<Value> {
        self.running -= 1;
        let without = self.progress.bytes_in_flight.saturating_sub(job.estimate);
        if let Err(stopped) = &result {
            if stopped.is_interrupted() {
                // It has neither ended nor failed.
                self.trace.abandon(job.node);
                self.progress.bytes_in_flight = without;
                self.error.get_or_insert(Error::interrupted(stopped.message()));
                return vec![];
            }
        }
        let Time { end_ms, spent } = time;
        let (bytes_read, failed) = result.as_ref().map_or((0, true), |done| (done.bytes_read, false));
        let reads = plan.stage(job.node).reads;
        self.trace.end(job.node, reads, &TaskEnd { end_ms, spent, bytes_read, failed }, &self.progress);
        self.progress.bytes_in_flight = without;
        let done = match result {
            Ok(done) => done,
            Err(error) => {
                self.error.get_or_insert(error);
                return vec![];
            }
        };
        self.progress.tasks_done += plan.stage(job.node).steps.len() as u64;
        self.progress.bytes_read += done.bytes_read;
        for (step, value) in done.values {
            let mut uses = 0;
            plan.visit_consumers(job.node, step, |consumer| {
                uses += 1;
                self.input_done(plan, consumer);
            });
            if uses > 0 {
                let layer = plan.stage(job.node).steps[step].layer as u32;
                let bytes = value.bytes();
                self.add_bytes(plan, bytes);
                self.held.insert((layer, job.node.position), Held { value, uses, bytes });
            }
        }
        let mut released = vec![];
        plan.visit_inputs(job.node, |_, layer, position| {
            let key = (layer as u32, position);
            let Some(held) = self.held.get_mut(&key) else { return };
            held.uses -= 1;
            if held.uses == 0 {
                let bytes = held.bytes;
                self.progress.bytes_in_flight = self.progress.bytes_in_flight.saturating_sub(bytes);
                released.extend(self.held.remove(&key).map(|held| held.value));
            }
        });
        released
    }

    fn input_done(&mut self, plan: &Plan, node: Node) {
        let missing = self.waiting.entry(node).or_insert_with(|| plan.input_count(node));
        *missing -= 1;
        if *missing == 0 {
            self.waiting.remove(&node);
            if plan.stage(node).reads {
                self.ready_reads.push(node);
            } else {
                self.ready.push(node);
            }
        }
    }

    /// Whether every task is done.
    pub(crate) fn is_complete(&self) -> bool {
        self.progress.tasks_done == self.progress.tasks_total
    }
}
