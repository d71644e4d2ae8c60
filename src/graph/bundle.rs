//! Fewer nodes than tasks for the largest graphs: nodes are boxes of blocks, found from the layers' rules and never from
//! their tasks, so that a graph of a million tasks is drawn as fast as one of a hundred.

use super::collapse::{Bounds, Collapsed, Group};
use super::layer::Layer;
use super::link::MAX_RANK;
use super::Graph;
use crate::grid::{ravel, unravel};

/// Contiguous runs that the nodes of one layer may be made of: where boxes cut across more rows than that, the layer is
/// drawn whole.
const MOST_RUNS: usize = 4096;

/// First and end of the blocks along each axis of a layer.
type Ranges = Vec<(usize, usize)>;

/// As [`super::collapse::collapse`], but for bundles that would overlap or be in too many pieces: these are one.
pub(super) fn bundle(graph: &Graph, max_nodes: usize, fusion: Option<&[Option<usize>]>) -> Collapsed {
    let bounds = Bounds::new(graph, max_nodes, fusion);
    let mut boxes: Vec<Vec<Ranges>> = vec![vec![]; graph.layers().len()];
    let mut first_node = vec![0; graph.layers().len()];
    let mut nodes: Vec<Group> = vec![];
    for number in (0..graph.layers().len()).rev() {
        let Some(last) = bounds.last[number] else { continue };
        if last != number {
            boxes[number] = boxes[last].clone();
            first_node[number] = first_node[last];
            let own = first_node[last]..first_node[last] + boxes[last].len();
            nodes[own].iter_mut().for_each(|group| group.layers.insert(0, number));
            continue;
        }
        first_node[number] = nodes.len();
        boxes[number] = boxes_of(graph, &bounds, number, &boxes);
        let counts = graph.layers()[number].counts();
        nodes.extend(boxes[number].iter().map(|ranges| group(number, ranges, counts)));
    }
    let node = |layer: usize, own: usize| (first_node[layer] + own) as u32;
    let mut edges = vec![];
    for (number, layer) in graph.layers().iter().enumerate() {
        for (edge, &input) in graph.inputs(number).iter().enumerate() {
            for (to, ranges) in boxes[number].iter().enumerate() {
                let taken = inputs(layer, edge, ranges);
                let meet = |other: &Ranges| other.iter().zip(&taken).all(|(a, b)| a.0 < b.1 && b.0 < a.1);
                let from = (0..boxes[input].len()).filter(|&from| meet(&boxes[input][from]));
                edges.extend(from.map(|from| (node(input, from), node(number, to))));
            }
        }
    }
    edges.retain(|(from, to)| from != to);
    edges.sort_unstable();
    edges.dedup();
    let roots = graph.outputs().iter().flat_map(|&output| (0..boxes[output].len()).map(move |own| node(output, own)));
    let roots = roots.collect();
    Collapsed { nodes, roots, edges }
}

/// The boxes that a layer is drawn as; `boxes` has those of the layers after it.
fn boxes_of(graph: &Graph, bounds: &Bounds, number: usize, boxes: &[Vec<Ranges>]) -> Vec<Ranges> {
    let layer = &graph.layers()[number];
    let counts = layer.counts();
    let len = layer.len();
    let whole = || vec![counts.iter().map(|&count| (0, count)).collect::<Ranges>()];
    if len == 0 {
        return vec![];
    }
    if len <= bounds.longest {
        let one = |position| unravel(position, counts).into_iter().map(|index| (index, index + 1)).collect();
        return (0..len).map(one).collect();
    }
    let found: Vec<Ranges> = match bounds.consumers[number].first() {
        None => slabs(counts, bounds.runs),
        Some(&(consumer, edge)) => {
            let mut found: Vec<Ranges> = vec![];
            for ranges in &boxes[consumer] {
                let taken = inputs(&graph.layers()[consumer], edge, ranges);
                if found.last() != Some(&taken) {
                    found.push(taken);
                }
            }
            found
        }
    };
    let blocks: usize = found.iter().map(volume).sum();
    let runs: usize = found.iter().map(|ranges| rows(ranges, counts).1).sum();
    let takes_all = |&(consumer, edge): &(usize, usize)| graph.layers()[consumer].edges[edge].takes_all();
    let takes_all = bounds.consumers[number].first().is_none_or(takes_all);
    // Boxes that hold each block, and together no more than there are, hold each once.
    if takes_all && blocks == len && runs <= MOST_RUNS {
        found
    } else {
        whole()
    }
}

/// A layer cut across its first axis of more than one block.
fn slabs(counts: &[usize], most: usize) -> Vec<Ranges> {
    let axis = counts.iter().position(|&count| count > 1).unwrap_or(0);
    let count = counts.get(axis).copied().unwrap_or(1);
    let step = count.div_ceil(most);
    let cut = |start: usize| {
        let range = |(other, &count): (usize, &usize)| {
            if other == axis {
                (start, (start + step).min(count))
            } else {
                (0, count)
            }
        };
        counts.iter().enumerate().map(range).collect()
    };
    (0..count).step_by(step).map(cut).collect()
}

/// The blocks of input `edge` that the blocks of `layer` in a box take: a box, as no rule goes back and forth.
fn inputs(layer: &Layer, edge: usize, ranges: &Ranges) -> Ranges {
    let edge = &layer.edges[edge];
    let (mut first, mut last) = ([0; MAX_RANK], [0; MAX_RANK]);
    for (axis, &(low, high)) in ranges.iter().enumerate() {
        (first[axis], last[axis]) = (low, high.saturating_sub(1));
    }
    let along = |(link, &count): (&super::link::Link, &usize)| {
        let (a, b) = (link.inputs(&first, count), link.inputs(&last, count));
        (a.0.min(b.0), a.1.max(b.1))
    };
    edge.links.iter().zip(edge.input.counts()).map(along).collect()
}

fn volume(ranges: &Ranges) -> usize {
    ranges.iter().map(|(low, high)| high - low).product()
}

/// A box as runs of positions that follow one another: how long each is, and how many there are.
fn rows(ranges: &Ranges, counts: &[usize]) -> (usize, usize) {
    let mut long = 1;
    for (axis, &(low, high)) in ranges.iter().enumerate().rev() {
        long *= high - low;
        if high - low < counts[axis] {
            break;
        }
    }
    (long, volume(ranges) / long.max(1))
}

fn group(layer: usize, ranges: &Ranges, counts: &[usize]) -> Group {
    let corner = |pick: fn(&(usize, usize)) -> usize| ravel(&ranges.iter().map(pick).collect::<Vec<_>>(), counts);
    let (long, count) = rows(ranges, counts);
    let extents: Vec<usize> = ranges.iter().map(|(low, high)| high - low).collect();
    let start = |row: usize| {
        let within = unravel(row * long, &extents);
        ravel(&within.iter().zip(ranges).map(|(own, (low, _))| own + low).collect::<Vec<_>>(), counts)
    };
    Group {
        layers: vec![layer],
        first: corner(|range| range.0),
        last: corner(|range| range.1 - 1),
        count: volume(ranges),
        runs: (0..count).map(|row| (start(row), long)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::collapse::collapse;
    use super::*;
    use crate::array::Array;
    use crate::block::Block;
    use crate::dtype::DType;
    use crate::execute::fusion;
    use crate::grid::ChunkGrid;
    use crate::kernels::reduction::Reduction;
    use crate::source::MemorySource;
    use std::sync::Arc;

    fn zeros(shape: &[u64], chunks: &[u64]) -> Array {
        let extents: Vec<usize> = shape.iter().map(|&extent| extent as usize).collect();
        let block = Block::zeros(DType::F64, &extents).unwrap();
        let source = MemorySource::new(Arc::new(block), "zeros");
        Array::from_source(Arc::new(source), ChunkGrid::regular(shape, chunks), None).unwrap()
    }

    fn reduced(array: &Array, reduction: Reduction, axes: Option<&[usize]>) -> Array {
        array.reduce(reduction, axes, false, Some(4)).unwrap()
    }

    /// Nodes by what they stand for, edges by the nodes at their ends: as texts, in order.
    fn told(collapsed: &Collapsed) -> (Vec<String>, Vec<String>) {
        let text = |node: &Group| format!("{:?} {:?} {} {}", node.layers, node.runs, node.first, node.last);
        let nodes: Vec<String> = collapsed.nodes.iter().map(text).collect();
        let end = |node: u32| nodes[node as usize].as_str();
        let mut edges: Vec<String> =
            collapsed.edges.iter().map(|&(from, to)| format!("{} -> {}", end(from), end(to))).collect();
        edges.sort_unstable();
        let mut sorted = nodes.clone();
        sorted.sort_unstable();
        (sorted, edges)
    }

    #[test]
    fn boxes_are_the_bundles_that_are_found_by_looking_at_each_task() {
        let table = zeros(&[30, 20], &[1, 1]);
        let vector = zeros(&[200], &[1]);
        let turned = table.transpose(&[1, 0]).unwrap();
        let graphs = [
            Graph::of(&[reduced(&vector, Reduction::Sum, None)]),
            Graph::of(&[reduced(&table, Reduction::Sum, None)]),
            Graph::of(&[reduced(&table, Reduction::Sum, Some(&[0])), reduced(&table, Reduction::Mean, None)]),
            Graph::of(&[reduced(&turned, Reduction::Var { ddof: 0 }, None), reduced(&vector, Reduction::Max, None)]),
        ];
        for (number, graph) in graphs.iter().enumerate() {
            let fused = fusion(graph, 1 << 30);
            for max_nodes in [1, 20, 60, 100, 300, 5000] {
                for fusion in [None, Some(&fused[..])] {
                    let (quick, slow) = (bundle(graph, max_nodes, fusion), collapse(graph, max_nodes, fusion));
                    assert_eq!(told(&quick), told(&slow), "graph {number}, {max_nodes} nodes, {fusion:?}");
                }
            }
        }
    }

    #[test]
    fn bundles_that_would_overlap_or_fall_to_pieces_are_one() {
        let crossed = zeros(&[60], &[4]).rechunk(ChunkGrid::regular(&[60], &[5])).unwrap();
        let graph = Graph::of(&[reduced(&crossed, Reduction::Sum, None)]);
        let drawn = bundle(&graph, 11, None);
        assert!(drawn.nodes.iter().any(|node| node.layers == [0] && node.runs == [(0, 15)]), "{:?}", drawn.nodes);
        let narrow = zeros(&[10_000, 4], &[1, 1]);
        let graph = Graph::of(&[reduced(&narrow, Reduction::Sum, Some(&[0]))]);
        for collapsed in [bundle(&graph, 40, None), bundle(&graph, 300, None)] {
            let runs: usize = collapsed.nodes.iter().map(|node| node.runs.len()).sum();
            assert!(runs <= graph.layers().len() * MOST_RUNS, "{runs}");
            let tasks: usize = collapsed.nodes.iter().map(|node| node.count).sum();
            assert_eq!(tasks, graph.len());
        }
    }
}
