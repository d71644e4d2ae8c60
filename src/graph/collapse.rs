//! Fewer nodes than tasks: siblings, the tasks that go into one task, become one node.

use super::Graph;
use std::collections::HashMap;

/// Nodes that stand for one task or many.
pub(super) struct Collapsed {
    pub(super) nodes: Vec<Group>,
    /// The nodes of the arrays' own blocks, in order.
    pub(super) roots: Vec<u32>,
    /// From the node of an input to the node of a task that takes it; each pair once.
    pub(super) edges: Vec<(u32, u32)>,
}

/// Tasks of one layer that are drawn as one node.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// The layer; of tasks that run as one, those of all of them, in the order they run.
    pub(super) layers: Vec<usize>,
    pub(super) first: usize,
    pub(super) last: usize,
    /// Tasks of one of the layers.
    pub(super) count: usize,
    /// Positions within a layer, as first and number of those that follow one another.
    pub(super) runs: Vec<(usize, usize)>,
}

/// The graph with at most `max_nodes` nodes where that can be had: a layer always has one.
///
/// Layers no longer than some length are drawn task by task; in longer ones, the tasks whose first
/// consumers are drawn as one node are one node. The length is the greatest that keeps within bounds, so a
/// reduction tree shows its top in full and what lies below in bundles.
///
/// With `fusion`, which has for each layer the number of what it runs with, tasks that run as one are one node, and
/// layers that do not run have none.
pub(super) fn collapse(graph: &Graph, max_nodes: usize, fusion: Option<&[Option<usize>]>) -> Collapsed {
    let Bounds { consumers, last, runs, longest } = Bounds::new(graph, max_nodes, fusion);
    let mut node_of: Vec<Vec<u32>> = vec![vec![]; graph.layers().len()];
    let mut nodes = vec![];
    for layer in (0..graph.layers().len()).rev() {
        let len = graph.layers()[layer].len();
        let Some(last) = last[layer] else {
            node_of[layer] = vec![NOT_DRAWN; len];
            continue;
        };
        if last != layer {
            node_of[layer] = node_of[last].clone();
            let first_node = node_of[layer].first().map_or(0, |&node| node as usize);
            let count = nodes[first_node..].iter().take_while(|group: &&Group| group.layers.contains(&last)).count();
            nodes[first_node..first_node + count].iter_mut().for_each(|group| group.layers.insert(0, layer));
            continue;
        }
        let parents = if len <= longest {
            (0..len as u32).collect()
        } else if consumers[layer].is_empty() {
            let run = len.div_ceil(runs);
            (0..len).map(|position| (position / run) as u32).collect()
        } else {
            first_consumers(graph, &consumers[layer], &node_of, len)
        };
        node_of[layer] = number(layer, &parents, &mut nodes);
    }
    let edges = edges(graph, &node_of);
    let roots = graph.outputs().iter().flat_map(|&output| &node_of[output]).copied().collect();
    Collapsed { nodes, roots, edges }
}

/// How a graph is to be collapsed: worked out from its layers, not from its tasks.
pub(super) struct Bounds {
    /// For each layer, the layers that take its blocks, and which of their edges does.
    pub(super) consumers: Vec<Vec<(usize, usize)>>,
    /// For each layer the one as which it is drawn: the last of those that run as one. Nothing if it does not run.
    pub(super) last: Vec<Option<usize>>,
    /// Nodes of a long layer that nothing takes.
    pub(super) runs: usize,
    /// Layers up to this long are drawn task by task.
    pub(super) longest: usize,
}

impl Bounds {
    pub(super) fn new(graph: &Graph, max_nodes: usize, fusion: Option<&[Option<usize>]>) -> Bounds {
        let consumers = consumers(graph);
        let runs = (max_nodes / graph.layers().len().max(1)).max(1);
        let mut lengths: Vec<usize> = graph.layers().iter().map(|layer| layer.len()).collect();
        lengths.push(0);
        lengths.sort_unstable();
        lengths.dedup();
        let stages = || (0..graph.layers().len()).map(|layer| fusion.map_or(Some(layer), |fusion| fusion[layer]));
        let last_of: HashMap<usize, usize> =
            stages().enumerate().filter_map(|(layer, stage)| Some((stage?, layer))).collect();
        let last: Vec<Option<usize>> = stages().map(|stage| Some(last_of[&stage?])).collect();
        let fits = |&length: &usize| {
            let bounds = node_bounds(graph, &consumers, length, runs);
            let drawn = (0..bounds.len()).filter(|&layer| last[layer] == Some(layer));
            drawn.map(|layer| bounds[layer]).sum::<usize>() <= max_nodes
        };
        let longest = lengths.iter().rev().copied().find(|length| fits(length)).unwrap_or(0);
        Bounds { consumers, last, runs, longest }
    }
}

/// In place of a node, for tasks that are not drawn.
const NOT_DRAWN: u32 = u32::MAX;

/// For each layer, the edges, as layer and number, that take its blocks.
fn consumers(graph: &Graph) -> Vec<Vec<(usize, usize)>> {
    let mut consumers = vec![vec![]; graph.layers().len()];
    for layer in 0..graph.layers().len() {
        for (edge, &input) in graph.inputs(layer).iter().enumerate() {
            consumers[input].push((layer, edge));
        }
    }
    consumers
}

/// At most how many nodes each layer has when layers up to `length` long are drawn in full.
fn node_bounds(graph: &Graph, consumers: &[Vec<(usize, usize)>], length: usize, runs: usize) -> Vec<usize> {
    let mut bounds = vec![0usize; graph.layers().len()];
    for layer in (0..graph.layers().len()).rev() {
        let len = graph.layers()[layer].len();
        bounds[layer] = if len <= length {
            len
        } else {
            let bound = match consumers[layer].first() {
                None => runs,
                Some(&(consumer, edge)) if graph.layers()[consumer].edges[edge].takes_all() => bounds[consumer],
                Some(_) => consumers[layer].iter().map(|&(consumer, _)| bounds[consumer]).sum::<usize>() + 1,
            };
            bound.min(len)
        };
    }
    bounds
}

/// For each task of a layer, the node of the first task that takes it; all that none takes are alike.
fn first_consumers(graph: &Graph, consumers: &[(usize, usize)], node_of: &[Vec<u32>], len: usize) -> Vec<u32> {
    let mut parents = vec![u32::MAX; len];
    for &(consumer, edge) in consumers.iter().rev() {
        let layer = &graph.layers()[consumer];
        for position in (0..layer.len()).rev() {
            layer.visit_inputs(edge, position, |block| parents[block] = node_of[consumer][position]);
        }
    }
    parents
}

/// Makes a node for each value among `parents`, in order of first appearance, and says which task has which.
fn number(layer: usize, parents: &[u32], nodes: &mut Vec<Group>) -> Vec<u32> {
    let mut known = HashMap::new();
    parents
        .iter()
        .enumerate()
        .map(|(position, parent)| {
            let node = *known.entry(*parent).or_insert_with(|| {
                nodes.push(Group { layers: vec![layer], first: position, last: position, count: 0, runs: vec![] });
                nodes.len() - 1
            });
            let group = &mut nodes[node];
            group.count += 1;
            group.last = position;
            match group.runs.last_mut() {
                Some((first, count)) if *first + *count == position => *count += 1,
                _ => group.runs.push((position, 1)),
            }
            node as u32
        })
        .collect()
}

fn edges(graph: &Graph, node_of: &[Vec<u32>]) -> Vec<(u32, u32)> {
    let mut edges = vec![];
    for (number, layer) in graph.layers().iter().enumerate() {
        for (edge, &input) in graph.inputs(number).iter().enumerate() {
            for (position, &node) in node_of[number].iter().enumerate() {
                layer.visit_inputs(edge, position, |block| edges.push((node_of[input][block], node)));
            }
        }
    }
    edges.retain(|&(from, to)| from != to && from != NOT_DRAWN && to != NOT_DRAWN);
    edges.sort_unstable();
    edges.dedup();
    edges
}
