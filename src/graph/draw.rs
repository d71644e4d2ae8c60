//! A graph placed for drawing: pixels, labels, and what hovering shows.

use super::collapse::{collapse, Group};
use super::layer::Operation;
use super::place::{place, Levels};
use super::{Graph, Layer};
use serde::Serialize;

/// Distance between neighbours of a level, in pixels.
const COLUMN: f64 = 64.0;
/// Distance between levels, in pixels.
const ROW: f64 = 72.0;
/// From the outermost nodes' centres to the border, in pixels.
const MARGIN: f64 = 40.0;

/// A placed graph: coordinates in pixels, y growing downwards, inputs below the tasks that take them.
#[derive(Clone, Debug, Serialize)]
pub struct Drawing {
    /// Pixels from left to right.
    pub width: f64,
    /// Pixels from top to bottom.
    pub height: f64,
    /// Tasks, or bundles of tasks.
    pub nodes: Vec<DrawnNode>,
    /// Pairs of indices into `nodes`: from an input to the task that takes it.
    pub edges: Vec<(u32, u32)>,
    /// Tasks in the whole graph.
    pub tasks: usize,
}

/// A task of a [`Drawing`], or several that are drawn as one.
#[derive(Clone, Debug, Serialize)]
pub struct DrawnNode {
    /// Centre, from the left.
    pub x: f64,
    /// Centre, from the top.
    pub y: f64,
    /// The key as Python writes it; of a bundle, the first and the last.
    pub key: String,
    /// Short text for the node.
    pub label: String,
    /// The layer's name.
    pub layer: String,
    /// Extents of the result; of a bundle, of the first one's.
    pub shape: Vec<u64>,
    /// Element type of the result.
    pub dtype: &'static str,
    /// Bytes of the result; of a bundle, of all.
    pub bytes: u64,
    /// Tasks that the node stands for.
    pub count: usize,
}

impl Graph {
    /// The graph placed for drawing in at most `max_nodes` nodes, or one for each layer where that is more.
    ///
    /// Tasks that go into the same task are bundled where there are too many.
    pub fn draw(&self, max_nodes: usize) -> Drawing {
        let collapsed = collapse(self, max_nodes);
        let levels = self.levels();
        let level_of: Vec<usize> = collapsed.nodes.iter().map(|group| levels[group.layer]).collect();
        let mut roots: Vec<u32> = vec![];
        for &output in self.outputs() {
            roots.extend(&collapsed.node_of[output]);
        }
        roots.extend(0..collapsed.nodes.len() as u32);
        let x = place(&Levels { level_of: &level_of, edges: &collapsed.edges, roots: &roots });
        let top = level_of.iter().copied().max().unwrap_or(0);
        let nodes: Vec<DrawnNode> = collapsed
            .nodes
            .iter()
            .enumerate()
            .map(|(node, group)| {
                let (x, y) = (MARGIN + COLUMN * x[node], MARGIN + ROW * (top - level_of[node]) as f64);
                drawn(&self.layers[group.layer], group, x, y)
            })
            .collect();
        Drawing {
            width: nodes.iter().map(|node| node.x).fold(0.0, f64::max) + MARGIN,
            height: 2.0 * MARGIN + ROW * top as f64,
            nodes,
            edges: collapsed.edges,
            tasks: self.len(),
        }
    }

    /// For each layer its height above the sources.
    fn levels(&self) -> Vec<usize> {
        let mut levels: Vec<usize> = vec![];
        for inputs in &self.inputs {
            levels.push(inputs.iter().map(|&input| levels[input] + 1).max().unwrap_or(0));
        }
        levels
    }
}

fn drawn(layer: &Layer, group: &Group, x: f64, y: f64) -> DrawnNode {
    let first = layer.key(group.first).to_string();
    let key = if group.count == 1 { first } else { format!("{first} … {}", layer.key(group.last)) };
    let label = match &layer.operation {
        Operation::Chunk { reduction, .. } | Operation::Combine { reduction } => reduction.name(),
        Operation::Aggregate { reduction, .. } => reduction.name(),
        Operation::Rechunk => "rechunk",
        _ => layer.label(),
    };
    // Blocks of one layer are alike but for the edges; the bundle's size is that of its first, times their number.
    let bytes = layer.block_bytes(group.first).saturating_mul(group.count as u64);
    DrawnNode {
        x,
        y,
        key,
        label: label.into(),
        layer: layer.name().into(),
        shape: layer.block_shape(group.first),
        dtype: layer.dtype().name(),
        bytes,
        count: group.count,
    }
}
