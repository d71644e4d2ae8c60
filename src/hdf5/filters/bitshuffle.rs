//! Bitshuffle, registered as filter 32008 (<https://github.com/kiyo-masui/bitshuffle>): the bits of a block of elements
//! sorted by significance, then plain, in LZ4 or in zstd.
//!
//! The parameters are two of the version, the size of an element, how many elements a block has (0: 8 KiB of them, but
//! at least 128) and the compression. Compressed data begin with how long they really are (8 bytes) and how many bytes
//! a block has (4 bytes), big-endian; each block is preceded by how long it is stored (4 bytes). Blocks have a multiple
//! of 8 elements, the last one fewer; what is left of the elements at the end is stored as it is.

use super::{lz4, zeroed, zstd};
use crate::cancel::checkpoint;
use crate::error::{Error, Result};
use crate::hdf5::cursor::Cursor;

const PLAIN: u32 = 0;
const LZ4: u32 = 2;
const ZSTD: u32 = 3;

/// Decodes `data` into at most `limit` bytes.
#[cfg_attr(page, optimize(speed))]
pub(super) fn decode(data: &[u8], parameters: &[u32], limit: usize) -> Result<Vec<u8>> {
    let parameter = |position: usize| parameters.get(position).map_or(0, |&value| value as usize);
    let element_size = parameter(2);
    if element_size == 0 {
        return Err(damaged("elements have no size"));
    }
    let compression = parameters.get(4).copied().unwrap_or(PLAIN);
    let mut input = Cursor::new(data);
    let (len, block_len) = match compression {
        PLAIN => {
            let block = match parameter(3) {
                0 => default_block(element_size),
                elements => elements,
            };
            (data.len() as u64, block.checked_mul(element_size))
        }
        LZ4 | ZSTD => (input.big_endian(8)?, Some(input.big_endian(4)? as usize)),
        other => return Err(Error::unsupported(format!("compression {other} of bitshuffle is not known"))),
    };
    let mut out = zeroed(len, limit)?;
    let group = element_size.checked_mul(8);
    let block_len = match (block_len, group) {
        (Some(block_len), Some(group)) if block_len > 0 && block_len % group == 0 => block_len,
        _ => return Err(damaged("blocks are not of 8 elements each")),
    };
    if out.len() % element_size != 0 {
        return Err(damaged("data are not whole elements"));
    }
    let shuffled_len = out.len() - out.len() % (8 * element_size);
    let (shuffled, rest) = out.split_at_mut(shuffled_len);
    let mut scratch = vec![0; if compression == PLAIN { 0 } else { block_len.min(shuffled_len) }];
    let mut frames = zstd::Decoder::new(scratch.len());
    for block in shuffled.chunks_mut(block_len) {
        checkpoint()?;
        let bits = if compression == PLAIN {
            input.bytes(block.len())?
        } else {
            let stored_len = input.big_endian(4)? as usize;
            let stored = input.bytes(stored_len)?;
            let bits = &mut scratch[..block.len()];
            match compression {
                LZ4 => lz4::decode_block(stored, bits)?,
                _ => frames.decode_into(stored, bits)?,
            }
            bits
        };
        unshuffle_bits(bits, element_size, block);
    }
    rest.copy_from_slice(input.bytes(rest.len())?);
    Ok(out)
}

fn damaged(why: &str) -> Error {
    Error::invalid_file(format!("bitshuffle's {why}; the file is damaged"))
}

/// How many elements a block has where the filter is not told.
fn default_block(element_size: usize) -> usize {
    (8192 / element_size / 8 * 8).max(128)
}

/// Undoes the sorting of bits: first come all elements' bits 0, eight elements to a byte, then their bits 1...
///
/// `bits` and `out` have the same length, a multiple of 8 elements.
#[cfg_attr(page, optimize(speed))]
pub(super) fn unshuffle_bits(bits: &[u8], element_size: usize, out: &mut [u8]) {
    let row_len = out.len() / element_size / 8;
    for byte in 0..element_size {
        let rows = &bits[8 * row_len * byte..][..8 * row_len];
        for group in 0..row_len {
            let word = u64::from_le_bytes(std::array::from_fn(|bit| rows[bit * row_len + group]));
            let elements = &mut out[group * 8 * element_size..][..8 * element_size];
            for (element, value) in elements.chunks_exact_mut(element_size).zip(transposed(word).to_le_bytes()) {
                element[byte] = value;
            }
        }
    }
}

/// The bits of a word as a matrix of 8 by 8, transposed (Warren, Hacker's Delight, section 7-3).
#[cfg_attr(page, optimize(speed))]
fn transposed(mut word: u64) -> u64 {
    for (shift, mask) in [(7, 0x00aa_00aa_00aa_00aa), (14, 0x0000_cccc_0000_cccc), (28, 0x0000_0000_f0f0_f0f0)] {
        let swapped = (word ^ (word >> shift)) & mask;
        word ^= swapped ^ (swapped << shift);
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bit by bit, from the definition.
    fn shuffle_bits(data: &[u8], element_size: usize) -> Vec<u8> {
        let count = data.len() / element_size;
        let mut out = vec![0; data.len()];
        for element in 0..count {
            for bit in 0..8 * element_size {
                let value = data[element * element_size + bit / 8] >> (bit % 8) & 1;
                let position = bit * count + element;
                out[position / 8] |= value << (position % 8);
            }
        }
        out
    }

    fn numbers(len: usize) -> Vec<u8> {
        (0..len as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
    }

    fn parameters(element_size: u32, block: u32, compression: u32) -> Vec<u32> {
        vec![0, 4, element_size, block, compression]
    }

    #[test]
    fn bits_go_back_to_their_elements() {
        for element_size in [1, 2, 3, 4, 8, 16] {
            let data = numbers(element_size * 24);
            let mut out = vec![0; data.len()];
            unshuffle_bits(&shuffle_bits(&data, element_size), element_size, &mut out);
            assert_eq!(out, data, "elements of {element_size} bytes");
        }
    }

    #[test]
    fn plain_blocks_a_shorter_one_and_what_is_left() {
        // Blocks of 16, 16 and 8 elements, then 3 elements as they are.
        let data = numbers(43 * 2);
        let mut stored = Vec::new();
        for block in [&data[..32], &data[32..64], &data[64..80]] {
            stored.extend(shuffle_bits(block, 2));
        }
        stored.extend(&data[80..]);
        assert_eq!(decode(&stored, &parameters(2, 16, PLAIN), 86).unwrap(), data);
        assert!(decode(&stored, &parameters(2, 16, PLAIN), 85).is_err(), "longer than a chunk");
        assert!(decode(&stored, &parameters(2, 12, PLAIN), 86).is_err(), "a block of 12 elements");
        assert!(decode(&stored, &parameters(0, 16, PLAIN), 86).is_err(), "elements of no size");
        assert!(decode(&stored, &parameters(3, 16, PLAIN), 86).is_err(), "86 is not a multiple of 3");
        assert!(decode(&stored, &parameters(u32::MAX, u32::MAX, PLAIN), 86).is_err());
        assert!(decode(&stored, &parameters(2, 16, 9), 86).unwrap_err().is_unsupported());
        assert!(decode(&stored, &[], 86).is_err());
    }

    /// 9 bytes: 8 ones, whose bits are `ff` and then zeros, in one LZ4 block (literals), and a 5.
    const IN_LZ4: &[u8] = b"\0\0\0\0\0\0\0\x09\0\0\0\x08\0\0\0\x09\x80\xff\0\0\0\0\0\0\0\x05";
    /// The same with a zstd frame of a raw block.
    const IN_ZSTD: &[u8] =
        b"\0\0\0\0\0\0\0\x09\0\0\0\x08\0\0\0\x11\x28\xb5\x2f\xfd\x20\x08\x41\0\0\xff\0\0\0\0\0\0\0\x05";

    #[test]
    fn compressed_blocks() {
        for (data, compression) in [(IN_LZ4, LZ4), (IN_ZSTD, ZSTD)] {
            assert_eq!(decode(data, &parameters(1, 0, compression), 9).unwrap(), [1, 1, 1, 1, 1, 1, 1, 1, 5]);
        }
    }

    #[test]
    fn truncations_and_lies_are_refused() {
        for (data, compression) in [(IN_LZ4, LZ4), (IN_ZSTD, ZSTD)] {
            let parameters = parameters(1, 0, compression);
            for len in 0..data.len() {
                assert!(decode(&data[..len], &parameters, 9).is_err(), "{len} bytes");
            }
            assert!(decode(data, &parameters, 8).is_err(), "longer than a chunk");
            for (position, value) in [(0, 0x80), (11, 0), (11, 7), (12, 0xff), (15, 0), (15, 3)] {
                let mut bad = data.to_vec();
                bad[position] = value;
                assert!(decode(&bad, &parameters, 9).is_err(), "byte {position} as {value}");
            }
        }
    }
}
