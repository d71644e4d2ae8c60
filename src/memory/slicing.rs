//! Parts of arrays: basic slices, assignment, transposes, joining.

use super::compute::{astype, scalar_block};
use super::operand::{broadcast_strides, promote, tight, Operand};
use crate::block::{shape_text, Block};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::grid::Region;
use crate::kernels::strided::{self, row_major_strides, with_bits, View};

/// A basic slice of one axis: the indices `start, start + step, ...`, `count` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AxisSlice {
    /// First index.
    pub start: u64,
    /// Number of indices.
    pub count: u64,
    /// From one index to the next; negative to go backwards, never 0.
    pub step: i64,
}

impl AxisSlice {
    /// Every index of an axis of length `extent`.
    pub fn whole(extent: u64) -> AxisSlice {
        AxisSlice { start: 0, count: extent, step: 1 }
    }

    /// Whether every index lies on an axis of length `extent`.
    pub fn fits(&self, extent: u64) -> bool {
        if self.count == 0 {
            return self.start <= extent;
        }
        let last = i128::from(self.start) + i128::from(self.step) * i128::from(self.count - 1);
        self.step != 0 && self.start < extent && (0..i128::from(extent)).contains(&last)
    }
}

/// Where the elements that `slices` select lie in a row-major array of `shape`: shape, offset, strides.
fn selection(shape: &[usize], slices: &[AxisSlice]) -> Result<(Vec<usize>, usize, Vec<isize>)> {
    if slices.len() != shape.len() {
        return Err(Error::index(format!(
            "an array of shape {} has {} axes, and {} were indexed",
            shape_text(shape),
            shape.len(),
            slices.len()
        )));
    }
    let strides = row_major_strides(shape);
    let mut offset = 0;
    for (axis, slice) in slices.iter().enumerate() {
        if !slice.fits(shape[axis] as u64) {
            return Err(Error::index(format!(
                "{} indices from {} by {} are out of bounds for axis {axis} with size {}",
                slice.count, slice.start, slice.step, shape[axis]
            )));
        }
        offset += slice.start as usize * strides[axis] as usize;
    }
    let counts = slices.iter().map(|slice| slice.count as usize).collect();
    let steps = slices.iter().zip(&strides).map(|(slice, &stride)| slice.step as isize * stride).collect();
    Ok((counts, offset, steps))
}

/// Copies between views of two blocks of one element type.
#[cfg_attr(page, optimize(speed))]
fn copy_view(
    shape: &[usize],
    (source, from, from_strides): (&Block, usize, Vec<isize>),
    (target, to, to_strides): (&mut Block, usize, Vec<isize>),
) {
    with_bits!(source.dtype().size(), T => strided::copy::<T>(
        shape,
        View { elements: source.elements(), offset: from, strides: from_strides },
        View { elements: target.elements_mut(), offset: to, strides: to_strides },
    ));
}

/// The part of `block` that `region` covers, copied.
///
/// # Errors
/// An index error when the region does not lie inside the block.
pub fn copy_region(block: &Block, region: &Region) -> Result<Block> {
    let slices: Vec<_> =
        region.start.iter().zip(&region.count).map(|(&start, &count)| AxisSlice { start, count, step: 1 }).collect();
    slice(block, &slices, &[])
}

/// The elements that `slices` select, copied; the axes `drop`, of one index each, are left out of the shape.
///
/// # Errors
/// An index error when a slice does not fit its axis or a dropped axis has not one index.
pub fn slice(block: &Block, slices: &[AxisSlice], drop: &[usize]) -> Result<Block> {
    let (shape, offset, strides) = selection(block.shape(), slices)?;
    let mut kept = Vec::with_capacity(shape.len());
    for (axis, &count) in shape.iter().enumerate() {
        match (drop.contains(&axis), count) {
            (false, _) => kept.push(count),
            (true, 1) => {}
            (true, _) => return Err(Error::index(format!("axis {axis} has {count} indices and cannot be dropped"))),
        }
    }
    let mut part = Block::unspecified(block.dtype(), &shape)?;
    let part_strides = row_major_strides(&shape);
    copy_view(&shape, (block, offset, strides), (&mut part, 0, part_strides));
    part.reshaped(&kept)
}

/// Sets the elements that `slices` select to `value`, cast and broadcast as NumPy does.
///
/// # Errors
/// An index error when a slice does not fit; a value error when the value's shape does not broadcast;
/// an overflow error when a Python integer does not fit the element type.
pub fn assign(block: &mut Block, slices: &[AxisSlice], value: &Operand) -> Result<()> {
    let (shape, offset, strides) = selection(block.shape(), slices)?;
    let cast;
    let value = match value {
        Operand::Scalar(scalar) => {
            cast = scalar_block(*scalar, block.dtype())?;
            &cast
        }
        Operand::Block(value) if value.dtype() == block.dtype() => *value,
        Operand::Block(value) => {
            cast = astype(value, block.dtype())?;
            &cast
        }
    };
    let value_strides = assigned_strides(value.shape(), &shape)?;
    copy_view(&shape, (value, 0, value_strides), (block, offset, strides));
    Ok(())
}

/// The strides by which a value is repeated over `shape`; axes of length 1 in front are ignored.
fn assigned_strides(value: &[usize], shape: &[usize]) -> Result<Vec<isize>> {
    let refused = || {
        Error::value(format!("could not broadcast input array from shape {} into shape {}", tight(value), tight(shape)))
    };
    let surplus = value.len().saturating_sub(shape.len());
    if value[..surplus].iter().any(|&extent| extent != 1) {
        return Err(refused());
    }
    broadcast_strides(&value[surplus..], shape).ok_or_else(refused)
}

/// Puts `part` into `block`, its first element at index `start`.
///
/// # Errors
/// An index error when it does not fit; a type error when the element types differ.
pub fn paste(block: &mut Block, start: &[usize], part: &Block) -> Result<()> {
    if block.dtype() != part.dtype() {
        return Err(Error::type_error(format!("cannot paste {} into {}", part.dtype(), block.dtype())));
    }
    let slices: Vec<_> = start
        .iter()
        .zip(part.shape())
        .map(|(&start, &count)| AxisSlice { start: start as u64, count: count as u64, step: 1 })
        .collect();
    assign(block, &slices, &Operand::Block(part))
}

/// The block with its axes in the order `axes`, copied.
///
/// # Errors
/// A value error when `axes` is not a permutation of the block's axes.
pub fn transpose(block: &Block, axes: &[usize]) -> Result<Block> {
    let rank = block.shape().len();
    let mut sorted = axes.to_vec();
    sorted.sort_unstable();
    if sorted != (0..rank).collect::<Vec<_>>() {
        return Err(Error::value("axes don't match array"));
    }
    let shape: Vec<_> = axes.iter().map(|&axis| block.shape()[axis]).collect();
    let strides = row_major_strides(block.shape());
    let strides = axes.iter().map(|&axis| strides[axis]).collect();
    let mut turned = Block::unspecified(block.dtype(), &shape)?;
    let turned_strides = row_major_strides(&shape);
    copy_view(&shape, (block, 0, strides), (&mut turned, 0, turned_strides));
    Ok(turned)
}

/// The blocks one after the other along `axis`, in the type they all promote to.
///
/// # Errors
/// A value error when there are none, when they have no such axis, or when another extent differs.
pub fn concatenate(blocks: &[&Block], axis: usize) -> Result<Block> {
    let Some(first) = blocks.first() else {
        return Err(Error::value("need at least one array to concatenate"));
    };
    let rank = first.shape().len();
    if rank == 0 {
        return Err(Error::value("zero-dimensional arrays cannot be concatenated"));
    }
    if axis >= rank {
        return Err(Error::value(format!("axis {axis} is out of bounds for array of dimension {rank}")));
    }
    let mut shape = first.shape().to_vec();
    shape[axis] = 0;
    let mut dtype: DType = first.dtype();
    for (position, block) in blocks.iter().enumerate() {
        if block.shape().len() != rank {
            return Err(Error::value(format!(
                "all the input arrays must have same number of dimensions, but the array at index 0 has {rank} \
                 dimension(s) and the array at index {position} has {} dimension(s)",
                block.shape().len()
            )));
        }
        if let Some(other) = (0..rank).find(|&other| other != axis && block.shape()[other] != shape[other]) {
            return Err(Error::value(format!(
                "all the input array dimensions except for the concatenation axis must match exactly, but along \
                 dimension {other}, the array at index 0 has size {} and the array at index {position} has size {}",
                shape[other],
                block.shape()[other]
            )));
        }
        shape[axis] += block.shape()[axis];
        dtype = promote(dtype, block.dtype());
    }
    let mut joined = Block::unspecified(dtype, &shape)?;
    let mut slices: Vec<_> = shape.iter().map(|&extent| AxisSlice::whole(extent as u64)).collect();
    slices[axis].count = 0;
    for block in blocks {
        slices[axis].start += slices[axis].count;
        slices[axis].count = block.shape()[axis] as u64;
        assign(&mut joined, &slices, &Operand::Block(block))?;
    }
    Ok(joined)
}
