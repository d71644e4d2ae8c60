//! BloscLZ, Blosc's own coder, which comes from FastLZ (<https://github.com/Blosc/c-blosc/blob/main/blosc/blosclz.c>).
//!
//! A control byte below 32 announces that many literals and one more; the first one's high bits are a marker. Any other
//! is a copy of bytes already decoded: its high three bits are the length less 2 (7: bytes to add follow, up to one
//! that is not 255), its low five bits and the next byte the distance less 1. All those bits set stand for a
//! distance of 8192 and what the next two bytes say.

use crate::error::{Error, Result};
use crate::hdf5::cursor::Cursor;

/// Decodes `data`, which must fill `out`.
#[cfg_attr(page, optimize(speed))]
pub(super) fn decode_into(data: &[u8], out: &mut [u8]) -> Result<()> {
    let damaged = |why: &str| Error::invalid_file(format!("blosclz block {why}; the file is damaged"));
    let mut input = Cursor::new(data);
    let mut filled = 0;
    let mut marker = 31;
    while input.remaining() > 0 {
        let control = input.u8()? & marker;
        marker = 0xff;
        if control < 32 {
            let literals = input.bytes(usize::from(control) + 1)?;
            let place = out.get_mut(filled..filled + literals.len());
            place.ok_or_else(|| damaged("is too long"))?.copy_from_slice(literals);
            filled += literals.len();
            continue;
        }
        let mut len = usize::from(control >> 5) + 2;
        if len == 9 {
            loop {
                let more = input.u8()?;
                len += usize::from(more);
                if more != 255 {
                    break;
                }
            }
        }
        let mut distance = usize::from(control & 31) << 8 | usize::from(input.u8()?);
        if distance == 8191 {
            distance += input.big_endian(2)? as usize;
        }
        let start = filled.checked_sub(distance + 1).ok_or_else(|| damaged("copies from before its start"))?;
        if len > out.len() - filled {
            return Err(damaged("is too long"));
        }
        // The copy may run into what it copies.
        for position in start..start + len {
            out[position + distance + 1] = out[position];
        }
        filled += len;
    }
    if filled != out.len() {
        return Err(damaged("is too short"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(data: &[u8], len: usize) -> Result<Vec<u8>> {
        let mut out = vec![0; len];
        decode_into(data, &mut out).map(|()| out)
    }

    #[test]
    fn literals_and_overlapping_copies() {
        // "ab" under the marker, 3 + 1 bytes from distance 2, then 9 + 255 + 1 from distance 1, then "c".
        let stream = [1 | 1 << 5, b'a', b'b', 2 << 5, 1, 7 << 5, 255, 1, 0, 0, b'c'];
        let expected = [&b"ababab"[..], &[b'b'; 265], b"c"].concat();
        assert_eq!(decode(&stream, expected.len()).unwrap(), expected);
        for len in 0..stream.len() {
            assert!(decode(&stream[..len], expected.len()).is_err(), "{len} bytes");
        }
    }

    #[test]
    fn a_far_copy() {
        // 8200 bytes are a literal and a run; the copy goes back 8192 + 3 bytes, to the sixth.
        let mut stream = vec![4 | 1 << 5, b'a', b'b', b'c', b'd', b'e', 0, b'f', 7 << 5];
        stream.extend([255; 32]);
        stream.extend([25, 0, 1 << 5 | 31, 255, 0, 3]);
        let len = 6 + 9 + 255 * 32 + 25;
        let mut expected = [&b"abcdef"[..], &vec![b'f'; len - 6]].concat();
        expected.extend_from_within(len - 8195..len - 8192);
        assert_eq!(len, 8200);
        assert_eq!(&expected[len..], b"fff");
        assert_eq!(decode(&stream, len + 3).unwrap(), expected);
        *stream.last_mut().unwrap() = 8;
        assert_eq!(&decode(&stream, len + 3).unwrap()[len..], b"abc");
        *stream.last_mut().unwrap() = 9;
        assert!(decode(&stream, len + 3).is_err(), "from before the start");
    }

    #[test]
    fn damage_is_refused() {
        assert!(decode(&[], 1).is_err(), "nothing");
        assert!(decode(&[3, b'a'], 4).is_err(), "literals cut short");
        assert!(decode(&[0, b'a', 1 << 5, 1], 4).is_err(), "a copy from before the start");
        assert!(decode(&[0, b'a', 1 << 5, 0], 3).is_err(), "a copy beyond the end");
        assert!(decode(&[1, b'a', b'b'], 1).is_err(), "literals beyond the end");
        assert!(decode(&[0, b'a'], 2).is_err(), "too short");
    }
}
