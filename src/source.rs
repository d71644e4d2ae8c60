//! Where an array's elements come from.

use crate::block::Block;
use crate::dtype::DType;
use crate::error::Result;
use crate::grid::Region;
use crate::kernels::pushdown::Pushdown;
use crate::kernels::reduction::Partial;

/// An array that gives any block of itself on request, from any thread.
///
/// A dataset of an HDF5 file is one; an array in memory is another. The engine knows no more of
/// either than this.
pub trait ChunkSource: Send + Sync {
    /// Extent of each axis; empty for a single number.
    fn shape(&self) -> &[u64];

    /// Type of the elements as [`ChunkSource::read`] gives them.
    fn dtype(&self) -> DType;

    /// The chunk shape in which the source stores its elements; `None` where any block costs the same.
    fn chunks(&self) -> Option<&[u64]>;

    /// What the source is to its user, such as `testdata.hdf5:/data`.
    fn label(&self) -> String;

    /// A text that differs whenever the elements may: what Dask-like tokens are made from.
    fn identity(&self) -> String;

    /// The elements of `region`, which must lie inside the shape.
    fn read(&self, region: &Region) -> Result<Block>;

    /// What is `wanted` of `region`, made where its elements are read instead of bringing them here. Nothing where they
    /// have to come, or where this failed: reading them tells why.
    fn reduce(&self, _region: &Region, _wanted: &Pushdown) -> Option<Vec<Vec<Partial>>> {
        None
    }

    /// Where a read of `region` may be cut along its first axis longer than 1 at little or no cost: at multiples of
    /// the number, counted from the region's start. `None` where it is best read at once.
    fn grain(&self, _region: &Region) -> Option<u64> {
        None
    }

    /// Whether reads are much faster where each thread goes on where its last one ended: threads then take runs of
    /// neighbouring blocks, and more of them take part than there are processors, since they mostly wait.
    fn prefers_runs(&self) -> bool {
        false
    }

    /// Reads what every read needs first, such as where the chunks lie. What fails here fails again when it is needed.
    fn prepare(&self) {}

    /// Whether reads hold anything beside the blocks that they give: what [`ChunkSource::scratch_bytes`] tells.
    fn has_scratch(&self) -> bool {
        false
    }

    /// The most bytes that a read of `region` holds beside the block that it gives, such as chunks before and after
    /// their filters are undone. Asked for often: of a source that is [`ChunkSource::prepare`]d, answered without reading.
    fn scratch_bytes(&self, _region: &Region) -> u64 {
        0
    }

    /// Bytes that reading `region` moves from storage, for progress and forecasts.
    fn stored_bytes(&self, region: &Region) -> u64 {
        region.checked_len().unwrap_or(u64::MAX).saturating_mul(self.dtype().size() as u64)
    }

    /// What is stored for `region`, for showing.
    ///
    /// # Errors
    /// Those of reading where the source's chunks lie.
    fn stored(&self, region: &Region) -> Result<Stored> {
        Ok(Stored { bytes: self.stored_bytes(region), ..Stored::default() })
    }
}

/// What a source has stored for a region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// Bytes that reading it moves.
    pub bytes: u64,
    /// Stored chunks that it touches; 0 where the source has none.
    pub chunks: u64,
    /// Bytes of these chunks in memory, with what of them lies beyond the region or the array.
    pub unpacked: u64,
    /// Chunks that it touches and that are not stored: they read as the fill value.
    pub missing: u64,
    /// Filters that were skipped for some of the chunks: bit `i` for filter `i`.
    pub filter_mask: u32,
}

/// An array held in memory, as a source.
pub struct MemorySource {
    block: std::sync::Arc<Block>,
    shape: Vec<u64>,
    identity: String,
}

impl MemorySource {
    /// `block` as a source. `identity` must differ between blocks with different elements.
    pub fn new(block: std::sync::Arc<Block>, identity: impl Into<String>) -> MemorySource {
        let shape = block.shape().iter().map(|&extent| extent as u64).collect();
        MemorySource { block, shape, identity: identity.into() }
    }
}

impl ChunkSource for MemorySource {
    fn shape(&self) -> &[u64] {
        &self.shape
    }

    fn dtype(&self) -> DType {
        self.block.dtype()
    }

    fn chunks(&self) -> Option<&[u64]> {
        None
    }

    fn label(&self) -> String {
        "array".into()
    }

    fn identity(&self) -> String {
        self.identity.clone()
    }

    fn read(&self, region: &Region) -> Result<Block> {
        Block::part(&self.block, region).map_or_else(|| crate::memory::copy_region(&self.block, region), Ok)
    }

    fn grain(&self, _region: &Region) -> Option<u64> {
        Some(1)
    }

    fn stored_bytes(&self, _region: &Region) -> u64 {
        0
    }
}
