//! Reading blocks of a dataset.

use super::adapter::allocate;
use super::boxes::{decode_box, read_box, Placement};
use super::chunk_map::{grid_counts, ChunkMap, Extents, Stored};
use super::dataset::Dataset;
use super::element::Element;
use super::file::File;
use super::filters::Pipeline;
use super::messages::Layout;
use crate::block::{shape_text, Block};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::grid::Region;
use crate::source::ChunkSource;
use std::sync::{Arc, OnceLock};

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
            Layout::Virtual => {
                return Err(Error::unsupported(
                    "a virtual dataset, assembled from others; read those, or copy it with h5repack",
                ))
            }
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
            Layout::Contiguous { .. } => None,
        };
        let fill = fill.map(|stored| decode_fill(&element, &stored, item)).transpose()?;
        let fill = fill.filter(|bytes| bytes.iter().any(|&byte| byte != 0));
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
        })
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
        self.map.get_or_init(read).clone()
    }

    /// Stored bytes of one element, an array type's taken whole.
    fn item_bytes(&self) -> u64 {
        self.element.stored as u64 * self.element.trailing.iter().product::<u64>()
    }

    fn read_located(&self, region: &Region) -> Result<Block> {
        if !region.fits(&self.shape) {
            return Err(Error::index(format!(
                "elements {} from {} on are outside shape {}",
                shape_text(&region.count),
                shape_text(&region.start),
                shape_text(&self.shape)
            )));
        }
        let mut out = Block::zeros(self.element.dtype, &region.extents()?)?;
        if out.is_empty() {
            return Ok(out);
        }
        let whole = Placement {
            source: self.shape.clone(),
            from: region.start.clone(),
            count: region.count.clone(),
            target: region.count.clone(),
            to: vec![0; region.count.len()],
        };
        match &self.layout {
            Layout::Compact(data) => decode_box(&self.element, data, 0, &whole, out.bytes_mut())?,
            Layout::Contiguous { address: Some(address), .. } => {
                read_box(self.file.bytes(), *address, &self.element, &whole, out.bytes_mut())?;
            }
            Layout::Contiguous { address: None, .. } | Layout::Virtual => self.fill(region, &mut out)?,
            Layout::Chunked { .. } => self.read_chunks(region, &mut out)?,
        }
        Ok(out)
    }

    /// Puts the fill value everywhere: of an array type the part that `region` asks for.
    fn fill(&self, region: &Region, out: &mut Block) -> Result<()> {
        let Some(fill) = &self.fill else { return Ok(()) };
        let rank = self.dataset.shape().len();
        let count = region.count[rank..].to_vec();
        let width = self.element.dtype.size();
        let mut item = vec![0; count.iter().product::<u64>() as usize * width];
        let part = Placement {
            source: self.element.trailing.clone(),
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

    fn read_chunks(&self, region: &Region, out: &mut Block) -> Result<()> {
        let chunk = self.chunk.as_deref().unwrap_or_default();
        let map = self.map()?;
        let touched = touched(&map, &self.shape, chunk, region);
        if !touched.complete {
            self.fill(region, out)?;
        }
        for (stored, origin) in touched.chunks {
            self.read_chunk(&stored, &origin, chunk, region, out).map_err(|error| {
                let index: Vec<u64> = origin.iter().zip(chunk).map(|(&start, &size)| start / size).collect();
                error.at(format!("chunk {}", shape_text(&index)))
            })?;
        }
        Ok(())
    }

    fn read_chunk(
        &self,
        stored: &Stored,
        origin: &[u64],
        chunk: &[u64],
        region: &Region,
        out: &mut Block,
    ) -> Result<()> {
        let mut placement = Placement {
            source: chunk.to_vec(),
            from: Vec::new(),
            count: Vec::new(),
            target: region.count.clone(),
            to: Vec::new(),
        };
        for axis in 0..chunk.len() {
            let start = region.start[axis].max(origin[axis]);
            let end = (region.start[axis] + region.count[axis]).min(origin[axis].saturating_add(chunk[axis]));
            placement.from.push(start - origin[axis]);
            placement.count.push(end - start);
            placement.to.push(start - region.start[axis]);
        }
        let len = chunk.iter().product::<u64>() * self.element.stored as u64;
        let past_edge =
            || origin.iter().zip(chunk).zip(&self.shape).any(|((&o, &size), &extent)| o.saturating_add(size) > extent);
        let plain_edges = matches!(self.layout, Layout::Chunked { plain_edges: true, .. });
        if self.pipeline.is_plain(stored.mask) || (plain_edges && past_edge()) {
            if stored.size < len && !self.pipeline.filters().is_empty() && !plain_edges {
                return Err(Error::invalid_file(format!(
                    "{} bytes are stored where a chunk has {len}; the file is damaged",
                    stored.size
                )));
            }
            return read_box(self.file.bytes(), stored.address, &self.element, &placement, out.bytes_mut());
        }
        let bytes = self.file.bytes().read(stored.address, stored.size)?;
        let width = self.element.dtype.size();
        if let (true, Some(run)) = (self.element.is_plain(), placement.single_run()) {
            if run.len * width as u64 == len {
                let start = run.target as usize * width;
                return self.pipeline.decode(bytes, stored.mask, &mut out.bytes_mut()[start..start + len as usize]);
            }
        }
        let mut decoded = allocate(len)?;
        self.pipeline.decode(bytes, stored.mask, &mut decoded)?;
        decode_box(&self.element, &decoded, 0, &placement, out.bytes_mut())
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
        self.read_located(region).map_err(|error| self.dataset.located(error))
    }

    fn stored_bytes(&self, region: &Region) -> u64 {
        let wanted = region.checked_len().unwrap_or(u64::MAX).saturating_mul(self.element.stored as u64);
        match (&self.layout, self.chunk.as_deref()) {
            (Layout::Contiguous { address: None, .. } | Layout::Compact(_), _) => 0,
            (Layout::Chunked { .. }, Some(chunk)) => {
                let Ok(map) = self.map() else { return wanted };
                let touched = touched(&map, &self.shape, chunk, region);
                touched.chunks.iter().map(|(stored, _)| stored.size).sum()
            }
            _ => wanted,
        }
    }
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
    let counts = grid_counts(shape, chunk);
    let first: Vec<u64> = region.start.iter().zip(chunk).map(|(&start, &size)| start / size).collect();
    let spans: Vec<u64> = (0..chunk.len())
        .map(|axis| match region.count[axis] {
            0 => 0,
            count => (region.start[axis] + count - 1) / chunk[axis] - first[axis] + 1,
        })
        .collect();
    let cells = spans.iter().fold(1u64, |n, &span| n.saturating_mul(span));
    let unravel = |mut position: u64, counts: &[u64]| {
        let mut index = vec![0; counts.len()];
        for axis in (0..counts.len()).rev() {
            index[axis] = position % counts[axis];
            position /= counts[axis];
        }
        index
    };
    let origin = |index: &[u64]| index.iter().zip(chunk).map(|(&i, &size)| i * size).collect::<Vec<u64>>();
    let mut chunks = Vec::new();
    if cells <= map.stored().len() as u64 {
        for position in 0..cells {
            let mut index = unravel(position, &spans);
            index.iter_mut().zip(&first).for_each(|(index, &first)| *index += first);
            let cell = index.iter().zip(&counts).fold(0, |cell, (&i, &count)| cell * count + i);
            if let Some(stored) = map.get(cell) {
                chunks.push((*stored, origin(&index)));
            }
        }
    } else {
        for stored in map.stored() {
            let index = unravel(stored.cell, &counts);
            if (0..index.len()).all(|axis| (first[axis]..first[axis] + spans[axis]).contains(&index[axis])) {
                chunks.push((*stored, origin(&index)));
            }
        }
    }
    let complete = chunks.len() as u64 == cells;
    Touched { chunks, complete }
}

/// A chunk shape that the format allows for this dataset.
fn check_chunk(chunk: &[u64], shape: &[u64], stored: Option<u64>, item: u64) -> Result<()> {
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

/// The fill value's bytes in memory.
fn decode_fill(element: &Element, stored: &[u8], item: u64) -> Result<Vec<u8>> {
    if stored.len() as u64 != item {
        return Err(Error::invalid_file(format!(
            "fill value of {} bytes for elements of {item}; the file is damaged",
            stored.len()
        )));
    }
    let mut out = vec![0; stored.len() / element.stored * element.dtype.size()];
    element.decode(stored, &mut out);
    Ok(out)
}
