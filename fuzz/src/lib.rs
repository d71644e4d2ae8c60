//! What the fuzz targets share.

use arbitrary::Arbitrary;
use chunkbook::hdf5::{decode_chunk, Filter};

#[path = "../../tests/hdf5_support/walk.rs"]
pub mod walk;

/// A chunk as a damaged file may describe it.
#[derive(Arbitrary, Debug)]
pub struct Chunk {
    parameters: Vec<u32>,
    /// Bytes of the chunk without its filter.
    len: u16,
    stored: Vec<u8>,
}

/// Undoes the filter registered as `id`, which may refuse but not panic, hang or take memory without end.
pub fn decode(id: u16, chunk: Chunk) {
    let filter = Filter { id, name: None, parameters: chunk.parameters };
    let _ = decode_chunk(&[filter], 0, chunk.stored, chunk.len.into());
}

/// The target of one filter.
#[macro_export]
macro_rules! fuzz_decoder {
    ($id:expr) => {
        libfuzzer_sys::fuzz_target!(|chunk: $crate::Chunk| $crate::decode($id, chunk));
    };
}
