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

/// Along each axis the sizes of its chunks, in order: Dask's `chunks`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ChunkGrid {
    sizes: Vec<Vec<u64>>,
}

impl ChunkGrid {
    /// A grid from the sizes along each axis. An axis of length 0 has one chunk of size 0.
    pub fn new(sizes: Vec<Vec<u64>>) -> ChunkGrid {
        ChunkGrid { sizes }
    }

    /// Chunks of `chunk` along each axis of `shape`, the last one smaller where it does not divide.
    ///
    /// # Panics
    /// If the ranks differ or a chunk extent is 0.
    pub fn regular(shape: &[u64], chunk: &[u64]) -> ChunkGrid {
        assert_eq!(shape.len(), chunk.len(), "rank of the chunk shape");
        let sizes = shape
            .iter()
            .zip(chunk)
            .map(|(&extent, &size)| {
                assert!(size > 0, "chunk extents are positive");
                let mut axis = vec![size; usize::try_from(extent / size).expect("chunk count fits memory")];
                if extent % size > 0 || extent == 0 {
                    axis.push(extent % size);
                }
                axis
            })
            .collect();
        ChunkGrid { sizes }
    }

    /// Chunk sizes along each axis.
    pub fn sizes(&self) -> &[Vec<u64>] {
        &self.sizes
    }

    /// Number of chunks along each axis.
    pub fn counts(&self) -> Vec<usize> {
        self.sizes.iter().map(Vec::len).collect()
    }

    /// Number of chunks.
    pub fn len(&self) -> usize {
        self.sizes.iter().map(Vec::len).product()
    }

    /// Whether there is no chunk.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The extent of the array.
    pub fn shape(&self) -> Vec<u64> {
        self.sizes.iter().map(|axis| axis.iter().sum()).collect()
    }

    /// Where the chunk at `index` lies.
    pub fn region(&self, index: &[usize]) -> Region {
        Region {
            start: index.iter().zip(&self.sizes).map(|(&i, axis)| axis[..i].iter().sum()).collect(),
            count: index.iter().zip(&self.sizes).map(|(&i, axis)| axis[i]).collect(),
        }
    }

    /// Elements of the largest chunk.
    pub fn largest(&self) -> u64 {
        self.sizes.iter().map(|axis| axis.iter().copied().max().unwrap_or(0)).product()
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
        assert_eq!(ChunkGrid::regular(&[0], &[5]).sizes(), &[vec![0]]);
    }

    #[test]
    fn ravel_undoes_unravel_over_a_whole_grid() {
        let counts = [3, 1, 4];
        for position in 0..12 {
            assert_eq!(ravel(&unravel(position, &counts), &counts), position);
        }
    }
}
