//! The cells of a chunk grid that a region touches.

use super::boxes::Placement;
use crate::grid::Region;

/// Number of chunks along each axis of `shape`.
pub(super) fn grid_counts(shape: &[u64], chunk: &[u64]) -> Vec<u64> {
    shape.iter().zip(chunk).map(|(&extent, &size)| extent.div_ceil(size)).collect()
}

/// The box of grid cells that a region touches.
pub(super) struct Cells<'a> {
    chunk: &'a [u64],
    counts: Vec<u64>,
    first: Vec<u64>,
    spans: Vec<u64>,
}

impl<'a> Cells<'a> {
    pub(super) fn touched(shape: &[u64], chunk: &'a [u64], region: &Region) -> Cells<'a> {
        let first: Vec<u64> = region.start.iter().zip(chunk).map(|(&start, &size)| start / size).collect();
        let spans = (0..chunk.len())
            .map(|axis| match region.count[axis] {
                0 => 0,
                count => (region.start[axis] + count - 1) / chunk[axis] - first[axis] + 1,
            })
            .collect();
        Cells { chunk, counts: grid_counts(shape, chunk), first, spans }
    }

    /// Number of cells; `u64::MAX` when it does not fit.
    pub(super) fn len(&self) -> u64 {
        self.spans.iter().fold(1, |n: u64, &span| n.saturating_mul(span))
    }

    /// The `position`-th of them: its place in the whole grid, and the index of its first element.
    pub(super) fn get(&self, position: u64) -> (u64, Vec<u64>) {
        let mut index = unravel(position, &self.spans);
        index.iter_mut().zip(&self.first).for_each(|(index, &first)| *index += first);
        let cell = index.iter().zip(&self.counts).fold(0, |cell, (&i, &count)| cell * count + i);
        (cell, self.origin(&index))
    }

    /// The index of the first element of `cell`, if it is one of these.
    pub(super) fn find(&self, cell: u64) -> Option<Vec<u64>> {
        let index = unravel(cell, &self.counts);
        let inside = |axis: usize| (self.first[axis]..self.first[axis] + self.spans[axis]).contains(&index[axis]);
        (0..index.len()).all(inside).then(|| self.origin(&index))
    }

    fn origin(&self, index: &[u64]) -> Vec<u64> {
        index.iter().zip(self.chunk).map(|(&i, &size)| i * size).collect()
    }
}

fn unravel(mut position: u64, counts: &[u64]) -> Vec<u64> {
    let mut index = vec![0; counts.len()];
    for (axis, &count) in counts.iter().enumerate().rev() {
        index[axis] = position % count;
        position /= count;
    }
    index
}

/// The part of the chunk at `origin` that `region` covers, and where it lies in a block of the region.
pub(super) fn in_chunk(origin: &[u64], chunk: &[u64], region: &Region) -> Placement {
    let (mut from, mut count, mut to) = (Vec::new(), Vec::new(), Vec::new());
    for axis in 0..chunk.len() {
        let start = region.start[axis].max(origin[axis]);
        let end = (region.start[axis] + region.count[axis]).min(origin[axis].saturating_add(chunk[axis]));
        from.push(start - origin[axis]);
        count.push(end - start);
        to.push(start - region.start[axis]);
    }
    Placement { source: chunk.to_vec(), from, count, target: region.count.clone(), to }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cells_of_a_region_are_those_whose_chunks_meet_it() {
        let (shape, chunk) = ([10, 7], [4, 3]);
        let region = Region { start: vec![3, 4], count: vec![6, 2] };
        let cells = Cells::touched(&shape, &chunk, &region);
        let found: Vec<_> = (0..cells.len()).map(|position| cells.get(position)).collect();
        // Rows 3..9 lie in chunk rows 0, 1 and 2; columns 4..6 in chunk column 1 of 3.
        assert_eq!(found, [(1, vec![0, 3]), (4, vec![4, 3]), (7, vec![8, 3])]);
        assert_eq!(cells.find(4), Some(vec![4, 3]));
        assert_eq!(cells.find(3), None);
    }

    #[test]
    fn the_part_of_a_chunk_is_placed_in_the_block() {
        let region = Region { start: vec![3, 4], count: vec![6, 2] };
        let placement = in_chunk(&[4, 3], &[4, 3], &region);
        assert_eq!((placement.from, placement.count, placement.to), (vec![0, 1], vec![4, 2], vec![1, 0]));
    }
}
