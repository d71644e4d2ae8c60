//! Filter pipelines: what was done to a chunk when it was written, undone.

mod bitshuffle;
mod blosc;
mod blosclz;
mod bzip2;
mod checksum;
mod lz4;
mod lzf;
mod nbit;
mod shuffle;
mod zfp;
mod zstd;

use super::adapter::{allocate, convert, guarded};
use super::messages::Filter;
use crate::cancel::checkpoint;
use crate::error::{Error, Result};
use flate2::Compression;
use std::io::Write;

pub(super) use checksum::fletcher32;

/// Deflate (RFC 1950).
pub const DEFLATE: u16 = 1;
/// Bytes of all elements sorted by significance.
pub const SHUFFLE: u16 = 2;
/// A checksum behind the data.
pub const FLETCHER32: u16 = 3;
/// Szip, the extended Rice coder of CCSDS 121.0-B.
pub const SZIP: u16 = 4;
/// Only the significant bits of each element.
pub const NBIT: u16 = 5;
/// Integers less their minimum, in as few bits as they need.
pub const SCALEOFFSET: u16 = 6;
/// bzip2, Burrows and Wheeler's transform.
pub const BZIP2: u16 = 307;
/// LZF, h5py's own.
pub const LZF: u16 = 32000;
/// Blosc 1: blocks, shuffled and in one of several coders.
pub const BLOSC: u16 = 32001;
/// LZ4 in blocks.
pub const LZ4: u16 = 32004;
/// Bits of all elements sorted by significance, which may also be compressed.
pub const BITSHUFFLE: u16 = 32008;
/// ZFP, for floating-point numbers.
pub const ZFP: u16 = 32013;
/// Zstandard.
pub const ZSTD: u16 = 32015;

/// The name `id` is registered under (<https://github.com/HDFGroup/hdf5_plugins>).
pub fn registered_name(id: u16) -> Option<&'static str> {
    Some(match id {
        DEFLATE => "gzip",
        SHUFFLE => "shuffle",
        FLETCHER32 => "fletcher32",
        SZIP => "szip",
        NBIT => "nbit",
        SCALEOFFSET => "scaleoffset",
        BZIP2 => "bzip2",
        LZF => "lzf",
        BLOSC => "blosc",
        32002 => "mafisc",
        32003 => "snappy",
        LZ4 => "lz4",
        32005 => "apax",
        32006 => "cbf",
        32007 => "jpeg-xr",
        BITSHUFFLE => "bitshuffle",
        32009 => "spdp",
        32010 => "lpc-rice",
        32011 => "ccsds-123",
        32012 => "jpeg-ls",
        ZFP => "zfp",
        32014 => "fpzip",
        ZSTD => "zstd",
        32016 => "b3d",
        32017 => "sz",
        32018 => "fcidecomp",
        32019 => "jpeg",
        32020 => "vbz",
        32021 => "faprec",
        32022 => "bitgroom",
        32023 => "granular-bitround",
        32024 => "sz3",
        32025 => "delta-rice",
        32026 => "blosc2",
        32027 => "flac",
        32028 => "h5z-lcpr",
        _ => return None,
    })
}

/// How a filter is called in messages: `zfp (32013)`.
pub(super) fn label(filter: &Filter) -> String {
    match registered_name(filter.id).or(filter.name.as_deref()) {
        Some(name) => format!("{name} ({})", filter.id),
        None => format!("number {}", filter.id),
    }
}

/// The filters of a dataset, in the order they were applied.
#[derive(Clone, Debug, Default)]
pub(super) struct Pipeline {
    filters: Vec<Filter>,
}

impl Pipeline {
    pub(super) fn new(filters: Vec<Filter>) -> Pipeline {
        Pipeline { filters }
    }

    pub(super) fn filters(&self) -> &[Filter] {
        &self.filters
    }

    /// Refuses a pipeline with a filter that cannot be undone here.
    ///
    /// # Errors
    /// An unsupported error that names the filter.
    pub(super) fn check(&self) -> Result<()> {
        let known = |filter: &&Filter| {
            matches!(filter.id, DEFLATE..=SCALEOFFSET | BZIP2 | LZF | BLOSC | LZ4 | BITSHUFFLE | ZFP | ZSTD)
        };
        match self.filters.iter().find(|filter| !known(filter)) {
            None => Ok(()),
            Some(unknown) => Err(Error::unsupported(format!(
                "its chunks are filtered with {}, which cannot be undone here; rewrite it with h5repack -f GZIP=4",
                label(unknown)
            ))),
        }
    }

    /// Whether a chunk with this mask went through no filter.
    pub(super) fn is_plain(&self, mask: u32) -> bool {
        (0..self.filters.len()).all(|position| mask & (1 << position) != 0)
    }

    /// The most bytes that [`Pipeline::decode`] holds at once beside `out`, of `len` bytes, where about `stored` are
    /// stored: what goes into a filter and what comes out of it.
    pub(super) fn scratch_bytes(&self, stored: u64, len: u64) -> u64 {
        // Checksums are cut off where they lie, and a shuffle that comes last is undone into `out`.
        let makes_bytes =
            |(position, filter): (usize, &Filter)| filter.id != FLETCHER32 && (position > 0 || filter.id != SHUFFLE);
        match self.filters.iter().enumerate().filter(|&filter| makes_bytes(filter)).count() {
            0 => stored,
            1 => stored.saturating_add(len),
            _ => {
                let most = between(self.filters.iter().take(self.filters.len() - 1), len);
                stored.max(most).saturating_add(most)
            }
        }
    }

    /// Refuses to decode `stored` bytes into `len` where no filter expands so far, before room is made.
    ///
    /// # Errors
    /// An invalid-file error with both sizes.
    pub(super) fn check_expansion(&self, stored: u64, len: u64) -> Result<()> {
        let most = self.filters.iter().fold(stored.saturating_add(64), |bytes, filter| {
            bytes.saturating_mul(match filter.id {
                DEFLATE => 1032,
                // Three bytes stand for at most 264.
                LZF => 88,
                SHUFFLE | FLETCHER32 => 1,
                // A byte adds at most 255 to the length of a copy.
                LZ4 => 256,
                // 45 MB of one byte, as runs of 259 in 900,000 bytes, are a block of 37 bytes.
                BZIP2 => 2_000_000,
                _ => 100_000,
            })
        });
        if len <= most {
            return Ok(());
        }
        Err(Error::invalid_file(format!("{stored} bytes cannot be a chunk of {len}; the file is damaged")))
    }

    /// Undoes the pipeline on `stored`, filling `out`, which is as long as the chunk must be.
    ///
    /// # Errors
    /// An invalid-file error when the data are damaged or give another length than `out`'s.
    pub(super) fn decode(&self, stored: Vec<u8>, mask: u32, out: &mut [u8]) -> Result<()> {
        crate::clock::decoding(|| self.undo_all(stored, mask, out))
    }

    #[cfg_attr(page, optimize(speed))]
    fn undo_all(&self, stored: Vec<u8>, mask: u32, out: &mut [u8]) -> Result<()> {
        let active: Vec<&Filter> = self
            .filters
            .iter()
            .enumerate()
            .filter(|(position, _)| mask & (1 << position) == 0)
            .map(|(_, filter)| filter)
            .collect();
        let mut data = stored;
        for (position, filter) in active.iter().enumerate().rev() {
            let limit = between(active[..position].iter().copied(), out.len() as u64) as usize;
            if position == 0 && filter.id == SHUFFLE && data.len() == out.len() {
                shuffle::unshuffle(&data, element_size(filter), out);
                return Ok(());
            }
            data = undo(filter, data, limit).map_err(|error| error.at(format!("filter {}", label(filter))))?;
        }
        if data.len() != out.len() {
            return Err(Error::invalid_file(format!(
                "it holds {} bytes once its filters are undone, but a chunk has {}; the file is damaged",
                data.len(),
                out.len()
            )));
        }
        out.copy_from_slice(&data);
        Ok(())
    }

    /// Applies the pipeline to a chunk's bytes; only filters the writer offers.
    pub(super) fn encode(&self, mut data: Vec<u8>) -> Result<Vec<u8>> {
        for filter in &self.filters {
            data = match filter.id {
                SHUFFLE => shuffle::shuffle(&data, element_size(filter)),
                DEFLATE => deflate(&data, filter.parameters.first().copied().unwrap_or(4))?,
                FLETCHER32 => {
                    let sum = fletcher32(&data);
                    data.extend(sum.to_le_bytes());
                    data
                }
                _ => return Err(Error::unsupported(format!("filter {} cannot be written", label(filter)))),
            };
        }
        Ok(data)
    }
}

/// Undoes `filters` on a chunk of any container that stores chunks as HDF5 does: `len` bytes of elements, row-major and
/// in the file's byte order.
///
/// `filters` are in the order they were applied; bit `i` of `mask` tells that filter `i` was skipped for this chunk
/// (HDF5 File Format Specification 3.0, III.A.1). `len` is the size of a whole chunk, in bytes.
///
/// # Errors
/// An unsupported error that names a filter which cannot be undone here; an invalid-file error for more than 32 filters,
/// for a chunk of more than 4 GiB, where `stored` cannot be or is not a chunk of `len` bytes; a memory error where there
/// is no room for `len` bytes.
pub fn decode_chunk(filters: &[Filter], mask: u32, stored: Vec<u8>, len: usize) -> Result<Vec<u8>> {
    // The mask has a bit for each.
    if filters.len() > 32 {
        return Err(Error::invalid_file(format!("pipeline of {} filters; the format allows 32", filters.len())));
    }
    if len as u64 > u64::from(u32::MAX) {
        return Err(Error::invalid_file(format!("chunk of {len} bytes; the format allows {}", u32::MAX)));
    }
    let pipeline = Pipeline::new(filters.to_vec());
    pipeline.check()?;
    pipeline.check_expansion(stored.len() as u64, len as u64)?;
    let mut out = allocate(len as u64)?;
    guarded(|| pipeline.decode(stored, mask, &mut out))?;
    Ok(out)
}

/// The most bytes that `filters` make of a chunk of `len`: others than these may make it somewhat longer.
fn between<'a>(filters: impl Iterator<Item = &'a Filter>, len: u64) -> u64 {
    filters.fold(len, |len, filter| match filter.id {
        SHUFFLE => len,
        FLETCHER32 => len.saturating_add(4),
        _ => len.saturating_add(len / 8).saturating_add(64 << 10),
    })
}

fn element_size(filter: &Filter) -> usize {
    filter.parameters.first().map_or(1, |&size| size as usize)
}

/// Undoes one filter; the result has at most `limit` bytes.
#[cfg_attr(page, optimize(speed))]
fn undo(filter: &Filter, data: Vec<u8>, limit: usize) -> Result<Vec<u8>> {
    use hdf5_reader::filters as theirs;
    match filter.id {
        DEFLATE => inflate(&data, limit),
        SHUFFLE => {
            let mut out = vec![0; data.len()];
            shuffle::unshuffle(&data, element_size(filter), &mut out);
            Ok(out)
        }
        FLETCHER32 => checksum::verify(data),
        BZIP2 => bzip2::decode(&data, limit),
        LZF => lzf::decode(&data, limit),
        BLOSC => blosc::decode(&data, limit),
        LZ4 => lz4::decode(&data, limit),
        BITSHUFFLE => bitshuffle::decode(&data, &filter.parameters, limit),
        ZFP => zfp::decode(&data, &filter.parameters, limit),
        ZSTD => zstd::decode(&data, limit),
        SZIP => theirs::szip::decompress_with_limit(&data, &filter.parameters, limit).map_err(convert),
        NBIT => {
            nbit::check(&filter.parameters)?;
            theirs::nbit::decompress_with_limit(&data, &filter.parameters, limit).map_err(convert)
        }
        SCALEOFFSET => theirs::scaleoffset::decompress_with_limit(&data, &filter.parameters, limit).map_err(convert),
        _ => Err(Error::unsupported(format!("filter {} cannot be undone here", label(filter)))),
    }
}

/// Room for `len` bytes, a number that a file gives; refused beyond `limit` before it is made.
#[cfg_attr(page, optimize(speed))]
fn zeroed(len: u64, limit: usize) -> Result<Vec<u8>> {
    let room = usize::try_from(len).ok().filter(|&room| room <= limit).ok_or_else(|| {
        Error::invalid_file(format!("{len} bytes are announced where a chunk has {limit}; the file is damaged"))
    })?;
    let mut out = Vec::new();
    out.try_reserve_exact(room)
        .map_err(|_| Error::memory(format!("no room for {} of a chunk", crate::block::human_bytes(len))))?;
    crate::block::extend_with_zeros(&mut out, room);
    Ok(out)
}

/// Deflate cannot expand by more than 1032 to 1, so no more room is made than the input can fill.
/// Bytes after which inflating may be stopped: a few milliseconds' worth.
const INFLATED_AT_ONCE: usize = 4 << 20;

#[cfg_attr(page, optimize(speed))]
fn inflate(data: &[u8], limit: usize) -> Result<Vec<u8>> {
    let damaged = |why: &str| Error::invalid_file(format!("deflate stream {why}; the file is damaged"));
    // One byte more than a chunk has: a stream that fills it is too long.
    let room = data.len().saturating_mul(1032).saturating_add(64).min(limit.saturating_add(1));
    let mut out = allocate(room as u64)?;
    let mut stream = fdeflate::Decompressor::new();
    let (mut read, mut len) = (0, 0);
    while !stream.is_done() && len < out.len() {
        checkpoint()?;
        let end = out.len().min(len + INFLATED_AT_ONCE);
        let (taken, made) = stream
            .read(&data[read..], &mut out[..end], len, true)
            .map_err(|error| damaged(&format!("is broken ({error:?})")))?;
        if (taken, made) == (0, 0) {
            break;
        }
        read += taken;
        len += made;
    }
    if len > limit {
        return Err(damaged("is longer than a chunk"));
    }
    if !stream.is_done() {
        return Err(damaged("does not end"));
    }
    out.truncate(len);
    Ok(out)
}

#[cfg_attr(page, optimize(speed))]
fn deflate(data: &[u8], level: u32) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::with_capacity(data.len() / 2), Compression::new(level));
    encoder
        .write_all(data)
        .and_then(|()| encoder.finish())
        .map_err(|error| Error::internal(format!("deflate failed: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pipeline(ids: &[(u16, u32)]) -> Pipeline {
        Pipeline::new(
            ids.iter().map(|&(id, parameter)| Filter { id, name: None, parameters: vec![parameter] }).collect(),
        )
    }

    #[test]
    fn every_pipeline_the_writer_offers_is_undone() {
        let data: Vec<u8> = (0..8000u32).flat_map(|i| (i / 7).to_le_bytes()).collect();
        for ids in [
            &[(DEFLATE, 4)][..],
            &[(SHUFFLE, 4), (DEFLATE, 9)],
            &[(SHUFFLE, 8), (DEFLATE, 1), (FLETCHER32, 0)],
            &[(FLETCHER32, 0)],
            &[(SHUFFLE, 4)],
            &[],
        ] {
            let pipeline = pipeline(ids);
            let mut out = vec![0; data.len()];
            pipeline.decode(pipeline.encode(data.clone()).unwrap(), 0, &mut out).unwrap();
            assert_eq!(out, data, "{ids:?}");
        }
    }

    #[test]
    fn a_masked_filter_is_skipped() {
        let pipeline = pipeline(&[(SHUFFLE, 4), (DEFLATE, 4)]);
        let mut out = vec![0; 8];
        pipeline.decode(vec![1, 2, 3, 4, 5, 6, 7, 8], 0b11, &mut out).unwrap();
        assert_eq!(out, [1, 2, 3, 4, 5, 6, 7, 8]);
        assert!(pipeline.is_plain(0b11) && !pipeline.is_plain(0b10));
    }

    #[test]
    fn damage_is_an_error_and_never_a_number() {
        let pipeline = pipeline(&[(DEFLATE, 4), (FLETCHER32, 0)]);
        let good = pipeline.encode(vec![5; 1000]).unwrap();
        for position in 0..good.len() {
            let mut bad = good.clone();
            bad[position] ^= 0x10;
            assert!(pipeline.decode(bad, 0, &mut [0; 1000]).is_err(), "byte {position}");
        }
        assert!(pipeline.decode(good.clone(), 0, &mut [0; 999]).is_err());
        assert!(pipeline.decode(good, 0, &mut [0; 1001]).is_err());
    }

    #[test]
    fn a_chunk_of_another_container_is_decoded_or_refused_before_room_is_made() {
        let filters = pipeline(&[(SHUFFLE, 4), (DEFLATE, 4)]).filters;
        let data: Vec<u8> = (0..1000u32).flat_map(u32::to_le_bytes).collect();
        let stored = pipeline(&[(SHUFFLE, 4), (DEFLATE, 4)]).encode(data.clone()).unwrap();
        assert_eq!(decode_chunk(&filters, 0, stored.clone(), 4000).unwrap(), data);
        assert_eq!(decode_chunk(&filters, 0b11, data.clone(), 4000).unwrap(), data);
        let refusal = |filters: &[Filter], len| decode_chunk(filters, 0, stored.clone(), len).unwrap_err().to_string();
        assert!(refusal(&filters, 3999).contains("longer than a chunk"), "{}", refusal(&filters, 3999));
        assert!(refusal(&filters, 4001).contains("a chunk has 4001"), "{}", refusal(&filters, 4001));
        assert!(refusal(&filters, 4 << 20 << 9).contains("cannot be a chunk"));
        assert!(refusal(&pipeline(&[(FLETCHER32, 0); 33]).filters, 4000).contains("33 filters"));
        assert!(refusal(&pipeline(&[(32026, 0)]).filters, 4000).contains("blosc2 (32026)"));
        #[cfg(target_pointer_width = "64")]
        assert!(refusal(&filters, 1 << 32).contains("the format allows"));
    }

    #[test]
    fn an_unknown_filter_is_named_with_its_number() {
        let error = pipeline(&[(32026, 0)]).check().unwrap_err();
        assert!(error.to_string().contains("blosc2 (32026)"), "{error}");
    }

    #[test]
    fn what_takes_long_to_undo_is_stopped_and_says_so() {
        let stop = crate::cancel::CancelToken::new();
        stop.cancel();
        let data = vec![7; 3 * INFLATED_AT_ONCE];
        let both = pipeline(&[(SHUFFLE, 8), (DEFLATE, 1)]);
        let stored = both.encode(data.clone()).unwrap();
        let mut out = vec![0; data.len()];
        let stopped = crate::cancel::within(&stop, || both.decode(stored.clone(), 0, &mut out)).unwrap_err();
        assert!(stopped.is_interrupted(), "{stopped}");
        both.decode(stored, 0, &mut out).unwrap();
        assert!(out == data, "inflated in several turns");
    }
}
