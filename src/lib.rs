//! Chunkbook's engine: read HDF5 datasets chunk by chunk, and reduce them without ever holding the
//! whole in memory. It runs natively and, compiled to threaded WebAssembly, under a notebook page.
//!
//! # A tour of the house
//!
//! Data goes down as a request and comes up as numbers; each room knows only those below it.
//!
//! | room | what it knows |
//! | --- | --- |
//! | `web` | the browser: newtypes over a session, and files behind reader workers, which read and reduce |
//! | [`session`] | what a notebook keeps between cells, behind one function that speaks JSON |
//! | [`execute`] | schedulers, serial and threaded, with progress, cancellation and a memory budget |
//! | [`graph`] | layers of tasks, derived and not stored; keys like Dask's; drawings |
//! | [`array`](mod@array) | lazy arrays: shape, type, chunks and one operation each |
//! | [`hdf5`] | where a dataset's chunks lie, how they are coded, and how a file is written |
//! | [`storage`] | bytes by range, from any thread, or what reductions make of them where they lie |
//! | [`source`] | an array that gives any block of itself, or what a reduction makes of it |
//! | [`memory`], [`kernels`] | arrays in memory, and the loops over their elements |
//! | [`allocator`] | small blocks of memory, for each thread by itself |
//! | [`clock`], [`cancel`] | what a thread is at, and whether it is to stop |
//! | [`block`](mod@block), [`grid`], [`dtype`], [`error`] | the words all of them share |
//!
//! For the page all of this is compiled for size (`www/engine` says how), but for functions marked
//! `#[cfg_attr(page, optimize(speed))]`: those that loop over elements or bytes, or that every task goes through.
//! What such a loop calls should be inlined into it, or be marked too.
//!
//! # The tutorial's arithmetic
//!
//! Write a dataset in chunks, then reduce it in memory and chunk by chunk:
//!
//! ```
//! use chunkbook::array::Array;
//! use chunkbook::dtype::DType;
//! use chunkbook::execute::{compute, CancelToken, Options, Scheduler};
//! use chunkbook::grid::{ChunkGrid, Region};
//! use chunkbook::hdf5::{CreateDataset, File, Writer};
//! use chunkbook::kernels::reduction::Reduction;
//! use chunkbook::memory::random::Random;
//! use chunkbook::storage::{MemoryStorage, WritableMemory};
//! use std::sync::Arc;
//!
//! # fn main() -> chunkbook::error::Result<()> {
//! let file = Arc::new(WritableMemory::new());
//! let writer = Writer::create(file.clone(), "testdata.hdf5")?;
//! let create = CreateDataset { chunks: Some(vec![30, 300]), ..CreateDataset::new(&[300, 300], DType::F64) };
//! let dataset = writer.create_dataset("/data", &create)?;
//! let mut random = Random::seeded(0);
//! for row in (0..300).step_by(30) {
//!     dataset.write(&Region { start: vec![row, 0], count: vec![30, 300] }, &random.rand(&[30, 300])?)?;
//! }
//! writer.close()?;
//!
//! let file = File::open(Arc::new(MemoryStorage::new(file.to_vec())), "testdata.hdf5")?;
//! let source = file.dataset("/data")?.source()?;
//!
//! // The naive way: all of it in memory.
//! let whole = source.read(&Region::whole(&[300, 300]))?;
//! let naive = Reduction::Var { ddof: 0 }.reduce(&whole, &[0, 1], false)?;
//!
//! // Chunk by chunk, and four answers in one pass.
//! let data = Array::from_source(source, ChunkGrid::regular(&[300, 300], &[30, 300]), None)?;
//! let answers = [Reduction::Sum, Reduction::Mean, Reduction::Var { ddof: 0 }, Reduction::Std { ddof: 0 }]
//!     .into_iter()
//!     .map(|reduction| data.reduce(reduction, None, false, None))
//!     .collect::<Result<Vec<_>, _>>()?;
//! let options = Options {
//!     scheduler: Scheduler::Threads,
//!     memory_budget: 1 << 20,
//!     cancel: &CancelToken::new(),
//!     observer: &(),
//! };
//! let blocks = compute(&answers, &options)?;
//! let variance = blocks[2].elements::<f64>()[0];
//! assert!((variance - naive.elements::<f64>()[0]).abs() < 1e-14);
//! assert!((variance - 1.0 / 12.0).abs() < 1e-3);
//! # Ok(())
//! # }
//! ```

#![cfg_attr(page, feature(optimize_attribute))]

pub mod allocator;
pub mod array;
pub mod block;
pub mod cancel;
pub mod clock;
pub mod dtype;
pub mod error;
pub mod execute;
pub mod graph;
pub mod grid;
pub mod hdf5;
pub mod kernels;
pub mod memory;
pub mod session;
pub mod source;
pub mod storage;
#[cfg(all(target_arch = "wasm32", feature = "web"))]
pub mod web;
