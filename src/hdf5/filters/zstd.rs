//! Zstandard (RFC 8878), registered as filter 32015: a chunk is one frame. Bitshuffle and Blosc hold frames too.

use super::zeroed;
use crate::cancel::checkpoint;
use crate::error::{Error, Result};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::io::Read;

/// The window every decoder should support (RFC 8878, section 3.1.1.1.2).
const WINDOW: u64 = 8 << 20;

fn damaged(why: impl std::fmt::Display) -> Error {
    Error::invalid_file(format!("zstd frame {why}; the file is damaged"))
}

/// A decoder of frames, whose memory serves one after another.
pub(super) struct Decoder(FrameDecoder);

impl Decoder {
    /// A decoder of frames that hold at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Decoder {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(WINDOW.max((limit as u64).saturating_mul(2)));
        Decoder(decoder)
    }

    /// Decodes the frame `data`, which must fill `out`.
    #[cfg_attr(page, optimize(speed))]
    pub(super) fn decode_into(&mut self, mut data: &[u8], out: &mut [u8]) -> Result<()> {
        self.0.init(&mut data).map_err(damaged)?;
        let len = self.blocks(data, out)?;
        if len != out.len() {
            return Err(damaged(format!("has {len} bytes, not {}", out.len())));
        }
        Ok(())
    }

    /// Decodes what follows a frame's header and gives how many bytes of `out` it fills.
    #[cfg_attr(page, optimize(speed))]
    fn blocks(&mut self, mut data: &[u8], out: &mut [u8]) -> Result<usize> {
        let mut len = 0;
        loop {
            checkpoint()?;
            let last = self.0.decode_blocks(&mut data, BlockDecodingStrategy::UptoBytes(1 << 20)).map_err(damaged)?;
            len += self.0.read(&mut out[len..]).map_err(damaged)?;
            if self.0.can_collect() != 0 {
                return Err(damaged("is longer than a chunk"));
            }
            if last {
                break;
            }
        }
        let sum = self.0.get_checksum_from_data();
        if sum.is_some() && sum != self.0.get_calculated_checksum() {
            return Err(damaged("does not have its checksum"));
        }
        if !data.is_empty() {
            return Err(damaged("is followed by more data"));
        }
        Ok(len)
    }
}

/// Decodes the frame `data` into at most `limit` bytes.
#[cfg_attr(page, optimize(speed))]
pub(super) fn decode(mut data: &[u8], limit: usize) -> Result<Vec<u8>> {
    let mut decoder = Decoder::new(limit);
    decoder.0.init(&mut data).map_err(damaged)?;
    // A frame need not say how long its content is; 0 stands for that too.
    let len = match decoder.0.content_size() {
        0 => limit as u64,
        len => len,
    };
    let mut out = zeroed(len, limit)?;
    let len = decoder.blocks(data, &mut out)?;
    out.truncate(len);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 12 raw bytes, then 6 times `z` as a run: one segment of 18 bytes.
    const FRAME: &[u8] = b"\x28\xb5\x2f\xfd\x20\x12\x60\0\0hello, world\x33\0\0z";

    #[test]
    fn raw_and_run_blocks() {
        assert_eq!(decode(FRAME, 18).unwrap(), b"hello, worldzzzzzz");
        let mut out = [0; 18];
        Decoder::new(18).decode_into(FRAME, &mut out).unwrap();
        assert_eq!(&out, b"hello, worldzzzzzz");
    }

    #[test]
    fn a_checksum_is_held_against_the_content() {
        let frame = b"\x28\xb5\x2f\xfd\x24\0\x01\0\0\x99\xe9\xd8\x51".to_vec();
        assert_eq!(decode(&frame, 10).unwrap(), b"");
        for position in 9..13 {
            let mut bad = frame.clone();
            bad[position] ^= 1;
            assert!(decode(&bad, 10).unwrap_err().to_string().contains("checksum"));
        }
    }

    #[test]
    fn truncations_and_lies_are_refused() {
        for len in 0..FRAME.len() {
            assert!(decode(&FRAME[..len], 18).is_err(), "{len} bytes");
        }
        assert!(decode(FRAME, 17).is_err(), "longer than a chunk");
        let mut shorter = FRAME.to_vec();
        shorter[5] = 5;
        assert!(decode(&shorter, 18).is_err(), "longer than it says");
        assert!(decode(&[FRAME, b"x"].concat(), 18).is_err(), "more data");
        assert!(Decoder::new(19).decode_into(FRAME, &mut [0; 19]).is_err(), "too short");
        assert!(Decoder::new(17).decode_into(FRAME, &mut [0; 17]).is_err(), "too long");
        // A window of terabytes.
        assert!(decode(b"\x28\xb5\x2f\xfd\x00\xff\x01\0\0", 18).is_err());
    }
}
