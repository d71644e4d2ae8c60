//! Fletcher's checksum as HDF5 computes it: over big-endian 16-bit words, an odd last byte as the
//! high half of one (`H5_checksum_fletcher32` of the C library).

use crate::error::{Error, Result};

/// The checksum of `data`.
#[cfg_attr(page, optimize(speed))]
pub(in crate::hdf5) fn fletcher32(data: &[u8]) -> u32 {
    let (mut low, mut high) = (0u32, 0u32);
    // 360 words are the most whose sums cannot overflow 32 bits.
    for block in data.chunks(720) {
        for word in block.chunks(2) {
            low += u32::from(word[0]) << 8 | word.get(1).map_or(0, |&byte| u32::from(byte));
            high += low;
        }
        low = (low & 0xffff) + (low >> 16);
        high = (high & 0xffff) + (high >> 16);
    }
    low = (low & 0xffff) + (low >> 16);
    high = (high & 0xffff) + (high >> 16);
    high << 16 | low
}

/// Checks the four bytes behind the data and takes them off.
///
/// Files of HDF5 before 1.6.3 have the bytes of each half the other way round; both are accepted, as the
/// C library does.
#[cfg_attr(page, optimize(speed))]
pub(super) fn verify(mut data: Vec<u8>) -> Result<Vec<u8>> {
    let Some(len) = data.len().checked_sub(4) else {
        return Err(Error::invalid_file("too short for its checksum; the file is damaged"));
    };
    let stored = u32::from_le_bytes([data[len], data[len + 1], data[len + 2], data[len + 3]]);
    data.truncate(len);
    let sum = fletcher32(&data);
    let [a, b, c, d] = sum.to_le_bytes();
    if stored != sum && stored != u32::from_le_bytes([b, a, d, c]) {
        return Err(Error::invalid_file("the checksum does not match; the file is damaged"));
    }
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_sums() {
        // Sums of the big-endian words 0x0102, 0x0304, 0x0500 by hand.
        assert_eq!(fletcher32(&[1, 2, 3, 4]), (0x0102 + 0x0406) << 16 | 0x0406);
        assert_eq!(fletcher32(&[1, 2, 3, 4, 5]), (0x0102 + 0x0406 + 0x0906) << 16 | 0x0906);
        assert_eq!(fletcher32(&[]), 0);
    }
}
