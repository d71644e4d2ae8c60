//! Sources that are read fastest from one place on: which thread reads which blocks.
#![cfg(not(target_arch = "wasm32"))]

mod engine_support;

use chunkbook::array::Array;
use chunkbook::block::Block;
use chunkbook::dtype::DType;
use chunkbook::error::Result;
use chunkbook::execute::{compute, Scheduler};
use chunkbook::grid::{ChunkGrid, Region};
use chunkbook::kernels::reduction::Reduction;
use chunkbook::source::{ChunkSource, MemorySource};
use engine_support::*;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

const THREADS: usize = 4;
const BLOCKS: usize = 1000;

/// The thread and the block of each read, in order.
type Reads = Arc<Mutex<Vec<(usize, u64)>>>;

/// A column that notes which thread read which block, in order.
struct Tape {
    inner: MemorySource,
    prefers_runs: bool,
    reads: Reads,
}

impl ChunkSource for Tape {
    fn shape(&self) -> &[u64] {
        self.inner.shape()
    }

    fn dtype(&self) -> DType {
        DType::F64
    }

    fn chunks(&self) -> Option<&[u64]> {
        None
    }

    fn label(&self) -> String {
        "tape.hdf5:/data".into()
    }

    fn identity(&self) -> String {
        format!("tape {}", self.prefers_runs)
    }

    fn prefers_runs(&self) -> bool {
        self.prefers_runs
    }

    fn read(&self, region: &Region) -> Result<Block> {
        let thread = rayon::current_thread_index().unwrap_or(THREADS);
        self.reads.lock().unwrap().push((thread, region.start[0]));
        // The first thread waits for a second, so that no thread reads all alone.
        let alone = || {
            let reads = self.reads.lock().unwrap();
            thread < THREADS && reads.iter().all(|&(other, _)| other == reads[0].0)
        };
        while alone() {
            std::thread::yield_now();
        }
        self.inner.read(region)
    }
}

fn tape(prefers_runs: bool) -> (Array, Reads) {
    let numbers: Vec<f64> = (0..BLOCKS).map(|i| (i as f64 * 0.754_877_666 + 0.1) % 1.0).collect();
    let block = Block::from_elements(DType::F64, &[BLOCKS], &numbers).unwrap();
    let reads = Arc::new(Mutex::new(vec![]));
    let source = Tape { inner: MemorySource::new(Arc::new(block), "numbers"), prefers_runs, reads: Arc::clone(&reads) };
    let grid = ChunkGrid::regular(source.shape(), &[1]);
    (Array::from_source(Arc::new(source), grid, None).unwrap(), reads)
}

fn std(array: &Array) -> Array {
    array.reduce(Reduction::Std { ddof: 0 }, None, false, None).unwrap()
}

#[test]
fn threads_take_runs_of_neighbouring_blocks_from_a_source_that_prefers_them() {
    rayon::ThreadPoolBuilder::new().num_threads(THREADS).build_global().unwrap();
    let (array, reads) = tape(true);
    let threaded = compute(&[std(&array)], &options(Scheduler::Threads)).unwrap();

    let reads = reads.lock().unwrap().clone();
    let mut blocks: Vec<u64> = reads.iter().map(|&(_, block)| block).collect();
    blocks.sort_unstable();
    assert!(blocks.into_iter().eq(0..BLOCKS as u64), "each block once");
    let mut next: HashMap<usize, u64> = HashMap::new();
    let elsewhere = reads.iter().filter(|(thread, block)| next.insert(*thread, block + 1) != Some(*block)).count();
    assert!(elsewhere <= BLOCKS / 8, "{elsewhere} of {BLOCKS} reads began elsewhere than the last one ended");

    let (array, _) = tape(false);
    let serial = compute(&[std(&array)], &options(Scheduler::Serial)).unwrap();
    assert_eq!(bits(&elements(&threaded[0])), bits(&elements(&serial[0])));
}
