//! The time, and what a thread has spent it on.

use std::cell::Cell;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::Arc;
#[cfg(target_arch = "wasm32")]
use std::sync::OnceLock;

/// Milliseconds since a moment that is the same on every thread.
#[cfg(not(target_arch = "wasm32"))]
pub fn now_ms() -> f64 {
    static BEGIN: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    BEGIN.elapsed().as_secs_f64() * 1e3
}

#[cfg(target_arch = "wasm32")]
static CLOCK: OnceLock<fn() -> f64> = OnceLock::new();

/// Milliseconds since a moment that is the same on every thread; 0 until a clock is [`provide`]d.
#[cfg(target_arch = "wasm32")]
pub fn now_ms() -> f64 {
    CLOCK.get().map_or(0.0, |clock| clock())
}

/// Takes the time from `clock` from now on: wasm has none of its own. The first one stays.
#[cfg(target_arch = "wasm32")]
pub fn provide(clock: fn() -> f64) {
    let _ = CLOCK.set(clock);
}

/// What a thread has spent on the two things that are not computing, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spent {
    /// Waiting for bytes of a file.
    pub reading_ms: f64,
    /// Undoing filters, such as decompressing.
    pub decoding_ms: f64,
}

/// What a thread is at within a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// Everything else.
    #[default]
    Computing,
    /// Waiting for bytes of a file.
    Reading,
    /// Undoing filters, such as decompressing.
    Decoding,
}

/// A cache line of its own: threads that wrote to the same one would wait for each other.
#[derive(Debug, Default)]
#[repr(align(64))]
struct PhaseSlot(AtomicU8);

/// A thread, for others to look at what it is at.
#[derive(Clone, Debug, Default)]
pub struct PhaseWatch(Arc<PhaseSlot>);

impl PhaseWatch {
    /// The thread that asks.
    pub fn of_this_thread() -> PhaseWatch {
        PHASE.with(PhaseWatch::clone)
    }

    /// What the thread is at now, or was a moment ago: nobody waits for anybody to say so.
    pub fn phase(&self) -> Phase {
        match self.0 .0.load(Ordering::Relaxed) {
            1 => Phase::Reading,
            2 => Phase::Decoding,
            _ => Phase::Computing,
        }
    }

    fn enter(&self, phase: Phase) {
        self.0 .0.store(phase as u8, Ordering::Relaxed);
    }
}

thread_local! {
    static SPENT: Cell<Spent> = const { Cell::new(Spent { reading_ms: 0.0, decoding_ms: 0.0 }) };
    static PHASE: PhaseWatch = PhaseWatch::default();
}

/// Has this thread begin a task: nothing spent on it, and nothing read.
pub fn begin_task() {
    SPENT.take();
    enter(Phase::Computing);
}

/// What this thread has spent since it was last asked.
pub fn take_spent() -> Spent {
    SPENT.take()
}

/// Does `work`, which waits for bytes of a file.
pub fn reading<T>(work: impl FnOnce() -> T) -> T {
    // Two clocks with coarse ticks: what a reader computed can seem longer than the wait for it.
    timed(Phase::Reading, work, |spent, ms| spent.reading_ms = (spent.reading_ms + ms).max(0.0))
}

/// Of what this thread waits for while it [reads](reading), `ms` were computing, by the reader.
pub fn reader_computed(ms: f64) {
    let mut spent = SPENT.get();
    spent.reading_ms -= ms;
    SPENT.set(spent);
}

/// Does `work`, which undoes filters.
pub fn decoding<T>(work: impl FnOnce() -> T) -> T {
    timed(Phase::Decoding, work, |spent, ms| spent.decoding_ms += ms)
}

fn enter(phase: Phase) {
    PHASE.with(|watch| watch.enter(phase));
}

fn timed<T>(phase: Phase, work: impl FnOnce() -> T, add: impl FnOnce(&mut Spent, f64)) -> T {
    let before = PHASE.with(|watch| watch.phase());
    enter(phase);
    let begin = now_ms();
    let done = work();
    let mut spent = SPENT.get();
    add(&mut spent, now_ms() - begin);
    SPENT.set(spent);
    enter(before);
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reader_computed_is_not_time_that_was_read() {
        begin_task();
        SPENT.set(Spent { reading_ms: 5.0, decoding_ms: 0.0 });
        reading(|| reader_computed(3.0));
        assert!((2.0..3.0).contains(&take_spent().reading_ms), "but for the moment it took itself");
        reading(|| reader_computed(1e6));
        assert_eq!(take_spent(), Spent::default(), "never less than nothing");
    }
}
