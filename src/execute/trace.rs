//! What ran when, on which thread, and on what it spent its time.

use super::plan::Node;
use super::Progress;
use crate::clock::{Phase, PhaseWatch, Spent};

/// Records of a computation beyond this many are let go, so that they do not grow with the graph. Those of tasks that
/// fail are kept in any case: they are few, and what people look for.
pub const MOST_RECORDS: usize = 200_000;

/// A task, with those fused into it, that has run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TaskRecord {
    /// The stage of the [`super::Outline`]: the layers whose tasks ran as one.
    pub stage: usize,
    /// The block's position within its layers, counted row-major.
    pub position: usize,
    /// The thread, from 0 and below the most that compute at once.
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

impl TaskRecord {
    /// The record as numbers: what the page lists as `TASK_NUMBERS` in `www/src/protocol.ts`.
    pub fn numbers(&self) -> [f64; 10] {
        [
            self.stage as f64,
            self.position as f64,
            self.thread as f64,
            self.start_ms,
            self.end_ms,
            self.spent.reading_ms,
            self.spent.decoding_ms,
            self.bytes_read as f64,
            self.bytes_in_flight as f64,
            f64::from(u8::from(self.failed)),
        ]
    }
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
    /// What its thread is at.
    pub phase: Phase,
}

/// Tasks at positions that follow one another, which have ended and of which there is no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskRun {
    /// As in [`TaskRecord`].
    pub stage: usize,
    /// The first position.
    pub first: usize,
    /// How many there are.
    pub count: usize,
}

/// What a thread has spent its time on, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ThreadTime {
    /// What was not computing.
    pub spent: Spent,
    /// The rest of the tasks' time.
    pub computing_ms: f64,
}

/// Sums over all tasks that have ended, also those whose records were let go.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskTotals {
    /// How many there are; tasks that ran as one are one.
    pub ended: u64,
    /// How many of them failed.
    pub failed: u64,
    /// The time of each thread.
    pub threads: Vec<ThreadTime>,
    /// The one that took longest, of those that read a source where there are any.
    pub slowest: Option<TaskRecord>,
    /// When the last one ended, in milliseconds as in [`TaskRecord`].
    pub last_ms: f64,
    slowest_reads: bool,
}

impl TaskTotals {
    fn add(&mut self, record: &TaskRecord, reads: bool) {
        self.ended += 1;
        self.failed += u64::from(record.failed);
        self.last_ms = self.last_ms.max(record.end_ms);
        if record.thread >= self.threads.len() {
            self.threads.resize(record.thread + 1, ThreadTime::default());
        }
        let took = |record: &TaskRecord| record.end_ms - record.start_ms;
        let Spent { reading_ms, decoding_ms } = record.spent;
        let time = &mut self.threads[record.thread];
        time.spent.reading_ms += reading_ms;
        time.spent.decoding_ms += decoding_ms;
        time.computing_ms += (took(record) - reading_ms - decoding_ms).max(0.0);
        let slower = match &self.slowest {
            Some(slowest) if reads == self.slowest_reads => took(record) > took(slowest),
            Some(_) => reads,
            None => true,
        };
        if slower {
            self.slowest = Some(*record);
            self.slowest_reads = reads;
        }
    }
}

/// What the scheduler notes for whoever looks.
#[derive(Default)]
pub(crate) struct Trace {
    finished: Vec<TaskRecord>,
    noted: usize,
    /// Stage and position of those that have ended since the last look and are not recorded.
    unrecorded: Vec<(usize, usize)>,
    totals: TaskTotals,
    running: Vec<RunningTask>,
    /// The threads by their numbers, which are a computation's own.
    threads: Vec<PhaseWatch>,
}

impl Trace {
    /// Notes that this thread is number `thread` from now on.
    pub(crate) fn enter(&mut self, thread: usize) {
        if thread >= self.threads.len() {
            self.threads.resize(thread + 1, PhaseWatch::default());
        }
        self.threads[thread] = PhaseWatch::of_this_thread();
    }

    /// Notes that `node` begins. A thread tells the time before its turn comes to say so, and others that were faster may
    /// have ended meanwhile what the node takes: no task is to begin before those.
    pub(crate) fn begin(&mut self, node: Node, thread: usize, start_ms: f64) {
        let start_ms = start_ms.max(self.totals.last_ms);
        let (stage, position, phase) = (node.stage as usize, node.position, Phase::default());
        self.running.push(RunningTask { stage, position, thread, start_ms, phase });
    }

    /// Notes that `node` has ended; `reads` tells whether it read a source.
    pub(crate) fn end(&mut self, node: Node, reads: bool, end: &TaskEnd, progress: &Progress) {
        let Some(RunningTask { stage, position, thread, start_ms, .. }) = self.abandon(node) else { return };
        let TaskEnd { end_ms, spent, bytes_read, failed } = *end;
        let bytes_in_flight = progress.bytes_in_flight;
        let record =
            TaskRecord { stage, position, thread, start_ms, end_ms, spent, bytes_read, bytes_in_flight, failed };
        self.totals.add(&record, reads);
        if self.noted < MOST_RECORDS || failed {
            self.noted += 1;
            self.finished.push(record);
        } else {
            self.unrecorded.push((stage, position));
        }
    }

    /// Notes that `node` does not run any more.
    pub(crate) fn abandon(&mut self, node: Node) -> Option<RunningTask> {
        let is_it = |task: &RunningTask| task.stage == node.stage as usize && task.position == node.position;
        let index = self.running.iter().position(is_it)?;
        Some(self.running.swap_remove(index))
    }

    /// The tasks that have ended since the last look, in the order they did.
    pub(crate) fn take_finished(&mut self) -> Vec<TaskRecord> {
        std::mem::take(&mut self.finished)
    }

    /// The tasks that have ended since the last look without a record.
    pub(crate) fn take_unrecorded(&mut self) -> Vec<(usize, usize)> {
        std::mem::take(&mut self.unrecorded)
    }

    pub(crate) fn totals(&self) -> TaskTotals {
        self.totals.clone()
    }

    /// The tasks that run now. What their threads are at is looked up here, so that they need not write it down.
    pub(crate) fn running(&self) -> Vec<RunningTask> {
        let phase = |thread: usize| self.threads.get(thread).map_or(Phase::default(), PhaseWatch::phase);
        self.running.iter().map(|task| RunningTask { phase: phase(task.thread), ..*task }).collect()
    }
}

/// How a task ended.
pub(crate) struct TaskEnd {
    pub(crate) end_ms: f64,
    pub(crate) spent: Spent,
    pub(crate) bytes_read: u64,
    pub(crate) failed: bool,
}

/// Stages and positions in any order as runs, in order.
pub(crate) fn runs(mut tasks: Vec<(usize, usize)>) -> Vec<TaskRun> {
    tasks.sort_unstable();
    let mut runs: Vec<TaskRun> = vec![];
    for (stage, position) in tasks {
        match runs.last_mut() {
            Some(run) if run.stage == stage && run.first + run.count == position => run.count += 1,
            _ => runs.push(TaskRun { stage, first: position, count: 1 }),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_begins_when_those_have_ended_that_were_noted_before_it() {
        let mut trace = Trace::default();
        let node = |position| Node { stage: 0, position };
        let end = |end_ms| TaskEnd { end_ms, spent: Spent::default(), bytes_read: 0, failed: false };
        trace.enter(0);
        trace.begin(node(0), 0, 1.0);
        trace.begin(node(1), 1, 2.0);
        trace.end(node(1), false, &end(5.0), &Progress::default());
        // The first was through at 4, and then waited for its turn to say so.
        trace.end(node(0), false, &end(4.0), &Progress::default());
        trace.begin(node(2), 0, 4.0);
        trace.end(node(2), false, &end(5.0), &Progress::default());
        let times: Vec<_> = trace.take_finished().iter().map(|record| (record.start_ms, record.end_ms)).collect();
        assert_eq!(times, [(2.0, 5.0), (1.0, 4.0), (5.0, 5.0)]);
    }

    #[test]
    fn tasks_that_follow_one_another_are_one_run_in_whatever_order_they_ended() {
        let ended = vec![(0, 4), (1, 6), (0, 3), (0, 5), (1, 5), (0, 9)];
        let run = |stage, first, count| TaskRun { stage, first, count };
        assert_eq!(runs(ended), [run(0, 3, 3), run(0, 9, 1), run(1, 5, 2)]);
        assert_eq!(runs(vec![]), []);
    }
}
