//! LZF, the format of Marc Lehmann's liblzf that h5py brings along as filter 32000.
//!
//! A control byte below 32 announces that many literals and one more. Any other is a copy of bytes already
//! decoded: its high three bits are the length less 2 (7: another length byte follows), its low five bits and the next
//! byte the distance less 1.

use crate::error::{Error, Result};
use crate::hdf5::cursor::Cursor;

/// Decodes `data` into at most `limit` bytes.
#[cfg_attr(page, optimize(speed))]
pub(super) fn decode(data: &[u8], limit: usize) -> Result<Vec<u8>> {
    let mut out: Vec<u8> = Vec::new();
    let mut input = Cursor::new(data);
    while input.remaining() > 0 {
        let control = input.u8()?;
        if control < 32 {
            out.extend_from_slice(input.bytes(usize::from(control) + 1)?);
        } else {
            let mut len = usize::from(control >> 5) + 2;
            if len == 9 {
                len += usize::from(input.u8()?);
            }
            let low = usize::from(input.u8()?);
            let distance = (usize::from(control & 0x1f) << 8 | low) + 1;
            let start = out.len().checked_sub(distance);
            let start = start.ok_or_else(|| Error::invalid_file("lzf stream is broken; the file is damaged"))?;
            // The copy may run into what it copies.
            for position in start..start + len {
                out.push(out[position]);
            }
        }
        if out.len() > limit {
            return Err(Error::invalid_file("lzf stream is longer than a chunk; the file is damaged"));
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_overlapping_copies() {
        // "ab", then 7 bytes from distance 2, then 9 + 1 bytes from distance 1.
        let stream = [1, b'a', b'b', 5 << 5, 1, 7 << 5, 1, 0];
        assert_eq!(decode(&stream, 100).unwrap(), b"ababababaaaaaaaaaaa"[..].to_vec());
    }

    #[test]
    fn damage_is_refused() {
        assert!(decode(&[3, b'a'], 100).is_err(), "literals cut short");
        assert!(decode(&[0, b'a', 1 << 5, 1], 100).is_err(), "a copy from before the start");
        assert!(decode(&[0, b'a', 7 << 5, 200, 0], 100).is_err(), "longer than allowed");
    }
}
