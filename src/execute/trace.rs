//! What ran when, and on which thread.

use crate::graph::Key;
use std::sync::{Mutex, PoisonError};

/// Records beyond this many are let go, so that a trace does not grow with the graph.
const MOST_RECORDS: usize = 200_000;

/// A task, with those fused into it, that has run.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskRecord {
    /// The key of the last of the tasks that ran as one.
    pub key: Key,
    /// The names of the layers of all of them, in the order they ran.
    pub layers: Vec<String>,
    /// The thread, from 0.
    pub thread: usize,
    /// Milliseconds at which it began, by the trace's clock.
    pub start_ms: f64,
    /// Milliseconds at which it ended.
    pub end_ms: f64,
    /// Bytes it moved from storage.
    pub bytes_read: u64,
}

/// Takes note of every task of the computations that it is given to.
pub struct Trace {
    now_ms: fn() -> f64,
    records: Mutex<Vec<TaskRecord>>,
}

impl Trace {
    /// A trace that takes the time from `now_ms`: milliseconds since a moment that is the same on every thread.
    pub fn new(now_ms: fn() -> f64) -> Trace {
        Trace { now_ms, records: Mutex::default() }
    }

    pub(crate) fn now_ms(&self) -> f64 {
        (self.now_ms)()
    }

    pub(crate) fn add(&self, record: impl FnOnce() -> TaskRecord) {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        if records.len() < MOST_RECORDS {
            records.push(record());
        }
    }

    /// The records so far, in the order the tasks ended: the first 200,000. The trace is empty then.
    pub fn take(&self) -> Vec<TaskRecord> {
        std::mem::take(&mut *self.records.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
