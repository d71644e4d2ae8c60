//! Shuffle: all first bytes of the elements, then all second bytes, and so on.
//!
//! Bytes left over behind the last whole element stay at the end.

/// Puts the bytes of each element together again.
#[cfg_attr(page, optimize(speed))]
pub(super) fn unshuffle(data: &[u8], size: usize, out: &mut [u8]) {
    match size {
        _ if size < 2 || size > data.len() => out.copy_from_slice(data),
        2 => unshuffle_fixed::<2>(data, out),
        4 => unshuffle_fixed::<4>(data, out),
        8 => unshuffle_fixed::<8>(data, out),
        _ => {
            let count = data.len() / size;
            for byte in 0..size {
                for element in 0..count {
                    out[element * size + byte] = data[byte * count + element];
                }
            }
            out[count * size..].copy_from_slice(&data[count * size..]);
        }
    }
}

/// A size known to the compiler turns the inner loop into a few vector interleaves.
#[cfg_attr(page, optimize(speed))]
fn unshuffle_fixed<const SIZE: usize>(data: &[u8], out: &mut [u8]) {
    let count = data.len() / SIZE;
    let planes: [&[u8]; SIZE] = std::array::from_fn(|byte| &data[byte * count..(byte + 1) * count]);
    for (element, out) in out.chunks_exact_mut(SIZE).enumerate() {
        for byte in 0..SIZE {
            out[byte] = planes[byte][element];
        }
    }
    out[count * SIZE..].copy_from_slice(&data[count * SIZE..]);
}

/// Sorts the bytes of all elements by their place in the element.
#[cfg_attr(page, optimize(speed))]
pub(super) fn shuffle(data: &[u8], size: usize) -> Vec<u8> {
    let size = size.clamp(1, data.len().max(1));
    let count = data.len() / size;
    let mut out = vec![0; data.len()];
    for byte in 0..size {
        for element in 0..count {
            out[byte * count + element] = data[element * size + byte];
        }
    }
    out[count * size..].copy_from_slice(&data[count * size..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unshuffle_undoes_shuffle_for_every_size_and_remainder() {
        for size in 0..18 {
            for len in [0, 1, size, 3 * size, 50, 257] {
                let data: Vec<u8> = (0..len).map(|i| (i * 7 + 3) as u8).collect();
                let mut out = vec![0; len];
                unshuffle(&shuffle(&data, size), size, &mut out);
                assert_eq!(out, data, "size {size}, {len} bytes");
            }
        }
    }

    #[test]
    fn first_bytes_come_first() {
        assert_eq!(shuffle(&[1, 2, 3, 4, 5], 2), [1, 3, 2, 4, 5]);
    }
}
