//! A dataset being written.

use super::super::adapter::allocate;
use super::super::boxes::{decode_box, read_box, Placement};
use super::super::cells::{grid_counts, in_chunk, Cells};
use super::super::chunk_map::Stored;
use super::super::element::Element;
use super::super::filters::Pipeline;
use super::super::read::{check_region, Chunks};
use super::encode::{self, Message};
use super::space::Space;
use super::tree::{self, ChunkEntry};
use crate::block::{human_bytes, shape_text, Block};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::grid::Region;
use crate::source::ChunkSource;
use hdf5_reader::messages as ids;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes of partly written, filtered chunks that are held before the oldest is stored.
const PENDING: u64 = 256 << 20;
/// Bytes that are patched at once where a write does not cover whole rows.
const PIECE: u64 = 1 << 20;

/// A dataset of a file being written. Cheap to clone; usable from any thread.
#[derive(Clone)]
pub struct DatasetWriter {
    inner: Arc<Inner>,
}

struct Inner {
    label: String,
    path: String,
    shape: Vec<u64>,
    element: Element,
    chunk: Option<Vec<u64>>,
    pipeline: Pipeline,
    fill: Option<Vec<u8>>,
    space: Arc<Space>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Where the elements lie when they are stored in one piece.
    address: Option<u64>,
    /// Stored chunks by cell, with the room each has.
    chunks: BTreeMap<u64, (Stored, u64)>,
    /// Partly written filtered chunks by cell.
    pending: BTreeMap<u64, Pending>,
    /// Counts writes, for what identifies the elements.
    generation: u64,
    closed: bool,
}

/// A filtered chunk whose elements have not all been given yet.
struct Pending {
    bytes: Vec<u8>,
    origin: Vec<u64>,
    /// Elements given so far; one given twice counts twice.
    written: u64,
    /// The write that began it: the smallest is the oldest.
    since: u64,
}

/// What [`DatasetWriter::new`] needs, checked by the caller.
pub(super) struct Plan {
    pub(super) label: String,
    pub(super) path: String,
    pub(super) shape: Vec<u64>,
    pub(super) dtype: DType,
    pub(super) chunk: Option<Vec<u64>>,
    pub(super) pipeline: Pipeline,
    /// One element's bytes; `None` is zeros.
    pub(super) fill: Option<Vec<u8>>,
}

impl DatasetWriter {
    pub(super) fn new(plan: Plan, space: Arc<Space>) -> Result<DatasetWriter> {
        let Plan { label, path, shape, dtype, chunk, pipeline, fill } = plan;
        let mut state = State::default();
        let bytes = shape.iter().try_fold(dtype.size() as u64, |n, &extent| n.checked_mul(extent));
        let bytes = bytes.ok_or_else(|| Error::value(format!("shape {} is too large", shape_text(&shape))))?;
        if chunk.is_none() && bytes > 0 {
            let address = space.allocate_zeroed(bytes)?;
            if let Some(fill) = &fill {
                fill_range(&space, address, bytes, fill)?;
            }
            state.address = Some(address);
        }
        let element = Element::native(dtype);
        let inner = Inner { label, path, shape, element, chunk, pipeline, fill, space, state: Mutex::new(state) };
        Ok(DatasetWriter { inner: Arc::new(inner) })
    }

    /// Its path in the file.
    pub fn path(&self) -> &str {
        &self.inner.path
    }

    /// Extent of each axis; empty for a scalar.
    pub fn shape(&self) -> &[u64] {
        &self.inner.shape
    }

    /// The type of its elements.
    pub fn dtype(&self) -> DType {
        self.inner.element.dtype
    }

    /// The chunk shape, where it is stored in chunks.
    pub fn chunks(&self) -> Option<&[u64]> {
        self.inner.chunk.as_deref()
    }

    /// The filters its chunks go through.
    pub fn filters(&self) -> &[super::super::messages::Filter] {
        self.inner.pipeline.filters()
    }

    /// Writes `block` at `region`. Chunks it covers whole go to storage at once, as do parts of chunks
    /// without filters; parts of filtered chunks wait until the chunk is complete.
    ///
    /// # Errors
    /// An index error when the region passes the edge; a value or type error when the block has
    /// another shape or type; a storage error when it cannot be written.
    pub fn write(&self, region: &Region, block: &Block) -> Result<()> {
        self.inner.write(region, block).map_err(|error| self.inner.located(error))
    }

    /// What has been written, as a source; elements not written yet are the fill value.
    pub fn source(&self) -> Arc<dyn ChunkSource> {
        Arc::new(WrittenSource { inner: Arc::clone(&self.inner) })
    }

    /// Stores what is still held, and the chunk index; gives the messages of the object header.
    pub(super) fn finish(&self) -> Result<Vec<Message>> {
        self.inner.finish().map_err(|error| self.inner.located(error))
    }
}

impl Inner {
    fn located(&self, error: Error) -> Error {
        error.at(format!("dataset '{}'", self.path))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, region: &Region, block: &Block) -> Result<()> {
        check_region(region, &self.shape)?;
        let extents: Vec<u64> = block.shape().iter().map(|&extent| extent as u64).collect();
        if extents != region.count {
            return Err(Error::value(format!(
                "a block of shape {} cannot be written to a selection of shape {}",
                shape_text(&extents),
                shape_text(&region.count)
            )));
        }
        if block.dtype() != self.element.dtype {
            return Err(Error::type_error(format!(
                "a block of {} cannot be written to a dataset of {}; convert it first",
                block.dtype(),
                self.element.dtype
            )));
        }
        {
            let mut state = self.state();
            if state.closed {
                return Err(Error::value("the file is closed; nothing can be written any more"));
            }
            state.generation += 1;
        }
        if block.is_empty() {
            return Ok(());
        }
        let Some(chunk) = &self.chunk else { return self.write_contiguous(region, block) };
        let cells = Cells::touched(&self.shape, chunk, region);
        (0..cells.len()).try_for_each(|position| {
            let (cell, origin) = cells.get(position);
            self.write_chunk(cell, &origin, chunk, region, block).map_err(|error| {
                let index: Vec<u64> = origin.iter().zip(chunk).map(|(&start, &size)| start / size).collect();
                error.at(format!("chunk {}", shape_text(&index)))
            })
        })
    }

    fn write_contiguous(&self, region: &Region, block: &Block) -> Result<()> {
        let placement = Placement {
            source: self.shape.clone(),
            from: region.start.clone(),
            count: region.count.clone(),
            target: region.count.clone(),
            to: vec![0; region.count.len()],
        };
        // Pieces of a row are patched into what is there, so writers take turns.
        let state = self.state();
        let address = state.address.ok_or_else(|| Error::internal("a dataset without space"))?;
        self.write_box(address, &placement, block.bytes())
    }

    /// Elements of a chunk that lie inside the dataset.
    fn volume(&self, origin: &[u64], chunk: &[u64]) -> u64 {
        (0..chunk.len()).map(|axis| chunk[axis].min(self.shape[axis] - origin[axis])).product()
    }

    fn chunk_len(&self, chunk: &[u64]) -> u64 {
        chunk.iter().product::<u64>() * self.element.stored as u64
    }

    fn write_chunk(&self, cell: u64, origin: &[u64], chunk: &[u64], region: &Region, block: &Block) -> Result<()> {
        let placement = in_chunk(origin, chunk, region);
        let count: u64 = placement.count.iter().product();
        let len = self.chunk_len(chunk);
        let plain = self.pipeline.filters().is_empty();
        if count == self.volume(origin, chunk) {
            let run = placement.single_run().filter(|run| run.len * self.element.stored as u64 == len);
            let bytes = match run {
                Some(run) if plain => {
                    let start = run.target as usize * self.element.stored;
                    return self.store(cell, &block.bytes()[start..start + len as usize]);
                }
                _ => {
                    let mut bytes = self.filled(len)?;
                    self.patch(&mut bytes, &placement, block.bytes())?;
                    bytes
                }
            };
            self.state().pending.remove(&cell);
            return self.store(cell, &self.pipeline.encode(bytes)?);
        }
        let mut state = self.state();
        if plain {
            let address = match state.chunks.get(&cell) {
                Some((stored, _)) => stored.address,
                None => {
                    let address = self.space.allocate_zeroed(len)?;
                    if let Some(fill) = &self.fill {
                        fill_range(&self.space, address, len, fill)?;
                    }
                    state.chunks.insert(cell, (Stored { cell, address, size: len, mask: 0 }, len));
                    address
                }
            };
            return self.write_box(address, &placement, block.bytes());
        }
        self.hold(&mut state, cell, origin, chunk, &placement, block)
    }

    /// Puts a part of a filtered chunk with the parts that came before.
    fn hold(
        &self,
        state: &mut State,
        cell: u64,
        origin: &[u64],
        chunk: &[u64],
        placement: &Placement,
        block: &Block,
    ) -> Result<()> {
        let len = self.chunk_len(chunk);
        if !state.pending.contains_key(&cell) {
            while state.pending.len() as u64 * len + len > PENDING && !state.pending.is_empty() {
                let oldest = state.pending.iter().min_by_key(|(_, pending)| pending.since).map(|(&cell, _)| cell);
                self.flush(state, oldest.unwrap_or_default())?;
            }
            let bytes = match state.chunks.get(&cell) {
                Some((stored, _)) => self.chunks(chunk, &self.space.bytes()).decoded(stored, len)?,
                None => self.filled(len)?,
            };
            let since = state.generation;
            state.pending.insert(cell, Pending { bytes, origin: origin.to_vec(), written: 0, since });
        }
        let complete = {
            let pending = state.pending.get_mut(&cell).ok_or_else(|| Error::internal("a held chunk is gone"))?;
            self.patch(&mut pending.bytes, placement, block.bytes())?;
            pending.written += placement.count.iter().product::<u64>();
            pending.written >= self.volume(&pending.origin, chunk)
        };
        if complete {
            self.flush(state, cell)?;
        }
        Ok(())
    }

    /// Stores a held chunk. It is given up only once it is stored.
    fn flush(&self, state: &mut State, cell: u64) -> Result<()> {
        let Some(pending) = state.pending.get(&cell) else { return Ok(()) };
        let encoded = self.pipeline.encode(pending.bytes.clone())?;
        self.store_locked(state, cell, &encoded)?;
        state.pending.remove(&cell);
        Ok(())
    }

    /// Writes a chunk's stored bytes where it was if it fits there, else at the end.
    fn store(&self, cell: u64, bytes: &[u8]) -> Result<()> {
        let room = self.state().chunks.get(&cell).map(|(stored, room)| (stored.address, *room));
        let (address, room) = self.place(room, bytes)?;
        let stored = Stored { cell, address, size: bytes.len() as u64, mask: 0 };
        self.state().chunks.insert(cell, (stored, room));
        Ok(())
    }

    fn store_locked(&self, state: &mut State, cell: u64, bytes: &[u8]) -> Result<()> {
        let room = state.chunks.get(&cell).map(|(stored, room)| (stored.address, *room));
        let (address, room) = self.place(room, bytes)?;
        state.chunks.insert(cell, (Stored { cell, address, size: bytes.len() as u64, mask: 0 }, room));
        Ok(())
    }

    fn place(&self, room: Option<(u64, u64)>, bytes: &[u8]) -> Result<(u64, u64)> {
        let len = bytes.len() as u64;
        if len > u64::from(u32::MAX) {
            return Err(Error::value(format!("a chunk of {} stored; HDF5 holds less than 4 GiB", human_bytes(len))));
        }
        let (address, room) = match room {
            Some((address, room)) if room >= len => (address, room),
            _ => (self.space.allocate(len)?, len),
        };
        self.space.write(address, bytes)?;
        Ok((address, room))
    }

    /// A chunk's bytes before anything is written to it.
    fn filled(&self, len: u64) -> Result<Vec<u8>> {
        let mut bytes = allocate(len)?;
        if let Some(fill) = &self.fill {
            bytes.chunks_exact_mut(fill.len()).for_each(|element| element.copy_from_slice(fill));
        }
        Ok(bytes)
    }

    fn patch(&self, bytes: &mut [u8], placement: &Placement, block: &[u8]) -> Result<()> {
        self.patch_from(bytes, 0, placement, block)
    }

    /// Copies the box of `placement` from a block into `bytes`, whose first byte is element `first`.
    fn patch_from(&self, bytes: &mut [u8], first: u64, placement: &Placement, block: &[u8]) -> Result<()> {
        let width = self.element.stored;
        placement.runs(|run| {
            let (to, from) = ((run.source - first) as usize * width, run.target as usize * width);
            let len = run.len as usize * width;
            bytes[to..to + len].copy_from_slice(&block[from..from + len]);
            Ok(())
        })
    }

    /// Writes a box into an array stored at `address`: runs at once, scattered elements by patching
    /// pieces of at most a megabyte.
    fn write_box(&self, address: u64, placement: &Placement, block: &[u8]) -> Result<()> {
        let width = self.element.stored as u64;
        if let Some(run) = placement.single_run() {
            let (from, len) = ((run.target * width) as usize, (run.len * width) as usize);
            return self.space.write(address + run.source * width, &block[from..from + len]);
        }
        let (first, end) = placement.source_span();
        if (end - first) * width <= PIECE {
            let at = address + first * width;
            let mut piece = self.space.bytes().read(at, (end - first) * width)?;
            self.patch_from(&mut piece, first, placement, block)?;
            return self.space.write(at, &piece);
        }
        placement.split(width, PIECE).iter().try_for_each(|part| self.write_box(address, part, block))
    }

    fn chunks<'a>(&'a self, chunk: &'a [u64], bytes: &'a super::super::adapter::Bytes) -> Chunks<'a> {
        Chunks {
            bytes,
            element: &self.element,
            pipeline: &self.pipeline,
            shape: &self.shape,
            chunk,
            plain_edges: false,
        }
    }

    fn read(&self, region: &Region) -> Result<Block> {
        check_region(region, &self.shape)?;
        let mut out = Block::zeros(self.element.dtype, &region.extents()?)?;
        if out.is_empty() {
            return Ok(out);
        }
        let bytes = self.space.bytes();
        let Some(chunk) = &self.chunk else {
            let address = self.state().address.ok_or_else(|| Error::internal("a dataset without space"))?;
            let placement = Placement {
                source: self.shape.clone(),
                from: region.start.clone(),
                count: region.count.clone(),
                target: region.count.clone(),
                to: vec![0; region.count.len()],
            };
            read_box(&bytes, address, &self.element, &placement, out.bytes_mut())?;
            return Ok(out);
        };
        if let Some(fill) = &self.fill {
            out.bytes_mut().chunks_exact_mut(fill.len()).for_each(|element| element.copy_from_slice(fill));
        }
        let cells = Cells::touched(&self.shape, chunk, region);
        for (cell, origin) in (0..cells.len()).map(|position| cells.get(position)) {
            let stored = {
                let state = self.state();
                if let Some(pending) = state.pending.get(&cell) {
                    let placement = in_chunk(&origin, chunk, region);
                    decode_box(&self.element, &pending.bytes, 0, &placement, out.bytes_mut())?;
                    None
                } else {
                    state.chunks.get(&cell).map(|(stored, _)| *stored)
                }
            };
            if let Some(stored) = stored {
                self.chunks(chunk, &bytes).read(&stored, &origin, region, &mut out)?;
            }
        }
        Ok(out)
    }

    fn finish(&self) -> Result<Vec<Message>> {
        let mut state = self.state();
        state.closed = true;
        while let Some(&cell) = state.pending.keys().next() {
            self.flush(&mut state, cell)?;
        }
        let layout = match &self.chunk {
            None => {
                let bytes = self.shape.iter().product::<u64>() * self.element.stored as u64;
                encode::contiguous_layout(state.address.unwrap_or(encode::UNDEFINED), bytes)
            }
            Some(chunk) => {
                let whole = Region::whole(&self.shape);
                let cells = Cells::touched(&self.shape, chunk, &whole);
                let entries: Vec<ChunkEntry> = state
                    .chunks
                    .values()
                    .filter_map(|(stored, _)| {
                        let origin = cells.find(stored.cell)?;
                        Some(ChunkEntry { origin, size: stored.size as u32, address: stored.address })
                    })
                    .collect();
                let index = tree::chunk_index(&self.space, &entries, chunk)?;
                encode::chunked_layout(index, chunk, self.element.stored)
            }
        };
        let mut messages = vec![
            (ids::MSG_DATASPACE, encode::dataspace(&self.shape)),
            (ids::MSG_DATATYPE, encode::datatype(self.element.dtype)),
            (ids::MSG_FILL_VALUE, encode::fill_value(self.fill.as_deref())),
            (ids::MSG_DATA_LAYOUT, layout),
        ];
        if !self.pipeline.filters().is_empty() {
            messages.push((ids::MSG_FILTER_PIPELINE, encode::pipeline(self.pipeline.filters())));
        }
        Ok(messages)
    }
}

/// Fills `len` bytes from `address` on with one element's bytes, over and over.
fn fill_range(space: &Space, address: u64, len: u64, fill: &[u8]) -> Result<()> {
    let piece = fill.repeat((PIECE as usize / fill.len()).max(1));
    let mut done = 0;
    while done < len {
        let part = (piece.len() as u64).min(len - done) as usize;
        space.write(address + done, &piece[..part])?;
        done += part as u64;
    }
    Ok(())
}

/// What has been written so far.
struct WrittenSource {
    inner: Arc<Inner>,
}

impl ChunkSource for WrittenSource {
    fn shape(&self) -> &[u64] {
        &self.inner.shape
    }

    fn dtype(&self) -> DType {
        self.inner.element.dtype
    }

    fn chunks(&self) -> Option<&[u64]> {
        self.inner.chunk.as_deref()
    }

    fn label(&self) -> String {
        self.inner.label.clone()
    }

    fn identity(&self) -> String {
        format!("{}:written:{}", self.inner.label, self.inner.state().generation)
    }

    fn read(&self, region: &Region) -> Result<Block> {
        self.inner.read(region).map_err(|error| self.inner.located(error))
    }
}

/// Number of chunks of a dataset; `None` when it does not fit 64 bits.
pub(super) fn chunk_count(shape: &[u64], chunk: &[u64]) -> Option<u64> {
    grid_counts(shape, chunk).iter().try_fold(1u64, |n, &count| n.checked_mul(count))
}
