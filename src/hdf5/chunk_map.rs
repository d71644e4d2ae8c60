//! Where each chunk lies, from whichever of the format's six kinds of index the dataset has.

use super::adapter::{convert, Bytes};
use super::cells::grid_counts;
use super::header::Widths;
use super::messages::Index;
use crate::error::{Error, Result};
use hdf5_reader::btree_v1::{collect_btree_v1_leaves_storage, BTreeV1Key};
use hdf5_reader::chunk_index::{collect_implicit_chunk_entries, collect_v2_chunk_entries_storage, ChunkEntry};
use hdf5_reader::extensible_array::collect_extensible_array_chunk_entries_storage;
use hdf5_reader::fixed_array::collect_fixed_array_chunk_entries_storage;

/// One stored chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    /// Row-major position of the chunk in the dataset's grid.
    pub(super) cell: u64,
    /// Where its bytes start.
    pub(super) address: u64,
    /// Bytes stored.
    pub(super) size: u64,
    /// Filters that were skipped: bit `i` for filter `i` of the pipeline.
    pub(super) mask: u32,
}

/// The stored chunks of a dataset, in the order of their cells.
#[derive(Debug, Default)]
pub(super) struct ChunkMap {
    stored: Vec<Stored>,
    largest: u64,
}

/// What an index must be known about to be read.
pub(super) struct Extents<'a> {
    /// The dataset's shape.
    pub(super) shape: &'a [u64],
    /// Its greatest shape; `None` along an axis is without limit.
    pub(super) max: Option<&'a [Option<u64>]>,
    /// The chunk shape.
    pub(super) chunk: &'a [u64],
    /// Bytes of a stored element.
    pub(super) element: u64,
}

impl ChunkMap {
    /// Reads the index at `address`.
    ///
    /// # Errors
    /// An invalid-file error when the index is damaged or names a chunk that is none of the dataset's.
    pub(super) fn read(
        bytes: &Bytes,
        widths: Widths,
        index: &Index,
        address: u64,
        extents: &Extents,
    ) -> Result<ChunkMap> {
        let bytes = &bytes.metered();
        let chunk_bytes = chunk_bytes(extents)?;
        let entries = entries(bytes, widths, index, address, extents, chunk_bytes)?;
        let counts = grid_counts(extents.shape, extents.chunk);
        if counts.iter().try_fold(1u64, |n, &count| n.checked_mul(count)).is_none() {
            return Err(Error::unsupported("the dataset has more than 2^64 chunks"));
        }
        let mut stored = Vec::with_capacity(entries.len());
        for entry in entries {
            let Some(cell) = cell(&entry.offsets, extents.chunk, &counts)? else { continue };
            let size = if entry.size == 0 { chunk_bytes } else { entry.size };
            stored.push(Stored { cell, address: entry.address, size, mask: entry.filter_mask });
        }
        stored.sort_unstable_by_key(|entry| entry.cell);
        if stored.windows(2).any(|pair| pair[0].cell == pair[1].cell) {
            return Err(Error::invalid_file("the chunk index names one chunk twice; the file is damaged"));
        }
        let largest = stored.iter().map(|stored| stored.size).max().unwrap_or(0);
        Ok(ChunkMap { stored, largest })
    }

    /// The chunk of `cell`, if it was ever written.
    pub(super) fn get(&self, cell: u64) -> Option<&Stored> {
        self.stored.binary_search_by_key(&cell, |entry| entry.cell).ok().map(|position| &self.stored[position])
    }

    /// All stored chunks.
    pub(super) fn stored(&self) -> &[Stored] {
        &self.stored
    }

    /// Bytes of the largest stored chunk; 0 where none is stored.
    pub(super) fn largest(&self) -> u64 {
        self.largest
    }
}

fn chunk_bytes(extents: &Extents) -> Result<u64> {
    extents
        .chunk
        .iter()
        .try_fold(extents.element, |n, &extent| n.checked_mul(extent))
        .ok_or_else(|| Error::invalid_file("chunk of more than 2^64 bytes; the file is damaged"))
}

/// The position in the grid of the chunk that starts at element `offsets`; `None` when the dataset
/// has shrunk since and the chunk lies outside.
fn cell(offsets: &[u64], chunk: &[u64], counts: &[u64]) -> Result<Option<u64>> {
    let mut cell = 0;
    for (axis, &size) in chunk.iter().enumerate() {
        let offset = offsets.get(axis).copied().unwrap_or(0);
        if offset % size != 0 {
            return Err(Error::invalid_file(format!(
                "the chunk index names a chunk at {offset}, which is no multiple of {size}; the file is damaged"
            )));
        }
        if offset / size >= counts[axis] {
            return Ok(None);
        }
        cell = cell * counts[axis] + offset / size;
    }
    Ok(Some(cell))
}

fn entries(
    bytes: &Bytes,
    widths: Widths,
    index: &Index,
    address: u64,
    extents: &Extents,
    chunk_bytes: u64,
) -> Result<Vec<ChunkEntry>> {
    let rank = extents.shape.len();
    let dims = extents
        .chunk
        .iter()
        .map(|&extent| u32::try_from(extent))
        .collect::<Result<Vec<u32>, _>>()
        .map_err(|_| Error::unsupported("chunk extent of more than 2^32 elements"))?;
    // Array-like indexes number chunks in the grid of the greatest shape, not of the present one.
    let limits: Vec<u64> = match extents.max {
        Some(max) => max.iter().map(|limit| limit.unwrap_or(u64::MAX)).collect(),
        None => extents.shape.to_vec(),
    };
    let (offset, length) = (widths.offset, widths.length);
    match index {
        Index::BtreeV1 => {
            let leaves =
                collect_btree_v1_leaves_storage(bytes, address, offset, length, Some(rank as u32), &dims, None)
                    .map_err(convert)?;
            leaves
                .into_iter()
                .map(|(key, address)| match key {
                    BTreeV1Key::RawData { chunk_size, filter_mask, offsets } => {
                        Ok(ChunkEntry { address, size: chunk_size.into(), filter_mask, offsets })
                    }
                    BTreeV1Key::Group { .. } => {
                        Err(Error::invalid_file("the chunk index is a group's index instead; the file is damaged"))
                    }
                })
                .collect()
        }
        Index::Single(filtered) => {
            let (size, filter_mask) = filtered.unwrap_or((chunk_bytes, 0));
            Ok(vec![ChunkEntry { address, size, filter_mask, offsets: vec![0; rank] }])
        }
        Index::Implicit => {
            let element = usize::try_from(extents.element).unwrap_or(usize::MAX);
            // Nothing is read here: what an entry takes in memory is all that bounds their number.
            let chunks = grid_counts(&limits, extents.chunk).into_iter().fold(1, u64::saturating_mul);
            bytes.spend(chunks.saturating_mul(std::mem::size_of::<ChunkEntry>() as u64))?;
            collect_implicit_chunk_entries(address, &limits, &dims, element, None, bytes.len()).map_err(convert)
        }
        Index::FixedArray => {
            collect_fixed_array_chunk_entries_storage(bytes, address, offset, length, &limits, &dims, None)
                .map_err(convert)
        }
        Index::ExtensibleArray => {
            check_extensible_array(bytes, address, offset)?;
            let limits = Some(limits.as_slice());
            collect_extensible_array_chunk_entries_storage(
                bytes,
                address,
                offset,
                length,
                extents.shape,
                limits,
                &dims,
                None,
            )
            .map_err(convert)
        }
        Index::BtreeV2 => {
            collect_v2_chunk_entries_storage(bytes, address, offset, length, rank as u32, &dims, None).map_err(convert)
        }
    }
}

/// Refuses an extensible array whose entries are too short for what they hold: hdf5-reader makes room for as many
/// entries as a block has before it finds that out (specification VII.D).
fn check_extensible_array(bytes: &Bytes, address: u64, offset: u8) -> Result<()> {
    let prefix = bytes.read_up_to(address, 8)?;
    let (filtered, entry) = match prefix.get(5..7) {
        Some(&[client, entry]) => (client == 1, entry),
        _ => return Ok(()),
    };
    // An address, and of a filtered chunk its size in at least one byte and its filter mask.
    let least = if filtered { offset + 1 + 4 } else { offset };
    if entry < least {
        return Err(Error::invalid_file(format!("chunk index entries of {entry} bytes; the file is damaged")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_outside_the_present_shape_is_left_out_and_a_crooked_one_refused() {
        let counts = grid_counts(&[10, 7], &[4, 7]);
        assert_eq!(counts, [3, 1]);
        assert_eq!(cell(&[8, 0, 0], &[4, 7], &counts).unwrap(), Some(2));
        assert_eq!(cell(&[12, 0, 0], &[4, 7], &counts).unwrap(), None);
        assert!(cell(&[3, 0, 0], &[4, 7], &counts).is_err());
    }
}
