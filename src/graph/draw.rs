//! A graph placed for drawing: pixels, labels, and what hovering shows.

use super::bundle::bundle;
use super::collapse::{collapse, Collapsed, Group};
use super::layer::Operation;
use super::place::{place, Levels};
use super::{Graph, Layer};
use serde::Serialize;
use std::sync::Arc;

/// Distance between neighbours of a level, in pixels.
const COLUMN: f64 = 64.0;
/// Distance between levels, in pixels.
const ROW: f64 = 72.0;
/// From the outermost nodes' centres to the border, in pixels.
const MARGIN: f64 = 40.0;

/// The tasks of larger graphs are not looked at one by one for a drawing.
const MOST_WALKED: usize = 20_000;

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
    /// Bytes of the results that others take, or that were asked for; of a bundle, of all.
    pub bytes: u64,
    /// Tasks that the node stands for; of tasks that run as one, those of the last layer.
    pub count: usize,
    /// Numbers, in [`Graph::layers`], of the layers whose tasks the node stands for: several where they run as one.
    pub layers: Vec<usize>,
    /// Positions of the tasks within their layers, as first and number of those that follow one another.
    pub runs: Vec<(usize, usize)>,
}

impl Graph {
    /// The graph placed for drawing in at most `max_nodes` nodes, or one for each layer where that is more.
    ///
    /// Tasks that go into the same task are bundled where there are too many.
    pub fn draw(&self, max_nodes: usize) -> Drawing {
        let apart: Vec<_> = (0..self.layers.len()).map(Some).collect();
        self.place(self.collapsed(max_nodes, None), &apart)
    }

    /// The same with tasks that run as one drawn as one: `fusion` has for each layer the number of what it runs
    /// with, and nothing for layers that do not run.
    pub fn draw_fused(&self, max_nodes: usize, fusion: &[Option<usize>]) -> Drawing {
        self.place(self.collapsed(max_nodes, Some(fusion)), fusion)
    }

    fn collapsed(&self, max_nodes: usize, fusion: Option<&[Option<usize>]>) -> Collapsed {
        let collapsed = if self.len() > MOST_WALKED { bundle } else { collapse };
        collapsed(self, max_nodes, fusion)
    }

    fn place(&self, collapsed: Collapsed, fusion: &[Option<usize>]) -> Drawing {
        let (levels, outlast) = (self.levels(fusion), self.outlast(fusion));
        let level_of: Vec<usize> = collapsed.nodes.iter().map(|group| levels[group.layers[0]]).collect();
        let mut roots = collapsed.roots;
        roots.extend(0..collapsed.nodes.len() as u32);
        let x = place(&Levels { level_of: &level_of, edges: &collapsed.edges, roots: &roots });
        let top = level_of.iter().copied().max().unwrap_or(0);
        let nodes: Vec<DrawnNode> = collapsed
            .nodes
            .iter()
            .enumerate()
            .map(|(node, group)| {
                let (x, y) = (MARGIN + COLUMN * x[node], MARGIN + ROW * (top - level_of[node]) as f64);
                drawn(&self.layers, group, &outlast, x, y)
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

    /// For each layer whether its blocks outlast what it runs with: others take them, or they were asked for.
    fn outlast(&self, fusion: &[Option<usize>]) -> Vec<bool> {
        let mut outlast = vec![false; self.layers.len()];
        for (layer, inputs) in self.inputs.iter().enumerate().filter(|(layer, _)| fusion[*layer].is_some()) {
            for &input in inputs.iter().filter(|&&input| fusion[input] != fusion[layer]) {
                outlast[input] = true;
            }
        }
        self.outputs.iter().for_each(|&output| outlast[output] = true);
        outlast
    }

    /// For each layer the height of what it runs with above the sources.
    fn levels(&self, fusion: &[Option<usize>]) -> Vec<usize> {
        let mut levels = vec![0; self.layers.len()];
        // A layer that runs with a later one is as high as that: the heights settle within a few rounds.
        loop {
            let before = levels.clone();
            for layer in 0..levels.len() {
                let apart = |&&input: &&usize| fusion[input].is_some() && fusion[input] != fusion[layer];
                let own = self.inputs[layer].iter().filter(apart).map(|&input| levels[input] + 1).max().unwrap_or(0);
                let together =
                    (0..levels.len()).filter(|&other| fusion[other].is_some() && fusion[other] == fusion[layer]);
                let shared = together.map(|other| levels[other]).max().unwrap_or(0);
                levels[layer] = own.max(shared);
            }
            if levels == before {
                return levels;
            }
        }
    }
}

fn drawn(layers: &[Arc<Layer>], group: &Group, outlast: &[bool], x: f64, y: f64) -> DrawnNode {
    let layer = &layers[*group.layers.last().unwrap_or(&0)];
    let first = layer.key(group.first).to_string();
    let key = if group.count == 1 { first } else { format!("{first} … {}", layer.key(group.last)) };
    let label = |&layer: &usize| match &layers[layer].operation {
        Operation::Chunk { reduction, .. } | Operation::Combine { reduction } => reduction.name(),
        Operation::Aggregate { reduction, .. } => reduction.name(),
        Operation::Rechunk => "rechunk",
        _ => layers[layer].label(),
    };
    let kept = group.layers.iter().filter(|&&layer| outlast[layer]);
    let runs = kept.flat_map(|&layer| group.runs.iter().map(move |&(first, count)| (layer, first, count)));
    let bytes = runs.fold(0u64, |sum, (layer, first, count)| sum.saturating_add(layers[layer].run_bytes(first, count)));
    DrawnNode {
        x,
        y,
        key,
        label: group.layers.iter().map(label).collect::<Vec<_>>().join(" → "),
        layer: layer.name().into(),
        shape: layer.block_shape(group.first),
        dtype: layer.dtype().name(),
        bytes,
        count: group.count,
        layers: group.layers.clone(),
        runs: group.runs.clone(),
    }
}
