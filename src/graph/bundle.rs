//! Fewer nodes than tasks for the largest graphs: nodes are boxes of blocks, found from the layers' rules and never from
//! their tasks, so that a graph of a million tasks is drawn as fast as one of a hundred.

use super::collapse::{Bounds, Collapsed, Group};
use super::layer::Edge;
use super::Graph;
use crate::grid::{ravel, unravel};
use std::collections::HashSet;

/// Contiguous runs that the nodes of one layer may be made of: where boxes cut across more rows than that, the layer is
/// drawn whole.
const MOST_RUNS: usize = 4096;

/// First and end of the blocks along each axis of a layer; there is one at least.
type Ranges = Vec<(usize, usize)>;

/// The blocks that are one node: boxes that share none.
type Bundle = Vec<Ranges>;

/// As [`super::collapse::collapse`], with edges just as true, but a layer is one node where its bundles would overlap,
/// would not be boxes, or would be in too many pieces, and only the first layer that takes its blocks tells them apart.
pub(super) fn bundle(graph: &Graph, max_nodes: usize, fusion: Option<&[Option<usize>]>) -> Collapsed {
    let bounds = Bounds::new(graph, max_nodes, fusion);
    let mut bundles: Vec<Vec<Bundle>> = vec![vec![]; graph.layers().len()];
    let mut first_node = vec![0; graph.layers().len()];
    let mut nodes: Vec<Group> = vec![];
    for number in (0..graph.layers().len()).rev() {
        let Some(last) = bounds.last[number] else { continue };
        if last == number {
            first_node[number] = nodes.len();
            bundles[number] = bundles_of(graph, &bounds, number, &bundles);
            let counts = graph.layers()[number].counts();
            nodes.extend(bundles[number].iter().map(|bundle| group(bundle, counts)));
        } else {
            first_node[number] = first_node[last];
            bundles[number] = bundles[last].clone();
        }
        for node in &mut nodes[first_node[number]..][..bundles[number].len()] {
            node.layers.push(number);
        }
    }
    nodes.iter_mut().for_each(|node| node.layers.reverse());
    let node = |layer: usize, own: usize| (first_node[layer] + own) as u32;
    let mut edges = vec![];
    for (number, layer) in graph.layers().iter().enumerate() {
        for (edge, &input) in graph.inputs(number).iter().enumerate() {
            if bounds.last[number] == bounds.last[input] || bounds.last[input].is_none() {
                continue;
            }
            if layer.len() <= bounds.longest && graph.layers()[input].len() <= bounds.longest {
                for position in 0..bundles[number].len() {
                    layer
                        .visit_inputs(edge, position, |block| edges.push((node(input, block), node(number, position))));
                }
                continue;
            }
            let edge = &layer.edges[edge];
            for (to, taking) in bundles[number].iter().enumerate() {
                let from = (0..bundles[input].len()).filter(|&from| meet(edge, taking, &bundles[input][from]));
                edges.extend(from.map(|from| (node(input, from), node(number, to))));
            }
        }
    }
    edges.sort_unstable();
    edges.dedup();
    let own = |output: usize| (0..bundles[output].len()).map(move |own| (output, own));
    let roots = graph.outputs().iter().flat_map(|&output| own(output)).map(|(output, own)| node(output, own)).collect();
    Collapsed { nodes, roots, edges }
}

/// The bundles that a layer is drawn as; `bundles` has those of the layers after it.
fn bundles_of(graph: &Graph, bounds: &Bounds, number: usize, bundles: &[Vec<Bundle>]) -> Vec<Bundle> {
    let layer = &graph.layers()[number];
    let counts = layer.counts();
    if layer.is_empty() {
        return vec![];
    }
    if layer.len() <= bounds.longest {
        let one = |position| unravel(position, counts).into_iter().map(|index| (index, index + 1)).collect();
        return (0..layer.len()).map(|position| vec![one(position)]).collect();
    }
    let found = match bounds.consumers[number].first() {
        None => Some(slabs(counts, bounds.runs)),
        Some(&(consumer, edge)) => {
            let consuming = graph.layers()[consumer].counts();
            taken(&graph.layers()[consumer].edges[edge], consuming, counts, &bundles[consumer])
        }
    };
    let pieces = |bundles: &Vec<Bundle>| bundles.iter().flatten().map(|ranges| rows(ranges, counts).1).sum::<usize>();
    found.filter(|found| pieces(found) <= MOST_RUNS).unwrap_or_else(|| vec![vec![all(counts)]])
}

/// The blocks of an input, in a grid of `counts`, by which of `bundles` takes them, and those that none takes; nothing if
/// these are not boxes that share no block.
fn taken(edge: &Edge, consuming: &[usize], counts: &[usize], bundles: &[Bundle]) -> Option<Vec<Bundle>> {
    if bundles.is_empty() {
        return None;
    }
    let mut known: HashSet<Bundle> = HashSet::new();
    let mut found = vec![];
    for bundle in bundles {
        let bundle = bundle.iter().map(|ranges| inputs(edge, counts, ranges)).collect::<Option<Bundle>>()?;
        if known.insert(bundle.clone()) {
            found.push(bundle);
        }
    }
    // Boxes that together hold no more blocks than there are in all of them share none.
    let whole = inputs(edge, counts, &all(consuming))?;
    if found.iter().flatten().map(volume).sum::<u64>() != volume(&whole) {
        return None;
    }
    let rest = rest(&whole, counts);
    if !rest.is_empty() {
        found.push(rest);
    }
    Some(found)
}

fn all(counts: &[usize]) -> Ranges {
    counts.iter().map(|&count| (0, count)).collect()
}

/// The blocks that the blocks in a box take of an input; nothing if that is no box.
fn inputs(edge: &Edge, counts: &[usize], ranges: &Ranges) -> Option<Ranges> {
    let along = edge.links.iter().zip(counts).map(|(link, &count)| link.inputs_of(ranges, count));
    along.map(|(range, is_whole)| (is_whole && range.0 < range.1).then_some(range)).collect()
}

/// What of a grid lies outside of a box.
fn rest(inner: &Ranges, counts: &[usize]) -> Bundle {
    let mut within = all(counts);
    let mut rest = vec![];
    for (axis, &(low, high)) in inner.iter().enumerate() {
        for side in [(0, low), (high, counts[axis])] {
            if side.0 < side.1 {
                within[axis] = side;
                rest.push(within.clone());
            }
        }
        within[axis] = (low, high);
    }
    rest
}

/// Whether a block in a bundle `from` goes into one in the bundle `taking`.
fn meet(edge: &Edge, taking: &Bundle, from: &Bundle) -> bool {
    let along = |ranges: &Ranges, other: &Ranges| {
        let mut links = edge.links.iter().zip(edge.input.counts()).zip(other);
        links.all(|((link, &count), &inputs)| link.meets(ranges, inputs, count))
    };
    taking.iter().any(|ranges| from.iter().any(|other| along(ranges, other)))
}

/// A layer cut across an axis that is as long as there are to be slabs, or else its longest.
fn slabs(counts: &[usize], most: usize) -> Vec<Bundle> {
    let longest = || (0..counts.len()).max_by_key(|&axis| counts[axis]);
    let Some(axis) = counts.iter().position(|&count| count >= most).or_else(longest) else { return vec![vec![vec![]]] };
    let step = counts[axis].div_ceil(most);
    let cut = |start: usize| {
        let mut ranges = all(counts);
        ranges[axis] = (start, (start + step).min(counts[axis]));
        vec![ranges]
    };
    (0..counts[axis]).step_by(step).map(cut).collect()
}

fn volume(ranges: &Ranges) -> u64 {
    ranges.iter().map(|(low, high)| (high - low) as u64).product()
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
    (long, volume(ranges) as usize / long)
}

/// A node for a bundle, of no layer yet.
fn group(bundle: &Bundle, counts: &[usize]) -> Group {
    let mut runs: Vec<(usize, usize)> = vec![];
    for ranges in bundle {
        let (long, count) = rows(ranges, counts);
        let extents: Vec<usize> = ranges.iter().map(|(low, high)| high - low).collect();
        runs.extend((0..count).map(|row| {
            let within = unravel(row * long, &extents);
            let index: Vec<usize> = within.iter().zip(ranges).map(|(own, (low, _))| own + low).collect();
            (ravel(&index, counts), long)
        }));
    }
    runs.sort_unstable();
    runs.dedup_by(|next, run| {
        let follows = run.0 + run.1 == next.0;
        run.1 += if follows { next.1 } else { 0 };
        follows
    });
    let (last, long) = runs[runs.len() - 1];
    Group { layers: vec![], first: runs[0].0, last: last + long - 1, count: runs.iter().map(|run| run.1).sum(), runs }
}

#[cfg(test)]
mod tests {
    use super::super::collapse::collapse;
    use super::*;
    use crate::array::{binary, Array, LazyOperand};
    use crate::block::Block;
    use crate::dtype::DType;
    use crate::execute::fusion;
    use crate::grid::ChunkGrid;
    use crate::kernels::reduction::Reduction;
    use crate::memory::{AxisSlice, BinaryOp, UnaryOp};
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

    fn every(extent: u64, start: u64, step: u64) -> AxisSlice {
        AxisSlice { start, step: step as i64, count: (extent - start).div_ceil(step) }
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
        let part = vector.slice(&[AxisSlice { start: 7, step: 1, count: 120 }], &[]).unwrap();
        let corner = table.slice(&[every(30, 3, 1), every(20, 5, 1)], &[]).unwrap();
        let row = reduced(&table, Reduction::Mean, Some(&[0]));
        let less = binary(BinaryOp::Subtract, &LazyOperand::Array(table.clone()), &LazyOperand::Array(row)).unwrap();
        let graphs = [
            Graph::of(&[reduced(&vector, Reduction::Sum, None)]),
            Graph::of(&[reduced(&table, Reduction::Sum, None)]),
            Graph::of(&[reduced(&table, Reduction::Sum, Some(&[0])), reduced(&table, Reduction::Mean, None)]),
            Graph::of(&[reduced(&turned, Reduction::Var { ddof: 0 }, None), reduced(&vector, Reduction::Max, None)]),
            Graph::of(&[reduced(&part, Reduction::Sum, None)]),
            Graph::of(&[reduced(&corner, Reduction::Sum, None)]),
            Graph::of(&[reduced(&less, Reduction::Sum, Some(&[0]))]),
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

    #[test]
    fn an_array_of_two_long_rows_is_drawn_in_many_nodes() {
        let drawn = bundle(&Graph::of(&[zeros(&[2, 20_001], &[1, 1])]), 300, None);
        assert!(drawn.nodes.len() > 200 && drawn.nodes.len() <= 300, "{}", drawn.nodes.len());
    }

    /// Numbers without pattern (Marsaglia 2003, xorshift).
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, bound: u64) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 >> 11) % bound
        }

        /// Sizes of chunks, some of them 0.
        fn sizes(&mut self, extent: u64) -> Vec<u64> {
            let mut sizes = vec![];
            let mut left = extent;
            while left > 0 {
                let size = if self.below(6) == 0 { 0 } else { (1 + self.below(3)).min(left) };
                sizes.push(size);
                left -= size;
            }
            if sizes.is_empty() || self.below(4) == 0 {
                sizes.push(0);
            }
            sizes
        }

        fn slice(&mut self, extent: u64) -> AxisSlice {
            match self.below(5) {
                _ if extent == 0 => AxisSlice::whole(0),
                0 => AxisSlice::whole(extent),
                1 => AxisSlice { start: extent - 1, step: -1, count: extent },
                2 => every(extent, 0, 1 + self.below(5)),
                3 => AxisSlice { start: 0, step: 1, count: 0 },
                _ => {
                    let start = self.below(extent);
                    AxisSlice { start, step: 1, count: 1 + self.below(extent - start) }
                }
            }
        }

        /// Something made from `array`, which may be added to `other`; nothing where that cannot be.
        fn made_from(&mut self, array: &Array, other: &Array) -> Option<Array> {
            let shape = array.shape().to_vec();
            let axis = self.below(shape.len().max(1) as u64) as usize;
            match self.below(7) {
                0 => array.unary(UnaryOp::Sqrt),
                1 => array.transpose(&(0..shape.len()).map(|own| (own + axis) % shape.len()).collect::<Vec<_>>()),
                2 => array.rechunk(ChunkGrid::new(shape.iter().map(|&extent| self.sizes(extent)).collect())),
                3 => array.slice(&shape.iter().map(|&extent| self.slice(extent)).collect::<Vec<_>>(), &[]),
                4 => binary(BinaryOp::Add, &LazyOperand::Array(array.clone()), &LazyOperand::Array(other.clone())),
                5 if !shape.is_empty() => array.reduce(Reduction::Mean, Some(&[axis]), self.below(2) == 0, Some(3)),
                _ => array.reduce(Reduction::Sum, None, false, Some(4)),
            }
            .ok()
        }

        fn array(&mut self) -> Array {
            let rank = 1 + self.below(3);
            let shape: Vec<u64> = (0..rank).map(|_| 1 + self.below(if rank == 1 { 60 } else { 14 })).collect();
            let chunks: Vec<u64> = (0..rank).map(|_| 1 + self.below(3)).collect();
            let mut pool = vec![zeros(&shape, &chunks)];
            for _ in 0..1 + self.below(6) {
                let [array, other] = [0, 1].map(|_| self.below(pool.len() as u64) as usize);
                let made = self.made_from(&pool[array], &pool[other]);
                pool.extend(made);
            }
            pool.swap_remove(pool.len() - 1)
        }
    }

    /// The edges between the nodes that each task is in; every task that is drawn has to be in one.
    fn edges_task_by_task(graph: &Graph, nodes: &[Group], fusion: Option<&[Option<usize>]>) -> Vec<(u32, u32)> {
        let mut node_of: Vec<Vec<Option<u32>>> = graph.layers().iter().map(|layer| vec![None; layer.len()]).collect();
        for (number, node) in nodes.iter().enumerate() {
            let positions: Vec<usize> = node.runs.iter().flat_map(|&(first, count)| first..first + count).collect();
            assert_eq!((positions.len(), positions.first()), (node.count, Some(&node.first)));
            assert_eq!(positions.last(), Some(&node.last));
            for (&layer, &position) in node.layers.iter().flat_map(|l| positions.iter().map(move |p| (l, p))) {
                assert_eq!(node_of[layer][position].replace(number as u32), None, "twice");
            }
        }
        let mut edges = vec![];
        for (number, layer) in graph.layers().iter().enumerate() {
            let is_drawn = fusion.is_none_or(|fusion| fusion[number].is_some());
            assert!(node_of[number].iter().all(|node| node.is_some() == is_drawn), "lost");
            for (edge, &input) in graph.inputs(number).iter().enumerate() {
                for (position, &node) in node_of[number].iter().enumerate() {
                    layer.visit_inputs(edge, position, |block| edges.extend(node_of[input][block].zip(node)));
                }
            }
        }
        edges.retain(|(from, to)| from != to);
        edges.sort_unstable();
        edges.dedup();
        edges
    }

    #[test]
    fn any_graph_has_each_task_in_one_node_and_the_edges_of_its_tasks() {
        for seed in 1..400 {
            let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed));
            let graph = Graph::of(&(0..1 + numbers.below(2)).map(|_| numbers.array()).collect::<Vec<_>>());
            let fused = fusion(&graph, 1 << 30);
            for (max_nodes, fusion) in
                [1, 7, 20, 60].into_iter().flat_map(|most| [(most, None), (most, Some(&fused[..]))])
            {
                let drawn = bundle(&graph, max_nodes, fusion);
                let most = max_nodes.max(collapse(&graph, max_nodes, fusion).nodes.len());
                assert!(drawn.nodes.len() <= most, "seed {seed}: {} nodes", drawn.nodes.len());
                let expected = edges_task_by_task(&graph, &drawn.nodes, fusion);
                assert_eq!(drawn.edges, expected, "seed {seed}, {max_nodes} nodes, {fusion:?}");
            }
        }
    }
}
