//! What ran when, on which thread, and on what it spent its time.

use super::plan::Node;
use super::Progress;
use crate::clock::Spent;

/// Records of a computation beyond this many are let go, so that they do not grow with the graph.
pub const MOST_RECORDS: usize = 200_000;

/// A task, with those fused into it, that has run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TaskRecord {
    /// The stage of the [`super::Outline`]: the layers whose tasks ran as one.
    pub stage: usize,
    /// The block's position within its layers, counted row-major.
    pub position: usize,
    /// The thread, from 0.
    pub thread: usize,
    /// Milliseconds at which it began, by [`crate::clock::now_ms`].
    pub start_ms: f64,
    /// Milliseconds at which it ended.
    pub end_ms: f64,
    /// What of that was not computing.
    pub spent: Spent,
    /// Bytes it moved from storage.
    pub bytes_read: u64,
    /// Bytes of blocks held by all tasks together before it gave back its own.
    pub bytes_in_flight: u64,
    /// Whether it ended in an error.
    pub failed: bool,
}

/// A task that runs now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunningTask {
    /// As in [`TaskRecord`].
    pub stage: usize,
    /// As in [`TaskRecord`].
    pub position: usize,
    /// As in [`TaskRecord`].
    pub thread: usize,
    /// As in [`TaskRecord`].
    pub start_ms: f64,
}

/// What the scheduler notes for whoever looks.
#[derive(Default)]
pub(crate) struct Trace {
    finished: Vec<TaskRecord>,
    noted: usize,
    running: Vec<RunningTask>,
}

impl Trace {
    pub(crate) fn begin(&mut self, node: Node, thread: usize, start_ms: f64) {
        self.running.push(RunningTask { stage: node.stage as usize, position: node.position, thread, start_ms });
    }

    pub(crate) fn end(&mut self, node: Node, end: &TaskEnd, progress: &Progress) {
        let is_it = |task: &RunningTask| task.stage == node.stage as usize && task.position == node.position;
        let Some(index) = self.running.iter().position(is_it) else { return };
        let RunningTask { stage, position, thread, start_ms } = self.running.swap_remove(index);
        if self.noted == MOST_RECORDS {
            return;
        }
        self.noted += 1;
        let TaskEnd { end_ms, spent, bytes_read, failed } = *end;
        let bytes_in_flight = progress.bytes_in_flight;
        let record =
            TaskRecord { stage, position, thread, start_ms, end_ms, spent, bytes_read, bytes_in_flight, failed };
        self.finished.push(record);
    }

    /// The tasks that have ended since the last look, in the order they did.
    pub(crate) fn take_finished(&mut self) -> Vec<TaskRecord> {
        std::mem::take(&mut self.finished)
    }

    pub(crate) fn running(&self) -> Vec<RunningTask> {
        self.running.clone()
    }
}

/// How a task ended.
pub(crate) struct TaskEnd {
    pub(crate) end_ms: f64,
    pub(crate) spent: Spent,
    pub(crate) bytes_read: u64,
    pub(crate) failed: bool,
}
