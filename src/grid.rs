//! Shapes, regions and chunk grids: pure arithmetic, no data.

use crate::error::{Error, Result};

/// A box of elements: `start[i] .. start[i] + count[i]` along each axis.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Region {
    /// First index along each axis.
    pub start: Vec<u64>,
    /// Number of indices along each axis.
    pub count: Vec<u64>,
}

impl Region {
    /// The whole of an array of `shape`.
    pub fn whole(shape: &[u64]) -> Region {
        Region { start: vec![0; shape.len()], count: shape.to_vec() }
    }

    /// Number of elements; `None` when it does not fit 64 bits.
    pub fn checked_len(&self) -> Option<u64> {
        self.count.iter().try_fold(1u64, |n, &c| n.checked_mul(c))
    }

    /// The counts as in-memory extents.
    ///
    /// # Errors
    /// A memory error when an extent does not fit this machine's addresses.
    pub fn extents(&self) -> Result<Vec<usize>> {
        self.count
            .iter()
            .map(|&c| {
                usize::try_from(c).map_err(|_| Error::memory(format!("an axis of {c} elements does not fit memory")))
            })
            .collect()
    }

    /// Whether the region lies inside an array of `shape`.
    pub fn fits(&self, shape: &[u64]) -> bool {
        self.start.len() == shape.len()
            && self.count.len() == shape.len()
            && (0..shape.len()).all(|i| self.start[i].checked_add(self.count[i]).is_some_and(|end| end <= shape[i]))
    }

    /// The part that two regions share, if any.
    pub fn intersection(&self, other: &Region) -> Option<Region> {
        let mut start = Vec::with_capacity(self.start.len());
        let mut count = Vec::with_capacity(self.start.len());
        for i in 0..self.start.len() {
            let low = self.start[i].max(other.start[i]);
            let high = (self.start[i] + self.count[i]).min(other.start[i] + other.count[i]);
            if low >= high {
                return None;
            }
            start.push(low);
            count.push(high - low);
        }
        Some(Region { start, count })
    }
}

/// The chunks of one axis, in order.
#[derive(Clone, Debug)]
pub enum Axis {
    /// Chunks of one size, the last one smaller where it does not divide: costs the same for any number of them.
    Regular {
        /// Length of the axis.
        extent: u64,
        /// Size of every chunk but perhaps the last; positive.
        chunk: u64,
    },
    /// Chunks of sizes of their own: where each starts, and at last where the axis ends.
    Irregular(std::sync::Arc<[u64]>),
}

impl Axis {
    /// Chunks of `chunk`, the last one smaller; an axis of length 0 has one chunk of size 0.
    ///
    /// # Panics
    /// If `chunk` is 0.
    pub fn regular(extent: u64, chunk: u64) -> Axis {
        assert!(chunk > 0, "chunk extents are positive");
        Axis::Regular { extent, chunk: chunk.min(extent.max(1)) }
    }

    /// Chunks of these sizes.
    pub fn from_sizes(sizes: &[u64]) -> Axis {
        let extent = sizes.iter().sum();
        if let [first, middle @ .., last] = sizes {
            if *first > 0 && *last > 0 && last <= first && middle.iter().all(|size| size == first) {
                return Axis::Regular { extent, chunk: *first };
            }
        }
        if sizes.len() == 1 {
            return Axis::Regular { extent, chunk: extent.max(1) };
        }
        let mut starts = Vec::with_capacity(sizes.len() + 1);
        let mut start = 0;
        for size in sizes {
            starts.push(start);
            start += size;
        }
        starts.push(start);
        Axis::Irregular(starts.into())
    }

    /// Length of the axis.
    pub fn extent(&self) -> u64 {
        match self {
            Axis::Regular { extent, .. } => *extent,
            Axis::Irregular(starts) => starts[starts.len() - 1],
        }
    }

    /// Number of chunks.
    pub fn count(&self) -> usize {
        self.wide_count() as usize
    }

    /// Number of chunks, were it more than this machine can address.
    pub fn wide_count(&self) -> u64 {
        match self {
            Axis::Regular { extent, chunk } => extent.div_ceil(*chunk).max(1),
            Axis::Irregular(starts) => starts.len() as u64 - 1,
        }
    }

    /// Where chunk `index` starts.
    pub fn start(&self, index: usize) -> u64 {
        match self {
            Axis::Regular { chunk, .. } => index as u64 * chunk,
            Axis::Irregular(starts) => starts[index],
        }
    }

    /// Size of chunk `index`.
    pub fn size(&self, index: usize) -> u64 {
        match self {
            Axis::Regular { extent, chunk } => (*chunk).min(extent - index as u64 * chunk),
            Axis::Irregular(starts) => starts[index + 1] - starts[index],
        }
    }

    /// Size of the largest chunk.
    pub fn largest(&self) -> u64 {
        match self {
            Axis::Regular { extent, chunk } => *chunk.min(extent),
            Axis::Irregular(starts) => starts.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0),
        }
    }

    /// The chunk that holds element `offset`, which must lie on the axis.
    pub fn chunk_of(&self, offset: u64) -> usize {
        match self {
            Axis::Regular { chunk, .. } => (offset / chunk) as usize,
            Axis::Irregular(starts) => starts.partition_point(|&start| start <= offset) - 1,
        }
    }

    /// The sizes of the chunks, in order.
    pub fn sizes(&self) -> impl Iterator<Item = u64> + '_ {
        (0..self.count()).map(|index| self.size(index))
    }
}

impl PartialEq for Axis {
    /// Whether the chunks are the same, however they are written down.
    fn eq(&self, other: &Axis) -> bool {
        match (self, other) {
            (Axis::Regular { extent: a, chunk: c }, Axis::Regular { extent: b, chunk: d }) if c == d => a == b,
            (Axis::Irregular(a), Axis::Irregular(b)) => a == b,
            _ => self.count() == other.count() && self.sizes().eq(other.sizes()),
        }
    }
}

impl Eq for Axis {}

/// Along each axis its chunks, in order: Dask's `chunks`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkGrid {
    axes: Vec<Axis>,
}

impl ChunkGrid {
    /// A grid from the sizes along each axis. An axis of length 0 has one chunk of size 0.
    pub fn new(sizes: Vec<Vec<u64>>) -> ChunkGrid {
        ChunkGrid { axes: sizes.iter().map(|axis| Axis::from_sizes(axis)).collect() }
    }

    /// A grid from its axes.
    pub fn from_axes(axes: Vec<Axis>) -> ChunkGrid {
        ChunkGrid { axes }
    }

    /// Chunks of `chunk` along each axis of `shape`, the last one smaller where it does not divide.
    ///
    /// # Panics
    /// If the ranks differ or a chunk extent is 0.
    pub fn regular(shape: &[u64], chunk: &[u64]) -> ChunkGrid {
        assert_eq!(shape.len(), chunk.len(), "rank of the chunk shape");
        ChunkGrid { axes: shape.iter().zip(chunk).map(|(&extent, &size)| Axis::regular(extent, size)).collect() }
    }

    /// The axes.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// Chunk sizes along each axis, written out.
    pub fn sizes(&self) -> Vec<Vec<u64>> {
        self.axes.iter().map(|axis| axis.sizes().collect()).collect()
    }

    /// Number of chunks along each axis.
    pub fn counts(&self) -> Vec<usize> {
        self.axes.iter().map(Axis::count).collect()
    }

    /// Number of chunks.
    pub fn len(&self) -> usize {
        self.axes.iter().map(Axis::count).product()
    }

    /// Whether there is no chunk.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The extent of the array.
    pub fn shape(&self) -> Vec<u64> {
        self.axes.iter().map(Axis::extent).collect()
    }

    /// Where the chunk at `index` lies.
    pub fn region(&self, index: &[usize]) -> Region {
        Region {
            start: index.iter().zip(&self.axes).map(|(&i, axis)| axis.start(i)).collect(),
            count: index.iter().zip(&self.axes).map(|(&i, axis)| axis.size(i)).collect(),
        }
    }

    /// Where the chunk at `position` lies, counted row-major.
    pub fn region_at(&self, mut position: usize) -> Region {
        let rank = self.axes.len();
        let mut region = Region { start: vec![0; rank], count: vec![0; rank] };
        for (number, axis) in self.axes.iter().enumerate().rev() {
            let count = axis.count();
            let index = position % count;
            (region.start[number], region.count[number]) = (axis.start(index), axis.size(index));
            position /= count;
        }
        region
    }

    /// Elements of the chunk at `position`, counted row-major, as far as they fit 64 bits.
    pub fn block_len(&self, mut position: usize) -> u64 {
        let mut len = 1u64;
        for axis in self.axes.iter().rev() {
            let count = axis.count();
            len = len.saturating_mul(axis.size(position % count));
            position /= count;
        }
        len
    }

    /// Elements of all chunks before `position`, counted row-major, as far as they fit 64 bits. `position` may be their
    /// number.
    pub fn elements_before(&self, mut position: usize) -> u64 {
        let (mut before, mut each) = (0u64, 1u64);
        for axis in self.axes.iter().rev() {
            let index = position % axis.count();
            before = axis.start(index).saturating_mul(each).saturating_add(before.saturating_mul(axis.size(index)));
            each = each.saturating_mul(axis.extent());
            position /= axis.count();
        }
        if position == 0 {
            before
        } else {
            each
        }
    }

    /// Elements of the largest chunk, as far as they fit 64 bits.
    pub fn largest(&self) -> u64 {
        self.axes.iter().fold(1, |len: u64, axis| len.saturating_mul(axis.largest()))
    }
}

/// The index along each axis of the `position`-th cell of a grid with `counts`, row-major.
pub fn unravel(mut position: usize, counts: &[usize]) -> Vec<usize> {
    let mut index = vec![0; counts.len()];
    for (axis, &count) in counts.iter().enumerate().rev() {
        index[axis] = position % count;
        position /= count;
    }
    index
}

/// The inverse of [`unravel`].
pub fn ravel(index: &[usize], counts: &[usize]) -> usize {
    index.iter().zip(counts).fold(0, |position, (&i, &count)| position * count + i)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_chunk_is_smaller_where_the_chunk_shape_does_not_divide() {
        let grid = ChunkGrid::regular(&[10, 7], &[4, 7]);
        assert_eq!(grid.sizes(), &[vec![4, 4, 2], vec![7]]);
        assert_eq!(grid.region(&[2, 0]), Region { start: vec![8, 0], count: vec![2, 7] });
        assert_eq!(grid.region_at(2), grid.region(&[2, 0]));
        assert_eq!(ChunkGrid::regular(&[0], &[5]).sizes(), &[vec![0]]);
    }

    #[test]
    fn a_grid_is_the_same_however_its_chunks_are_written_down() {
        let sizes = [vec![4, 4, 2], vec![1, 2, 3], vec![7], vec![0], vec![3, 3], vec![2, 5], vec![0, 2]];
        for axis in &sizes {
            let made = Axis::from_sizes(axis);
            assert_eq!(&made.sizes().collect::<Vec<_>>(), axis);
            assert_eq!(made.count(), axis.len());
            assert_eq!(made.extent(), axis.iter().sum::<u64>());
            assert_eq!(made.largest(), *axis.iter().max().unwrap());
            for offset in 0..made.extent() {
                let chunk = made.chunk_of(offset);
                assert!((made.start(chunk)..made.start(chunk) + made.size(chunk)).contains(&offset));
            }
        }
        assert_eq!(Axis::from_sizes(&[4, 4, 2]), Axis::regular(10, 4));
        assert_eq!(Axis::from_sizes(&[5]), Axis::regular(5, 9));
        assert_eq!(Axis::Irregular([0, 5, 10].into()), Axis::regular(10, 5));
        assert_ne!(Axis::regular(10, 4), Axis::regular(10, 5));
    }

    #[test]
    fn ravel_undoes_unravel_over_a_whole_grid() {
        let counts = [3, 1, 4];
        let grid = ChunkGrid::regular(&[7, 2, 13], &[3, 2, 4]);
        for position in 0..12 {
            assert_eq!(ravel(&unravel(position, &counts), &counts), position);
            assert_eq!(grid.region_at(position), grid.region(&unravel(position, &counts)));
        }
    }

    #[test]
    fn elements_before_a_chunk_are_those_of_the_chunks_before_it() {
        let grids = [
            ChunkGrid::new(vec![]),
            ChunkGrid::regular(&[7, 10, 3], &[3, 4, 2]),
            ChunkGrid::new(vec![vec![2, 0, 3], vec![0, 4, 4, 1]]),
        ];
        for grid in grids {
            let len: usize = grid.counts().iter().product();
            let mut sum = 0;
            for position in 0..=len {
                assert_eq!(grid.elements_before(position), sum, "{position} of {:?}", grid.sizes());
                sum += if position < len { grid.block_len(position) } else { 0 };
            }
        }
    }
}
