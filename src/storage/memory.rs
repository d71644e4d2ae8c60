//! Bytes in memory, as storage.
use super::{Storage, WritableStorage};
use crate::error::{Error, Result};
use std::sync::RwLock;

/// Immutable bytes.
pub struct MemoryStorage {
    bytes: Vec<u8>,
}

impl MemoryStorage {
    /// Takes `bytes` as the file.
    pub fn new(bytes: Vec<u8>) -> MemoryStorage {
        MemoryStorage { bytes }
    }
}

impl Storage for MemoryStorage {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        copy_range(&self.bytes, offset, out)
    }
}

/// A file that grows in memory.
#[derive(Default)]
pub struct WritableMemory {
    bytes: RwLock<Vec<u8>>,
    /// Bytes after which a write fails as if the storage were full.
    limit: Option<u64>,
}

impl WritableMemory {
    /// An empty file.
    pub fn new() -> WritableMemory {
        WritableMemory::default()
    }

    /// An empty file on storage with room for `limit` bytes.
    pub fn with_limit(limit: u64) -> WritableMemory {
        WritableMemory { bytes: RwLock::default(), limit: Some(limit) }
    }

    /// A copy of what has been written.
    pub fn to_vec(&self) -> Vec<u8> {
        self.bytes.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

impl Storage for WritableMemory {
    fn len(&self) -> u64 {
        self.bytes.read().unwrap_or_else(std::sync::PoisonError::into_inner).len() as u64
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        copy_range(&self.bytes.read().unwrap_or_else(std::sync::PoisonError::into_inner), offset, out)
    }
}

impl WritableStorage for WritableMemory {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let end = offset.saturating_add(bytes.len() as u64);
        if self.limit.is_some_and(|limit| end > limit) {
            return Err(Error::storage_full(format!("{end} bytes do not fit the storage")));
        }
        let (Ok(start), Ok(end)) = (usize::try_from(offset), usize::try_from(end)) else {
            return Err(Error::storage_full("the file does not fit memory"));
        };
        let mut file = self.bytes.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if file.len() < end {
            file.resize(end, 0);
        }
        file[start..end].copy_from_slice(bytes);
        Ok(())
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }
}

fn copy_range(bytes: &[u8], offset: u64, out: &mut [u8]) -> Result<()> {
    let found = usize::try_from(offset).ok().and_then(|start| bytes.get(start..start.checked_add(out.len())?));
    match found {
        Some(range) => {
            out.copy_from_slice(range);
            Ok(())
        }
        None => Err(Error::invalid_file(format!(
            "the file ends at byte {} but bytes {offset} to {} were asked for: it is truncated",
            bytes.len(),
            offset.saturating_add(out.len() as u64)
        ))),
    }
}
