//! Running graphs: which task next, on which thread, within how much memory.
//!
//! Nothing is kept for a task that has not begun. The order of the reads is found by walking the
//! graph depth first from its outputs; a task becomes ready when the last of its inputs is done, and
//! runs before any further read, so that partials are combined as early as they can be.

mod bits;
mod evaluate;
mod forecast;
mod outline;
mod plan;
mod run;
mod schedule;
mod stage;
mod stream;
mod trace;

use crate::array::Array;
use crate::block::Block;
use crate::error::{Error, Result};
use crate::graph::{Graph, Key, Layer};
use crate::grid::{unravel, Region};
use crate::kernels::reduction::Reduction;
use crate::source::ChunkSource;
use plan::Plan;
use run::Run;
use std::num::NonZeroUsize;
use std::sync::Arc;

pub use crate::cancel::CancelToken;
pub(crate) use evaluate::Value;
pub use outline::{LayerOutline, Outline};
pub use trace::{RunningTask, TaskRecord, TaskRun, TaskTotals, ThreadTime, MOST_RECORDS};

/// Who runs the tasks. Results are the same, bit for bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Scheduler {
    /// The calling thread, one task after the other.
    Serial,
    /// The threads of rayon's global pool. The calling thread waits and observes; from inside the
    /// pool it computes alone, as [`Scheduler::Serial`] does.
    #[default]
    Threads,
    /// At most so many of these threads.
    Workers(NonZeroUsize),
}

impl Scheduler {
    /// How many threads compute, of those there are.
    pub fn threads(self) -> usize {
        match self {
            Scheduler::Serial => 1,
            Scheduler::Threads => rayon::current_num_threads(),
            Scheduler::Workers(most) => most.get().min(rayon::current_num_threads()),
        }
    }
}

/// How far a computation is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// Tasks that are done.
    pub tasks_done: u64,
    /// Tasks in all.
    pub tasks_total: u64,
    /// Bytes moved from storage so far.
    pub bytes_read: u64,
    /// Bytes of results that wait to be used, and by estimate of the running tasks' blocks and of what they hold while they
    /// read.
    pub bytes_in_flight: u64,
    /// The most that [`Progress::bytes_in_flight`] has been, with the arrays that results are put into.
    pub bytes_peak: u64,
    /// Milliseconds since the computation began.
    pub elapsed_ms: f64,
}

/// A computation as it is at one moment.
pub struct Look<'a> {
    /// How far it is.
    pub progress: Progress,
    /// The tasks that have ended since the last look, in the order they did: of a computation the first
    /// [`MOST_RECORDS`], and all that failed.
    pub finished: Vec<TaskRecord>,
    /// The others that have ended since the last look.
    pub unrecorded: Vec<TaskRun>,
    /// Sums over all that have ended so far.
    pub totals: TaskTotals,
    /// The tasks that run now.
    pub running: Vec<RunningTask>,
    plan: &'a Plan,
    threads: usize,
    budget: u64,
}

impl Look<'_> {
    /// What it is going to do in all; the same at every look, and made anew each time.
    pub fn outline(&self) -> Outline {
        Outline::new(self.plan, self.threads, self.budget)
    }

    /// The graph it computes, or a part of.
    pub fn graph(&self) -> &Graph {
        self.plan.graph()
    }
}

/// Whoever wants to see a computation go on.
pub trait Observer {
    /// Called on the thread that asked for the computation: about every 50 ms, between tasks where that thread
    /// computes itself, and once at the end, whatever it is.
    fn tick(&self, look: &Look);
}

/// An observer that looks away.
impl Observer for () {
    fn tick(&self, _look: &Look) {}
}

/// How to run a graph.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Who runs the tasks.
    pub scheduler: Scheduler,
    /// Bytes that blocks in memory may take before reading waits. One task may always run, however large.
    pub memory_budget: u64,
    /// Stops the computation from elsewhere.
    pub cancel: &'a CancelToken,
    /// Sees it go on.
    pub observer: &'a dyn Observer,
}

/// The arrays as blocks in memory. What they share is computed once.
///
/// # Errors
/// A memory error if a result does not fit; otherwise the first error of a task, with its key, or an
/// interruption. The tasks that have begun by then are finished, or end where they may be stopped; no other is begun.
pub fn compute(arrays: &[Array], options: &Options) -> Result<Vec<Block>> {
    compute_graph(Graph::of(arrays), options)
}

/// The arrays of a graph, as [`compute`] gives them.
///
/// # Errors
/// Those of [`compute`].
pub fn compute_graph(graph: Graph, options: &Options) -> Result<Vec<Block>> {
    let outputs = graph.outputs().to_vec();
    let plan = Plan::of_arrays(graph, options.memory_budget)?;
    let finished = Run::new(plan, options).finish(options)?;
    let take = |(i, &layer): (usize, &usize)| finished.array(layer, outputs[i + 1..].contains(&layer));
    outputs.iter().enumerate().map(take).collect()
}

/// For each layer of `graph` the number of what it runs with: tasks of such layers at one position are one task to
/// the scheduler, so that the blocks between them never wait in memory. Nothing for layers that do not run, because
/// others read what they would. `budget` is [`Options::memory_budget`].
pub fn fusion(graph: &Graph, budget: u64) -> Vec<Option<usize>> {
    Plan::of_outputs(graph.clone(), budget).fusion()
}

/// What computing all of `graph` on `threads` threads is going to do; `budget` is [`Options::memory_budget`].
pub fn outline(graph: &Graph, threads: usize, budget: u64) -> Outline {
    let plan = Plan::of_outputs(graph.clone(), budget);
    plan.prepare();
    Outline::new(&plan, threads, budget)
}

/// What the task of `layer` at `position` reads of a source: its block, or what a slice takes of its input where that is
/// a source. Nothing for other layers.
pub fn read_by(layer: &Layer, position: usize) -> Option<(&dyn ChunkSource, Region)> {
    Some((&**evaluate::source_of(layer)?, evaluate::direct_region(layer, position)))
}

/// What a task of a graph makes.
#[derive(Clone, Debug)]
pub enum TaskResult {
    /// A block of an array.
    Block(Block),
    /// What a step of a reduction knows so far, where that is more than one number for each element: its
    /// fields, of one shape.
    Partial(Vec<(&'static str, Block)>),
}

impl TaskResult {
    fn new(value: Value) -> Result<TaskResult> {
        Ok(match value {
            Value::Block(block) => TaskResult::Block(Block::into_own(block)?),
            Value::Partial(partial, reduction) => {
                let mut fields = Arc::unwrap_or_clone(partial).fields;
                let names: &[&str] = match reduction.plain() {
                    Reduction::Mean => &["n", "total"],
                    Reduction::Var { .. } | Reduction::Std { .. } => &["n", "mean", "M2"],
                    Reduction::ArgMin | Reduction::ArgMax => &["vals", "arg", "n"],
                    _ => return Ok(TaskResult::Block(fields.swap_remove(0))),
                };
                TaskResult::Partial(names.iter().copied().zip(fields).collect())
            }
        })
    }

    /// The block, if the task makes just one.
    pub fn block(&self) -> Option<&Block> {
        match self {
            TaskResult::Block(block) => Some(block),
            TaskResult::Partial(_) => None,
        }
    }
}

/// The results of any tasks of a graph, in the order of `keys`; only what they need is computed.
///
/// # Errors
/// A key error for a key that is not in the graph; otherwise as [`compute`].
pub fn get(graph: &Graph, keys: &[Key], options: &Options) -> Result<Vec<TaskResult>> {
    let found = keys.iter().map(|key| graph.find(key)).collect::<Result<Vec<_>>>()?;
    let plan = Plan::of_blocks(graph.clone(), &found, options.memory_budget);
    let finished = Run::new(plan, options).finish(options)?;
    found
        .iter()
        .map(|&(layer, position)| {
            let value = finished.value(layer, position).ok_or_else(|| {
                let key = Key::new(graph.layers()[layer].name(), unravel(position, graph.layers()[layer].counts()));
                Error::internal(format!("{key} was not computed"))
            })?;
            TaskResult::new(value)
        })
        .collect()
}
