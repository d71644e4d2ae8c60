//! Blosc 1, registered as filter 32001
//! (<https://github.com/Blosc/c-blosc/blob/main/README_CHUNK_FORMAT.rst>).
//!
//! A header of 16 bytes: version of the format, version of the coder, flags, the size of an element, and 4 bytes each,
//! little-endian, for how long the data really are, how long a block is and how long it all is stored. Then comes where
//! each block starts (4 bytes each), unless the data are stored as they are. A block may be split into as many
//! parts as an element has bytes; each part is preceded by how long it is stored, and has not been coded
//! where that is its length. Shuffling is undone block by block.

use super::bitshuffle::unshuffle_bits;
use super::shuffle::unshuffle;
use super::{blosclz, inflate, lz4, zeroed, zstd};
use crate::cancel::checkpoint;
use crate::error::{Error, Result};
use crate::hdf5::cursor::Cursor;

const HEADER_LEN: usize = 16;
const SHUFFLED: u8 = 0x01;
const STORED: u8 = 0x02;
const BIT_SHUFFLED: u8 = 0x04;
const NOT_SPLIT: u8 = 0x10;
/// Elements of more bytes are not split, nor blocks with parts shorter than `SHORTEST_PART`.
const MOST_PARTS: usize = 16;
const SHORTEST_PART: usize = 128;

fn damaged(why: &str) -> Error {
    Error::invalid_file(format!("blosc {why}; the file is damaged"))
}

/// Decodes `data` into at most `limit` bytes.
#[cfg_attr(page, optimize(speed))]
pub(super) fn decode(data: &[u8], limit: usize) -> Result<Vec<u8>> {
    let mut input = Cursor::new(data);
    let version = input.u8()?;
    if !(1..=2).contains(&version) {
        return Err(Error::unsupported(format!("version {version} of Blosc's format is not known")));
    }
    input.skip(1)?;
    let flags = input.u8()?;
    let element_size = usize::from(input.u8()?);
    let len = input.u32()?;
    let block_len = input.u32()? as usize;
    let stored_len = input.u32()? as usize;
    if stored_len != data.len() {
        return Err(damaged("has another length than it says"));
    }
    let mut out = zeroed(len.into(), limit)?;
    if flags & STORED != 0 {
        if data.len() - HEADER_LEN != out.len() {
            return Err(damaged("has another length than it says"));
        }
        out.copy_from_slice(&data[HEADER_LEN..]);
        return Ok(out);
    }
    if element_size == 0 || block_len == 0 {
        return Err(damaged("elements or blocks have no length"));
    }
    let coder = Coder::of(flags)?;
    let mut frames = zstd::Decoder::new(block_len.min(out.len()));
    let mut scratch = vec![0; block_len.min(out.len())];
    // Blocks could all start at the same long part that decodes to little; encoders never share bytes between blocks.
    let mut unread = data.len();
    for block in out.chunks_mut(block_len) {
        checkpoint()?;
        let start = input.u32()? as usize;
        let stored = data.get(start..).ok_or_else(|| damaged("block starts past the end"))?;
        let is_split = flags & NOT_SPLIT == 0
            && element_size <= MOST_PARTS
            && block_len / element_size >= SHORTEST_PART
            && block.len() == block_len;
        let parts = if is_split { element_size } else { 1 };
        if block.len() % parts != 0 {
            return Err(damaged("block cannot be split evenly"));
        }
        let coded = &mut scratch[..block.len()];
        let mut stored = Cursor::new(stored);
        for part in coded.chunks_mut(block.len() / parts) {
            let part_len = stored.u32()? as usize;
            let bytes = stored.bytes(part_len)?;
            unread = unread
                .checked_sub(4)
                .and_then(|rest| rest.checked_sub(part_len))
                .ok_or_else(|| damaged("blocks share what is stored"))?;
            if part_len == part.len() {
                part.copy_from_slice(bytes);
            } else {
                coder.decode_into(bytes, part, &mut frames)?;
            }
        }
        let count = block.len() / element_size;
        if flags & SHUFFLED != 0 && element_size > 1 {
            unshuffle(coded, element_size, block);
        } else if flags & BIT_SHUFFLED != 0 && count > 0 && count % 8 == 0 {
            let (elements, rest) = block.split_at_mut(count * element_size);
            unshuffle_bits(&coded[..elements.len()], element_size, elements);
            rest.copy_from_slice(&coded[elements.len()..]);
        } else {
            block.copy_from_slice(coded);
        }
    }
    Ok(out)
}

/// What the parts of blocks are coded with.
enum Coder {
    BloscLz,
    /// And LZ4HC, which makes the same format.
    Lz4,
    Snappy,
    Zlib,
    Zstd,
}

impl Coder {
    /// The coder that the high bits of the flags give.
    fn of(flags: u8) -> Result<Coder> {
        Ok(match flags >> 5 {
            0 => Coder::BloscLz,
            1 => Coder::Lz4,
            2 => Coder::Snappy,
            3 => Coder::Zlib,
            4 => Coder::Zstd,
            other => return Err(Error::unsupported(format!("coder {other} of Blosc is not known"))),
        })
    }

    /// Decodes `data`, which must fill `out`.
    #[cfg_attr(page, optimize(speed))]
    fn decode_into(&self, data: &[u8], out: &mut [u8], frames: &mut zstd::Decoder) -> Result<()> {
        match self {
            Coder::BloscLz => blosclz::decode_into(data, out),
            Coder::Lz4 => lz4::decode_block(data, out),
            Coder::Zstd => frames.decode_into(data, out),
            Coder::Snappy => {
                let len = snap::raw::Decoder::new()
                    .decompress(data, out)
                    .map_err(|error| damaged(&format!("snappy block is broken ({error})")))?;
                if len != out.len() {
                    return Err(damaged("snappy block is too short"));
                }
                Ok(())
            }
            Coder::Zlib => {
                let plain = inflate(data, out.len())?;
                if plain.len() != out.len() {
                    return Err(damaged("zlib block is too short"));
                }
                out.copy_from_slice(&plain);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One block of `len` bytes behind a header.
    fn chunk(flags: u8, element_size: u8, len: u32, coded: &[u8]) -> Vec<u8> {
        let mut chunk = vec![2, 1, flags, element_size];
        for field in [len, len, 24 + coded.len() as u32, 20, coded.len() as u32] {
            chunk.extend(field.to_le_bytes());
        }
        chunk.extend(coded);
        chunk
    }

    /// 8 times `z` in every coder.
    const CODED: [(u8, &[u8]); 5] = [
        (0, b"\x20z\xa0\x00"),
        (1, b"\x12z\x01\x00\x10z"),
        (2, b"\x08\x00z\x1a\x01\x00"),
        (3, b"\x78\x01\xab\xaa\x82\x00\x00\x11\x30\x03\xd1"),
        (4, b"\x28\xb5\x2f\xfd\x20\x08\x43\0\0z"),
    ];

    #[test]
    fn every_coder() {
        for (coder, coded) in CODED {
            let chunk = chunk(coder << 5 | NOT_SPLIT, 1, 8, coded);
            assert_eq!(decode(&chunk, 8).unwrap(), b"zzzzzzzz", "coder {coder}");
        }
        assert!(decode(&chunk(7 << 5, 1, 8, b"x"), 8).unwrap_err().is_unsupported());
    }

    #[test]
    fn blocks_that_are_not_coded_are_unshuffled() {
        assert_eq!(decode(&chunk(SHUFFLED, 2, 8, b"acegbdfh"), 8).unwrap(), b"abcdefgh");
        // Bits 0 of eight bytes are all set.
        assert_eq!(decode(&chunk(BIT_SHUFFLED, 1, 8, &[255, 0, 0, 0, 0, 0, 0, 0]), 8).unwrap(), [1; 8]);
        // Other counts than multiples of 8 stay as they are.
        assert_eq!(decode(&chunk(BIT_SHUFFLED, 1, 7, b"abcdefg"), 7).unwrap(), b"abcdefg");
    }

    #[test]
    fn a_block_is_split_by_the_bytes_of_elements() {
        let mut coded = Vec::new();
        coded.extend([b'a'; 128]);
        coded.extend(128u32.to_le_bytes());
        coded.extend([b'b'; 128]);
        let mut chunk = chunk(SHUFFLED, 2, 256, &coded);
        chunk[20..24].copy_from_slice(&128u32.to_le_bytes());
        assert_eq!(decode(&chunk, 256).unwrap(), b"ab".repeat(128));
    }

    #[test]
    fn blocks_that_all_start_at_one_part_are_refused() {
        let shared = {
            let mut chunk = vec![2, 1, 1 << 5 | NOT_SPLIT, 1];
            let starts: u32 = 64;
            let at = 16 + 4 * starts;
            for field in [8 * starts, 8, at + 10] {
                chunk.extend(u32::to_le_bytes(field));
            }
            (0..starts).for_each(|_| chunk.extend(at.to_le_bytes()));
            chunk.extend([6, 0, 0, 0]);
            chunk.extend(b"\x12z\x01\x00\x10z");
            chunk
        };
        assert!(decode(&shared, 512).unwrap_err().to_string().contains("share"));
    }

    #[test]
    fn data_stored_as_they_are() {
        let chunk = b"\x02\x01\x02\x01\x03\0\0\0\x03\0\0\0\x13\0\0\0abc";
        assert_eq!(decode(chunk, 3).unwrap(), b"abc");
        assert!(decode(&chunk[..18], 3).is_err());
        assert!(decode(chunk, 2).is_err());
    }

    #[test]
    fn truncations_and_lies_are_refused() {
        for (coder, coded) in CODED {
            let good = chunk(coder << 5 | NOT_SPLIT, 1, 8, coded);
            for len in 0..good.len() {
                assert!(decode(&good[..len], 8).is_err(), "coder {coder}: {len} bytes");
                // The same with a length to match.
                let mut cut = good[..len].to_vec();
                if len >= 16 {
                    cut[12..16].copy_from_slice(&(len as u32).to_le_bytes());
                    assert!(decode(&cut, 8).is_err(), "coder {coder}: {len} bytes");
                }
            }
            assert!(decode(&good, 7).is_err(), "longer than a chunk");
            let lies =
                [(0, 0), (0, 5), (3, 0), (4, 7), (4, 9), (7, 255), (8, 0), (12, 255), (16, 255), (19, 255), (20, 255)];
            for (position, value) in lies {
                let mut bad = good.clone();
                bad[position] = value;
                assert!(decode(&bad, 8).is_err(), "coder {coder}: byte {position} as {value}");
            }
        }
    }
}
