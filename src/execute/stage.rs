//! Stages: layers whose tasks at one position run together, so that the blocks between them never
//! wait in memory. A chunk that is read, added to and reduced in four ways is one stage.

use super::bits::{BitSet, Needed};
use super::evaluate::Value;
use crate::graph::layer::Operation;
use crate::graph::Graph;
use smallvec::SmallVec;
use std::collections::HashMap;

/// Where a layer of a stage finds one of its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// The stage's own result of that number.
    Own(usize),
    /// Blocks of another stage: the external edge of that number.
    External(usize),
    /// The source of the input layer, of which the step reads just what it takes.
    Direct,
}

/// One layer of a stage.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) layer: usize,
    pub(crate) inputs: Vec<Input>,
    /// The stage's own results that nothing in it needs after this step.
    pub(crate) last_use_of: Vec<usize>,
    /// Whether other stages take the result, or the user asked for it.
    pub(crate) escapes: bool,
    /// The edges, as layer and number, by which other stages take the result.
    pub(crate) consumers: Vec<(usize, usize)>,
    /// Later steps that reduce the same block over the same axes: they share the pass over it.
    pub(crate) shared_with: Vec<usize>,
    /// Whether another stage makes the same, and this one only does not want to wait in memory for it.
    pub(crate) repeated: bool,
}

impl Step {
    /// The blocks of each input: of the stage's own results so far, and of those of other stages by external edge.
    pub(crate) fn given<'a>(&self, own: &'a [Option<Value>], inputs: &'a [Vec<Value>]) -> SmallVec<[&'a [Value]; 2]> {
        let blocks = |input: &Input| match input {
            Input::External(edge) => inputs[*edge].as_slice(),
            Input::Own(other) => own[*other].as_slice(),
            Input::Direct => &[],
        };
        self.inputs.iter().map(blocks).collect()
    }
}

/// Layers that run together, block by block.
#[derive(Debug, Default)]
pub(crate) struct Stage {
    /// Inputs before the steps that take them.
    pub(crate) steps: Vec<Step>,
    /// Edges, as layer and number, whose blocks other stages make.
    pub(crate) externals: Vec<(usize, usize)>,
    /// Whether some step reads a source.
    pub(crate) reads: bool,
}

/// What stages are made from.
pub(crate) struct Demand<'a> {
    pub(crate) graph: &'a Graph,
    /// Which blocks of each layer are needed; none of a layer that is only read directly.
    pub(crate) needed: &'a [Needed],
    /// Whether the user asked for blocks of the layer.
    pub(crate) requested: &'a [bool],
    /// Whether a layer reads its input's source itself.
    pub(crate) direct: &'a [bool],
    /// Bytes of memory for blocks.
    pub(crate) budget: u64,
}

/// The stages of a computation, and the stage of each layer that it needs.
pub(crate) fn stages(demand: &Demand) -> (Vec<Stage>, Vec<usize>) {
    let count = demand.graph.layers().len();
    let groups = group(demand);
    let mut building =
        Building { demand, groups, stages: vec![], stage_of: vec![usize::MAX; count], steps: HashMap::new() };
    let mut numbers = vec![usize::MAX; count];
    for layer in (0..count).filter(|&layer| demand.needed[layer] != Needed::None) {
        let number = &mut numbers[building.groups[layer]];
        if *number == usize::MAX {
            *number = building.stages.len();
            building.stages.push(Stage::default());
        }
        building.stage_of[layer] = *number;
        building.add(layer, *number, false);
    }
    for stage in &mut building.stages {
        find_last_uses(stage);
        find_shared_passes(demand.graph, stage);
    }
    (building.stages, building.stage_of)
}

struct Building<'a> {
    demand: &'a Demand<'a>,
    groups: Vec<usize>,
    stages: Vec<Stage>,
    stage_of: Vec<usize>,
    /// The step that makes a layer within a stage.
    steps: HashMap<(usize, usize), usize>,
}

impl Building<'_> {
    fn add(&mut self, layer: usize, stage: usize, repeated: bool) {
        let graph = self.demand.graph;
        let mut inputs = vec![];
        for (edge, &input) in graph.inputs(layer).iter().enumerate() {
            if self.demand.direct[layer] {
                inputs.push(Input::Direct);
                continue;
            }
            if !self.steps.contains_key(&(stage, input)) && self.is_cheaper_again(layer, edge, input) {
                for again in self.upstream(input) {
                    if !self.steps.contains_key(&(stage, again)) {
                        self.add(again, stage, true);
                    }
                }
            }
            if let Some(&own) = self.steps.get(&(stage, input)) {
                inputs.push(Input::Own(own));
                continue;
            }
            inputs.push(Input::External(self.stages[stage].externals.len()));
            self.stages[stage].externals.push((layer, edge));
            // An empty block may take none: then nothing makes the input, unless for others.
            if let Some(step) = self.steps.get(&(self.stage_of[input], input)) {
                let step = &mut self.stages[self.stage_of[input]].steps[*step];
                step.escapes = true;
                step.consumers.push((layer, edge));
            }
        }
        let steps = &mut self.stages[stage].steps;
        self.steps.insert((stage, layer), steps.len());
        let escapes = self.demand.requested[layer] && !repeated;
        steps.push(Step {
            layer,
            inputs,
            last_use_of: vec![],
            escapes,
            consumers: vec![],
            shared_with: vec![],
            repeated,
        });
        self.stages[stage].reads |= graph.layers()[layer].source().is_some() || self.demand.direct[layer];
    }

    /// Whether to make `input` once more, block by block where `layer` takes it, instead of holding it:
    /// `layer` also waits for something made from all of it, and the budget does not hold it that long.
    fn is_cheaper_again(&self, layer: usize, edge: usize, input: usize) -> bool {
        let graph = self.demand.graph;
        let taken = &graph.layers()[input];
        let elements = taken.grid().shape().iter().fold(1u64, |n, &extent| n.saturating_mul(extent));
        let group = self.groups[input];
        graph.layers()[layer].edges[edge].identity
            && self.demand.needed[input] == self.demand.needed[layer]
            && elements.saturating_mul(taken.dtype().size() as u64) > self.demand.budget / 2
            && self.upstream(input).iter().all(|&other| self.groups[other] == group && !self.demand.direct[other])
    }

    /// `layer` and all layers it is made from, inputs first.
    fn upstream(&self, layer: usize) -> Vec<usize> {
        let mut seen = BitSet::default();
        let mut pending = vec![layer];
        let mut found = vec![];
        while let Some(next) = pending.pop() {
            if seen.insert(next) {
                found.push(next);
                pending.extend(self.demand.graph.inputs(next));
            }
        }
        found.sort_unstable();
        found
    }
}

/// For each layer the group it runs with, named by one of the group's layers.
///
/// A layer joins the groups of the inputs whose blocks it takes one for one, unless another of its
/// inputs is made from such a group's results: together they would wait for themselves.
fn group(demand: &Demand) -> Vec<usize> {
    let (graph, needed) = (demand.graph, demand.needed);
    let count = graph.layers().len();
    let mut groups: Vec<usize> = (0..count).collect();
    // For each group, the groups that must be done before any block of it can be: by their present names.
    let mut ancestors: Vec<BitSet> = vec![BitSet::default(); count];
    for layer in (0..count).filter(|&layer| needed[layer] != Needed::None && !demand.direct[layer]) {
        let inputs = graph.inputs(layer);
        let edges = &graph.layers()[layer].edges;
        let apart = |input: usize| {
            inputs.iter().zip(edges).all(|(&other, edge)| {
                let other_group = groups[other];
                if other_group == groups[input] {
                    edge.identity
                } else {
                    !ancestors[other_group].contains(groups[input])
                }
            })
        };
        let joined: Vec<usize> = inputs
            .iter()
            .zip(edges)
            .filter(|(&input, edge)| edge.identity && needed[input] == needed[layer] && apart(input))
            .map(|(&input, _)| groups[input])
            .collect();
        let before: Vec<usize> = inputs.iter().map(|&input| groups[input]).filter(|g| !joined.contains(g)).collect();
        let name = joined.first().copied().unwrap_or(layer);
        groups[layer] = name;
        join(&mut groups, &mut ancestors, name, &joined, &before);
    }
    groups
}

/// Makes the groups `joined` one group `name`, which waits for the groups `before`, and lets what waits for any of them wait for all.
fn join(groups: &mut [usize], ancestors: &mut [BitSet], name: usize, joined: &[usize], before: &[usize]) {
    let mut waits_for = ancestors[name].clone();
    for &other in joined.iter().chain(before) {
        add_all(&mut waits_for, &ancestors[other]);
    }
    for &other in before {
        waits_for.insert(other);
    }
    let grown = waits_for.count() > ancestors[name].count();
    ancestors[name] = waits_for.clone();
    let merged: Vec<usize> = joined.iter().copied().filter(|&other| other != name).collect();
    if !grown && merged.is_empty() {
        return;
    }
    for group in groups.iter_mut().filter(|group| merged.contains(group)) {
        *group = name;
    }
    for set in ancestors.iter_mut() {
        if set.contains(name) || merged.iter().any(|&other| set.contains(other)) {
            add_all(set, &waits_for);
            set.insert(name);
        }
    }
}

fn add_all(set: &mut BitSet, other: &BitSet) {
    let mut from = 0;
    while let Some(number) = other.next(from) {
        set.insert(number);
        from = number + 1;
    }
}

fn find_last_uses(stage: &mut Stage) {
    let mut last = vec![None; stage.steps.len()];
    for (number, step) in stage.steps.iter().enumerate() {
        last[number] = Some(number);
        for input in &step.inputs {
            if let Input::Own(own) = input {
                last[*own] = Some(number);
            }
        }
    }
    for (own, user) in last.into_iter().enumerate() {
        if let (Some(user), false) = (user, stage.steps[own].escapes) {
            stage.steps[user].last_use_of.push(own);
        }
    }
}

fn find_shared_passes(graph: &Graph, stage: &mut Stage) {
    let axes = |step: &Step| match &graph.layers()[step.layer].operation {
        Operation::Chunk { axes, .. } => Some(axes),
        _ => None,
    };
    let mut first_of = vec![];
    for (number, step) in stage.steps.iter().enumerate() {
        let Some(own_axes) = axes(step) else { continue };
        let first =
            stage.steps[..number].iter().position(|other| axes(other) == Some(own_axes) && other.inputs == step.inputs);
        first_of.extend(first.map(|first| (first, number)));
    }
    for (first, number) in first_of {
        stage.steps[first].shared_with.push(number);
    }
}
