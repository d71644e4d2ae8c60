//! LZ4, registered as filter 32004.
//!
//! The container is of the filter (<https://github.com/HDFGroup/hdf5_plugins/tree/master/LZ4>), numbers big-endian:
//! 8 bytes, how long the data are, and 4 bytes, how long a block is; then each block, after 4 bytes that say how long
//! it is stored. A block stored as long as it is has not been compressed.

use super::zeroed;
use crate::cancel::checkpoint;
use crate::error::{Error, Result};
use crate::hdf5::cursor::Cursor;

/// Decodes `data` into at most `limit` bytes.
#[cfg_attr(page, optimize(speed))]
pub(super) fn decode(data: &[u8], limit: usize) -> Result<Vec<u8>> {
    let mut input = Cursor::new(data);
    let len = input.big_endian(8)?;
    let block_len = input.big_endian(4)? as usize;
    if block_len == 0 && len > 0 {
        return Err(Error::invalid_file("lz4 blocks have no length; the file is damaged"));
    }
    let mut out = zeroed(len, limit)?;
    for block in out.chunks_mut(block_len.max(1)) {
        checkpoint()?;
        let stored_len = input.big_endian(4)? as usize;
        let stored = input.bytes(stored_len)?;
        if stored_len == block.len() {
            block.copy_from_slice(stored);
        } else {
            decode_block(stored, block)?;
        }
    }
    Ok(out)
}

/// Decodes one LZ4 block, which must fill `out`.
#[cfg_attr(page, optimize(speed))]
pub(super) fn decode_block(data: &[u8], out: &mut [u8]) -> Result<()> {
    let damaged = |why: String| Error::invalid_file(format!("lz4 block {why}; the file is damaged"));
    let len = lz4_flex::block::decompress_into(data, out).map_err(|error| damaged(format!("is broken ({error})")))?;
    if len != out.len() {
        return Err(damaged(format!("has {len} bytes, not {}", out.len())));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 20 bytes in blocks of 12: one compressed (a literal `a`, then 6 from distance 1, then 5 literals), one stored.
    const STREAM: &[u8] = b"\0\0\0\0\0\0\0\x14\0\0\0\x0c\0\0\0\x0a\x12a\x01\0\x50bcdef\0\0\0\x0812345678";

    #[test]
    fn compressed_and_stored_blocks() {
        assert_eq!(decode(STREAM, 20).unwrap(), b"aaaaaaabcdef12345678");
        assert_eq!(decode(&[0; 12], 20).unwrap(), b"");
    }

    #[test]
    fn every_truncation_is_refused() {
        for len in 0..STREAM.len() {
            assert!(decode(&STREAM[..len], 20).is_err(), "{len} bytes");
        }
    }

    #[test]
    fn lying_sizes_are_refused() {
        assert!(decode(STREAM, 19).is_err(), "longer than a chunk");
        assert!(decode(&[0xff; 40], 1 << 20).is_err(), "longer than any memory");
        let mut bad = STREAM.to_vec();
        bad[11] = 0;
        assert!(decode(&bad, 20).is_err(), "blocks of no length");
        for (position, value) in [(11, 13), (11, 11), (15, 0), (15, 255), (12, 255), (18, 9), (16, 0xf2)] {
            let mut bad = STREAM.to_vec();
            bad[position] = value;
            assert!(decode(&bad, 20).is_err(), "byte {position} as {value}");
        }
    }
}
