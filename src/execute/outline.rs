//! What a computation is going to do, as far as it can be told beforehand.

use super::bits::Needed;
use super::forecast::{is_trees, most_held};
use super::plan::Plan;
use crate::graph::layer::Operation;
use crate::graph::link::Link;
use crate::graph::{Key, Layer};
use std::collections::HashMap;

/// The layers and stages of a computation, and what it will need.
#[derive(Clone, Debug, PartialEq)]
pub struct Outline {
    /// The layers, inputs before the layers that take them; numbered as in the graph.
    pub layers: Vec<LayerOutline>,
    /// Layers whose tasks at one position run as one, in the order they run.
    pub stages: Vec<Vec<usize>>,
    /// Tasks in all.
    pub tasks: u64,
    /// Bytes that the sources' arrays would take in memory whole, or what is asked for of them where that is less.
    pub naive_bytes: u64,
    /// The most bytes that will be held at once: by running tasks, one for each thread, by results that wait to be
    /// combined, and by the results' arrays.
    pub forecast_bytes: u64,
    /// Bytes of the results' arrays.
    pub result_bytes: u64,
    /// Whether the number of blocks that wait for others grows with that of the chunks: because they are taken more than
    /// once, or in another order than they are read.
    pub blocks_wait: bool,
    /// Bytes that blocks may take before reading waits.
    pub budget_bytes: u64,
    /// Threads that compute.
    pub threads: usize,
    /// Whether threads mostly wait for what they read: then they are more than there are processors.
    pub threads_wait: bool,
}

/// A layer of an [`Outline`].
#[derive(Clone, Debug, PartialEq)]
pub struct LayerOutline {
    /// The first element of its tasks' keys.
    pub name: String,
    /// What it does in a word or two, such as `sum-partial`.
    pub label: String,
    /// Number of blocks along each axis.
    pub counts: Vec<usize>,
    /// Extents of its first block, the largest as a rule.
    pub block: Vec<u64>,
    /// Extents of all its blocks together.
    pub shape: Vec<u64>,
    /// Element type of its blocks.
    pub dtype: &'static str,
    /// Bytes of all its blocks.
    pub bytes: u64,
    /// How many of its tasks run.
    pub tasks: usize,
    /// The layers whose blocks it takes.
    pub inputs: Vec<usize>,
    /// Of a step of a reduction that combines partials: for each axis of its input the axis of its own blocks that goes
    /// with it, and how many blocks of the input become one there; nothing where all of them do.
    pub combines: Option<Vec<Option<(usize, usize)>>>,
    /// What it reads, if it does, such as `testdata.hdf5:/data`; of a layer with an input, only the parts that it takes.
    pub source: Option<String>,
}

impl Outline {
    pub(crate) fn new(plan: &Plan, threads: usize, budget_bytes: u64) -> Outline {
        let graph = plan.graph();
        let layers: Vec<LayerOutline> = graph
            .layers()
            .iter()
            .enumerate()
            .map(|(number, layer)| {
                let shape = layer.grid().shape();
                let block = if layer.is_empty() { vec![0; shape.len()] } else { layer.block_shape(0) };
                LayerOutline {
                    name: layer.name().into(),
                    label: layer.label().into(),
                    counts: layer.counts().to_vec(),
                    bytes: layer.run_bytes(0, layer.len()),
                    block,
                    shape,
                    dtype: layer.dtype().name(),
                    tasks: plan.needed(number).count(layer.len()),
                    inputs: graph.inputs(number).to_vec(),
                    combines: combines(layer),
                    source: plan.source(number).map(|source| source.label()),
                }
            })
            .collect();
        let stages: Vec<Vec<usize>> =
            plan.stages.iter().map(|stage| stage.steps.iter().map(|step| step.layer).collect()).collect();
        let forecast_bytes = most_held(plan, threads, budget_bytes);
        Outline {
            layers,
            stages,
            tasks: plan.tasks_total,
            naive_bytes: naive_bytes(plan),
            forecast_bytes,
            result_bytes: plan.result_bytes(),
            blocks_wait: !is_trees(plan),
            budget_bytes,
            threads,
            threads_wait: graph.prefers_runs(),
        }
    }

    /// The key of the last of the tasks that run as one at `position` of `stage`.
    pub fn key(&self, stage: usize, position: usize) -> Option<Key> {
        let layer = &self.layers[*self.stages.get(stage)?.last()?];
        Some(Key::new(layer.name.clone(), crate::grid::unravel(position, &layer.counts)))
    }
}

/// What is read of each source, and no more than there is: several slices may have elements in common.
fn naive_bytes(plan: &Plan) -> u64 {
    let mut asked: HashMap<String, (u64, u64)> = HashMap::new();
    for (number, layer) in plan.graph().layers().iter().enumerate() {
        let Some(source) = plan.source(number) else { continue };
        let elements = source.shape().iter().fold(1u64, |elements, &extent| elements.saturating_mul(extent));
        let whole = elements.saturating_mul(source.dtype().size() as u64);
        let needed = plan.needed(number);
        let bytes = match needed {
            Needed::All => layer.run_bytes(0, layer.len()),
            _ => {
                let bytes = needed.positions(layer.len()).map(|position| layer.block_bytes(position));
                bytes.fold(0, u64::saturating_add)
            }
        };
        let (so_far, _) = asked.entry(source.identity()).or_insert((0, whole));
        *so_far = so_far.saturating_add(bytes);
    }
    asked.values().fold(0, |sum, &(bytes, whole)| sum.saturating_add(bytes.min(whole)))
}

fn combines(layer: &Layer) -> Option<Vec<Option<(usize, usize)>>> {
    if !matches!(layer.operation, Operation::Combine { .. } | Operation::Aggregate { .. }) {
        return None;
    }
    let along = |link: &Link| match *link {
        Link::Same { axis } => Some(Some((axis, 1))),
        Link::Group { axis, size } => Some(Some((axis, size))),
        Link::All | Link::First => Some(None),
        Link::Fixed(_) | Link::Overlap { .. } | Link::Picks { .. } => None,
    };
    layer.edges.first()?.links.iter().map(along).collect()
}
