//! Reading a selection of a dataset into memory, in steps.

use super::axis_slices;
use super::host::{Host, ProgressReport};
use super::request::AxisText;
use crate::block::Block;
use crate::clock;
use crate::error::{Error, Result};
use crate::grid::Region;
use crate::memory;
use crate::source::ChunkSource;
use std::sync::Arc;

/// Bytes of a read between two looks at the interrupt and progress.
const READ_STEP: u64 = 64 << 20;

/// A read of part of a dataset.
pub(super) struct Reading {
    pub(super) source: Arc<dyn ChunkSource>,
    selection: Vec<AxisText>,
    /// Axes of length 1 that the result lacks.
    drop: Vec<usize>,
    /// An axis, and the increasing indices along it that the result has; the selection has their range.
    pick: Option<(usize, Vec<u64>)>,
}

impl Reading {
    /// # Errors
    /// A type error for indices that do not increase, an index error for an axis that is not there.
    pub(super) fn new(
        source: Arc<dyn ChunkSource>,
        selection: &[AxisText],
        drop: Vec<usize>,
        pick: Option<(usize, Vec<u64>)>,
    ) -> Result<Reading> {
        let mut selection = selection.to_vec();
        if let Some((axis, indices)) = &pick {
            let range = selection
                .get_mut(*axis)
                .ok_or_else(|| Error::index(format!("axis {axis} is picked from, but the selection has none")))?;
            if indices.windows(2).any(|pair| pair[0] >= pair[1]) {
                return Err(Error::type_error("Indexing elements must be in increasing order"));
            }
            *range = match (indices.first(), indices.last()) {
                (Some(&first), Some(&last)) => (first, (last - first).saturating_add(1), 1),
                _ => (0, 0, 1),
            };
        }
        Ok(Reading { source, selection, drop, pick })
    }

    /// The result's extents, before axes are dropped.
    pub(super) fn counts(&self) -> Vec<u64> {
        let mut counts: Vec<u64> = self.selection.iter().map(|&(_, count, _)| count).collect();
        if let Some((axis, indices)) = &self.pick {
            counts[*axis] = indices.len() as u64;
        }
        counts
    }

    /// Reads in steps along the first axis, looking at the interrupt and telling progress.
    pub(super) fn read(&self, host: &dyn Host, label: &str) -> Result<Block> {
        let begin = clock::now_ms();
        let block = self.gather(|rows, bytes| {
            if host.interrupted() {
                return Err(Error::interrupted("stopped while reading"));
            }
            host.progress(Some(&ProgressReport {
                label: format!("Reading {label}"),
                done: rows,
                total: self.counts().first().copied().unwrap_or(1),
                bytes,
                elapsed: clock::now_ms() - begin,
                memory: host.memory_used(),
            }));
            Ok(())
        });
        host.progress(None);
        block
    }

    pub(super) fn read_quietly(&self) -> Result<Block> {
        self.gather(|_, _| Ok(()))
    }

    /// The selected elements. Only a few rows of chunks are held beside them, however far the steps reach;
    /// `after_step` is told the rows selected and the bytes read so far, where more than one step is needed, and nothing
    /// yet while there is room made for them.
    fn gather(&self, mut after_step: impl FnMut(u64, u64) -> Result<()>) -> Result<Block> {
        let dtype = self.source.dtype();
        let counts: Vec<usize> = self.counts().iter().map(|&count| count as usize).collect();
        let kept: Vec<usize> =
            (0..counts.len()).filter(|axis| !self.drop.contains(axis)).map(|axis| counts[axis]).collect();
        let Some(&(_, range, _)) = self.selection.first() else {
            return self.source.read(&self.bounding_region());
        };
        if counts.contains(&0) {
            return Block::zeros(dtype, &kept);
        }
        let row_bytes = self.bounding_region().count[1..].iter().fold(dtype.size() as u64, |n, &c| n.saturating_mul(c));
        let chunk_rows = self.source.chunks().and_then(|chunks| chunks.first().copied()).unwrap_or(1).max(1);
        let step_rows = (READ_STEP / row_bytes.max(1)).max(1).div_ceil(chunk_rows).saturating_mul(chunk_rows);
        let one_step = self.rows().is_none() && (range <= 1 || self.bounding_region().count[0] <= step_rows);
        if one_step {
            return self.picked(self.source.read(&self.bounding_region())?, &self.selection, None)?.reshaped(&kept);
        }
        let mut whole = Block::unspecified_unless(dtype, &counts, || after_step(0, 0))?;
        let (mut done, mut bytes) = (0, 0);
        while done < counts[0] {
            let mut part = self.selection.clone();
            let (axis, selected) = self.step(done, chunk_rows, step_rows);
            part[0] = axis;
            let region = bounding(&part);
            let mut corner = vec![0; counts.len()];
            corner[0] = done;
            let rows = self.rows().map(|rows| &rows[done..done + selected]);
            memory::paste(&mut whole, &corner, &self.picked(self.source.read(&region)?, &part, rows)?)?;
            done += selected;
            bytes += region.count[0] * row_bytes;
            after_step(done as u64, bytes)?;
        }
        whole.reshaped(&kept)
    }

    /// The picked indices, where they are along the first axis.
    fn rows(&self) -> Option<&[u64]> {
        self.pick.as_ref().filter(|(axis, _)| *axis == 0).map(|(_, indices)| indices.as_slice())
    }

    /// The rows to read after `done` of the result's rows, and how many of the result's they give.
    ///
    /// A step ends on a border of the dataset's chunks, so that no chunk is decoded twice, and before rows of
    /// chunks that hold no picked row.
    fn step(&self, done: usize, chunk_rows: u64, step_rows: u64) -> (AxisText, usize) {
        let border = |first: u64| (first / chunk_rows * chunk_rows).saturating_add(step_rows);
        if let Some(rows) = self.rows().map(|rows| &rows[done..]) {
            let border = border(rows[0]);
            let gap = |pair: &[u64]| pair[1] >= border || pair[1] / chunk_rows > pair[0] / chunk_rows + 1;
            let selected = rows.windows(2).position(gap).map_or(rows.len(), |position| position + 1);
            return ((rows[0], rows[selected - 1] - rows[0] + 1, 1), selected);
        }
        let (start, count, step) = self.selection[0];
        let stride = step.unsigned_abs().max(1);
        let first = start + done as u64 * stride;
        let selected = (border(first) - first).div_ceil(stride).min(count - done as u64);
        ((first, selected, step), selected as usize)
    }

    fn bounding_region(&self) -> Region {
        bounding(&self.selection)
    }

    /// What the steps of `selection` and the picked indices leave of `block`, the elements of its box;
    /// `rows` are the picked indices inside the box where they are along the first axis.
    fn picked(&self, block: Block, selection: &[AxisText], rows: Option<&[u64]>) -> Result<Block> {
        let stepped = selection.iter().any(|&(_, count, step)| step != 1 && count > 1);
        let axes: Vec<AxisText> = selection.iter().map(|&(_, count, step)| (0, count, step)).collect();
        let block = if stepped { memory::slice(&block, &axis_slices(&axes), &[])? } else { block };
        let Some((axis, indices)) = &self.pick else { return Ok(block) };
        let indices = rows.unwrap_or(indices);
        let start = selection[*axis].0;
        let mut extents = block.shape().to_vec();
        extents[*axis] = indices.len();
        let mut out = Block::zeros(block.dtype(), &extents)?;
        let mut corner = vec![0; extents.len()];
        let mut run: Vec<AxisText> = block.shape().iter().map(|&extent| (0, extent as u64, 1)).collect();
        for consecutive in indices.chunk_by(|a, b| a + 1 == *b) {
            run[*axis] = (consecutive[0] - start, consecutive.len() as u64, 1);
            memory::paste(&mut out, &corner, &memory::slice(&block, &axis_slices(&run), &[])?)?;
            corner[*axis] += consecutive.len();
        }
        Ok(out)
    }
}

/// The box from the first index to the last along each axis.
pub(super) fn bounding(selection: &[AxisText]) -> Region {
    Region {
        start: selection.iter().map(|&(start, ..)| start).collect(),
        count: selection
            .iter()
            .map(|&(_, count, step)| if count == 0 { 0 } else { (count - 1) * step.unsigned_abs() + 1 })
            .collect(),
    }
}
