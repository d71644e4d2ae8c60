//! A [`Layer`]: many tasks written as one rule.

use super::link::{visit_box, Link, MAX_RANK};
use super::Key;
use crate::dtype::{DType, Scalar};
use crate::grid::{unravel, ChunkGrid};

use crate::kernels::reduction::Reduction;
use crate::memory::{AxisSlice, BinaryOp, UnaryOp};
use crate::source::ChunkSource;
use std::sync::Arc;

/// What every task of a layer does.
pub(crate) enum Operation {
    /// Read the block from where the array's elements come from (Dask's `getter`).
    Source(Arc<dyn ChunkSource>),
    /// One function of each element.
    Unary(UnaryOp),
    /// One function of two operands' elements, broadcast against each other.
    Binary { op: BinaryOp, left: Operand, right: Operand },
    /// Another element type, the layer's.
    AsType,
    /// The first step of a reduction: one chunk to its partial.
    Chunk { reduction: Reduction, axes: Vec<usize> },
    /// A middle step: some partials to one.
    Combine { reduction: Reduction },
    /// The last step: the partials that are left to a block of the result.
    Aggregate { reduction: Reduction, axes: Vec<usize>, keepdims: bool },
    /// A basic slice of each axis; the axes of `drop`, one element long, are removed.
    Slice { slices: Vec<AxisSlice>, drop: Vec<usize> },
    /// Axes in another order.
    Transpose { axes: Vec<usize> },
    /// The same elements in other chunks.
    Rechunk,
}

/// An operand of [`Operation::Binary`].
pub(crate) enum Operand {
    /// The layer's input of that number.
    Input(usize),
    /// A Python number.
    Scalar(Scalar),
}

/// One input of a layer, and which of its blocks go into which block of the layer.
pub(crate) struct Edge {
    pub(crate) input: Arc<Layer>,
    /// One for each axis of the input.
    pub(crate) links: Vec<Link>,
    /// Every block takes the input's block at its own position and no other.
    pub(crate) identity: bool,
}

impl Edge {
    pub(crate) fn new(input: &Arc<Layer>, links: Vec<Link>) -> Edge {
        Edge { input: Arc::clone(input), links, identity: false }
    }

    /// Whether the layer takes every block of the input.
    pub(crate) fn takes_all(&self) -> bool {
        self.identity || self.links.iter().zip(&self.input.counts).all(|(link, &count)| link.takes_all(count))
    }
}

/// A layer of a graph: a key prefix, a grid of output blocks, and a rule that says what each block
/// is made from. Its tasks are derived when asked for, so that a layer of a million blocks costs
/// what a layer of ten does.
pub struct Layer {
    name: String,
    grid: ChunkGrid,
    counts: Vec<usize>,
    dtype: DType,
    pub(crate) operation: Operation,
    pub(crate) edges: Vec<Edge>,
}

impl Layer {
    pub(crate) fn new(
        name: String,
        grid: ChunkGrid,
        dtype: DType,
        operation: Operation,
        mut edges: Vec<Edge>,
    ) -> Arc<Layer> {
        let counts = grid.counts();
        for edge in &mut edges {
            edge.identity = edge.input.counts == counts
                && edge.links.iter().enumerate().all(|(axis, link)| {
                    matches!(link, Link::Same { axis: output } if *output == axis)
                        || matches!(link, Link::First if counts[axis] == 1)
                });
        }
        Arc::new(Layer { name, grid, counts, dtype, operation, edges })
    }

    /// The first element of the keys of the layer's tasks, such as `sum-partial-3f9a…`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name without its token, such as `sum-partial`.
    pub fn label(&self) -> &str {
        self.name.rsplit_once('-').map_or(&self.name, |(label, _)| label)
    }

    /// The blocks the layer makes. For the middle steps of a reduction, the blocks of one field of the partial.
    pub fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    /// Number of blocks along each axis.
    pub fn counts(&self) -> &[usize] {
        &self.counts
    }

    /// Element type of the blocks; of a partial, that of the result it leads to.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Number of tasks.
    pub fn len(&self) -> usize {
        self.counts.iter().product()
    }

    /// Whether the layer has no tasks.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The layers whose blocks go into this layer's.
    pub fn inputs(&self) -> impl Iterator<Item = &Arc<Layer>> {
        self.edges.iter().map(|edge| &edge.input)
    }

    /// Name of the function that makes a block, as Dask calls it.
    pub fn function(&self) -> &str {
        match &self.operation {
            Operation::Source(_) => "getter",
            Operation::Rechunk => "concatenate",
            _ => self.label(),
        }
    }

    /// The source that the layer reads, if it does.
    pub fn source(&self) -> Option<&Arc<dyn ChunkSource>> {
        match &self.operation {
            Operation::Source(source) => Some(source),
            _ => None,
        }
    }

    /// Bytes of the block at `position`; of a partial, of all its fields.
    pub fn block_bytes(&self, position: usize) -> u64 {
        self.grid.block_len(position).saturating_mul(self.element_bytes())
    }

    /// Bytes of the blocks at `count` positions from `first` on.
    #[cfg_attr(page, optimize(speed))]
    pub(crate) fn run_bytes(&self, first: usize, count: usize) -> u64 {
        let elements = self.grid.elements_before(first + count) - self.grid.elements_before(first);
        elements.saturating_mul(self.element_bytes())
    }

    fn element_bytes(&self) -> u64 {
        let fields = match &self.operation {
            Operation::Chunk { reduction, .. } | Operation::Combine { reduction } => field_count(*reduction),
            _ => 1,
        };
        self.dtype.size() as u64 * fields
    }

    /// Bytes of the largest block, or a few more. The sums of a partial have 64 bits, and moments a low part of the mean.
    pub(crate) fn largest_bytes(&self) -> u64 {
        let element = match &self.operation {
            Operation::Chunk { reduction, .. } | Operation::Combine { reduction } => {
                let low = matches!(reduction.plain(), Reduction::Var { .. } | Reduction::Std { .. });
                8 * (field_count(*reduction) + u64::from(low))
            }
            _ => self.dtype.size() as u64,
        };
        self.grid.largest().saturating_mul(element)
    }

    /// Extents of the block at `position`.
    pub fn block_shape(&self, position: usize) -> Vec<u64> {
        self.grid.region_at(position).count
    }

    /// The key of the block at `position`, counted row-major.
    pub fn key(&self, position: usize) -> Key {
        Key { name: self.name.clone(), index: unravel(position, &self.counts) }
    }

    /// Calls `visit` with the position of each block of input `edge` that the block at `position` takes, row-major.
    #[cfg_attr(page, optimize(speed))]
    pub fn visit_inputs(&self, edge: usize, position: usize, mut visit: impl FnMut(usize)) {
        let edge = &self.edges[edge];
        if edge.identity {
            return visit(position);
        }
        let mut index = [0; MAX_RANK];
        unravel_into(position, &self.counts, &mut index);
        let (mut low, mut high) = ([0; MAX_RANK], [0; MAX_RANK]);
        for (axis, link) in edge.links.iter().enumerate() {
            (low[axis], high[axis]) = link.inputs(&index, edge.input.counts[axis]);
        }
        visit_box(&low, &high, &edge.input.counts, visit);
    }

    /// Calls `visit` with the position of each block that takes block `position` of input `edge`, row-major.
    #[cfg_attr(page, optimize(speed))]
    pub fn visit_consumers(&self, edge: usize, position: usize, mut visit: impl FnMut(usize)) {
        let edge = &self.edges[edge];
        if edge.identity {
            return visit(position);
        }
        let mut index = [0; MAX_RANK];
        unravel_into(position, &edge.input.counts, &mut index);
        let (mut low, mut high) = ([0; MAX_RANK], [0; MAX_RANK]);
        high[..self.counts.len()].copy_from_slice(&self.counts);
        for (axis, link) in edge.links.iter().enumerate() {
            match link.outputs(index[axis]) {
                Some(Some((output, first, end))) => (low[output], high[output]) = (first, end),
                Some(None) => {}
                None => return,
            }
        }
        visit_box(&low, &high, &self.counts, visit);
    }
}

impl Drop for Layer {
    /// Takes long chains of layers apart one by one; the derived drop would recurse once a layer.
    fn drop(&mut self) {
        let mut pending: Vec<Arc<Layer>> = self.edges.drain(..).map(|edge| edge.input).collect();
        while let Some(layer) = pending.pop() {
            if let Some(mut layer) = Arc::into_inner(layer) {
                pending.extend(layer.edges.drain(..).map(|edge| edge.input));
            }
        }
    }
}

/// Fields of a partial.
fn field_count(reduction: Reduction) -> u64 {
    match reduction.plain() {
        Reduction::Mean => 2,
        Reduction::Var { .. } | Reduction::Std { .. } | Reduction::ArgMin | Reduction::ArgMax => 3,
        _ => 1,
    }
}

#[cfg_attr(page, optimize(speed))]
fn unravel_into(mut position: usize, counts: &[usize], index: &mut [usize; MAX_RANK]) {
    for (axis, &count) in counts.iter().enumerate().rev() {
        index[axis] = position % count;
        position /= count;
    }
}
