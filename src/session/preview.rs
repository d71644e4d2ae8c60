//! Data to look at: a dataset as a picture of few cells and a histogram, read chunk by chunk.

use super::Session;
use crate::block::human_bytes;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::grid::Region;
use crate::kernels::preview::{add_to_cells, Cell, Cut, Histogram};
use crate::memory;
use crate::source::ChunkSource;
use rayon::prelude::*;
use serde_json::{json, Value};

/// Rows and columns of a picture at most; a line has more columns.
const MOST_CELLS: u64 = 160;
const MOST_POINTS: u64 = 640;
/// Bars of a histogram; of few whole numbers, one for each.
const BARS: usize = 64;
/// Bytes that are read at once, about.
const REGION_BYTES: u64 = 4 << 20;
/// A chunk larger than this is not read whole for a picture.
const MOST_REGION_BYTES: u64 = 512 << 20;
/// Regions between two looks at the user's wish to stop.
const REGIONS_A_LOOK: usize = 16;

/// The part of a dataset that is looked at: a matrix, or a vector as one row.
struct Matrix<'a> {
    source: &'a dyn ChunkSource,
    /// The index along each axis before those of the matrix.
    leading: Vec<u64>,
    cut: Cut,
}

impl Session {
    /// `Preview` of `www/src/protocol.ts`: the dataset `path` of the file `name`, of more than two axes at the indices
    /// `leading` along the first ones.
    pub(super) fn preview(&self, name: &str, path: &str, leading: &[u64]) -> Result<Value> {
        let dataset = self.file_to_browse(name)?.dataset(path)?;
        let source = dataset.source()?;
        let matrix = Matrix::new(&*source, leading).map_err(|error| error.at(source.label()))?;
        let cells = self.fold(
            &matrix,
            matrix.no_cells(),
            |values, part, cells: &mut Vec<Cell>| {
                add_to_cells(values, part.columns, part.start, &matrix.cut, cells);
            },
            |all, part| all.iter_mut().zip(part).for_each(|(cell, other)| cell.merge(&other)),
        )?;
        let mut whole = Cell::default();
        cells.iter().for_each(|cell| whole.merge(cell));
        let empty = whole.count == 0;
        let (low, high) = if empty { (0.0, 0.0) } else { (whole.min, whole.max) };
        let (low, high, bars) = bars(source.dtype(), low, high);
        let histogram = self.fold(
            &matrix,
            Histogram::new(low, high, bars),
            |values, _, histogram| histogram.add(values),
            |all, part| all.merge(&part),
        )?;
        let is_line = matrix.cut.extent[0] == 1;
        let finite = |number: f64| number.is_finite().then_some(number);
        Ok(json!({
            "extent": matrix.cut.extent,
            "cells": matrix.cut.cells,
            "means": cells.iter().map(Cell::mean).collect::<Vec<_>>(),
            "mins": is_line.then(|| cells.iter().map(|cell| finite(cell.min)).collect::<Vec<_>>()),
            "maxs": is_line.then(|| cells.iter().map(|cell| finite(cell.max)).collect::<Vec<_>>()),
            "count": whole.count,
            "mean": whole.mean(),
            "min": finite(whole.min),
            "max": finite(whole.max),
            "histogram": { "low": low, "high": high, "counts": histogram.counts },
            "nan": histogram.nan,
            "infinite": histogram.infinite,
        }))
    }

    /// Folds all elements of `matrix`, as `f64`, region by region on all threads; the order of the merging is that of
    /// the regions, so that the result does not hang on the threads.
    fn fold<T: Clone + Send + Sync>(
        &self,
        matrix: &Matrix<'_>,
        empty: T,
        add: impl Fn(&[f64], &Part, &mut T) + Sync,
        merge: impl Fn(&mut T, T),
    ) -> Result<T> {
        let parts = matrix.parts()?;
        let mut all = empty.clone();
        let read = |part: &Part| -> Result<T> {
            let values = memory::astype(&matrix.source.read(&part.region)?, DType::F64)?;
            let mut made = empty.clone();
            add(values.elements::<f64>(), part, &mut made);
            Ok(made)
        };
        for some in parts.chunks(REGIONS_A_LOOK) {
            if self.host.interrupted() {
                return Err(Error::interrupted("stopped while reading"));
            }
            let made: Vec<Result<T>> = match self.limits.threads > 1 {
                true => some.par_iter().map(read).collect(),
                false => some.iter().map(read).collect(),
            };
            for part in made {
                merge(&mut all, part?);
            }
        }
        Ok(all)
    }
}

/// A region of the source, and where in the matrix it lies.
struct Part {
    region: Region,
    /// Row and column of its first element.
    start: [u64; 2],
    columns: usize,
}

impl<'a> Matrix<'a> {
    fn new(source: &'a dyn ChunkSource, leading: &[u64]) -> Result<Matrix<'a>> {
        let shape = source.shape();
        let axes = shape.len().saturating_sub(2);
        if leading.len() != axes || leading.iter().zip(shape).any(|(index, extent)| index >= extent) {
            return Err(Error::index(format!("{leading:?} is not an index along the first {axes} of its axes")));
        }
        let extent = match shape {
            [] => [1, 1],
            [columns] => [1, *columns],
            [.., rows, columns] => [*rows, *columns],
        };
        let most = if extent[0] == 1 { [1, MOST_POINTS] } else { [MOST_CELLS; 2] };
        let cells = [0, 1].map(|axis: usize| extent[axis].min(most[axis]) as usize);
        Ok(Matrix { source, leading: leading.to_vec(), cut: Cut { extent, cells } })
    }

    fn no_cells(&self) -> Vec<Cell> {
        vec![Cell::default(); self.cut.cells[0] * self.cut.cells[1]]
    }

    /// The matrix in regions that are cheap to read: stored chunks, as many side by side as make a good read, or rows
    /// where the source has no chunks.
    fn parts(&self) -> Result<Vec<Part>> {
        let [rows, columns] = self.cut.extent;
        let size = self.source.dtype().size() as u64;
        let rank = self.source.shape().len();
        let chunk = self.source.chunks().map(|chunk| {
            let along = |back: usize| rank.checked_sub(back).map_or(1, |axis| chunk[axis]);
            [along(2), along(1)]
        });
        let bytes = |rows: u64, columns: u64| rows.saturating_mul(columns).saturating_mul(size);
        let step = match chunk {
            Some([down, across]) => {
                let (down, across) = (down.min(rows.max(1)), across.min(columns.max(1)));
                let beside = (REGION_BYTES / bytes(down, across).max(1)).max(1);
                [down, across.saturating_mul(beside)]
            }
            None if bytes(1, columns) > REGION_BYTES => [1, REGION_BYTES / size],
            None => [(REGION_BYTES / bytes(1, columns).max(1)).max(1), columns.max(1)],
        };
        let largest = bytes(step[0].min(rows), step[1].min(columns));
        if largest > MOST_REGION_BYTES {
            return Err(Error::memory(format!(
                "its chunks of {} are too large to look at; compute with it in a cell, which streams them",
                human_bytes(largest)
            )));
        }
        let mut parts = vec![];
        for row in (0..rows).step_by(step[0] as usize) {
            for column in (0..columns).step_by(step[1] as usize) {
                let count = [step[0].min(rows - row), step[1].min(columns - column)];
                let within = |values: [u64; 2]| values[2 - rank.min(2)..].to_vec();
                let ones = vec![1; self.leading.len()];
                parts.push(Part {
                    region: Region {
                        start: [self.leading.clone(), within([row, column])].concat(),
                        count: [ones, within(count)].concat(),
                    },
                    start: [row, column],
                    columns: count[1] as usize,
                });
            }
        }
        Ok(parts)
    }
}

/// The ends and number of bars for values from `low` to `high`.
fn bars(dtype: DType, low: f64, high: f64) -> (f64, f64, usize) {
    let few = high - low < BARS as f64;
    if !dtype.is_float() && few {
        // One bar for each whole number, which lies in its middle.
        return (low - 0.5, high + 0.5, (high - low) as usize + 1);
    }
    (low, high, BARS)
}
