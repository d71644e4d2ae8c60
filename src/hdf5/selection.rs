//! Selections of a dataspace's elements as virtual datasets store them (HDF5 File Format Specification 3.0, VIII.B).

use super::cursor::Cursor;
use crate::error::{Error, Result};

/// Elements chosen along one axis: blocks of `block` elements, their starts `stride` apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Blocks {
    pub(super) start: u64,
    pub(super) stride: u64,
    pub(super) block: u64,
    /// Elements chosen in all, the last block not always whole; [`UNLIMITED`] for as many as the axis is long.
    pub(super) len: u64,
}

/// The number of elements that goes on to the end of an axis, however long that becomes.
pub(super) const UNLIMITED: u64 = u64::MAX;

impl Blocks {
    /// The `count` elements from `start` on.
    pub(super) fn run(start: u64, count: u64) -> Blocks {
        Blocks { start, stride: count.max(1), block: count.max(1), len: count }
    }

    pub(super) fn is_unlimited(&self) -> bool {
        self.len == UNLIMITED
    }

    /// The position of the `number`th element chosen, which must be less than `len`.
    pub(super) fn at(&self, number: u64) -> u64 {
        self.start + number / self.block * self.stride + number % self.block
    }

    /// How many of the elements chosen lie before `position`.
    pub(super) fn before(&self, position: u64) -> u64 {
        let distance = position.saturating_sub(self.start);
        let blocks = distance / self.stride;
        let within = (distance % self.stride).min(self.block);
        blocks.saturating_mul(self.block).saturating_add(within).min(self.len)
    }

    /// One past the last position chosen, 0 where none is; `None` beyond 2^64.
    pub(super) fn end(&self) -> Option<u64> {
        let Some(last) = self.len.checked_sub(1) else { return Some(0) };
        let start = self.start.checked_add((last / self.block).checked_mul(self.stride)?)?;
        start.checked_add(last % self.block)?.checked_add(1)
    }
}

/// Which elements of a dataspace are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Selection {
    None,
    All,
    /// Those whose index is chosen along every axis.
    Regular(Vec<Blocks>),
    /// Those of boxes that do not overlap, each with its first and its last index.
    Boxes(Vec<(Vec<u64>, Vec<u64>)>),
}

/// The greatest rank of the format.
const MAX_RANK: u32 = 32;

impl Selection {
    /// Reads a selection and leaves `cursor` behind it.
    ///
    /// # Errors
    /// An unsupported error for selections of single points and unknown versions; an invalid-file error for what no
    /// program writes.
    pub(super) fn parse(cursor: &mut Cursor) -> Result<Selection> {
        let kind = cursor.u32()?;
        let version = cursor.u32()?;
        match kind {
            0 | 3 => {
                cursor.skip(8)?;
                Ok(if kind == 0 { Selection::None } else { Selection::All })
            }
            2 => hyperslab(cursor, version),
            1 => Err(Error::unsupported("a virtual dataset that selects single points")),
            other => Err(Error::unsupported(format!("a selection of kind {other} is not known"))),
        }
    }

    /// Its rank, where it says one.
    pub(super) fn rank(&self) -> Option<usize> {
        match self {
            Selection::Regular(axes) => Some(axes.len()),
            Selection::Boxes(boxes) => boxes.first().map(|(first, _)| first.len()),
            Selection::None | Selection::All => None,
        }
    }

    /// The axis along which it is without limit.
    pub(super) fn unlimited_axis(&self) -> Option<usize> {
        match self {
            Selection::Regular(axes) => axes.iter().position(Blocks::is_unlimited),
            _ => None,
        }
    }

    /// One past the last index chosen along each axis; `None` where nothing bounds it.
    pub(super) fn ends(&self, rank: usize) -> Vec<Option<u64>> {
        match self {
            Selection::Regular(axes) => {
                axes.iter().map(|axis| if axis.is_unlimited() { None } else { axis.end() }).collect()
            }
            Selection::Boxes(boxes) => {
                (0..rank).map(|axis| boxes.iter().map(|(_, last)| last[axis] + 1).max()).collect()
            }
            Selection::None | Selection::All => vec![None; rank],
        }
    }

    /// How many elements of a dataspace of `shape` are chosen.
    pub(super) fn len(&self, shape: &[u64]) -> u64 {
        let product = |lengths: &mut dyn Iterator<Item = u64>| lengths.fold(1, u64::saturating_mul);
        match self {
            Selection::None => 0,
            Selection::All => product(&mut shape.iter().copied()),
            Selection::Regular(axes) => product(&mut axes.iter().map(|axis| axis.len)),
            Selection::Boxes(boxes) => boxes
                .iter()
                .map(|(first, last)| product(&mut first.iter().zip(last).map(|(first, last)| last - first + 1)))
                .fold(0, u64::saturating_add),
        }
    }

    /// What is chosen along each axis, where that describes it.
    pub(super) fn axes(&self, shape: &[u64]) -> Option<Vec<Blocks>> {
        match self {
            Selection::All => Some(shape.iter().map(|&extent| Blocks::run(0, extent)).collect()),
            Selection::Regular(axes) => Some(axes.clone()),
            Selection::Boxes(boxes) => match boxes.as_slice() {
                [(first, last)] => {
                    Some(first.iter().zip(last).map(|(&start, last)| Blocks::run(start, last - start + 1)).collect())
                }
                _ => None,
            },
            Selection::None => None,
        }
    }

    /// The chosen elements in row-major order as runs along the last axis: where each begins, how long it is.
    ///
    /// # Errors
    /// An unsupported error beyond `limit` runs.
    pub(super) fn runs(&self, shape: &[u64], limit: usize) -> Result<Vec<(Vec<u64>, u64)>> {
        let mut runs = Vec::new();
        let mut boxed = |first: &[u64], last: &[u64]| {
            let Some(axis) = first.len().checked_sub(1) else {
                runs.push((Vec::new(), 1));
                return Ok(());
            };
            let mut index = first.to_vec();
            loop {
                if runs.len() >= limit {
                    return Err(Error::unsupported(format!("a virtual dataset of more than {limit} runs of elements")));
                }
                runs.push((index.clone(), last[axis] - first[axis] + 1));
                let Some(next) = (0..axis).rev().find(|&outer| index[outer] < last[outer]) else { return Ok(()) };
                index[next] += 1;
                index[next + 1..].copy_from_slice(&first[next + 1..]);
            }
        };
        match (self, self.axes(shape)) {
            (Selection::Boxes(boxes), _) => boxes.iter().try_for_each(|(first, last)| boxed(first, last))?,
            (_, Some(axes)) => {
                if axes.iter().any(|axis| axis.len == 0) {
                    return Ok(runs);
                }
                // Block by block along every axis.
                let mut numbers = vec![0; axes.len()];
                loop {
                    let first: Vec<u64> =
                        axes.iter().zip(&numbers).map(|(axis, number)| axis.start + number * axis.stride).collect();
                    let chosen = |(axis, number): (&Blocks, &u64)| axis.block.min(axis.len - number * axis.block);
                    let counts = axes.iter().zip(&numbers).map(chosen);
                    let last: Vec<u64> = first.iter().zip(counts).map(|(first, count)| first + count - 1).collect();
                    boxed(&first, &last)?;
                    let more = |&axis: &usize| (numbers[axis] + 1) * axes[axis].block < axes[axis].len;
                    let Some(next) = (0..axes.len()).rev().find(more) else { break };
                    numbers[next] += 1;
                    numbers[next + 1..].fill(0);
                }
            }
            (_, None) => {}
        }
        runs.sort_unstable();
        Ok(runs)
    }
}

fn hyperslab(cursor: &mut Cursor, version: u32) -> Result<Selection> {
    let (regular, width) = match version {
        1 => {
            cursor.skip(8)?;
            (false, 4)
        }
        2 => {
            let flags = cursor.u8()?;
            cursor.skip(4)?;
            (flags & 1 != 0, 8)
        }
        3 => (cursor.u8()? & 1 != 0, cursor.u8()?),
        other => return Err(Error::unsupported(format!("a hyperslab of version {other} is not known"))),
    };
    let rank = cursor.u32()?;
    if !matches!(width, 2 | 4 | 8) || rank == 0 || rank > MAX_RANK {
        return Err(Error::invalid_file(format!("a hyperslab of rank {rank} in fields of {width} bytes")));
    }
    let number = |cursor: &mut Cursor| cursor.uint(width.into());
    if regular {
        let axes = (0..rank).map(|_| axis(cursor, width)).collect::<Result<Vec<_>>>()?;
        if axes.iter().filter(|axis| axis.is_unlimited()).count() > 1 {
            return Err(Error::invalid_file("a hyperslab without limit along several axes; the file is damaged"));
        }
        return Ok(Selection::Regular(axes));
    }
    let count = number(cursor)?;
    let mut boxes = Vec::new();
    for _ in 0..count {
        let mut corner = || (0..rank).map(|_| number(cursor)).collect::<Result<Vec<_>>>();
        let (first, last) = (corner()?, corner()?);
        if first.iter().zip(&last).any(|(first, last)| first > last || *last == u64::MAX) {
            return Err(Error::invalid_file("a hyperslab whose block ends before it begins; the file is damaged"));
        }
        boxes.push((first, last));
    }
    Ok(Selection::Boxes(boxes))
}

fn axis(cursor: &mut Cursor, width: u8) -> Result<Blocks> {
    let start = cursor.uint(width.into())?;
    let stride = cursor.uint(width.into())?;
    let count = cursor.address(width)?.unwrap_or(UNLIMITED);
    let block = cursor.address(width)?;
    let unlimited = Blocks { start, stride, block: block.unwrap_or(1), len: UNLIMITED };
    let axis = match block {
        // One block without limit is as much as blocks of one without limit.
        None => Blocks { stride: 1, ..unlimited },
        Some(_) if count == UNLIMITED => unlimited,
        // The distance between blocks means nothing where there is one only.
        Some(block) if count == 1 => Blocks::run(start, block),
        Some(block) => Blocks { start, stride, block, len: count.saturating_mul(block) },
    };
    let bounded = axis.is_unlimited() || (axis.end().is_some() && axis.len > 0);
    if stride == 0 || block == Some(0) || axis.block > axis.stride || !bounded {
        return Err(Error::invalid_file(format!(
            "a hyperslab of {count} blocks of {}, {stride} apart; the file is damaged",
            axis.block
        )));
    }
    Ok(axis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_elements_before_a_position_are_those_that_counting_finds() {
        for (start, stride, block, len) in [(0, 1, 1, 7), (3, 5, 2, 8), (2, 4, 4, 4), (1, 3, 3, 13), (2, 6, 4, 9)] {
            let axis = Blocks { start, stride, block, len };
            let chosen: Vec<u64> = (0..axis.len).map(|number| axis.at(number)).collect();
            assert_eq!(axis.end(), chosen.last().map(|last| last + 1));
            for position in 0..40 {
                let counted = chosen.iter().filter(|&&chosen| chosen < position).count() as u64;
                assert_eq!(axis.before(position), counted, "{axis:?} before {position}");
            }
        }
    }

    #[test]
    fn runs_of_boxes_come_in_row_major_order() {
        let boxes = Selection::Boxes(vec![(vec![1, 5], vec![2, 6]), (vec![0, 0], vec![1, 2])]);
        let runs = boxes.runs(&[3, 10], 100).unwrap();
        assert_eq!(runs, [(vec![0, 0], 3), (vec![1, 0], 3), (vec![1, 5], 2), (vec![2, 5], 2)]);
        assert_eq!(boxes.len(&[3, 10]), 10);
        assert!(boxes.runs(&[3, 10], 3).is_err());
    }

    #[test]
    fn runs_of_a_regular_selection_are_its_elements() {
        let axes =
            vec![Blocks { start: 1, stride: 3, block: 2, len: 4 }, Blocks { start: 0, stride: 4, block: 3, len: 6 }];
        let runs = Selection::Regular(axes).runs(&[6, 8], 100).unwrap();
        let rows: Vec<u64> = runs.iter().map(|(index, _)| index[0]).collect();
        assert_eq!(rows, [1, 1, 2, 2, 4, 4, 5, 5]);
        assert!(runs.iter().all(|(index, len)| *len == 3 && matches!(index[1], 0 | 4)));
    }

    #[test]
    fn blocks_that_overlap_or_pass_2_to_the_64_are_refused() {
        let encoded = |numbers: [u64; 4]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
        for numbers in [[0, 1, 3, 2], [0, 0, 1, 1], [0, 5, 0, 1], [u64::MAX - 1, 1, 1, 5]] {
            assert!(axis(&mut Cursor::new(&encoded(numbers)), 8).is_err(), "{numbers:?}");
        }
        let unlimited = axis(&mut Cursor::new(&encoded([2, 3, u64::MAX, 1])), 8).unwrap();
        assert!(unlimited.is_unlimited());
    }
}
