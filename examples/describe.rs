//! Prints one JSON line for every dataset of an HDF5 file: what it is and what its numbers are.
//!
//! ```text
//! cargo run --release --example describe -- file.hdf5
//! ```
//!
//! A numeric dataset gives `path, shape, dtype, chunks, filters, count, nan_count, sum, mean, var, std,
//! min, max, crc32`: NaN counted apart and left out of the statistics, `null` where there is no
//! number; `crc32` is that of the elements little-endian in row-major order. Any other gives
//! `path, kind, error`. Links into other files are not entered, since those datasets are not of this file;
//! a link that leads nowhere gives `path, kind, error`, since a dataset may be missing there. The exit status is 0 unless the program itself failed.

use chunkbook::block::Block;
use chunkbook::dtype::DType;
use chunkbook::error::{Error, ErrorKind, Result};
use chunkbook::grid::Region;
use chunkbook::hdf5::{Dataset, File, Folder, Kind};
use chunkbook::source::ChunkSource;
use chunkbook::storage::FileStorage;
use chunkbook::with_type;
use serde_json::{json, Value};
use std::io::Write;
use std::sync::Arc;

/// Bytes of elements read at once.
const SLAB: u64 = 32 << 20;
/// Groups visited before the walk stops: links may lead to one group on ever more ways.
const MAX_GROUPS: usize = 100_000;
/// Groups inside one another that are entered; the walk itself is as deep.
const MAX_DEPTH: usize = 500;

fn main() {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: describe FILE");
        std::process::exit(2);
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut print = |line: Value| writeln!(out, "{line}").is_ok();
    let opened = FileStorage::open(&path)
        .and_then(|storage| File::open_among(Arc::new(storage), &path, Arc::new(Folder::new(""))));
    let mut budget = MAX_GROUPS;
    match opened {
        Ok(file) => walk(&file, "/", &mut Vec::new(), &mut budget, &mut print),
        Err(error) => {
            print(json!({"kind": error.kind().name(), "error": error.to_string()}));
        }
    }
}

/// Prints the datasets of `group` and of the groups in it. A group that is one of its own `ancestors` is
/// not entered again.
fn walk(
    file: &File,
    group: &str,
    ancestors: &mut Vec<String>,
    budget: &mut usize,
    print: &mut impl FnMut(Value) -> bool,
) {
    let failed =
        |path: &str, error: &Error| json!({"path": path, "kind": error.kind().name(), "error": error.to_string()});
    let (id, members) = match file.object_id(group).and_then(|id| Ok((id, file.members(group)?))) {
        Ok(found) => found,
        Err(error) => {
            print(failed(group, &error));
            return;
        }
    };
    if ancestors.contains(&id) || *budget == 0 {
        return;
    }
    if ancestors.len() == MAX_DEPTH {
        print(failed(
            group,
            &Error::unsupported(format!("it lies inside {MAX_DEPTH} other groups; open it by its path")),
        ));
        return;
    }
    *budget -= 1;
    ancestors.push(id);
    for member in members {
        let path = format!("{}/{}", group.trim_end_matches('/'), member.name);
        if let Some(error) = &member.error {
            print(failed(&path, error));
            continue;
        }
        if member.file.is_some() {
            continue;
        }
        match member.kind {
            Kind::Group => walk(file, &path, ancestors, budget, print),
            Kind::Other => {}
            Kind::Dataset => {
                let line = file.dataset(&path).and_then(|dataset| describe(&dataset));
                print(line.unwrap_or_else(|error| match error.kind() {
                    ErrorKind::Type => json!({"path": path, "kind": "not-numeric", "error": error.to_string()}),
                    _ => failed(&path, &error),
                }));
            }
        }
    }
    ancestors.pop();
}

fn describe(dataset: &Dataset) -> Result<Value> {
    if dataset.datatype().complex_part().is_some() {
        return describe_complex(dataset);
    }
    let source = dataset.source()?;
    let statistics = Statistics::of(source.as_ref(), dataset.stored_size())?;
    let number = |value: f64| if value.is_finite() { json!(value) } else { json!(value.to_string()) };
    let optional = |value: Option<f64>| value.map_or(Value::Null, number);
    let counted = statistics.count - statistics.nan_count;
    let var = (counted > 0).then(|| statistics.m2 / counted as f64);
    Ok(json!({
        "path": dataset.path(),
        "shape": source.shape(),
        "dtype": source.dtype().name(),
        "chunks": dataset.chunks(),
        "filters": filters(dataset),
        "count": statistics.count,
        "nan_count": statistics.nan_count,
        "sum": number(statistics.sum),
        "mean": optional((counted > 0).then_some(statistics.mean)),
        "var": optional(var),
        "std": optional(var.map(f64::sqrt)),
        "min": optional(statistics.min),
        "max": optional(statistics.max),
        "crc32": format!("{:08x}", statistics.crc.finalize()),
    }))
}

/// Complex numbers have no order, and no sum that is one number: what there is are their count and their bits.
fn describe_complex(dataset: &Dataset) -> Result<Value> {
    let parts = dataset.complex_parts()?;
    let mut crc = crc32fast::Hasher::new();
    let (mut count, mut nan_count) = (0, 0);
    each_block(parts.as_ref(), dataset.stored_size(), &mut |block| {
        crc.update(&little_endian(block));
        let values = with_type!(block.dtype(), T => numbers::<T>(block));
        count += values.len() / 2;
        nan_count += values.chunks_exact(2).filter(|parts| parts.iter().any(|part| part.is_nan())).count();
    })?;
    Ok(json!({
        "path": dataset.path(),
        "shape": dataset.shape(),
        "dtype": format!("complex{}", parts.dtype().size() * 16),
        "chunks": dataset.chunks(),
        "filters": filters(dataset),
        "count": count,
        "nan_count": nan_count,
        "sum": null, "mean": null, "var": null, "std": null, "min": null, "max": null,
        "crc32": format!("{:08x}", crc.finalize()),
    }))
}

fn filters(dataset: &Dataset) -> Vec<String> {
    dataset.filters().iter().map(|filter| filter.label()).collect()
}

/// Reads the elements from the first to the last, in blocks.
fn each_block(source: &dyn ChunkSource, stored: u64, each: &mut dyn FnMut(&Block)) -> Result<()> {
    let shape = source.shape();
    let size = source.dtype().size() as u64;
    let bytes = shape.iter().try_fold(size, |n, &extent| n.checked_mul(extent)).unwrap_or(u64::MAX);
    // Deflate expands by at most 1032: more than that was never written by anyone.
    if bytes > (4 << 30) && bytes / 1100 > stored {
        return Err(Error::unsupported(format!(
            "the dataset claims {} but only {stored} bytes are stored; nearly all of it is fill value",
            chunkbook::block::human_bytes(bytes)
        )));
    }
    slabs(shape, source.chunks(), size, &mut |region| {
        each(&source.read(region)?);
        Ok(())
    })
}

/// What one pass over the elements finds.
#[derive(Default)]
struct Statistics {
    count: u64,
    nan_count: u64,
    sum: f64,
    mean: f64,
    /// Sum of squared deviations from the mean.
    m2: f64,
    min: Option<f64>,
    max: Option<f64>,
    crc: crc32fast::Hasher,
}

impl Statistics {
    fn of(source: &dyn ChunkSource, stored: u64) -> Result<Statistics> {
        let mut statistics = Statistics::default();
        each_block(source, stored, &mut |block| statistics.add(block))?;
        Ok(statistics)
    }

    fn add(&mut self, block: &Block) {
        self.crc.update(&little_endian(block));
        let values: Vec<f64> = match block.dtype() {
            DType::F16 => block.elements::<half::f16>().iter().map(|x| x.to_f64()).collect(),
            dtype => with_type!(dtype, T => numbers::<T>(block)),
        };
        let numbers: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
        self.nan_count += (values.len() - numbers.len()) as u64;
        let before = (self.count + values.len() as u64 - self.nan_count) as f64 - numbers.len() as f64;
        self.count += values.len() as u64;
        if numbers.is_empty() {
            return;
        }
        let len = numbers.len() as f64;
        let sum = pairwise_sum(&numbers);
        let mean = sum / len;
        let m2 = pairwise_sum(&numbers.iter().map(|x| (x - mean) * (x - mean)).collect::<Vec<_>>());
        // Chan, Golub and LeVeque (1979): two groups' moments merged.
        let delta = mean - self.mean;
        self.m2 += m2 + delta * delta * before * len / (before + len);
        self.mean += delta * len / (before + len);
        self.sum += sum;
        let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        self.min = Some(self.min.map_or(least, |min| min.min(least)));
        self.max = Some(self.max.map_or(greatest, |max| max.max(greatest)));
    }
}

fn numbers<T: bytemuck::AnyBitPattern + bytemuck::NoUninit + ToF64>(block: &Block) -> Vec<f64> {
    block.elements::<T>().iter().map(|&x| x.to_f64()).collect()
}

/// Conversion that rounds where an integer has more than 53 bits, as NumPy's does.
trait ToF64: Copy {
    fn to_f64(self) -> f64;
}

macro_rules! to_f64 {
    ($($type:ty)*) => { $(impl ToF64 for $type { fn to_f64(self) -> f64 { self as f64 } })* };
}
to_f64!(u8 i8 u16 i16 u32 i32 u64 i64 f32 f64);

impl ToF64 for half::f16 {
    fn to_f64(self) -> f64 {
        half::f16::to_f64(self)
    }
}

/// A sum whose error grows with the logarithm of the length.
fn pairwise_sum(values: &[f64]) -> f64 {
    if values.len() <= 128 {
        return values.iter().sum();
    }
    let (left, right) = values.split_at(values.len() / 2);
    pairwise_sum(left) + pairwise_sum(right)
}

fn little_endian(block: &Block) -> std::borrow::Cow<'_, [u8]> {
    let mut bytes = std::borrow::Cow::Borrowed(block.bytes());
    if cfg!(target_endian = "big") {
        bytes.to_mut().chunks_exact_mut(block.dtype().size()).for_each(<[u8]>::reverse);
    }
    bytes
}

/// Covers `shape` in row-major order with regions of about [`SLAB`] bytes, whole chunk rows where they fit.
fn slabs(shape: &[u64], chunks: Option<&[u64]>, size: u64, each: &mut dyn FnMut(&Region) -> Result<()>) -> Result<()> {
    if shape.contains(&0) {
        return Ok(());
    }
    // The first axis along which one step is small enough; before it, one index at a time.
    let inner = |axis: usize| shape[axis + 1..].iter().fold(size, |n, &extent| n.saturating_mul(extent));
    let Some(axis) = (0..shape.len()).find(|&axis| inner(axis) <= SLAB) else {
        return each(&Region::whole(shape));
    };
    let rows = (SLAB / inner(axis)).max(1);
    let chunk = chunks.map_or(1, |chunks| chunks[axis]);
    let rows = if rows > chunk { rows / chunk * chunk } else { rows };
    let mut region = Region::whole(shape);
    region.count[..axis].fill(1);
    loop {
        let mut row = 0;
        while row < shape[axis] {
            region.start[axis] = row;
            region.count[axis] = rows.min(shape[axis] - row);
            each(&region)?;
            row += rows;
        }
        let Some(next) = (0..axis).rev().find(|&outer| region.start[outer] + 1 < shape[outer]) else {
            return Ok(());
        };
        region.start[next] += 1;
        region.start[next + 1..axis].fill(0);
    }
}
