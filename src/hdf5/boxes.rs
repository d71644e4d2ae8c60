//! Moving a box of elements between arrays of different extents: from a chunk into a block, and back.

use super::adapter::{allocate, Bytes};
use super::element::Element;
use crate::error::Result;
use crate::grid::Region;

/// Bytes that are read at once where the elements wanted do not lie in one run.
const PIECE: u64 = 1 << 20;

/// A box of `count` elements, at `from` in an array of extents `source` and at `to` in one of
/// extents `target`; both row-major.
#[derive(Clone, Debug)]
pub(super) struct Placement {
    pub(super) source: Vec<u64>,
    pub(super) from: Vec<u64>,
    pub(super) count: Vec<u64>,
    pub(super) target: Vec<u64>,
    pub(super) to: Vec<u64>,
}

/// Elements that lie one after the other in both arrays, as positions in elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) source: u64,
    pub(super) target: u64,
    pub(super) len: u64,
}

#[cfg_attr(page, optimize(speed))]
fn position(index: &[u64], extents: &[u64]) -> u64 {
    index.iter().zip(extents).fold(0, |position, (&i, &extent)| position * extent + i)
}

impl Placement {
    /// All of a block of `region`, a part of an array of extents `source`.
    pub(super) fn of_region(source: &[u64], region: &Region) -> Placement {
        Placement {
            source: source.to_vec(),
            from: region.start.clone(),
            count: region.count.clone(),
            target: region.count.clone(),
            to: vec![0; region.count.len()],
        }
    }

    /// Number of trailing axes, at least 1 of a non-scalar, over which the box is one run in both arrays.
    fn run_axes(&self) -> usize {
        let rank = self.count.len();
        let mut axes = 0;
        while axes < rank {
            axes += 1;
            let axis = rank - axes;
            if self.count[axis] != self.source[axis] || self.count[axis] != self.target[axis] {
                break;
            }
        }
        axes
    }

    /// Calls `each` for every run of the box, in row-major order.
    #[cfg_attr(page, optimize(speed))]
    pub(super) fn runs(&self, mut each: impl FnMut(Run) -> Result<()>) -> Result<()> {
        if self.count.contains(&0) {
            return Ok(());
        }
        let outer = self.count.len() - self.run_axes();
        let len = self.count[outer..].iter().product();
        let (mut from, mut to) = (self.from.clone(), self.to.clone());
        loop {
            each(Run { source: position(&from, &self.source), target: position(&to, &self.target), len })?;
            let mut axis = outer;
            loop {
                if axis == 0 {
                    return Ok(());
                }
                axis -= 1;
                from[axis] += 1;
                to[axis] += 1;
                if from[axis] < self.from[axis] + self.count[axis] {
                    break;
                }
                from[axis] = self.from[axis];
                to[axis] = self.to[axis];
            }
        }
    }

    /// The box's one run, when it is one.
    pub(super) fn single_run(&self) -> Option<Run> {
        let outer = self.count.len() - self.run_axes();
        self.count[..outer].iter().all(|&count| count == 1).then(|| Run {
            source: position(&self.from, &self.source),
            target: position(&self.to, &self.target),
            len: self.count.iter().product(),
        })
    }

    /// First and one past the last source element that the box touches.
    pub(super) fn source_span(&self) -> (u64, u64) {
        let last: Vec<u64> = self.from.iter().zip(&self.count).map(|(&from, &count)| from + count - 1).collect();
        (position(&self.from, &self.source), position(&last, &self.source) + 1)
    }

    /// The box in slabs along its first axis longer than 1, each of about `bytes` in the source.
    pub(super) fn split(&self, element: u64, bytes: u64) -> Vec<Placement> {
        let axis = self.count.iter().position(|&count| count > 1).unwrap_or(0);
        let stride = self.source[axis + 1..].iter().product::<u64>().saturating_mul(element).max(1);
        let rows = (bytes / stride).max(1);
        (0..self.count[axis])
            .step_by(usize::try_from(rows).unwrap_or(usize::MAX))
            .map(|row| {
                let mut part = self.clone();
                part.from[axis] += row;
                part.to[axis] += row;
                part.count[axis] = rows.min(self.count[axis] - row);
                part
            })
            .collect()
    }
}

/// Decodes the box from `stored`, whose first byte is element `first` of the source, into `out`.
#[cfg_attr(page, optimize(speed))]
pub(super) fn decode_box(
    element: &Element,
    stored: &[u8],
    first: u64,
    placement: &Placement,
    out: &mut [u8],
) -> Result<()> {
    let width = element.dtype.size();
    placement.runs(|run| {
        let (source, target, len) = ((run.source - first) as usize, run.target as usize, run.len as usize);
        let stored = &stored[source * element.stored..(source + len) * element.stored];
        element.decode(stored, &mut out[target * width..(target + len) * width]);
        Ok(())
    })
}

/// Reads the box of an array stored without filters at `address` into `out`.
///
/// A run of elements that need no conversion goes from storage straight to its place; scattered
/// ones are read together in pieces of at most a megabyte.
#[cfg_attr(page, optimize(speed))]
pub(super) fn read_box(
    bytes: &Bytes,
    address: u64,
    element: &Element,
    placement: &Placement,
    out: &mut [u8],
) -> Result<()> {
    if placement.count.contains(&0) {
        return Ok(());
    }
    let stored = element.stored as u64;
    if let Some(run) = placement.single_run() {
        let width = element.dtype.size();
        let start = address.saturating_add(run.source.saturating_mul(stored));
        let out = &mut out[run.target as usize * width..(run.target + run.len) as usize * width];
        if element.is_plain() {
            return bytes.read_at(start, out);
        }
        let elements = (PIECE / stored).max(1);
        for (piece, out) in out.chunks_mut(elements as usize * width).enumerate() {
            let start = start.saturating_add(piece as u64 * elements * stored);
            element.decode(&bytes.read(start, (out.len() / width) as u64 * stored)?, out);
        }
        return Ok(());
    }
    let (first, end) = placement.source_span();
    let span = (end - first).saturating_mul(stored);
    if span <= PIECE {
        let mut piece = allocate(span)?;
        bytes.read_at(address.saturating_add(first.saturating_mul(stored)), &mut piece)?;
        return decode_box(element, &piece, first, placement, out);
    }
    placement.split(stored, PIECE).iter().try_for_each(|part| read_box(bytes, address, element, part, out))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placement(source: &[u64], from: &[u64], count: &[u64], target: &[u64], to: &[u64]) -> Placement {
        Placement {
            source: source.into(),
            from: from.into(),
            count: count.into(),
            target: target.into(),
            to: to.into(),
        }
    }

    fn runs(placement: &Placement) -> Vec<(u64, u64, u64)> {
        let mut runs = Vec::new();
        placement
            .runs(|run| {
                runs.push((run.source, run.target, run.len));
                Ok(())
            })
            .unwrap();
        runs
    }

    #[test]
    fn whole_rows_of_both_arrays_are_one_run() {
        let whole = placement(&[4, 3], &[1, 0], &[2, 3], &[2, 3], &[0, 0]);
        assert_eq!(runs(&whole), [(3, 0, 6)]);
        assert_eq!(whole.single_run(), Some(Run { source: 3, target: 0, len: 6 }));
        assert_eq!(runs(&placement(&[], &[], &[], &[], &[])), [(0, 0, 1)]);
    }

    #[test]
    fn a_box_inside_is_one_run_per_row() {
        let inner = placement(&[4, 5], &[1, 2], &[2, 2], &[3, 4], &[1, 1]);
        assert_eq!(runs(&inner), [(7, 5, 2), (12, 9, 2)]);
        assert_eq!(inner.single_run(), None);
        assert_eq!(inner.source_span(), (7, 14));
        assert!(runs(&placement(&[4, 5], &[1, 2], &[0, 2], &[3, 4], &[1, 1])).is_empty());
    }

    #[test]
    fn slabs_cover_the_box_once() {
        let inner = placement(&[9, 5], &[1, 1], &[7, 3], &[7, 3], &[0, 0]);
        let whole = runs(&inner);
        for bytes in [1, 40, 100, 1000] {
            let parts: Vec<_> = inner.split(8, bytes).iter().flat_map(runs).collect();
            assert_eq!(parts, whole);
        }
    }
}
