//! Reading blocks of a virtual dataset from the datasets that it is assembled from.

use super::adapter::guarded;
use super::dataset::{Dataset, Reading};
use super::element::{put_scalar, Element};
use super::read::check_region;
use super::selection::{Blocks, Selection};
use super::virtual_map::{Nesting, Piece, VirtualMap};
use crate::block::{shape_text, Block};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::grid::Region;
use crate::source::ChunkSource;
use std::hash::Hasher;
use std::ops::Range;
use std::sync::{Arc, OnceLock};
use twox_hash::XxHash64;

/// The elements of a virtual dataset, read from its sources on request.
pub(super) struct VirtualSource {
    dataset: Dataset,
    reading: Reading,
    element: Element,
    /// The dataset's extents and those of an array type.
    shape: Vec<u64>,
    /// The bytes in memory of one array-type element that no source gives; `None` is zeros.
    fill: Option<Vec<u8>>,
    sources: Vec<Source>,
    nesting: Nesting,
    identity: String,
}

/// A piece and its dataset, opened when a region first touches it.
struct Source {
    piece: Piece,
    opened: OnceLock<Result<Option<Opened>>>,
}

struct Opened {
    source: Arc<dyn ChunkSource>,
    pairing: Pairing,
}

/// Which elements of a source belong where.
enum Pairing {
    /// Along every axis for itself: the selections' axes, and for each axis of the source the one of the virtual
    /// dataset it follows; `None` where only one index is chosen.
    Axes { source: Vec<Blocks>, target: Vec<Blocks>, follows: Vec<Option<usize>> },
    /// Run by run along the last axes.
    Runs(Vec<Run>),
}

/// Elements that lie one behind the other in both.
struct Run {
    source: Vec<u64>,
    target: Vec<u64>,
    len: u64,
}

/// Runs that one piece may have where its selections have nothing in common but their number of elements.
const MAX_RUNS: usize = 1 << 20;

/// A source is read in one box around what is wanted of it while that has at most so many times the elements.
const MAX_WASTE: u64 = 8;

/// Elements beyond which a box that holds more than what is wanted is cut.
const SMALL: u64 = 1 << 16;

impl VirtualSource {
    pub(super) fn new(
        dataset: Dataset,
        reading: Reading,
        element: Element,
        map: &VirtualMap,
        fill: Option<Vec<u8>>,
        nesting: Nesting,
        identity: String,
    ) -> Result<VirtualSource> {
        let shape = [dataset.shape(), &element.trailing].concat();
        let wanted = |piece: &Piece| piece.target.len(dataset.shape());
        let total = dataset.shape().iter().copied().fold(1, u64::saturating_mul);
        // Sources may overlap, but not so that each element is written any number of times.
        if map.pieces.iter().map(wanted).fold(0, u64::saturating_add) > total.saturating_mul(16) {
            return Err(Error::invalid_file("a virtual dataset each of whose elements has many sources"));
        }
        let sources: Vec<Source> =
            map.pieces.iter().map(|piece| Source { piece: piece.clone(), opened: OnceLock::new() }).collect();
        let mut pieces = XxHash64::with_seed(0);
        map.pieces.iter().for_each(|piece| pieces.write(piece.identity().as_bytes()));
        let identity = format!("{identity}:{}:{:016x}", shape_text(&map.shape), pieces.finish());
        Ok(VirtualSource { dataset, reading, element, shape, fill, sources, nesting, identity })
    }

    fn read_located(&self, region: &Region) -> Result<Block> {
        check_region(region, &self.shape)?;
        let mut out = Block::zeros(self.element.dtype, &region.extents()?)?;
        if out.is_empty() {
            return Ok(out);
        }
        if let Some(fill) = &self.fill {
            super::read::fill_region(fill, &self.element, self.dataset.shape().len(), region, &mut out)?;
        }
        for source in &self.sources {
            self.read_source(source, region, &mut out)?;
        }
        Ok(out)
    }

    fn read_source(&self, source: &Source, region: &Region, out: &mut Block) -> Result<()> {
        let rank = self.dataset.shape().len();
        let touches = |(axis, end): (usize, Option<u64>)| end.is_none_or(|end| region.start[axis] < end);
        let ends = source.piece.target.ends(rank);
        if source.piece.target == Selection::None || !ends.into_iter().enumerate().all(touches) {
            return Ok(());
        }
        if let Some(axes) = source.piece.target.axes(self.dataset.shape()) {
            let numbers = numbers(&axes, region);
            if numbers.iter().any(Range::is_empty) {
                return Ok(());
            }
        }
        let Some(opened) = source.opened.get_or_init(|| self.open(&source.piece)).as_ref().map_err(Error::clone)?
        else {
            return Ok(());
        };
        let mut assembly = Assembly { source: opened.source.as_ref(), element: &self.element, rank, region, out };
        match &opened.pairing {
            Pairing::Axes { source, target, follows } => {
                assembly.axes(source, target, follows, numbers(target, region))
            }
            Pairing::Runs(runs) => assembly.runs(runs),
        }
    }

    fn open(&self, piece: &Piece) -> Result<Option<Opened>> {
        let Some(dataset) = piece.open(&self.nesting)? else { return Ok(None) };
        let source = dataset.source_as(self.reading, self.dataset.stored_type(), self.dataset.file())?;
        let rank = dataset.shape().len();
        if source.shape()[rank.min(source.shape().len())..] != self.element.trailing {
            return Err(dataset.located(Error::unsupported(
                "as a source of a virtual dataset: its elements are arrays of another shape",
            )));
        }
        let whole = piece.source.ends(rank).into_iter().zip(dataset.shape());
        if piece.source.rank().is_some_and(|selected| selected != rank)
            || whole.into_iter().any(|(end, &extent)| end.is_some_and(|end| end > extent))
        {
            return Err(dataset.located(ranks_or_extents_differ()));
        }
        let pairing = pair(piece, dataset.shape(), self.dataset.shape()).map_err(|error| dataset.located(error))?;
        Ok(Some(Opened { source, pairing }))
    }
}

fn ranks_or_extents_differ() -> Error {
    Error::invalid_file("as a source of a virtual dataset: it is smaller than what is selected of it")
}

/// Finds out how the elements of a piece's two selections, equally many in row-major order, belong together.
fn pair(piece: &Piece, source_shape: &[u64], target_shape: &[u64]) -> Result<Pairing> {
    let counts = [piece.source.len(source_shape), piece.target.len(target_shape)];
    if counts[0] != counts[1] {
        return Err(Error::invalid_file(format!(
            "as a source of a virtual dataset: {} of its elements are selected for {}",
            counts[0], counts[1]
        )));
    }
    if let (Some(source), Some(target)) = (piece.source.axes(source_shape), piece.target.axes(target_shape)) {
        let long = |axes: &[Blocks]| (0..axes.len()).filter(|&axis| axes[axis].len != 1).collect::<Vec<_>>();
        let (long_source, long_target) = (long(&source), long(&target));
        let lengths = |axes: &[Blocks], long: &[usize]| long.iter().map(|&axis| axes[axis].len).collect::<Vec<_>>();
        if lengths(&source, &long_source) == lengths(&target, &long_target) {
            let mut follows = vec![None; source.len()];
            long_source.iter().zip(&long_target).for_each(|(&source, &target)| follows[source] = Some(target));
            return Ok(Pairing::Axes { source, target, follows });
        }
    }
    let mut source = piece.source.runs(source_shape, MAX_RUNS)?.into_iter().peekable();
    let mut target = piece.target.runs(target_shape, MAX_RUNS)?.into_iter().peekable();
    let mut runs = Vec::new();
    while let (Some((from, left)), Some((to, room))) = (source.peek_mut(), target.peek_mut()) {
        let len = (*left).min(*room);
        runs.push(Run { source: from.clone(), target: to.clone(), len });
        let advance = |index: &mut Vec<u64>, left: &mut u64| {
            if let Some(last) = index.last_mut() {
                *last += len;
            }
            *left -= len;
            *left == 0
        };
        let (source_done, target_done) = (advance(from, left), advance(to, room));
        if source_done {
            source.next();
        }
        if target_done {
            target.next();
        }
    }
    Ok(Pairing::Runs(runs))
}

/// Of the elements chosen along each axis those, by their number, that lie in `region`.
fn numbers(axes: &[Blocks], region: &Region) -> Vec<Range<u64>> {
    let within = |(axis, blocks): (usize, &Blocks)| {
        let start = region.start[axis];
        blocks.before(start)..blocks.before(start + region.count[axis])
    };
    axes.iter().enumerate().map(within).collect()
}

/// Puts what one source gives into a block of the virtual dataset.
struct Assembly<'a> {
    source: &'a dyn ChunkSource,
    element: &'a Element,
    /// Axes of the virtual dataset, those of an array type not counted.
    rank: usize,
    region: &'a Region,
    out: &'a mut Block,
}

impl Assembly<'_> {
    /// `numbers` says for every axis of the virtual dataset which of the elements chosen are wanted.
    fn axes(
        &mut self,
        source: &[Blocks],
        target: &[Blocks],
        follows: &[Option<usize>],
        numbers: Vec<Range<u64>>,
    ) -> Result<()> {
        if numbers.iter().any(Range::is_empty) {
            return Ok(());
        }
        let of_axis = |axis: usize| follows[axis].map_or(0..1, |target| numbers[target].clone());
        let mut boxed = Region { start: Vec::new(), count: Vec::new() };
        for (axis, blocks) in source.iter().enumerate() {
            let numbers = of_axis(axis);
            let start = blocks.at(numbers.start);
            boxed.start.push(start);
            boxed.count.push(blocks.at(numbers.end - 1) + 1 - start);
        }
        let wanted = numbers.iter().map(|numbers| numbers.end - numbers.start).fold(1, u64::saturating_mul);
        let held = boxed.checked_len().unwrap_or(u64::MAX);
        if held > SMALL && held / MAX_WASTE > wanted {
            // Halve along the axis of the widest gaps.
            let waste = |&axis: &usize| {
                let numbers = of_axis(axis);
                boxed.count[axis] / (numbers.end - numbers.start)
            };
            let widest =
                (0..source.len()).filter(|&axis| of_axis(axis).end - of_axis(axis).start > 1).max_by_key(waste);
            if let Some(axis) = widest.and_then(|axis| follows[axis]) {
                let middle = numbers[axis].start + (numbers[axis].end - numbers[axis].start) / 2;
                for half in [numbers[axis].start..middle, middle..numbers[axis].end] {
                    let mut numbers = numbers.clone();
                    numbers[axis] = half;
                    self.axes(source, target, follows, numbers)?;
                }
                return Ok(());
            }
        }
        let block = self.read(&boxed)?;
        // Positions of each number along an axis of the virtual dataset, in the block read and in `out`.
        let source_strides = strides(&boxed.count);
        let target_strides = strides(&self.region.count[..self.rank]);
        let mut positions: Vec<Vec<(u64, u64)>> = Vec::new();
        for (axis, numbers) in numbers.into_iter().enumerate() {
            let from = follows.iter().position(|&follows| follows == Some(axis));
            positions.push(
                numbers
                    .map(|number| {
                        let to = (target[axis].at(number) - self.region.start[axis]) * target_strides[axis];
                        let from =
                            from.map_or(0, |from| (source[from].at(number) - boxed.start[from]) * source_strides[from]);
                        (from, to)
                    })
                    .collect(),
            );
        }
        let inner = positions.pop().map_or_else(|| vec![(0, 0, 1)], joined);
        let mut at = vec![0; positions.len()];
        loop {
            let (from, to) = positions.iter().zip(&at).fold((0, 0), |(from, to), (axis, &at)| {
                let (axis_from, axis_to) = axis[at];
                (from + axis_from, to + axis_to)
            });
            for &(inner_from, inner_to, len) in &inner {
                self.put(&block, from + inner_from, to + inner_to, len);
            }
            let Some(next) = (0..at.len()).rev().find(|&axis| at[axis] + 1 < positions[axis].len()) else {
                return Ok(());
            };
            at[next] += 1;
            at[next + 1..].fill(0);
        }
    }

    fn runs(&mut self, runs: &[Run]) -> Result<()> {
        let strides = strides(&self.region.count[..self.rank]);
        for run in runs {
            let Some((index, outer)) = run.target.split_last() else {
                let block = self.read(&Region { start: run.source.clone(), count: vec![1; run.source.len()] })?;
                self.put(&block, 0, 0, 1);
                continue;
            };
            let (start, count) = (&self.region.start, &self.region.count);
            let last = outer.len();
            let inside = |(axis, &index): (usize, &u64)| index >= start[axis] && index - start[axis] < count[axis];
            let low = start[last].max(*index);
            let high = (start[last] + count[last]).min(index + run.len);
            if low >= high || !outer.iter().enumerate().all(inside) {
                continue;
            }
            let mut wanted = Region { start: run.source.clone(), count: vec![1; run.source.len()] };
            if let (Some(from), Some(len)) = (wanted.start.last_mut(), wanted.count.last_mut()) {
                *from += low - index;
                *len = high - low;
            }
            let to = outer.iter().enumerate().map(|(axis, &index)| (index - start[axis]) * strides[axis]).sum::<u64>();
            let to = to + low - start[last];
            let block = self.read(&wanted)?;
            self.put(&block, 0, to, high - low);
        }
        Ok(())
    }

    /// Reads a box of the source, of an array type what the region asks for, as the virtual dataset's numbers.
    fn read(&self, boxed: &Region) -> Result<Block> {
        let mut whole = boxed.clone();
        whole.start.extend_from_slice(&self.region.start[self.rank..]);
        whole.count.extend_from_slice(&self.region.count[self.rank..]);
        converted(self.source.read(&whole)?, self.element.dtype)
    }

    /// Copies `len` elements from position `from` of `block` to position `to`.
    fn put(&mut self, block: &Block, from: u64, to: u64, len: u64) {
        let item = self.region.count[self.rank..].iter().product::<u64>() * self.element.dtype.size() as u64;
        let bytes = |position: u64| (position * item) as usize..((position + len) * item) as usize;
        self.out.bytes_mut()[bytes(to)].copy_from_slice(&block.bytes()[bytes(from)]);
    }
}

/// Elements between neighbours along each axis.
fn strides(shape: &[u64]) -> Vec<u64> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

/// Pairs of positions as runs in which both go up by one.
fn joined(positions: Vec<(u64, u64)>) -> Vec<(u64, u64, u64)> {
    let mut runs: Vec<(u64, u64, u64)> = Vec::new();
    for (from, to) in positions {
        match runs.last_mut() {
            Some((first_from, first_to, len)) if *first_from + *len == from && *first_to + *len == to => *len += 1,
            _ => runs.push((from, to, 1)),
        }
    }
    runs
}

/// The numbers of `block` as `dtype`, as HDF5 converts them: an integer out of range becomes the nearest in range.
fn converted(block: Block, dtype: DType) -> Result<Block> {
    if block.dtype() == dtype {
        return Ok(block);
    }
    if block.dtype().is_float() && !dtype.is_float() {
        return Err(Error::unsupported(format!(
            "a virtual dataset of {dtype} with sources of {}; read those",
            block.dtype()
        )));
    }
    let mut out = Block::zeros(dtype, block.shape())?;
    let element = Element::native(block.dtype());
    let stored = block.bytes().chunks_exact(block.dtype().size());
    for (stored, out) in stored.zip(out.bytes_mut().chunks_exact_mut(dtype.size())) {
        if let Some(number) = element.scalar(stored) {
            put_scalar(out, dtype, number);
        }
    }
    Ok(out)
}

impl ChunkSource for VirtualSource {
    fn shape(&self) -> &[u64] {
        &self.shape
    }

    fn dtype(&self) -> DType {
        self.element.dtype
    }

    fn chunks(&self) -> Option<&[u64]> {
        None
    }

    fn label(&self) -> String {
        self.dataset.label()
    }

    fn identity(&self) -> String {
        self.identity.clone()
    }

    fn has_scratch(&self) -> bool {
        true
    }

    /// One part after the other is read and copied; what their own reads hold is not known before they are opened.
    fn scratch_bytes(&self, region: &Region) -> u64 {
        region.checked_len().unwrap_or(u64::MAX).saturating_mul(self.element.dtype.size() as u64)
    }

    fn read(&self, region: &Region) -> Result<Block> {
        guarded(|| self.read_located(region)).map_err(|error| self.dataset.located(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::Scalar;

    #[test]
    fn numbers_out_of_range_become_the_nearest_and_fractions_are_not_cut() {
        let block = Block::from_elements(DType::I32, &[4], &[-5i32, 7, 300, 70_000]).unwrap();
        assert_eq!(converted(block.clone(), DType::U8).unwrap().elements::<u8>(), [0, 7, 255, 255]);
        assert_eq!(converted(block.clone(), DType::I16).unwrap().elements::<i16>(), [-5, 7, 300, 32767]);
        assert_eq!(converted(block, DType::F64).unwrap().elements::<f64>(), [-5.0, 7.0, 300.0, 70_000.0]);
        let floats = Block::from_elements(DType::F64, &[1], &[0.5f64]).unwrap();
        assert!(converted(floats, DType::I32).is_err());
        let mut out = [0; 8];
        put_scalar(&mut out, DType::I64, Scalar::UInt(u64::MAX));
        assert_eq!(i64::from_ne_bytes(out), i64::MAX);
    }

    #[test]
    fn positions_that_go_up_together_are_copied_together() {
        assert_eq!(joined(vec![(0, 5), (1, 6), (3, 7), (4, 8)]), [(0, 5, 2), (3, 7, 2)]);
    }
}
