//! The engine's [`Storage`] as hdf5-reader wants it, and hdf5-reader's errors as ours.

use crate::cancel::checkpoint;
use crate::clock;
use crate::error::{Error, Result};
use crate::kernels::pushdown::Pushdown;
use crate::kernels::reduction::Partial;
use crate::storage::Storage;
use hdf5_reader::error::Error as ReaderError;
use hdf5_reader::StorageBuffer;
use std::ops::Range;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

/// An HDF5 file's bytes, addressed as the file itself does: from its superblock on.
///
/// A user block puts the superblock at 512, 1024 … bytes; `base` is that distance.
#[derive(Clone)]
pub(super) struct Bytes {
    storage: Arc<dyn Storage>,
    base: u64,
    /// What is left to spend, where reading is bounded.
    allowance: Option<Arc<AtomicU64>>,
}

/// Bytes after which a read may be stopped: a few milliseconds' worth from browser storage, and more from dropped files.
const READ_AT_ONCE: usize = 16 << 20;

/// What a read costs besides its bytes, so that no number of empty reads is free.
const READ_COST: u64 = 32;

impl Bytes {
    pub(super) fn new(storage: Arc<dyn Storage>, base: u64) -> Bytes {
        Bytes { storage, base, allowance: None }
    }

    /// The same bytes for following one structure, such as a group's links or a dataset's chunk index, with an
    /// end to the work: nodes that overlap or that many others name would make a small file a matter of hours.
    /// Sound structures are read once or twice, so four times the file, and 64 MiB for small ones, is ample.
    pub(super) fn metered(&self) -> Bytes {
        let allowance = self.len().saturating_mul(4).saturating_add(64 << 20);
        Bytes { allowance: Some(Arc::new(AtomicU64::new(allowance))), ..self.clone() }
    }

    /// Takes `work`, about as many bytes read or kept, from what [`Bytes::metered`] allows.
    pub(super) fn spend(&self, work: u64) -> Result<()> {
        let Some(allowance) = &self.allowance else { return Ok(()) };
        allowance.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(work)).map(|_| ()).map_err(
            |_| Error::invalid_file("its parts refer to one another more often than the file is long; it is damaged"),
        )
    }

    /// Bytes from the superblock to the end of the file.
    pub(super) fn len(&self) -> u64 {
        self.storage.len().saturating_sub(self.base)
    }

    /// See [`Storage::version`].
    pub(super) fn version(&self) -> u64 {
        self.storage.version()
    }

    /// See [`Storage::prefers_runs`].
    pub(super) fn prefers_runs(&self) -> bool {
        self.storage.prefers_runs()
    }

    /// Fills `out` from `address` on.
    pub(super) fn read_at(&self, address: u64, out: &mut [u8]) -> Result<()> {
        self.check(address, out.len() as u64)?;
        self.read_checked(address, out)
    }

    /// `len` bytes at `address`, allocated only once they are known to be in the file.
    pub(super) fn read(&self, address: u64, len: u64) -> Result<Vec<u8>> {
        self.check(address, len)?;
        let mut out = allocate(len)?;
        self.read_checked(address, &mut out)?;
        Ok(out)
    }

    fn read_checked(&self, mut address: u64, out: &mut [u8]) -> Result<()> {
        for piece in out.chunks_mut(READ_AT_ONCE) {
            checkpoint()?;
            clock::reading(|| self.storage.read_at(self.base + address, piece))?;
            address += piece.len() as u64;
        }
        Ok(())
    }

    /// See [`Storage::reduces`].
    pub(super) fn reduces(&self) -> bool {
        self.storage.reduces()
    }

    /// See [`Storage::reduce`]; nothing either where a range passes the end of the file.
    pub(super) fn reduce(&self, ranges: &[Range<u64>], wanted: &Pushdown) -> Option<Vec<Vec<Partial>>> {
        let placed =
            |range: &Range<u64>| (range.end <= self.len()).then(|| self.base + range.start..self.base + range.end);
        let ranges: Vec<Range<u64>> = ranges.iter().map(placed).collect::<Option<_>>()?;
        clock::reading(|| self.storage.reduce(&ranges, wanted))
    }

    /// Up to `len` bytes at `address`: fewer where the file ends before.
    pub(super) fn read_up_to(&self, address: u64, len: u64) -> Result<Vec<u8>> {
        self.read(address, len.min(self.len().saturating_sub(address)))
    }

    fn check(&self, address: u64, len: u64) -> Result<()> {
        match address.checked_add(len) {
            Some(end) if end <= self.len() => self.spend(len.saturating_add(READ_COST)),
            _ => Err(Error::invalid_file(format!(
                "{len} bytes at address {address} lie past the end of the file ({} bytes); it is truncated or damaged",
                self.len()
            ))),
        }
    }
}

/// `len` zeroed bytes, or a memory error instead of an abort.
pub(super) fn allocate(len: u64) -> Result<Vec<u8>> {
    let no_room = || Error::memory(format!("no room for {}", crate::block::human_bytes(len)));
    let len = usize::try_from(len).map_err(|_| no_room())?;
    let mut out = Vec::new();
    out.try_reserve_exact(len).map_err(|_| no_room())?;
    crate::block::extend_with_zeros(&mut out, len);
    Ok(out)
}

impl hdf5_reader::Storage for Bytes {
    fn len(&self) -> u64 {
        Bytes::len(self)
    }

    fn read_range(&self, offset: u64, len: usize) -> hdf5_reader::error::Result<StorageBuffer> {
        self.read(offset, len as u64)
            .map(StorageBuffer::from_vec)
            .map_err(|error| ReaderError::Io(std::io::Error::other(error)))
    }
}

/// Runs `read`; a panic of the code that follows the file's structures is an error about the file, so that one
/// damaged object costs its user that object.
pub(super) fn guarded<T>(read: impl FnOnce() -> Result<T>) -> Result<T> {
    // What `read` leaves half-done is dropped: caches are filled only with what was read whole.
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
        Err(Error::invalid_file("its structures confuse the reader, so the file is likely damaged; if other programs read it, please report it"))
    })
}

/// hdf5-reader's error as ours; an error of our own that passed through it comes out unchanged.
pub(super) fn convert(error: ReaderError) -> Error {
    match error {
        ReaderError::Io(io) => match io.downcast::<Error>() {
            Ok(ours) => ours,
            Err(io) => Error::storage(io.to_string()),
        },
        ReaderError::Context { source, .. } => convert(*source),
        ReaderError::UnexpectedEof { .. } => Error::invalid_file(format!("{error}; the file is truncated or damaged")),
        ReaderError::ResourceLimit(_) => Error::memory(error.to_string()),
        ReaderError::UnsupportedFilter(_) | ReaderError::UnsupportedEncoding(_) => {
            Error::unsupported(format!("{error}"))
        }
        _ => Error::invalid_file(format!("{error}; the file is damaged or uses a form this reader does not know")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::MemoryStorage;
    use hdf5_reader::Storage as _;

    #[test]
    fn a_length_past_the_end_is_refused_before_anything_is_allocated() {
        let bytes = Bytes::new(Arc::new(MemoryStorage::new(vec![7; 100])), 20);
        assert_eq!(bytes.len(), 80);
        assert_eq!(bytes.read(79, 1).unwrap(), [7]);
        let error = bytes.read(79, u64::MAX - 100).unwrap_err();
        assert_eq!(error.kind(), crate::error::ErrorKind::InvalidFile);
        assert!(bytes.read(u64::MAX, 2).is_err());
    }

    #[test]
    fn a_panic_while_reading_is_an_error_about_the_file() {
        let damaged: &[u8] = &[];
        let error = guarded(|| Ok(damaged[0])).unwrap_err();
        assert_eq!(error.kind(), crate::error::ErrorKind::InvalidFile);
    }

    #[test]
    fn our_own_error_survives_the_way_through_hdf5_reader() {
        let bytes = Bytes::new(Arc::new(MemoryStorage::new(vec![0; 8])), 0);
        let Err(error) = bytes.read_range(4, 5) else { panic!("read past the end") };
        assert!(convert(error).to_string().contains("past the end of the file"));
    }
}
