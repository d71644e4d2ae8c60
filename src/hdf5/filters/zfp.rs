//! ZFP (filter 32013): blocks of 4 numbers along each axis, transformed and cut after the bits that matter.
//!
//! P. Lindstrom, "Fixed-Rate Compressed Floating-Point Arrays", IEEE Transactions on Visualization and Computer
//! Graphics 20(12), 2014. H5Z-ZFP keeps ZFP's own header, which tells type, extents and mode, among the filter's
//! parameters (<https://h5z-zfp.readthedocs.io/en/latest/cd_values.html>); the chunk is the bare stream.

use super::super::adapter::guarded;
use crate::error::{Error, Result};
use bytemuck::NoUninit;
use zfp_rs::{ZfpBitStream, ZfpFieldMut, ZfpHeader, ZfpHeaderError, ZfpHeaderMask, ZfpScalar, ZfpScalarType};

/// The numbers of the stream `data`, at most `limit` bytes of them.
pub(super) fn decode(data: &[u8], parameters: &[u32], limit: usize) -> Result<Vec<u8>> {
    guarded(|| decode_unguarded(data, parameters, limit))
}

fn decode_unguarded(data: &[u8], parameters: &[u32], limit: usize) -> Result<Vec<u8>> {
    // The first parameter is the version of the filter.
    let words = parameters.get(1..).unwrap_or_default();
    let swapped: Vec<u32> = words.iter().map(|word| word.swap_bytes()).collect();
    let no_room = |_| Error::memory("no room for a chunk compressed with ZFP");
    // A machine of the other byte order leaves the header's words, and the numbers, in its own.
    let (header, foreign) = match (read_header(words)?, read_header(&swapped)?) {
        (Ok(header), _) => (header, false),
        (Err(_), Ok(header)) => (header, true),
        (Err(error), Err(_)) => {
            return Err(Error::unsupported(format!(
                "{error}: it was written by another version of ZFP; rewrite it with h5repack -f GZIP=4"
            )))
        }
    };
    let (Some(field), Some(config)) = (header.metadata, header.config) else {
        return Err(Error::invalid_file("ZFP header without type or mode; the file is damaged"));
    };
    let len = field.dims.iter().filter(|&&extent| extent > 0).try_fold(1usize, |n, &extent| n.checked_mul(extent));
    let bytes = len.and_then(|len| len.checked_mul(field.scalar_type.size()));
    let Some(len) = len.filter(|_| bytes.is_some_and(|bytes| bytes <= limit)) else {
        return Err(Error::invalid_file(format!(
            "ZFP announces {:?} numbers where a chunk has {limit} bytes; the file is damaged",
            field.dims
        )));
    };
    let mut stream = ZfpBitStream::from_bytes(data).map_err(no_room)?;
    let mut out = match field.scalar_type {
        ZfpScalarType::I32 => numbers::<i32>(&mut stream, &config, field.dims, len),
        ZfpScalarType::I64 => numbers::<i64>(&mut stream, &config, field.dims, len),
        ZfpScalarType::F32 => numbers::<f32>(&mut stream, &config, field.dims, len),
        ZfpScalarType::F64 => numbers::<f64>(&mut stream, &config, field.dims, len),
    }?;
    if foreign {
        out.chunks_exact_mut(field.scalar_type.size()).for_each(<[u8]>::reverse);
    }
    Ok(out)
}

/// ZFP's header in the filter's parameters; the outer error is for want of memory.
fn read_header(words: &[u32]) -> Result<Result<ZfpHeader, ZfpHeaderError>> {
    let mut header: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    header.resize(header.len().next_multiple_of(8).max(32), 0);
    let mut stream = ZfpBitStream::from_bytes(&header).map_err(|_| Error::memory("no room for a header of ZFP"))?;
    Ok(stream.read_header(ZfpHeaderMask::FULL))
}

fn numbers<T: ZfpScalar + NoUninit + Default>(
    stream: &mut ZfpBitStream,
    config: &zfp_rs::ZfpConfig,
    dims: [usize; 4],
    len: usize,
) -> Result<Vec<u8>> {
    let damaged = |why: String| Error::invalid_file(format!("ZFP stream: {why}; the file is damaged"));
    let mut out = Vec::new();
    out.try_reserve_exact(len).map_err(|_| Error::memory("no room for a chunk compressed with ZFP"))?;
    out.resize(len, T::default());
    let mut field = ZfpFieldMut::new(&mut out[..], dims).map_err(|error| damaged(error.to_string()))?;
    stream.decompress(config, &mut field).map_err(|error| damaged(error.to_string()))?;
    Ok(bytemuck::cast_slice(&out).to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use zfp_rs::{ZfpConfig, ZfpField};

    /// A reversible stream of 6 x 5 numbers, and the filter's parameters.
    fn example() -> (Vec<f64>, Vec<u8>, Vec<u32>) {
        let values: Vec<f64> = (0..30).map(|i| f64::from(i) * 0.1 - 1.0).collect();
        let field = ZfpField::new(&values, [6usize, 5]).unwrap();
        let config = ZfpConfig::reversible();
        let mut header = ZfpBitStream::new(64).unwrap();
        header.write_header(&config, &field.metadata(), ZfpHeaderMask::FULL).unwrap();
        header.flush();
        let mut parameters = vec![0x1100_5001];
        parameters.extend(header.as_bytes().chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())));
        let mut stream = ZfpBitStream::new(config.maximum_size(field.scalar_type(), field.dims()).unwrap()).unwrap();
        stream.compress(&config, &field).unwrap();
        (values, stream.as_bytes().to_vec(), parameters)
    }

    #[test]
    fn a_reversible_stream_gives_the_same_bits() {
        let (values, data, parameters) = example();
        assert_eq!(decode(&data, &parameters, 240).unwrap(), bytemuck::cast_slice::<f64, u8>(&values));
        assert!(decode(&data, &parameters, 239).unwrap_err().to_string().contains("239 bytes"));
    }

    #[test]
    fn a_header_of_the_other_byte_order_gives_numbers_of_that_order() {
        let (values, data, mut parameters) = example();
        parameters[1..].iter_mut().for_each(|word| *word = word.swap_bytes());
        let expected: Vec<u8> = values.iter().flat_map(|value| value.to_be_bytes()).collect();
        assert_eq!(decode(&data, &parameters, 240).unwrap(), expected);
    }

    #[test]
    fn damaged_streams_and_headers_neither_panic_nor_pass_the_limit() {
        let (_, data, parameters) = example();
        let mut state = 1u64;
        let mut random = |below: usize| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as usize % below
        };
        for _ in 0..4000 {
            let (mut data, mut parameters) = (data.clone(), parameters.clone());
            for _ in 0..1 + random(4) {
                if random(3) == 0 {
                    let position = random(parameters.len());
                    parameters[position] ^= 1 << random(32);
                } else {
                    let position = random(data.len());
                    data[position] ^= 1 << random(8);
                }
            }
            data.truncate(data.len() - random(data.len()));
            if let Ok(out) = decode_unguarded(&data, &parameters, 240) {
                assert!(out.len() <= 240);
            }
        }
    }
}
