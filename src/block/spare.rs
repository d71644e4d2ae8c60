//! Memory that blocks have given back, for the next ones: chunks of one size come and go, and memory that is new to
//! a block has to be found, cleared and, natively, mapped page by page.

use std::sync::{Mutex, PoisonError};

/// Bytes that are kept at most: two chunks of the largest that are common, 72 MB.
const MOST: usize = 160 << 20;

/// Bytes below which memory is not worth keeping.
const LEAST: usize = 64 << 10;

/// The longest unused first.
static SPARE: Mutex<Vec<Vec<u64>>> = Mutex::new(Vec::new());

fn spare() -> std::sync::MutexGuard<'static, Vec<Vec<u64>>> {
    SPARE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bytes(words: &[u64]) -> usize {
    std::mem::size_of_val(words)
}

/// At least `count` words, and not more than half as many again, with whatever they last held.
pub(super) fn take(count: usize) -> Option<Vec<u64>> {
    if count * 8 < LEAST {
        return None;
    }
    let mut spare = spare();
    let fits = |words: &Vec<u64>| (count..=count + count / 2).contains(&words.len());
    let position = spare.iter().rposition(fits)?;
    Some(spare.remove(position))
}

/// Keeps `words` for a later block, or frees them; the longest unused make room.
pub(super) fn give(words: Vec<u64>) {
    if !(LEAST..=MOST).contains(&bytes(&words)) {
        return;
    }
    let mut spare = spare();
    let mut kept: usize = spare.iter().map(|words| bytes(words)).sum();
    let room = MOST - bytes(&words);
    let mut freed = Vec::new();
    while kept > room {
        let oldest = spare.remove(0);
        kept -= bytes(&oldest);
        freed.push(oldest);
    }
    spare.push(words);
    // The allocator has its own lock.
    drop(spare);
}

/// Bytes that are kept.
pub(super) fn held() -> usize {
    spare().iter().map(|words| bytes(words)).sum()
}

/// Frees everything that is kept.
pub(super) fn clear() {
    let freed = std::mem::take(&mut *spare());
    drop(freed);
}
