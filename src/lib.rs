//! Chunkbook's engine: read HDF5 datasets chunk by chunk, and reduce them without ever holding the
//! whole in memory.

pub mod array;
pub mod block;
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
#[cfg(target_arch = "wasm32")]
pub mod web;
