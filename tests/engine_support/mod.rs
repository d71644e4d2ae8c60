//! What the engine's tests share: tables, arrays over them, and sources that watch.
#![allow(dead_code)]

use chunkbook::array::Array;
use chunkbook::block::Block;
use chunkbook::dtype::DType;
use chunkbook::error::Result;
use chunkbook::execute::{compute, CancelToken, Observer, Options, Scheduler};
use chunkbook::grid::{ChunkGrid, Region};
use chunkbook::source::{ChunkSource, MemorySource};
use std::sync::{Arc, LazyLock};

/// A table of numbers around zero that repeat seldom and are the same every time.
pub fn table(rows: usize, columns: usize) -> Vec<Vec<f64>> {
    let number = |i: usize| ((i as f64 * 0.754_877_666 + 0.1) % 1.0) * 4.0 - 1.7;
    (0..rows).map(|r| (0..columns).map(|c| number(r * columns + c)).collect()).collect()
}

/// The table as a chunked array.
pub fn memory_array(table: &[Vec<f64>], chunk: &[u64]) -> Array {
    let shape = [table.len(), table[0].len()];
    let block = Block::from_elements(DType::F64, &shape, &table.concat()).unwrap();
    let source = MemorySource::new(Arc::new(block), format!("{table:?}"));
    let grid = ChunkGrid::regular(source.shape(), chunk);
    Array::from_source(Arc::new(source), grid, None).unwrap()
}

static NEVER: LazyLock<CancelToken> = LazyLock::new(CancelToken::new);

/// Options that neither stop nor watch.
pub fn options(scheduler: Scheduler) -> Options<'static> {
    Options { scheduler, memory_budget: 1 << 30, cancel: &NEVER, observer: &() }
}

/// Options with all that a test may want to watch.
pub fn watched<'a>(
    scheduler: Scheduler,
    budget: u64,
    cancel: &'a CancelToken,
    observer: &'a dyn Observer,
) -> Options<'a> {
    Options { scheduler, memory_budget: budget, cancel, observer }
}

pub fn run_one(array: &Array, scheduler: Scheduler) -> Block {
    compute(std::slice::from_ref(array), &options(scheduler)).unwrap().remove(0)
}

/// The elements as `f64`.
pub fn elements(block: &Block) -> Vec<f64> {
    chunkbook::memory::astype(block, DType::F64).unwrap().elements::<f64>().to_vec()
}

pub fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

pub fn assert_close(actual: &[f64], expected: &[f64], what: &str) {
    assert_eq!(actual.len(), expected.len(), "{what}");
    for (a, e) in actual.iter().zip(expected) {
        assert!((a - e).abs() <= 1e-11 * e.abs().max(1.0), "{what}: {a} is not {e}");
    }
}

/// A vector of ones whose reads go through a function of the test.
pub struct WatchedSource<F> {
    shape: Vec<u64>,
    identity: String,
    on_read: F,
}

impl<F: Fn(&Region) -> Result<()> + Send + Sync + 'static> WatchedSource<F> {
    pub fn array(len: u64, chunk: u64, identity: &str, on_read: F) -> Array {
        WatchedSource::table(&[len], &[chunk], identity, on_read)
    }

    pub fn table(shape: &[u64], chunk: &[u64], identity: &str, on_read: F) -> Array {
        let source = WatchedSource { shape: shape.to_vec(), identity: identity.into(), on_read };
        Array::from_source(Arc::new(source), ChunkGrid::regular(shape, chunk), None).unwrap()
    }
}

impl<F: Fn(&Region) -> Result<()> + Send + Sync> ChunkSource for WatchedSource<F> {
    fn shape(&self) -> &[u64] {
        &self.shape
    }

    fn dtype(&self) -> DType {
        DType::F64
    }

    fn chunks(&self) -> Option<&[u64]> {
        None
    }

    fn label(&self) -> String {
        format!("watched:{}", self.identity)
    }

    fn identity(&self) -> String {
        self.identity.clone()
    }

    fn read(&self, region: &Region) -> Result<Block> {
        (self.on_read)(region)?;
        let ones = vec![1.0f64; region.count[0] as usize];
        Block::from_elements(DType::F64, &[ones.len()], &ones)
    }
}
