//! Reading blocks of a dataset.

use super::adapter::{allocate, guarded, Bytes};
use super::boxes::{decode_box, read_box, Placement};
use super::cells::{in_chunk, Cells};
use super::chunk_map::{ChunkMap, Extents, Stored};
use super::dataset::Dataset;
use super::element::Element;
use super::file::File;
use super::filters::Pipeline;
use super::messages::Layout;
use crate::block::{shape_text, Block};
use crate::cancel::checkpoint;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::grid::Region;
use crate::kernels::pushdown::Pushdown;
use crate::kernels::reduction::Partial;
use crate::source::{ChunkSource, Stored as StoredChunks};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// The mean length of the runs of a block's bytes from which on it pays to have them reduced where they are read.
const SHORTEST_RUN: u64 = 1 << 20;

/// The elements of a dataset, read from its file on request.
pub(super) struct DatasetSource {
    dataset: Dataset,
    file: File,
    element: Element,
    /// The dataset's extents and those of an array type.
    shape: Vec<u64>,
    /// The chunk shape with the extents of an array type.
    chunk: Option<Vec<u64>>,
    layout: Layout,
    pipeline: Pipeline,
    /// The bytes in memory of one array-type element that was never written; `None` is zeros.
    fill: Option<Vec<u8>>,
    identity: String,
    map: OnceLock<Result<Arc<ChunkMap>>>,
    /// Where the elements lie when it is not in `file`.
    raw: Option<Bytes>,
}

impl DatasetSource {
    pub(super) fn new(
        dataset: Dataset,
        file: File,
        element: Element,
        layout: Layout,
        pipeline: Pipeline,
        fill: Option<Vec<u8>>,
        identity: String,
    ) -> Result<DatasetSource> {
        let shape = [dataset.shape(), &element.trailing].concat();
        let numbers: u64 = element.trailing.iter().product();
        let item = element.stored as u64 * numbers;
        let chunk = match &layout {
            Layout::Chunked { dims, element: stored, .. } => {
                check_chunk(dims, dataset.shape(), *stored, item)?;
                pipeline.check()?;
                Some([dims.as_slice(), &element.trailing].concat())
            }
            Layout::Compact(data) => {
                check_size(data.len() as u64, dataset.shape(), item)?;
                None
            }
            Layout::Contiguous { address: Some(_), size: Some(size) } => {
                check_size(*size, dataset.shape(), item)?;
                None
            }
            Layout::Contiguous { .. } | Layout::Virtual { .. } => None,
        };
        let fill = decode_fill(&element, fill)?;
        Ok(DatasetSource {
            dataset,
            file,
            element,
            shape,
            chunk,
            layout,
            pipeline,
            fill,
            identity,
            map: OnceLock::new(),
            raw: None,
        })
    }

    /// The same elements, lying one behind the other in `raw`.
    ///
    /// # Errors
    /// An invalid-file error when those are said to hold less than the shape needs.
    pub(super) fn in_raw_files(self, raw: Bytes) -> Result<DatasetSource> {
        check_size(raw.len(), self.dataset.shape(), self.item_bytes())?;
        Ok(DatasetSource { raw: Some(raw), ..self })
    }

    /// Where the chunks lie, read from the file the first time it is asked for.
    fn map(&self) -> Result<Arc<ChunkMap>> {
        let read = || {
            let Layout::Chunked { dims, address: Some(address), index, .. } = &self.layout else {
                return Ok(Arc::default());
            };
            let extents = Extents {
                shape: self.dataset.shape(),
                max: self.dataset.max(),
                chunk: dims,
                element: self.item_bytes(),
            };
            if extents.shape.contains(&0) {
                return Ok(Arc::default());
            }
            ChunkMap::read(self.file.bytes(), self.file.widths(), index, *address, &extents)
                .map(Arc::new)
                .map_err(|error| error.at("chunk index"))
        };
        self.map.get_or_init(|| guarded(read)).clone()
    }

    /// Stored bytes of one element, an array type's taken whole.
    fn item_bytes(&self) -> u64 {
        self.element.stored as u64 * self.element.trailing.iter().product::<u64>()
    }

    fn read_located(&self, region: &Region) -> Result<Block> {
        check_region(region, &self.shape)?;
        let extents = region.extents()?;
        if region.count.contains(&0) {
            return Block::zeros(self.element.dtype, &extents);
        }
        // Where every element lies in the file, none need be cleared first.
        let touched = match &self.layout {
            Layout::Chunked { .. } if self.raw.is_none() => {
                let chunk = self.chunk.as_deref().unwrap_or_default();
                Some(touched(&*self.map()?, &self.shape, chunk, region))
            }
            _ => None,
        };
        let stored = match &self.layout {
            Layout::Compact(_) | Layout::Contiguous { address: Some(_), .. } => true,
            _ => self.raw.is_some() || touched.as_ref().is_some_and(|touched| touched.complete),
        };
        let mut out = match stored {
            true => Block::unspecified(self.element.dtype, &extents)?,
            false => Block::zeros(self.element.dtype, &extents)?,
        };
        let whole = Placement::of_region(&self.shape, region);
        if let Some(raw) = &self.raw {
            read_box(raw, 0, &self.element, &whole, out.bytes_mut())?;
            return Ok(out);
        }
        match &self.layout {
            Layout::Compact(data) => decode_box(&self.element, data, 0, &whole, out.bytes_mut())?,
            Layout::Contiguous { address: Some(address), .. } => {
                read_box(self.file.bytes(), *address, &self.element, &whole, out.bytes_mut())?;
            }
            // The elements of virtual datasets are read from their sources, by another type.
            Layout::Contiguous { address: None, .. } | Layout::Virtual { .. } => self.fill(region, &mut out)?,
            Layout::Chunked { .. } => {
                if let Some(touched) = touched {
                    self.read_chunks(&touched, region, &mut out)?;
                }
            }
        }
        Ok(out)
    }

    /// Where the bytes of the block at `region` lie in the file, one run behind the other, if they lie there as they
    /// will in memory and in few runs.
    fn ranges(&self, region: &Region) -> Option<Vec<Range<u64>>> {
        if !self.element.is_plain() || self.raw.is_some() || check_region(region, &self.shape).is_err() {
            return None;
        }
        let width = self.element.stored as u64;
        let run = |address: u64, placement: &Placement, from: u64| {
            let run = placement.single_run().filter(|run| run.target.checked_mul(width) == Some(from))?;
            let start = address.checked_add(run.source.checked_mul(width)?)?;
            Some(start..start.checked_add(run.len.checked_mul(width)?)?)
        };
        match (&self.layout, self.chunk.as_deref()) {
            (Layout::Contiguous { address: Some(address), .. }, _) => {
                Some(vec![run(*address, &Placement::of_region(&self.shape, region), 0)?])
            }
            (Layout::Chunked { .. }, Some(chunk)) if self.pipeline.is_plain(0) => {
                let map = self.map().ok()?;
                let Touched { chunks, complete: true } = touched(&map, &self.shape, chunk, region) else { return None };
                let len = chunk.iter().product::<u64>() * width;
                let mut ranges: Vec<Range<u64>> = vec![];
                let mut end = 0;
                for (stored, origin) in chunks.iter().filter(|(stored, _)| stored.size == len) {
                    let next = run(stored.address, &in_chunk(origin, chunk, region), end)?;
                    end += next.end - next.start;
                    match ranges.last_mut() {
                        Some(last) if last.end == next.start => last.end = next.end,
                        _ => ranges.push(next),
                    }
                }
                // One of another size than a chunk has is damaged.
                let all = region.checked_len().and_then(|elements| elements.checked_mul(width)) == Some(end);
                (all && end / SHORTEST_RUN >= ranges.len() as u64).then_some(ranges)
            }
            _ => None,
        }
    }

    /// Puts the fill value everywhere.
    fn fill(&self, region: &Region, out: &mut Block) -> Result<()> {
        match &self.fill {
            Some(fill) => fill_region(fill, &self.element, self.dataset.shape().len(), region, out),
            None => Ok(()),
        }
    }

    fn read_chunks(&self, touched: &Touched, region: &Region, out: &mut Block) -> Result<()> {
        let chunk = self.chunk.as_deref().unwrap_or_default();
        if !touched.complete {
            self.fill(region, out)?;
        }
        let chunks = Chunks {
            bytes: self.file.bytes(),
            element: &self.element,
            pipeline: &self.pipeline,
            shape: &self.shape,
            chunk,
            plain_edges: matches!(self.layout, Layout::Chunked { plain_edges: true, .. }),
        };
        touched.chunks.iter().try_for_each(|(stored, origin)| {
            checkpoint()?;
            chunks.read(stored, origin, region, out)
        })
    }
}

impl ChunkSource for DatasetSource {
    fn shape(&self) -> &[u64] {
        &self.shape
    }

    fn dtype(&self) -> DType {
        self.element.dtype
    }

    fn chunks(&self) -> Option<&[u64]> {
        self.chunk.as_deref()
    }

    fn label(&self) -> String {
        self.dataset.label()
    }

    fn identity(&self) -> String {
        self.identity.clone()
    }

    fn read(&self, region: &Region) -> Result<Block> {
        guarded(|| self.read_located(region)).map_err(|error| self.dataset.located(error))
    }

    fn reduce(&self, region: &Region, wanted: &Pushdown) -> Option<Vec<Vec<Partial>>> {
        let bytes = self.file.bytes();
        if !bytes.reduces() {
            return None;
        }
        bytes.reduce(&guarded(|| Ok(self.ranges(region))).ok()??, wanted)
    }

    fn grain(&self, region: &Region) -> Option<u64> {
        let axis = region.count.iter().position(|&extent| extent > 1)?;
        match (&self.layout, self.chunk.as_deref()) {
            _ if self.raw.is_some() => Some(1),
            (Layout::Contiguous { .. }, _) => Some(1),
            (Layout::Chunked { .. }, Some(chunk)) => {
                let (start, end) = (region.start[axis], region.start[axis] + region.count[axis]);
                let in_one = start / chunk[axis] == (end - 1) / chunk[axis];
                match in_one {
                    // Filters are undone for a whole chunk at a time.
                    true => self.pipeline.is_plain(0).then_some(1),
                    false => (start % chunk[axis] == 0).then_some(chunk[axis]),
                }
            }
            _ => None,
        }
    }

    fn prefers_runs(&self) -> bool {
        self.raw.as_ref().unwrap_or(self.file.bytes()).prefers_runs()
    }

    fn prepare(&self) {
        // Kept, also if it fails.
        let _ = self.map();
    }

    fn has_scratch(&self) -> bool {
        matches!((&self.layout, &self.raw), (Layout::Chunked { .. }, None)) && !self.pipeline.is_plain(0)
    }

    fn scratch_bytes(&self, region: &Region) -> u64 {
        let Some(chunk) = self.chunk.as_deref().filter(|_| self.has_scratch() && !region.count.contains(&0)) else {
            return 0;
        };
        let len = chunk.iter().fold(self.element.stored as u64, |len, &extent| len.saturating_mul(extent));
        let stored = self.map().map_or(0, |map| map.largest());
        let decoded = if self.element.is_plain() && is_decoded_in_place(chunk, region) { 0 } else { len };
        self.pipeline.scratch_bytes(stored, len).saturating_add(decoded)
    }

    fn stored_bytes(&self, region: &Region) -> u64 {
        let wanted = region.checked_len().unwrap_or(u64::MAX).saturating_mul(self.element.stored as u64);
        match (&self.layout, self.chunk.as_deref()) {
            _ if self.raw.is_some() => wanted,
            (Layout::Contiguous { address: None, .. } | Layout::Compact(_), _) => 0,
            (Layout::Chunked { .. }, Some(chunk)) => {
                let Ok(map) = self.map() else { return wanted };
                let touched = touched(&map, &self.shape, chunk, region);
                touched.chunks.iter().fold(0, |bytes, (stored, _)| stored.size.saturating_add(bytes))
            }
            _ => wanted,
        }
    }

    fn stored(&self, region: &Region) -> Result<StoredChunks> {
        let (Layout::Chunked { .. }, Some(chunk), None) = (&self.layout, self.chunk.as_deref(), &self.raw) else {
            return Ok(StoredChunks { bytes: self.stored_bytes(region), ..Default::default() });
        };
        let map = self.map().map_err(|error| self.dataset.located(error))?;
        let cells = Cells::touched(&self.shape, chunk, region).len();
        let chunks = touched(&map, &self.shape, chunk, region).chunks;
        Ok(StoredChunks {
            bytes: chunks.iter().fold(0, |bytes, (stored, _)| stored.size.saturating_add(bytes)),
            chunks: chunks.len() as u64,
            unpacked: chunk
                .iter()
                .fold(self.dtype().size() as u64 * chunks.len() as u64, |bytes, &extent| bytes.saturating_mul(extent)),
            missing: cells - chunks.len() as u64,
            filter_mask: chunks.iter().fold(0, |mask, (stored, _)| mask | stored.mask),
        })
    }
}

/// Whether every chunk that `region` touches lies in one run in a block of it.
fn is_decoded_in_place(chunk: &[u64], region: &Region) -> bool {
    let is_whole =
        region.start.iter().chain(&region.count).zip(chunk.iter().cycle()).all(|(n, extent)| n % extent == 0);
    is_whole && in_chunk(&region.start, chunk, region).single_run().is_some()
}

/// The stored chunks that a region touches.
struct Touched {
    /// Each with the index of its first element.
    chunks: Vec<(Stored, Vec<u64>)>,
    /// Whether every chunk that the region touches is stored.
    complete: bool,
}

/// Looks up the grid cells of the region, or looks through all stored chunks where those are fewer:
/// the work never exceeds what the file really holds.
fn touched(map: &ChunkMap, shape: &[u64], chunk: &[u64], region: &Region) -> Touched {
    let cells = Cells::touched(shape, chunk, region);
    let mut chunks = Vec::new();
    if cells.len() <= map.stored().len() as u64 {
        for (cell, origin) in (0..cells.len()).map(|position| cells.get(position)) {
            chunks.extend(map.get(cell).map(|stored| (*stored, origin)));
        }
    } else {
        chunks.extend(map.stored().iter().filter_map(|stored| Some((*stored, cells.find(stored.cell)?))));
    }
    let complete = chunks.len() as u64 == cells.len();
    Touched { chunks, complete }
}

/// How the chunks of one dataset are stored.
pub(super) struct Chunks<'a> {
    pub(super) bytes: &'a Bytes,
    pub(super) element: &'a Element,
    pub(super) pipeline: &'a Pipeline,
    pub(super) shape: &'a [u64],
    pub(super) chunk: &'a [u64],
    /// Whether chunks that pass the dataset's edge are stored without filters.
    pub(super) plain_edges: bool,
}

impl Chunks<'_> {
    /// Reads the part of the chunk at `origin` that `region` covers into `out`, a block of the region.
    pub(super) fn read(&self, stored: &Stored, origin: &[u64], region: &Region, out: &mut Block) -> Result<()> {
        let mut read = || {
            let placement = in_chunk(origin, self.chunk, region);
            let len = self.chunk.iter().product::<u64>() * self.element.stored as u64;
            if self.is_plain(stored, origin) {
                if stored.size != len {
                    return Err(Error::invalid_file(format!(
                        "{} bytes are stored where a chunk has {len}; the file is damaged",
                        stored.size
                    )));
                }
                return read_box(self.bytes, stored.address, self.element, &placement, out.bytes_mut());
            }
            let width = self.element.dtype.size();
            if let (true, Some(run)) = (self.element.is_plain(), placement.single_run()) {
                if run.len * width as u64 == len {
                    let start = run.target as usize * width;
                    let stored_bytes = self.bytes.read(stored.address, stored.size)?;
                    let out = &mut out.bytes_mut()[start..start + len as usize];
                    return self.pipeline.decode(stored_bytes, stored.mask, out);
                }
            }
            decode_box(self.element, &self.decoded(stored, len)?, 0, &placement, out.bytes_mut())
        };
        read().map_err(|error| {
            let index: Vec<u64> = origin.iter().zip(self.chunk).map(|(&start, &size)| start / size).collect();
            error.at(format!("chunk {}", shape_text(&index)))
        })
    }

    /// A filtered chunk's `len` bytes with its filters undone.
    pub(super) fn decoded(&self, stored: &Stored, len: u64) -> Result<Vec<u8>> {
        let bytes = self.bytes.read(stored.address, stored.size)?;
        self.pipeline.check_expansion(stored.size, len)?;
        let mut decoded = allocate(len)?;
        self.pipeline.decode(bytes, stored.mask, &mut decoded)?;
        Ok(decoded)
    }

    fn is_plain(&self, stored: &Stored, origin: &[u64]) -> bool {
        let past_edge = |axis: usize| origin[axis].saturating_add(self.chunk[axis]) > self.shape[axis];
        self.pipeline.is_plain(stored.mask) || (self.plain_edges && (0..self.chunk.len()).any(past_edge))
    }
}

/// Refuses a region that passes the edge.
pub(super) fn check_region(region: &Region, shape: &[u64]) -> Result<()> {
    if region.fits(shape) {
        return Ok(());
    }
    Err(Error::index(format!(
        "{} elements from {} on are outside shape {}",
        shape_text(&region.count),
        shape_text(&region.start),
        shape_text(shape)
    )))
}

/// A chunk shape that the format allows for this dataset.
pub(super) fn check_chunk(chunk: &[u64], shape: &[u64], stored: Option<u64>, item: u64) -> Result<()> {
    if chunk.len() != shape.len() || chunk.contains(&0) {
        return Err(Error::invalid_file(format!(
            "chunks of shape {} in a dataset of shape {}; the file is damaged",
            shape_text(chunk),
            shape_text(shape)
        )));
    }
    if stored.is_some_and(|stored| stored != item) {
        return Err(Error::invalid_file(format!(
            "chunks of elements of {} bytes in a dataset whose elements have {item}; the file is damaged",
            stored.unwrap_or(0)
        )));
    }
    match chunk.iter().try_fold(item, |n, &extent| n.checked_mul(extent)) {
        Some(bytes) if bytes <= u64::from(u32::MAX) => Ok(()),
        _ => Err(Error::unsupported("chunks of more than 4 GiB; rewrite it with smaller chunks using h5repack")),
    }
}

/// Refuses a dataset whose storage is smaller than its shape needs.
fn check_size(size: u64, shape: &[u64], item: u64) -> Result<()> {
    let needed = shape.iter().try_fold(item, |n, &extent| n.checked_mul(extent));
    match needed {
        Some(needed) if needed <= size => Ok(()),
        _ => Err(Error::invalid_file(format!(
            "{size} bytes are stored for shape {}, which needs more; the file is damaged",
            shape_text(shape)
        ))),
    }
}

/// Fills `out`, a block of `region`, with the fill value: of an array type the part that the region asks for.
/// `rank` counts the axes before those of the array type.
#[cfg_attr(page, optimize(speed))]
pub(super) fn fill_region(fill: &[u8], element: &Element, rank: usize, region: &Region, out: &mut Block) -> Result<()> {
    let count = region.count[rank..].to_vec();
    let width = element.dtype.size();
    let mut item = vec![0; count.iter().product::<u64>() as usize * width];
    let part = Placement {
        source: element.trailing.clone(),
        from: region.start[rank..].to_vec(),
        to: vec![0; count.len()],
        target: count.clone(),
        count,
    };
    part.runs(|run| {
        let (source, target, len) =
            (run.source as usize * width, run.target as usize * width, run.len as usize * width);
        item[target..target + len].copy_from_slice(&fill[source..source + len]);
        Ok(())
    })?;
    out.bytes_mut().chunks_exact_mut(item.len()).for_each(|element| element.copy_from_slice(&item));
    Ok(())
}

/// The fill value's bytes in memory, an array type's taken whole; `None` where they are zeros.
pub(super) fn decode_fill(element: &Element, stored: Option<Vec<u8>>) -> Result<Option<Vec<u8>>> {
    let Some(stored) = stored else { return Ok(None) };
    let item = element.stored as u64 * element.trailing.iter().product::<u64>();
    if stored.len() as u64 != item {
        return Err(Error::invalid_file(format!(
            "fill value of {} bytes for elements of {item}; the file is damaged",
            stored.len()
        )));
    }
    let mut out = vec![0; stored.len() / element.stored * element.dtype.size()];
    element.decode(&stored, &mut out);
    Ok(out.iter().any(|&byte| byte != 0).then_some(out))
}
