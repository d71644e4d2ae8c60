//! Has the reader workers reduce files, which is faster than bringing their bytes into shared memory.
//!
//! `www/src/io/pushdown.ts` is the other side, and `www/reader` says where the time goes otherwise.

use super::queue::{ask, is_shared, Operation};
use crate::cancel::checkpoint;
use crate::clock;
use crate::kernels::pushdown::Pushdown;
use crate::kernels::reduction::Partial;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that a reader reduces at a request: between requests the thread that waits looks whether it is to stop.
const REDUCED_AT_ONCE: u64 = 32 << 20;

/// The request is the first for its chunk.
const FIRST_PART: u64 = 1;
/// The request is the last for its chunk, and is answered with what has come of it.
const LAST_PART: u64 = 2;

/// Chunks that readers have reduced.
static REDUCED: AtomicU64 = AtomicU64::new(0);

/// Chunks that readers have reduced so far.
pub(super) fn reduced_chunks() -> u64 {
    REDUCED.load(Ordering::Relaxed)
}

/// What is `wanted` of the bytes in `ranges` of the `file` of `reader`; nothing outside the threads that compute, and
/// where the reader could not.
pub(super) fn reduce(reader: usize, file: i32, ranges: &[Range<u64>], wanted: &Pushdown) -> Option<Vec<Vec<Partial>>> {
    let thread = rayon::current_thread_index().filter(|_| is_shared())?;
    // Two words on the request, what is wanted, and room for what comes of it.
    let order = wanted.encode();
    let (order_bytes, result_bytes) = (size_of_val(&*order) as u64, wanted.result_words() as u64 * 8);
    let mut words = vec![0, order_bytes | result_bytes << 32];
    words.extend(order);
    let results = words.len();
    words.resize(results + wanted.result_words(), 0);
    let last = ranges.iter().rposition(|range| !range.is_empty())?;
    let mut part = FIRST_PART;
    for (index, range) in ranges.iter().enumerate() {
        let mut start = range.start;
        while start < range.end {
            checkpoint().ok()?;
            let end = range.end.min(start + REDUCED_AT_ONCE);
            if index == last && end == range.end {
                part |= LAST_PART;
            }
            words[0] = part | (thread as u64) << 32;
            let length = (end - start) as usize;
            let answer = ask(reader, Operation::Reduce, file, start, words.as_mut_ptr().cast(), length).ok()?;
            clock::reader_computed(answer.result as f64 / 1e3);
            (start, part) = (end, 0);
        }
    }
    let partials = wanted.partials(&words[results..])?;
    REDUCED.fetch_add(1, Ordering::Relaxed);
    Some(partials)
}
