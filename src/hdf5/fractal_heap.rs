//! Objects of a fractal heap and the version 2 B-trees that list them: links and attributes of objects that have
//! many (HDF5 File Format Specification 3.0, III.A.2 and III.G).

use super::adapter::{convert, Bytes};
use super::header::Widths;
use crate::error::{Error, Result};
use hdf5_reader::btree_v2::{collect_btree_v2_records_storage, BTreeV2Header, BTreeV2Record};
use hdf5_reader::fractal_heap::FractalHeapDirectBlockCache;

/// Blocks in a row of a heap's table beyond which it is not believed: a lookup passes all of them. HDF5 writes 4.
const MAX_TABLE_WIDTH: u16 = 1024;

/// A fractal heap, its blocks read once.
pub(super) struct FractalHeap<'a> {
    heap: hdf5_reader::fractal_heap::FractalHeap,
    bytes: &'a Bytes,
    widths: Widths,
    blocks: FractalHeapDirectBlockCache,
}

impl<'a> FractalHeap<'a> {
    /// Reads the heap's header at `address`. What reading costs is spent from `bytes`, which should be metered.
    ///
    /// # Errors
    /// An invalid-file error when the header is damaged.
    pub(super) fn open(bytes: &'a Bytes, widths: Widths, address: u64) -> Result<FractalHeap<'a>> {
        let heap =
            hdf5_reader::fractal_heap::FractalHeap::parse_at_storage(bytes, address, widths.offset, widths.length)
                .map_err(convert)?;
        if heap.table_width > MAX_TABLE_WIDTH {
            return Err(Error::invalid_file(format!(
                "a heap whose table is {} blocks wide; the file is damaged",
                heap.table_width
            )));
        }
        Ok(FractalHeap { heap, bytes, widths, blocks: FractalHeapDirectBlockCache::default() })
    }

    /// The object called `id`.
    ///
    /// # Errors
    /// An invalid-file error when there is none, or when the file's objects are asked for more often than it has any.
    pub(super) fn object(&mut self, id: &[u8]) -> Result<Vec<u8>> {
        // A lookup passes the table's blocks one by one, about as fast as sixteen bytes are copied.
        let passed = u64::from(self.heap.table_width) * u64::from(self.heap.current_rows_in_root_indirect.min(64));
        self.bytes.spend(passed / 16)?;
        let Widths { offset, length } = self.widths;
        let object =
            self.heap.get_object_storage_cached(id, self.bytes, offset, length, &mut self.blocks).map_err(convert)?;
        self.bytes.spend(object.len() as u64)?;
        Ok(object)
    }
}

/// All records of the version 2 B-tree at `address`, in its order.
///
/// # Errors
/// An invalid-file error when the tree is damaged.
pub(super) fn records(bytes: &Bytes, widths: Widths, address: u64) -> Result<Vec<BTreeV2Record>> {
    let Widths { offset, length } = widths;
    let tree = BTreeV2Header::parse_at_storage(bytes, address, offset, length).map_err(convert)?;
    collect_btree_v2_records_storage(bytes, &tree, offset, length, None, &[], None).map_err(convert)
}
