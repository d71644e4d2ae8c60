//! Stages: layers whose tasks at one position run together, so that the blocks between them never
//! wait in memory. A chunk that is read, added to and reduced in four ways is one stage.

use super::bits::{BitSet, Needed};
use crate::graph::Graph;

/// Where a layer of a stage finds one of its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// The stage's own result of that number.
    Own(usize),
    /// Blocks of another stage: the external edge of that number.
    External(usize),
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
}

/// Layers that run together, block by block.
#[derive(Debug)]
pub(crate) struct Stage {
    /// Inputs before the steps that take them.
    pub(crate) steps: Vec<Step>,
    /// Edges, as layer and number, whose blocks other stages make.
    pub(crate) externals: Vec<(usize, usize)>,
    /// Whether some step reads a source.
    pub(crate) reads: bool,
}

/// The stages of a computation, and the stage of each layer that it needs.
pub(crate) fn stages(graph: &Graph, needed: &[Needed], requested: &[bool]) -> (Vec<Stage>, Vec<usize>) {
    let groups = group(graph, needed);
    let mut stages: Vec<Stage> = vec![];
    let mut numbers = vec![usize::MAX; graph.layers().len()];
    let mut stage_of = vec![usize::MAX; graph.layers().len()];
    let mut step_of = vec![usize::MAX; graph.layers().len()];
    for layer in 0..graph.layers().len() {
        if needed[layer] == Needed::None {
            continue;
        }
        let number = &mut numbers[groups[layer]];
        if *number == usize::MAX {
            *number = stages.len();
            stages.push(Stage { steps: vec![], externals: vec![], reads: false });
        }
        stage_of[layer] = *number;
        let number = *number;
        let mut inputs = vec![];
        for (edge, &input) in graph.inputs(layer).iter().enumerate() {
            if stage_of[input] == number {
                inputs.push(Input::Own(step_of[input]));
            } else {
                inputs.push(Input::External(stages[number].externals.len()));
                stages[number].externals.push((layer, edge));
                let step = &mut stages[stage_of[input]].steps[step_of[input]];
                step.escapes = true;
                step.consumers.push((layer, edge));
            }
        }
        let stage = &mut stages[number];
        step_of[layer] = stage.steps.len();
        stage.reads |= graph.layers()[layer].source().is_some();
        let escapes = requested[layer];
        stage.steps.push(Step { layer, inputs, last_use_of: vec![], escapes, consumers: vec![] });
    }
    for stage in &mut stages {
        find_last_uses(stage);
    }
    (stages, stage_of)
}

/// For each layer the group it runs with, named by one of the group's layers.
///
/// A layer joins the groups of the inputs whose blocks it takes one for one, unless another of its
/// inputs is made from such a group's results: together they would wait for themselves.
fn group(graph: &Graph, needed: &[Needed]) -> Vec<usize> {
    let count = graph.layers().len();
    let mut groups: Vec<usize> = (0..count).collect();
    // For each group, the groups that must be done before any block of it can be: by their present names.
    let mut ancestors: Vec<BitSet> = vec![BitSet::default(); count];
    for layer in (0..count).filter(|&layer| needed[layer] != Needed::None) {
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
