//! Chunks that are reduced while they are read: what is read in which pieces, and that nothing else changes.
#![cfg(not(target_arch = "wasm32"))]

mod engine_support;

use chunkbook::array::{binary, Array, LazyOperand};
use chunkbook::block::Block;
use chunkbook::dtype::{DType, Scalar};
use chunkbook::error::{Error, Result};
use chunkbook::execute::{compute, CancelToken, Scheduler};
use chunkbook::grid::{ChunkGrid, Region};
use chunkbook::kernels::reduction::Reduction;
use chunkbook::memory::BinaryOp;
use chunkbook::source::{ChunkSource, MemorySource};
use engine_support::*;
use std::sync::{Arc, Mutex};

/// A table in memory that can be cut at multiples of `grain`, and tells what is read of it.
struct Table {
    inner: MemorySource,
    grain: Option<u64>,
    reads: Arc<Mutex<Vec<Region>>>,
    fails_at: Option<u64>,
}

impl ChunkSource for Table {
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
        "table.hdf5:/data".into()
    }

    fn identity(&self) -> String {
        format!("table {:?} {:?}", self.grain, self.fails_at)
    }

    fn grain(&self, _region: &Region) -> Option<u64> {
        self.grain
    }

    fn read(&self, region: &Region) -> Result<Block> {
        if self.fails_at.is_some_and(|row| (region.start[0]..region.start[0] + region.count[0]).contains(&row)) {
            return Err(Error::invalid_file("the file is truncated; get a whole copy of it"));
        }
        self.reads.lock().unwrap().push(region.clone());
        self.inner.read(region)
    }
}

const ROWS: usize = 3000;
const COLUMNS: usize = 1000;
/// Bytes of a piece at most.
const PIECE: u64 = 4 << 20;

/// The table in chunks of `chunk`, and the reads of it so far.
fn table_array(grain: Option<u64>, chunk: &[u64], fails_at: Option<u64>) -> (Array, Arc<Mutex<Vec<Region>>>) {
    let number = |i: usize| ((i as f64 * 0.754_877_666 + 0.1) % 1.0) * 4.0 - 1.7;
    let numbers: Vec<f64> = (0..ROWS * COLUMNS).map(number).collect();
    let block = Block::from_elements(DType::F64, &[ROWS, COLUMNS], &numbers).unwrap();
    let reads = Arc::new(Mutex::new(vec![]));
    let inner = MemorySource::new(Arc::new(block), "numbers");
    let source = Table { inner, grain, reads: Arc::clone(&reads), fails_at };
    let grid = ChunkGrid::regular(source.shape(), chunk);
    (Array::from_source(Arc::new(source), grid, None).unwrap(), reads)
}

fn reduce(array: &Array, reduction: Reduction, axes: Option<&[usize]>) -> Array {
    array.reduce(reduction, axes, false, None).unwrap()
}

#[test]
fn a_chunk_of_many_megabytes_is_read_in_pieces_and_each_once() {
    for scheduler in [Scheduler::Serial, Scheduler::Threads] {
        let (array, reads) = table_array(Some(7), &[1500, 1000], None);
        let wanted = [Reduction::Sum, Reduction::Max, Reduction::Std { ddof: 0 }].map(|r| reduce(&array, r, None));
        compute(&wanted, &options(scheduler)).unwrap();
        let mut reads = reads.lock().unwrap().clone();
        reads.sort_by_key(|region| region.start[0]);
        assert_eq!(reads.len(), 6);
        assert!(reads.iter().all(|region| region.checked_len().unwrap() * 8 <= PIECE));
        assert!(reads.iter().all(|region| (region.start[0] % 1500) % 7 == 0), "cut at the source's grain");
        let ends = reads.iter().map(|region| region.start[0] + region.count[0]);
        let starts = reads.iter().skip(1).map(|region| region.start[0]).chain([ROWS as u64]);
        assert!(ends.eq(starts), "every row once");
    }
}

#[test]
fn results_have_the_same_bits_whether_chunks_stream_or_not() {
    for axes in [None, Some(&[0][..]), Some(&[1])] {
        let results = [None, Some(1), Some(20)].map(|grain| {
            let (array, _) = table_array(grain, &[2200, 600], None);
            let two = LazyOperand::Scalar(Scalar::Float(2.5));
            let scaled = binary(BinaryOp::Multiply, &LazyOperand::Array(array.clone()), &two).unwrap();
            let wanted = [
                reduce(&array, Reduction::Sum, axes),
                reduce(&array, Reduction::Var { ddof: 1 }, axes),
                reduce(&scaled, Reduction::Mean, axes),
                reduce(&scaled, Reduction::Min, axes),
            ];
            let blocks = compute(&wanted, &options(Scheduler::Threads)).unwrap();
            blocks.iter().flat_map(|block| bits(&elements(block))).collect::<Vec<_>>()
        });
        assert_eq!(results[0], results[1], "over {axes:?}");
        assert_eq!(results[0], results[2], "over {axes:?}");
    }
}

#[test]
fn distances_from_a_mean_stream_a_second_time() {
    let (array, reads) = table_array(Some(1), &[3000, 1000], None);
    let mean = array.reduce(Reduction::Mean, None, false, None).unwrap();
    let distance = binary(BinaryOp::Subtract, &LazyOperand::Array(array), &LazyOperand::Array(mean)).unwrap();
    let squared = binary(BinaryOp::Multiply, &LazyOperand::Array(distance.clone()), &LazyOperand::Array(distance));
    let total = reduce(&squared.unwrap(), Reduction::Sum, None);
    // A budget of a third of the array: the distances must not wait for the mean beside it.
    let cancel = CancelToken::new();
    let block = compute(&[total], &watched(Scheduler::Serial, 8 << 20, &cancel, &())).unwrap().remove(0);
    let (whole, _) = table_array(None, &[3000, 1000], None);
    let variance = compute(&[reduce(&whole, Reduction::Var { ddof: 0 }, None)], &options(Scheduler::Serial)).unwrap();
    assert_close(
        &elements(&block),
        &[elements(&variance[0])[0] * (ROWS * COLUMNS) as f64],
        "the sum of squared distances",
    );
    let largest = reads.lock().unwrap().iter().map(|region| region.checked_len().unwrap() * 8).max();
    assert!(largest <= Some(PIECE), "{largest:?} bytes at once");
}

#[test]
fn a_chunk_that_someone_wants_whole_is_read_at_once() {
    let (array, reads) = table_array(Some(1), &[3000, 1000], None);
    let sum = reduce(&array, Reduction::Sum, None);
    let blocks = compute(&[sum, array], &options(Scheduler::Serial)).unwrap();
    assert_eq!(blocks[1].len(), ROWS * COLUMNS);
    assert_eq!(reads.lock().unwrap().len(), 1);
}

#[test]
fn a_piece_that_cannot_be_read_is_an_error_with_the_key_of_its_chunk() {
    let (array, _) = table_array(Some(1), &[1500, 1000], Some(2900));
    let error = compute(&[reduce(&array, Reduction::Sum, None)], &options(Scheduler::Threads)).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("1, 0)") && text.contains("table.hdf5:/data") && text.contains("truncated"), "{text}");
}

#[test]
fn memory_in_flight_is_that_of_pieces_not_of_chunks() {
    struct Peak(Mutex<u64>);
    impl chunkbook::execute::Observer for Peak {
        fn tick(&self, look: &chunkbook::execute::Look) {
            *self.0.lock().unwrap() = look.progress.bytes_peak;
        }
    }
    let (array, _) = table_array(Some(1), &[3000, 1000], None);
    let (peak, cancel) = (Peak(Mutex::new(0)), CancelToken::new());
    compute(&[reduce(&array, Reduction::Sum, None)], &watched(Scheduler::Serial, 1 << 30, &cancel, &peak)).unwrap();
    let peak = *peak.0.lock().unwrap();
    assert!(peak > 0 && peak <= PIECE + (1 << 16), "{peak} bytes at the peak");
}
