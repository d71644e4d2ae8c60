//! The same elements elsewhere: slices, transposes, other chunks.

use super::chunks::{check_count, sizes_text, with_grid};
use super::token::Token;
use super::Array;
use crate::block::shape_text;
use crate::error::{Error, Result};
use crate::graph::layer::{Edge, Layer, Operation};
use crate::graph::link::Link;
use crate::grid::{Axis, ChunkGrid};
use crate::memory::AxisSlice;

impl Array {
    /// A basic slice of each axis; the axes in `drop`, where one index is taken, are removed.
    ///
    /// Chunks in which no element is taken do not take part; the others keep their elements together.
    ///
    /// # Errors
    /// An index error for a slice that leaves the axis, or a dropped axis where not one index is taken.
    pub fn slice(&self, slices: &[AxisSlice], drop: &[usize]) -> Result<Array> {
        if slices.len() != self.rank() {
            return Err(Error::index(format!(
                "an array of shape {} has {} axes, and {} were indexed",
                shape_text(&self.shape()),
                self.rank(),
                slices.len()
            )));
        }
        let mut grid = vec![];
        let mut links = vec![];
        for (axis, (slice, chunks)) in slices.iter().zip(self.grid().axes()).enumerate() {
            let dropped = drop.contains(&axis);
            if !slice.fits(chunks.extent()) || slice.step == 0 || (dropped && slice.count != 1) {
                return Err(Error::index(format!(
                    "{} indices from {} by {} are out of bounds for axis {axis} with size {}",
                    slice.count,
                    slice.start,
                    slice.step,
                    chunks.extent()
                )));
            }
            if dropped {
                links.push(Link::Fixed(chunks.chunk_of(slice.start)));
                continue;
            }
            let (taken, link) = slice_axis(chunks, slice, grid.len());
            grid.push(taken);
            links.push(link);
        }
        let is_whole = |(slice, chunks): (&AxisSlice, &Axis)| *slice == AxisSlice::whole(chunks.extent());
        if drop.is_empty() && slices.iter().zip(self.grid().axes()).all(is_whole) {
            return Ok(self.clone());
        }
        let name = Token::new("getitem").with(self.name()).with_debug(&slices).with_debug(&drop).name("getitem");
        let operation = Operation::Slice { slices: slices.to_vec(), drop: drop.to_vec() };
        let edges = vec![Edge::new(&self.layer, links)];
        Ok(Array::from_layer(Layer::new(name, ChunkGrid::from_axes(grid), self.dtype(), operation, edges)))
    }

    /// The axes in the order of `axes`: axis `i` of the result is axis `axes[i]` of the array.
    ///
    /// # Errors
    /// A value error when `axes` is not a permutation of the array's axes.
    pub fn transpose(&self, axes: &[usize]) -> Result<Array> {
        let mut sorted = axes.to_vec();
        sorted.sort_unstable();
        if !sorted.iter().copied().eq(0..self.rank()) {
            return Err(Error::value(format!(
                "axes {} do not match an array of shape {}; name each of its {} axes once",
                shape_text(axes),
                shape_text(&self.shape()),
                self.rank()
            )));
        }
        if axes.iter().copied().eq(0..self.rank()) {
            return Ok(self.clone());
        }
        let grid = ChunkGrid::from_axes(axes.iter().map(|&axis| self.grid().axes()[axis].clone()).collect());
        let mut links: Vec<(usize, Link)> =
            axes.iter().enumerate().map(|(output, &axis)| (axis, Link::Same { axis: output })).collect();
        links.sort_by_key(|(axis, _)| *axis);
        let edge = Edge::new(&self.layer, links.into_iter().map(|(_, link)| link).collect());
        let name = Token::new("transpose").with(self.name()).with_debug(&axes).name("transpose");
        let operation = Operation::Transpose { axes: axes.to_vec() };
        Ok(Array::from_layer(Layer::new(name, grid, self.dtype(), operation, vec![edge])))
    }

    /// The same elements in the chunks of `grid`; the array itself if it has them.
    ///
    /// # Errors
    /// A value error when `grid` is not one of the array's shape.
    pub fn rechunk(&self, grid: ChunkGrid) -> Result<Array> {
        if grid == *self.grid() {
            return Ok(self.clone());
        }
        if grid.shape() != self.shape() {
            return Err(Error::value(format!(
                "Chunks do not add up to shape. Got chunks={}, shape={}",
                sizes_text(&grid),
                shape_text(&self.shape())
            )));
        }
        check_count(&grid)?;
        let axes = self.grid().axes().iter().zip(grid.axes()).enumerate();
        let links = axes
            .map(|(axis, (from, to))| {
                if from == to {
                    Link::Same { axis }
                } else {
                    Link::Overlap { axis, from: from.clone(), to: to.clone() }
                }
            })
            .collect();
        let name = with_grid(Token::new("rechunk").with(self.name()), &grid).name("rechunk-merge");
        let edges = vec![Edge::new(&self.layer, links)];
        Ok(Array::from_layer(Layer::new(name, grid, self.dtype(), Operation::Rechunk, edges)))
    }
}

/// The chunks that `slice` leaves of an axis, which becomes axis `output`, and where they come from.
fn slice_axis(chunks: &Axis, slice: &AxisSlice, output: usize) -> (Axis, Link) {
    let falling = slice.step < 0;
    if slice.count == 0 {
        return (Axis::from_sizes(&[0]), Link::Picks { axis: output, blocks: [0].into(), falling });
    }
    if *slice == AxisSlice::whole(chunks.extent()) {
        return (chunks.clone(), Link::Same { axis: output });
    }
    let stride = slice.step.unsigned_abs();
    let mut blocks = vec![];
    let mut sizes = vec![];
    let mut taken = 0;
    while taken < slice.count {
        let offset = if falling { slice.start - taken * stride } else { slice.start + taken * stride };
        let block = chunks.chunk_of(offset);
        let room =
            if falling { offset - chunks.start(block) } else { chunks.start(block) + chunks.size(block) - 1 - offset };
        let size = (room / stride + 1).min(slice.count - taken);
        blocks.push(block);
        sizes.push(size);
        taken += size;
    }
    (Axis::from_sizes(&sizes), Link::Picks { axis: output, blocks: blocks.into(), falling })
}
