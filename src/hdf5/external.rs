//! Elements that lie in raw files beside the HDF5 file (HDF5 File Format Specification 3.0, IV.A.2.h).

use super::adapter::{convert, Bytes};
use super::cursor::{text, Cursor};
use super::file::File;
use crate::error::{Error, Result};
use crate::storage::Storage;
use hdf5_reader::local_heap::LocalHeap;
use std::sync::Arc;

/// A stretch of a raw file.
struct Segment {
    storage: Arc<dyn Storage>,
    /// Bytes of the raw file before it.
    offset: u64,
    /// Its bytes; `u64::MAX` where it is without limit.
    size: u64,
}

/// The stretches of raw files one behind the other, as one array of bytes. What a raw file is too short for
/// reads as zeros, as in HDF5.
pub(super) struct RawFiles {
    segments: Vec<Segment>,
}

impl RawFiles {
    /// Opens the files that `body`, an external data files message of `file`, names.
    ///
    /// # Errors
    /// A key error that names a file which is not at hand; an invalid-file error when the message is damaged.
    pub(super) fn open(file: &File, body: &[u8]) -> Result<RawFiles> {
        let widths = file.widths();
        let mut cursor = Cursor::new(body);
        let version = cursor.u8()?;
        if version != 1 {
            return Err(Error::unsupported(format!("a list of external files of version {version} is not known")));
        }
        cursor.skip(5)?;
        let used = cursor.u16()?;
        let heap = cursor.uint(widths.offset.into())?;
        let heap = LocalHeap::parse_at_storage(file.bytes(), heap, widths.offset, widths.length).map_err(convert)?;
        let names = file.bytes().read(heap.data_segment_address, heap.data_segment_size)?;
        let mut segments = Vec::new();
        for _ in 0..used {
            let name = cursor.uint(widths.length.into())?;
            let offset = cursor.uint(widths.length.into())?;
            let size = cursor.address(widths.length)?.unwrap_or(u64::MAX);
            let name = usize::try_from(name).ok().and_then(|start| names.get(start..));
            let name = name
                .ok_or_else(|| Error::invalid_file("a raw file's name lies outside its heap; the file is damaged"))?;
            let storage = file.raw_neighbour(&text(Cursor::new(name).until_nul()?))?;
            segments.push(Segment { storage, offset, size });
        }
        Ok(RawFiles { segments })
    }

    /// What tells whether the raw files are still the same.
    pub(super) fn identity(&self) -> String {
        self.segments.iter().map(|part| format!(":{}:{}", part.storage.len(), part.storage.version())).collect()
    }

    /// The bytes, as the elements' address 0 and on.
    pub(super) fn into_bytes(self) -> Bytes {
        Bytes::new(Arc::new(self), 0)
    }
}

impl Storage for RawFiles {
    fn len(&self) -> u64 {
        self.segments.iter().fold(0, |bytes, part| part.size.saturating_add(bytes))
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        let (mut before, mut rest) = (offset, out);
        for part in &self.segments {
            if before >= part.size {
                before -= part.size;
                continue;
            }
            let len = usize::try_from(part.size - before).unwrap_or(usize::MAX).min(rest.len());
            let (piece, others) = rest.split_at_mut(len);
            let start = part.offset.saturating_add(before);
            let held = usize::try_from(part.storage.len().saturating_sub(start)).unwrap_or(usize::MAX).min(len);
            let (held, missing) = piece.split_at_mut(held);
            if !held.is_empty() {
                part.storage.read_at(start, held)?;
            }
            missing.fill(0);
            (before, rest) = (0, others);
        }
        if rest.is_empty() {
            return Ok(());
        }
        Err(Error::invalid_file(
            "the raw files are said to hold fewer bytes than the elements need; the file is damaged",
        ))
    }
}
