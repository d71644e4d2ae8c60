//! What a computation is said to hold at its peak, against what it takes from the allocator.
//!
//! A program of its own with one test, since the allocator counts for all of it.
#![cfg(not(target_arch = "wasm32"))]

use chunkbook::array::{binary, Array, LazyOperand};
use chunkbook::dtype::{DType, Scalar};
use chunkbook::execute::{compute, outline, CancelToken, Look, Observer, Options, Scheduler};
use chunkbook::graph::Graph;
use chunkbook::grid::{ChunkGrid, Region};
use chunkbook::hdf5::{CreateDataset, File, Writer};
use chunkbook::kernels::reduction::Reduction;
use chunkbook::memory::random::Random;
use chunkbook::memory::BinaryOp;
use chunkbook::storage::{MemoryStorage, WritableMemory};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// The system's allocator, with the bytes that are taken from it now and at most.
struct Counting;

static TAKEN: AtomicU64 = AtomicU64::new(0);
static PEAK: AtomicU64 = AtomicU64::new(0);

// SAFETY: all is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let taken = TAKEN.fetch_add(layout.size() as u64, Ordering::SeqCst) + layout.size() as u64;
        PEAK.fetch_max(taken, Ordering::SeqCst);
        // SAFETY: as promised by the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        TAKEN.fetch_sub(layout.size() as u64, Ordering::SeqCst);
        // SAFETY: as promised by the caller.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[derive(Default)]
struct Peak(Mutex<u64>);

impl Observer for Peak {
    fn tick(&self, look: &Look) {
        *self.0.lock().unwrap() = look.progress.bytes_peak;
    }
}

const BUDGET: u64 = 1 << 30;

/// Elements along the side of a table.
const SIDE: u64 = 360;

/// A table of random numbers in a file, in chunks of `chunk` squared.
fn stored(chunk: u64, deflate: Option<u8>, shuffle: bool) -> Arc<dyn chunkbook::source::ChunkSource> {
    let file = Arc::new(WritableMemory::new());
    let writer = Writer::create(file.clone(), "held.hdf5").unwrap();
    let create =
        CreateDataset { chunks: Some(vec![chunk; 2]), deflate, shuffle, ..CreateDataset::new(&[SIDE; 2], DType::F64) };
    let dataset = writer.create_dataset("/x", &create).unwrap();
    let numbers = Random::seeded(0).rand(&[SIDE as usize; 2]).unwrap();
    dataset.write(&Region::whole(&[SIDE; 2]), &numbers).unwrap();
    writer.close().unwrap();
    let file = File::open(Arc::new(MemoryStorage::new(file.to_vec())), "held.hdf5").unwrap();
    file.dataset("/x").unwrap().source().unwrap()
}

fn blocks(source: &Arc<dyn chunkbook::source::ChunkSource>, block: u64) -> Array {
    Array::from_source(Arc::clone(source), ChunkGrid::regular(source.shape(), &[block; 2]), None).unwrap()
}

/// Bytes that computing `array` took, was said to hold, and was forecast to hold.
fn held(array: &Array, scheduler: Scheduler) -> (u64, u64, u64) {
    let threads = if scheduler == Scheduler::Serial { 1 } else { rayon::current_num_threads() };
    let forecast = outline(&Graph::of(std::slice::from_ref(array)), threads, BUDGET).forecast_bytes;
    let (peak, cancel) = (Peak::default(), CancelToken::new());
    let before = TAKEN.load(Ordering::SeqCst);
    PEAK.store(before, Ordering::SeqCst);
    let options = Options { scheduler, memory_budget: BUDGET, cancel: &cancel, observer: &peak };
    let result = compute(std::slice::from_ref(array), &options).unwrap();
    let taken = PEAK.load(Ordering::SeqCst) - before;
    // Given back it would be kept for the next result.
    std::mem::forget(result);
    (taken, peak.0.into_inner().unwrap(), forecast)
}

#[test]
fn a_computation_takes_what_it_is_said_to_hold_and_no_more_than_was_forecast() {
    // Blocks of less than 64 KiB, since memory of larger ones is kept for the next.
    let plain = stored(90, None, false);
    let gzip = stored(90, Some(1), false);
    let both = stored(90, Some(1), true);
    let small = stored(45, Some(1), true);
    let large = stored(SIDE, Some(1), true);
    let sum = |array: &Array| array.reduce(Reduction::Sum, None, false, None).unwrap();
    let plus_one = |array: Array| {
        let one = LazyOperand::Scalar(Scalar::Float(1.0));
        binary(BinaryOp::Add, &LazyOperand::Array(array), &one).unwrap()
    };
    let cases = [
        ("plain chunks", sum(&blocks(&plain, 90))),
        ("gzip", sum(&blocks(&gzip, 90))),
        ("gzip and shuffle", sum(&blocks(&both, 90))),
        ("blocks smaller than the chunks", sum(&blocks(&both, 45))),
        ("blocks larger than the chunks", sum(&blocks(&small, 90))),
        ("blocks across the chunks", sum(&blocks(&both, 60))),
        ("one chunk for many blocks", sum(&blocks(&large, 90))),
        ("an array as the result", plus_one(blocks(&plain, 90))),
        ("an array as the result, decompressed", plus_one(blocks(&both, 90))),
    ];
    let mut wrong = vec![];
    for (name, array) in &cases {
        for scheduler in [Scheduler::Serial, Scheduler::Threads] {
            // The first time makes the pool.
            held(array, scheduler);
            let threads = if scheduler == Scheduler::Serial { 1 } else { rayon::current_num_threads() as u64 };
            let (taken, said, forecast) = held(array, scheduler);
            // Threads need not be at their most at the same moment; the tables of a decompressor are not counted.
            let least = if scheduler == Scheduler::Serial { said * 8 / 10 } else { said * 4 / 10 };
            if taken > said * 11 / 10 + 32_000 * threads || taken < least || said > forecast {
                wrong
                    .push(format!("{name}, {scheduler:?}: took {taken}, was said to hold {said}, forecast {forecast}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
