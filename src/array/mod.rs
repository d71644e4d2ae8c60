//! Lazy chunked arrays, and what can be asked of them; nothing is computed here.
//!
//! An [`Array`] is a shape, an element type, chunks, and one operation over other arrays. Making one
//! costs nothing and touches no data. Names, chunks and the shape of reduction trees are Dask's, so
//! that a cell which looks into a graph finds the same there and here.

mod chunks;
mod elementwise;
mod rearrange;
mod reduce;
mod token;

pub use chunks::{normalize_chunks, AxisChunks, ChunkSpec, AUTO_CHUNK_BYTES};
pub use elementwise::{binary, LazyOperand};

use crate::block::shape_text;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::graph::layer::{Layer, Operation};
use crate::graph::MAX_RANK;
use crate::grid::ChunkGrid;
use crate::source::ChunkSource;
use std::fmt;
use std::sync::Arc;
use token::Token;

/// A lazy chunked array: cheap to clone, and never changed.
#[derive(Clone)]
pub struct Array {
    /// The last layer of the array's graph; its blocks are the array's.
    layer: Arc<Layer>,
}

impl Array {
    /// An array whose blocks are read from `source` in the chunks of `grid`.
    ///
    /// `name` stands before the token in the keys of the array's blocks; Dask's `array` if there is none.
    ///
    /// # Errors
    /// A value error when `grid` is not one of the source's shape.
    pub fn from_source(source: Arc<dyn ChunkSource>, grid: ChunkGrid, name: Option<&str>) -> Result<Array> {
        let shape = grid.shape();
        if shape != source.shape() {
            return Err(Error::value(format!(
                "Chunks do not add up to shape. Got chunks={}, shape={}",
                chunks::sizes_text(&grid),
                shape_text(source.shape())
            ))
            .at(source.label()));
        }
        if shape.len() > MAX_RANK {
            return Err(Error::unsupported(format!("an array of {} axes; {MAX_RANK} are the most", shape.len())));
        }
        chunks::check_count(&grid)?;
        let token = Token::new("source").with(source.identity()).with_debug(&shape).with_debug(&source.dtype());
        let name = chunks::with_grid(token, &grid).name(name.unwrap_or("array"));
        let dtype = source.dtype();
        Ok(Array { layer: Layer::new(name, grid, dtype, Operation::Source(source), vec![]) })
    }

    pub(crate) fn from_layer(layer: Arc<Layer>) -> Array {
        Array { layer }
    }

    /// The layer that makes the array's blocks.
    pub fn layer(&self) -> &Arc<Layer> {
        &self.layer
    }

    /// Extent of each axis; empty for a single number.
    pub fn shape(&self) -> Vec<u64> {
        self.layer.grid().shape()
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.layer.counts().len()
    }

    /// Type of the elements.
    pub fn dtype(&self) -> DType {
        self.layer.dtype()
    }

    /// The chunks.
    pub fn grid(&self) -> &ChunkGrid {
        self.layer.grid()
    }

    /// What the keys of the array's blocks begin with, such as `array-3f9a…`; equal for equal arrays.
    pub fn name(&self) -> &str {
        self.layer.name()
    }

    /// Bytes of the whole array, were it in memory.
    pub fn byte_len(&self) -> u64 {
        self.shape().iter().fold(self.dtype().size() as u64, |n, &extent| n.saturating_mul(extent))
    }
}

impl fmt::Debug for Array {
    /// As Dask shows an array: `dask.array<sum-aggregate, shape=(), dtype=float64, chunksize=()>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chunk: Vec<u64> = self.grid().axes().iter().map(crate::grid::Axis::largest).collect();
        write!(
            f,
            "dask.array<{}, shape={}, dtype={}, chunksize={}>",
            self.layer.label(),
            shape_text(&self.shape()),
            self.dtype(),
            shape_text(&chunk)
        )
    }
}
