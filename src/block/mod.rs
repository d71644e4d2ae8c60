//! A [`Block`]: an n-dimensional array held in memory, in row-major order without gaps.
//!
//! It is what a chunk becomes once decoded, what a task of a graph makes, and what a NumPy array of
//! a cell is underneath.

mod spare;

use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::grid::Region;
use bytemuck::AnyBitPattern;
use smallvec::SmallVec;
use std::sync::Arc;

/// Extents of the axes. The least of tasks make some ten blocks: those of up to four axes have theirs without allocating.
type Extents = SmallVec<[usize; 4]>;

/// Elements, aligned for every element type. A few, such as what is left of a chunk that is reduced, lie within.
type Words = SmallVec<[u64; WORDS_WITHIN]>;

const WORDS_WITHIN: usize = 2;

/// Where the elements are.
#[derive(Debug)]
enum Buffer {
    /// The first `len` of the bytes that `words` holds.
    Own { words: Words, len: usize },
    /// Bytes of another block, which nobody changes as long as this one is there.
    Shared { whole: Arc<Block>, start: usize, len: usize },
}

impl Buffer {
    fn len(&self) -> usize {
        match self {
            Buffer::Own { len, .. } | Buffer::Shared { len, .. } => *len,
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Buffer::Own { words, .. } = self {
            if words.spilled() {
                spare::give(std::mem::take(words).into_vec());
            }
        }
    }
}

/// An n-dimensional array in memory: row-major, contiguous, native byte order.
#[derive(Debug)]
pub struct Block {
    dtype: DType,
    shape: Extents,
    buffer: Buffer,
}

impl Clone for Block {
    /// As [`Block::try_clone`] does, which is for blocks that may be large.
    ///
    /// # Panics
    /// When the allocator has no room.
    fn clone(&self) -> Block {
        self.try_clone().unwrap_or_else(|error| panic!("{error}"))
    }
}

/// `6.71 GiB`, as NumPy words it in its own memory errors.
pub fn human_bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    match (unit, value) {
        (0, _) => format!("{bytes} bytes"),
        (_, v) if v < 10.0 => format!("{value:.2} {}", UNITS[unit]),
        (_, v) if v < 100.0 => format!("{value:.1} {}", UNITS[unit]),
        _ => format!("{value:.0} {}", UNITS[unit]),
    }
}

/// Bytes that blocks have given back and that are kept for the next ones.
pub fn spare_bytes() -> u64 {
    spare::held() as u64
}

/// `(3000, 3000)`, `(7,)`, `()`: a shape as Python prints it.
pub fn shape_text<T: std::fmt::Display>(shape: &[T]) -> String {
    match shape {
        [one] => format!("({one},)"),
        many => format!("({})", many.iter().map(T::to_string).collect::<Vec<_>>().join(", ")),
    }
}

/// Makes every element `value`, as the slice's own `fill` does, which in the page would be compiled for size.
#[inline(never)]
#[cfg_attr(page, optimize(speed))]
pub(crate) fn fill<T: Copy>(elements: &mut [T], value: T) {
    for element in elements {
        *element = value;
    }
}

/// Makes `elements` as long as `len` with zeros, as `resize` does, which in the page takes ten times as long for the same
/// reason.
pub(crate) fn extend_with_zeros<T: AnyBitPattern>(elements: &mut Vec<T>, len: usize) {
    static ZEROS: [u64; 512] = [0; 512];
    let zeros: &[T] = bytemuck::cast_slice(&ZEROS);
    while elements.len() < len {
        elements.extend_from_slice(&zeros[..zeros.len().min(len - elements.len())]);
    }
}

/// Words of memory that are touched for the first time at once: some ten milliseconds.
const TOUCHED_AT_ONCE: usize = 4 << 20;

/// Nothing where there is no room; `between` is called every so often.
#[cfg_attr(page, optimize(speed))]
fn zeroed(count: usize, between: &mut dyn FnMut() -> Result<()>) -> Result<Option<Vec<u64>>> {
    let mut words: Vec<u64> = Vec::new();
    if words.try_reserve_exact(count).is_err() {
        return Ok(None);
    }
    loop {
        let touched = count.min(words.len() + TOUCHED_AT_ONCE);
        extend_with_zeros(&mut words, touched);
        if words.len() == count {
            return Ok(Some(words));
        }
        between()?;
    }
}

impl Block {
    /// Zeros.
    ///
    /// # Errors
    /// A memory error with the size, shape and type when the allocator has no room.
    pub fn zeros(dtype: DType, shape: &[usize]) -> Result<Block> {
        let (mut block, cleared) = Block::uncleared(dtype, shape, &mut || Ok(()))?;
        if let (Buffer::Own { words, .. }, false) = (&mut block.buffer, cleared) {
            fill(words, 0);
        }
        Ok(block)
    }

    /// Elements of no particular value, for those who write all of them: what a block before this one held.
    ///
    /// # Errors
    /// As those of [`Block::zeros`].
    pub(crate) fn unspecified(dtype: DType, shape: &[usize]) -> Result<Block> {
        Block::unspecified_unless(dtype, shape, || Ok(()))
    }

    /// The same, unless `stop` fails: it is called every so often while memory is touched for the first time, which takes
    /// seconds for a gigabyte or two.
    ///
    /// # Errors
    /// As those of [`Block::zeros`], and those of `stop`.
    pub(crate) fn unspecified_unless(
        dtype: DType,
        shape: &[usize],
        mut stop: impl FnMut() -> Result<()>,
    ) -> Result<Block> {
        let (mut block, _) = Block::uncleared(dtype, shape, &mut stop)?;
        if cfg!(debug_assertions) {
            // An element that was overlooked shows.
            block.bytes_mut().fill(0xcd);
        }
        Ok(block)
    }

    /// Elements of no particular value, and whether they are zeros nevertheless.
    fn uncleared(dtype: DType, shape: &[usize], between: &mut dyn FnMut() -> Result<()>) -> Result<(Block, bool)> {
        let out_of_memory = |bytes: u64| {
            Error::memory(format!(
                "unable to allocate {} for an array with shape {} and data type {dtype}; reduce it chunk by chunk instead",
                human_bytes(bytes),
                shape_text(shape),
            ))
        };
        let wide = shape.iter().fold(dtype.size() as u128, |n, &s| n.saturating_mul(s as u128));
        // Rust (and wasm32) allow no single allocation beyond isize::MAX bytes.
        if wide > isize::MAX as u128 - 8 {
            return Err(out_of_memory(u64::try_from(wide).unwrap_or(u64::MAX)));
        }
        let len = wide as usize;
        let count = len.div_ceil(8);
        let of = |words: Words| Block { dtype, shape: shape.into(), buffer: Buffer::Own { words, len } };
        if count <= WORDS_WITHIN {
            return Ok((of(SmallVec::from_elem(0, count)), true));
        }
        let kept = spare::take(count);
        let cleared = kept.is_none();
        let mut made = match kept {
            Some(words) => Some(words),
            None => zeroed(count, between)?,
        };
        if made.is_none() {
            spare::clear();
            made = zeroed(count, between)?;
        }
        let words = made.ok_or_else(|| out_of_memory(len as u64))?;
        Ok((of(words.into()), cleared))
    }

    /// The part of `whole` that `region` covers, where its elements lie side by side: it is not copied, and `whole` stays
    /// in memory as long as its part.
    pub(crate) fn part(whole: &Arc<Block>, region: &Region) -> Option<Block> {
        let (mut start, mut len, mut stride) = (0, whole.dtype.size(), whole.dtype.size());
        let mut shape = Extents::with_capacity(whole.shape.len());
        // From the last axis on: all of each, then some of one, then one index of each.
        let mut all = true;
        for (axis, &extent) in whole.shape.iter().enumerate().rev() {
            let (first, count) = (usize::try_from(region.start[axis]).ok()?, usize::try_from(region.count[axis]).ok()?);
            if first.checked_add(count)? > extent || (!all && count != 1) {
                return None;
            }
            all &= count == extent;
            start += first * stride;
            len *= count;
            stride *= extent;
            shape.push(count);
        }
        shape.reverse();
        let buffer = Buffer::Shared { whole: Arc::clone(whole), start, len };
        Some(Block { dtype: whole.dtype, shape, buffer })
    }

    /// The block with elements of its own, copied if others have it or they are another block's: a part would keep all
    /// of that in memory.
    ///
    /// # Errors
    /// As those of [`Block::zeros`].
    pub(crate) fn into_own(block: Arc<Block>) -> Result<Block> {
        match Arc::try_unwrap(block) {
            Ok(block) if matches!(block.buffer, Buffer::Own { .. }) => Ok(block),
            Ok(block) => block.try_clone(),
            Err(shared) => shared.try_clone(),
        }
    }

    /// A block of `shape` with these elements in row-major order.
    ///
    /// # Panics
    /// If `elements` are not as many as `shape` holds, or not of `dtype`'s size.
    pub fn from_elements<T: bytemuck::NoUninit>(dtype: DType, shape: &[usize], elements: &[T]) -> Result<Block> {
        assert_eq!(std::mem::size_of::<T>(), dtype.size(), "element size of {dtype}");
        let mut block = Block::unspecified(dtype, shape)?;
        assert_eq!(elements.len(), block.len(), "elements of a block of shape {shape:?}");
        block.bytes_mut().copy_from_slice(bytemuck::cast_slice(elements));
        Ok(block)
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Extent of each axis; empty for a single number.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.buffer.len() / self.dtype.size()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.buffer.len() == 0
    }

    /// Size of the elements in bytes.
    pub fn byte_len(&self) -> usize {
        self.buffer.len()
    }

    /// The elements as bytes.
    pub fn bytes(&self) -> &[u8] {
        match &self.buffer {
            Buffer::Own { words, len } => &bytemuck::cast_slice(words)[..*len],
            Buffer::Shared { whole, start, len } => &whole.bytes()[*start..][..*len],
        }
    }

    /// The elements as bytes, to fill in.
    ///
    /// # Panics
    /// If they are another block's.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        match &mut self.buffer {
            Buffer::Own { words, len } => &mut bytemuck::cast_slice_mut(words)[..*len],
            Buffer::Shared { .. } => panic!("the elements of a part are not its own to change"),
        }
    }

    /// The elements as `T`, which must be the type [`crate::with_type!`] gives for the dtype.
    ///
    /// # Panics
    /// If `T` has another size than the dtype.
    pub fn elements<T: bytemuck::AnyBitPattern + bytemuck::NoUninit>(&self) -> &[T] {
        assert_eq!(std::mem::size_of::<T>(), self.dtype.size());
        bytemuck::cast_slice(self.bytes())
    }

    /// The elements as `T`, to fill in; see [`Block::elements`].
    pub fn elements_mut<T: bytemuck::AnyBitPattern + bytemuck::NoUninit>(&mut self) -> &mut [T] {
        assert_eq!(std::mem::size_of::<T>(), self.dtype.size());
        bytemuck::cast_slice_mut(self.bytes_mut())
    }

    /// A copy, with elements of its own.
    ///
    /// # Errors
    /// A memory error when the allocator has no room, where `clone` panics.
    pub fn try_clone(&self) -> Result<Block> {
        let mut copy = Block::unspecified(self.dtype, &self.shape)?;
        copy.bytes_mut().copy_from_slice(self.bytes());
        Ok(copy)
    }

    /// The same elements under another shape of as many elements.
    ///
    /// # Errors
    /// A value error, in NumPy's words, when the counts differ.
    pub fn reshaped(mut self, shape: &[usize]) -> Result<Block> {
        let count = shape.iter().try_fold(1usize, |n, &s| n.checked_mul(s));
        if count != Some(self.len()) {
            return Err(Error::value(format!(
                "cannot reshape array of size {} into shape {}",
                self.len(),
                shape_text(shape)
            )));
        }
        self.shape = shape.into();
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_zeros_also_in_memory_that_another_block_left() {
        for _ in 0..3 {
            let mut block = Block::unspecified(DType::U8, &[1 << 17]).unwrap();
            block.bytes_mut().fill(7);
            drop(block);
            let zeros = Block::zeros(DType::U8, &[1 << 17]).unwrap();
            assert!(zeros.bytes().iter().all(|&byte| byte == 0));
        }
    }

    #[test]
    fn a_block_is_not_made_to_its_end_where_it_is_to_stop() {
        let mut calls = 0;
        let stop = || {
            calls += 1;
            if calls < 2 {
                Ok(())
            } else {
                Err(Error::interrupted("enough"))
            }
        };
        let words = 5 * TOUCHED_AT_ONCE / 2;
        assert!(Block::unspecified_unless(DType::F64, &[words], stop).unwrap_err().is_interrupted());
        assert_eq!(calls, 2);
        let block = Block::unspecified_unless(DType::F64, &[words], || Ok(())).unwrap();
        assert_eq!(block.len(), words);
    }

    #[test]
    fn memory_is_kept_for_blocks_of_about_its_size_only() {
        spare::give(vec![1; 1 << 20]);
        assert!(spare::take(1 << 16).is_none_or(|words| words.len() < 1 << 20));
        assert!(spare::take((1 << 20) + 1).is_none_or(|words| words.len() > 1 << 20));
        assert!(spare::take(8).is_none());
    }

    #[test]
    fn a_part_has_the_elements_of_its_region_where_they_lie_side_by_side() {
        let numbers: Vec<u16> = (0..24).collect();
        let whole = Arc::new(Block::from_elements(DType::U16, &[2, 3, 4], &numbers).unwrap());
        let region = |start: [u64; 3], count: [u64; 3]| Region { start: start.into(), count: count.into() };
        for (part, expected) in [
            (region([0, 0, 0], [2, 3, 4]), Some(0..24)),
            (region([1, 0, 0], [1, 3, 4]), Some(12..24)),
            (region([1, 1, 0], [1, 2, 4]), Some(16..24)),
            (region([0, 2, 1], [1, 1, 2]), Some(9..11)),
            (region([1, 2, 3], [1, 1, 1]), Some(23..24)),
            (region([0, 1, 0], [2, 1, 4]), None),
            (region([0, 0, 1], [1, 2, 3]), None),
            (region([0, 0, 2], [1, 1, 3]), None),
            (region([0, u64::MAX, 0], [1, 2, 4]), None),
        ] {
            let found = Block::part(&whole, &part);
            let elements = expected.map(|range| &numbers[range]);
            assert_eq!(found.as_ref().map(Block::elements::<u16>), elements, "{part:?}");
            if let Some(found) = found {
                let count: Vec<usize> = part.count.iter().map(|&count| count as usize).collect();
                assert_eq!(found.shape(), count);
                let mut own = Block::into_own(Arc::new(found)).unwrap();
                own.bytes_mut().fill(9);
                assert_eq!(whole.elements::<u16>(), numbers, "what is changed is a copy");
            }
        }
    }

    #[test]
    fn a_block_too_large_for_memory_is_an_error_that_says_its_size() {
        let error = Block::zeros(DType::F64, &[1 << 31, 1 << 30]).unwrap_err();
        assert!(error.is_memory());
        assert!(error.to_string().contains("16.0 EiB") || error.to_string().contains("PiB"), "{error}");
    }

    #[test]
    fn elements_are_the_bytes_in_row_major_order() {
        let block = Block::from_elements(DType::I16, &[2, 3], &[1i16, 2, 3, 4, 5, 6]).unwrap();
        assert_eq!(block.elements::<i16>()[3], 4);
        assert_eq!(block.byte_len(), 12);
        let flat = block.reshaped(&[6]).unwrap();
        assert_eq!(flat.shape(), &[6]);
        assert!(flat.reshaped(&[5]).is_err());
    }
}
