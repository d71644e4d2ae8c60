//! The time, and what a thread has spent it on.

use std::cell::Cell;
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

thread_local! {
    static SPENT: Cell<Spent> = const { Cell::new(Spent { reading_ms: 0.0, decoding_ms: 0.0 }) };
}

/// What this thread has spent since it was last asked.
pub fn take_spent() -> Spent {
    SPENT.take()
}

/// Does `work`, which waits for bytes of a file.
pub fn reading<T>(work: impl FnOnce() -> T) -> T {
    timed(work, |spent, ms| spent.reading_ms += ms)
}

/// Does `work`, which undoes filters.
pub fn decoding<T>(work: impl FnOnce() -> T) -> T {
    timed(work, |spent, ms| spent.decoding_ms += ms)
}

fn timed<T>(work: impl FnOnce() -> T, add: impl FnOnce(&mut Spent, f64)) -> T {
    let begin = now_ms();
    let done = work();
    let mut spent = SPENT.get();
    add(&mut spent, now_ms() - begin);
    SPENT.set(spent);
    done
}
