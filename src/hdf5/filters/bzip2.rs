//! bzip2, registered as filter 307: a chunk is one stream (<https://sourceware.org/bzip2/>).

use super::zeroed;
use crate::error::{Error, Result};
use ::bzip2::{Decompress, Status};

/// Decodes the stream `data` into at most `limit` bytes.
#[cfg_attr(page, optimize(speed))]
pub(super) fn decode(data: &[u8], limit: usize) -> Result<Vec<u8>> {
    let damaged = |why: &str| Error::invalid_file(format!("bzip2 stream {why}; the file is damaged"));
    let room = limit.saturating_add(1);
    let mut out = zeroed(room as u64, room)?;
    let mut stream = Decompress::new(false);
    let status = stream.decompress(data, &mut out).map_err(|error| damaged(&format!("is broken ({error})")))?;
    let len = stream.total_out() as usize;
    if len > limit {
        return Err(damaged("is longer than a chunk"));
    }
    match status {
        Status::StreamEnd => {
            out.truncate(len);
            Ok(out)
        }
        _ => Err(damaged("does not end")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"chunk chunk chunk 012";
    const STREAM: &[u8] =
        b"\x42\x5a\x68\x31\x31\x41\x59\x26\x53\x59\xc1\x35\x97\x7a\x00\x00\x04\x19\x80\x40\x00\x70\x00\x08\x49\
        \x02\x00\x20\x00\x31\x06\x4c\x41\x1e\xa6\x81\xa6\x92\xa9\x45\xe1\xc3\x19\xe2\xee\x48\xa7\x0a\x12\x18\
        \x26\xb2\xef\x40";

    #[test]
    fn a_stream_and_its_truncations() {
        for len in 0..STREAM.len() {
            assert!(decode(&STREAM[..len], 100).is_err(), "{len} bytes");
        }
        assert_eq!(decode(STREAM, TEXT.len()).unwrap(), TEXT);
        assert!(decode(STREAM, TEXT.len() - 1).is_err(), "longer than a chunk");
    }

    #[test]
    fn damage_is_refused() {
        for position in 0..STREAM.len() - 1 {
            let mut bad = STREAM.to_vec();
            bad[position] ^= 0x10;
            // The size of a block in the header may be larger than it need be.
            assert!(position == 3 || decode(&bad, 100).is_err(), "byte {position}");
        }
    }
}
