//! Writes an HDF5 file from a description, with numbers that anyone can compute again.
//!
//! ```text
//! echo '[{"path": "/a", "shape": [10, 7], "dtype": "int16", "chunks": [4, 3], "deflate": 4, "shuffle": true}]' |
//!     cargo run --example generate -- out.h5
//! ```
//!
//! Element `i` in row-major order is `(i * 7919 + 13) % 251`, for `bool` whether that is odd. `order` says
//! how it is given: `whole` (the default), `rows`, `columns`, `scattered` (boxes of three from the end on),
//! `half` (the first half of the rows; the rest is `fill`), `twice` (whole, then every row again). An entry with
//! `group` adds a group; `attributes` gives texts, lists of texts, numbers or lists of numbers.

use chunkbook::block::Block;
use chunkbook::dtype::{DType, Scalar};
use chunkbook::error::{Error, Result};
use chunkbook::grid::Region;
use chunkbook::hdf5::{AttributeValue, CreateDataset, DatasetWriter, Writer};
use chunkbook::memory::astype;
use chunkbook::storage::WritableFile;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Deserialize)]
struct Entry {
    path: String,
    #[serde(default)]
    group: bool,
    #[serde(default)]
    shape: Vec<u64>,
    #[serde(default)]
    dtype: String,
    chunks: Option<Vec<u64>>,
    deflate: Option<u8>,
    #[serde(default)]
    shuffle: bool,
    #[serde(default)]
    fletcher32: bool,
    fill: Option<f64>,
    #[serde(default)]
    order: String,
    #[serde(default)]
    attributes: BTreeMap<String, Value>,
}

fn main() {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: generate FILE < description.json");
        std::process::exit(2);
    };
    if let Err(error) = generate(&path) {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

fn generate(path: &str) -> Result<()> {
    let entries: Vec<Entry> =
        serde_json::from_reader(std::io::stdin()).map_err(|error| Error::value(format!("description: {error}")))?;
    let writer = Writer::create(Arc::new(WritableFile::create(path)?), path)?;
    for entry in &entries {
        if entry.group {
            writer.create_group(&entry.path)?;
        } else if !entry.dtype.is_empty() {
            let create = CreateDataset {
                chunks: entry.chunks.clone(),
                deflate: entry.deflate,
                shuffle: entry.shuffle,
                fletcher32: entry.fletcher32,
                fill: entry.fill.map(Scalar::Float),
                ..CreateDataset::new(&entry.shape, DType::parse(&entry.dtype)?)
            };
            let dataset = writer.create_dataset(&entry.path, &create)?;
            for region in regions(&entry.shape, &entry.order) {
                write(&dataset, &region)?;
            }
        }
        for (name, value) in &entry.attributes {
            writer.set_attribute(&entry.path, name, attribute(value)?)?;
        }
    }
    writer.close()
}

/// The regions to write, in turn.
fn regions(shape: &[u64], order: &str) -> Vec<Region> {
    let whole = Region::whole(shape);
    let along = |axis: usize, size: u64, end: u64| -> Vec<Region> {
        let part = |start: u64| {
            let mut part = whole.clone();
            part.start[axis] = start;
            part.count[axis] = size.min(end - start);
            part
        };
        (0..end).step_by(size as usize).map(part).collect()
    };
    match (order, shape.len()) {
        ("" | "whole", _) | (_, 0) => vec![whole],
        ("rows", _) => along(0, 1, shape[0]),
        ("columns", rank) => along(rank - 1, 1, shape[rank - 1]),
        ("half", _) => along(0, (shape[0] / 2).max(1), shape[0] / 2),
        ("twice", _) => [vec![whole.clone()], along(0, 1, shape[0])].concat(),
        _ => {
            let mut boxes = vec![whole.clone()];
            for (axis, &extent) in shape.iter().enumerate() {
                let cut = |region: Region| {
                    along(axis, 3, extent).into_iter().map(move |part| {
                        let mut cut = region.clone();
                        cut.start[axis] = part.start[axis];
                        cut.count[axis] = part.count[axis];
                        cut
                    })
                };
                boxes = boxes.into_iter().flat_map(cut).collect();
            }
            boxes.reverse();
            boxes
        }
    }
}

fn write(dataset: &DatasetWriter, region: &Region) -> Result<()> {
    let shape = dataset.shape();
    let len = region.checked_len().unwrap_or(0);
    let mut values = Vec::with_capacity(len as usize);
    for mut position in 0..len {
        let mut index = vec![0; shape.len()];
        for axis in (0..shape.len()).rev() {
            index[axis] = region.start[axis] + position % region.count[axis];
            position /= region.count[axis];
        }
        let element = index.iter().zip(shape).fold(0, |element, (&i, &extent)| element * extent + i);
        let value = (element.wrapping_mul(7919) + 13) % 251;
        values.push(if dataset.dtype() == DType::Bool { value % 2 } else { value } as u8);
    }
    let bytes = Block::from_elements(DType::U8, &region.extents()?, &values)?;
    dataset.write(region, &astype(&bytes, dataset.dtype())?)
}

fn attribute(value: &Value) -> Result<AttributeValue> {
    let numbers = |values: &[f64], shape: &[usize]| Block::from_elements(DType::F64, shape, values);
    match value {
        Value::String(text) => Ok(AttributeValue::Text(text.clone())),
        Value::Number(number) => Ok(AttributeValue::Numeric(numbers(&[number.as_f64().unwrap_or(f64::NAN)], &[])?)),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            Ok(AttributeValue::Texts(items.iter().filter_map(Value::as_str).map(String::from).collect()))
        }
        Value::Array(items) => {
            let values: Vec<f64> = items.iter().filter_map(Value::as_f64).collect();
            Ok(AttributeValue::Numeric(numbers(&values, &[values.len()])?))
        }
        other => Err(Error::value(format!("attribute value {other} is neither text nor number"))),
    }
}
