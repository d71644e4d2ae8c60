//! The global heap: elements of variable length (HDF5 File Format Specification 3.0, III.E).

use super::adapter::{convert, Bytes};
use super::cursor::Cursor;
use super::header::Widths;
use crate::error::{Error, Result};
use hdf5_reader::global_heap::GlobalHeapCollection;
use std::collections::HashMap;

/// The collections of a file's global heap, each parsed once.
pub(super) struct GlobalHeap {
    bytes: Bytes,
    widths: Widths,
    /// Each collection's objects by their index.
    parsed: HashMap<u64, HashMap<u16, Vec<u8>>>,
}

impl GlobalHeap {
    pub(super) fn new(bytes: &Bytes, widths: Widths) -> GlobalHeap {
        GlobalHeap { bytes: bytes.metered(), widths, parsed: HashMap::new() }
    }

    /// The `item`-byte elements that a variable-length element refers to: their number, a collection's
    /// address, an index in it.
    ///
    /// # Errors
    /// An invalid-file error when the heap does not hold so many.
    pub(super) fn sequence(&mut self, reference: &[u8], item: usize) -> Result<&[u8]> {
        let mut cursor = Cursor::new(reference);
        let count = cursor.u32()? as usize;
        if count == 0 {
            return Ok(&[]);
        }
        let len = count.checked_mul(item).ok_or_else(missing)?;
        self.object(&mut cursor)?.and_then(|data| data.get(..len)).ok_or_else(missing)
    }

    /// The object that `cursor`'s address and index name; `None` for one that was never written.
    pub(super) fn object(&mut self, cursor: &mut Cursor) -> Result<Option<&[u8]>> {
        let address = cursor.address(self.widths.offset)?;
        let index = cursor.u32()?;
        let Some(address) = address.filter(|&address| address != 0 && index != 0) else { return Ok(None) };
        if !self.parsed.contains_key(&address) {
            let heap =
                GlobalHeapCollection::parse_at_storage(&self.bytes, address, self.widths.offset, self.widths.length)
                    .map_err(convert)?;
            let objects = heap.objects.into_iter().rev().map(|object| (object.index, object.data)).collect();
            self.parsed.insert(address, objects);
        }
        let index = u16::try_from(index).map_err(|_| missing())?;
        Ok(self.parsed[&address].get(&index).map(Vec::as_slice))
    }
}

fn missing() -> Error {
    Error::invalid_file("an element of variable length is missing from its heap; the file is damaged")
}
