//! Graphs of tasks: layers, keys, and what a person wants to see of them.
//!
//! A [`Graph`] holds layers, not tasks. Tasks are derived from the layers' rules when they are run,
//! printed or drawn.

mod bundle;
mod collapse;
mod draw;
mod key;
pub(crate) mod layer;
pub(crate) mod link;
mod place;
mod print;

pub use draw::{Drawing, DrawnNode};
pub use key::Key;
pub use layer::Layer;
pub use link::MAX_RANK;

use crate::array::Array;
use crate::error::{Error, Result};
use crate::grid::ravel;
use std::collections::HashMap;
use std::sync::Arc;

/// The layers that some arrays are made from.
#[derive(Clone)]
pub struct Graph {
    /// Inputs before the layers that take them.
    layers: Vec<Arc<Layer>>,
    /// For each layer, its inputs' numbers.
    inputs: Vec<Vec<usize>>,
    by_name: HashMap<String, usize>,
    /// The layers that make the arrays' own blocks.
    outputs: Vec<usize>,
}

/// A task, written out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its name.
    pub key: Key,
    /// The function that makes its block, as Dask calls it.
    pub function: String,
    /// The tasks whose blocks it takes, in order.
    pub inputs: Vec<Key>,
}

impl Graph {
    /// The graph of `arrays`. Layers of one name are one layer: arrays share what they have in common.
    pub fn of(arrays: &[Array]) -> Graph {
        let mut graph = Graph { layers: vec![], inputs: vec![], by_name: HashMap::new(), outputs: vec![] };
        for array in arrays {
            let output = graph.add(array.layer());
            graph.outputs.push(output);
        }
        graph
    }

    /// Whether some array of it is read that [`crate::source::ChunkSource::prefers_runs`].
    pub fn prefers_runs(&self) -> bool {
        self.layers.iter().filter_map(|layer| layer.source()).any(|source| source.prefers_runs())
    }

    /// The number of `layer`, added with everything it needs. It walks by a list of its own, so that
    /// the longest chain of layers cannot exhaust the stack.
    fn add(&mut self, layer: &Arc<Layer>) -> usize {
        let mut pending = vec![Arc::clone(layer)];
        while let Some(next) = pending.last() {
            if self.by_name.contains_key(next.name()) {
                pending.pop();
                continue;
            }
            let missing: Vec<_> =
                next.inputs().filter(|input| !self.by_name.contains_key(input.name())).cloned().collect();
            if missing.is_empty() {
                self.inputs.push(next.inputs().map(|input| self.by_name[input.name()]).collect());
                self.by_name.insert(next.name().to_string(), self.layers.len());
                self.layers.push(Arc::clone(next));
                pending.pop();
            } else {
                pending.extend(missing.into_iter().rev());
            }
        }
        self.by_name[layer.name()]
    }

    /// The layers, inputs before the layers that take them.
    pub fn layers(&self) -> &[Arc<Layer>] {
        &self.layers
    }

    /// The numbers, in [`Graph::layers`], of a layer's inputs.
    pub fn inputs(&self, layer: usize) -> &[usize] {
        &self.inputs[layer]
    }

    /// The numbers, in [`Graph::layers`], of the layers that make the arrays' own blocks.
    pub fn outputs(&self) -> &[usize] {
        &self.outputs
    }

    /// Number of tasks, or as many as can be counted.
    pub fn len(&self) -> usize {
        self.layers.iter().fold(0, |sum: usize, layer| sum.saturating_add(layer.len()))
    }

    /// Whether there are no tasks.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every task, one at a time, inputs before the tasks that take them.
    pub fn tasks(&self) -> impl Iterator<Item = Task> + '_ {
        self.layers.iter().flat_map(|layer| (0..layer.len()).map(move |position| write_out(layer, position)))
    }

    /// The task that `key` names.
    ///
    /// # Errors
    /// A key error when there is none.
    pub fn task(&self, key: &Key) -> Result<Task> {
        let (layer, position) = self.find(key)?;
        Ok(write_out(&self.layers[layer], position))
    }

    /// The layer's number and the block's position of the task that `key` names.
    ///
    /// # Errors
    /// A key error when there is none, that says which part of the key is not there.
    pub fn find(&self, key: &Key) -> Result<(usize, usize)> {
        let Some(&layer) = self.by_name.get(&key.name) else {
            let label = key.name.rsplit_once('-').map_or(key.name.as_str(), |(label, _)| label);
            let alike = self.layers.iter().find(|layer| layer.label() == label).or_else(|| self.layers.last());
            let hint = alike.map(|layer| format!("; there is a layer '{}'", layer.name())).unwrap_or_default();
            return Err(Error::key(format!("{key} is not in the graph{hint}")));
        };
        let counts = self.layers[layer].counts();
        if key.index.len() != counts.len() || key.index.iter().zip(counts).any(|(index, count)| index >= count) {
            return Err(Error::key(format!(
                "{key} is not in the graph; the layer '{}' has blocks {}",
                key.name,
                crate::block::shape_text(counts)
            )));
        }
        Ok((layer, ravel(&key.index, counts)))
    }
}

fn write_out(layer: &Arc<Layer>, position: usize) -> Task {
    let mut inputs = vec![];
    for (number, input) in layer.inputs().enumerate() {
        layer.visit_inputs(number, position, |block| inputs.push(input.key(block)));
    }
    Task { key: layer.key(position), function: layer.function().to_string(), inputs }
}
