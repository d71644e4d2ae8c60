//! A growing file: where the next free byte is.

use super::super::adapter::Bytes;
use crate::error::{Error, Result};
use crate::storage::WritableStorage;
use std::sync::{Arc, Mutex, PoisonError};

/// The storage of a file being written, handed out from front to back.
pub(super) struct Space {
    storage: Arc<dyn WritableStorage>,
    end: Mutex<u64>,
}

impl Space {
    /// Space behind the first `reserved` bytes.
    pub(super) fn new(storage: Arc<dyn WritableStorage>, reserved: u64) -> Space {
        Space { storage, end: Mutex::new(reserved) }
    }

    /// The next `len` bytes, at a multiple of eight.
    pub(super) fn allocate(&self, len: u64) -> Result<u64> {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        let full = || Error::storage_full("a file of more than 2^63 bytes");
        let address = end.checked_next_multiple_of(8).ok_or_else(full)?;
        *end = address.checked_add(len).filter(|&end| end < 1 << 63).ok_or_else(full)?;
        Ok(address)
    }

    /// As [`Space::allocate`], and the storage grows to hold it, so that it can be read as zeros.
    pub(super) fn allocate_zeroed(&self, len: u64) -> Result<u64> {
        let address = self.allocate(len)?;
        if len > 0 && self.storage.len() < address + len {
            self.storage.write_at(address + len - 1, &[0])?;
        }
        Ok(address)
    }

    pub(super) fn write(&self, address: u64, bytes: &[u8]) -> Result<()> {
        self.storage.write_at(address, bytes)
    }

    /// One past the last byte handed out.
    pub(super) fn end(&self) -> u64 {
        *self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Grows the storage to everything handed out and makes it durable.
    pub(super) fn finish(&self) -> Result<()> {
        let end = self.end();
        if self.storage.len() < end {
            self.storage.write_at(end - 1, &[0])?;
        }
        self.storage.flush()
    }

    /// The bytes written, to read them back.
    pub(super) fn bytes(&self) -> Bytes {
        Bytes::new(Arc::clone(&self.storage) as _, 0)
    }
}
