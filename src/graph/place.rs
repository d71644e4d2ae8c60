//! Where nodes go: levels are known, so placing takes a few passes over them.

/// A layered graph to be placed: for each node its level, 0 at the bottom, and its inputs on lower levels.
pub(super) struct Levels<'a> {
    pub(super) level_of: &'a [usize],
    pub(super) edges: &'a [(u32, u32)],
    /// Where walks begin; their order is the order from left to right.
    pub(super) roots: &'a [u32],
}

/// The horizontal place of every node, in units of the least distance between neighbours, from 0 on.
///
/// Nodes of a level are ordered as a walk from the roots meets them, then by the mean place of their inputs
/// (the barycentre rule of Sugiyama, Tagawa and Toda, 1981). The widest level is spread evenly; every other,
/// level by level, is put as near as it can be to the middle of its neighbours on the side already placed.
pub(super) fn place(graph: &Levels) -> Vec<f64> {
    let count = graph.level_of.len();
    let inputs = Adjacency::new(count, graph.edges.iter().map(|&(from, to)| (to, from)));
    let outputs = Adjacency::new(count, graph.edges.iter().copied());
    let mut levels = walk(graph, &inputs);
    let mut x = vec![0.0; count];
    for level in &mut levels {
        let mut keyed: Vec<(f64, u32)> = vec![];
        let mut last = -1.0;
        for &node in level.iter() {
            last = mean(inputs.of(node), &x).unwrap_or(last + 1.0);
            keyed.push((last, node));
        }
        keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (order, (_, node)) in keyed.iter().enumerate() {
            level[order] = *node;
            x[*node as usize] = order as f64;
        }
    }
    let widest = (0..levels.len()).max_by_key(|&level| (levels[level].len(), std::cmp::Reverse(level))).unwrap_or(0);
    for level in levels.iter().skip(widest + 1) {
        settle(level, &inputs, &mut x);
    }
    for level in levels.iter().take(widest).rev() {
        settle(level, &outputs, &mut x);
    }
    let least = x.iter().copied().fold(f64::INFINITY, f64::min);
    x.iter().map(|place| place - least).collect()
}

/// The nodes of each level in the order in which a walk from the roots, inputs first, leaves them.
fn walk(graph: &Levels, inputs: &Adjacency) -> Vec<Vec<u32>> {
    let height = graph.level_of.iter().copied().max().map_or(0, |level| level + 1);
    let mut levels = vec![vec![]; height];
    let mut entered = vec![false; graph.level_of.len()];
    let mut stack: Vec<(u32, usize)> = vec![];
    for &root in graph.roots {
        if !std::mem::replace(&mut entered[root as usize], true) {
            stack.push((root, 0));
        }
        while let Some((node, next)) = stack.last_mut() {
            if let Some(&input) = inputs.of(*node).get(*next) {
                *next += 1;
                if !std::mem::replace(&mut entered[input as usize], true) {
                    stack.push((input, 0));
                }
            } else {
                levels[graph.level_of[*node as usize]].push(*node);
                stack.pop();
            }
        }
    }
    levels
}

fn mean(nodes: &[u32], x: &[f64]) -> Option<f64> {
    let sum: f64 = nodes.iter().map(|&node| x[node as usize]).sum();
    (!nodes.is_empty()).then(|| sum / nodes.len() as f64)
}

/// Places a level's nodes, in their order, at least 1 apart and with the least squared distance from the
/// means of their neighbours: isotonic regression by pooling adjacent violators.
fn settle(level: &[u32], neighbours: &Adjacency, x: &mut [f64]) {
    // Pools of nodes that touch: sum of wished places (each less its rank, so that equal means "1 apart"), and size.
    let mut pools: Vec<(f64, usize)> = vec![];
    let mut last = 0.0;
    for (rank, &node) in level.iter().enumerate() {
        let wish = mean(neighbours.of(node), x).unwrap_or(last + 1.0);
        last = wish;
        pools.push((wish - rank as f64, 1));
        while let [.., (left_sum, left), (sum, size)] = pools[..] {
            if left_sum / left as f64 <= sum / size as f64 {
                break;
            }
            pools.pop();
            *pools.last_mut().expect("there were two") = (left_sum + sum, left + size);
        }
    }
    let mut rank = 0;
    for (sum, size) in pools {
        for _ in 0..size {
            x[level[rank] as usize] = sum / size as f64 + rank as f64;
            rank += 1;
        }
    }
}

/// For each node its neighbours on one side, in one list.
struct Adjacency {
    starts: Vec<u32>,
    nodes: Vec<u32>,
}

impl Adjacency {
    fn new(count: usize, pairs: impl Iterator<Item = (u32, u32)> + Clone) -> Adjacency {
        let mut starts = vec![0u32; count + 1];
        for (node, _) in pairs.clone() {
            starts[node as usize + 1] += 1;
        }
        for node in 0..count {
            starts[node + 1] += starts[node];
        }
        let mut nodes = vec![0; starts[count] as usize];
        let mut filled = starts.clone();
        for (node, neighbour) in pairs {
            nodes[filled[node as usize] as usize] = neighbour;
            filled[node as usize] += 1;
        }
        Adjacency { starts, nodes }
    }

    fn of(&self, node: u32) -> &[u32] {
        &self.nodes[self.starts[node as usize] as usize..self.starts[node as usize + 1] as usize]
    }
}
