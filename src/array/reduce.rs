//! Reductions as trees: chunk, combine, combine, ..., aggregate.

use super::token::Token;
use super::Array;
use crate::error::{Error, Result};
use crate::graph::layer::{Edge, Layer, Operation};
use crate::graph::link::Link;
use crate::grid::{Axis, ChunkGrid};
use crate::kernels::reduction::Reduction;
use crate::memory::UnaryOp;
use std::sync::Arc;

/// Dask's default: at most four blocks go into one (`split_every` in dask/array/_reductions_generic.py).
const SPLIT_EVERY: usize = 4;

/// What Dask calls the layers of a reduction: the first step, the middle ones, the last.
fn labels(reduction: Reduction) -> (String, String, String) {
    let (chunk, partial, aggregate) = match reduction {
        Reduction::Mean | Reduction::NanMean => ("mean_chunk", "mean_combine", "mean_agg"),
        Reduction::Var { .. } => ("var", "var", "var"),
        Reduction::Min => ("chunk_min", "chunk_min", "min"),
        Reduction::Max => ("chunk_max", "chunk_max", "max"),
        Reduction::ArgMin | Reduction::ArgMax => ("arg-reduce", "arg_combine", "arg_agg"),
        Reduction::NanSum => ("nansum", "sum", "sum"),
        Reduction::NanVar { .. } => ("moment_chunk", "moment_combine", "moment_agg"),
        Reduction::NanMin => ("nanmin_skip", "_nanmin_skip", "_nanmin_skip"),
        Reduction::NanMax => ("nanmax_skip", "_nanmax_skip", "_nanmax_skip"),
        other => (other.name(), other.name(), other.name()),
    };
    (chunk.into(), format!("{partial}-partial"), format!("{aggregate}-aggregate"))
}

/// Blocks that go into one along each of the reduced axes, as Dask splits `split_every` over them.
fn split_per_axis(split_every: usize, axes: usize) -> usize {
    ((split_every as f64).powf(1.0 / axes.max(1) as f64) as usize).max(2)
}

/// Levels of the tree: middle steps, and the last one.
fn depth(counts: &[usize], axes: &[usize], split: usize) -> usize {
    let levels = |count: usize| {
        let (mut levels, mut left) = (0, count);
        while left > 1 {
            left = left.div_ceil(split);
            levels += 1;
        }
        levels
    };
    axes.iter().map(|&axis| levels(counts[axis])).max().unwrap_or(0).max(1)
}

impl Array {
    /// The array reduced over `axes` (all of them if `None`), by a tree in which at most `split_every`
    /// blocks (4 if `None`, as in Dask) go into one.
    ///
    /// `std` is the square root of `var`, so that both together cost one.
    ///
    /// # Errors
    /// A value error for an axis that does not exist or is named twice, a type error for elements
    /// that cannot be reduced so.
    pub fn reduce(
        &self,
        reduction: Reduction,
        axes: Option<&[usize]>,
        keepdims: bool,
        split_every: Option<usize>,
    ) -> Result<Array> {
        let squared = match reduction {
            Reduction::Std { ddof } => Some(Reduction::Var { ddof }),
            Reduction::NanStd { ddof } => Some(Reduction::NanVar { ddof }),
            _ => None,
        };
        if let Some(variance) = squared {
            return self.reduce(variance, axes, keepdims, split_every)?.unary_named(UnaryOp::Sqrt, "_sqrt");
        }
        let axes = self.normalize_axes(axes)?;
        if matches!(reduction, Reduction::ArgMin | Reduction::ArgMax) && axes.len() != 1 {
            return Err(Error::unsupported(format!(
                "{} over {} axes at once; name one axis, such as axis=0",
                reduction.name(),
                axes.len()
            )));
        }
        let dtype = reduction.result_dtype(self.dtype())?;
        let split = split_per_axis(split_every.filter(|&n| n > 0).unwrap_or(SPLIT_EVERY), axes.len());
        let (chunk_label, partial_label, aggregate_label) = labels(reduction);
        let is_reduced = |axis: usize| axes.contains(&axis);

        // The result's degrees of freedom matter to the last step only.
        let steps = match reduction {
            Reduction::Var { .. } => Reduction::Var { ddof: 0 },
            Reduction::NanVar { .. } => Reduction::NanVar { ddof: 0 },
            other => other,
        };
        let token = Token::new("chunk").with(self.name()).with_debug(&steps).with_debug(&axes);
        let grid =
            ChunkGrid::from_axes(
                (0..self.rank())
                    .map(|axis| {
                        if is_reduced(axis) {
                            ones(self.layer.counts()[axis])
                        } else {
                            self.grid().axes()[axis].clone()
                        }
                    })
                    .collect(),
            );
        let links = (0..self.rank()).map(|axis| Link::Same { axis }).collect();
        let operation = Operation::Chunk { reduction: steps, axes: axes.clone() };
        let edge = Edge::new(&self.layer, links);
        let mut layer = Layer::new(token.name(&chunk_label), grid, dtype, operation, vec![edge]);

        for _ in 1..depth(layer.counts(), &axes, split) {
            layer = combine(&layer, steps, &axes, split, &partial_label);
        }
        Ok(Array::from_layer(aggregate(&layer, reduction, axes, keepdims, &aggregate_label)))
    }

    /// The axes, sorted; all of them for `None`.
    fn normalize_axes(&self, axes: Option<&[usize]>) -> Result<Vec<usize>> {
        let mut axes = axes.map_or_else(|| (0..self.rank()).collect(), <[usize]>::to_vec);
        axes.sort_unstable();
        if let Some(&axis) = axes.iter().find(|&&axis| axis >= self.rank()) {
            return Err(Error::value(format!("axis {axis} is out of bounds for array of dimension {}", self.rank())));
        }
        if axes.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Error::value("duplicate value in 'axis'; name each axis once"));
        }
        Ok(axes)
    }
}

/// An axis of `count` blocks, each one element long.
fn ones(count: usize) -> Axis {
    Axis::regular(count as u64, 1)
}

/// A middle layer: boxes of `split` blocks along each of `axes` become one.
fn combine(layer: &Arc<Layer>, reduction: Reduction, axes: &[usize], split: usize, label: &str) -> Arc<Layer> {
    let token = Token::new("combine").with(layer.name()).with_debug(&split);
    let (grid, links) = layer
        .grid()
        .axes()
        .iter()
        .enumerate()
        .map(|(axis, chunks)| {
            if axes.contains(&axis) {
                (ones(chunks.count().div_ceil(split)), Link::Group { axis, size: split })
            } else {
                (chunks.clone(), Link::Same { axis })
            }
        })
        .unzip();
    let edge = Edge::new(layer, links);
    let operation = Operation::Combine { reduction };
    Layer::new(token.name(label), ChunkGrid::from_axes(grid), layer.dtype(), operation, vec![edge])
}

/// The last layer: the blocks that are left along `axes` become the result.
fn aggregate(layer: &Arc<Layer>, reduction: Reduction, axes: Vec<usize>, keepdims: bool, label: &str) -> Arc<Layer> {
    let token = Token::new("aggregate").with(layer.name()).with_debug(&reduction).with_debug(&keepdims);
    let mut grid = vec![];
    let mut links = vec![];
    for (axis, chunks) in layer.grid().axes().iter().enumerate() {
        if axes.contains(&axis) {
            links.push(Link::All);
            if keepdims {
                grid.push(ones(1));
            }
        } else {
            links.push(Link::Same { axis: grid.len() });
            grid.push(chunks.clone());
        }
    }
    let edge = Edge::new(layer, links);
    let operation = Operation::Aggregate { reduction, axes, keepdims };
    Layer::new(token.name(label), ChunkGrid::from_axes(grid), layer.dtype(), operation, vec![edge])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_depth_is_the_number_of_times_the_blocks_must_be_grouped() {
        assert_eq!(depth(&[10, 1], &[0, 1], 2), 4);
        assert_eq!(depth(&[10, 1], &[1], 4), 1);
        assert_eq!(depth(&[1000], &[0], 10), 3);
        assert_eq!(depth(&[], &[], 4), 1);
        assert_eq!(
            (split_per_axis(4, 1), split_per_axis(4, 2), split_per_axis(8, 3), split_per_axis(4, 3)),
            (4, 2, 2, 2)
        );
    }
}
