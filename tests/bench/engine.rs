//! The engine by itself, natively: kernels by the byte, the scheduler by the task.
//!
//!     ./build.sh bench --native [part of a name]

use chunkbook::array::Array;
use chunkbook::block::Block;
use chunkbook::dtype::DType;
use chunkbook::execute::{compute, CancelToken, Options, Scheduler};
use chunkbook::grid::ChunkGrid;
use chunkbook::kernels::reduction::Reduction;
use chunkbook::memory::{astype, sort};
use chunkbook::source::{ChunkSource, MemorySource};
use divan::counter::{BytesCount, ItemsCount};
use divan::Bencher;
use std::sync::Arc;

fn main() {
    divan::main();
}

const ROWS: usize = 1000;
const COLUMNS: usize = 1000;
const TYPES: [DType; 5] = [DType::F64, DType::F32, DType::I64, DType::I16, DType::U8];

fn block(dtype: DType) -> Block {
    let numbers: Vec<f64> = (0..ROWS * COLUMNS).map(|i| (i as f64 * 0.754_877_666 % 1.0) * 100.0).collect();
    astype(&Block::from_elements(DType::F64, &[ROWS, COLUMNS], &numbers).unwrap(), dtype).unwrap()
}

fn kernel(bencher: Bencher, dtype: DType, reduction: Reduction, axes: &[usize]) {
    let block = block(dtype);
    bencher
        .counter(BytesCount::new(block.bytes().len()))
        .bench(|| reduction.chunk(divan::black_box(&block), axes).unwrap());
}

#[divan::bench(args = TYPES)]
fn sum(bencher: Bencher, dtype: DType) {
    kernel(bencher, dtype, Reduction::Sum, &[0, 1]);
}

#[divan::bench(args = TYPES)]
fn sum_of_columns(bencher: Bencher, dtype: DType) {
    kernel(bencher, dtype, Reduction::Sum, &[0]);
}

#[divan::bench(args = TYPES)]
fn sum_of_rows(bencher: Bencher, dtype: DType) {
    kernel(bencher, dtype, Reduction::Sum, &[1]);
}

#[divan::bench(args = TYPES)]
fn variance(bencher: Bencher, dtype: DType) {
    kernel(bencher, dtype, Reduction::Var { ddof: 0 }, &[0, 1]);
}

#[divan::bench(args = TYPES)]
fn minimum(bencher: Bencher, dtype: DType) {
    kernel(bencher, dtype, Reduction::Min, &[0, 1]);
}

#[divan::bench(args = TYPES)]
fn maximum_of_columns(bencher: Bencher, dtype: DType) {
    kernel(bencher, dtype, Reduction::Max, &[0]);
}

#[divan::bench(args = TYPES)]
fn mean_without_nan(bencher: Bencher, dtype: DType) {
    kernel(bencher, dtype, Reduction::NanMean, &[0, 1]);
}

#[divan::bench(args = TYPES)]
fn sorted(bencher: Bencher, dtype: DType) {
    let elements = block(dtype).reshaped(&[ROWS * COLUMNS]).unwrap();
    bencher.counter(ItemsCount::new(elements.len())).bench(|| sort(divan::black_box(&elements)).unwrap());
}

/// The sum of a vector in chunks of one number: all but a few nanoseconds of a task is the scheduler's.
#[divan::bench(args = [10_000, 100_000], consts = [false, true], sample_count = 10)]
fn tasks<const THREADS: bool>(bencher: Bencher, chunks: u64) {
    let numbers = Block::from_elements(DType::F64, &[chunks as usize], &vec![1.0; chunks as usize]).unwrap();
    let source = MemorySource::new(Arc::new(numbers), "ones");
    let grid = ChunkGrid::regular(source.shape(), &[1]);
    let array = Array::from_source(Arc::new(source), grid, None).unwrap();
    let sum = array.reduce(Reduction::Sum, None, false, None).unwrap();
    let options = Options {
        scheduler: if THREADS { Scheduler::Threads } else { Scheduler::Serial },
        memory_budget: 1 << 30,
        cancel: &CancelToken::new(),
        observer: &(),
    };
    // A read and a sum for each chunk; combining them adds an eighth.
    bencher.counter(ItemsCount::new(chunks * 2)).bench_local(|| compute(std::slice::from_ref(&sum), &options).unwrap());
}
