//! Datasets that are reduced where their bytes are read: which they are, and that nothing else changes.
#![cfg(not(target_arch = "wasm32"))]

mod engine_support;

use chunkbook::array::{binary, Array, LazyOperand};
use chunkbook::dtype::{DType, Scalar};
use chunkbook::error::Result;
use chunkbook::execute::{compute, Scheduler};
use chunkbook::grid::{ChunkGrid, Region};
use chunkbook::hdf5::{CreateDataset, File, Writer};
use chunkbook::kernels::pushdown::{Pushdown, Reducer};
use chunkbook::kernels::reduction::{Partial, Reduction};
use chunkbook::memory::{random::Random, BinaryOp};
use chunkbook::storage::{MemoryStorage, Storage, WritableMemory};
use engine_support::options;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

const ROWS: u64 = 600;
const COLUMNS: u64 = 900;
/// Rows of a chunk of the arrays over the dataset, 2.16 MB.
const CHUNK_ROWS: u64 = 300;

/// A file whose medium reduces, as the page's reader workers do.
struct Reducing {
    inner: MemoryStorage,
    /// Requests to reduce until one fails.
    good: u64,
    /// Chunks that were reduced.
    reduced: AtomicU64,
    /// Bytes that were read otherwise.
    read: AtomicU64,
}

impl Storage for Reducing {
    fn len(&self) -> u64 {
        self.inner.len()
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        self.read.fetch_add(out.len() as u64, Ordering::SeqCst);
        self.inner.read_at(offset, out)
    }

    fn reduces(&self) -> bool {
        true
    }

    fn reduce(&self, ranges: &[Range<u64>], wanted: &Pushdown) -> Option<Vec<Vec<Partial>>> {
        if self.reduced.fetch_add(1, Ordering::SeqCst) >= self.good {
            return None;
        }
        let mut bytes = vec![];
        for range in ranges {
            let at = bytes.len();
            bytes.resize(at + (range.end - range.start) as usize, 0);
            self.inner.read_at(range.start, &mut bytes[at..]).unwrap();
        }
        let mut reducer = Reducer::new(&wanted.encode()).unwrap();
        let mut rest = &bytes[..];
        while !reducer.piece().is_empty() {
            let (piece, others) = rest.split_at(reducer.piece().len());
            reducer.piece().copy_from_slice(piece);
            reducer.add().unwrap();
            rest = others;
        }
        assert!(rest.is_empty(), "the ranges are the chunk");
        wanted.partials(&reducer.finish().unwrap())
    }
}

/// A file with the dataset `create`, its first `rows` written.
fn file(create: &CreateDataset, rows: u64) -> Vec<u8> {
    let memory = Arc::new(WritableMemory::new());
    let writer = Writer::create(memory.clone(), "pushed.hdf5").unwrap();
    let dataset = writer.create_dataset("/data", create).unwrap();
    let region = Region { start: vec![0, 0], count: vec![rows, COLUMNS] };
    let numbers = Random::seeded(3).rand(&[rows as usize, COLUMNS as usize]).unwrap();
    dataset.write(&region, &chunkbook::memory::astype(&numbers, create.dtype).unwrap()).unwrap();
    writer.close().unwrap();
    memory.to_vec()
}

fn reducing(bytes: &[u8], good: u64) -> Arc<Reducing> {
    let inner = MemoryStorage::new(bytes.to_vec());
    Arc::new(Reducing { inner, good, reduced: AtomicU64::new(0), read: AtomicU64::new(0) })
}

fn array(storage: Arc<dyn Storage>) -> Array {
    let source = File::open(storage, "pushed.hdf5").unwrap().dataset("/data").unwrap().source().unwrap();
    let grid = ChunkGrid::regular(&[ROWS, COLUMNS], &[CHUNK_ROWS, COLUMNS]);
    Array::from_source(source, grid, None).unwrap()
}

/// The bytes of reductions of the array over every axis, and the chunks that were reduced where they lie.
fn reductions(array: &Array) -> Vec<Vec<u8>> {
    let wanted: Vec<Array> = [None, Some(&[0][..]), Some(&[1])]
        .into_iter()
        .flat_map(|axes| {
            [Reduction::Sum, Reduction::Var { ddof: 1 }, Reduction::Min]
                .map(|reduction| array.reduce(reduction, axes, false, None).unwrap())
        })
        .collect();
    let blocks = compute(&wanted, &options(Scheduler::Threads)).unwrap();
    blocks.iter().map(|block| block.bytes().to_vec()).collect()
}

fn in_chunks(rows: u64, columns: u64) -> CreateDataset {
    CreateDataset { chunks: Some(vec![rows, columns]), ..CreateDataset::new(&[ROWS, COLUMNS], DType::F64) }
}

#[test]
fn what_lies_in_the_file_as_in_memory_is_reduced_there_and_has_the_bits_of_what_is_read() {
    let layouts = [
        ("in one piece", CreateDataset::new(&[ROWS, COLUMNS], DType::F64), ROWS, 2),
        ("of half as much a chunk", CreateDataset::new(&[ROWS, COLUMNS], DType::F32), ROWS, 0),
        ("in chunks of rows", in_chunks(100, COLUMNS), ROWS, 2),
        ("in chunks that cross those of the array", in_chunks(160, COLUMNS), ROWS, 2),
        ("in chunks of some columns", in_chunks(100, 450), ROWS, 0),
        ("in many small chunks", in_chunks(4, COLUMNS), ROWS, 2),
        ("compressed", CreateDataset { deflate: Some(1), ..in_chunks(100, COLUMNS) }, ROWS, 0),
        ("with checksums", CreateDataset { fletcher32: true, ..in_chunks(100, COLUMNS) }, ROWS, 0),
        ("half of it never written", in_chunks(100, COLUMNS), 300, 1),
        ("a chunk of it never written", in_chunks(100, COLUMNS), 500, 1),
    ];
    for (what, create, rows, expected) in layouts {
        let bytes = file(&create, rows);
        let storage = reducing(&bytes, u64::MAX);
        let pushed = reductions(&array(storage.clone()));
        assert_eq!(pushed, reductions(&array(Arc::new(MemoryStorage::new(bytes)))), "{what}");
        assert_eq!(storage.reduced.load(Ordering::SeqCst), expected, "{what}");
        if expected == 2 {
            let read = storage.read.load(Ordering::SeqCst);
            assert!(read < 1 << 20, "{what}: {read} bytes were read all the same");
        }
    }
}

#[test]
fn a_chunk_that_could_not_be_reduced_there_is_read() {
    let bytes = file(&in_chunks(100, COLUMNS), ROWS);
    let storage = reducing(&bytes, 1);
    assert_eq!(reductions(&array(storage.clone())), reductions(&array(Arc::new(MemoryStorage::new(bytes)))));
    assert_eq!(storage.read.load(Ordering::SeqCst) >> 20, (CHUNK_ROWS * COLUMNS * 8) >> 20, "one chunk of two");
}

#[test]
fn what_is_made_of_elements_before_they_are_reduced_is_made_here() {
    let storage = reducing(&file(&in_chunks(100, COLUMNS), ROWS), u64::MAX);
    let data = array(storage.clone());
    let twice =
        binary(BinaryOp::Multiply, &LazyOperand::Array(data), &LazyOperand::Scalar(Scalar::Float(2.0))).unwrap();
    reductions(&twice);
    assert_eq!(storage.reduced.load(Ordering::SeqCst), 0);
}

#[test]
fn addresses_count_from_where_the_file_says_that_it_begins() {
    let bytes = file(&in_chunks(100, COLUMNS), ROWS);
    let mut behind = vec![0; 512];
    behind.extend(&bytes);
    // The base address of superblock 0 (HDF5 File Format Specification 3.0, II.A).
    behind[512 + 24..][..8].copy_from_slice(&512u64.to_le_bytes());
    let storage = reducing(&behind, u64::MAX);
    assert_eq!(reductions(&array(storage.clone())), reductions(&array(Arc::new(MemoryStorage::new(bytes)))));
    assert_eq!(storage.reduced.load(Ordering::SeqCst), 2);
}
