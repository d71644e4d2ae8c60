//! Ranges of a slow file that are asked for again.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes by their offset and length.
type Ranges = HashMap<(u64, usize), Arc<Vec<u8>>>;

/// Bytes of a file, by the very ranges that were read: chunks are read by the same ranges each time.
pub struct RangeCache {
    budget: &'static Budget,
    ranges: Mutex<Ranges>,
}

/// What all caches together may hold.
pub struct Budget {
    limit: u64,
    held: AtomicU64,
}

impl Budget {
    /// At most `limit` bytes.
    pub const fn new(limit: u64) -> Budget {
        Budget { limit, held: AtomicU64::new(0) }
    }

    /// The most bytes that may be held.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// Bytes that are held.
    pub fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: u64) -> bool {
        let taken = |held: u64| held.checked_add(bytes).filter(|&held| held <= self.limit);
        self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken).is_ok()
    }

    fn give(&self, bytes: u64) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl RangeCache {
    /// Nothing yet.
    pub fn new(budget: &'static Budget) -> RangeCache {
        RangeCache { budget, ranges: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Ranges> {
        self.ranges.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fills `out` with the bytes from `offset` on, if that range is held.
    pub fn get(&self, offset: u64, out: &mut [u8]) -> bool {
        let held = self.lock().get(&(offset, out.len())).cloned();
        held.map(|bytes| out.copy_from_slice(&bytes)).is_some()
    }

    /// Holds `bytes`, which lie at `offset`, if there is room, or if there is without those of this file: then other
    /// ranges of it are asked for now.
    pub fn put(&self, offset: u64, bytes: &[u8]) {
        let size = bytes.len() as u64;
        if !self.budget.take(size) {
            self.clear();
            if !self.budget.take(size) {
                return;
            }
        }
        let mut copy = Vec::new();
        // What is worth keeping while there is memory is not worth failing for.
        if copy.try_reserve_exact(bytes.len()).is_err() {
            return self.budget.give(size);
        }
        copy.extend_from_slice(bytes);
        if self.lock().insert((offset, bytes.len()), Arc::new(copy)).is_some() {
            self.budget.give(size);
        }
    }

    /// Lets go of everything.
    pub fn clear(&self) {
        let ranges = std::mem::take(&mut *self.lock());
        self.budget.give(ranges.values().map(|bytes| bytes.len() as u64).sum());
    }
}

impl Drop for RangeCache {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_that_was_put_is_given_again_and_no_other() {
        static BUDGET: Budget = Budget::new(100);
        let cache = RangeCache::new(&BUDGET);
        cache.put(7, &[1, 2, 3]);
        let mut out = [0; 3];
        assert!(cache.get(7, &mut out) && out == [1, 2, 3]);
        assert!(!cache.get(8, &mut out) && !cache.get(7, &mut out[..2]));
    }

    #[test]
    fn caches_hold_no_more_together_than_the_budget_and_give_it_back() {
        static BUDGET: Budget = Budget::new(100);
        let (one, other) = (RangeCache::new(&BUDGET), RangeCache::new(&BUDGET));
        one.put(0, &[0; 60]);
        one.put(0, &[0; 60]);
        assert_eq!(BUDGET.held(), 60, "the same range twice is held once");
        other.put(0, &[0; 50]);
        assert!(!other.get(0, &mut [0; 50]), "there was no room beside the other file's");
        one.put(60, &[1; 80]);
        assert!(one.get(60, &mut [0; 80]) && !one.get(0, &mut [0; 60]), "a file makes room among its own");
        drop(one);
        assert_eq!(BUDGET.held(), 0);
    }
}
