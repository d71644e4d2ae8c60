//! Part of every element as an array of numbers: a member of a compound, the two parts of a complex number.

use super::boxes::{decode_box, Placement};
use super::element::Element;
use super::read::check_region;
use crate::block::Block;
use crate::dtype::DType;
use crate::error::Result;
use crate::grid::Region;
use crate::source::ChunkSource;
use std::sync::Arc;

/// The numbers that lie `offset` bytes into each element.
pub(super) struct FieldSource {
    /// The elements as bytes: the dataset's extents, then the bytes of one element.
    bytes: Arc<dyn ChunkSource>,
    element: Element,
    offset: u64,
    /// The dataset's extents and those of the field's array type.
    shape: Vec<u64>,
    chunk: Option<Vec<u64>>,
    label: String,
    identity: String,
}

impl FieldSource {
    pub(super) fn new(bytes: Arc<dyn ChunkSource>, element: Element, offset: u64, label: String) -> FieldSource {
        let dataset = &bytes.shape()[..bytes.shape().len() - 1];
        let shape = [dataset, &element.trailing].concat();
        let chunk = bytes.chunks().map(|chunk| [&chunk[..chunk.len() - 1], &element.trailing].concat());
        let identity = format!("{}:{offset}:{element:?}", bytes.identity());
        FieldSource { bytes, element, offset, shape, chunk, label, identity }
    }

    /// The field's bytes of the elements that `region` touches, an array type's whole.
    fn stored(&self, region: &Region) -> Region {
        let rank = self.shape.len() - self.element.trailing.len();
        let len = self.element.trailing.iter().product::<u64>() * self.element.stored as u64;
        let mut stored = Region { start: region.start[..rank].to_vec(), count: region.count[..rank].to_vec() };
        stored.start.push(self.offset);
        stored.count.push(len);
        stored
    }
}

impl ChunkSource for FieldSource {
    fn shape(&self) -> &[u64] {
        &self.shape
    }

    fn dtype(&self) -> DType {
        self.element.dtype
    }

    fn chunks(&self) -> Option<&[u64]> {
        self.chunk.as_deref()
    }

    fn label(&self) -> String {
        self.label.clone()
    }

    fn identity(&self) -> String {
        self.identity.clone()
    }

    fn read(&self, region: &Region) -> Result<Block> {
        check_region(region, &self.shape)?;
        let mut out = Block::zeros(self.element.dtype, &region.extents()?)?;
        if out.is_empty() {
            return Ok(out);
        }
        let stored = self.bytes.read(&self.stored(region))?;
        let rank = self.shape.len() - self.element.trailing.len();
        let placement = Placement {
            source: [&region.count[..rank], &self.element.trailing].concat(),
            from: [&vec![0; rank][..], &region.start[rank..]].concat(),
            count: region.count.clone(),
            target: region.count.clone(),
            to: vec![0; region.count.len()],
        };
        decode_box(&self.element, stored.bytes(), 0, &placement, out.bytes_mut())?;
        Ok(out)
    }

    fn grain(&self, region: &Region) -> Option<u64> {
        let rank = self.shape.len() - self.element.trailing.len();
        let cut = region.count.iter().position(|&extent| extent > 1)?;
        (cut < rank).then(|| self.bytes.grain(&self.stored(region)))?
    }

    fn prefers_runs(&self) -> bool {
        self.bytes.prefers_runs()
    }

    fn prepare(&self) {
        self.bytes.prepare();
    }

    fn has_scratch(&self) -> bool {
        true
    }

    fn scratch_bytes(&self, region: &Region) -> u64 {
        let stored = self.stored(region);
        stored.checked_len().unwrap_or(u64::MAX).saturating_add(self.bytes.scratch_bytes(&stored))
    }

    fn stored_bytes(&self, region: &Region) -> u64 {
        self.bytes.stored_bytes(&self.stored(region))
    }
}
