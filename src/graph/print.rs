//! Graphs as text: a Python dictionary, and Graphviz's DOT.

use super::layer::Operation;
use super::{Graph, Key, Layer};
use std::fmt::Write;

impl Graph {
    /// The graph as Python writes a dictionary of tasks, cut short after `limit` tasks:
    ///
    /// ```text
    /// {('array-3f9a', 0, 0): (getter, 'testdata.hdf5:/data', (slice(0, 300), slice(0, 3000))),
    ///  ('sum-77c1', 0, 0): (sum, ('array-3f9a', 0, 0)),
    ///  ('sum-partial-e05b', 0, 0): (sum-partial, [('sum-77c1', 0, 0), ('sum-77c1', 1, 0)]),
    ///  ...}
    /// ```
    pub fn to_python(&self, limit: usize) -> String {
        let tasks = self.layers.iter().flat_map(|layer| (0..layer.len()).map(move |position| (layer, position)));
        let mut lines: Vec<String> = tasks.take(limit).map(|(layer, position)| entry(layer, position)).collect();
        if self.len() > limit {
            lines.push("...".into());
        }
        format!("{{{}}}", lines.join(",\n "))
    }

    /// The graph in Graphviz's DOT language, inputs below the tasks that take them.
    pub fn dot(&self) -> String {
        let mut text = String::from("digraph {\n  graph [rankdir=BT];\n  node [shape=box, style=rounded];\n");
        for task in self.tasks() {
            let id = quoted(&task.key.to_string());
            let index: Vec<String> = task.key.index.iter().map(usize::to_string).collect();
            let label = quoted(&format!("{}\n{}", task.function, index.join(", ")));
            let _ = writeln!(text, "  {id} [label={label}];");
            for input in &task.inputs {
                let _ = writeln!(text, "  {} -> {id};", quoted(&input.to_string()));
            }
        }
        text.push_str("}\n");
        text
    }
}

fn entry(layer: &Layer, position: usize) -> String {
    let mut value = format!("({}", layer.function());
    if let Operation::Source(source) = &layer.operation {
        let region = layer.grid().region_at(position);
        let slices: Vec<String> = region
            .start
            .iter()
            .zip(&region.count)
            .map(|(start, count)| format!("slice({start}, {})", start + count))
            .collect();
        let _ = write!(value, ", '{}', {}", source.label(), crate::block::shape_text(&slices));
    }
    for number in 0..layer.edges.len() {
        let mut keys: Vec<Key> = vec![];
        layer.visit_inputs(number, position, |block| keys.push(layer.edges[number].input.key(block)));
        match keys.as_slice() {
            [one] => {
                let _ = write!(value, ", {one}");
            }
            many => {
                let texts: Vec<String> = many.iter().map(Key::to_string).collect();
                let _ = write!(value, ", [{}]", texts.join(", "));
            }
        }
    }
    format!("{}: {value})", layer.key(position))
}

/// A quoted string of DOT, in which only quotes and backslashes are special.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
