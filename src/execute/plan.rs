//! What a computation needs, and in which order it is read.

use super::bits::{BitSet, Needed};
use super::evaluate::{direct_region, evaluate, evaluate_chunks, read_slice, source_of, Value};
use super::stage::{stages, Demand, Input, Stage, Step};
use super::stream::Stream;
use crate::block::Block;
use crate::cancel::checkpoint;
use crate::error::{Error, Result};
use crate::graph::layer::Operation;
use crate::graph::Graph;
use crate::grid::Region;
use crate::source::ChunkSource;
use smallvec::{smallvec, SmallVec};
use std::collections::HashMap;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{Arc, Mutex, PoisonError};

/// A block of all layers of a stage: what a thread runs at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Node {
    pub(crate) stage: u32,
    pub(crate) position: usize,
}

/// Where the results go that the user asked for.
enum Request {
    /// The whole array, put together as blocks are done.
    Array(Mutex<Block>),
    /// Some blocks, or the only one of an array.
    Blocks(Mutex<HashMap<usize, Value>>),
}

/// A graph, and what of it is to be computed.
pub(crate) struct Plan {
    graph: Graph,
    needed: Vec<Needed>,
    requests: Vec<Option<Request>>,
    /// The layers and blocks that were asked for, in order.
    roots: Vec<(usize, Needed)>,
    pub(crate) stages: Vec<Stage>,
    stage_of: Vec<usize>,
    /// How each stage streams, if it does.
    streams: Vec<Option<Stream>>,
    /// Whether a layer reads its input's source itself.
    direct: Vec<bool>,
    pub(crate) tasks_total: u64,
    result_bytes: u64,
}

/// What running a node gave.
pub(crate) struct NodeResult {
    /// The results that other stages take, by step.
    pub(crate) values: SmallVec<[(usize, Value); 2]>,
    pub(crate) bytes_read: u64,
}

impl Plan {
    /// Everything that the graph's arrays need, and room for the arrays themselves. `budget` is the bytes of
    /// memory for blocks, beyond which reading twice is better than holding.
    ///
    /// # Errors
    /// A memory error when there is no such room.
    pub(crate) fn of_arrays(graph: Graph, budget: u64) -> Result<Plan> {
        let mut requests: Vec<Option<Request>> = graph.layers().iter().map(|_| None).collect();
        let mut roots = vec![];
        for &output in graph.outputs() {
            if requests[output].is_some() {
                continue;
            }
            let layer = &graph.layers()[output];
            requests[output] = Some(if layer.len() == 1 {
                Request::Blocks(Mutex::default())
            } else {
                let extents = Region::whole(&layer.grid().shape()).extents()?;
                Request::Array(Mutex::new(Block::zeros(layer.dtype(), &extents)?))
            });
            roots.push((output, Needed::All));
        }
        let result_bytes = result_bytes(&graph);
        Ok(Plan { result_bytes, ..Plan::new(graph, requests, roots, budget) })
    }

    /// Everything that the graph's arrays need, for looking at it: there is no room for results.
    pub(crate) fn of_outputs(graph: Graph, budget: u64) -> Plan {
        let requested = |layer| graph.outputs().contains(&layer).then(|| Request::Blocks(Mutex::default()));
        let requests = (0..graph.layers().len()).map(requested).collect();
        let roots = graph.outputs().iter().map(|&output| (output, Needed::All)).collect();
        let result_bytes = result_bytes(&graph);
        Plan { result_bytes, ..Plan::new(graph, requests, roots, budget) }
    }

    /// For each layer the stage it is part of.
    pub(crate) fn fusion(&self) -> Vec<Option<usize>> {
        self.stage_of.iter().map(|&stage| (stage != usize::MAX).then_some(stage)).collect()
    }

    /// What the blocks at those layers and positions need.
    pub(crate) fn of_blocks(graph: Graph, blocks: &[(usize, usize)], budget: u64) -> Plan {
        let mut requests: Vec<Option<Request>> = graph.layers().iter().map(|_| None).collect();
        let mut roots: Vec<(usize, Needed)> = vec![];
        for &(layer, position) in blocks {
            requests[layer].get_or_insert_with(|| Request::Blocks(Mutex::default()));
            let root = roots.iter().position(|root| root.0 == layer).unwrap_or_else(|| {
                roots.push((layer, Needed::None));
                roots.len() - 1
            });
            roots[root].1.insert(position, graph.layers()[layer].len());
        }
        Plan::new(graph, requests, roots, budget)
    }

    fn new(graph: Graph, requests: Vec<Option<Request>>, roots: Vec<(usize, Needed)>, budget: u64) -> Plan {
        let mut needed = needed(&graph, &roots);
        let requested: Vec<bool> = requests.iter().map(Option::is_some).collect();
        let direct = direct(&graph, &mut needed, &requested);
        let demand = Demand { graph: &graph, needed: &needed, requested: &requested, direct: &direct, budget };
        let (stages, stage_of) = stages(&demand);
        let tasks = |stage: &Stage| {
            let layer = stage.steps[0].layer;
            (stage.steps.len() * needed[layer].count(graph.layers()[layer].len())) as u64
        };
        let tasks_total = stages.iter().map(tasks).sum();
        let streams = stages.iter().map(|stage| Stream::of(&graph, stage, &requested)).collect();
        Plan { graph, needed, requests, roots, stages, stage_of, streams, direct, tasks_total, result_bytes: 0 }
    }

    pub(crate) fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The source that the tasks of `layer` read, whole or in parts.
    pub(crate) fn source(&self, layer: usize) -> Option<&Arc<dyn ChunkSource>> {
        let rule = &self.graph.layers()[layer];
        if self.direct[layer] {
            source_of(rule)
        } else {
            rule.source()
        }
    }

    /// Has the sources read what their reads need first: later it would be while threads wait.
    pub(crate) fn prepare(&self) {
        let needed = (0..self.needed.len()).filter(|&layer| self.needed[layer] != Needed::None);
        needed.filter_map(|layer| self.source(layer)).for_each(|source| source.prepare());
    }

    /// Bytes of the arrays that results are put into, which are there from the beginning.
    pub(crate) fn result_bytes(&self) -> u64 {
        self.result_bytes
    }

    /// Which blocks of a layer are needed.
    pub(crate) fn needed(&self, layer: usize) -> &Needed {
        &self.needed[layer]
    }

    /// The layers and blocks that were asked for.
    pub(crate) fn roots(&self) -> &[(usize, Needed)] {
        &self.roots
    }

    /// Number of blocks of a layer.
    pub(crate) fn layer_len(&self, layer: usize) -> usize {
        self.graph.layers()[layer].len()
    }

    /// The node that makes the block at `position` of `layer`.
    pub(crate) fn node(&self, layer: usize, position: usize) -> Node {
        Node { stage: self.stage_of[layer] as u32, position }
    }

    pub(crate) fn stage(&self, node: Node) -> &Stage {
        &self.stages[node.stage as usize]
    }

    /// Number of nodes that take no block of another.
    pub(crate) fn leaf_count(&self) -> usize {
        let leaves = self.stages.iter().filter(|stage| stage.externals.is_empty()).map(|stage| stage.steps[0].layer);
        leaves.map(|layer| self.needed[layer].count(self.layer_len(layer))).sum()
    }

    /// Calls `visit` with each block of another stage that `node` takes, as number of the external edge,
    /// layer and position, in order.
    pub(crate) fn visit_inputs(&self, node: Node, mut visit: impl FnMut(usize, usize, usize)) {
        for (number, &(layer, edge)) in self.stage(node).externals.iter().enumerate() {
            let input = self.graph.inputs(layer)[edge];
            self.graph.layers()[layer].visit_inputs(edge, node.position, |position| visit(number, input, position));
        }
    }

    /// Number of blocks of other stages that `node` takes; a block taken twice counts twice.
    pub(crate) fn input_count(&self, node: Node) -> u32 {
        let mut count = 0;
        self.visit_inputs(node, |_, _, _| count += 1);
        count
    }

    /// Calls `visit` with each node that takes the result of step `step` of `node`, as often as it takes it.
    pub(crate) fn visit_consumers(&self, node: Node, step: usize, mut visit: impl FnMut(Node)) {
        for &(layer, edge) in &self.stage(node).steps[step].consumers {
            self.graph.layers()[layer].visit_consumers(edge, node.position, |position| {
                if self.needed[layer].contains(position) {
                    visit(self.node(layer, position));
                }
            });
        }
    }

    /// The most bytes that the stage's own blocks take at once while `node` runs.
    pub(crate) fn estimate(&self, node: Node) -> u64 {
        let stage = self.stage(node);
        let streams = self.streams[node.stage as usize].as_ref();
        if let Some(bytes) = streams.and_then(|stream| stream.estimate(&self.graph, stage, node.position)) {
            return bytes;
        }
        let steps = &stage.steps;
        let bytes = |step: usize| {
            let layer = &self.graph.layers()[steps[step].layer];
            if steps[step].inputs.contains(&Input::Direct) {
                let read = direct_region(layer, node.position).checked_len().unwrap_or(u64::MAX);
                return read.saturating_mul(layer.dtype().size() as u64);
            }
            layer.block_bytes(node.position)
        };
        let (mut now, mut peak) = (0u64, 0u64);
        for (number, step) in steps.iter().enumerate() {
            now = now.saturating_add(bytes(number));
            peak = peak.max(now.saturating_add(self.scratch_bytes(step, node.position)));
            for &done in &step.last_use_of {
                now -= bytes(done);
            }
        }
        peak
    }

    /// What a step holds beside its block while it reads.
    fn scratch_bytes(&self, step: &Step, position: usize) -> u64 {
        let layer = &self.graph.layers()[step.layer];
        let source = self.source(step.layer).filter(|source| source.has_scratch());
        source.map_or(0, |source| source.scratch_bytes(&direct_region(layer, position)))
    }

    /// Runs `node`. `inputs` has, for each external edge of the stage, the blocks it takes, in order.
    ///
    /// # Errors
    /// The error of the task that failed, with its key; a panic is one.
    pub(crate) fn run(&self, node: Node, inputs: &[Vec<Value>]) -> Result<NodeResult> {
        let stage = self.stage(node);
        let mut own: SmallVec<[Option<Value>; 4]> = smallvec![None; stage.steps.len()];
        let mut values = SmallVec::new();
        let mut bytes_read = 0;
        let mut streamed = None;
        if let Some(stream) = &self.streams[node.stage as usize] {
            let run = || stream.run(&self.graph, stage, node.position, inputs, &mut own);
            let read = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
                let key = self.graph.layers()[stage.steps[0].layer].key(node.position);
                Err(panic_error(&*panic).at(key.to_string()))
            })?;
            bytes_read += read.unwrap_or(0);
            streamed = read.map(|_| stream);
        }
        for (number, step) in stage.steps.iter().enumerate() {
            if streamed.is_some_and(|stream| stream.is_piecewise(number)) {
                continue;
            }
            let layer = &self.graph.layers()[step.layer];
            let task = || -> Result<(SmallVec<[Value; 2]>, u64)> {
                checkpoint()?;
                if let Some(shared) = &own[number] {
                    return Ok((smallvec![shared.clone()], 0));
                }
                if step.inputs.contains(&Input::Direct) {
                    return read_slice(layer, node.position).map(|(value, read)| (smallvec![value], read));
                }
                let given = step.given(&own, inputs);
                if !step.shared_with.is_empty() {
                    let sharing = step.shared_with.iter().map(|&other| stage.steps[other].layer);
                    let layers = std::iter::once(step.layer).chain(sharing).map(|layer| &*self.graph.layers()[layer]);
                    return Ok((evaluate_chunks(layers, &given)?, 0));
                }
                evaluate(layer, node.position, &given).map(|(value, read)| (smallvec![value], read))
            };
            let (made, read) = catch_unwind(AssertUnwindSafe(task))
                .unwrap_or_else(|panic| Err(panic_error(&*panic)))
                .map_err(|error| error.at(layer.key(node.position).to_string()))?;
            bytes_read += read;
            for (number, value) in std::iter::once(number).chain(step.shared_with.iter().copied()).zip(made) {
                own[number] = Some(value);
            }
            if let (Some(request), Some(value), false) = (&self.requests[step.layer], &own[number], step.repeated) {
                self.keep(request, step.layer, node.position, value)?;
            }
            for &done in &step.last_use_of {
                own[done] = None;
            }
        }
        for (number, step) in stage.steps.iter().enumerate() {
            if !step.consumers.is_empty() {
                values.extend(own[number].take().map(|value| (number, value)));
            }
        }
        Ok(NodeResult { values, bytes_read })
    }

    fn keep(&self, request: &Request, layer: usize, position: usize, value: &Value) -> Result<()> {
        let poisoned = |_| Error::internal("a result was lost when another task panicked");
        match request {
            Request::Blocks(blocks) => {
                let mut blocks = blocks.lock().map_err(|_| poisoned(()))?;
                let asked = self.roots.iter().any(|(root, blocks)| *root == layer && blocks.contains(position));
                if asked {
                    blocks.insert(position, value.clone());
                }
            }
            Request::Array(array) => {
                let region = {
                    let layer = &self.graph.layers()[layer];
                    layer.grid().region_at(position)
                };
                let start: Vec<usize> = region.start.iter().map(|&start| start as usize).collect();
                crate::memory::paste(&mut *array.lock().map_err(|_| poisoned(()))?, &start, value.block()?)?;
            }
        }
        Ok(())
    }

    /// The array that `layer` makes, once it is computed; `again` if it is asked for once more.
    pub(crate) fn take_array(&self, layer: usize, again: bool) -> Result<Block> {
        let missing = || Error::internal("an array was not computed");
        match self.requests[layer].as_ref().ok_or_else(missing)? {
            Request::Array(array) => {
                let mut array = array.lock().map_err(|_| missing())?;
                if again {
                    return Ok(array.clone());
                }
                let nothing = Block::zeros(array.dtype(), &[0])?;
                Ok(std::mem::replace(&mut *array, nothing))
            }
            Request::Blocks(blocks) => {
                let mut blocks = blocks.lock().map_err(|_| missing())?;
                let value = if again { blocks.get(&0).cloned() } else { blocks.remove(&0) };
                match value.ok_or_else(missing)? {
                    Value::Block(block) => Block::into_own(block),
                    Value::Partial(..) => Err(Error::internal("a partial where an array was expected")),
                }
            }
        }
    }

    /// Lets go of the blocks that were asked for.
    pub(crate) fn forget_results(&self) {
        for request in self.requests.iter().flatten() {
            if let Request::Blocks(blocks) = request {
                blocks.lock().unwrap_or_else(PoisonError::into_inner).clear();
            }
        }
    }

    /// The block at `position` of `layer`, once it is computed.
    pub(crate) fn value(&self, layer: usize, position: usize) -> Option<Value> {
        match self.requests[layer].as_ref()? {
            Request::Blocks(blocks) => blocks.lock().ok()?.get(&position).cloned(),
            Request::Array(_) => None,
        }
    }
}

/// The layers that slice a source nobody else needs: they read their part of it, and the source's own blocks are no
/// longer needed.
fn direct(graph: &Graph, needed: &mut [Needed], requested: &[bool]) -> Vec<bool> {
    let mut uses = vec![0; graph.layers().len()];
    let taking = (0..graph.layers().len()).filter(|&layer| needed[layer] != Needed::None);
    for layer in taking.clone() {
        for &input in graph.inputs(layer) {
            uses[input] += 1;
        }
    }
    let mut direct = vec![false; graph.layers().len()];
    for layer in taking.collect::<Vec<_>>() {
        if !matches!(graph.layers()[layer].operation, Operation::Slice { .. }) {
            continue;
        }
        let input = graph.inputs(layer)[0];
        if graph.layers()[input].source().is_some() && uses[input] == 1 && !requested[input] {
            direct[layer] = true;
            needed[input] = Needed::None;
        }
    }
    direct
}

/// Which blocks of every layer are needed to make the roots.
fn needed(graph: &Graph, roots: &[(usize, Needed)]) -> Vec<Needed> {
    let mut needed: Vec<Needed> = vec![Needed::None; graph.layers().len()];
    for (layer, blocks) in roots {
        needed[*layer] = blocks.clone();
    }
    for (number, layer) in graph.layers().iter().enumerate().rev() {
        let own = std::mem::replace(&mut needed[number], Needed::None);
        for (edge, &input) in graph.inputs(number).iter().enumerate() {
            if needed[input] == Needed::All {
                continue;
            }
            if own == Needed::All && layer.edges[edge].takes_all() {
                needed[input] = Needed::All;
                continue;
            }
            let bound = graph.layers()[input].len();
            for position in own.positions(layer.len()) {
                layer.visit_inputs(edge, position, |block| needed[input].insert(block, bound));
            }
        }
        needed[number] = own;
    }
    needed
}

/// What [`Plan::of_arrays`] makes for the arrays of a graph: a single block is not put into another.
fn result_bytes(graph: &Graph) -> u64 {
    let mut outputs = graph.outputs().to_vec();
    outputs.sort_unstable();
    outputs.dedup();
    let layers = outputs.into_iter().map(|output| &graph.layers()[output]).filter(|layer| layer.len() != 1);
    layers.map(|layer| layer.run_bytes(0, layer.len())).fold(0, u64::saturating_add)
}

fn panic_error(panic: &(dyn std::any::Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Error::internal(format!(
        "a bug in Chunkbook: the task panicked ({}); other results are not affected",
        text.unwrap_or("without a message")
    ))
}

/// The nodes that need no other, depth first from the roots: each once, lazily.
pub(crate) struct Leaves {
    root: usize,
    position: usize,
    stack: Vec<Node>,
    /// For each stage the positions that were met.
    seen: Vec<Option<BitSet>>,
}

impl Leaves {
    pub(crate) fn new(plan: &Plan) -> Leaves {
        Leaves { root: 0, position: 0, stack: vec![], seen: vec![None; plan.stages.len()] }
    }

    /// The next one, if there is any left.
    pub(crate) fn next(&mut self, plan: &Plan) -> Option<Node> {
        loop {
            let node = match self.stack.pop() {
                Some(node) => node,
                None => self.next_root(plan)?,
            };
            let stage = plan.stage(node);
            let len = || plan.layer_len(stage.steps[0].layer);
            let seen = self.seen[node.stage as usize].get_or_insert_with(|| BitSet::new(len()));
            if !seen.insert(node.position) {
                continue;
            }
            let first = self.stack.len();
            plan.visit_inputs(node, |_, layer, position| self.stack.push(plan.node(layer, position)));
            if self.stack.len() == first {
                return Some(node);
            }
            self.stack[first..].reverse();
        }
    }

    fn next_root(&mut self, plan: &Plan) -> Option<Node> {
        loop {
            let (layer, needed) = plan.roots().get(self.root)?;
            if let Some(position) = needed.next(self.position, plan.layer_len(*layer)) {
                self.position = position + 1;
                return Some(plan.node(*layer, position));
            }
            self.root += 1;
            self.position = 0;
        }
    }
}
