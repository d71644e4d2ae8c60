//! What a user may say of chunks, made exact by Dask's rules (`normalize_chunks` and `auto_chunks`
//! in dask/array/core.py).

use super::token::Token;
use crate::block::shape_text;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::grid::{Axis, ChunkGrid};
use std::collections::BTreeMap;

/// The most bytes an automatic chunk takes: Dask's `array.chunk-size`, 128 MiB.
pub const AUTO_CHUNK_BYTES: u64 = 128 << 20;

/// How much an existing chunk may exceed the automatic size: Dask's `array.chunk-size-tolerance`.
const TOLERANCE: f64 = 1.25;

/// Chunks as a user gives them.
#[derive(Clone, Debug, PartialEq)]
pub enum ChunkSpec {
    /// The chunks that the data already have; automatic where they have none.
    Own,
    /// The same for every axis.
    Each(AxisChunks),
    /// One for each axis; or, for an array of one axis, the size of each chunk.
    Axes(Vec<AxisChunks>),
}

/// Chunks of one axis, as a user gives them.
#[derive(Clone, Debug, PartialEq)]
pub enum AxisChunks {
    /// `"auto"`: as large as the limit in bytes allows.
    Auto,
    /// `"64 MiB"`: automatic, with another limit for the whole chunk.
    Bytes(u64),
    /// `-1` or `None`: one chunk.
    Whole,
    /// Chunks of this size, the last one smaller.
    Size(u64),
    /// Chunks of these sizes.
    Sizes(Vec<u64>),
}

impl ChunkSpec {
    /// Chunks as JSON carries them: `5`, `-1`, `"auto"`, `"64 MiB"`, `[5, null, "auto", [2, 3]]`, or null for [`ChunkSpec::Own`].
    ///
    /// # Errors
    /// A value error that shows what was given.
    pub fn parse(value: &serde_json::Value) -> Result<ChunkSpec> {
        match value {
            serde_json::Value::Null => Ok(ChunkSpec::Own),
            serde_json::Value::Array(axes) => {
                axes.iter().map(AxisChunks::parse).collect::<Result<_>>().map(ChunkSpec::Axes)
            }
            one => AxisChunks::parse(one).map(ChunkSpec::Each),
        }
    }
}

impl AxisChunks {
    fn parse(value: &serde_json::Value) -> Result<AxisChunks> {
        use serde_json::Value;
        let size = |value: &Value| {
            value.as_u64().ok_or_else(|| {
                Error::value(format!(
                    "chunks can only contain integers, -1, None, \"auto\" or a size in bytes; got {value}"
                ))
            })
        };
        match value {
            Value::Null => Ok(AxisChunks::Whole),
            Value::Number(n) if n.as_i64() == Some(-1) => Ok(AxisChunks::Whole),
            Value::String(text) if text == "auto" => Ok(AxisChunks::Auto),
            Value::String(text) => parse_bytes(text).map(AxisChunks::Bytes),
            Value::Array(sizes) => sizes.iter().map(size).collect::<Result<_>>().map(AxisChunks::Sizes),
            number => size(number).map(AxisChunks::Size),
        }
    }
}

/// `"64 MiB"`, `"1kB"`, `"100"` in bytes.
fn parse_bytes(text: &str) -> Result<u64> {
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
    let split = compact.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(compact.len());
    let (number, unit) = compact.split_at(split);
    let scale: f64 = match unit {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "kib" | "ki" => 1024.0,
        "mib" | "mi" => 1024.0 * 1024.0,
        "gib" | "gi" => 1024.0 * 1024.0 * 1024.0,
        _ => f64::NAN,
    };
    let bytes = if number.is_empty() { scale } else { decimal(number).unwrap_or(f64::NAN) * scale };
    if !bytes.is_finite() {
        return Err(Error::value(format!(
            "could not interpret chunks {text:?} as \"auto\" or as a size in bytes such as \"64 MiB\""
        )));
    }
    Ok(bytes as u64)
}

/// The number that digits, with a point or without, write. To the last bit where they make an integer below 2 to the
/// power 53, as sizes do; what is exact for all takes tables of 10 KB.
fn decimal(text: &str) -> Option<f64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: u64 = [whole, fraction].concat().parse().ok()?;
    Some(digits as f64 / 10f64.powi(fraction.len() as i32))
}

/// The most chunks an array may have: their positions fit the 32-bit addresses of wasm.
const MAX_CHUNKS: u64 = 1 << 31;

/// # Errors
/// A value error when there are more chunks than can be counted.
pub(crate) fn check_count(grid: &ChunkGrid) -> Result<()> {
    let count = grid.axes().iter().try_fold(1u64, |count, axis| count.checked_mul(axis.wide_count()));
    match count {
        Some(count) if count <= MAX_CHUNKS => Ok(()),
        _ => Err(Error::value(format!(
            "too many chunks: shape {} in chunks of {}; {MAX_CHUNKS} are the most, so take larger chunks",
            shape_text(&grid.shape()),
            shape_text(&grid.axes().iter().map(Axis::largest).collect::<Vec<_>>())
        ))),
    }
}

/// The chunk sizes of `grid` as Python prints them, cut short where there are many.
pub(crate) fn sizes_text(grid: &ChunkGrid) -> String {
    let axes: Vec<String> = grid.axes().iter().map(axis_text).collect();
    shape_text(&axes)
}

fn axis_text(axis: &Axis) -> String {
    const SHOWN: usize = 8;
    let sizes: Vec<u64> = axis.sizes().take(SHOWN).collect();
    if axis.count() > SHOWN {
        let shown: Vec<String> = sizes.iter().map(u64::to_string).collect();
        return format!("({}, ...)", shown.join(", "));
    }
    shape_text(&sizes)
}

/// `token` with the chunks of `grid`, in as many bytes as the grid takes.
pub(crate) fn with_grid(token: Token, grid: &ChunkGrid) -> Token {
    grid.axes().iter().fold(token, |token, axis| match axis {
        Axis::Regular { extent, chunk } => token.with("regular").with_debug(extent).with_debug(chunk),
        Axis::Irregular(starts) => token.with("irregular").with_debug(starts),
    })
}

/// The chunks of an array of `shape` that `spec` asks for; `own` are the chunks the data have, which
/// automatic ones keep to.
///
/// # Errors
/// A value error, in Dask's words, that shows both chunks and shape.
pub fn normalize_chunks(spec: &ChunkSpec, shape: &[u64], dtype: DType, own: Option<&ChunkGrid>) -> Result<ChunkGrid> {
    let mut axes = match (spec, own) {
        (ChunkSpec::Own, Some(grid)) if grid.shape() == shape => return Ok(grid.clone()),
        (ChunkSpec::Own, _) => vec![AxisChunks::Auto; shape.len()],
        (ChunkSpec::Each(one), _) => vec![one.clone(); shape.len()],
        (ChunkSpec::Axes(axes), _) => axes.clone(),
    };
    if shape.len() == 1 && axes.len() > 1 {
        let sizes = axes.iter().map(|axis| match axis {
            AxisChunks::Size(size) => Some(*size),
            _ => None,
        });
        if let Some(sizes) = sizes.collect::<Option<Vec<u64>>>() {
            axes = vec![AxisChunks::Sizes(sizes)];
        }
    }
    let shown = spec_text(&axes);
    if axes.len() != shape.len() {
        return Err(Error::value(format!(
            "Chunks and shape must be of the same length/dimension. Got chunks={shown}, shape={}",
            shape_text(shape)
        )));
    }
    let limit = axes.iter().find_map(|axis| if let AxisChunks::Bytes(limit) = axis { Some(*limit) } else { None });
    let own = own.filter(|grid| grid.shape() == shape);
    auto_chunks(&mut axes, shape, limit.unwrap_or(AUTO_CHUNK_BYTES).max(1), dtype, own);

    let made = axes.iter().zip(shape).map(|(axis, &extent)| match axis {
        AxisChunks::Size(0) if extent > 0 => Err(Error::value(format!(
            "Chunks must be positive. Got chunks={shown}, shape={}; -1 stands for the whole axis",
            shape_text(shape)
        ))),
        AxisChunks::Size(size) => Ok(Axis::regular(extent, (*size).max(1))),
        AxisChunks::Sizes(sizes) if sizes.is_empty() => Err(Error::value(
            "Empty tuples are not allowed in chunks. Express zero length dimensions with 0(s) in chunks",
        )),
        AxisChunks::Sizes(sizes) if sizes.iter().map(|&size| u128::from(size)).sum::<u128>() != u128::from(extent) => {
            Err(Error::value(format!("Chunks do not add up to shape. Got chunks={shown}, shape={}", shape_text(shape))))
        }
        AxisChunks::Sizes(sizes) => Ok(Axis::from_sizes(sizes)),
        AxisChunks::Whole | AxisChunks::Auto | AxisChunks::Bytes(_) => Ok(Axis::regular(extent, extent.max(1))),
    });
    made.collect::<Result<Vec<Axis>>>().map(ChunkGrid::from_axes)
}

fn spec_text(axes: &[AxisChunks]) -> String {
    let texts: Vec<String> = axes
        .iter()
        .map(|axis| match axis {
            AxisChunks::Auto => "'auto'".into(),
            AxisChunks::Bytes(bytes) => format!("'{bytes}B'"),
            AxisChunks::Whole => "-1".into(),
            AxisChunks::Size(size) => size.to_string(),
            AxisChunks::Sizes(sizes) => shape_text(sizes),
        })
        .collect();
    shape_text(&texts)
}

/// The largest chunk extent that an axis may get so far; `None` for an automatic one.
fn known_extent(axis: &AxisChunks, extent: u64) -> Option<f64> {
    match axis {
        AxisChunks::Auto | AxisChunks::Bytes(_) => None,
        AxisChunks::Whole => Some(extent as f64),
        AxisChunks::Size(size) => Some(*size as f64),
        AxisChunks::Sizes(sizes) => Some(sizes.iter().copied().max().unwrap_or(0) as f64),
    }
}

/// Replaces automatic chunks by sizes, such that a chunk takes about `limit` bytes.
fn auto_chunks(axes: &mut [AxisChunks], shape: &[u64], limit: u64, dtype: DType, own: Option<&ChunkGrid>) {
    let autos: Vec<usize> = (0..axes.len()).filter(|&axis| known_extent(&axes[axis], 0).is_none()).collect();
    if autos.is_empty() {
        return;
    }
    let elements = limit as f64 / dtype.size() as f64;
    let largest: f64 = axes.iter().zip(shape).filter_map(|(axis, &extent)| known_extent(axis, extent)).product();
    if let Some(own) = own {
        for (axis, chunks) in AutoFromOwn::new(autos, shape, elements, largest, own).run() {
            axes[axis] = chunks;
        }
        return;
    }
    let size = (elements / largest).powf(1.0 / autos.len() as f64);
    let small: Vec<usize> = autos.iter().copied().filter(|&axis| (shape[axis] as f64) < size).collect();
    if small.is_empty() {
        for axis in autos {
            axes[axis] = AxisChunks::Size(round_to(size, shape[axis] as f64) as u64);
        }
        return;
    }
    for axis in small {
        axes[axis] = AxisChunks::Whole;
    }
    auto_chunks(axes, shape, limit, dtype, None);
}

/// `c` where it is below `s`, the multiple of `s` below `c` otherwise: chunks that line up with `s`.
fn round_to(c: f64, s: f64) -> f64 {
    if c <= s {
        c.floor().max(1.0)
    } else {
        (c / s).floor() * s
    }
}

/// A size, or explicit sizes, found for an axis.
#[derive(Clone)]
enum Found {
    Size(f64),
    Sizes(Vec<u64>),
}

impl Found {
    fn extent(&self) -> f64 {
        match self {
            Found::Size(size) => *size,
            Found::Sizes(sizes) => sizes.iter().copied().max().unwrap_or(0) as f64,
        }
    }
}

/// Dask's `auto_chunks` for data that have chunks: grow or shrink them, keeping their proportions, by whole multiples.
struct AutoFromOwn<'a> {
    autos: Vec<usize>,
    shape: &'a [u64],
    elements: f64,
    largest: f64,
    own: &'a ChunkGrid,
    /// Median chunk extents of the axes that may still change.
    median: BTreeMap<usize, Found>,
    result: BTreeMap<usize, Found>,
    /// Chunks must shrink. Dask then writes results into the medians too, which the next round starts from.
    shrinks: bool,
}

impl<'a> AutoFromOwn<'a> {
    fn new(autos: Vec<usize>, shape: &'a [u64], elements: f64, largest: f64, own: &'a ChunkGrid) -> Self {
        let median = autos.iter().map(|&axis| (axis, Found::Size(median(&own.axes()[axis])))).collect();
        AutoFromOwn { autos, shape, elements, largest, own, median, result: BTreeMap::new(), shrinks: false }
    }

    fn multiplier(&self) -> f64 {
        let extents: f64 = self.median.values().map(Found::extent).filter(|&extent| extent != 0.0).product();
        self.elements / self.largest / extents
    }

    fn set(&mut self, axis: usize, found: Found) {
        if self.shrinks {
            self.median.insert(axis, found.clone());
        }
        self.result.insert(axis, found);
    }

    fn run(mut self) -> impl Iterator<Item = (usize, AxisChunks)> {
        let mut multiplier = self.multiplier();
        self.shrinks = multiplier < 1.0;
        // Dask's loop ends when a round changes nothing; the bound is for the case that rounding never settles.
        for _ in 0..64 {
            let mut again = self.round(multiplier);
            if again || self.shrinks {
                let next = self.multiplier();
                again |= next != multiplier;
                multiplier = next;
            }
            if !again {
                break;
            }
        }
        self.result.into_iter().map(|(axis, found)| {
            let chunks = match found {
                Found::Size(size) => AxisChunks::Size(size as u64),
                Found::Sizes(sizes) => AxisChunks::Sizes(sizes),
            };
            (axis, chunks)
        })
    }

    /// Sets every axis that may still change; whether some axis was settled, so that others may change more.
    fn round(&mut self, multiplier: f64) -> bool {
        let mut settled = false;
        let share = 1.0 / self.autos.len().max(1) as f64;
        for axis in self.autos.clone() {
            let extent = self.shape[axis];
            let proposed = self.median[&axis].extent() * multiplier.powf(share);
            let chunks = &self.own.axes()[axis];
            if proposed > extent as f64 {
                self.autos.retain(|&other| other != axis);
                self.median.remove(&axis);
                self.largest *= extent as f64;
                self.set(axis, Found::Sizes(vec![extent]));
                settled = true;
            } else if self.shrinks || chunks.largest() as f64 > proposed * TOLERANCE.powf(share) {
                self.set(axis, Found::Size(round_to(proposed, ideal(chunks) as f64)));
                if proposed < 1.0 {
                    self.autos.retain(|&other| other != axis);
                    settled = true;
                }
            } else {
                self.set(axis, Found::Sizes(merge(chunks, proposed)));
            }
        }
        settled
    }
}

/// The median chunk size of an axis.
fn median(axis: &Axis) -> f64 {
    let mut sizes: Vec<u64> = axis.sizes().collect();
    sizes.sort_unstable();
    let middle = sizes.len() / 2;
    if sizes.len() % 2 == 1 {
        sizes[middle] as f64
    } else {
        (sizes[middle - 1] + sizes[middle]) as f64 / 2.0
    }
}

/// The size that at least half the chunks have, which new chunks should be multiples of; the extent if there is none.
fn ideal(axis: &Axis) -> u64 {
    let mut frequencies: BTreeMap<u64, usize> = BTreeMap::new();
    for size in axis.sizes() {
        *frequencies.entry(size).or_default() += 1;
    }
    let most = frequencies.values().copied().max().unwrap_or(0);
    let mode = axis.sizes().find(|size| frequencies[size] == most).unwrap_or(0);
    if mode > 1 && 2 * most >= axis.count() {
        mode
    } else {
        axis.extent()
    }
}

/// Neighbouring chunks put together as long as they do not exceed `proposed`.
fn merge(axis: &Axis, proposed: f64) -> Vec<u64> {
    let mut sizes = vec![];
    let mut size = 0;
    for chunk in axis.sizes() {
        if (chunk + size) as f64 <= proposed {
            size += chunk;
        } else {
            if size > 0 {
                sizes.push(size);
            }
            size = chunk;
        }
    }
    if size > 0 {
        sizes.push(size);
    }
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(spec: &str, shape: &[u64], own: Option<&[u64]>) -> std::result::Result<Vec<Vec<u64>>, String> {
        let spec = ChunkSpec::parse(&serde_json::from_str(spec).unwrap()).map_err(|e| e.to_string())?;
        let own = own.map(|chunk| ChunkGrid::regular(shape, chunk));
        normalize_chunks(&spec, shape, DType::F64, own.as_ref()).map(|grid| grid.sizes()).map_err(|e| e.to_string())
    }

    /// Every expectation was computed by `dask.array.core.normalize_chunks` of Dask 2026.8.0.
    #[test]
    fn chunks_are_what_dask_makes_of_them() {
        assert_eq!(sizes("[2, 2]", &[5, 6], None).unwrap(), [vec![2, 2, 1], vec![2, 2, 2]]);
        assert_eq!(sizes("10", &[30, 5], None).unwrap(), [vec![10, 10, 10], vec![5]]);
        assert_eq!(sizes("[5, -1]", &[10, 10], None).unwrap(), [vec![5, 5], vec![10]]);
        assert_eq!(sizes("[5, null]", &[10, 10], None).unwrap(), [vec![5, 5], vec![10]]);
        assert_eq!(sizes("[3, 2]", &[5], None).unwrap(), [vec![3, 2]]);
        assert_eq!(sizes("[[2, 2, 1], [2, 2, 2]]", &[5, 6], None).unwrap(), [vec![2, 2, 1], vec![2, 2, 2]]);
        assert_eq!(sizes("[5, 100]", &[3, 3], None).unwrap(), [vec![3], vec![3]]);
        assert_eq!(sizes("4", &[0, 3], None).unwrap(), [vec![0], vec![3]]);
        assert_eq!(sizes("5", &[], None).unwrap(), Vec::<Vec<u64>>::new());
        assert_eq!(sizes("\"auto\"", &[0, 3], None).unwrap(), [vec![0], vec![3]]);
        let uniform = |size: u64, count: usize, last: u64| [vec![size; count], vec![last]].concat();
        assert_eq!(sizes("\"auto\"", &[30000, 30000], None).unwrap(), vec![uniform(4096, 7, 1328); 2]);
        assert_eq!(sizes("[\"auto\", -1]", &[30000, 30000], None).unwrap()[0][0], 559);
        assert_eq!(sizes("\"1MiB\"", &[3000, 3000], None).unwrap(), vec![uniform(362, 8, 104); 2]);
        assert_eq!(sizes("\"auto\"", &[3000, 3000], Some(&[300, 3000])).unwrap(), [vec![3000], vec![3000]]);
        assert_eq!(
            sizes("\"auto\"", &[100_000, 30_000], Some(&[100, 100])).unwrap(),
            [vec![4000; 25], uniform(4000, 7, 2000)]
        );
        assert_eq!(
            sizes("\"auto\"", &[30_000, 30_000, 3], Some(&[1000, 1000, 1])).unwrap(),
            [vec![2000; 15], vec![2000; 15], vec![2, 1]]
        );
        assert_eq!(sizes("\"auto\"", &[30_000, 30_000], Some(&[300, 30_000])).unwrap(), [vec![300; 100], vec![30_000]]);
        assert_eq!(
            sizes("\"auto\"", &[300_000, 3000], Some(&[30_000, 3000])).unwrap(),
            [uniform(12_954, 23, 2058), vec![1295, 1295, 410]]
        );
        assert_eq!(
            sizes("[\"auto\", 100]", &[300_000, 3000], Some(&[30_000, 3000])).unwrap(),
            [vec![150_000; 2], vec![100; 30]]
        );
        assert_eq!(
            sizes("\"1MiB\"", &[3000, 3000], Some(&[300, 3000])).unwrap(),
            [uniform(114, 26, 36), vec![1148, 1148, 704]]
        );
        assert_eq!(sizes("null", &[30, 30], Some(&[3, 30])).unwrap(), [vec![3; 10], vec![30]]);
    }

    #[test]
    fn sizes_in_bytes_are_those_dask_reads() {
        // dask.utils.parse_bytes of each.
        for (text, bytes) in [
            ("100", 100),
            ("1kB", 1000),
            ("MB", 1_000_000),
            ("1.5 MiB", 1_572_864),
            ("5.4 kB", 5400),
            ("0.001GB", 1_000_000),
            (".5KiB", 512),
            ("123456789.125 KB", 123_456_789_125),
        ] {
            assert_eq!(parse_bytes(text).unwrap(), bytes, "{text}");
        }
        for text in ["1.2.3 MB", ".", "MiB MiB", "-1 kB"] {
            assert!(parse_bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn wrong_chunks_are_errors_that_show_chunks_and_shape() {
        for (spec, shape, message) in [
            (
                "[3]",
                &[5, 6][..],
                "Chunks and shape must be of the same length/dimension. Got chunks=(3,), shape=(5, 6)",
            ),
            ("[[2, 2], [6]]", &[5, 6], "Chunks do not add up to shape. Got chunks=((2, 2), (6,)), shape=(5, 6)"),
            (
                "[0, 2]",
                &[5, 6],
                "Chunks must be positive. Got chunks=(0, 2), shape=(5, 6); -1 stands for the whole axis",
            ),
            (
                "[[], [6]]",
                &[5, 6],
                "Empty tuples are not allowed in chunks. Express zero length dimensions with 0(s) in chunks",
            ),
        ] {
            assert_eq!(sizes(spec, shape, None).unwrap_err(), message);
        }
        assert!(sizes("\"foo\"", &[5], None).unwrap_err().contains("\"foo\""));
        assert!(sizes("7.5", &[5], None).unwrap_err().contains("7.5"));
        assert!(sizes("-2", &[5], None).unwrap_err().contains("-2"));
    }
}
