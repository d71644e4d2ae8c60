//! What a task does.

use crate::block::Block;
use crate::error::{Error, Result};
use crate::graph::layer::{Layer, Operand as LayerOperand, Operation};
use crate::grid::{unravel, Axis, Region};
use crate::kernels::reduction::{Partial, Reduction};
use crate::memory::{self, AxisSlice, Operand};
use crate::source::ChunkSource;
use smallvec::SmallVec;
use std::sync::Arc;

/// What a task makes.
#[derive(Clone)]
pub(crate) enum Value {
    Block(Arc<Block>),
    Partial(Arc<Partial>, Reduction),
}

impl Value {
    pub(crate) fn bytes(&self) -> u64 {
        match self {
            Value::Block(block) => block.byte_len() as u64,
            Value::Partial(partial, _) => partial.fields.iter().map(|field| field.byte_len() as u64).sum(),
        }
    }

    pub(crate) fn block(&self) -> Result<&Arc<Block>> {
        match self {
            Value::Block(block) => Ok(block),
            Value::Partial(..) => Err(Error::internal("a partial where a block was expected")),
        }
    }

    fn partial(&self) -> Result<&Partial> {
        match self {
            Value::Partial(partial, _) => Ok(partial),
            Value::Block(_) => Err(Error::internal("a block where a partial was expected")),
        }
    }
}

/// The block at `position` of `layer`, from the blocks of each of its inputs in the order in which the
/// layer takes them; and the bytes that were read for it.
pub(crate) fn evaluate(layer: &Layer, position: usize, inputs: &[&[Value]]) -> Result<(Value, u64)> {
    let only = |input: usize| match inputs.get(input) {
        Some([value]) => value.block(),
        _ => Err(Error::internal(format!("a task of {} takes one block of each input", layer.name()))),
    };
    let block = match &layer.operation {
        Operation::Source(source) => {
            let region = layer.grid().region_at(position);
            let block = source.read(&region).map_err(|error| error.at(source.label()))?;
            return Ok((Value::Block(Arc::new(block)), source.stored_bytes(&region)));
        }
        Operation::Unary(op) => memory::unary(*op, only(0)?)?,
        Operation::AsType => memory::astype(only(0)?, layer.dtype())?,
        Operation::Binary { op, left, right } => {
            let operand = |operand: &LayerOperand| match operand {
                LayerOperand::Input(input) => only(*input).map(|block| Operand::Block(block)),
                LayerOperand::Scalar(scalar) => Ok(Operand::Scalar(*scalar)),
            };
            memory::binary(*op, &operand(left)?, &operand(right)?)?
        }
        Operation::Chunk { reduction, axes } => {
            let partial = reduction.chunk(only(0)?, axes)?;
            return Ok((Value::Partial(Arc::new(partial), *reduction), 0));
        }
        Operation::Combine { reduction } => {
            let partial = reduction.combine(&partials(inputs[0])?)?;
            return Ok((Value::Partial(Arc::new(partial), *reduction), 0));
        }
        Operation::Aggregate { reduction, axes, keepdims } => {
            let partial = reduction.combine(&partials(inputs[0])?)?;
            reduction.aggregate(partial, axes, *keepdims)?
        }
        Operation::Slice { slices, drop } => {
            let within = within_block(layer, &slices_for(layer, position, slices, drop));
            memory::slice(only(0)?, &within, drop)?
        }
        Operation::Transpose { axes } => memory::transpose(only(0)?, axes)?,
        Operation::Rechunk => rechunk(layer, position, inputs[0])?,
    };
    Ok((Value::Block(Arc::new(block)), 0))
}

/// The partials of one chunk that several reductions over the same axes make, in one pass over it.
pub(crate) fn evaluate_chunks<'a>(
    layers: impl Iterator<Item = &'a Layer>,
    inputs: &[&[Value]],
) -> Result<SmallVec<[Value; 2]>> {
    let [[value]] = inputs else { return Err(Error::internal("a reduction takes one block")) };
    let mut reductions: SmallVec<[Reduction; 4]> = SmallVec::new();
    let mut over: &[usize] = &[];
    for layer in layers {
        let Operation::Chunk { reduction, axes } = &layer.operation else {
            return Err(Error::internal(format!("{} does not reduce chunks", layer.name())));
        };
        reductions.push(*reduction);
        over = axes;
    }
    let partials = Reduction::chunk_many(&reductions, value.block()?, over)?.into_iter().zip(reductions);
    Ok(partials.map(|(partial, reduction)| Value::Partial(Arc::new(partial), reduction)).collect())
}

fn partials(values: &[Value]) -> Result<Vec<&Partial>> {
    values.iter().map(Value::partial).collect()
}

/// What the layer's slices take for the block at `position`, as slices of the whole input.
fn slices_for(layer: &Layer, position: usize, slices: &[AxisSlice], drop: &[usize]) -> Vec<AxisSlice> {
    let index = unravel(position, layer.counts());
    let mut kept = layer.grid().axes().iter().zip(&index);
    let for_axis = |(axis, slice): (usize, &AxisSlice)| {
        let made = if drop.contains(&axis) { None } else { kept.next() };
        let (taken, count) = made.map_or((0, 1), |(chunks, &index)| (chunks.start(index), chunks.size(index)));
        let start = if count == 0 { 0 } else { (slice.start as i64 + slice.step * taken as i64) as u64 };
        AxisSlice { start, count, step: slice.step }
    };
    slices.iter().enumerate().map(for_axis).collect()
}

/// The same within the one input block that they lie in.
fn within_block(layer: &Layer, slices: &[AxisSlice]) -> Vec<AxisSlice> {
    let chunks = layer.edges[0].input.grid().axes();
    let within = |(slice, axis): (&AxisSlice, &Axis)| {
        let start = if slice.count == 0 { 0 } else { slice.start - axis.start(axis.chunk_of(slice.start)) };
        AxisSlice { start, ..*slice }
    };
    slices.iter().zip(chunks).map(within).collect()
}

/// The box that `slices` span.
fn span(slices: &[AxisSlice]) -> Region {
    let reach = |slice: &AxisSlice| slice.count.saturating_sub(1) * slice.step.unsigned_abs();
    let start = |slice: &AxisSlice| if slice.step < 0 { slice.start - reach(slice) } else { slice.start };
    Region {
        start: slices.iter().map(start).collect(),
        count: slices.iter().map(|slice| if slice.count == 0 { 0 } else { reach(slice) + 1 }).collect(),
    }
}

/// The source that a layer's tasks read: its own, or what they slice where they read that themselves.
pub(crate) fn source_of(layer: &Layer) -> Option<&Arc<dyn ChunkSource>> {
    match &layer.operation {
        Operation::Slice { .. } => layer.edges[0].input.source(),
        _ => layer.source(),
    }
}

/// What such a layer reads of its source for the block at `position`.
pub(crate) fn direct_region(layer: &Layer, position: usize) -> Region {
    match &layer.operation {
        Operation::Slice { slices, drop } => span(&slices_for(layer, position, slices, drop)),
        _ => layer.grid().region_at(position),
    }
}

/// The block at `position` of a layer that slices a source, read from it without going through its blocks.
pub(crate) fn read_slice(layer: &Layer, position: usize) -> Result<(Value, u64)> {
    let (Operation::Slice { slices, drop }, Some(source)) = (&layer.operation, source_of(layer)) else {
        return Err(Error::internal(format!("{} does not slice a source", layer.name())));
    };
    let slices = slices_for(layer, position, slices, drop);
    let region = span(&slices);
    let block = source.read(&region).map_err(|error| error.at(source.label()))?;
    let within: Vec<AxisSlice> =
        slices.iter().zip(&region.start).map(|(s, start)| AxisSlice { start: s.start - start, ..*s }).collect();
    let taken = memory::slice(&block, &within, drop)?;
    Ok((Value::Block(Arc::new(taken)), source.stored_bytes(&region)))
}

/// The block at `position` put together from the parts of `blocks` that lie in it.
fn rechunk(layer: &Layer, position: usize, blocks: &[Value]) -> Result<Block> {
    let region = layer.grid().region_at(position);
    let mut made = Block::zeros(layer.dtype(), &region.extents()?)?;
    let input = &layer.edges[0].input;
    let mut positions = Vec::with_capacity(blocks.len());
    layer.visit_inputs(0, position, |block| positions.push(block));
    for (&from, value) in positions.iter().zip(blocks) {
        let source = input.grid().region_at(from);
        let Some(shared) = region.intersection(&source) else { continue };
        let relative = |to: &Region| -> Vec<u64> { shared.start.iter().zip(&to.start).map(|(a, b)| a - b).collect() };
        let at: Vec<usize> = relative(&region).iter().map(|&start| start as usize).collect();
        let block = value.block()?;
        if shared == source {
            memory::paste(&mut made, &at, block)?;
        } else {
            let part = Region { start: relative(&source), count: shared.count.clone() };
            memory::paste(&mut made, &at, &memory::copy_region(block, &part)?)?;
        }
    }
    Ok(made)
}
