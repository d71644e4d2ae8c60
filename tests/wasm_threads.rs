//! The thread pool in a browser: what the engine relies on there, and what only a browser can show.
#![cfg(target_arch = "wasm32")]

use parking_lot::Mutex;
use rayon::prelude::*;
use std::cell::Cell;
use std::collections::HashSet;
use std::panic::{catch_unwind, AssertUnwindSafe};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

const THREADS: usize = 2;

/// Starts the pool at the first call. There is one for each page, and a second start fails.
async fn pool() {
    thread_local!(static STARTED: Cell<bool> = const { Cell::new(false) });
    if !STARTED.replace(true) {
        JsFuture::from(wasm_bindgen_rayon::init_thread_pool(THREADS)).await.expect("the pool starts");
    }
}

#[wasm_bindgen_test]
async fn the_pool_has_the_threads_asked_for_and_sums_right() {
    pool().await;
    assert_eq!(rayon::current_num_threads(), THREADS);
    let sum: u64 = (1..=1_000_000_u64).into_par_iter().sum();
    assert_eq!(sum, 500_000_500_000);
}

#[wasm_bindgen_test]
async fn every_thread_of_the_pool_takes_part() {
    pool().await;
    let threads: HashSet<usize> = rayon::broadcast(|context| context.index()).into_iter().collect();
    assert_eq!(threads, (0..THREADS).collect());
}

/// hdf5-reader takes parking_lot's locks from every thread. Without parking_lot_core's `nightly`
/// feature a thread that has to wait for one panics while it holds the queue, and the page hangs.
#[wasm_bindgen_test]
async fn a_contended_lock_makes_threads_wait_and_go_on() {
    pool().await;
    const TASKS: u64 = 200;
    let total = Mutex::new(0_u64);
    (0..TASKS).into_par_iter().for_each(|task| {
        let mut total = total.lock();
        // Long enough in the lock for the other thread to find it taken and park.
        let busy: u64 = (0..20_000).map(|i| std::hint::black_box(i) ^ task).fold(0, u64::wrapping_add);
        *total += 1 + busy / u64::MAX;
    });
    assert_eq!(total.into_inner(), TASKS);
}

#[wasm_bindgen_test]
async fn a_panicking_task_is_an_error_and_the_pool_goes_on() {
    pool().await;
    for _ in 0..3 {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            (0..1000_u32).into_par_iter().for_each(|task| {
                assert!(task != 777, "task {task} fails");
            });
        }));
        let panic = outcome.expect_err("the panic reaches the caller");
        assert_eq!(panic.downcast_ref::<String>().map(String::as_str), Some("task 777 fails"));
        let sum: u32 = (0..1000_u32).into_par_iter().sum();
        assert_eq!(sum, 499_500);
    }
}
