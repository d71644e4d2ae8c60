//! Where bytes lie: random access by range, from any thread.
//!
//! [`Storage`] is what the HDF5 room reads from and [`WritableStorage`] what its writer writes to.
//! Native programs use [`FileStorage`]; tests and small files [`MemoryStorage`]; the page supplies
//! its own over dropped files and the browser's private file system.

mod file;
mod memory;
mod range_cache;

pub use file::{FileStorage, WritableFile};
pub use memory::{MemoryStorage, WritableMemory};
pub use range_cache::{Budget, RangeCache};

use crate::error::Result;
use crate::kernels::pushdown::Pushdown;
use crate::kernels::reduction::Partial;
use std::ops::Range;

/// Bytes that can be read by range, from any thread, without being loaded.
pub trait Storage: Send + Sync {
    /// Length in bytes.
    fn len(&self) -> u64;

    /// Whether there are no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A number that differs when the bytes may: the time of the last change, where the medium has one.
    fn version(&self) -> u64 {
        0
    }

    /// Whether reads are much faster that go on where the last one of the same thread ended.
    fn prefers_runs(&self) -> bool {
        false
    }

    /// Fills `out` with the bytes from `offset` on.
    ///
    /// # Errors
    /// An invalid-file error when the range passes the end (a truncated file); a storage or
    /// file-changed error when the medium fails.
    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()>;

    /// Whether [`Storage::reduce`] is worth asking.
    fn reduces(&self) -> bool {
        false
    }

    /// What is `wanted` of a chunk whose bytes are those of `ranges`, one behind the other, made where they are read.
    /// Nothing where the medium cannot, or where it failed: reading them tells why.
    fn reduce(&self, _ranges: &[Range<u64>], _wanted: &Pushdown) -> Option<Vec<Vec<Partial>>> {
        None
    }
}

/// Storage that can also be written, by one writer at a time.
pub trait WritableStorage: Storage {
    /// Writes `bytes` at `offset`, growing the storage where they pass its end.
    ///
    /// # Errors
    /// A storage-full error when there is no room; nothing else has been lost then.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()>;

    /// Makes everything written durable.
    fn flush(&self) -> Result<()>;
}
